"""Signer une demi-journée : chacun pour soi, dans son temps, une fois ; les deux signatures font l'heure."""

from datetime import datetime, time, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from conum.formations.actions import liens, presence
from conum.formations.actions.assiduite import assiduite_de
from conum.formations.models import Emargement, EtatRecapitulatif, LigneEmargement, LigneEtat, Seance
from conum.formations.models.presence import VoieSignature
from conum.formations.rules.presence import PARIS, fenetre, lien_valable
from conum.formations.states import Etat, EtatPlace, EtatRecap
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from tests.aides import ensemble
from tests.comptes.fabriques import RoleFactory
from tests.formations import fabriques_base as f
from tests.formations import fabriques_presence as p

pytestmark = pytest.mark.django_db


def url(nom, role, *pks):
    return reverse(f"formations:{nom}", args=[role.pk, *pks])


def texte(reponse):
    return reponse.content.decode()


def tenue(place, choix="present", nom="Dominique Petit"):
    return {f"place_{place.pk}": choix, "nom": nom}


# --- Les règles -----------------------------------------------------------------------------------------------------


def test_la_fenetre_ouvre_un_quart_d_heure_avant_et_ferme_apres_sept_jours():
    lundi = datetime(2026, 11, 2, tzinfo=PARIS)
    ouverte = fenetre(lundi.date(), time(9))
    assert not ouverte.ouverte(lundi.replace(hour=8, minute=44))
    assert ouverte.ouverte(lundi.replace(hour=8, minute=45))
    assert ouverte.ouverte(lundi.replace(hour=23) + timedelta(days=7))
    assert not ouverte.ouverte(lundi + timedelta(days=8))
    # En Martinique, neuf heures viennent cinq heures plus tard.
    assert not fenetre(lundi.date(), time(9), "972").ouverte(lundi.replace(hour=12))
    assert fenetre(lundi.date(), time(9), "972").ouverte(lundi.replace(hour=14))
    assert lien_valable(lundi.date(), lundi.date() + timedelta(days=1))
    assert not lien_valable(lundi.date(), lundi.date() + timedelta(days=2))


# --- Dans l'espace --------------------------------------------------------------------------------------------------


def test_la_personne_puis_l_organisme_signent_et_la_formation_commence(client, se_connecter):
    place, (matin, _) = p.assise()
    inscription, role = place.inscription, f.role_conseiller(place.inscription)
    se_connecter(client, role)
    page = url("demi_journees", role, inscription.pk)
    assert texte(client.get(page)).count("J’étais là, je signe") == 2
    assert liens.code_de(place)[:3] in texte(client.get(page))
    for _ in range(2):  # deux clics, une signature
        reponse = client.post(url("signer_demi_journee", role, place.pk, matin.pk), follow=True)
        assert "est signée" in texte(reponse)
    signee = p.ligne(place, matin)
    assert (signee.apprenant_voie, signee.signe_formateur_le) == (VoieSignature.ESPACE, None)
    inscription.refresh_from_db()
    assert inscription.etat == Etat.INSCRITE
    agent = f.role_organisme(f.organisme())
    se_connecter(client, agent)
    tenir = url("tenir_seance", agent, matin.pk)
    assert "A signé." in texte(client.get(tenir))
    reponse = client.post(tenir, tenue(place), follow=True)
    assert "1 personne présente, 0 absente" in texte(reponse)
    assert "plus rien à signer" in texte(reponse)
    faite = p.ligne(place, matin)
    assert (faite.formateur_voie, faite.formateur_nom) == (VoieSignature.ORGANISME, "Dominique Petit")
    assert presence.est_fait(faite)
    inscription.refresh_from_db()
    assert inscription.etat == Etat.EN_FORMATION
    assert assiduite_de(inscription).faites == 210
    assert Entree.objects.filter(action="signer_demi_journee").count() == 1
    assert Entree.objects.get(action="commencer_formation").acteur == "Système"
    assert "Dominique" not in str(Entree.objects.get(action="tenir_seance").donnees)
    # La page périmée d'un autre onglet ne redit rien.
    assert "déjà tenue" in texte(client.post(tenir, tenue(place), follow=True))
    assert Emargement.objects.count() == 1


def test_qui_ne_signe_pas(client, se_connecter):
    place, (matin, _) = p.assise()
    autre = f.role_conseiller(f.inscription(etat=Etat.INSCRITE))
    ailleurs = f.role_organisme(f.organisme("Francil’In"))
    se_connecter(client, autre)
    assert client.post(url("signer_demi_journee", autre, place.pk, matin.pk)).status_code == 404
    assert client.get(url("demi_journees", autre, place.inscription_id)).status_code == 404
    se_connecter(client, ailleurs)
    for nom, pk in (("tenir_seance", matin.pk), ("feuille", place.session_id), ("demi_journees", place.inscription_id)):
        assert client.get(url(nom, ailleurs, pk)).status_code == 404
    employeur = f.employeur(place.inscription)
    se_connecter(client, employeur)
    assert client.get(url("demi_journees", employeur, place.inscription_id)).status_code == 200
    assert client.get(url("tenir_seance", employeur, matin.pk)).status_code == 403
    for par in (employeur, ailleurs, autre, f.role_organisme(f.organisme()), f.anct(), RoleFactory(prefecture=True)):
        with pytest.raises(PermissionDenied):
            presence.signer(matin, place, voie=VoieSignature.ESPACE, par=par)
    for par in (employeur, ailleurs, f.role_conseiller(place.inscription)):
        with pytest.raises(PermissionDenied):
            presence.tenir_seance(
                matin, nom="X", presents=[place.pk], absents={}, voie=VoieSignature.ORGANISME, par=par
            )
    client.logout()
    assert client.get(url("demi_journees", autre, place.inscription_id)).status_code in (302, 404)
    assert not Emargement.objects.exists()


