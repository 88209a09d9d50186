"""Les écrans : préparer et corriger par les pages, lire sa convention, listes, droits, coût."""

from datetime import date

import pytest
from django.urls import reverse

from conum.conventions import actions
from conum.conventions.models import Convention
from conum.conventions.states import Etat
from conum.courriels.models import Courriel
from tests.comptes.fabriques import DepartementFactory, RoleFactory
from tests.conventions import fabriques as f
from tests.postes import fabriques as p
from tests.structures.fabriques import CommuneFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _depot(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def _url(nom, role, *arguments):
    return reverse(f"conventions:{nom}", args=[role.pk, *arguments])


def _saisie(cochees, **champs):
    return {
        "postes": [x.pk for x in cochees],
        "debut": f.DEBUT.isoformat(),
        "fin": f.FIN.isoformat(),
        "phase": "v1",
        "etape": "calculer",
        **{f"suite_{x.pk}": "pourvu" for x in cochees},
    } | champs


def _enregistrer(client, url, saisie):
    """Calculer, lire l'aperçu, puis enregistrer ce qu'on a lu."""
    apercu = client.post(url, saisie)
    assert apercu.status_code == 200
    vu = apercu.context["apercu"]["vu"]
    return client.post(url, saisie | {"etape": "enregistrer", "vu": vu})


def _texte(reponse):
    return reponse.content.decode().replace("&#x27;", "'").replace("\u202f", " ").replace("\xa0", " ")


def test_l_anct_calcule_puis_enregistre(client, se_connecter):
    structure, postes = f.structure_et_postes(2)
    agent = p.anct()
    se_connecter(client, agent)
    url = _url("preparer", agent, structure.pk)
    page = _texte(client.get(url))
    assert postes[0].reference in page
    apercu = client.post(url, _saisie(postes))
    assert apercu.status_code == 200
    assert "100 000,00 €" in _texte(apercu)
    assert "÷ 731" in _texte(apercu)
    assert not Convention.objects.exists()
    vu = apercu.context["apercu"]["vu"]
    # On n'enregistre que ce qu'on a lu : une date changée depuis l'aperçu en demande un autre.
    autre = _saisie(postes, etape="enregistrer", vu=vu, financement_debut="2027-02-01")
    assert "Relisez les montants" in _texte(client.post(url, autre))
    assert not Convention.objects.exists()
    reponse = client.post(url, _saisie(postes, etape="enregistrer", vu=vu))
    convention = Convention.objects.get()
    assert (reponse.status_code, reponse["Location"]) == (302, _url("convention", agent, convention.pk))
    page = _texte(client.get(reponse["Location"]))
    assert "Pièces à valider" in page
    assert "Comment" not in page.split("<h1")[0]


def test_trente_sept_mois_se_lisent_pres_du_champ_et_la_saisie_reste(client, se_connecter):
    structure, postes = f.structure_et_postes()
    agent = p.anct()
    se_connecter(client, agent)
    saisie = _saisie(postes, fin="2030-01-31", etape="enregistrer")
    reponse = client.post(_url("preparer", agent, structure.pk), saisie)
    assert reponse.status_code == 200
    assert "au plus 36 mois" in reponse.context["form"].errors["fin"][0]
    assert 'value="2030-01-31"' in _texte(reponse)
    assert not Convention.objects.exists()


@pytest.mark.parametrize(
    ("champs", "champ", "phrase"),
    [
        ({"fin": "2026-12-01"}, "fin", "finit avant"),
        ({"postes": []}, "postes", "au moins un poste"),
        ({"phase": "v2", "debut": "2022-01-01", "fin": "2022-12-31"}, "phase", "Aucune règle"),
        ({"etalement_mois": "12"}, "etalement_mois", "24 mois"),
        ({"financeur": "DGE"}, "financeur", "financée par"),
    ],
)
def test_chaque_refus_est_pres_de_son_champ(client, se_connecter, champs, champ, phrase):
    structure, postes = f.structure_et_postes()
    agent = p.anct()
    se_connecter(client, agent)
    reponse = client.post(_url("preparer", agent, structure.pk), _saisie(postes, **champs))
    assert phrase in " ".join(reponse.context["form"].errors[champ])


def test_un_poste_de_plus_loin_ne_se_glisse_pas(client, se_connecter):
    structure, _ = f.structure_et_postes()
    _, ailleurs = f.structure_et_postes()
    agent = p.anct()
    se_connecter(client, agent)
    reponse = client.post(_url("preparer", agent, structure.pk), _saisie(ailleurs, etape="enregistrer"))
    assert reponse.status_code == 200
    assert not Convention.objects.exists()


def test_corriger_reprend_ce_qui_etait_saisi(client, se_connecter):
    convention = f.brouillon(2)
    agent = p.anct()
    se_connecter(client, agent)
    url = _url("corriger", agent, convention.pk)
    page = _texte(client.get(url))
    assert 'value="2027-01-01"' in page
    postes = [x.poste for x in convention.postes.select_related("poste").order_by("pk")]
    _enregistrer(client, url, _saisie(postes, postes=[postes[0].pk]))
    assert convention.postes.count() == 1


def test_proposer_retirer_annuler_par_les_pages(client, se_connecter):
    convention = f.brouillon()
    membre, agent = p.membre_de(convention.structure), p.anct()
    se_connecter(client, agent)
    url = _url("proposer", agent, convention.pk)
    assert "À valider d’abord" in _texte(client.get(url))
    refus = client.post(url)
    assert "Pièces à valider" in _texte(refus)
    f.valider_pieces(convention)
    assert client.post(url).status_code == 302
    convention.refresh_from_db()
    assert convention.etat == Etat.A_SIGNER_STRUCTURE
    document = client.get(_url("document", agent, convention.pk, 0))
    assert b"".join(document.streaming_content).startswith(b"%PDF-")
    # Une page ancienne, un double clic : la phrase, pas une erreur.
    assert "n'est plus possible" in _texte(client.post(url))
    assert client.get(_url("corriger", agent, convention.pk)).status_code == 302
    assert client.post(_url("retirer", agent, convention.pk), {"motif": " "}).status_code == 200
    assert client.post(_url("retirer", agent, convention.pk), {"motif": "Date fausse."}).status_code == 302
    convention.refresh_from_db()
    assert convention.etat == Etat.BROUILLON
    assert client.get(_url("projet", agent, convention.pk)).content.startswith(b"%PDF-")
    assert client.post(_url("annuler", agent, convention.pk), {"motif": "Postes rendus."}).status_code == 302
    convention.refresh_from_db()
    assert convention.etat == Etat.ANNULEE
    assert client.get(_url("convention", agent, convention.pk)).status_code == 200
    codes = set(Courriel.objects.filter(destinataire=membre.utilisateur.email).values_list("code", flat=True))
    assert {"conventions/a_signer", "conventions/document_retire", "conventions/annulee"} <= codes


def test_la_structure_lit_la_sienne_et_elle_seule(client, se_connecter):
    convention, autre = f.proposee(), f.brouillon()
    membre = p.membre_de(convention.structure)
    se_connecter(client, membre)
    page = _texte(client.get(_url("mes_conventions", membre)))
    assert convention.reference in page
    assert autre.reference not in page
    page = _texte(client.get(_url("convention", membre, convention.pk)))
    assert "La structure lit le document et le signe" in page
    assert "50 000,00 €" in page
    assert _url("retirer", membre, convention.pk) not in page
    assert client.get(_url("document", membre, convention.pk, 0)).status_code == 200
    assert client.get(_url("convention", membre, autre.pk)).status_code == 404
    assert client.get(_url("document", membre, autre.pk, 0)).status_code == 404
    for nom in ("corriger", "proposer", "retirer", "annuler", "projet"):
        assert client.get(_url(nom, membre, convention.pk)).status_code == 403
    assert client.get(_url("liste", membre)).status_code == 403


def test_la_prefecture_lit_son_departement(client, se_connecter):
    convention = f.brouillon()
    isere = DepartementFactory(code="38", nom="Isère")
    loin, postes = f.structure_et_postes(commune=CommuneFactory(code="38185", nom="Grenoble", departement=isere))
    ailleurs = f.preparer(loin, postes)
    agent = RoleFactory(prefecture=True, departement=convention.departement)
    se_connecter(client, agent)
    page = _texte(client.get(_url("liste", agent)))
    assert convention.reference in page
    assert ailleurs.reference not in page
    assert client.get(_url("convention", agent, ailleurs.pk)).status_code == 404
    assert client.get(_url("preparer", agent, convention.structure_id)).status_code == 403


def test_la_liste_filtre_et_s_exporte(client, se_connecter):
    convention, autre = f.brouillon(), f.proposee()
    agent = p.anct()
    se_connecter(client, agent)
    page = _texte(client.get(_url("liste", agent), {"etat": "brouillon"}))
    assert convention.reference in page
    assert autre.reference not in page
    page = _texte(client.get(_url("liste", agent), {"recherche": autre.reference}))
    assert autre.reference in page
    assert convention.reference not in page
    csv = b"".join(client.get(_url("liste", agent), {"format": "csv"}).streaming_content).decode()
    assert convention.reference in csv
    assert "50000,00" in csv


def test_les_pages_coutent_autant_pour_un_que_pour_dix(client, se_connecter, django_assert_max_num_queries):
    petite, grande = f.brouillon(1), f.brouillon(10)
    for _ in range(6):
        f.brouillon()
    agent = p.anct()
    se_connecter(client, agent)
    with django_assert_max_num_queries(14):
        client.get(_url("liste", agent))
    comptes = []
    for convention in (petite, grande):
        with django_assert_max_num_queries(30) as requetes:
            client.get(_url("convention", agent, convention.pk))
        comptes.append(len(requetes))
    assert comptes[0] == comptes[1]
    with django_assert_max_num_queries(25):
        client.get(_url("preparer", agent, grande.structure_id))


def test_l_anct_trouve_les_structures_sans_convention(client, se_connecter, django_assert_max_num_queries):
    structure, postes = f.structure_et_postes(3)
    f.brouillon()
    f.preparer(structure, postes[:1])
    agent = p.anct()
    se_connecter(client, agent)
    assert "sans convention (1)" in _texte(client.get(_url("liste", agent)))
    with django_assert_max_num_queries(12):
        page = _texte(client.get(_url("a_preparer", agent)))
    assert _url("preparer", agent, structure.pk) in page
    assert page.count("/convention/nouvelle/") == 1
    page = _texte(client.get(_url("preparer", agent, structure.pk)))
    assert "(dans CV-" in page


def test_une_convention_renouvelee_mene_a_l_autre(client, se_connecter):
    structure, postes = f.structure_et_postes()
    premiere = f.preparer(structure, postes, debut=date(2025, 1, 1), fin=date(2026, 12, 31))
    suite = f.preparer(structure, postes, phase="v2", precedente=premiere)
    agent = p.anct()
    se_connecter(client, agent)
    assert suite.reference in _texte(client.get(_url("convention", agent, premiere.pk)))
    assert premiere.reference in _texte(client.get(_url("convention", agent, suite.pk)))
    assert actions.preparer_postes_sans_convention([structure]) == {}
