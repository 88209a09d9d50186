"""Les actes d'une mise en relation : qui peut, quand, ce qui est écrit, qui l'apprend."""

from datetime import datetime, time, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from icalendar import Calendar

from conum.courriels.models import Courriel
from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes.models import Rattachement
from conum.recrutement.access import titulaire
from conum.recrutement.actions import relations as actions
from conum.recrutement.actions.fermeture import clore_du_candidat, clore_du_recrutement
from conum.recrutement.actions.liens import membres_a_prevenir, nouveau_lien, purger_liens
from conum.recrutement.models import LienPersonnel, Partie, PosteOuvert
from conum.recrutement.rules.relation import DELAI_REPONSE, DUREE_LIEN
from conum.recrutement.states import ATTEND_LA_STRUCTURE, CLOS, TRANSITIONS, Etat, EtatCandidat, EtatRecrutement
from tests.recrutement.fabriques import CandidatFactory, membre, recrutement, relation
from tests.structures.fabriques import MembreFactory

pytestmark = pytest.mark.django_db
MOTIF = "Notre budget ne le permet plus cette année."


def offre(**autres):
    """Les conditions d'une offre juste."""
    jour = timezone.localdate()
    return {
        "type_contrat": "cdi",
        "salaire": Decimal("1950"),
        "debut": jour + timedelta(days=30),
        "jusqu_au": jour + timedelta(days=7),
    } | autres


def codes(m) -> dict[str, set[str]]:
    """Les courriels écrits au sujet de cette mise en relation : destinataires par code."""
    ecrits: dict[str, set[str]] = {}
    for courriel in Courriel.objects.de_l_objet(m):
        ecrits.setdefault(courriel.code.removeprefix("recrutement/"), set()).add(courriel.destinataire)
    return ecrits


def relue(m):
    m.refresh_from_db()
    return m


def acteurs(m):
    """Le membre de la structure et le candidat de cette mise en relation."""
    return membre(m.recrutement), m.candidat.role


# --- Chaque acte, dans l'ordre de l'histoire ----------------------------------------------------------------------


def test_de_la_proposition_au_contrat_chacun_est_prevenu():
    m = relation()
    structure, candidat = acteurs(m)
    chez_la_structure = {structure.utilisateur.email}
    actions.retenir(m, par=structure)
    assert (relue(m).etat, m.rappels) == (Etat.RETENUE, 0)
    assert m.reponse_structure_le is not None
    assert m.echeance == m.attend_depuis + DELAI_REPONSE
    assert codes(m) == {"contact_demande": {m.candidat.email}}
    actions.accepter_contact(m, par=candidat)
    assert relue(m).identite_ouverte
    assert m.reponse_candidat_le is not None
    assert codes(m)["contact_accepte"] == chez_la_structure
    le = timezone.now() + timedelta(days=3)
    actions.inviter(m, le=le, mode="sur_place", lieu="1 place de la Mairie", par=structure)
    assert (relue(m).etat, m.attend_depuis, m.echeance) == (Etat.ENTRETIEN, le, le + DELAI_REPONSE)
    assert codes(m)["entretien"] == {m.candidat.email} | chez_la_structure
    actions.offrir(m, **offre(), par=structure)
    assert (relue(m).etat, m.offre_salaire) == (Etat.OFFRE, Decimal("1950.00"))
    assert timezone.localtime(m.echeance).time() == time.max
    assert timezone.localdate(m.echeance) == timezone.localdate() + timedelta(days=7)
    assert codes(m)["offre_recue"] == {m.candidat.email}
    actions.accepter_offre(m, par=candidat)
    assert (relue(m).etat, m.echeance) == (Etat.ACCEPTEE, None)
    assert codes(m)["offre_acceptee"] == chez_la_structure
    actions.recruter(m, signe_le=timezone.localdate(), par=structure)
    assert (relue(m).etat, m.contrat_signe_le) == (Etat.RECRUTEE, timezone.localdate())
    assert codes(m)["recrute"] == {m.candidat.email}
    m.candidat.refresh_from_db()
    m.recrutement.refresh_from_db()
    assert (m.candidat.etat, m.recrutement.etat) == (EtatCandidat.RECRUTE, EtatRecrutement.POURVU)
    poste = PosteOuvert.objects.get(recrutement=m.recrutement)
    assert (poste.pourvu_par_id, poste.pourvu_le is not None) == (m.pk, True)
    faits = Entree.objects.de_l_objet(m).values_list("action", flat=True)
    assert list(faits) == ["retenir", "accepter_contact", "inviter", "offrir", "accepter_offre", "recruter"]


