"""Courriels d'une place : convocation, liste d'attente, place retirée."""

from dataclasses import dataclass
from typing import Any, Self

from conum.formations.emails import EXEMPLE, SurInscription
from conum.formations.models import SessionFormation

EXEMPLE_SESSION: dict[str, Any] = {
    **EXEMPLE,
    "session": "SF-00042",
    "intitule": "Parcours de 2025 à Reims",
    "organisme": "La Fabrik",
    "debut": "07/09/2026",
    "fin": "18/12/2026",
    "ou": "Maison des associations, 3 rue des Remparts, Reims",
    "contact": "formation@exemple.fr",
}


@dataclass(frozen=True)
class SurPlace(SurInscription):
    """Ce que tout message sur une place dit de la session."""

    session: str
    intitule: str
    organisme: str
    debut: str
    fin: str
    ou: str
    contact: str

    @classmethod
    def faits(cls, session: SessionFormation) -> dict[str, Any]:
        return {
            "session": session.reference,
            "intitule": session.intitule,
            "organisme": session.organisme.nom,
            "debut": f"{session.debut:%d/%m/%Y}",
            "fin": f"{session.fin:%d/%m/%Y}",
            "ou": session.ou,
            "contact": session.contact_email or session.organisme.contact_email,
        }


@dataclass(frozen=True)
class Convocation(SurPlace):
    """À la personne, avec le lien de la visioconférence et son calendrier ; à la structure, sans l'un ni l'autre.

    `avant` : la session qu'elle quitte ; `encore` : une convocation qui remplace une autre.
    """

    code = "formations/convocation"
    sujet = "Convocation de {personne} : formation du {debut} au {fin}"
    jours: tuple[str, ...] = ()
    autres_jours: int = 0
    visio: str = ""
    a_soi: bool = True
    promue: bool = False
    encore: bool = False
    avant: str = ""
    motif: str = ""

    @classmethod
    def exemple(cls) -> Self:
        return cls(
            **EXEMPLE_SESSION,
            jours=("lundi 07/09/2026 : 09:00 à 12:30, 13:30 à 17:00", "mardi 08/09/2026 : 09:00 à 12:30"),
            autres_jours=53,
            encore=True,
            avant="SF-00041",
            motif="La session d’avant est trop loin.",
        )


@dataclass(frozen=True)
class ListeAttente(SurPlace):
    """À la personne et à la structure : la session est complète, la demande attend."""

    code = "formations/liste_attente"
    sujet = "{personne} est sur la liste d’attente de la session du {debut}"
    rang: int = 1

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE_SESSION)


@dataclass(frozen=True)
class PlaceRetiree(SurPlace):
    """À la personne et à la structure : la place est rendue, et pourquoi. `annulee` : la session entière l'est."""

    code = "formations/place_retiree"
    sujet = "{personne} n’a plus de place dans la session du {debut}"
    motif: str = "La personne est en arrêt de travail."
    annulee: bool = False
    attendait: bool = False

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE_SESSION)
