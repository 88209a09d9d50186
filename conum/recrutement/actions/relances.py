"""Personne n'attend sans fin : rappels à 3 et 7 jours, fin à l'échéance, engagements dont la date est passée.

Chaque travail part de ce qui reste dû en base. Le journal garde chaque rappel : à qui, le combientième, et depuis quand
on attendait. Joué deux fois, par deux workers ou en retard, un rappel part une fois, et seul le dernier dû part.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from conum.comptes.models import Role
from conum.courriels.actions import mettre_en_file
from conum.courriels.models import Courriel
from conum.journal.acteurs import SYSTEME
from conum.journal.actions import Ligne, noter_en_masse
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.recrutement.actions import relations as actes
from conum.recrutement.actions.liens import membres_a_prevenir, nouveau_lien
from conum.recrutement.actions.masse import LOT, verrouiller
from conum.recrutement.emails.rappel import Attente, RappelCandidat, RappelStructure
from conum.recrutement.models import (
    Candidat,
    MiseEnRelation,
    MiseEnRelationQuerySet,
    Partie,
    PreferenceRappels,
    Recrutement,
    service,
)
from conum.recrutement.rules.relation import RAPPELS
from conum.recrutement.rules.service import Engagement, delais_de_rappel, rang_du_rappel
from conum.recrutement.states import ATTEND_LA_STRUCTURE, ATTEND_LE_CANDIDAT, TRANSITIONS, Etat, EtatCandidat

logger = logging.getLogger(__name__)
RAPPELES = ("choisir", "recruter")
"""Engagements rappelés le jour où leur date passe ; « signer » l'est avec l'accord du candidat, qui attend aussi."""
_RETARDS: tuple[str, ...] = ("retard_choix", "retard_recrutement")
"""Leurs annotations (`service.avec_retards`), dans le même ordre."""
_ATTEND = {Partie.STRUCTURE: ATTEND_LA_STRUCTURE, Partie.CANDIDAT: ATTEND_LE_CANDIDAT}


class RelancesIncompletes(Exception):
    """Certaines relances ont échoué ; les autres sont faites. Le travail se rejoue."""


# --- Les travaux --------------------------------------------------------------------------------------------------


def rappeler(maintenant: datetime | None = None) -> int:
    """Écrit à qui fait attendre, un courriel par membre et recrutement, un par candidat, une fois par jour au plus.

    Rend le nombre de courriels écrits.

    Raises:
        RelancesIncompletes: certains n'ont pas pu l'être.
    """
    instant = maintenant or timezone.now()
    en_retard = _engagements_a_rappeler(timezone.localdate(instant))
    recrutements = sorted({*_qui_fait_attendre(Partie.STRUCTURE, instant), *en_retard})
    candidats = _qui_fait_attendre(Partie.CANDIDAT, instant)
    return _chacun(recrutements, lambda pk: _rappeler_la_structure(pk, instant)) + _chacun(
        candidats, lambda pk: _rappeler_le_candidat(pk, instant)
    )


def expirer_dues(maintenant: datetime | None = None) -> int:
    """Clôt ce dont l'échéance est passée ; les deux parties l'apprennent. Rend le nombre de mises en relation closes.

    Raises:
        RelancesIncompletes: certaines n'ont pas pu l'être.
    """
    instant = maintenant or timezone.now()
    dues = MiseEnRelation.objects.filter(etat__in=TRANSITIONS["expirer"].depuis, echeance__lte=instant)
    return _chacun(list(dues.order_by("echeance", "pk").values_list("pk", flat=True)), _expirer)


def _expirer(pk: int) -> int:
    try:
        actes.expirer(MiseEnRelation.objects.get(pk=pk), par=SYSTEME)
    except TransitionImpossible:
        return 0  # quelqu'un vient de répondre, ou un autre worker l'a close
    return 1


def _chacun(cles: Iterable[int], faire: Callable[[int], int]) -> int:
    """Fait pour chacun, dans sa propre transaction ; un échec n'arrête pas les autres, et se sait à la fin."""
    faits, echecs = 0, []
    for cle in cles:
        try:
            faits += faire(cle)
        except Exception:
            logger.exception("Relance en échec : %s", cle)
            echecs.append(cle)
    if echecs:
        raise RelancesIncompletes(f"{len(echecs)} relances en échec, à commencer par {echecs[0]} ; {faits} faites.")
    return faits


