"""Règles de la demande d'accueil, en fonctions pures. Sources : facts-and-asks § 1.3–1.4, programme-apps § 2.2, 3.A."""

import calendar
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

POSTES_MIN, POSTES_MAX = 1, 30
MOTIVATION_MIN, MOTIVATION_MAX = 10, 2_500
MOTIF_AVIS_MIN, MOTIF_AVIS_MAX = 10, 1_000
TEXTE_MIN, TEXTE_MAX = 10, 1_000
"""Question, motif d'annulation, justification d'une décision hors session."""
DUREE_CONFIRMATION = timedelta(days=30)
"""Validité du lien de confirmation ; au-delà la demande est sans suite."""
DUREE_BROUILLON = timedelta(days=30)
RENVOIS_PAR_HEURE = 3
"""Liens de confirmation ou de reprise envoyés pour une même demande : chacun écrit à quelqu'un."""
RAPPELS_AVIS = (timedelta(days=7), timedelta(days=14))
"""Rappels à la préfecture, comptés depuis le dépôt."""
DELAI_AVIS = RAPPELS_AVIS[-1]
"""Au-delà, la demande est en retard et passe en tête de liste."""
DELAI_RECRUTEMENT = {"initiale": 3, "ajout": 6}
"""Mois pour recruter après l'attribution : premier poste, poste ajouté (facts-and-asks § 1.4)."""

_REFERENCE = re.compile(r"(?:d-?)?0*([1-9][0-9]{0,8})", re.IGNORECASE)

# Engagements cochés un à un par la structure (facts-and-asks § 1.3, original-platform § 2.7).
ENGAGEMENTS_CONSEILLER = {
    "gratuite": "Proposer au public des activités gratuites pour progresser en numérique (ateliers, initiations).",
    "communaute": "Laisser au conseiller du temps pour les rencontres locales et nationales et la formation continue.",
    "choix": "Tout faire pour choisir un candidat dans le mois qui suit l'attribution.",
    "contrat": "Signer le contrat de travail dans les 15 jours qui suivent ce choix.",
    "formation": "Libérer le conseiller pour sa formation initiale ou continue.",
    "moyens": "Fournir les moyens de travailler : ordinateur, téléphone portable, véhicule si besoin.",
}
ENGAGEMENTS_COORDINATEUR = {
    "reseau": "Renforcer le réseau et les coopérations du territoire.",
    "relais": "Être le relais entre les employeurs, les conseillers et l'équipe nationale.",
    "collaborations": "Mettre en place des collaborations avec les acteurs locaux.",
    "choix": "Tout faire pour choisir un candidat dans les 6 mois qui suivent l'attribution.",
    "contrat": "Signer le contrat de travail dans les 15 jours qui suivent ce choix.",
    "formation": "Libérer le coordinateur pour sa formation.",
    "moyens": "Fournir les moyens de travailler : ordinateur, téléphone portable, véhicule si besoin.",
}
MOIS_CHOIX_CONSEILLER, MOIS_CHOIX_COORDINATEUR = 1, 6
"""Mois pour choisir un candidat, selon les engagements ci-dessus."""

# Motifs de refus publiés (facts-and-asks § 1.4).
MOTIFS_REFUS = {
    "pertinence": "Pertinence du projet au regard des besoins et des solutions déjà présentes sur le territoire",
    "repartition": "Répartition des postes à l'intérieur du département",
    "equilibre": "Équilibre entre les départements au regard des besoins et des dotations",
}
MOTIFS_REFUS_COORDINATEUR = {
    "strategie": "Qualité de la stratégie de coordination",
    "legitimite": "Légitimité de la structure pour coordonner",
    "concertation": "Qualité de la concertation (structures coordonnées, préfecture, conseil départemental, hub)",
    "projet": "Qualité du projet",
}
MOTIFS_AJOUT = {
    "renfort": "Ma structure souhaite renforcer l'équipe",
    "offre": "Je souhaite développer l'offre de service Conseillers numériques",
    "demande": "Je rencontre une forte demande sur mon territoire",
}
MOTIFS_RENDU = {
    "besoin": "Le besoin n'est pas ou plus justifié",
    "recrutement": "Ma structure rencontre des difficultés de recrutement",
    "finances": "Ma structure n'a pas ou plus les capacités financières nécessaires",
    "visibilite": "Je manque de visibilité sur les prochains mois",
    "fin_subvention": "Fin de subventionnement",
}


