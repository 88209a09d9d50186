"""L'argent vu d'en haut : accordé, engagé, versé, reste. Une seule source, la vue `Mouvement`, sommée ici seulement.

Les totaux par exercice, financeur, département, région, phase ou structure, le calendrier par année civile, la liste
des conventions et la fiche de l'une d'elles rangent les mêmes mouvements : ils ne peuvent pas différer.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Count, DecimalField, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, ExtractYear

from conum.conventions.models import Convention
from conum.versements.models.mouvement import Mouvement

ZERO = Decimal("0.00")
SANS_DATE = "sans-date"
"""L'année des mouvements que la règle ne date pas."""
Quand = int | str | None
"""Une année civile, SANS_DATE, ou None pour tous les mouvements."""
NOMS = ("accorde", "engage", "prevu", "ordonnance", "verse", "a_rendre")
_MONTANT: DecimalField[Any, Any] = DecimalField(max_digits=14, decimal_places=2)


@dataclass(frozen=True, slots=True)
class Montants:
    """Ce que des conventions valent, en euros. Dans l'ordre de NOMS."""

    accorde: Decimal = ZERO
    engage: Decimal = ZERO
    prevu: Decimal = ZERO
    ordonnance: Decimal = ZERO
    verse: Decimal = ZERO
    a_rendre: Decimal = ZERO
    conventions: int = 0

    @property
    def reste(self) -> Decimal:
        """Ce que l'État doit encore verser ; négatif quand il a versé plus qu'il ne doit."""
        return self.engage - self.verse

    def __add__(self, autre: Montants) -> Montants:
        return additionner((self, autre))


class Axe(models.TextChoices):
    """Ce par quoi l'on range les conventions : un fait de la convention, et d'elle seule."""

    EXERCICE = "exercice", "Exercice de financement"
    FINANCEUR = "financeur", "Financeur"
    DEPARTEMENT = "departement", "Département"
    REGION = "region", "Région"
    PHASE = "phase", "Phase"
    STRUCTURE = "structure", "Structure"


_CHAMPS = {
    Axe.EXERCICE: "financement_debut",
    Axe.FINANCEUR: "financeur",
    Axe.DEPARTEMENT: "departement",
    Axe.REGION: "departement__region",
    Axe.PHASE: "phase",
    Axe.STRUCTURE: "structure",
}


def _chemin(axe: Axe, prefixe: str = "") -> Any:
    champ = prefixe + _CHAMPS[axe]
    return ExtractYear(champ) if axe == Axe.EXERCICE else F(champ)


def _de(quand: Quand, prefixe: str = "") -> Q:
    if quand is None:
        return Q()
    return Q(**{f"{prefixe}annee__isnull": True} if quand == SANS_DATE else {f"{prefixe}annee": quand})


def _sommes(prefixe: str = "", quand: Quand = None) -> dict[str, Any]:
    """Les six sommes ; nulles, jamais vides."""
    condition = _de(quand, prefixe)
    return {
        nom: Coalesce(Sum(prefixe + nom, filter=condition or None), Value(ZERO), output_field=_MONTANT) for nom in NOMS
    }


def par_axe(conventions: QuerySet[Convention], axe: Axe) -> dict[Hashable, Montants]:
    """Les montants des conventions, rangés selon un axe : une requête pour les sommes, une pour compter."""
    return _ranger(conventions, _chemin(axe), _chemin(axe, "convention__"))


def totaux(conventions: QuerySet[Convention], quand: Quand = None) -> Montants:
    """Le total général, ou celui d'une année : les mêmes requêtes, sans rien ranger."""
    tout = Value(0, output_field=models.IntegerField())
    return _ranger(conventions, tout, tout, quand).get(0, Montants())


def de_la_convention(convention: Convention) -> Montants:
    """Les montants d'une convention, tels que toutes les sommes les comptent."""
    return totaux(Convention.objects.filter(pk=convention.pk))


def additionner(montants: Iterable[Montants]) -> Montants:
    montants = list(montants)
    sommes = {nom: sum((getattr(m, nom) for m in montants), ZERO) for nom in NOMS}
    return Montants(**sommes, conventions=sum(m.conventions for m in montants))


def _mouvements(conventions: QuerySet[Convention]) -> QuerySet[Mouvement]:
    return Mouvement.objects.filter(convention__in=conventions.order_by().values("pk")).order_by()


def _ranger(
    conventions: QuerySet[Convention], d_une_convention: Any, d_un_mouvement: Any, quand: Quand = None
) -> dict[Hashable, Montants]:
    nombres = conventions.order_by().values(cle_de_tri=d_une_convention).annotate(nombre=Count("pk"))
    sommes = _mouvements(conventions).filter(_de(quand)).values(cle_de_tri=d_un_mouvement).annotate(**_somme_nommee())
    montants = {cle: Montants(*valeurs) for cle, *valeurs in sommes.values_list("cle_de_tri", *_somme_nommee())}
    return {
        cle: replace(montants.get(cle, Montants()), conventions=nombre)
        for cle, nombre in nombres.values_list("cle_de_tri", "nombre")
    }


def _somme_nommee() -> dict[str, Any]:
    return {f"somme_{nom}": somme for nom, somme in _sommes().items()}


def avec_montants(conventions: QuerySet[Convention], quand: Quand = None) -> QuerySet[Convention]:
    """Annote chaque convention de ses six montants et de `reste` : une liste dont la somme est le total."""
    return conventions.annotate(**_sommes("mouvements__", quand)).annotate(reste=F("engage") - F("verse"))


@dataclass(frozen=True, slots=True)
class Annee:
    """Une année civile ; `annee` vide : ce que la règle ne date pas."""

    annee: int | None
    montants: Montants


@dataclass(frozen=True, slots=True)
class Calendrier:
    """Par année civile : la valeur des jours financés, les versements prévus, ce qui est parti moins ce qui revient."""

    annees: tuple[Annee, ...]

    @property
    def parlantes(self) -> tuple[Annee, ...]:
        """Les années où quelque chose est dû, prévu ou versé ; un plafond seul n'est pas un fait de l'année."""
        return tuple(a for a in self.annees if a.montants.engage or a.montants.prevu or a.montants.verse)

    @property
    def total(self) -> Montants:
        return additionner(a.montants for a in self.annees)


def calendrier(conventions: QuerySet[Convention]) -> Calendrier:
    """Les mouvements des mêmes conventions, par année civile ; une requête."""
    sommes = _mouvements(conventions).values("annee").annotate(**_somme_nommee())
    annees = [Annee(annee, Montants(*valeurs)) for annee, *valeurs in sommes.values_list("annee", *_somme_nommee())]
    return Calendrier(tuple(sorted(annees, key=lambda a: (a.annee is None, a.annee))))
