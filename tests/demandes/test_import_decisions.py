"""Import d'un tableau de décisions : compte rendu ligne à ligne puis application, sur fichiers sales aussi."""

import io
import zipfile
from datetime import timedelta

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from conum.demandes.actions import comite, import_decisions
from conum.demandes.models import Decision, ImportDecisions
from conum.demandes.states import Etat
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.socle.tableaux import TableauIllisible, lire_xlsx
from tests.comptes.fabriques import RoleFactory
from tests.demandes.etat import prete, session
from tests.demandes.fabriques import anct, prefecture_de

pytestmark = pytest.mark.django_db
ENTETES = list(import_decisions.COLONNES.values())


def classeur(*lignes, entetes=ENTETES):
    """Un XLSX : chaque ligne est un dictionnaire titre → valeur."""
    tampon = io.BytesIO()
    livre = xlsxwriter.Workbook(tampon)
    feuille = livre.add_worksheet()
    feuille.write_row(0, 0, entetes)
    for i, ligne in enumerate(lignes, start=1):
        for j, titre in enumerate(entetes):
            if ligne.get(titre) is not None:
                feuille.write(i, j, ligne[titre])
    livre.close()
    return tampon.getvalue()


def ligne(demande, decision="", **champs):
    return {"Référence": demande.reference, "SIRET": demande.structure.siret, "Décision": decision} | champs


def _lire(seance, *lignes):
    return import_decisions.deposer_import(seance, classeur(*lignes), fichier="pv.xlsx", par=anct())


def _erreurs(import_):
    return [x["erreur"] for x in import_.lignes]


def test_le_modele_rempli_revient_par_la_page(client, se_connecter):
    a, b, laissee = prete(3), prete(2), prete(2)
    seance = session(a, b, laissee)
    agent = anct()
    se_connecter(client, agent)
    modele = b"".join(client.get(reverse("demandes:modele_decisions", args=[agent.pk, seance.pk])).streaming_content)
    lues = lire_xlsx(modele, import_decisions.COLONNES, obligatoires=["reference"], maximum=10)
    assert [x.cellules["reference"] for x in lues] == [d.reference for d in (a, b, laissee)]
    assert [x.cellules["siret"] for x in lues] == [d.structure.siret for d in (a, b, laissee)]
    fichier = SimpleUploadedFile(
        "comité 64.xlsx",
        classeur(
            ligne(a, "Attribuer", **{"Postes accordés": 2, "Observations": "Bien."}),
            ligne(b, "refusée", Motif="Équilibre ; repartition", Précisions="Trois postes à 5 km."),
            ligne(laissee),
        ),
    )
    response = client.post(reverse("demandes:importer_decisions", args=[agent.pk, seance.pk]), {"classeur": fichier})
    import_ = ImportDecisions.objects.get()
    assert response.url == reverse("demandes:import", args=[agent.pk, seance.pk, import_.pk])
    assert not Decision.objects.exists()
    page = client.get(response.url).content.decode()
    assert "Rien n’est encore appliqué." in page
    assert "2 décisions à appliquer" in page
    client.post(response.url, {"mode": "tout"})
    for demande in (a, b, laissee):
        demande.refresh_from_db()
    assert [d.etat for d in (a, b, laissee)] == [Etat.ATTRIBUEE, Etat.REFUSEE, Etat.EN_INSTRUCTION]
    assert (a.decision.postes_accordes, a.decision.observations) == (2, "Bien.")
    assert (b.decision.motifs, b.decision.motif_libre) == (["equilibre", "repartition"], "Trois postes à 5 km.")
    actions = list(Entree.objects.de_l_objet(seance).values_list("action", flat=True))
    assert actions == ["creer_session", "deposer_import", "appliquer_import"]


