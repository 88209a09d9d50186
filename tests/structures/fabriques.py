"""Structures, communes et membres pour les tests."""

import factory
from factory.django import DjangoModelFactory
from stdnum import luhn

from conum.structures.models import Membre, Structure
from conum.structures.rules import statut_de
from conum.territoires.models import Commune
from tests.comptes.fabriques import DepartementFactory, RoleFactory


def siret_de(siren8: str, nic4: str = "0001") -> str:
    """SIRET valide construit sur huit chiffres de SIREN et quatre d'établissement."""
    siren = siren8 + luhn.calc_check_digit(siren8)
    return siren + nic4 + luhn.calc_check_digit(siren + nic4)


class CommuneFactory(DjangoModelFactory):
    class Meta:
        model = Commune
        django_get_or_create = ("code",)

    code = "51454"
    nom = "Reims"
    departement = factory.SubFactory(DepartementFactory)
    codes_postaux = ["51100"]


class StructureFactory(DjangoModelFactory):
    class Meta:
        model = Structure

    siret = factory.Sequence(lambda n: siret_de(f"{20000000 + n}"))
    denomination = factory.Sequence(lambda n: f"Association numéro {n}")
    categorie = "association"
    statut = factory.LazyAttribute(lambda s: statut_de(s.categorie).value)
    commune = factory.SubFactory(CommuneFactory)
    code_postal = "51100"
    identite_verifiee = factory.LazyAttribute(lambda s: bool(s.siret))


class MembreFactory(DjangoModelFactory):
    class Meta:
        model = Membre

    structure = factory.SubFactory(StructureFactory)
    role = factory.SubFactory(RoleFactory, structure=True)
    fonction = "Directrice"
