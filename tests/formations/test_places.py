"""Une place dans une session : donnée, attendue, rendue, déplacée, et par qui."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.formations.actions import attente, places
from conum.formations.models import Inscription, Place, Seance
from conum.formations.states import Etat, EtatPlace, EtatSession
from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from tests.aides import ensemble
from tests.comptes.fabriques import RoleFactory
from tests.formations import fabriques_base as fab

pytestmark = pytest.mark.django_db
MOTIF = "La personne est en arrêt de travail."


def en_attente(**champs):
    return fab.inscription(etat=Etat.POSITIONNEE, **champs)


def actions(objet):
    return list(Entree.objects.de_l_objet(objet).values_list("action", flat=True))


def codes():
    return sorted(Courriel.objects.filter(code__startswith="formations/").values_list("code", flat=True))


# --- Ce qui marche ---


def test_l_employeur_inscrit_la_personne_est_convoquee_et_va_a_l_organisme_de_la_session():
    chez = fab.organisme("Francil’In")
    inscription, session = en_attente(), fab.session(chez=chez)
    fab.role_conseiller(inscription)
    ancien = fab.role_organisme(inscription.organisme)
    employeur = fab.employeur(inscription)
    place = places.inscrire(session, inscription, par=employeur)
    assert (place.etat, place.siege, place.convocations, place.inscrite_par) == (EtatPlace.CONVOQUEE, 1, 1, employeur)
    inscription.refresh_from_db()
    assert (inscription.etat, inscription.organisme) == (Etat.INSCRITE, chez)
    assert actions(place) == ["inscrire_place", "convoquer_place"]
    assert actions(inscription) == ["inscrire_en_session"]
    # La personne et sa structure sont convoquées, l'organisme d'avant apprend qu'il ne la forme plus.
    assert codes() == ["formations/confiee_ailleurs", "formations/convocation", "formations/convocation"]
    assert Courriel.objects.get(code="formations/confiee_ailleurs").destinataire == ancien.utilisateur.email


def test_le_plus_petit_siege_libre_est_donne():
    session = fab.session(capacite=3)
    premiere = places.inscrire(session, en_attente(), par=fab.anct())
    assert places.inscrire(session, en_attente(), par=fab.anct()).siege == 2
    places.retirer_place(premiere, motif=MOTIF, par=fab.anct())
    assert places.inscrire(session, en_attente(), par=fab.anct()).siege == 1


def test_complete_la_liste_d_attente_est_un_choix_et_le_siege_rendu_va_au_premier():
    session = fab.session(capacite=1)
    anct = fab.anct()
    assise = places.inscrire(session, en_attente(), par=anct)
    with pytest.raises(TransitionImpossible, match="complète"):
        places.inscrire(session, en_attente(), par=anct)
    premier, second = en_attente(), en_attente()
    fab.role_conseiller(premier)
    attend = places.inscrire(session, premier, par=anct, en_attente=True)
    suivant = places.inscrire(session, second, par=anct, en_attente=True)
    assert [(p.etat, p.siege, attente.rang(p)) for p in (attend, suivant)] == [
        ("en_attente", None, 1),
        ("en_attente", None, 2),
    ]
    premier.refresh_from_db()
    assert premier.etat == Etat.POSITIONNEE
    Courriel.objects.all().delete()

    places.retirer_place(assise, motif=MOTIF, par=anct)
    attend.refresh_from_db()
    suivant.refresh_from_db()
    premier.refresh_from_db()
    assert (attend.etat, attend.siege, premier.etat) == (EtatPlace.CONVOQUEE, 1, Etat.INSCRITE)
    assert (suivant.etat, attente.rang(suivant)) == (EtatPlace.EN_ATTENTE, 1)
    assise.inscription.refresh_from_db()
    assert assise.inscription.etat == Etat.POSITIONNEE
    convocation = Courriel.objects.get(code="formations/convocation", destinataire=premier.personne.email)
    assert "Une place s’est libérée" in convocation.texte


def test_plus_de_places_font_avancer_la_liste_et_qui_ne_peut_plus_suivre_la_quitte():
    session, ailleurs = fab.session(capacite=1), fab.session()
    anct = fab.anct()
    places.inscrire(session, en_attente(), par=anct)
    prise, libre = en_attente(), en_attente()
    for inscription in (prise, libre):
        places.inscrire(session, inscription, par=anct, en_attente=True)
    # Entre-temps la première suit une autre session, aux mêmes heures.
    fab.place(ailleurs, prise)
    session.capacite = 2
    session.save()
    assert attente.promouvoir_partout() == 1
    etats = dict(Place.objects.filter(session=session).values_list("inscription", "etat"))
    assert (etats[prise.pk], etats[libre.pk]) == (EtatPlace.RETIREE, EtatPlace.CONVOQUEE)
    assert "on ne suit pas deux séances" in Place.objects.get(session=session, inscription=prise).motif


def test_une_place_obtenue_fait_quitter_les_autres_listes():
    pleine, autre = fab.session(capacite=1), fab.session()
    anct, inscription = fab.anct(), en_attente()
    places.inscrire(pleine, en_attente(), par=anct)
    attend = places.inscrire(pleine, inscription, par=anct, en_attente=True)
    places.inscrire(autre, inscription, par=anct)
    attend.refresh_from_db()
    assert attend.etat == EtatPlace.RETIREE
    assert autre.reference in attend.motif


def test_rattraper_des_heures_dans_une_autre_session():
    inscription = fab.inscription(etat=Etat.EN_FORMATION)
    passee, suivante = fab.session(debut=fab.jour(-20)), fab.session(debut=fab.jour(20))
    suivie = fab.place(passee, inscription)
    for seance in Seance.objects.filter(session=passee).order_by("pk")[:2]:
        fab.emarger(seance, suivie)
    place = places.inscrire(suivante, inscription, par=fab.role_organisme(suivante.organisme))
    inscription.refresh_from_db()
    assert (place.etat, inscription.etat) == (EtatPlace.CONVOQUEE, Etat.EN_FORMATION)
    # Rendue, la personne a encore son siège dans la première.
    places.retirer_place(place, motif=MOTIF, par=fab.anct())
    inscription.refresh_from_db()
    assert inscription.etat == Etat.EN_FORMATION


def test_deplacer_donne_une_place_ailleurs_et_le_siege_quitte_au_suivant():
    depart, arrivee = fab.session(capacite=1), fab.session(debut=fab.jour(60))
    organisme = fab.role_organisme(depart.organisme)
    inscription = en_attente()
    fab.role_conseiller(inscription)
    place = places.inscrire(depart, inscription, par=organisme)
    attend = places.inscrire(depart, en_attente(), par=organisme, en_attente=True)
    nouvelle = places.deplacer_place(place, arrivee, motif="La session d’avant est trop loin.", par=organisme)
    place.refresh_from_db()
    attend.refresh_from_db()
    assert (place.etat, place.siege, nouvelle.etat) == (EtatPlace.DEPLACEE, None, EtatPlace.CONVOQUEE)
    assert attend.etat == EtatPlace.CONVOQUEE
    inscription.refresh_from_db()
    assert inscription.etat == Etat.INSCRITE
    dernier = Courriel.objects.filter(code="formations/convocation", destinataire=inscription.personne.email).latest(
        "pk"
    )
    assert f"remplace celle de la session {depart.reference}" in dernier.texte
    assert dernier.calendrier.count("STATUS:CANCELLED") == 4
    assert dernier.calendrier.count("STATUS:CONFIRMED") == 4


def test_une_session_annulee_rend_toutes_ses_places():
    session = fab.session(capacite=1)
    anct, inscription = fab.anct(), en_attente()
    fab.role_conseiller(inscription)
    places.inscrire(session, inscription, par=anct)
    attend = places.inscrire(session, en_attente(), par=anct, en_attente=True)
    assert places.vider_session(session, motif="La salle a brûlé.", par=fab.role_organisme(session.organisme)) == 2
    assert set(Place.objects.values_list("etat", flat=True)) == {EtatPlace.RETIREE}
    assert set(Inscription.objects.values_list("etat", flat=True)) == {Etat.POSITIONNEE}
    attend.refresh_from_db()
    assert attend.motif == "La salle a brûlé."
    courriel = Courriel.objects.get(code="formations/place_retiree", destinataire=inscription.personne.email)
    assert "est annulée par La Fabrik" in courriel.texte
    assert "METHOD:CANCEL" in courriel.calendrier


def test_un_contrat_arrete_rend_les_places_a_suivre_et_garde_les_finies():
    inscription = fab.inscription(etat=Etat.EN_FORMATION)
    finie, future = fab.session(debut=fab.jour(-40)), fab.session(debut=fab.jour(10), capacite=1)
    gardee, rendue = fab.place(finie, inscription), fab.place(future, inscription)
    attend = places.inscrire(future, en_attente(), par=fab.anct(), en_attente=True)
    assert places.rendre_places(inscription, motif="Le contrat est rompu.", par=SYSTEME) == 1
    for place in (gardee, rendue, attend):
        place.refresh_from_db()
    assert [p.etat for p in (gardee, rendue, attend)] == [EtatPlace.CONVOQUEE, EtatPlace.RETIREE, EtatPlace.CONVOQUEE]
    inscription.refresh_from_db()
    assert inscription.etat == Etat.EN_FORMATION
    with pytest.raises(PermissionDenied):
        places.rendre_places(inscription, motif=MOTIF, par=fab.employeur(inscription))


# --- Qui ne peut pas ---


def test_chacun_n_inscrit_que_les_siens_et_l_organisme_que_chez_lui():
    inscription, session = en_attente(), fab.session()
    ailleurs = fab.session(chez=fab.organisme("Francil’In"))
    autre = en_attente(chez=fab.organisme("Francil’In"))
    refuses = (
        fab.employeur(autre), fab.role_organisme(autre.organisme), fab.role_conseiller(inscription),
        RoleFactory(prefecture=True), SYSTEME,
    )  # fmt: skip
    for role in refuses:
        with pytest.raises(PermissionDenied):
            places.inscrire(session, inscription, par=role)
    # Le sien, mais dans la session d'un autre ; dans la sienne, mais pas le sien.
    for dans, qui in ((ailleurs, inscription), (session, autre)):
        with pytest.raises(PermissionDenied):
            places.inscrire(dans, qui, par=fab.role_organisme(session.organisme))
    assert not Place.objects.exists()


def test_retirer_et_deplacer_ne_sont_pas_a_tout_le_monde():
    inscription, session, vers = en_attente(), fab.session(), fab.session(debut=fab.jour(60))
    place = places.inscrire(session, inscription, par=fab.anct())
    autre = fab.employeur(en_attente())
    for role in (autre, fab.role_organisme(fab.organisme("Francil’In")), fab.role_conseiller(inscription)):
        with pytest.raises(PermissionDenied):
            places.retirer_place(place, motif=MOTIF, par=role)
        with pytest.raises(PermissionDenied):
            places.deplacer_place(place, vers, motif=MOTIF, par=role)
    ailleurs = fab.session(chez=fab.organisme("Francil’In"), debut=fab.jour(90))
    for role, cible in ((fab.employeur(inscription), vers), (fab.role_organisme(session.organisme), ailleurs)):
        with pytest.raises(PermissionDenied):
            places.deplacer_place(place, cible, motif=MOTIF, par=role)


# --- Quand on ne peut pas ---


@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"etat": EtatSession.BROUILLON}, "En préparation"),
        ({"etat": EtatSession.ANNULEE, "motif_annulation": "Plus de formateur."}, "Annulée"),
        ({"debut": timezone.localdate() - timedelta(days=30)}, "finie"),
    ],
)
def test_on_n_inscrit_que_dans_une_session_ouverte_et_pas_finie(champs, phrase):
    with pytest.raises(TransitionImpossible, match=phrase):
        places.inscrire(fab.session(**champs), en_attente(), par=fab.anct())


@pytest.mark.parametrize("etat", [Etat.OUVERTE, Etat.ATTESTEE, Etat.DISPENSEE, Etat.ABANDONNEE])
def test_qui_n_attend_pas_de_session_n_est_pas_inscrit(etat):
    with pytest.raises(TransitionImpossible, match="n’attend pas de session"):
        places.inscrire(fab.session(), fab.inscription(etat=etat), par=fab.anct())


def test_un_autre_parcours_demande_un_motif_que_seul_l_organisme_donne():
    inscription = en_attente()
    session = fab.session(marche_code="2024", parcours="2024-70")
    with pytest.raises(TransitionImpossible, match="Seuls l’organisme et l’ANCT"):
        places.inscrire(session, inscription, par=fab.employeur(inscription), motif_niveau="Parce que c’est mieux.")
    with pytest.raises(ValidationError, match="dites pourquoi"):
        places.inscrire(session, inscription, par=fab.anct(), motif_niveau="bof")
    place = places.inscrire(session, inscription, par=fab.anct(), motif_niveau="Le parcours de 2025 est complet.")
    assert place.motif_niveau == "Le parcours de 2025 est complet."
    # Du même parcours, aucun motif n'est gardé.
    assert not places.inscrire(
        fab.session(debut=fab.jour(90)), en_attente(), par=fab.anct(), motif_niveau="x"
    ).motif_niveau


def test_seances_qui_se_croisent_et_heures_en_trop_se_disent_une_a_une():
    inscription = fab.inscription(etat=Etat.INSCRITE)
    premiere = fab.session(seances=50)
    fab.place(premiere, inscription)
    with pytest.raises(ValidationError) as refus:
        places.inscrire(fab.session(seances=2), inscription, par=fab.anct())
    assert len(refus.value.messages) == 3
    assert "on ne suit pas deux séances à la fois" in refus.value.messages[0]
    assert "182 h de cours prévues" in refus.value.messages[2]
    assert Place.objects.count() == 1


def test_deux_fois_la_meme_session_et_place_deja_rendue():
    session, inscription = fab.session(), en_attente()
    place = places.inscrire(session, inscription, par=fab.anct())
    with pytest.raises(TransitionImpossible, match="déjà inscrite"):
        places.inscrire(session, inscription, par=fab.anct())
    with pytest.raises(TransitionImpossible, match="déjà sa place"):
        places.deplacer_place(place, session, motif=MOTIF, par=fab.anct())
    with pytest.raises(ValidationError):
        places.retirer_place(place, motif="bof", par=fab.anct())
    places.retirer_place(place, motif=MOTIF, par=fab.anct())
    with pytest.raises(TransitionImpossible, match="Retirée"):
        places.retirer_place(place, motif=MOTIF, par=fab.anct())
    # La place rendue laisse revenir la personne.
    assert places.inscrire(session, inscription, par=fab.anct()).siege == 1


def test_une_demi_journee_signee_retient_la_place_de_l_employeur_et_la_session():
    inscription = fab.inscription(etat=Etat.EN_FORMATION)
    session = fab.session(debut=fab.jour(-1))
    place = fab.place(session, inscription)
    fab.emarger(Seance.objects.filter(session=session).first(), place)
    with pytest.raises(TransitionImpossible, match="seul l’organisme"):
        places.retirer_place(place, motif=MOTIF, par=fab.employeur(inscription))
    with pytest.raises(TransitionImpossible, match="émargée"):
        places.vider_session(session, motif=MOTIF, par=fab.anct())
    places.retirer_place(place, motif=MOTIF, par=fab.role_organisme(session.organisme))
    inscription.refresh_from_db()
    assert inscription.etat == Etat.POSITIONNEE


def test_deplacer_vers_une_session_complete_ne_change_rien():
    depart, pleine = fab.session(), fab.session(debut=fab.jour(60), capacite=1)
    anct = fab.anct()
    places.inscrire(pleine, en_attente(), par=anct)
    place = places.inscrire(depart, en_attente(), par=anct)
    with pytest.raises(TransitionImpossible, match="complète"):
        places.deplacer_place(place, pleine, motif=MOTIF, par=anct)
    place.refresh_from_db()
    assert (place.etat, place.siege) == (EtatPlace.CONVOQUEE, 1)


# --- Ensemble ---


@pytest.mark.django_db(transaction=True)
def test_deux_employeurs_prennent_le_dernier_siege_un_seul_l_a():
    session = fab.session(capacite=1)
    demandes = [(i, fab.employeur(i)) for i in (en_attente(), en_attente())]

    def prendre(k):
        inscription, employeur = demandes[k]
        try:
            return places.inscrire(session, inscription, par=employeur).siege
        except TransitionImpossible as refus:
            return str(refus)

    issues = ensemble(lambda: prendre(0), lambda: prendre(1))
    assert sorted(map(str, issues)) == ["1", "La session est complète."]
    assert Place.objects.count() == 1
