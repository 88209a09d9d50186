"""Les dispenses : déposer un certificat, le lire, l'accepter ou le refuser ; la file de l'ANCT."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Concat
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations import access
from conum.formations.actions import dispenses as actes
from conum.formations.forms.dispenses import DispenseForm, FiltresDispenses, RefusDispenseForm
from conum.formations.models import Dispense, Inscription
from conum.formations.states import EN_ATTENTE, EtatDispense
from conum.formations.views import commun, pages
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.socle import depot
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.socle.texte import sans_accent
from conum.ui.forms import reporter

DEPOSANTS = (TypeRole.CONSEILLER, TypeRole.STRUCTURE, TypeRole.ANCT)
NIVEAUX = {EtatDispense.DEPOSEE: "new", EtatDispense.ACCEPTEE: "success", EtatDispense.REFUSEE: "error"}
LIBELLES = {
    "deposer_dispense": "Certificat déposé",
    "accepter_dispense": "Dispense acceptée",
    "refuser_dispense": "Dispense refusée",
    "effacer_certificat": "Certificat effacé, un an après la décision",
}


def lien(role: Role, pk: int) -> str:
    return reverse("formations:dispense", args=[role.pk, pk])


def contexte_dispenses(role: Role, inscription: Inscription) -> dict[str, Any]:
    """Ce que lit `formations/dispenses/bloc.html` ; vide pour qui n'a pas à lire le certificat."""
    if not access.peut_demander_dispense(role, inscription):
        return {"dispenses": [], "lien_demander": ""}
    lues = list(inscription.dispenses.order_by("-pk"))
    ouverte = inscription.etat in EN_ATTENTE and not any(d.etat == EtatDispense.DEPOSEE for d in lues)
    return {
        "dispenses": [
            {"dispense": d, "libelle": actes.libelle(d), "niveau": niveau(d), "lien": lien(role, d.pk)} for d in lues
        ],
        "lien_demander": reverse("formations:demander_dispense", args=[role.pk, inscription.pk]) if ouverte else "",
    }


def niveau(dispense: Dispense) -> str:
    return NIVEAUX[EtatDispense(dispense.etat)]


@role_requis(*DEPOSANTS)
@lecture_ecriture
def demander(request: HttpRequest, inscription_id: int) -> HttpResponseBase:
    role = role_de(request)
    inscription = access.get_inscription_ou_404(role, inscription_id)
    if not access.peut_demander_dispense(role, inscription):
        raise Http404("Inscription inconnue.")
    form = DispenseForm(request.POST, request.FILES) if request.method == "POST" else DispenseForm()
    if form.is_bound and form.is_valid():
        try:
            saisi = dict(form.cleaned_data)
            dispense = actes.deposer_dispense(inscription, saisi.pop("fichier"), par=role, **saisi)
        except (TransitionImpossible, ValidationError) as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, "Le certificat est déposé. L’ANCT l’examine.")
            return redirect(lien(role, dispense.pk))
    contexte = {
        "form": form,
        "inscription": inscription,
        "a_soi": role.type == TypeRole.CONSEILLER,
        "retour": commun.lien_inscription(role, inscription.pk),
    }
    return render(request, "formations/dispenses/demander.html", contexte)


