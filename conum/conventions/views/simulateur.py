"""Le simulateur public : un formulaire en GET, le tableau, le graphique, le PDF. Rien n'est enregistré."""

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from conum.conventions.forms.simulateur import SimulateurForm
from conum.conventions.rules import RegleInconnue, trace
from conum.conventions.rules.simulation import HORIZONS, Mois, Simulation, Total, simuler
from conum.conventions.views.document import en_pdf
from conum.conventions.views.graphique import tracer
from conum.socle import pdf
from conum.socle.http import lecture, publique
from conum.territoires.forms import libelle

# L'adresse porte une simulation dès qu'elle porte l'un de ces champs.
TEMOINS = ("salaire", "debut", "statut")


def _formulaire(request: HttpRequest) -> SimulateurForm:
    if any(champ in request.GET for champ in TEMOINS):
        return SimulateurForm(request.GET)
    return SimulateurForm(initial=SimulateurForm.depart(timezone.localdate()))


def nom_du_mois(mois: Mois) -> str:
    """« janvier 2027 », ou « 15 au 31 janvier 2027 » quand le mois n'est pas entier."""
    nom = date_format(mois.debut, "F Y")
    dernier = mois.fin - timedelta(days=1)
    if mois.entier:
        return nom
    return f"{mois.debut.day} au {dernier.day} {nom}" if dernier != mois.debut else f"{mois.debut.day} {nom}"


def _ligne(simulation: Simulation, mois: Mois) -> dict[str, Any]:
    return {
        "nom": nom_du_mois(mois),
        "cout": (mois.cout, [trace.dire_cout(simulation.hypotheses, mois)]),
        "aide": (mois.aide, trace.dire_aide(simulation, mois)),
        "reste": (mois.reste, [trace.dire_reste(mois.cout, mois.aide)]),
    }


def _somme(nom: str, total: Total) -> dict[str, Any]:
    nombre = f"Somme des {len(total.mois)} lignes"
    return {
        "nom": nom,
        "cout": (total.cout, [f"{nombre} de coût."]),
        "aide": (total.aide, [f"{nombre} d’aide."]),
        "reste": (total.reste, [trace.dire_reste(total.cout, total.aide)]),
    }


def _resultat(form: SimulateurForm) -> dict[str, Any]:
    """Ce que la page montre d'une saisie valide : le tableau, ou la phrase qui dit pourquoi il n'y en a pas."""
    try:
        simulation = simuler(form.hypotheses())
    except RegleInconnue as inconnue:
        return {"refus": str(inconnue)}
    annees = [
        {
            "numero": n,
            "lignes": [_ligne(simulation, m) for m in total.mois],
            "total": _somme(f"Année {n}", total),
        }
        for n, total in simulation.annees.items()
    ]
    totaux = {n: simulation.sur(n) for n in HORIZONS}
    return {
        "refus": "",
        "simulation": simulation,
        "regle": simulation.subvention.regle,
        "lieu": libelle(form.cleaned_data["commune"]),
        "annees": annees,
        "totaux": [_somme(f"Sur {n} mois", total) for n, total in totaux.items()],
        "trop": totaux[HORIZONS[-1]].reste < 0,
        "tranches": trace.dire_subvention(simulation.subvention),
        "graphique": tracer(simulation),
        "mensuel": trace.dire_mensuel(simulation.hypotheses),
        "parametres": form.parametres(),
        "sources": simulation.subvention.sources,
        "fin_du_financement": simulation.fin_du_financement - timedelta(days=1),
    }


@publique
@lecture
def simulateur(request: HttpRequest) -> HttpResponse:
    """Combien l'État finance, ce qui reste à payer, mois par mois sur 24 et 36 mois."""
    form = _formulaire(request)
    resultat = _resultat(form) if form.is_valid() else {}
    return render(request, "conventions/simulateur/page.html", {"form": form, "resultat": resultat})


@publique
@lecture
def simulateur_pdf(request: HttpRequest) -> HttpResponse:
    """La même simulation en PDF ; ce qui ne peut pas se calculer ramène à la page, qui dit pourquoi."""
    form = _formulaire(request)
    simulation = None
    if form.is_valid():
        try:
            simulation = simuler(form.hypotheses())
        except RegleInconnue:
            simulation = None
    if simulation is None:
        parametres = request.GET.urlencode()
        return redirect(reverse("conventions:simulateur") + (f"?{parametres}" if parametres else ""))
    adresse = request.build_absolute_uri(f"{reverse('conventions:simulateur')}?{form.parametres()}")
    contenu = en_pdf(simulation, lieu=libelle(form.cleaned_data["commune"]), jour=_aujourdhui(), adresse=adresse)
    return pdf.reponse(contenu, "simulation-aide-conseiller-numerique")


def _aujourdhui() -> date:
    return timezone.localdate()
