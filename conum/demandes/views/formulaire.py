"""Le formulaire public, sans compte : le brouillon est tenu par la session, ou par un lien reçu par courriel."""

from datetime import timedelta
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from conum.demandes.access import demande_du_lien, porteur
from conum.demandes.actions import depot
from conum.demandes.forms import formulaire as forms
from conum.demandes.models import Demande
from conum.demandes.states import Etat
from conum.demandes.views import saisie
from conum.demandes.views.etapes import CLES, RECAPITULATIF, STRUCTURE, Parcours
from conum.journal.workflow import TransitionImpossible
from conum.socle import limites
from conum.socle.http import ecriture, lecture, lecture_ecriture, publique
from conum.structures.actions import Issue, StructureExistante
from conum.structures.models import Membre, Structure
from conum.ui.forms import reporter

SESSION = "demande"
"""Clé de session : numéro de la demande que cette personne écrit. L'adresse des pages ne le porte pas."""
DEPOSEE = "demande_deposee"
BROUILLONS_PAR_HEURE = 30
RECHERCHES_PAR_HEURE = 60
LIENS_PAR_HEURE = 20
"""Par adresse de réseau : un bâtiment entier peut sortir par une seule."""


def _trop(request: HttpRequest, quoi: str, maximum: int) -> bool:
    ip = get_adapter(request).get_client_ip(request)
    return limites.depasse(f"formulaire:{quoi}:{ip}", maximum=maximum, duree=timedelta(hours=1))


def demande_en_session(request: HttpRequest) -> Demande | None:
    numero = request.session.get(SESSION)
    demandes = Demande.objects.select_related("structure__commune", "commune")
    return demandes.filter(pk=numero, structure=None).first() if numero else None


def _brouillon(request: HttpRequest) -> Parcours | None:
    demande = demande_en_session(request)
    return Parcours(demande) if demande and demande.etat == Etat.BROUILLON else None


def _sans_brouillon(request: HttpRequest) -> HttpResponseBase:
    """La session a expiré, ou la demande est déjà partie : dire où aller plutôt que d'échouer."""
    demande = demande_en_session(request)
    if demande and demande.etat == Etat.A_CONFIRMER:
        return redirect("demandes:envoyee")
    messages.warning(request, "Nous n’avons pas trouvé de demande en cours. Commencez ou reprenez-en une ici.")
    return redirect("demandes:commencer")


@publique
@never_cache
@lecture
def commencer(request: HttpRequest) -> HttpResponseBase:
    demande = demande_en_session(request)
    parcours = Parcours(demande) if demande and demande.etat == Etat.BROUILLON else None
    return render(
        request,
        "demandes/formulaire/commencer.html",
        {
            "reprendre": parcours.prochaine() if parcours else "",
            "attend_confirmation": bool(demande and demande.etat == Etat.A_CONFIRMER),
        },
    )


@publique
@ecriture
def recommencer(request: HttpRequest) -> HttpResponseBase:
    if parcours := _brouillon(request):
        depot.jeter_brouillon(parcours.demande, par=parcours.par)
        messages.success(request, "Votre brouillon est effacé.")
    request.session.pop(SESSION, None)
    return redirect("demandes:commencer")


@publique
@never_cache
@lecture_ecriture
def structure(request: HttpRequest) -> HttpResponseBase:
    """Étape 1 : le numéro. Le brouillon naît ici, à l'envoi."""
    parcours = _brouillon(request)
    if request.method == "POST":
        return _recevoir_numero(request, parcours)
    gardee = parcours.demande.saisie.get(STRUCTURE.cle, {}) if parcours else {}
    return _page_numero(request, parcours, forms.NumeroForm(initial={"numero": gardee.get("saisi", "")}))


def _recevoir_numero(request: HttpRequest, parcours: Parcours | None) -> HttpResponseBase:
    form = forms.NumeroForm(request.POST)
    if saisie.est_un_robot(request):
        form.add_error(None, saisie.MESSAGE_ROBOT)
    elif _trop(request, "numero", RECHERCHES_PAR_HEURE):
        form.add_error(None, "Trop de numéros ont été cherchés d’ici. Réessayez dans une heure.")
    elif request.POST.get("numero", "").strip():
        if parcours is None:
            if _trop(request, "brouillon", BROUILLONS_PAR_HEURE):
                form.add_error(None, "Trop de demandes ont été commencées d’ici. Réessayez dans une heure.")
                return _page_numero(request, parcours, form)
            parcours = Parcours(depot.ouvrir_brouillon())
            request.session[SESSION] = parcours.demande.pk
        form.is_valid()
        lue = form.identification
        gardee = forms.garder_identification(lue) if lue else {}
        parcours.enregistrer(STRUCTURE.cle, gardee | {"saisi": request.POST["numero"]})
        if form.is_valid() and lue is not None:
            return redirect("demandes:deja_inscrite" if lue.issue is Issue.EXISTANTE else "demandes:identite")
    return _page_numero(request, parcours, form)


