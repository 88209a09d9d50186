"""Les accès que gère un rôle : agents en place, invitations en attente, retrait, fermeture de compte."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from conum.comptes import actions
from conum.comptes.access import GESTIONNAIRES, get_agent_ou_404, get_invitation_ou_404
from conum.comptes.forms import FiltresAgents, InvitationForm, MotifForm
from conum.comptes.models import Invitation, Role, TypeRole
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.socle.texte import sans_accent


def _role(request: HttpRequest) -> Role:
    return request.role  # type: ignore[attr-defined,no-any-return]


def _filtrer(objets: QuerySet[Any], valeurs: dict[str, Any], *champs: str) -> QuerySet[Any]:
    """Les filtres communs aux agents et aux invitations ; chaque mot cherché doit se trouver dans l'un des champs."""
    formes = {f"forme_{i}": SansAccent(champ) for i, champ in enumerate(champs)}
    objets = objets.alias(**formes)
    for mot in sans_accent(valeurs.get("q", "")).lower().split():
        partout = Q()
        for forme in formes:
            partout |= Q(**{f"{forme}__contains": mot})
        objets = objets.filter(partout)
    if type_ := valeurs.get("type"):
        objets = objets.filter(type=type_)
    if departement := valeurs.get("departement"):
        objets = objets.filter(departement=departement)
    return objets


@role_requis(*GESTIONNAIRES)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    role = _role(request)
    filtres = FiltresAgents(request.GET, role=role)
    agents = _filtrer(
        Role.objects.geres_par(role).select_related("utilisateur"), filtres.valeurs(),
        "utilisateur__prenom", "utilisateur__nom", "utilisateur__email",
    )  # fmt: skip
    colonnes = [
        Colonne(
            "nom", "Personne", lambda r: r.utilisateur.get_full_name(), tri=SansAccent("utilisateur__nom"),
            lien=lambda r: reverse("comptes:agent", args=[role.pk, r.pk]),
        ),
        Colonne("email", "Adresse", lambda r: r.utilisateur.email, tri="utilisateur__email"),
        Colonne("role", "Accès", lambda r: r.libelle, tri=SansAccent("libelle")),
        Colonne("cree", "Depuis le", lambda r: timezone.localdate(r.created_at), tri="created_at"),
        Colonne(
            "vu", "Dernière connexion", lambda r: r.utilisateur.last_login,
            tri="utilisateur__last_login",
        ),
    ]  # fmt: skip
    tableau = Liste(request, agents, colonnes, tri_par_defaut="nom", nom_fichier="agents")
    return tableau.export() or render(
        request, "comptes/agents/liste.html", {"liste": tableau, "filtres": filtres, "onglet": "agents"}
    )


def _etat(invitation: Invitation) -> str:
    return "En attente" if invitation.est_ouverte else "Expirée"


@role_requis(*GESTIONNAIRES)
@lecture
def invitations(request: HttpRequest) -> HttpResponseBase:
    role = _role(request)
    filtres = FiltresAgents(request.GET, role=role)
    attente = _filtrer(
        Invitation.objects.gerees_par(role).en_attente().select_related("invitee_par__utilisateur"),
        filtres.valeurs(), "email",
    )  # fmt: skip
    colonnes = [
        Colonne(
            "email", "Adresse", lambda i: i.email, tri="email",
            lien=lambda i: reverse("comptes:invitation_agent", args=[role.pk, i.pk]),
        ),
        Colonne("role", "Accès proposé", lambda i: i.libelle, tri=SansAccent("libelle")),
        Colonne("envoyee", "Envoyée le", lambda i: timezone.localdate(i.envoyee_le), tri="envoyee_le"),
        Colonne("expire", "Expire le", lambda i: timezone.localdate(i.expire_le), tri="expire_le"),
        Colonne("etat", "État", _etat, niveau=lambda i: "info" if i.est_ouverte else "warning"),
    ]  # fmt: skip
    tableau = Liste(request, attente, colonnes, tri_par_defaut="-envoyee", nom_fichier="invitations")
    return tableau.export() or render(
        request, "comptes/agents/liste.html", {"liste": tableau, "filtres": filtres, "onglet": "invitations"}
    )


