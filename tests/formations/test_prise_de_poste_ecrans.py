"""La prise de poste en base : refusée la minute d'avant, permise la minute d'après, enregistrée une fois."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.formations.actions import presence
from conum.formations.actions import prise_de_poste as actes
from conum.formations.models import Attestation, Emargement, PriseDePoste
from conum.formations.states import Etat
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from tests.aides import ensemble
from tests.comptes.fabriques import RoleFactory
from tests.formations import fabriques_base as f
from tests.formations import fabriques_parcours as p

pytestmark = pytest.mark.django_db
SANS_ATTESTATION = "L’attestation de fin de formation n’est pas délivrée."


def adresse(nom, role, *arguments) -> str:
    return reverse(f"formations:{nom}", args=[role.pk, *arguments])


def poster(client, role, contrat, le=None, **options):
    return client.post(adresse("prise_de_poste", role, contrat.pk), {"le": (le or f.jour()).isoformat()}, **options)


# --- Le verdict, des faits en base ---


def test_refusee_la_minute_d_avant_permise_la_minute_d_apres(client, se_connecter):
    de = p.formee()
    Attestation.objects.update(annulee_le=f.timezone.now(), annulee_motif="Erreur de personne.")
    employeur = f.employeur(de)
    f.role_conseiller(de)
    se_connecter(client, employeur)
    page = client.get(adresse("prise_de_poste", employeur, de.contrat_id)).content.decode()
    assert "La prise de poste n’est pas permise." in page
    assert SANS_ATTESTATION in page
    assert "Source : Présentation du programme" in page
    assert "id_le" not in page, "rien à saisir tant que rien n'est permis"
    page = poster(client, employeur, de.contrat).content.decode()
    assert page.count(SANS_ATTESTATION) >= 2, "près du champ, et dans ce qui empêche"
    assert not PriseDePoste.objects.exists()

    p.attester(de)
    page = client.get(adresse("prise_de_poste", employeur, de.contrat_id)).content.decode()
    assert "La prise de poste est permise." in page
    page = poster(client, employeur, de.contrat, follow=True).content.decode()
    assert "est enregistrée" in page
    prise = PriseDePoste.objects.get()
    assert (prise.le, prise.par, prise.contrat) == (f.jour(), employeur, de.contrat)
    assert prise.verdict["autorise"] is True
    assert "Source :" in prise.verdict["regle"]
    assert [e.action for e in Entree.objects.de_l_objet(prise)] == ["enregistrer_prise_de_poste"]
    (courriel,) = Courriel.objects.filter(code="formations/prise_de_poste_enregistree")
    assert courriel.destinataire == de.personne.email
    assert f"/formations/inscriptions/{de.pk}/" in courriel.texte


@pytest.mark.parametrize(
    ("cas", "phrase"),
    [
        ("rien", "inscrite à aucune session"),
        ("attente", "inscrite à aucune session"),
        ("a_venir", "La formation n’a pas commencé"),
        ("commencee", "Il manque 175 h de cours signées, sur les 175 h du parcours."),
        ("depot", "inscrite à aucune session"),
    ],
)
def test_ce_qui_empeche_se_dit(cas, phrase):
    de = f.inscription(etat=Etat.POSITIONNEE)
    if cas == "attente":
        f.place(f.session(debut=f.jour(-5)), de, etat="en_attente", siege=None, convoquee_le=None)
    elif cas == "a_venir":
        f.place(f.session(debut=f.jour(5)), de)
    elif cas == "commencee":
        f.place(f.session(debut=f.jour(-1)), de)
    elif cas == "depot":
        p.dispense(de, etat="deposee")
    rendu = actes.verdict(de)
    assert not rendu.autorise
    assert any(phrase in r for r in rendu.raisons), rendu.raisons


def test_une_dispense_acceptee_suffit_meme_son_certificat_efface():
    de = f.inscription(etat=Etat.DISPENSEE)
    preuve = p.dispense(de)
    assert actes.verdict(de).autorise
    preuve.preuve, preuve.efface_le = "", f.timezone.now()
    preuve.save()
    assert actes.verdict(de).autorise


def test_formee_pour_un_contrat_passe_elle_prend_son_poste_suivant():
    ancien = p.contrat_ancien(f.jour(-500), f.jour(-100))
    de = p.formee(contrat=ancien, debut=f.jour(-480))
    nouveau = f.contrat(debut=f.jour(-3), personne=ancien.personne)
    assert not hasattr(nouveau, "inscription_formation")
    assert actes.verdict(nouveau).autorise
    employeur = f.membre_de(nouveau.structure)
    assert actes.enregistrer_prise_de_poste(nouveau, le=f.jour(), par=employeur).contrat == nouveau
    assert actes.verdict(de.contrat).raisons, "le contrat passé a pris fin"


def test_en_alternance_la_formation_commencee_suffit():
    contrat = p.contrat_ancien(date(2022, 3, 1), date(2027, 2, 28))
    de = f.inscription(etat=Etat.INSCRITE, contrat=contrat, parcours="2021-105")
    f.place(f.session(debut=f.jour(1), marche_code="2021", parcours="2021-105"), de)
    assert not actes.verdict(de).autorise
    f.place(f.session(debut=f.jour(-1), marche_code="2021", parcours="2021-105"), de)
    assert actes.verdict(de).autorise


def test_une_session_quittee_apres_une_signature_a_bien_commence():
    contrat = p.contrat_ancien(date(2022, 3, 1), date(2027, 2, 28))
    de = f.inscription(etat=Etat.EN_FORMATION, contrat=contrat, parcours="2021-105")
    ancienne = f.session(debut=f.jour(-10))
    quittee = f.place(ancienne, de)
    f.emarger(ancienne.seances.order_by("pk").first(), quittee)
    quittee.etat, quittee.siege, quittee.motif = "deplacee", None, "Autre session plus proche."
    quittee.save()
    f.place(f.session(debut=f.jour(20)), de)
    assert actes.verdict(de).autorise


def test_un_contrat_non_valide_ne_permet_rien():
    from tests.postes import fabriques as postes

    _, (poste,) = postes.structure_avec(1)
    contrat = postes.saisir(poste, debut=f.jour(-5))
    rendu = actes.verdict(contrat)
    assert not rendu.autorise
    assert "n’est pas validé" in rendu.raisons[0]


def test_le_nombre_de_questions_ne_croit_pas():
    premiers = [p.formee(), f.inscription(etat=Etat.POSITIONNEE)]
    p.dispense(f.inscription(etat=Etat.DISPENSEE))

    def compter(inscriptions):
        contrats = [i.contrat for i in inscriptions]
        with CaptureQueriesContext(connection) as lus:
            actes.verdicts(contrats)
        return len(lus)

    avant = compter(premiers)
    assert compter([*premiers, f.inscription(etat=Etat.POSITIONNEE), f.inscription()]) == avant <= 8


# --- Enregistrer ---


def test_jamais_a_venir_ni_avant_le_contrat(client, se_connecter):
    de = p.formee()
    agent = f.anct()
    se_connecter(client, agent)
    assert "choisissez une date passée" in poster(client, agent, de.contrat, f.jour(1)).content.decode()
    page = poster(client, agent, de.contrat, f.jour(-130)).content.decode()
    assert "on ne prend pas son poste avant" in page
    page = client.post(adresse("prise_de_poste", agent, de.contrat_id), {"le": "32/13/2026"}).content.decode()
    assert "Cette date n’existe pas." in page
    with pytest.raises(ValidationError, match="datée du"):
        actes.enregistrer_prise_de_poste(de.contrat, le=f.jour(-2), par=agent)
    assert not PriseDePoste.objects.exists()


def test_un_second_envoi_se_dit(client, se_connecter):
    de = p.formee()
    agent = f.anct()
    se_connecter(client, agent)
    poster(client, agent, de.contrat)
    assert "déjà enregistrée" in poster(client, agent, de.contrat, follow=True).content.decode()
    assert PriseDePoste.objects.count() == 1


def test_personne_d_autre_n_enregistre(client, se_connecter):
    de = p.formee()
    ailleurs = f.employeur(f.inscription())
    attendus = {
        ailleurs: 404,
        f.role_organisme(f.organisme()): 403,
        f.role_conseiller(de): 403,
        RoleFactory(prefecture=True): 404,
    }
    for role, code in attendus.items():
        se_connecter(client, role)
        assert poster(client, role, de.contrat).status_code == code
        with pytest.raises(PermissionDenied):
            actes.enregistrer_prise_de_poste(de.contrat, le=f.jour(), par=role)
    se_connecter(client, ailleurs)
    assert client.get(adresse("prise_de_poste", ailleurs, de.contrat_id)).status_code == 404


def test_l_anct_annule_et_une_autre_prend_sa_place(client, se_connecter):
    de = p.formee()
    employeur, agent = f.employeur(de), f.anct()
    prise = actes.enregistrer_prise_de_poste(de.contrat, le=f.jour(), par=employeur)
    se_connecter(client, employeur)
    assert client.get(adresse("annuler_prise_de_poste", employeur, prise.pk)).status_code == 403
    with pytest.raises(PermissionDenied):
        actes.annuler_prise_de_poste(prise, motif="Ce n’est pas elle.", par=employeur)
    se_connecter(client, agent)
    annuler = adresse("annuler_prise_de_poste", agent, prise.pk)
    assert annuler in client.get(adresse("prise_de_poste", agent, de.contrat_id)).content.decode()
    assert "au moins 10 caractères" in client.post(annuler, {"motif": "non"}).content.decode()
    page = client.post(annuler, {"motif": "La date saisie est fausse."}, follow=True).content.decode()
    assert "La date saisie est fausse." in page
    assert "La prise de poste est permise." in page
    assert "La date saisie est fausse." in Courriel.objects.get(code="formations/prise_de_poste_annulee").texte
    assert "déjà annulée" in client.post(annuler, {"motif": "La date saisie est fausse."}).content.decode()
    assert actes.enregistrer_prise_de_poste(de.contrat, le=f.jour(), par=employeur).pk != prise.pk


@pytest.mark.django_db(transaction=True)
def test_deux_onglets_une_seule_prise():
    de = p.formee()
    employeur, agent = f.employeur(de), f.anct()
    issues = ensemble(
        lambda: actes.enregistrer_prise_de_poste(de.contrat, le=f.jour(), par=employeur),
        lambda: actes.enregistrer_prise_de_poste(de.contrat, le=f.jour(), par=agent),
    )
    assert {type(i) for i in issues} == {PriseDePoste, TransitionImpossible}
    assert PriseDePoste.objects.count() == 1


# --- Les pages ---


def test_la_liste_dit_qui_attend_et_pourquoi(client, se_connecter):
    formee, attend = p.formee(), f.inscription(etat=Etat.POSITIONNEE)
    pris = p.formee()
    agent = f.anct()
    actes.enregistrer_prise_de_poste(pris.contrat, le=f.jour(), par=agent)
    se_connecter(client, agent)
    page = client.get(adresse("prises_de_poste", agent)).content.decode()
    assert adresse("prise_de_poste", agent, formee.contrat_id) in page
    assert adresse("prise_de_poste", agent, pris.contrat_id) not in page
    assert "Permise" in page
    assert "inscrite à aucune session" in page
    page = client.get(adresse("prises_de_poste", agent), {"onglet": "prises"}).content.decode()
    assert adresse("prise_de_poste", agent, pris.contrat_id) in page
    with CaptureQueriesContext(connection) as peu:
        client.get(adresse("prises_de_poste", agent))
    for _ in range(3):
        f.inscription(etat=Etat.POSITIONNEE)
    with CaptureQueriesContext(connection) as plus:
        fichier = client.get(adresse("prises_de_poste", agent))
    assert len(plus) == len(peu)
    fichier = client.get(adresse("prises_de_poste", agent), {"format": "csv"})
    assert "inscrite à aucune session" in b"".join(fichier.streaming_content).decode()
    trouvee = client.get(adresse("prises_de_poste", agent), {"recherche": attend.contrat.reference}).content.decode()
    assert adresse("prise_de_poste", agent, attend.contrat_id) in trouvee
    assert adresse("prise_de_poste", agent, formee.contrat_id) not in trouvee

    employeur = f.employeur(attend)
    se_connecter(client, employeur)
    page = client.get(adresse("prises_de_poste", employeur)).content.decode()
    assert adresse("prise_de_poste", employeur, attend.contrat_id) in page
    assert adresse("prise_de_poste", employeur, formee.contrat_id) not in page
    organisme = f.role_organisme(f.organisme())
    assert se_connecter(client, organisme).get(adresse("prises_de_poste", organisme)).status_code == 403


def test_la_page_de_l_inscription_le_dit_a_chacun(client, se_connecter):
    de = f.inscription(etat=Etat.POSITIONNEE)
    conseiller, employeur, organisme = f.role_conseiller(de), f.employeur(de), f.role_organisme(f.organisme())
    lien = adresse("prise_de_poste", employeur, de.contrat_id)
    for role, phrase in (
        (conseiller, "Vous ne pouvez pas encore prendre votre poste."),
        (employeur, "La prise de poste n’est pas permise."),
        (organisme, "La prise de poste n’est pas permise."),
    ):
        se_connecter(client, role)
        page = client.get(adresse("inscription", role, de.pk)).content.decode()
        assert phrase in page
        assert "inscrite à aucune session" in page
        assert (lien in page) == (role == employeur)


def test_l_attestation_prouve_encore_les_heures_une_fois_les_emargements_effaces():
    de = p.formee()
    assert actes.verdict(de).autorise
    presence.effacer_emargements(timezone.now() + timedelta(days=1))
    assert not Emargement.objects.exists()
    assert actes.verdict(de).autorise
    de.attestations.update(annulee_le=timezone.now(), annulee_motif="Erreur.")
    assert not actes.verdict(de).autorise
