"""Le suivi : qui attend une session, depuis quand, où et à quel niveau ; et ce qui demande un geste.

Chaque nombre vient de la requête de la liste qu'il ouvre : un total est la somme de ses lignes.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet, Sum
from django.utils import timezone

from conum.comptes.models import Role
from conum.formations.actions import absences, attestations, certifications, departs
from conum.formations.models import Dispense, Emargement, Inscription, Seance
from conum.formations.rules import marches
from conum.formations.rules.presence import JOURS_POUR_SIGNER
from conum.formations.states import ASSISES, EN_ATTENTE, Etat, EtatDispense, EtatSession
from conum.socle.sql import SansAccent
from conum.territoires.models import Departement

A_POSITIONNER = "a-positionner"
JOURS_D_AVANCE = 60
"""Une échéance de certification se dit deux mois avant."""


# --- La file d'attente ----------------------------------------------------------------------------------------------


def file(role: Role) -> QuerySet[Inscription]:
    """Les personnes sans session que ce rôle voit."""
    return Inscription.objects.visibles_par(role).filter(etat__in=sorted(EN_ATTENTE))


def du_niveau(inscriptions: QuerySet[Inscription], niveau: str) -> QuerySet[Inscription]:
    if niveau == A_POSITIONNER:
        return inscriptions.filter(etat=Etat.OUVERTE)
    return inscriptions.exclude(etat=Etat.OUVERTE).filter(parcours=niveau)


@dataclass(frozen=True)
class Attente:
    """Combien attendent, et depuis combien de jours."""

    nombre: int
    mediane: int
    maximum: int


@dataclass(frozen=True)
class LigneDepartement:
    code: str
    nom: str
    region: str
    par_niveau: dict[str, int]
    attente: Attente


@dataclass(frozen=True)
class TableauAttente:
    """`niveaux` : code → libellé, dans l'ordre des colonnes ; ceux que quelqu'un attend, et « à positionner »."""

    niveaux: dict[str, str]
    lignes: list[LigneDepartement]
    totaux: dict[str, int]
    ensemble: Attente


def tableau_d_attente(role: Role, jour: date) -> TableauAttente:
    """Une ligne par département où quelqu'un attend ; une requête, plus les noms."""
    jours: dict[str, list[int]] = defaultdict(list)
    comptes: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    lues = file(role).order_by().values_list("commune__departement", "etat", "parcours", "created_at")
    for departement, etat, parcours, ouverte_le in lues:
        niveau = A_POSITIONNER if etat == Etat.OUVERTE else parcours
        comptes[departement][niveau] += 1
        jours[departement].append((jour - timezone.localdate(ouverte_le)).days)
    niveaux = libelles_des_niveaux({n for c in comptes.values() for n in c})
    noms = Departement.objects.filter(pk__in=comptes).select_related("region").order_by(SansAccent("region__nom"), "pk")
    lignes = [
        LigneDepartement(
            d.code, d.nom, d.region.nom, {n: comptes[d.code].get(n, 0) for n in niveaux}, _attente(jours[d.code])
        )
        for d in noms
    ]
    totaux = {n: sum(ligne.par_niveau[n] for ligne in lignes) for n in niveaux}
    return TableauAttente(niveaux, lignes, totaux, _attente([j for d in jours.values() for j in d]))


def _attente(jours: list[int]) -> Attente:
    return Attente(len(jours), int(median(jours)), max(jours)) if jours else Attente(0, 0, 0)


def libelles_des_niveaux(presents: Iterable[str]) -> dict[str, str]:
    """« À positionner » d'abord, puis les parcours, du marché le plus récent au plus ancien."""
    presents = set(presents)
    connus = {p.code: p.libelle for m in reversed(marches.catalogue().marches) for p in m.parcours}
    restes = sorted(presents - connus.keys() - {A_POSITIONNER})
    retenus = {code: libelle for code, libelle in connus.items() if code in presents}
    return {A_POSITIONNER: "À positionner"} | retenus | {code: code for code in restes}


# --- Ce qui demande un geste ----------------------------------------------------------------------------------------


def _en_retard(role: Role, jour: date) -> QuerySet[Inscription]:
    attendues = departs.en_retard(jour).order_by().values("pk")
    return Inscription.objects.visibles_par(role).filter(pk__in=attendues)


def _absences(role: Role, jour: date) -> QuerySet[Inscription]:
    sans = absences.sans_motif(role).filter(seance__jour__lte=jour).order_by().values("place__inscription")
    return Inscription.objects.visibles_par(role).filter(pk__in=sans)


def _a_attester(role: Role, _jour: date) -> QuerySet[Inscription]:
    return Inscription.objects.visibles_par(role).filter(pk__in=[i.pk for i in attestations.a_delivrer(role)])


def _certifications_en_retard(role: Role, jour: date) -> QuerySet[Inscription]:
    return _parmi(role, certifications.en_retard(Inscription.objects.visibles_par(role), jour))


def _certifications_proches(role: Role, jour: date) -> QuerySet[Inscription]:
    borne = jour + timedelta(days=JOURS_D_AVANCE)
    proches = certifications.en_retard(Inscription.objects.visibles_par(role), borne)
    return _parmi(role, proches.filter(limite_le__gte=jour))  # type: ignore[misc]


