"""Les avenants : ceux que les faits demandent, en ouvrir un, lire ce qu'il change, le proposer, l'abandonner."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.conventions import access
from conum.conventions.access import LECTEURS, get_acte_ou_404, get_convention_ou_404
from conum.conventions.actions import avenants, differences, regularisation
from conum.conventions.actions.changement import acte_en_vigueur
from conum.conventions.forms.avenants import AvenantForm, concernes, initial_d_avenant, initial_de_proposition
from conum.conventions.forms.convention import MotifConventionForm
from conum.conventions.models import Acte, Convention, Etape, ObjetAvenant
from conum.conventions.states import SIGNEES, Etat
from conum.conventions.views import commun
from conum.journal.workflow import TransitionImpossible
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.socle.listes import Pages
from conum.ui.forms import reporter

AIDES = {
    ObjetAvenant.RUPTURE: "Un conseiller est parti : son poste est remplacé, le sera, ou ne le sera pas.",
    ObjetAvenant.CONTRATS: "Un contrat a commencé plus tard que prévu, ou un poste est resté vacant.",
    ObjetAvenant.AJOUT: "Un poste de la structure entre dans la convention.",
    ObjetAvenant.RETRAIT: "Un poste est rendu, retiré ou transféré. S’ils partent tous, résiliez la convention.",
    ObjetAvenant.DATES: "La convention finit plus tôt, ou plus tard dans la limite de 36 mois.",
}


def _lien(role: Role, nom: str, *arguments: Any) -> str:
    return reverse(f"conventions:{nom}", args=[role.pk, *arguments])


def contexte(role: Role, convention: Convention) -> dict[str, Any]:
    """Ce que lit `conventions/convention/avenants.html` : l'avenant ouvert, ceux que les faits demandent, la fin."""
    ouvert = convention.actes.ouverts().filter(numero__gt=0).first()  # type: ignore[attr-defined]
    prepare = access.peut_preparer(role, convention)
    agit = prepare and convention.etat == Etat.ACTIVE
    return {
        "avenant_ouvert": ouvert,
        "lien_avenant_ouvert": _lien(role, "avenant", convention.pk, ouvert.numero) if ouvert else "",
        "avenants": [
            {"acte": acte, "lien": _lien(role, "avenant", convention.pk, acte.numero)}
            for acte in convention.actes.signes().filter(numero__gt=0).order_by("-numero")  # type: ignore[attr-defined]
        ],
        "avenants_a_ouvrir": [_ligne(role, p) for p in regularisation.a_regulariser(convention)] if agit else [],
        "lien_ouvrir_avenant": _lien(role, "choisir_avenant", convention.pk) if agit else "",
        "lien_resilier": _lien(role, "resilier", convention.pk) if agit else "",
        "lien_arrete": _lien(role, "arrete", convention.pk) if convention.etat in SIGNEES else "",
    }


def _ligne(role: Role, proposition: regularisation.Proposition) -> dict[str, Any]:
    convention = proposition.convention
    lien = (
        _lien(role, "resilier", convention.pk)
        if proposition.a_resilier
        else _lien(role, "ouvrir_avenant", convention.pk, proposition.objet)
    )
    return {"proposition": proposition, "lien": lien, "lien_convention": commun.lien_convention(role, convention.pk)}


@role_requis(TypeRole.ANCT)
@lecture
def a_ouvrir(request: HttpRequest) -> HttpResponseBase:
    """Les conventions que les faits contredisent, et l'avenant proposé pour chacune."""
    role = role_de(request)
    trouvees = regularisation.propositions(Convention.objects.visibles_par(role))
    pages = Pages(request, trouvees)
    contexte = {"liste": pages, "total": len(trouvees), "lignes": [_ligne(role, p) for p in pages.page]}
    return render(request, "conventions/avenants/a_ouvrir.html", contexte)


@role_requis(TypeRole.ANCT)
@lecture
def choisir(request: HttpRequest, convention_id: int) -> HttpResponseBase:
    """L'objet de l'avenant : ceux que les faits demandent d'abord."""
    role = role_de(request)
    convention = get_convention_ou_404(role, convention_id)
    contexte = {
        "convention": convention,
        "retour": commun.lien_convention(role, convention.pk),
        "possible": convention.etat == Etat.ACTIVE,
        "propositions": [_ligne(role, p) for p in regularisation.a_regulariser(convention)],
        "objets": [
            {"titre": o.label, "aide": AIDES[o], "lien": _lien(role, "ouvrir_avenant", convention.pk, o.value)}
            for o in ObjetAvenant
        ],
    }
    return render(request, "conventions/avenants/choisir.html", contexte)


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def ouvrir(request: HttpRequest, convention_id: int, objet: str) -> HttpResponseBase:
    role = role_de(request)
    convention = get_convention_ou_404(role, convention_id)
    if objet not in ObjetAvenant.values:
        raise Http404("Objet inconnu.")
    try:
        precedent = acte_en_vigueur(convention)
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
        return redirect(commun.lien_convention(role, convention.pk))
    proposition = regularisation.proposition_de(convention, objet)
    form = AvenantForm(
        request.POST or None,
        initial=initial_de_proposition(proposition) if proposition else None,
        convention=convention,
        objet=objet,
        concernes=concernes(convention, precedent, proposition.suites if proposition else ()),
    )
    textes = {
        "titre": "Ouvrir un avenant",
        "bouton": "Calculer l’avenant",
        "fait": "L’avenant est calculé : relisez-le.",
    }
    return _saisir(request, convention, form, avenants.ouvrir_avenant, textes, proposition)


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def corriger(request: HttpRequest, convention_id: int, numero: int) -> HttpResponseBase:
    role = role_de(request)
    convention, acte = _avenant(role, convention_id, numero)
    if acte.etape != Etape.BROUILLON:
        messages.error(request, "Cet avenant est à la signature, ou signé : il ne se corrige plus.")
        return redirect(_lien(role, "avenant", convention.pk, numero))
    form = AvenantForm(
        request.POST or None,
        initial=initial_d_avenant(acte),
        convention=convention,
        objet=acte.objet,
        concernes=concernes(convention, acte),
    )
    textes = {"titre": "Corriger l’avenant", "bouton": "Recalculer l’avenant", "fait": "L’avenant est recalculé."}
    return _saisir(request, convention, form, avenants.corriger_avenant, textes)


