"""Candidater sans compte : le brouillon est tenu par la session, ou par un lien reçu par courriel."""

from datetime import timedelta

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from conum.journal.workflow import TransitionImpossible
from conum.recrutement.access import candidat_du_lien, porteur
from conum.recrutement.actions import candidature as actes
from conum.recrutement.forms import candidature as forms
from conum.recrutement.models import Candidat
from conum.recrutement.rules import candidature as regles
from conum.recrutement.states import EtatCandidat
from conum.recrutement.views.etapes import ETAPES, PAR_CLE, QUAND, RECAPITULATIF, Parcours, a_garder, lignes_du_profil
from conum.socle import limites
from conum.socle.http import ecriture, lecture, lecture_ecriture, publique
from conum.ui.forms import DsfrForm, reporter

SESSION = "candidature"
"""Clé de session : numéro de la candidature que cette personne écrit. L'adresse des pages ne le porte pas."""
ENREGISTREE = "candidature_enregistree"
PIEGE = "site_web"
"""Champ caché : une personne ne le voit pas, un robot le remplit."""
MESSAGE_ROBOT = "Votre envoi ressemble à celui d’un robot. Rechargez la page et recommencez."
BROUILLONS_PAR_HEURE = 60
ENVOIS_PAR_HEURE = 30
"""Par adresse de réseau : une mission locale entière peut sortir par une seule."""


def trop(request: HttpRequest, quoi: str, maximum: int) -> bool:
    ip = get_adapter(request).get_client_ip(request)
    return limites.depasse(f"candidature:{quoi}:{ip}", maximum=maximum, duree=timedelta(hours=1))


def candidat_en_session(request: HttpRequest) -> Candidat | None:
    """La candidature que cette session écrit ou vient d'envoyer ; confirmée, elle se lit en se connectant."""
    numero = request.session.get(SESSION)
    if not numero:
        return None
    candidats = Candidat.objects.select_related("commune__departement", "departement")
    return candidats.filter(pk=numero, etat__in=(EtatCandidat.BROUILLON, EtatCandidat.A_CONFIRMER)).first()


def _brouillon(request: HttpRequest) -> Parcours | None:
    candidat = candidat_en_session(request)
    return Parcours(candidat) if candidat and not actes.est_envoyee(candidat) else None


def _sans_brouillon(request: HttpRequest) -> HttpResponseBase:
    """La session a expiré, ou la candidature est déjà partie : dire où aller plutôt que d'échouer."""
    candidat = candidat_en_session(request)
    if candidat and actes.est_envoyee(candidat):
        return redirect("recrutement:candidature_envoyee")
    messages.warning(request, "Nous n’avons pas trouvé de candidature en cours. Commencez ou reprenez la vôtre ici.")
    return redirect("recrutement:candidature")


@publique
@never_cache
@lecture
def commencer(request: HttpRequest) -> HttpResponseBase:
    candidat = candidat_en_session(request)
    envoyee = bool(candidat and actes.est_envoyee(candidat))
    contexte = {
        "reprendre": Parcours(candidat).prochaine() if candidat and not envoyee else "",
        "attend_confirmation": envoyee,
        "debut": Parcours.url(ETAPES[0]),
        "mois": regles.MOIS_RECONFIRMATION,
    }
    return render(request, "recrutement/candidature/commencer.html", contexte)


@publique
@ecriture
def recommencer(request: HttpRequest) -> HttpResponseBase:
    if parcours := _brouillon(request):
        actes.jeter_brouillon(parcours.candidat, par=parcours.par)
        messages.success(request, "Votre brouillon est effacé.")
    request.session.pop(SESSION, None)
    return redirect("recrutement:candidature")


