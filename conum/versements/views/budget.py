"""L'argent vu d'en haut : deux tableaux, chaque chiffre s'ouvre sur ses conventions, chaque convention sur sa trace."""

from collections.abc import Callable, Hashable
from decimal import Decimal
from operator import attrgetter
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.conventions.access import get_convention_ou_404
from conum.conventions.models import Convention
from conum.conventions.models.convention import Phase
from conum.postes.access import AGENTS
from conum.postes.views.commun import role_de
from conum.socle import exports
from conum.socle.http import lecture, role_requis
from conum.socle.listes import FORMATS, Colonne, Liste, Pages
from conum.socle.sql import SansAccent
from conum.socle.texte import normaliser
from conum.structures.models import Structure
from conum.territoires.models import Departement, Region
from conum.versements.forms.budget import MONTANTS, FiltresBudget, FiltresDetail, axes_de
from conum.versements.models import budget as modele
from conum.versements.models.budget import SANS_DATE, Axe, Montants
from conum.versements.views.graphique import tracer
from conum.versements.views.trace import trace_de

TITRES = {
    "accorde": "Accordé",
    "engage": "Engagé",
    "verse": "Versé",
    "ordonnance": "Ordonnancé",
    "reste": "Reste à verser",
    "a_rendre": "À rendre",
    "prevu": "Prévu",
}
PAR_AXE = ("accorde", "engage", "verse", "ordonnance", "reste", "a_rendre")
PAR_ANNEE = ("engage", "prevu", "verse")
# Par année civile, l'engagé est ce que valent les jours financés de l'année.
TITRES_ANNEE = {**TITRES, "engage": "Dû"}


class Cellule(NamedTuple):
    valeur: Decimal
    lien: str


class Rangee(NamedTuple):
    """Une ligne d'un tableau : son nom, où il mène, combien de conventions, et ses chiffres."""

    nom: str
    lien: str
    montants: Montants
    cellules: list[Cellule]


class Vue:
    """Les conventions d'un rôle, filtrées ; l'écran, les fichiers et les listes partent d'ici."""

    def __init__(self, request: HttpRequest, forme: type[FiltresBudget] = FiltresBudget) -> None:
        self.role: Role = role_de(request)
        self.visibles: QuerySet[Convention] = Convention.objects.visibles_par(self.role).retenues()
        self.filtres = forme(request.GET, role=self.role, conventions=self.visibles)
        self.conventions = self.filtres.filtrer(self.visibles)
        self.axes = axes_de(self.role)
        voulu = self.filtres.valeurs().get("axe")
        self.axe = Axe(voulu) if voulu in self.axes else Axe.EXERCICE

    def parametres(self, **plus: Hashable) -> str:
        """Les filtres retenus et d'autres valeurs, prêts pour une adresse."""
        parametres = QueryDict(mutable=True)
        for nom, valeur in {**self.filtres.valeurs(), "axe": self.axe.value, **plus}.items():
            if valeur not in (None, ""):
                parametres[nom] = str(getattr(valeur, "pk", valeur))
        return parametres.urlencode()

    def lien(self, **plus: Hashable) -> str:
        return f"{reverse('versements:budget_detail', args=[self.role.pk])}?{self.parametres(**plus)}"

    def rangee(self, nom: str, montants: Montants, colonnes: tuple[str, ...], **plus: Hashable) -> Rangee:
        cellules = [
            Cellule(valeur, self.lien(**plus, montant=c) if valeur else "")
            for c in colonnes
            for valeur in [getattr(montants, c)]
        ]
        return Rangee(nom, self.lien(**plus), montants, cellules)


def _noms(axe: Axe, cles: list[Any]) -> Callable[[Any], str]:
    """Comment se dit chaque clé d'un axe ; une requête au plus."""
    match axe:
        case Axe.DEPARTEMENT:
            noms: dict[Any, str] = {d.pk: f"{d.pk} {d.nom}" for d in Departement.objects.filter(pk__in=cles)}
        case Axe.REGION:
            noms = {r.pk: r.nom for r in Region.objects.filter(pk__in=cles)}
        case Axe.STRUCTURE:
            lues = Structure.objects.filter(pk__in=cles).values_list("pk", "nom_usage", "denomination")
            noms = {pk: usage or denomination for pk, usage, denomination in lues}
        case Axe.PHASE:
            noms = {phase.value: str(phase.label) for phase in Phase}
        case _:
            noms = {}
    return lambda cle: noms.get(cle, str(cle))


def _par_axe(vue: Vue) -> list[Rangee]:
    montants = modele.par_axe(vue.conventions, vue.axe)
    nom = _noms(vue.axe, list(montants))
    rangees = [vue.rangee(nom(cle), m, PAR_AXE, **{vue.axe.value: cle}) for cle, m in montants.items()]
    return sorted(rangees, key=lambda r: normaliser(r.nom))


def _nom_annee(annee: int | None) -> str:
    return "Sans date" if annee is None else str(annee)


def _par_annee(vue: Vue, calendrier: modele.Calendrier) -> list[Rangee]:
    return [
        vue.rangee(
            _nom_annee(a.annee), a.montants, PAR_ANNEE, annee=SANS_DATE if a.annee is None else a.annee
        )
        for a in calendrier.annees
    ]  # fmt: skip


def _fichier(request: HttpRequest, entetes: list[str], rangees: list[Rangee], total: Rangee, nom: str) -> Any:
    """Le tableau en fichier : toutes ses lignes, et son total."""
    lignes = [[r.nom, *_nombre(r), *(c.valeur for c in r.cellules)] for r in [*rangees, total]]
    return exports.reponse(request.GET["format"], nom, entetes, lignes)


