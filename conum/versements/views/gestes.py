"""Les actes sur une échéance, une page ou un bouton chacun."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from conum.comptes.middleware import role_de
from conum.comptes.models import TypeRole
from conum.postes.forms.contrats import MotifForm
from conum.socle.http import ecriture, lecture_ecriture, role_requis
from conum.socle.texte import euros
from conum.ui.forms import DsfrForm
from conum.versements.access import get_echeance_ou_404
from conum.versements.actions import echeances as actes
from conum.versements.forms.echeances import DateForm, DecoupageForm, ReversementForm
from conum.versements.models import Echeance
from conum.versements.views import commun


def _page(
    request: HttpRequest,
    pk: int,
    form: DsfrForm,
    acte: Callable[[Echeance, dict[str, Any]], Any],
    textes: dict[str, str],
) -> HttpResponseBase:
    role = role_de(request)
    echeance = get_echeance_ou_404(role, pk)
    intro = f"{echeance.reference}, {euros(echeance.montant)}, {echeance.convention.structure.nom}."
    return commun.page_formulaire(
        request,
        form,
        lambda lues: acte(echeance, lues),
        textes={**textes, "intro": f"{intro} {textes.get('intro', '')}".strip()},
        retour=commun.lien_echeance(role, pk),
        nom_retour=echeance.reference,
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def fixer_date(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    initial = {"le": get_echeance_ou_404(role, pk).prevue_le}
    return _page(
        request,
        pk,
        DateForm(request.POST or None, initial=initial),
        lambda e, lues: actes.fixer_date(e, le=lues["le"], par=role),
        {"titre": "Fixer la date du versement", "bouton": "Fixer la date", "fait": "La date est fixée."},
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def decouper(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    form = DecoupageForm(request.POST or None)
    return _page(
        request,
        pk,
        form,
        lambda e, _: actes.decouper_echeance(e, parts=form.parts(), par=role),
        {
            "titre": "Verser en plusieurs fois",
            "bouton": "Découper",
            "fait": "Le versement est découpé : la somme n’a pas changé.",
            "intro": "La somme des parts est celle du versement, au centime.",
        },
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def suspendre(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    return _page(
        request,
        pk,
        MotifForm(request.POST or None),
        lambda e, lues: actes.suspendre_echeance(e, motif=lues["motif"], par=role),
        {
            "titre": "Suspendre le versement",
            "bouton": "Suspendre",
            "fait": "Le versement est suspendu. La structure est prévenue.",
            "intro": "La structure lit le motif.",
        },
    )


@role_requis(TypeRole.ANCT)
@ecriture
def reprendre(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    echeance = get_echeance_ou_404(role, pk)
    return commun.acte_direct(
        request,
        lambda: actes.reprendre_echeance(echeance, par=role),
        fait="La suspension est levée. La structure est prévenue.",
        retour=commun.lien_echeance(role, pk),
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def constater_reversement(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    return _page(
        request,
        pk,
        ReversementForm(request.POST or None),
        lambda e, lues: actes.constater_reversement(e, le=lues["le"], reference=lues["reference"], par=role),
        {
            "titre": "Constater un reversement",
            "bouton": "Constater",
            "fait": "Le reversement est constaté. La structure est prévenue.",
        },
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def annuler_reversement(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    return _page(
        request,
        pk,
        MotifForm(request.POST or None),
        lambda e, lues: actes.annuler_reversement(e, motif=lues["motif"], par=role),
        {
            "titre": "Renoncer à une somme",
            "bouton": "Renoncer à cette somme",
            "fait": "La somme n’est plus à rendre. La structure est prévenue.",
            "intro": "Un avenant ne la réclamera pas de nouveau. La structure lit le motif.",
        },
    )
