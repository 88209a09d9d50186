"""Importer des résultats : ce qu'un tableur écrit se lit, chaque faute se dit à sa ligne, rien à moitié."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.formations.actions import certifications, imports
from conum.formations.actions.imports import Verdict
from conum.formations.models import ImportResultats, ResultatCertification
from conum.formations.rules import resultats_csv
from conum.formations.states import Etat
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.socle import conservation
from conum.socle.tableaux import TableauIllisible
from tests.aides import ensemble
from tests.formations import fabriques_base as f
from tests.formations.test_certifications import en_formation

TETE = "Adresse électronique;Certification;Résultat;Date;Motif\n"


def adresse(nom, role, *arguments) -> str:
    return reverse(f"formations:{nom}", args=[role.pk, *arguments])


def hier(forme="%d/%m/%Y") -> str:
    return f.jour(-1).strftime(forme)


# --- Lire le fichier, sans la base ---


@pytest.mark.parametrize("codage", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("separateur", [";", ",", "\t"])
def test_ce_qu_un_tableur_ecrit_se_lit(codage, separateur):
    lignes = (
        ("E-MAIL", "certification", "RESULTAT", "Date", "Motif de l’absence"),
        ("Zoe@exemple.fr ", "ccp1", "Obtenue", "15/01/2026", ""),
        ("FO-00042", "Certification Pix", "Échec", "2026-01-15", ""),
        ("zoe@exemple.fr", "Titre professionnel", "absent", "15/01/26", "Arrêt de travail"),
        ("zoe@exemple.fr", "Pix", "échoué", "2026-01-15 00:00:00", ""),
    )
    texte = "\r\n".join(separateur.join(x) for x in lignes)
    une, deux, trois, quatre = resultats_csv.lire(texte.encode(codage))
    le = date(2026, 1, 15)
    assert (une.numero, une.email, une.certification, une.resultat, une.le, une.erreur) == (
        2, "zoe@exemple.fr", "ccp1", "reussi", le, "",
    )  # fmt: skip
    assert (deux.inscription, deux.certification, deux.resultat, deux.le) == (42, "pix", "echoue", le)
    assert (trois.certification, trois.resultat, trois.le, trois.motif) == ("titre", "absent", le, "Arrêt de travail")
    assert (quatre.resultat, quatre.le) == ("echoue", le)


@pytest.mark.parametrize(
    ("ligne", "phrase"),
    [
        (";CCP1;Obtenue;15/01/2026;", "La personne manque"),
        ("zoe;CCP1;Obtenue;15/01/2026;", "n’est ni une adresse électronique ni un numéro"),
        ("zoe@exemple.fr;bac;Obtenue;15/01/2026;", "Certification « bac » inconnue"),
        ("zoe@exemple.fr;CCP1;peut-être;15/01/2026;", "Résultat « peut-être » inconnu"),
        ("zoe@exemple.fr;CCP1;Obtenue;hier;", "Date « hier » illisible"),
        ("zoe@exemple.fr;CCP1;Obtenue;31/02/2026;", "Date « 31/02/2026 » illisible"),
        ("zoe@exemple.fr;CCP1;Obtenue;15/01/2026;Malade", "Seule une absence a un motif"),
        ("zoe@exemple.fr;CCP1;Absence;15/01/2026;" + "a" * 301, "dépasse 300 caractères"),
    ],
)
def test_une_ligne_incomprise_dit_sa_faute(ligne, phrase):
    (lue,) = resultats_csv.lire((TETE + ligne).encode())
    assert phrase in lue.erreur
    assert lue.numero == 2


def test_deux_codages_dans_un_fichier_la_ligne_etrangere_se_dit():
    bonne = "zoé@exemple.fr;CCP1;Échec;15/01/2026;\n".encode()
    etrangere = "léa@exemple.fr;CCP1;Échec;15/01/2026;\n".encode("cp1252")
    lues = resultats_csv.lire(TETE.encode() + bonne + etrangere + bonne)
    assert [x.numero for x in lues if "n’est pas du même codage" in x.erreur] == [3]
    # Le codage le plus présent fait foi, dans un sens comme dans l'autre ; la marque d'Excel tranche.
    lues = resultats_csv.lire(TETE.encode("cp1252") + etrangere * 2 + bonne)
    assert [x.numero for x in lues if x.erreur] == [4]
    lues = resultats_csv.lire(b"\xef\xbb\xbfEmail;Certification;Resultat;Date\n" + etrangere * 2)
    assert [x.numero for x in lues if x.erreur] == [2, 3]
    # Dans une cellule de plusieurs lignes, c'est la ligne du tableau qui porte la faute.
    longue = b'"zoe@exemple.fr";CCP1;Absence;15/01/2026;"un\n' + "très".encode("cp1252") + b' long"\n'
    lues = resultats_csv.lire(TETE.encode() + longue + bonne)
    assert [x.numero for x in lues if x.erreur] == [2]


@pytest.mark.parametrize(
    ("contenu", "phrase"),
    [
        (b"PK\x03\x04classeur", "est un classeur"),
        ("Certification;Résultat;Date\nPix;Échec;15/01/2026".encode(), "« Adresse électronique » ou « Inscription »"),
        ("Email;Résultat;Date\n".encode(), "Certification"),
        (TETE.encode(), "aucune ligne"),
        (TETE.encode("utf-16"), "n'est pas un texte"),
    ],
)
def test_un_fichier_inutilisable_se_refuse_entier(contenu, phrase):
    with pytest.raises(TableauIllisible, match=phrase):
        resultats_csv.lire(contenu)


# --- Contre la base ---


@pytest.fixture
def cas(db):
    """Deux personnes de La Fabrik, une de Francil'In, et un agent de La Fabrik."""
    ailleurs = en_formation(chez=f.organisme("Francil’In"))
    return en_formation(), en_formation(), ailleurs, f.role_organisme(f.organisme())