def test_ni_trop_tot_ni_trop_tard_ni_sans_place(client, se_connecter):
    demain, (avant, _) = p.assise(debut=f.jour(1))
    vieille, (tard, _) = p.assise(debut=f.jour(-8))
    rendue, (hier, _) = p.assise()
    rendue.etat, rendue.siege, rendue.motif = EtatPlace.RETIREE, None, "Contrat rompu."
    rendue.save()
    for place, seance, phrase in (
        (demain, avant, "quinze minutes avant"), (vieille, tard, "a fermé"), (rendue, hier, "plus occupée"),
    ):  # fmt: skip
        role = f.role_conseiller(place.inscription)
        with pytest.raises(TransitionImpossible, match=phrase):
            presence.signer(seance, place, voie=VoieSignature.ESPACE, par=role)
    agent = f.role_organisme(f.organisme())
    se_connecter(client, agent)
    reponse = client.post(url("tenir_seance", agent, avant.pk), tenue(demain))
    assert "quinze minutes avant" in texte(reponse)
    role = f.role_conseiller(vieille.inscription)
    se_connecter(client, role)
    page = texte(client.get(url("demi_journees", role, vieille.inscription_id)))
    assert "Non signée : ne compte pas" in page
    assert "je signe" not in page
    assert not Emargement.objects.exists()


def test_une_seance_retiree_du_calendrier_se_dit():
    place, (matin, _) = p.assise()
    Seance.objects.filter(pk=matin.pk).delete()
    with pytest.raises(TransitionImpossible, match="plus au calendrier"):
        presence.signer(matin, place, voie=VoieSignature.ESPACE, par=f.role_conseiller(place.inscription))


def test_le_formateur_dit_tout_le_monde_ou_rien(client, se_connecter):
    place, (matin, _) = p.assise()
    autre, _ = p.assise(dans=place.session)
    agent = f.role_organisme(f.organisme())
    se_connecter(client, agent)
    tenir = url("tenir_seance", agent, matin.pk)
    reponse = client.post(tenir, tenue(place))
    assert "Dites si cette personne est là." in texte(reponse)
    assert not Emargement.objects.exists()
    client.post(tenir, tenue(place) | tenue(autre, "maladie"))
    assert p.ligne(autre, matin).absence_motif == "maladie"
    assert p.ligne(autre, matin).absent
    # Celle qui a signé ne peut être dite absente : ni à l'écran, ni par une page périmée.
    tiers, _ = p.assise(dans=place.session)
    presence.signer(matin, tiers, voie=VoieSignature.ESPACE, par=f.role_conseiller(tiers.inscription))
    assert "sans_motif" not in texte(client.get(tenir))
    with pytest.raises(TransitionImpossible, match="ne peut être absent"):
        presence.tenir_seance(
            matin, nom="D. Petit", presents=[], absents={tiers.pk: presence.Absence()}, voie=VoieSignature.LIEN,
            par=agent,
        )  # fmt: skip
    with pytest.raises(ValidationError, match="nom"):
        presence.tenir_seance(matin, nom=" ", presents=[tiers.pk], absents={}, voie=VoieSignature.LIEN, par=agent)
    assert p.ligne(tiers, matin).signe_formateur_le is None


def test_annuler_un_emargement_le_garde_et_en_permet_un_autre(client, se_connecter):
    place, (matin, _) = p.assise()
    fausse = f.emarger(matin, place)
    agent, personne = f.role_organisme(f.organisme()), f.role_conseiller(place.inscription)
    se_connecter(client, personne)
    assert client.get(url("annuler_emargement", personne, fausse.pk)).status_code == 403
    se_connecter(client, agent)
    page = url("annuler_emargement", agent, fausse.pk)
    assert "Écrivez le motif" in texte(client.post(page, {"motif": " "}))
    assert client.post(page, {"motif": "Mauvaise personne."}).status_code == 302
    fausse.refresh_from_db()
    assert (fausse.annule_motif, bool(fausse.signe_apprenant_le)) == ("Mauvaise personne.", True)
    assert Entree.objects.get(action="annuler_emargement").motif == "Mauvaise personne."
    assert assiduite_de(place.inscription).faites == 0
    assert "déjà annulé" in texte(client.post(page, {"motif": "Encore."}))
    presence.signer(matin, place, voie=VoieSignature.ESPACE, par=personne)
    assert Emargement.objects.filter(seance=matin, place=place).count() == 2


