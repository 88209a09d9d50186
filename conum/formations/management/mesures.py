"""Mesure de l'affectation : le calcul seul (`mesures_calcul`), puis le passage entier en base (`mesures_base`)."""

from collections.abc import Callable

from conum.formations.management import mesures_base, mesures_calcul
from conum.socle.mesures import Mesure, Verdict

NOMBRE = mesures_calcul.NOMBRE


def mesurer(nombre: int, *, dire: Callable[[str], None]) -> tuple[list[Mesure], list[Verdict]]:
    mesures, verdicts = mesures_calcul.mesurer(nombre, dire=dire)
    en_base, tenus = mesures_base.mesurer(nombre, dire=dire)
    return [*mesures, *en_base], [*verdicts, *tenus]