def _parmi(role: Role, trouvees: QuerySet[Inscription]) -> QuerySet[Inscription]:
    return Inscription.objects.visibles_par(role).filter(pk__in=trouvees.order_by().values("pk"))


def _dispenses(role: Role, _jour: date) -> QuerySet[Inscription]:
    deposees = Dispense.objects.filter(etat=EtatDispense.DEPOSEE).values("inscription")
    return Inscription.objects.visibles_par(role).filter(pk__in=deposees)


def _heures(role: Role, jour: date) -> QuerySet[Inscription]:
    return Inscription.objects.visibles_par(role).filter(pk__in=a_reprogrammer(role, jour))


@dataclass(frozen=True)
class Point:
    """Une sorte de geste attendu : son titre, ce qu'il veut dire, et les personnes concernées."""

    cle: str
    titre: str
    aide: str
    personnes: Callable[[Role, date], QuerySet[Inscription]]


def _points(*points: Point) -> dict[str, Point]:
    return {p.cle: p for p in points}


POINTS = _points(
    Point("departs", "Départs en retard", "La personne devait pouvoir partir dans les quinze jours.", _en_retard),
    Point("absences", "Absences sans motif", "Une demi-journée manquée, et personne n’a dit pourquoi.", _absences),
    Point("heures", "Heures à reprogrammer", "Les heures prévues ne suffisent plus à finir le parcours.", _heures),
    Point("attestations", "Attestations à délivrer", "Toutes les heures sont signées.", _a_attester),
    Point("dispenses", "Dispenses à examiner", "Un certificat est déposé.", _dispenses),
    Point("certifications", "Certifications en retard", "Six mois sont passés sans présentation au CCP1 ou à Pix.",
          _certifications_en_retard),
    Point("certifications-proches", "Certifications à passer sous deux mois", "Le délai de six mois finit bientôt.",
          _certifications_proches),
)  # fmt: skip


def points(role: Role, jour: date) -> list[tuple[Point, int]]:
    """Chaque point et le nombre de personnes."""
    return [(p, p.personnes(role, jour).count()) for p in POINTS.values()]


# --- Heures à reprogrammer ------------------------------------------------------------------------------------------

_Sommes = dict[tuple[int, str], int]


def a_reprogrammer(role: Role, jour: date) -> set[int]:
    """Les personnes en formation dont les heures signées et prévues ne font plus le parcours.

    La base additionne, comme le fait `rules.assiduite.Assiduite.a_reprogrammer` pour une personne.
    """
    en_cours = Inscription.objects.visibles_par(role).filter(etat=Etat.EN_FORMATION)
    lues = list(en_cours.order_by().values_list("pk", "parcours"))
    faites, prevues = _faites(en_cours), _prevues(en_cours, jour)
    trouvees = set()
    for pk, code in lues:
        try:
            parcours = marches.parcours(code)
        except marches.MarcheInconnu:
            continue
        dues = (("cours", parcours.heures_cours), ("stage", parcours.heures_stage))
        if any(faites.get((pk, n), 0) + prevues.get((pk, n), 0) < h * 60 for n, h in dues):
            trouvees.add(pk)
    return trouvees


def _duree(prefixe: str) -> "ExpressionWrapper[Any]":
    return ExpressionWrapper(F(f"{prefixe}fin") - F(f"{prefixe}debut"), output_field=DurationField())


def _sommer(lignes: QuerySet[Any], personne: str, prefixe: str) -> _Sommes:
    groupes = lignes.order_by().values_list(personne, f"{prefixe}nature").annotate(total=Sum(_duree(prefixe)))
    return {(pk, nature): int(total.total_seconds()) // 60 for pk, nature, total in groupes}


def _faites(inscriptions: QuerySet[Inscription]) -> _Sommes:
    siens = Emargement.objects.faits().filter(place__inscription__in=inscriptions.order_by().values("pk"))
    return _sommer(siens, "place__inscription", "seance__")


def _prevues(inscriptions: QuerySet[Inscription], jour: date) -> _Sommes:
    """Les demi-journées à venir ou encore à signer de ses sessions, moins les signées et les absences."""
    numeros, depuis = inscriptions.order_by().values("pk"), jour - timedelta(days=JOURS_POUR_SIGNER)
    assise = Q(session__places__etat__in=sorted(ASSISES), session__places__inscription__in=numeros)
    seances = Seance.objects.filter(assise, jour__gte=depuis).exclude(session__etat=EtatSession.ANNULEE)
    sommes = _sommer(seances, "session__places__inscription", "")
    signee = Q(signe_apprenant_le__isnull=False, signe_formateur_le__isnull=False)
    closes = Emargement.objects.valables().filter(
        signee | Q(absent=True), seance__jour__gte=depuis, place__etat__in=sorted(ASSISES),
        place__inscription__in=numeros,
    )  # fmt: skip
    for cle, minutes in _sommer(closes, "place__inscription", "seance__").items():
        sommes[cle] = sommes.get(cle, 0) - minutes
    return sommes
