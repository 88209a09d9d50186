"""Demander à rejoindre, inviter, retirer ; changer de contact principal."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from conum.comptes.models import Role
from conum.courriels.models import Courriel
from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.socle import conservation
from conum.structures import actions
from conum.structures.actions import Personne
from conum.structures.models import ChangementContact, DemandeRattachement, Membre, Structure
from conum.structures.states import EtatChangement, EtatRattachement
from conum.utilisateurs.models import Utilisateur
from tests.comptes.fabriques import DepartementFactory, RoleFactory
from tests.structures.fabriques import MembreFactory, StructureFactory

pytestmark = pytest.mark.django_db

LINA = Personne(email="Lina.Haddad@exemple.fr", prenom="Lina", nom="Haddad", fonction="Directrice")


def courriels(code: str) -> list[str]:
    return list(
        Courriel.objects.filter(code=f"structures/{code}")
        .order_by("destinataire")
        .values_list("destinataire", flat=True)
    )


def jeton_recu(code: str, destinataire: str) -> str:
    texte = Courriel.objects.filter(code=f"structures/{code}", destinataire=destinataire).latest("pk").texte
    trouve = re.search(r"/structures/(?:contact|invitation)/([\w-]+)/", texte)
    assert trouve is not None
    return trouve[1]


# --- Rattacher ---


def test_le_premier_membre_est_le_contact_principal_et_le_second_non() -> None:
    structure = StructureFactory()
    premier = actions.rattacher(structure, LINA, par=SYSTEME)
    second = actions.rattacher(structure, Personne(email="paul@exemple.fr", prenom="Paul", nom="Morel"), par=SYSTEME)
    assert premier.contact_principal
    assert not second.contact_principal
    assert premier.role.libelle == structure.nom
    assert Utilisateur.objects.get(email="lina.haddad@exemple.fr").prenom == "Lina"


def test_rattacher_deux_fois_la_meme_personne_ne_change_rien() -> None:
    structure = StructureFactory()
    assert actions.rattacher(structure, LINA, par=SYSTEME) == actions.rattacher(structure, LINA, par=SYSTEME)
    assert Role.objects.count() == 1


def test_une_personne_peut_etre_membre_de_deux_structures() -> None:
    un = actions.rattacher(StructureFactory(), LINA, par=SYSTEME)
    deux = actions.rattacher(StructureFactory(), LINA, par=SYSTEME)
    assert un.role.utilisateur == deux.role.utilisateur
    assert un.role != deux.role


def test_un_inconnu_ne_rattache_personne() -> None:
    with pytest.raises(PermissionDenied):
        actions.rattacher(StructureFactory(), LINA, par=RoleFactory(structure=True))


# --- Demander à rejoindre ---


def test_la_demande_previent_les_membres_et_le_demandeur() -> None:
    membre = MembreFactory()
    RoleFactory(prefecture=True)
    demande = actions.demander_a_rejoindre(membre.structure, LINA, message="Bonjour")
    assert demande is not None
    assert courriels("rattachement_demande") == [membre.role.utilisateur.email]
    assert courriels("rattachement_recu") == ["lina.haddad@exemple.fr"]
    assert Entree.objects.de_l_objet(demande).get().action == "demander_a_rejoindre"


def test_sans_membre_c_est_la_prefecture_du_departement_qui_repond() -> None:
    structure = StructureFactory()
    prefecture = RoleFactory(prefecture=True)
    RoleFactory(prefecture=True, departement=DepartementFactory(code="08", nom="Ardennes"))
    RoleFactory(anct=True)
    actions.demander_a_rejoindre(structure, LINA)
    assert courriels("rattachement_demande") == [prefecture.utilisateur.email]


def test_sans_membre_ni_prefecture_c_est_l_anct() -> None:
    anct = RoleFactory(anct=True)
    actions.demander_a_rejoindre(StructureFactory(), LINA)
    assert courriels("rattachement_demande") == [anct.utilisateur.email]


def test_redemander_ou_etre_deja_membre_n_envoie_rien_de_plus() -> None:
    structure = StructureFactory()
    assert actions.demander_a_rejoindre(structure, LINA) is not None
    assert actions.demander_a_rejoindre(structure, LINA) is None
    membre = MembreFactory(structure=structure)
    deja = Personne(email=membre.role.utilisateur.email, prenom="C", nom="M", fonction="X")
    assert actions.demander_a_rejoindre(structure, deja) is None
    assert len(courriels("rattachement_recu")) == 1


def test_la_base_n_admet_qu_une_demande_ouverte_par_adresse() -> None:
    demande = actions.demander_a_rejoindre(StructureFactory(), LINA)
    assert demande is not None
    copie = DemandeRattachement(structure=demande.structure, email=demande.email, prenom="L", nom="H", fonction="D")
    with pytest.raises(IntegrityError), transaction.atomic():
        copie.save()


def test_accepter_fait_de_la_personne_un_membre() -> None:
    membre = MembreFactory(contact_principal=True)
    demande = actions.demander_a_rejoindre(membre.structure, LINA)
    assert demande is not None
    nouveau = actions.accepter_rattachement(demande, par=membre.role)
    demande.refresh_from_db()
    assert demande.etat == EtatRattachement.ACCEPTEE
    assert nouveau.fonction == "Directrice"
    assert not nouveau.contact_principal
    assert courriels("rattachement_accepte") == ["lina.haddad@exemple.fr"]


def test_refuser_dit_pourquoi() -> None:
    membre = MembreFactory()
    demande = actions.demander_a_rejoindre(membre.structure, LINA)
    assert demande is not None
    with pytest.raises(ValidationError):
        actions.refuser_rattachement(demande, motif="  ", par=membre.role)
    actions.refuser_rattachement(demande, motif="Inconnue ici", par=membre.role)
    demande.refresh_from_db()
    assert (demande.etat, demande.motif_refus) == (EtatRattachement.REFUSEE, "Inconnue ici")
    assert "Inconnue ici" in Courriel.objects.get(code="structures/rattachement_refuse").texte


def test_on_ne_repond_qu_une_fois() -> None:
    membre = MembreFactory()
    demande = actions.demander_a_rejoindre(membre.structure, LINA)
    assert demande is not None
    actions.accepter_rattachement(demande, par=membre.role)
    with pytest.raises(TransitionImpossible, match="Acceptée"):
        actions.refuser_rattachement(demande, motif="Trop tard", par=membre.role)


def test_seuls_les_membres_repondent_ou_un_agent_quand_il_n_y_en_a_pas() -> None:
    membre = MembreFactory()
    demande = actions.demander_a_rejoindre(membre.structure, LINA)
    assert demande is not None
    for role in (RoleFactory(prefecture=True), RoleFactory(anct=True), MembreFactory().role):
        with pytest.raises(PermissionDenied):
            actions.accepter_rattachement(demande, par=role)
    orpheline = actions.demander_a_rejoindre(StructureFactory(), LINA)
    assert orpheline is not None
    assert actions.accepter_rattachement(orpheline, par=RoleFactory(prefecture=True)).contact_principal


def test_des_comptes_fermes_ne_bloquent_pas_une_structure() -> None:
    ferme = MembreFactory(contact_principal=True, role__utilisateur__is_active=False)
    prefecture = RoleFactory(prefecture=True)
    demande = actions.demander_a_rejoindre(ferme.structure, LINA)
    assert demande is not None
    assert courriels("rattachement_demande") == [prefecture.utilisateur.email]
    nouveau = actions.accepter_rattachement(demande, par=prefecture)
    with pytest.raises(TransitionImpossible, match="dernier membre"):
        actions.retirer_membre(nouveau, par=prefecture)


def test_rattacher_quelqu_un_dont_le_role_etait_ferme_le_rouvre() -> None:
    membre = MembreFactory(role__actif=False)
    personne = Personne(email=membre.role.utilisateur.email, prenom="C", nom="M")
    assert actions.rattacher(membre.structure, personne, par=SYSTEME) == membre
    membre.role.refresh_from_db()
    assert membre.role.actif


def test_une_demande_sans_reponse_expire_apres_trente_jours_et_une_seule_fois() -> None:
    with time_machine.travel(timezone.now() - timedelta(days=31), tick=False):
        vieille = actions.demander_a_rejoindre(StructureFactory(), LINA)
    recente = actions.demander_a_rejoindre(StructureFactory(), LINA)
    assert vieille is not None
    assert recente is not None
    assert (actions.expirer_demandes(), actions.expirer_demandes()) == (1, 0)
    vieille.refresh_from_db()
    recente.refresh_from_db()
    assert (vieille.etat, recente.etat) == (EtatRattachement.EXPIREE, EtatRattachement.DEPOSEE)
    assert len(courriels("rattachement_expire")) == 1


def test_les_personnes_des_vieilles_demandes_sont_effacees() -> None:
    membre = MembreFactory()
    with time_machine.travel(timezone.now() - timedelta(days=400), tick=False):
        vieille = actions.demander_a_rejoindre(membre.structure, LINA)
        assert vieille is not None
        actions.refuser_rattachement(vieille, motif="Non", par=membre.role)
    ouverte = actions.demander_a_rejoindre(membre.structure, LINA)
    assert ouverte is not None
    quoi = "personnes des demandes à rejoindre une structure"
    assert (conservation.appliquer(quoi), conservation.appliquer(quoi)) == (1, 0)
    vieille.refresh_from_db()
    ouverte.refresh_from_db()
    assert (vieille.email, vieille.nom, vieille.etat) == ("", "", EtatRattachement.REFUSEE)
    assert ouverte.email == "lina.haddad@exemple.fr"


# --- Inviter ---


def test_une_invitation_acceptee_fait_un_membre_et_ne_sert_qu_une_fois() -> None:
    membre = MembreFactory()
    actions.inviter_membre(membre.structure, email="Lina.Haddad@exemple.fr", par=membre.role)
    jeton = jeton_recu("invitation_membre", "lina.haddad@exemple.fr")
    nouveau = actions.accepter_invitation(jeton, prenom="Lina", nom="Haddad")
    assert nouveau.structure == membre.structure
    with pytest.raises(TransitionImpossible):
        actions.accepter_invitation(jeton, prenom="Lina", nom="Haddad")


def test_renvoyer_une_invitation_perime_le_lien_precedent() -> None:
    membre = MembreFactory()
    actions.inviter_membre(membre.structure, email="lina@exemple.fr", par=membre.role)
    premier = jeton_recu("invitation_membre", "lina@exemple.fr")
    actions.inviter_membre(membre.structure, email="lina@exemple.fr", par=membre.role)
    second = jeton_recu("invitation_membre", "lina@exemple.fr")
    assert actions.lire_invitation(premier) is None
    assert actions.accepter_invitation(second, prenom="Lina", nom="Haddad").pk
    assert len(courriels("invitation_membre")) == 2


def test_une_invitation_expire_apres_vingt_huit_jours() -> None:
    membre = MembreFactory()
    actions.inviter_membre(membre.structure, email="lina@exemple.fr", par=membre.role)
    jeton = jeton_recu("invitation_membre", "lina@exemple.fr")
    with time_machine.travel(timezone.now() + timedelta(days=28, minutes=1)):
        assert actions.lire_invitation(jeton) is None
    with time_machine.travel(timezone.now() + timedelta(days=27, hours=23)):
        assert actions.lire_invitation(jeton) is not None


def test_une_invitation_annulee_n_ouvre_plus_rien() -> None:
    membre = MembreFactory()
    invitation = actions.inviter_membre(membre.structure, email="lina@exemple.fr", par=membre.role)
    actions.annuler_invitation(membre.structure, invitation.pk, par=membre.role)
    assert actions.lire_invitation(jeton_recu("invitation_membre", "lina@exemple.fr")) is None
    with pytest.raises(TransitionImpossible):
        actions.annuler_invitation(membre.structure, invitation.pk, par=membre.role)


def test_inviter_un_membre_est_refuse() -> None:
    membre = MembreFactory()
    with pytest.raises(TransitionImpossible, match="déjà membre"):
        actions.inviter_membre(membre.structure, email=membre.role.utilisateur.email, par=membre.role)


# --- Retirer ---


def test_retirer_un_membre_desactive_son_role_et_le_previent() -> None:
    principal = MembreFactory(contact_principal=True)
    autre = MembreFactory(structure=principal.structure)
    actions.retirer_membre(autre, par=principal.role)
    autre.role.refresh_from_db()
    assert not autre.role.actif
    assert list(Membre.objects.all()) == [principal]
    assert courriels("membre_retire") == [autre.role.utilisateur.email]


def test_personne_ne_retire_le_dernier_membre() -> None:
    membre = MembreFactory(contact_principal=True)
    for role in (membre.role, RoleFactory(anct=True)):
        with pytest.raises(TransitionImpossible, match="dernier membre"):
            actions.retirer_membre(membre, par=role)


def test_personne_ne_retire_le_contact_principal() -> None:
    principal = MembreFactory(contact_principal=True)
    autre = MembreFactory(structure=principal.structure)
    with pytest.raises(TransitionImpossible, match="contact principal"):
        actions.retirer_membre(principal, par=autre.role)


def test_un_membre_d_une_autre_structure_ne_retire_personne() -> None:
    principal = MembreFactory(contact_principal=True)
    autre = MembreFactory(structure=principal.structure)
    with pytest.raises(PermissionDenied):
        actions.retirer_membre(autre, par=MembreFactory().role)


# --- Contact principal ---


@pytest.fixture
def equipe() -> tuple[Structure, Membre, Membre]:
    sortant = MembreFactory(contact_principal=True)
    entrant = MembreFactory(structure=sortant.structure)
    return sortant.structure, sortant, entrant


def principal_de(structure: Structure) -> Membre:
    return Membre.objects.get(structure=structure, contact_principal=True)


def test_le_contact_change_quand_les_deux_ont_confirme(equipe: tuple[Structure, Membre, Membre]) -> None:
    structure, sortant, entrant = equipe
    actions.proposer_contact_principal(structure, entrant, par=entrant.role)
    actions.confirmer_changement(jeton_recu("contact_a_confirmer", entrant.role.utilisateur.email))
    assert principal_de(structure) == sortant
    changement = actions.confirmer_changement(jeton_recu("contact_a_confirmer", sortant.role.utilisateur.email))
    assert changement.etat == EtatChangement.APPLIQUE
    assert principal_de(structure) == entrant
    assert len(courriels("contact_change")) == 2
    assert [e.action for e in Entree.objects.de_l_objet(changement)] == [
        "proposer_contact_principal",
        "confirmer_changement",
        "appliquer_changement",
    ]


def test_confirmer_deux_fois_le_meme_cote_ne_suffit_pas(equipe: tuple[Structure, Membre, Membre]) -> None:
    structure, sortant, entrant = equipe
    actions.proposer_contact_principal(structure, entrant, par=sortant.role)
    jeton = jeton_recu("contact_a_confirmer", sortant.role.utilisateur.email)
    actions.confirmer_changement(jeton)
    assert actions.confirmer_changement(jeton).etat == EtatChangement.PROPOSE
    assert principal_de(structure) == sortant


def test_un_agent_peut_dispenser_le_sortant_injoignable(equipe: tuple[Structure, Membre, Membre]) -> None:
    structure, sortant, entrant = equipe
    with pytest.raises(PermissionDenied):
        actions.proposer_contact_principal(structure, entrant, par=entrant.role, sortant_injoignable="Parti")
    anct = RoleFactory(anct=True)
    actions.proposer_contact_principal(structure, entrant, par=anct, sortant_injoignable="A quitté la structure")
    assert courriels("contact_a_confirmer") == [entrant.role.utilisateur.email]
    actions.confirmer_changement(jeton_recu("contact_a_confirmer", entrant.role.utilisateur.email))
    assert principal_de(structure) == entrant
    assert sortant.role.utilisateur.email in courriels("contact_change")


def test_un_seul_changement_a_la_fois(equipe: tuple[Structure, Membre, Membre]) -> None:
    structure, sortant, entrant = equipe
    actions.proposer_contact_principal(structure, entrant, par=sortant.role)
    with pytest.raises(TransitionImpossible, match="déjà en attente"):
        actions.proposer_contact_principal(structure, entrant, par=sortant.role)


def test_le_contact_actuel_ou_un_etranger_ne_peut_pas_etre_propose(equipe: tuple[Structure, Membre, Membre]) -> None:
    structure, sortant, _ = equipe
    with pytest.raises(TransitionImpossible, match="déjà le contact principal"):
        actions.proposer_contact_principal(structure, sortant, par=sortant.role)
    with pytest.raises(ValidationError):
        actions.proposer_contact_principal(structure, MembreFactory(), par=sortant.role)


def test_un_changement_annule_ne_se_confirme_plus(equipe: tuple[Structure, Membre, Membre]) -> None:
    structure, sortant, entrant = equipe
    changement = actions.proposer_contact_principal(structure, entrant, par=sortant.role)
    jeton = jeton_recu("contact_a_confirmer", entrant.role.utilisateur.email)
    actions.annuler_changement(changement, par=sortant.role)
    with pytest.raises(TransitionImpossible):
        actions.confirmer_changement(jeton)
    assert len(courriels("contact_annule")) == 2


def test_un_changement_expire_laisse_la_place_a_un_autre(equipe: tuple[Structure, Membre, Membre]) -> None:
    structure, sortant, entrant = equipe
    actions.proposer_contact_principal(structure, entrant, par=sortant.role)
    jeton = jeton_recu("contact_a_confirmer", entrant.role.utilisateur.email)
    with time_machine.travel(timezone.now() + timedelta(days=15)):
        with pytest.raises(TransitionImpossible):
            actions.confirmer_changement(jeton)
        assert actions.proposer_contact_principal(structure, entrant, par=sortant.role).pk
        assert actions.expirer_changements() == 0
    etats = ChangementContact.objects.order_by("pk").values_list("etat", flat=True)
    assert list(etats) == [EtatChangement.EXPIRE, EtatChangement.PROPOSE]


def test_la_base_n_admet_qu_un_contact_principal(equipe: tuple[Structure, Membre, Membre]) -> None:
    _, _, entrant = equipe
    entrant.contact_principal = True
    with pytest.raises(IntegrityError), transaction.atomic():
        entrant.save()


def test_la_base_ne_garde_que_l_empreinte_des_liens(equipe: tuple[Structure, Membre, Membre]) -> None:
    structure, sortant, entrant = equipe
    changement = actions.proposer_contact_principal(structure, entrant, par=sortant.role)
    jeton = jeton_recu("contact_a_confirmer", entrant.role.utilisateur.email)
    assert jeton not in (changement.jeton_entrant, changement.jeton_sortant)
    assert len(changement.jeton_entrant) == 64