def test_les_courriels_du_candidat_portent_son_lien_et_s_effacent():
    m = relation()
    actions.retenir(m, par=membre(m.recrutement))
    courriel = Courriel.objects.de_l_objet(m).get()
    assert courriel.confidentiel
    assert "/proposition/candidat/" in courriel.texte
    assert "/proposition/candidat/" in courriel.html


def test_le_courriel_de_la_structure_mene_a_son_espace_sans_nom_de_famille():
    m = relation(etat=Etat.RETENUE)
    actions.accepter_contact(m, par=m.candidat.role)
    courriel = Courriel.objects.de_l_objet(m).get()
    assert f"/espace/{membre(m.recrutement).pk}/mises-en-relation/{m.pk}/" in courriel.texte
    assert m.candidat.nom not in courriel.texte + courriel.sujet
    assert m.candidat.email not in courriel.texte


def test_repondre_est_un_signe_de_vie_du_candidat():
    m = relation(etat=Etat.RETENUE, candidat=CandidatFactory(actif_le=timezone.now() - timedelta(days=300)))
    avec = m.candidat.actif_le
    actions.accepter_contact(m, par=m.candidat.role)
    m.candidat.refresh_from_db()
    assert m.candidat.actif_le > avec


def test_la_premiere_reponse_de_chacun_reste_datee():
    m = relation()
    structure, candidat = acteurs(m)
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
        actions.retenir(m, par=structure)
        premiere = relue(m).reponse_structure_le
    with time_machine.travel(timezone.now() + timedelta(days=2), tick=False):
        actions.accepter_contact(m, par=candidat)
        actions.ecarter(m, motif="experience", par=structure)
    assert relue(m).reponse_structure_le == premiere


# --- Qui ne peut pas ----------------------------------------------------------------------------------------------


def _tous_les_actes(m, par):
    demain = timezone.now() + timedelta(days=1)
    return {
        "retenir": lambda: actions.retenir(m, par=par),
        "ecarter": lambda: actions.ecarter(m, motif="experience", par=par),
        "inviter": lambda: actions.inviter(m, le=demain, mode="telephone", par=par),
        "offrir": lambda: actions.offrir(m, **offre(), par=par),
        "mettre_en_reserve": lambda: actions.mettre_en_reserve(m, par=par),
        "rappeler_de_reserve": lambda: actions.rappeler_de_reserve(m, par=par),
        "retirer_offre": lambda: actions.retirer_offre(m, motif=MOTIF, par=par),
        "recruter": lambda: actions.recruter(m, signe_le=timezone.localdate(), par=par),
        "accepter_contact": lambda: actions.accepter_contact(m, par=par),
        "accepter_offre": lambda: actions.accepter_offre(m, par=par),
        "decliner": lambda: actions.decliner(m, motif="distance", par=par),
        "expirer": lambda: actions.expirer(m, par=par),
    }


DU_CANDIDAT = {"accepter_contact", "accepter_offre", "decliner"}
DU_SYSTEME = {"expirer"}


@pytest.mark.parametrize("acte", sorted(TRANSITIONS.keys() - {"clore"}))
def test_une_autre_structure_ne_peut_rien(acte):
    m = relation(etat=sorted(TRANSITIONS[acte].depuis)[0])
    with pytest.raises(PermissionDenied):
        _tous_les_actes(m, MembreFactory().role)[acte]()


@pytest.mark.parametrize("acte", sorted(TRANSITIONS.keys() - {"clore"}))
def test_chaque_partie_ne_fait_que_sa_part(acte):
    m = relation(etat=sorted(TRANSITIONS[acte].depuis)[0])
    structure, candidat = acteurs(m)
    interdits = [candidat if acte not in DU_CANDIDAT else structure]
    if acte in DU_SYSTEME:
        interdits = [candidat, structure]
    for par in interdits:
        with pytest.raises(PermissionDenied):
            _tous_les_actes(m, par)[acte]()


