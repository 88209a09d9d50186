"""Règles d'un contrat et de sa rupture. Sources : facts-and-asks § 1.5 et 1.7, programme-apps § 2.9 et 3.E à 3.G.

Aux bords, `fin` et la date de rupture sont le dernier jour du contrat, comme on l'écrit sur le papier ; en base, la
période est semi-ouverte.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from conum.postes.rules.delais import AVANT_PROLONGATION, MOIS_RUPTURE, plus_mois
from conum.postes.rules.smic import SmicInconnu, smic_mensuel

CDI, CDD, PROJET, PEC = "cdi", "cdd", "contrat_de_projet", "pec"
TYPES = {
    CDI: "CDI",
    CDD: "CDD",
    PROJET: "Contrat de projet (public)",
    PEC: "Parcours emploi compétences",
}
"""Types admis (facts-and-asks § 1.5) ; le service civique ne l'est pas."""
MOIS_PROJET_MIN, MOIS_PROJET_MAX = 12, 72
"""Contrat de projet : un an au moins, six ans au plus (code général de la fonction publique, art. L. 332-24 à 26)."""
SALAIRE_MAX = Decimal("20000")
"""Au-delà, on a sans doute saisi un montant annuel."""
MOTIF_MIN, MOTIF_MAX = 10, 1_000
DOMAINE_REFUSE = "@conseiller-numerique.fr"
"""Boîtes professionnelles qui ferment avec le contrat : on ne pourrait plus écrire à la personne."""

MOTIFS_RUPTURE = {
    "licenciement_economique": "Licenciement économique",
    "rupture_conventionnelle": "Rupture conventionnelle",
    "licenciement_faute": "Licenciement pour faute",
    "non_reconduction_cdd": "Non-reconduction du CDD",
    "demission": "Démission",
    "demission_changement_structure": "Démission pour une autre structure du dispositif",
    "cdisation": "CDIsation ou titularisation",
    "fin_subventionnement": "Fin de subventionnement",
}
"""Les cinq motifs de l'outil d'origine, licenciement et démission détaillés comme ses écrans (facts-and-asks § 1.7)."""

DEMISSION, BULLETIN, CERTIFICAT, ATTESTATION, AUTRE = (
    "lettre_demission", "dernier_bulletin", "certificat_travail", "attestation_france_travail", "autre",
)  # fmt: skip
PIECES = {
    DEMISSION: "Lettre de démission",
    BULLETIN: "Dernier bulletin de paie",
    CERTIFICAT: "Certificat de travail",
    ATTESTATION: "Attestation France Travail",
    AUTRE: "Autre document",
}
_FIN_DE_CONTRAT = frozenset({BULLETIN, CERTIFICAT, ATTESTATION})
_EXIGEES = {
    "demission": _FIN_DE_CONTRAT | {DEMISSION},
    "demission_changement_structure": _FIN_DE_CONTRAT | {DEMISSION},
    # La personne reste employée : il n'y a ni solde ni attestation.
    "cdisation": frozenset({BULLETIN}),
    "fin_subventionnement": frozenset({BULLETIN}),
}
PIECE_TAILLE_MAX = 5 * 1024 * 1024
PIECES_MAX = 10


@dataclass(frozen=True, slots=True)
class Erreur:
    """Une règle enfreinte : le champ où la dire, et la phrase à montrer."""

    champ: str
    message: str


def euros(montant: Decimal) -> str:
    """« 1 823,03 € », espaces insécables."""
    return f"{montant:,.2f}".replace(",", "\u202f").replace(".", ",") + "\u00a0€"


def lendemain(jour: date) -> date:
    return jour + timedelta(days=1)


def verifier_dates(type_: str, debut: date, fin: date | None) -> list[Erreur]:
    """Le terme suit le type : jamais pour un CDI, toujours pour les autres, et après le début."""
    if type_ not in TYPES:
        return [Erreur("type", "Choisissez un type de contrat.")]
    if type_ == CDI:
        return [Erreur("fin", "Un CDI n'a pas de date de fin : laissez ce champ vide.")] if fin else []
    if fin is None:
        return [Erreur("fin", f"{_un(type_)} a une date de fin : saisissez-la.")]
    if fin < debut:
        return [Erreur("fin", f"Le contrat finirait le {fin:%d/%m/%Y}, avant son début le {debut:%d/%m/%Y}.")]
    if type_ == PROJET:
        if lendemain(fin) < plus_mois(debut, MOIS_PROJET_MIN):
            return [Erreur("fin", "Un contrat de projet dure au moins un an.")]
        if lendemain(fin) > plus_mois(debut, MOIS_PROJET_MAX):
            return [Erreur("fin", "Un contrat de projet dure au plus six ans.")]
    return []


