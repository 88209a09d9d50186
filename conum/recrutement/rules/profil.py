"""Ce qu'une candidature doit dire, et comment. Sources : original-platform § 2.6, 7 (S8, S11, S12) et 8.3."""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from conum.recrutement.rules import candidature as regles

NOM_MAX = 100
DIPLOME_MAX = 200
DISPONIBILITE_MAX = timedelta(days=731)
"""Deux ans : au-delà, c'est une faute de frappe sur l'année."""
TEXTE_MAX = 1_000

MOTIFS_PAUSE = {
    "autre_emploi": "Je travaille ailleurs pour le moment",
    "formation": "Je suis en formation",
    "personnel": "Raison personnelle",
    "reflexion": "Je réfléchis encore",
    "autre": "Autre raison",
}
"""Motifs qu'une personne peut donner ; aucun n'est obligatoire."""
SANS_REPONSE, DESINSCRIPTION, DEBLOCAGE = "sans_reponse", "desinscription", "deblocage"
MOTIFS_PAUSE_SYSTEME = {
    SANS_REPONSE: "Vous n'avez pas répondu à notre question sur votre disponibilité",
    DESINSCRIPTION: "Vous avez demandé à ne plus recevoir nos courriels",
    DEBLOCAGE: "L'ANCT a débloqué votre candidature",
}
TOUS_MOTIFS_PAUSE: dict[str, str] = MOTIFS_PAUSE | MOTIFS_PAUSE_SYSTEME

DELAI_RAPPEL_DISPONIBILITE = timedelta(days=7)
"""À mi-chemin du délai de réponse, un seul rappel."""
DUREE_LIEN_DISPONIBILITE = timedelta(days=60)
"""Le lien reçu vaut jusqu'à la question suivante, deux mois plus tard."""
CV_PAGES_MAX = 30

_PONCTUATION = " '’-.·"


@dataclass(frozen=True)
class Erreur:
    champ: str
    message: str


def nom_sur(texte: str) -> bool:
    """Vrai pour un prénom ou un nom : des lettres, des espaces, des traits d'union, des apostrophes.

    Il entre dans le « Bonjour … » d'un courriel : ni adresse de site, ni phrase à chiffres, ni caractère de commande.

    >>> nom_sur("Anne-Laure d'Été"), nom_sur("J. P."), nom_sur("gagnez sur exemple.fr"), nom_sur("http://x")
    (True, True, False, False)
    """
    if not any(c.isalpha() for c in texte):
        return False
    for place, caractere in enumerate(texte):
        if caractere == "." and texte[place + 1 : place + 2].strip():
            return False
        if unicodedata.category(caractere)[0] not in "LM" and caractere not in _PONCTUATION:
            return False
    return True


def sans_adresse_de_site(texte: str) -> bool:
    """Vrai si le texte tient sur une ligne et ne porte pas de lien (nom d'un diplôme)."""
    bas = texte.lower()
    return texte.isprintable() and "://" not in bas and "www." not in bas


def verifier_situations(situations: Collection[str], nom_diplome: str) -> list[Erreur]:
    erreurs = []
    if not situations or not set(situations) <= set(regles.SITUATIONS):
        erreurs.append(Erreur("situations", "Cochez au moins une situation."))
    if "diplome" in situations:
        if not nom_diplome.strip():
            erreurs.append(Erreur("nom_diplome", "Donnez le nom de votre diplôme ou de votre certification."))
        elif len(nom_diplome) > DIPLOME_MAX or not sans_adresse_de_site(nom_diplome):
            erreurs.append(Erreur("nom_diplome", "Écrivez seulement le nom du diplôme, sans lien."))
    return erreurs


def verifier_lieu(mobilite_km: int, territoires: Collection[str]) -> list[Erreur]:
    erreurs = []
    if mobilite_km not in regles.MOBILITES:
        erreurs.append(Erreur("mobilite_km", "Choisissez une distance de la liste."))
    if not set(territoires) <= set(regles.TERRITOIRES):
        erreurs.append(Erreur("territoires", "Choisissez des territoires de la liste."))
    return erreurs


def verifier_disponibilite(jour: date, aujourdhui: date, *, garde: date | None = None) -> list[Erreur]:
    """`garde` : la date déjà enregistrée ; la laisser reste permis quand elle est passée entre-temps."""
    if jour < aujourdhui and jour != garde:
        return [Erreur("disponible_le", "Cette date est passée : choisissez aujourd'hui ou un jour à venir.")]
    if jour > aujourdhui + DISPONIBILITE_MAX:
        return [Erreur("disponible_le", "Cette date est à plus de deux ans : vérifiez l'année.")]
    return []


def verifier_identite(prenom: str, nom: str) -> list[Erreur]:
    erreurs = []
    for champ, valeur in (("prenom", prenom), ("nom", nom)):
        if not valeur.strip():
            erreurs.append(Erreur(champ, "Ce champ est obligatoire."))
        elif len(valeur) > NOM_MAX or not nom_sur(valeur.strip()):
            erreurs.append(Erreur(champ, "Écrivez seulement des lettres, des espaces, des apostrophes et des tirets."))
    return erreurs


def adresse_refusee(email: str) -> str:
    """La phrase qui refuse cette adresse normalisée, vide si elle convient."""
    if email.endswith(regles.DOMAINE_REFUSE):
        return (
            f"Une adresse {regles.DOMAINE_REFUSE} se ferme à la fin du contrat : vous ne recevriez plus nos messages. "
            "Donnez une adresse personnelle."
        )
    return ""


def verifier_motivation(texte: str) -> list[Erreur]:
    if not regles.MOTIVATION_MIN <= len(texte.strip()) <= regles.MOTIVATION_MAX:
        message = f"Écrivez de {regles.MOTIVATION_MIN} à 2 500 caractères (vous en avez écrit {len(texte.strip())})."
        return [Erreur("motivation", message)]
    return []


def verifier_langues(langues: Collection[str]) -> list[Erreur]:
    return [] if set(langues) <= set(regles.LANGUES) else [Erreur("langues", "Choisissez des langues de la liste.")]
