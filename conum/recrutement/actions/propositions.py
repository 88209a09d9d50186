"""Écrire les propositions d'un passage et prévenir chacun, dans la transaction du passage."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.courriels.actions import Envoi, mettre_en_file_en_masse
from conum.journal.acteurs import Acteur
from conum.recrutement.actions import marche
from conum.recrutement.actions.masse import LOT, noter_en_masse
from conum.recrutement.emails.proposition import NouveauxCandidats, NouvellesPropositions
from conum.recrutement.models import (
    Candidat,
    LienPersonnel,
    MiseEnRelation,
    Origine,
    Partie,
    Passe,
    PreferenceRappels,
    Recrutement,
    ReglageAppariement,
)
from conum.recrutement.rules import relation as regles
from conum.recrutement.states import Etat
from conum.socle.jetons import nouveau_jeton


@dataclass(frozen=True)
class Paire:
    """Une proposition calculée, pas encore écrite."""

    recrutement: int
    candidat: int
    distance_km: float
    cout: float
    rang: int
    detail: dict[str, Any]


def verrouiller_parties(paires: Sequence[Paire]) -> None:
    """Les recrutements puis les candidats, dans l'ordre : ce que le passage va écrire ne change plus sous lui."""
    recrutements = Recrutement.objects.filter(pk__in={p.recrutement for p in paires}).order_by("pk")
    candidats = Candidat.objects.filter(pk__in={p.candidat for p in paires}).order_by("pk")
    list(recrutements.select_for_update(of=("self",), no_key=True).values_list("pk"))
    list(candidats.select_for_update(of=("self",), no_key=True).values_list("pk"))


def encore_valables(
    paires: Sequence[Paire], avant: marche.Lecture, jour: date, reglage: ReglageAppariement
) -> list[Paire]:
    """Les paires que rien n'a démenties pendant le calcul, relues sous verrou et comptées sous les plafonds.

    Une fiche corrigée, une pause, une offre acceptée, une présélection : la paire est abandonnée, le prochain passage
    la recalcule.
    """
    apres = marche.lire(jour, recrutements={p.recrutement for p in paires}, candidats={p.candidat for p in paires})
    recrutements = {r.pk: r for r in apres.recrutements}
    candidats = {c.pk: c for c in apres.candidats}
    recrutements_lus = {r.pk: r for r in avant.recrutements}
    candidats_lus = {c.pk: c for c in avant.candidats}
    reste_poste = {pk: r.capacite(reglage) for pk, r in recrutements.items()}
    reste_candidat = {pk: c.capacite(reglage) for pk, c in candidats.items()}
    gardees = []
    for paire in paires:
        r, c = paire.recrutement, paire.candidat
        if r not in recrutements or c not in candidats or (r, c) in apres.refusees:
            continue
        if (
            recrutements[r].criteres != recrutements_lus[r].criteres
            or candidats[c].criteres != candidats_lus[c].criteres
        ):
            continue
        if reste_poste[r] < 1 or reste_candidat[c] < 1:
            continue
        reste_poste[r] -= 1
        reste_candidat[c] -= 1
        gardees.append(paire)
    return gardees


def ecrire(paires: Sequence[Paire], passe: Passe, *, par: Acteur) -> list[MiseEnRelation]:
    """Crée les mises en relation et leur ligne de journal."""
    maintenant = timezone.now()
    relations = MiseEnRelation.objects.bulk_create(
        [
            MiseEnRelation(
                recrutement_id=p.recrutement,
                candidat_id=p.candidat,
                origine=Origine.APPARIEMENT,
                passe=passe,
                rang=p.rang,
                distance_km=p.distance_km,
                cout=p.cout,
                detail=p.detail,
                attend_depuis=maintenant,
                echeance=regles.echeance(maintenant),
            )
            for p in paires
        ],
        batch_size=LOT,
    )
    noter_en_masse(
        relations, "proposer", par=par, vers=Etat.PROPOSEE,
        donnees=({"passe": passe.pk, "rang": r.rang, "cout": r.cout} for r in relations),
    )  # fmt: skip
    return relations


# --- Prévenir ---------------------------------------------------------------------------------------------------------


