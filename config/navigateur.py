"""Trouve le Chromium du système ; l'installe par apt là où c'est permis."""

import os
import shutil
import subprocess

NOMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Sans ces options, Chromium sollicite des services extérieurs à chaque démarrage.
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium(*, installer: bool = False) -> str | None:
    """Chemin de l'exécutable, None s'il n'y en a pas."""
    for nom in NOMS:
        if chemin := shutil.which(nom):
            return chemin
    if installer and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installation de Chromium…", flush=True)
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for commande in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
            subprocess.run(commande, env=env, stdout=subprocess.DEVNULL, check=False)
        return chromium()
    return None
