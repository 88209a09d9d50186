"""Des histoires de postes tirées au sort : trois ans de contrats, de vacances et de ruptures, règles connues."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from conum.comptes.rules import ajouter_mois
from conum.conventions.rules import Contrat, Convention, Phase, Poste, Regle, Statut, regle_au

DEPARTEMENTS = ("01", "13", "2A", "33", "35", "51", "59", "69", "75", "93")
OUTRE_MER = ("971", "973", "974", "976")
PART_OUTRE_MER, PART_PRIVE, PART_RENOUVELLEMENT, PART_EN_ZONE = 0.06, 0.47, 0.35, 0.4
"""47 % d'employeurs privés, 1 063 postes renouvelés sur 3 600 environ (facts-and-asks § 6)."""
DUREE_MOIS = 36


@dataclass(frozen=True)
class Histoire:
    """Un poste, qui l'héberge, ses contrats et sa convention."""

    structure: int
    poste: Poste
    contrats: tuple[Contrat, ...]
    convention: Convention
    regle: Regle


def _contrats(debut: date, fin: date, hasard: random.Random) -> Iterator[Contrat]:
    """Des contrats qui se suivent, avec parfois quelques semaines de vacance entre deux."""
    jour = debut + timedelta(days=hasard.randrange(0, 90))
    while jour < fin:
        dernier = jour + timedelta(days=hasard.randrange(60, 900))
        yield Contrat(jour, None if hasard.random() < 0.3 else dernier, "cdd")
        jour = dernier + timedelta(days=hasard.choice((0, 0, 15, 47, 120)))


def tirer(nombre: int, graine: int = 4) -> Iterator[Histoire]:
    """`nombre` histoires, toujours les mêmes pour une graine donnée."""
    hasard = random.Random(graine)  # noqa: S311 - des données d'essai, pas un secret
    for i in range(nombre):
        phase = Phase.V2 if hasard.random() < PART_RENOUVELLEMENT else Phase.V1
        statut = Statut.PRIVE if hasard.random() < PART_PRIVE else Statut.PUBLIC
        outre_mer = phase == Phase.V1 and hasard.random() < PART_OUTRE_MER
        departement = hasard.choice(OUTRE_MER if outre_mer else DEPARTEMENTS)
        debut = date(2023 if phase == Phase.V2 else 2021, 4, 1) + timedelta(days=hasard.randrange(0, 600))
        convention = Convention(debut, ajouter_mois(debut, DUREE_MOIS))
        yield Histoire(
            structure=i * 5 // 6,  # 1,2 poste par structure
            poste=Poste(statut, departement, zone_prioritaire=hasard.random() < PART_EN_ZONE),
            contrats=tuple(_contrats(debut, convention.fin, hasard)),
            convention=convention,
            regle=regle_au(debut, phase),
        )
