"""Un courriel = une classe et deux gabarits. Les apps en dérivent dans leur emails.py."""

import re
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Self

from django.conf import settings
from django.template import Context
from django.template.loader import get_template

LONGUEUR_SUJET = 150
_STYLE = Path(__file__).parent / "static" / "courriels" / "courriel.css"
_BLANCS = re.compile(r"[\s\x00-\x1f\x7f]+")
_LIGNES_VIDES = re.compile(r"\n{3,}")
_FIN_DE_LIGNE = re.compile(r"[ \t]+\n")

REGISTRE: dict[str, type["Message"]] = {}
"""Toutes les classes de message, par code ; un test rend l'exemple de chacune."""


class MessageInvalide(Exception):
    """Deux classes portent le même code, ou un gabarit donne un texte vide."""


@cache
def style() -> str:
    """La feuille de style des courriels, écrite dans chacun : une messagerie ne charge rien d'ailleurs."""
    return _STYLE.read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Rendu:
    """Ce qui part : l'objet du courriel et ses deux textes."""

    sujet: str
    texte: str
    html: str


@dataclass(frozen=True)
class Message:
    """Base d'un message : une sous-classe `@dataclass(frozen=True)`, dont les champs sont le contexte des gabarits.

    code: « <app>/<nom> », rend `<app>/courriels/<nom>.txt` et `.html`.
    sujet: patron str.format rempli par le contexte (« Votre demande {demande.numero} »).
    confidentiel: le texte porte un code ou un lien personnel. Il n'est pas montré aux agents, ne se renvoie pas, et
        s'efface une fois parti.
    priorite: plus grand, plus tôt ; un code de connexion passe devant les rappels.
    desabonnement: adresse complète d'une page qui, sur un simple POST, fait cesser ces messages (RFC 8058) ; vide : le
        message engage la personne, il ne se refuse pas.
    calendrier: texte iCalendar joint au message (RFC 5545), vide s'il n'y a pas de rendez-vous.
    """

    code: ClassVar[str]
    sujet: ClassVar[str]
    confidentiel: ClassVar[bool] = False
    priorite: ClassVar[int] = 0
    desabonnement: str = field(default="", kw_only=True)
    calendrier: str = field(default="", kw_only=True)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "code" not in cls.__dict__:
            return
        autre = REGISTRE.setdefault(cls.code, cls)
        if autre.__qualname__ != cls.__qualname__ or autre.__module__ != cls.__module__:
            raise MessageInvalide(
                f"Deux messages ont le code « {cls.code} » : {autre.__qualname__} et {cls.__qualname__}."
            )
        REGISTRE[cls.code] = cls

    @classmethod
    def exemple(cls) -> Self:
        """Une instance plausible, sans base de données, pour la page de démonstration et les tests."""
        raise NotImplementedError

    def contexte(self) -> dict[str, Any]:
        donnees = {champ.name: getattr(self, champ.name) for champ in fields(self)}
        return {**donnees, "site": settings.SITE_URL, "nom_du_service": settings.NOM_DU_SERVICE}

    def rendre(self) -> Rendu:
        return Rendu(self.rendre_sujet(), self.rendre_texte(), self.rendre_html())

    def rendre_sujet(self) -> str:
        """Une ligne, au plus 150 caractères, sans saut de ligne ni caractère de commande."""
        texte = _BLANCS.sub(" ", self.sujet.format(**self.contexte())).strip()
        return texte if len(texte) <= LONGUEUR_SUJET else texte[: LONGUEUR_SUJET - 1].rstrip() + "…"

    def rendre_texte(self) -> str:
        """Texte brut : aucun échappement HTML."""
        texte = self._rendre("txt", self.contexte(), autoescape=False)
        return _LIGNES_VIDES.sub("\n\n", _FIN_DE_LIGNE.sub("\n", texte)).strip() + "\n"

    def rendre_html(self) -> str:
        contexte = {**self.contexte(), "sujet": self.rendre_sujet(), "style": style()}
        return self._rendre("html", contexte, autoescape=True).strip() + "\n"

    def _rendre(self, extension: str, contexte: dict[str, Any], *, autoescape: bool) -> str:
        app, nom = self.code.split("/")
        gabarit = get_template(f"{app}/courriels/{nom}.{extension}").template  # type: ignore[attr-defined]
        rendu = str(gabarit.render(Context(contexte, autoescape=autoescape)))
        if not rendu.strip():
            raise MessageInvalide(f"Le courriel {self.code} est vide en {extension}.")
        return rendu