# Pièces du dossier de subvention, à préparer après une attribution (facts-and-asks § 1.3).
DOCUMENTS = {
    "prive": (
        "Pièce d'identité de la personne qui préside la structure",
        "Liste des membres du bureau, datée et signée",
        "Statuts en vigueur",
        "Compte rendu de la dernière assemblée générale",
        "Derniers comptes annuels certifiés, ou signés par le comptable ou la personne qui préside",
        "Avis de situation SIRENE de moins de trois mois",
        "RIB de la structure",
    ),
    "public": (
        "Acte qui nomme la personne qui représente la structure, ou délégation de signature",
        "Pièce d'identité de cette personne",
        "Avis de situation SIRENE de moins de trois mois",
        "RIB de la structure",
    ),
}


def dans_mois(jour: date, mois: int) -> date:
    """Le même jour, `mois` mois plus tard ; le dernier du mois s'il n'existe pas."""
    annee, reste = divmod(jour.month - 1 + mois, 12)
    annee, mois = jour.year + annee, reste + 1
    return date(annee, mois, min(jour.day, calendar.monthrange(annee, mois)[1]))


def mois_pour_choisir(type_poste: str) -> int:
    return MOIS_CHOIX_COORDINATEUR if type_poste == "coordinateur" else MOIS_CHOIX_CONSEILLER


def engagements(type_poste: str) -> dict[str, str]:
    return ENGAGEMENTS_COORDINATEUR if type_poste == "coordinateur" else ENGAGEMENTS_CONSEILLER


def motifs_refus(type_poste: str) -> dict[str, str]:
    return MOTIFS_REFUS_COORDINATEUR if type_poste == "coordinateur" else MOTIFS_REFUS


def motifs_avenant(nature: str) -> dict[str, str]:
    return {"ajout": MOTIFS_AJOUT, "rendu": MOTIFS_RENDU}.get(nature, {})


@dataclass(frozen=True)
class Erreur:
    """Une donnée refusée : le champ et la phrase à lire à côté."""

    champ: str
    message: str


def verifier_longueur(champ: str, texte: str, mini: int, maxi: int) -> list[Erreur]:
    longueur = len(texte.strip())
    if longueur < mini:
        return [Erreur(champ, f"Écrivez au moins {mini} caractères ({longueur} pour l'instant).")]
    if longueur > maxi:
        return [Erreur(champ, f"Écrivez au plus {maxi} caractères ({longueur} pour l'instant).")]
    return []


def verifier_demande(
    *,
    postes: int | None,
    type_poste: str,
    debut: date | None,
    motivation: str,
    coches: Collection[str],
    aujourdhui: date,
) -> list[Erreur]:
    """Les erreurs d'une demande prête à partir, liste vide si elle est recevable."""
    erreurs: list[Erreur] = []
    if postes is None or not POSTES_MIN <= postes <= POSTES_MAX:
        erreurs.append(Erreur("postes_demandes", f"Demandez de {POSTES_MIN} à {POSTES_MAX} postes."))
    elif type_poste == "coordinateur" and postes != 1:
        erreurs.append(Erreur("postes_demandes", "Une demande de coordinateur porte sur un seul poste."))
    if debut is None or debut < aujourdhui:
        erreurs.append(Erreur("debut_souhaite", "La date de début ne peut pas être passée."))
    erreurs += verifier_longueur("motivation", motivation, MOTIVATION_MIN, MOTIVATION_MAX)
    if set(engagements(type_poste)) - set(coches):
        erreurs.append(Erreur("engagements", "Cochez chaque engagement : tous sont nécessaires."))
    return erreurs


