"""Renouveler une convention qui finit, ou dire qu'on ne le souhaite pas."""

from datetime import date

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError

from conum.comptes.rules import ajouter_mois
from conum.conventions import actions
from conum.conventions.actions import renouvellement as actes
from conum.conventions.models import Convention
from conum.conventions.rules import renouvellement as regles
from conum.conventions.states import Etat
from conum.courriels.models import Courriel
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes import actions as actes_des_postes
from conum.postes.models import Contrat
from conum.postes.models.poste import UN_JOUR
from tests.conventions import fabriques as f
from tests.postes import fabriques as p
from tests.structures.fabriques import StructureFactory

pytestmark = pytest.mark.django_db


def finissante(**champs):
    """Douze mois, dont il reste deux."""
    return f.active(debut=-300, mois=12, **champs)


def renouveler(convention, **champs):
    debut = champs.pop("debut", convention.fin + UN_JOUR)
    valeurs = {
        "postes": [x.poste for x in convention.postes.all()],
        "debut": debut,
        "fin": ajouter_mois(debut, 36) - UN_JOUR,
        "par": p.anct(),
    } | champs
    return actes.renouveler_convention(convention, **valeurs)


def test_renouveler_prepare_la_suite_sous_la_regle_de_renouvellement():
    convention = finissante()
    suite = renouveler(convention)
    assert (suite.phase, suite.precedente, suite.etat) == ("v2", convention, Etat.BROUILLON)
    acte = suite.actes.get()
    assert acte.regle_code == "v2-2023-01"
    assert acte.total == 42_500
    assert "mai 2025" in acte.donnees["calcul"][0]["reserves"][0]
    assert Entree.objects.de_l_objet(convention).get(action="renouveler_convention").donnees == {
        "suite": suite.reference
    }
    with pytest.raises(TransitionImpossible, match=f"déjà renouvelée par {suite.reference}"):
        renouveler(convention)


def test_ni_trop_tot_ni_trop_tard_ni_37_mois_ni_par_la_structure():
    convention = finissante()
    debut = convention.fin + UN_JOUR
    with pytest.raises(PermissionDenied):
        renouveler(convention, par=p.membre_de(convention.structure))
    with pytest.raises(ValidationError, match="après la fin de la précédente"):
        renouveler(convention, debut=convention.fin)
    with pytest.raises(ValidationError, match="au plus 36 mois"):
        renouveler(convention, fin=ajouter_mois(debut, 37) - UN_JOUR)
    with pytest.raises(ValidationError, match="six mois avant le terme"):
        renouveler(f.active())
    resiliee = finissante()
    Convention.objects.filter(pk=resiliee.pk).update(
        etat=Etat.RESILIEE, resiliee_le=p.jour(-1), resiliation_motif="cessation"
    )
    with pytest.raises(TransitionImpossible, match="ne se renouvelle pas"):
        renouveler(resiliee)


def test_trois_mois_au_plus_apres_le_dernier_contrat():
    convention = finissante()
    contrat = Contrat.objects.get(poste=convention.postes.get().poste)
    p.rompre(contrat, date_rupture=p.jour(-60))
    with pytest.raises(ValidationError, match="plus de trois mois"):
        renouveler(convention)
    with time_machine.travel(convention.fin - UN_JOUR):
        # Un remplaçant le premier jour : rien ne presse plus.
        p.en_poste(contrat.poste, debut=convention.fin + UN_JOUR, type="cdi")
        assert renouveler(convention).precedente == convention


def test_les_trois_mois_et_les_six_se_comptent_au_calendrier():
    assert regles.ouverture(date(2027, 8, 30)) == date(2027, 2, 28)
    poste = regles.PosteARenouveler("P-1", ((date(2026, 1, 1), date(2027, 1, 1)),))
    champs = {"fin_precedente": date(2027, 1, 31), "postes": [poste], "aujourdhui": date(2027, 1, 15)}
    assert regles.verifier(debut=date(2027, 4, 1), **champs) == {}
    assert "01/04/2027" in regles.verifier(debut=date(2027, 4, 2), **champs)["debut"]
    jamais = regles.PosteARenouveler("P-2", ())
    assert regles.verifier(debut=date(2027, 9, 1), **champs | {"postes": [jamais]}) == {}


def test_une_suite_annulee_rend_sa_place():
    convention = finissante()
    annulee = renouveler(convention)
    actions.annuler_convention(annulee, motif="Mauvais financeur.", par=p.anct())
    suite = renouveler(convention)
    annulee.refresh_from_db()
    assert (annulee.precedente, suite.precedente) == (None, convention)


