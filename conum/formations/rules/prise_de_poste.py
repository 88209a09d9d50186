"""La prise de poste : permise ou refusée par les règles de la date du contrat, et pourquoi.

Par défaut la formation précède l'entrée en fonction (texte du programme) ; un marché peut dire l'alternance. Le
titulaire du CCP1 ou du titre est dispensé, s'il le prouve (facts-and-asks § 2).
"""

from dataclasses import dataclass
from datetime import date, timedelta

from conum.formations.rules.assiduite import Assiduite, en_heures
from conum.formations.rules.certification import titres
from conum.formations.rules.marches import CERTIFICATIONS, Acces, Catalogue, Marche, catalogue
from conum.socle.donnees_figees import nommer


@dataclass(frozen=True, slots=True)
class Formation:
    """Où en est la formation d'une personne. `attestee_le` : le jour de son attestation de fin, s'il y en a une."""

    assiduite: Assiduite
    session_debut: date | None = None
    attestee_le: date | None = None


@dataclass(frozen=True, slots=True)
class Exemption:
    """Ce qui dispense de formation. `titre` : le code du titre dont relève le certificat, s'il est dit."""

    certification: str
    obtenue_le: date
    preuve: bool
    titre: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Permise ou non ; `raisons` : ce qui l'empêche, une phrase chacune ; `regle` : la règle qui s'applique."""

    autorise: bool
    raisons: tuple[str, ...]
    regle: str


def peut_prendre_poste(
    contrat_debut: date,
    *,
    jour: date,
    formation: Formation | None = None,
    exemption: Exemption | None = None,
    contrat_fin: date | None = None,
    marches: Catalogue | None = None,
) -> Verdict:
    """La personne peut-elle prendre son poste ce jour-là ?

    `contrat_fin` : le dernier jour du contrat. Une dispense qui ne tient pas n'empêche pas une formation finie de
    suffire ; ses raisons ne sont dites que si rien d'autre n'autorise.
    """
    marche = (marches or catalogue()).regle_au(contrat_debut)
    du_contrat = _raisons_du_contrat(contrat_debut, contrat_fin, jour)
    if exemption is not None:
        de_dispense = raisons_de_dispense(exemption, marche, jour)
        if not de_dispense:
            nom = CERTIFICATIONS[exemption.certification]
            return Verdict(not du_contrat, du_contrat, f"Dispense de formation : {nom}, avec la preuve.")
    else:
        de_dispense = ()
    de_formation = _raisons_de_formation(formation, marche, jour)
    raisons = (*du_contrat, *de_formation, *(de_dispense if de_formation else ()))
    return Verdict(not raisons, raisons, _dire_regle(marche, contrat_debut))


def _raisons_du_contrat(debut: date, fin: date | None, jour: date) -> tuple[str, ...]:
    if jour < debut:
        return (f"Le contrat commence le {debut:%d/%m/%Y} : on ne prend pas son poste avant.",)
    if fin is not None and jour > fin:
        return (f"Le contrat a pris fin le {fin:%d/%m/%Y}.",)
    return ()


def raisons_de_dispense(exemption: Exemption, marche: Marche, jour: date) -> tuple[str, ...]:
    """Ce qui empêche ce certificat de dispenser, une phrase chacun ; vide s'il dispense."""
    raisons = []
    if exemption.certification not in marche.exemptions:
        permises = " ou le ".join(CERTIFICATIONS[c] for c in marche.exemptions)
        raisons.append(f"Seul le {permises} dispense de formation.")
    if not exemption.preuve:
        raisons.append("La dispense n’a pas de preuve : joignez le certificat.")
    if exemption.obtenue_le > jour:
        raisons.append(f"Le certificat qui dispense est daté du {exemption.obtenue_le:%d/%m/%Y}, dans le futur.")
    titre = next((t for t in titres() if t.code == exemption.titre), None)
    if exemption.titre and titre is None:
        raisons.append(f"Le titre « {exemption.titre} » n’est pas connu.")
    if titre is not None and exemption.obtenue_le < titre.depuis and titre is not titres()[0]:
        raisons.append(f"Le titre « {titre.intitule} » n’existe que depuis le {titre.depuis:%d/%m/%Y}.")
    return tuple(raisons)


def _raisons_de_formation(formation: Formation | None, marche: Marche, jour: date) -> tuple[str, ...]:
    if formation is None or formation.session_debut is None:
        return ("La personne n’est inscrite à aucune session de formation.",)
    if jour < formation.session_debut:
        return (f"La formation n’a pas commencé : la session commence le {formation.session_debut:%d/%m/%Y}.",)
    if marche.acces is Acces.ALTERNANCE:
        return ()
    return _raisons_avant_l_entree(formation, jour)


def _raisons_avant_l_entree(formation: Formation, jour: date) -> tuple[str, ...]:
    raisons = []
    suivie = formation.assiduite
    for nom, part in (("cours", suivie.cours), ("stage", suivie.stage)):
        if part.manquantes:
            reste, dues = en_heures(part.manquantes), en_heures(part.requises)
            raisons.append(f"Il manque {reste} de {nom} signées, sur les {dues} du parcours.")
    if formation.attestee_le is None:
        raisons.append("L’attestation de fin de formation n’est pas délivrée.")
    elif formation.attestee_le > jour:
        raisons.append(f"L’attestation de fin de formation est datée du {formation.attestee_le:%d/%m/%Y}.")
    return tuple(raisons)


def _dire_regle(marche: Marche, contrat_debut: date) -> str:
    du = f"Contrat du {contrat_debut:%d/%m/%Y}, {marche.titre[0].lower()}{marche.titre[1:]}"
    sources = nommer(marche.note_acces.sources)
    return f"{du} : {marche.note_acces.texte} Source : {sources}."


def limite_de_depart(contrat_signe_le: date, marche: Marche) -> date:
    """Le dernier jour pour laisser partir la personne en formation."""
    return contrat_signe_le + timedelta(days=marche.depart_jours)


def depart_en_retard(contrat_signe_le: date, marche: Marche, *, depart: date | None, jour: date) -> str:
    """La phrase d'alerte, ou rien : la structure laisse partir la personne dans les quinze jours de la signature."""
    limite = limite_de_depart(contrat_signe_le, marche)
    if (depart or jour) <= limite:
        return ""
    fait = f"elle est partie le {depart:%d/%m/%Y}" if depart else "elle n’est pas partie"
    return f"La personne devait pouvoir partir en formation avant le {limite:%d/%m/%Y} ; {fait}."
