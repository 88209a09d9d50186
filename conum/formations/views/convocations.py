"""Convoquer une personne ou une session entière ; télécharger son calendrier."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase

from conum.comptes.middleware import role_de
from conum.comptes.models import TypeRole
from conum.formations import access
from conum.formations.actions import convocations
from conum.formations.views.pages import acte_direct
from conum.formations.views.sessions import lien_session
from conum.journal.workflow import TransitionImpossible
from conum.socle.http import ecriture, lecture, role_requis


@role_requis(*access.FORMATEURS)
@ecriture
def convoquer(request: HttpRequest, place_id: int) -> HttpResponseBase:
    role = role_de(request)
    place = access.get_place_ou_404(role, place_id)
    if not access.peut_gerer_place(role, place):
        raise Http404("Place inconnue.")
    return acte_direct(
        request,
        lambda: convocations.convoquer(place, par=role),
        fait=f"La convocation de {place.inscription.personne.get_full_name()} part.",
        retour=lien_session(role, place.session_id),
    )


@role_requis(*access.FORMATEURS)
@ecriture
def convoquer_session(request: HttpRequest, session_id: int) -> HttpResponseBase:
    role = role_de(request)
    session = access.get_session_geree_ou_404(role, session_id)
    return acte_direct(
        request,
        lambda: convocations.convoquer_session(session, par=role),
        fait="Toutes les personnes inscrites sont convoquées.",
        retour=lien_session(role, session.pk),
    )


@role_requis(*access.LECTEURS, TypeRole.CONSEILLER)
@lecture
def calendrier(request: HttpRequest, place_id: int) -> HttpResponseBase:
    """Le calendrier d'une personne, à ouvrir dans un agenda ; la visioconférence n'y est que pour qui peut la lire."""
    role = role_de(request)
    place = access.get_place_ou_404(role, place_id)
    avec_lien = access.est_la_personne(role, place.inscription) or access.peut_gerer_session(role, place.session)
    try:
        texte = convocations.calendrier_de(place, avec_lien=avec_lien)
    except TransitionImpossible as refus:
        raise Http404(str(refus)) from refus
    reponse = HttpResponse(texte, content_type="text/calendar; charset=utf-8; method=PUBLISH")
    reponse["Content-Disposition"] = f'attachment; filename="formation-{place.session.reference}.ics"'
    return reponse
