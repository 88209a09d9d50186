"""Recevoir une étape et envoyer une demande : les mêmes gestes pour le public et pour une structure connectée."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render

from conum.demandes.actions import depot
from conum.demandes.forms.formulaire import AUTRE_DATE, BesoinForm
from conum.demandes.models import Demande
from conum.demandes.states import Etat
from conum.demandes.views.etapes import RECAPITULATIF, Parcours, a_garder
from conum.journal.workflow import TransitionImpossible
from conum.ui.forms import DsfrForm

PIEGE = "site_web"
"""Champ caché : une personne ne le voit pas, un robot le remplit."""
MESSAGE_ROBOT = "Votre envoi ressemble à celui d’un robot. Rechargez la page et recommencez."


def est_un_robot(request: HttpRequest) -> bool:
    return bool(request.POST.get(PIEGE))


def recevoir(request: HttpRequest, parcours: Parcours, cle: str, form: DsfrForm) -> HttpResponseBase | None:
    """Garde l'envoi, juste ou non. Rend la redirection vers la suite, None s'il faut montrer les erreurs."""
    juste = form.is_valid()
    gardees = a_garder(request.POST)
    if juste and isinstance(form, BesoinForm):
        # « Dans un mois » se dit aujourd'hui : on garde le jour, pas la formule.
        gardees |= {"debut": AUTRE_DATE, "debut_autre": form.jour().isoformat()}
    try:
        parcours.enregistrer(cle, gardees)
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
        return redirect(parcours.url(RECAPITULATIF.cle))
    if request.POST.get("action") == "plus_tard":
        return redirect("demandes:plus_tard")
    return redirect(parcours.prochaine()) if juste else None


def etape(request: HttpRequest, parcours: Parcours, cle: str) -> HttpResponseBase:
    form = parcours.form(cle, request.POST if request.method == "POST" else None)
    if request.method == "POST" and (reponse := recevoir(request, parcours, cle, form)) is not None:
        return reponse
    contexte = parcours.repere(cle) | _contexte(parcours) | {"form": form, "cle": cle}
    return render(request, "demandes/formulaire/etape.html", contexte)


def _contexte(parcours: Parcours) -> dict[str, object]:
    public = parcours.role is None
    return {"gabarit": "ui/base.html" if public else "ui/espace.html", "public": public, "parcours": parcours}


def recapitulatif(request: HttpRequest, parcours: Parcours, *, apres: str, prise: str) -> HttpResponseBase:
    """Relire, puis envoyer. `apres` : page d'après l'envoi ; `prise` : page si la structure est déjà inscrite."""
    if not parcours.est_complet:
        messages.warning(request, "Il manque une réponse : complétez cette étape avant d’envoyer.")
        return redirect(parcours.prochaine())
    if parcours.structure_prise() is not None:
        return redirect(prise)
    erreurs: list[str] = []
    if request.method == "POST":
        if est_un_robot(request):
            erreurs = [MESSAGE_ROBOT]
        else:
            erreurs = _envoyer(parcours)
            if not erreurs:
                return redirect(apres)
    contexte = parcours.repere(RECAPITULATIF.cle) | _contexte(parcours)
    contexte |= {"blocs": parcours.resume(), "erreurs": erreurs}
    return render(request, "demandes/formulaire/recapitulatif.html", contexte)


def _envoyer(parcours: Parcours) -> list[str]:
    """Envoie la demande ; rend les phrases à montrer si elle ne part pas."""
    try:
        depot.soumettre(parcours.demande, parcours.depot(), par=parcours.par)
    except ValidationError as erreur:
        return list(erreur.messages)
    except TransitionImpossible as erreur:
        if Demande.objects.filter(pk=parcours.demande.pk).exclude(etat=Etat.BROUILLON).exists():
            return []  # un second clic : le premier a suffi
        return [str(erreur)]
    return []
