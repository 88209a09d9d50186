"""L'espace du candidat : où en est sa candidature, ce qui est attendu et de qui, et tout ce qu'il peut y changer."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.comptes.rules import ajouter_mois
from conum.journal.workflow import TransitionImpossible
from conum.recrutement.access import candidat_du_role
from conum.recrutement.actions import cv as actes_cv
from conum.recrutement.actions import espace as actes
from conum.recrutement.actions import pix as actes_pix
from conum.recrutement.actions.disponibilite import attend_une_reponse
from conum.recrutement.actions.profil import profil_de
from conum.recrutement.forms import espace as forms
from conum.recrutement.forms.candidature import AUTRE_DATE, DateForm, typographie
from conum.recrutement.models import Candidat, OriginePix
from conum.recrutement.rules import candidature as regles
from conum.recrutement.rules import profil as regles_profil
from conum.recrutement.states import TRANSITIONS_CANDIDAT, EtatCandidat
from conum.recrutement.views.etapes import ETAPES, lignes_du_profil
from conum.recrutement.views.resume import resume_pour
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.ui.forms import reporter

NIVEAUX = {
    EtatCandidat.DISPONIBLE: "success",
    EtatCandidat.EN_PAUSE: "warning",
    EtatCandidat.RECRUTE: "info",
    EtatCandidat.BLOQUE: "error",
}


SANS_PROPOSITION = frozenset({EtatCandidat.RETIRE, EtatCandidat.BLOQUE})


def niveau_etat(candidat: Candidat) -> str:
    return NIVEAUX.get(EtatCandidat(candidat.etat), "neutre")


def role_et_candidat(request: HttpRequest) -> tuple[Role, Candidat]:
    role = role_de(request)
    return role, candidat_du_role(role)


def accueil_du_candidat(role: Role) -> HttpResponseBase:
    return redirect("recrutement:ma_candidature", role.pk)


def dire_trop_tard(request: HttpRequest, role: Role, erreur: TransitionImpossible) -> HttpResponseBase:
    """Page périmée ou double clic : la phrase, et l'état d'aujourd'hui."""
    messages.error(request, typographie(str(erreur)))
    return accueil_du_candidat(role)


def resume_du_profil(candidat: Candidat) -> list[dict[str, Any]]:
    lignes = lignes_du_profil(profil_de(candidat))
    return [{"titre": etape.titre, "lignes": lignes[etape.cle]} for etape in ETAPES[:-1]]


@role_requis(TypeRole.CANDIDAT)
@lecture
def ma_candidature(request: HttpRequest) -> HttpResponseBase:
    _, candidat = role_et_candidat(request)
    confirmee = candidat.disponibilite_confirmee_le
    jour = timezone.localdate(confirmee) if confirmee else None
    contexte = {
        "candidat": candidat,
        "niveau": niveau_etat(candidat),
        "attend_disponibilite": candidat.etat == EtatCandidat.DISPONIBLE and attend_une_reponse(candidat),
        "confirmee_le": jour,
        "prochaine_question": ajouter_mois(jour, regles.MOIS_RECONFIRMATION) if jour else None,
        "motif_pause": typographie(regles_profil.TOUS_MOTIFS_PAUSE.get(candidat.motif_pause, "")),
        "engagement": actes.recrutement_en_cours(candidat),
        "propositions": resume_pour(candidat) if candidat.etat not in SANS_PROPOSITION else None,
        "blocs": resume_du_profil(candidat),
        "modifiable": candidat.etat != EtatCandidat.BLOQUE,
        "peut_retirer": candidat.etat in TRANSITIONS_CANDIDAT["retirer_candidature"].depuis,
    }
    return render(request, "recrutement/espace/accueil.html", contexte)


@role_requis(TypeRole.CANDIDAT)
@lecture_ecriture
def profil(request: HttpRequest) -> HttpResponseBase:
    role, candidat = role_et_candidat(request)
    if candidat.etat == EtatCandidat.BLOQUE:
        messages.error(request, "Votre candidature est bloquée : elle ne se modifie plus.")
        return accueil_du_candidat(role)
    form = forms.ProfilForm(request.POST or None, candidat=candidat)
    if request.method == "POST" and form.is_valid():
        try:
            actes.modifier_profil(candidat, form.profil(), par=role)
        except TransitionImpossible as erreur:
            return dire_trop_tard(request, role, erreur)
        except ValidationError as erreur:
            reporter(form, erreur, dire=typographie)
        else:
            messages.success(request, "Votre profil est à jour. Le prochain passage en tiendra compte.")
            return accueil_du_candidat(role)
    return render(request, "recrutement/espace/profil.html", {"form": form, "candidat": candidat})


