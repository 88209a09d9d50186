"""Le calendrier : remplir par un rythme, relire avant d'écrire, importer un CSV, tout ou ce que la personne choisit."""

from datetime import date, time

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from conum.courriels.models import Courriel
from conum.formations.models import Seance
from conum.formations.rules import calendrier
from conum.formations.rules.assiduite import DemiJournee, Nature
from conum.formations.states import Etat, EtatSession
from conum.journal.models import Entree
from tests.formations import fabriques_base as fab

base = pytest.mark.django_db
MATIN, APRES_MIDI = (time(9), time(12, 30)), (time(13, 30), time(17))
SEMAINE = frozenset(range(5))


def url(nom, role, *pks):
    return reverse(f"formations:{nom}", args=[role.pk, *pks])


def rythme(premier, dernier, **champs):
    valeurs = {"jours": SEMAINE, "horaires": (MATIN, APRES_MIDI), "nature": Nature.COURS}
    return calendrier.Rythme(premier, dernier, **(valeurs | champs))


def remplir(quoi, minutes, deja=(), departement=""):
    feries = calendrier.jours_feries(quoi.premier, quoi.dernier, departement)
    return calendrier.remplir(quoi, minutes=minutes, deja=deja, feries=feries, session="SF-00001")


# --- La règle ---


def test_le_rythme_s_arrete_aux_heures_du_parcours_et_saute_les_feries():
    lu = remplir(rythme(date(2026, 4, 27), date(2026, 12, 31)), 175 * 60 + 45)
    assert sum(d.minutes for d in lu.demi_journees) == 175 * 60 + 45
    assert lu.demi_journees[-1].minutes == 45, "la dernière est raccourcie pour tomber juste"
    assert lu.reste == 0
    jours = {d.jour for d in lu.demi_journees}
    assert date(2026, 5, 1) not in jours
    assert all(j.weekday() < 5 for j in jours)
    assert any("Fête du Travail" in phrase for phrase in lu.sautes)


def test_les_feries_sont_ceux_du_departement():
    noel = (date(2026, 12, 1), date(2026, 12, 31))
    assert date(2026, 12, 26) in calendrier.jours_feries(*noel, "67")
    assert date(2026, 12, 26) not in calendrier.jours_feries(*noel, "51")
    assert date(2026, 12, 20) in calendrier.jours_feries(*noel, "974"), "abolition de l'esclavage à La Réunion"


def test_ce_qui_est_deja_la_ne_se_double_pas_et_ce_qui_manque_se_dit():
    deja = [DemiJournee(date(2026, 9, 7), time(10), time(12), "SF-00001")]
    lu = remplir(rythme(date(2026, 9, 7), date(2026, 9, 8)), 100 * 60, deja)
    assert [str(d) for d in lu.demi_journees] == [
        "07/09/2026 après-midi (SF-00001)", "08/09/2026 matin (SF-00001)", "08/09/2026 après-midi (SF-00001)",
    ]  # fmt: skip
    assert lu.sautes == ("07/09/2026 matin : déjà une séance.",)
    assert lu.reste == 100 * 60 - 3 * 210


def test_un_rythme_impossible_dit_toutes_ses_fautes():
    faux = rythme(date(2026, 9, 8), date(2026, 9, 7), jours=frozenset(), horaires=((time(12), time(9)),))
    with pytest.raises(calendrier.CalendrierImpossible) as erreur:
        remplir(faux, 60)
    assert len(erreur.value.fautes) == 3
    with pytest.raises(calendrier.CalendrierImpossible, match="L’après-midi commence avant la fin du matin"):
        remplir(rythme(date(2026, 9, 7), date(2026, 9, 8), horaires=(MATIN, (time(12), time(16)))), 60)


# --- À l'écran ---

RYTHME = {
    "nature": "cours", "semaines": "30", "dernier": "", "jours": ["0", "1"], "matin_debut": "09:00",
    "matin_fin": "12:30", "apres_midi_debut": "", "apres_midi_fin": "", "theme": "Accueil",
    "formateur_nom": "Dominique Petit", "formateur_email": "d@exemple.fr",
}  # fmt: skip


