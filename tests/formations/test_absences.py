"""Les absences : annoncées, constatées, expliquées ; sans motif, l'alerte, une fois par personne et par jour."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.formations.actions import absences, presence
from conum.formations.models import Emargement
from conum.formations.models.presence import VoieSignature
from conum.journal.workflow import TransitionImpossible
from tests.comptes.fabriques import RoleFactory
from tests.formations import fabriques_base as f
from tests.formations import fabriques_presence as p

pytestmark = pytest.mark.django_db


def url(nom, role, *pks):
    return reverse(f"formations:{nom}", args=[role.pk, *pks])


def texte(reponse):
    return reponse.content.decode()


def test_la_personne_annonce_puis_retire_son_absence(client, se_connecter):
    place, (matin, _) = p.assise(debut=f.jour(3))
    role = f.role_conseiller(place.inscription)
    se_connecter(client, role)
    page = url("dire_absence", role, place.pk, matin.pk)
    assert "Choisissez le motif" in texte(client.post(page, {}))
    assert "Dites en quelques mots" in texte(client.post(page, {"motif": "autre", "precision": ""}))
    assert client.post(page, {"motif": "enfant"}).status_code == 302
    absence = p.ligne(place, matin)
    assert (absence.absent, absence.absence_motif, absence.signe_formateur_le) == (True, "enfant", None)
    lue = texte(client.get(url("demi_journees", role, place.inscription_id)))
    assert "Absence : enfant malade" in lue
    assert "Je serai là" in lue
    assert "déjà enregistrée" in texte(client.post(page, {"motif": "enfant"}))
    client.post(url("retirer_absence", role, absence.pk))
    absence.refresh_from_db()
    assert absence.annule_le is not None
    assert "plus enregistrée" in texte(client.post(url("retirer_absence", role, absence.pk), follow=True))


def test_une_absence_ferme_la_signature_jusqu_a_son_annulation():
    place, (matin, soir) = p.assise()
    personne, agent = f.role_conseiller(place.inscription), f.role_organisme(f.organisme())
    absence = absences.dire_absence(matin, place, motif="", par=agent)
    with pytest.raises(TransitionImpossible, match="l’organisme peut l’annuler"):
        presence.signer(matin, place, voie=VoieSignature.ESPACE, par=personne)
    presence.annuler_emargement(absence, motif="Elle était là.", par=agent)
    presence.signer(matin, place, voie=VoieSignature.ESPACE, par=personne)
    with pytest.raises(TransitionImpossible, match="doit d’abord être annulé"):
        absences.dire_absence(matin, place, motif="maladie", par=agent)
    # Le formateur a constaté : la personne ne retire plus son absence.
    dite = absences.dire_absence(soir, place, motif="maladie", par=personne)
    Emargement.objects.filter(pk=dite.pk).update(signe_formateur_le=timezone.now(), formateur_nom="D. Petit")
    with pytest.raises(TransitionImpossible, match="seul l’organisme"):
        absences.retirer_absence(dite, par=personne)


def test_sans_motif_l_organisme_ne_constate_qu_une_fois_le_moment_venu():
    place, (matin, _) = p.assise(debut=f.jour(3))
    agent = f.role_organisme(f.organisme())
    with pytest.raises(TransitionImpossible, match="quinze minutes"):
        absences.dire_absence(matin, place, motif="", par=agent)
    absences.dire_absence(matin, place, motif="maladie", par=agent)
    with pytest.raises(ValidationError):
        absences.dire_absence(matin, place, motif="vacances", par=agent)
    for par in (f.role_organisme(f.organisme("Francil’In")), f.employeur(place.inscription)):
        with pytest.raises(PermissionDenied):
            absences.dire_absence(matin, place, motif="maladie", par=par)


def test_une_absence_sans_motif_alerte_une_fois_par_personne_et_par_jour(client, se_connecter):
    place, (matin, soir) = p.assise()
    structure = place.inscription.contrat.structure
    employeur, agent = f.employeur(place.inscription), f.anct()
    prefecture = RoleFactory(prefecture=True, departement=structure.commune.departement)
    for seance in (matin, soir):
        absences.dire_absence(seance, place, motif="", par=f.role_organisme(f.organisme()))
    absences.alerter_absences(timezone.localdate())
    alertes = Courriel.objects.filter(code="formations/absence_sans_motif")
    recues = list(alertes.values_list("destinataire", flat=True))
    assert {r.utilisateur.email for r in (employeur, agent, prefecture)} <= set(recues)
    assert len(recues) == len(set(recues))
    absences.alerter_absences(timezone.localdate())
    assert alertes.count() == len(recues)
    assert "de 13:30 à 17:00" in alertes[0].texte
    assert set(absences.sans_motif(prefecture)) == set(Emargement.objects.all())
    ailleurs = RoleFactory(prefecture=True)
    assert not absences.sans_motif(ailleurs) or ailleurs.departement == prefecture.departement
    # L'employeur explique ; plus rien n'est sans motif.
    se_connecter(client, employeur)
    for absence in Emargement.objects.all():
        page = url("motiver_absence", employeur, absence.pk)
        assert client.post(page, {"motif": "employeur"}).status_code == 302
    assert not absences.sans_motif(agent)
    assert "déjà un motif" in texte(client.post(page, {"motif": "maladie"}))
    se_connecter(client, prefecture)
    assert "Toutes les absences ont un motif" in texte(client.get(url("absences_sans_motif", prefecture)))
    assert client.get(url("motiver_absence", prefecture, absence.pk)).status_code == 403


def test_un_motif_donne_dans_la_journee_n_alerte_personne():
    place, (matin, _) = p.assise()
    absence = absences.dire_absence(matin, place, motif="", par=f.anct())
    absences.motiver_absence(absence, motif="maladie", par=f.role_conseiller(place.inscription))
    autre = f.role_conseiller(f.inscription())
    with pytest.raises(PermissionDenied):
        absences.motiver_absence(absence, motif="maladie", par=autre)
    absences.alerter_absences(timezone.localdate())
    assert not Courriel.objects.filter(code="formations/absence_sans_motif").exists()


def test_les_emargements_s_effacent_cinq_ans_apres_la_session():
    place, (matin, _) = p.assise()
    f.emarger(matin, place)
    instant = timezone.now()
    assert presence.effacer_emargements(instant - timedelta(days=1)) == 0
    assert presence.effacer_emargements(instant + timedelta(days=1)) == 1
    assert not Emargement.objects.exists()
