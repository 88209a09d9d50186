"""Le positionnement : un questionnaire versionné, un score par domaine et par dimension, un parcours recommandé.

Le test regarde l'expérience, la posture et les connaissances techniques (facts-and-asks § 2). Il se prend en plusieurs
fois. Il recommande, l'organisme décide. Un questionnaire commencé se finit dans sa version.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from itertools import product
from pathlib import Path

from conum.formations.rules.lecture import DONNEES, Donnees, Fichier, donnees, exiger, lire
from conum.formations.rules.marches import Marche, Parcours
from conum.socle.donnees_figees import Brut, DonneeInvalide, Source

DIMENSIONS = ("experience", "posture", "technique")
ITEMS_MIN, ITEMS_PAR_DOMAINE_MIN = 40, 4

Reponses = Mapping[str, str]
"""Code de la question → code de la réponse choisie."""


class ReponseInconnue(ValueError):
    """Cette question ou cette réponse n'est pas du questionnaire ; le message se montre tel quel."""


class PositionnementIncomplet(ValueError):
    """Il reste des questions : on ne recommande rien. Le message se montre tel quel."""


@dataclass(frozen=True, slots=True)
class Reponse:
    code: str
    texte: str
    points: int


@dataclass(frozen=True, slots=True)
class Item:
    """Une question. `poids` : ce qu'elle compte dans son domaine et sa dimension."""

    code: str
    domaine: str
    dimension: str
    poids: int
    question: str
    reponses: tuple[Reponse, ...]

    @property
    def maximum(self) -> int:
        return max(r.points for r in self.reponses)

    def reponse(self, code: str) -> Reponse:
        """Raises: ReponseInconnue: ce n'est pas une réponse à cette question."""
        trouvee = next((r for r in self.reponses if r.code == code), None)
        if trouvee is None:
            raise ReponseInconnue(f"« {code} » n’est pas une réponse à la question {self.code}.")
        return trouvee

    def valeur(self, code: str) -> Fraction:
        """De 0 à 1."""
        return Fraction(self.reponse(code).points, self.maximum)


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """Une version. `empreinte` : le SHA-256 de son fichier, à garder avec le positionnement."""

    code: str
    titre: str
    debut: date
    consigne: str
    domaines: Mapping[str, str]
    dimensions: Mapping[str, str]
    items: tuple[Item, ...]
    empreinte: str
    sources: tuple[Source, ...]

    def item(self, code: str) -> Item:
        """Raises: ReponseInconnue: cette question n'existe pas."""
        trouve = next((i for i in self.items if i.code == code), None)
        if trouve is None:
            raise ReponseInconnue(f"La question « {code} » n’est pas de ce questionnaire.")
        return trouve

    def du_domaine(self, domaine: str) -> tuple[Item, ...]:
        return tuple(i for i in self.items if i.domaine == domaine)


@dataclass(frozen=True, slots=True)
class Avancement:
    """Où en est la personne : de quoi reprendre là où elle s'est arrêtée."""

    repondues: int
    total: int
    manquantes: tuple[str, ...]

    @property
    def complet(self) -> bool:
        return not self.manquantes

    @property
    def pourcentage(self) -> int:
        """Arrondi vers le bas : 100 veut dire fini."""
        return 100 * self.repondues // self.total

    @property
    def prochaine(self) -> str | None:
        return self.manquantes[0] if self.manquantes else None


@dataclass(frozen=True, slots=True)
class Scores:
    """De 0 à 100, entiers."""

    general: int
    domaines: Mapping[str, int]
    dimensions: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Recommandation:
    """Le parcours proposé et pourquoi, en phrases."""

    parcours: Parcours
    scores: Scores
    raisons: tuple[str, ...]


def charger(dossier: Path = DONNEES) -> tuple[Questionnaire, ...]:
    """Les questionnaires d'un dossier, le plus ancien d'abord. Raises: DonneeInvalide: un fichier est faux."""
    return assembler(lire(dossier))


def assembler(lues: Donnees) -> tuple[Questionnaire, ...]:
    lus = sorted((_questionnaire(f, lues) for f in lues.sous("questionnaires/")), key=lambda q: q.debut)
    exiger(len({q.debut for q in lus}) == len(lus), "questionnaires", "deux versions commencent le même jour.")
    return tuple(lus)


