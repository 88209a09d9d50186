"""ProConnect, fournisseur d'identité de l'État, en OpenID Connect. Authlib fait le protocole, ce module le resserre.

Code d'autorisation, PKCE S256, state lié à la session, nonce, id_token vérifié (signature par JWKS, émetteur,
destinataire, échéance), userinfo signé ou non, déconnexion à l'initiative du service.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client.errors import MismatchingStateError, OAuthError
from authlib.integrations.django_client import DjangoOAuth2App, OAuth
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

CLE_PREUVE = "proconnect_preuve"
PORTEE = "openid given_name usual_name email"
# Signatures asymétriques seulement : un jeton « none » ou signé du secret partagé est refusé.
ALGORITHMES = ["RS256", "PS256", "ES256"]
TOLERANCE = 60
"""Secondes d'écart d'horloge admises."""
DELAI = 10


class EchecProConnect(Exception):
    """La réponse de ProConnect n'est pas recevable ; le message est pour les traces, pas pour la personne."""


@dataclass(frozen=True)
class Identite:
    emetteur: str
    sujet: str
    email: str
    suite: str
    id_token: str


def est_configure() -> bool:
    return bool(settings.PROCONNECT_URL and settings.PROCONNECT_CLIENT_ID)


def _client() -> DjangoOAuth2App:
    # Gardé une heure : assez pour ne pas relire la découverte à chaque connexion, assez peu pour la suivre.
    reglages = (settings.PROCONNECT_URL, settings.PROCONNECT_CLIENT_ID, settings.PROCONNECT_CLIENT_SECRET)
    return _client_de(*reglages, int(time.time() // 3600))


class _Session(DjangoOAuth2App.client_cls):  # type: ignore[misc]
    """Aucun appel sans délai : ProConnect en panne ne doit pas retenir nos serveurs."""

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", DELAI)
        return super().request(method, url, **kwargs)


class _App(DjangoOAuth2App):
    client_cls = _Session


class _Registre(OAuth):
    oauth2_client_cls = _App


@lru_cache(maxsize=1)
def _client_de(url: str, client_id: str, secret: str, _heure: int) -> DjangoOAuth2App:
    return _Registre().register(
        "proconnect",
        client_id=client_id,
        client_secret=secret,
        server_metadata_url=f"{url}/.well-known/openid-configuration",
        client_kwargs={"scope": PORTEE, "code_challenge_method": "S256"},
    )


def _decouverte(client: DjangoOAuth2App) -> dict[str, Any]:
    decouverte = client.load_server_metadata()
    if str(decouverte.get("issuer", "")).rstrip("/") != settings.PROCONNECT_URL:
        raise EchecProConnect("l'émetteur annoncé n'est pas celui du réglage")
    decouverte["id_token_signing_alg_values_supported"] = ALGORITHMES
    return decouverte


_ERREURS = (AuthlibBaseError, JoseError, requests.RequestException, ValueError, KeyError, RuntimeError)


def adresse_d_autorisation(request: HttpRequest, suite: str) -> str:
    """L'adresse où envoyer la personne ; state, nonce, vérificateur PKCE et suite sont gardés dans sa session.

    Raises:
        EchecProConnect: ProConnect ne répond pas.
    """
    client = _client()
    retour = settings.SITE_URL + reverse("comptes:retour_proconnect")
    try:
        _decouverte(client)
        # ProConnect exige acr_values ; eidas1 est le niveau de tous ses comptes.
        demande = client.create_authorization_url(retour, acr_values="eidas1")
    except _ERREURS as erreur:
        raise EchecProConnect(str(erreur)) from erreur
    client.save_authorize_data(request, redirect_uri=retour, suite=suite, **demande)
    return str(demande["url"])


def lire_retour(request: HttpRequest) -> Identite:
    """L'identité prouvée par le retour de ProConnect ; le state ne sert qu'une fois.

    Raises:
        EchecProConnect: state inconnu, code refusé, jeton faux, périmé ou destiné à un autre.
    """
    client = _client()
    etat = client.framework.get_state_data(request.session, request.GET.get("state", "")) or {}
    try:
        decouverte = _decouverte(client)
        options = {
            "iss": {"essential": True, "value": decouverte["issuer"]},
            "aud": {"essential": True, "value": settings.PROCONNECT_CLIENT_ID},
            "nonce": {"essential": True},
        }
        jetons = client.authorize_access_token(request, claims_options=options, leeway=TOLERANCE)
        annonce = jetons["userinfo"]
        personne = _userinfo(client, decouverte, jetons)
    except MismatchingStateError as erreur:
        raise EchecProConnect("state inconnu de cette session") from erreur
    except OAuthError as erreur:
        raise EchecProConnect(f"refus de ProConnect : {erreur.error}") from erreur
    except _ERREURS as erreur:
        raise EchecProConnect(f"{type(erreur).__name__} : {erreur}") from erreur
    if personne.get("sub") != annonce["sub"]:
        raise EchecProConnect("userinfo parle d'une autre personne que l'id_token")
    if personne.get("email_verified") is False or not personne.get("email"):
        raise EchecProConnect("adresse absente ou non vérifiée")
    return Identite(decouverte["issuer"], annonce["sub"], personne["email"], etat.get("suite", ""), jetons["id_token"])


def _userinfo(client: DjangoOAuth2App, decouverte: dict[str, Any], jetons: dict[str, Any]) -> dict[str, Any]:
    """ProConnect signe sa réponse (application/jwt) ; signée, elle dit aussi pour qui elle est (OIDC Core § 5.3.2)."""
    reponse = client.get(decouverte["userinfo_endpoint"], token=jetons)
    reponse.raise_for_status()
    if not reponse.headers.get("Content-Type", "").startswith("application/jwt"):
        return dict(reponse.json())
    # Relues à chaque fois : une clé renouvelée ne bloque personne.
    cles = KeySet.import_key_set(client.fetch_jwk_set(force=True))
    contenu = jwt.decode(reponse.text, cles, algorithms=ALGORITHMES).claims
    destinataires = contenu.get("aud")
    destinataires = destinataires if isinstance(destinataires, list) else [destinataires]
    if contenu.get("iss") != decouverte["issuer"] or settings.PROCONNECT_CLIENT_ID not in destinataires:
        raise EchecProConnect("userinfo signé pour un autre service")
    return dict(contenu)


def adresse_de_deconnexion(request: HttpRequest, id_token: str) -> str:
    """Où finir la session ProConnect (RP-Initiated Logout) ; vide si ProConnect ne répond pas ou ne sait pas faire."""
    client = _client()
    retour = settings.SITE_URL + reverse("comptes:retour_deconnexion")
    try:
        demande = client.create_logout_url(post_logout_redirect_uri=retour, id_token_hint=id_token)
    except _ERREURS:
        return ""
    client.framework.set_state_data(request.session, demande["state"], {"deconnexion": True})
    return str(demande["url"])


def retour_de_deconnexion_attendu(request: HttpRequest) -> bool:
    """Vrai si ce retour répond à une déconnexion demandée par cette session ; ne vaut qu'une fois."""
    try:
        return bool(_client().validate_logout_response(request).get("deconnexion"))
    except OAuthError:
        return False
