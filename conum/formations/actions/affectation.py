"""Un passage d'affectation : toutes les personnes qui attendent, toutes les sessions ouvertes, une proposition chacune.

Lire et calculer sans verrou, tout rendre en texte, puis écrire en une transaction. Rien n'est inscrit : un agent
confirme (`actions.confirmations`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from conum.comptes.models import TypeRole
from conum.formations.access import peut_affecter
from conum.formations.models import Inscription, PassageAffectation, Place, PropositionSession, SessionFormation
from conum.formations.rules import affectation as regles
from conum.formations.rules import marches
from conum.formations.states import TRANSITIONS_PROPOSITION, Etat
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.territoires.rules import territoire_de

AUTRES_DITES = 5
"""Combien d'autres sessions une explication nomme."""
LOT = 1_000
SANS_COORDONNEES = "La commune d’exercice n’a pas de coordonnées : le calcul ne sait pas mesurer la distance."
SANS_PARCOURS = "Le parcours retenu n’est plus dans aucun marché : l’organisme ou l’ANCT en retient un autre."


@dataclass(frozen=True)
class Attente:
    """Une personne qui attend, telle que lue."""

    inscription: int
    parcours: str
    commune: str
    latitude: float | None
    longitude: float | None
    portee_km: int
    disponible: date
    depuis: date


@dataclass(frozen=True)
class Offre:
    """Une session ouverte et ce qui lui reste de places."""

    session: int
    parcours: str
    debut: date
    places: int
    a_distance: bool
    commune: str
    latitude: float | None
    longitude: float | None

    @property
    def nom(self) -> str:
        return f"SF-{self.session:05d}"


@dataclass
class Marche:
    """Ce qui entre dans le calcul, et ce qui n'y entre pas : inscription → pourquoi."""

    attentes: list[Attente] = field(default_factory=list)
    offres: list[Offre] = field(default_factory=list)
    ecartees: dict[int, str] = field(default_factory=dict)
    sessions_ecartees: int = 0
    sur_liste: int = 0


def inscriptions_a_placer(par: Acteur) -> QuerySet[Inscription]:
    """Qui attend une session sans place ni liste d'attente ; pour un organisme, celles qui lui sont confiées."""
    visibles = Inscription.objects.visibles_par(par).filter(etat=Etat.POSITIONNEE)
    if getattr(par, "type", "") == TypeRole.ORGANISME:
        visibles = visibles.filter(organisme__code=par.code)  # type: ignore[attr-defined]
    return visibles


def lancer_passage(*, par: Acteur) -> PassageAffectation:
    """Propose une session à chacun, et dit pourquoi celle-là ; les propositions d'avant se périment.

    L'ANCT place tout le pays ; un organisme, les siens dans les siennes.

    Raises:
        PermissionDenied: ni l'ANCT, ni un organisme.
    """
    if not peut_affecter(par):
        raise PermissionDenied
    jour = timezone.localdate()
    lu = lire(jour, par)
    calcul = calculer(lu, jour)
    return _ecrire(lu, calcul, jour, par)


# --- Lire ----------------------------------------------------------------------------------------------------------


