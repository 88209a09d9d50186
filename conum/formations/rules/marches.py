"""Les marchés de formation et leurs parcours : des données datées (`donnees/marches`), jamais des constantes.

Un marché dit les parcours, ce que l'État paie, si la formation précède la prise de poste, les délais et qui est
dispensé (facts-and-asks § 2). Il court de son début à celui du suivant, ou à sa fin si elle vient avant. Ce qu'aucune
source ne dit est marqué inconnu : rien n'est inventé. Un marché nouveau est un fichier de plus.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from itertools import pairwise
from pathlib import Path

from conum.formations.rules.lecture import DONNEES, Donnees, Fichier, donnees, exiger, lire
from conum.socle.donnees_figees import Brut, DonneeInvalide, Source

CCP1, TITRE, PIX = "ccp1", "titre", "pix"
CERTIFICATIONS = {
    CCP1: "premier certificat de compétences professionnelles (CCP1)",
    TITRE: "titre professionnel",
    PIX: "certification Pix",
}


class Acces(StrEnum):
    """Quand la prise de poste devient possible."""

    APRES = "apres_formation"
    ALTERNANCE = "en_alternance"


class MarcheInconnu(ValueError):
    """Aucun marché, ou aucun parcours, ne répond ; le message se montre tel quel à l'usager."""


@dataclass(frozen=True, slots=True)
class Parcours:
    """Un parcours. `rang` croît avec le niveau de la personne ; `score_min` et `plancher_domaine` le recommandent."""

    code: str
    marche: str
    libelle: str
    rang: int
    heures_cours: int
    heures_stage: int
    score_min: int
    plancher_domaine: int
    sources: tuple[Source, ...]

    @property
    def heures(self) -> int:
        return self.heures_cours + self.heures_stage


@dataclass(frozen=True, slots=True)
class Cout:
    """Ce que l'État paie pour une personne. `inconnu` non vide : la raison de ne donner aucun montant."""

    nature: str
    libelle: str
    montant: Decimal
    moyenne: bool
    inconnu: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Lot:
    """Un organisme retenu, et les régions (codes Insee) qu'il sert ; `a_distance` : tout le pays."""

    organisme: str
    regions: tuple[str, ...]
    a_distance: bool
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Note:
    texte: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Marche:
    """Un marché et ses règles. `empreinte` : le SHA-256 de son fichier, à garder avec l'inscription."""

    code: str
    titre: str
    defaut: bool
    debut: date | None
    fin: date | None
    date_note: str
    inconnu: str
    empreinte: str
    sources: tuple[Source, ...]
    acces: Acces
    note_acces: Note
    depart_jours: int
    certification_mois: int
    exemptions: tuple[str, ...]
    parcours: tuple[Parcours, ...]
    note_positionnement: Note | None
    couts: tuple[Cout, ...]
    lots: tuple[Lot, ...]
    reserves: tuple[Note, ...]

    def couvre(self, jour: date) -> bool:
        return (self.debut is None or self.debut <= jour) and (self.fin is None or jour < self.fin)

    def par_code(self, code: str) -> Parcours:
        """Raises: MarcheInconnu: ce marché n'a pas ce parcours."""
        trouve = next((p for p in self.parcours if p.code == code), None)
        if trouve is None:
            raise MarcheInconnu(f"Le parcours « {code} » n’est pas de ce marché : {self.titre}.")
        return trouve


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Les marchés, du plus ancien au plus récent, et la règle qui vaut quand aucun ne court."""

    marches: tuple[Marche, ...]
    defaut: Marche

    def au(self, jour: date) -> Marche:
        """Le marché en cours.

        Raises:
            MarcheInconnu: aucun marché ne court ce jour-là.
        """
        trouve = next((m for m in self.marches if m.couvre(jour)), None)
        if trouve is None:
            raise MarcheInconnu(self._trou(jour))
        return trouve

    def regle_au(self, jour: date) -> Marche:
        """Le marché en cours ou, à défaut, la règle de base du programme (sans parcours)."""
        return next((m for m in self.marches if m.couvre(jour)), self.defaut)

    def _trou(self, jour: date) -> str:
        avant = max((m.fin for m in self.marches if m.fin and m.fin <= jour), default=None)
        apres = min((m.debut for m in self.marches if m.debut and m.debut > jour), default=None)
        suite = f" ; le précédent a pris fin le {avant:%d/%m/%Y}" if avant else ""
        suite += f" ; le suivant commence le {apres:%d/%m/%Y}" if apres else ""
        return f"Aucun marché de formation n’est en cours au {jour:%d/%m/%Y}{suite}."

    def marche(self, code: str, empreinte: str = "") -> Marche:
        """Le marché de ce code ; `empreinte`, gardée avec l'inscription, prouve que c'est bien le même.

        Raises:
            MarcheInconnu: ce code n'existe pas.
            DonneeInvalide: le marché n'a plus l'empreinte attendue.
        """
        trouve = next((m for m in (*self.marches, self.defaut) if m.code == code), None)
        if trouve is None:
            raise MarcheInconnu(f"Le marché « {code} » n’existe pas.")
        if empreinte and trouve.empreinte != empreinte:
            raise DonneeInvalide(f"Le marché {code} n'est plus celui que l'inscription a retenu.")
        return trouve

    def parcours(self, code: str) -> Parcours:
        """Raises: MarcheInconnu: aucun marché n'a ce parcours."""
        trouve = next((p for m in self.marches for p in m.parcours if p.code == code), None)
        if trouve is None:
            raise MarcheInconnu(f"Le parcours « {code} » n’existe pas.")
        return trouve