def deposer(role, *lignes, tete=TETE):
    return imports.deposer_import((tete + "\n".join(lignes)).encode(), nom="résultats.csv", par=role)


def verdicts(depot):
    return [(x["numero"], x["verdict"], x["phrase"]) for x in imports.compte_rendu(depot)]


def test_deposer_relire_importer_le_reste(client, se_connecter, cas):
    une, deux, ailleurs, role = cas
    contenu = TETE + "\n".join(
        [
            f"{une.personne.email};CCP1;Obtenue;{hier()};",
            f"{deux.reference};Pix;Absence;{hier('%Y-%m-%d')};",
            f"{ailleurs.personne.email};CCP1;Obtenue;{hier()};",
            f"personne@exemple.fr;CCP1;Obtenue;{hier()};",
            f"{une.personne.email};CCP1;Non obtenue;{hier()};",
            f"{une.personne.email};Pix;Obtenue;01/01/2020;",
            f"{une.personne.email};Pix;Obtenue;01/01/2099;",
        ]
    )
    se_connecter(client, role)
    fichier = SimpleUploadedFile("résultats mars.csv", contenu.encode())
    page = client.post(adresse("importer_resultats", role), {"fichier": fichier}, follow=True).content.decode()
    assert "Rien n’est encore enregistré." in page
    assert "Importer le reste (2)" in page
    assert "Importer tout le fichier" not in page
    assert page.count(imports.INCONNUE) == 2, "d'un autre organisme, le fichier ne dit rien de plus que d'un inconnu"
    assert ailleurs.personne.get_full_name() not in page
    assert "à la ligne 2" in page
    assert "avant le début de la formation" in page
    assert "dans le futur" in page
    depot = ImportResultats.objects.get()
    assert not ResultatCertification.objects.exists()
    lien = adresse("import_resultats", role, depot.pk)
    refusees = client.get(lien, {"issue": "refusee"}).content.decode()
    assert une.personne.email in refusees

    page = client.post(lien, {"mode": "tout"}, follow=True).content.decode()
    assert "Des lignes sont refusées" in page
    assert not ResultatCertification.objects.exists(), "rien à moitié"
    page = client.post(lien, {"mode": "valables"}, follow=True).content.decode()
    assert "Les résultats sont importés." in page
    assert "2 lignes sur 7" in page
    depot.refresh_from_db()
    assert (depot.prises, depot.partiel, depot.a_importer, depot.par) == (2, True, [], role)
    absence = ResultatCertification.objects.get(resultat="absent")
    assert (absence.inscription, absence.importe, absence.le) == (deux, depot, f.jour(-1))
    assert [e.action for e in Entree.objects.de_l_objet(absence)] == ["importer_resultat"]
    assert [e.action for e in Entree.objects.de_l_objet(depot)] == ["deposer_resultats", "importer_resultats"]
    assert Courriel.objects.filter(code="formations/absence_certification", objet_id=str(deux.pk)).exists()
    page = client.post(lien, {"mode": "valables"}, follow=True).content.decode()
    assert "a déjà été importé" in page
    rapport = client.get(adresse("rapport_import_resultats", role, depot.pk))
    texte = b"".join(rapport.streaming_content).decode()
    assert imports.INCONNUE in texte
    assert "Importée" in texte
    assert depot.nom in client.get(adresse("imports_resultats", role)).content.decode()


