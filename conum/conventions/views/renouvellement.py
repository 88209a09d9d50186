"""Les conventions à renouveler, le renouvellement, et la structure qui ne le souhaite pas."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.conventions import access, rules
from conum.conventions.access import get_convention_ou_404
from conum.conventions.actions import renouvellement as actes
from conum.conventions.forms.renouvellement import FiltresRenouvellements, NonRenouvellementForm, RenouvellementForm
from conum.conventions.models import Convention
from conum.conventions.rules import renouvellement as regles
from conum.conventions.views import commun
from conum.conventions.views.liste import AGENTS, avec_montants
from conum.journal.workflow import TransitionImpossible
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.ui.forms import reporter

REPONDANTS = (TypeRole.STRUCTURE, TypeRole.ANCT)


def contexte(role: Role, convention: Convention) -> dict[str, Any]:
    """Ce que lit `conventions/convention/renouvellement.html`."""
    jour = timezone.localdate()
    ouvert = actes.a_renouveler(Convention.objects.filter(pk=convention.pk), jour).exists()
    repond = ouvert and access.peut_repondre_au_renouvellement(role, convention)
    lien = lambda nom: reverse(f"conventions:{nom}", args=[role.pk, convention.pk])  # noqa: E731
    return {
        "renouvellement_ouvert": ouvert,
        "lien_renouveler": lien("renouveler") if ouvert and access.peut_preparer(role, convention) else "",
        "lien_decliner": lien("decliner_renouvellement") if repond and not convention.non_renouvellement_le else "",
        "lien_rouvrir": lien("rouvrir_renouvellement") if repond and convention.non_renouvellement_le else "",
    }


def _reponse(convention: Convention) -> str:
    return convention.get_non_renouvellement_motif_display() if convention.non_renouvellement_le else "Pas de réponse"


def _colonnes(role: Role) -> list[Colonne]:
    return [
        Colonne(
            "reference", "Convention", lambda c: c.reference, tri="numero",
            lien=lambda c: commun.lien_convention(role, c.pk),
        ),
        Colonne("structure", "Structure", lambda c: c.structure.nom, tri=SansAccent("structure__denomination")),
        Colonne("siret", "SIRET", lambda c: c.structure.numero, a_l_ecran=False),
        Colonne("departement", "Département", lambda c: c.departement_id, tri="departement_id"),
        Colonne("postes", "Postes", lambda c: c.nombre_postes or 0, tri="nombre_postes"),
        Colonne("fin", "Dernier jour", lambda c: c.fin, tri="periode__endswith"),
        Colonne("reponse", "Réponse de la structure", _reponse, tri="non_renouvellement_motif"),
        Colonne("declinee", "Déclinée le", lambda c: c.non_renouvellement_le, a_l_ecran=False),
        Colonne("etat", "État", lambda c: c.get_etat_display(), tri="etat", niveau=commun.niveau),
    ]  # fmt: skip


@role_requis(*AGENTS)
@lecture
def a_renouveler(request: HttpRequest) -> HttpResponseBase:
    """Les conventions qui finissent dans les six mois, ou sont finies, et n'ont pas de suite."""
    role = role_de(request)
    filtres = FiltresRenouvellements(request.GET)
    conventions = actes.a_renouveler(avec_montants(Convention.objects.visibles_par(role)), timezone.localdate())
    if reponse := filtres.valeurs().get("reponse"):
        conventions = conventions.filter(non_renouvellement_le__isnull=reponse == "attendue")
    page = Liste(request, conventions, _colonnes(role), "fin", "renouvellements")
    if (fichier := page.export()) is not None:
        return fichier
    return render(request, "conventions/renouvellement/liste.html", {"liste": page, "filtres": filtres})


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def renouveler(request: HttpRequest, convention_id: int) -> HttpResponseBase:
    role = role_de(request)
    convention = get_convention_ou_404(role, convention_id)
    initial = RenouvellementForm.depart(convention)
    form = RenouvellementForm(request.POST or None, initial=initial, convention=convention)
    if request.method == "POST" and form.is_valid():
        try:
            suite = actes.renouveler_convention(convention, par=role, **form.valeurs())
        except TransitionImpossible as erreur:
            form.add_error(None, str(erreur))
        except ValidationError as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, f"La convention {suite.reference} est préparée. Relisez ses montants.")
            return redirect(commun.lien_convention(role, suite.pk))
    contexte = {
        "convention": convention,
        "form": form,
        "retour": commun.lien_convention(role, convention.pk),
        "reserves": _reserves(convention, initial["debut"]),
        "ouverture": regles.ouverture(convention.fin),
        "trop_tot": timezone.localdate() < regles.ouverture(convention.fin),
        "decline": _reponse(convention) if convention.non_renouvellement_le else "",
    }
    return render(request, "conventions/renouvellement/renouveler.html", contexte)


def _reserves(convention: Convention, debut: Any) -> list[str]:
    """Ce que la règle de renouvellement dit de plus à cette date ; ou pourquoi aucune règle ne vaut."""
    try:
        regle = rules.regle_au(debut, rules.Phase.V2)
    except rules.RegleInconnue as inconnue:
        return [str(inconnue)]
    poste = rules.Poste(rules.Statut(convention.structure.statut), convention.departement_id)
    return [r.texte for r in rules.reserves_de(regle, poste, jour=debut)]


@role_requis(*REPONDANTS)
@lecture_ecriture
def decliner(request: HttpRequest, convention_id: int) -> HttpResponseBase:
    role = role_de(request)
    convention = get_convention_ou_404(role, convention_id)
    textes = {
        "titre": "Ne pas renouveler la convention",
        "intro": f"{convention.structure.nom}, jusqu’au {convention.fin:%d/%m/%Y}",
        "points": [
            "L’ANCT est prévenue.",
            "La convention va jusqu’à son terme.",
            "Vous pourrez changer d’avis tant que la convention n’est pas renouvelée.",
        ],
        "bouton": "Nous ne souhaitons pas renouveler",
        "fait": "Votre réponse est enregistrée. L’ANCT est prévenue.",
    }
    return commun.page_acte(
        request,
        convention,
        lambda saisi: actes.decliner_renouvellement(convention, motif=saisi["motif"], par=role),
        textes=textes,
        form=NonRenouvellementForm(request.POST or None),
    )


@role_requis(*REPONDANTS)
@ecriture
def rouvrir(request: HttpRequest, convention_id: int) -> HttpResponseBase:
    role = role_de(request)
    convention = get_convention_ou_404(role, convention_id)
    try:
        actes.rouvrir_renouvellement(convention, par=role)
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
    else:
        messages.success(request, "La convention peut de nouveau être renouvelée.")
    return redirect(commun.lien_convention(role, convention.pk))