def charger(dossier: Path = DONNEES) -> Catalogue:
    """Les marchés d'un dossier.

    Raises:
        DonneeInvalide: un fichier est faux, ou deux marchés commencent le même jour.
    """
    return assembler(lire(dossier))


def assembler(lues: Donnees) -> Catalogue:
    marches = [_marche(f, lues) for f in lues.sous("marches/")]
    dates = sorted((m for m in marches if m.debut), key=lambda m: m.debut or date.min)
    defauts = [m for m in marches if m.defaut]
    exiger(len(defauts) == 1, "marches", "il faut une règle par défaut, et une seule.")
    exiger(all(a.debut != b.debut for a, b in pairwise(dates)), "marches", "deux marchés commencent le même jour.")
    codes = [p.code for m in dates for p in m.parcours]
    exiger(len(set(codes)) == len(codes), "marches", "deux parcours portent le même code.")
    suivants = [m.debut for m in dates[1:]] + [None]
    bornes = tuple(replace(m, fin=_premier(m.fin, suite)) for m, suite in zip(dates, suivants, strict=True))
    return Catalogue(bornes, defauts[0])


def _premier(fin: date | None, suivant: date | None) -> date | None:
    return min((d for d in (fin, suivant) if d), default=None)


def _marche(fichier: Fichier, lues: Donnees) -> Marche:
    brut, ou = fichier.brut, fichier.code
    debut, fin, defaut = brut.get("debut"), brut.get("fin"), brut.get("defaut", False)
    exiger(defaut == (debut is None), ou, "un marché a un début ; la règle par défaut n'en a pas.")
    exiger(fin is None or (debut is not None and debut < fin), ou, "la fin précède le début.")
    parcours = tuple(_parcours(p, ou, lues) for p in brut.get("parcours", ()))
    exiger(bool(parcours) != bool(brut.get("inconnu")), ou, "des parcours, ou la raison de n'en avoir pas.")
    _verifier_niveaux(parcours, ou)
    exemptions = tuple(brut["exemption"]["certifications"])
    exiger(set(exemptions) <= {CCP1, TITRE}, ou, "certification qui dispense inconnue.")
    lues.citees(brut["exemption"], ou)
    lues.citees(brut["delais"], ou)
    return Marche(
        code=ou,
        titre=brut["titre"],
        defaut=defaut,
        debut=debut,
        fin=fin,
        date_note=brut["date_note"],
        inconnu=brut.get("inconnu", ""),
        empreinte=fichier.empreinte,
        sources=lues.citees(brut, ou),
        acces=Acces(brut["prise_de_poste"]["acces"]),
        note_acces=Note(brut["prise_de_poste"]["note"], lues.citees(brut["prise_de_poste"], ou)),
        depart_jours=_positif(brut["delais"]["depart_jours"], ou),
        certification_mois=_positif(brut["delais"]["certification_mois"], ou),
        exemptions=exemptions,
        parcours=tuple(sorted(parcours, key=lambda p: p.rang)),
        note_positionnement=_note_positionnement(brut, ou, lues),
        couts=tuple(_cout(c, ou, lues) for c in brut.get("couts", ())),
        lots=tuple(_lot(x, ou, lues) for x in brut.get("lots", ())),
        reserves=tuple(Note(r["texte"], lues.citees(r, ou)) for r in brut.get("reserves", ())),
    )


def _positif(nombre: int, ou: str) -> int:
    exiger(nombre > 0, ou, "un délai est nul ou négatif.")
    return nombre


def _note_positionnement(brut: Brut, ou: str, lues: Donnees) -> Note | None:
    if "parcours" not in brut:
        return None
    return Note(brut["positionnement"]["note"], lues.citees(brut["positionnement"], ou))


