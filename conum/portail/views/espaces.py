"""L'espace de chaque rôle : ce qui est attendu de lui aujourd'hui, et la recherche."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from conum.comptes.models import Role, TypeRole
from conum.portail import recherche as trouver
from conum.portail import tableaux
from conum.socle.http import lecture, role_requis
from conum.ui.forms import FiltresForm

SIENS = {TypeRole.CANDIDAT: "recrutement:ma_candidature", TypeRole.CONSEILLER: "formations:ma_formation"}


@lecture
def tableau_de_bord(request: HttpRequest) -> HttpResponse:
    """Après la connexion : le seul rôle de la personne, ou le choix entre ses rôles."""
    roles = list(Role.objects.actifs().filter(utilisateur=request.user.pk).order_by("pk")[:2])
    if len(roles) == 1:
        return redirect("portail:espace", roles[0].pk)
    return redirect("comptes:espaces")


@role_requis(*TypeRole)
@lecture
def espace(request: HttpRequest) -> HttpResponse:
    role = request.role  # type: ignore[attr-defined]
    # Le tableau de bord d'une personne est sa candidature, ou sa formation.
    if role.type in SIENS:
        return redirect(SIENS[role.type], role.pk)
    return render(request, "portail/espace.html", tableaux.contexte(role))


class RechercheForm(FiltresForm):
    q = forms.CharField(
        label="Chercher une structure ou une demande",
        help_text="Un nom, même sans accent ; un SIRET ou un RIDET ; une référence comme D-00042.",
        max_length=100,
    )


@role_requis(TypeRole.ANCT, TypeRole.PREFECTURE, TypeRole.REGION)
@lecture
def recherche(request: HttpRequest) -> HttpResponse:
    role = request.role  # type: ignore[attr-defined]
    form = RechercheForm(request.GET or None)
    saisie = form.valeurs().get("q", "") if form.is_bound else ""
    return render(
        request,
        "portail/recherche.html",
        {"form": form, "saisie": saisie, "resultats": trouver.chercher(role, saisie) if saisie else None},
    )
