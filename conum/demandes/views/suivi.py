"""Le côté de la structure : ses demandes, ce qui se passe pour chacune, ce qu'elle peut encore faire."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.demandes import rules
from conum.demandes.access import (
    brouillons_de,
    get_brouillon_ou_404,
    get_demande_ou_404,
    peut_corriger,
    peut_repondre,
)
from conum.demandes.actions import depot, instruction
from conum.demandes.actions.avenants import avenant_ouvert, derniere_attribution
from conum.demandes.forms import formulaire as forms
from conum.demandes.models import Decision, Demande, Nature, SensAvis, SensDecision
from conum.demandes.states import TRANSITIONS, Etat
from conum.demandes.views import saisie
from conum.demandes.views.etapes import CLES, RECAPITULATIF, Parcours
from conum.demandes.views.libelles import LIBELLES_ACTIONS
from conum.demandes.views.listes import niveau_etat
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes.models import Poste, TypePoste
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.structures.access import structure_du_role
from conum.structures.models import Structure
from conum.ui.forms import reporter


def _role(request: HttpRequest) -> Role:
    role = role_de(request)
    return role


def _structure(role: Role) -> Structure:
    structure = structure_du_role(role)
    if structure is None:
        raise Http404("Ce rôle n’a pas de structure.")
    return structure


# --- La liste -----------------------------------------------------------------------------------------------------


def _accordes(demande: Demande) -> int | None:
    decision = getattr(demande, "decision", None)
    return decision.postes_accordes if decision else None


def _colonnes(role: Role) -> list[Colonne]:
    return [
        Colonne(
            "reference",
            "Demande",
            lambda d: d.reference,
            tri="pk",
            lien=lambda d: reverse("demandes:suivre", args=[role.pk, d.pk]),
        ),
        Colonne("nature", "Nature", lambda d: d.get_nature_display(), tri="nature"),
        Colonne("type_poste", "Type de poste", lambda d: d.get_type_poste_display(), a_l_ecran=False),
        Colonne("commune", "Commune", lambda d: str(d.commune), tri="commune__nom_recherche"),
        Colonne("postes", "Postes demandés", lambda d: d.postes_demandes, tri="postes_demandes"),
        Colonne("accordes", "Postes accordés", _accordes),
        Colonne(
            "depot",
            "Déposée le",
            lambda d: timezone.localdate(d.deposee_le) if d.deposee_le else None,
            tri="deposee_le",
        ),
        Colonne("etat", "État", lambda d: d.get_etat_display(), tri="etat", niveau=niveau_etat),
    ]


@role_requis(TypeRole.STRUCTURE)
@lecture
def mes_demandes(request: HttpRequest) -> HttpResponseBase:
    role = _role(request)
    structure = _structure(role)
    demandes = Demande.objects.visibles_par(role).select_related("commune", "decision")
    liste = Liste(request, demandes, _colonnes(role), "-depot", "mes-demandes")
    if (fichier := liste.export()) is not None:
        return fichier
    contexte = {
        "liste": liste,
        "structure": structure,
        "brouillons": [{"demande": d, "lien": Parcours(d, role).prochaine()} for d in brouillons_de(role)],
        "a_eu_des_postes": derniere_attribution(structure) is not None,
        "avenant": avenant_ouvert(structure),
        "postes": Poste.objects.rattaches_a(structure, timezone.localdate()).count(),
    }
    return render(request, "demandes/suivi/mes_demandes.html", contexte)


# --- Préparer une demande depuis l'espace -------------------------------------------------------------------------


@role_requis(TypeRole.STRUCTURE)
@ecriture
def nouvelle(request: HttpRequest) -> HttpResponseBase:
    role = _role(request)
    structure = _structure(role)
    # Un double clic ne laisse pas deux brouillons vides.
    vide = next((d for d in brouillons_de(role) if not d.saisie), None)
    demande = vide or depot.ouvrir_brouillon(par=role, structure=structure)
    return redirect(Parcours(demande, role).prochaine())


@role_requis(TypeRole.STRUCTURE)
@lecture_ecriture
def preparer(request: HttpRequest, pk: int, etape: str) -> HttpResponseBase:
    role = _role(request)
    demande = get_brouillon_ou_404(role, pk)
    suivi = reverse("demandes:suivre", args=[role.pk, pk])
    if demande.etat != Etat.BROUILLON:
        return redirect(suivi)
    parcours = Parcours(demande, role)
    if etape == RECAPITULATIF.cle:
        return saisie.recapitulatif(request, parcours, apres=suivi, prise=suivi)
    if etape not in CLES:
        raise Http404("Cette étape n’existe pas.")
    return saisie.etape(request, parcours, etape)


@role_requis(TypeRole.STRUCTURE)
@ecriture
def jeter(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = _role(request)
    try:
        depot.jeter_brouillon(get_brouillon_ou_404(role, pk), par=role)
        messages.success(request, "Le brouillon est effacé.")
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
    return redirect("demandes:mes_demandes", role.pk)


# --- La page d'une demande ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attendu:
    """Ce qui est attendu, de qui, et pour quand."""

    qui: str
    quoi: str
    quand: date | None = None
    vous: bool = False


def _attendu(demande: Demande) -> Attendu | None:
    """La prochaine chose à faire ; None quand la demande est close."""
    match demande.etat:
        case Etat.DEPOSEE:
            return Attendu("La préfecture", "donne son avis", depot.echeance(demande))
        case Etat.EXAMEN_COMPLEMENTAIRE:
            return Attendu("Vous", "répondez à la question posée : l’examen reprend ensuite", vous=True)
        case Etat.EN_INSTRUCTION if demande.session:
            return Attendu("Le comité national", "décide", demande.session.date)
        case Etat.EN_INSTRUCTION:
            return Attendu("L’ANCT", "inscrit la demande à un comité, ou décide directement")
    return None


def _echeances(demande: Demande, decision: Decision) -> list[Attendu]:
    """Après une attribution : ce que la structure s'est engagée à faire, et avant quand."""
    decidee = timezone.localdate(decision.created_at)
    if demande.nature == Nature.RENDU or decision.sens != SensDecision.ATTRIBUEE:
        return []
    choix = rules.dans_mois(decidee, rules.mois_pour_choisir(demande.type_poste))
    echeances = [
        Attendu("Vous", "choisissez un candidat pour chaque poste", choix, vous=True),
        Attendu("Vous", "signez son contrat dans les 15 jours qui suivent ce choix", choix + timedelta(days=15), True),
    ]
    if demande.type_poste == TypePoste.CONSEILLER:
        limite = rules.dans_mois(decidee, rules.DELAI_RECRUTEMENT[demande.nature])
        echeances.append(Attendu("L’État", "peut réexaminer l’attribution si le recrutement n’est pas fait", limite))
    return echeances


