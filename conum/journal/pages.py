"""Une page, un formulaire, un acte : ce que les pages des apps partagent."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render

from conum.journal.workflow import TransitionImpossible
from conum.ui.forms import reporter


def page_formulaire(
    request: HttpRequest,
    form: Form,
    acte: Callable[[dict[str, Any]], Any],
    *,
    textes: dict[str, Any],
    retour: str,
    nom_retour: str,
    suite: Callable[[Any], str] | None = None,
) -> HttpResponseBase:
    """`textes` : titre, bouton, fait, intro, points ; `suite(résultat)` : où aller. Ce que l'acte refuse se dit là."""
    if request.method == "POST" and form.is_valid():
        try:
            fait = acte(form.cleaned_data)
        except (TransitionImpossible, ValidationError) as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, textes["fait"])
            return redirect(suite(fait) if suite else retour)
    contexte = {
        "form": form,
        "titre": textes["titre"],
        "intro": textes.get("intro", ""),
        "points": textes.get("points", ()),
        "bouton": textes["bouton"],
        "retour": retour,
        "nom_retour": nom_retour,
    }
    return render(request, "ui/page_formulaire.html", contexte)
