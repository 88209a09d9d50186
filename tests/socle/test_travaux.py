"""Le worker : travaux dans la transaction, périodiques rejouables, entretien."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from unittest import mock

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.periodic import PeriodicDeferrer

from conum.courriels.models import Courriel
from conum.courriels.states import Etat
from conum.socle import conservation, jobs, limites
from conum.socle.contexte import request_id
from conum.socle.travaux import differer, travail
from tests.courriels.fabriques import CourrielFactory, ecrire, serveur_smtp

PERIODIQUES = sorted({tache.task.name for tache in app.periodic_registry.periodic_tasks.values()})
base_reelle = pytest.mark.django_db(transaction=True)


def vider_la_file() -> None:
    """Un vrai worker, sur la base de test, jusqu'à ce que la file soit vide.

    Dans un fil à lui : les parcours du navigateur laissent une boucle asyncio ouverte dans celui des tests.
    """

    def travailler() -> None:
        try:
            with app.replace_connector(app.connector.get_worker_connector()):  # type: ignore[attr-defined]
                app.run_worker(wait=False, install_signal_handlers=False, listen_notify=False)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as fil:
        fil.submit(travailler).result()


def photo() -> dict[str, list[tuple[object, ...]]]:
    """Le contenu de toutes les tables, sauf celles où procrastinate tient ses comptes."""
    with connection.cursor() as curseur:
        tables = [t for t in connection.introspection.table_names(curseur) if not t.startswith("procrastinate")]
        contenu = {}
        for table in sorted(tables):
            curseur.execute(f'SELECT * FROM "{table}" AS ligne ORDER BY ligne::text')
            contenu[table] = curseur.fetchall()
    return contenu


@pytest.mark.django_db
@pytest.mark.parametrize("nom", PERIODIQUES)
def test_un_travail_periodique_joue_deux_fois_a_le_meme_effet(nom: str) -> None:
    """En retard, en avance ou en double : il part de ce qui reste à faire, pas d'une fenêtre de temps."""
    with time_machine.travel(timezone.now() - timedelta(days=400)):
        CourrielFactory(envoye=True), CourrielFactory(en_cours=True), CourrielFactory()
    with time_machine.travel(timezone.now(), tick=False):
        app.tasks[nom](timestamp=0)
        une_fois = photo()
        app.tasks[nom](timestamp=3600)
        assert photo() == une_fois


def test_les_travaux_periodiques_attendus_sont_declares() -> None:
    assert {"courriels.relever", "socle.conservation", "socle.reprendre_travaux"} <= set(PERIODIQUES)


@base_reelle
def test_le_worker_envoie_le_courriel_que_l_acte_a_ecrit() -> None:
    with serveur_smtp() as reception:
        courriel = ecrire()
        vider_la_file()
    assert [m["Message-ID"] for m in reception.messages] == [courriel.message_id]
    assert Courriel.objects.get().etat == Etat.ENVOYE
    # Ce courriel-là : le worker peut avoir demandé entre-temps les travaux périodiques de la minute.
    assert not ProcrastinateJob.objects.filter(task_name="courriels.envoyer").exists()


@base_reelle
def test_un_courriel_dont_le_travail_s_est_perdu_part_a_la_releve() -> None:
    with serveur_smtp() as reception:
        CourrielFactory()
        differer("courriels.relever")
        vider_la_file()
    assert len(reception.messages) == 1


@base_reelle
def test_un_travail_demande_par_un_travail_suit_sa_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dans le worker, l'app procrastinate a sa propre connexion : la demande doit passer par celle de Django."""
    identifiants: list[str] = []

    @travail("essai.annule")
    def annule() -> None:
        identifiants.append(request_id())
        with transaction.atomic():
            differer("essai.suite")
            transaction.set_rollback(True)

    try:
        differer("essai.annule")
        vider_la_file()
    finally:
        del app.tasks["essai.annule"]
    assert len(identifiants) == 1
    assert len(identifiants[0]) == 32
    assert not ProcrastinateJob.objects.filter(task_name="essai.suite").exists()


@pytest.mark.django_db
def test_un_travail_quotidien_manque_part_au_redemarrage() -> None:
    deferrer = PeriodicDeferrer(registry=app.periodic_registry, **app.periodic_defaults)
    with time_machine.travel("2026-03-02 20:00Z"):
        dus = {tache.task.name for tache, _ in deferrer.get_previous_tasks(at=timezone.now().timestamp())}
    assert set(PERIODIQUES) <= dus