@publique
@never_cache
@lecture_ecriture
def etape(request: HttpRequest, etape: str) -> HttpResponseBase:
    """Une étape. Le brouillon naît à l'envoi de la première."""
    voulue = PAR_CLE.get(etape)
    if voulue is None:
        raise Http404("Cette étape n’existe pas.")
    parcours = _brouillon(request)
    if parcours is None:
        if voulue is not ETAPES[0] or candidat_en_session(request) is not None:
            return _sans_brouillon(request)
        parcours = Parcours(Candidat())
    if voulue is RECAPITULATIF:
        return _recapitulatif(request, parcours)
    form = parcours.form(voulue, request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if (refus := _refus(request, parcours)) is not None:
            form.add_error(None, refus)
        elif (reponse := _recevoir(request, parcours, etape, form)) is not None:
            return reponse
    contexte = Parcours.repere(voulue) | {"form": form, "cle": etape}
    return render(request, "recrutement/candidature/etape.html", contexte)


def _refus(request: HttpRequest, parcours: Parcours) -> str | None:
    """Ce qui arrête un envoi avant même de le lire ; ouvre le brouillon à la première étape."""
    if request.POST.get(PIEGE):
        return MESSAGE_ROBOT
    if parcours.candidat.pk is None:
        if trop(request, "brouillon", BROUILLONS_PAR_HEURE):
            return "Trop de candidatures ont été commencées d’ici. Réessayez dans une heure."
        parcours.candidat = actes.ouvrir_brouillon()
        request.session[SESSION] = parcours.candidat.pk
    return None


def _recevoir(request: HttpRequest, parcours: Parcours, cle: str, form: DsfrForm) -> HttpResponseBase | None:
    """Garde l'envoi, juste ou non. Rend la redirection vers la suite, None s'il faut montrer les erreurs."""
    juste = form.is_valid()
    gardees = a_garder(request.POST)
    if juste and cle == QUAND.cle:
        assert isinstance(form, forms.DateForm)
        # « Dans un mois » se dit aujourd'hui : on garde le jour, pas la formule.
        gardees |= {"disponibilite": forms.AUTRE_DATE, "disponible_le": form.jour().isoformat()}
    try:
        parcours.enregistrer(PAR_CLE[cle], gardees)
    except TransitionImpossible:
        return _sans_brouillon(request)
    if request.POST.get("action") == "plus_tard":
        return redirect("recrutement:candidature_plus_tard")
    return redirect(parcours.prochaine()) if juste else None


def _recapitulatif(request: HttpRequest, parcours: Parcours) -> HttpResponseBase:
    if not parcours.est_complet:
        messages.warning(request, "Il manque une réponse : complétez cette étape avant d’envoyer.")
        return redirect(parcours.prochaine())
    erreurs: list[str] = []
    if request.method == "POST":
        erreurs = _envoyer(request, parcours)
        if not erreurs:
            return redirect("recrutement:candidature_envoyee")
    contexte = Parcours.repere(RECAPITULATIF) | {"blocs": parcours.resume(), "erreurs": erreurs}
    return render(request, "recrutement/candidature/recapitulatif.html", contexte)


def _envoyer(request: HttpRequest, parcours: Parcours) -> list[str]:
    """Envoie la candidature ; rend les phrases à montrer si elle ne part pas."""
    if request.POST.get(PIEGE):
        return [MESSAGE_ROBOT]
    if trop(request, "envoi", ENVOIS_PAR_HEURE):
        return ["Trop de candidatures ont été envoyées d’ici. Réessayez dans une heure."]
    try:
        actes.soumettre(parcours.candidat, parcours.profil(), email=parcours.email, par=parcours.par)
    except ValidationError as erreur:
        return [forms.typographie(texte) for texte in erreur.messages]
    except actes.TropDeDemandes as erreur:
        return [forms.typographie(str(erreur))]
    except TransitionImpossible:
        return []  # un second clic : le premier a suffi
    return []


# --- Finir plus tard ----------------------------------------------------------------------------------------------


@publique
@never_cache
@lecture_ecriture
def plus_tard(request: HttpRequest) -> HttpResponseBase:
    """Recevoir un lien pour finir plus tard, sur un autre appareil."""
    parcours = _brouillon(request)
    if parcours is None:
        return _sans_brouillon(request)
    connue = (parcours.candidat.saisie.get("vous", {}).get("email") or [""])[0]
    form = forms.AdresseForm(request.POST or None, initial={"email": connue})
    if request.method == "POST" and form.is_valid():
        try:
            if trop(request, "envoi", ENVOIS_PAR_HEURE):
                raise actes.TropDeDemandes("Trop de liens ont été demandés d’ici. Réessayez dans une heure.")
            actes.envoyer_lien_reprise(parcours.candidat, email=form.cleaned_data["email"], par=parcours.par)
        except (TransitionImpossible, ValidationError) as erreur:
            reporter(form, erreur, dire=forms.typographie)
        else:
            messages.success(request, f"Un lien est parti à {form.cleaned_data['email']}. Il est valable 30 jours.")
            return redirect("recrutement:candidature")
    contexte = {"form": form, "retour": parcours.prochaine()}
    return render(request, "recrutement/candidature/plus_tard.html", contexte)


@publique
@never_cache
@lecture
def reprendre(request: HttpRequest, jeton: str) -> HttpResponseBase:
    """Ouvrir le lien n'écrit que la session : le brouillon, lui, ne bouge pas."""
    candidat = candidat_du_lien(jeton, champ="jeton_reprise")
    if candidat is None or candidat.etat != EtatCandidat.BROUILLON or actes.est_envoyee(candidat):
        return render(request, "recrutement/candidature/lien_perime.html", status=410)
    request.session[SESSION] = candidat.pk
    return redirect(Parcours(candidat).prochaine())


# --- Confirmer son adresse ----------------------------------------------------------------------------------------


@publique
@never_cache
@lecture
def envoyee(request: HttpRequest) -> HttpResponseBase:
    candidat = candidat_en_session(request)
    if candidat is None or not actes.est_envoyee(candidat):
        return _sans_brouillon(request)
    return _page_envoyee(request, candidat, forms.AdresseForm(initial={"email": actes.adresse_saisie(candidat)}))


def _page_envoyee(request: HttpRequest, candidat: Candidat, form: forms.AdresseForm) -> HttpResponse:
    contexte = {"email": actes.adresse_saisie(candidat), "jusqu_au": candidat.confirmable_jusqu_au, "form": form}
    return render(request, "recrutement/candidature/envoyee.html", contexte)


@publique
@ecriture
def renvoyer(request: HttpRequest) -> HttpResponseBase:
    """Renvoyer le lien de confirmation, à une adresse corrigée s'il le faut."""
    candidat = candidat_en_session(request)
    if candidat is None or not actes.est_envoyee(candidat):
        return _sans_brouillon(request)
    form = forms.AdresseForm(request.POST)
    if form.is_valid():
        try:
            if trop(request, "envoi", ENVOIS_PAR_HEURE):
                raise actes.TropDeDemandes("Trop de liens ont été demandés d’ici. Réessayez dans une heure.")
            partie = actes.changer_d_adresse(candidat, email=form.cleaned_data["email"], par=porteur(candidat))
        except (TransitionImpossible, ValidationError) as erreur:
            reporter(form, erreur, dire=forms.typographie)
        else:
            request.session[SESSION] = partie.pk
            messages.success(
                request, f"Un nouveau lien est parti à {actes.adresse_saisie(partie)}. L’ancien ne marche plus."
            )
            return redirect("recrutement:candidature_envoyee")
    return _page_envoyee(request, candidat, form)


@publique
@never_cache
@lecture_ecriture
def confirmer(request: HttpRequest, jeton: str) -> HttpResponseBase:
    """Ouvrir le lien ne confirme rien (les messageries ouvrent les liens) : il faut le bouton."""
    candidat = candidat_du_lien(jeton, champ="jeton_confirmation")
    if candidat is None or candidat.etat == EtatCandidat.ANONYMISE:
        return render(request, "recrutement/candidature/lien_perime.html", status=410)
    if not actes.est_envoyee(candidat):
        return render(request, "recrutement/candidature/deja_confirmee.html", {"candidat": candidat})
    if request.method != "POST":
        return _page_confirmer(request, candidat)
    if request.POST.get("action") == "renvoyer":
        return _renvoyer_expire(request, candidat)
    try:
        confirmee = actes.confirmer(candidat, par=porteur(candidat))
    except TransitionImpossible as erreur:
        relu = Candidat.objects.filter(pk=candidat.pk).first()
        if relu is None or not actes.est_envoyee(relu):  # un second clic : le premier a suffi
            return redirect("recrutement:candidature_confirmer", jeton)
        return _page_confirmer(request, relu, forms.typographie(str(erreur)), status=409)
    request.session.pop(SESSION, None)
    request.session[ENREGISTREE] = confirmee.pk
    return redirect("recrutement:candidature_enregistree")


def _renvoyer_expire(request: HttpRequest, candidat: Candidat) -> HttpResponseBase:
    """Le lien a expiré, mais qui le tient lit cette boîte : le nouveau part à la même adresse."""
    try:
        if trop(request, "envoi", ENVOIS_PAR_HEURE):
            raise actes.TropDeDemandes("Trop de liens ont été demandés d’ici. Réessayez dans une heure.")
        actes.renvoyer_confirmation(candidat, par=porteur(candidat))
    except TransitionImpossible as erreur:
        return _page_confirmer(request, candidat, forms.typographie(str(erreur)), status=409)
    request.session[SESSION] = candidat.pk
    messages.success(request, "Un nouveau lien est parti à la même adresse. L’ancien ne marche plus.")
    return redirect("recrutement:candidature_envoyee")


def _page_confirmer(request: HttpRequest, candidat: Candidat, erreur: str = "", *, status: int = 200) -> HttpResponse:
    lignes = lignes_du_profil(actes.profil_envoye(candidat))
    contexte = {
        "lignes": [lignes["vous"][0], *lignes["situation"], *lignes["lieu"], *lignes["quand"]],
        "expiree": actes.est_expiree(candidat),
        "erreur": erreur,
    }
    return render(request, "recrutement/candidature/confirmer.html", contexte, status=status)


@publique
@never_cache
@lecture
def enregistree(request: HttpRequest) -> HttpResponseBase:
    candidat = Candidat.objects.filter(pk=request.session.get(ENREGISTREE) or 0, etat=EtatCandidat.DISPONIBLE).first()
    if candidat is None:
        return _sans_brouillon(request)
    contexte = {"candidat": candidat, "mois": regles.MOIS_RECONFIRMATION}
    return render(request, "recrutement/candidature/enregistree.html", contexte)
