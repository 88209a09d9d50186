"""Ce que le parcours de l'argent demande à chaque page : la regarder, dater un second facteur, lire un PDF."""

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdf
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.db.models import Model
from playwright.sync_api import Page

from conum.journal.models import Entree
from tests.parcours.conftest import ORDINATEUR, TELEPHONE, elargir

Axe = Callable[[Page], None]


class Regard:
    """Examine une page par axe, à la largeur de la personne ; `CONUM_VUES` nomme le dossier où la photographier."""

    def __init__(self, axe: Axe) -> None:
        self.axe = axe
        self.rang = 0

    def __call__(self, page: Page, nom: str) -> None:
        """Une sorte de page, ou un état qui la change."""
        self.axe(page)
        self.photo(page, nom)

    def photo(self, page: Page, nom: str) -> None:
        """Un état d'une page examinée par ailleurs : seulement à montrer."""
        self.rang += 1
        if not (dossier := os.environ.get("CONUM_VUES")):
            return
        largeur = page.viewport_size["width"] if page.viewport_size else ORDINATEUR
        for voulue in (TELEPHONE, ORDINATEUR):
            elargir(page, voulue)
            page.screenshot(path=Path(dossier) / f"{self.rang:02}-{nom}-{voulue}.png", full_page=True)
        elargir(page, largeur)


def vieillir_le_facteur(page: Page) -> None:
    """La session est ouverte depuis dix minutes : le second facteur présenté à la connexion ne suffit plus."""
    cookie = next(c for c in page.context.cookies() if c["name"] == settings.SESSION_COOKIE_NAME)
    session = import_module(settings.SESSION_ENGINE).SessionStore(cookie["value"])
    for trace in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        trace["at"] = time.time() - 600
    session.modified = True
    session.save()


def actes_de(objet: Model) -> list[str]:
    """Le journal d'un objet, dans l'ordre."""
    return list(Entree.objects.de_l_objet(objet).order_by("pk").values_list("action", flat=True))


def telecharger(page: Page, cliquer: Callable[[], Any]) -> tuple[str, bytes]:
    with page.expect_download() as recu:
        cliquer()
    return recu.value.suggested_filename, recu.value.path().read_bytes()


@dataclass(frozen=True)
class PdfLu:
    """Ce qu'un lecteur d'écran reçoit d'un PDF. `titres` : (niveau, texte), dans l'ordre de lecture du balisage."""

    balise: bool
    langue: str
    titre: str
    polices: frozenset[str]
    polices_absentes: frozenset[str]
    titres: tuple[tuple[int, str], ...]


def lire_pdf(octets: bytes) -> PdfLu:
    pdf = pypdf.PdfReader(BytesIO(octets))
    racine = pdf.trailer["/Root"]
    textes: dict[tuple[int, int], str] = {}
    for feuille in pdf.pages:
        textes |= _textes_marques(feuille)
    titres: list[tuple[int, str]] = []
    _descendre(racine["/StructTreeRoot"], None, textes, titres)
    polices = {nom: p for feuille in pdf.pages for nom, p in _polices(feuille)}
    return PdfLu(
        balise=bool(racine["/MarkInfo"]["/Marked"]),
        langue=str(racine["/Lang"]),
        titre=str(pdf.metadata.title if pdf.metadata else ""),
        polices=frozenset(polices),
        polices_absentes=frozenset(nom for nom, embarquee in polices.items() if not embarquee),
        titres=tuple(titres),
    )


def _polices(feuille: Any) -> Iterator[tuple[str, bool]]:
    """Le nom de chaque police de la page, et si elle est dans le fichier."""
    for police in (p.get_object() for p in feuille["/Resources"]["/Font"].values()):
        filles = police.get("/DescendantFonts")
        descripteur = (filles[0].get_object() if filles else police).get("/FontDescriptor", {}).get_object()
        yield str(police["/BaseFont"]), any(f"/FontFile{n}" in descripteur for n in ("", "2", "3"))


def _textes_marques(feuille: Any) -> dict[tuple[int, int], str]:
    """Le texte de chaque contenu marqué (MCID) de la page."""
    page = feuille.indirect_reference.idnum
    morceaux: dict[tuple[int, int], str] = {}
    pile: list[int | None] = []

    def avant(operateur: bytes, operandes: Any, _cm: Any, _tm: Any) -> None:
        if operateur in (b"BDC", b"BMC"):
            proprietes = operandes[1] if len(operandes) > 1 and isinstance(operandes[1], dict) else {}
            pile.append(proprietes.get("/MCID"))
        elif operateur == b"EMC" and pile:
            pile.pop()

    def texte(lu: str, *_: Any) -> None:
        courant = next((m for m in reversed(pile) if m is not None), None)
        if courant is not None and lu.strip():
            cle = (page, int(courant))
            morceaux[cle] = morceaux.get(cle, "") + lu

    feuille.extract_text(visitor_operand_before=avant, visitor_text=texte)
    return morceaux


def _descendre(noeud: Any, page: int | None, textes: dict[tuple[int, int], str], titres: list[tuple[int, str]]) -> None:
    noeud = noeud.get_object() if hasattr(noeud, "get_object") else noeud
    if not isinstance(noeud, dict):
        return
    if "/Pg" in noeud:
        page = noeud.raw_get("/Pg").idnum
    if titre := re.fullmatch(r"/H([1-6])", str(noeud.get("/S", ""))):
        titres.append((int(titre[1]), " ".join(_texte_de(noeud, page, textes).split())))
        return
    enfants = noeud.get("/K", [])
    for enfant in enfants if isinstance(enfants, list) else [enfants]:
        _descendre(enfant, page, textes, titres)


def _texte_de(noeud: Any, page: int | None, textes: dict[tuple[int, int], str]) -> str:
    noeud = noeud.get_object() if hasattr(noeud, "get_object") else noeud
    if isinstance(noeud, int):
        return textes.get((page or 0, int(noeud)), "")
    if not isinstance(noeud, dict):
        return ""
    if "/Pg" in noeud:
        page = noeud.raw_get("/Pg").idnum
    if "/MCID" in noeud:
        return textes.get((page or 0, int(noeud["/MCID"])), "")
    enfants = noeud.get("/K", [])
    return " ".join(_texte_de(e, page, textes) for e in (enfants if isinstance(enfants, list) else [enfants]))
