"""Qui voit et qui fait quoi d'une candidature, d'un recrutement, d'une mise en relation."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.journal.acteurs import SYSTEME, Acteur, ActeurSansCompte, anonyme
from conum.recrutement.models import (
    Candidat,
    ConsultationVivier,
    LienPersonnel,
    MiseEnRelation,
    Partie,
    Passe,
    Recrutement,
)
from conum.socle.jetons import empreinte
from conum.structures.models import Membre

PORTEUR = "porteur de candidature"
"""La personne sans compte qui tient le brouillon ou le lien de confirmation d'une candidature."""
TITULAIRE = "titulaire de lien"
"""La partie qui agit par un lien personnel ; `objet_id` vaut « <mise en relation>:<partie> »."""

DESABONNEMENT = "titulaire d'un lien de désabonnement"
"""Qui tient le lien signé d'un courriel : il règle les rappels de ce membre, rien d'autre."""


# --- Qualités -----------------------------------------------------------------------------------------------------


def porteur(candidat: Candidat) -> ActeurSansCompte:
    """Qui tient la session ou le lien de cette candidature ; qui appelle l'a vérifié."""
    return anonyme(PORTEUR, "Candidat sans compte", candidat.pk)


def titulaire(lien: LienPersonnel) -> ActeurSansCompte:
    """Qui tient ce lien personnel ; qui appelle a vérifié qu'il est valable."""
    libelle = "Candidat, par son lien" if lien.partie == Partie.CANDIDAT else "Structure, par son lien"
    return anonyme(TITULAIRE, libelle, f"{lien.mise_en_relation_id}:{lien.partie}")


def desabonne(role: Role) -> ActeurSansCompte:
    """Qui tient le lien de désabonnement de ce membre ; qui appelle en a vérifié la signature."""
    return anonyme(DESABONNEMENT, "Membre, par le lien d'un courriel", role.pk)


def est_systeme(acteur: Acteur, _objet: object = None) -> bool:
    return acteur is SYSTEME


def est_anct(acteur: Acteur, _objet: object = None) -> bool:
    return isinstance(acteur, Role) and acteur.actif and acteur.type == TypeRole.ANCT


def est_le_candidat(acteur: Acteur, candidat: Candidat) -> bool:
    return (
        isinstance(acteur, Role)
        and acteur.actif
        and acteur.type == TypeRole.CANDIDAT
        and acteur.pk is not None
        and candidat.role_id == acteur.pk
    )


def est_membre(acteur: Acteur, recrutement: Recrutement) -> bool:
    return (
        isinstance(acteur, Role)
        and acteur.actif
        and acteur.type == TypeRole.STRUCTURE
        and Membre.objects.filter(role_id=acteur.pk, structure_id=recrutement.structure_id).exists()
    )


def _tient_le_lien(acteur: Acteur, relation: MiseEnRelation, partie: Partie) -> bool:
    return (
        isinstance(acteur, ActeurSansCompte)
        and acteur.qualite == TITULAIRE
        and acteur.objet_id == f"{relation.pk}:{partie}"
    )


# --- Candidature --------------------------------------------------------------------------------------------------


def peut_saisir(acteur: Acteur, candidat: Candidat) -> bool:
    """Écrire le brouillon, l'envoyer, confirmer l'adresse : la personne qui tient le lien ou la session."""
    return isinstance(acteur, ActeurSansCompte) and acteur.qualite == PORTEUR and acteur.objet_id == str(candidat.pk)


def peut_gerer_candidature(acteur: Acteur, candidat: Candidat) -> bool:
    """Profil, CV, disponibilité, pause, retrait : la personne elle-même, connectée ou par un lien de disponibilité."""
    return est_le_candidat(acteur, candidat) or peut_saisir(acteur, candidat)


def peut_mettre_en_pause(acteur: Acteur, candidat: Candidat) -> bool:
    return est_systeme(acteur) or peut_gerer_candidature(acteur, candidat)


def peut_bloquer(acteur: Acteur, _candidat: Candidat) -> bool:
    return est_anct(acteur)


def peut_anonymiser(acteur: Acteur, candidat: Candidat) -> bool:
    return est_systeme(acteur) or est_le_candidat(acteur, candidat)


def candidat_du_role(role: Role) -> Candidat:
    """La candidature de ce rôle, ou 404."""
    return get_object_or_404(
        Candidat.objects.visibles_par(role).select_related("commune__departement", "departement", "role__utilisateur"),
        role_id=role.pk,
    )


def get_candidat_ou_404(role: Role, pk: int) -> Candidat:
    """Pour l'ANCT et pour la personne elle-même ; une structure passe par une mise en relation."""
    return get_object_or_404(
        Candidat.objects.visibles_par(role).select_related("commune__departement", "departement"), pk=pk
    )


def candidat_du_lien(jeton: str, *, champ: str) -> Candidat | None:
    """La candidature que porte ce lien (`jeton_reprise`, `jeton_confirmation`, `jeton_disponibilite`), ou None."""
    if not jeton:
        return None
    candidats = Candidat.objects.select_related("commune__departement", "departement")
    return candidats.filter(**{champ: empreinte(jeton)}).first()


