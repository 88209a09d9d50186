"""Importer le calendrier d'une session : déposer un CSV, lire le compte rendu ligne à ligne, puis choisir."""

import secrets
from datetime import timedelta

from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render

from conum.comptes.middleware import role_de
from conum.comptes.models import Role
from conum.formations.access import FORMATEURS
from conum.formations.actions import calendrier_csv as actes
from conum.formations.forms.calendrier import ImportForm, MotifImportForm
from conum.formations.views.calendrier import avertir, lien_calendrier, session_a_tenir
from conum.formations.views.sessions import lien_session
from conum.journal.workflow import TransitionImpossible
from conum.socle import exports
from conum.socle.http import lecture, lecture_ecriture, role_requis
from conum.socle.tableaux import TableauIllisible
from conum.ui.forms import reporter

DUREE_FICHIER = timedelta(hours=1)


def _cle(role: Role, session_id: int, depot: str) -> str:
    return f"formations:calendrier:{role.pk}:{session_id}:{depot}"


@role_requis(*FORMATEURS)
@lecture
def modele(request: HttpRequest, session_id: int) -> HttpResponseBase:
    """Un fichier d'exemple, avec les bonnes colonnes."""
    session_a_tenir(role_de(request), session_id)
    return exports.reponse("csv", "modele-calendrier", list(actes.COLONNES.values()), actes.EXEMPLES)


@role_requis(*FORMATEURS)
@lecture_ecriture
def deposer(request: HttpRequest, session_id: int) -> HttpResponseBase:
    role = role_de(request)
    session = session_a_tenir(role, session_id)
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if request.method == "POST" and form.is_valid():
        contenu = form.cleaned_data["fichier"].read()
        try:
            actes.examiner(session, contenu)
        except TableauIllisible as erreur:
            form.add_error("fichier", str(erreur))
        except ValidationError as erreur:
            reporter(form, erreur, repli="fichier")
        else:
            depot = secrets.token_urlsafe(16)
            cache.set(_cle(role, session.pk, depot), contenu, int(DUREE_FICHIER.total_seconds()))
            return redirect("formations:calendrier_compte_rendu", role.pk, session.pk, depot)
    contexte = {"form": form, "session": session, "retour": lien_session(role, session.pk)}
    return render(request, "formations/sessions/importer.html", contexte)


@role_requis(*FORMATEURS)
@lecture_ecriture
def compte_rendu(request: HttpRequest, session_id: int, depot: str) -> HttpResponseBase:
    """Relu du fichier gardé : chaque refus avec son numéro de ligne ; importer tout, le reste, ou rien."""
    role = role_de(request)
    session = session_a_tenir(role, session_id)
    cle = _cle(role, session.pk, depot)
    contenu = cache.get(cle)
    if contenu is None:
        messages.error(request, "Ce fichier n’est plus là : il attend une heure. Déposez-le de nouveau.")
        return redirect("formations:calendrier_importer", role.pk, session.pk)
    rapport = actes.examiner(session, contenu)
    form = MotifImportForm(request.POST if request.method == "POST" else None, session=session)
    if request.method == "POST":
        if request.POST.get("action") != "importer":
            cache.touch(cle, 0)
            messages.info(request, "Rien n’a été importé.")
            return redirect("formations:calendrier_importer", role.pk, session.pk)
        if form.is_valid():
            try:
                nombre = actes.importer(session, rapport, par=role, motif=form.cleaned_data.get("motif", ""))
            except (TransitionImpossible, ValidationError) as erreur:
                reporter(form, erreur)
            else:
                cache.touch(cle, 0)
                refusees = len(rapport.refusees)
                messages.success(request, f"Séances importées : {nombre}. Lignes refusées : {refusees}.")
                avertir(request, session)
                return redirect(lien_calendrier(role, session.pk))
    contexte = {"form": form, "session": session, "rapport": rapport, "retour": lien_session(role, session.pk)}
    return render(request, "formations/sessions/compte_rendu.html", contexte)
