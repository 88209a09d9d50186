"""Lire en base le marché à apparier : quelques requêtes de valeurs, rangées dans les tableaux du calcul.

Ce module ne donne au calcul que ce que `rules.equite` publie ; le reste (département, statut, situation) ne sert qu'au
rapport.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import numpy as np
from django.db.models import Count

from conum.recrutement.models import Candidat, MiseEnRelation, PosteOuvert, Recrutement, ReglageAppariement
from conum.recrutement.rules import candidature as regles
from conum.recrutement.rules.appariement.marche import Besoins, Candidats, masque_de, territoire_de
from conum.recrutement.states import Etat, EtatRecrutement

_SITUATIONS = tuple(regles.SITUATIONS)


@dataclass(frozen=True)
class LigneRecrutement:
    """Un recrutement à pourvoir. `libres` : postes vacants sans offre acceptée ; `ouvertes` : échanges en cours."""

    pk: int
    latitude: float
    longitude: float
    debut: date
    commune: str
    niveau: int
    departement: str
    attribue_le: date
    statut: str
    libres: int
    ouvertes: int

    @property
    def criteres(self) -> tuple[object, ...]:
        """Ce dont dépend la faisabilité et le coût d'une paire."""
        return (self.latitude, self.longitude, self.debut, self.commune, self.niveau)

    def a_servir(self) -> int:
        return max(0, self.libres - self.ouvertes)

    def capacite(self, reglage: ReglageAppariement) -> int:
        return max(0, reglage.max_par_poste * self.libres - self.ouvertes)


@dataclass(frozen=True)
class LigneCandidat:
    """Un candidat au vivier. `ouvertes` : relations qui occupent ses places."""

    pk: int
    latitude: float
    longitude: float
    mobilite_km: int
    disponible_le: date
    commune: str
    territoires_choisis: tuple[str, ...]
    experience: bool
    diplome: bool
    palier: int
    departement: str
    situations: tuple[str, ...]
    ouvertes: int

    @property
    def criteres(self) -> tuple[object, ...]:
        """Ce dont dépend la faisabilité et le coût d'une paire."""
        lieu = (self.latitude, self.longitude, self.commune, self.mobilite_km, self.territoires_choisis)
        return (*lieu, self.disponible_le, self.experience, self.diplome, self.palier)

    def capacite(self, reglage: ReglageAppariement) -> int:
        return max(0, reglage.max_par_candidat - self.ouvertes)


@dataclass(frozen=True)
class Lecture:
    """Le marché tel que lu à un instant, dans l'ordre des identifiants : la même base donne le même calcul."""

    jour: date
    recrutements: Sequence[LigneRecrutement]
    candidats: Sequence[LigneCandidat]
    refusees: frozenset[tuple[int, int]]
    """Paires (recrutement, candidat) à ne pas proposer."""


def lire(jour: date, *, recrutements: Iterable[int] | None = None, candidats: Iterable[int] | None = None) -> Lecture:
    """Le marché entier, ou seulement ces recrutements et ces candidats."""
    lignes = _recrutements(jour, recrutements)
    connus = [ligne.pk for ligne in lignes]
    return Lecture(jour, lignes, _candidats(candidats), _refusees(connus))


@cache
def _territoire(code: str) -> int | None:
    """None : une terre sans habitant, qu'aucun poste n'atteint."""
    try:
        return territoire_de(code)
    except ValueError:
        return None


def _recrutements(jour: date, choisis: Iterable[int] | None) -> list[LigneRecrutement]:
    base = Recrutement.objects.a_pourvoir(jour).filter(latitude__isnull=False)
    vacants = PosteOuvert.objects.filter(
        recrutement__etat=EtatRecrutement.OUVERT, pourvu_par=None, rattachement__periode__contains=jour
    )
    ouvertes = MiseEnRelation.objects.ouvertes().filter(recrutement__etat=EtatRecrutement.OUVERT)
    if choisis is not None:
        base = base.filter(pk__in=choisis)
        vacants, ouvertes = vacants.filter(recrutement__in=choisis), ouvertes.filter(recrutement__in=choisis)
    places = dict(vacants.order_by().values_list("recrutement").annotate(n=Count("pk")))
    comptes: Counter[tuple[int, bool]] = Counter()
    for recrutement, etat, nombre in ouvertes.order_by().values_list("recrutement", "etat").annotate(n=Count("pk")):
        comptes[recrutement, etat == Etat.ACCEPTEE] += nombre
    valeurs: Any = base.order_by("pk").values_list(
        "pk", "latitude", "longitude", "debut", "commune", "niveau", "departement", "attribue_le", "structure__statut"
    )
    # Un poste dont l'offre est acceptée n'est plus à proposer, même si le contrat n'est pas signé.
    lignes = (
        (*v, places.get(v[0], 0) - comptes[v[0], True], comptes[v[0], False])
        for v in valeurs
        if _territoire(v[4]) is not None
    )
    return [LigneRecrutement(*ligne) for ligne in lignes]


