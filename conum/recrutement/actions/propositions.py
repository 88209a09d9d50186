"""Écrire les propositions d'un passage, dans sa transaction ; `annonces` prévient chacun."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone

from conum.journal.acteurs import Acteur
from conum.journal.actions import Ligne, noter_en_masse
from conum.recrutement.actions import marche
from conum.recrutement.actions.masse import LOT
from conum.recrutement.models import (
    Candidat,
    MiseEnRelation,
    Origine,
    Passe,
    Recrutement,
    ReglageAppariement,
)
from conum.recrutement.rules import relation as regles
from conum.recrutement.states import Etat


@dataclass(frozen=True)
class Paire:
    """Une proposition calculée, pas encore écrite."""

    recrutement: int
    candidat: int
    distance_km: float
    cout: float
    rang: int
    detail: dict[str, Any]


def verrouiller_parties(paires: Sequence[Paire]) -> None:
    """Les recrutements puis les candidats, dans l'ordre : ce que le passage va écrire ne change plus sous lui."""
    recrutements = Recrutement.objects.filter(pk__in={p.recrutement for p in paires}).order_by("pk")
    candidats = Candidat.objects.filter(pk__in={p.candidat for p in paires}).order_by("pk")
    list(recrutements.select_for_update(of=("self",), no_key=True).values_list("pk"))
    list(candidats.select_for_update(of=("self",), no_key=True).values_list("pk"))


def encore_valables(
    paires: Sequence[Paire], avant: marche.Lecture, jour: date, reglage: ReglageAppariement
) -> list[Paire]:
    """Les paires que rien n'a démenties pendant le calcul, relues sous verrou et comptées sous les plafonds.

    Une fiche corrigée, une pause, une offre acceptée, une présélection : la paire est abandonnée, le prochain passage
    la recalcule.
    """
    apres = marche.lire(jour, recrutements={p.recrutement for p in paires}, candidats={p.candidat for p in paires})
    recrutements = {r.pk: r for r in apres.recrutements}
    candidats = {c.pk: c for c in apres.candidats}
    recrutements_lus = {r.pk: r for r in avant.recrutements}
    candidats_lus = {c.pk: c for c in avant.candidats}
    reste_poste = {pk: r.capacite(reglage) for pk, r in recrutements.items()}
    reste_candidat = {pk: c.capacite(reglage) for pk, c in candidats.items()}
    gardees = []
    for paire in paires:
        r, c = paire.recrutement, paire.candidat
        if r not in recrutements or c not in candidats or (r, c) in apres.refusees:
            continue
        if (
            recrutements[r].criteres != recrutements_lus[r].criteres
            or candidats[c].criteres != candidats_lus[c].criteres
        ):
            continue
        if reste_poste[r] < 1 or reste_candidat[c] < 1:
            continue
        reste_poste[r] -= 1
        reste_candidat[c] -= 1
        gardees.append(paire)
    return gardees


def ecrire(paires: Sequence[Paire], passe: Passe, *, par: Acteur) -> list[MiseEnRelation]:
    """Crée les mises en relation et leur ligne de journal."""
    maintenant = timezone.now()
    relations = MiseEnRelation.objects.bulk_create(
        [
            MiseEnRelation(
                recrutement_id=p.recrutement,
                candidat_id=p.candidat,
                origine=Origine.APPARIEMENT,
                passe=passe,
                rang=p.rang,
                distance_km=p.distance_km,
                cout=p.cout,
                detail=p.detail,
                attend_depuis=maintenant,
                echeance=regles.echeance(maintenant),
            )
            for p in paires
        ],
        batch_size=LOT,
    )
    lignes = (
        Ligne(r, "proposer", vers=Etat.PROPOSEE, donnees={"passe": passe.pk, "rang": r.rang, "cout": r.cout})
        for r in relations
    )
    noter_en_masse(lignes, par=par)
    return relations
