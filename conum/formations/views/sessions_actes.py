"""Les actes sur une session : la préparer, la modifier, l'ouvrir, l'annuler, la copier."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import TypeRole
from conum.formations.access import FORMATEURS, get_session_geree_ou_404
from conum.formations.actions import calendrier
from conum.formations.actions import sessions as actes
from conum.formations.actions.annulation import annuler_session
from conum.formations.forms.sessions import DupliquerForm, SessionForm
from conum.formations.models import Place, SessionFormation
from conum.formations.states import EtatSession
from conum.formations.views.organismes import le_sien
from conum.formations.views.pages import acte_direct, page_formulaire
from conum.formations.views.sessions import lien_session
from conum.postes.forms.contrats import MotifForm
from conum.socle.http import ecriture, lecture_ecriture, role_requis


def _champs(lues: dict[str, Any]) -> dict[str, Any]:
    return {nom: valeur for nom, valeur in lues.items() if nom in actes.CHAMPS}


@role_requis(*FORMATEURS)
@lecture_ecriture
def creer(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    anct = role.type == TypeRole.ANCT
    sien = None if anct else le_sien(role)
    initial: dict[str, Any] = {"contact_email": sien.contact_email} if sien else {}
    if anct and request.GET.get("organisme", "").isdigit():
        initial["organisme"] = request.GET["organisme"]
    form = SessionForm(request.POST or None, jour=timezone.localdate(), choix_organisme=anct, initial=initial)
    return page_formulaire(
        request,
        form,
        lambda lues: actes.creer_session(sien or lues["organisme"], par=role, **_champs(lues)),
        textes={
            "titre": "Préparer une session",
            "intro": "Elle reste en préparation : personne ne la voit avant que vous l’ouvriez.",
            "bouton": "Préparer la session",
            "fait": "La session est en préparation. Remplissez son calendrier, puis ouvrez-la.",
        },
        retour=reverse("formations:sessions", args=[role.pk]),
        nom_retour="Sessions",
        suite=lambda session: lien_session(role, session.pk),
    )


@role_requis(*FORMATEURS)
@lecture_ecriture
def modifier(request: HttpRequest, session_id: int) -> HttpResponseBase:
    role = role_de(request)
    session = get_session_geree_ou_404(role, session_id)
    ouverte = session.etat == EtatSession.OUVERTE
    form = SessionForm(request.POST or None, jour=timezone.localdate(), session=session, choix_organisme=False)
    return page_formulaire(
        request,
        form,
        lambda lues: actes.modifier_session(session, par=role, motif=lues.get("motif", ""), **_champs(lues)),
        textes={
            "titre": f"{'Corriger' if ouverte else 'Modifier'} la session {session.reference}",
            "intro": "Le calendrier se change séance par séance, sur la page de la session.",
            "bouton": "Enregistrer",
            "fait": "La session est corrigée." if ouverte else "La session est modifiée.",
        },
        retour=lien_session(role, session.pk),
        nom_retour=session.reference,
    )


@role_requis(*FORMATEURS)
@ecriture
def ouvrir(request: HttpRequest, session_id: int) -> HttpResponseBase:
    role = role_de(request)
    session = get_session_geree_ou_404(role, session_id)
    return acte_direct(
        request,
        lambda: actes.ouvrir_session(session, par=role),
        fait="La session est ouverte : on peut y inscrire des conseillers.",
        retour=lien_session(role, session.pk),
    )


@role_requis(*FORMATEURS)
@lecture_ecriture
def annuler(request: HttpRequest, session_id: int) -> HttpResponseBase:
    role = role_de(request)
    session = get_session_geree_ou_404(role, session_id)
    assis = Place.objects.vivantes().filter(session=session).count()
    qui = f"{assis} personne{'s' if assis > 1 else ''}" if assis else "Personne"
    suite = (
        "attendront de nouveau une session ; elles et leurs structures liront ce motif."
        if assis > 1
        else (
            "attendra de nouveau une session ; elle et sa structure liront ce motif." if assis else "n’y est inscrit."
        )
    )
    return page_formulaire(
        request,
        MotifForm(request.POST or None),
        lambda lues: annuler_session(session, motif=lues["motif"], par=role),
        textes={
            "titre": f"Annuler la session {session.reference}",
            "intro": f"Elle n’aura pas lieu, et ne se rouvre pas. {qui} {suite}",
            "bouton": "Annuler la session",
            "fait": "La session est annulée.",
        },
        retour=lien_session(role, session.pk),
        nom_retour=session.reference,
    )


@role_requis(*FORMATEURS)
@lecture_ecriture
def dupliquer(request: HttpRequest, session_id: int) -> HttpResponseBase:
    role = role_de(request)
    session = get_session_geree_ou_404(role, session_id)

    def suite(copie: SessionFormation) -> str:
        for phrase in calendrier.a_signaler(copie):
            messages.warning(request, phrase)
        return lien_session(role, copie.pk)

    return page_formulaire(
        request,
        DupliquerForm(request.POST or None),
        lambda lues: actes.dupliquer_session(session, par=role, **lues),
        textes={
            "titre": f"Copier la session {session.reference}",
            "intro": "La copie est en préparation, sans inscrits : même lieu, mêmes places, mêmes séances décalées.",
            "bouton": "Copier la session",
            "fait": "La session est copiée. Relisez son calendrier avant de l’ouvrir.",
        },
        retour=lien_session(role, session.pk),
        nom_retour=session.reference,
        suite=suite,
    )
