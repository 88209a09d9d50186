"""Les courriels, vus par les agents de l'ANCT : ce qui est parti, ce qui attend, ce qui a échoué."""

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from conum.courriels import actions
from conum.courriels.access import RENVOYABLES, get_courriel_ou_404, peut_renvoyer
from conum.courriels.forms import FiltresCourriels
from conum.courriels.models import Courriel
from conum.courriels.states import Etat
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.socle.http import ecriture, lecture, role_requis
from conum.socle.listes import Colonne, Liste

NIVEAUX = {
    Etat.A_ENVOYER: "info",
    Etat.EN_COURS: "info",
    Etat.ENVOYE: "success",
    Etat.INCERTAIN: "warning",
    Etat.ABANDONNE: "error",
}


def _colonnes(role_id: int) -> list[Colonne]:
    return [
        Colonne("ecrit", "Écrit le", lambda c: c.created_at, tri="created_at"),
        Colonne("destinataire", "Destinataire", lambda c: c.destinataire, tri="destinataire"),
        Colonne(
            "objet",
            "Objet",
            lambda c: c.sujet,
            tri="sujet",
            lien=lambda c: reverse("courriels:detail", args=[role_id, c.pk]),
        ),
        Colonne("etat", "État", lambda c: c.get_etat_display(), tri="etat", niveau=lambda c: NIVEAUX[c.etat]),
        Colonne("essais", "Essais", lambda c: c.tentatives, tri="tentatives"),
        Colonne("envoye", "Envoyé le", lambda c: c.envoye_le, tri="envoye_le"),
        Colonne("erreur", "Dernière erreur", lambda c: c.derniere_erreur, a_l_ecran=False),
    ]


def _filtrer(filtres: FiltresCourriels) -> QuerySet[Courriel]:
    valeurs = filtres.valeurs()
    courriels = Courriel.objects.defer("texte", "html")
    if etat := valeurs.get("etat"):
        courriels = courriels.filter(etat=etat)
    if mots := valeurs.get("recherche"):
        courriels = courriels.filter(Q(destinataire__icontains=mots) | Q(sujet__icontains=mots))
    return courriels


@lecture
@role_requis("anct")
def liste(request: HttpRequest) -> HttpResponseBase:
    role = request.role  # type: ignore[attr-defined]
    filtres = FiltresCourriels(request.GET)
    liste = Liste(request, _filtrer(filtres), _colonnes(role.pk), "-ecrit", "courriels")
    if (fichier := liste.export()) is not None:
        return fichier
    nombres = Courriel.objects.compter_par_etat()
    return render(
        request,
        "courriels/liste.html",
        {
            "liste": liste,
            "filtres": filtres,
            "incertains": nombres[Etat.INCERTAIN],
            "abandonnes": nombres[Etat.ABANDONNE],
        },
    )


@lecture
@role_requis("anct")
def detail(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = request.role  # type: ignore[attr-defined]
    courriel = get_courriel_ou_404(role, pk)
    contexte = {
        "courriel": courriel,
        "niveau": NIVEAUX[Etat(courriel.etat)],
        "renvois": courriel.renvois.order_by("pk"),
        "renvoyable": courriel.etat in RENVOYABLES and peut_renvoyer(role, courriel),
        "entrees": Entree.objects.de_l_objet(courriel),
        "lien_liste": reverse("courriels:liste", args=[role.pk]),
    }
    return render(request, "courriels/detail.html", contexte)


@ecriture
@role_requis("anct")
def renvoyer(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = request.role  # type: ignore[attr-defined]
    courriel = get_courriel_ou_404(role, pk)
    try:
        nouveau = actions.renvoyer(courriel, par=role)
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
        return redirect("courriels:detail", role.pk, courriel.pk)
    messages.success(request, f"Le courriel est renvoyé à {nouveau.destinataire} : il part dans un instant.")
    return redirect("courriels:detail", role.pk, nouveau.pk)
