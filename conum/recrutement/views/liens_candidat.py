"""Les liens qu'un candidat reçoit par courriel, hors proposition : rester disponible, ne plus rien recevoir."""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from conum.journal.workflow import TransitionImpossible
from conum.recrutement.access import candidat_du_lien, porteur
from conum.recrutement.actions import disponibilite as questions
from conum.recrutement.actions import espace as actes
from conum.recrutement.emails.desinscription import candidat_du_lien_de_desinscription
from conum.recrutement.models import Candidat
from conum.recrutement.states import AU_VIVIER, EtatCandidat
from conum.socle.http import lecture_ecriture, publique


@publique
@never_cache
@lecture_ecriture
def disponibilite(request: HttpRequest, jeton: str) -> HttpResponseBase:
    """Deux boutons. Ouvrir le lien ne répond pas : les messageries ouvrent les liens (original-platform § 7, S3)."""
    candidat = candidat_du_lien(jeton, champ="jeton_disponibilite")
    if candidat is None or candidat.etat not in AU_VIVIER or not questions.lien_valable(candidat):
        return render(request, "recrutement/candidature/disponibilite_perimee.html", status=410)
    if request.method == "POST":
        _repondre(candidat, request.POST.get("reponse", ""))
        return redirect("recrutement:disponibilite_par_lien", jeton)
    contexte = {
        "candidat": candidat,
        "attend": candidat.etat == EtatCandidat.DISPONIBLE and questions.attend_une_reponse(candidat),
        "disponible": candidat.etat == EtatCandidat.DISPONIBLE,
        "en_pause": candidat.etat == EtatCandidat.EN_PAUSE,
    }
    return render(request, "recrutement/candidature/disponibilite.html", contexte)


def _repondre(candidat: Candidat, reponse: str) -> None:
    """Une réponse donnée deux fois, ou périmée, ne change rien : la page dit l'état où l'on est."""
    try:
        if reponse == "oui":
            actes.confirmer_disponibilite(candidat, par=porteur(candidat))
        elif reponse == "non":
            actes.mettre_en_pause(candidat, par=porteur(candidat))
    except TransitionImpossible:
        return


# La messagerie poste sans jeton CSRF (RFC 8058, § 3.1) ; l'adresse signée fait foi, et ne donne que ce droit-là.
@csrf_exempt
@publique
@never_cache
@lecture_ecriture
def desinscription(request: HttpRequest, signature: str) -> HttpResponseBase:
    numero = candidat_du_lien_de_desinscription(signature)
    candidat = (
        Candidat.objects.filter(pk=numero, etat__in=AU_VIVIER | {EtatCandidat.BLOQUE}).first() if numero else None
    )
    if candidat is None:
        return render(request, "recrutement/candidature/desinscription_perimee.html", status=410)
    fait = request.method == "POST"
    if fait:
        candidat = actes.se_desinscrire(candidat, par=porteur(candidat))
    # Sans redirection : la messagerie ne les suit pas (RFC 8058, § 3.1).
    contexte = {"fait": fait or candidat.etat != EtatCandidat.DISPONIBLE, "candidat": candidat}
    return render(request, "recrutement/candidature/desinscription.html", contexte)
