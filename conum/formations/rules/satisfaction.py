"""Le questionnaire de satisfaction, et ce qui peut s'en montrer sans que personne se reconnaisse.

Un résultat ne se montre qu'à partir de cinq réponses. Deux résultats ne se soustraient pas pour en trouver moins de
cinq : ni deux moments, ni deux années, ni la même page un mois plus tard. Pour cela, les réponses entrent par lots
d'au moins cinq, mois finis seulement, dans des cases qui ne se recoupent pas (un moment, une année, un questionnaire) ;
tout total n'additionne que des lots entrés. Ce qui se déduit d'une soustraction est donc toujours une somme de lots.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from conum.formations.rules.lecture import Donnees, Fichier, donnees, exiger
from conum.socle.donnees_figees import Brut, Source

MINIMUM = 5
"""Moins de réponses que cela ne se montrent pas."""
FIN, TROIS_MOIS = "fin", "trois_mois"
MOMENTS = (FIN, TROIS_MOIS)


@dataclass(frozen=True, slots=True)
class Question:
    code: str
    texte: str
    globale: bool


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """Une version du questionnaire : les questions de chaque moment, et le sens des notes 1 et 5."""

    code: str
    titre: str
    debut: date
    bas: str
    haut: str
    empreinte: str
    sources: tuple[Source, ...]
    questions: Mapping[str, tuple[Question, ...]]

    def globale(self, moment: str) -> Question:
        return next(q for q in self.questions[moment] if q.globale)


@cache
def questionnaires() -> tuple[Questionnaire, ...]:
    return assembler(donnees())


def assembler(lues: Donnees) -> tuple[Questionnaire, ...]:
    """Du plus ancien au plus récent.

    Raises:
        DonneeInvalide: un fichier est faux, ou deux commencent le même jour.
    """
    lus = sorted((_questionnaire(f, lues) for f in lues.sous("satisfaction-")), key=lambda q: q.debut)
    exiger(bool(lus), "satisfaction", "aucun questionnaire.")
    exiger(len({q.debut for q in lus}) == len(lus), "satisfaction", "deux questionnaires commencent le même jour.")
    return tuple(lus)


def _questionnaire(fichier: Fichier, lues: Donnees) -> Questionnaire:
    brut, ou = fichier.brut, fichier.code
    questions = {m: tuple(_question(q) for q in brut[m]) for m in MOMENTS}
    toutes = [q for m in MOMENTS for q in questions[m]]
    exiger(len({q.code for q in toutes}) == len(toutes), ou, "deux questions portent le même code.")
    for moment in MOMENTS:
        globales = [q for q in questions[moment] if q.globale]
        exiger(len(globales) == 1, ou, f"il faut une question globale, et une seule ({moment}).")
    return Questionnaire(
        code=ou,
        titre=brut["titre"],
        debut=brut["debut"],
        bas=brut["bas"],
        haut=brut["haut"],
        empreinte=fichier.empreinte,
        sources=lues.citees(brut, ou),
        questions=questions,
    )


def _question(brut: Brut) -> Question:
    return Question(brut["code"], brut["texte"], brut.get("globale", False))


def questionnaire_au(jour: date, de: Sequence[Questionnaire] | None = None) -> Questionnaire:
    """La version en cours ; la première pour un jour plus ancien."""
    connus = de or questionnaires()
    return next((q for q in reversed(connus) if q.debut <= jour), connus[0])


def textes() -> dict[str, str]:
    """Le texte de chaque question, la version la plus récente l'emportant."""
    return {q.code: q.texte for version in questionnaires() for m in MOMENTS for q in version.questions[m]}


@dataclass(frozen=True, slots=True)
class Reponse:
    """Une réponse sans personne : son moment, son mois, ses notes. `cle` : un ordre stable, sans lien au temps."""

    moment: str
    mois: date
    notes: Mapping[str, int]
    globale: int
    commentaire: str = ""
    cle: str = ""


@dataclass(frozen=True, slots=True)
class Resultat:
    """Ce qui se montre d'un groupe de réponses ; jamais construit à moins de cinq."""

    nombre: int
    globale: float
    moyennes: Mapping[str, float] = field(default_factory=dict)
    commentaires: tuple[str, ...] = ()


def montrables(reponses: Iterable[Reponse], jour: date) -> tuple[Reponse, ...]:
    """Les réponses entrées dans les résultats ce jour-là : par case, des lots de mois finis, de cinq réponses au moins.

    Un lot se ferme à la fin d'un mois et ne change plus : d'une visite à l'autre, il s'en ajoute cinq ou aucune.
    """
    courant = jour.replace(day=1)
    cases: dict[tuple[str, int, frozenset[str]], list[Reponse]] = defaultdict(list)
    for reponse in reponses:
        if reponse.mois < courant:
            cases[(reponse.moment, reponse.mois.year, frozenset(reponse.notes))].append(reponse)
    return tuple(r for case in cases.values() for r in _lots_complets(case))


def _lots_complets(case: Sequence[Reponse]) -> list[Reponse]:
    retenues: list[Reponse] = []
    lot: list[Reponse] = []
    for mois in sorted({r.mois for r in case}):
        lot += [r for r in case if r.mois == mois]
        if len(lot) >= MINIMUM:
            retenues += lot
            lot = []
    return retenues


def resumer(retenues: Iterable[Reponse]) -> Resultat | None:
    """Moyennes et commentaires de réponses déjà passées par `montrables` ; rien à moins de cinq.

    Les commentaires viennent mélangés, toujours dans le même ordre, sans date.
    """
    lues = list(retenues)
    if len(lues) < MINIMUM:
        return None
    notes: dict[str, list[int]] = defaultdict(list)
    for reponse in lues:
        for code, note in reponse.notes.items():
            notes[code].append(note)
    commentes = sorted((r for r in lues if r.commentaire.strip()), key=lambda r: _melange(r.cle))
    return Resultat(
        nombre=len(lues),
        globale=_moyenne([r.globale for r in lues]),
        moyennes={code: _moyenne(valeurs) for code, valeurs in notes.items()},
        commentaires=tuple(r.commentaire.strip() for r in commentes),
    )


def _moyenne(notes: Sequence[int]) -> float:
    return round(sum(notes) / len(notes), 1)


def _melange(cle: str) -> str:
    return hashlib.sha256(cle.encode()).hexdigest()
