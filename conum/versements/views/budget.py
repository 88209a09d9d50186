"""L'argent vu d'en haut : deux tableaux, chaque chiffre s'ouvre sur ses conventions, chaque convention sur sa trace."""

from collections.abc import Hashable, Iterable
from dataclasses import replace
from decimal import Decimal
from operator import attrgetter
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.conventions.access import get_convention_ou_404
from conum.conventions.models import Convention
from conum.conventions.models.convention import Phase, rattachements_sans_convention
from conum.postes.access import AGENTS
from conum.socle import exports
from conum.socle.http import lecture, role_requis
from conum.socle.listes import FORMATS, Colonne, Liste, Pages
from conum.socle.sql import SansAccent
from conum.structures.models import NOM_TRI, Structure
from conum.territoires.models import Departement, Region
from conum.versements.actions import paiements_etats
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
# Ce que la liste des conventions montre : la base trie d'autant moins de texte.
LUS = (
    "numero", "etat", "departement_id", "financement_debut", "financeur",
    "structure__denomination", "structure__nom_usage",
)  # fmt: skip
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
        valeurs = self.filtres.valeurs()
        self.axe = Axe(valeurs["axe"]) if valeurs.get("axe") in self.axes else Axe.EXERCICE
        # Deux cents liens par page : ce qui ne change pas de l'un à l'autre se calcule une fois.
        self.retenus = {nom: getattr(v, "pk", v) for nom, v in valeurs.items()} | {"axe": self.axe.value}
        self.detail = reverse("versements:budget_detail", args=[self.role.pk])

    def parametres(self, **plus: Hashable) -> str:
        """Les filtres retenus et d'autres valeurs, prêts pour une adresse."""
        return urlencode({nom: v for nom, v in (self.retenus | plus).items() if v not in (None, "")})

    def lien(self, **plus: Hashable) -> str:
        return f"{self.detail}?{self.parametres(**plus)}"

    def rangee(self, nom: str, montants: Montants, colonnes: tuple[str, ...], **plus: Hashable) -> Rangee:
        cellules = [
            Cellule(valeur, self.lien(**plus, montant=c) if valeur else "")
            for c in colonnes
            for valeur in [getattr(montants, c)]
        ]
        return Rangee(nom, self.lien(**plus), montants, cellules)


class Nommee(NamedTuple):
    """Une clé de l'axe et ses sommes, avant de savoir si la page la montre."""

    nom: str
    cle: Hashable
    montants: Montants


def _structures(vue: Vue) -> QuerySet[Any]:
    """Les structures de ces conventions, dans l'ordre de leur nom : (clé, nom montré)."""
    voulues = Structure.objects.filter(pk__in=vue.conventions.order_by().values("structure"))
    montre = Coalesce(NullIf("nom_usage", Value("")), "denomination")
    return voulues.order_by(NOM_TRI, "pk").values_list("pk", montre)


def _noms(vue: Vue, cles: Iterable[Any]) -> Iterable[tuple[Any, str]]:
    """Comment se dit chaque clé de l'axe, dans l'ordre où on la lit."""
    match vue.axe:
        case Axe.DEPARTEMENT:
            return [(d.pk, f"{d.pk} {d.nom}") for d in Departement.objects.order_by("pk")]
        case Axe.REGION:
            return [(r.pk, r.nom) for r in Region.objects.order_by(SansAccent("nom"))]
        case Axe.STRUCTURE:
            return _structures(vue)
        case Axe.PHASE:
            return [(phase.value, str(phase.label)) for phase in Phase]
    return [(cle, str(cle)) for cle in sorted(cles, key=str)]


def _par_axe(vue: Vue) -> list[Nommee]:
    montants = modele.par_axe(vue.conventions, vue.axe)
    return [Nommee(nom, cle, montants[cle]) for cle, nom in _noms(vue, montants) if cle in montants]


def _une_page(vue: Vue, request: HttpRequest) -> tuple[Pages, list[Nommee]]:
    """Les lignes à montrer. Il y a des milliers de structures : on ne somme que celles de la page."""
    if vue.axe != Axe.STRUCTURE:
        pages = Pages(request, _par_axe(vue))
        return pages, list(pages.page)
    pages = Pages(request, _structures(vue))
    noms = list(pages.page)
    montants = modele.par_axe(vue.conventions.filter(structure__in=[cle for cle, _ in noms]), vue.axe)
    return pages, [Nommee(nom, cle, montants[cle]) for cle, nom in noms]


def _rangees(vue: Vue, nommees: Iterable[Nommee]) -> list[Rangee]:
    return [vue.rangee(x.nom, x.montants, PAR_AXE, **{vue.axe.value: x.cle}) for x in nommees]


def _nom_annee(annee: int | None) -> str:
    return "Sans date" if annee is None else str(annee)


