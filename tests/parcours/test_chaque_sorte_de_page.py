"""Chaque sorte de page, ouverte par un rôle qui y a droit, passe axe sur un téléphone et sur un ordinateur."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page

from tests.comptes.fabriques import connecter
from tests.gardes.adresses import toutes
from tests.gardes.distribution import Distribution, monter
from tests.parcours.conftest import LARGEURS

# Le contenu d'un courriel est montré tel qu'il part ; les pages publiques ont leur propre test, dans les deux thèmes ;
# l'état d'un passage est un morceau de page.
DEJA_VUES = {"courriels:boite_html", "account_request_login_code", "mfa_list_webauthn", "recrutement:etat_passe"}


def _pages(distribution: Distribution) -> Iterator[tuple[str | None, str]]:
    """(rôle, chemin) : une fois chaque adresse qui rend une page, par le premier rôle qui l'ouvre."""
    clients = {cle: connecter(Client(), role) for cle, role in distribution.roles.items()}
    for adresse in toutes():
        if adresse.nom in DEJA_VUES or (adresse.nom.startswith("portail:") and adresse.publique):
            continue
        arguments = distribution.arguments(adresse)
        visiteurs = {None: Client()} if adresse.publique else clients
        for cle, client in visiteurs.items():
            if adresse.dans_un_espace:
                arguments["role_id"] = distribution.roles[cle].pk
            chemin = reverse(adresse.nom, kwargs=arguments)
            reponse = client.get(chemin)
            if reponse.status_code == 200 and reponse["Content-Type"].startswith("text/html"):
                yield cle, chemin
                break


@pytest.mark.parametrize("largeur", LARGEURS)
def test_chaque_page_est_accessible(
    largeur: int, ouvrir_page: Callable[..., Page], axe: Callable[[Page], None]
) -> None:
    distribution = monter()
    onglets: dict[str | None, Page] = {}
    fautes, vues = [], 0
    for cle, chemin in _pages(distribution):
        if cle not in onglets:
            onglets[cle] = ouvrir_page(largeur)
            if cle is not None:
                onglets[cle].goto("/cookies/")
                cookie = connecter(Client(), distribution.roles[cle]).cookies["sessionid"].value
                onglets[cle].context.add_cookies([{"name": "sessionid", "value": cookie, "url": onglets[cle].url}])
        onglets[cle].goto(chemin)
        vues += 1
        try:
            axe(onglets[cle])
        except AssertionError as faute:
            fautes.append(str(faute))
    assert vues >= 50
    assert not fautes, "\n".join(fautes)
