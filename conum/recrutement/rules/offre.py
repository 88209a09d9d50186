"""Ce qu'on demande à un entretien, à une offre, à un contrat (programme-apps § 2.9, facts-and-asks § 1.5)."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from conum.demandes.rules import Erreur, verifier_longueur
from conum.recrutement.rules.relation import (
    MODES_ENTRETIEN,
    OFFRE_JOURS_MAX,
    OFFRE_JOURS_MIN,
    TEXTE_MAX,
    TEXTE_MIN,
    TYPES_CONTRAT,
)

LIEU_MAX = 300
ENTRETIEN_DANS = timedelta(days=90)
"""Un entretien se fixe dans les trois mois : au-delà, c'est une faute de frappe sur l'année."""


def _date_de_fin(type_contrat: str, debut: date, fin: date | None) -> list[Erreur]:
    if type_contrat == "cdi":
        return [Erreur("fin", "Un CDI n'a pas de date de fin : laissez ce champ vide.")] if fin else []
    if fin is None:
        return [Erreur("fin", "Ce type de contrat a une date de fin : indiquez-la.")]
    return [] if fin > debut else [Erreur("fin", "Le contrat finit après son début.")]


def verifier_offre(
    *,
    type_contrat: str,
    salaire: Decimal,
    debut: date,
    fin: date | None,
    jusqu_au: date,
    message: str,
    aujourdhui: date,
) -> list[Erreur]:
    """Pourquoi cette offre ne peut pas partir ; `jusqu_au` : dernier jour pour répondre."""
    erreurs = []
    if type_contrat not in TYPES_CONTRAT:
        erreurs.append(Erreur("type_contrat", "Choisissez un type de contrat."))
    if salaire <= 0:
        erreurs.append(Erreur("salaire", "Indiquez un salaire brut mensuel supérieur à zéro."))
    if debut < aujourdhui:
        erreurs.append(Erreur("debut", "Le contrat ne peut pas commencer à une date passée."))
    erreurs += _date_de_fin(type_contrat, debut, fin)
    if not timedelta(days=OFFRE_JOURS_MIN) <= jusqu_au - aujourdhui <= timedelta(days=OFFRE_JOURS_MAX):
        erreurs.append(Erreur("jusqu_au", f"Laissez de {OFFRE_JOURS_MIN} à {OFFRE_JOURS_MAX} jours pour répondre."))
    return erreurs + verifier_longueur("message", message, 0, TEXTE_MAX)


def verifier_entretien(*, le: datetime, mode: str, lieu: str, message: str, maintenant: datetime) -> list[Erreur]:
    erreurs = []
    if le <= maintenant:
        erreurs.append(Erreur("le", "Choisissez une date et une heure à venir."))
    elif le > maintenant + ENTRETIEN_DANS:
        erreurs.append(Erreur("le", f"Choisissez une date dans les {ENTRETIEN_DANS.days} jours."))
    if mode not in MODES_ENTRETIEN:
        erreurs.append(Erreur("mode", "Choisissez comment se passe l'entretien."))
    if mode == "sur_place" and not lieu.strip():
        erreurs.append(Erreur("lieu", "Indiquez l'adresse de l'entretien."))
    if mode == "visio" and not lieu.strip():
        erreurs.append(Erreur("lieu", "Indiquez le lien de la visioconférence."))
    erreurs += verifier_longueur("lieu", lieu, 0, LIEU_MAX)
    return erreurs + verifier_longueur("message", message, 0, TEXTE_MAX)


def verifier_motif_ecrit(champ: str, texte: str) -> list[Erreur]:
    return verifier_longueur(champ, texte, TEXTE_MIN, TEXTE_MAX)


def verifier_signature(signe_le: date, *, offre_le: date, aujourdhui: date) -> list[Erreur]:
    if signe_le > aujourdhui:
        return [Erreur("signe_le", "Indiquez la date où le contrat a été signé : elle ne peut pas être à venir.")]
    if signe_le < offre_le:
        return [Erreur("signe_le", "Le contrat ne peut pas être signé avant l'offre.")]
    return []