def test_la_structure_decline_puis_change_d_avis():
    convention = finissante()
    membre, agent = p.membre_de(convention.structure), p.anct()
    with pytest.raises(ValidationError, match="motif de la liste"):
        actes.decliner_renouvellement(convention, motif="humeur", par=membre)
    with pytest.raises(PermissionDenied):
        actes.decliner_renouvellement(convention, motif="finances", par=p.membre_de(StructureFactory()))
    actes.decliner_renouvellement(convention, motif="finances", par=membre)
    convention.refresh_from_db()
    assert (convention.non_renouvellement_motif, convention.non_renouvellement_le) == ("finances", p.jour())
    ecrits = Courriel.objects.filter(code="conventions/renouvellement_decline")
    assert ecrits.filter(destinataire=agent.utilisateur.email).count() == 1
    actes.rouvrir_renouvellement(convention, par=membre)
    convention.refresh_from_db()
    assert convention.non_renouvellement_le is None
    with pytest.raises(TransitionImpossible, match="pas été décliné"):
        actes.rouvrir_renouvellement(convention, par=membre)
    renouveler(convention)
    with pytest.raises(TransitionImpossible, match="déjà renouvelée"):
        actes.decliner_renouvellement(convention, motif="besoin", par=membre)


def test_la_liste_dit_lesquelles_et_ce_que_la_structure_repond(client, se_connecter, django_assert_max_num_queries):
    attendue, declinee, loin, suivie, partie = finissante(), finissante(), f.active(), finissante(), finissante()
    actes.decliner_renouvellement(declinee, motif="recrutement", par=p.membre_de(declinee.structure))
    renouveler(suivie)
    poste = partie.postes.get().poste
    p.rompre(Contrat.objects.get(poste=poste), date_rupture=p.jour(-5))
    actes_des_postes.retirer_poste(poste, le=p.jour(-2), motif="La structure cesse son activité.", par=p.anct())
    agent = p.anct()
    se_connecter(client, agent)
    adresse = f"/espace/{agent.pk}/conventions/a-renouveler/"
    with django_assert_max_num_queries(20):
        page = client.get(adresse).content.decode()
    assert attendue.reference in page
    assert declinee.reference in page
    assert not [c for c in (loin, suivie, partie) if c.reference in page]
    assert "difficultés à recruter" in page
    seule = client.get(f"{adresse}?reponse=declinee").content.decode()
    assert (declinee.reference in seule, attendue.reference in seule) == (True, False)
    assert client.get(f"{adresse}?format=csv").status_code == 200


def test_la_page_de_la_structure_porte_la_reponse(client, se_connecter):
    convention = finissante()
    membre = p.membre_de(convention.structure)
    se_connecter(client, membre)
    fiche = f"/espace/{membre.pk}/conventions/{convention.pk}/"
    assert "Ne pas renouveler" in client.get(fiche).content.decode()
    adresse = f"{fiche}ne-pas-renouveler/"
    assert "Choisissez un motif" in client.post(adresse, {"motif": ""}).content.decode()
    assert client.post(adresse, {"motif": "visibilite"}).status_code == 302
    page = client.get(fiche).content.decode()
    assert "manque de visibilité" in page
    assert client.post(f"{adresse}retirer/").status_code == 302
    assert "Ne pas renouveler" in client.get(fiche).content.decode()
    assert client.get(f"{fiche}renouveler/").status_code == 403


def test_l_agent_prepare_le_renouvellement(client, se_connecter):
    convention = finissante()
    agent = p.anct()
    se_connecter(client, agent)
    adresse = f"/espace/{agent.pk}/conventions/{convention.pk}/renouveler/"
    page = client.get(adresse).content.decode()
    assert "Depuis mai 2025" in page
    debut = convention.fin + UN_JOUR
    saisi = {
        "postes": [convention.postes.get().poste_id],
        "debut": debut.isoformat(),
        "fin": (ajouter_mois(debut, 37) - UN_JOUR).isoformat(),
        "financeur": "",
    }
    assert "au plus 36 mois" in client.post(adresse, saisi).content.decode()
    suite = client.post(adresse, saisi | {"fin": (ajouter_mois(debut, 36) - UN_JOUR).isoformat()})
    assert suite.status_code == 302
    assert Convention.objects.get(precedente=convention).financeur == "DGE"
    assert "déjà renouvelée" in client.post(adresse, saisi).content.decode()
    assert (
        "six mois avant le terme"
        in client.get(f"/espace/{agent.pk}/conventions/{f.active().pk}/renouveler/").content.decode()
    )