def lire(jour: date, par: Acteur) -> Marche:
    """Les personnes et les sessions, en quatre questions à la base."""
    lu = Marche()
    a_placer = inscriptions_a_placer(par)
    sur_liste = Exists(Place.objects.vivantes().filter(inscription=OuterRef("pk")))
    lu.sur_liste = a_placer.filter(sur_liste).count()
    champs = (
        "pk", "parcours", "commune", "commune__latitude", "commune__longitude", "portee_km", "disponible_le",
        "created_at",
    )  # fmt: skip
    connus = {p.code for m in marches.catalogue().marches for p in m.parcours}
    lignes: Any = a_placer.exclude(sur_liste).order_by("pk").values_list(*champs)
    for ligne in lignes:
        personne = Attente(*(*ligne[:-1], timezone.localdate(ligne[-1])))
        if personne.parcours not in connus:
            lu.ecartees[personne.inscription] = SANS_PARCOURS
        elif personne.latitude is None:
            lu.ecartees[personne.inscription] = SANS_COORDONNEES
        else:
            lu.attentes.append(personne)
    ouvertes: Any = SessionFormation.objects.visibles_par(par).a_venir(jour).avec_places()
    champs_session = (
        "pk", "parcours", "debut", "capacite", "assis", "en_attente", "a_distance", "commune", "commune__latitude",
        "commune__longitude",
    )  # fmt: skip
    for pk, parcours, debut, capacite, assis, attend, *ou in ouvertes.order_by("pk").values_list(*champs_session):
        # Un siège libre d'une session qui a une liste d'attente est déjà promis.
        offre = Offre(pk, parcours, debut, max(capacite - assis - attend, 0), ou[0], ou[1] or "", ou[2], ou[3])
        if not offre.places:
            continue
        if offre.a_distance or offre.latitude is not None:
            lu.offres.append(offre)
        else:
            lu.sessions_ecartees += 1
    return lu


# --- Calculer ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Calcul:
    """Une ligne par personne : sa session (ou None), et son explication en texte."""

    lignes: Sequence[tuple[int, int | None, dict[str, Any]]]
    bilan: regles.Bilan | None


def calculer(lu: Marche, jour: date) -> Calcul:
    """L'affectation et ses explications. Calcul pur."""
    ecartees = [(pk, None, _texte(raison, "ecartee")) for pk, raison in sorted(lu.ecartees.items())]
    if not lu.attentes:
        return Calcul(ecartees, None)
    parcours = sorted({p.parcours for p in lu.attentes} | {s.parcours for s in lu.offres})
    rangs = {code: k for k, code in enumerate(parcours)}
    territoires: dict[str, int] = {}

    def terre(commune: str) -> int:
        return territoires.setdefault(territoire_de(commune), len(territoires))

    faite = regles.affecter(_conseillers(lu, rangs, terre), _sessions(lu, rangs, terre), jour=jour)
    noms = [offre.nom for offre in lu.offres]
    libelles = {k: _libelle(code) for code, k in rangs.items()}
    lignes: list[tuple[int, int | None, dict[str, Any]]] = []
    for rang, personne in enumerate(lu.attentes):
        dite = regles.expliquer(faite, rang, noms, libelles, limite=AUTRES_DITES)
        session = None if dite.session is None else lu.offres[dite.session].session
        lignes.append((personne.inscription, session, _explication(dite, noms, faite, rang)))
    return Calcul([*lignes, *ecartees], faite.bilan)


def _libelle(code: str) -> str:
    try:
        return marches.parcours(code).libelle
    except marches.MarcheInconnu:
        return code


def _conseillers(lu: Marche, rangs: dict[str, int], terre: Any) -> regles.Conseillers:
    return regles.Conseillers(
        latitude=np.array([p.latitude for p in lu.attentes], dtype=np.float64),
        longitude=np.array([p.longitude for p in lu.attentes], dtype=np.float64),
        territoire=np.array([terre(p.commune) for p in lu.attentes], dtype=np.int64),
        parcours=np.array([rangs[p.parcours] for p in lu.attentes], dtype=np.int64),
        portee_km=np.array([p.portee_km for p in lu.attentes], dtype=np.float64),
        disponible=np.array([p.disponible.toordinal() for p in lu.attentes], dtype=np.int64),
        attend_depuis=np.array([p.depuis.toordinal() for p in lu.attentes], dtype=np.int64),
    )


