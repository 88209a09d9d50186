"""Pourquoi cette paire, pourquoi pas celle-là : la même réponse que le calcul, à qui a le droit de la lire."""

from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conum.recrutement.actions import explication, marche, passes
from conum.recrutement.actions.criteres import criteres, paire_du_jour
from conum.recrutement.models import Candidat, MiseEnRelation, Recrutement, ReglageAppariement
from conum.recrutement.rules.appariement.paires import Marche
from conum.recrutement.rules.cout import ponderation_au
from conum.recrutement.states import Etat, EtatCandidat, EtatRecrutement
from tests.demandes.fabriques import anct
from tests.recrutement.fabriques import CandidatFactory, commune, membre, recrutement, relation, vivier
from tests.structures.fabriques import MembreFactory, StructureFactory

pytestmark = pytest.mark.django_db


def _un_par_poste():
    ReglageAppariement.objects.create(
        a_partir_du=timezone.localdate(), max_par_poste=1, max_par_candidat=1, motif="Essai."
    )


# --- Une proposition --------------------------------------------------------------------------------------------------


def test_une_proposition_s_explique_par_ce_que_le_calcul_a_lu():
    recrutement(code="51573", niveau=2)
    candidat = CandidatFactory(experience=True, pix_palier=1, pix_partage=True)
    passes.lancer()
    proposee = MiseEnRelation.objects.select_related("passe").get()
    # Ce qui change ensuite ne récrit pas l'explication.
    Candidat.objects.filter(pk=candidat.pk).update(mobilite_km=5, experience=False)
    lue = explication.expliquer_relation(proposee)
    assert lue.total == pytest.approx(proposee.cout, abs=0.1)
    points = {c.titre: c.points for c in lue.composantes}
    assert points["Distance"] == pytest.approx(proposee.distance_km, abs=0.01)
    assert points["Expérience ou diplôme"] == 0
    assert points["Niveau numérique demandé"] == 20
    assert all(c.satisfait for c in lue.criteres)
    assert "mobilité de 20 km" in next(c.constat for c in lue.criteres if c.cle == "distance")
    assert (lue.parmi, proposee.rang) == (1, 1)


def test_une_preselection_dit_son_motif():
    preselection = relation(origine="preselection", motif_preselection="Rencontrée au forum des métiers.", detail={})
    lue = explication.expliquer_relation(preselection)
    assert lue.composantes == lue.criteres == ()


# --- Une absence ------------------------------------------------------------------------------------------------------


def test_les_criteres_disent_la_meme_chose_que_le_calcul():
    """Sur des paires de toutes sortes : une paire a tous ses critères remplis si et seulement si elle est faisable."""
    jour = timezone.localdate()
    for code in ("51454", "51573", "51230"):
        recrutement(code=code, debut=jour + timedelta(days=15))
    for km in (5, 10, 20, 40, 2000):
        for jours in (0, 15, 16):
            CandidatFactory(mobilite_km=km, disponible_le=jour + timedelta(days=jours), commune=commune("51573"))
    lecture = marche.lire(jour)
    reglage = ReglageAppariement.au(jour)
    calcul = Marche(
        marche.besoins(lecture, reglage),
        marche.candidats(lecture, reglage),
        ponderation_au(jour),
        np.zeros(0, np.int64),
    )
    vus = set()
    for i, r in enumerate(lecture.recrutements):
        for j, c in enumerate(lecture.candidats):
            faisable = bool(calcul.faisable(np.array([i]), np.array([j]))[0])
            lus = criteres(Recrutement.objects.get(pk=r.pk), Candidat.objects.get(pk=c.pk), jour)
            assert all(x.satisfait for x in lus) == faisable, (r, c, lus)
            vus.add(faisable)
    assert vus == {True, False}


@pytest.mark.parametrize(
    ("champs", "cle", "mots"),
    [
        ({"etat": EtatCandidat.EN_PAUSE}, "candidat", "en pause"),
        ({"mobilite_km": 5}, "distance", "Trop loin"),
        (
            {"disponible_le": timezone.localdate() + timedelta(days=90), "mobilite_km": 40},
            "date",
            "Libre trop tard : disponible le",
        ),
        ({"latitude": None, "longitude": None}, "lieu", "pas encore placée"),
    ],
)
def test_le_premier_critere_non_rempli_est_la_raison(champs, cle, mots):
    absence = explication.expliquer_absence(recrutement(code="51230"), CandidatFactory(**champs))
    assert absence.cle == cle
    assert mots in absence.raison


