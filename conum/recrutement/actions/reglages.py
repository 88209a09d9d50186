"""Plafonds de l'appariement : des réglages datés, motivés au journal, jamais rétroactifs."""

from datetime import date

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.recrutement import access
from conum.recrutement.actions.masse import verrouiller
from conum.recrutement.models import ReglageAppariement
from conum.recrutement.rules import relation as regles
from conum.socle.enregistrement import enregistrer


def fixer_reglage(
    *, a_partir_du: date, max_par_poste: int, max_par_candidat: int, motif: str, par: Acteur
) -> ReglageAppariement:
    """Fixe les plafonds à partir d'un jour, aujourd'hui au plus tôt. Un réglage à venir du même jour est remplacé.

    Raises:
        PermissionDenied: l'ANCT seule règle l'appariement.
        ValidationError: date passée, plafond hors bornes, motif trop court, ou réglage déjà en vigueur ce jour-là.
    """
    if not access.est_anct(par):
        raise PermissionDenied
    motif = motif.strip()
    _verifier(a_partir_du, motif)
    with transaction.atomic():
        verrouiller("reglages")
        reglage = ReglageAppariement.objects.filter(
            a_partir_du=a_partir_du, a_partir_du__gt=timezone.localdate()
        ).first()
        avant = [reglage.max_par_poste, reglage.max_par_candidat] if reglage else None
        reglage = reglage or ReglageAppariement(a_partir_du=a_partir_du)
        reglage.max_par_poste, reglage.max_par_candidat = max_par_poste, max_par_candidat
        reglage.motif, reglage.role_id = motif, par.role_id
        enregistrer(reglage)
        donnees = {
            "a_partir_du": a_partir_du.isoformat(),
            "plafonds": [max_par_poste, max_par_candidat],
            "avant": avant,
        }
        noter(reglage, "fixer_reglage", par=par, motif=motif, donnees=donnees)
    return reglage


def _verifier(a_partir_du: date, motif: str) -> None:
    erreurs: dict[str, str] = {}
    if a_partir_du < timezone.localdate():
        erreurs["a_partir_du"] = "Un réglage prend effet aujourd'hui ou plus tard : les passages faits ne changent pas."
    if not regles.TEXTE_MIN <= len(motif) <= regles.TEXTE_MAX:
        erreurs["motif"] = f"Expliquez en {regles.TEXTE_MIN} à {regles.TEXTE_MAX} caractères : ce motif est public."
    if erreurs:
        raise ValidationError(erreurs)
