"""Le test de positionnement, page par page : commencé, interrompu, repris, fini, montré."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import TypeRole
from conum.courriels.models import Courriel
from conum.formations.actions import positionnement as actions
from conum.formations.models import Positionnement
from conum.formations.rules import marches
from conum.formations.rules import positionnement as regles
from conum.formations.states import Etat
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.socle import conservation
from tests.aides import ensemble
from tests.comptes.fabriques import RoleFactory
from tests.formations import fabriques_base as fab

pytestmark = pytest.mark.django_db
VERSION = regles.questionnaires()[-1]
DOMAINES = list(VERSION.domaines)


def meilleures(items=VERSION.items):
    return {i.code: max(i.reponses, key=lambda r: r.points).code for i in items}


def adresse(nom, role, inscription, *suite):
    return reverse(f"formations:{nom}", args=[role.pk, inscription.pk, *suite])


def du_domaine(rang, **autres):
    """Ce que la page d'un domaine envoie quand tout y est répondu."""
    choix = meilleures(VERSION.du_domaine(DOMAINES[rang - 1]))
    return {f"q-{code}": reponse for code, reponse in choix.items()} | autres


def fini(**champs):
    """Une inscription dont le test est fini, tout bien répondu, et son rôle de conseiller."""
    inscription = fab.inscription(**champs)
    role = fab.role_conseiller(inscription)
    test = actions.commencer_positionnement(inscription, par=role)
    actions.repondre(test, meilleures(), par=role)
    actions.terminer_positionnement(inscription, par=role)
    return inscription, role


def test_commence_interrompu_repris_termine(client, se_connecter):
    inscription = fab.inscription()
    role, organisme = fab.role_conseiller(inscription), fab.role_organisme(inscription.organisme)
    membre = fab.employeur(inscription)
    se_connecter(client, role)
    accueil = adresse("positionnement", role, inscription)
    assert "Commencer le test" in client.get(accueil).content.decode()
    assert not Positionnement.objects.exists()

    premiere = f"id_q-{VERSION.du_domaine(DOMAINES[0])[0].code}"
    depart = client.post(adresse("commencer_positionnement", role, inscription))
    assert depart.url == adresse("positionnement_etape", role, inscription, 1) + f"#{premiere}"
    assert client.post(adresse("commencer_positionnement", role, inscription)).url == depart.url
    test = Positionnement.objects.get()
    assert (test.questionnaire_code, test.questionnaire_empreinte) == (VERSION.code, VERSION.empreinte)
    page = client.get(depart.url).content.decode()
    assert "Étape 1 sur 8" in page
    assert premiere in page
    assert page.count(f'hx-post="{adresse("positionnement_reponse", role, inscription)}"') == len(du_domaine(1))

    # Une réponse part dès qu'elle est choisie ; l'étape suivante s'ouvre même s'il en manque.
    dit = client.post(adresse("positionnement_reponse", role, inscription), {"q-materiel-1": "b"}).content.decode()
    assert "Enregistré" in dit
    suite = client.post(depart.url, du_domaine(1, suite="continuer"))
    assert suite.url == adresse("positionnement_etape", role, inscription, 2)
    plus_tard = client.post(suite.url, {"q-internet-1": "b", "suite": "plus_tard"})
    assert plus_tard.url == adresse("inscription", role, inscription)
    assert "Reprendre le test" in client.get(plus_tard.url).content.decode()

    # Plus tard, ailleurs : la première question sans réponse, et la réponse donnée déjà cochée.
    reprise = client.get(accueil).content.decode()
    seconde = VERSION.du_domaine(DOMAINES[1])[1].code
    assert adresse("positionnement_etape", role, inscription, 2) + f"#id_q-{seconde}" in reprise
    assert "Terminer le test" not in reprise
    etape = client.get(adresse("positionnement_etape", role, inscription, 2)).content.decode()
    assert 'name="q-internet-1" value="b"' in etape.replace(' class="fr-radio"', "")
    assert etape.count(" checked") == 1
    refus = client.post(adresse("terminer_positionnement", role, inscription), follow=True).content.decode()
    assert "Il reste" in refus

    for rang in range(2, 9):
        dernier = client.post(adresse("positionnement_etape", role, inscription, rang), du_domaine(rang))
    assert dernier.url == accueil
    assert "Terminer le test" in client.get(accueil).content.decode()
    resultat = client.post(adresse("terminer_positionnement", role, inscription))
    assert resultat.url == adresse("resultat_positionnement", role, inscription)
    assert "Le test recommande" in client.get(resultat.url).content.decode()

    assert "Le test est fini" in client.get(adresse("inscription", role, inscription)).content.decode()

    test.refresh_from_db()
    assert test.recommandation["parcours"] == fab.PARCOURS
    assert [d["code"] for d in test.recommandation["domaines"]] == DOMAINES
    assert test.recommandation["raisons"]
    journal = list(Entree.objects.de_l_objet(inscription).order_by("pk").values_list("action", flat=True))
    assert journal == ["commencer_positionnement", "terminer_positionnement"]
    lus = {c.destinataire for c in Courriel.objects.filter(code="formations/positionnement_fini")}
    assert lus == {organisme.utilisateur.email, membre.utilisateur.email}