@base
def test_remplir_montre_d_abord_puis_ecrit_ce_qui_a_ete_montre(client, se_connecter):
    session = fab.session(etat=EtatSession.BROUILLON, seances=0, debut=None, fin=None)
    role = fab.role_organisme(session.organisme)
    se_connecter(client, role)
    adresse = url("calendrier_remplir", role, session.pk)
    corps = RYTHME | {"premier": fab.jour(30)}
    page = client.post(adresse, corps | {"action": "apercu"})
    assert page.context["apercu"].reste == 0
    assert sum(d.minutes for d in page.context["apercu"].demi_journees) == 175 * 60
    assert not session.seances.exists(), "l'aperçu n'écrit rien"
    accord = corps | {"action": "ecrire", "apercu": page.context["empreinte"]}
    # Le calendrier a changé entre l'aperçu et l'accord : on montre de nouveau.
    ailleurs = {"jour": fab.jour(400), "debut": "09:00", "fin": "12:30", "nature": "cours"}
    client.post(url("seance_ajouter", role, session.pk), ailleurs)
    rendu = client.post(adresse, accord)
    assert "relisez avant d’enregistrer" in rendu.content.decode()
    assert session.seances.count() == 1
    response = client.post(adresse, accord | {"apercu": rendu.context["empreinte"]})
    assert response.url.endswith("#calendrier")
    assert sum(s.minutes for s in session.seances.order_by("pk")) == 175 * 60
    session.refresh_from_db()
    assert session.debut >= fab.jour(30)
    assert session.seances.filter(formateur_email="d@exemple.fr", theme="Accueil").count() == 49
    donnees = Entree.objects.de_l_objet(session).last().donnees
    assert donnees["changements"][0].startswith("49 séances ajoutées, du ")
    # Le parcours est plein : une séance de plus est refusée, en clair.
    page = client.post(url("seance_ajouter", role, session.pk), ailleurs | {"jour": fab.jour(401)}).content.decode()
    assert "178 h 30 de cours prévues" in page


@base
def test_le_formulaire_de_rythme_dit_ce_qui_manque(client, se_connecter):
    session = fab.session(etat=EtatSession.BROUILLON)
    role = fab.role_organisme(session.organisme)
    se_connecter(client, role)
    faux = RYTHME | {"premier": fab.jour(30), "semaines": "", "matin_fin": "", "action": "apercu"}
    page = client.post(url("calendrier_remplir", role, session.pk), faux).content.decode()
    assert "Donnez un nombre de semaines ou un dernier jour." in page
    assert "Donnez le début et la fin, ou laissez les deux vides." in page
    loin = RYTHME | {"premier": "2026-09-07", "semaines": "", "dernier": "9999-01-01", "action": "apercu"}
    assert "tient en deux ans" in client.post(url("calendrier_remplir", role, session.pk), loin).content.decode()


@base
def test_deux_seances_qui_se_croisent_et_un_formateur_pour_plusieurs_jours(client, se_connecter):
    session = fab.session(seances=4)
    role = fab.role_organisme(session.organisme)
    fab.place(session, fab.inscription(etat=Etat.INSCRITE))
    se_connecter(client, role)
    croise = {"jour": session.debut, "debut": "12:00", "fin": "13:00", "nature": "cours", "motif": "Rattrapage."}
    page = client.post(url("seance_ajouter", role, session.pk), croise).content.decode()
    assert "on ne suit pas deux séances à la fois" in page
    plage = {"du": session.debut, "au": session.debut, "nature": "", "nom": "Léa Roy", "email": "lea@exemple.fr"}
    assert client.post(url("calendrier_formateur", role, session.pk), plage).status_code == 302
    assert session.seances.filter(formateur_nom="Léa Roy").count() == 2
    assert not Courriel.objects.filter(code="formations/session_modifiee").exists()
    vide = plage | {"du": fab.jour(200), "au": fab.jour(210)}
    page = client.post(url("calendrier_formateur", role, session.pk), vide).content.decode()
    assert "Aucune séance du" in page
    # Une session ouverte garde une séance.
    tout = {"du": session.debut, "au": session.fin, "motif": "Plus rien."}
    page = client.post(url("calendrier_retirer", role, session.pk), tout).content.decode()
    assert "garde au moins une séance" in page
    assert session.seances.count() == 4
    premier = tout | {"au": session.debut, "motif": "Salle fermée."}
    assert client.post(url("calendrier_retirer", role, session.pk), premier).status_code == 302
    session.refresh_from_db()
    assert session.debut == session.fin, "le début suit les séances"


# --- Importer ---

CSV = """jour;debut;fin;nature;theme;formateur;email
07/09/2026;09:00;12:30;cours;L’accueil;Dominique Petit;d@exemple.fr
07/09/2026;12h;13h;cours;;;
31/02/2026;09:00;12:30;cours;;;
08/09/2026;9h;12h30;stage;;;pas-une-adresse
08/09/2026;13:30;17:00;stages;;;
2026-09-09;13:30;17:00;stage;;;
"""


def deposer(client, role, session, texte, encodage):
    fichier = SimpleUploadedFile("calendrier.csv", texte.encode(encodage), content_type="text/csv")
    return client.post(url("calendrier_importer", role, session.pk), {"fichier": fichier})