# --- Ce qui est dû ------------------------------------------------------------------------------------------------


def _en_attente(partie: Partie, maintenant: datetime) -> MiseEnRelationQuerySet:
    """Ce qui attend cette partie depuis assez longtemps pour un rappel, et n'est pas déjà à clore."""
    attendues = MiseEnRelation.objects.filter(
        Q(echeance=None) | Q(echeance__gt=maintenant),
        etat__in=_ATTEND[partie],
        attend_depuis__lte=maintenant - RAPPELS[0],
    )
    if partie == Partie.CANDIDAT:
        # En pause, une personne ne répond plus qu'aux échanges déjà engagés.
        attendues = attendues.exclude(etat=Etat.PROPOSEE, candidat__etat=EtatCandidat.EN_PAUSE)
    return attendues


def _rang(etat: str, depuis: datetime, maintenant: datetime) -> int:
    return rang_du_rappel(depuis, maintenant, delais_de_rappel(signature=etat == Etat.ACCEPTEE))


def _rangs_faits(cles: Iterable[int], partie: Partie) -> dict[tuple[str, str], int]:
    """Le dernier rappel écrit à cette partie, par mise en relation et début d'attente."""
    entrees = Entree.objects.filter(
        objet_type=MiseEnRelation._meta.label, objet_id__in=[str(cle) for cle in cles], action="rappeler"
    )
    faits: dict[tuple[str, str], int] = {}
    for objet, donnees in entrees.order_by("pk").values_list("objet_id", "donnees"):
        if donnees["partie"] == partie:
            cle = (objet, donnees["depuis"])
            faits[cle] = max(faits.get(cle, 0), donnees["rang"])
    return faits


def _qui_fait_attendre(partie: Partie, maintenant: datetime) -> list[int]:
    """Les recrutements, ou les candidats, à qui un rappel est dû."""
    champ = "recrutement_id" if partie == Partie.STRUCTURE else "candidat_id"
    lignes = _en_attente(partie, maintenant).order_by(champ, "pk")
    trouves: dict[int, None] = {}
    for lot in _par_lots(lignes.values_list("pk", "etat", "attend_depuis", champ).iterator(chunk_size=LOT)):
        faits = _rangs_faits((ligne[0] for ligne in lot), partie)
        for pk, etat, depuis, qui in lot:
            if _rang(etat, depuis, maintenant) > faits.get((str(pk), depuis.isoformat()), 0):
                trouves[qui] = None
    return list(trouves)


