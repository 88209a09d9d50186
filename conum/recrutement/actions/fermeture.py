"""Clore des mises en relation par une règle : poste pourvu, recrutement suspendu, candidat engagé ou parti.

L'autre partie l'apprend le jour même ; personne n'attend une réponse qui ne viendra plus.
"""

from itertools import groupby

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from conum.courriels.actions import mettre_en_file
from conum.journal.acteurs import SYSTEME
from conum.journal.workflow import transition
from conum.recrutement.access import peut_clore
from conum.recrutement.actions import prevenir
from conum.recrutement.actions.liens import membres_a_prevenir
from conum.recrutement.actions.reserve import rappeler_le_suivant, verrouiller
from conum.recrutement.emails.relation import CandidatParti, RelationClose
from conum.recrutement.models import Candidat, MiseEnRelation, Recrutement
from conum.recrutement.rules.relation import MOTIFS_FIN
from conum.recrutement.states import OUVERTS, PROMIS, TRANSITIONS


def clore_du_candidat(
    candidat: Candidat, *, motif: str, etats: frozenset[str] = OUVERTS, sauf: MiseEnRelation | None = None
) -> int:
    """Clôt les mises en relation de ce candidat dans ces états et prévient chaque structure, d'un courriel par membre.

    Verrouille les recrutements, puis les mises en relation : à appeler AVANT de verrouiller le candidat (avant
    `transition(candidat, …)`), dans la même transaction. Une offre qui tombe rappelle la réserve. Rend leur nombre.
    """
    with transaction.atomic():
        filtre = Q(candidat=candidat)
        ouvertes = MiseEnRelation.objects.filter(filtre, etat__in=etats)
        recrutements = verrouiller(ouvertes.values_list("recrutement_id", flat=True))
        closes, promises = _clore_tout(filtre, motif, etats, sauf)
        _prevenir_les_structures(closes)
        for tombee in promises:
            rappeler_le_suivant(recrutements.get(tombee.recrutement_id, tombee.recrutement), tombee=tombee)
        return len(closes)


def clore_du_recrutement(
    recrutement: Recrutement, *, motif: str, etats: frozenset[str] = OUVERTS, sauf: MiseEnRelation | None = None
) -> int:
    """Clôt les mises en relation de ce recrutement dans ces états et prévient chaque candidat. Rend leur nombre.

    La réserve n'est pas rappelée : c'est le recrutement qui s'arrête, ou plus aucune place n'est libre.
    """
    with transaction.atomic():
        verrouiller([recrutement.pk])
        closes, _ = _clore_tout(Q(recrutement=recrutement), motif, etats, sauf)
        for relation in closes:
            _annoncer_la_fin(relation)
        return len(closes)


def _annoncer_la_fin(relation: MiseEnRelation) -> None:
    prevenir.le_candidat(relation, lambda lien: RelationClose.de(relation, lien))


def _clore_tout(
    filtre: Q, motif: str, etats: frozenset[str], sauf: MiseEnRelation | None
) -> tuple[list[MiseEnRelation], list[MiseEnRelation]]:
    """Les mises en relation closes, et celles qui tenaient un poste promis."""
    lignes = MiseEnRelation.objects.filter(filtre, etat__in=etats)
    if sauf is not None:
        lignes = lignes.exclude(pk=sauf.pk)
    verrouillees = lignes.select_for_update(of=("self",), no_key=True).order_by("pk")
    closes, promises = [], []
    for ligne in verrouillees.select_related("recrutement__structure", "recrutement__commune", "candidat"):
        promise = ligne.etat in PROMIS
        close = _clore(ligne, motif)
        closes.append(close)
        if promise:
            promises.append(close)
    return closes, promises


def _clore(relation: MiseEnRelation, motif: str) -> MiseEnRelation:
    with transition(
        relation, "clore", table=TRANSITIONS, par=SYSTEME, peut=peut_clore, motif=MOTIFS_FIN[motif]
    ) as courante:
        courante.recrutement, courante.candidat = relation.recrutement, relation.candidat
        fermer(courante, motif)
    return courante


def fermer(relation: MiseEnRelation, motif: str, precision: str = "") -> None:
    """Ce que porte toute fin : motif, date, plus d'échéance ; un entretien à venir quitte les agendas."""
    maintenant = timezone.now()
    relation.motif_fin, relation.precision_fin, relation.close_le = motif, precision, maintenant
    relation.echeance, relation.rang_reserve = None, None
    if relation.entretien_le is not None and relation.entretien_le > maintenant:
        relation.entretien_sequence += 1
        prevenir.de_l_entretien_annule(relation)


def _prevenir_les_structures(closes: list[MiseEnRelation]) -> None:
    """Un courriel par membre et par structure, même si plusieurs échanges se closent ensemble."""

    def structure(relation: MiseEnRelation) -> int:
        return relation.recrutement.structure_id

    for _, groupe in groupby(sorted(closes, key=lambda r: (structure(r), r.pk)), key=structure):
        relations = list(groupe)
        for role in membres_a_prevenir(relations[0].recrutement):
            mettre_en_file(CandidatParti.de(relations, role), a=role.utilisateur.email, objet=relations[0])