def test_le_vieil_onglet_et_le_second_clic_ne_cassent_rien(client, se_connecter):
    inscription, role = fini()
    se_connecter(client, role)
    etape, resultat = (
        adresse("positionnement_etape", role, inscription, 3),
        adresse("resultat_positionnement", role, inscription),
    )
    avant = Positionnement.objects.get().reponses
    assert client.get(etape).url == adresse("positionnement", role, inscription)
    vieux = client.post(etape, {**du_domaine(3), "q-courriels-1": "a"}, follow=True)
    assert vieux.redirect_chain[-1][0] == resultat
    assert actions.FINI in vieux.content.decode()
    partiel = client.post(adresse("positionnement_reponse", role, inscription), {"q-courriels-1": "a"})
    assert partiel.status_code == 200
    assert "Réponse non enregistrée" in partiel.content.decode()
    assert (
        client.post(adresse("terminer_positionnement", role, inscription), follow=True).redirect_chain[-1][0]
        == resultat
    )
    assert client.post(adresse("commencer_positionnement", role, inscription)).url == resultat
    assert Positionnement.objects.get().reponses == avant
    assert Courriel.objects.filter(code="formations/positionnement_fini").count() == 0  # ni agent, ni membre ici


def test_une_reponse_inconnue_se_dit_et_rien_ne_change(client, se_connecter):
    inscription = fab.inscription()
    role = fab.role_conseiller(inscription)
    actions.commencer_positionnement(inscription, par=role)
    se_connecter(client, role)
    page = client.post(adresse("positionnement_etape", role, inscription, 1), {"q-materiel-1": "zzz"})
    assert page.status_code == 200
    assert "Choisissez une des réponses proposées." in page.content.decode()
    for envoi in ({"q-materiel-1": "zzz"}, {"q-inconnue": "a"}):
        dit = client.post(adresse("positionnement_reponse", role, inscription), envoi).content.decode()
        assert "Réponse non enregistrée" in dit
    assert Positionnement.objects.get().reponses == {}
    assert client.get(adresse("positionnement_etape", role, inscription, 9)).status_code == 404


def test_un_questionnaire_change_ne_se_melange_pas(monkeypatch):
    inscription, autre = fab.inscription(), fab.inscription()
    role, autre_role = fab.role_conseiller(inscription), fab.role_conseiller(autre)
    test = actions.commencer_positionnement(inscription, par=role)
    suivante = replace(
        VERSION, code="suivante", debut=timezone.localdate(), empreinte="e" * 64, items=VERSION.items[1:]
    )
    monkeypatch.setattr(regles, "questionnaires", lambda: (VERSION, suivante))
    actions.repondre(test, meilleures(), par=role)
    assert actions.terminer_positionnement(inscription, par=role).questionnaire_code == VERSION.code
    assert actions.commencer_positionnement(autre, par=autre_role).questionnaire_code == "suivante"


