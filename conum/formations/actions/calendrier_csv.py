"""Un calendrier déposé en CSV : lu ligne à ligne, chaque faute avec son numéro, rien d'écrit avant l'accord.

Une ligne juste l'est avec le calendrier déjà là et avec les lignes justes qui la précèdent : importer les lignes
justes ne peut donc pas être refusé par l'une d'elles.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from django.core.exceptions import ValidationError

from conum.formations.actions.calendrier import SeanceVoulue, ajouter_seances, fautes_de
from conum.formations.models import Seance, SessionFormation
from conum.formations.rules.assiduite import Nature
from conum.journal.acteurs import Acteur
from conum.socle.tableaux import Ligne, lire_csv
from conum.socle.texte import normaliser

LIGNES_MAX = 400
COLONNES = {
    "jour": "jour",
    "debut": "debut",
    "fin": "fin",
    "nature": "nature",
    "theme": "theme",
    "formateur": "formateur",
    "email": "email",
}
OBLIGATOIRES = ("jour", "debut", "fin")
EXEMPLES = (
    ("07/09/2026", "09:00", "12:30", "cours", "Découvrir le métier", "Dominique Petit", "formateur@exemple.fr"),
    ("07/09/2026", "13:30", "17:00", "cours", "Accueillir un public", "Dominique Petit", "formateur@exemple.fr"),
    ("14/09/2026", "09:00", "12:30", "stage", "", "", ""),
)
_JOURS = ("%d/%m/%Y", "%Y-%m-%d", "%d/%m/%y", "%d-%m-%Y")
_HEURES = ("%H:%M", "%Hh%M", "%Hh", "%H:%M:%S", "%H")


@dataclass(frozen=True, slots=True)
class LigneCalendrier:
    """Une ligne du fichier : ce qu'elle ajoute, ou ses fautes."""

    numero: int
    texte: str
    voulue: SeanceVoulue | None = None
    fautes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rapport:
    lignes: tuple[LigneCalendrier, ...]

    @property
    def justes(self) -> tuple[LigneCalendrier, ...]:
        return tuple(x for x in self.lignes if x.voulue is not None)

    @property
    def refusees(self) -> tuple[LigneCalendrier, ...]:
        return tuple(x for x in self.lignes if x.voulue is None)


def examiner(session: SessionFormation, contenu: bytes) -> Rapport:
    """Lit le fichier et dit, ligne à ligne, ce qui serait ajouté. N'écrit rien.

    Raises:
        TableauIllisible: le fichier entier est refusé (encodage, colonnes, taille).
        ValidationError: le parcours de la session n'est plus connu.
    """
    lues = lire_csv(contenu, COLONNES, obligatoires=OBLIGATOIRES, maximum=LIGNES_MAX)
    prises = [s.demi_journee for s in Seance.objects.filter(session=session).order_by("jour", "debut")]
    lignes = []
    for ligne in lues:
        texte = " ; ".join(v for v in ligne.cellules.values() if v)[:120]
        try:
            voulue = _lire(ligne, session)
        except ValidationError as erreur:
            lignes.append(LigneCalendrier(ligne.numero, texte, fautes=tuple(erreur.messages)))
            continue
        demi_journee = voulue.pour(session).demi_journee
        if fautes := fautes_de([*prises, demi_journee], session):
            lignes.append(LigneCalendrier(ligne.numero, texte, fautes=fautes))
            continue
        prises.append(demi_journee)
        lignes.append(LigneCalendrier(ligne.numero, texte, voulue=voulue))
    return Rapport(tuple(lignes))


def importer(session: SessionFormation, rapport: Rapport, *, par: Acteur, motif: str = "") -> int:
    """Ajoute les lignes justes ; rend leur nombre. Tout est revérifié sous verrou.

    Raises:
        PermissionDenied, TransitionImpossible, ValidationError: voir `calendrier.ajouter_seances`.
    """
    return ajouter_seances(session, [x.voulue for x in rapport.justes if x.voulue], par=par, motif=motif)


def _lire(ligne: Ligne, session: SessionFormation) -> SeanceVoulue:
    fautes: list[str] = []
    cellules = ligne.cellules
    jour = _jour(cellules, fautes)
    debut, fin = _heure("debut", "Le début", cellules, fautes), _heure("fin", "La fin", cellules, fautes)
    nature = normaliser(cellules["nature"]) or Nature.COURS.value
    if nature not in {n.value for n in Nature}:
        fautes.append(f"La nature « {cellules['nature'][:20]} » n’est pas connue : écrivez cours ou stage.")
    if fautes or jour is None or debut is None or fin is None:
        raise ValidationError(fautes)
    voulue = SeanceVoulue(jour, debut, fin, nature, cellules["theme"], cellules["formateur"], cellules["email"])
    try:
        voulue.pour(session).clean_fields(exclude=["session"])
    except ValidationError as erreur:
        # Le nom de la colonne d'abord : « valeur trop longue » seule ne dit pas laquelle.
        raise ValidationError([f"{nom} : {m}" for nom, ms in erreur.message_dict.items() for m in ms]) from erreur
    return voulue


def _jour(cellules: Mapping[str, str], fautes: list[str]) -> date | None:
    for format_ in _JOURS:
        try:
            return datetime.strptime(cellules["jour"], format_).date()  # noqa: DTZ007 - un jour, sans heure
        except ValueError:
            continue
    fautes.append(f"Le jour « {cellules['jour'][:20]} » est illisible : écrivez par exemple 07/09/2026.")
    return None


def _heure(cle: str, nom: str, cellules: Mapping[str, str], fautes: list[str]) -> time | None:
    texte = cellules[cle].replace(" ", "").lower()
    for format_ in _HEURES:
        try:
            return datetime.strptime(texte, format_).time()  # noqa: DTZ007 - une heure, sans jour
        except ValueError:
            continue
    fautes.append(f"{nom} « {cellules[cle][:20]} » est illisible : écrivez par exemple 09:00.")
    return None
