"""Courriels d'essai, et un vrai serveur SMTP local dont on choisit les réponses."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import factory
from aiosmtpd.controller import Controller
from django.db import transaction
from django.test import override_settings
from django.utils import timezone
from factory.django import DjangoModelFactory

from conum.courriels import actions
from conum.courriels.emails import Essai
from conum.courriels.models import Courriel
from conum.courriels.states import Etat
from tests.aides import PATIENCE


class CourrielFactory(DjangoModelFactory):
    class Meta:
        model = Courriel

    code = "courriels/essai"
    destinataire = factory.Sequence(lambda n: f"personne{n}@exemple.fr")
    sujet = "Votre demande est déposée"
    texte = "Bonjour,\n\nVotre demande est déposée.\n"
    html = "<p>Votre demande est déposée.</p>"
    message_id = factory.Sequence(lambda n: f"<essai{n}@conum.example>")
    prochaine_tentative = factory.LazyFunction(timezone.now)

    class Params:
        fini = factory.Trait(prochaine_tentative=None, pris_le=factory.LazyFunction(timezone.now), tentatives=1)
        envoye = factory.Trait(fini=True, etat=Etat.ENVOYE, envoye_le=factory.LazyFunction(timezone.now))
        incertain = factory.Trait(fini=True, etat=Etat.INCERTAIN, derniere_erreur="Interrompu.")
        abandonne = factory.Trait(fini=True, etat=Etat.ABANDONNE, derniere_erreur="550 inconnu")
        en_cours = factory.Trait(fini=True, etat=Etat.EN_COURS)


def ecrire(a: str = "camille@exemple.fr", **options: Any) -> Courriel:
    with transaction.atomic():
        return actions.mettre_en_file(Essai(depuis="Châlons"), a=a, **options)


def port_libre() -> int:
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        return int(prise.getsockname()[1])


class Reception:
    """Ce que le serveur reçoit ; `reponses_rcpt` et `reponses_data` : réponses à donner avant d'accepter."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.reponses_rcpt: list[str] = []
        self.reponses_data: list[str] = []
        self.couper = False

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        if self.reponses_rcpt:
            return self.reponses_rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.reponses_data:
            return self.reponses_data.pop(0)
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        if self.couper:
            server.transport.abort()
        return "250 OK"


def _demarrer(reception: Reception, port: int | None, options: dict[str, Any]) -> Controller:
    """Un port libre peut être pris par un autre entre-temps : on en cherche alors un autre."""
    for _ in range(1 if port else 5):
        controleur = Controller(
            reception, hostname="127.0.0.1", port=port or port_libre(), ready_timeout=PATIENCE, **options
        )
        try:
            controleur.start()
        except OSError as erreur:
            pris = erreur
        else:
            return controleur
    raise pris


@contextlib.contextmanager
def serveur_smtp(port: int | None = None, **options: Any) -> Iterator[Reception]:
    """Un serveur SMTP sur 127.0.0.1, que les réglages désignent le temps du bloc. `options` : celles d'aiosmtpd."""
    reception = Reception()
    controleur = _demarrer(reception, port, options)
    try:
        reglages = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": controleur.port}
        with override_settings(**reglages, EMAIL_USE_TLS=False, EMAIL_TIMEOUT=30):
            yield reception
    finally:
        controleur.stop()


@contextlib.contextmanager
def serveur_qui_meurt(apres: bytes) -> Iterator[None]:
    """Un serveur tué net dès qu'il a lu `apres` : la connexion est rompue sans réponse."""
    ecoute = socket.create_server(("127.0.0.1", 0))

    def servir() -> None:
        prise, _ = ecoute.accept()
        with prise:
            prise.sendall(b"220 bonjour\r\n")
            recu = b""
            while apres not in recu:
                morceau = prise.recv(256)
                recu += morceau
                commande = recu.rpartition(b"\r\n")[0].rpartition(b"\r\n")[2].upper()
                if apres in recu:
                    break
                if morceau.upper().startswith(b"DATA"):
                    prise.sendall(b"354 allez\r\n")
                elif commande.startswith((b"EHLO", b"MAIL", b"RCPT")) and morceau.endswith(b"\r\n"):
                    prise.sendall(b"250 OK\r\n")
            # Fermeture brutale (RST) : ce que voit un client dont le serveur est tué.
            prise.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    fil = threading.Thread(target=servir)
    fil.start()
    try:
        port = ecoute.getsockname()[1]
        with override_settings(EMAIL_HOST="127.0.0.1", EMAIL_PORT=port, EMAIL_USE_TLS=False, EMAIL_TIMEOUT=30):
            yield
    finally:
        fil.join(PATIENCE)
        ecoute.close()
