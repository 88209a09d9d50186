"""Signer sans compte : le lien de l'apprenant, celui du formateur, et la tablette qu'il prête.

Ouvrir un lien ne fait rien : un bouton agit. On ne montre de la personne que son prénom, à elle-même ; au formateur,
les noms de ceux qu'il forme ce jour-là.
"""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from conum.formations.access import APPRENANT, FORMATEUR
from conum.formations.actions import liens, presence
from conum.formations.forms.presence import TabletteForm
from conum.formations.models import Place, Seance
from conum.formations.models.presence import VoieSignature
from conum.formations.rules.presence import lien_valable
from conum.formations.states import ASSISES, EtatSession
from conum.formations.views.blocs_presence import lignes_des_places
from conum.formations.views.feuille import page_de_tenue, places_de
from conum.journal.acteurs import ActeurSansCompte, anonyme
from conum.journal.workflow import TransitionImpossible
from conum.socle.http import lecture, lecture_ecriture, publique

PERIME = 410


def _perime(request: HttpRequest, pour_formateur: bool) -> HttpResponseBase:
    contexte = {"pour_formateur": pour_formateur}
    return render(request, "formations/presence/lien_perime.html", contexte, status=PERIME)


# --- L'apprenant, par son lien --------------------------------------------------------------------------------------


def _place_du_lien(jeton: str) -> tuple[Place, liens.LienApprenant]:
    lien = liens.lire_lien_apprenant(jeton)
    places = Place.objects.select_related("session__commune", "session__organisme", "inscription__personne")
    place = places.filter(pk=lien.place).first() if lien else None
    if lien is None or place is None:
        raise Http404("Lien inconnu.")
    return place, lien


@publique
@never_cache
@lecture_ecriture
def presence_apprenant(request: HttpRequest, jeton: str) -> HttpResponseBase:
    """La personne signe ses demi-journées d'un jour."""
    place, lien = _place_du_lien(jeton)
    if not lien_valable(lien.jour, timezone.localdate()) or place.etat not in ASSISES:
        return _perime(request, pour_formateur=False)
    seances = list(Seance.objects.filter(session=place.session_id, jour=lien.jour).order_by("debut"))
    refus = ""
    if request.method == "POST":
        seance = next((s for s in seances if str(s.pk) == request.POST.get("seance", "")), None)
        if seance is None:
            refus = presence.PARTIE
        else:
            seance.session = place.session
            par = anonyme(APPRENANT, "Apprenant, par son lien du jour", place.pk)
            try:
                presence.signer(seance, place, voie=VoieSignature.LIEN, par=par)
            except TransitionImpossible as erreur:
                refus = str(erreur)
            else:
                messages.success(request, f"Votre présence du {seance} est signée.")
                return redirect("formations:presence_apprenant", jeton)
    contexte = {
        "prenom": place.inscription.personne.prenom,
        "session": place.session,
        "jour": lien.jour,
        "lignes": lignes_des_places([place], seances),
        "refus": refus,
    }
    return render(request, "formations/presence/lien_apprenant.html", contexte, status=409 if refus else 200)


# --- Le formateur, par son lien -------------------------------------------------------------------------------------


def _seances_du_lien(jeton: str) -> tuple[list[Seance], bool]:
    """Les demi-journées de ce formateur ce jour-là, et si le lien vaut encore."""
    lien = liens.lire_lien_formateur(jeton)
    if lien is None:
        raise Http404("Lien inconnu.")
    du_jour = Seance.objects.filter(session=lien.session, jour=lien.jour, session__etat=EtatSession.OUVERTE)
    siennes = [
        s
        for s in du_jour.select_related("session__commune", "session__organisme").order_by("debut")
        if liens.empreinte_formateur(s.formateur_email) == lien.formateur
    ]
    if not siennes:
        raise Http404("Lien inconnu.")
    maintenant = timezone.now()
    return siennes, any(maintenant < presence.fenetre_de(s).fermeture for s in siennes)