def _nombre(rangee: Rangee) -> list[int]:
    return [rangee.montants.conventions] if len(rangee.cellules) == len(PAR_AXE) else []


@role_requis(*AGENTS)
@lecture
def budget(request: HttpRequest) -> HttpResponseBase:
    """Par exercice, financeur, territoire, phase ou structure ; puis par année civile."""
    vue = Vue(request)
    calendrier = modele.calendrier(vue.conventions)
    annees = _par_annee(vue, calendrier)
    total_annees = vue.rangee("Total", calendrier.total, PAR_ANNEE)
    du_calendrier = request.GET.get("tableau") == "calendrier"
    if request.GET.get("format") in FORMATS and du_calendrier:
        entetes = ["Année civile", *(f"{TITRES_ANNEE[c]} (€)" for c in PAR_ANNEE)]
        return _fichier(request, entetes, annees, total_annees, "budget-calendrier")  # type: ignore[no-any-return]
    rangees = _par_axe(vue)
    total = vue.rangee("Total", modele.additionner(r.montants for r in rangees), PAR_AXE)
    if request.GET.get("format") in FORMATS:
        entetes = [str(vue.axe.label), "Conventions", *(f"{TITRES[c]} (€)" for c in PAR_AXE)]
        return _fichier(request, entetes, rangees, total, f"budget-{vue.axe.value}")  # type: ignore[no-any-return]
    page = Pages(request, rangees)
    contexte = {
        "vue": vue,
        "filtres": vue.filtres,
        "axes": [(axe, vue.parametres(axe=axe.value)) for axe in vue.axes],
        "liste": page,
        "titres": [TITRES[c] for c in PAR_AXE],
        "total": total,
        "annees": annees,
        "titres_annee": [TITRES_ANNEE[c] for c in PAR_ANNEE],
        "total_annees": total_annees,
        "graphique": tracer([(_nom_annee(a.annee), a.montants) for a in calendrier.annees]),
        "sans_convention": _sans_convention(vue.role),
        "national": vue.role.type == TypeRole.ANCT,
    }
    return render(request, "versements/budget/budget.html", contexte)


def _sans_convention(role: Role) -> int:
    visibles = Structure.objects.visibles_par(role)
    return modele.postes_sans_convention(visibles, modele.a_partir_du(timezone.localdate())).count()


def _colonnes(role: Role, noms: tuple[str, ...], titres: dict[str, str]) -> list[Colonne]:
    def trace(convention: Any) -> str:
        return reverse("versements:budget_convention", args=[role.pk, convention.pk])

    def somme(nom: str) -> Colonne:
        return Colonne(nom, f"{titres[nom]} (€)", attrgetter(nom), tri=nom)

    return [
        Colonne("reference", "Convention", lambda c: c.reference, tri="numero", lien=trace),
        Colonne("structure", "Structure", lambda c: c.structure.nom, tri=SansAccent("structure__denomination")),
        Colonne("departement", "Département", lambda c: c.departement_id, tri="departement"),
        Colonne("exercice", "Exercice", lambda c: str(c.financement_debut.year), tri="financement_debut"),
        Colonne("financeur", "Financeur", lambda c: c.financeur, tri="financeur"),
        Colonne("etat", "État", lambda c: c.get_etat_display(), tri="etat"),
        *(somme(nom) for nom in noms),
    ]


@role_requis(*AGENTS)
@lecture
def detail(request: HttpRequest) -> HttpResponseBase:
    """Les conventions qui font un chiffre : leur somme est ce chiffre."""
    vue = Vue(request, FiltresDetail)
    filtres: Any = vue.filtres
    quand, montant = filtres.quand(), filtres.valeurs().get("montant", "")
    noms, titres = (PAR_AXE, TITRES) if quand is None else (PAR_ANNEE, TITRES_ANNEE)
    conventions: QuerySet[Any] = modele.avec_montants(vue.conventions, quand).select_related("structure")
    if montant in MONTANTS:
        conventions = conventions.exclude(**{montant: 0})
    liste = Liste(request, conventions, _colonnes(vue.role, noms, titres), "reference", "budget-conventions")
    if (fichier := liste.export()) is not None:
        return fichier
    total = modele.totaux(vue.conventions, quand)
    contexte = {
        "filtres": filtres,
        "liste": liste,
        "chiffres": [(titres[nom], getattr(total, nom), nom == montant) for nom in noms],
        "annee": "" if quand is None else _nom_annee(None if quand == SANS_DATE else int(quand)).lower(),
        "choix": _choix(vue),
        "retour": vue.parametres(montant="", annee="", **({vue.axe.value: ""})),
    }
    return render(request, "versements/budget/detail.html", contexte)


def _choix(vue: Vue) -> list[tuple[str, str]]:
    """Ce que la liste retient, en mots."""
    phases = dict(Phase.choices)
    valeurs = {nom: v for nom, v in vue.filtres.valeurs().items() if nom in Axe.values}
    return [(str(Axe(nom).label), str(phases.get(v, v) if nom == Axe.PHASE else v)) for nom, v in valeurs.items()]


@role_requis(*AGENTS)
@lecture
def convention(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Chaque mouvement d'une convention, et pourquoi ce montant."""
    lue = get_convention_ou_404(role_de(request), pk)
    montants = modele.de_la_convention(lue)
    contexte = {
        "convention": lue,
        "chiffres": [(TITRES[nom], getattr(montants, nom), False) for nom in PAR_AXE],
        "total": montants,
        "trace": trace_de(lue),
    }
    return render(request, "versements/budget/convention.html", contexte)