def test_un_fichier_tout_bon_s_importe_entier_puis_se_reconnait(client, se_connecter, cas):
    une, deux, _, role = cas
    lignes = (f"{une.personne.email};CCP1;Obtenue;{hier()};", f"{deux.personne.email};Pix;Échec;{hier()};")
    depot = deposer(role, *lignes)
    assert deposer(role, *lignes) == depot, "déposé deux fois avant d'être importé : le même"
    se_connecter(client, role)
    assert "Importer tout le fichier" in client.get(adresse("import_resultats", role, depot.pk)).content.decode()
    imports.appliquer_import(depot, tout_ou_rien=True, par=role)
    encore = deposer(role, *lignes)
    assert encore != depot
    assert {v for _, v, _ in verdicts(encore)} == {Verdict.DEJA}
    page = client.get(adresse("import_resultats", role, encore.pk)).content.decode()
    assert "Ce même fichier a déjà été importé" in page
    assert "Aucune ligne de ce fichier n’est à importer." in page
    with pytest.raises(TransitionImpossible, match="Aucune ligne"):
        imports.appliquer_import(encore, tout_ou_rien=True, par=role)


def test_l_ambigu_et_le_deja_se_disent(cas):
    une, deux, _, role = cas
    certifications.enregistrer_resultat(une, certification="ccp1", resultat="reussi", le=f.jour(-3), par=role)
    arretees = [f.inscription(etat=Etat.ABANDONNEE)]
    arretees.append(f.inscription(etat=Etat.ABANDONNEE, personne=arretees[0].personne))
    dispensee = f.inscription(etat=Etat.DISPENSEE)
    depot = deposer(
        role,
        f"{arretees[0].personne.email};;Pix;Échec;{hier()}",
        f"{une.personne.email};{deux.reference};Pix;Échec;{hier()}",
        f"{une.personne.email};{une.reference};CCP1;Obtenue;{f.jour(-3):%d/%m/%Y}",
        f"{une.personne.email};{une.reference};CCP1;Échec;{f.jour(-3):%d/%m/%Y}",
        f";{une.reference};CCP1;Obtenue;{hier()}",
        f";{dispensee.reference};CCP1;Obtenue;{hier()}",
        f";{f.inscription().reference};CCP1;Obtenue;{hier()}",
        f";{deux.pk};CCP1;Obtenue;{hier()}",
        f"{deux.personne.email};;CCP1;Obtenue;{f.jour(-2):%d/%m/%Y}",
        tete="Email;Inscription;Certification;Résultat;Date\n",
    )
    attendues = [
        (Verdict.REFUSEE, "plusieurs inscriptions"),
        (Verdict.REFUSEE, "ne sont pas de la même personne"),
        (Verdict.DEJA, "déjà enregistré"),
        (Verdict.REFUSEE, "Un autre résultat"),
        (Verdict.REFUSEE, "déjà obtenue"),
        (Verdict.REFUSEE, "dispensée"),
        (Verdict.REFUSEE, "aucune session"),
        (Verdict.A_IMPORTER, ""),
        (Verdict.REFUSEE, "à la ligne 9"),
    ]
    rendus = verdicts(depot)
    assert [v for _, v, _ in rendus] == [v for v, _ in attendues], rendus
    for (_, _, phrase), (_, attendu) in zip(rendus, attendues, strict=True):
        assert attendu in phrase


