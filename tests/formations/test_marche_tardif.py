"""Un marché nouveau est un fichier et aucune ligne de code : toute l'application le suit, de l'ouverture à la prise de
poste ; les contrats d'avant gardent le leur."""

import re
from datetime import datetime, time, timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from conum.formations.actions import calendrier, inscriptions, parcours, places, positionnement, presence, sessions
from conum.formations.actions.assiduite import assiduite_de
from conum.formations.actions.prise_de_poste import verdict
from conum.formations.models import Seance
from conum.formations.models.presence import VoieSignature
from conum.formations.rules import certification, droits, lecture, marches, satisfaction
from conum.formations.rules import positionnement as regles
from conum.formations.states import Etat
from conum.journal.acteurs import SYSTEME
from tests.formations import fabriques_base as fab
from tests.formations.fabriques import meilleure, pire, reinscrire, repondre

MEMOIRES = (
    lecture.donnees, marches.catalogue, regles.questionnaires, droits.offres, certification.titres,
    satisfaction.questionnaires,
)  # fmt: skip
MARCHE = """
code = "2027"
titre = "Marché de 2027"
debut = {debut}
date_note = "Date du marché."
sources = ["CONUM"]

[prise_de_poste]
acces = "en_alternance"
note = "La formation se suit en alternance avec le poste."
sources = ["CONUM"]

[delais]
depart_jours = 40
certification_mois = 4
sources = ["CONUM"]

[exemption]
certifications = ["titre"]
sources = ["CONUM"]

[[parcours]]
code = "2027-14"
libelle = "Parcours long, 14 heures"
rang = 1
heures_cours = 14
heures_stage = 0
score_min = 0
plancher_domaine = 0
sources = ["CONUM"]

[[parcours]]
code = "2027-7"
libelle = "Parcours court, 7 heures"
rang = 2
heures_cours = 7
heures_stage = 0
score_min = 60
plancher_domaine = 30
sources = ["CONUM"]

[positionnement]
note = "Seuils d'essai."
sources = ["CONUM"]

[[lots]]
organisme = "Nouvel organisme"
regions = ["44"]
sources = ["CONUM"]
"""


def _oublier():
    for memoire in MEMOIRES:
        memoire.cache_clear()


@pytest.fixture
def debut_du_marche(copie, monkeypatch):
    """Un fichier de plus dans le dossier que lit l'application, inscrit dans les empreintes ; rien d'autre."""
    debut = fab.jour(20)
    anciens = {f.name: f.read_bytes() for f in (copie / "marches").glob("*.toml")}
    (copie / "marches" / "2027.toml").write_text(MARCHE.format(debut=debut.isoformat()))
    reinscrire(copie)
    assert all((copie / "marches" / nom).read_bytes() == contenu for nom, contenu in anciens.items())
    monkeypatch.setattr(lecture, "DONNEES", copie)
    _oublier()
    yield debut
    monkeypatch.undo()
    _oublier()


def test_toute_regle_se_lit_dans_le_meme_dossier():
    """`rules.lecture` seul dit le dossier et lit du TOML ; les défauts de `charger` servent aux essais."""
    racine = lecture.DONNEES.parent
    textes = {f.relative_to(racine).as_posix(): f.read_text() for f in racine.rglob("*.py")}
    nomment = {nom for nom, texte in textes.items() if re.search(r"\bDONNEES\b", texte)}
    assert nomment == {"rules/lecture.py", "rules/marches.py", "rules/positionnement.py"}
    appellent = {nom for nom, texte in textes.items() if re.search(r"\bmarches\.charger\(|tomllib", texte)}
    assert appellent == {"rules/lecture.py"}


