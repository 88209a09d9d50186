"""Engagements datés : la règle, sa lecture en base, et la liste des agents."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from conum.demandes.rules import dans_mois
from conum.postes.models import TypePoste
from conum.recrutement.models import Recrutement, service
from conum.recrutement.rules.service import EtatEngagement, engagements_de
from conum.recrutement.states import Etat, EtatRecrutement
from conum.recrutement.views.delais import retards_de
from tests.comptes.fabriques import DepartementFactory, RegionFactory, RoleFactory
from tests.recrutement.fabriques import CandidatFactory, recrutement, relation

JOUR = date(2026, 3, 31)
_ATTRIBUE = date(2026, 1, 31)


def _attribution(**champs):
    return SimpleNamespace(**({"type_poste": "conseiller", "attribue_le": _ATTRIBUE, "premier": True} | champs))


def _etats(attribution, **faits) -> dict[str, tuple[date | None, str, int]]:
    return {e.code: (e.limite, e.etat, e.jours) for e in engagements_de(attribution, **({"aujourdhui": JOUR} | faits))}


# --- La règle -----------------------------------------------------------------------------------------------------


def test_un_conseiller_un_mois_pour_choisir_trois_pour_recruter() -> None:
    etats = _etats(_attribution())
    assert etats["choisir"] == (date(2026, 2, 28), "en_retard", 31)
    assert etats["signer"] == (None, "a_venir", 0)
    assert etats["recruter"] == (date(2026, 4, 30), "a_venir", 0)


def test_un_poste_de_plus_six_mois_pour_recruter() -> None:
    assert _etats(_attribution(premier=False))["recruter"][0] == date(2026, 7, 31)


def test_un_coordinateur_six_mois_pour_choisir_et_pas_moins_pour_recruter() -> None:
    etats = _etats(_attribution(type_poste="coordinateur"))
    assert etats["choisir"][0] == etats["recruter"][0] == date(2026, 7, 31)


def test_le_jour_dit_n_est_pas_un_retard() -> None:
    assert _etats(_attribution(), aujourdhui=date(2026, 2, 28))["choisir"][1] == "a_venir"
    assert _etats(_attribution(), aujourdhui=date(2026, 3, 1))["choisir"][1] == "en_retard"


def test_tenu_et_tenu_en_retard() -> None:
    a_temps = _etats(_attribution(), choisi_le=date(2026, 2, 28))["choisir"]
    tard = _etats(_attribution(), choisi_le=date(2026, 3, 3))["choisir"]
    assert a_temps[1:] == ("tenu", 0)
    assert tard[1:] == ("tenu", 3)


def test_signer_se_compte_de_l_accord_du_candidat() -> None:
    accord = date(2026, 3, 10)
    assert _etats(_attribution(), accepte_le=accord)["signer"] == (date(2026, 3, 25), "en_retard", 6)
    assert _etats(_attribution(), accepte_le=accord, signe_le=date(2026, 3, 20))["signer"][1] == "tenu"


@given(
    st.dates(date(2020, 1, 1), date(2035, 12, 31)),
    st.booleans(),
    st.sampled_from(TypePoste.values),
    st.integers(0, 400),
)
def test_un_retard_dure_jusqu_a_ce_qu_on_le_repare(attribue_le, premier, type_poste, jours) -> None:
    attribution = _attribution(attribue_le=attribue_le, premier=premier, type_poste=type_poste)
    avant = {e.code: e for e in engagements_de(attribution, aujourdhui=attribue_le + timedelta(days=jours))}
    apres = {e.code: e for e in engagements_de(attribution, aujourdhui=attribue_le + timedelta(days=jours + 1))}
    for code, engagement in avant.items():
        assert engagement.limite == apres[code].limite
        if engagement.en_retard:
            assert apres[code].jours == engagement.jours + 1


# --- En base : la même règle, une seule question -------------------------------------------------------------------


def _limites(offre: Recrutement, jour: date) -> dict[str, date]:
    lu = service.avec_retards(Recrutement.objects.filter(pk=offre.pk), jour).get()
    assert lu.retard_depuis == min(retards_de(lu).values(), default=None)
    return retards_de(lu)


def _comme_la_regle(offre: Recrutement, jour: date) -> None:
    """La base et la règle disent la même chose."""
    regle = {e.code: e.limite for e in service.engagements_du_recrutement(offre, jour) if e.en_retard}
    assert _limites(offre, jour) == regle


@pytest.mark.django_db
@pytest.mark.parametrize("attribue_le", [date(2025, 8, 31), date(2025, 11, 30), date(2024, 2, 29), date(2026, 1, 15)])
@pytest.mark.parametrize("premier", [True, False])
@pytest.mark.parametrize("type_poste", TypePoste.values)
def test_la_base_et_la_regle_disent_la_meme_chose(attribue_le, premier, type_poste) -> None:
    offre = recrutement(attribue_le=attribue_le, premier=premier, type_poste=type_poste)
    for mois in (1, 3, 6):
        limite = dans_mois(attribue_le, mois)
        for jour in (limite, limite + timedelta(days=1)):
            _comme_la_regle(offre, jour)


@pytest.mark.django_db
def test_choisir_est_tenu_quand_chaque_poste_a_eu_son_offre() -> None:
    offre = recrutement(postes=2, attribue_le=_ATTRIBUE)
    relation(offre, etat=Etat.OFFRE)
    assert "choisir" in _limites(offre, JOUR)
    relation(offre, etat=Etat.OFFRE)
    assert "choisir" not in _limites(offre, JOUR)
    _comme_la_regle(offre, JOUR)


@pytest.mark.django_db
def test_signer_est_en_retard_quinze_jours_apres_l_accord() -> None:
    offre = recrutement(attribue_le=_ATTRIBUE)
    with time_machine.travel("2026-03-10T23:30:00+01:00", tick=False):
        relation(offre, etat=Etat.ACCEPTEE, acceptee_le=timezone.now())
    assert "signer" not in _limites(offre, date(2026, 3, 25))
    assert _limites(offre, date(2026, 3, 26))["signer"] == date(2026, 3, 25)
    for jour in (date(2026, 3, 25), date(2026, 3, 26)):
        _comme_la_regle(offre, jour)


@pytest.mark.django_db
def test_un_recrutement_pourvu_tient_ses_engagements() -> None:
    offre = recrutement(attribue_le=_ATTRIBUE)
    with time_machine.travel("2026-02-10T10:00:00+01:00", tick=False):
        signee = relation(
            offre, etat=Etat.RECRUTEE, acceptee_le=timezone.now(), contrat_signe_le=date(2026, 2, 20),
            close_le=timezone.now(),
        )  # fmt: skip
        offre.postes.update(pourvu_par=signee, pourvu_le=timezone.now())
    assert {e.etat for e in service.engagements_du_recrutement(offre, JOUR)} == {EtatEngagement.TENU}
    assert _limites(offre, date(2027, 1, 1)) == {}


@pytest.mark.django_db
def test_un_poste_rendu_n_est_plus_attendu() -> None:
    offre = recrutement(attribue_le=_ATTRIBUE)
    for poste in offre.postes.all():
        poste.rattachement.periode = (_ATTRIBUE, date(2026, 2, 15))
        poste.rattachement.save()
    assert _limites(offre, date(2026, 12, 1)) == {}


# --- La liste des agents -------------------------------------------------------------------------------------------


def _liste(client, role, **parametres) -> str:
    return client.get(reverse("recrutement:retards", args=[role.pk]), parametres).content.decode()


@pytest.mark.django_db
def test_l_agent_voit_les_retards_de_son_territoire_sans_aucun_nom(client, se_connecter) -> None:
    offre = recrutement(attribue_le=timezone.localdate() - timedelta(days=100))
    personne = CandidatFactory(prenom="Zéphirine", nom="Introuvable")
    relation(offre, personne)
    recrutement()  # attribué il y a cinq jours : à l'heure
    for role in (RoleFactory(prefecture=True), RoleFactory(prefecture_de_region=True), RoleFactory(anct=True)):
        se_connecter(client, role)
        page = _liste(client, role)
        assert offre.reference in page
        assert "Choisir un candidat" in page
        assert "<strong>1</strong> résultat" in page
        assert "Zéphirine" not in page
        assert "Introuvable" not in page


@pytest.mark.django_db
def test_un_autre_territoire_ne_voit_rien(client, se_connecter) -> None:
    recrutement(attribue_le=timezone.localdate() - timedelta(days=100))
    bretagne = RegionFactory(code="53", nom="Bretagne")
    for role in (
        RoleFactory(prefecture=True, departement=DepartementFactory(code="29", nom="Finistère", region=bretagne)),
        RoleFactory(prefecture_de_region=True, region=bretagne),
    ):
        se_connecter(client, role)
        assert "Aucun engagement n’est en retard" in _liste(client, role)


@pytest.mark.django_db
@pytest.mark.parametrize("type_", ["structure", "hub", "reseau"])
def test_ni_structure_ni_hub_n_ont_cette_liste(client, se_connecter, type_) -> None:
    role = RoleFactory(**{type_: True})
    se_connecter(client, role)
    assert client.get(reverse("recrutement:retards", args=[role.pk])).status_code == 403


@pytest.mark.django_db
def test_filtres_tri_et_fichiers(client, se_connecter) -> None:
    aujourdhui = timezone.localdate()
    ancien = recrutement(attribue_le=aujourdhui - timedelta(days=200))
    recent = recrutement(attribue_le=aujourdhui - timedelta(days=40))
    suspendu = recrutement(attribue_le=aujourdhui - timedelta(days=300), etat=EtatRecrutement.SUSPENDU)
    clos = recrutement(attribue_le=aujourdhui - timedelta(days=300), etat=EtatRecrutement.CLOS, clos_le=timezone.now())
    role = RoleFactory(anct=True)
    se_connecter(client, role)
    page = _liste(client, role)
    assert page.index(suspendu.reference) < page.index(ancien.reference) < page.index(recent.reference)
    assert clos.reference not in page
    filtree = _liste(client, role, engagement="recruter", departement="51", region="44", type_poste="conseiller")
    assert ancien.reference in filtree
    assert recent.reference not in filtree
    assert recent.reference in _liste(client, role, recherche=recent.structure.denomination)
    assert ancien.reference not in _liste(client, role, recherche="introuvable")
    adresse = reverse("recrutement:retards", args=[role.pk])
    fichier = b"".join(client.get(adresse, {"format": "csv"}).streaming_content).decode("utf-8-sig")
    assert len(fichier.splitlines()) == 4
    assert "Date limite pour recruter" in fichier
    assert client.get(adresse, {"format": "xlsx"}).status_code == 200


@pytest.mark.django_db
def test_la_liste_pose_autant_de_questions_pour_vingt_que_pour_deux(
    client, se_connecter, django_assert_max_num_queries
) -> None:
    role = RoleFactory(anct=True)
    se_connecter(client, role)
    for _ in range(2):
        recrutement(attribue_le=timezone.localdate() - timedelta(days=100))
    with CaptureQueriesContext(
        connection,
    ) as peu:
        _liste(client, role)
    for _ in range(18):
        relation(recrutement(attribue_le=timezone.localdate() - timedelta(days=100)))
    with django_assert_max_num_queries(len(peu)):
        _liste(client, role)
