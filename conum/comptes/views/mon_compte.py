"""Ce que la personne voit et change de son compte, et le choix du rôle qui agit."""

from __future__ import annotations

from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from conum.comptes import actions, proconnect
from conum.comptes.acteurs import en_personne
from conum.comptes.forms import AdresseForm, IdentiteForm
from conum.comptes.models import ChangementAdresse, IdentiteProConnect, Role
from conum.journal.acteurs import anonyme
from conum.socle.http import ecriture, lecture, lecture_ecriture, publique
from conum.socle.limites import depasse
from conum.socle.sql import SansAccent
from conum.utilisateurs.models import Utilisateur


def _personne(request: HttpRequest) -> Utilisateur:
    assert isinstance(request.user, Utilisateur)
    return request.user


@lecture
def espaces(request: HttpRequest) -> HttpResponse:
    """Le choix du rôle ; avec un seul rôle, il n'y a rien à choisir."""
    roles = list(Role.objects.actifs().filter(utilisateur=_personne(request)).order_by(SansAccent("libelle"), "pk"))
    if len(roles) == 1:
        return redirect("portail:espace", roles[0].pk)
    return render(request, "comptes/espaces.html", {"roles": roles})


@lecture
def mon_compte(request: HttpRequest) -> HttpResponse:
    personne = _personne(request)
    contexte = {
        "roles": list(Role.objects.actifs().filter(utilisateur=personne).order_by(SansAccent("libelle"), "pk")),
        "facteurs": Authenticator.objects.filter(user=personne).exclude(type=Authenticator.Type.RECOVERY_CODES).count(),
        "changement": ChangementAdresse.objects.filter(utilisateur=personne, expire_le__gt=timezone.now()).first(),
        "identite_proconnect": IdentiteProConnect.objects.filter(utilisateur=personne).first(),
        "proconnect": proconnect.est_configure(),
    }
    return render(request, "comptes/mon_compte.html", contexte)


@lecture_ecriture
def identite(request: HttpRequest) -> HttpResponse:
    personne = _personne(request)
    form = IdentiteForm(request.POST) if request.method == "POST" else IdentiteForm.de(personne)
    if form.is_bound and form.is_valid():
        actions.modifier_identite(personne, **form.cleaned_data, par=en_personne(personne))
        messages.success(request, "Votre identité est à jour.")
        return redirect("comptes:mon_compte")
    return render(request, "comptes/identite.html", {"form": form})


@lecture_ecriture
def adresse(request: HttpRequest) -> HttpResponse:
    """Demande de changement d'adresse ; la réponse est la même que la nouvelle adresse ait déjà un compte ou non."""
    personne = _personne(request)
    form = AdresseForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        if depasse(f"adresse:{personne.pk}", maximum=5, duree=timedelta(hours=1)):
            form.add_error("email", "Trop de demandes en une heure. Recommencez plus tard.")
        else:
            try:
                actions.demander_changement_adresse(personne, form.cleaned_data["email"], par=en_personne(personne))
            except actions.CompteRefuse as refus:
                form.add_error("email", str(refus))
            else:
                messages.info(request, "Un lien de confirmation est envoyé à la nouvelle adresse. Il sert deux jours.")
                return redirect("comptes:mon_compte")
    return render(request, "comptes/adresse.html", {"form": form})


@ecriture
def annuler_adresse(request: HttpRequest) -> HttpResponse:
    personne = _personne(request)
    actions.annuler_changement_adresse(personne, par=en_personne(personne))
    messages.success(request, "Le changement d'adresse est annulé.")
    return redirect("comptes:mon_compte")


@publique
@never_cache
@lecture_ecriture
def confirmer_adresse(request: HttpRequest, jeton: str) -> HttpResponse:
    """Page du lien reçu à la nouvelle adresse : c'est le bouton qui confirme, pas l'ouverture du lien."""
    try:
        changement = actions.changement_ouvert(jeton)
        if request.method == "POST":
            actions.confirmer_changement_adresse(jeton, par=anonyme("adresse", "Titulaire de la nouvelle adresse"))
            messages.success(request, "Votre nouvelle adresse est confirmée : elle sert maintenant à vous connecter.")
            return redirect("comptes:mon_compte")
    except actions.CompteRefuse as refus:
        contexte = {"titre": "Ce changement n'est pas possible", "message": str(refus)}
        return render(request, "comptes/lien_perime.html", contexte, status=410)
    return render(request, "comptes/confirmer_adresse.html", {"nouvelle": changement.nouvelle})


@ecriture
def detacher_proconnect(request: HttpRequest) -> HttpResponse:
    personne = _personne(request)
    actions.detacher_proconnect(personne, par=en_personne(personne))
    messages.success(request, "ProConnect est détaché de votre compte.")
    return redirect("comptes:mon_compte")