def test_le_lien_personnel_agit_pour_sa_partie_et_sa_mise_en_relation_seulement():
    m, autre = relation(), relation()
    structure, _ = acteurs(m)
    nouveau_lien(m, Partie.STRUCTURE, role=structure)
    lien = LienPersonnel.objects.get()
    with pytest.raises(PermissionDenied):
        actions.retenir(autre, par=titulaire(lien))
    with pytest.raises(PermissionDenied):
        actions.accepter_contact(m, par=titulaire(lien))
    actions.retenir(m, par=titulaire(lien))
    assert relue(m).etat == Etat.RETENUE


# --- Quand ce n'est plus possible ---------------------------------------------------------------------------------


@pytest.mark.parametrize("etat", sorted(CLOS))
def test_rien_ne_bouge_apres_la_fin(etat):
    fin = {"close_le": timezone.now(), "motif_fin": "" if etat == Etat.RECRUTEE else "autre"}
    m = relation(etat=etat, **fin)
    structure, candidat = acteurs(m)
    for acte, par in [("retenir", structure), ("offrir", structure), ("decliner", candidat), ("ecarter", structure)]:
        with pytest.raises(TransitionImpossible):
            _tous_les_actes(m, par)[acte]()


def test_le_second_agent_apprend_que_c_est_fait():
    m = relation()
    collegue = MembreFactory(structure=m.recrutement.structure).role
    actions.retenir(m, par=membre(m.recrutement))
    with pytest.raises(TransitionImpossible, match="Retenue"):
        actions.retenir(m, par=collegue)
    assert len(codes(m)["contact_demande"]) == 1


def test_chaque_membre_actif_est_prevenu_et_lui_seul():
    m = relation(etat=Etat.RETENUE)
    second = MembreFactory(structure=m.recrutement.structure).role
    parti = MembreFactory(structure=m.recrutement.structure).role
    parti.actif = False
    parti.save()
    actions.accepter_contact(m, par=m.candidat.role)
    assert codes(m)["contact_accepte"] == {membre(m.recrutement).utilisateur.email, second.utilisateur.email}
    assert parti not in membres_a_prevenir(m.recrutement)


@pytest.mark.parametrize(
    ("change", "champ"),
    [
        ({"salaire": Decimal(0)}, "salaire"),
        ({"debut": -1}, "debut"),
        ({"type_contrat": "stage", "fin": 200}, "type_contrat"),
        ({"type_contrat": "cdd"}, "fin"),
        ({"fin": 200}, "fin"),
        ({"type_contrat": "cdd", "fin": 30}, "fin"),
        ({"jusqu_au": 2}, "jusqu_au"),
        ({"jusqu_au": 31}, "jusqu_au"),
        ({"message": "x" * 1001}, "message"),
    ],
)
def test_une_offre_qui_ne_tient_pas_est_refusee_pres_du_champ(change, champ):
    m = relation(etat=Etat.ENTRETIEN)
    jour = timezone.localdate()
    change = {c: jour + timedelta(days=v) if isinstance(v, int) else v for c, v in change.items()}
    with pytest.raises(ValidationError) as refus:
        actions.offrir(m, **offre(**change), par=membre(m.recrutement))
    assert list(refus.value.message_dict) == [champ]
    assert relue(m).etat == Etat.ENTRETIEN
    assert codes(m) == {}


@pytest.mark.parametrize("jours", [3, 30])
def test_une_offre_laisse_de_trois_a_trente_jours(jours):
    m = relation(etat=Etat.CONTACT_ACCEPTE)
    limite = timezone.localdate() + timedelta(days=jours)
    actions.offrir(m, **offre(jusqu_au=limite), par=membre(m.recrutement))
    assert timezone.localdate(relue(m).echeance) == limite


def test_pas_plus_d_offres_que_de_postes_vacants():
    r = recrutement(postes=1)
    premiere = relation(r, etat=Etat.ENTRETIEN)
    seconde = relation(r, etat=Etat.ENTRETIEN)
    actions.offrir(premiere, **offre(), par=membre(r))
    with pytest.raises(TransitionImpossible, match="déjà l’objet d’une offre"):
        actions.offrir(seconde, **offre(), par=membre(r))


