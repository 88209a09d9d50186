"""Chaque page : un titre qui lui est propre, un seul h1, un fil d'Ariane, la langue, la politique de sécurité."""

import re
from collections import defaultdict

import pytest
from django.http import HttpResponse
from django.urls import reverse

from conum.comptes.models import Role
from tests.comptes.fabriques import connecter
from tests.conftest import ClientGarde
from tests.gardes.adresses import toutes
from tests.gardes.distribution import monter

pytestmark = pytest.mark.django_db
# Les deux accueils : celui du site, celui de l'espace d'un rôle.
SANS_FIL = {"portail:accueil", "portail:espace"}
# Deux noms pour la même page.
JUMELLES = {"account_request_login_code", "mfa_list_webauthn"}
# Le contenu d'un courriel, montré tel qu'il part : ce n'est pas une page du site.
HORS_DU_SITE = {"courriels:boite_html"}
# Des morceaux de page, qu'htmx insère dans une page entière.
MORCEAUX = {"recrutement:etat_passe"}


def _pages(type_: str | None) -> dict[str, HttpResponse]:
    """Les pages HTML que ce rôle ouvre (None : sans se connecter)."""
    distribution = monter()
    role: Role | None = distribution.roles[type_] if type_ else None
    client = ClientGarde()
    if role is not None:
        connecter(client, role)
    pages = {}
    for adresse in toutes():
        if adresse.nom in JUMELLES | HORS_DU_SITE | MORCEAUX or (role is None and not adresse.publique):
            continue
        if adresse.dans_un_espace and type_ not in adresse.vue.types_de_role:  # type: ignore[attr-defined]
            continue
        arguments = distribution.arguments(adresse)
        if adresse.dans_un_espace and role is not None:
            arguments["role_id"] = role.pk
        reponse = client.get(reverse(adresse.nom, kwargs=arguments))
        if reponse.status_code == 200 and reponse["Content-Type"].startswith("text/html"):
            pages[adresse.nom] = reponse
    return pages


def _fautes(nom: str, reponse: HttpResponse) -> list[str]:
    html = reponse.content.decode()
    fautes = []
    if not re.search(r"<html[^>]* lang=\"fr\"", html):
        fautes.append("langue absente")
    if len(re.findall(r"<h1[\s>]", html)) != 1:
        fautes.append("pas exactement un h1")
    if "Conseiller numérique" not in _titre(html):
        fautes.append("titre sans le nom du service")
    if nom not in SANS_FIL and html.count('aria-label="Vous êtes ici"') != 1:
        fautes.append("pas de fil d'Ariane")
    if 'href="#contenu"' not in html or 'id="contenu"' not in html:
        fautes.append("pas de lien d'évitement")
    politique = reponse.get("Content-Security-Policy", "")
    if "script-src 'self';" not in f"{politique};" or "unsafe" in politique:
        fautes.append(f"politique de sécurité : {politique}")
    return fautes


def _titre(html: str) -> str:
    trouve = re.search(r"<title>(.*?)</title>", html, re.DOTALL)
    return " ".join(trouve[1].split()) if trouve else ""


@pytest.mark.parametrize("type_", [None, "anct", "prefecture", "region", "structure", "candidat"])
def test_forme_des_pages(type_: str | None) -> None:
    pages = _pages(type_)
    assert len(pages) >= 10
    fautes = {nom: f for nom, reponse in pages.items() if (f := _fautes(nom, reponse))}
    titres = defaultdict(list)
    for nom, reponse in pages.items():
        titres[_titre(reponse.content.decode())].append(nom)
    doubles = {titre: noms for titre, noms in titres.items() if len(noms) > 1}
    assert (fautes, doubles) == ({}, {})
