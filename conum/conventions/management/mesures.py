"""Mesure du calcul des subventions : 4 000 postes, trois ans d'histoire, sans base ; totaux comparés au centime."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from decimal import Decimal

from conum.conventions.management.histoires import Histoire, tirer
from conum.conventions.rules import Ligne, Subvention, calculer_subvention
from conum.socle.mesures import Mesure, Verdict, chronometrer, pic_memoire_mo
from conum.socle.texte import euros

NOMBRE = 4_000
FOIS = 5
SECONDES_ADMISES = 5

Calculee = tuple[Histoire, Subvention]

# Les façons de sommer qui doivent donner le même total.
FACONS: dict[str, Callable[[Histoire, Ligne], Hashable]] = {
    "structure": lambda h, x: h.structure,
    "departement": lambda h, x: h.poste.departement,
    "financeur": lambda h, x: h.regle.financeurs,
    "annee": lambda h, x: x.debut.year,
    "mois": lambda h, x: x.mois,
    "annee de financement": lambda h, x: x.annee,
}


def calculer(histoires: Iterable[Histoire]) -> list[Calculee]:
    return [(h, calculer_subvention(h.poste, h.contrats, h.convention, h.regle)) for h in histoires]


def totaux(calculees: Iterable[Calculee], facon: str) -> dict[Hashable, Decimal]:
    """La somme des lignes selon une façon de les ranger."""
    sommes: dict[Hashable, Decimal] = defaultdict(Decimal)
    cle = FACONS[facon]
    for histoire, subvention in calculees:
        for x in subvention.lignes:
            sommes[cle(histoire, x)] += x.montant
    return dict(sommes)


def mesurer(nombre: int, dire: Callable[[str], None]) -> tuple[list[Mesure], list[Verdict]]:
    dire("Histoires de postes…")
    histoires = list(tirer(nombre))
    avant = pic_memoire_mo()
    dire("Calcul des subventions…")
    mesure = chronometrer(
        f"subventions de {nombre} postes", nombre, lambda _: calculer(histoires), fois=FOIS, chauffe=1, avant_mo=avant
    )
    calculees = calculer(histoires)
    attendu = sum((s.total for _, s in calculees), Decimal(0))
    obtenus = {facon: sum(totaux(calculees, facon).values(), Decimal(0)) for facon in FACONS}
    egaux = set(obtenus.values()) == {attendu}
    secondes = mesure.p95_ms / 1000
    verdicts = [
        Verdict(secondes < SECONDES_ADMISES, f"{nombre} postes en {secondes:.1f} s (moins de {SECONDES_ADMISES} s)"),
        Verdict(egaux, f"{euros(attendu)} de quelque façon qu’on somme : {', '.join(obtenus)}"),
        Verdict(mesure.requetes == 0, f"{mesure.requetes} requête : calcul pur"),
    ]
    return [mesure], verdicts