def test_seule_la_personne_repond_et_tant_que_le_test_est_attendu(client, se_connecter):
    inscription = fab.inscription()
    siens = fab.role_conseiller(inscription)
    test = actions.commencer_positionnement(inscription, par=siens)
    ailleurs = fab.role_conseiller(fab.inscription())
    for role in (fab.anct(), fab.employeur(inscription), fab.role_organisme(inscription.organisme)):
        se_connecter(client, role)
        assert client.post(adresse("positionnement_reponse", role, inscription), {}).status_code == 403
        assert client.get(adresse("positionnement", role, inscription)).status_code == 403
    se_connecter(client, ailleurs)
    assert client.get(adresse("positionnement_etape", ailleurs, inscription, 1)).status_code == 404
    assert client.post(adresse("commencer_positionnement", ailleurs, inscription)).status_code == 404

    inscription.etat = Etat.DISPENSEE
    inscription.save()
    with pytest.raises(TransitionImpossible, match="Dispensée"):
        actions.repondre(test, {"materiel-1": "a"}, par=siens)
    dispensee = fab.inscription(etat=Etat.DISPENSEE)
    role = fab.role_conseiller(dispensee)
    se_connecter(client, role)
    assert "Commencer le test" not in client.get(adresse("positionnement", role, dispensee)).content.decode()
    refus = client.post(adresse("commencer_positionnement", role, dispensee), follow=True).content.decode()
    assert "n’attend pas de test" in refus


def test_le_resultat_se_montre_a_l_employeur_sans_les_reponses(client, se_connecter):
    inscription, role = fini()
    question = VERSION.items[0].question
    for lecteur, lit_les_reponses in (
        (role, True),
        (fab.role_organisme(inscription.organisme), True),
        (fab.employeur(inscription), False),
        (fab.anct(), False),
    ):
        page = se_connecter(client, lecteur).get(adresse("resultat_positionnement", lecteur, inscription))
        texte = page.content.decode()
        assert "Scores par domaine" in texte
        assert "Scores par dimension" in texte
        assert (question in texte) is lit_les_reponses, lecteur.type
    prefecture = RoleFactory(prefecture=True, departement=inscription.commune.departement)
    se_connecter(client, prefecture)
    assert client.get(adresse("resultat_positionnement", prefecture, inscription)).status_code == 403
    autre = fab.role_organisme(fab.organisme("Francil’In"))
    assert se_connecter(client, autre).get(adresse("resultat_positionnement", autre, inscription)).status_code == 404
    candidat = RoleFactory(type=TypeRole.CANDIDAT)
    assert se_connecter(client, candidat).get(adresse("positionnement", candidat, inscription)).status_code == 403


def test_sans_parcours_au_marche_le_test_se_passe_et_la_page_dit_pourquoi(client, se_connecter):
    regle = marches.catalogue().defaut
    inscription, role = fini(marche_code=regle.code, marche_empreinte=regle.empreinte)
    page = se_connecter(client, role).get(adresse("resultat_positionnement", role, inscription)).content.decode()
    assert "Aucun parcours ne peut être recommandé" in page
    assert regle.inconnu.split("'")[0].split("’")[0] in page
    organisme = fab.role_organisme(inscription.organisme)
    se_connecter(client, organisme)
    assert client.get(adresse("retenir_parcours", organisme, inscription)).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_deux_onglets_a_la_fois_ne_perdent_aucune_reponse():
    inscription = fab.inscription()
    role = fab.role_conseiller(inscription)
    test = actions.commencer_positionnement(inscription, par=role)
    moities = [dict(list(meilleures().items())[k::2]) for k in (0, 1)]
    ensemble(*[lambda m=m: actions.repondre(test, m, par=role) for m in moities])
    test.refresh_from_db()
    assert test.reponses == meilleures()


def test_les_reponses_s_effacent_trois_ans_apres_la_fin_la_recommandation_reste(client, se_connecter):
    inscription, role = fini()
    recent, _ = fini()
    delaisse = actions.commencer_positionnement(autre := fab.inscription(), par=fab.role_conseiller(autre))
    Positionnement.objects.filter(pk=delaisse.pk).update(
        reponses={"materiel-1": "a"}, enregistre_le=timezone.now() - timedelta(days=1_100)
    )
    Positionnement.objects.filter(inscription=inscription).update(fini_le=timezone.now() - timedelta(days=1_100))
    assert conservation.appliquer("réponses aux tests de positionnement") == 2
    assert conservation.appliquer("réponses aux tests de positionnement") == 0
    efface = Positionnement.objects.get(inscription=inscription)
    assert (efface.reponses, efface.efface_le is not None, efface.recommandation["parcours"]) == (
        {}, True, fab.PARCOURS,
    )  # fmt: skip
    assert recent.positionnement.efface_le is None
    page = se_connecter(client, role).get(adresse("resultat_positionnement", role, inscription)).content.decode()
    assert "sont effacées depuis" in page
    assert "Scores par domaine" in page
