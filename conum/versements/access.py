"""Qui peut faire quoi de l'argent. Les gabarits et les actions posent la même question.

L'ANCT verse, à deux personnes ; la structure saisit son compte et prouve l'emploi ; la préfecture lit les montants.
"""

from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404

from conum.comptes.models import Role
from conum.conventions.models import Convention
from conum.formations.access import est_organisme
from conum.formations.models import Organisme
from conum.journal.acteurs import Acteur
from conum.postes.access import est_anct, est_membre_de, est_systeme
from conum.structures.models import Structure
from conum.versements.models import Echeance, Justificatif, LigneRetour, Lot, RetourBancaire, Rib
from conum.versements.models.rib import Beneficiaire


def peut_ordonnancer(acteur: Acteur, _objet: object = None) -> bool:
    """Préparer un lot, le remettre, importer un retour, suspendre, demander un reversement."""
    return est_anct(acteur)


def peut_etablir(acteur: Acteur, _objet: object = None) -> bool:
    """Établir un échéancier, ouvrir ou annuler une échéance : la règle le dit, la machine l'applique."""
    return est_systeme(acteur) or est_anct(acteur)


def peut_approuver(acteur: Acteur, lot: Lot) -> bool:
    """Une autre personne de l'ANCT que celle qui a préparé ; la base le refuse aussi."""
    return est_anct(acteur) and acteur.utilisateur_id != lot.prepare_par_id


def est_des_siens(acteur: Acteur, qui: Beneficiaire) -> bool:
    """Un membre de la structure, un agent de l'organisme."""
    return est_organisme(acteur, qui) if isinstance(qui, Organisme) else est_membre_de(acteur, qui)


def peut_saisir_rib(acteur: Acteur, qui: Beneficiaire) -> bool:
    return est_des_siens(acteur, qui) or est_anct(acteur)


def peut_confirmer_rib(acteur: Acteur, rib: Rib) -> bool:
    """Un agent de l'ANCT qui ne l'a pas saisi ; la base le refuse aussi."""
    return est_anct(acteur) and acteur.utilisateur_id != rib.saisi_par_id


def peut_refuser_rib(acteur: Acteur, rib: Rib) -> bool:
    return est_anct(acteur) or est_des_siens(acteur, rib.beneficiaire)


def peut_lire_rib(acteur: Acteur, qui: Beneficiaire) -> bool:
    return peut_saisir_rib(acteur, qui)


def peut_deposer_justificatif(acteur: Acteur, justificatif: Justificatif) -> bool:
    return est_membre_de(acteur, justificatif.convention.structure) or est_anct(acteur)


def peut_examiner_justificatif(acteur: Acteur, _justificatif: Justificatif) -> bool:
    return est_anct(acteur)


def get_echeance_ou_404(role: Role, pk: int) -> Echeance:
    visibles = Echeance.objects.visibles_par(role).select_related("convention__structure", "poste__poste", "acte")
    return get_object_or_404(visibles, pk=pk)


def get_lot_ou_404(role: Role, pk: int) -> Lot:
    if not peut_ordonnancer(role):
        raise Http404("Lot inconnu.")
    return get_object_or_404(Lot.objects.select_related("prepare_par", "approuve_par"), pk=pk)


def get_retour_ou_404(role: Role, pk: int) -> RetourBancaire:
    if not peut_ordonnancer(role):
        raise Http404("Fichier inconnu.")
    return get_object_or_404(RetourBancaire.objects.select_related("role__utilisateur"), pk=pk)


def get_ligne_retour_ou_404(role: Role, pk: int) -> LigneRetour:
    if not peut_ordonnancer(role):
        raise Http404("Ligne inconnue.")
    return get_object_or_404(LigneRetour.objects.select_related("retour", "ligne_lot__lot", "reversement"), pk=pk)


def get_rib_ou_404(role: Role, pk: int) -> Rib:
    siens = Q(structure__in=Structure.objects.visibles_par(role)) | Q(
        organisme__in=Organisme.objects.visibles_par(role)
    )
    rib = get_object_or_404(Rib.objects.filter(siens).select_related("structure", "organisme"), pk=pk)
    if not peut_lire_rib(role, rib.beneficiaire):
        raise Http404("Coordonnées inconnues.")
    return rib


def get_justificatif_ou_404(role: Role, pk: int) -> Justificatif:
    visibles = Justificatif.objects.filter(convention__in=Convention.objects.visibles_par(role))
    return get_object_or_404(visibles.select_related("convention__structure"), pk=pk)
