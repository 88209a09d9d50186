"""Qui peut faire quoi d'une convention. Les gabarits et les actions posent la même question.

L'ANCT prépare, propose et signe pour l'État ; la structure dépose ses pièces et signe ; la préfecture lit.
"""

from django.http import Http404
from django.shortcuts import get_object_or_404

from conum.comptes.models import Role, TypeRole
from conum.conventions.models import Acte, Convention, Piece
from conum.journal.acteurs import Acteur
from conum.postes.access import est_anct, est_membre_de, est_systeme
from conum.structures.models import Membre

LECTEURS = (TypeRole.ANCT, TypeRole.PREFECTURE, TypeRole.REGION, TypeRole.STRUCTURE)


def peut_preparer(acteur: Acteur, _convention: Convention | None = None) -> bool:
    """Préparer, corriger, proposer, annuler, ouvrir un avenant, résilier ; la reprise de données prépare aussi."""
    return est_anct(acteur) or est_systeme(acteur)


def peut_reprendre(acteur: Acteur, _convention: Convention) -> bool:
    """Dire signée une convention d'avant conum : un import seulement ; un agent, lui, fait signer."""
    return est_systeme(acteur)


def peut_signer_pour_la_structure(acteur: Acteur, convention: Convention) -> bool:
    """Un membre de la structure qui tient encore la convention."""
    return est_membre_de(acteur, convention.structure)


def peut_verifier_papier(acteur: Acteur, _convention: Convention) -> bool:
    return est_anct(acteur)


def peut_signer_pour_l_etat(acteur: Acteur, _convention: Convention) -> bool:
    return est_anct(acteur)


def est_des_deux_cotes(acteur: Acteur, convention: Convention) -> bool:
    """La personne est aussi membre de la structure : elle ne signe pas pour l'État face à elle-même."""
    return (
        acteur.utilisateur_id is not None
        and Membre.objects.filter(structure=convention.structure_id, role__utilisateur=acteur.utilisateur_id).exists()
    )


def peut_terminer(acteur: Acteur, _convention: Convention) -> bool:
    return est_systeme(acteur) or est_anct(acteur)


def peut_repondre_au_renouvellement(acteur: Acteur, convention: Convention) -> bool:
    """Décliner un renouvellement, ou y revenir : un membre de la structure, ou l'ANCT à sa place."""
    return est_membre_de(acteur, convention.structure) or est_anct(acteur)


def peut_deposer_piece(acteur: Acteur, piece: Piece) -> bool:
    return est_membre_de(acteur, piece.convention.structure) or est_anct(acteur)


def peut_traiter_piece(acteur: Acteur, _piece: Piece) -> bool:
    return est_anct(acteur)


def peut_lire_piece(acteur: Acteur, piece: Piece) -> bool:
    """Une pièce d'identité ou des comptes : la structure elle-même et l'ANCT, pas la préfecture."""
    return peut_deposer_piece(acteur, piece)


def get_convention_ou_404(role: Role, pk: int) -> Convention:
    """La convention, si ce rôle peut la lire ; 404 sinon, qu'elle existe ou non."""
    visibles = Convention.objects.visibles_par(role)
    return get_object_or_404(visibles.select_related("structure__commune", "departement", "precedente"), pk=pk)


def get_acte_ou_404(role: Role, convention_pk: int, numero: int) -> Acte:
    """Le dernier acte non retiré de ce numéro."""
    convention = get_convention_ou_404(role, convention_pk)
    acte = Acte.objects.filter(convention=convention, numero=numero, retire_le=None).select_related("convention")
    return get_object_or_404(acte)


def get_piece_ou_404(role: Role, pk: int) -> Piece:
    piece = get_object_or_404(
        Piece.objects.filter(convention__in=Convention.objects.visibles_par(role)).select_related(
            "convention__structure"
        ),
        pk=pk,
    )
    if not peut_lire_piece(role, piece):
        raise Http404("Pièce inconnue.")
    return piece