def test_un_recrutement_suspendu_le_dit():
    ferme = recrutement()
    Recrutement.objects.filter(pk=ferme.pk).update(etat=EtatRecrutement.SUSPENDU)
    ferme.refresh_from_db()
    assert explication.expliquer_absence(ferme, CandidatFactory()).cle == "recrutement"


def test_un_autre_territoire_non_choisi_est_la_raison():
    candidat = CandidatFactory(mobilite_km=2000)
    lieu = commune()
    lieu.pk, lieu.nom = "97411", "Saint-Denis"
    lieu.save(force_insert=True)
    ouvert = recrutement()
    Recrutement.objects.filter(pk=ouvert.pk).update(commune=lieu, latitude=-20.88, longitude=55.45)
    ouvert = Recrutement.objects.get(pk=ouvert.pk)
    absence = explication.expliquer_absence(ouvert, candidat)
    assert (absence.cle, "n’a pas été choisi" in absence.raison) == ("territoire", True)
    candidat.territoires_choisis = ["974"]
    assert explication.expliquer_absence(ouvert, candidat).cle == "a_venir"


@pytest.mark.parametrize(
    ("etat", "fin", "cle", "mots"),
    [
        (Etat.PROPOSEE, {}, "proposee", "Déjà en relation"),
        (Etat.DECLINEE, {"motif_fin": "distance"}, "deja", "trop loin"),
        (Etat.SANS_OBJET, {"motif_fin": "candidat_en_pause"}, "a_venir", "prochain"),
    ],
)
def test_ce_qui_existe_deja_passe_avant(etat, fin, cle, mots):
    ouvert, candidat = recrutement(), CandidatFactory()
    if fin:
        fin |= {"close_le": timezone.now(), "echeance": None}
    relation(ouvert, candidat, etat=etat, **fin)
    absence = explication.expliquer_absence(ouvert, candidat)
    assert absence.cle == cle
    assert mots in absence.raison


def test_une_paire_faisable_mais_moins_bonne_dit_son_surcout():
    _un_par_poste()
    ouvert = recrutement()
    proche = CandidatFactory(experience=True)
    loin = CandidatFactory(commune=commune("51573"))
    passes.lancer()
    assert MiseEnRelation.objects.get().candidat == proche
    absence = explication.expliquer_absence(ouvert, loin)
    assert absence.cle == "prix"
    cout_proche = MiseEnRelation.objects.get().cout
    # Remplacer la seule proposition coûterait exactement l'écart des deux coûts.
    cout_loin = 15 + 30 / 7 / 2 + paire_du_jour(ouvert, loin, timezone.localdate()).distance_km
    assert absence.surcout == pytest.approx(cout_loin - cout_proche, abs=0.11)
    assert absence.raison.startswith("Plafond atteint : 1 propositions par poste vacant. Proposer cette paire")
    assert all(c.satisfait for c in absence.criteres)


def test_un_passage_sans_rien_de_nouveau_n_efface_pas_la_raison():
    _un_par_poste()
    ouvert, _, loin = recrutement(), CandidatFactory(experience=True), CandidatFactory(commune=commune("51573"))
    passes.lancer()
    raison = explication.expliquer_absence(ouvert, loin).raison
    assert "aurait coûté au moins" in raison
    passes.lancer()
    assert explication.expliquer_absence(ouvert, loin).raison == raison


def test_a_valeur_egale_la_phrase_le_dit():
    _un_par_poste()
    ouvert = recrutement()
    a, b = CandidatFactory(), CandidatFactory()
    passes.lancer()
    autre = b if MiseEnRelation.objects.get().candidat == a else a
    assert "même valeur" in explication.expliquer_absence(ouvert, autre).raison


def test_une_fiche_arrivee_apres_le_passage_sera_etudiee_au_prochain():
    ouvert, candidat = recrutement(), CandidatFactory()
    assert "Aucun passage" in explication.expliquer_absence(ouvert, candidat).raison
    passes.lancer()
    assert "n’était pas au vivier" in explication.expliquer_absence(ouvert, CandidatFactory()).raison
    assert "n’était pas ouvert" in explication.expliquer_absence(recrutement(), candidat).raison