@role_requis(*GESTIONNAIRES)
@lecture_ecriture
def inviter(request: HttpRequest) -> HttpResponse:
    role = _role(request)
    form = InvitationForm(request.POST if request.method == "POST" else None, role=role)
    if form.is_bound and form.is_valid():
        d = form.cleaned_data
        try:
            actions.inviter(
                d["email"], d["type"], departement=d["departement"], region=d["region"], code=d["code"], par=role
            )
        except actions.CompteRefuse as refus:
            form.add_error("email", str(refus))
        else:
            messages.success(request, f"L'invitation est envoyée à {d['email']}. Elle sert 28 jours.")
            return redirect("comptes:invitations", role.pk)
    return render(request, "comptes/agents/inviter.html", {"form": form})


@role_requis(*GESTIONNAIRES)
@lecture
def invitation_agent(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_invitation_ou_404(_role(request), pk)
    return render(request, "comptes/agents/invitation.html", {"invitation": invitation, "etat": _etat(invitation)})


@role_requis(*GESTIONNAIRES)
@ecriture
def renvoyer(request: HttpRequest, pk: int) -> HttpResponse:
    role = _role(request)
    try:
        actions.renvoyer_invitation(get_invitation_ou_404(role, pk), par=role)
        messages.success(request, "Un nouveau lien est envoyé ; le précédent ne sert plus.")
    except actions.CompteRefuse as refus:
        messages.error(request, str(refus))
    return redirect("comptes:invitations", role.pk)


@role_requis(*GESTIONNAIRES)
@ecriture
def annuler(request: HttpRequest, pk: int) -> HttpResponse:
    role = _role(request)
    try:
        actions.annuler_invitation(get_invitation_ou_404(role, pk), par=role)
        messages.success(request, "L'invitation est annulée ; son lien ne sert plus.")
    except actions.CompteRefuse as refus:
        messages.error(request, str(refus))
    return redirect("comptes:invitations", role.pk)


@role_requis(*GESTIONNAIRES)
@lecture
def agent(request: HttpRequest, pk: int) -> HttpResponse:
    vise = get_agent_ou_404(_role(request), pk)
    return render(request, "comptes/agents/agent.html", {"agent": vise})


@role_requis(*GESTIONNAIRES)
@lecture_ecriture
def retirer(request: HttpRequest, pk: int) -> HttpResponse:
    role = _role(request)
    vise = get_agent_ou_404(role, pk)
    form = MotifForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            actions.retirer_role(vise, par=role, motif=form.cleaned_data["motif"])
        except actions.CompteRefuse as refus:
            form.add_error(None, str(refus))
        else:
            messages.success(request, f"L'accès de {vise.utilisateur.get_full_name()} est retiré.")
            # Qui se retire son propre accès n'a plus d'espace où revenir.
            return redirect("comptes:espaces") if vise.pk == role.pk else redirect("comptes:agents", role.pk)
    return render(request, "comptes/agents/retirer.html", {"form": form, "agent": vise})


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def desactiver(request: HttpRequest, pk: int) -> HttpResponse:
    role = _role(request)
    vise = get_agent_ou_404(role, pk)
    if vise.utilisateur_id == role.utilisateur_id:
        raise PermissionDenied("On ne ferme pas son propre compte.")
    form = MotifForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            actions.desactiver_compte(vise.utilisateur, par=role, motif=form.cleaned_data["motif"])
        except actions.CompteRefuse as refus:
            form.add_error(None, str(refus))
        else:
            messages.success(request, f"Le compte de {vise.utilisateur.get_full_name()} est désactivé.")
            return redirect("comptes:agents", role.pk)
    return render(request, "comptes/agents/desactiver.html", {"form": form, "agent": vise})
