"""Les résultats un par un : ce qu'ils entraînent, qui les dit, et qui n'est pas venu à temps."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.formations import jobs
from conum.formations.actions import certifications as actes
from conum.formations.models import Inscription, ResultatCertification
from conum.formations.states import Etat
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from tests.comptes.fabriques import RoleFactory
from tests.formations import fabriques_base as f
from tests.formations import fabriques_parcours as p

pytestmark = pytest.mark.django_db


def adresse(nom, role, *arguments) -> str:
    return reverse(f"formations:{nom}", args=[role.pk, *arguments])


def en_formation(*, debut=-40, chez=None):
    """Une personne dont la session a commencé il y a quarante jours et finit le lendemain."""
    de = f.inscription(etat=Etat.EN_FORMATION, chez=chez, contrat=f.contrat(debut=f.jour(-60)))
    f.place(f.session(chez=chez, debut=f.jour(debut)), de)
    return de


def dire(de, par, **champs):
    return actes.enregistrer_resultat(
        de, **{"certification": "pix", "resultat": "reussi", "le": f.jour(-1), "par": par, **champs}
    )


def poster(client, role, de, **champs):
    saisi = {"certification": "pix", "resultat": "echoue", "le": f.jour(-1).isoformat(), "motif": "", **champs}
    return client.post(adresse("enregistrer_resultat", role, de.pk), saisi, follow=True).content.decode()


def test_l_echec_ne_change_rien_et_se_dit(client, se_connecter):
    de = en_formation()
    organisme = f.role_organisme(f.organisme())
    se_connecter(client, organisme)
    assert (
        adresse("enregistrer_resultat", organisme, de.pk)
        in client.get(adresse("inscription", organisme, de.pk)).content.decode()
    )
    page = poster(client, organisme, de)
    assert "Le résultat est enregistré." in page
    assert "L’échec ne remet en cause ni le contrat ni la subvention." in page
    lu = ResultatCertification.objects.get()
    assert [e.action for e in Entree.objects.de_l_objet(lu)] == ["enregistrer_resultat"]
    assert not Courriel.objects.filter(code__startswith="formations/absence")
    # Réussie ensuite, un autre jour.
    assert "Certification obtenue." in poster(client, organisme, de, resultat="reussi", le=f.jour().isoformat())
    page = client.get(adresse("inscription", organisme, de.pk)).content.decode()
    assert "CCP1 du titre professionnel" in page
    assert "À passer avant le" in page


def test_une_absence_sans_raison_alerte_puis_s_eteint(client, se_connecter):
    de = en_formation()
    employeur, agent = f.employeur(de), f.anct()
    organisme = f.role_organisme(f.organisme())
    absence = dire(de, organisme, resultat="absent")
    recus = Courriel.objects.filter(code="formations/absence_certification")
    assert {employeur.utilisateur.email, agent.utilisateur.email} <= set(recus.values_list("destinataire", flat=True))
    assert "Se présenter avant le" in recus[0].texte
    toutes = Inscription.objects.all()
    assert list(actes.absences_sans_raison(toutes)) == [absence]
    se_connecter(client, employeur)
    page = client.get(adresse("inscription", employeur, de.pk)).content.decode()
    assert "Absence sans raison connue" in page
    assert "Dire la raison" not in page
    assert de.personne.get_full_name() in client.get(adresse("certifications", employeur)).content.decode()

    se_connecter(client, organisme)
    justifier = adresse("justifier_absence", organisme, absence.pk)
    assert justifier in client.get(adresse("inscription", organisme, de.pk)).content.decode()
    assert "Écrivez la raison" in client.post(justifier, {"motif": " "}).content.decode()
    page = client.post(justifier, {"motif": "Maladie"}, follow=True).content.decode()
    assert "Absence justifiée : Maladie." in page
    assert not actes.absences_sans_raison(toutes).exists()
    assert "a déjà une raison" in client.post(justifier, {"motif": "Maladie"}).content.decode()


def test_une_absence_avec_sa_raison_ou_suivie_d_une_presentation_n_alerte_pas():
    de, organisme = en_formation(), f.role_organisme(f.organisme())
    dire(de, organisme, resultat="absent", motif="Arrêt de travail")
    assert not Courriel.objects.filter(code="formations/absence_certification").exists()
    sans = dire(de, organisme, resultat="absent", le=f.jour(-5))
    dire(de, organisme, resultat="echoue", le=f.jour())
    assert not actes.absences_sans_raison(Inscription.objects.all()).exists()
    assert "présentée un autre jour" in actes.suites([sans])[sans.pk].phrase


def test_la_prefecture_ne_lit_pas_la_raison_d_une_absence(client, se_connecter):
    de = en_formation()
    dire(de, f.anct(), resultat="absent", motif="Hospitalisation")
    for role, lit in ((RoleFactory(prefecture=True), False), (f.employeur(de), True)):
        se_connecter(client, role)
        page = client.get(adresse("inscription", role, de.pk)).content.decode()
        assert "Absence justifiée" in page
        liste = client.get(adresse("certifications", role), {"onglet": "resultats", "format": "csv"})
        fichier = b"".join(liste.streaming_content).decode()
        assert de.reference in fichier
        assert ("Hospitalisation" in page, "Hospitalisation" in fichier) == (lit, lit)


@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"le": "2020-01-01"}, "avant le début de la formation"),
        ({"le": "2099-01-01"}, "dans le futur"),
        ({"le": "31/02/2026"}, "Cette date n’existe pas."),
        ({"certification": "bac"}, "Sélectionnez un choix valide"),
        ({"resultat": ""}, "Choisissez le résultat."),
        ({"motif": "Malade"}, "Seule une absence a une raison"),
    ],
)
def test_un_resultat_impossible_se_dit_pres_du_champ(client, se_connecter, champs, phrase):
    de, agent = en_formation(), f.anct()
    se_connecter(client, agent)
    assert phrase in poster(client, agent, de, **champs)
    assert not ResultatCertification.objects.exists()


def test_ni_deux_fois_ni_sans_session_ni_dispensee():
    de, agent = en_formation(), f.anct()
    dire(de, agent)
    with pytest.raises(ValidationError, match="déjà enregistré"):
        dire(de, agent, resultat="absent")
    with pytest.raises(ValidationError, match="déjà obtenue"):
        dire(de, agent, le=f.jour())
    with pytest.raises(ValidationError, match="aucune session"):
        dire(f.inscription(), agent)
    with pytest.raises(ValidationError, match="dispensée"):
        dire(f.inscription(etat=Etat.DISPENSEE), agent)


def test_personne_d_autre_ne_dit_un_resultat(client, se_connecter):
    de = en_formation()
    absence = dire(de, f.anct(), resultat="absent")
    attendus = {
        f.role_organisme(f.organisme("Francil’In")): 404,
        f.employeur(de): 403,
        f.role_conseiller(de): 403,
        RoleFactory(prefecture=True): 403,
    }
    for role, code in attendus.items():
        se_connecter(client, role)
        for nom, pk in (("enregistrer_resultat", de.pk), ("justifier_absence", absence.pk)):
            assert client.post(adresse(nom, role, pk), {"motif": "Dix caractères."}).status_code == code
        with pytest.raises(PermissionDenied):
            dire(de, role)
        with pytest.raises(PermissionDenied):
            actes.justifier_absence(absence, motif="Malade", par=role)
    organisme = f.role_organisme(f.organisme())
    se_connecter(client, organisme)
    assert client.post(adresse("retirer_resultat", organisme, absence.pk)).status_code == 403
    with pytest.raises(PermissionDenied):
        actes.retirer_resultat(absence, motif="Dix caractères.", par=organisme)


def test_l_anct_retire_un_resultat_saisi_a_tort(client, se_connecter):
    de, agent = en_formation(), f.anct()
    lu = dire(de, agent)
    se_connecter(client, agent)
    page = client.post(adresse("retirer_resultat", agent, lu.pk), {"motif": "Erreur de personne."}, follow=True)
    assert "Le résultat est retiré" in page.content.decode()
    assert not ResultatCertification.objects.exists()
    assert Entree.objects.de_l_objet(lu).last().motif == "Erreur de personne."
    with pytest.raises(TransitionImpossible):
        actes.retirer_resultat(lu, motif="Erreur de personne.", par=agent)


def test_le_delai_passe_alerte_une_fois(client, se_connecter):
    de = p.formee()
    a_temps = p.formee()
    conseiller, employeur, agent = f.role_conseiller(de), f.employeur(de), f.anct()
    for certification in ("titre", "pix"):
        dire(a_temps, agent, certification=certification)
    dire(de, agent)
    jobs.alerter_certifications()
    assert not Courriel.objects.filter(code__contains="en_retard").exists()
    with time_machine.travel(timezone.now() + timedelta(days=200)):
        jobs.alerter_certifications()
        jobs.alerter_certifications()
        recus = Courriel.objects.filter(code="formations/certification_en_retard")
        assert sorted(recus.values_list("destinataire", flat=True)) == sorted(
            [conseiller.utilisateur.email, employeur.utilisateur.email]
        )
        assert "CCP1 du titre professionnel" in recus[0].texte
        assert "Pix" not in recus[0].texte
        compte = Courriel.objects.get(code="formations/certifications_en_retard", destinataire=agent.utilisateur.email)
        assert "pour 1 personne." in compte.texte
        se_connecter(client, agent)
        page = client.get(adresse("certifications", agent), {"onglet": "retards"}).content.decode()
        assert de.personne.get_full_name() in page
        assert a_temps.reference not in page
        assert (
            "Le délai pour se présenter a pris fin" in client.get(adresse("inscription", agent, de.pk)).content.decode()
        )
    assert [e.action for e in Entree.objects.de_l_objet(de)].count("alerter_certification") == 1


def test_la_liste_ne_croit_pas(client, se_connecter):
    agent = f.anct()
    se_connecter(client, agent)
    dire(en_formation(), agent, resultat="absent")

    def compter(onglet):
        with CaptureQueriesContext(connection) as lues:
            client.get(adresse("certifications", agent), {"onglet": onglet})
        return len(lues)

    avant = {o: compter(o) for o in ("absences", "retards", "resultats")}
    for _ in range(2):
        dire(en_formation(), agent, resultat="absent")
    assert {o: compter(o) for o in avant} == avant
    organisme = f.role_organisme(f.organisme("Francil’In"))
    page = se_connecter(client, organisme).get(adresse("certifications", organisme), {"onglet": "resultats"})
    assert "Rien ici." in page.content.decode()
