"""Un passage de l'appariement : propositions écrites, chacun prévenu une fois, rien deux fois."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.recrutement.actions import marche, passes, propositions
from conum.recrutement.models import (
    Candidat,
    LienPersonnel,
    MiseEnRelation,
    Partie,
    Passe,
    PreferenceRappels,
    Recrutement,
    ReglageAppariement,
)
from conum.recrutement.states import Etat, EtatCandidat, EtatPasse, EtatRecrutement
from tests.demandes.fabriques import anct
from tests.recrutement.fabriques import CandidatFactory, commune, membre, pourvoir, recrutement, relation, vivier
from tests.structures.fabriques import MembreFactory

pytestmark = pytest.mark.django_db


def _paires(passe=None):
    relations = MiseEnRelation.objects.filter(passe=passe) if passe else MiseEnRelation.objects.all()
    return {(r.recrutement_id, r.candidat_id) for r in relations}


# --- Cela marche ------------------------------------------------------------------------------------------------------


def test_un_passage_propose_ecrit_explique_et_previent():
    ouvert, candidat = recrutement(), CandidatFactory()
    passe = passes.lancer()
    proposee = MiseEnRelation.objects.get()
    assert (proposee.recrutement, proposee.candidat, proposee.passe) == (ouvert, candidat, passe)
    assert (proposee.etat, proposee.rang, proposee.distance_km) == (Etat.PROPOSEE, 1, 0)
    assert proposee.echeance - proposee.attend_depuis == timedelta(days=14)
    # Ni expérience ni diplôme : 15 points ; trente jours d'attente, un demi-point par semaine.
    assert proposee.detail["acquis"] == 15
    assert proposee.cout == pytest.approx(15 + 30 / 7 / 2, abs=0.001)
    assert passe.etat == EtatPasse.TERMINEE
    assert passe.fin is not None
    assert passe.bilan["propositions"] == passe.bilan["postes_servis"] == passe.bilan["candidats_servis"] == 1
    assert passe.bilan["postes_servis_avant"] == 0
    assert passe.bilan["courriels"] == 2
    assert passe.parametres["max_par_poste"] == 3
    assert passe.parametres["poids"]["points_par_km"] == 1
    assert [e.action for e in Entree.objects.de_l_objet(proposee)] == ["proposer"]
    assert [e.action for e in Entree.objects.de_l_objet(passe)] == ["commencer_passe", "terminer_passe"]


def test_chacun_recoit_un_courriel_avec_ses_liens_personnels():
    ouvert = recrutement()
    second = MembreFactory(structure=ouvert.structure).role
    autre = recrutement(code="51573")
    candidat = CandidatFactory()
    passes.lancer()
    assert MiseEnRelation.objects.count() == 2
    recu = Courriel.objects.get(destinataire=candidat.email)
    assert recu.sujet == "2 postes de conseiller numérique vous sont proposés"
    assert recu.confidentiel
    assert recu.texte.count("/proposition/candidat/") == 2
    assert "/desinscription" in recu.desabonnement
    for role in (membre(ouvert), second):
        courriel = Courriel.objects.get(destinataire=role.utilisateur.email)
        assert candidat.prenom in courriel.texte
        assert candidat.nom not in courriel.texte
        assert courriel.texte.count("/proposition/structure/") == 1
        assert "/rappels/membre/" in courriel.desabonnement
    assert Courriel.objects.count() == 4
    assert LienPersonnel.objects.filter(partie=Partie.CANDIDAT).count() == 2
    assert LienPersonnel.objects.filter(partie=Partie.STRUCTURE).count() == 3
    assert Courriel.objects.filter(destinataire=membre(autre).utilisateur.email).exists()


def test_les_liens_des_courriels_ouvrent_la_page_de_chacun(client):
    ouvert, candidat = recrutement(), CandidatFactory()
    passes.lancer()
    for email, motif in (
        (candidat.email, "/proposition/candidat/"),
        (membre(ouvert).utilisateur.email, "/proposition/structure/"),
    ):
        texte = Courriel.objects.get(destinataire=email).texte
        lien = next(mot for mot in texte.split() if motif in mot)
        chemin = lien[lien.index(motif) :]
        assert client.get(chemin).status_code == 200


def test_les_plafonds_en_vigueur_sont_tenus():
    ReglageAppariement.objects.create(
        a_partir_du=timezone.localdate(), max_par_poste=2, max_par_candidat=1, motif="Essai."
    )
    ReglageAppariement.objects.create(
        a_partir_du=timezone.localdate() + timedelta(days=1), max_par_poste=9, max_par_candidat=9, motif="Demain."
    )
    ouvert, autre = recrutement(postes=2), recrutement(code="51573")
    vivier(10)
    passes.lancer()
    assert ouvert.mises_en_relation.count() == 4
    assert autre.mises_en_relation.count() == 2
    assert len({candidat for _, candidat in _paires()}) == 6


def test_servir_le_plus_de_postes_passe_avant_la_distance():
    """Le mobile irait au plus près ; il sert le poste que lui seul peut servir."""
    proche, loin = recrutement(), recrutement(code="51230")
    ReglageAppariement.objects.create(
        a_partir_du=timezone.localdate(), max_par_poste=1, max_par_candidat=1, motif="Essai."
    )
    sedentaire, mobile = CandidatFactory(mobilite_km=5, commune=commune("51573")), CandidatFactory(mobilite_km=40)
    passes.lancer()
    assert _paires() == {(proche.pk, sedentaire.pk), (loin.pk, mobile.pk)}


def test_la_relance_ne_change_rien_et_n_envoie_rien():
    recrutement(postes=2), recrutement(code="51573")
    vivier(12)
    premier = passes.lancer()
    assert premier.bilan["propositions"] > 0
    avant = (_paires(), Courriel.objects.count(), LienPersonnel.objects.count())
    second = passes.lancer()
    assert (second.etat, second.bilan["propositions"], second.bilan["courriels"]) == (EtatPasse.TERMINEE, 0, 0)
    assert (_paires(), Courriel.objects.count(), LienPersonnel.objects.count()) == avant
    assert second.bilan["postes_servis"] == second.bilan["postes_servis_avant"] == premier.bilan["postes_servis"]


def test_deux_bases_pareilles_donnent_le_meme_resultat():
    recrutement(postes=2), recrutement(code="51573", postes=2), recrutement(code="51230")
    vivier(30)
    passes.lancer()
    premier = _paires()
    MiseEnRelation.objects.all().delete()
    passes.lancer()
    assert _paires() == premier


# --- Qui n'est pas proposé --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "champs",
    [
        {"etat": EtatCandidat.EN_PAUSE},
        {"etat": EtatCandidat.BLOQUE},
        {"disponible_le": timezone.localdate() + timedelta(days=31)},
        {"latitude": None, "longitude": None},
    ],
)
def test_un_candidat_indisponible_n_est_pas_propose(champs):
    recrutement()
    CandidatFactory(**champs)
    passes.lancer()
    assert not MiseEnRelation.objects.exists()


def test_la_distance_s_arrete_a_la_mobilite_sauf_france_entiere():
    recrutement(code="51230")
    CandidatFactory(mobilite_km=20)
    passes.lancer()
    assert not MiseEnRelation.objects.exists()
    CandidatFactory(mobilite_km=2000)
    passes.lancer()
    assert MiseEnRelation.objects.count() == 1


def test_un_debut_passe_vaut_aujourd_hui():
    recrutement(debut=timezone.localdate() - timedelta(days=200))
    CandidatFactory()
    passes.lancer()
    assert MiseEnRelation.objects.count() == 1


def test_un_recrutement_suspendu_ou_sans_poste_vacant_n_est_pas_servi():
    suspendu, pourvu = recrutement(), recrutement(code="51573")
    Recrutement.objects.filter(pk=suspendu.pk).update(etat=EtatRecrutement.SUSPENDU)
    poste = pourvu.postes.get()
    pourvoir(poste, relation(pourvu, etat=Etat.RECRUTEE, close_le=timezone.now(), echeance=None))
    Candidat.objects.update(etat=EtatCandidat.RECRUTE)
    CandidatFactory()
    passes.lancer()
    assert not MiseEnRelation.objects.filter(etat=Etat.PROPOSEE).exists()


def test_un_poste_dont_l_offre_est_acceptee_ne_recoit_plus_de_proposition():
    ouvert = recrutement()
    relation(ouvert, etat=Etat.ACCEPTEE)
    CandidatFactory()
    passes.lancer()
    assert not MiseEnRelation.objects.filter(etat=Etat.PROPOSEE).exists()


@pytest.mark.parametrize(
    ("etat", "motif", "repropose"),
    [
        (Etat.DECLINEE, "distance", False),
        (Etat.ECARTEE, "experience", False),
        (Etat.EXPIREE, "sans_reponse", False),
        (Etat.SANS_OBJET, "recrutement_suspendu", True),
        (Etat.SANS_OBJET, "candidat_en_pause", True),
    ],
)
def test_une_paire_refusee_ne_revient_pas_celle_que_personne_n_a_refusee_si(etat, motif, repropose):
    ouvert, candidat = recrutement(), CandidatFactory()
    relation(ouvert, candidat, etat=etat, motif_fin=motif, close_le=timezone.now(), echeance=None)
    passes.lancer()
    assert MiseEnRelation.objects.filter(etat=Etat.PROPOSEE).exists() == repropose


def test_une_place_liberee_est_proposee_a_un_autre_au_passage_suivant():
    ouvert = recrutement()
    vivier(5)
    passes.lancer()
    assert ouvert.mises_en_relation.count() == 3
    declinee = ouvert.mises_en_relation.order_by("pk").first()
    MiseEnRelation.objects.filter(pk=declinee.pk).update(
        etat=Etat.DECLINEE, motif_fin="distance", close_le=timezone.now(), echeance=None
    )
    second = passes.lancer()
    assert second.bilan["propositions"] == 1
    nouvelle = second.propositions.get()
    assert nouvelle.candidat_id != declinee.candidat_id
    assert ouvert.mises_en_relation.ouvertes().count() == 3


def test_le_pix_que_la_personne_garde_pour_elle_ne_pese_pas():
    recrutement(niveau=3)
    CandidatFactory(pix_palier=3, pix_partage=False)
    CandidatFactory(pix_palier=3, pix_partage=True)
    lecture = marche.lire(timezone.localdate())
    assert [c.palier for c in lecture.candidats] == [0, 3]
    passes.lancer()
    assert {r.detail["niveau_demande"] for r in MiseEnRelation.objects.all()} == {3}
    assert sorted(r.detail["palier"] for r in MiseEnRelation.objects.all()) == [0, 3]


# --- Les membres ------------------------------------------------------------------------------------------------------


def test_qui_refuse_les_rappels_n_est_pas_ecrit_sauf_s_il_ne_reste_personne():
    ouvert = recrutement()
    premier, second = membre(ouvert), MembreFactory(structure=ouvert.structure).role
    PreferenceRappels.objects.create(role=premier, refuses_le=timezone.now())
    CandidatFactory()
    passes.lancer()
    assert not Courriel.objects.filter(destinataire=premier.utilisateur.email).exists()
    assert Courriel.objects.filter(destinataire=second.utilisateur.email).exists()
    PreferenceRappels.objects.create(role=second, refuses_le=timezone.now())
    CandidatFactory()
    passes.lancer()
    engage = Courriel.objects.get(destinataire=premier.utilisateur.email)
    assert engage.desabonnement == ""


def test_une_structure_sans_membre_n_arrete_pas_le_passage():
    ouvert = recrutement()
    ouvert.structure.membres.all().delete()
    CandidatFactory()
    assert passes.lancer().bilan["courriels"] == 1


# --- Droits, double passage, échec ------------------------------------------------------------------------------------


def test_seuls_l_anct_et_le_systeme_lancent():
    ouvert = recrutement()
    for role in (membre(ouvert), CandidatFactory().role):
        with pytest.raises(PermissionDenied):
            passes.lancer(par=role)
        with pytest.raises(PermissionDenied):
            passes.demander(par=role)
    agent = anct()
    assert passes.lancer(par=agent).declenchee_par == agent


def test_un_passage_laisse_par_un_worker_mort_est_interrompu():
    mort = passes._commencer(SYSTEME)
    passe = passes.lancer()
    mort.refresh_from_db()
    assert mort.etat == EtatPasse.ECHOUEE
    assert "worker" in mort.erreur
    assert passe.etat == EtatPasse.TERMINEE


def test_un_calcul_qui_echoue_ne_propose_rien_et_garde_l_erreur(monkeypatch):
    recrutement(), CandidatFactory()

    def echouer(*_, **__):
        raise ValueError("marché illisible")

    monkeypatch.setattr(passes, "apparier", echouer)
    with pytest.raises(ValueError, match="illisible"):
        passes.lancer()
    passe = Passe.objects.get()
    assert (passe.etat, passe.erreur) == (EtatPasse.ECHOUEE, "ValueError : marché illisible")
    assert not MiseEnRelation.objects.exists()
    assert not Courriel.objects.exists()


@pytest.mark.parametrize(
    "changement",
    [
        lambda r, c: Candidat.objects.filter(pk=c.pk).update(etat=EtatCandidat.EN_PAUSE),
        lambda r, c: Candidat.objects.filter(pk=c.pk).update(mobilite_km=5),
        lambda r, c: Recrutement.objects.filter(pk=r.pk).update(etat=EtatRecrutement.SUSPENDU),
        lambda r, c: Recrutement.objects.filter(pk=r.pk).update(niveau=2),
        lambda r, c: relation(r, c, origine="preselection", motif_preselection="Vu au forum."),
        lambda r, c: [relation(r) for _ in range(3)],
    ],
    ids=["pause", "mobilite", "suspension", "fiche", "preselection", "plafond"],
)
def test_ce_qui_change_pendant_le_calcul_abandonne_la_paire(monkeypatch, changement):
    ouvert, candidat = recrutement(), CandidatFactory()
    vrai = passes.apparier

    def apparier(*args, **kwargs):
        resultat = vrai(*args, **kwargs)
        changement(ouvert, candidat)
        return resultat

    monkeypatch.setattr(passes, "apparier", apparier)
    passe = passes.lancer()
    assert not passe.propositions.exists()
    assert (passe.bilan["abandonnees"], passe.bilan["propositions"]) == (1, 0)


def test_le_nombre_de_requetes_ne_suit_pas_le_nombre_de_propositions():
    def requetes(structures, candidats):
        for _ in range(structures):
            recrutement()
        vivier(candidats) if not Candidat.objects.exists() else None
        with CaptureQueriesContext(connection) as capture:
            passes.lancer()
        return len(capture)

    peu = requetes(1, 60)
    assert requetes(12, 0) <= peu + 2
    assert MiseEnRelation.objects.count() > 30


def test_les_prix_ne_sont_gardes_que_sur_le_dernier_passage():
    """Une partie y garde le prix du passage qui l'a servie, ou vue la première fois."""
    ouvert, servi = recrutement(), CandidatFactory()
    loin = CandidatFactory(mobilite_km=5, latitude=43.3, longitude=5.4)
    premier = passes.lancer()
    assert set(premier.prix_recrutements) == {"unite", f"r{ouvert.pk}"}
    assert set(premier.prix_candidats) == {"unite", f"c{servi.pk}", f"c{loin.pk}"}
    neuf = CandidatFactory()
    second = passes.lancer()
    premier.refresh_from_db()
    assert premier.prix_recrutements == premier.prix_candidats == {"unite": "millipoint"}
    de = {cle: valeur[1] for cle, valeur in second.prix_candidats.items() if cle != "unite"}
    assert de == {f"c{servi.pk}": premier.pk, f"c{loin.pk}": premier.pk, f"c{neuf.pk}": second.pk}
    assert second.prix_recrutements[f"r{ouvert.pk}"][1] == second.pk


def test_la_commande_imprime_le_bilan(capsys):
    recrutement(), CandidatFactory()
    call_command("lancer_appariement")
    sortie = capsys.readouterr().out
    assert "1 proposition" in sortie
    assert "1 poste servi sur 1" in sortie


def test_les_paires_relues_suivent_les_plafonds():
    """Deux paires pour une seule place : la moins coûteuse est gardée."""
    ouvert = recrutement()
    a, b = CandidatFactory(), CandidatFactory()
    relation(ouvert), relation(ouvert)
    jour = timezone.localdate()
    lecture = marche.lire(jour)
    paires = [propositions.Paire(ouvert.pk, c.pk, 1.0, float(k), k + 1, {}) for k, c in enumerate((a, b))]
    gardees = propositions.encore_valables(paires, lecture, jour, ReglageAppariement.au(jour))
    assert [p.candidat for p in gardees] == [a.pk]
