"""Ce que l'État prend en charge, par marché : le prix d'une personne, et ce qui le dit."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations import access
from conum.formations.actions import tarifs as actes
from conum.formations.forms.tarifs import TarifForm
from conum.formations.models import Organisme, SessionFormation, TarifMarche
from conum.formations.models.etat import NatureCout
from conum.formations.rules import marches
from conum.formations.views.pages import page_formulaire
from conum.socle.http import lecture, lecture_ecriture, role_requis
from conum.socle.texte import euros

LECTEURS = (TypeRole.ANCT, TypeRole.ORGANISME)


@role_requis(*LECTEURS)
@lecture
def prise_en_charge(request: HttpRequest) -> HttpResponseBase:
    """Par marché, du plus récent au plus ancien : l'ANCT lit tous les organismes, un organisme le sien."""
    role = role_de(request)
    organismes = list(Organisme.objects.visibles_par(role).order_by("nom"))
    saisis = list(
        TarifMarche.objects.filter(organisme__in=organismes).select_related("par__utilisateur").order_by("-depuis")
    )
    # Un organisme qui tient une session d'un marché y est payé, que le marché le nomme ou non.
    tenues = SessionFormation.objects.filter(organisme__in=organismes).order_by()
    connus = set(tenues.values_list("marche_code", "organisme_id").distinct())
    connus |= {(t.marche_code, t.organisme_id) for t in saisis}
    contexte = {
        "marches": [
            _marche(role, m, _du_marche(m, organismes, connus), saisis) for m in reversed(marches.catalogue().marches)
        ],
        "anct": access.peut_administrer(role),
    }
    return render(request, "formations/etats/prise_en_charge.html", contexte)


def _marche(
    role: Role, marche: marches.Marche, organismes: list[Organisme], saisis: list[TarifMarche]
) -> dict[str, Any]:
    verdict = marches.prise_en_charge(marche)
    publies = [
        {"libelle": c.libelle, "montant": euros(c.montant), "moyenne": c.moyenne, "sources": c.sources}
        for c in verdict.couts
        if not c.inconnu
    ]
    tout_publie = all(actes.prix_publie(marche.code, n) for n in NatureCout.values)
    return {
        "titre": marche.titre,
        "code": marche.code,
        "publies": publies,
        "total": verdict.total,
        "raisons": verdict.raisons,
        "organismes": [] if tout_publie else [_organisme(role, marche, o, saisis) for o in organismes],
    }


def _du_marche(marche: marches.Marche, organismes: list[Organisme], connus: set[tuple[str, int]]) -> list[Organisme]:
    """Ceux que le marché nomme, et ceux qui y ont une session ou un prix."""
    nommes = {x.organisme for x in marche.lots}
    return [o for o in organismes if o.nom in nommes or (marche.code, o.pk) in connus]


def _organisme(role: Role, marche: marches.Marche, organisme: Organisme, saisis: list[TarifMarche]) -> dict[str, Any]:
    siens = [t for t in saisis if (t.marche_code, t.organisme_id) == (marche.code, organisme.pk)]
    manquent = [
        NatureCout(n).label
        for n in NatureCout.values
        if actes.prix_publie(marche.code, n) is None and not any(t.nature == n for t in siens)
    ]
    return {
        "nom": organisme.nom,
        "tarifs": siens,
        "manquent": manquent,
        "lien": reverse("formations:saisir_tarif", args=[role.pk, organisme.pk, marche.code]),
    }


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def saisir(request: HttpRequest, organisme_id: int, marche: str) -> HttpResponseBase:
    role = role_de(request)
    organisme = access.get_organisme_ou_404(role, organisme_id)
    try:
        lu = marches.marche(marche)
    except marches.MarcheInconnu as erreur:
        raise Http404(str(erreur)) from erreur
    return page_formulaire(
        request,
        TarifForm(request.POST or None),
        lambda saisi: actes.saisir_tarif(organisme, marche_code=lu.code, par=role, **saisi),
        textes={
            "titre": "Saisir un prix",
            "intro": f"{organisme.nom}, {lu.titre}.",
            "points": (
                "Un prix ne se corrige pas : un autre, à une date plus tardive, prend sa suite.",
                "Une personne garde le prix du jour où elle a commencé.",
            ),
            "bouton": "Enregistrer ce prix",
            "fait": "Le prix est enregistré.",
        },
        retour=reverse("formations:prise_en_charge", args=[role.pk]),
        nom_retour="Prise en charge",
    )