# --- CV -----------------------------------------------------------------------------------------------------------


@role_requis(TypeRole.CANDIDAT)
@lecture_ecriture
def cv(request: HttpRequest) -> HttpResponseBase:
    role, candidat = role_et_candidat(request)
    form = forms.CvForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and not form.is_bound:
        form = forms.CvForm({}, {})
    if request.method == "POST" and form.is_valid():
        fichier = form.cleaned_data["fichier"]
        try:
            actes_cv.deposer_cv(candidat, fichier.read(), nom=fichier.name, par=role)
        except TransitionImpossible as erreur:
            return dire_trop_tard(request, role, erreur)
        except ValidationError as erreur:
            reporter(form, erreur, dire=typographie)
        else:
            messages.success(request, "Votre CV est déposé. Une structure ne le lira que si vous acceptez son contact.")
            return redirect("recrutement:cv", role.pk)
    dernier = max(filter(None, (candidat.cv_depose_le, candidat.cv_utilise_le)), default=None)
    contexte = {
        "form": form,
        "candidat": candidat,
        "efface_le": timezone.localdate(dernier) + regles.CV_CONSERVATION if dernier else None,
    }
    return render(request, "recrutement/espace/cv.html", contexte)


@role_requis(TypeRole.CANDIDAT)
@lecture
def cv_fichier(request: HttpRequest) -> HttpResponseBase:
    _, candidat = role_et_candidat(request)
    return reponse_cv(candidat)


def reponse_cv(candidat: Candidat) -> HttpResponseBase:
    """Le fichier, à enregistrer : le navigateur ne l'ouvre pas dans nos pages. Le droit est déjà prouvé."""
    if not candidat.cv.name:
        raise Http404("Aucun CV.")
    try:
        fichier = candidat.cv.open("rb")
    except FileNotFoundError as erreur:
        raise Http404("Ce CV n’est plus au dépôt.") from erreur
    reponse = FileResponse(fichier, as_attachment=True, filename=candidat.cv_nom, content_type="application/pdf")
    reponse["Cache-Control"] = "private, no-store"
    return reponse


@role_requis(TypeRole.CANDIDAT)
@ecriture
def supprimer_cv(request: HttpRequest) -> HttpResponseBase:
    role, candidat = role_et_candidat(request)
    actes_cv.supprimer_cv(candidat, par=role)
    messages.success(request, "Votre CV est effacé.")
    return redirect("recrutement:cv", role.pk)


# --- Pix ----------------------------------------------------------------------------------------------------------


@role_requis(TypeRole.CANDIDAT)
@lecture_ecriture
def pix(request: HttpRequest) -> HttpResponseBase:
    role, candidat = role_et_candidat(request)
    form = forms.PixForm(request.POST or None, candidat=candidat)
    if request.method == "POST" and form.is_valid():
        try:
            actes_pix.declarer_pix(candidat, form.resultat(), par=role)
        except TransitionImpossible as erreur:
            return dire_trop_tard(request, role, erreur)
        except ValidationError as erreur:
            reporter(form, erreur, dire=typographie)
        else:
            messages.success(request, "Votre résultat Pix est enregistré. Dites maintenant si vous le partagez.")
            return redirect("recrutement:pix", role.pk)
    contexte = {
        "form": form,
        "candidat": candidat,
        "importe": candidat.pix_origine == OriginePix.IMPORT,
        "competences": [regles.COMPETENCES_PIX[n] for n in sorted(candidat.pix_competences)],
    }
    return render(request, "recrutement/espace/pix.html", contexte)


@role_requis(TypeRole.CANDIDAT)
@ecriture
def partager_pix(request: HttpRequest) -> HttpResponseBase:
    """Trois boutons d'une même page : montrer, ne plus montrer, effacer ce qui était déclaré."""
    role, candidat = role_et_candidat(request)
    choix = request.POST.get("choix", "")
    try:
        if choix == "effacer":
            actes_pix.effacer_pix(candidat, par=role)
            messages.success(request, "Votre résultat Pix est effacé.")
        elif choix in ("oui", "non"):
            actes_pix.partager_pix(candidat, partage=choix == "oui", par=role)
            suite = "verront" if choix == "oui" else "ne verront pas"
            messages.success(request, f"C’est noté : les structures {suite} votre résultat Pix.")
    except TransitionImpossible as erreur:
        messages.error(request, typographie(str(erreur)))
    return redirect("recrutement:pix", role.pk)