# Ce que la structure lit du journal ; le reste (agenda, brouillon) est l'affaire des agents.
_VISIBLES = (
    "confirmer",
    "demander_avenant",
    "corriger",
    "donner_avis",
    "amender_avis",
    "demander_complement",
    "completer",
    "attribuer",
    "refuser",
    "abandonner",
    "annuler",
    "classer_sans_suite",
    "reprendre",
)
_AVEC_TEXTE = frozenset({"demander_complement", "completer", "abandonner", "annuler", "classer_sans_suite"})


def chronologie(demande: Demande) -> list[dict[str, Any]]:
    """Ce qui s'est passé, puis ce qui reste à venir."""
    entrees = Entree.objects.de_l_objet(demande).filter(action__in=_VISIBLES)
    etapes: list[dict[str, Any]] = [
        {
            "titre": LIBELLES_ACTIONS.get(e.action, e.action),
            "date": e.created_at,
            "texte": e.motif if e.action in _AVEC_TEXTE else "",
            "auteur": "",
            "etat": "fait",
        }
        for e in entrees
    ]
    return etapes + [
        {"titre": titre, "date": None, "texte": "", "auteur": "", "etat": "en_cours" if rang == 0 else "a_venir"}
        for rang, titre in enumerate(_a_venir(demande))
    ]


def _a_venir(demande: Demande) -> list[str]:
    decision = "Décision de l’ANCT" if demande.nature == Nature.RENDU else "Décision du comité national"
    match demande.etat:
        case Etat.DEPOSEE:
            return ["Avis de la préfecture", decision]
        case Etat.EXAMEN_COMPLEMENTAIRE:
            return ["Votre réponse à la question", decision]
        case Etat.EN_INSTRUCTION:
            return [decision]
    return []


