"""Ce que les pages des inscriptions partagent : badges, noms des actes, liens, parcours en toutes lettres."""

from typing import Any

from django.urls import reverse

from conum.comptes.models import Role, TypeRole
from conum.formations.models import Inscription
from conum.formations.rules import marches
from conum.formations.states import Etat
from conum.journal.models import Entree

NIVEAUX = {
    Etat.OUVERTE: "new",
    Etat.POSITIONNEE: "warning",
    Etat.INSCRITE: "info",
    Etat.EN_FORMATION: "info",
    Etat.ATTESTEE: "success",
    Etat.DISPENSEE: "success",
    Etat.ABANDONNEE: "error",
}
LIBELLES = {
    "ouvrir_inscription": "Inscription ouverte",
    "suivre_renouvellement": "Contrat renouvelé : la formation continue",
    "designer_organisme": "Organisme désigné",
    "confier": "Confiée à un organisme",
    "regler_disponibilite": "Distance et disponibilité modifiées",
    "commencer_positionnement": "Test de positionnement commencé",
    "terminer_positionnement": "Test de positionnement fini",
    "retenir_parcours": "Parcours retenu",
    "inscrire_en_session": "Place dans une session",
    "perdre_sa_place": "Place retirée",
    "commencer_formation": "Formation commencée",
    "attester": "Formation attestée",
    "annuler_attestation": "Attestation annulée",
    "dispenser": "Dispense accordée",
    "abandonner": "Formation arrêtée",
    "rouvrir_inscription": "Inscription rouverte",
    "alerter_depart": "Alerte : départ en retard",
}


def niveau(inscription: Inscription) -> str:
    return NIVEAUX.get(Etat(inscription.etat), "neutre")


def lien_inscription(role: Role, pk: int) -> str:
    return reverse("formations:inscription", args=[role.pk, pk])


def nom_du_parcours(code: str) -> str:
    """Le parcours en toutes lettres ; son code quand plus aucun marché ne le connaît ; rien s'il n'y en a pas."""
    if not code:
        return ""
    try:
        return marches.parcours(code).libelle
    except marches.MarcheInconnu:
        return code


def nom_court_du_parcours(code: str) -> str:
    """« Parcours avancé » : sans ses heures, pour une cellule de tableau."""
    return nom_du_parcours(code).split(",")[0]


def journal(inscription: Inscription) -> list[dict[str, Any]]:
    return [
        {"titre": LIBELLES.get(e.action, e.action), "date": e.created_at, "auteur": e.acteur, "texte": e.motif,
         "etat": "fait"}
        for e in Entree.objects.de_l_objet(inscription)
    ]  # fmt: skip


def nom_de_retour(role: Role, inscription: Inscription) -> str:
    """Le nom de la page de l'inscription, au fil d'Ariane des pages qui en partent."""
    return "Ma formation" if role.type == TypeRole.CONSEILLER else inscription.reference
