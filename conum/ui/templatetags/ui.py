"""Étiquettes et filtres des gabarits : fil d'Ariane, cellules d'une liste, pages, dates et nombres en français."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format

from conum.socle import texte
from conum.socle.listes import Liste

register = template.Library()
ESPACE_FINE = "\u202f"
JOURS_PAR_AN = 365
JOURS_PAR_MOIS = 30.44


@register.inclusion_tag("ui/fil.html", takes_context=True)
def fil(context: template.Context, *morceaux: str) -> dict[str, Any]:
    """Fil d'Ariane : `{% fil "Demandes" lien_liste "Demande 12" %}`, couples titre-lien puis la page courante.

    Le premier lien, l'accueil ou l'espace du rôle qui agit, est ajouté d'office.
    """
    *couples, ici = morceaux
    if len(couples) % 2:
        raise template.TemplateSyntaxError("fil : des couples titre-lien, puis le titre de la page.")
    role = context.get("role")
    debut = (
        ("Mon espace", reverse("portail:espace", args=[role.pk])) if role else ("Accueil", reverse("portail:accueil"))
    )
    return {"liens": [debut, *zip(couples[::2], couples[1::2], strict=True)], "ici": ici}


@register.filter
def en_mots(texte: str) -> list[str]:
    return texte.split()


@register.filter
def niveau_alerte(niveau: str) -> str:
    """Le nom DSFR d'un niveau de message de Django."""
    return niveau if niveau in {"success", "warning", "error"} else "info"


@register.filter
def nombre(valeur: float | Decimal | None) -> str:
    """Nombre en français, milliers séparés : « 12 345 »."""
    if valeur is None:
        return "–"
    return number_format(valeur, use_l10n=True, force_grouping=True).replace("\xa0", ESPACE_FINE)


@register.filter
def euros(valeur: Decimal | None) -> str:
    """Somme en français : « 12 345,60 € »."""
    return "–" if valeur is None else texte.euros(valeur)


@register.filter
def jour(valeur: dt.date | dt.datetime | None) -> str:
    """« 3 mars 2026 » ; avec l'heure de Paris si la valeur en porte une."""
    if valeur is None:
        return "–"
    if isinstance(valeur, dt.datetime):
        local = timezone.localtime(valeur)
        return f"{date_format(local, 'j F Y')} à {local:%H:%M}"
    return date_format(valeur, "j F Y")


@register.filter
def duree(valeur: dt.timedelta) -> str:
    """« 30 jours », « 6 mois », « 10 ans » : l'unité où la durée a été décidée, à l'arrondi près."""
    jours = valeur.days
    if jours and jours % JOURS_PAR_AN == 0:
        annees = jours // JOURS_PAR_AN
        return f"{annees} an{'s' if annees > 1 else ''}"
    if jours > 2 * JOURS_PAR_MOIS:
        return f"{round(jours / JOURS_PAR_MOIS)} mois"
    return f"{jours} jour{'s' if jours > 1 else ''}"


@register.filter
def iso(valeur: dt.date | dt.datetime) -> str:
    return valeur.isoformat()


@dataclass(frozen=True)
class Cellule:
    texte: str
    lien: str
    niveau: str


def _texte(valeur: Any) -> str:
    match valeur:
        case None | "":
            return "–"
        case bool():
            return "oui" if valeur else "non"
        case dt.datetime():
            return f"{timezone.localtime(valeur):%d/%m/%Y %H:%M}"
        case dt.date():
            return f"{valeur:%d/%m/%Y}"
        case int() | float() | Decimal():
            return nombre(valeur)
        case _:
            return str(valeur)


@register.filter
def lignes(liste: Liste) -> list[list[Cellule]]:
    """Les cellules de la page courante, colonne visible par colonne visible."""
    visibles = [c for c in liste.colonnes if c.a_l_ecran]
    return [
        [
            Cellule(
                texte=_texte(c.valeur(objet)),
                lien=c.lien(objet) if c.lien else "",
                niveau=c.niveau(objet) if c.niveau else "",
            )
            for c in visibles
        ]
        for objet in liste.page
    ]


@register.filter
def page_numero(liste: Liste, numero: int) -> str:
    return liste.adresse(page=str(numero))


@register.filter
def pages_voisines(liste: Liste) -> list[int | None]:
    """Numéros à montrer autour de la page courante ; None pour « … »."""
    pages = liste.page.paginator.get_elided_page_range(liste.page.number, on_each_side=1, on_ends=1)
    return [p if isinstance(p, int) else None for p in pages]
