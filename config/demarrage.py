"""bin/start : prépare la base et les données, puis tient en vie la base embarquée, le web et le worker."""

import argparse
import contextlib
import ctypes
import fcntl
import io
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NoReturn

from rich.console import Console

from config import base_embarquee, env

PAS = 0.3
"""Secondes entre deux regards sur les processus tenus en vie."""
ATTENTES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Secondes avant de relancer un processus mort pour la n-ième fois de suite."""
DUREE_STABLE = 60.0
DELAI_ARRET = 20.0
PR_SET_PDEATHSIG = 1

console = Console(highlight=False)


class Arret(SystemExit):
    """On a demandé l'arrêt (Ctrl-C, SIGTERM)."""


def _mourir_avec_le_parent() -> None:
    """Dans un fils, avant son programme : si bin/start est tué sans pouvoir prévenir, ses fils s'arrêtent aussi."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Enfant:
    """Un processus tenu en vie, chef de son groupe ; relancé s'il meurt, de plus en plus tard s'il meurt sans cesse."""

    nom: str
    commande: Sequence[str]
    processus: "subprocess.Popen[bytes] | None" = None
    morts: int = 0
    lance_a: float = 0.0
    relance_a: float = field(default=0.0)

    def lancer(self) -> None:
        self.lance_a = time.monotonic()
        self.processus = subprocess.Popen(
            self.commande, cwd=env.RACINE, start_new_session=True, preexec_fn=_mourir_avec_le_parent
        )

    def regarder(self) -> None:
        """Constate la mort, prévoit la relance, relance quand c'est l'heure."""
        maintenant = time.monotonic()
        if self.processus is not None:
            code = self.processus.poll()
            if code is None:
                return
            self._signaler_au_groupe(signal.SIGKILL)
            self.processus = None
            self.morts = 1 if maintenant - self.lance_a > DUREE_STABLE else self.morts + 1
            attente = ATTENTES[min(self.morts, len(ATTENTES)) - 1]
            self.relance_a = maintenant + attente
            console.print(f"[yellow]{self.nom} s'est arrêté (code {code}) : relance dans {attente:g} s.[/]")
        elif maintenant >= self.relance_a:
            self.lancer()

    def _signaler_au_groupe(self, numero: signal.Signals) -> None:
        # Le groupe entier : un serveur web tué laisse des ouvriers qui gardent le port.
        if self.processus is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.processus.pid, numero)

    def demander_l_arret(self) -> None:
        if self.processus is not None:
            with contextlib.suppress(ProcessLookupError):
                self.processus.terminate()

    def attendre_la_fin(self, echeance: float) -> None:
        if self.processus is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.processus.wait(max(0.1, echeance - time.monotonic()))
        self._signaler_au_groupe(signal.SIGKILL)
        self.processus.wait()


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    analyse = argparse.ArgumentParser(
        prog="bin/start",
        description="Démarre conum : base, migrations, données de référence, démonstration, web et worker.",
        epilog="Réglages par variables d'environnement : docs/guides/exploiter.md.",
    )
    analyse.add_argument("--port", type=int, default=8000, help="port du site (8000)")
    analyse.add_argument(
        "--adresse", default="127.0.0.1", help="adresse d'écoute (127.0.0.1 : cette machine seulement)"
    )
    analyse.add_argument("--vide", action="store_true", help="sans le récit de démonstration")
    return analyse.parse_args(arguments)


def _refuser(phrase: str) -> NoReturn:
    print(phrase, file=sys.stderr)
    raise SystemExit(2)


@contextlib.contextmanager
def seul_sur(var: Path) -> Iterator[None]:
    """Un seul bin/start par dossier de données : le second le dit et s'en va."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / "start.verrou").open("a+") as verrou:
        try:
            fcntl.flock(verrou, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            verrou.seek(0)
            _refuser(
                f"conum tourne déjà sur ces données ({var}), processus {verrou.read().strip()} : arrêtez-le d'abord."
            )
        _inscrire(verrou)
        yield


def _inscrire(verrou: IO[str]) -> None:
    verrou.truncate(0)
    verrou.write(str(os.getpid()))
    verrou.flush()


def _verifier_le_port(adresse: str, port: int) -> None:
    famille = socket.AF_INET6 if ":" in adresse else socket.AF_INET
    with socket.socket(famille) as prise:
        prise.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            prise.bind((adresse, port))
        except OSError as erreur:
            _refuser(f"Le port {port} n'est pas libre ({erreur.strerror}) : bin/start --port {port + 1}, par exemple.")


@contextlib.contextmanager
def _etape(titre: str) -> Iterator[None]:
    debut = time.monotonic()
    with console.status(f"{titre}…"):
        yield
    console.print(f"[green]✓[/] {titre} [dim]({time.monotonic() - debut:.1f} s)[/]")


def preparer(vide: bool) -> str:
    """Base, migrations, communes, démonstration ; rend ce que la démonstration veut dire (ses comptes)."""
    if not os.environ.get("DATABASE_URL"):
        with _etape("Base de données"):
            base_embarquee.demarrer()
            base_embarquee.creer_si_absente(base_embarquee.PRINCIPALE, os.environ.get("CONUM_BASE", "conum"))
    import django
    from django.conf import settings
    from django.core.management import call_command, get_commands
    from django.db import connections

    with _etape("Migrations"):
        django.setup()
        call_command("migrate", verbosity=0, interactive=False)
    if settings.EN_PRODUCTION:
        with _etape("Fichiers statiques"):
            call_command("collectstatic", verbosity=0, interactive=False)
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    commandes, dit = get_commands(), io.StringIO()
    if "charger_communes" in commandes:
        with _etape("Communes de France"):
            call_command("charger_communes", stdout=io.StringIO())
    if "demo" in commandes and not vide:
        with _etape("Récit de démonstration"):
            call_command("demo", stdout=dit)
    for connexion in connections.all(initialized_only=True):
        connexion.close()
        connexion.close_pool()  # type: ignore[attr-defined]
    return dit.getvalue().strip()


def commandes(adresse: str, port: int) -> list[Enfant]:
    """Le web et le worker, chacun dans son processus."""
    granian = [
        sys.executable, "-m", "granian", "config.wsgi:application", "--interface", "wsgi", "--host", adresse,
        "--port", str(port), "--workers", str(env.entier("CONUM_WEB_PROCESSUS", 1)),
        "--blocking-threads", str(env.entier("CONUM_WEB_FILS", 4)), "--respawn-failed-workers",
        "--respawn-interval", "0.5", "--workers-kill-timeout", "10", "--no-ws", "--log-level", "warning",
    ]  # fmt: skip
    worker = [sys.executable, "-m", "config.manage", "procrastinate", "worker"]
    return [Enfant("Le serveur web", granian), Enfant("Le worker", worker)]


def _repond(adresse: str) -> bool:
    try:
        urllib.request.urlopen(adresse, timeout=2).close()
    except urllib.error.HTTPError:
        return True  # une erreur est une réponse
    except OSError:
        return False
    return True


def tenir_la_base(prochain_essai: float) -> float:
    """Relance la base embarquée si elle est morte ; rend la date avant laquelle ne pas recommencer."""
    if os.environ.get("DATABASE_URL") or time.monotonic() < prochain_essai:
        return prochain_essai
    if base_embarquee.numero_du_serveur(base_embarquee.PRINCIPALE) is not None:
        return 0.0
    console.print("[yellow]La base s'est arrêtée : redémarrage.[/]")
    try:
        base_embarquee.demarrer()
    except base_embarquee.BaseIndisponible as erreur:
        console.print(f"[red]{erreur}[/]", markup=True)
        return time.monotonic() + ATTENTES[-1]
    return 0.0


def surveiller(enfants: Sequence[Enfant], annoncer: "Annonce") -> NoReturn:
    prochain_essai = 0.0
    while True:
        prochain_essai = tenir_la_base(prochain_essai)
        for enfant in enfants:
            enfant.regarder()
        annoncer.si_pret()
        time.sleep(PAS)


@dataclass
class Annonce:
    """Dit une fois que le site répond, où, et avec quels comptes."""

    sonde: str
    comptes: str
    faite: bool = False

    def si_pret(self) -> None:
        if self.faite or not _repond(self.sonde):
            return
        self.faite = True
        site = os.environ["CONUM_SITE_URL"]
        console.print(f"\n[bold]conum répond à {site}/[/]")
        if os.environ.get("CONUM_ENV", "dev") == "dev":
            console.print(f"Les courriels se lisent à {site}/courriels/")
        if self.comptes:
            console.print(f"\n{self.comptes}", markup=False, soft_wrap=True)
        console.print("\nCtrl-C arrête tout.")


def _demander_l_arret(numero: int, _cadre: object) -> NoReturn:
    raise Arret(0)


def _arreter(enfants: Sequence[Enfant]) -> None:
    for numero in (signal.SIGINT, signal.SIGTERM):
        signal.signal(numero, signal.SIG_IGN)
    console.print("\nArrêt…")
    echeance = time.monotonic() + DELAI_ARRET
    for enfant in enfants:
        enfant.demander_l_arret()
    for enfant in enfants:
        enfant.attendre_la_fin(echeance)
    if not os.environ.get("DATABASE_URL"):
        base_embarquee.arreter()


def main(arguments: Sequence[str]) -> None:
    options = _options(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("CONUM_SITE_URL", f"http://localhost:{options.port}")
    enfants = commandes(options.adresse, options.port)
    with seul_sur(env.VAR):
        _verifier_le_port(options.adresse, options.port)
        for numero in (signal.SIGINT, signal.SIGTERM):
            signal.signal(numero, _demander_l_arret)
        try:
            comptes = preparer(options.vide)
            hote = "127.0.0.1" if options.adresse == "0.0.0.0" else options.adresse
            hote = f"[{hote}]" if ":" in hote else hote
            surveiller(enfants, Annonce(f"http://{hote}:{options.port}/sante/", comptes))
        except (base_embarquee.BaseIndisponible, env.ReglageInvalide) as erreur:
            print(erreur, file=sys.stderr)
            raise SystemExit(1) from None
        finally:
            _arreter(enfants)


if __name__ == "__main__":
    main(sys.argv[1:])
