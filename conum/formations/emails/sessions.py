"""Courriels d'une session : aux inscrits et à leurs structures, ce qui change."""

from dataclasses import dataclass
from typing import Any, Self

from conum.courriels.messages import Message
from conum.formations.models import Inscription, SessionFormation


@dataclass(frozen=True)
class SessionModifiee(Message):
    """À la personne et à sa structure : les jours, les heures ou le lieu d'une session ouverte ont changé."""

    code = "formations/session_modifiee"
    sujet = "Formation {reference} : la session du {debut} change"
    reference: str
    intitule: str
    organisme: str
    personne: str
    debut: str
    fin: str
    lien: str
    contact: str
    changements: tuple[str, ...] = ()
    motif: str = ""

    @classmethod
    def de(cls, session: SessionFormation, inscription: Inscription, lien: str) -> dict[str, Any]:
        return {
            "reference": session.reference,
            "intitule": session.intitule,
            "organisme": session.organisme.nom,
            "personne": inscription.personne.get_full_name(),
            "debut": f"{session.debut:%d/%m/%Y}",
            "fin": f"{session.fin:%d/%m/%Y}",
            "lien": lien,
            "contact": session.contact_email,
        }

    @classmethod
    def exemple(cls) -> Self:
        return cls(
            reference="SF-00042",
            intitule="Parcours de 2025 à Reims",
            organisme="La Fabrik",
            personne="Camille Martin",
            debut="07/09/2026",
            fin="18/12/2026",
            lien="https://conum.example/espace/7/formations/sessions/42/",
            contact="formation@exemple.fr",
            changements=("Lieu : Maison des associations, Reims, au lieu de : Médiathèque, Reims.",),
            motif="La médiathèque ferme pour travaux.",
        )
