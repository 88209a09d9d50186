"""Les écrans : chacun ses postes, des files comptées, un contrat d'un bout à l'autre par HTTP."""

from datetime import timedelta

import pytest
from django.urls import reverse

from conum.postes.models import Contrat
from conum.postes.states import Etat
from tests.comptes.fabriques import DepartementFactory, RoleFactory
from tests.postes import fabriques as f
from tests.structures.fabriques import CommuneFactory

pytestmark = pytest.mark.django_db


def _url(nom, role, *arguments):
    return reverse(f"postes:{nom}", args=[role.pk, *arguments])


def test_la_structure_saisit_depuis_ses_postes(client, se_connecter):
    structure, (poste,) = f.structure_avec()
    membre = f.membre_de(structure)
    se_connecter(client, membre)
    page = client.get(_url("mes_postes", membre)).content.decode()
    assert poste.reference in page
    assert _url("saisir", membre, poste.pk) in page
    saisie = {
        "prenom": "Zoé", "nom": "Durand", "email": "zoe@exemple.fr", "type": "cdd",
        "debut": f.jour().isoformat(), "fin": (f.jour() + timedelta(days=90)).isoformat(), "salaire": "1 500,00 €",
    }  # fmt: skip
    refus = client.post(_url("saisir", membre, poste.pk), saisie)
    assert refus.status_code == 200
    assert "Le salaire brut est inférieur au SMIC" in refus.content.decode()
    assert not Contrat.objects.exists()
    reponse = client.post(_url("saisir", membre, poste.pk), saisie | {"salaire": "1 950,50"})
    contrat = Contrat.objects.get()
    assert (reponse.status_code, reponse["Location"]) == (302, _url("contrat", membre, contrat.pk))
    assert str(contrat.salaire) == "1950.50"
    page = client.get(_url("mes_postes", membre)).content.decode()
    assert "contrat attendu" in page
    assert contrat.reference in page
    assert client.get(_url("poste", membre, poste.pk)).status_code == 200
    assert "À valider" in client.get(_url("contrat", membre, contrat.pk)).content.decode()


def test_l_anct_traite_la_file_et_la_rupture(client, se_connecter):
    _, (poste,) = f.structure_avec()
    contrat, agent = f.saisir(poste), f.anct()
    se_connecter(client, agent)
    page = client.get(_url("contrats", agent)).content.decode()
    assert "À valider (1)" in page
    assert contrat.reference in page
    client.post(_url("valider", agent, contrat.pk))
    contrat.refresh_from_db()
    assert contrat.etat == Etat.VALIDE
    rupture = {"date_rupture": f.jour().isoformat(), "motif": "demission"}
    client.post(_url("notifier_rupture", agent, contrat.pk), rupture)
    page = client.get(_url("contrats", agent), {"onglet": "ruptures"}).content.decode()
    assert "Ruptures (1)" in page
    assert "Nouveau" in page
    client.post(_url("valider_rupture", agent, contrat.pk))
    assert "Pièces manquantes" in client.get(_url("contrat", agent, contrat.pk)).content.decode()
    client.post(_url("completer", agent, contrat.pk), {"nature": "lettre_demission", "fichier": f.pdf()})
    piece = contrat.pieces.get()
    document = client.get(_url("piece", agent, contrat.pk, piece.pk))
    assert document["Content-Disposition"].startswith("attachment")
    assert b"".join(document.streaming_content).startswith(b"%PDF-")
    contrat.refresh_from_db()
    f.completer(contrat, agent)
    client.post(_url("valider_rupture", agent, contrat.pk))
    contrat.refresh_from_db()
    assert contrat.etat == Etat.ROMPU
    assert client.get(_url("liste", agent), {"etat": "occupe"}).status_code == 200
    assert client.get(_url("contrats", agent), {"format": "csv", "onglet": "tous"}).status_code == 200


def test_une_structure_tierce_n_a_rien(client, se_connecter):
    _, (poste,) = f.structure_avec()
    contrat = f.en_poste(poste)
    autre, _ = f.structure_avec()
    membre = f.membre_de(autre)
    se_connecter(client, membre)
    for nom, pk in (("contrat", contrat.pk), ("poste", poste.pk), ("saisir", poste.pk), ("renouveler", contrat.pk)):
        assert client.get(_url(nom, membre, pk)).status_code == 404
    assert client.post(_url("annuler_rupture", membre, contrat.pk)).status_code == 404


def test_la_prefecture_lit_son_departement_et_rien_d_autre(client, se_connecter):
    structure, (poste,) = f.structure_avec()
    contrat = f.en_poste(poste)
    isere = DepartementFactory(code="38", nom="Isère")
    _, (loin,) = f.structure_avec(commune=CommuneFactory(code="38185", nom="Grenoble", departement=isere))
    ailleurs = f.en_poste(loin)
    agent = RoleFactory(prefecture=True, departement=structure.commune.departement)
    se_connecter(client, agent)
    page = client.get(_url("contrats", agent)).content.decode()
    assert contrat.reference in page
    assert ailleurs.reference not in page
    assert client.get(_url("contrat", agent, ailleurs.pk)).status_code == 404
    assert client.get(_url("corriger", agent, contrat.pk)).status_code == 403
    assert client.post(_url("valider", agent, contrat.pk)).status_code == 403


def test_les_listes_coutent_autant_pour_un_que_pour_dix(client, se_connecter, django_assert_max_num_queries):
    _, postes = f.structure_avec(12)
    for poste in postes[:10]:
        f.saisir(poste)
    f.en_poste(postes[10])
    agent = f.anct()
    se_connecter(client, agent)
    for nom in ("contrats", "liste", "alarmes"):
        with django_assert_max_num_queries(20):
            assert client.get(_url(nom, agent)).status_code == 200


def test_le_bouton_d_un_acte_impossible_dit_pourquoi(client, se_connecter):
    _, (poste,) = f.structure_avec()
    contrat, agent = f.en_poste(poste), f.anct()
    se_connecter(client, agent)
    reponse = client.post(_url("terminer", agent, contrat.pk), follow=True)
    assert "n’est pas terminé" in reponse.content.decode().replace("&#x27;", "’").replace("'", "’")


def test_transferer_et_retirer_par_les_ecrans(client, se_connecter):
    structure, (poste, voisin) = f.structure_avec(2)
    cible, _ = f.structure_avec(0)
    agent = f.anct()
    se_connecter(client, agent)
    corps = {"vers": cible.pk, "le": f.jour().isoformat(), "motif": "Reprise de la médiation par l'association."}
    assert cible.denomination in client.get(_url("transferer", agent, poste.pk)).content.decode()
    assert client.post(_url("transferer", agent, poste.pk), corps).status_code == 302
    retrait = {"le": f.jour().isoformat(), "motif": "Poste vacant depuis un an."}
    assert client.post(_url("retirer", agent, voisin.pk), retrait).status_code == 302
    membre = f.membre_de(cible)
    se_connecter(client, membre)
    assert poste.reference in client.get(_url("mes_postes", membre)).content.decode()
    ancien = f.membre_de(structure)
    se_connecter(client, ancien)
    # Elle lit son passé, pas ce que le poste devient.
    assert client.get(_url("saisir", ancien, poste.pk)).status_code == 404
    page = client.get(_url("poste", ancien, poste.pk)).content.decode()
    assert cible.denomination not in page