@pytest.mark.django_db
def test_un_marche_nouveau_est_un_fichier_de_la_signature_a_la_prise_de_poste(debut_du_marche, client, se_connecter):
    nouvel = fab.organisme("Nouvel organisme")
    fab.organisme()
    avant = inscriptions.ouvrir_inscription(fab.contrat(debut=debut_du_marche - timedelta(days=1)), par=SYSTEME)
    apres = inscriptions.ouvrir_inscription(fab.contrat(debut=debut_du_marche), par=SYSTEME)

    # L'inscription prend le marché de la date du contrat, son organisme, son délai ; celui d'avant garde le sien.
    assert (avant.marche_code, avant.organisme.nom) == ("2025", "La Fabrik")
    assert (apres.marche_code, apres.organisme) == ("2027", nouvel)
    assert apres.marche_empreinte == marches.marche("2027").empreinte
    assert apres.disponible_le == debut_du_marche, "en alternance : pas avant le contrat"

    # Le test recommande un parcours du marché nouveau, selon le niveau ; l'organisme le retient.
    assert _passer_le_test(apres, meilleure) == "2027-7"
    assert _passer_le_test(avant, pire) == fab.PARCOURS
    agent = fab.role_organisme(nouvel)
    with pytest.raises(ValidationError):
        parcours.retenir_parcours(apres, parcours=fab.PARCOURS, motif="Un parcours d’un autre marché.", par=agent)
    apres = parcours.retenir_parcours(apres, parcours="2027-7", par=agent)
    avant = parcours.retenir_parcours(avant, parcours=fab.PARCOURS, par=fab.role_organisme(avant.organisme))

    # Le formulaire des sessions et les filtres le proposent sans qu'on y touche.
    se_connecter(client, agent)
    for nom in ("session_creer", "inscriptions"):
        page = client.get(reverse(f"formations:{nom}", args=[agent.pk])).content.decode()
        assert "Parcours court, 7 heures" in page, nom

    # Une session de ce parcours se prépare, se remplit de ses heures et pas une de plus, et s'ouvre.
    jour = debut_du_marche + timedelta(days=5)
    session = sessions.creer_session(
        nouvel, intitule="Parcours court", parcours="2027-7", capacite=5, a_distance=True,
        lien="https://visio.exemple/salle", par=agent,
    )  # fmt: skip
    assert session.marche_code == "2027"
    journee = [calendrier.SeanceVoulue(jour, *h, formateur_nom="Dominique Petit") for h in fab.HEURES]
    trop = [calendrier.SeanceVoulue(jour + timedelta(days=1), time(9), time(10))]
    with pytest.raises(ValidationError, match="7 h"):
        calendrier.ajouter_seances(session, [*journee, *trop], par=agent)
    calendrier.ajouter_seances(session, journee, par=agent)
    session = sessions.ouvrir_session(session, par=agent)
    place = places.inscrire(session, apres, par=agent)
    apres.refresh_from_db()
    assert apres.etat == Etat.INSCRITE

    # La même semaine, la personne d'avant commence aussi, dans une session du marché de 2025.
    ancienne = fab.session(chez=avant.organisme, debut=jour)
    places.inscrire(ancienne, avant, par=fab.role_organisme(avant.organisme))

    # Prise de poste : refusée la veille ; le premier jour, permise en alternance, refusée à qui doit finir d'abord.
    assert not verdict(apres, jour - timedelta(days=1)).autorise
    nouveau, ancien = verdict(apres, jour), verdict(avant, jour)
    assert nouveau.autorise, nouveau.raisons
    assert "Marché de 2027".lower() in nouveau.regle.lower()
    assert not ancien.autorise
    assert "L’attestation de fin de formation n’est pas délivrée." in ancien.raisons
    assert "de 2025" in ancien.regle

    # Ses heures dues sont celles du parcours nouveau, et se signent.
    seance = Seance.objects.filter(session=session).order_by("debut").first()
    instant = timezone.make_aware(datetime.combine(jour, time(12)))
    with time_machine.travel(instant, tick=False):
        presence.signer(seance, place, voie=VoieSignature.ESPACE, par=fab.role_conseiller(apres))
        suivie = assiduite_de(apres)
    assert (suivie.requises, len(suivie.a_signer)) == (7 * 60, 2)


def _passer_le_test(inscription, choix) -> str:
    role = fab.role_conseiller(inscription)
    test = positionnement.commencer_positionnement(inscription, par=role)
    positionnement.repondre(test, repondre(positionnement.questionnaire_de(test), choix), par=role)
    return positionnement.terminer_positionnement(inscription, par=role).recommandation["parcours"]
