"""Les enveloppes de postes de l'année : ce qui est fixé, attribué, et ce qui reste."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from conum.comptes.models import TypeRole
from conum.demandes.actions import enveloppes as actions
from conum.demandes.forms.comite import AppliquerEnveloppesForm, EnveloppeForm, FichierEnveloppesForm
from conum.demandes.models import Enveloppe, Soldes
from conum.demandes.rules import Solde
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.socle import exports
from conum.socle.http import lecture, lecture_ecriture, role_requis
from conum.socle.listes import FORMATS
from conum.territoires.models import Departement
from conum.ui.forms import reporter

ENTETES = ("Territoire", "Code", "Région", "Enveloppe", "Attribués", "Reste")


def _annee_ou_404(annee: int) -> int:
    if abs(annee - timezone.localdate().year) > 5:
        raise Http404("Année hors de portée.")
    return annee


def _rangees(soldes: Soldes) -> list[tuple[Departement, Solde]]:
    departements = Departement.objects.select_related("region").order_by("pk")
    return [(d, soldes.du_departement(d.pk)) for d in departements]


def _fichier(format_: str, soldes: Soldes, rangees: list[tuple[Departement, Solde]]) -> HttpResponseBase:
    def cellules(nom: str, code: str, region: str, solde: Solde) -> list[Any]:
        return [nom, code, region, solde.postes, solde.attribues, solde.reste if solde.postes is not None else None]

    lignes = [cellules("National", "", "", soldes.national)]
    lignes += [cellules(d.nom, d.pk, d.region.nom, solde) for d, solde in rangees]
    return exports.reponse(format_, f"enveloppes-{soldes.annee}", ENTETES, lignes)


@role_requis(TypeRole.ANCT)
@lecture
def annee(request: HttpRequest, annee: int) -> HttpResponseBase:
    soldes = Soldes.de(_annee_ou_404(annee))
    rangees = _rangees(soldes)
    if request.GET.get("format") in FORMATS:
        return _fichier(request.GET["format"], soldes, rangees)
    connues = set(Enveloppe.objects.order_by().values_list("annee", flat=True).distinct())
    return render(
        request,
        "demandes/enveloppes/annee.html",
        {
            "annee": annee,
            "national": soldes.national,
            "rangees": rangees,
            "fixes": sum(solde.postes or 0 for _, solde in rangees),
            "annees": sorted(connues | {annee, timezone.localdate().year, timezone.localdate().year + 1}),
        },
    )


@role_requis(TypeRole.ANCT)
@lecture
def courante(request: HttpRequest) -> HttpResponseBase:
    return redirect("demandes:enveloppes", request.role.pk, timezone.localdate().year)  # type: ignore[attr-defined]


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def fixer(request: HttpRequest, annee: int, code: str) -> HttpResponseBase:
    """Une enveloppe : « national », ou le code d'un département."""
    role = request.role  # type: ignore[attr-defined]
    departement = None if code == actions.NATIONAL else get_object_or_404(Departement, pk=code)
    soldes = Soldes.de(_annee_ou_404(annee))
    solde = soldes.national if departement is None else soldes.du_departement(departement.pk)
    form = EnveloppeForm(request.POST or None, initial={"postes": solde.postes})
    if request.method == "POST" and form.is_valid():
        d = form.cleaned_data
        try:
            actions.fixer_enveloppe(annee, departement, d["postes"], par=role, motif=d["motif"])
        except TransitionImpossible as erreur:
            form.add_error("postes", str(erreur))
        except ValidationError as erreur:
            reporter(form, erreur, repli="texte")
        else:
            messages.success(request, "L'enveloppe est fixée.")
            return redirect("demandes:enveloppes", role.pk, annee)
    enveloppe = Enveloppe.objects.filter(annee=annee, departement=departement).first()
    return render(
        request,
        "demandes/enveloppes/fixer.html",
        {
            "annee": annee,
            "territoire": str(departement) if departement else "National",
            "solde": solde,
            "form": form,
            "historique": Entree.objects.de_l_objet(enveloppe).order_by("-pk") if enveloppe else [],
        },
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def importer(request: HttpRequest, annee: int) -> HttpResponseBase:
    """Deux temps : le fichier et son compte rendu, puis l'application, qui relit tout."""
    role = request.role  # type: ignore[attr-defined]
    _annee_ou_404(annee)
    contexte: dict[str, Any] = {"annee": annee, "form": FichierEnveloppesForm()}
    if request.method == "POST" and "contenu" in request.POST:
        appliquer = AppliquerEnveloppesForm(request.POST)
        contexte["appliquer"] = appliquer
        if appliquer.is_valid():
            d = appliquer.cleaned_data
            try:
                nombre = actions.importer_enveloppes(d["contenu"], annee, par=role, motif=d["motif"])
            except (TransitionImpossible, ValidationError) as erreur:
                appliquer.add_error(None, erreur if isinstance(erreur, ValidationError) else str(erreur))
            else:
                messages.success(request, f"{nombre} enveloppe{'s' * (nombre > 1)} fixée{'s' * (nombre > 1)}.")
                return redirect("demandes:enveloppes", role.pk, annee)
        contexte["lignes"] = actions.lire_enveloppes(request.POST["contenu"][:50_000], annee)
    elif request.method == "POST":
        _lire_fichier(request, annee, contexte)
    lignes = contexte.get("lignes", [])
    contexte["refusees"] = sum(1 for ligne in lignes if ligne.erreur)
    return render(request, "demandes/enveloppes/importer.html", {"appliquer": None, "lignes": [], **contexte})


def _lire_fichier(request: HttpRequest, annee: int, contexte: dict[str, Any]) -> None:
    form = FichierEnveloppesForm(request.POST, request.FILES)
    contexte["form"] = form
    if not form.is_valid():
        return
    try:
        contenu = form.cleaned_data["fichier"].read(50_001).decode("utf-8-sig")
        lignes = actions.lire_enveloppes(contenu, annee) if len(contenu) <= 50_000 else []
    except UnicodeDecodeError:
        form.add_error("fichier", "Ce fichier n'est pas un texte en UTF-8 : enregistrez-le en « CSV UTF-8 ».")
        return
    except ValidationError as erreur:
        form.add_error("fichier", erreur.messages)
        return
    if not lignes:
        form.add_error("fichier", "Ce fichier n'a aucune ligne lisible.")
        return
    contexte["lignes"] = lignes
    contexte["appliquer"] = AppliquerEnveloppesForm(initial={"contenu": contenu})