def _questionnaire(fichier: Fichier, lues: Donnees) -> Questionnaire:
    brut, ou = fichier.brut, fichier.code
    items = tuple(_item(i, ou, brut) for i in brut["items"])
    exiger(len({i.code for i in items}) == len(items), ou, "deux questions portent le même code.")
    exiger(len({i.question for i in items}) == len(items), ou, "deux questions ont le même texte.")
    exiger(len(items) >= ITEMS_MIN, ou, f"il faut au moins {ITEMS_MIN} questions.")
    exiger(tuple(brut["dimensions"]) == DIMENSIONS, ou, f"les dimensions sont {', '.join(DIMENSIONS)}.")
    par_domaine = Counter(i.domaine for i in items)
    for domaine in brut["domaines"]:
        exiger(par_domaine[domaine] >= ITEMS_PAR_DOMAINE_MIN, ou, f"trop peu de questions : {domaine}.")
    presents = {(i.domaine, i.dimension) for i in items}
    absents = sorted(set(product(brut["domaines"], DIMENSIONS)) - presents)
    exiger(not absents, ou, f"aucune question pour {absents}.")
    return Questionnaire(
        code=ou,
        titre=brut["titre"],
        debut=brut["debut"],
        consigne=brut["consigne"],
        domaines=dict(brut["domaines"]),
        dimensions=dict(brut["dimensions"]),
        items=items,
        empreinte=fichier.empreinte,
        sources=lues.citees(brut, ou),
    )


def _item(brut: Brut, ou: str, tout: Brut) -> Item:
    ici = f"{ou}, {brut['code']}"
    reponses = tuple(Reponse(r["code"], r["texte"].strip(), r["points"]) for r in brut["reponses"])
    points = [r.points for r in reponses]
    exiger(brut["domaine"] in tout["domaines"], ici, "domaine inconnu.")
    exiger(brut["dimension"] in tout["dimensions"], ici, "dimension inconnue.")
    exiger(brut["poids"] > 0, ici, "poids nul ou négatif.")
    exiger(bool(brut["question"].strip()) and all(r.texte for r in reponses), ici, "un texte est vide.")
    exiger(len(reponses) >= 2 and len({r.code for r in reponses}) == len(reponses), ici, "réponses en double.")
    exiger(len({r.texte for r in reponses}) == len(reponses), ici, "deux réponses ont le même texte.")
    exiger(min(points) == 0 and max(points) > 0, ici, "les points vont de 0 à plus que 0.")
    return Item(brut["code"], brut["domaine"], brut["dimension"], brut["poids"], brut["question"].strip(), reponses)


@cache
def questionnaires() -> tuple[Questionnaire, ...]:
    return assembler(donnees())


def questionnaire_au(jour: date, de: Sequence[Questionnaire] | None = None) -> Questionnaire:
    """Le questionnaire à proposer ce jour-là ; le premier vaut pour ce qui le précède."""
    connus = de if de is not None else questionnaires()
    return max((q for q in connus if q.debut <= jour), key=lambda q: q.debut, default=connus[0])


def questionnaire(code: str, empreinte: str = "", de: Sequence[Questionnaire] | None = None) -> Questionnaire:
    """La version de ce code ; `empreinte`, gardée avec les réponses, prouve que c'est bien la même.

    Raises:
        ReponseInconnue: cette version n'existe pas.
        DonneeInvalide: elle n'a plus l'empreinte attendue.
    """
    trouve = next((q for q in (de if de is not None else questionnaires()) if q.code == code), None)
    if trouve is None:
        raise ReponseInconnue(f"Le questionnaire « {code} » n’existe pas.")
    if empreinte and trouve.empreinte != empreinte:
        raise DonneeInvalide(f"Le questionnaire {code} n'est plus celui que la personne a rempli.")
    return trouve


def verifier(questionnaire: Questionnaire, reponses: Reponses) -> None:
    """Raises: ReponseInconnue: une question ou une réponse n'est pas du questionnaire."""
    for code, choix in reponses.items():
        questionnaire.item(code).reponse(choix)


def avancement(questionnaire: Questionnaire, reponses: Reponses) -> Avancement:
    """Ce qui est répondu et ce qui manque, dans l'ordre du questionnaire. Raises: ReponseInconnue."""
    verifier(questionnaire, reponses)
    manquantes = tuple(i.code for i in questionnaire.items if i.code not in reponses)
    total = len(questionnaire.items)
    return Avancement(total - len(manquantes), total, manquantes)


