"""Les recrutements suivent les rattachements ; une structure corrige, suspend, reprend et sépare les siens."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.demandes.actions import comite
from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes.models import Poste, Rattachement, TypePoste
from conum.recrutement.actions import recrutements as actions
from conum.recrutement.models import PosteOuvert, Recrutement
from conum.recrutement.states import Etat, EtatRecrutement
from conum.structures.actions.fusion import fusionner
from tests.demandes import fabriques as demandes
from tests.recrutement.fabriques import CandidatFactory, commune, membre, pourvoir, recrutement, relation
from tests.structures.fabriques import MembreFactory, StructureFactory

pytestmark = pytest.mark.django_db


def _rattacher(structure, *, depuis=None, jusqu_a=None, type_poste=TypePoste.CONSEILLER):
    debut = depuis or timezone.localdate() - timedelta(days=10)
    return Rattachement.objects.create(
        poste=Poste.objects.create(type=type_poste), structure=structure, periode=(debut, jusqu_a)
    )


def _finir(poste_ouvert):
    rattachement = poste_ouvert.rattachement
    rattachement.periode = (rattachement.periode.lower, timezone.localdate())
    rattachement.save()


def _actions(objet):
    return list(Entree.objects.de_l_objet(objet).values_list("action", flat=True))


# --- Ouvrir -----------------------------------------------------------------------------------------------------------


def test_une_attribution_ouvre_un_recrutement_au_lieu_et_a_la_date_demandes():
    lieu = commune("51230")
    demande = demandes.en_instruction(demandes.un_depot(lieu))
    demandes.enveloppes(demande.departement)
    comite.attribuer(demande, postes=2, par=demandes.anct(), justification="Urgence locale reconnue.")
    assert actions.ouvrir_recrutements() == 2
    ouvert = Recrutement.objects.get()
    assert (ouvert.structure, ouvert.commune, ouvert.etat) == (demande.structure, lieu, EtatRecrutement.OUVERT)
    assert (ouvert.latitude, ouvert.longitude) == (lieu.latitude, lieu.longitude)
    assert ouvert.debut == demande.debut_souhaite
    assert ouvert.attribue_le == timezone.localdate()
    assert ouvert.premier
    assert ouvert.postes.count() == 2
    assert _actions(ouvert) == ["ouvrir_postes"]


def test_un_avenant_n_est_pas_une_premiere_attribution():
    demande = demandes.en_instruction(demandes.un_depot(commune()))
    demandes.enveloppes(demande.departement)
    agent = demandes.anct()
    comite.attribuer(demande, postes=1, par=agent, justification="Urgence locale reconnue.")
    actions.ouvrir_recrutements()
    premier = Recrutement.objects.get()
    Recrutement.objects.filter(pk=premier.pk).update(etat=EtatRecrutement.POURVU, clos_le=timezone.now())
    pourvoir(PosteOuvert.objects.get(), relation(premier, etat=Etat.RECRUTEE, close_le=timezone.now(), echeance=None))
    avenant = demandes.ajout(demande.structure)
    from conum.demandes.actions import instruction

    instruction.donner_avis(
        avenant, sens="favorable", motif="Besoin confirmé.", par=demandes.prefecture_de(avenant.departement)
    )
    comite.attribuer(avenant, postes=1, par=agent, justification="Urgence locale reconnue.")
    assert actions.ouvrir_recrutements() == 1
    premier.refresh_from_db()
    assert (premier.etat, premier.premier, premier.clos_le) == (EtatRecrutement.OUVERT, False, None)
    assert Recrutement.objects.count() == 1
    assert premier.postes.count() == 2
    assert "rouvrir_recrutement" in _actions(premier)


def test_sans_demande_la_commune_est_celle_de_la_structure_et_le_debut_celui_du_rattachement():
    structure = StructureFactory(commune=commune())
    debut = timezone.localdate() - timedelta(days=3)
    _rattacher(structure, depuis=debut)
    actions.ouvrir_recrutements()
    ouvert = Recrutement.objects.get()
    assert (ouvert.commune_id, ouvert.debut) == ("51454", debut)


def test_rejouee_ne_change_rien():
    structure = StructureFactory(commune=commune())
    _rattacher(structure)
    _rattacher(structure, type_poste=TypePoste.COORDINATEUR)
    assert actions.ouvrir_recrutements() == 2
    assert Recrutement.objects.count() == 2
    avant = Entree.objects.count()
    assert actions.ouvrir_recrutements() == 0
    assert Entree.objects.count() == avant


def test_un_nouveau_poste_rejoint_le_recrutement_vivant():
    ouvert = recrutement()
    _rattacher(ouvert.structure)
    assert actions.ouvrir_recrutements() == 1
    assert ouvert.postes.count() == 2


def test_un_rattachement_fini_ou_a_venir_n_ouvre_rien():
    structure, jour = StructureFactory(commune=commune()), timezone.localdate()
    _rattacher(structure, depuis=jour - timedelta(days=20), jusqu_a=jour)
    _rattacher(structure, depuis=jour + timedelta(days=1))
    assert actions.ouvrir_recrutements() == 0


def test_le_poste_rendu_quitte_le_recrutement_qui_se_clot_et_previent_les_candidats():
    ouvert = recrutement()
    proposee = relation(ouvert)
    _finir(ouvert.postes.get())
    actions.ouvrir_recrutements()
    ouvert.refresh_from_db()
    proposee.refresh_from_db()
    assert (ouvert.etat, ouvert.postes.count()) == (EtatRecrutement.CLOS, 0)
    assert ouvert.clos_le is not None
    assert (proposee.etat, proposee.motif_fin) == (Etat.SANS_OBJET, "recrutement_clos")
    assert Courriel.objects.filter(destinataire=proposee.candidat.email).count() == 1
    assert actions.ouvrir_recrutements() == 0


def test_un_poste_rendu_sur_deux_laisse_le_recrutement_ouvert():
    ouvert = recrutement(postes=2)
    proposee = relation(ouvert)
    _finir(ouvert.postes.order_by("pk").first())
    actions.ouvrir_recrutements()
    ouvert.refresh_from_db()
    proposee.refresh_from_db()
    assert (ouvert.etat, ouvert.postes.count(), proposee.etat) == (EtatRecrutement.OUVERT, 1, Etat.PROPOSEE)


def test_le_dernier_poste_vacant_rendu_laisse_un_recrutement_pourvu():
    ouvert = recrutement(postes=2)
    occupe, vacant = ouvert.postes.order_by("pk")
    pourvoir(occupe, relation(ouvert, etat=Etat.RECRUTEE, close_le=timezone.now(), echeance=None))
    attend = relation(ouvert)
    _finir(vacant)
    actions.ouvrir_recrutements()
    ouvert.refresh_from_db()
    attend.refresh_from_db()
    assert (ouvert.etat, attend.motif_fin) == (EtatRecrutement.POURVU, "poste_pourvu")


def test_seul_le_systeme_ou_l_anct_ouvre():
    with pytest.raises(PermissionDenied):
        actions.ouvrir_recrutements(par=membre(recrutement()))
    assert actions.ouvrir_recrutements(par=demandes.anct()) == 0


def test_le_nombre_de_requetes_ne_suit_pas_le_nombre_de_structures():
    lieu = commune()

    def requetes(nombre):
        for _ in range(nombre):
            _rattacher(StructureFactory(commune=lieu))
        with CaptureQueriesContext(connection) as capture:
            assert actions.ouvrir_recrutements() == nombre
        return len(capture)

    assert requetes(2) == requetes(30)


# --- La fiche ---------------------------------------------------------------------------------------------------------


def test_corriger_la_fiche_deplace_le_recrutement_et_le_journal_dit_quoi():
    ouvert = recrutement()
    debut = timezone.localdate() + timedelta(days=60)
    corrige = actions.modifier_fiche(
        ouvert, debut=debut, niveau=2, precisions="  Permis utile. ", commune=commune("51230"), par=membre(ouvert)
    )
    assert (corrige.debut, corrige.niveau, corrige.precisions) == (debut, 2, "Permis utile.")
    assert corrige.latitude == commune("51230").latitude
    entree = Entree.objects.de_l_objet(ouvert).get(action="modifier_fiche")
    assert entree.donnees["commune"] == ["51454", "51230"]


def test_corriger_sans_rien_changer_n_ecrit_rien():
    ouvert = recrutement()
    actions.modifier_fiche(
        ouvert, debut=ouvert.debut, niveau=0, precisions="", commune=ouvert.commune, par=membre(ouvert)
    )
    assert _actions(ouvert) == []


@pytest.mark.parametrize(
    ("champs", "champ"),
    [({"debut": timezone.localdate() - timedelta(days=1)}, "debut"), ({"precisions": "a" * 1001}, "precisions"),
     ({"niveau": 7}, "niveau")],
)  # fmt: skip
def test_une_fiche_fausse_est_refusee_avec_une_phrase(champs, champ):
    ouvert = recrutement()
    voulu = {"debut": ouvert.debut, "niveau": 0, "precisions": "", "commune": ouvert.commune, **champs}
    with pytest.raises(ValidationError) as refus:
        actions.modifier_fiche(ouvert, **voulu, par=membre(ouvert))
    assert champ in refus.value.message_dict


def test_deux_recrutements_vivants_ne_tiennent_pas_dans_la_meme_commune():
    ouvert = recrutement()
    autre = recrutement(structure=ouvert.structure, code="51230")
    with pytest.raises(ValidationError, match="déjà ouvert"):
        actions.modifier_fiche(
            autre, debut=autre.debut, niveau=0, precisions="", commune=ouvert.commune, par=membre(ouvert)
        )


def test_la_fiche_d_un_autre_ou_d_un_recrutement_clos_ne_se_corrige_pas():
    ouvert = recrutement()
    voulu = {"debut": ouvert.debut, "niveau": 1, "precisions": "", "commune": ouvert.commune}
    with pytest.raises(PermissionDenied):
        actions.modifier_fiche(ouvert, **voulu, par=membre(recrutement()))
    Recrutement.objects.filter(pk=ouvert.pk).update(etat=EtatRecrutement.CLOS, clos_le=timezone.now())
    with pytest.raises(TransitionImpossible, match="Clos"):
        actions.modifier_fiche(ouvert, **voulu, par=membre(ouvert))


# --- Suspendre, reprendre ---------------------------------------------------------------------------------------------


def test_suspendre_clot_ce_qui_n_a_pas_mene_a_un_entretien():
    ouvert = recrutement()
    attend, avance = relation(ouvert), relation(ouvert, etat=Etat.ENTRETIEN)
    suspendu = actions.suspendre(ouvert, motif="Notre élue référente a démissionné.", par=membre(ouvert))
    attend.refresh_from_db()
    avance.refresh_from_db()
    assert (suspendu.etat, suspendu.motif_suspension) == (
        EtatRecrutement.SUSPENDU,
        "Notre élue référente a démissionné.",
    )
    assert (attend.etat, attend.motif_fin, avance.etat) == (Etat.SANS_OBJET, "recrutement_suspendu", Etat.ENTRETIEN)


def test_suspendre_demande_un_motif_et_le_droit():
    ouvert = recrutement()
    with pytest.raises(ValidationError):
        actions.suspendre(ouvert, motif="non", par=membre(ouvert))
    with pytest.raises(PermissionDenied):
        actions.suspendre(ouvert, motif="Un motif bien assez long.", par=CandidatFactory().role)
    ouvert.refresh_from_db()
    assert ouvert.etat == EtatRecrutement.OUVERT


def test_reprendre_rend_le_recrutement_ouvert_sauf_sans_poste():
    ouvert = recrutement()
    role = membre(ouvert)
    actions.suspendre(ouvert, motif="Travaux dans les locaux.", par=role)
    assert actions.reprendre(ouvert, par=role).etat == EtatRecrutement.OUVERT
    with pytest.raises(TransitionImpossible):
        actions.reprendre(ouvert, par=role)
    actions.suspendre(ouvert, motif="Travaux dans les locaux.", par=role)
    _finir(ouvert.postes.get())
    with pytest.raises(TransitionImpossible, match="aucun poste"):
        actions.reprendre(ouvert, par=role)


# --- Séparer ----------------------------------------------------------------------------------------------------------


def test_separer_ouvre_un_recrutement_ailleurs_avec_ses_postes():
    ouvert = recrutement(postes=3)
    debut = timezone.localdate() + timedelta(days=10)
    autre = actions.separer(ouvert, nombre=2, commune=commune("51230"), debut=debut, par=membre(ouvert))
    assert (autre.postes.count(), ouvert.postes.count()) == (2, 1)
    assert (autre.commune_id, autre.debut, autre.attribue_le) == ("51230", debut, ouvert.attribue_le)
    assert _actions(ouvert) == _actions(autre) == ["separer_recrutement"]
    assert actions.ouvrir_recrutements() == 0


def test_separer_rejoint_le_recrutement_deja_ouvert_la():
    ouvert = recrutement(postes=2)
    la = recrutement(structure=ouvert.structure, code="51230")
    debut = timezone.localdate()
    assert actions.separer(ouvert, nombre=1, commune=la.commune, debut=debut, par=membre(ouvert)) == la
    assert la.postes.count() == 2


@pytest.mark.parametrize(("postes", "offres", "nombre"), [(1, 0, 1), (2, 0, 2), (2, 0, 0), (3, 2, 2)])
def test_separer_garde_de_quoi_tenir_les_offres(postes, offres, nombre):
    ouvert = recrutement(postes=postes)
    for _ in range(offres):
        relation(ouvert, etat=Etat.OFFRE)
    with pytest.raises(ValidationError) as refus:
        actions.separer(ouvert, nombre=nombre, commune=commune("51230"), debut=timezone.localdate(), par=membre(ouvert))
    assert "nombre" in refus.value.message_dict
    assert ouvert.postes.count() == postes


def test_separer_refuse_la_meme_commune_une_date_passee_et_un_autre_membre():
    ouvert = recrutement(postes=2)
    hier = timezone.localdate() - timedelta(days=1)
    with pytest.raises(ValidationError) as refus:
        actions.separer(ouvert, nombre=1, commune=ouvert.commune, debut=hier, par=membre(ouvert))
    assert set(refus.value.message_dict) == {"commune", "debut"}
    autre = MembreFactory(structure=StructureFactory(commune=commune())).role
    with pytest.raises(PermissionDenied):
        actions.separer(ouvert, nombre=1, commune=commune("51230"), debut=timezone.localdate(), par=autre)


def test_le_systeme_est_l_auteur_de_l_ouverture():
    _rattacher(StructureFactory(commune=commune()))
    actions.ouvrir_recrutements()
    assert Entree.objects.get(action="ouvrir_postes").acteur == SYSTEME.libelle_acteur


def test_deux_fiches_fusionnees_apportent_chacune_son_recrutement():
    """Le doublon habituel : la même structure inscrite deux fois, qui recrute dans la même commune."""
    garde, double = recrutement(), recrutement()
    attend = relation(double)
    fusionner(double.structure, garde.structure, par=demandes.anct())
    assert set(Recrutement.objects.values_list("structure", flat=True)) == {garde.structure_id}
    attend.refresh_from_db()
    assert attend.etat == Etat.PROPOSEE
    assert actions.ouvrir_recrutements() == 0
    assert Recrutement.objects.filter(etat=EtatRecrutement.OUVERT).count() == 2
