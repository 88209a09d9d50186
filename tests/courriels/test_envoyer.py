"""Envoyer : contre un vrai serveur SMTP, qui accepte, refuse, tarde, meurt."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from conum.courriels import actions, rules
from conum.courriels.models import Courriel
from conum.courriels.states import Etat
from conum.courriels.transport import ServeurInjoignable
from tests.courriels.fabriques import CourrielFactory, ecrire, port_libre, serveur_qui_meurt, serveur_smtp

base = pytest.mark.django_db
base_reelle = pytest.mark.django_db(transaction=True)


def relu(courriel: Courriel) -> Courriel:
    return Courriel.objects.get(pk=courriel.pk)


@base
def test_le_courriel_arrive_en_texte_et_en_html_avec_ses_entetes(settings: Settings) -> None:
    settings.COURRIELS_REPONDRE_A = "assistance@conum.example"
    courriel = ecrire()
    with serveur_smtp() as reception:
        actions.envoyer(courriel.pk)
    (recu,) = reception.messages
    assert recu["To"] == "camille@exemple.fr"
    assert recu["From"] == "Conseiller numérique <ne-pas-repondre@conum.example>"
    assert recu["Subject"] == "Essai d’envoi de Conseiller numérique"
    assert recu["Message-ID"] == courriel.message_id
    assert recu["Auto-Submitted"] == "auto-generated"
    assert recu["Reply-To"] == "assistance@conum.example"
    assert abs(recu["Date"].datetime - timezone.now()) < timedelta(minutes=1)
    texte, html = recu.get_body(("plain",)), recu.get_body(("html",))
    assert texte is not None
    assert html is not None
    assert "l’envoi depuis Châlons" in texte.get_content()
    assert "<h1>" in html.get_content()
    courriel = relu(courriel)
    assert courriel.etat == Etat.ENVOYE
    assert courriel.envoye_le is not None
    assert courriel.tentatives == 1


@base
def test_envoyer_deux_fois_n_envoie_qu_une_fois() -> None:
    courriel = ecrire()
    with serveur_smtp() as reception:
        actions.envoyer(courriel.pk)
        actions.envoyer(courriel.pk)
        actions.relever()
    assert len(reception.messages) == 1


@base_reelle
def test_huit_workers_sur_la_meme_ligne_un_seul_envoie() -> None:
    courriel = ecrire()
    depart = threading.Barrier(8)

    def worker(_: int) -> None:
        depart.wait()
        try:
            actions.envoyer(courriel.pk)
        finally:
            connection.close()

    with serveur_smtp() as reception, ThreadPoolExecutor(8) as fils:
        list(fils.map(worker, range(8)))
    assert len(reception.messages) == 1
    assert relu(courriel).tentatives == 1


@base_reelle
def test_la_prise_est_validee_avant_de_parler_au_serveur() -> None:
    """Un worker tué en plein échange laisse une ligne « en cours », pas une ligne à renvoyer."""
    courriel = ecrire()
    vus: list[str] = []

    def lire_ailleurs() -> None:
        vus.append(relu(courriel).etat)
        connection.close()

    with serveur_smtp() as reception:
        accepter = reception.handle_RCPT

        async def accepter_et_lire(*arguments: object) -> str:
            fil = threading.Thread(target=lire_ailleurs)
            fil.start()
            fil.join()
            return await accepter(*arguments)  # type: ignore[arg-type]

        reception.handle_RCPT = accepter_et_lire  # type: ignore[method-assign]
        actions.envoyer(courriel.pk)
    assert vus == [Etat.EN_COURS]


@base_reelle
def test_dans_une_transaction_ouverte_l_envoi_est_refuse() -> None:
    courriel = ecrire()
    with serveur_smtp() as reception, pytest.raises(RuntimeError), transaction.atomic():
        actions.envoyer(courriel.pk)
    assert reception.messages == []


@base
def test_serveur_arrete_puis_revenu_le_courriel_part(settings: Settings) -> None:
    port = port_libre()
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", port, False
    with time_machine.travel("2026-03-02 10:00Z", tick=False) as horloge:
        courriel = ecrire()
        with pytest.raises(ServeurInjoignable):
            actions.envoyer(courriel.pk)
        courriel = relu(courriel)
        assert courriel.etat == Etat.A_ENVOYER
        assert courriel.prochaine_tentative == timezone.now() + timedelta(minutes=1)
        assert "ne répond pas" in courriel.derniere_erreur
        with serveur_smtp(port) as reception:
            actions.relever()
            assert reception.messages == []
            horloge.shift(timedelta(minutes=1))
            actions.relever()
            assert len(reception.messages) == 1
    courriel = relu(courriel)
    assert courriel.etat == Etat.ENVOYE
    assert courriel.derniere_erreur == ""
    assert courriel.tentatives == 2


@base
def test_une_releve_ne_frappe_qu_une_fois_a_une_porte_fermee(settings: Settings) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", port_libre(), False
    CourrielFactory.create_batch(3)
    actions.relever()
    assert Courriel.objects.filter(tentatives=1).count() == 1


@base
def test_un_refus_passager_est_repris_puis_accepte() -> None:
    with time_machine.travel("2026-03-02 10:00Z", tick=False) as horloge, serveur_smtp() as reception:
        courriel = ecrire()
        reception.reponses_rcpt = ["451 4.7.1 Revenez plus tard"]
        reception.reponses_data = ["452 4.3.1 Disque plein"]
        actions.envoyer(courriel.pk)
        assert relu(courriel).derniere_erreur == "Destinataire refusé : 451 4.7.1 Revenez plus tard"
        horloge.shift(timedelta(minutes=1))
        actions.relever()
        assert relu(courriel).derniere_erreur == "Message refusé : 452 4.3.1 Disque plein"
        horloge.shift(timedelta(minutes=5))
        actions.relever()
        assert relu(courriel).etat == Etat.ENVOYE
        assert len(reception.messages) == 1


@base
@pytest.mark.parametrize("etape", ["reponses_rcpt", "reponses_data"])
def test_un_refus_definitif_abandonne_aussitot_avec_sa_raison(etape: str) -> None:
    courriel = ecrire()
    with serveur_smtp() as reception:
        setattr(reception, etape, ["550 5.1.1 Boîte inconnue"])
        actions.envoyer(courriel.pk)
    courriel = relu(courriel)
    assert courriel.etat == Etat.ABANDONNE
    assert "550 5.1.1" in courriel.derniere_erreur
    assert courriel.tentatives == 1


@base
def test_apres_huit_essais_on_abandonne(settings: Settings) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", port_libre(), False
    with time_machine.travel("2026-03-02 10:00Z", tick=False) as horloge:
        courriel = ecrire()
        for _ in range(12):
            actions.relever()
            horloge.shift(timedelta(days=2))
    courriel = relu(courriel)
    assert courriel.etat == Etat.ABANDONNE
    assert courriel.tentatives == 8
    assert "après 8 essais" in courriel.derniere_erreur


@base
def test_le_serveur_accepte_puis_meurt_le_sort_est_incertain_et_rien_ne_repart() -> None:
    courriel = ecrire()
    with serveur_smtp() as reception:
        reception.couper = True
        actions.envoyer(courriel.pk)
        assert relu(courriel).etat == Etat.INCERTAIN
        with time_machine.travel(timezone.now() + timedelta(days=3)):
            actions.relever()
    assert len(reception.messages) == 1


@base
def test_le_serveur_meurt_au_milieu_du_message_le_sort_est_incertain() -> None:
    """Le message tient dans les tampons : on ne sait pas ce que le serveur en a lu, donc on ne réessaie pas."""
    courriel = ecrire()
    with serveur_qui_meurt(b"Auto-Submitted"):
        actions.envoyer(courriel.pk)
    assert relu(courriel).etat == Etat.INCERTAIN


@base
@pytest.mark.parametrize("apres", [b"ehlo", b"mail FROM", b"rcpt TO", b"data\r\n"], ids=str)
def test_le_serveur_meurt_avant_le_message_l_essai_est_reporte(apres: bytes) -> None:
    courriel = ecrire()
    with serveur_qui_meurt(apres), contextlib.suppress(ServeurInjoignable):
        actions.envoyer(courriel.pk)
    assert relu(courriel).etat == Etat.A_ENVOYER
    assert relu(courriel).derniere_erreur


@base
def test_un_envoi_interrompu_devient_incertain_apres_un_quart_d_heure() -> None:
    courriel = CourrielFactory(en_cours=True)
    with serveur_smtp() as reception, time_machine.travel(timezone.now(), tick=False) as horloge:
        horloge.shift(rules.DUREE_SUSPECTE - timedelta(minutes=1))
        actions.relever()
        assert relu(courriel).etat == Etat.EN_COURS
        horloge.shift(timedelta(minutes=2))
        actions.relever()
        assert relu(courriel).etat == Etat.INCERTAIN
        actions.relever()
    assert reception.messages == []


@base
def test_hors_de_la_liste_permise_rien_ne_part(settings: Settings) -> None:
    settings.COURRIELS_AUTORISES = ["@recette.fr", "camille@exemple.fr"]
    permis, interdit = ecrire(), ecrire("maire@commune.fr")
    with serveur_smtp() as reception:
        actions.relever()
    assert [m["To"] for m in reception.messages] == ["camille@exemple.fr"]
    assert relu(permis).etat == Etat.ENVOYE
    assert relu(interdit).etat == Etat.ABANDONNE
    assert "liste" in relu(interdit).derniere_erreur


@base
def test_un_texte_confidentiel_s_efface_une_fois_parti(settings: Settings) -> None:
    settings.COURRIELS_LISIBLES = False
    courriel = CourrielFactory(confidentiel=True, texte="Votre code : 1234-5678")
    with serveur_smtp() as reception:
        actions.envoyer(courriel.pk)
    corps = reception.messages[0].get_body(("plain",))
    assert corps is not None
    assert "1234-5678" in corps.get_content()
    courriel = relu(courriel)
    assert courriel.texte == courriel.html == ""
    assert courriel.texte_efface_le is not None


@base
def test_sans_serveur_regle_la_production_attend(settings: Settings) -> None:
    settings.COURRIELS_LISIBLES = False
    courriel = ecrire()
    with pytest.raises(ServeurInjoignable):
        actions.envoyer(courriel.pk)
    assert "CONUM_SMTP_HOTE" in relu(courriel).derniere_erreur


@base
def test_sans_serveur_regle_un_poste_de_developpement_le_tient_pour_remis() -> None:
    courriel = ecrire()
    actions.envoyer(courriel.pk)
    assert relu(courriel).etat == Etat.ENVOYE


@base
def test_les_textes_de_plus_d_un_an_s_effacent() -> None:
    with time_machine.travel(timezone.now() - timedelta(days=366)):
        vieux, en_attente = CourrielFactory(envoye=True), CourrielFactory()
    recent = CourrielFactory(envoye=True)
    avant = timezone.now() - timedelta(days=365)
    assert actions.effacer_textes(avant) == 1
    assert actions.effacer_textes(avant) == 0
    assert relu(vieux).texte == ""
    assert relu(en_attente).texte
    assert relu(recent).texte


@base
def test_la_commande_d_essai_dit_ce_que_le_serveur_a_repondu(capsys: pytest.CaptureFixture[str]) -> None:
    with serveur_smtp() as reception:
        call_command("essayer_courriel", "camille@exemple.fr")
        assert "Envoyé à camille@exemple.fr" in capsys.readouterr().out
        reception.reponses_rcpt = ["550 5.1.1 Inconnue"]
        with pytest.raises(CommandError, match=r"550 5\.1\.1"):
            call_command("essayer_courriel", "camille@exemple.fr")
    with pytest.raises(CommandError, match="CONUM_SMTP_HOTE"):
        call_command("essayer_courriel", "camille@exemple.fr")


def test_les_attentes_s_allongent_et_finissent() -> None:
    maintenant = timezone.now()
    attentes = [rules.prochain_essai(n, maintenant) for n in range(1, rules.ESSAIS_MAX + 1)]
    assert attentes[-1] is None
    dates = [a for a in attentes if a is not None]
    assert dates == sorted(set(dates))
    assert dates[-1] - maintenant == timedelta(days=1)


@pytest.mark.parametrize(
    ("adresse", "permis", "attendu"),
    [
        ("a@b.fr", [], True),
        ("A@b.fr", ["a@B.fr"], True),
        ("a@b.fr", ["@b.fr"], True),
        ("a@faux-b.fr", ["@b.fr"], False),
        ("a@b.fr.pirate.com", ["@b.fr"], False),
        ("za@b.fr", ["a@b.fr"], False),
    ],
)
def test_liste_des_destinataires_permis(adresse: str, permis: list[str], attendu: bool) -> None:
    assert rules.destinataire_permis(adresse, permis) is attendu
