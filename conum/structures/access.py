"""Qui voit et qui fait quoi sur une structure. Rien ne s'obtient sans prouver son droit."""

from typing import Any

from django.http import Http404

from conum.comptes.models import Role, TypeRole
from conum.journal.acteurs import Acteur, ActeurSansCompte
from conum.structures.models import Antenne, ChangementContact, DemandeRattachement, Membre, Structure
from conum.territoires.models import Commune

AGENTS = frozenset({TypeRole.ANCT, TypeRole.PREFECTURE})
LECTEURS = (
    TypeRole.ANCT,
    TypeRole.PREFECTURE,
    TypeRole.REGION,
    TypeRole.RESEAU,
    TypeRole.HUB,
    TypeRole.STRUCTURE,
)
# Acteurs sans compte admis à créer une structure : l'import et le formulaire public.
_CREATEURS_SANS_COMPTE = frozenset({"systeme", "porteur"})


def peut_voir(par: Acteur, structure: Structure) -> bool:
    return isinstance(par, Role) and Structure.objects.visibles_par(par).filter(pk=structure.pk).exists()


def est_agent_de(par: Acteur, structure: Structure) -> bool:
    """L'ANCT, ou la préfecture du département de la structure."""
    return isinstance(par, Role) and par.type in AGENTS and peut_voir(par, structure)


def est_membre(par: Acteur, structure: Structure) -> bool:
    return isinstance(par, Role) and par.type == TypeRole.STRUCTURE and peut_voir(par, structure)


def peut_creer(par: Acteur, commune: Commune) -> bool:
    if isinstance(par, ActeurSansCompte):
        return par.qualite in _CREATEURS_SANS_COMPTE
    if not isinstance(par, Role):
        return False
    if par.type == TypeRole.PREFECTURE:
        return par.departement_id is not None and par.departement_id == commune.departement_id
    return par.type == TypeRole.ANCT


def peut_corriger(par: Acteur, structure: Structure) -> bool:
    """L'identité (SIRET, nom, catégorie) se corrige par un agent, jamais sur une structure fusionnée."""
    return structure.fusionnee_dans_id is None and (est_systeme(par) or est_agent_de(par, structure))


def peut_gerer(par: Acteur, structure: Structure) -> bool:
    """Antennes, membres, contact principal : un membre ou un agent."""
    return structure.fusionnee_dans_id is None and (
        est_systeme(par) or est_membre(par, structure) or est_agent_de(par, structure)
    )


def peut_traiter_rattachement(par: Acteur, demande: DemandeRattachement) -> bool:
    """Un membre de la structure ; un agent seulement quand elle n'a aucun membre actif pour répondre."""
    if est_membre(par, demande.structure):
        return True
    return (
        est_agent_de(par, demande.structure)
        and not Membre.objects.actifs().filter(structure_id=demande.structure_id).exists()
    )


def peut_fusionner(par: Acteur, source: Structure, cible: Structure) -> bool:
    return est_agent_de(par, source) and est_agent_de(par, cible)


def peut_annuler_changement(par: Acteur, changement: ChangementContact) -> bool:
    if isinstance(par, ActeurSansCompte):
        return par.qualite == "systeme" or (par.qualite == "contact" and par.objet_id == str(changement.pk))
    return peut_gerer(par, changement.structure)


def peut_confirmer_changement(par: Acteur, changement: ChangementContact) -> bool:
    """Seul le lien personnel envoyé à l'un des deux contacts ouvre la confirmation."""
    return isinstance(par, ActeurSansCompte) and par.qualite == "contact" and par.objet_id == str(changement.pk)


def est_systeme(par: Acteur, _objet: Any = None) -> bool:
    return isinstance(par, ActeurSansCompte) and par.qualite == "systeme"


def get_structure_ou_404(role: Role, pk: int) -> Structure:
    try:
        return Structure.objects.visibles_par(role).select_related("commune__departement", "fusionnee_dans").get(pk=pk)
    except Structure.DoesNotExist:
        raise Http404("Structure inconnue.") from None


def get_structure_geree_ou_404(role: Role, pk: int) -> Structure:
    """La structure, si ce rôle peut la gérer."""
    structure = get_structure_ou_404(role, pk)
    if not peut_gerer(role, structure):
        raise Http404("Structure inconnue.")
    return structure


def get_antenne_ou_404(role: Role, structure: Structure, pk: int) -> Antenne:
    antenne = Antenne.objects.ouvertes().select_related("commune").filter(structure=structure, pk=pk).first()
    if antenne is None or not peut_gerer(role, structure):
        raise Http404("Antenne inconnue.")
    return antenne


def get_membre_ou_404(role: Role, structure: Structure, pk: int) -> Membre:
    membre = Membre.objects.select_related("role__utilisateur").filter(structure=structure, pk=pk).first()
    if membre is None or not peut_gerer(role, structure):
        raise Http404("Membre inconnu.")
    return membre


def get_demande_ou_404(role: Role, pk: int) -> DemandeRattachement:
    visibles = Structure.objects.visibles_par(role).values("pk")
    demande = DemandeRattachement.objects.select_related("structure").filter(structure__in=visibles, pk=pk).first()
    if demande is None or not peut_traiter_rattachement(role, demande):
        raise Http404("Demande inconnue.")
    return demande


def structure_du_role(role: Role) -> Structure | None:
    """La structure d'un rôle de type structure, None s'il n'en a pas."""
    membre = Membre.objects.select_related("structure__commune").filter(role=role).first()
    return membre.structure if membre else None
