"""Quelques vraies communes, sans charger la France."""

import factory
from factory.django import DjangoModelFactory

from conum.territoires.models import AncienneCommune, Commune, Departement, Epci, Region


class RegionFactory(DjangoModelFactory):
    class Meta:
        model = Region
        django_get_or_create = ("code",)

    code = "53"
    nom = "Bretagne"


class DepartementFactory(DjangoModelFactory):
    class Meta:
        model = Departement
        django_get_or_create = ("code",)

    code = "35"
    nom = "Ille-et-Vilaine"
    region = factory.SubFactory(RegionFactory)


class EpciFactory(DjangoModelFactory):
    class Meta:
        model = Epci
        django_get_or_create = ("code",)

    code = "243500139"
    nom = "Rennes Métropole"


class CommuneFactory(DjangoModelFactory):
    class Meta:
        model = Commune
        django_get_or_create = ("code",)

    code = "35238"
    nom = "Rennes"
    departement = factory.SubFactory(DepartementFactory)
    codes_postaux = ["35000", "35200", "35700"]
    population = 227830
    latitude = 48.11
    longitude = -1.68
    precision = Commune.Precision.LIEU


class AncienneCommuneFactory(DjangoModelFactory):
    class Meta:
        model = AncienneCommune

    code = "35099"
    nom = "Ancienne"
    nature = AncienneCommune.Nature.FUSIONNEE
    commune = factory.SubFactory(CommuneFactory)
