"""Pages sans compte : demander à rejoindre, accepter une invitation, confirmer un changement de contact."""

from datetime import timedelta

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from conum.journal.workflow import TransitionImpossible
from conum.socle import limites
from conum.socle.http import lecture_ecriture, publique
from conum.structures import actions
from conum.structures.forms import AccepterInvitationForm, RejoindreForm
from conum.structures.models import Structure
from conum.structures.rules import IdentifiantInvalide, lire_identifiant
from conum.ui.forms import reporter

DEMANDES_PAR_JOUR = 10
"""Demandes à rejoindre admises par adresse de réseau et par jour : chacune écrit à des personnes."""


@publique
@lecture_ecriture
def rejoindre(request: HttpRequest, numero: str) -> HttpResponse:
    """La réponse est la même que la demande soit utile ou non : elle ne dit pas qui est membre."""
    structure = _structure(numero)
    form = RejoindreForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if _trop_de_demandes(request):
            form.add_error(None, "Trop de demandes ont été envoyées d'ici aujourd'hui. Réessayez demain.")
        else:
            try:
                actions.demander_a_rejoindre(structure, form.personne(), message=form.cleaned_data["message"])
            except ValidationError as erreur:
                reporter(form, erreur)
            else:
                return render(request, "structures/public/rejoindre_envoye.html", {"structure": structure})
    return render(request, "structures/public/rejoindre.html", {"form": form, "structure": structure})


def _structure(numero: str) -> Structure:
    try:
        structure = Structure.objects.par_identifiant(lire_identifiant(numero))
    except IdentifiantInvalide:
        structure = None
    if structure is None:
        raise Http404("Structure inconnue.")
    return structure


def _trop_de_demandes(request: HttpRequest) -> bool:
    cle = f"rejoindre:{get_adapter(request).get_client_ip(request)}"
    return limites.depasse(cle, maximum=DEMANDES_PAR_JOUR, duree=timedelta(days=1))


@publique
@never_cache
@lecture_ecriture
def invitation(request: HttpRequest, jeton: str) -> HttpResponse:
    lue = actions.lire_invitation(jeton)
    if lue is None:
        return render(request, "structures/public/lien_perime.html", status=410)
    invitation_, structure = lue
    form = AccepterInvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.accepter_invitation(jeton, **form.cleaned_data)
        except (ValidationError, TransitionImpossible) as erreur:
            reporter(form, erreur)
        else:
            messages.success(
                request, f"Vous êtes membre de {structure.nom}. Connectez-vous avec l'adresse {invitation_.email}."
            )
            return redirect("account_login")
    contexte = {"form": form, "structure": structure, "invitation": invitation_}
    return render(request, "structures/public/invitation.html", contexte)


@publique
@never_cache
@lecture_ecriture
def contact_confirmer(request: HttpRequest, jeton: str) -> HttpResponse:
    """Rien ne se confirme en ouvrant la page : il faut le bouton (les messageries ouvrent les liens)."""
    lue = actions.lire_confirmation(jeton)
    if lue is None:
        return render(request, "structures/public/lien_perime.html", status=410)
    erreur = ""
    if request.method == "POST":
        try:
            if request.POST.get("choix") == "refuser":
                actions.annuler_changement(lue.changement, par=lue.acteur, motif="Refusé par le lien du courriel")
            else:
                actions.confirmer_changement(jeton)
            return redirect("structures:contact_confirmer", jeton)
        except TransitionImpossible as impossible:
            erreur = str(impossible)
            lue = actions.lire_confirmation(jeton) or lue
    contexte = {"confirmation": lue, "changement": lue.changement, "erreur": erreur}
    return render(request, "structures/public/contact.html", contexte)
