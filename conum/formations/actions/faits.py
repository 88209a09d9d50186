"""Ce que les sessions suivies disent d'une personne : le premier jour de sa formation, le dernier.

Une session compte si la personne y a un siège, ou si elle y a déjà signé avant d'en changer. Une session annulée ne
compte jamais.
"""

from collections.abc import Iterable
from datetime import date

from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet

from conum.formations.models import Emargement, Place
from conum.formations.rules.marches import Marche, MarcheInconnu, marche, regle_au
from conum.formations.states import ASSISES, EtatSession
from conum.postes.models import Contrat
from conum.socle.donnees_figees import DonneeInvalide


def places_suivies() -> QuerySet[Place]:
    signee = Exists(Emargement.objects.faits().filter(place=OuterRef("pk")))
    suivies = Place.objects.exclude(session__etat=EtatSession.ANNULEE).filter(session__debut__isnull=False)
    return suivies.filter(Q(etat__in=sorted(ASSISES)) | signee)


def debuts(inscriptions: Iterable[int]) -> dict[int, date]:
    """Le premier jour de la première session suivie, par numéro d'inscription ; absent s'il n'y en a pas."""
    return _bornes(inscriptions, Min("session__debut"))


def fins(inscriptions: Iterable[int]) -> dict[int, date]:
    """Le dernier jour de la dernière session suivie, par numéro d'inscription."""
    return _bornes(inscriptions, Max("session__fin"))


def _bornes(inscriptions: Iterable[int], borne: Min | Max) -> dict[int, date]:
    lues = places_suivies().filter(inscription__in=list(inscriptions)).order_by().values("inscription")
    return dict(lues.annotate(borne=borne).values_list("inscription", "borne"))


def marche_fige(code: str, empreinte: str, contrat: Contrat) -> Marche:
    """Le marché gardé à l'ouverture de l'inscription ; à défaut, celui de la date du contrat."""
    try:
        return marche(code, empreinte)
    except (MarcheInconnu, DonneeInvalide):
        return regle_au(contrat.debut)