def test_une_demi_journee_transmise_a_l_anct_ne_s_annule_que_par_elle():
    place, (matin, _) = p.assise()
    faite, agent = f.emarger(matin, place), f.role_organisme(f.organisme())
    maintenant = timezone.now()
    etat = EtatRecapitulatif.objects.create(
        numero=1, organisme=place.session.organisme, marche_code="2025", mois=matin.jour.replace(day=1),
        etat=EtatRecap.TRANSMIS, transmis_le=maintenant, transmis_par=agent,
    )  # fmt: skip
    ligne = LigneEtat.objects.create(etat=etat, inscription=place.inscription, nature="formation", minutes=210)
    LigneEmargement.objects.create(
        ligne=ligne, emargement=faite, seance=matin, inscription=place.inscription, minutes=210
    )
    with pytest.raises(TransitionImpossible, match="elle seule peut encore"):
        presence.annuler_emargement(faite, motif="Erreur.", par=agent)
    presence.annuler_emargement(faite, motif="Erreur.", par=f.anct())
    assert assiduite_de(place.inscription).faites == 0


# --- La feuille et les blocs ----------------------------------------------------------------------------------------


def test_la_feuille_se_lit_par_semaine_et_se_telecharge(client, se_connecter):
    place, seances = p.assise(debut=f.jour(-10), seances=30)
    f.emarger(seances[0], place)
    agent = f.role_organisme(f.organisme())
    se_connecter(client, agent)
    page = url("feuille", agent, place.session_id)
    lundi = seances[0].jour - timedelta(days=seances[0].jour.weekday())
    lue = texte(client.get(page, {"semaine": lundi.isoformat()}))
    assert "Faite" in lue
    assert lue.count('scope="row"') == 1
    assert client.get(page, {"semaine": "n’importe"}).status_code == 200
    fichier = b"".join(client.get(page, {"format": "csv"}).streaming_content).decode("utf-8-sig")
    lignes = fichier.splitlines()
    assert len(lignes) == 31
    assert "Dominique Petit" in lignes[1]
    assert "Depuis son espace" in lignes[1]


def test_la_feuille_et_la_session_posent_autant_de_questions_pour_trois_que_pour_une(
    client, se_connecter, django_assert_max_num_queries
):
    place, (matin, _) = p.assise()
    agent = f.role_organisme(f.organisme())
    se_connecter(client, agent)
    nombres = []
    for _ in range(2):
        with django_assert_max_num_queries(60) as lues:
            client.get(url("feuille", agent, place.session_id))
            page = texte(client.get(url("session", agent, place.session_id)))
            client.get(url("tenir_seance", agent, matin.pk))
        nombres.append(len(lues))
        for _ in range(2):
            autre, _ = p.assise(dans=place.session)
            f.emarger(matin, autre)
    assert nombres[0] == nombres[1]
    assert "Tenir la feuille" in page


def test_la_page_d_une_personne_pose_autant_de_questions_pour_deux_demi_journees_que_pour_vingt(
    client, se_connecter, django_assert_max_num_queries
):
    agent = f.role_organisme(f.organisme())
    se_connecter(client, agent)
    nombres = []
    for combien in (2, 20):
        place, seances = p.assise(seances=combien, debut=f.jour(-combien))
        for seance in seances[::2]:
            f.emarger(seance, place)
        with django_assert_max_num_queries(40) as lues:
            client.get(url("demi_journees", agent, place.inscription_id))
        nombres.append(len(lues))
    assert nombres[0] == nombres[1]


def test_les_heures_sont_sur_la_page_de_l_inscription(client, se_connecter):
    place, (matin, _) = p.assise(etat=Etat.EN_FORMATION)
    f.emarger(matin, place)
    for role in (f.role_conseiller(place.inscription), f.employeur(place.inscription), f.anct()):
        se_connecter(client, role)
        page = texte(client.get(url("inscription", role, place.inscription_id)))
        assert "3 h 30" in page
        assert "381 h 30" in page or "171 h 30" in page
        code = liens.code_de(place)
        assert f"{code[:3]} {code[3:]}" not in page
        faites = texte(client.get(url("demi_journees", role, place.inscription_id), {"liste": "faites"}))
        assert "Dominique Petit" in faites
        assert "depuis un lien reçu par courriel" in faites
        assert (f"{code[:3]} {code[3:]}" in faites) == (role.type == "conseiller")


# --- En même temps --------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_les_deux_signent_a_la_meme_seconde():
    place, (matin, _) = p.assise()
    agent, personne = f.role_organisme(f.organisme()), f.role_conseiller(place.inscription)

    def apprenant():
        return presence.signer(matin, place, voie=VoieSignature.ESPACE, par=personne)

    def formateur():
        return presence.tenir_seance(
            matin, nom="D. Petit", presents=[place.pk], absents={}, voie=VoieSignature.ORGANISME, par=agent
        )

    rendus = ensemble(apprenant, formateur, apprenant)
    assert not [r for r in rendus if isinstance(r, Exception)]
    assert presence.est_fait(Emargement.objects.get())
    place.inscription.refresh_from_db()
    assert place.inscription.etat == Etat.EN_FORMATION