def test_un_poste_rendu_avant_le_debut_ne_s_offre_pas():
    m = relation(etat=Etat.ENTRETIEN)
    jour = timezone.localdate()
    Rattachement.objects.update(periode=(jour - timedelta(days=5), jour + timedelta(days=10)))
    with pytest.raises(TransitionImpossible, match="Aucun poste"):
        actions.offrir(m, **offre(), par=membre(m.recrutement))


def test_un_recrutement_suspendu_n_offre_rien():
    m = relation(recrutement(etat=EtatRecrutement.SUSPENDU), etat=Etat.ENTRETIEN)
    with pytest.raises(TransitionImpossible, match="pas ouvert"):
        actions.offrir(m, **offre(), par=membre(m.recrutement))


def test_une_offre_expiree_ne_s_accepte_plus():
    m = relation(etat=Etat.OFFRE, echeance=timezone.now() + timedelta(days=3))
    with time_machine.travel(timezone.now() + timedelta(days=4)), pytest.raises(TransitionImpossible, match="expiré"):
        actions.accepter_offre(m, par=m.candidat.role)


@pytest.mark.parametrize(
    ("change", "champ"),
    [
        ({"le": timedelta(minutes=-1)}, "le"),
        ({"le": timedelta(days=120)}, "le"),
        ({"mode": "sur_place"}, "lieu"),
        ({"mode": "visio", "lieu": " "}, "lieu"),
        ({"mode": "pigeon"}, "mode"),
    ],
)
def test_un_entretien_a_une_date_a_venir_et_un_lieu(change, champ):
    m = relation(etat=Etat.CONTACT_ACCEPTE)
    conditions = {"le": timedelta(days=1), "mode": "telephone"} | change
    conditions["le"] = timezone.now() + conditions["le"]
    with pytest.raises(ValidationError) as refus:
        actions.inviter(m, **conditions, par=membre(m.recrutement))
    assert list(refus.value.message_dict) == [champ]


# --- L'entretien dans l'agenda ------------------------------------------------------------------------------------


def _agenda(m, adresse):
    dernier = Courriel.objects.de_l_objet(m).filter(destinataire=adresse).exclude(calendrier="").order_by("pk").last()
    agenda = Calendar.from_ical(dernier.calendrier)
    return agenda["METHOD"], agenda.walk("VEVENT")[0]


def test_l_entretien_deplace_garde_son_identifiant_et_annule_disparait():
    m = relation(etat=Etat.CONTACT_ACCEPTE)
    structure, candidat = acteurs(m)
    le = timezone.make_aware(datetime.combine(timezone.localdate() + timedelta(days=5), time(14, 30)))
    actions.inviter(m, le=le, mode="sur_place", lieu="1 place de la Mairie, Reims", par=structure)
    methode, premier = _agenda(m, m.candidat.email)
    assert (methode, premier["SEQUENCE"], premier["LOCATION"]) == ("REQUEST", 0, "1 place de la Mairie, Reims")
    assert premier["DTSTART"].dt == le
    assert premier["DTSTART"].params["TZID"] == "Europe/Paris"
    assert m.candidat.email in premier["ATTENDEE"]
    actions.inviter(m, le=le + timedelta(hours=2), mode="visio", lieu="https://visio.exemple.fr/1", par=structure)
    for adresse in (m.candidat.email, structure.utilisateur.email):
        methode, deplace = _agenda(m, adresse)
        assert (methode, deplace["UID"], deplace["SEQUENCE"]) == ("REQUEST", premier["UID"], 1)
        assert deplace["DTSTART"].dt == le + timedelta(hours=2)
    actions.decliner(m, motif="autre_emploi", par=candidat)
    for adresse in (m.candidat.email, structure.utilisateur.email):
        methode, annule = _agenda(m, adresse)
        assert (methode, annule["UID"], annule["SEQUENCE"]) == ("CANCEL", premier["UID"], 2)
        assert annule["STATUS"] == "CANCELLED"


