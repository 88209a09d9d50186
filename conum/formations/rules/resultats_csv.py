"""Un fichier de résultats de certification, comme l'écrit un tableur : colonnes tolérantes, fautes ligne par ligne.

Un fichier recollé de deux origines mêle deux codages : les lignes du codage le moins présent sont dites, pas devinées.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Self

from conum.formations.rules.certification import Resultat
from conum.formations.rules.marches import CCP1, PIX, TITRE
from conum.socle.tableaux import Ligne, TableauIllisible, lire_csv
from conum.socle.texte import normaliser

LIGNES_MAX = 5_000
MOTIF_MAX = 300
TITRES: Mapping[str, tuple[str, ...]] = {
    "email": (
        "Adresse électronique", "Email", "E-mail", "Mail", "Courriel", "Adresse e-mail", "Adresse email",
    ),
    "inscription": ("Inscription", "Numéro d’inscription", "Numéro", "Référence", "N°"),
    "personne": ("Personne", "Apprenant", "Conseiller", "Stagiaire", "Identifiant"),
    "certification": ("Certification", "Examen", "Certificat"),
    "resultat": ("Résultat", "Décision", "Issue"),
    "date": ("Date", "Date de présentation", "Présentée le", "Date de l’examen", "Date de passage", "Le"),
    "motif": ("Motif", "Motif de l’absence", "Raison"),
}  # fmt: skip
OBLIGATOIRES = ("certification", "resultat", "date")
MODELE = ("Adresse électronique", "Certification", "Résultat", "Date", "Motif")
_PERSONNES = ("personne", "email", "inscription")
_CERTIFICATIONS = {
    **dict.fromkeys(("ccp1", "ccp 1", "premier certificat de competences professionnelles ccp1"), CCP1),
    **dict.fromkeys(("pix", "certification pix"), PIX),
    **dict.fromkeys(("titre", "titre professionnel", "titre pro"), TITRE),
}
_RESULTATS = {
    **dict.fromkeys(
        ("reussi", "reussie", "obtenu", "obtenue", "admis", "admise", "acquis", "valide", "validee", "succes", "recu",
         "recue"),
        Resultat.REUSSI,
    ),
    **dict.fromkeys(
        ("echoue", "echec", "non obtenu", "non obtenue", "refuse", "refusee", "ajourne", "ajournee", "non admis",
         "non admise", "non acquis", "non valide"),
        Resultat.ECHOUE,
    ),
    **dict.fromkeys(("absent", "absente", "absence", "non presente", "non presentee"), Resultat.ABSENT),
}  # fmt: skip
_DATES = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S",
          "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S")  # fmt: skip
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class LigneLue:
    """Une ligne comprise, ou la raison de ne pas l'être. `qui` : la personne telle qu'elle est écrite."""

    numero: int
    qui: str
    email: str = ""
    inscription: int | None = None
    certification: str = ""
    resultat: str = ""
    le: date | None = None
    motif: str = ""
    erreur: str = ""

    def en_donnees(self) -> dict[str, Any]:
        return asdict(self) | {"le": self.le.isoformat() if self.le else None}

    @classmethod
    def de_donnees(cls, brut: Mapping[str, Any]) -> Self:
        return cls(**{**brut, "le": date.fromisoformat(brut["le"]) if brut["le"] else None})


class _Faute(ValueError):
    pass


def lire(contenu: bytes) -> list[LigneLue]:
    """Les lignes du fichier, chacune comprise ou refusée.

    Raises:
        TableauIllisible: le fichier entier est refusé : classeur, colonne absente ou en double, trop de lignes, rien.
    """
    texte, etrangeres = harmoniser(contenu)
    colonnes, presentes = _colonnes(texte)
    lues = lire_csv(texte, colonnes, obligatoires=OBLIGATOIRES, maximum=LIGNES_MAX)
    if not presentes & set(_PERSONNES):
        raise TableauIllisible(
            "Colonne absente de la première ligne : « Adresse électronique » ou « Inscription ». Partez du modèle."
        )
    if not lues:
        raise TableauIllisible("Ce fichier n’a aucune ligne sous les titres.")
    numeros = sorted(ligne.numero for ligne in lues)
    # Une cellule peut courir sur plusieurs lignes : la faute est à la ligne du tableau qui la contient.
    fautives = {max(n for n in numeros if n <= e) for e in etrangeres if e >= numeros[0]}
    return [_comprendre(ligne, mauvais_codage=ligne.numero in fautives) for ligne in lues]


def harmoniser(contenu: bytes) -> tuple[bytes, frozenset[int]]:
    """Le texte en UTF-8, et les numéros des lignes d'un autre codage que le reste du fichier.

    >>> harmoniser("é\\nà\\n".encode() + "ç".encode("cp1252"))[1]
    frozenset({3})
    """
    if contenu.startswith(b"PK\x03\x04") or b"\x00" in contenu:
        return contenu, frozenset()
    marque = contenu.startswith(_BOM)
    lignes = contenu.removeprefix(_BOM).split(b"\n")
    codees = {n: _est_utf8(ligne) for n, ligne in enumerate(lignes, start=1) if not ligne.isascii()}
    utf8 = frozenset(n for n, bon in codees.items() if bon)
    windows = frozenset(codees) - utf8
    refaites = [_decoder(x).encode() if n in windows else x for n, x in enumerate(lignes, start=1)]
    etrangeres = windows if marque or len(utf8) >= len(windows) else utf8
    return b"\n".join(refaites), etrangeres if (utf8 and windows) or marque else frozenset()


def _est_utf8(ligne: bytes) -> bool:
    try:
        ligne.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decoder(ligne: bytes) -> str:
    try:
        return ligne.decode("cp1252")
    except UnicodeDecodeError:
        return ligne.decode("latin-1")


def _colonnes(texte: bytes) -> tuple[dict[str, str], set[str]]:
    """Le titre employé par ce fichier pour chaque colonne (à défaut, le nôtre), et les colonnes qu'il a."""
    premiere = texte.split(b"\n", 1)[0].decode("utf-8", "replace")
    separateur = next((s for s in ";\t" if s in premiere), ",")
    formes = {normaliser(titre) for titre in next(csv.reader(io.StringIO(premiere), delimiter=separateur), [])}
    trouves = {cle: next((t for t in noms if normaliser(t) in formes), "") for cle, noms in TITRES.items()}
    return {cle: t or TITRES[cle][0] for cle, t in trouves.items()}, {cle for cle, t in trouves.items() if t}