def _seance_du_lien(jeton: str, seance_id: int) -> Seance | None:
    siennes, vaut = _seances_du_lien(jeton)
    seance = next((s for s in siennes if s.pk == seance_id), None)
    if seance is None:
        raise Http404("Séance inconnue.")
    return seance if vaut else None


@publique
@never_cache
@lecture
def presence_formateur(request: HttpRequest, jeton: str) -> HttpResponseBase:
    """Les demi-journées du formateur ce jour-là ; chacune s'ouvre."""
    siennes, vaut = _seances_du_lien(jeton)
    if not vaut:
        return _perime(request, pour_formateur=True)
    maintenant = timezone.now()
    contexte = {
        "session": siennes[0].session,
        "jour": siennes[0].jour,
        "jeton": jeton,
        "seances": [{"seance": s, "refus": presence.fenetre_de(s).refus(maintenant)} for s in siennes],
    }
    return render(request, "formations/presence/lien_formateur.html", contexte)


@publique
@never_cache
@lecture_ecriture
def tenir_par_lien(request: HttpRequest, jeton: str, seance_id: int) -> HttpResponseBase:
    """Le formateur dit qui est là, et signe."""
    seance = _seance_du_lien(jeton, seance_id)
    if seance is None:
        return _perime(request, pour_formateur=True)
    par: ActeurSansCompte = anonyme(FORMATEUR, "Formateur, par son lien du jour", seance.pk)
    return page_de_tenue(
        request, seance, "formations/presence/tenir_lien.html", {"jeton": jeton},
        retour=request.path, voie=VoieSignature.LIEN, par=par,
    )  # fmt: skip


@publique
@never_cache
@lecture_ecriture
def tablette(request: HttpRequest, jeton: str, seance_id: int) -> HttpResponseBase:
    """La tablette passe de main en main : chacun choisit son nom et tape le code qu'il est seul à connaître."""
    seance = _seance_du_lien(jeton, seance_id)
    if seance is None:
        return _perime(request, pour_formateur=True)
    places, lignes = places_de(seance)
    restent = [
        p for p in places if not ((x := lignes.get(p.pk)) and (x.absent or x.signe_apprenant_le is not None))
    ]  # fmt: skip
    form = TabletteForm(request.POST if request.method == "POST" else None, places=restent)
    if request.method == "POST" and form.is_valid():
        place = form.places[form.cleaned_data["place"]]
        if (refus := _signer_sur_tablette(seance, place, form.cleaned_data["code"])) is None:
            messages.success(request, f"{place.inscription.personne.prenom}, votre présence est signée.")
            return redirect(request.path)
        form.add_error(*refus)
    contexte: dict[str, Any] = {
        "seance": seance,
        "session": seance.session,
        "jeton": jeton,
        "form": form,
        "restent": restent,
        "signes": len(places) - len(restent),
        "total": len(places),
        "refus": presence.fenetre_de(seance).refus(timezone.now()),
    }
    return render(request, "formations/presence/tablette.html", contexte)


def _signer_sur_tablette(seance: Seance, place: Place, code: str) -> tuple[str | None, str] | None:
    """Rien si c'est signé ; sinon le champ et la phrase du refus."""
    if liens.trop_d_essais(place):
        return "code", "Trop d’essais pour cette personne. Signez depuis votre espace, ou dans une heure."
    if not liens.code_juste(place, code):
        return "code", "Ce code n’est pas le vôtre. Il est dans votre espace, à la page de votre session."
    par = anonyme(APPRENANT, "Apprenant, par son code sur la tablette", place.pk)
    try:
        presence.signer(seance, place, voie=VoieSignature.TABLETTE, par=par)
    except TransitionImpossible as erreur:
        return None, str(erreur)
    except PermissionDenied:
        return None, "Cette place n’est plus la vôtre."
    return None