def test_un_entretien_passe_ne_s_annule_pas():
    m = relation(etat=Etat.ENTRETIEN, entretien_le=timezone.now() - timedelta(days=1))
    actions.ecarter(m, motif="entretien", par=membre(m.recrutement))
    assert "entretien_annule" not in codes(m)


# --- Offre acceptée : les autres l'apprennent ---------------------------------------------------------------------


def test_accepter_clot_les_autres_echanges_du_candidat_et_ceux_du_dernier_poste():
    r, ailleurs = recrutement(postes=1), recrutement(postes=1)
    candidat = CandidatFactory()
    acceptee = relation(r, candidat, etat=Etat.OFFRE)
    d_ailleurs = relation(ailleurs, candidat)
    concurrente = relation(r, etat=Etat.ENTRETIEN)
    reservee = relation(r, etat=Etat.RESERVE)
    actions.accepter_offre(acceptee, par=candidat.role)
    assert (relue(d_ailleurs).etat, d_ailleurs.motif_fin) == (Etat.SANS_OBJET, "candidat_engage")
    assert codes(d_ailleurs) == {"candidat_parti": {membre(ailleurs).utilisateur.email}}
    assert (relue(concurrente).etat, concurrente.motif_fin) == (Etat.SANS_OBJET, "poste_pourvu")
    assert codes(concurrente)["relation_close"] == {concurrente.candidat.email}
    assert relue(reservee).etat == Etat.RESERVE
    assert codes(reservee) == {"en_reserve": {reservee.candidat.email}}
    assert "place n° 1" in Courriel.objects.de_l_objet(reservee).get().texte


def test_tant_qu_un_poste_reste_les_autres_candidats_gardent_leur_place():
    r = recrutement(postes=2)
    acceptee, autre = relation(r, etat=Etat.OFFRE), relation(r)
    actions.accepter_offre(acceptee, par=acceptee.candidat.role)
    assert relue(autre).etat == Etat.PROPOSEE


def test_accepter_ailleurs_rappelle_la_reserve_de_l_offre_abandonnee():
    candidat = CandidatFactory()
    ici, ailleurs = relation(candidat=candidat, etat=Etat.OFFRE), relation(candidat=candidat, etat=Etat.OFFRE)
    suivante = relation(ailleurs.recrutement, etat=Etat.RESERVE)
    actions.accepter_offre(ici, par=candidat.role)
    assert relue(ailleurs).etat == Etat.SANS_OBJET
    assert relue(suivante).etat == Etat.CONTACT_ACCEPTE


def test_on_n_accepte_qu_une_offre_a_la_fois():
    candidat = CandidatFactory()
    relation(candidat=candidat, etat=Etat.ACCEPTEE)
    seconde = relation(candidat=candidat, etat=Etat.OFFRE)
    with pytest.raises(TransitionImpossible, match="déjà accepté"):
        actions.accepter_offre(seconde, par=candidat.role)


def test_recruter_le_dernier_poste_le_dit_a_tous_reserve_comprise():
    r = recrutement(postes=1)
    choisie, reservee = relation(r, etat=Etat.ACCEPTEE), relation(r, etat=Etat.RESERVE)
    actions.recruter(choisie, signe_le=timezone.localdate(), par=membre(r))
    assert (relue(reservee).etat, reservee.motif_fin) == (Etat.SANS_OBJET, "poste_pourvu")
    assert codes(reservee) == {"relation_close": {reservee.candidat.email}}
    assert Entree.objects.de_l_objet(r).filter(action="pourvoir_recrutement").exists()


def test_recruter_sur_deux_postes_laisse_l_autre_ouvert():
    r = recrutement(postes=2)
    choisie, autre = relation(r, etat=Etat.ACCEPTEE), relation(r)
    actions.recruter(choisie, signe_le=timezone.localdate(), par=membre(r))
    r.refresh_from_db()
    assert (r.etat, relue(autre).etat) == (EtatRecrutement.OUVERT, Etat.PROPOSEE)
    assert PosteOuvert.objects.filter(recrutement=r, pourvu_par=None).count() == 1


@pytest.mark.parametrize("jours", [1, -40])
def test_un_contrat_se_signe_entre_l_offre_et_aujourd_hui(jours):
    m = relation(etat=Etat.ACCEPTEE)
    with pytest.raises(ValidationError) as refus:
        actions.recruter(m, signe_le=timezone.localdate() + timedelta(days=jours), par=membre(m.recrutement))
    assert list(refus.value.message_dict) == ["signe_le"]


