"""Prépare l'environnement Python du dépôt ; n'emploie que la bibliothèque standard.

Une machine neuve n'a que Python et git : tout le reste vient de PyPI, verrouillé par empreintes dans
requirements*.txt. Le fichier témoin évite de réinstaller quand rien n'a changé.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

RACINE = Path(__file__).resolve().parent.parent
VENV = RACINE / ".venv"
PYTHON = VENV / "bin" / "python"


def arreter(message: str, code: int = 2) -> None:
    print(message, file=sys.stderr)
    raise SystemExit(code)


def _est_root_debian() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_installer(*paquets: str) -> bool:
    """Installe des paquets Debian quand c'est permis (root) ; dit si c'est fait."""
    if not _est_root_debian():
        return False
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for commande in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *paquets],
    ):
        if subprocess.run(commande, env=env, stdout=subprocess.DEVNULL, check=False).returncode:
            return False
    return True


def _creer_venv() -> None:
    commande = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if subprocess.run(commande, capture_output=True, check=False).returncode == 0:
        return
    version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    print(f"Le module venv manque : installation de {version}…")
    if not (apt_installer(version) or apt_installer("python3-venv")):
        arreter(f"Il manque le module venv de Python. Lancez : sudo apt-get install {version} — puis recommencez.")
    subprocess.run(commande, check=True)


def preparer(exigences: str = "requirements.txt") -> None:
    """Crée .venv et y installe `exigences` si besoin. Deux lancements à la fois : le second attend."""
    if sys.version_info < (3, 11):  # noqa: UP036 - ce fichier tourne sous le Python de la machine
        arreter(f"conum demande Python 3.11 ou plus récent ; celui-ci est {sys.version.split()[0]}.")
    fichier = RACINE / exigences
    empreinte = hashlib.sha256(fichier.read_bytes()).hexdigest()
    temoin = VENV / f".installe-{exigences}"
    (RACINE / "var").mkdir(exist_ok=True)
    with (RACINE / "var" / "installation.verrou").open("w") as verrou:
        fcntl.flock(verrou, fcntl.LOCK_EX)
        if temoin.exists() and temoin.read_text() == empreinte and PYTHON.exists():
            return
        debut = time.monotonic()
        if not PYTHON.exists():
            _creer_venv()
        print(f"Installation des bibliothèques ({exigences})…", flush=True)
        commande = [
            str(PYTHON),
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
            str(fichier),
        ]
        for essai in range(3):
            if subprocess.run(commande, check=False).returncode == 0:
                break
            if essai == 2:
                arreter("L'installation a échoué : vérifiez l'accès à PyPI, puis recommencez.")
            time.sleep(2 * (essai + 1))
        temoin.write_text(empreinte)
        # requirements-dev.txt contient requirements.txt : pas de seconde installation pour bin/start.
        if exigences == "requirements-dev.txt":
            (VENV / ".installe-requirements.txt").write_text(
                hashlib.sha256((RACINE / "requirements.txt").read_bytes()).hexdigest()
            )
        print(f"Bibliothèques prêtes en {time.monotonic() - debut:.0f} s.", flush=True)


def executer(*arguments: str) -> None:
    """Remplace ce processus par le Python de l'environnement."""
    os.chdir(RACINE)
    os.execv(str(PYTHON), [str(PYTHON), *arguments])
