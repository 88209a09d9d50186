"""Les certifications visées : le titre selon la date, le délai pour s'y présenter, ce qu'un résultat entraîne.

Sources : facts-and-asks § 2. L'échec ne change ni le contrat ni la subvention ; l'absence sans raison est une alarme.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache

from conum.formations.rules.lecture import donnees, exiger
from conum.formations.rules.marches import CERTIFICATIONS, PIX, Marche
from conum.postes.rules.delais import plus_mois
from conum.socle.donnees_figees import Source


@dataclass(frozen=True, slots=True)
class Titre:
    """Un titre professionnel, visé depuis `depuis` et jusqu'au suivant."""

    code: str
    intitule: str
    depuis: date
    sources: tuple[Source, ...]


class Resultat(StrEnum):
    REUSSI = "reussi"
    ECHOUE = "echoue"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Suite:
    """Ce qu'un résultat entraîne : une alarme ou non, et la phrase qui le dit."""

    alarme: bool
    phrase: str


@cache
def titres() -> tuple[Titre, ...]:
    """Les titres successifs, le plus ancien d'abord."""
    lues = donnees()
    trouves = [
        Titre(t["code"], t["intitule"], t["depuis"], lues.citees(t, f.chemin))
        for f in lues.sous("titres")
        for t in f.brut["titres"]
    ]
    exiger(len({t.depuis for t in trouves}) == len(trouves), "titres", "deux titres commencent le même jour.")
    return tuple(sorted(trouves, key=lambda t: t.depuis))


def titre_au(jour: date) -> Titre:
    """Le titre visé ce jour-là ; le premier vaut pour ce qui le précède."""
    return max((t for t in titres() if t.depuis <= jour), key=lambda t: t.depuis, default=titres()[0])


def limite_de_presentation(fin_formation: date, marche: Marche) -> date:
    """Le dernier jour pour se présenter aux certifications."""
    return plus_mois(fin_formation, marche.certification_mois)


def verifier_certificat(certification: str, delivre_le: date, *, formation_debut: date, jour: date) -> tuple[str, ...]:
    """Ce qui rend un certificat impossible après cette formation ; vide s'il est recevable."""
    fautes = []
    if certification not in CERTIFICATIONS:
        fautes.append(f"La certification « {certification} » n’est pas connue : {', '.join(CERTIFICATIONS)}.")
    if delivre_le > jour:
        fautes.append(f"Le certificat est daté du {delivre_le:%d/%m/%Y}, dans le futur.")
    elif delivre_le < formation_debut:
        fautes.append(
            f"Le certificat est daté du {delivre_le:%d/%m/%Y}, avant le début de la formation "
            f"({formation_debut:%d/%m/%Y}) : il relève d’une dispense."
        )
    return tuple(fautes)


def suite_de(resultat: Resultat, *, limite: date, jour: date, motif: str = "") -> Suite:
    """Ce qu'un résultat entraîne. `motif` : la raison d'une absence, si elle est donnée."""
    if resultat is Resultat.REUSSI:
        return Suite(False, "Certification obtenue.")
    if resultat is Resultat.ECHOUE:
        return Suite(
            False, "L’échec ne remet en cause ni le contrat ni la subvention. Une nouvelle présentation est possible."
        )
    if motif.strip():
        return Suite(False, f"Absence justifiée : {motif.strip()}. Se présenter avant le {limite:%d/%m/%Y}.")
    reste = (
        f"avant le {limite:%d/%m/%Y}"
        if jour <= limite
        else f"dès que possible : le délai a pris fin le {limite:%d/%m/%Y}"
    )
    return Suite(True, f"Absence sans raison connue, alors que se présenter est une obligation. Se présenter {reste}.")


def intitule(certification: str, jour: date) -> str:
    """« CCP1 du titre « Médiateur numérique » », selon la date."""
    if certification == PIX:
        return "Certification Pix"
    titre = f"titre professionnel « {titre_au(jour).intitule} »"
    return titre[0].upper() + titre[1:] if certification == "titre" else f"CCP1 du {titre}"
