"""Le résultat Pix d'un candidat : déclaré par lui, ou importé de Pix par l'ANCT. L'import l'emporte."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.recrutement.access import est_anct, peut_gerer_candidature
from conum.recrutement.models import Candidat, OriginePix
from conum.recrutement.rules import candidature as regles
from conum.recrutement.states import AU_VIVIER
from conum.socle.tableaux import Ligne, lire_csv
from conum.socle.texte import normaliser
from conum.utilisateurs.models import normaliser_courriel

LIGNES_MAX = 20_000
COLONNES = {
    "email": "email",
    "palier": "palier",
    "competence_1": "competence_1",
    "competence_2": "competence_2",
    "competence_3": "competence_3",
    "date": "date",
}
_OUI = frozenset({"oui", "1", "x", "vrai", "true", "acquis", "acquise"})
_NON = frozenset({"", "non", "0", "faux", "false", "non acquis", "non acquise"})
_FORMATS_DATE = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d/%m/%Y %H:%M", "%Y-%m-%dT%H:%M:%S")


@dataclass(frozen=True, slots=True)
class Resultat:
    """Un résultat Pix : palier de 1 à 3, numéros des compétences acquises, jour du test."""

    palier: int
    competences: tuple[int, ...]
    le: date

    @classmethod
    def de(cls, candidat: Candidat) -> Self | None:
        if candidat.pix_palier is None or candidat.pix_le is None:
            return None
        return cls(candidat.pix_palier, tuple(sorted(candidat.pix_competences)), candidat.pix_le)


def _verifier(resultat: Resultat) -> Resultat:
    if resultat.palier not in regles.NIVEAUX:
        raise ValidationError({"palier": "Choisissez un palier de 1 à 3."})
    if not set(resultat.competences) <= set(regles.COMPETENCES_PIX):
        raise ValidationError({"competences": "Choisissez des compétences de la liste."})
    if resultat.le > timezone.localdate():
        raise ValidationError({"le": "La date du test ne peut pas être à venir."})
    return replace(resultat, competences=tuple(sorted(set(resultat.competences))))


def _ecrire(candidat: Candidat, resultat: Resultat, origine: OriginePix) -> None:
    candidat.pix_palier, candidat.pix_le = resultat.palier, resultat.le
    candidat.pix_competences, candidat.pix_origine = list(resultat.competences), origine


def _sous_verrou(candidat: Candidat, par: Acteur) -> Candidat:
    courant = Candidat.objects.select_for_update(of=("self",), no_key=True).get(pk=candidat.pk)
    if not peut_gerer_candidature(par, courant):
        raise PermissionDenied
    if courant.etat not in AU_VIVIER:
        raise TransitionImpossible("Votre candidature ne se modifie plus.")
    return courant


_CHAMPS = ("pix_palier", "pix_le", "pix_competences", "pix_origine", "pix_partage", "actif_le", "updated_at")


def declarer_pix(candidat: Candidat, resultat: Resultat, *, par: Acteur) -> Candidat:
    """La personne écrit son résultat elle-même.

    Raises:
        ValidationError: palier, compétences ou date invalides.
        TransitionImpossible: un résultat importé de Pix est déjà connu, et fait foi.
    """
    resultat = _verifier(resultat)
    with transaction.atomic():
        courant = _sous_verrou(candidat, par)
        if courant.pix_origine == OriginePix.IMPORT:
            raise TransitionImpossible("Votre résultat vient de Pix : il ne se modifie pas ici.")
        _ecrire(courant, resultat, OriginePix.DECLARATION)
        courant.actif_le = timezone.now()
        courant.save(update_fields=_CHAMPS)
        noter(courant, "declarer_pix", par=par)
    return courant


def effacer_pix(candidat: Candidat, *, par: Acteur) -> Candidat:
    """Retire un résultat déclaré, et son partage. Sans effet s'il n'y en a pas ; un import reste."""
    with transaction.atomic():
        courant = _sous_verrou(candidat, par)
        if courant.pix_origine == OriginePix.DECLARATION:
            courant.pix_palier = courant.pix_le = None
            courant.pix_competences, courant.pix_origine, courant.pix_partage = [], "", False
            courant.actif_le = timezone.now()
            courant.save(update_fields=_CHAMPS)
            noter(courant, "effacer_pix", par=par)
    return courant


def partager_pix(candidat: Candidat, *, partage: bool, par: Acteur) -> Candidat:
    """Montrer, ou ne plus montrer, le résultat aux structures : la personne seule en décide."""
    with transaction.atomic():
        courant = _sous_verrou(candidat, par)
        if partage and courant.pix_palier is None:
            raise TransitionImpossible("Donnez d'abord votre résultat Pix.")
        if courant.pix_partage != partage:
            courant.pix_partage, courant.actif_le = partage, timezone.now()
            courant.save(update_fields=_CHAMPS)
            noter(courant, "partager_pix", par=par, donnees={"partage": partage})
    return courant


# --- Import -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LignePix:
    """Une ligne lue : un résultat et la candidature qu'il concerne, ou la raison de son refus."""

    numero: int
    email: str
    erreur: str = ""
    candidat: int | None = None
    resultat: Resultat | None = None
    change: bool = False
    """Faux : ce résultat est déjà celui de la candidature."""


