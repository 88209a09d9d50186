"""Page du lien d'invitation. L'ouvrir n'engage à rien : le bouton accepte, et prouve la boîte aux lettres."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from conum.comptes import actions
from conum.comptes.forms import AccepterForm
from conum.comptes.models import Invitation
from conum.comptes.views.connexion import ouvrir_session
from conum.journal.acteurs import anonyme
from conum.socle.http import lecture_ecriture, publique
from conum.utilisateurs.models import Utilisateur


def _nom_connu(invitation: Invitation) -> bool:
    return Utilisateur.objects.filter(email=invitation.email).exclude(nom="").exists()


@publique
@never_cache
@lecture_ecriture
def invitation(request: HttpRequest, jeton: str) -> HttpResponse:
    try:
        ouverte = actions.invitation_ouverte(jeton)
        form = None if _nom_connu(ouverte) else AccepterForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and (form is None or form.is_valid()):
            saisie = form.cleaned_data if form else {}
            role = actions.accepter_invitation(jeton, par=anonyme("invite", "Personne invitée", ouverte.pk), **saisie)
            messages.success(request, f"Bienvenue : vous avez maintenant l'accès « {role.libelle} ».")
            return ouvrir_session(
                request, role.utilisateur, methode="code", suite=reverse("portail:espace", args=[role.pk])
            )
    except actions.CompteRefuse as refus:
        contexte = {"titre": "Cette invitation ne sert plus", "message": str(refus)}
        return render(request, "comptes/lien_perime.html", contexte, status=410)
    return render(request, "comptes/invitation.html", {"invitation": ouverte, "form": form})
