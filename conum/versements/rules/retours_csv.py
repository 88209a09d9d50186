"""Le retour de banque en CSV : une ligne par virement, titres français ou anglais, comme l'écrit un tableur."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from conum.socle.tableaux import Ligne, TableauIllisible, lire_csv
from conum.socle.texte import normaliser
from conum.versements.rules.lecture_bancaire import RetourIllisible, lire_date, lire_montant_francais

TITRES: Mapping[str, tuple[str, ...]] = {
    "reference": (
        "Référence", "EndToEndId", "End to end id", "Identifiant de bout en bout", "Reference", "Référence du virement",
    ),
    "sens": ("Statut", "Sens", "État", "Status", "Direction"),
    "montant": ("Montant", "Amount", "Montant en euros"),
    "date": ("Date de valeur", "Date", "Value date", "Date valeur", "Booking date"),
    "motif": ("Motif", "Reason", "Motif du rejet", "Reason code", "Code motif"),
    "texte": ("Libellé", "Label", "Description", "Communication"),
}  # fmt: skip
OBLIGATOIRES = ("reference", "sens", "montant", "date")
_SENS = {
    **dict.fromkeys(("paye", "payee", "execute", "executee", "paid", "settled", "acsc", "accc", "ok"), "paye"),
    **dict.fromkeys(
        ("rejete", "rejetee", "refuse", "refusee", "rendu", "retourne", "rejected", "returned", "rjct", "rtrn"),
        "rejete",
    ),
    **dict.fromkeys(("recu", "recue", "credit", "encaisse", "received", "crdt"), "recu"),
}


@dataclass(frozen=True, slots=True)
class LigneCsv:
    """Une ligne lue ; `numero` est celui que montre un éditeur."""

    numero: int
    reference: str
    sens: str
    montant: Decimal | None
    date: date | None
    motif: str
    texte: str
    erreur: str


def lire(contenu: bytes, *, maximum: int) -> Iterator[LigneCsv]:
    """Les lignes du fichier.

    Raises:
        RetourIllisible: pas un CSV, ou une colonne manque ; la phrase dit laquelle.
    """
    try:
        lignes = lire_csv(contenu, _titres_presents(contenu), obligatoires=OBLIGATOIRES, maximum=maximum)
    except TableauIllisible as erreur:
        raise RetourIllisible(str(erreur)) from erreur
    return (_lire_ligne(ligne) for ligne in lignes)


def _titres_presents(contenu: bytes) -> dict[str, str]:
    """Le titre employé par ce fichier pour chaque colonne ; à défaut, le nôtre, qui sera dit absent."""
    premiere = contenu.split(b"\n", 1)[0]
    try:
        texte = premiere.decode("utf-8-sig")
    except UnicodeDecodeError:
        texte = premiere.decode("latin-1")
    lus = next(csv.reader(io.StringIO(texte), delimiter=";" if ";" in texte else ","), [])
    formes = {normaliser(titre) for titre in lus}
    return {cle: next((t for t in noms if normaliser(t) in formes), noms[0]) for cle, noms in TITRES.items()}


def _lire_ligne(ligne: Ligne) -> LigneCsv:
    c = ligne.cellules
    montant, erreur = lire_montant_francais(c["montant"])
    le, sens = lire_date(c["date"]), _SENS.get(normaliser(c["sens"]), "")
    if not sens:
        erreur = f"Statut « {c['sens'][:20]} » inconnu : écrivez payé, rejeté ou reçu."
    elif c["date"] and le is None:
        erreur = erreur or f"Date « {c['date'][:20]} » illisible : écrivez par exemple 15/03/2026."
    return LigneCsv(ligne.numero, c["reference"], sens, montant, le, c["motif"], c["texte"], erreur)