def _par_annee(vue: Vue, calendrier: modele.Calendrier) -> list[Rangee]:
    return [
        vue.rangee(
            _nom_annee(a.annee), a.montants, PAR_ANNEE, annee=SANS_DATE if a.annee is None else a.annee
        )
        for a in calendrier.parlantes
    ]  # fmt: skip


def _fichier_par_axe(vue: Vue, format_: str, nommees: list[Nommee], total: Montants) -> HttpResponseBase:
    """Le tableau en fichier : toutes ses lignes, et son total."""
    entetes = [str(vue.axe.label), "Conventions", *(f"{TITRES[c]} (€)" for c in PAR_AXE)]
    toutes = [*nommees, Nommee("Total", None, total)]
    lignes = ([x.nom, x.montants.conventions, *(getattr(x.montants, c) for c in PAR_AXE)] for x in toutes)
    return exports.reponse(format_, f"budget-{vue.axe.value}", entetes, lignes)


def _fichier_par_annee(format_: str, calendrier: modele.Calendrier) -> HttpResponseBase:
    entetes = ["Année civile", *(f"{TITRES_ANNEE[c]} (€)" for c in PAR_ANNEE)]
    toutes = [*((_nom_annee(a.annee), a.montants) for a in calendrier.parlantes), ("Total", calendrier.total)]
    lignes = ([nom, *(getattr(montants, c) for c in PAR_ANNEE)] for nom, montants in toutes)
    return exports.reponse(format_, "budget-calendrier", entetes, lignes)


@role_requis(*AGENTS)
@lecture
def budget(request: HttpRequest) -> HttpResponseBase:
    """Par exercice, financeur, territoire, phase ou structure ; puis par année civile."""
    vue = Vue(request)
    format_ = request.GET.get("format")
    calendrier = modele.calendrier(vue.conventions)
    if format_ in FORMATS and request.GET.get("tableau") == "calendrier":
        return _fichier_par_annee(format_, calendrier)
    # Les deux tableaux rangent les mêmes mouvements : ils ont le même total.
    total = replace(calendrier.total, conventions=vue.conventions.count())
    if format_ in FORMATS:
        return _fichier_par_axe(vue, format_, _par_axe(vue), total)
    page, nommees = _une_page(vue, request)
    contexte = {
        "vue": vue,
        "filtres": vue.filtres,
        "axes": [(axe, vue.parametres(axe=axe.value)) for axe in vue.axes],
        "liste": page,
        "titres": [TITRES[c] for c in PAR_AXE],
        "rangees": _rangees(vue, nommees),
        "total": vue.rangee("Total", total, PAR_AXE),
        "annees": _par_annee(vue, calendrier),
        "titres_annee": [TITRES_ANNEE[c] for c in PAR_ANNEE],
        "total_annees": vue.rangee("Total", total, PAR_ANNEE),
        "graphique": tracer([(_nom_annee(a.annee), a.montants) for a in calendrier.parlantes]),
        "sans_convention": _sans_convention(vue.role),
        "national": vue.role.type == TypeRole.ANCT,
        "formation": paiements_etats.sommes() if vue.role.type == TypeRole.ANCT else {},
    }
    return render(request, "versements/budget/budget.html", contexte)


def _sans_convention(role: Role) -> int:
    visibles = Structure.objects.visibles_par(role).order_by().values("pk")
    return rattachements_sans_convention(timezone.localdate()).filter(structure__in=visibles).count()


def _colonnes(vue: Vue, noms: tuple[str, ...], titres: dict[str, str]) -> list[Colonne]:
    """Ce que le filtre fixe ne se répète pas à chaque ligne de l'écran ; le fichier garde tout."""
    role = vue.role
    fixes = {*vue.filtres.valeurs(), *(axe.value for axe in Axe if axe not in vue.axes)}

    def trace(convention: Any) -> str:
        return reverse("versements:budget_convention", args=[role.pk, convention.pk])

    def somme(nom: str) -> Colonne:
        return Colonne(nom, f"{titres[nom]} (€)", attrgetter(nom), tri=nom)

    return [
        Colonne("reference", "Convention", lambda c: c.reference, tri="numero", lien=trace),
        Colonne(
            "structure",
            "Structure",
            lambda c: c.structure.nom,
            tri=SansAccent("structure__denomination"),
            a_l_ecran="structure" not in fixes,
        ),
        Colonne(
            "departement",
            "Département",
            lambda c: c.departement_id,
            tri="departement",
            a_l_ecran="departement" not in fixes,
        ),
        Colonne(
            "exercice",
            "Exercice",
            lambda c: str(c.financement_debut.year),
            tri="financement_debut",
            a_l_ecran="exercice" not in fixes,
        ),
        Colonne("financeur", "Financeur", lambda c: c.financeur, tri="financeur", a_l_ecran="financeur" not in fixes),
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
    conventions = conventions.only(*LUS)
    if montant in MONTANTS:
        conventions = conventions.exclude(**{montant: 0})
    liste = Liste(request, conventions, _colonnes(vue, noms, titres), "reference", "budget-conventions")
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