def _parcours(brut: Brut, ou: str, lues: Donnees) -> Parcours:
    exiger(brut["heures_cours"] > 0 and brut["heures_stage"] >= 0, ou, "un parcours sans heures.")
    exiger(0 <= brut["score_min"] <= 100 and 0 <= brut["plancher_domaine"] <= 100, ou, "un score sort de 0 à 100.")
    return Parcours(
        code=brut["code"],
        marche=ou,
        libelle=brut["libelle"],
        rang=brut["rang"],
        heures_cours=brut["heures_cours"],
        heures_stage=brut["heures_stage"],
        score_min=brut["score_min"],
        plancher_domaine=brut["plancher_domaine"],
        sources=lues.citees(brut, ou),
    )


def _verifier_niveaux(parcours: tuple[Parcours, ...], ou: str) -> None:
    """Un niveau plus haut demande un meilleur score et moins d'heures ; le plus bas accueille tout le monde."""
    if not parcours:
        return
    ranges = sorted(parcours, key=lambda p: p.rang)
    exiger(
        ranges[0].score_min == 0 and ranges[0].plancher_domaine == 0,
        ou,
        "le premier niveau doit accueillir tout le monde (score et plancher nuls).",
    )
    for bas, haut in pairwise(ranges):
        exiger(bas.rang < haut.rang, ou, "deux parcours ont le même rang.")
        exiger(bas.score_min < haut.score_min, ou, "un niveau plus haut demande un meilleur score.")
        exiger(bas.plancher_domaine <= haut.plancher_domaine, ou, "un niveau plus haut a un plancher plus bas.")
        exiger(bas.heures > haut.heures, ou, "un niveau plus haut a plus d'heures.")


def _cout(brut: Brut, ou: str, lues: Donnees) -> Cout:
    inconnu = brut.get("inconnu", "")
    exiger(bool(inconnu) != ("montant" in brut), ou, "un coût est connu ou inconnu, pas les deux.")
    exiger(brut["nature"] in {"formation", "certification"}, ou, "nature de coût inconnue.")
    montant = Decimal(brut.get("montant", 0)).quantize(Decimal("0.01"))
    exiger(montant == Decimal(brut.get("montant", 0)) and montant >= 0, ou, "un coût n'est pas un montant au centime.")
    exiger(bool(inconnu) or montant > 0, ou, "un coût connu est nul.")
    return Cout(brut["nature"], brut["libelle"], montant, brut.get("moyenne", False), inconnu, lues.citees(brut, ou))


def _lot(brut: Brut, ou: str, lues: Donnees) -> Lot:
    regions, a_distance = tuple(brut["regions"]), brut.get("a_distance", False)
    exiger(bool(regions) != a_distance, ou, "un lot a des régions, ou couvre tout le pays à distance.")
    return Lot(brut["organisme"], regions, a_distance, lues.citees(brut, ou))


@cache
def catalogue() -> Catalogue:
    return assembler(donnees())


def marche_au(jour: date) -> Marche:
    """Le marché en cours. Raises: MarcheInconnu: aucun ne court ce jour-là."""
    return catalogue().au(jour)


def regle_au(jour: date) -> Marche:
    """Le marché en cours ou, à défaut, la règle de base du programme (sans parcours)."""
    return catalogue().regle_au(jour)


def marche(code: str, empreinte: str = "") -> Marche:
    """Le marché de ce code. Raises: MarcheInconnu ou DonneeInvalide (voir `Catalogue.marche`)."""
    return catalogue().marche(code, empreinte)


def parcours(code: str) -> Parcours:
    """Le parcours de ce code. Raises: MarcheInconnu: aucun marché ne l'a."""
    return catalogue().parcours(code)


@dataclass(frozen=True, slots=True)
class PriseEnCharge:
    """Ce que l'État paie pour une personne. `total` manque dès qu'un montant est inconnu : les raisons le disent."""

    couts: tuple[Cout, ...]
    total: Decimal | None
    raisons: tuple[str, ...]


def prise_en_charge(marche: Marche) -> PriseEnCharge:
    """Le coût d'une personne dans ce marché, ou pourquoi on ne le sait pas."""
    raisons = tuple(f"{c.libelle} : {c.inconnu}." for c in marche.couts if c.inconnu)
    if not marche.couts:
        raisons = (f"{marche.titre} : {marche.inconnu or 'aucun coût n’est publié'}.",)
    total = None if raisons else sum((c.montant for c in marche.couts), Decimal(0))
    return PriseEnCharge(marche.couts, total, raisons)


def organismes_de(marche: Marche, region: str) -> tuple[str, ...]:
    """Les organismes qui servent une région (code Insee) : sur place d'abord, à distance ensuite."""
    sur_place = [x.organisme for x in marche.lots if region in x.regions]
    return (*sur_place, *(x.organisme for x in marche.lots if x.a_distance))
