"""Verrous d'un recrutement, places encore libres, liste de réserve rappelée quand une offre tombe."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.utils import timezone

from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.models import Contrat
from conum.recrutement.access import peut_rappeler_de_reserve
from conum.recrutement.actions import prevenir
from conum.recrutement.emails.relation import TourDeReserve
from conum.recrutement.models import Candidat, MiseEnRelation, PosteOuvert, Recrutement
from conum.recrutement.rules import relation as regles
from conum.recrutement.states import PROMIS, TRANSITIONS, Etat, EtatRecrutement


def verrouiller(recrutements: Iterable[int]) -> dict[int, Recrutement]:
    """Verrouille ces recrutements, toujours dans le même ordre : deux actes croisés s'attendent, sans s'étreindre."""
    lignes = Recrutement.objects.select_for_update(of=("self",), no_key=True).select_related("structure", "commune")
    return {r.pk: r for r in lignes.filter(pk__in=set(recrutements)).order_by("pk")}


@contextmanager
def acte(
    relation: MiseEnRelation,
    action: str,
    *,
    par: Acteur,
    peut: Any,
    motif: str = "",
    donnees: dict[str, Any] | None = None,
    recrutements: Iterable[int] = (),
) -> Iterator[MiseEnRelation]:
    """Une transition sous le verrou du recrutement, puis de la mise en relation ; rend celle relue sous verrou.

    `recrutements` : ceux que l'acte touchera aussi, verrouillés d'emblée.
    """
    with transaction.atomic():
        verrouilles = verrouiller([relation.recrutement_id, *recrutements])
        with transition(
            relation, action, table=TRANSITIONS, par=par, peut=peut, motif=motif, donnees=donnees
        ) as courante:
            courante.recrutement = verrouilles[courante.recrutement_id]
            courante.candidat = Candidat.objects.select_related("role__utilisateur").get(pk=courante.candidat_id)
            yield courante


def attendre(relation: MiseEnRelation, depuis: datetime, echeance: datetime | None) -> None:
    """L'état qui vient attend quelqu'un depuis cet instant ; les rappels repartent de zéro."""
    relation.attend_depuis, relation.echeance, relation.rappels = depuis, echeance, 0


# --- Places -------------------------------------------------------------------------------------------------------


def postes_vacants(recrutement: Recrutement, jour: date) -> QuerySet[PosteOuvert]:
    """Les postes que personne n'occupe ni n'occupera, encore rattachés à la structure ce jour-là."""
    vacants = PosteOuvert.objects.filter(recrutement=recrutement, pourvu_par=None, rattachement__periode__contains=jour)
    return vacants.exclude(Exists(contrats_du_poste(jour)))


def contrats_du_poste(jour: date, *, chemin: str = "rattachement__poste") -> QuerySet[Contrat]:
    """Les contrats qui prennent, ce jour-là ou plus tard, le poste désigné par `chemin` (à mettre dans Exists)."""
    return Contrat.objects.retenus().filter(poste=OuterRef(chemin), occupation__overlap=DateRange(jour, None))


def nombre_de_promis(recrutement: Recrutement, *, hors: MiseEnRelation | None = None) -> int:
    """Les postes promis : offres faites ou acceptées."""
    promis = MiseEnRelation.objects.filter(recrutement=recrutement, etat__in=PROMIS)
    return promis.exclude(pk=hors.pk).count() if hors else promis.count()


# --- Réserve ------------------------------------------------------------------------------------------------------


def en_reserve(recrutement: Recrutement) -> QuerySet[MiseEnRelation]:
    """La liste de réserve, dans son ordre."""
    reserve = MiseEnRelation.objects.filter(recrutement=recrutement, etat=Etat.RESERVE)
    return reserve.select_related("candidat").order_by("rang_reserve", "pk")


def rang_suivant(recrutement: Recrutement) -> int:
    dernier: int | None = en_reserve(recrutement).order_by().aggregate(dernier=Max("rang_reserve"))["dernier"]
    return (dernier or 0) + 1


def place_en_reserve(relation: MiseEnRelation) -> int:
    """La place lue par la personne : le nombre de celles qui la précèdent encore, plus un."""
    reserve = list(en_reserve(relation.recrutement).values_list("pk", flat=True))
    return reserve.index(relation.pk) + 1 if relation.pk in reserve else len(reserve) + 1


def rappeler_de_reserve(relation: MiseEnRelation, *, par: Acteur) -> MiseEnRelation:
    """C'est le tour de cette personne : la structure a 14 jours pour lui proposer une suite.

    Raises:
        TransitionImpossible: elle n'est plus en réserve, ou le recrutement n'est pas ouvert.
    """
    with acte(relation, "rappeler_de_reserve", par=par, peut=peut_rappeler_de_reserve) as courante:
        if courante.recrutement.etat != EtatRecrutement.OUVERT:
            raise TransitionImpossible("Ce recrutement n’est pas ouvert : reprenez-le d’abord.")
        maintenant = timezone.now()
        attendre(courante, maintenant, regles.echeance(maintenant))
        courante.rang_reserve = None
        prevenir.le_candidat(courante, lambda lien: TourDeReserve.de(courante, lien))
        if par is SYSTEME:
            prevenir.la_structure(courante, lambda lien: TourDeReserve.de(courante, lien, pour_structure=True))
    return courante


def rappeler_le_suivant(recrutement: Recrutement, *, tombee: MiseEnRelation) -> MiseEnRelation | None:
    """Une offre vient de tomber : la première de la réserve est rappelée, si une place est vraiment libre.

    À appeler sous le verrou du recrutement.
    """
    if recrutement.etat != EtatRecrutement.OUVERT:
        return None
    libres = postes_vacants(recrutement, timezone.localdate()).count() - nombre_de_promis(recrutement, hors=tombee)
    premiere = en_reserve(recrutement).exclude(pk=tombee.pk).first() if libres > 0 else None
    return rappeler_de_reserve(premiere, par=SYSTEME) if premiere else None
