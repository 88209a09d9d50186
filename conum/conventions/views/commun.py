"""Ce que les pages des conventions partagent."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import Role
from conum.conventions.models import Acte, Convention, Etape
from conum.conventions.states import Etat
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.ui.forms import DsfrForm

NIVEAUX = {
    Etat.BROUILLON: "new",
    Etat.A_SIGNER_STRUCTURE: "warning",
    Etat.A_SIGNER_ETAT: "warning",
    Etat.ACTIVE: "success",
    Etat.AVENANT_EN_COURS: "info",
    Etat.RESILIEE: "error",
    Etat.ANNULEE: "error",
}
NIVEAUX_ETAPE = {
    Etape.BROUILLON: "new",
    Etape.A_SIGNER_STRUCTURE: "warning",
    Etape.A_SIGNER_ETAT: "warning",
    Etape.SIGNE: "success",
    Etape.RETIRE: "error",
}
LIBELLES = {
    "preparer_convention": "Convention préparée",
    "corriger_convention": "Convention corrigée",
    "proposer_convention": "Document envoyé à la signature",
    "retirer_document": "Document retiré",
    "signer_pour_la_structure": "Signée par la structure",
    "signer_pour_l_etat": "Signée par l’État",
    "reprendre_convention": "Reprise : signée des deux parties avant conum, hors de l’outil",
    "annuler_convention": "Convention annulée",
    "ouvrir_avenant": "Avenant ouvert",
    "corriger_avenant": "Avenant corrigé",
    "proposer_avenant": "Avenant envoyé à la signature",
    "signer_avenant_pour_la_structure": "Avenant signé par la structure",
    "signer_avenant_pour_l_etat": "Avenant signé par l’État",
    "abandonner_avenant": "Avenant abandonné",
    "resilier_convention": "Convention résiliée",
    "terminer_convention": "Convention terminée",
    "etablir_echeancier": "Échéancier établi",
    "solder_convention": "Solde arrêté",
    "renouveler_convention": "Renouvellement préparé",
    "decliner_renouvellement": "Renouvellement décliné par la structure",
    "rouvrir_renouvellement": "Renouvellement de nouveau possible",
    "deposer_piece": "Pièce déposée",
    "valider_piece": "Pièce validée",
    "refuser_piece": "Pièce refusée",
}


def niveau(convention: Convention) -> str:
    return NIVEAUX.get(Etat(convention.etat), "neutre")


def niveau_acte(acte: Acte) -> str:
    return NIVEAUX_ETAPE[acte.etape]


def lien_convention(role: Role, pk: int) -> str:
    return reverse("conventions:convention", args=[role.pk, pk])


def journal(convention: Convention) -> list[dict[str, Any]]:
    return [
        {
            "titre": LIBELLES.get(e.action, e.action),
            "date": e.created_at,
            "auteur": e.acteur,
            "texte": e.motif,
            "etat": "fait",
        }
        for e in Entree.objects.de_l_objet(convention)
    ]


def page_acte(
    request: HttpRequest,
    convention: Convention,
    acte: Callable[[dict[str, Any]], Any],
    *,
    textes: dict[str, Any],
    form: DsfrForm,
) -> HttpResponseBase:
    """Une page de confirmation : dire ce qui va se passer, demander ce qu'il faut, agir.

    `textes` : titre, intro, bouton, fait ; `points`, ce que l'acte entraîne, facultatif.
    """
    retour = lien_convention(role_de(request), convention.pk)
    if request.method == "POST" and form.is_valid():
        try:
            acte(form.cleaned_data)
        except TransitionImpossible as erreur:
            form.add_error(None, str(erreur))
        except ValidationError as erreur:
            form.add_error(None, erreur.messages)  # type: ignore[arg-type]
        else:
            messages.success(request, textes["fait"])
            return redirect(retour)
    contexte = {"form": form, "convention": convention, "retour": retour, "points": (), **textes}
    return render(request, "conventions/convention/confirmer.html", contexte)