def _page_numero(request: HttpRequest, parcours: Parcours | None, form: forms.NumeroForm) -> HttpResponse:
    repere = (parcours or Parcours(Demande())).repere(STRUCTURE.cle)
    return render(request, "demandes/formulaire/structure.html", repere | {"form": form})


@publique
@never_cache
@lecture_ecriture
def identite(request: HttpRequest) -> HttpResponseBase:
    """Étape 1, suite : la personne reconnaît sa structure, ou la décrit si le registre ne la connaît pas."""
    parcours = _brouillon(request)
    if parcours is None:
        return _sans_brouillon(request)
    lue = parcours.identification
    if lue is None:
        return redirect("demandes:structure")
    if lue.issue is Issue.EXISTANTE:
        return redirect("demandes:deja_inscrite")
    if not lue.peut_continuer:
        return redirect("demandes:structure")
    form = parcours.form("identite", request.POST if request.method == "POST" else None)
    if request.method == "POST":
        reponse = saisie.recevoir(request, parcours, "identite", form)
        if reponse is not None:
            return reponse
    contexte = {"form": form, "identification": lue, "libre": lue.saisie_libre, "annuler": parcours.url("structure")}
    return render(request, "demandes/formulaire/identite.html", parcours.repere(STRUCTURE.cle) | contexte)


@publique
@never_cache
@lecture
def deja_inscrite(request: HttpRequest) -> HttpResponseBase:
    """La structure a déjà sa fiche : la rejoindre, ou se connecter si l'on en est membre."""
    parcours = _brouillon(request)
    prise = parcours.structure_prise() if parcours else None
    if prise is None:
        return redirect("demandes:structure")
    return _page_deja_inscrite(request, prise)


def _page_deja_inscrite(request: HttpRequest, structure: Structure, *, status: int = 200) -> HttpResponse:
    membre = None
    if request.user.is_authenticated:
        membres = Membre.objects.filter(structure=structure, role__utilisateur=request.user.pk, role__actif=True)
        membre = membres.order_by("pk").first()
    contexte = {"structure": structure, "membre": membre}
    return render(request, "demandes/formulaire/deja_inscrite.html", contexte, status=status)


@publique
@never_cache
@lecture_ecriture
def etape(request: HttpRequest, etape: str) -> HttpResponseBase:
    parcours = _brouillon(request)
    if parcours is None:
        return _sans_brouillon(request)
    if etape == RECAPITULATIF.cle:
        return saisie.recapitulatif(request, parcours, apres="demandes:envoyee", prise="demandes:deja_inscrite")
    if etape not in CLES:
        raise Http404("Cette étape n’existe pas.")
    return saisie.etape(request, parcours, etape)


# --- Finir plus tard ----------------------------------------------------------------------------------------------


@publique
@never_cache
@lecture_ecriture
def plus_tard(request: HttpRequest) -> HttpResponseBase:
    """Recevoir un lien pour finir plus tard, sur un autre appareil."""
    parcours = _brouillon(request)
    if parcours is None:
        return _sans_brouillon(request)
    connue = parcours.demande.saisie.get("contact", {}).get("email", "")
    form = forms.AdresseForm(request.POST or None, initial={"email": connue})
    if request.method == "POST" and form.is_valid():
        try:
            if _trop(request, "lien", LIENS_PAR_HEURE):
                raise depot.TropDeDemandes("Trop de liens ont été demandés d’ici. Réessayez dans une heure.")
            depot.envoyer_lien_reprise(parcours.demande, email=form.cleaned_data["email"], par=parcours.par)
        except (TransitionImpossible, ValidationError) as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, f"Un lien est parti à {form.cleaned_data['email']}. Il est valable 30 jours.")
            return redirect("demandes:commencer")
    contexte = {"form": form, "retour": parcours.prochaine()}
    return render(request, "demandes/formulaire/plus_tard.html", contexte)


