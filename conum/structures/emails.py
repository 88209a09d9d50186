"""Courriels des structures : demandes à rejoindre, invitations, contact principal, fusion."""

from dataclasses import dataclass
from datetime import date
from typing import Self

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import Invitation, Role
from conum.courriels.messages import Message
from conum.structures.models import ChangementContact, DemandeRattachement, Structure

_EXEMPLE_STRUCTURE = "Communauté de communes des Trois Sources"
_EXEMPLE_LIEN = "https://conum.example/structures/exemple/"


def lien(nom: str, *args: object) -> str:
    return settings.SITE_URL + reverse(f"structures:{nom}", args=args)


def lien_rejoindre(structure: Structure) -> str:
    """La page pour demander à rejoindre ; l'accueil pour une structure sans numéro."""
    return lien("rejoindre", structure.numero) if structure.numero else f"{settings.SITE_URL}/"


@dataclass(frozen=True)
class RattachementDemande(Message):
    """À qui peut répondre : quelqu'un demande à rejoindre la structure."""

    code = "structures/rattachement_demande"
    sujet = "{personne} demande à rejoindre {structure}"
    structure: str
    personne: str
    fonction: str
    email: str
    message: str
    lien: str

    @classmethod
    def de(cls, demande: DemandeRattachement, role: Role) -> Self:
        return cls(
            structure=demande.structure.nom,
            personne=f"{demande.prenom} {demande.nom}",
            fonction=demande.fonction,
            email=demande.email,
            message=demande.message,
            lien=lien("rattachement", role.pk, demande.pk),
        )

    @classmethod
    def exemple(cls) -> Self:
        return cls(
            structure=_EXEMPLE_STRUCTURE,
            personne="Lina Haddad",
            fonction="Directrice adjointe",
            email="lina.haddad@trois-sources.example",
            message="Je remplace Paul Morel depuis septembre.",
            lien=_EXEMPLE_LIEN,
        )


@dataclass(frozen=True)
class _SurStructure(Message):
    """Message qui ne dit que le nom de la structure et, parfois, où aller ensuite."""

    structure: str
    lien: str = ""

    @classmethod
    def exemple(cls) -> Self:
        return cls(structure=_EXEMPLE_STRUCTURE, lien=_EXEMPLE_LIEN)


@dataclass(frozen=True)
class RattachementRecu(_SurStructure):
    code = "structures/rattachement_recu"
    sujet = "Votre demande à rejoindre {structure} est transmise"


@dataclass(frozen=True)
class RattachementAccepte(_SurStructure):
    code = "structures/rattachement_accepte"
    sujet = "Vous êtes membre de {structure}"


@dataclass(frozen=True)
class RattachementExpire(_SurStructure):
    code = "structures/rattachement_expire"
    sujet = "Votre demande à rejoindre {structure} est restée sans réponse"


@dataclass(frozen=True)
class MembreRetire(_SurStructure):
    code = "structures/membre_retire"
    sujet = "Vous n'êtes plus membre de {structure}"


@dataclass(frozen=True)
class ContactChange(_SurStructure):
    code = "structures/contact_change"
    sujet = "Le contact principal de {structure} a changé"
    entrant: str = "Lina Haddad"


@dataclass(frozen=True)
class ContactAnnule(_SurStructure):
    code = "structures/contact_annule"
    sujet = "Le contact principal de {structure} ne change pas"


@dataclass(frozen=True)
class RattachementRefuse(Message):
    code = "structures/rattachement_refuse"
    sujet = "Votre demande à rejoindre {structure} n'est pas acceptée"
    structure: str
    motif: str

    @classmethod
    def exemple(cls) -> Self:
        return cls(structure=_EXEMPLE_STRUCTURE, motif="Nous ne vous connaissons pas encore : appelez-nous.")


@dataclass(frozen=True)
class InvitationMembre(Message):
    code = "structures/invitation_membre"
    sujet = "Vous êtes invité à rejoindre {structure}"
    confidentiel = True
    structure: str
    invitant: str
    lien: str
    expire_le: date

    @classmethod
    def de(cls, structure: Structure, invitation: Invitation, jeton: str, invitant: str) -> Self:
        return cls(
            structure=structure.nom,
            invitant=invitant,
            lien=lien("invitation", jeton),
            expire_le=timezone.localdate(invitation.expire_le),
        )

    @classmethod
    def exemple(cls) -> Self:
        return cls(structure=_EXEMPLE_STRUCTURE, invitant="Paul Morel", lien=_EXEMPLE_LIEN, expire_le=date(2026, 1, 31))


@dataclass(frozen=True)
class ContactAConfirmer(Message):
    """À l'entrant et au sortant : chacun confirme par le bouton de son propre courriel."""

    code = "structures/contact_a_confirmer"
    sujet = "Confirmez le nouveau contact principal de {structure}"
    confidentiel = True
    structure: str
    entrant: str
    est_entrant: bool
    lien: str
    expire_le: date

    @classmethod
    def de(cls, changement: ChangementContact, jeton: str, cote: str) -> Self:
        return cls(
            structure=changement.structure.nom,
            entrant=str(changement.entrant),
            est_entrant=cote == "entrant",
            lien=lien("contact_confirmer", jeton),
            expire_le=timezone.localdate(changement.expire_le),
        )

    @classmethod
    def exemple(cls) -> Self:
        return cls(
            structure=_EXEMPLE_STRUCTURE,
            entrant="Lina Haddad",
            est_entrant=True,
            lien=_EXEMPLE_LIEN,
            expire_le=date(2026, 1, 31),
        )


@dataclass(frozen=True)
class StructureFusionnee(Message):
    """Aux membres de la fiche retirée : leur structure porte maintenant un autre nom dans l'outil."""

    code = "structures/structure_fusionnee"
    sujet = "La fiche de {source} est réunie à celle de {structure}"
    source: str
    structure: str

    @classmethod
    def exemple(cls) -> Self:
        return cls(source="Mairie de Cognac", structure="Commune de Cognac")
