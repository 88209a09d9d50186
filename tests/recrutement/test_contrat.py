"""Du recrutement au contrat : il se saisit à la signature, et sa fin rouvre le poste."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone

from conum.postes.actions import (
    notifier_rupture,
    refuser_contrat,
    saisir_contrat,
    valider_contrat,
)
from conum.postes.models import Contrat, Poste
from conum.postes.states import Etat as EtatContrat
from conum.recrutement.actions import relations
from conum.recrutement.actions.recrutements import ouvrir_recrutements
from conum.recrutement.models import PosteOuvert
from conum.recrutement.states import Etat, EtatCandidat, EtatRecrutement
from tests.comptes.fabriques import UtilisateurFactory
from tests.demandes.fabriques import anct
from tests.recrutement.fabriques import membre, recrutement, relation

pytestmark = pytest.mark.django_db
OFFRE = {"type_contrat": "cdi", "salaire": Decimal("2000")}


def jour(n: int = 0):
    return timezone.localdate() + timedelta(days=n)


@pytest.fixture
def signee():
    """Une offre acceptée, puis le contrat signé, au début d'aujourd'hui."""
    m = relation(etat=Etat.ACCEPTEE, offre_debut=jour(), offre_salaire="2000.00", acceptee_le=timezone.now())
    relations.recruter(m, signe_le=jour(), par=membre(m.recrutement))
    m.refresh_from_db()
    return m


def test_signer_saisit_le_contrat_que_l_anct_validera(signee):
    contrat = Contrat.objects.get()
    assert (contrat.personne, contrat.etat) == (signee.candidat.role.utilisateur, EtatContrat.A_VALIDER)
    assert (contrat.periode.lower, contrat.salaire) == (jour(), Decimal("2000.00"))
    assert contrat.poste == PosteOuvert.objects.get(pourvu_par=signee).rattachement.poste
    assert ouvrir_recrutements() == 0


def test_une_offre_sous_le_smic_ne_part_pas():
    m = relation(etat=Etat.ENTRETIEN)
    avec = OFFRE | {"salaire": Decimal("1200"), "debut": jour(30), "jusqu_au": jour(7)}
    with pytest.raises(ValidationError) as refus:
        relations.offrir(m, par=membre(m.recrutement), **avec)
    assert "salaire" in refus.value.message_dict
    m.refresh_from_db()
    assert m.etat == Etat.ENTRETIEN


def test_un_contrat_refuse_rouvre_le_poste_et_libere_la_personne(signee):
    refuser_contrat(Contrat.objects.get(), motif="La personne est déjà en poste ailleurs.", par=anct())
    assert ouvrir_recrutements() == 1
    signee.recrutement.refresh_from_db()
    signee.candidat.refresh_from_db()
    assert (signee.recrutement.etat, signee.candidat.etat) == (EtatRecrutement.OUVERT, EtatCandidat.DISPONIBLE)
    assert ouvrir_recrutements() == 0


def test_une_rupture_rouvre_le_poste_le_lendemain(signee):
    par = membre(signee.recrutement)
    contrat = valider_contrat(Contrat.objects.get(), par=anct())
    contrat = notifier_rupture(contrat, date_rupture=jour(), motif="demission", par=par)
    assert ouvrir_recrutements() == 0, "la personne est encore là aujourd'hui"
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert ouvrir_recrutements() == 1
    signee.recrutement.refresh_from_db()
    assert signee.recrutement.etat == EtatRecrutement.OUVERT


def test_un_contrat_saisi_ailleurs_retire_le_poste_du_recrutement():
    r = recrutement()
    m = relation(r)
    poste = Poste.objects.get()
    saisir_contrat(
        poste, personne=UtilisateurFactory(), type="cdi", debut=jour(), fin=None, salaire=Decimal("2000"), par=membre(r)
    )
    ouvrir_recrutements()
    r.refresh_from_db()
    m.refresh_from_db()
    assert not PosteOuvert.objects.exists()
    assert (r.etat, m.etat) == (EtatRecrutement.CLOS, Etat.SANS_OBJET)
