"""Retenir les versements d'une convention tant qu'un justificatif manque, puis les reprendre.

L'appelant tient la convention sous verrou. Ce qu'un agent a suspendu pour une autre raison ne bouge pas : on ne reprend
que ce que ce justificatif a suspendu, reconnu à son motif.
"""

from django.db.models import QuerySet

from conum.journal.acteurs import Acteur
from conum.journal.actions import Ligne, noter_en_masse
from conum.versements.models import Echeance, Justificatif, Nature
from conum.versements.states import TRANSITIONS, Etat, EtatJustificatif


def motif_de(justificatif: Justificatif) -> str:
    return f"Justificatif du terme n° {justificatif.numero} non accepté."


def suspendre_les_versements(justificatif: Justificatif, *, par: Acteur) -> int:
    """Suspend ce qui n'est pas parti et n'est dans aucun lot ; rend le nombre d'échéances suspendues."""
    a_venir = Echeance.objects.filter(
        convention=justificatif.convention_id, nature=Nature.VERSEMENT, etat__in=[Etat.PREVU, Etat.A_VERSER]
    )
    return _passer(a_venir.exclude(lignes_de_lot__actif=True), "suspendre_echeance", motif_de(justificatif), par)


def reprendre_les_versements(justificatif: Justificatif, *, par: Acteur) -> int:
    """Reprend ce que ce justificatif retenait, sauf si un autre de la même convention manque encore."""
    retenues = Echeance.objects.filter(
        convention=justificatif.convention_id, etat=Etat.SUSPENDU, motif=motif_de(justificatif)
    )
    autre = (
        Justificatif.objects.filter(convention=justificatif.convention_id, suspendu_le__isnull=False)
        .exclude(pk=justificatif.pk)
        .exclude(etat=EtatJustificatif.ACCEPTE)
        .order_by("numero")
        .first()
    )
    if autre is not None:
        retenues.update(motif=motif_de(autre))
        return 0
    return _passer(retenues, "reprendre_echeance", "", par)


def _passer(echeances: QuerySet[Echeance], action: str, motif: str, par: Acteur) -> int:
    regle = TRANSITIONS[action]
    cles = list(echeances.order_by("pk").values_list("pk", flat=True))
    verrou = Echeance.objects.select_for_update(of=("self",), no_key=True)
    # Relues sous verrou : un lot a pu en prendre une, un agent en suspendre une autre.
    prises = list(verrou.filter(pk__in=cles, etat__in=sorted(regle.depuis)).order_by("pk"))
    Echeance.objects.filter(pk__in=[e.pk for e in prises]).update(etat=regle.vers, motif=motif)
    noter_en_masse([Ligne(e, action, de=e.etat, vers=regle.vers, motif=motif) for e in prises], par=par)
    return len(prises)
