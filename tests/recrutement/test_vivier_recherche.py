"""Chercher autour de son poste, et présélectionner : bornes, critères, refus, ce qui est gardé."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.recrutement.actions import vivier as actions
from conum.recrutement.actions.recrutements import suspendre
from conum.recrutement.models import Candidat, ConsultationVivier, MiseEnRelation, Origine
from conum.recrutement.rules.recherche import Criteres
from conum.recrutement.rules.relation import PRESELECTIONS_MAX
from conum.recrutement.states import Etat, EtatCandidat
from tests.recrutement.fabriques import CandidatFactory, commune, membre, recrutement, relation, vivier
from tests.structures.fabriques import MembreFactory

pytestmark = pytest.mark.django_db
MOTIF = "Elle connaît déjà notre médiathèque et nos publics."


def chercher(r, rayon=40, **criteres) -> ConsultationVivier:
    return actions.chercher(r, rayon_km=rayon, criteres=Criteres(**criteres), par=membre(r))


# --- Chercher -----------------------------------------------------------------------------------------------------


def test_la_recherche_rend_les_plus_proches_d_abord_dans_le_rayon():
    r = recrutement()
    epernay = CandidatFactory(commune=commune("51230"))
    tinqueux = CandidatFactory(commune=commune("51573"))
    reims = CandidatFactory()
    assert chercher(r, 40).candidats == [reims.pk, tinqueux.pk, epernay.pk]
    assert chercher(r, 10).candidats == [reims.pk, tinqueux.pk]


def test_la_recherche_est_journalisee_avec_ce_qu_elle_a_montre():
    r, trouve = recrutement(), CandidatFactory()
    consultation = chercher(r, avec_cv=False, experience=False)
    assert (consultation.role, consultation.candidats) == (membre(r), [trouve.pk])
    entree = Entree.objects.de_l_objet(r).get(action="chercher")
    assert entree.donnees == {"consultation": consultation.pk, "rayon_km": 40, "nombre": 1}


@pytest.mark.parametrize(
    ("criteres", "champs"),
    [
        ({"experience": True}, {"experience": True}),
        ({"diplome": True}, {"diplome": True, "nom_diplome": "Titre REMN"}),
        ({"palier": 2}, {"pix_palier": 3, "pix_partage": True}),
        ({"langues": ("ar",)}, {"langues": ["ar", "en"]}),
        ({"avec_cv": True}, {"cv": "cv/x.pdf", "cv_depose_le": timezone.now()}),
    ],
)
def test_chaque_critere_retient_qui_y_repond(criteres, champs):
    r = recrutement()
    CandidatFactory()
    voulu = CandidatFactory(**champs)
    consultation = chercher(r, **criteres)
    assert consultation.candidats == [voulu.pk]
    assert Criteres.relire(consultation.criteres) == Criteres(**criteres)
    assert len(Criteres(**criteres).en_mots()) == 1


def test_la_disponibilite_se_filtre_par_date():
    r, jour = recrutement(), timezone.localdate()
    libre = CandidatFactory(disponible_le=jour + timedelta(days=10))
    CandidatFactory(disponible_le=jour + timedelta(days=11))
    assert chercher(r, disponible_au=jour + timedelta(days=10)).candidats == [libre.pk]


def test_un_niveau_pix_qui_n_est_pas_partage_ne_se_devine_pas():
    CandidatFactory(pix_palier=3, pix_partage=False)
    assert chercher(recrutement(), palier=1).candidats == []


@pytest.mark.parametrize(
    "etat", [EtatCandidat.EN_PAUSE, EtatCandidat.BLOQUE, EtatCandidat.RETIRE, EtatCandidat.RECRUTE]
)
def test_qui_n_est_plus_disponible_ne_se_trouve_pas(etat):
    CandidatFactory(etat=etat)
    assert chercher(recrutement()).candidats == []


@pytest.mark.parametrize(
    ("etat", "trouve"),
    [(Etat.PROPOSEE, False), (Etat.ECARTEE, False), (Etat.DECLINEE, False), (Etat.EXPIREE, True)],
)
def test_qui_est_deja_en_relation_ou_a_dit_non_ne_revient_pas(etat, trouve):
    r = recrutement()
    fin = {"close_le": timezone.now(), "motif_fin": "autre"} if etat != Etat.PROPOSEE else {}
    m = relation(r, etat=etat, **fin)
    assert (m.candidat_id in chercher(r).candidats) is trouve


def test_qui_a_accepte_une_offre_ailleurs_ne_se_trouve_pas():
    relation(etat=Etat.ACCEPTEE)
    assert chercher(recrutement()).candidats == []


@pytest.mark.parametrize("rayon", [0, 101, 2000])
def test_jamais_au_dela_de_cent_kilometres(rayon):
    with pytest.raises(ValidationError) as refus:
        chercher(recrutement(), rayon)
    assert list(refus.value.message_dict) == ["rayon_km"]
    assert not ConsultationVivier.objects.exists()


def test_la_mer_ne_se_traverse_que_par_choix():
    r = recrutement()
    d_ailleurs = CandidatFactory()
    candidat = CandidatFactory(territoires_choisis=["metropole"])
    guadeloupe = commune("51230")
    guadeloupe_code = type(guadeloupe).objects.create(
        code="97105", nom="Basse-Terre", departement=guadeloupe.departement, latitude=49.25, longitude=4.03
    )
    Candidat.objects.filter(pk__in=[d_ailleurs.pk, candidat.pk]).update(commune=guadeloupe_code)
    assert chercher(r).candidats == [candidat.pk]


def test_une_autre_structure_et_un_recrutement_suspendu_ne_cherchent_pas():
    r = recrutement()
    with pytest.raises(PermissionDenied):
        actions.chercher(r, rayon_km=10, criteres=Criteres(), par=MembreFactory().role)
    suspendre(r, motif="Nous attendons notre budget.", par=membre(r))
    r.refresh_from_db()
    with pytest.raises(TransitionImpossible):
        chercher(r)


# --- Présélectionner ----------------------------------------------------------------------------------------------


def preselectionner(consultation, candidat, motif=MOTIF, par=None):
    par = par or membre(consultation.recrutement)
    return actions.preselectionner(consultation, candidat.pk, motif=motif, par=par)


def test_preselectionner_hors_de_sa_mobilite_avec_un_motif_previent_la_personne():
    r = recrutement()
    candidat = CandidatFactory(commune=commune("51230"), mobilite_km=5)
    m = preselectionner(chercher(r), candidat)
    assert (m.etat, m.origine, m.motif_preselection) == (Etat.RETENUE, Origine.PRESELECTION, MOTIF)
    assert 20 < m.distance_km < 30
    assert m.reponse_structure_le is not None
    assert m.echeance == m.attend_depuis + timedelta(days=14)
    courriel = Courriel.objects.de_l_objet(m).get()
    assert courriel.destinataire == candidat.email
    assert "/proposition/candidat/" in courriel.texte
    assert Entree.objects.de_l_objet(m).get(action="preselectionner").motif == MOTIF


@pytest.mark.parametrize("motif", ["", "court", "x" * 1001])
def test_une_preselection_porte_son_motif(motif):
    r, candidat = recrutement(), CandidatFactory()
    with pytest.raises(ValidationError) as refus:
        preselectionner(chercher(r), candidat, motif=motif)
    assert list(refus.value.message_dict) == ["motif"]


def test_on_ne_preselectionne_que_qui_l_on_a_trouve_et_pour_les_siens():
    r, candidat = recrutement(), CandidatFactory()
    consultation = chercher(r)
    with pytest.raises(PermissionDenied):
        preselectionner(consultation, CandidatFactory())
    with pytest.raises(PermissionDenied):
        preselectionner(consultation, candidat, par=MembreFactory().role)
    assert not MiseEnRelation.objects.exists()


@pytest.mark.parametrize("etat", [EtatCandidat.EN_PAUSE, EtatCandidat.BLOQUE])
def test_qui_s_est_retire_depuis_ne_se_preselectionne_plus(etat):
    r, candidat = recrutement(), CandidatFactory()
    consultation = chercher(r)
    Candidat.objects.filter(pk=candidat.pk).update(etat=etat)
    with pytest.raises(TransitionImpossible, match="plus disponible"):
        preselectionner(consultation, candidat)


@pytest.mark.parametrize(("etat", "phrase"), [(Etat.RETENUE, "déjà proposée"), (Etat.DECLINEE, "déjà dit non")])
def test_ni_deux_fois_ni_apres_un_refus(etat, phrase):
    r, candidat = recrutement(), CandidatFactory()
    consultation = chercher(r)
    fin = {"close_le": timezone.now(), "motif_fin": "distance"} if etat == Etat.DECLINEE else {}
    relation(r, candidat, etat=etat, **fin)
    with pytest.raises(TransitionImpossible, match=phrase):
        preselectionner(consultation, candidat)


def test_les_preselections_ouvertes_sont_bornees():
    r = recrutement()
    for _ in range(PRESELECTIONS_MAX):
        relation(r, etat=Etat.RETENUE, origine=Origine.PRESELECTION, motif_preselection=MOTIF)
    candidat = CandidatFactory()
    with pytest.raises(TransitionImpossible, match="10 présélections"):
        preselectionner(chercher(r), candidat)


# --- Par les écrans -----------------------------------------------------------------------------------------------


def test_chercher_lire_et_preselectionner_par_les_ecrans(client, se_connecter):
    r = recrutement()
    candidat = CandidatFactory(prenom="Maïwenn", nom="Vandenbroucke")
    role = membre(r)
    se_connecter(client, role)
    url = reverse("recrutement:chercher", args=[role.pk, r.pk])
    assert client.get(url).status_code == 200
    page = client.post(url, {"rayon_km": "40", "palier": "", "langue": ""}, follow=True)
    texte = page.content.decode()
    assert "Maïwenn" in texte
    assert not [s for s in ("Vandenbroucke", candidat.email, candidat.telephone) if s in texte]
    consultation = ConsultationVivier.objects.get()
    fiche = reverse("recrutement:preselectionner", args=[role.pk, r.pk, consultation.pk, candidat.pk])
    assert "Vandenbroucke" not in client.get(fiche).content.decode()
    refus = client.post(fiche, {"motif": "court"})
    assert (refus.status_code, list(refus.context["form"].errors)) == (200, ["motif"])
    assert client.post(fiche, {"motif": MOTIF}).status_code == 302
    assert MiseEnRelation.objects.get().etat == Etat.RETENUE
    encore = client.post(fiche, {"motif": MOTIF}, follow=True)
    assert "déjà proposée" in encore.content.decode()


def test_un_rayon_invente_est_refuse(client, se_connecter):
    r = recrutement()
    role = membre(r)
    se_connecter(client, role)
    page = client.post(reverse("recrutement:chercher", args=[role.pk, r.pk]), {"rayon_km": "900"})
    assert page.status_code == 200
    assert not ConsultationVivier.objects.exists()


def test_les_resultats_ne_se_relisent_que_par_qui_a_cherche(client, se_connecter):
    r, candidat = recrutement(), CandidatFactory()
    consultation = chercher(r)
    collegue = MembreFactory(structure=r.structure).role
    for role in (collegue, MembreFactory().role):
        se_connecter(client, role)
        resultats = reverse("recrutement:resultats", args=[role.pk, r.pk, consultation.pk])
        fiche = reverse("recrutement:preselectionner", args=[role.pk, r.pk, consultation.pk, candidat.pk])
        assert [client.get(u).status_code for u in (resultats, fiche)] == [404, 404]
        assert client.post(fiche, {"motif": MOTIF}).status_code == 404
    role = membre(r)
    se_connecter(client, role)
    autre = recrutement(structure=r.structure, type_poste="coordinateur")
    assert client.get(reverse("recrutement:resultats", args=[role.pk, autre.pk, consultation.pk])).status_code == 404


def test_qui_se_met_en_pause_disparait_des_resultats(client, se_connecter):
    r, candidat = recrutement(), CandidatFactory(prenom="Maïwenn")
    consultation = chercher(r)
    Candidat.objects.filter(pk=candidat.pk).update(etat=EtatCandidat.EN_PAUSE)
    role = membre(r)
    page = se_connecter(client, role).get(reverse("recrutement:resultats", args=[role.pk, r.pk, consultation.pk]))
    assert "Maïwenn" not in page.content.decode()


def test_les_resultats_se_lisent_par_pages_sans_question_de_plus(client, se_connecter):
    r = recrutement()
    vivier(45)
    consultation = chercher(r, 100)
    assert len(consultation.candidats) == 45
    role = membre(r)
    se_connecter(client, role)
    url = reverse("recrutement:resultats", args=[role.pk, r.pk, consultation.pk])
    nombres = []
    for page in (1, 3):
        with CaptureQueriesContext(connection) as mesure:
            reponse = client.get(url, {"page": page})
        nombres.append((len(reponse.context["trouves"]), len(mesure)))
    assert [n for n, _ in nombres] == [20, 5]
    assert nombres[0][1] == nombres[1][1]


def test_la_recherche_lit_l_index_et_non_toute_la_table():
    r = recrutement()
    vivier(2000, pas_km=3.0)
    with connection.cursor() as curseur:
        curseur.execute("ANALYZE recrutement_candidat")
        with CaptureQueriesContext(connection) as mesure:
            consultation = chercher(r, 20)
        requete = next(q["sql"] for q in mesure if "earth_box" in q["sql"])
        curseur.execute(f"EXPLAIN {requete}")
        plan = "\n".join(ligne[0] for ligne in curseur.fetchall())
    assert 5 <= len(consultation.candidats) <= 8
    assert "candidat_lieu" in plan
    assert "Seq Scan on recrutement_candidat" not in plan


def test_les_recherches_anciennes_s_effacent_et_le_journal_reste():
    r = recrutement()
    chercher(r)
    assert actions.purger_consultations(timezone.now() - timedelta(days=1)) == 0
    assert actions.purger_consultations(timezone.now() + timedelta(minutes=1)) == 1
    assert Entree.objects.de_l_objet(r).filter(action="chercher").exists()