def _candidats(choisis: Iterable[int] | None) -> list[LigneCandidat]:
    base = Candidat.objects.au_vivier().filter(latitude__isnull=False)
    ouvertes = MiseEnRelation.objects.comptees_pour_le_candidat()
    if choisis is not None:
        base, ouvertes = base.filter(pk__in=choisis), ouvertes.filter(candidat__in=choisis)
    comptes = dict(ouvertes.order_by().values_list("candidat").annotate(n=Count("pk")))
    valeurs: Any = base.order_by("pk").values_list(
        "pk", "latitude", "longitude", "mobilite_km", "disponible_le", "commune", "territoires_choisis", "experience",
        "diplome", "pix_palier", "pix_partage", "departement", *_SITUATIONS,
    )  # fmt: skip
    return [_candidat(v, comptes.get(v[0], 0)) for v in valeurs if _territoire(v[5]) is not None]


def _candidat(valeurs: Sequence[Any], ouvertes: int) -> LigneCandidat:
    pk, latitude, longitude, mobilite, disponible, commune, choisis, experience, diplome, palier, partage, dep = (
        valeurs[:12]
    )
    return LigneCandidat(
        pk=pk, latitude=latitude, longitude=longitude, mobilite_km=mobilite, disponible_le=disponible, commune=commune,
        territoires_choisis=tuple(choisis), experience=experience, diplome=diplome,
        # Un résultat que la personne garde pour elle ne pèse pas : sinon la proposition le trahirait.
        palier=(palier or 0) if partage else 0,
        departement=dep,
        situations=tuple(nom for nom, cochee in zip(_SITUATIONS, valeurs[12:], strict=True) if cochee),
        ouvertes=ouvertes,
    )  # fmt: skip


def _refusees(recrutements: list[int]) -> frozenset[tuple[int, int]]:
    """Toute paire déjà proposée, sauf celle qu'une règle a close sans que personne ait dit non (pause, suspension…)."""
    deja = MiseEnRelation.objects.filter(recrutement__in=recrutements).exclude(etat=Etat.SANS_OBJET)
    return frozenset(deja.order_by().values_list("recrutement", "candidat"))


# --- Tableaux du calcul -----------------------------------------------------------------------------------------------


def besoins(lecture: Lecture, reglage: ReglageAppariement) -> Besoins:
    lignes = lecture.recrutements
    return Besoins(
        latitude=np.array([r.latitude for r in lignes], dtype=np.float64),
        longitude=np.array([r.longitude for r in lignes], dtype=np.float64),
        # Un début déjà passé vaut aujourd'hui (regles.disponible_a_temps).
        debut=_entiers(max(r.debut, lecture.jour).toordinal() for r in lignes),
        a_servir=_entiers(r.a_servir() for r in lignes),
        capacite=_entiers(r.capacite(reglage) for r in lignes),
        territoire=_entiers(_territoire(r.commune) or 0 for r in lignes),
        niveau=_entiers(r.niveau for r in lignes),
    )


def candidats(lecture: Lecture, reglage: ReglageAppariement) -> Candidats:
    lignes = lecture.candidats
    return Candidats(
        latitude=np.array([c.latitude for c in lignes], dtype=np.float64),
        longitude=np.array([c.longitude for c in lignes], dtype=np.float64),
        mobilite_km=np.array([portee_km(c.mobilite_km) for c in lignes], dtype=np.float64),
        disponible=_entiers(c.disponible_le.toordinal() for c in lignes),
        capacite=_entiers(c.capacite(reglage) for c in lignes),
        deja_servi=_booleens(c.ouvertes > 0 for c in lignes),
        territoire=_entiers(_territoire(c.commune) or 0 for c in lignes),
        territoires_choisis=_entiers(masque(c.territoires_choisis) for c in lignes),
        experience=_booleens(c.experience for c in lignes),
        diplome=_booleens(c.diplome for c in lignes),
        palier=_entiers(c.palier for c in lignes),
    )


def exclues(lecture: Lecture) -> tuple[Any, Any]:
    """Les paires à ne pas proposer, en rangs dans les tableaux."""
    rangs_i = {ligne.pk: i for i, ligne in enumerate(lecture.recrutements)}
    rangs_j = {ligne.pk: j for j, ligne in enumerate(lecture.candidats)}
    paires = sorted((rangs_i[r], rangs_j[c]) for r, c in lecture.refusees if r in rangs_i and c in rangs_j)
    return _entiers(i for i, _ in paires), _entiers(j for _, j in paires)


def portee_km(mobilite_km: int) -> float:
    """La mobilité en kilomètres ; la France entière n'a pas de limite dans son territoire."""
    return float("inf") if regles.est_france_entiere(mobilite_km) else float(mobilite_km)


def masque(territoires: Iterable[str]) -> int:
    return masque_de(numero_du_territoire(code) for code in territoires)


def numero_du_territoire(code: str) -> int:
    """Le numéro que le calcul donne à « metropole », « 974 »…"""
    return 0 if code == regles.METROPOLE else territoire_de(code)


def _entiers(valeurs: Iterable[int]) -> Any:
    return np.fromiter(valeurs, dtype=np.int64)


def _booleens(valeurs: Iterable[bool]) -> Any:
    return np.fromiter(valeurs, dtype=np.bool_)
