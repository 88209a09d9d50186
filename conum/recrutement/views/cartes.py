"""Ce qu'une structure lit d'un candidat : une carte ne porte que ce que son moment permet de montrer."""

from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from conum.journal.acteurs import Acteur
from conum.recrutement.access import peut_lire_l_identite
from conum.recrutement.emails.relation import motif_lu_par_la_structure
from conum.recrutement.models import Candidat, MiseEnRelation
from conum.recrutement.rules.candidature import FRANCE_ENTIERE, LANGUES, MOBILITES, NIVEAUX
from conum.recrutement.rules.relation import DELAI_SIGNATURE
from conum.recrutement.states import Etat

NIVEAUX_ETAT = {
    Etat.PROPOSEE: "new",
    Etat.RETENUE: "info",
    Etat.CONTACT_ACCEPTE: "info",
    Etat.ENTRETIEN: "info",
    Etat.OFFRE: "warning",
    Etat.ACCEPTEE: "success",
    Etat.RECRUTEE: "success",
}


@dataclass(frozen=True)
class Identite:
    """Après l'accord du candidat seulement."""

    nom: str
    email: str
    telephone: str
    cv_nom: str


@dataclass(frozen=True)
class Carte:
    """Avant tout contact : rien qui permette de joindre la personne, ni de la chercher ailleurs."""

    prenom: str
    commune: str
    distance_km: float | None
    disponible_le: date | None
    experience: bool
    diplome: str
    situations: tuple[str, ...]
    langues: tuple[str, ...]
    pix: str
    motivation: str
    mobilite: str
    au_dela_de_sa_mobilite: bool

    @property
    def distance(self) -> str:
        """« 4 km », « moins d'1 km », vide si elle est inconnue."""
        if self.distance_km is None:
            return ""
        return f"{self.distance_km:.0f} km" if self.distance_km >= 1 else "moins d’1 km"


def carte(candidat: Candidat, distance_km: float | None) -> Carte:
    mobilite = candidat.mobilite_km or 0
    return Carte(
        prenom=candidat.prenom,
        commune=str(candidat.commune),
        distance_km=distance_km,
        disponible_le=candidat.disponible_le,
        experience=candidat.experience,
        diplome=candidat.nom_diplome if candidat.diplome else "",
        situations=tuple(candidat.situations),
        langues=tuple(LANGUES.get(code, code) for code in candidat.langues),
        pix=NIVEAUX.get(candidat.pix_palier or 0, "") if candidat.pix_partage else "",
        motivation=candidat.motivation,
        mobilite=MOBILITES.get(mobilite, ""),
        au_dela_de_sa_mobilite=distance_km is not None and mobilite < FRANCE_ENTIERE and distance_km > mobilite,
    )


def identite(relation: MiseEnRelation, par: Acteur) -> Identite | None:
    """Le nom, les coordonnées et le CV, si ce membre a le droit de les lire ; None sinon."""
    if not peut_lire_l_identite(par, relation):
        return None
    candidat = relation.candidat
    return Identite(candidat.nom_complet, candidat.email, candidat.telephone, candidat.cv_nom if candidat.cv else "")


# --- Ce qu'on attend ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attente:
    """Ce qui est attendu, de qui (vous : la structure), et jusqu'à quand."""

    texte: str
    vous: bool = False
    jusqu_au: date | None = None


_ATTENTES: dict[str, tuple[str, bool]] = {
    Etat.PROPOSEE: ("Retenez ce profil, ou dites que vous ne donnez pas suite", True),
    Etat.RETENUE: ("Le candidat dit s’il accepte d’être contacté", False),
    Etat.CONTACT_ACCEPTE: ("Proposez un entretien", True),
    Etat.OFFRE: ("Le candidat répond à votre offre", False),
    Etat.ACCEPTEE: ("Signez le contrat, puis enregistrez-le", True),
}


def attente(relation: MiseEnRelation, *, place: int | None = None) -> Attente | None:
    """None quand la mise en relation est close."""
    echeance = timezone.localdate(relation.echeance) if relation.echeance else None
    match relation.etat:
        case Etat.ENTRETIEN:
            return _apres_l_entretien(relation, echeance)
        case Etat.RESERVE:
            return Attente(f"En réserve, à la place n° {place}" if place else "En réserve")
        case Etat.ACCEPTEE if relation.acceptee_le is not None:
            texte, vous = _ATTENTES[Etat.ACCEPTEE]
            return Attente(texte, vous, timezone.localdate(relation.acceptee_le) + DELAI_SIGNATURE)
    if relation.etat in _ATTENTES:
        texte, vous = _ATTENTES[relation.etat]
        return Attente(texte, vous, echeance)
    return None


def _apres_l_entretien(relation: MiseEnRelation, echeance: date | None) -> Attente:
    assert relation.entretien_le is not None
    local = timezone.localtime(relation.entretien_le)
    if relation.entretien_le > timezone.now():
        return Attente(f"Entretien le {local:%d/%m/%Y} à {local:%H:%M}")
    return Attente(f"Donnez une suite à l’entretien du {local:%d/%m/%Y}", True, echeance)


@dataclass(frozen=True)
class Ligne:
    """Une mise en relation sur la page d'un recrutement."""

    relation: MiseEnRelation
    carte: Carte
    attente: Attente | None
    niveau: str
    titre: str
    motif_fin: str


def ligne(relation: MiseEnRelation, *, membre: bool, place: int | None = None) -> Ligne:
    """`membre` : qui lit est de la structure (vérifié une fois par page) ; le nom suit l'accord du candidat."""
    faite = carte(relation.candidat, relation.distance_km)
    nomme = membre and relation.identite_ouverte
    return Ligne(
        relation=relation,
        carte=faite,
        attente=attente(relation, place=place),
        niveau=NIVEAUX_ETAT.get(Etat(relation.etat), "neutre"),
        titre=(relation.candidat.nom_complet if nomme else faite.prenom) or "Candidature effacée",
        motif_fin=motif_lu_par_la_structure(relation.motif_fin),
    )
