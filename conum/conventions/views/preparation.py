"""Préparer une convention depuis une structure, la corriger, l'envoyer à la signature, la retirer, l'annuler."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import TypeRole
from conum.conventions import actions
from conum.conventions.access import get_convention_ou_404
from conum.conventions.actions.calcul import hypotheses_de
from conum.conventions.actions.proposition import pieces_a_valider
from conum.conventions.forms.convention import MotifConventionForm, PreparationForm
from conum.conventions.models import Acte, Convention
from conum.conventions.models.convention import DUREE_MAX_MOIS, Phase
from conum.conventions.rules import trace
from conum.conventions.states import Etat
from conum.conventions.views import commun
from conum.journal.workflow import TransitionImpossible
from conum.socle.http import lecture_ecriture, role_requis
from conum.socle.jetons import empreinte
from conum.structures.access import get_structure_ou_404
from conum.structures.models import Structure
from conum.ui.forms import DsfrForm, reporter


def _formulaire(
    request: HttpRequest, structure: Structure, initial: dict[str, Any], sauf: Convention | None = None
) -> PreparationForm:
    saisie = request.POST if request.method == "POST" else None
    return PreparationForm(saisie, initial=initial, structure=structure, sauf=sauf)


def _par_defaut(structure: Structure) -> dict[str, Any]:
    """Les postes sans convention, du premier contrat à la fin de la plus longue convention permise."""
    proposee = actions.preparer_postes_sans_convention([structure]).get(structure.pk)
    if proposee is None:
        return {"phase": Phase.V1, "postes": [], "zones": []}
    return {
        "postes": [p.pk for p in proposee.postes],
        "debut": proposee.debut,
        "fin": proposee.fin,
        "phase": proposee.phase,
        "zones": [],
    }


def _de_la_convention(convention: Convention) -> dict[str, Any]:
    acte = Acte.objects.ouverts().filter(convention=convention).first()
    postes = list(convention.postes.order_by("pk"))
    initial: dict[str, Any] = {
        "postes": [p.poste_id for p in postes],
        "zones": [p.poste_id for p in postes if p.zone_prioritaire],
        "debut": convention.debut,
        "fin": convention.fin,
        "phase": convention.phase,
        "financement_debut": convention.financement_debut,
        "financeur": convention.financeur,
        "etalement_mois": convention.etalement_mois,
    }
    for poste, hypothese in (hypotheses_de(acte) if acte else {}).items():
        initial[f"suite_{poste}"] = hypothese.suite.value
        initial[f"reprise_{poste}"] = hypothese.reprise_le
    return initial


def _apercu(form: PreparationForm, brouillon: Convention | None) -> dict[str, Any] | None:
    """Les montants avant d'enregistrer ; None si l'acte serait refusé, les phrases sont alors sur les champs."""
    try:
        convention, regle, previsions = actions.apercevoir(form.preparation(), a_la_place_de=brouillon)
    except ValidationError as refus:
        reporter(form, refus)
        return None
    annees = sorted({x.annee for p in previsions for x in p.prevision.lignes})
    lignes: list[dict[str, Any]] = [
        {
            "reference": p.poste.poste.reference,
            "annees": [_somme(x.montant for x in p.prevision.lignes if x.annee == a) for a in annees],
            "total": p.prevision.total,
            "vacants": p.prevision.subvention.jours_vacants,
            "trace": trace.dire_subvention(p.prevision.subvention),
        }
        for p in previsions
    ]
    total = _somme(p.prevision.total for p in previsions)
    totaux = [_somme(ligne["annees"][i] for ligne in lignes) for i in range(len(annees))]
    return {
        "convention": convention,
        "regle": regle,
        "annees": annees,
        "lignes": lignes,
        "totaux": totaux,
        "total": total,
        "vu": empreinte(f"{sorted(form.valeurs().items())} {[p.prevision.lignes for p in previsions]}"),
    }


def _somme(montants: Iterable[Decimal]) -> Decimal:
    return sum(montants, Decimal(0))


def _page(
    request: HttpRequest,
    form: PreparationForm,
    *,
    titre: str,
    retour: tuple[str, str],
    acte: Callable[[dict[str, Any]], Convention],
    fait: str,
    brouillon: Convention | None = None,
) -> HttpResponseBase:
    """« Calculer » montre les montants, « Enregistrer » les écrit ; un refus se lit près de son champ."""
    apercu = None
    if request.method == "POST" and form.is_valid():
        apercu = _apercu(form, brouillon)
        if apercu is not None and request.POST.get("etape") == "enregistrer":
            if request.POST.get("vu") != apercu["vu"]:
                # Une réponse ou un contrat a changé depuis l'aperçu : on n'enregistre que ce qui a été lu.
                messages.warning(request, "Relisez les montants ci-dessous, puis enregistrez.")
                return _rendre(request, form, apercu, titre, retour)
            try:
                convention = acte(form.valeurs())
            except ValidationError as refus:
                apercu = None
                reporter(form, refus)
            except TransitionImpossible as refus:
                form.add_error(None, str(refus))
            else:
                messages.success(request, fait)
                return redirect(commun.lien_convention(role_de(request), convention.pk))
    return _rendre(request, form, apercu, titre, retour)


def _rendre(
    request: HttpRequest, form: PreparationForm, apercu: dict[str, Any] | None, titre: str, retour: tuple[str, str]
) -> HttpResponseBase:
    nom_retour, lien_retour = retour
    contexte = {
        "form": form, "titre": titre, "apercu": apercu, "structure": form.structure, "duree_max": DUREE_MAX_MOIS,
        "nom_retour": nom_retour, "lien_retour": lien_retour,
    }  # fmt: skip
    return render(request, "conventions/convention/preparer.html", contexte)


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def preparer(request: HttpRequest, structure_id: int) -> HttpResponseBase:
    role = role_de(request)
    structure = get_structure_ou_404(role, structure_id)
    form = _formulaire(request, structure, _par_defaut(structure))
    return _page(
        request,
        form,
        titre="Préparer une convention",
        retour=(structure.nom, reverse("structures:fiche", args=[role.pk, structure.pk])),
        acte=lambda valeurs: actions.preparer_convention(structure, par=role, **valeurs),
        fait="Le brouillon est enregistré. La structure peut déposer ses pièces.",
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def corriger(request: HttpRequest, convention_id: int) -> HttpResponseBase:
    role = role_de(request)
    convention = get_convention_ou_404(role, convention_id)
    if convention.etat != Etat.BROUILLON:
        messages.error(
            request, f"Seul un brouillon se corrige : la convention est « {convention.get_etat_display()} »."
        )
        return redirect(commun.lien_convention(role, convention.pk))
    form = _formulaire(request, convention.structure, _de_la_convention(convention), convention)
    return _page(
        request,
        form,
        titre="Corriger la convention",
        retour=(convention.reference, commun.lien_convention(role, convention.pk)),
        acte=lambda valeurs: actions.corriger_convention(convention, par=role, **valeurs),
        fait="La convention est corrigée, ses montants sont recalculés.",
        brouillon=convention,
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def proposer(request: HttpRequest, convention_id: int) -> HttpResponseBase:
    role = role_de(request)
    convention = get_convention_ou_404(role, convention_id)
    manquantes = pieces_a_valider(convention)
    points = [f"À valider d’abord : {piece}." for piece in manquantes] or [
        "Le document est produit et figé : il ne se corrige plus, il se retire.",
        "La structure reçoit un courriel et le trouve dans son espace.",
    ]
    return commun.page_acte(
        request,
        convention,
        lambda _: actions.proposer_convention(convention, par=role),
        textes={
            "titre": "Envoyer la convention à la signature",
            "intro": f"{convention.structure.nom}, {convention.libelle_periode}.",
            "points": points,
            "bouton": "Envoyer à la signature",
            "fait": "Le document est envoyé à la signature.",
        },
        form=DsfrForm(request.POST if request.method == "POST" else None),
    )


def _motive(
    request: HttpRequest, convention_id: int, acte: Callable[..., Any], textes: dict[str, Any]
) -> HttpResponseBase:
    role = role_de(request)
    convention = get_convention_ou_404(role, convention_id)
    intro = f"{convention.structure.nom}, {convention.libelle_periode}."
    return commun.page_acte(
        request,
        convention,
        lambda lues: acte(convention, motif=lues["motif"], par=role),
        textes={"intro": intro, **textes},
        form=MotifConventionForm(request.POST if request.method == "POST" else None),
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def retirer(request: HttpRequest, convention_id: int) -> HttpResponseBase:
    textes = {
        "titre": "Retirer le document",
        "points": [
            "Le document envoyé ne vaut plus rien, même déjà signé par la structure.",
            "La convention redevient un brouillon, à corriger.",
        ],
        "bouton": "Retirer le document",
        "fait": "Le document est retiré. La structure est prévenue.",
    }
    return _motive(request, convention_id, actions.retirer_document, textes)


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def annuler(request: HttpRequest, convention_id: int) -> HttpResponseBase:
    textes = {
        "titre": "Annuler la convention",
        "points": ["Ses postes sont de nouveau sans convention.", "Une convention annulée ne se reprend pas."],
        "bouton": "Annuler la convention",
        "fait": "La convention est annulée.",
    }
    return _motive(request, convention_id, actions.annuler_convention, textes)