def _sessions(lu: Marche, rangs: dict[str, int], terre: Any) -> regles.Sessions:
    """Le lieu d'une session à distance ne compte pas : zéro."""
    return regles.Sessions(
        latitude=np.array([s.latitude or 0.0 for s in lu.offres], dtype=np.float64),
        longitude=np.array([s.longitude or 0.0 for s in lu.offres], dtype=np.float64),
        territoire=np.array([terre(s.commune) for s in lu.offres], dtype=np.int64),
        parcours=np.array([rangs[s.parcours] for s in lu.offres], dtype=np.int64),
        debut=np.array([s.debut.toordinal() for s in lu.offres], dtype=np.int64),
        places=np.array([s.places for s in lu.offres], dtype=np.int64),
        a_distance=np.array([s.a_distance for s in lu.offres], dtype=np.bool_),
    )


def _texte(phrase: str, cause: str = "") -> dict[str, Any]:
    return {"phrase": phrase, "cause": cause, "autres": [], "km": None}


def _explication(
    dite: regles.Explication, noms: Sequence[str], faite: regles.Affectation, rang: int
) -> dict[str, Any]:  # fmt: skip
    texte = _texte(dite.phrase, dite.cause.value if dite.cause else "")
    texte["autres"] = [{"session": noms[r.session], "cause": r.cause.value, "phrase": r.phrase} for r in dite.autres]
    if dite.session is not None and not faite.sessions.a_distance[dite.session]:
        texte["km"] = round(faite.distance_km(rang, dite.session))
    return texte


# --- Écrire --------------------------------------------------------------------------------------------------------


def _ecrire(lu: Marche, calcul: Calcul, jour: date, par: Acteur) -> PassageAffectation:
    bilan, causes = calcul.bilan, {}
    if bilan is not None:
        causes = {cause.value: nombre for cause, nombre in bilan.sans_place.items()}
    with transaction.atomic():
        _un_a_la_fois()
        perimees = _perimer(par)
        passage = PassageAffectation.objects.create(
            jour=jour,
            par_id=par.role_id,
            personnes=len(calcul.lignes),
            sessions=len(lu.offres),
            placees=bilan.places if bilan else 0,
            bilan={
                "sans_place": causes,
                "ecartees": len(lu.ecartees),
                "sur_liste": lu.sur_liste,
                "sessions_ecartees": lu.sessions_ecartees,
                "places_libres": sum(offre.places for offre in lu.offres),
            },
        )
        # Qui a été proposé ailleurs entre-temps (un autre organisme, un autre passage) n'est pas proposé deux fois.
        deja = set(
            PropositionSession.objects.filter(etat="proposee")
            .filter(inscription__in=[pk for pk, _, _ in calcul.lignes])
            .values_list("inscription", flat=True)
        )
        PropositionSession.objects.bulk_create(
            [
                PropositionSession(passage=passage, inscription_id=pk, session_id=session, explication=explication)
                for pk, session, explication in calcul.lignes
                if pk not in deja
            ],
            batch_size=LOT,
        )
        noter(passage, "lancer_passage", par=par, donnees={"perimees": perimees, "placees": passage.placees})
    return passage


def _un_a_la_fois() -> None:
    """Deux passages s'écrivent l'un après l'autre : le second périme les propositions du premier."""
    with connection.cursor() as curseur:
        curseur.execute("SELECT pg_advisory_xact_lock(hashtextextended('formations:passage', 0))")


def _perimer(par: Acteur) -> int:
    """Les propositions d'avant : toutes pour l'ANCT, celles des siens pour un organisme."""
    regle = TRANSITIONS_PROPOSITION["perimer_proposition"]
    anciennes = PropositionSession.objects.filter(etat__in=sorted(regle.depuis))
    if getattr(par, "type", "") == TypeRole.ORGANISME:
        anciennes = anciennes.filter(inscription__in=inscriptions_a_placer(par).order_by().values("pk"))
    return anciennes.update(etat=regle.vers)


def effacer_passages(avant: datetime) -> int:
    """Les passages calculés avant cette date, et leurs propositions ; la place, elle, reste. Rend leur nombre."""
    anciens = PassageAffectation.objects.filter(created_at__lt=avant)
    nombre = anciens.count()
    anciens.delete()
    return nombre
