"""Ce que les pages des postes et des contrats partagent."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import Role
from conum.comptes.second_facteur import adresse_du_facteur, facteur_recent
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes.models import Contrat, EtatPoste, Poste
from conum.postes.states import Etat
from conum.structures.models import Structure
from conum.ui.forms import reporter

CONFLIT = 409
NIVEAUX_CONTRAT = {
    Etat.A_VALIDER: "new",
    Etat.VALIDE: "success",
    Etat.RUPTURE_NOTIFIEE: "warning",
    Etat.ROMPU: "error",
    Etat.REFUSE: "error",
    Etat.ANNULE: "error",
}
NIVEAUX_POSTE = {EtatPoste.OCCUPE: "success", EtatPoste.VACANT: "warning"}
LIBELLES = {
    "saisir_contrat": "Contrat saisi",
    "renouveler_contrat": "Renouvellement demandé",
    "corriger_contrat": "Contrat corrigé",
    "rectifier_contrat": "Contrat rectifié par l'ANCT",
    "valider_contrat": "Contrat validé",
    "refuser_contrat": "Contrat refusé",
    "annuler_contrat": "Contrat annulé",
    "terminer_contrat": "Fin constatée",
    "prolonger_contrat": "Prolongation demandée",
    "valider_prolongation": "Prolongation acceptée",
    "refuser_prolongation": "Prolongation refusée",
    "notifier_rupture": "Rupture notifiée",
    "completer_rupture": "Pièce déposée",
    "annuler_rupture": "Rupture retirée",
    "valider_rupture": "Rupture validée",
    "retirer_poste": "Poste rendu à l'État",
    "transferer_poste": "Poste transféré",
}


def niveau_contrat(contrat: Contrat) -> str:
    return NIVEAUX_CONTRAT.get(Etat(contrat.etat), "neutre")


def niveau_poste(poste: Any) -> str:
    return NIVEAUX_POSTE.get(EtatPoste(poste.etat_du_jour), "neutre")


def libelle_poste(poste: Any) -> str:
    """L'état déduit, et ce qui s'annonce."""
    libelle = str(EtatPoste(poste.etat_du_jour).label)
    return (
        f"{libelle}, contrat attendu" if poste.etat_du_jour == EtatPoste.VACANT and poste.contrat_attendu else libelle
    )


def journal(objet: Contrat | Poste) -> list[dict[str, Any]]:
    return [
        {
            "titre": LIBELLES.get(e.action, e.action),
            "date": e.created_at,
            "auteur": e.acteur,
            "texte": e.motif,
            "etat": "fait",
        }
        for e in Entree.objects.de_l_objet(objet)
    ]


# La personne se désigne par son adresse.
_NOMS = {"personne": "email"}


def page_formulaire(
    request: HttpRequest,
    form: Form,
    acte: Callable[[dict[str, Any]], Any],
    *,
    textes: dict[str, str],
    retour: str,
    objet: Contrat | Poste,
    suite: Callable[[Any], str] | None = None,
) -> HttpResponseBase:
    """Une page, un formulaire, un acte. `textes` : titre, bouton, fait, intro ; `suite(résultat)` : où aller."""
    if request.method == "POST" and form.is_valid():
        try:
            fait = acte(form.cleaned_data)
        except (TransitionImpossible, ValidationError) as erreur:
            reporter(form, erreur, noms=_NOMS)
        else:
            messages.success(request, textes["fait"])
            return redirect(suite(fait) if suite else retour)
    contexte = {
        "form": form,
        "titre": textes["titre"],
        "intro": textes.get("intro", ""),
        "bouton": textes["bouton"],
        "retour": retour,
        "objet": objet,
        "danger": textes.get("danger", ""),
    }
    return render(request, "postes/formulaire.html", contexte)


def acte_direct(request: HttpRequest, acte: Callable[[], Any], *, fait: str, retour: str) -> HttpResponseBase:
    """Un bouton, un acte ; un refus se lit en tête de la page d'où l'on vient."""
    try:
        acte()
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
    except ValidationError as erreur:
        messages.error(request, " ".join(erreur.messages))
    else:
        messages.success(request, fait)
    return redirect(retour)


def contrat_du_jour(poste: Any) -> Contrat | None:
    """Le contrat suivi par select_related ; sans ligne, Django ne pose pas l'attribut."""
    return getattr(poste, "contrat_du_jour", None)


def structure_du_jour(poste: Any) -> Structure | None:
    rattachement = getattr(poste, "rattachement_du_jour", None)
    return rattachement.structure if rattachement else None


def lien_contrat(role: Role, pk: int) -> str:
    return reverse("postes:contrat", args=[role.pk, pk])


def lien_poste(role: Role, pk: int) -> str:
    return reverse("postes:poste", args=[role.pk, pk])


def exiger_facteur(request: HttpRequest, retour: str) -> HttpResponseBase | None:
    """Rien si le second facteur vient d'être présenté ; sinon la page qui le demande, et qui ramène ici."""
    if facteur_recent(request):
        return None
    messages.info(
        request, "Présentez d’abord votre second facteur, puis recommencez : il date de plus de cinq minutes."
    )
    return redirect(adresse_du_facteur(role_de(request).utilisateur, retour))