@base
@pytest.mark.parametrize("encodage", ["utf-8-sig", "cp1252"])
def test_un_csv_est_lu_ligne_a_ligne_et_rien_n_est_ecrit_avant_l_accord(client, se_connecter, encodage):
    cache.clear()
    session = fab.session(etat=EtatSession.BROUILLON, seances=0, debut=None, fin=None)
    role = fab.role_organisme(session.organisme)
    se_connecter(client, role)
    response = deposer(client, role, session, CSV, encodage)
    page = client.get(response.url)
    rapport = page.context["rapport"]
    assert [x.numero for x in rapport.justes] == [2, 7]
    assert rapport.justes[0].voulue.theme == "L’accueil"
    fautes = {x.numero: " ".join(x.fautes) for x in rapport.refusees}
    assert "on ne suit pas deux séances à la fois" in fautes[3]
    assert "Le jour « 31/02/2026 » est illisible" in fautes[4]
    assert fautes[5].startswith("formateur_email")
    assert "La nature « stages » n’est pas connue" in fautes[6]
    assert not Seance.objects.exists()
    # Rien, puis le reste : la personne choisit.
    client.post(response.url, {"action": "renoncer"})
    assert not Seance.objects.exists()
    response = deposer(client, role, session, CSV.replace(";", ","), encodage)
    assert client.post(response.url, {"action": "importer"}).status_code == 302
    assert [(s.jour.day, s.nature) for s in session.seances.order_by("jour")] == [(7, "cours"), (9, "stage")]
    # Le même fichier une seconde fois : tout se croise, rien ne s'ajoute.
    response = deposer(client, role, session, CSV, encodage)
    assert client.get(response.url).context["rapport"].justes == ()
    # Un autre rôle, ou un lien passé, ne lit pas ce fichier.
    autre = fab.role_organisme(session.organisme)
    se_connecter(client, autre)
    depot = response.url.rstrip("/").rsplit("/", 1)[-1]
    perdu = client.get(url("calendrier_compte_rendu", autre, session.pk, depot))
    assert perdu.url == url("calendrier_importer", autre, session.pk)


@base
def test_un_csv_de_trop_d_heures_dit_la_ligne_qui_depasse(client, se_connecter):
    cache.clear()
    session = fab.session(etat=EtatSession.BROUILLON, seances=0, debut=None, fin=None)
    role = fab.role_organisme(session.organisme)
    se_connecter(client, role)
    lignes = [
        f"{j:02}/09/2026;{d};{f};cours" for j in range(1, 31) for d, f in (("09:00", "12:30"), ("13:30", "17:00"))
    ]
    response = deposer(client, role, session, "\n".join(["jour;debut;fin;nature", *lignes]), "utf-8")
    rapport = client.get(response.url).context["rapport"]
    assert len(rapport.justes) == 50
    assert rapport.refusees[0].numero == 52
    assert "le parcours" in rapport.refusees[0].fautes[0]
    sans_titre = deposer(client, role, session, "date;heure\n1;2\n", "utf-8")
    assert "Colonne absente" in sans_titre.content.decode()
    assert client.get(url("calendrier_modele", role, session.pk)).status_code == 200


@base
def test_le_calendrier_s_imprime_pour_qui_voit_la_session(client, se_connecter):
    session = fab.session(seances=2)
    inscrite = fab.inscription(etat=Etat.INSCRITE)
    fab.place(session, inscrite)
    for role in (fab.role_conseiller(inscrite), fab.employeur(inscrite), fab.anct()):
        page = se_connecter(client, role).get(url("calendrier_imprimer", role, session.pk))
        assert page.status_code == 200
        assert "09:00 à 12:30" in page.content.decode()
    autre = fab.role_organisme(fab.organisme("Francil’In"))
    assert se_connecter(client, autre).get(url("calendrier_imprimer", autre, session.pk)).status_code == 404


@base
def test_corriger_dit_qui_ne_peut_plus_suivre(client, se_connecter):
    session, autre = fab.session(seances=2), fab.session(debut=fab.jour(60), seances=2)
    inscrite = fab.inscription(etat=Etat.INSCRITE)
    fab.place(session, inscrite)
    fab.place(autre, inscrite)
    role = fab.role_organisme(session.organisme)
    se_connecter(client, role)
    seance = {"jour": autre.debut, "debut": "10:00", "fin": "12:00", "nature": "cours", "motif": "Rattrapage."}
    page = client.post(url("seance_ajouter", role, session.pk), seance, follow=True).content.decode()
    assert f"{inscrite.personne.get_full_name()} : " in page
    assert "on ne suit pas deux séances à la fois" in page
    ailleurs = seance | {"jour": fab.jour(90)}
    page = client.post(url("seance_ajouter", role, autre.pk), ailleurs, follow=True).content.decode()
    assert "La séance est au calendrier." in page