@publique
@never_cache
@lecture
def reprendre(request: HttpRequest, jeton: str) -> HttpResponseBase:
    """Ouvrir le lien n'écrit que la session : le brouillon, lui, ne bouge pas."""
    demande = demande_du_lien(jeton, champ="jeton_reprise")
    if demande is None or demande.etat != Etat.BROUILLON:
        return render(request, "demandes/formulaire/lien_perime.html", {"efface": False}, status=410)
    request.session[SESSION] = demande.pk
    return redirect(Parcours(demande).prochaine())


# --- Confirmer son adresse ----------------------------------------------------------------------------------------


@publique
@never_cache
@lecture
def envoyee(request: HttpRequest) -> HttpResponseBase:
    demande = demande_en_session(request)
    if demande is None or demande.etat != Etat.A_CONFIRMER:
        return _sans_brouillon(request)
    return _page_envoyee(request, demande, forms.AdresseForm(initial={"email": demande.contact_email}))


def _page_envoyee(request: HttpRequest, demande: Demande, form: forms.AdresseForm) -> HttpResponse:
    return render(request, "demandes/formulaire/envoyee.html", {"demande": demande, "form": form})


@publique
@ecriture
def renvoyer(request: HttpRequest) -> HttpResponseBase:
    """Renvoyer le lien de confirmation, à une adresse corrigée s'il le faut."""
    demande = demande_en_session(request)
    if demande is None or demande.etat != Etat.A_CONFIRMER:
        return _sans_brouillon(request)
    form = forms.AdresseForm(request.POST)
    if not form.is_valid():
        return _page_envoyee(request, demande, form)
    try:
        _renvoyer(request, demande, form.cleaned_data["email"])
    except (TransitionImpossible, ValidationError) as erreur:
        reporter(form, erreur)
        return _page_envoyee(request, demande, form)
    return redirect("demandes:envoyee")


def _renvoyer(request: HttpRequest, demande: Demande, email: str = "") -> None:
    if _trop(request, "lien", LIENS_PAR_HEURE):
        raise depot.TropDeDemandes("Trop de liens ont été demandés d’ici. Réessayez dans une heure.")
    demande = depot.renvoyer_confirmation(demande, par=porteur(demande), email=email)
    request.session[SESSION] = demande.pk
    messages.success(request, f"Un nouveau lien est parti à {demande.contact_email}. L’ancien ne marche plus.")


@publique
@never_cache
@lecture_ecriture
def confirmer(request: HttpRequest, jeton: str) -> HttpResponseBase:
    """Ouvrir le lien ne confirme rien (les messageries ouvrent les liens) : il faut le bouton."""
    demande = demande_du_lien(jeton, champ="jeton_confirmation")
    if demande is None or demande.etat == Etat.SANS_SUITE:
        return render(request, "demandes/formulaire/lien_perime.html", {"efface": demande is not None}, status=410)
    if demande.etat != Etat.A_CONFIRMER:
        return render(request, "demandes/formulaire/deja_confirmee.html", {"demande": demande})
    if request.method == "GET":
        return _page_confirmer(request, demande)
    try:
        if request.POST.get("action") == "renvoyer":
            _renvoyer(request, demande)
            return redirect("demandes:envoyee")
        demande = depot.confirmer(demande, par=porteur(demande))
    except StructureExistante as existante:
        return _page_deja_inscrite(request, existante.structure, status=409)
    except TransitionImpossible as erreur:
        demande.refresh_from_db()
        if demande.etat != Etat.A_CONFIRMER:  # un second clic : le premier a suffi
            return redirect("demandes:confirmer", jeton)
        return _page_confirmer(request, demande, str(erreur), status=409)
    request.session.pop(SESSION, None)
    request.session[DEPOSEE] = demande.pk
    return redirect("demandes:deposee")


def _page_confirmer(request: HttpRequest, demande: Demande, erreur: str = "", *, status: int = 200) -> HttpResponse:
    lue: dict[str, Any] = demande.saisie.get("identite", {})
    contexte = {
        "demande": demande,
        "structure": lue.get("nom_usage") or lue.get("denomination", ""),
        "expiree": depot.est_expiree(demande),
        "erreur": erreur,
    }
    return render(request, "demandes/formulaire/confirmer.html", contexte, status=status)


@publique
@never_cache
@lecture
def deposee(request: HttpRequest) -> HttpResponseBase:
    demande = (
        Demande.objects.select_related("structure", "departement").filter(pk=request.session.get(DEPOSEE) or 0).first()
    )
    if demande is None or demande.deposee_le is None:
        return _sans_brouillon(request)
    return render(
        request, "demandes/formulaire/deposee.html", {"demande": demande, "echeance": depot.echeance(demande)}
    )