def test_chaque_ligne_fausse_a_son_numero_et_sa_raison():
    bonne, b, c, d, e = (prete(2) for _ in range(5))
    hors = prete()
    seance = session(bonne, b, c, d, e)
    import_ = _lire(
        seance,
        ligne(bonne, "attribuer", **{"Postes accordés": 2}),
        {},
        ligne(hors, "attribuer", **{"Postes accordés": 1}),
        {"Référence": "n'importe quoi", "Décision": "attribuer"},
        ligne(bonne, "refuser", Motif="equilibre"),
        ligne(b, "attribuer", **{"Postes accordés": 9}),
        ligne(c, "peut-être"),
        ligne(d, "refuser"),
        {**ligne(e, "attribuer", **{"Postes accordés": "deux"})},
    )
    assert [x["ligne"] for x in import_.lignes] == [2, 4, 5, 6, 7, 8, 9, 10]
    attendus = (
        "",
        "ordre du jour",
        "ordre du jour",
        "déjà à la ligne 2",
        "porte sur 2",
        "inconnue",
        "motif",
        "chiffres",
    )
    for attendu, erreur in zip(attendus, _erreurs(import_), strict=True):
        assert attendu in erreur
        assert bool(attendu) == bool(erreur)


def test_un_siret_qui_n_est_pas_celui_de_la_demande_est_refuse_meme_saisi_en_nombre():
    demande = prete(1)
    seance = session(demande)
    champs = {"Postes accordés": 1}
    assert "SIRET" in _erreurs(_lire(seance, {**ligne(demande, "attribuer", **champs), "SIRET": "13002526500013"}))[0]
    en_nombre = {**ligne(demande, "attribuer", **champs), "SIRET": int(demande.structure.siret)}
    assert _erreurs(_lire(seance, en_nombre)) == [""]


def test_les_enveloppes_sont_decomptees_ligne_apres_ligne():
    a, b, c = prete(2), prete(2), prete(1)
    seance = session(a, b, c, postes=3)
    import_ = _lire(seance, *(ligne(d, "attribuer", **{"Postes accordés": d.postes_demandes}) for d in (a, b, c)))
    assert [bool(e) for e in _erreurs(import_)] == [False, True, False]
    assert "plus que 1 poste" in _erreurs(import_)[1]


def test_tout_ou_rien_ou_les_lignes_valables():
    a, b = prete(2), prete(2)
    seance = session(a, b)
    import_ = _lire(seance, ligne(a, "attribuer", **{"Postes accordés": 2}), ligne(b, "refuser"))
    with pytest.raises(TransitionImpossible, match="refusées"):
        import_decisions.appliquer_import(import_, par=anct(), tout_ou_rien=True)
    assert not Decision.objects.exists()
    lot = import_decisions.appliquer_import(import_, par=anct(), tout_ou_rien=False)
    assert lot.decidees == [a.pk]


def test_appliquer_deux_fois_est_refuse():
    a = prete(1)
    import_ = _lire(session(a), ligne(a, "attribuer", **{"Postes accordés": 1}))
    import_decisions.appliquer_import(import_, par=anct(), tout_ou_rien=True)
    with pytest.raises(TransitionImpossible, match="déjà appliqué"):
        import_decisions.appliquer_import(import_, par=anct(), tout_ou_rien=True)
    assert Decision.objects.count() == 1


def test_ce_qui_a_change_depuis_la_lecture_est_revu_a_l_application(client, se_connecter):
    a, b = prete(2), prete(2)
    seance = session(a, b)
    import_ = _lire(seance, *(ligne(d, "attribuer", **{"Postes accordés": 2}) for d in (a, b)))
    comite.refuser(a, motifs=["equilibre"], par=anct(), session=seance)
    agent = anct()
    url = reverse("demandes:import", args=[agent.pk, seance.pk, import_.pk])
    page = se_connecter(client, agent).post(url, {"mode": "tout"}, follow=True).content.decode()
    assert "rien n&#x27;est appliqué" in page
    assert "l&#x27;état est maintenant « Refusée »" in page
    b.refresh_from_db()
    assert b.etat == Etat.EN_INSTRUCTION


def _avec(contenu, nom, octets):
    tampon = io.BytesIO(contenu)
    with zipfile.ZipFile(tampon, "a") as archive:
        archive.writestr(nom, octets)
    return tampon.getvalue()


