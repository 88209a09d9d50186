"""Arrondir au centime sans que la somme des lignes s'écarte du total : méthode du plus grand reste."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

CENTIMES = 100


def en_centimes(montant: Decimal) -> int:
    """Le montant en centimes, exact.

    Raises:
        ValueError: le montant a plus de deux décimales.
    """
    centimes = montant * CENTIMES
    if centimes != int(centimes):
        raise ValueError(f"{montant} a plus de deux décimales.")
    return int(centimes)


def en_euros(centimes: int) -> Decimal:
    return Decimal(centimes).scaleb(-2)


def arrondir(exact: Fraction) -> int:
    """À l'entier le plus proche, la moitié vers le haut."""
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)


def repartir(exacts: Sequence[Fraction], total: int | None = None) -> list[int]:
    """Des entiers dont la somme est `total` (à défaut la somme arrondie), chacun à moins d'une unité de sa part exacte.

    Les unités qui restent vont aux plus grandes parties fractionnaires ; à égalité, à la première de la liste.
    Une part entière n'en reçoit jamais.
    """
    entiers = [e.numerator // e.denominator for e in exacts]
    a_placer = (arrondir(sum(exacts, Fraction())) if total is None else total) - sum(entiers)
    restes = [e - n for e, n in zip(exacts, entiers, strict=True)]
    ordre = sorted((i for i, r in enumerate(restes) if r), key=lambda i: (-restes[i], i))
    for i in ordre[:a_placer]:
        entiers[i] += 1
    return entiers


def repartir_au_prorata(montant: int, parts: Sequence[int], diviseur: int, total: int) -> list[int]:
    """`repartir` pour des parts de même dénominateur (`montant × part ÷ diviseur`), en entiers : bien plus vite."""
    produits = [montant * part for part in parts]
    entiers = [p // diviseur for p in produits]
    a_placer = total - sum(entiers)
    if a_placer:
        restes = [p % diviseur for p in produits]
        for i in sorted((i for i, r in enumerate(restes) if r), key=lambda i: (-restes[i], i))[:a_placer]:
            entiers[i] += 1
    return entiers
