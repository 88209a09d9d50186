"""Les critères d'une paire et les parts de son coût, en mots : ce que lisent la structure, le candidat et l'ANCT."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.formats import date_format

from conum.recrutement.models import Candidat, MiseEnRelation, Recrutement
from conum.recrutement.rules import candidature as regles
from conum.recrutement.states import EtatCandidat, EtatRecrutement
from conum.territoires.rules import distance_km

TOLERANCE_KM = 1e-6
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
    lieu, debut = distance(recrutement, candidat), recrutement.debut
    resultat = [_critere_candidat(candidat), _critere_recrutement(recrutement)]
    if lieu is None or candidat.mobilite_km is None:
        resultat.append(Critere("lieu", "Lieu", "La commune n’est pas encore placée sur la carte.", satisfait=False))
    else:
        meme = recrutement.territoire == candidat.territoire
        choisi = recrutement.territoire in candidat.territoires_choisis
        resultat.append(_critere_distance(lieu, candidat.mobilite_km, meme=meme, choisi=choisi))
    if candidat.disponible_le is not None:
        resultat.append(_critere_date(candidat.disponible_le, debut, jour))
    return tuple(resultat)


def _critere_candidat(candidat: Candidat) -> Critere:
    libre = candidat.etat == EtatCandidat.DISPONIBLE
    constat = f"La candidature est « {candidat.get_etat_display().lower()} »."
    return Critere("candidat", "Candidature", constat, libre)


def _critere_recrutement(recrutement: Recrutement) -> Critere:
    ouvert = recrutement.etat == EtatRecrutement.OUVERT
    constat = f"Le recrutement est « {recrutement.get_etat_display().lower()} »."
    return Critere("recrutement", "Recrutement", constat, ouvert)


def _critere_distance(distance: float, mobilite_km: int | None, *, meme: bool, choisi: bool) -> Critere:
    """Dans son territoire, la mobilité borne ; dans un autre, il faut l'avoir choisi."""
    if not meme:
        constat = (
            "Le poste est dans un autre territoire, que la personne " + ("a" if choisi else "n’a pas") + " choisi."
        )
        return Critere("territoire", "Territoire", constat, choisi)
    if mobilite_km is None:
        return Critere("distance", "Distance", f"{nombre(distance)} km.", satisfait=True)
    if regles.est_france_entiere(mobilite_km):
        return Critere(
            "distance", "Distance", f"{nombre(distance)} km, pour une mobilité France entière.", satisfait=True
        )
    constat = f"{nombre(distance)} km, pour une mobilité de {mobilite_km} km."
    return Critere("distance", "Distance", constat, distance <= mobilite_km + TOLERANCE_KM)


def _critere_date(disponible_le: date, debut: date, jour: date) -> Critere:
    constat = f"Disponible le {en_jour(disponible_le)}, pour un poste à partir du {en_jour(max(debut, jour))}."
    return Critere("date", "Dates", constat, regles.disponible_a_temps(disponible_le, debut, jour))


def distance(recrutement: Recrutement, candidat: Candidat) -> float | None:
    la = (recrutement.latitude, recrutement.longitude)
    ici = (candidat.latitude, candidat.longitude)
    if None in la or None in ici:
        return None
    return distance_km(la, ici)  # type: ignore[arg-type]


# --- Le jour du passage -----------------------------------------------------------------------------------------------


def criteres_gardes(relation: MiseEnRelation) -> Iterable[Critere]:
    detail, passe = relation.detail, relation.passe
    assert passe is not None
    km = relation.distance_km or 0.0
    ailleurs = bool(detail.get("territoire_choisi"))
    yield _critere_distance(km, detail.get("mobilite_km"), meme=not ailleurs, choisi=ailleurs)
    if "disponible_le" in detail and "debut" in detail:
        yield _critere_date(
            date.fromisoformat(detail["disponible_le"]), date.fromisoformat(detail["debut"]), passe.jour
        )
    yield Critere("etat", "Candidature", "Confirmée et disponible ce jour-là.", satisfait=True)
    yield Critere("deja", "Échanges précédents", "Aucun refus d’une part ou de l’autre auparavant.", satisfait=True)
    yield Critere(
        "plafonds", "Plafonds",
        f"{detail.get('max_par_poste', '?')} propositions au plus par poste vacant, "
        f"{detail.get('max_par_candidat', '?')} ouvertes au plus par candidat.",
        satisfait=True,
    )  # fmt: skip


def composantes_gardees(relation: MiseEnRelation) -> Iterable[Composante]:
    detail, passe = relation.detail, relation.passe
    assert passe is not None
    poids = passe.parametres.get("poids", {})
    constats = {
        "distance": f"{nombre(relation.distance_km or 0)} km",
        "acquis": _constat_acquis(detail),
        "niveau": _constat_niveau(detail),
        "attente": _constat_attente(detail, passe.jour),
    }
    for cle, titre in COMPOSANTES.items():
        if cle in detail:
            yield Composante(titre, constats[cle], _poids(cle, poids), float(detail[cle]))


def _constat_acquis(detail: Mapping[str, Any]) -> str:
    acquis = [nom for cle, nom in (("experience", "expérience"), ("diplome", "diplôme")) if detail.get(cle)]
    return " et ".join(acquis).capitalize() if acquis else "Ni expérience ni diplôme"


def _constat_niveau(detail: Mapping[str, Any]) -> str:
    demande, palier = detail.get("niveau", 0), detail.get("palier", 0)
    if not demande:
        return "Aucun niveau demandé"
    atteint = regles.NIVEAUX[palier].lower() if palier else "non communiqué"
    return f"Demandé : {regles.NIVEAUX[demande].lower()} ; atteint : {atteint}"


def _constat_attente(detail: Mapping[str, Any], jour: date) -> str:
    if "disponible_le" not in detail or "debut" not in detail:
        return "–"
    debut = max(date.fromisoformat(detail["debut"]), jour)
    jours = max(0, (debut - date.fromisoformat(detail["disponible_le"])).days)
    return f"{jours} jour{'s' * (jours > 1)}"


def _poids(cle: str, poids: Mapping[str, float]) -> str:
    """Le poids publié, en mots."""
    if not poids:
        return "–"
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
    return f"{valeur:.1f}".rstrip("0").rstrip(".").replace(".", ",")


def en_jour(valeur: date) -> str:
    return date_format(valeur, "j F Y")
