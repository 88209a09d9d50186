"""Les rappels d'un membre de structure : par le lien d'un courriel, en un geste (RFC 8058), ou dans son espace."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.recrutement.access import desabonne
from conum.recrutement.actions import preferences
from conum.recrutement.emails.desinscription_membre import membre_du_lien
from conum.recrutement.models import PreferenceRappels
from conum.socle.http import ecriture, lecture, lecture_ecriture, publique, role_requis


def _refuses(role: Role) -> bool:
    return PreferenceRappels.objects.filter(role=role).exists()


@csrf_exempt
@publique
@lecture_ecriture
def sans_rappels(request: HttpRequest, jeton: str) -> HttpResponseBase:
    """GET : la page et son bouton. POST : plus de rappels ; une messagerie poste sans jeton CSRF ni session, et n'est
    pas redirigée (RFC 8058 § 3.1). La signature du lien fait foi, et ne donne que ce droit.
    """
    role = membre_du_lien(jeton)
    if role is None:
        raise Http404("Ce lien n’existe pas.")
    if request.method == "POST":
        preferences.refuser_rappels(role, par=desabonne(role))
        if request.POST.get("List-Unsubscribe") == "One-Click":
            return HttpResponse("Vous ne recevrez plus de rappels.", content_type="text/plain; charset=utf-8")
        return redirect("recrutement:sans_rappels", jeton)
    contexte = {"refuses": _refuses(role), "libelle": role.libelle, "membre": role.pk}
    return render(request, "recrutement/rappels/sans_rappels.html", contexte)


@role_requis(TypeRole.STRUCTURE)
@lecture
def rappels(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    return render(request, "recrutement/rappels/reglage.html", {"refuses": _refuses(role)})


@role_requis(TypeRole.STRUCTURE)
@ecriture
def arreter_rappels(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    preferences.refuser_rappels(role, par=role)
    messages.success(request, "Vous ne recevrez plus de rappels.")
    return redirect("recrutement:rappels", role.pk)


@role_requis(TypeRole.STRUCTURE)
@ecriture
def reprendre_rappels(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    preferences.reprendre_rappels(role, par=role)
    messages.success(request, "Vous recevrez de nouveau les rappels.")
    return redirect("recrutement:rappels", role.pk)