# --- Disponibilité, pause, retrait --------------------------------------------------------------------------------


@role_requis(TypeRole.CANDIDAT)
@lecture_ecriture
def disponibilite(request: HttpRequest) -> HttpResponseBase:
    """Confirmer qu'on est toujours disponible, et depuis quand ; en pause, c'est reprendre sa recherche."""
    role, candidat = role_et_candidat(request)
    if candidat.etat not in (EtatCandidat.DISPONIBLE, EtatCandidat.EN_PAUSE):
        messages.error(request, "Votre candidature n’attend pas de date de disponibilité.")
        return accueil_du_candidat(role)
    passee = candidat.disponible_le is not None and candidat.disponible_le < timezone.localdate()
    depart = timezone.localdate() if passee else candidat.disponible_le
    form = DateForm(request.POST or None, initial={"disponibilite": AUTRE_DATE, "disponible_le": depart})
    if request.method == "POST" and form.is_valid():
        try:
            actes.confirmer_disponibilite(candidat, par=role, disponible_le=form.jour())
        except TransitionImpossible as erreur:
            return dire_trop_tard(request, role, erreur)
        except ValidationError as erreur:
            reporter(form, erreur, dire=typographie)
        else:
            messages.success(request, "C’est noté : vous êtes disponible. Merci.")
            return accueil_du_candidat(role)
    return render(request, "recrutement/espace/disponibilite.html", {"form": form, "candidat": candidat})


@role_requis(TypeRole.CANDIDAT)
@lecture_ecriture
def pause(request: HttpRequest) -> HttpResponseBase:
    role, candidat = role_et_candidat(request)
    if candidat.etat not in TRANSITIONS_CANDIDAT["mettre_en_pause"].depuis:
        messages.error(request, "Votre recherche n’est pas en cours : il n’y a rien à mettre en pause.")
        return accueil_du_candidat(role)
    form = forms.PauseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actes.mettre_en_pause(candidat, par=role, motif=form.cleaned_data["motif"])
        except TransitionImpossible as erreur:
            return dire_trop_tard(request, role, erreur)
        messages.success(request, "Votre recherche est en pause. Vous pouvez la reprendre à tout moment.")
        return accueil_du_candidat(role)
    return render(request, "recrutement/espace/pause.html", {"form": form, "candidat": candidat})


@role_requis(TypeRole.CANDIDAT)
@lecture_ecriture
def retirer(request: HttpRequest) -> HttpResponseBase:
    role, candidat = role_et_candidat(request)
    if candidat.etat not in TRANSITIONS_CANDIDAT["retirer_candidature"].depuis:
        messages.error(request, "Votre candidature ne peut pas être retirée maintenant.")
        return accueil_du_candidat(role)
    form = forms.RetraitForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actes.retirer(candidat, **form.cleaned_data, par=role)
        except TransitionImpossible as erreur:
            return dire_trop_tard(request, role, erreur)
        messages.success(request, "Votre candidature est retirée. Votre CV est effacé.")
        return accueil_du_candidat(role)
    contexte = {"form": form, "candidat": candidat, "ouvertes": candidat.mises_en_relation.ouvertes().count()}
    return render(request, "recrutement/espace/retirer.html", contexte)


@role_requis(TypeRole.CANDIDAT)
@ecriture
def revenir(request: HttpRequest) -> HttpResponseBase:
    """Après un retrait, ou à la fin d'un contrat : de nouveau au vivier."""
    role, candidat = role_et_candidat(request)
    acte = actes.liberer_candidat if candidat.etat == EtatCandidat.RECRUTE else actes.revenir_au_vivier
    try:
        acte(candidat, par=role)
    except TransitionImpossible as erreur:
        return dire_trop_tard(request, role, erreur)
    messages.success(request, "Vous êtes de nouveau au vivier. Vérifiez votre profil et déposez un CV à jour.")
    return accueil_du_candidat(role)
