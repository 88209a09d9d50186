"""Le calendrier d'une session : remplir par un rythme (relu avant d'écrire), une séance, un formateur, imprimer."""

import hashlib
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations.access import (
    FORMATEURS,
    LECTEURS,
    get_seance_geree_ou_404,
    get_session_geree_ou_404,
    get_session_ou_404,
)
from conum.formations.actions import calendrier as actes
from conum.formations.actions.croisements import croisements
from conum.formations.forms.calendrier import (
    FormateurForm,
    RemplirForm,
    RetirerSeancesForm,
    RetraitForm,
    SeanceForm,
)
from conum.formations.models import Seance, SessionFormation
from conum.formations.rules.assiduite import Nature, en_heures
from conum.formations.rules.calendrier import Remplissage
from conum.formations.states import EtatSession
from conum.formations.views.commun import nom_du_parcours
from conum.formations.views.pages import page_formulaire
from conum.formations.views.sessions import lien_session, totaux
from conum.journal.workflow import TransitionImpossible
from conum.socle.http import lecture, lecture_ecriture, role_requis
from conum.ui.forms import reporter

CALENDRIER = "#calendrier"


def lien_calendrier(role: Role, pk: int) -> str:
    return lien_session(role, pk) + CALENDRIER


def session_a_tenir(role: Role, pk: int) -> SessionFormation:
    """La session, si ce rôle en tient le calendrier et qu'elle n'est pas annulée."""
    session = get_session_geree_ou_404(role, pk)
    if session.etat == EtatSession.ANNULEE:
        raise Http404("Session annulée.")
    return session


def avertir(request: HttpRequest, session: SessionFormation) -> None:
    """Après une correction : qui ne peut plus suivre, parce qu'une autre de ses sessions tombe en même temps."""
    for phrase in croisements(session):
        messages.warning(request, phrase)


# --- Remplir par un rythme ---


def _empreinte(remplissage: Remplissage) -> str:
    """Ce qui a été montré : si le calendrier change entre l'aperçu et l'accord, on montre de nouveau."""
    lignes = (f"{d.jour} {d.debut} {d.fin} {d.nature}" for d in remplissage.demi_journees)
    return hashlib.sha256("\n".join(lignes).encode()).hexdigest()


@role_requis(*FORMATEURS)
@lecture_ecriture
def remplir(request: HttpRequest, session_id: int) -> HttpResponseBase:
    """Deux temps : l'aperçu (rien n'est écrit), puis l'accord sur ce qui a été montré."""
    role = role_de(request)
    session = session_a_tenir(role, session_id)
    form = RemplirForm(request.POST or None, session=session)
    apercu = None
    if request.method == "POST" and form.is_valid():
        try:
            apercu = actes.remplir(session, form.rythme())
            if request.POST.get("action") == "ecrire" and _ecrire(request, role, session, form, apercu):
                return redirect(lien_calendrier(role, session.pk))
        except (TransitionImpossible, ValidationError) as erreur:
            reporter(form, erreur)
    contexte = {
        "form": form,
        "session": session,
        "retour": lien_session(role, session.pk),
        "restes": [
            {"nature": n.value, "heures": en_heures(reste)}
            for n in Nature
            if (reste := actes.reste_a_placer(session, n))
        ],
        "apercu": apercu,
        "empreinte": _empreinte(apercu) if apercu else "",
        "total": en_heures(sum(d.minutes for d in apercu.demi_journees)) if apercu else "",
        "reste": en_heures(apercu.reste) if apercu and apercu.reste else "",
    }
    return render(request, "formations/sessions/remplir.html", contexte)


def _ecrire(
    request: HttpRequest, role: Role, session: SessionFormation, form: RemplirForm, apercu: Remplissage
) -> bool:
    if request.POST.get("apercu") != _empreinte(apercu):
        messages.warning(request, "Ce que vous aviez relu a changé entre-temps : relisez avant d’enregistrer.")
        return False
    voulues = [actes.SeanceVoulue.de(d, **form.propres()) for d in apercu.demi_journees]
    motif = form.cleaned_data.get("motif", "")
    nombre = actes.ajouter_seances(session, voulues, par=role, motif=motif)
    messages.success(request, f"{nombre} séance{'s' if nombre > 1 else ''} au calendrier.")
    avertir(request, session)
    return True


# --- Une séance ---


def _champs(lues: dict[str, Any]) -> dict[str, Any]:
    return {nom: lues[nom] for nom in SeanceForm.base_fields}


def _page_seance(
    request: HttpRequest, session: SessionFormation, form: Any, acte: Any, textes: dict[str, str]
) -> HttpResponseBase:
    role = role_de(request)

    def suite(_fait: Any) -> str:
        avertir(request, session)
        return lien_calendrier(role, session.pk)

    return page_formulaire(
        request,
        form,
        acte,
        textes=textes,
        retour=lien_calendrier(role, session.pk),
        nom_retour=session.reference,
        suite=suite,
    )