@dataclass(frozen=True, slots=True)
class Rapport:
    lignes: tuple[LignePix, ...]

    @property
    def refusees(self) -> list[LignePix]:
        return [ligne for ligne in self.lignes if ligne.erreur]

    @property
    def a_importer(self) -> list[LignePix]:
        return [ligne for ligne in self.lignes if ligne.change and not ligne.erreur]

    @property
    def inchangees(self) -> int:
        return len(self.lignes) - len(self.refusees) - len(self.a_importer)


def examiner_pix(contenu: bytes) -> Rapport:
    """Lit le fichier et dit, ligne par ligne, ce qui sera importé et ce qui est refusé. N'écrit rien.

    Raises:
        TableauIllisible: le fichier entier est refusé (encodage, colonnes, taille).
    """
    lues = lire_csv(contenu, COLONNES, obligatoires=("email", "palier", "date"), maximum=LIGNES_MAX)
    candidats = _candidats(normaliser_courriel(ligne.cellules["email"]) for ligne in lues)
    vues: dict[str, int] = {}
    return Rapport(tuple(_examiner(ligne, candidats, vues) for ligne in lues))


def _candidats(adresses: Iterable[str]) -> Mapping[str, Candidat]:
    connus = Candidat.objects.filter(email__in=set(adresses), etat__in=AU_VIVIER)
    return {candidat.email: candidat for candidat in connus.order_by("pk")}


def _examiner(ligne: Ligne, candidats: Mapping[str, Candidat], vues: dict[str, int]) -> LignePix:
    email = normaliser_courriel(ligne.cellules["email"])[:254]
    lue = LignePix(ligne.numero, email)
    if not email:
        return replace(lue, erreur="L'adresse électronique manque.")
    if email in vues:
        return replace(lue, erreur=f"Cette adresse est déjà à la ligne {vues[email]}.")
    vues[email] = ligne.numero
    try:
        resultat = _lire(ligne.cellules)
    except ValidationError as erreur:
        return replace(lue, erreur=" ".join(erreur.messages))
    candidat = candidats.get(email)
    if candidat is None:
        return replace(lue, erreur="Aucune candidature confirmée ne porte cette adresse.")
    if refus := _refus(candidat, resultat):
        return replace(lue, erreur=refus)
    return replace(lue, candidat=candidat.pk, resultat=resultat, change=not _a_deja(candidat, resultat))


def _refus(candidat: Candidat, resultat: Resultat) -> str:
    """Un import plus ancien que l'import connu n'apprend rien ; une déclaration, elle, cède toujours."""
    connu = Resultat.de(candidat) if candidat.pix_origine == OriginePix.IMPORT else None
    if connu is not None and resultat.le < connu.le:
        return f"Un résultat plus récent est déjà importé, du {connu.le:%d/%m/%Y}."
    return ""


def _a_deja(candidat: Candidat, resultat: Resultat) -> bool:
    return candidat.pix_origine == OriginePix.IMPORT and Resultat.de(candidat) == resultat


def _lire(cellules: Mapping[str, str]) -> Resultat:
    palier = cellules["palier"].strip()
    if palier not in {str(n) for n in regles.NIVEAUX}:
        raise ValidationError(f"Palier « {palier[:20]} » inconnu : écrivez 1, 2 ou 3.")
    competences = []
    for numero in regles.COMPETENCES_PIX:
        valeur = normaliser(cellules[f"competence_{numero}"])
        if valeur in _OUI:
            competences.append(numero)
        elif valeur not in _NON:
            raise ValidationError(f"Compétence {numero} : « {valeur[:20]} » inconnu, écrivez oui ou non.")
    return _verifier(Resultat(int(palier), tuple(competences), _jour(cellules["date"])))


def _jour(texte: str) -> date:
    for format_ in _FORMATS_DATE:
        try:
            return datetime.strptime(texte.strip(), format_).date()  # noqa: DTZ007 - un jour, sans heure
        except ValueError:
            continue
    raise ValidationError(f"Date « {texte.strip()[:20]} » illisible : écrivez par exemple 15/03/2026.")


def importer_pix(lignes: Iterable[LignePix], *, par: Acteur) -> int:
    """Écrit les résultats des lignes justes, tout revérifié sous verrou ; rend le nombre de candidatures changées.

    Joué deux fois, il n'écrit rien la seconde.
    """
    if not est_anct(par):
        raise PermissionDenied
    voulues = {ligne.candidat: ligne for ligne in lignes if ligne.candidat and not ligne.erreur and ligne.resultat}
    nombre = 0
    with transaction.atomic():
        candidats = Candidat.objects.select_for_update(of=("self",), no_key=True).filter(
            pk__in=voulues, etat__in=AU_VIVIER
        )
        for candidat in candidats.order_by("pk"):
            resultat = voulues[candidat.pk].resultat
            assert resultat is not None
            if _refus(candidat, resultat) or _a_deja(candidat, resultat):
                continue
            _ecrire(candidat, resultat, OriginePix.IMPORT)
            candidat.save(update_fields=_CHAMPS)
            noter(candidat, "importer_pix", par=par, donnees={"ligne": voulues[candidat.pk].numero})
            nombre += 1
    return nombre
