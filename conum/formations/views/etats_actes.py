"""Les actes d'un état récapitulatif : préparer, recalculer, transmettre, contester, valider, abandonner ; son PDF."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations import access
from conum.formations.actions import etats as actes
from conum.formations.forms.etats import PreparationEtatForm, TotalLuForm, nom_du_mois
from conum.formations.models import EtatRecapitulatif, Organisme, SessionFormation
from conum.formations.rules.assiduite import en_heures
from conum.formations.views.etats import LECTEURS, lien_etat, sommes_de, titre_du_marche
from conum.formations.views.pages import acte_direct, page_formulaire
from conum.postes.forms.contrats import MotifForm
from conum.postes.views.commun import exiger_facteur
from conum.socle import pdf
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.socle.texte import euros

GABARIT = Path(__file__).parent.parent / "documents" / "etat.typ"


@role_requis(TypeRole.ORGANISME)
@lecture_ecriture
def preparer(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    organisme = get_object_or_404(Organisme, code=role.code)
    tenues = SessionFormation.objects.filter(organisme=organisme).order_by("-marche_code")
    codes = list(tenues.values_list("marche_code", flat=True).distinct())
    return page_formulaire(
        request,
        PreparationEtatForm(request.POST or None, jour=timezone.localdate(), codes=codes),
        lambda saisi: actes.preparer_etat(organisme, saisi["marche"], saisi["mois"], par=role),
        textes={
            "titre": "Préparer un état récapitulatif",
            "intro": "Il prend chaque demi-journée signée des deux mains avant la fin du mois, et jamais comptée.",
            "points": (
                "Une demi-journée signée en retard entre dans l’état suivant.",
                "Rien n’est demandé à l’ANCT tant que vous ne transmettez pas l’état.",
            ),
            "bouton": "Préparer l’état",
            "fait": "L’état est préparé. Relisez-le, puis transmettez-le.",
        },
        retour=reverse("formations:etats", args=[role.pk]),
        nom_retour="États récapitulatifs",
        suite=lambda etat: lien_etat(role, etat.pk),
    )


def _bouton(
    request: HttpRequest, pk: int, acte: Callable[[EtatRecapitulatif, Decimal, Role], Any], fait: str
) -> HttpResponseBase:
    """Un bouton de la page de l'état, avec le total que la personne y lisait."""
    role = role_de(request)
    lu = access.get_etat_ou_404(role, pk)
    form = TotalLuForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Relisez l’état, puis recommencez depuis sa page.")
        return redirect(lien_etat(role, pk))
    return acte_direct(request, lambda: acte(lu, form.lu(), role), fait=fait, retour=lien_etat(role, pk))


@role_requis(TypeRole.ORGANISME)
@ecriture
def recalculer(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lu = access.get_etat_ou_404(role, pk)
    return acte_direct(
        request,
        lambda: actes.recalculer_etat(lu, par=role),
        fait="L’état est recalculé.",
        retour=lien_etat(role, pk),
    )


@role_requis(TypeRole.ORGANISME)
@ecriture
def transmettre(request: HttpRequest, pk: int) -> HttpResponseBase:
    fait = "L’état est transmis. L’ANCT est prévenue."
    return _bouton(request, pk, lambda lu, total, role: actes.transmettre_etat(lu, total=total, par=role), fait)


@role_requis(TypeRole.ANCT)
@ecriture
def valider(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    access.get_etat_ou_404(role, pk)
    if (suite := exiger_facteur(request, lien_etat(role, pk))) is not None:
        return suite
    fait = "L’état est validé. L’organisme est prévenu ; l’état peut entrer dans un lot de virements."
    return _bouton(request, pk, lambda lu, total, par: actes.valider_etat(lu, total=total, par=par), fait)


def _motive(request: HttpRequest, pk: int, acte: Callable[..., Any], textes: dict[str, str]) -> HttpResponseBase:
    role = role_de(request)
    lu = access.get_etat_ou_404(role, pk)
    return page_formulaire(
        request,
        MotifForm(request.POST or None),
        lambda saisi: acte(lu, motif=saisi["motif"], par=role),
        textes=textes,
        retour=lien_etat(role, pk),
        nom_retour=lu.reference,
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def contester(request: HttpRequest, pk: int) -> HttpResponseBase:
    textes = {
        "titre": "Contester l’état",
        "intro": "L’organisme reçoit ce motif, et l’état redevient modifiable.",
        "bouton": "Contester l’état",
        "fait": "L’état est contesté. L’organisme est prévenu.",
    }
    return _motive(request, pk, actes.contester_etat, textes)


@role_requis(*LECTEURS)
@lecture_ecriture
def abandonner(request: HttpRequest, pk: int) -> HttpResponseBase:
    textes = {
        "titre": "Abandonner l’état",
        "intro": "Ses demi-journées et ses certifications pourront entrer dans un autre état.",
        "bouton": "Abandonner l’état",
        "fait": "L’état est abandonné.",
    }
    return _motive(request, pk, actes.abandonner_etat, textes)


@role_requis(*LECTEURS)
@lecture
def document(request: HttpRequest, pk: int) -> HttpResponseBase:
    """L'état en PDF balisé, avec le calcul de chaque ligne."""
    lu = access.get_etat_ou_404(role_de(request), pk)
    return pdf.reponse(pdf.produire(GABARIT, _donnees(lu)), lu.reference)


def _donnees(etat: EtatRecapitulatif) -> dict[str, Any]:
    sommes = sommes_de(etat)
    lignes = etat.lignes.select_related("inscription__personne").order_by(
        "inscription__personne__nom", "inscription", "-nature"
    )
    return {
        "reference": etat.reference,
        "organisme": etat.organisme.nom,
        "siret": etat.organisme.siret or "",
        "adresse": etat.organisme.adresse,
        "mois": nom_du_mois(etat.mois),
        "marche": titre_du_marche(etat.marche_code),
        "etat": etat.get_etat_display(),
        "transmis": f"{timezone.localtime(etat.transmis_le):%d/%m/%Y}" if etat.transmis_le else "",
        "valide": f"{timezone.localtime(etat.valide_le):%d/%m/%Y}" if etat.valide_le else "",
        "total": euros(etat.total),
        "personnes": sommes["personnes"],
        "heures": sommes["heures"],
        "formation": euros(sommes["formation"]),
        "certification": euros(sommes["certification"]),
        "lignes": [
            {
                "personne": x.inscription.personne.get_full_name(),
                "inscription": x.inscription.reference,
                "nature": x.get_nature_display(),
                "heures": en_heures(x.minutes) if x.minutes else "",
                "montant": "Prix inconnu" if x.montant is None else euros(x.montant),
                "trace": x.trace,
            }
            for x in lignes
        ],
    }