def test_personne_d_autre_n_importe_ni_ne_relit(client, se_connecter, cas):
    une, _, _, role = cas
    depot = deposer(role, f"{une.personne.email};CCP1;Obtenue;{hier()};")
    autre = f.role_organisme(f.organisme("Francil’In"))
    for intrus, code in ((autre, 404), (f.employeur(une), 403), (f.role_conseiller(une), 403)):
        se_connecter(client, intrus)
        for nom in ("import_resultats", "rapport_import_resultats"):
            assert client.get(adresse(nom, intrus, depot.pk)).status_code == code
        assert client.post(adresse("import_resultats", intrus, depot.pk)).status_code == code
        with pytest.raises(PermissionDenied):
            imports.appliquer_import(depot, tout_ou_rien=True, par=intrus)
    with pytest.raises(PermissionDenied):
        deposer(f.employeur(une), "a;b")
    se_connecter(client, autre)
    assert depot.nom not in client.get(adresse("imports_resultats", autre)).content.decode()
    agent = f.anct()
    se_connecter(client, agent)
    assert depot.nom in client.get(adresse("imports_resultats", agent)).content.decode()
    de_l_anct = deposer(agent, f"personne@exemple.fr;CCP1;Obtenue;{hier()};")
    assert verdicts(de_l_anct)[0][2] == imports.INCONNUE_ANCT


def test_un_fichier_illisible_se_dit_pres_du_champ(client, se_connecter, cas):
    role = cas[3]
    se_connecter(client, role)
    deposer_page = adresse("importer_resultats", role)
    page = client.post(deposer_page, {"fichier": SimpleUploadedFile("a.csv", b"bonjour")}).content.decode()
    assert "Colonne absente" in page
    assert "Choisissez un fichier." in client.post(deposer_page).content.decode()
    modele = client.get(adresse("modele_resultats", role))
    lues = resultats_csv.lire(b"".join(modele.streaming_content))
    assert [x.erreur for x in lues] == ["", ""], "le modèle se relit"


def test_l_examen_ne_croit_pas_et_le_depot_s_efface(cas, django_capture_on_commit_callbacks):
    une, deux, _, role = cas
    petit = deposer(role, f"{une.personne.email};CCP1;Obtenue;{hier()};")
    with CaptureQueriesContext(connection) as peu:
        imports.examiner(petit)
    grand = deposer(role, *[f"{i.personne.email};{c};Échec;{hier()};" for i in (une, deux) for c in ("CCP1", "Pix")])
    with CaptureQueriesContext(connection) as plus:
        imports.examiner(grand)
    assert len(plus) == len(peu) <= 4
    imports.appliquer_import(grand, tout_ou_rien=True, par=role)
    vieux = timezone.now() - timezone.timedelta(days=400)
    assert conservation.appliquer("fichiers de résultats jamais importés") == 0
    ImportResultats.objects.update(created_at=vieux)
    assert conservation.appliquer("fichiers de résultats jamais importés") == 1
    assert conservation.appliquer("comptes rendus des imports de résultats") == 1
    assert conservation.appliquer("comptes rendus des imports de résultats") == 0
    grand.refresh_from_db()
    assert (grand.compte_rendu, grand.prises) == ([], 4)


@pytest.mark.django_db(transaction=True)
def test_deux_onglets_un_seul_import():
    de, role = en_formation(), f.role_organisme(f.organisme())
    depot = deposer(role, f"{de.personne.email};CCP1;Obtenue;{hier()};")
    issues = ensemble(*[lambda: imports.appliquer_import(depot, tout_ou_rien=True, par=role)] * 2)
    assert {type(i) for i in issues} == {ImportResultats, TransitionImpossible}
    assert ResultatCertification.objects.count() == 1