# --- Recrutement --------------------------------------------------------------------------------------------------


def peut_gerer_recrutement(acteur: Acteur, recrutement: Recrutement) -> bool:
    """Corriger la fiche, suspendre, reprendre : un membre de la structure ou l'ANCT."""
    return est_membre(acteur, recrutement) or est_anct(acteur)


def peut_faire_vivre_recrutement(acteur: Acteur, recrutement: Recrutement) -> bool:
    """Ouvrir, pourvoir, rouvrir, clore : ce qui suit d'un autre acte, ou l'ANCT."""
    return est_systeme(acteur) or peut_gerer_recrutement(acteur, recrutement)


def peut_regler_rappels(acteur: Acteur, role: Role) -> bool:
    """Le membre lui-même, ou le lien signé qui lui a été envoyé."""
    if isinstance(acteur, Role):
        return acteur.actif and acteur.pk == role.pk and acteur.type == TypeRole.STRUCTURE
    return isinstance(acteur, ActeurSansCompte) and acteur.qualite == DESABONNEMENT and acteur.objet_id == str(role.pk)


def peut_chercher(acteur: Acteur, recrutement: Recrutement) -> bool:
    return est_membre(acteur, recrutement)


def get_recrutement_ou_404(role: Role, pk: int) -> Recrutement:
    visibles = Recrutement.objects.visibles_par(role)
    return get_object_or_404(visibles.select_related("structure", "commune__departement", "departement"), pk=pk)


def get_consultation_ou_404(role: Role, pk: int) -> ConsultationVivier:
    """Les résultats d'une recherche ne se relisent que par le membre qui l'a faite."""
    return get_object_or_404(
        ConsultationVivier.objects.select_related("recrutement__structure", "recrutement__commune"), role=role, pk=pk
    )


# --- Mise en relation ---------------------------------------------------------------------------------------------


def peut_agir_pour_la_structure(acteur: Acteur, relation: MiseEnRelation) -> bool:
    return est_membre(acteur, relation.recrutement)


def peut_repondre_pour_la_structure(acteur: Acteur, relation: MiseEnRelation) -> bool:
    """Retenir ou écarter : un membre connecté, ou le lien personnel envoyé à l'un d'eux."""
    return peut_agir_pour_la_structure(acteur, relation) or _tient_le_lien(acteur, relation, Partie.STRUCTURE)


def peut_repondre_pour_le_candidat(acteur: Acteur, relation: MiseEnRelation) -> bool:
    """La personne connectée, ou son lien personnel ; jamais celui de la structure."""
    return est_le_candidat(acteur, relation.candidat) or _tient_le_lien(acteur, relation, Partie.CANDIDAT)


def peut_clore(acteur: Acteur, _relation: MiseEnRelation) -> bool:
    """Ce que ferme une règle : échéance, poste pourvu, candidat engagé ailleurs."""
    return est_systeme(acteur)


def peut_rappeler_de_reserve(acteur: Acteur, relation: MiseEnRelation) -> bool:
    return est_systeme(acteur) or peut_agir_pour_la_structure(acteur, relation)


def peut_lire_l_identite(acteur: Acteur, relation: MiseEnRelation) -> bool:
    """Nom, coordonnées, CV : le candidat l'a accepté et la relation vit encore ; ni lien, ni autre rôle."""
    return relation.identite_ouverte and peut_agir_pour_la_structure(acteur, relation)


def get_relation_ou_404(role: Role, pk: int) -> MiseEnRelation:
    visibles = MiseEnRelation.objects.visibles_par(role)
    return get_object_or_404(
        visibles.select_related(
            "recrutement__structure", "recrutement__commune", "candidat__commune", "candidat__departement", "passe"
        ),
        pk=pk,
    )


def get_lien_ou_404(jeton: str, partie: Partie) -> LienPersonnel:
    """Le lien personnel de cette partie. Celui de l'autre partie, ou d'un membre parti, n'existe pas : 404.

    Périmé, il est rendu quand même : la page dit qu'il a expiré et comment continuer (`est_valable`).
    """
    lien = (
        LienPersonnel.objects.select_related(
            "mise_en_relation__recrutement__structure",
            "mise_en_relation__recrutement__commune",
            "mise_en_relation__candidat__commune",
            "role__utilisateur",
        )
        .filter(empreinte=empreinte(jeton), partie=partie)
        .first()
    )
    if lien is None:
        raise Http404("Ce lien n'existe pas.")
    if lien.role is not None and not (lien.role.actif and lien.role.utilisateur.is_active):
        raise Http404("Ce lien n'existe pas.")
    return lien


def lien_valable(lien: LienPersonnel) -> bool:
    return lien.est_valable(timezone.now())


# --- Passages -----------------------------------------------------------------------------------------------------


def get_passe_ou_404(role: Role, pk: int) -> Passe:
    """Le rapport d'un passage : l'ANCT seule ; le public lit les chiffres de l'année."""
    if not est_anct(role):
        raise Http404("Passage inconnu.")
    return get_object_or_404(Passe, pk=pk)