def _par_lots(lignes: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    restantes = iter(lignes)
    while lot := tuple(islice(restantes, LOT)):
        yield lot


def _dus_sous_verrou(partie: Partie, filtre: Q, maintenant: datetime) -> list[tuple[MiseEnRelation, int]]:
    """Les mises en relation à rappeler et le rang du rappel, relues sous verrou."""
    lignes = _en_attente(partie, maintenant).filter(filtre).order_by("pk")
    verrouillees = lignes.select_related("recrutement__structure", "recrutement__commune", "candidat")
    relations = list(verrouillees.select_for_update(of=("self",), no_key=True))
    faits = _rangs_faits((r.pk for r in relations), partie)
    avec_rang = [(r, _rang(r.etat, r.attend_depuis, maintenant)) for r in relations]
    return [(r, rang) for r, rang in avec_rang if rang > faits.get((str(r.pk), r.attend_depuis.isoformat()), 0)]


def _noter(dus: Sequence[tuple[MiseEnRelation, int]], partie: Partie, destinataires: int) -> None:
    communs = {"partie": partie.value, "destinataires": destinataires}
    lignes = (
        Ligne(r, "rappeler", donnees=communs | {"rang": rang, "depuis": r.attend_depuis.isoformat()}) for r, rang in dus
    )
    noter_en_masse(lignes, par=SYSTEME)
    for relation, rang in dus:
        MiseEnRelation.objects.filter(pk=relation.pk, rappels__lt=rang).update(rappels=rang)


# --- Écrire -------------------------------------------------------------------------------------------------------


def _rappeler_la_structure(pk: int, maintenant: datetime) -> int:
    with transaction.atomic():
        # Un seul rappel par recrutement à la fois : deux workers n'en écrivent pas deux.
        verrouiller(f"rappel:recrutement:{pk}")
        cle = f"rappel:{timezone.localdate(maintenant).isoformat()}:recrutement:{pk}"
        if Courriel.objects.filter(cle__startswith=f"{cle}:").exists():
            return 0  # déjà un aujourd'hui ; ce qui s'ajoute partira demain
        dus = _dus_sous_verrou(Partie.STRUCTURE, Q(recrutement=pk), maintenant)
        recrutement = Recrutement.objects.select_related("structure", "commune").get(pk=pk)
        engagements = _engagements_dus(recrutement, timezone.localdate(maintenant))
        if not (dus or engagements):
            return 0
        membres = _membres_a_rappeler(recrutement)
        for role in membres:
            message = RappelStructure.de(recrutement, [r for r, _ in dus], engagements, role)
            mettre_en_file(message, a=role.utilisateur.email, objet=recrutement, cle=f"{cle}:{role.pk}")
        _noter(dus, Partie.STRUCTURE, len(membres))
        _noter_engagements(recrutement, engagements, len(membres))
        return len(membres)


def _membres_a_rappeler(recrutement: Recrutement) -> list[Role]:
    refus = set(PreferenceRappels.objects.order_by("pk").values_list("role_id", flat=True))
    return [role for role in membres_a_prevenir(recrutement) if role.pk not in refus]


def _rappeler_le_candidat(pk: int, maintenant: datetime) -> int:
    with transaction.atomic():
        verrouiller(f"rappel:candidat:{pk}")
        cle = f"rappel:{timezone.localdate(maintenant).isoformat()}:candidat:{pk}"
        if Courriel.objects.filter(cle=cle).exists():
            return 0
        dus = _dus_sous_verrou(Partie.CANDIDAT, Q(candidat=pk), maintenant)
        candidat = Candidat.objects.get(pk=pk)
        if not dus or not candidat.email:
            return 0
        attentes = [Attente.du_candidat(r, nouveau_lien(r, Partie.CANDIDAT)) for r, _ in dus]
        refusable = any(r.etat == Etat.PROPOSEE for r, _ in dus)
        message = RappelCandidat.de(candidat, attentes, refusable=refusable)
        mettre_en_file(message, a=candidat.email, objet=candidat, cle=cle)
        _noter(dus, Partie.CANDIDAT, 1)
        return 1


# --- Engagements --------------------------------------------------------------------------------------------------


def _engagements_faits(cles: Iterable[int]) -> set[tuple[str, str, str]]:
    entrees = Entree.objects.filter(
        objet_type=Recrutement._meta.label, objet_id__in=[str(cle) for cle in cles], action="rappeler_engagement"
    ).order_by("pk")
    return {
        (objet, donnees["engagement"], donnees["limite"])
        for objet, donnees in entrees.values_list("objet_id", "donnees")
    }


def _engagements_a_rappeler(jour: date) -> list[int]:
    """Les recrutements dont un engagement est en retard sans que la structure l'ait jamais lu."""
    en_retard = service.en_retard(Recrutement.objects.all(), jour).order_by("pk")
    trouves: list[int] = []
    lignes = en_retard.values_list("pk", *_RETARDS)
    for lot in _par_lots(lignes.iterator(chunk_size=LOT)):
        faits = _engagements_faits(ligne[0] for ligne in lot)
        for pk, *limites in lot:
            dus = [(str(pk), code, jour.isoformat()) for code, jour in zip(RAPPELES, limites, strict=True) if jour]
            if any(du not in faits for du in dus):
                trouves.append(pk)
    return trouves


def _engagements_dus(recrutement: Recrutement, jour: date) -> list[Engagement]:
    if recrutement.etat not in service.EN_COURS:
        return []
    faits = _engagements_faits([recrutement.pk])
    return [
        e
        for e in service.engagements_du_recrutement(recrutement, jour)
        if e.en_retard
        and e.limite is not None
        and e.code in RAPPELES
        and (str(recrutement.pk), e.code, e.limite.isoformat()) not in faits
    ]


def _noter_engagements(recrutement: Recrutement, engagements: Sequence[Engagement], destinataires: int) -> None:
    details = (
        {"engagement": e.code, "limite": e.limite.isoformat() if e.limite else "", "destinataires": destinataires}
        for e in engagements
    )
    noter_en_masse((Ligne(recrutement, "rappeler_engagement", donnees=d) for d in details), par=SYSTEME)
