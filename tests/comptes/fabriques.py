"""Personnes et rôles pour les tests de toutes les apps."""

import factory
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from factory.django import DjangoModelFactory

from conum.comptes.models import Role, TypeRole
from conum.comptes.second_facteur import tracer_verification
from conum.territoires.models import Departement, Region
from conum.utilisateurs.models import Utilisateur


class RegionFactory(DjangoModelFactory):
    class Meta:
        model = Region
        django_get_or_create = ("code",)

    code = "44"
    nom = "Grand Est"


class DepartementFactory(DjangoModelFactory):
    class Meta:
        model = Departement
        django_get_or_create = ("code",)

    code = "51"
    nom = "Marne"
    region = factory.SubFactory(RegionFactory)


class UtilisateurFactory(DjangoModelFactory):
    class Meta:
        model = Utilisateur

    email = factory.Sequence(lambda n: f"personne{n}@exemple.fr")
    prenom = "Camille"
    nom = factory.Sequence(lambda n: f"Martin{n}")
    password = "!"


class RoleFactory(DjangoModelFactory):
    """`RoleFactory(anct=True)`, `RoleFactory(prefecture=True, departement=marne)`, `RoleFactory(structure=True)`…"""

    class Meta:
        model = Role

    utilisateur = factory.SubFactory(UtilisateurFactory)
    type = TypeRole.STRUCTURE
    libelle = factory.LazyAttribute(lambda role: str(TypeRole(role.type).label))

    class Params:
        anct = factory.Trait(type=TypeRole.ANCT)
        prefecture = factory.Trait(type=TypeRole.PREFECTURE, departement=factory.SubFactory(DepartementFactory))
        prefecture_de_region = factory.Trait(type=TypeRole.REGION, region=factory.SubFactory(RegionFactory))
        reseau = factory.Trait(type=TypeRole.RESEAU, code="emmaus-connect")
        hub = factory.Trait(type=TypeRole.HUB, code="rhinocc")
        structure = factory.Trait(type=TypeRole.STRUCTURE)


def donner_application(utilisateur: Utilisateur) -> str:
    """Donne à la personne une application d'authentification ; rend son secret (base 32)."""
    secret = generate_totp_secret()
    TOTP.activate(utilisateur, secret)
    return secret


def connecter(client: Client, role: Role, *, second_facteur: bool | None = None) -> Client:
    """Ouvre une session sans passer par les écrans ; le second facteur suit l'exigence du rôle, sauf avis contraire."""
    personne = role.utilisateur
    client.force_login(personne, backend="allauth.account.auth_backends.AuthenticationBackend")
    if role.exige_second_facteur if second_facteur is None else second_facteur:
        if not Authenticator.objects.filter(user=personne).exists():
            donner_application(personne)
        tracer_verification(client.session, personne)
    return client
