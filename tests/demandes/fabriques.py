"""Demandes dans chaque état, amenées là par les vraies actions."""

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from conum.comptes.models import Role
from conum.demandes.access import porteur
from conum.demandes.actions import depot
from conum.demandes.actions.avenants import demander_avenant
from conum.demandes.actions.instruction import demander_complement, donner_avis
from conum.demandes.models import Demande, Enveloppe, Nature, SensAvis
from conum.demandes.rules import engagements
from conum.postes.models import TypePoste
from conum.structures.actions import DonneesStructure, Personne
from conum.structures.models import Structure
from conum.structures.rules import lire_identifiant
from conum.territoires.models import Commune, Departement
from tests.comptes.fabriques import RoleFactory, UtilisateurFactory
from tests.structures.fabriques import CommuneFactory, MembreFactory, StructureFactory, siret_de

MOTIVATION = "Beaucoup d'habitants n'arrivent plus à faire leurs démarches en ligne."
_compteur = iter(range(30_000_000, 39_999_999))


def demain() -> date:
    return timezone.localdate() + timedelta(days=1)


def un_siret() -> str:
    """Un SIRET valide que personne n'a."""
    return siret_de(str(next(_compteur)))


def donnees_structure(commune: Commune | None = None, **champs: Any) -> DonneesStructure:
    champs = {"siret": un_siret(), "denomination": "Les Ateliers du numérique", "categorie": "association"} | champs
    identifiant = lire_identifiant(champs.pop("siret"))
    return DonneesStructure(identifiant=identifiant, commune=commune or CommuneFactory(), **champs)


def besoin(commune: Commune | None = None, **champs: Any) -> depot.Besoin:
    voulu = {"type_poste": TypePoste.CONSEILLER, "postes": 2, "debut": demain(), "motivation": MOTIVATION} | champs
    return depot.Besoin(commune=commune or CommuneFactory(), **voulu)


def contact(**champs: Any) -> Personne:
    numero = next(_compteur)
    voulu = {"email": f"contact{numero}@exemple.fr", "prenom": "Lina", "nom": "Haddad", "fonction": "Directrice"}
    return Personne(**(voulu | champs))


def un_depot(commune: Commune | None = None, **champs: Any) -> depot.Depot:
    """`structure=None` pour une demande faite depuis l'espace d'une structure."""
    commune = commune or CommuneFactory()
    voulu = {"contact": contact(), "besoin": besoin(commune), "structure": donnees_structure(commune)} | champs
    voulu.setdefault("engagements", tuple(engagements(voulu["besoin"].type_poste)))
    return depot.Depot(**voulu)


def brouillon() -> Demande:
    return depot.ouvrir_brouillon()


def a_confirmer(donnees: depot.Depot | None = None) -> Demande:
    demande = brouillon()
    return depot.soumettre(demande, donnees or un_depot(), par=porteur(demande))


def deposee(donnees: depot.Depot | None = None) -> Demande:
    """Déposée par le formulaire public ; la structure et son contact sont créés."""
    demande = a_confirmer(donnees)
    return depot.confirmer(demande, par=porteur(demande))


def membre_de(structure: Structure) -> Role:
    """Un rôle membre de la structure : son contact s'il existe, sinon un nouveau."""
    membre = structure.membres.order_by("pk").first() or MembreFactory(structure=structure, contact_principal=True)
    return membre.role


def prefecture_de(departement: Departement) -> Role:
    """Un agent de cette préfecture ; le même à chaque appel."""
    existant = Role.objects.du_departement(departement).order_by("pk").first()
    return existant or RoleFactory(prefecture=True, departement=departement)


def anct() -> Role:
    existant = Role.objects.actifs().filter(type="anct").order_by("pk").first()
    return existant or RoleFactory(anct=True, utilisateur=UtilisateurFactory(prenom="Sami", nom="Roux"))


def en_instruction(donnees: depot.Depot | None = None, *, sens: str = SensAvis.FAVORABLE) -> Demande:
    """Déposée, puis avis de la préfecture du département."""
    demande = deposee(donnees)
    donner_avis(demande, sens=sens, motif="Besoin réel sur ce territoire.", par=prefecture_de(demande.departement))
    demande.refresh_from_db()
    return demande


def en_complement(question: str = "Combien de communes seront couvertes ?") -> Demande:
    return demander_complement(en_instruction(), question=question, par=anct())


def enveloppes(departement: Departement, postes: int = 100, *, annee: int | None = None) -> None:
    """L'enveloppe nationale et celle du département, sans lesquelles rien ne s'attribue."""
    annee = annee or timezone.localdate().year
    for territoire in (None, departement):
        Enveloppe.objects.get_or_create(annee=annee, departement=territoire, defaults={"postes": postes})


def ajout(structure: Structure, *, nombre: int = 1, par: Role | None = None, **champs: Any) -> Demande:
    """Un avenant d'ajout déposé ; la structure doit avoir déjà obtenu des postes (voir `attribuee`)."""
    return _avenant(structure, Nature.AJOUT, "demande", nombre, par, champs)


def rendu(structure: Structure, *, nombre: int = 1, par: Role | None = None, **champs: Any) -> Demande:
    """Un avenant de rendu, en instruction dès le départ."""
    return _avenant(structure, Nature.RENDU, "recrutement", nombre, par, champs)


def _avenant(
    structure: Structure, nature: str, motif: str, nombre: int, par: Role | None, champs: dict[str, Any]
) -> Demande:
    voulu = {"type_poste": TypePoste.CONSEILLER, "precisions": "Nos ateliers sont complets.", "motif_code": motif}
    return demander_avenant(
        structure, nature=nature, nombre=nombre, par=par or membre_de(structure), **(voulu | champs)
    )


def structure_membre(**champs: Any) -> tuple[Structure, Role]:
    """Une structure déjà inscrite et le rôle de son contact."""
    structure = StructureFactory(**champs)
    return structure, membre_de(structure)