def _numeros(demande: Demande) -> list[str]:
    """Les numéros des postes que cette décision a créés, tels que le journal les a gardés."""
    entree = Entree.objects.de_l_objet(demande).filter(action="attribuer").last()
    return list(entree.donnees.get("numeros", [])) if entree else []


def _contexte(role: Role, demande: Demande) -> dict[str, Any]:
    decision = getattr(demande, "decision", None)
    avis = demande.avis_en_vigueur
    structure = demande.structure
    assert structure is not None
    attribuee = decision is not None and decision.sens == SensDecision.ATTRIBUEE and demande.nature != Nature.RENDU
    return {
        "demande": demande,
        "niveau": niveau_etat(demande),
        "etapes": chronologie(demande),
        "attendu": _attendu(demande),
        "avis_favorable": avis.sens == SensAvis.FAVORABLE if avis else None,
        "decision": decision,
        "attribuee": attribuee,
        "echeances": _echeances(demande, decision) if decision else [],
        "documents": rules.DOCUMENTS[structure.statut] if attribuee else (),
        "numeros": _numeros(demande) if attribuee else [],
        "motif_avenant": rules.motifs_avenant(demande.nature).get(demande.motif_avenant, ""),
        "peut_corriger": peut_corriger(role, demande) and demande.nature == Nature.INITIALE,
        "peut_retirer": demande.etat in TRANSITIONS["abandonner"].depuis,
        "peut_repondre": demande.etat in TRANSITIONS["completer"].depuis and peut_repondre(role, demande),
    }


@role_requis(TypeRole.STRUCTURE)
@lecture
def suivre(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = _role(request)
    return render(request, "demandes/suivi/suivre.html", _contexte(role, get_demande_ou_404(role, pk)))


@role_requis(TypeRole.STRUCTURE)
@lecture_ecriture
def corriger(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = _role(request)
    demande = get_demande_ou_404(role, pk)
    if not peut_corriger(role, demande) or demande.nature != Nature.INITIALE:
        return _trop_tard(request, demande)
    form = forms.CorrectionForm(request.POST or None, demande=demande)
    if request.method == "POST" and form.is_valid():
        try:
            depot.corriger(demande, form.corrige(), par=role)
        except TransitionImpossible:
            return _trop_tard(request, demande)
        except ValidationError as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, "Votre demande est corrigée. La préfecture est prévenue.")
            return redirect("demandes:suivre", role.pk, pk)
    return render(request, "demandes/suivi/corriger.html", {"form": form, "demande": demande})


def _trop_tard(request: HttpRequest, demande: Demande) -> HttpResponseBase:
    messages.error(request, "Cette action n’est plus possible : l’examen de votre demande a avancé.")
    return redirect("demandes:suivre", _role(request).pk, demande.pk)


@role_requis(TypeRole.STRUCTURE)
@lecture_ecriture
def abandonner(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = _role(request)
    demande = get_demande_ou_404(role, pk)
    if demande.etat not in TRANSITIONS["abandonner"].depuis:
        return _trop_tard(request, demande)
    form = forms.AbandonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            depot.abandonner(demande, par=role, motif=form.cleaned_data["motif"])
        except TransitionImpossible:
            return _trop_tard(request, demande)
        messages.success(request, "Votre demande est retirée. La préfecture est prévenue.")
        return redirect("demandes:suivre", role.pk, pk)
    return render(request, "demandes/suivi/abandonner.html", {"form": form, "demande": demande})


@role_requis(TypeRole.STRUCTURE)
@lecture_ecriture
def repondre(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = _role(request)
    demande = get_demande_ou_404(role, pk)
    if demande.etat not in TRANSITIONS["completer"].depuis:
        return _trop_tard(request, demande)
    form = forms.ReponseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            instruction.completer(demande, reponse=form.cleaned_data["reponse"], par=role)
        except TransitionImpossible:
            return _trop_tard(request, demande)
        except ValidationError as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, "Votre réponse est transmise. L’examen reprend.")
            return redirect("demandes:suivre", role.pk, pk)
    return render(request, "demandes/suivi/repondre.html", {"form": form, "demande": demande})
