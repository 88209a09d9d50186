"""Chaque sorte de page, ouverte par un rôle qui y a droit, passe axe sur un téléphone et sur un ordinateur."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page

from tests.comptes.fabriques import connecter
from tests.gardes.adresses import Adresse, toutes
from tests.gardes.distribution import Distribution, monter
from tests.parcours.conftest import ORDINATEUR, TELEPHONE, Axe, elargir, ouvrir_session

# Le contenu d'un courriel est montré tel qu'il part ; les pages publiques ont leur propre test, dans les deux thèmes ;
# l'état d'un passage est un morceau de page.
DEJA_VUES = {"courriels:boite_html", "account_request_login_code", "mfa_list_webauthn", "recrutement:etat_passe"}
PARTS = 6
"""Les pages se partagent entre autant de tests, pour que chaque processus en prenne."""


def _adresses(part: int) -> list[Adresse]:
    a_voir = [a for a in toutes() if a.nom not in DEJA_VUES and not (a.publique and a.nom.startswith("portail:"))]
    return a_voir[part::PARTS]


def _visiteurs(adresse: Adresse, clients: dict[str | None, Client]) -> list[str | None]:
    if adresse.publique:
        return [None]
    if adresse.dans_un_espace:
        return [cle for cle in clients if cle in adresse.vue.types_de_role]  # type: ignore[attr-defined]
    return [cle for cle in clients if cle is not None]


def _pages(distribution: Distribution, part: int) -> Iterator[tuple[str | None, str]]:
    """(rôle, chemin) : une fois chaque adresse qui rend une page, par le premier rôle qui l'ouvre."""
    clients: dict[str | None, Client] = {
        None: Client(),
        **{cle: connecter(Client(), role) for cle, role in distribution.roles.items()},
    }
    for adresse in _adresses(part):
        arguments = distribution.arguments(adresse)
        for cle in _visiteurs(adresse, clients):
            if adresse.dans_un_espace and cle:
                arguments["role_id"] = distribution.roles[cle].pk
            chemin = reverse(adresse.nom, kwargs=arguments)
            reponse = clients[cle].get(chemin)
            if reponse.status_code == 200 and reponse["Content-Type"].startswith("text/html"):
                yield cle, chemin
                break


@pytest.mark.parametrize("part", range(PARTS))
def test_chaque_page_est_accessible(part: int, ouvrir_page: Callable[..., Page], axe: Axe) -> None:
    """Au téléphone, axe sur chaque page ; à l'ordinateur, sur une page de chaque rôle (en-tête et menus sont communs).

    À ces deux largeurs, aucune page ne déborde.
    """
    distribution, page = monter(), ouvrir_page(TELEPHONE)
    qui: str | None = None
    fautes, roles, vues = [], set(), 0
    for cle, chemin in _pages(distribution, part):
        if cle != qui:
            ouvrir_session(page, distribution.roles[cle] if cle else None)
            qui = cle
        reponse = page.goto(chemin)
        # La page demandée, et non la connexion vers laquelle un visiteur sans session serait renvoyé.
        assert reponse is not None
        assert (reponse.status, page.evaluate("location.pathname")) == (200, chemin)
        fautes += axe.fautes(page)
        elargir(page, ORDINATEUR)
        fautes += axe.debordement(page) if cle in roles else axe.fautes(page)
        elargir(page, TELEPHONE)
        roles.add(cle)
        vues += 1
    assert vues >= 15
    assert not fautes, "\n".join(fautes)
