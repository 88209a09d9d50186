"""Antennes : plusieurs lieux sous un même SIRET."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.structures import access
from conum.structures.models import Antenne, Structure
from conum.territoires.models import Commune


def ajouter_antenne(
    structure: Structure, *, nom: str, commune: Commune, adresse: str = "", code_postal: str = "", par: Acteur
) -> Antenne:
    """Raises ValidationError si une antenne ouverte porte déjà ce nom."""
    with transaction.atomic():
        courante = _structure_geree(structure, par)
        antenne = Antenne(
            structure=courante, nom=nom.strip(), commune=commune, adresse=adresse.strip(), code_postal=code_postal
        )
        antenne.full_clean()
        antenne.save()
        noter(courante, "ajouter_antenne", par=par, donnees={"antenne": antenne.pk, "nom": antenne.nom})
    return antenne


def modifier_antenne(
    antenne: Antenne, *, nom: str, commune: Commune, adresse: str = "", code_postal: str = "", par: Acteur
) -> Antenne:
    """Raises ValidationError (nom déjà pris), TransitionImpossible (antenne fermée)."""
    with transaction.atomic():
        structure = _structure_geree(antenne.structure, par)
        courante = _antenne_ouverte(antenne)
        voulu = {"nom": nom.strip(), "adresse": adresse.strip(), "code_postal": code_postal, "commune_id": commune.pk}
        ecarts: dict[str, Any] = {}
        for champ, valeur in voulu.items():
            if (avant := getattr(courante, champ)) != valeur:
                ecarts[champ] = [avant, valeur]
                setattr(courante, champ, valeur)
        if ecarts:
            courante.full_clean()
            courante.save()
            noter(structure, "modifier_antenne", par=par, donnees={"antenne": courante.pk, **ecarts})
    return courante


def fermer_antenne(antenne: Antenne, *, par: Acteur) -> Antenne:
    """Elle reste dans l'histoire de la structure et son nom redevient libre."""
    with transaction.atomic():
        structure = _structure_geree(antenne.structure, par)
        courante = _antenne_ouverte(antenne)
        courante.fermee_le = timezone.localdate()
        courante.save()
        noter(structure, "fermer_antenne", par=par, donnees={"antenne": courante.pk, "nom": courante.nom})
    return courante


def _structure_geree(structure: Structure, par: Acteur) -> Structure:
    courante = Structure.objects.select_for_update(of=("self",), no_key=True).get(pk=structure.pk)
    if not access.peut_gerer(par, courante):
        raise PermissionDenied
    return courante


def _antenne_ouverte(antenne: Antenne) -> Antenne:
    courante = Antenne.objects.select_for_update(of=("self",), no_key=True).get(pk=antenne.pk)
    if courante.fermee_le is not None:
        raise TransitionImpossible("Cette antenne est déjà fermée.")
    return courante