def _orphelin(**champs: object) -> int:
    numero = differer("courriels.envoyer", courriel_id=0)
    reglages = {"status": "doing", **champs}
    with connection.cursor() as curseur:
        curseur.execute(
            f"UPDATE procrastinate_jobs SET {', '.join(f'{c} = %s' for c in reglages)} WHERE id = %s",
            [*reglages.values(), numero],
        )
    return numero


def _worker(battement: timedelta) -> int:
    with connection.cursor() as curseur:
        curseur.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - %s) RETURNING id", [battement]
        )
        return int(curseur.fetchone()[0])


@pytest.mark.django_db
def test_les_travaux_d_un_worker_tue_sont_repris() -> None:
    sans_worker = _orphelin()
    mort = _orphelin(worker_id=_worker(timedelta(minutes=3)))
    vivant = _orphelin(worker_id=_worker(timedelta(seconds=5)))
    epuise = _orphelin(attempts=5)
    periodiques = [_orphelin(queueing_lock="essai.periodique") for _ in range(2)]
    jobs.reprendre_travaux()
    etats = dict(ProcrastinateJob.objects.values_list("pk", "status"))
    assert (etats[sans_worker], etats[mort]) == ("todo", "todo")
    assert (etats[vivant], etats[epuise]) == ("doing", "doing")
    assert sorted(etats[p] for p in periodiques) == ["doing", "todo"]
    jobs.reprendre_travaux()
    assert dict(ProcrastinateJob.objects.values_list("pk", "status")) == etats


@pytest.mark.django_db
def test_la_conservation_demande_un_travail_par_regle_et_chacun_efface_son_du() -> None:
    Session.objects.create(session_key="vieille", session_data="", expire_date=timezone.now() - timedelta(days=2))
    Session.objects.create(session_key="recente", session_data="", expire_date=timezone.now())
    with time_machine.travel(timezone.now() - timedelta(days=2)):
        limites.depasse("ancienne", maximum=1, duree=timedelta(minutes=1))
    limites.depasse("nouvelle", maximum=1, duree=timedelta(minutes=1))
    jobs.appliquer_conservation()
    demandes = [args["quoi"] for args in ProcrastinateJob.objects.values_list("args", flat=True)]
    assert sorted(demandes) == [regle.quoi for regle in conservation.regles()]
    for quoi in demandes:
        jobs.conserver(quoi=quoi)
    assert list(Session.objects.values_list("session_key", flat=True)) == ["recente"]
    assert limites.depasse("nouvelle", maximum=1, duree=timedelta(minutes=1))


@pytest.mark.django_db
def test_les_travaux_finis_depuis_un_mois_s_effacent() -> None:
    vieux, recent, en_attente = (differer("courriels.envoyer", courriel_id=0) for _ in range(3))
    with connection.cursor() as curseur:
        curseur.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE id IN (%s, %s)", [vieux, recent])
        curseur.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE id IN (%s, %s)", [vieux, recent])
        curseur.execute(
            "UPDATE procrastinate_events SET at = at - interval '31 days' WHERE job_id IN (%s, %s)", [vieux, en_attente]
        )
    assert conservation.appliquer("travaux de fond finis") == 1
    assert set(ProcrastinateJob.objects.values_list("pk", flat=True)) == {recent, en_attente}


def test_une_regle_de_conservation_ne_se_declare_pas_deux_fois() -> None:
    doublon = mock.Mock(spec=conservation.Regle, quoi="sessions expirées")
    with pytest.raises(ValueError, match="sessions expirées"):
        conservation.enregistrer(doublon)


@pytest.mark.django_db
@pytest.mark.parametrize("erreur", [RuntimeError("panne")])
def test_un_travail_garde_son_identifiant_jusqu_a_son_erreur(erreur: Exception) -> None:
    vus: list[str] = []

    def echouer() -> None:
        vus.append(request_id())
        raise erreur

    declarer: Callable[[Callable[[], None]], Callable[[], None]] = travail("essai.erreur")
    try:
        with pytest.raises(RuntimeError):
            declarer(echouer)()
    finally:
        del app.tasks["essai.erreur"]
    assert vus[0]
    assert request_id() == ""
