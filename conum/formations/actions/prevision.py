"""Les faits de la prévision, lus en base : besoin de places, places ouvertes, capacité annoncée."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Sum

from conum.comptes.models import Role
from conum.formations.actions.inscriptions import ENGAGEES, contrats_a_ouvrir
from conum.formations.actions.suivi import file
from conum.formations.models import Inscription, Organisme, SessionFormation
from conum.formations.rules import marches, prevision
from conum.postes.models import Contrat, EtatPoste, Poste
from conum.postes.states import Etat as EtatContrat
from conum.structures.models import Structure
from conum.territoires.models import Region


@dataclass(frozen=True)
class Annonce:
    """Ce que les organismes ouverts disent pouvoir accueillir chaque mois ; `muets` : combien n'ont rien dit."""

    total: int
    organismes: int
    muets: int


def prevoir(role: Role, *, jour: date, delai: int, region: Region | None = None) -> prevision.Prevision:
    """La prévision de ce que ce rôle voit ; une région n'a que ses sessions sur place, le pays a tout."""
    structures = Structure.objects.visibles_par(role)
    attentes, sessions = file(role), SessionFormation.objects.a_venir(jour)
    if region is not None:
        structures = structures.filter(commune__departement__region=region)
        attentes = attentes.filter(commune__departement__region=region)
        sessions = sessions.filter(commune__departement__region=region, a_distance=False)
    numeros = structures.order_by().values("pk")
    faits = prevision.Faits(
        attentes=list(attentes.order_by().values_list("disponible_le", flat=True)),
        contrats=_debuts(contrats_a_ouvrir(jour), numeros),
        a_valider=_debuts(_a_valider(), numeros),
        vacants=_vacants(numeros, jour),
        places=_places(sessions),
    )
    return prevision.prevoir(faits, jour=jour, delai=delai)


def _debuts(contrats: Any, structures: Any) -> list[date]:
    chez = contrats.avec_structure().filter(structure_pk__in=structures)
    return list(chez.order_by().values_list("periode__startswith", flat=True))


def _a_valider() -> Any:
    """Ni renouvellement, ni personne déjà formée ou en formation : ils n'amènent personne de nouveau."""
    engagees = Inscription.objects.filter(personne=OuterRef("personne"), etat__in=ENGAGEES)
    renouveles = Contrat.objects.renouvellements().order_by().values("pk")
    return Contrat.objects.filter(~Exists(engagees), etat=EtatContrat.A_VALIDER).exclude(pk__in=renouveles)


def _vacants(structures: Any, jour: date) -> int:
    """Les postes rattachés et vacants ce jour-là, sans contrat à venir ni à valider."""
    postes = Poste.objects.a_la_date(jour).avec_vacance(jour)
    return postes.filter(
        etat_du_jour=EtatPoste.VACANT, contrat_attendu=False, structure_id_du_jour__in=structures
    ).count()  # type: ignore[misc]


def _places(sessions: Any) -> dict[date, int]:
    """Premier du mois → places libres."""
    libres: dict[date, int] = {}
    for debut, capacite, assis in sessions.avec_places().order_by().values_list("debut", "capacite", "assis"):
        premier = debut.replace(day=1)
        libres[premier] = libres.get(premier, 0) + max(capacite - assis, 0)
    return libres


def annonce(jour: date, region: Region | None = None) -> Annonce:
    """La capacité annoncée des organismes ouverts ; d'une région, ceux que le marché du jour y désigne."""
    organismes = Organisme.objects.ouverts()
    if region is not None:
        organismes = organismes.filter(nom__in=marches.organismes_de(marches.regle_au(jour), region.pk))
    total = organismes.aggregate(total=Sum("capacite_mensuelle"))["total"] or 0
    return Annonce(total, organismes.count(), organismes.filter(capacite_mensuelle=None).count())
