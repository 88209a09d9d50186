"""Les critères d'une paire et les parts de son coût, en mots : ce que lisent la structure, le candidat et l'ANCT.

Les faits viennent de `rules.appariement`, le calcul lui-même ; ce module n'y ajoute que des phrases.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.formats import date_format

from conum.recrutement.actions.marche import masque, numero_du_territoire, portee_km
from conum.recrutement.models import Candidat, MiseEnRelation, Passe, Recrutement
from conum.recrutement.rules import appariement
from conum.recrutement.rules import candidature as regles
from conum.recrutement.rules.appariement import Paire
from conum.recrutement.states import EtatCandidat, EtatRecrutement
from conum.territoires.rules import distance_km

COMPOSANTES = {
    "distance": "Distance",
    "acquis": "Expérience ou diplôme",
    "niveau": "Niveau numérique demandé",
    "attente": "Attente entre la disponibilité et le début du poste",
}


@dataclass(frozen=True)
class Critere:
    """Une condition de faisabilité, ce qu'on a constaté, et si elle est remplie."""

    cle: str
    titre: str
    constat: str
    satisfait: bool


@dataclass(frozen=True)
class Composante:
    """Une part du coût : ce qu'on a lu, le poids publié, les points qui en viennent."""

    titre: str
    constat: str
    poids: str
    points: float


# --- Aujourd'hui ------------------------------------------------------------------------------------------------------


def criteres(recrutement: Recrutement, candidat: Candidat, jour: date) -> tuple[Critere, ...]:
    """Les conditions de faisabilité, aujourd'hui, dans l'ordre où l'on s'arrête."""
    paire = paire_du_jour(recrutement, candidat, jour)
    etats = (_critere_candidat(candidat), _critere_recrutement(recrutement))
    if paire is None:
        return (*etats, Critere("lieu", "Lieu", "La commune n’est pas encore placée sur la carte.", satisfait=False))
    return (*etats, *_de_la_paire(paire))


def paire_du_jour(recrutement: Recrutement, candidat: Candidat, jour: date) -> Paire | None:
    """La paire telle que le calcul la lirait ce jour-là ; None si l'un des deux n'a pas de lieu ou de date."""
    distance = _distance(recrutement, candidat)
    if distance is None or candidat.mobilite_km is None or candidat.disponible_le is None:
        return None
    return Paire(
        distance_km=distance,
        mobilite_km=portee_km(candidat.mobilite_km),
        debut=max(recrutement.debut, jour),
        disponible=candidat.disponible_le,
        territoire_besoin=numero_du_territoire(recrutement.territoire),
        territoire_candidat=numero_du_territoire(candidat.territoire),
        territoires_choisis=masque(candidat.territoires_choisis),
        experience=candidat.experience,
        diplome=candidat.diplome,
        niveau=recrutement.niveau,
        palier=(candidat.pix_palier or 0) if candidat.pix_partage else 0,
    )


def _distance(recrutement: Recrutement, candidat: Candidat) -> float | None:
    la = (recrutement.latitude, recrutement.longitude)
    ici = (candidat.latitude, candidat.longitude)
    if None in la or None in ici:
        return None
    return distance_km(la, ici)  # type: ignore[arg-type]


def _critere_candidat(candidat: Candidat) -> Critere:
    libre = candidat.etat == EtatCandidat.DISPONIBLE
    return Critere("candidat", "Candidature", f"La candidature est « {candidat.get_etat_display().lower()} ».", libre)


def _critere_recrutement(recrutement: Recrutement) -> Critere:
    ouvert = recrutement.etat == EtatRecrutement.OUVERT
    constat = f"Le recrutement est « {recrutement.get_etat_display().lower()} »."
    return Critere("recrutement", "Recrutement", constat, ouvert)


def _de_la_paire(paire: Paire) -> Iterator[Critere]:
    """Dans son territoire, la mobilité borne ; dans un autre, il faut l'avoir choisi."""
    lus = {critere.nom: critere.satisfait for critere in appariement.criteres(paire)}
    if paire.territoire_choisi:
        choisi = "a été choisi" if lus["territoire"] else "n’a pas été choisi"
        constat = f"Le poste est dans un autre territoire, qui {choisi}."
        yield Critere("territoire", "Territoire", constat, lus["territoire"])
    else:
        portee = "France entière" if paire.mobilite_km == float("inf") else f"de {nombre(paire.mobilite_km)} km"
        constat = f"{nombre(paire.distance_km)} km, pour une mobilité {portee}."
        yield Critere("distance", "Distance", constat, lus["mobilite"])
    constat = f"Disponible le {en_jour(paire.disponible)}, pour un poste à partir du {en_jour(paire.debut)}."
    yield Critere("date", "Dates", constat, lus["disponibilite"])


