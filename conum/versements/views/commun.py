"""Ce que les pages des versements partagent : liens, niveaux, journal, second facteur, un formulaire un acte."""

from typing import Any

from django.db.models import Model
from django.urls import reverse

from conum.comptes.models import Role
from conum.formations.models import Organisme
from conum.journal.models import Entree
from conum.journal.pages import page_formulaire
from conum.postes.views.commun import acte_direct, exiger_facteur
from conum.versements.models import Echeance, LigneLot, Lot, Rib
from conum.versements.models.rib import Beneficiaire
from conum.versements.states import Etat, EtatLigne, EtatLot, EtatRib

__all__ = ["acte_direct", "exiger_facteur", "page_formulaire"]

NIVEAUX = {
    Etat.PREVU: "info",
    Etat.A_VERSER: "new",
    Etat.ORDONNANCE: "info",
    Etat.VERSE: "success",
    Etat.SUSPENDU: "warning",
    Etat.REVERSEMENT_DEMANDE: "error",
    Etat.REVERSEMENT_RECU: "success",
}
NIVEAUX_LOT = {
    EtatLot.PREPARATION: "new",
    EtatLot.A_APPROUVER: "warning",
    EtatLot.APPROUVE: "info",
    EtatLot.EXPORTE: "info",
    EtatLot.CLOS: "success",
}
NIVEAUX_LIGNE = {EtatLigne.PAYEE: "success", EtatLigne.REJETEE: "error", EtatLigne.EN_ATTENTE: "info"}
NIVEAUX_RIB = {EtatRib.PROPOSE: "new", EtatRib.ACTIF: "success", EtatRib.REFUSE: "error"}
LIBELLES = {
    "etablir_echeancier": "Échéancier établi",
    "ouvrir_echeance": "À verser",
    "ordonnancer_echeance": "Ordonnancé",
    "constater_versement": "Versement constaté",
    "constater_rejet": "Virement rejeté",
    "desordonnancer_echeance": "Lot abandonné, de nouveau à verser",
    "suspendre_echeance": "Suspendu",
    "reprendre_echeance": "Suspension levée",
    "annuler_echeance": "Annulé",
    "demander_reversement": "Reversement demandé",
    "constater_reversement": "Reversement reçu",
    "annuler_reversement": "Reversement annulé",
    "fixer_date": "Date fixée",
    "decouper_echeance": "Découpé en plusieurs versements",
    "preparer_lot": "Lot préparé",
    "retirer_ligne": "Ligne retirée",
    "soumettre_lot": "Présenté à l’approbation",
    "approuver_lot": "Approuvé",
    "renvoyer_lot": "Renvoyé à qui l’a préparé",
    "exporter_lot": "Fichier produit",
    "telecharger_lot": "Fichier téléchargé",
    "clore_lot": "Clos",
    "abandonner_lot": "Abandonné",
    "rapprocher_ligne": "Rapprochée à la main",
    "ecarter_ligne": "Écartée",
    "remplacer_reversement": "Remplacé : une preuve est arrivée",
    "ouvrir_justificatif": "Terme ouvert",
    "recaler_justificatif": "Dates du terme recalculées",
    "deposer_justificatif": "Justificatif déposé",
    "accepter_justificatif": "Justificatif accepté",
    "refuser_justificatif": "Justificatif refusé",
    "mettre_en_demeure": "Mise en demeure, versements suspendus",
    "constater_absence": "Absence constatée",
    "effacer_justificatif": "Fichier effacé, fin de conservation",
    "proposer_rib": "Compte saisi",
    "consulter_rib": "IBAN affiché pour vérification",
    "confirmer_rib": "Compte confirmé",
    "refuser_rib": "Compte refusé",
    "remplacer_rib": "Compte remplacé ou retiré",
}


def niveau(echeance: Echeance) -> str:
    return NIVEAUX.get(Etat(echeance.etat), "neutre")


def niveau_lot(lot: Lot) -> str:
    return NIVEAUX_LOT.get(EtatLot(lot.etat), "neutre")


def niveau_rib(rib: Rib) -> str:
    return NIVEAUX_RIB.get(EtatRib(rib.etat), "neutre")


def lien_echeance(role: Role, pk: int) -> str:
    return reverse("versements:echeance", args=[role.pk, pk])


def lien_lot(role: Role, pk: int) -> str:
    return reverse("versements:lot", args=[role.pk, pk])


def lien_convention(role: Role, pk: int) -> str:
    return reverse("versements:convention", args=[role.pk, pk])


def lien_rib(role: Role, qui: Beneficiaire) -> str:
    nom = "rib_organisme" if isinstance(qui, Organisme) else "rib"
    return reverse(f"versements:{nom}", args=[role.pk, qui.pk])


def lien_objet(role: Role, x: LigneLot) -> str:
    """La page de ce que paie une ligne de lot."""
    if x.etat_recapitulatif_id is not None:
        return reverse("formations:etat", args=[role.pk, x.etat_recapitulatif_id])
    assert x.echeance_id is not None
    return lien_echeance(role, x.echeance_id)


def journal(objet: Model) -> list[dict[str, Any]]:
    return etapes(Entree.objects.de_l_objet(objet))


def etapes(entrees: Any) -> list[dict[str, Any]]:
    return [
        {
            "titre": LIBELLES.get(e.action, e.action),
            "date": e.created_at,
            "auteur": e.acteur,
            "texte": e.motif,
            "etat": "fait",
        }
        for e in entrees
    ]