def scores(questionnaire: Questionnaire, reponses: Reponses) -> Scores:
    """Les scores d'un questionnaire fini.

    Raises:
        PositionnementIncomplet: il reste des questions.
        ReponseInconnue: une réponse n'est pas du questionnaire.
    """
    etat = avancement(questionnaire, reponses)
    if not etat.complet:
        reste = len(etat.manquantes)
        pluriel = "s" if reste > 1 else ""
        raise PositionnementIncomplet(f"Il reste {reste} question{pluriel} sur {etat.total}.")
    return Scores(
        general=_score(questionnaire.items, reponses),
        domaines={
            d: _score((i for i in questionnaire.items if i.domaine == d), reponses) for d in questionnaire.domaines
        },
        dimensions={
            d: _score((i for i in questionnaire.items if i.dimension == d), reponses) for d in questionnaire.dimensions
        },
    )


def _score(items: Iterable[Item], reponses: Reponses) -> int:
    """La moyenne pondérée, sur 100, arrondie au plus proche (la moitié vers le haut) : exacte, sans flottant."""
    retenus = list(items)
    obtenu = sum((i.poids * i.valeur(reponses[i.code]) for i in retenus), Fraction(0))
    return int(obtenu / sum(i.poids for i in retenus) * 100 + Fraction(1, 2))


def recommander(questionnaire: Questionnaire, reponses: Reponses, marche: Marche) -> Recommandation:
    """Le plus haut niveau que permettent le score général et le domaine le plus faible, avec ses raisons.

    Raises:
        PositionnementIncomplet: il reste des questions.
        ValueError: le marché n'a pas de parcours.
    """
    if not marche.parcours:
        raise ValueError(f"Aucun parcours à recommander : {marche.inconnu}.")
    obtenus = scores(questionnaire, reponses)
    faible = min(obtenus.domaines, key=lambda d: obtenus.domaines[d])
    permis = [p for p in marche.parcours if _permet(p, obtenus, faible)]
    retenu = max(permis, key=lambda p: p.rang)
    return Recommandation(retenu, obtenus, _raisons(questionnaire, obtenus, faible, retenu, marche))


def _permet(p: Parcours, obtenus: Scores, faible: str) -> bool:
    return obtenus.general >= p.score_min and obtenus.domaines[faible] >= p.plancher_domaine


def _raisons(q: Questionnaire, obtenus: Scores, faible: str, retenu: Parcours, marche: Marche) -> tuple[str, ...]:
    """Les scores, ce qui empêche le niveau au-dessus, les points forts et ce qu'il faut travailler."""
    if len(marche.parcours) == 1:
        raisons = [f"Score général : {obtenus.general} sur 100. Ce marché n’a qu’un parcours : {retenu.libelle}."]
    else:
        raisons = [
            f"Score général : {obtenus.general} sur 100. {retenu.libelle} : à partir de {retenu.score_min} sur 100."
        ]
    dessus = next((p for p in marche.parcours if p.rang > retenu.rang), None)
    if dessus is not None and obtenus.general < dessus.score_min:
        raisons.append(f"{dessus.libelle} demande {dessus.score_min} sur 100.")
    if dessus is not None and obtenus.domaines[faible] < dessus.plancher_domaine:
        raisons.append(
            f"{dessus.libelle} demande au moins {dessus.plancher_domaine} dans chaque domaine ; "
            f"« {q.domaines[faible]} » est à {obtenus.domaines[faible]}."
        )
    fort = max(obtenus.domaines, key=lambda d: obtenus.domaines[d])
    if obtenus.domaines[fort] > obtenus.domaines[faible]:
        raisons.append(f"Point fort : « {q.domaines[fort]} » ({obtenus.domaines[fort]} sur 100).")
        raisons.append(f"À travailler d’abord : « {q.domaines[faible]} » ({obtenus.domaines[faible]} sur 100).")
    dimension = min(obtenus.dimensions, key=lambda d: obtenus.dimensions[d])
    raisons.append(f"Dimension la plus basse : {q.dimensions[dimension]} ({obtenus.dimensions[dimension]} sur 100).")
    return tuple(raisons)