# --- Le jour du passage -----------------------------------------------------------------------------------------------


def detail(paire: Paire, passe: Passe) -> dict[str, Any]:
    """Ce qu'on garde d'une paire avec sa proposition, de quoi l'expliquer plus tard : voir `paire_du_passage`."""
    return {
        "ponderation": passe.ponderation,
        "version": passe.version,
        "max_par_poste": passe.parametres["max_par_poste"],
        "max_par_candidat": passe.parametres["max_par_candidat"],
        # JSON n'a pas d'infini : None vaut « France entière ».
        "mobilite_km": None if paire.mobilite_km == float("inf") else paire.mobilite_km,
        "debut": paire.debut.isoformat(),
        "disponible_le": paire.disponible.isoformat(),
        "territoires": [paire.territoire_besoin, paire.territoire_candidat, paire.territoires_choisis],
        "experience": paire.experience,
        "diplome": paire.diplome,
        "niveau_demande": paire.niveau,
        "palier": paire.palier,
    }


def paire_du_passage(relation: MiseEnRelation) -> Paire | None:
    """La paire telle que le passage l'a lue ; None si elle n'a pas été gardée."""
    lu = relation.detail
    if relation.passe_id is None or "territoires" not in lu:
        return None
    poste, personne, choisis = lu["territoires"]
    return Paire(
        distance_km=relation.distance_km or 0.0,
        mobilite_km=float("inf") if lu["mobilite_km"] is None else lu["mobilite_km"],
        debut=date.fromisoformat(lu["debut"]),
        disponible=date.fromisoformat(lu["disponible_le"]),
        territoire_besoin=poste,
        territoire_candidat=personne,
        territoires_choisis=choisis,
        experience=lu["experience"],
        diplome=lu["diplome"],
        niveau=lu["niveau_demande"],
        palier=lu["palier"],
    )


def criteres_gardes(paire: Paire, relation: MiseEnRelation) -> Iterator[Critere]:
    yield from _de_la_paire(paire)
    yield Critere("etat", "Candidature", "Confirmée et disponible ce jour-là.", satisfait=True)
    yield Critere("deja", "Échanges précédents", "Aucun refus d’une part ou de l’autre auparavant.", satisfait=True)
    plafonds = (
        f"{relation.detail['max_par_poste']} propositions au plus par poste vacant, "
        f"{relation.detail['max_par_candidat']} ouvertes au plus par candidat."
    )
    yield Critere("plafonds", "Plafonds", plafonds, satisfait=True)


def composantes_gardees(paire: Paire, relation: MiseEnRelation) -> Iterator[Composante]:
    """Les points gardés avec la proposition, chacun avec ce qu'on a lu et le poids du passage."""
    assert relation.passe is not None
    poids = relation.passe.parametres["poids"]
    constats = {
        "distance": f"{nombre(paire.distance_km)} km",
        "acquis": _constat_acquis(paire),
        "niveau": _constat_niveau(paire),
        "attente": _jours(max(0, (paire.debut - paire.disponible).days)),
    }
    for cle, titre in COMPOSANTES.items():
        yield Composante(titre, constats[cle], _poids(cle, poids), float(relation.detail[cle]))


def _constat_acquis(paire: Paire) -> str:
    acquis = [nom for oui, nom in ((paire.experience, "expérience"), (paire.diplome, "diplôme")) if oui]
    return " et ".join(acquis).capitalize() if acquis else "Ni expérience ni diplôme"


def _constat_niveau(paire: Paire) -> str:
    if not paire.niveau:
        return "Aucun niveau demandé"
    atteint = regles.NIVEAUX[paire.palier].lower() if paire.palier else "non communiqué"
    return f"Demandé : {regles.NIVEAUX[paire.niveau].lower()} ; atteint : {atteint}"


def _jours(jours: int) -> str:
    return f"{jours} jour{'s' * (jours > 1)}"


def _poids(cle: str, poids: Mapping[str, float]) -> str:
    """Le poids publié, en mots."""
    lu = {nom: nombre(valeur) for nom, valeur in poids.items()}
    return {
        "distance": f"{lu['points_par_km']} point par kilomètre",
        "acquis": f"{lu['points_sans_experience_ni_diplome']} points sans expérience ni diplôme",
        "niveau": f"{lu['points_par_cran_de_niveau']} points par cran manquant, "
        f"{lu['points_niveau_inconnu']} si inconnu",
        "attente": f"{lu['points_par_semaine_d_attente']} point par semaine, "
        f"jusqu’à {lu['plafond_semaines_d_attente']} semaines",
    }[cle]


def nombre(valeur: float) -> str:
    """« 12,3 », « 15 »."""
    return f"{valeur:.1f}".removesuffix(".0").replace(".", ",")


def en_jour(valeur: date) -> str:
    return date_format(valeur, "j F Y")