def test_une_fiche_changee_depuis_le_passage_sera_etudiee_au_prochain():
    ReglageAppariement.objects.create(
        a_partir_du=timezone.localdate(), max_par_poste=1, max_par_candidat=1, motif="Essai."
    )
    ouvert, _, autre = recrutement(), CandidatFactory(), CandidatFactory(commune=commune("51573"))
    passes.lancer()
    autre.experience, autre.latitude, autre.longitude = True, ouvert.latitude, ouvert.longitude
    assert "Les fiches ont changé" in explication.expliquer_absence(ouvert, autre).raison


def test_qui_n_avait_plus_de_place_lit_son_plafond():
    candidat = CandidatFactory()
    for _ in range(3):
        relation(recrutement(), candidat)
    passes.lancer()
    absence = explication.expliquer_absence(recrutement(), candidat)
    assert (absence.cle, absence.raison) == ("plafond", "Plafond atteint : 3 propositions ouvertes par candidat.")


def test_les_raisons_d_une_liste_se_lisent_en_peu_de_requetes():
    ouvert = recrutement()
    candidats = vivier(40)
    passes.lancer()
    with CaptureQueriesContext(connection) as capture:
        raisons = explication.raison_courte(ouvert, candidats)
    assert set(raisons) == {c.pk for c in candidats}
    assert len(capture) <= 7
    assert all(raisons.values())


# --- Les écrans -------------------------------------------------------------------------------------------------------


def test_chaque_partie_lit_l_explication_et_nul_autre(client, se_connecter):
    recrutement(code="51573"), CandidatFactory()
    passes.lancer()
    proposee = MiseEnRelation.objects.get()
    for role in (membre(proposee.recrutement), proposee.candidat.role, anct()):
        page = se_connecter(client, role).get(reverse("recrutement:explication", args=[role.pk, proposee.pk]))
        assert page.status_code == 200
        texte = page.content.decode()
        assert "Coût de la proposition" in texte
        assert role == proposee.candidat.role or proposee.candidat.nom not in texte
    etrangers = [
        MembreFactory(structure=StructureFactory(commune=commune())).role,
        CandidatFactory().role,
    ]
    for role in etrangers:
        page = se_connecter(client, role).get(reverse("recrutement:explication", args=[role.pk, proposee.pk]))
        assert page.status_code == 404


def test_le_candidat_lit_pourquoi_pas_les_autres_postes(client, se_connecter):
    propose = recrutement()
    loin = recrutement(code="51230")
    candidat = CandidatFactory(mobilite_km=5)
    passes.lancer()
    page = se_connecter(client, candidat.role).get(reverse("recrutement:autres_postes", args=[candidat.role.pk]))
    texte = page.content.decode()
    assert loin.structure.nom in texte
    assert "mobilité de 5 km" in texte
    assert propose.structure.nom not in texte


def test_la_page_des_autres_postes_a_un_nombre_de_requetes_borne(client, se_connecter):
    candidat = CandidatFactory()
    se_connecter(client, candidat.role)
    adresse = reverse("recrutement:autres_postes", args=[candidat.role.pk])

    def requetes(nombre):
        for _ in range(nombre):
            recrutement(code="51573")
        client.get(adresse)
        with CaptureQueriesContext(connection) as capture:
            assert client.get(adresse).status_code == 200
        return len(capture)

    assert requetes(1) == requetes(15)


def test_l_anct_demande_pourquoi_une_paire(client, se_connecter):
    ouvert, candidat = recrutement(code="51230"), CandidatFactory(mobilite_km=5)
    role = anct()
    se_connecter(client, role)
    adresse = reverse("recrutement:pourquoi", args=[role.pk])
    page = client.get(adresse, {"recrutement": ouvert.reference, "candidat": candidat.reference.lower()})
    assert "mobilité de 5 km" in page.content.decode()
    fausse = client.get(adresse, {"recrutement": "R-99999", "candidat": "n'importe quoi"}).content.decode()
    assert "Aucun recrutement ne porte la référence" in fausse
    assert "Aucun candidat ne porte la référence" in fausse
    assert client.get(adresse).status_code == 200
    autre = membre(ouvert)
    assert se_connecter(client, autre).get(reverse("recrutement:pourquoi", args=[autre.pk])).status_code == 403
