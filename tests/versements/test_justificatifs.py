"""Prouver l'emploi : ouvrir, rappeler, suspendre, déposer, examiner, constater l'absence."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from conum.conventions.models import Convention
from conum.courriels.models import Courriel
from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.socle import conservation
from conum.versements import jobs
from conum.versements.actions import echeances, relances
from conum.versements.actions import justificatifs as actes
from conum.versements.models import Echeance, Justificatif, Nature, Solde
from conum.versements.states import Etat, EtatJustificatif
from tests.aides import ensemble
from tests.comptes.fabriques import RoleFactory
from tests.postes.fabriques import pdf
from tests.versements import fabriques as f

pytestmark = pytest.mark.django_db
D = Decimal


def _url(nom, role, *arguments):
    return reverse(f"versements:{nom}", args=[role.pk, *arguments])


def _dans(jours: int):
    return time_machine.travel(timezone.now() + timedelta(days=jours), tick=False)


def _page(reponse) -> str:
    return reponse.content.decode().replace("\u202f", " ").replace("\xa0", " ")


def _en_cours(*, age: int = 400) -> tuple[Convention, Justificatif]:
    """Une convention en vigueur, dont le premier terme vient de finir et la première échéance est payée."""
    convention = f.signee(debut=f.jour(-age))
    f.versee(convention, montant="20000.00", le=f.jour(-age))
    for rang in (2, 3):
        f.echeance(convention, montant="10000.00", etat=Etat.PREVU, rang=rang, prevue_le=f.jour(365 * rang - age))
    relances.ouvrir_justificatifs(f.jour())
    return convention, convention.justificatifs.get(numero=1)


def _deposer(j: Justificatif, montant: str = "20000", par=None) -> Justificatif:
    return actes.deposer_justificatif(j, montant=D(montant), fichier=pdf(), par=par or f.anct())


def _en_retard(j: Justificatif, jours: int) -> Justificatif:
    Justificatif.objects.filter(pk=j.pk).update(du_le=f.jour(-jours), rappels=4)
    j.refresh_from_db()
    return j


# --- Ouvrir -----------------------------------------------------------------------------------------------------------


def test_un_terme_s_ouvre_avant_de_finir_et_une_seule_fois():
    convention = f.signee(debut=f.jour(-300))
    assert relances.ouvrir_justificatifs(f.jour()) == 0
    jour = f.jour(10)
    assert relances.ouvrir_justificatifs(jour) == 1
    assert relances.ouvrir_justificatifs(jour) == 0
    j = convention.justificatifs.get()
    assert (j.numero, j.final, j.periode.lower) == (1, False, convention.financement_debut)
    assert j.du_le > j.periode.upper + timedelta(days=180)
    assert Entree.objects.filter(action="ouvrir_justificatif").count() == 1
    with pytest.raises(PermissionDenied):
        relances.ouvrir_justificatifs(jour, par=f.membre_de(convention.structure))


def test_une_convention_ancienne_a_un_delai_entier():
    convention = f.signee(debut=f.jour(-1200))
    assert relances.ouvrir_justificatifs(f.jour()) == 3
    dues = list(convention.justificatifs.order_by("numero").values_list("du_le", flat=True))
    assert dues[0] == f.jour(60)
    assert [j.final for j in convention.justificatifs.order_by("numero")] == [False, False, True]


def test_un_terme_suit_la_convention_tant_que_rien_n_est_depose():
    convention, premier = _en_cours(age=710)
    assert convention.justificatifs.count() == 2
    _deposer(premier)
    fin = convention.debut + timedelta(days=500)
    Convention.objects.filter(pk=convention.pk).update(
        etat="resiliee", resiliee_le=fin, resiliation_motif="demande_structure"
    )
    assert relances.ouvrir_justificatifs(f.jour()) == 0
    second = convention.justificatifs.get(numero=2)
    assert (second.dernier_jour, second.final) == (fin, True)
    Convention.objects.filter(pk=convention.pk).update(resiliee_le=convention.debut + timedelta(days=100))
    relances.ouvrir_justificatifs(f.jour())
    # Le second n'est plus dû ; le premier, déposé, ne bouge pas.
    assert [j.numero for j in convention.justificatifs.all()] == [1]
    assert Entree.objects.filter(action="retirer_justificatif").count() == 1


# --- Rappeler et suspendre --------------------------------------------------------------------------------------------


def test_les_rappels_partent_une_fois_chacun():
    convention, j = _en_cours()
    membre = f.membre_de(convention.structure)
    siens = Courriel.objects.filter(code="versements/justificatif_a_rendre", destinataire=membre.utilisateur.email)
    assert relances.rappeler_justificatifs(j.du_le - timedelta(days=61)) == 0
    assert relances.rappeler_justificatifs(j.du_le - timedelta(days=60)) == 1
    assert relances.rappeler_justificatifs(j.du_le - timedelta(days=59)) == 0
    # Un worker arrêté deux mois n'envoie pas deux rappels d'un coup.
    assert relances.rappeler_justificatifs(j.du_le + timedelta(days=1)) == 1
    assert relances.rappeler_justificatifs(j.du_le + timedelta(days=15)) == 1
    assert relances.rappeler_justificatifs(j.du_le + timedelta(days=99)) == 0
    assert siens.count() == 3
    assert "est passée" in siens.order_by("pk").last().texte


def test_trente_jours_de_retard_suspendent_puis_l_acceptation_reprend():
    convention, j = _en_cours()
    membre = f.membre_de(convention.structure)
    autre = Echeance.objects.filter(convention=convention, etat=Etat.PREVU).latest("pk")
    echeances.suspendre_echeance(autre, motif="Vérification demandée par un agent.", par=f.anct())
    _en_retard(j, 29)
    assert relances.mettre_en_demeure_les_retards(f.jour()) == 0
    _en_retard(j, 30)
    assert relances.mettre_en_demeure_les_retards(f.jour()) == 1
    assert relances.mettre_en_demeure_les_retards(f.jour()) == 0
    (suspendue,) = Echeance.objects.filter(etat=Etat.SUSPENDU, motif__contains="terme n° 1")
    courriel = Courriel.objects.get(code="versements/mise_en_demeure", destinataire=membre.utilisateur.email)
    assert "1 versement à venir est suspendu" in courriel.texte
    assert f"{f.jour(30):%d/%m/%Y}" in courriel.texte
    actes.accepter_justificatif(_deposer(j), montant=D(20_000), par=f.anct())
    suspendue.refresh_from_db()
    autre.refresh_from_db()
    assert (suspendue.etat, suspendue.motif) == (Etat.PREVU, "")
    # Ce qu'un agent a suspendu reste suspendu.
    assert autre.etat == Etat.SUSPENDU
    assert "1 versement suspendu reprend" in Courriel.objects.get(code="versements/justificatif_accepte").texte


def test_deux_justificatifs_manquants_retiennent_jusqu_au_dernier():
    _convention, premier = _en_cours(age=760)
    second = Justificatif.objects.get(numero=2)
    for j in (premier, second):
        relances.mettre_en_demeure(_en_retard(j, 40), jour=f.jour(), par=SYSTEME)
    actes.accepter_justificatif(_deposer(premier), montant=D(20_000), par=f.anct())
    assert set(Echeance.objects.filter(etat=Etat.SUSPENDU).values_list("motif", flat=True)) == {
        "Justificatif du terme n° 2 non accepté."
    }
    actes.accepter_justificatif(_deposer(second, "0"), montant=D(0), par=f.anct())
    assert not Echeance.objects.filter(etat=Etat.SUSPENDU).exists()


def test_personne_n_est_mis_en_demeure_sans_rappel_ni_en_avance():
    _, j = _en_cours()
    _en_retard(j, 90)
    Justificatif.objects.update(rappels=0)
    assert relances.mettre_en_demeure_les_retards(f.jour()) == 0
    with pytest.raises(PermissionDenied):
        relances.mettre_en_demeure(j, jour=f.jour(), par=RoleFactory(prefecture=True))
    with pytest.raises(TransitionImpossible, match="part à compter du"):
        relances.mettre_en_demeure(_en_retard(j, 5), jour=f.jour(), par=SYSTEME)
    # Un refus récent redonne un délai, qu'un retard ancien n'efface pas.
    actes.refuser_justificatif(_deposer(j), motif="Les bulletins de paie manquent.", par=f.anct())
    _en_retard(j, 90)
    assert relances.mettre_en_demeure_les_retards(f.jour()) == 0
    assert relances.mettre_en_demeure_les_retards(f.jour(60)) == 1


def test_le_travail_de_nuit_enchaine_tout():
    convention, j = _en_cours()
    _en_retard(j, 45)
    jobs.suivre_les_justificatifs()
    j.refresh_from_db()
    assert j.suspendu_le is not None
    avant = Entree.objects.count()
    jobs.suivre_les_justificatifs()
    assert Entree.objects.count() == avant
    assert convention.justificatifs.count() == 1


# --- Déposer ----------------------------------------------------------------------------------------------------------


def test_la_structure_depose_par_http(client, se_connecter):
    convention, j = _en_cours()
    membre, agent = f.membre_de(convention.structure), f.anct()
    se_connecter(client, membre)
    assert "À déposer" in _page(client.get(_url("justificatifs", membre)))
    url = _url("justificatif", membre, j.pk)
    assert "Versé pour ce terme" in _page(client.get(url))
    for fichier, phrase in (
        (SimpleUploadedFile("a.pdf", b"%PDF-1.7 tronque"), "abîmé"),
        (SimpleUploadedFile("a.pdf", b"MZ programme"), "au format PDF"),
        (SimpleUploadedFile("a.pdf", b"%PDF-" + b"0" * (5 * 1024 * 1024)), "5 Mo"),
    ):
        page = _page(client.post(url, {"montant": "19 500,50", "fichier": fichier, "commentaire": "Tout est là."}))
        assert phrase in page
        # Ce qui est saisi reste.
        assert "19 500,50" in page
        assert "Tout est là." in page
    assert "positif" in _page(client.post(url, {"montant": "-1", "fichier": pdf()}))
    assert not Justificatif.objects.exclude(etat=EtatJustificatif.ATTENDU).exists()

    reponse = client.post(url, {"montant": "19 500,50", "fichier": pdf("paie.pdf"), "commentaire": "Tout est là."})
    assert reponse["Location"] == url
    j.refresh_from_db()
    assert (j.etat, j.montant_declare, j.nom_fichier) == (EtatJustificatif.RECU, D("19500.50"), "paie.pdf")
    assert j.depose_par == membre
    document = client.get(_url("fichier_justificatif", membre, j.pk))
    assert b"".join(document.streaming_content).startswith(b"%PDF-")
    assert Courriel.objects.filter(
        code="versements/justificatif_a_examiner", destinataire=agent.utilisateur.email
    ).exists()


def test_un_terme_en_cours_ne_se_justifie_pas_encore():
    convention = f.signee(debut=f.jour(-330))
    relances.ouvrir_justificatifs(f.jour())
    j = convention.justificatifs.get()
    with pytest.raises(TransitionImpossible, match="à partir du"):
        _deposer(j)
    with _dans(60):
        assert _deposer(j).etat == EtatJustificatif.RECU


def test_un_depot_refuse_n_abandonne_pas_de_fichier():
    _, j = _en_cours()
    _deposer(j)
    j.refresh_from_db()
    dossier = "versements/justificatifs"
    assert len(default_storage.listdir(dossier)[1]) >= 1
    avant = set(default_storage.listdir(dossier)[1])
    actes.accepter_justificatif(j, montant=D(20_000), par=f.anct())
    with pytest.raises(TransitionImpossible):
        _deposer(j)
    assert set(default_storage.listdir(dossier)[1]) == avant


# --- Examiner ---------------------------------------------------------------------------------------------------------


def test_l_anct_accepte_et_demande_ce_qui_n_est_pas_prouve(client, se_connecter):
    convention, j = _en_cours()
    membre, agent = f.membre_de(convention.structure), f.anct()
    _deposer(j, par=membre)
    se_connecter(client, agent)
    page = _page(client.get(_url("justificatifs_a_examiner", agent)))
    assert "À examiner (1)" in page
    assert convention.reference in page
    accepter = _url("accepter_justificatif", agent, j.pk)
    assert "20000" in _page(client.get(accepter)).replace(" ", "")
    assert "Retenez de 0 à 20 000,00 €" in _page(client.post(accepter, {"montant": "20 000,01"}))
    assert "un autre fichier" in _page(client.post(accepter, {"montant": "1", "sha256_lu": "0" * 64}))
    assert client.post(accepter, {"montant": "18 500,00"}).status_code == 302
    j.refresh_from_db()
    assert (j.etat, j.montant_justifie) == (EtatJustificatif.ACCEPTE, D("18500.00"))
    demande = Echeance.objects.get(nature=Nature.REVERSEMENT)
    assert (demande.montant, demande.etat, j.reversement) == (D("1500.00"), Etat.REVERSEMENT_DEMANDE, demande)
    trace = " ".join(demande.trace).replace("\u202f", " ").replace("\xa0", " ")
    for morceau in ("Versé le", "Versé pour ce terme : 20 000,00 €", "Emploi prouvé : 18 500,00 €", "article 8"):
        assert morceau in trace
    recus = set(Courriel.objects.filter(destinataire=membre.utilisateur.email).values_list("code", flat=True))
    assert recus == {"versements/justificatif_accepte", "versements/reversement_demande"}
    assert "n&#x27;est plus possible" in client.post(accepter, {"montant": "1"}).content.decode()
    assert Echeance.objects.filter(nature=Nature.REVERSEMENT).count() == 1
    assert demande.reference in _page(client.get(_url("reversements", agent)))
    assert client.get(_url("lettre_reversement", agent, demande.pk)).content.startswith(b"%PDF-")


def test_l_anct_refuse_avec_un_motif_et_un_nouveau_delai(client, se_connecter):
    convention, j = _en_cours()
    membre, agent = f.membre_de(convention.structure), f.anct()
    _deposer(_en_retard(j, 10), par=membre)
    se_connecter(client, agent)
    refuser = _url("refuser_justificatif", agent, j.pk)
    assert "au moins 10" in _page(client.post(refuser, {"motif": "non"}))
    client.post(refuser, {"motif": "Les bulletins de juin à août manquent."})
    j.refresh_from_db()
    assert j.etat == EtatJustificatif.REFUSE
    courriel = Courriel.objects.get(code="versements/justificatif_refuse", destinataire=membre.utilisateur.email)
    assert f"{f.jour(30):%d/%m/%Y}" in courriel.texte
    se_connecter(client, membre)
    assert "bulletins de juin" in _page(client.get(_url("justificatif", membre, j.pk)))
    assert _deposer(j, par=membre).etat == EtatJustificatif.RECU


def test_constater_l_absence_puis_une_preuve_tardive(client, se_connecter):
    convention, j = _en_cours()
    membre, agent = f.membre_de(convention.structure), f.anct()
    with pytest.raises(TransitionImpossible, match="pas été mise en demeure"):
        actes.constater_absence(j, par=agent)
    relances.mettre_en_demeure(_en_retard(j, 40), jour=f.jour(), par=SYSTEME)
    with pytest.raises(TransitionImpossible, match="a jusqu'au"):
        actes.constater_absence(j, par=agent)
    with pytest.raises(PermissionDenied):
        actes.constater_absence(j, par=membre)
    Justificatif.objects.update(suspendu_le=timezone.now() - timedelta(days=31))
    se_connecter(client, agent)
    assert "En retard (1)" in _page(client.get(_url("justificatifs_a_examiner", agent), {"onglet": "en_retard"}))
    assert "Constater l’absence" in _page(client.get(_url("justificatif", agent, j.pk)))
    client.post(_url("constater_absence", agent, j.pk))
    j.refresh_from_db()
    premiere = j.reversement
    assert premiere.montant == D("20000.00")
    assert (j.etat, j.absence_le is not None) == (EtatJustificatif.REFUSE, True)
    page = _page(client.post(_url("constater_absence", agent, j.pk), follow=True))
    assert "déjà constatée" in page

    # La preuve arrive quand même : la demande se recalcule, elle ne s'ajoute pas.
    actes.accepter_justificatif(_deposer(j, "19000", par=membre), montant=D(19_000), par=agent)
    j.refresh_from_db()
    premiere.refresh_from_db()
    assert (premiere.etat, premiere.remplacee_par is not None) == (Etat.ANNULE, True)
    assert (j.reversement.montant, j.absence_le) == (D("1000.00"), None)
    assert Echeance.objects.filter(nature=Nature.REVERSEMENT).comptees().count() == 1


def test_une_preuve_tardive_apres_un_reversement_recu_ne_demande_plus_rien():
    _, j = _en_cours()
    agent = f.anct()
    relances.mettre_en_demeure(_en_retard(j, 40), jour=f.jour(), par=SYSTEME)
    Justificatif.objects.update(suspendu_le=timezone.now() - timedelta(days=31))
    demande = actes.constater_absence(j, par=agent).reversement
    echeances.constater_reversement(demande, le=f.jour(), reference="VIR 12", par=agent)
    actes.accepter_justificatif(_deposer(j, "19000"), montant=D(19_000), par=agent)
    assert Echeance.objects.filter(nature=Nature.REVERSEMENT).count() == 1


def test_ce_qu_un_avenant_reclame_deja_ne_se_demande_pas_deux_fois():
    convention, j = _en_cours()
    agent = f.anct()
    f.echeance(convention, montant="20000.00", nature="reversement", etat="reversement_demande", prevue_le=None)
    actes.accepter_justificatif(_deposer(j, "0"), montant=D(0), par=agent)
    assert Echeance.objects.filter(nature=Nature.REVERSEMENT).count() == 1


# --- Droits, simultanéité, croissance, conservation ---------------------------------------------------------------


def test_chacun_ses_justificatifs(client, se_connecter):
    convention, j = _en_cours()
    _deposer(j)
    ailleurs, _ = _en_cours()
    etranger = f.membre_de(ailleurs.structure)
    se_connecter(client, etranger)
    for nom in ("justificatif", "fichier_justificatif"):
        assert client.get(_url(nom, etranger, j.pk)).status_code == 404
    assert convention.reference not in _page(client.get(_url("justificatifs", etranger)))
    membre = f.membre_de(convention.structure)
    se_connecter(client, membre)
    for nom in ("accepter_justificatif", "refuser_justificatif"):
        assert client.get(_url(nom, membre, j.pk)).status_code == 403
    assert client.get(_url("justificatifs_a_examiner", membre)).status_code == 403
    prefecture = RoleFactory(prefecture=True, departement=convention.departement)
    se_connecter(client, prefecture)
    for nom in ("justificatif", "fichier_justificatif"):
        assert client.get(_url(nom, prefecture, j.pk)).status_code == 403
    for role in (etranger, prefecture):
        with pytest.raises(PermissionDenied):
            _deposer(j, par=role)
        with pytest.raises(PermissionDenied):
            actes.accepter_justificatif(j, montant=D(1), par=role)
        with pytest.raises(PermissionDenied):
            actes.refuser_justificatif(j, motif="Je n'en ai pas le droit.", par=role)


@pytest.mark.django_db(transaction=True)
def test_deux_agents_acceptent_ensemble_une_seule_demande():
    _, j = _en_cours()
    _deposer(j)
    agents = [f.anct(), f.anct()]
    faits = ensemble(
        *(
            lambda a=a, m=m: actes.accepter_justificatif(j, montant=D(m), par=a)
            for a, m in zip(agents, (5, 6), strict=True)
        )
    )
    assert sorted(type(x).__name__ for x in faits) == ["Justificatif", "TransitionImpossible"]
    assert Echeance.objects.filter(nature=Nature.REVERSEMENT).count() == 1


def test_les_files_coutent_autant_pour_un_que_pour_dix(client, se_connecter, django_assert_max_num_queries):
    agent = f.anct()
    for _ in range(4):
        convention, j = _en_cours(age=760)
        _deposer(j)
    se_connecter(client, agent)
    for parametres in ({}, {"onglet": "tous"}, {"onglet": "en_retard", "recherche": "cv-1"}, {"format": "csv"}):
        with django_assert_max_num_queries(13):
            assert client.get(_url("justificatifs_a_examiner", agent), parametres).status_code == 200
    membre = f.membre_de(convention.structure)
    se_connecter(client, membre)
    with django_assert_max_num_queries(16):
        client.get(_url("justificatifs", membre))
    with django_assert_max_num_queries(26):
        client.get(_url("justificatif", membre, j.pk))
    # Rien à ouvrir : le passage de nuit coûte autant pour mille conventions que pour une.
    with django_assert_max_num_queries(7):
        assert relances.ouvrir_justificatifs(f.jour()) == 0


def test_le_fichier_s_efface_dix_ans_apres_la_convention(django_capture_on_commit_callbacks):
    regle = "justificatifs d'emploi des subventions"
    convention, j = _en_cours()
    _deposer(j)
    assert conservation.appliquer(regle) == 0
    fin = (convention.fin - timezone.localdate()).days
    with _dans(fin + 3_600):
        assert conservation.appliquer(regle) == 0
    with _dans(fin + 3_660), django_capture_on_commit_callbacks(execute=True):
        assert conservation.appliquer(regle) == 1
        assert conservation.appliquer(regle) == 0
    efface = Justificatif.objects.get(pk=j.pk)
    assert (efface.fichier.name, bool(efface.sha256), efface.montant_declare) == ("", True, D("20000.00"))
    assert not efface.fichier.storage.exists(str(j.fichier.name or "rien"))


def test_plus_rien_ne_se_justifie_apres_le_solde():
    convention, j = _en_cours()
    _deposer(j)
    Solde.objects.create(
        convention=convention, le=f.jour(), verse=0, demande=0, remis=0, du=0, prouve=0, a_verser=0, a_rendre=0
    )
    agent = f.anct()
    for acte in (
        lambda: _deposer(j),
        lambda: actes.accepter_justificatif(j, montant=D(1), par=agent),
        lambda: actes.refuser_justificatif(j, motif="Trop tard pour cela.", par=agent),
    ):
        with pytest.raises(TransitionImpossible, match="arrêtés"):
            acte()
    with pytest.raises(ValidationError):
        actes.deposer_justificatif(j, montant=D(-1), fichier=pdf(), par=agent)