# --- Réserve ------------------------------------------------------------------------------------------------------


def test_la_reserve_garde_son_ordre_et_dit_sa_place():
    r = recrutement()
    premiere, seconde = (relation(r, etat=Etat.ENTRETIEN) for _ in range(2))
    for m in (premiere, seconde):
        actions.mettre_en_reserve(m, par=membre(r))
    assert (relue(premiere).rang_reserve, relue(seconde).rang_reserve, seconde.echeance) == (1, 2, None)
    assert "place n° 2" in Courriel.objects.de_l_objet(seconde).get(code="recrutement/en_reserve").texte


@pytest.mark.parametrize(
    ("etat", "chute"),
    [
        (Etat.OFFRE, "decliner"),
        (Etat.OFFRE, "retirer"),
        (Etat.OFFRE, "expirer"),
        (Etat.ACCEPTEE, "decliner"),
        (Etat.ACCEPTEE, "retirer"),
    ],
)
def test_une_offre_qui_tombe_rappelle_la_premiere_de_la_reserve(etat, chute):
    r = recrutement()
    tombee = relation(r, etat=etat, echeance=timezone.now() - timedelta(minutes=1))
    seconde = relation(r, etat=Etat.RESERVE, rang_reserve=7)
    premiere = relation(r, etat=Etat.RESERVE, rang_reserve=3)
    if chute == "decliner":
        actions.decliner(tombee, motif="salaire", par=tombee.candidat.role)
    elif chute == "retirer":
        actions.retirer_offre(tombee, motif=MOTIF, par=membre(r))
    else:
        actions.expirer(tombee)
    assert (relue(premiere).etat, premiere.rang_reserve) == (Etat.CONTACT_ACCEPTE, None)
    assert premiere.echeance == premiere.attend_depuis + DELAI_REPONSE
    assert codes(premiere) == {"tour_de_reserve": {premiere.candidat.email, membre(r).utilisateur.email}}
    assert relue(seconde).etat == Etat.RESERVE


def test_la_reserve_n_est_pas_rappelee_quand_le_poste_est_rendu():
    r = recrutement()
    tombee, reservee = relation(r, etat=Etat.OFFRE), relation(r, etat=Etat.RESERVE)
    jour = timezone.localdate()
    Rattachement.objects.update(periode=(jour - timedelta(days=5), jour))
    actions.decliner(tombee, motif="salaire", par=tombee.candidat.role)
    assert relue(reservee).etat == Etat.RESERVE


# --- Fins ---------------------------------------------------------------------------------------------------------


def test_ecarter_donne_la_raison_au_candidat():
    m = relation()
    actions.ecarter(m, motif="mobilite", precision="Il faut un véhicule tous les jours.", par=membre(m.recrutement))
    assert (relue(m).etat, m.motif_fin, m.echeance) == (Etat.ECARTEE, "mobilite", None)
    texte = Courriel.objects.de_l_objet(m).get().texte
    assert "Les déplacements demandés ne conviennent pas" in texte
    assert "Il faut un véhicule tous les jours." in texte


@pytest.mark.parametrize("acte", ["ecarter", "decliner"])
def test_une_fin_a_un_motif_de_la_liste(acte):
    m = relation()
    structure, candidat = acteurs(m)
    with pytest.raises(ValidationError):
        getattr(actions, acte)(m, motif="poste_pourvu", par=structure if acte == "ecarter" else candidat)
    assert relue(m).est_ouverte


def test_decliner_donne_la_raison_a_la_structure():
    m = relation(etat=Etat.ENTRETIEN)
    actions.decliner(m, motif="distance", par=m.candidat.role)
    assert (relue(m).etat, m.motif_fin) == (Etat.DECLINEE, "distance")
    assert "trop loin" in Courriel.objects.de_l_objet(m).get(code="recrutement/declinee").texte