def prevenir(relations: Sequence[MiseEnRelation], passe: Passe) -> int:
    """Un courriel par candidat, un par membre et par recrutement ; rend le nombre de courriels écrits."""
    relues = list(
        MiseEnRelation.objects.filter(pk__in=[r.pk for r in relations])
        .select_related("recrutement__structure", "recrutement__commune", "candidat__commune")
        .order_by("cout", "pk")
    )
    return mettre_en_file_en_masse([*_aux_candidats(relues, passe), *_aux_structures(relues, passe)])


def _aux_candidats(relations: Sequence[MiseEnRelation], passe: Passe) -> Iterator[Envoi]:
    liens = _liens([(r, None) for r in relations], Partie.CANDIDAT)
    par_candidat: defaultdict[int, list[tuple[MiseEnRelation, str]]] = defaultdict(list)
    for relation, lien in zip(relations, liens, strict=True):
        par_candidat[relation.candidat_id].append((relation, lien))
    for pk, siens in par_candidat.items():
        candidat = siens[0][0].candidat
        message = NouvellesPropositions.de(candidat, siens)
        yield Envoi(message, a=candidat.email, objet=candidat, cle=f"propositions:{passe.pk}:candidat:{pk}")


def _aux_structures(relations: Sequence[MiseEnRelation], passe: Passe) -> Iterator[Envoi]:
    par_recrutement: defaultdict[int, list[MiseEnRelation]] = defaultdict(list)
    for relation in relations:
        par_recrutement[relation.recrutement_id].append(relation)
    membres = _membres({r.recrutement.structure_id for r in relations})
    demandes = [
        (relation, role)
        for siennes in par_recrutement.values()
        for role, _ in membres[siennes[0].recrutement.structure_id]
        for relation in siennes
    ]
    liens = iter(_liens(demandes, Partie.STRUCTURE))
    for pk, siennes in par_recrutement.items():
        recrutement: Recrutement = siennes[0].recrutement
        for role, refusable in membres[recrutement.structure_id]:
            avec_liens = [(relation, next(liens)) for relation in siennes]
            message = NouveauxCandidats.de(recrutement, avec_liens, role, refusable=refusable)
            cle = f"propositions:{passe.pk}:recrutement:{pk}:membre:{role.pk}"
            yield Envoi(message, a=role.utilisateur.email, objet=recrutement, cle=cle)


def _membres(structures: Iterable[int]) -> Mapping[int, list[tuple[Role, bool]]]:
    """Qui prévenir, par structure, et s'il peut refuser ces messages.

    Qui les a refusés n'en reçoit plus ; si tous l'ont fait, tous les reçoivent, sans lien de refus : des candidats
    attendent une réponse, quelqu'un doit le savoir.
    """
    roles = (
        Role.objects.actifs()
        .filter(type=TypeRole.STRUCTURE, membre__structure__in=structures)
        .select_related("utilisateur", "membre")
        .order_by("pk")
    )
    sans_rappels = set(PreferenceRappels.objects.values_list("role", flat=True))
    tous: defaultdict[int, list[Role]] = defaultdict(list)
    for role in roles:
        tous[role.membre.structure_id].append(role)  # type: ignore[attr-defined]
    choisis: defaultdict[int, list[tuple[Role, bool]]] = defaultdict(list)
    for structure, siens in tous.items():
        voulus = [(r, True) for r in siens if r.pk not in sans_rappels]
        choisis[structure] = voulus or [(r, False) for r in siens]
    return choisis


def _liens(demandes: Sequence[tuple[MiseEnRelation, Role | None]], partie: Partie) -> list[str]:
    """Un lien personnel neuf par (mise en relation, membre), dans l'ordre ; voir `liens.nouveau_lien`."""
    expire_le = timezone.now() + regles.DUREE_LIEN
    jetons = [nouveau_jeton() for _ in demandes]
    LienPersonnel.objects.bulk_create(
        [
            LienPersonnel(mise_en_relation=relation, partie=partie, role=role, empreinte=empreinte, expire_le=expire_le)
            for (relation, role), (_, empreinte) in zip(demandes, jetons, strict=True)
        ],
        batch_size=LOT,
    )
    nom = "lien_candidat" if partie == Partie.CANDIDAT else "lien_structure"
    return [settings.SITE_URL + reverse(f"recrutement:{nom}", args=[clair]) for clair, _ in jetons]