def _un(type_: str) -> str:
    return {CDD: "Un CDD", PROJET: "Un contrat de projet", PEC: "Un parcours emploi compétences"}[type_]


def verifier_salaire(salaire: Decimal, jour: date, territoire: str) -> list[Erreur]:
    """Le salaire mensuel brut d'un temps plein, comparé au SMIC de ce jour-là."""
    try:
        smic = smic_mensuel(jour, territoire)
    except SmicInconnu as erreur:
        return [Erreur("salaire", str(erreur))]
    if salaire < smic:
        message = f"Le salaire brut est inférieur au SMIC du {jour:%d/%m/%Y} : {euros(smic)} par mois à temps plein."
        return [Erreur("salaire", message)]
    if salaire > SALAIRE_MAX:
        return [Erreur("salaire", f"Saisissez un salaire mensuel : {euros(salaire)} par mois semble trop élevé.")]
    return []


def verifier_contrat(
    *, type_: str, debut: date, fin: date | None, salaire: Decimal, territoire: str, publique: bool
) -> list[Erreur]:
    """Tout ce qui se juge sur le papier, chaque faute avec sa phrase."""
    erreurs = verifier_dates(type_, debut, fin)
    if type_ == PROJET and not publique:
        erreurs.append(Erreur("type", "Le contrat de projet est réservé aux employeurs publics."))
    return erreurs + verifier_salaire(salaire, debut, territoire)


def verifier_prolongation(*, type_: str, fin: date | None, nouvelle_fin: date, aujourdhui: date) -> list[Erreur]:
    """Dans les trente derniers jours d'un contrat à terme, pour une fin plus tardive (programme-apps § 3.F)."""
    if type_ == CDI or fin is None:
        return [Erreur("fin", "Un CDI n'a pas de terme : il ne se prolonge pas.")]
    if aujourdhui > fin:
        return [Erreur("fin", f"Le contrat est fini depuis le {fin:%d/%m/%Y} : demandez plutôt un renouvellement.")]
    if (ouverture := fin - AVANT_PROLONGATION) > aujourdhui:
        return [Erreur("fin", f"Une prolongation se demande dans les 30 derniers jours, dès le {ouverture:%d/%m/%Y}.")]
    if nouvelle_fin <= fin:
        return [Erreur("fin", f"La nouvelle fin doit venir après le {fin:%d/%m/%Y}.")]
    return []


def verifier_rupture(
    *, date_rupture: date, motif: str, debut: date, fin: date | None, aujourdhui: date
) -> list[Erreur]:
    """Motif de la liste ; date du début du contrat à M+2, jamais après son terme (programme-apps § 3.G)."""
    erreurs = [] if motif in MOTIFS_RUPTURE else [Erreur("motif", "Choisissez un motif de la liste.")]
    limite = plus_mois(aujourdhui, MOIS_RUPTURE)
    if date_rupture < debut:
        erreurs.append(Erreur("date_rupture", f"La rupture ne peut pas précéder le début, le {debut:%d/%m/%Y}."))
    elif fin is not None and date_rupture > fin:
        erreurs.append(Erreur("date_rupture", f"La rupture doit venir au plus tard à la fin, le {fin:%d/%m/%Y}."))
    elif date_rupture > limite:
        message = f"Une rupture se notifie au plus deux mois à l'avance : jusqu'au {limite:%d/%m/%Y}."
        erreurs.append(Erreur("date_rupture", message))
    return erreurs


def pieces_exigees(motif: str) -> frozenset[str]:
    """Les pièces sans lesquelles une rupture ne se valide pas."""
    return _EXIGEES.get(motif, _FIN_DE_CONTRAT)


def pieces_manquantes(motif: str, deposees: Collection[str]) -> list[str]:
    """Les libellés des pièces qui manquent, dans l'ordre de la liste."""
    exigees = pieces_exigees(motif)
    return [libelle for code, libelle in PIECES.items() if code in exigees and code not in deposees]


def type_de_piece(nom: str, debut: bytes, taille: int) -> str:
    """Le type MIME d'un document déposé, jugé sur son contenu.

    Raises:
        ValueError: ni PDF ni JPEG, vide ou trop lourd ; le message est destiné à l'usager.
    """
    if not taille:
        raise ValueError("Ce fichier est vide.")
    if taille > PIECE_TAILLE_MAX:
        raise ValueError("Ce fichier dépasse 5 Mo.")
    extension = nom.rpartition(".")[2].lower()
    if debut.startswith(b"%PDF-") and extension == "pdf":
        return "application/pdf"
    if debut.startswith(b"\xff\xd8\xff") and extension in ("jpg", "jpeg"):
        return "image/jpeg"
    raise ValueError("Ce fichier n'est ni un PDF ni une photo JPEG.")