def _saisir(
    request: HttpRequest,
    convention: Convention,
    form: AvenantForm,
    acte: Any,
    textes: dict[str, str],
    proposition: regularisation.Proposition | None = None,
) -> HttpResponseBase:
    role = role_de(request)
    if request.method == "POST" and form.is_valid():
        try:
            ecrit = acte(convention, par=role, **form.valeurs())
        except TransitionImpossible as erreur:
            form.add_error(None, str(erreur))
        except ValidationError as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, textes["fait"])
            return redirect(_lien(role, "avenant", convention.pk, ecrit.numero))
    contexte = {
        "convention": convention,
        "form": form,
        "objet": ObjetAvenant(form.objet).label,
        "aide": AIDES[ObjetAvenant(form.objet)],
        "faits": proposition.faits if proposition else (),
        "retour": commun.lien_convention(role, convention.pk),
        **textes,
    }
    return render(request, "conventions/avenants/saisir.html", contexte)


def _avenant(role: Role, convention_id: int, numero: int) -> tuple[Convention, Acte]:
    if numero == 0:
        raise Http404("Ce n’est pas un avenant.")
    convention = get_convention_ou_404(role, convention_id)
    acte = get_acte_ou_404(role, convention_id, numero)
    acte.convention = convention
    return convention, acte


@role_requis(*LECTEURS)
@lecture
def avenant(request: HttpRequest, convention_id: int, numero: int) -> HttpResponseBase:
    """Ce que l'avenant change, ligne à ligne et en mots ; ce qui reste à faire."""
    role = role_de(request)
    convention, acte = _avenant(role, convention_id, numero)
    prepare = access.peut_preparer(role, convention)
    contexte = {
        "convention": convention,
        "acte": acte,
        "niveau": commun.niveau_acte(acte),
        "difference": differences.lire(acte),
        "retour": commun.lien_convention(role, convention.pk),
        "document": _lien(role, "document", convention.pk, numero) if acte.sha256 else "",
        "a_proposer": prepare and acte.etape == Etape.BROUILLON,
        "a_abandonner": prepare and acte.etape != Etape.SIGNE,
        "lien_signer": _lien(role, "signer", convention.pk, numero) if _peut_signer(role, convention, acte) else "",
    }
    return render(request, "conventions/avenants/avenant.html", contexte)


def _peut_signer(role: Role, convention: Convention, acte: Acte) -> bool:
    if acte.etape == Etape.A_SIGNER_STRUCTURE:
        return access.peut_signer_pour_la_structure(role, convention)
    return acte.etape == Etape.A_SIGNER_ETAT and access.peut_signer_pour_l_etat(role, convention)


@role_requis(TypeRole.ANCT)
@ecriture
def proposer(request: HttpRequest, convention_id: int, numero: int) -> HttpResponseBase:
    role = role_de(request)
    convention, _ = _avenant(role, convention_id, numero)
    try:
        avenants.proposer_avenant(convention, par=role)
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
    else:
        messages.success(request, "L’avenant est envoyé à la signature. La structure est prévenue.")
    return redirect(_lien(role, "avenant", convention.pk, numero))


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def abandonner(request: HttpRequest, convention_id: int, numero: int) -> HttpResponseBase:
    role = role_de(request)
    convention, acte = _avenant(role, convention_id, numero)
    textes = {
        "titre": "Abandonner l’avenant",
        "intro": f"{acte.titre} : {acte.get_objet_display().lower()}",
        "points": ["La convention reste ce qu’elle était.", "Si la structure a reçu l’avenant, elle lit votre motif."],
        "bouton": "Abandonner l’avenant",
        "fait": "L’avenant est abandonné.",
    }
    return commun.page_acte(
        request,
        convention,
        lambda saisi: avenants.abandonner_avenant(convention, motif=saisi["motif"], par=role),
        textes=textes,
        form=MotifConventionForm(request.POST or None),
    )