@role_requis(*DEPOSANTS)
@lecture
def dispense(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lue = access.get_dispense_ou_404(role, pk)
    a_decider = access.peut_administrer(role) and lue.etat == EtatDispense.DEPOSEE
    contexte = {
        "dispense": lue,
        "inscription": lue.inscription,
        "libelle": actes.libelle(lue),
        "niveau": niveau(lue),
        "suite": _suite(lue, role),
        "a_decider": a_decider,
        "journal": [
            {"titre": LIBELLES.get(e.action, e.action), "date": e.created_at, "auteur": e.acteur, "texte": e.motif,
             "etat": "fait"}
            for e in Entree.objects.de_l_objet(lue)
        ],
        "retour": commun.lien_inscription(role, lue.inscription_id),
        "lien_liste": reverse("formations:dispenses", args=[role.pk]) if role.type == TypeRole.ANCT else "",
    }  # fmt: skip
    return render(request, "formations/dispenses/dispense.html", contexte)


def _suite(dispense: Dispense, role: Role) -> str:
    match dispense.etat:
        case EtatDispense.DEPOSEE if role.type == TypeRole.ANCT:
            return "Lisez le certificat, puis acceptez-le ou refusez-le."
        case EtatDispense.DEPOSEE:
            return "L’ANCT lit le certificat. Vous n’avez rien à faire : sa réponse arrive par courriel."
        case EtatDispense.ACCEPTEE:
            return "La dispense est accordée : il n’y a plus de formation initiale à suivre."
        case _:
            return "Le certificat est refusé. Un autre peut être déposé depuis la page de l’inscription."


@role_requis(*DEPOSANTS)
@lecture
def fichier(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Le certificat, à enregistrer : le navigateur ne l'ouvre pas dans nos pages."""
    lue = access.get_dispense_ou_404(role_de(request), pk)
    return depot.servir(lue.preuve, f"{lue.inscription.reference}-certificat", absent="Ce certificat est effacé.")


@role_requis(TypeRole.ANCT)
@ecriture
def accepter(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lue = access.get_dispense_ou_404(role, pk)
    return pages.acte_direct(
        request,
        lambda: actes.accepter_dispense(lue, par=role),
        fait="La dispense est acceptée. La personne et sa structure sont prévenues.",
        retour=lien(role, lue.pk),
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def refuser(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lue = access.get_dispense_ou_404(role, pk)
    textes = {
        "titre": f"Refuser la dispense de {lue.inscription.personne.get_full_name()}",
        "intro": "La personne et sa structure reçoivent le motif par courriel. Un autre certificat peut être déposé.",
        "bouton": "Refuser la dispense",
        "fait": "La dispense est refusée. La personne et sa structure sont prévenues.",
    }
    return pages.page_formulaire(
        request,
        RefusDispenseForm(request.POST if request.method == "POST" else None),
        lambda saisi: actes.refuser_dispense(lue, motif=saisi["motif"], par=role),
        textes=textes,
        retour=lien(role, lue.pk),
        nom_retour="Dispense",
    )


# --- La file ---


def _filtrer(dispenses: QuerySet[Dispense], valeurs: dict[str, Any]) -> QuerySet[Dispense]:
    if texte := valeurs.get("recherche"):
        compact = sans_accent(texte).lower().replace(" ", "")
        personne = "inscription__personne"
        nom = SansAccent(Concat(f"{personne}__prenom", f"{personne}__nom", output_field=CharField()))
        trouve = Q(nom_cherche__contains=compact)
        chiffres = compact.removeprefix("fo-")
        if chiffres.isascii() and chiffres.isdigit() and len(chiffres) < 10:
            trouve |= Q(inscription=int(chiffres))
        dispenses = dispenses.annotate(nom_cherche=nom).filter(trouve)
    if "departement" in valeurs:
        dispenses = dispenses.filter(inscription__commune__departement=valeurs["departement"])
    match valeurs.get("etat"):
        case "toutes":
            return dispenses
        case "traitees":
            return dispenses.exclude(etat=EtatDispense.DEPOSEE)
    return dispenses.filter(etat=EtatDispense.DEPOSEE)


def _colonnes(role: Role) -> list[Colonne]:
    return [
        Colonne("personne", "Personne", lambda d: d.inscription.personne.get_full_name(),
                tri=SansAccent("inscription__personne__nom"), lien=lambda d: lien(role, d.pk)),
        Colonne("inscription", "Inscription", lambda d: d.inscription.reference, tri="inscription",
                lien=lambda d: commun.lien_inscription(role, d.inscription_id)),
        Colonne("departement", "Département", lambda d: d.inscription.commune.departement.nom,
                tri="inscription__commune__departement"),
        Colonne("certificat", "Certificat", actes.libelle, tri="certification"),
        Colonne("etat", "État", lambda d: d.get_etat_display(), tri="etat", niveau=niveau),
        Colonne("deposee", "Déposée le", lambda d: d.created_at, tri="created_at"),
    ]  # fmt: skip


@role_requis(TypeRole.ANCT)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    """Les certificats que personne n'a encore lus, le plus ancien d'abord."""
    role = role_de(request)
    filtres = FiltresDispenses(request.GET)
    dispenses = Dispense.objects.select_related("inscription__personne", "inscription__commune__departement")
    page = Liste(request, _filtrer(dispenses, filtres.valeurs()), _colonnes(role), "deposee", "dispenses")
    if (export := page.export()) is not None:
        return export
    return render(request, "formations/dispenses/liste.html", {"liste": page, "filtres": filtres})