def _formule():
    tampon = io.BytesIO()
    livre = xlsxwriter.Workbook(tampon)
    feuille = livre.add_worksheet()
    feuille.write_row(0, 0, ENTETES)
    feuille.write_formula(1, 0, "=A1")
    livre.close()
    return tampon.getvalue()


def _bombe():
    tampon = io.BytesIO(classeur())
    with zipfile.ZipFile(tampon, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet2.xml", b"0" * 70_000_000)
    return tampon.getvalue()


@pytest.mark.parametrize(
    ("fabrique", "phrase"),
    [
        (lambda: b"", "pas un classeur"),
        (lambda: b"Reference;Decision\nD-1;attribuer", "pas un classeur"),
        (lambda: classeur()[:500], "pas un classeur"),
        (lambda: _avec(classeur(), "xl/vbaProject.bin", b"x"), "macro"),
        (_formule, "formules"),
        (_bombe, "volumineux"),
        (lambda: classeur(entetes=["Référence", "Postes accordés"]), "« Décision »"),
        (lambda: classeur(entetes=["Référence", "Décision", "decision"]), "en double"),
        (lambda: classeur(*[{"Référence": f"D-{i}"} for i in range(1, 5002)]), "5000 au plus"),
    ],
    ids=["vide", "csv", "tronque", "macro", "formule", "bombe", "colonne absente", "colonne double", "trop de lignes"],
)
def test_un_fichier_sale_est_refuse_en_entier_avec_une_phrase(client, se_connecter, fabrique, phrase):
    seance, contenu = session(), fabrique()
    with pytest.raises(TableauIllisible, match=phrase):
        import_decisions.deposer_import(seance, contenu, fichier="x.xlsx", par=anct())
    agent = anct()
    response = se_connecter(client, agent).post(
        reverse("demandes:importer_decisions", args=[agent.pk, seance.pk]),
        {"classeur": SimpleUploadedFile("x.xlsx", contenu)},
    )
    assert response.status_code == 200
    assert "fr-error" in response.content.decode() or "à revoir" in response.content.decode()
    assert not ImportDecisions.objects.exists()


def test_un_nom_de_fichier_de_macro_est_refuse(client, se_connecter):
    seance, agent = session(), anct()
    response = se_connecter(client, agent).post(
        reverse("demandes:importer_decisions", args=[agent.pk, seance.pk]),
        {"classeur": SimpleUploadedFile("pv.xlsm", classeur())},
    )
    assert "sans macro" in response.content.decode()


def test_un_classeur_sans_ligne_remplie_s_affiche(client, se_connecter):
    seance, agent = session(), anct()
    import_ = import_decisions.deposer_import(seance, classeur(), fichier="vide.xlsx", par=agent)
    url = reverse("demandes:import", args=[agent.pk, seance.pk, import_.pk])
    assert "Aucune ligne remplie." in se_connecter(client, agent).get(url).content.decode()
    with pytest.raises(TransitionImpossible, match="Aucune ligne"):
        import_decisions.appliquer_import(import_, par=agent, tout_ou_rien=True)


def test_seule_l_anct_importe_et_l_import_est_celui_de_sa_session(client, se_connecter):
    demande = prete(1)
    seance = session(demande)
    import_ = _lire(seance, ligne(demande, "attribuer", **{"Postes accordés": 1}))
    autre = comite.creer_session("65", timezone.localdate(), par=anct())
    agent = RoleFactory(anct=True)
    url = reverse("demandes:import", args=[agent.pk, autre.pk, import_.pk])
    assert se_connecter(client, agent).get(url).status_code == 404
    role = prefecture_de(demande.departement)
    url = reverse("demandes:import", args=[role.pk, seance.pk, import_.pk])
    assert se_connecter(client, role).post(url, {"mode": "tout"}).status_code == 403
    assert not Decision.objects.exists()


def test_un_import_s_efface_apres_trente_jours():
    import_ = import_decisions.deposer_import(session(), classeur(), fichier="x.xlsx", par=anct())
    assert import_decisions.purger_imports(import_.created_at - timedelta(days=1)) == 0
    assert import_decisions.purger_imports(import_.created_at + timedelta(days=1)) == 1
