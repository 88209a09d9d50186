"""Ce que l'État prend en charge : publié par le marché, ou saisi par l'ANCT avec l'acte, et jamais corrigé."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from conum.formations.actions.tarifs import Grille, prix_publie, saisir_tarif
from conum.formations.models import TarifMarche
from conum.formations.models.etat import NatureCout
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from tests.formations import fabriques_base as f
from tests.formations import fabriques_etats as e

pytestmark = pytest.mark.django_db
D = Decimal
SAISI = {"nature": "formation", "montant": "3850,50", "depuis": "2025-01-01", "reference": "Marché 2025-014"}


def adresse(nom, role, *arguments) -> str:
    return reverse(f"formations:{nom}", args=[role.pk, *arguments])


def saisir(chez, par, **champs):
    valeurs = {
        "marche_code": "2025", "nature": NatureCout.FORMATION, "montant": D("3850"), "depuis": date(2025, 1, 1),
        "reference": "Marché 2025-014",
    }  # fmt: skip
    return saisir_tarif(chez, par=par, **(valeurs | champs))


def test_le_prix_publie_par_le_marche():
    publie = prix_publie("2021", NatureCout.FORMATION)
    assert publie.montant == D("4805.00")
    assert "moyenne publiée" in publie.source
    assert prix_publie("2021", NatureCout.CERTIFICATION).montant == D("326.60")
    assert prix_publie("2025", NatureCout.FORMATION) is None
    assert Grille(f.organisme(), "2021").prix(NatureCout.FORMATION, date(2022, 1, 1)) == publie


def test_l_anct_saisit_un_prix_l_organisme_le_lit(client, se_connecter):
    chez, autre = f.organisme(), f.organisme("Francil’In")
    anct, agent = f.anct(), f.role_organisme(chez)
    se_connecter(client, anct)
    page = client.get(adresse("prise_en_charge", anct)).content.decode()
    assert "aucune source publique ne donne le prix" in page
    assert "4 805,00" in page.replace("\u202f", " ")
    lien = adresse("saisir_tarif", anct, chez.pk, "2025")
    assert lien in page
    assert client.get(lien).status_code == 200
    page = client.post(lien, SAISI | {"montant": "-3", "reference": ""}).content.decode()
    assert "Écrivez la référence de l’acte." in page
    assert 'value="-3"' in page
    assert client.post(lien, SAISI)["Location"] == adresse("prise_en_charge", anct)
    tarif = TarifMarche.objects.get()
    assert (tarif.organisme, tarif.montant, tarif.par) == (chez, D("3850.50"), anct)
    assert Entree.objects.de_l_objet(tarif).get().action == "saisir_tarif"
    e.tarif(autre, montant=D("1234"))
    se_connecter(client, agent)
    page = client.get(adresse("prise_en_charge", agent)).content.decode().replace("\u202f", " ")
    assert "3 850,50" in page
    assert "Marché 2025-014" in page
    assert "1 234,00" not in page
    assert "Saisir un prix" not in page
    assert client.get(adresse("saisir_tarif", agent, chez.pk, "2025")).status_code == 403


def test_qui_tient_une_session_sans_etre_nomme_par_le_marche(client, se_connecter):
    hors_marche, anct = f.organisme("École du Littoral"), f.anct()
    f.session(chez=hors_marche)
    se_connecter(client, anct)
    page = client.get(adresse("prise_en_charge", anct)).content.decode()
    assert adresse("saisir_tarif", anct, hors_marche.pk, "2025") in page
    assert adresse("saisir_tarif", anct, hors_marche.pk, "2024") not in page


def test_seule_l_anct_saisit():
    chez = f.organisme()
    for par in (f.role_organisme(chez), f.employeur(f.inscription())):
        with pytest.raises(PermissionDenied):
            saisir(chez, par)


def test_un_prix_ne_se_corrige_pas_le_suivant_prend_sa_suite():
    chez, anct = f.organisme(), f.anct()
    saisir(chez, anct)
    for depuis in (date(2025, 1, 1), date(2024, 6, 1)):
        with pytest.raises(ValidationError, match="Un prix court déjà"):
            saisir(chez, anct, depuis=depuis)
    saisir(chez, anct, depuis=date(2026, 1, 1), montant=D("4000"), reference="Avenant 1")
    grille = Grille(chez, "2025")
    attendus = {date(2024, 12, 31): None, date(2025, 12, 31): D("3850"), date(2026, 1, 1): D("4000")}
    for jour, montant in attendus.items():
        prix = grille.prix(NatureCout.FORMATION, jour)
        assert (prix.montant if prix else None) == montant
    assert grille.prix(NatureCout.CERTIFICATION, date(2026, 1, 1)) is None
    assert Grille(f.organisme("Francil’In"), "2025").prix(NatureCout.FORMATION, date(2026, 1, 1)) is None


def test_ce_qui_n_a_pas_de_sens_est_refuse(client, se_connecter):
    chez, anct = f.organisme(), f.anct()
    with pytest.raises(TransitionImpossible, match="publie déjà"):
        saisir(chez, anct, marche_code="2021")
    with pytest.raises(ValidationError, match="n’existe pas"):
        saisir(chez, anct, marche_code="1999")
    with pytest.raises(ValidationError, match="positif"):
        saisir(chez, anct, montant=D("0"))
    se_connecter(client, anct)
    assert client.get(adresse("saisir_tarif", anct, chez.pk, "1999")).status_code == 404
    assert not TarifMarche.objects.exists()
