"""Distances en base : cube et earthdistance, servis par un index GiST."""

from typing import Any, TypeVar

from django.contrib.postgres.indexes import GistIndex
from django.db.models import BooleanField, F, FloatField, Func, Model, QuerySet, Value
from django.db.models.expressions import Combinable

from conum.territoires.rules import RAYON_TERRE_KM

M = TypeVar("M", bound=Model)
# earthdistance prend 6 378,168 km de rayon ; conum 6 371 (territoires.rules) : on ramène l'un à l'autre.
_RAYON_EARTHDISTANCE_KM = 6378.168
_ECHELLE = RAYON_TERRE_KM / _RAYON_EARTHDISTANCE_KM


class EnPoint(Func):
    """Le point d'une latitude et d'une longitude (degrés WGS84)."""

    function = "ll_to_earth"
    arity = 2
    output_field = FloatField()


class _Distance(Func):
    """Distance entre deux points, en km sur la sphère de 6 371 km de rayon."""

    template = f"(earth_distance(%(expressions)s) * {_ECHELLE / 1000!r})"
    output_field = FloatField()


class _Boite(Func):
    function = "earth_box"
    output_field = FloatField()


class _Contient(Func):
    """`boîte @> point` : l'opérateur que sert l'index GiST."""

    template = "(%(expressions)s)"
    arg_joiner = " @> "
    output_field = BooleanField()


def distance_au_point(latitude: float, longitude: float) -> Combinable:
    """L'expression « distance en km entre la ligne et ce point »."""
    return _Distance(EnPoint(F("latitude"), F("longitude")), EnPoint(Value(latitude), Value(longitude)))


def autour(objets: QuerySet[M], latitude: float, longitude: float, rayon_km: float) -> QuerySet[M]:
    """Les lignes à `rayon_km` au plus de ce point, annotées `distance_km` ; l'index trie, la distance tranche."""
    # Un millième de marge : la boîte ne doit pas perdre ce que la distance, arrondie autrement, garderait.
    metres = rayon_km * 1000 / _ECHELLE * 1.001
    boite = _Contient(
        _Boite(EnPoint(Value(latitude), Value(longitude)), Value(metres)), EnPoint(F("latitude"), F("longitude"))
    )
    distance = distance_au_point(latitude, longitude)
    return objets.filter(boite).annotate(distance_km=distance).filter(distance_km__lte=rayon_km)  # type: ignore[return-value]


def index_geographique(nom: str, **options: Any) -> GistIndex:
    return GistIndex(EnPoint(F("latitude"), F("longitude")), name=nom, **options)