def verifier_avenant(*, nature: str, nombre: int, type_poste: str, motif: str, libres: int) -> list[Erreur]:
    """Pourquoi cet avenant ne peut pas être demandé. `libres` : postes de ce type que la structure peut rendre."""
    erreurs = []
    if motif not in motifs_avenant(nature):
        erreurs.append(Erreur("motif_avenant", "Choisissez un motif."))
    if not POSTES_MIN <= nombre <= POSTES_MAX:
        erreurs.append(Erreur("nombre", f"Indiquez de {POSTES_MIN} à {POSTES_MAX} postes."))
    elif nature == "ajout" and type_poste == "coordinateur" and nombre != 1:
        erreurs.append(Erreur("nombre", "Une demande de coordinateur porte sur un seul poste."))
    elif nature == "rendu" and nombre > libres:
        reste = "n'a aucun poste libre" if not libres else f"n'a que {libres} poste{'s' * (libres > 1)} à rendre"
        erreurs.append(Erreur("nombre", f"Votre structure {reste} de ce type."))
    return erreurs


def verifier_avis(motif: str) -> list[Erreur]:
    return verifier_longueur("motif", motif, MOTIF_AVIS_MIN, MOTIF_AVIS_MAX)


def jours_depuis(depot: date, aujourdhui: date) -> int:
    return (aujourdhui - depot).days


def est_en_retard(depot: date, aujourdhui: date) -> bool:
    """Vrai si la préfecture n'a pas rendu d'avis dans le délai (14 jours)."""
    return jours_depuis(depot, aujourdhui) > DELAI_AVIS.days


def rappels_dus(depot: date, aujourdhui: date) -> int:
    """Combien de rappels auraient dû partir : 0, 1 (7 jours) ou 2 (14 jours)."""
    return sum(1 for delai in RAPPELS_AVIS if depot + delai <= aujourdhui)


def numero_de_reference(saisie: str) -> int | None:
    """« D-00042 », « d42 », « 42 » → 42 ; None si ce n'est pas une référence."""
    trouvee = _REFERENCE.fullmatch(saisie.strip())
    return int(trouvee[1]) if trouvee else None


@dataclass(frozen=True)
class Solde:
    """Une enveloppe (None : pas fixée) et les postes déjà attribués dessus."""

    postes: int | None
    attribues: int

    @property
    def reste(self) -> int:
        return max(0, (self.postes or 0) - self.attribues)


def postes_attribuables(demandes: int, reste_national: int, reste_departement: int) -> int:
    """Le plus qu'on puisse attribuer sans dépasser ni la demande ni une enveloppe."""
    return max(0, min(demandes, reste_national, reste_departement))


def _refus_d_enveloppe(postes: int, solde: Solde, nom: str) -> list[Erreur]:
    if solde.postes is None:
        return [Erreur("postes", f"L'enveloppe {nom} n'est pas fixée : fixez-la avant d'attribuer.")]
    if postes > solde.reste:
        reste = "plus aucun poste" if solde.reste == 0 else f"plus que {solde.reste} poste{'s' * (solde.reste > 1)}"
        return [Erreur("postes", f"L'enveloppe {nom} n'a {reste}.")]
    return []


def verifier_attribution(
    *, postes: int, demandes: int, national: tuple[str, Solde] | None, departement: tuple[str, Solde] | None
) -> list[Erreur]:
    """Pourquoi ce nombre de postes ne peut pas être accordé. Enveloppe : (nom à dire, solde), None pour un rendu."""
    if postes < 1:
        return [Erreur("postes", "Accordez au moins 1 poste, ou refusez la demande.")]
    if postes > demandes:
        return [Erreur("postes", f"La demande porte sur {demandes} poste{'s' * (demandes > 1)} : pas davantage.")]
    erreurs = [_refus_d_enveloppe(postes, solde, nom) for nom, solde in filter(None, (national, departement))]
    return [erreur for groupe in erreurs for erreur in groupe]


def verifier_refus(motifs: Collection[str], type_poste: str) -> list[Erreur]:
    if not motifs:
        return [Erreur("motifs", "Choisissez au moins un motif de refus.")]
    if inconnus := set(motifs) - set(motifs_refus(type_poste)):
        return [Erreur("motifs", f"Motif de refus inconnu pour ce type de poste : {', '.join(sorted(inconnus))}.")]
    return []