@role_requis(*FORMATEURS)
@lecture_ecriture
def ajouter(request: HttpRequest, session_id: int) -> HttpResponseBase:
    role = role_de(request)
    session = session_a_tenir(role, session_id)
    return _page_seance(
        request,
        session,
        SeanceForm(request.POST or None, session=session),
        lambda lues: actes.ajouter_seances(
            session, [actes.SeanceVoulue(**_champs(lues))], par=role, motif=lues.get("motif", "")
        ),
        {"titre": "Ajouter une séance", "bouton": "Ajouter la séance", "fait": "La séance est au calendrier."},
    )


@role_requis(*FORMATEURS)
@lecture_ecriture
def modifier(request: HttpRequest, seance_id: int) -> HttpResponseBase:
    role = role_de(request)
    seance = get_seance_geree_ou_404(role, seance_id)
    session = session_a_tenir(role, seance.session_id)
    return _page_seance(
        request,
        session,
        SeanceForm(request.POST or None, session=session, initial=SeanceForm.de(seance)),
        lambda lues: actes.modifier_seance(seance, par=role, motif=lues.get("motif", ""), **_champs(lues)),
        {
            "titre": f"Modifier la séance du {seance.jour:%d/%m/%Y}, {seance.demi_journee.moment}",
            "bouton": "Enregistrer",
            "fait": "La séance est modifiée.",
        },
    )


@role_requis(*FORMATEURS)
@lecture_ecriture
def retirer(request: HttpRequest, seance_id: int) -> HttpResponseBase:
    role = role_de(request)
    seance = get_seance_geree_ou_404(role, seance_id)
    session = session_a_tenir(role, seance.session_id)
    form = RetraitForm(request.POST if request.method == "POST" else None, session=session)
    return _page_seance(
        request,
        session,
        form,
        lambda lues: actes.retirer_seance(seance, par=role, motif=lues.get("motif", "")),
        {
            "titre": f"Retirer la séance du {seance.jour:%d/%m/%Y}, {seance.demi_journee.moment}",
            "intro": f"De {seance.debut:%H:%M} à {seance.fin:%H:%M}, {seance.get_nature_display().lower()}.",
            "bouton": "Retirer la séance",
            "fait": "La séance est retirée du calendrier.",
        },
    )


@role_requis(*FORMATEURS)
@lecture_ecriture
def retirer_plusieurs(request: HttpRequest, session_id: int) -> HttpResponseBase:
    role = role_de(request)
    session = session_a_tenir(role, session_id)
    initial = {"du": session.debut, "au": session.fin}
    return _page_seance(
        request,
        session,
        RetirerSeancesForm(request.POST or None, session=session, initial=initial),
        lambda lues: actes.retirer_seances(
            session, du=lues["du"], au=lues["au"], par=role, motif=lues.get("motif", "")
        ),
        {
            "titre": "Retirer des séances",
            "intro": "Toutes celles de ces jours. Si l’une est déjà émargée, aucune n’est retirée.",
            "bouton": "Retirer les séances",
            "fait": "Les séances sont retirées du calendrier.",
        },
    )


@role_requis(*FORMATEURS)
@lecture_ecriture
def formateur(request: HttpRequest, session_id: int) -> HttpResponseBase:
    role = role_de(request)
    session = session_a_tenir(role, session_id)
    initial = {"du": session.debut, "au": session.fin}
    return _page_seance(
        request,
        session,
        FormateurForm(request.POST or None, initial=initial),
        lambda lues: actes.nommer_formateur(session, par=role, **lues),
        {
            "titre": "Nommer un formateur",
            "intro": "Pour toutes les séances d’une suite de jours. Les inscrits ne sont pas prévenus.",
            "bouton": "Enregistrer",
            "fait": "Le formateur est nommé.",
        },
    )


# --- À imprimer ---


@role_requis(*LECTEURS, TypeRole.CONSEILLER)
@lecture
def imprimer(request: HttpRequest, session_id: int) -> HttpResponseBase:
    """Le calendrier seul, jour par jour, fait pour le papier."""
    role = role_de(request)
    session = get_session_ou_404(role, session_id)
    seances = list(Seance.objects.filter(session=session).order_by("jour", "debut"))
    contexte = {
        "session": session,
        "seances": seances,
        "totaux": totaux(session, seances),
        "libelle_parcours": nom_du_parcours(session.parcours),
        "retour": lien_session(role, session.pk),
        "tient_calendrier": False,
    }
    return render(request, "formations/sessions/imprimer.html", contexte)