@pytest.mark.parametrize(
    ("etat", "motif"),
    [
        (Etat.PROPOSEE, "sans_reponse"),
        (Etat.RETENUE, "candidat_muet"),
        (Etat.CONTACT_ACCEPTE, "structure_muette"),
        (Etat.ENTRETIEN, "structure_muette"),
        (Etat.OFFRE, "offre_expiree"),
    ],
)
def test_le_silence_se_clot_et_se_dit_aux_deux(etat, motif):
    m = relation(etat=etat, echeance=timezone.now() - timedelta(minutes=1))
    if etat == Etat.ENTRETIEN:
        m.entretien_le = timezone.now() - timedelta(days=14)
        m.save()
    actions.expirer(m, par=SYSTEME)
    assert (relue(m).etat, m.motif_fin) == (Etat.EXPIREE, motif)
    assert codes(m)["expiree"] == {m.candidat.email, membre(m.recrutement).utilisateur.email}


def test_rien_n_expire_avant_l_heure():
    m = relation()
    with pytest.raises(TransitionImpossible, match="pas passée"):
        actions.expirer(m)


# --- Clôtures par une règle ---------------------------------------------------------------------------------------


def test_un_candidat_qui_part_ecrit_une_fois_a_chaque_structure():
    ici, la = recrutement(), recrutement(type_poste="coordinateur")
    candidat = CandidatFactory()
    siennes = [relation(ici, candidat), relation(la, candidat)]
    meme_structure = relation(
        recrutement(structure=ici.structure, type_poste="coordinateur"), candidat, etat=Etat.CONTACT_ACCEPTE
    )
    assert clore_du_candidat(candidat, motif="candidat_retire") == 3
    for m in [*siennes, meme_structure]:
        assert (relue(m).etat, m.motif_fin) == (Etat.SANS_OBJET, "candidat_retire")
    destinataires = list(Courriel.objects.values_list("destinataire", flat=True))
    assert sorted(destinataires) == sorted([membre(ici).utilisateur.email, membre(la).utilisateur.email])
    d_ici = Courriel.objects.get(destinataire=membre(ici).utilisateur.email)
    assert d_ici.texte.count("/mises-en-relation/") == 2
    assert {e.acteur for e in Entree.objects.filter(action="clore")} == {"Système"}


def test_ne_se_clot_que_ce_qui_est_demande():
    candidat = CandidatFactory()
    gardee = relation(candidat=candidat, etat=Etat.RETENUE)
    exceptee = relation(candidat=candidat)
    close = relation(candidat=candidat)
    assert clore_du_candidat(candidat, motif="candidat_en_pause", etats=frozenset({Etat.PROPOSEE}), sauf=exceptee) == 1
    assert (relue(gardee).etat, relue(exceptee).etat) == (Etat.RETENUE, Etat.PROPOSEE)
    assert relue(close).etat == Etat.SANS_OBJET
    assert clore_du_candidat(candidat, motif="candidat_en_pause", etats=frozenset({Etat.ENTRETIEN})) == 0


def test_un_recrutement_qui_s_arrete_l_ecrit_a_chaque_candidat():
    r = recrutement()
    attendent = [relation(r), relation(r, etat=Etat.ENTRETIEN)]
    retenue = relation(r, etat=Etat.RETENUE)
    assert clore_du_recrutement(r, motif="recrutement_suspendu", etats=ATTEND_LA_STRUCTURE) == 2
    assert relue(retenue).etat == Etat.RETENUE
    for m in attendent:
        assert codes(relue(m))["relation_close"] == {m.candidat.email}
    assert "suspend son recrutement" in Courriel.objects.filter(code="recrutement/relation_close").first().texte


# --- Liens --------------------------------------------------------------------------------------------------------


def test_un_lien_ne_garde_que_son_empreinte_et_se_purge():
    m = relation()
    adresse = nouveau_lien(m, Partie.CANDIDAT)
    lien = LienPersonnel.objects.get()
    jeton = adresse.rstrip("/").rpartition("/")[2]
    assert "/proposition/candidat/" in adresse
    assert lien.empreinte not in adresse
    assert jeton not in lien.empreinte
    assert lien.expire_le > timezone.now() + DUREE_LIEN - timedelta(minutes=1)
    assert purger_liens(timezone.now()) == 0
    assert purger_liens(timezone.now() + DUREE_LIEN + timedelta(days=1)) == 1
