"""Chaque adresse × chaque rôle : jamais d'erreur du serveur, jamais l'objet d'un autre."""

from http import HTTPStatus as H

import pytest
from django.db import transaction
from django.urls import reverse

from conum.comptes.models import Role
from tests.gardes.adresses import Adresse, toutes
from tests.gardes.conftest import Scene
from tests.gardes.distribution import Distribution

pytestmark = pytest.mark.django_db
TOUTES = [pytest.param(a, id=a.nom) for a in toutes()]
D_ESPACE = [pytest.param(a, id=a.nom) for a in toutes() if a.dans_un_espace]
# Ces arguments ne désignent l'objet de personne.
SANS_OBJET = {"role_id", "nature", "annee", "code"}


def _a_un_objet(adresse: Adresse) -> bool:
    return adresse.dans_un_espace and bool(set(adresse.arguments) - SANS_OBJET)


D_OBJET = [pytest.param(a, id=a.nom) for a in toutes() if _a_un_objet(a)]
FERMEES = [pytest.param(a, id=a.nom) for a in toutes() if not a.publique]
# Une écriture vide d'une personne qui en a le droit : refusée par le formulaire, ou faite puis redirigée.
POSSIBLES = {H.OK, H.FOUND, H.BAD_REQUEST, H.FORBIDDEN, H.NOT_FOUND, H.METHOD_NOT_ALLOWED, H.CONFLICT, H.GONE, 422}
# 405 : la méthode est vérifiée avant le rôle ; rien n'est montré.
INTERDIT = {H.FORBIDDEN, H.METHOD_NOT_ALLOWED}
CLOS = {H.FORBIDDEN, H.NOT_FOUND, H.METHOD_NOT_ALLOWED}


def _chemin(adresse: Adresse, distribution: Distribution, role: Role | None) -> str:
    arguments = distribution.arguments(adresse)
    if adresse.dans_un_espace:
        arguments["role_id"] = role.pk if role else distribution.roles["anct"].pk
    return reverse(adresse.nom, kwargs=arguments)


def _admis(adresse: Adresse, type_: str) -> bool:
    return not adresse.dans_un_espace or type_ in adresse.vue.types_de_role  # type: ignore[attr-defined]


def _ouvrir(scene: Scene, chemin: str, role: Role, methode: str) -> int:
    """Le code de la réponse ; ce que la requête a écrit est défait : la suivante trouve la même scène."""
    with transaction.atomic():
        code: int = getattr(scene.client(role), methode)(chemin).status_code
        transaction.set_rollback(True)
    return code


@pytest.mark.parametrize("adresse", TOUTES)
def test_sans_se_connecter(adresse: Adresse, scene: Scene) -> None:
    chemin = _chemin(adresse, scene.distribution, None)
    for methode in ("get", "post"):
        reponse = getattr(scene.client(None), methode)(chemin)
        if adresse.publique:
            assert reponse.status_code in POSSIBLES
        else:
            assert (reponse.status_code, reponse["Location"]) == (H.FOUND, f"{reverse('account_login')}?next={chemin}")


@pytest.mark.parametrize("adresse", FERMEES)
def test_chaque_role_ne_voit_que_ce_qui_lui_est_ouvert(adresse: Adresse, scene: Scene) -> None:
    codes: dict[str, int] = {}
    for type_, role in scene.distribution.roles.items():
        chemin = _chemin(adresse, scene.distribution, role)
        for methode in ("get", "post"):
            code = _ouvrir(scene, chemin, role, methode)
            assert code in (POSSIBLES if _admis(adresse, type_) else INTERDIT), f"{methode} par {type_} : {code}"
            codes[f"{methode} par {type_}"] = code
    # Sans quoi « l'objet d'un autre n'existe pas » passerait sur une adresse qui répond toujours 404.
    if _a_un_objet(adresse):
        assert set(codes.values()) & {H.OK, H.FOUND, H.BAD_REQUEST, 422}, f"personne n'atteint {adresse.nom} : {codes}"


@pytest.mark.parametrize("adresse", D_ESPACE)
def test_le_role_d_un_autre_n_existe_pas(adresse: Adresse, scene: Scene) -> None:
    """Pour chaque sorte de rôle que la page admet, et pour une qu'elle n'admet pas."""
    distribution = scene.distribution
    arguments = distribution.arguments(adresse)
    exclus = [t for t in distribution.roles if not _admis(adresse, t)]
    for type_, role in distribution.roles.items():
        if type_ in exclus[1:]:
            continue
        autre = next(r for t, r in distribution.roles.items() if t != type_)
        chemin = reverse(adresse.nom, kwargs={**arguments, "role_id": autre.pk})
        for methode in ("get", "post"):
            assert _ouvrir(scene, chemin, role, methode) == H.NOT_FOUND, f"{methode} par {type_}"


@pytest.mark.parametrize("adresse", D_OBJET)
def test_l_objet_d_un_autre_n_existe_pas(adresse: Adresse, scene: Scene) -> None:
    """Par chaque étranger d'une sorte que la page admet ; les autres sortes sont refusées quel que soit l'objet."""
    admis = {qui: r for qui, r in scene.distribution.etrangers.items() if _admis(adresse, r.type)}
    for qui, role in admis.items():
        chemin = _chemin(adresse, scene.distribution, role)
        for methode in ("get", "post"):
            code = _ouvrir(scene, chemin, role, methode)
            assert code in CLOS, f"{methode} par {qui} : {code}"
