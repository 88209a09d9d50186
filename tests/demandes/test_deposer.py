"""Soumettre une demande : ce qui est écrit, ce qui est refusé."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.demandes.access import porteur
from conum.demandes.actions import depot
from conum.demandes.models import Demande, TempsCoordination
from conum.demandes.rules import ENGAGEMENTS_CONSEILLER
from conum.demandes.states import Etat
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes.models import TypePoste
from conum.structures.actions import StructureExistante
from conum.structures.models import Structure
from tests.comptes.fabriques import RoleFactory
from tests.demandes import fabriques as f
from tests.structures.fabriques import StructureFactory

pytestmark = pytest.mark.django_db


def test_soumettre_attend_la_confirmation_et_n_inscrit_encore_personne() -> None:
    demande = f.a_confirmer(f.un_depot(contact=f.contact(email=" Lina.Haddad@Exemple.FR ", telephone="0612345678")))
    demande.refresh_from_db()
    assert demande.etat == Etat.A_CONFIRMER
    assert demande.structure is None
    assert not Structure.objects.exists()
    assert demande.contact_email == "lina.haddad@exemple.fr"
    assert demande.contact_telephone == "+33 6 12 34 56 78"
    assert demande.confirmable_jusqu_au - demande.soumise_le == timedelta(days=30)
    (courriel,) = Courriel.objects.de_l_objet(demande)
    assert (courriel.code, courriel.destinataire) == ("demandes/confirmation", "lina.haddad@exemple.fr")
    assert courriel.confidentiel


def test_le_journal_ne_garde_ni_adresse_ni_nom_du_demandeur() -> None:
    demande = f.a_confirmer(f.un_depot(contact=f.contact(email="lina@exemple.fr", nom="Haddad")))
    lignes = list(Entree.objects.de_l_objet(demande))
    assert [e.action for e in lignes] == ["ouvrir_brouillon", "soumettre"]
    assert not any("lina@" in f"{e.acteur}{e.motif}{e.donnees}" or "Haddad" in e.acteur for e in lignes)


@pytest.mark.parametrize(
    ("champs", "champ"),
    [
        ({"postes": 0}, "postes_demandes"),
        ({"postes": 31}, "postes_demandes"),
        ({"motivation": "Court"}, "motivation"),
        ({"motivation": "x" * 2501}, "motivation"),
        ({"debut": timezone.localdate() - timedelta(days=1)}, "debut_souhaite"),
        ({"type_poste": TypePoste.COORDINATEUR, "postes": 2}, "postes_demandes"),
        ({"type_poste": TypePoste.COORDINATEUR, "postes": 1}, "temps_coordination"),
    ],
)
def test_un_besoin_irrecevable_est_refuse_et_le_brouillon_reste(champs: dict[str, object], champ: str) -> None:
    demande = f.brouillon()
    with pytest.raises(ValidationError) as erreur:
        depot.soumettre(demande, f.un_depot(besoin=f.besoin(**champs)), par=porteur(demande))
    assert champ in erreur.value.message_dict
    demande.refresh_from_db()
    assert demande.etat == Etat.BROUILLON


@pytest.mark.parametrize(
    ("champs", "champ"),
    [
        ({"email": "pas une adresse"}, "contact_email"),
        ({"email": '"Lina, Haddad"@exemple.fr'}, "contact_email"),
        ({"telephone": "0612"}, "contact_telephone"),
        ({"nom": "  "}, "contact_nom"),
    ],
)
def test_un_contact_irrecevable_est_refuse(champs: dict[str, str], champ: str) -> None:
    demande = f.brouillon()
    with pytest.raises(ValidationError) as erreur:
        depot.soumettre(demande, f.un_depot(contact=f.contact(**champs)), par=porteur(demande))
    assert champ in erreur.value.message_dict


def test_chaque_engagement_est_necessaire() -> None:
    demande = f.brouillon()
    incomplets = tuple(ENGAGEMENTS_CONSEILLER)[1:]
    with pytest.raises(ValidationError) as erreur:
        depot.soumettre(demande, f.un_depot(engagements=incomplets), par=porteur(demande))
    assert list(erreur.value.message_dict) == ["engagements"]


def test_un_service_de_l_etat_est_refuse_avec_la_regle() -> None:
    demande = f.brouillon()
    service = f.donnees_structure(categorie="collectivite", categorie_juridique="7172")
    with pytest.raises(TransitionImpossible, match="services déconcentrés de l'État ne sont pas éligibles"):
        depot.soumettre(demande, f.un_depot(structure=service), par=porteur(demande))


def test_un_coordinateur_dit_son_temps_de_coordination() -> None:
    voulu = f.besoin(type_poste=TypePoste.COORDINATEUR, postes=1, temps_coordination=TempsCoordination.PLEIN)
    demande = f.deposee(f.un_depot(besoin=voulu))
    assert (demande.type_poste, demande.temps_coordination) == (TypePoste.COORDINATEUR, TempsCoordination.PLEIN)


def test_seul_le_porteur_soumet_sa_demande() -> None:
    demande, autre = f.brouillon(), f.brouillon()
    for intrus in (porteur(autre), RoleFactory(anct=True), RoleFactory(structure=True)):
        with pytest.raises(PermissionDenied):
            depot.soumettre(demande, f.un_depot(), par=intrus)


def test_soumettre_deux_fois_n_envoie_qu_une_demande() -> None:
    demande, donnees = f.brouillon(), f.un_depot()
    depot.soumettre(demande, donnees, par=porteur(demande))
    with pytest.raises(TransitionImpossible):
        depot.soumettre(demande, donnees, par=porteur(demande))
    assert Courriel.objects.count() == 1


def test_un_brouillon_public_ne_part_pas_sans_structure() -> None:
    demande = f.brouillon()
    with pytest.raises(TransitionImpossible, match="de quelle structure"):
        depot.soumettre(demande, f.un_depot(structure=None), par=porteur(demande))


# --- Depuis l'espace d'une structure inscrite ---


def test_un_membre_depose_sans_confirmer_son_adresse() -> None:
    structure, role = f.structure_membre()
    agent = f.prefecture_de(structure.commune.departement)
    demande = depot.ouvrir_brouillon(par=role, structure=structure)
    courriel = role.utilisateur.email
    donnees = f.un_depot(structure.commune, structure=None, contact=f.contact(email=courriel))
    demande = depot.soumettre(demande, donnees, par=role)
    demande.refresh_from_db()
    assert (demande.etat, demande.structure) == (Etat.DEPOSEE, structure)
    ecrits = sorted((c.code, c.destinataire) for c in Courriel.objects.de_l_objet(demande))
    assert ecrits == [("demandes/demande_deposee", courriel), ("demandes/nouvelle_demande", agent.utilisateur.email)]
    assert [e.action for e in Entree.objects.de_l_objet(demande)] == ["ouvrir_brouillon", "soumettre", "confirmer"]


def test_une_seconde_demande_du_meme_type_est_refusee_avec_une_phrase_et_le_brouillon_reste() -> None:
    premiere = f.deposee()
    role = f.membre_de(premiere.structure)
    seconde = depot.ouvrir_brouillon(par=role, structure=premiere.structure)
    with pytest.raises(TransitionImpossible, match="déjà une demande en cours pour ce type de poste"):
        depot.soumettre(seconde, f.un_depot(structure=None), par=role)
    seconde.refresh_from_db()
    assert seconde.etat == Etat.BROUILLON


def test_on_n_ouvre_pas_de_brouillon_pour_la_structure_d_un_autre() -> None:
    structure, _ = f.structure_membre()
    _, intrus = f.structure_membre()
    for par in (intrus, None, RoleFactory(anct=True)):
        with pytest.raises(PermissionDenied):
            depot.ouvrir_brouillon(par=par, structure=structure)
    assert not Demande.objects.exists()


def test_une_structure_deja_inscrite_n_est_pas_doublee() -> None:
    structure = StructureFactory()
    demande = f.a_confirmer(f.un_depot(structure=f.donnees_structure(siret=structure.siret)))
    with pytest.raises(StructureExistante) as erreur:
        depot.confirmer(demande, par=porteur(demande))
    assert erreur.value.structure == structure
    assert Structure.objects.count() == 1
    demande.refresh_from_db()
    assert demande.etat == Etat.A_CONFIRMER