def _comprendre(ligne: Ligne, *, mauvais_codage: bool) -> LigneLue:
    c = ligne.cellules
    ecrits = [c[cle] for cle in _PERSONNES if c[cle]]
    qui = " / ".join(ecrits)[:254]
    if mauvais_codage:
        phrase = (
            "Cette ligne n’est pas du même codage que le reste du fichier : ses accents sont perdus. "
            "Enregistrez tout le fichier en « CSV UTF-8 »."
        )
        return LigneLue(ligne.numero, qui, erreur=phrase)
    try:
        email, inscription = _qui(ecrits)
        return LigneLue(
            ligne.numero, qui, email, inscription, _certification(c["certification"]), *_resultat(c), _motif(c)
        )
    except _Faute as faute:
        return LigneLue(ligne.numero, qui, erreur=str(faute))


def _qui(ecrits: list[str]) -> tuple[str, int | None]:
    email, inscription = "", None
    for ecrit in ecrits:
        if "@" in ecrit:
            email = ecrit.strip().lower()[:254]
            continue
        chiffres = ecrit.strip().upper().removeprefix("FO-").strip()
        if not (chiffres.isascii() and chiffres.isdigit() and len(chiffres) < 10):
            raise _Faute(f"« {ecrit[:60]} » n’est ni une adresse électronique ni un numéro d’inscription (FO-00042).")
        inscription = int(chiffres)
    if not email and inscription is None:
        raise _Faute("La personne manque : écrivez son adresse électronique ou son numéro d’inscription.")
    return email, inscription


def _certification(ecrit: str) -> str:
    trouvee = _CERTIFICATIONS.get(normaliser(ecrit))
    if trouvee is None:
        raise _Faute(f"Certification « {ecrit[:40]} » inconnue : écrivez CCP1, Pix ou Titre.")
    return trouvee


def _resultat(c: Mapping[str, str]) -> tuple[str, date]:
    resultat = _RESULTATS.get(normaliser(c["resultat"]))
    if resultat is None:
        raise _Faute(f"Résultat « {c['resultat'][:40]} » inconnu : écrivez Obtenue, Non obtenue ou Absence.")
    return resultat.value, _jour(c["date"])


def _jour(ecrit: str) -> date:
    for forme in _DATES:
        try:
            return datetime.strptime(ecrit.strip(), forme).date()  # noqa: DTZ007 - un jour, sans heure
        except ValueError:
            continue
    raise _Faute(f"Date « {ecrit[:20]} » illisible : écrivez par exemple 15/01/2026.")


def _motif(c: Mapping[str, str]) -> str:
    motif = " ".join(c["motif"].split())
    if motif and _RESULTATS.get(normaliser(c["resultat"])) is not Resultat.ABSENT:
        raise _Faute("Seule une absence a un motif : videz la case, ou écrivez Absence.")
    if len(motif) > MOTIF_MAX:
        raise _Faute(f"Le motif dépasse {MOTIF_MAX} caractères.")
    return motif
