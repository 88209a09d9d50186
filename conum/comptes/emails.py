"""Courriels des comptes. Ceux qui portent un code ou un lien personnel sont confidentiels."""

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from conum.courriels.messages import Message

_EXEMPLE_LE = dt.datetime(2026, 1, 15, 9, 30, tzinfo=dt.UTC)
_LIEN = "https://conum.example/exemple"


@dataclass(frozen=True)
class CodeDeConnexion(Message):
    code = "comptes/code_de_connexion"
    sujet = "Votre code de connexion"
    confidentiel = True
    priorite: ClassVar[int] = 10
    chiffres: str
    minutes: int

    @classmethod
    def exemple(cls) -> "CodeDeConnexion":
        return cls(chiffres="1234-5678", minutes=15)


@dataclass(frozen=True)
class CompteInconnu(Message):
    code = "comptes/compte_inconnu"
    sujet = "Votre demande de connexion"
    priorite: ClassVar[int] = 10

    @classmethod
    def exemple(cls) -> "CompteInconnu":
        return cls()


@dataclass(frozen=True)
class AvisDeSecurite(Message):
    code = "comptes/avis_de_securite"
    sujet = "La sécurité de votre compte a changé"
    fait: str
    le: dt.datetime
    adresse_ip: str

    @classmethod
    def exemple(cls) -> "AvisDeSecurite":
        return cls(fait="Une clé d'accès a été ajoutée.", le=_EXEMPLE_LE, adresse_ip="192.0.2.1")


@dataclass(frozen=True)
class InvitationEnvoyee(Message):
    code = "comptes/invitation"
    sujet = "Invitation : {libelle}"
    confidentiel = True
    libelle: str
    invitant: str
    lien: str
    expire_le: dt.datetime

    @classmethod
    def exemple(cls) -> "InvitationEnvoyee":
        return cls(libelle="Préfecture — Marne", invitant="Camille Martin (ANCT)", lien=_LIEN, expire_le=_EXEMPLE_LE)


@dataclass(frozen=True)
class RoleRetire(Message):
    code = "comptes/role_retire"
    sujet = "Votre accès « {libelle} » a été retiré"
    libelle: str
    motif: str

    @classmethod
    def exemple(cls) -> "RoleRetire":
        return cls(libelle="Préfecture — Marne", motif="Changement de poste.")


@dataclass(frozen=True)
class AdresseAConfirmer(Message):
    """À la nouvelle adresse : le bouton qui prouve qu'elle est bien à la personne."""

    code = "comptes/adresse_a_confirmer"
    sujet = "Confirmez votre nouvelle adresse"
    confidentiel = True
    lien: str
    expire_le: dt.datetime

    @classmethod
    def exemple(cls) -> "AdresseAConfirmer":
        return cls(lien=_LIEN, expire_le=_EXEMPLE_LE)


@dataclass(frozen=True)
class ChangementAdresseDemande(Message):
    """À l'adresse actuelle, avant que rien ne change : la personne peut encore l'empêcher."""

    code = "comptes/changement_adresse_demande"
    sujet = "Un changement d'adresse a été demandé"
    nouvelle: str
    lien: str

    @classmethod
    def exemple(cls) -> "ChangementAdresseDemande":
        return cls(nouvelle="camille.martin@exemple.fr", lien=_LIEN)


@dataclass(frozen=True)
class AdresseChangee(Message):
    """À l'ancienne adresse, une fois le changement fait."""

    code = "comptes/adresse_changee"
    sujet = "L'adresse de votre compte a changé"
    nouvelle: str

    @classmethod
    def exemple(cls) -> "AdresseChangee":
        return cls(nouvelle="camille.martin@exemple.fr")


@dataclass(frozen=True)
class ProConnectRattache(Message):
    code = "comptes/proconnect_rattache"
    sujet = "ProConnect est rattaché à votre compte"

    @classmethod
    def exemple(cls) -> "ProConnectRattache":
        return cls()


@dataclass(frozen=True)
class CompteDesactive(Message):
    code = "comptes/compte_desactive"
    sujet = "Votre compte a été désactivé"
    motif: str

    @classmethod
    def exemple(cls) -> "CompteDesactive":
        return cls(motif="Départ de la préfecture.")


@dataclass(frozen=True)
class CompteInactif(Message):
    code = "comptes/compte_inactif"
    sujet = "Votre compte sera effacé le {le:%d/%m/%Y}"
    le: dt.date
    lien: str

    @classmethod
    def exemple(cls) -> "CompteInactif":
        return cls(le=_EXEMPLE_LE.date(), lien=_LIEN)
