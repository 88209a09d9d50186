"""La page d'une demande pour les agents : tout ce qu'ils en savent, l'avis, et ce que l'ANCT peut faire."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.demandes import rules
from conum.demandes.access import get_demande_ou_404, peut_classer, peut_decider, peut_donner_avis
from conum.demandes.actions import comite, instruction
from conum.demandes.forms.comite import DecisionForm
from conum.demandes.forms.instruction import AvisForm, TexteForm
from conum.demandes.models import Avis, Demande, Nature, SensDecision, Soldes
from conum.demandes.states import DECIDABLES, OUVERTS, Etat
from conum.demandes.views.libelles import LIBELLES_ACTIONS
from conum.demandes.views.listes import LECTEURS, attente, niveau_etat
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes.models import Poste
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.ui.forms import reporter

CONFLIT = 409


def _suite(demande: Demande) -> str:
    """Ce qui est attendu, de qui et pour quand."""
    match demande.etat:
        case Etat.DEPOSEE if demande.deposee_le:
            echeance = timezone.localdate(demande.deposee_le) + rules.DELAI_AVIS
            return f"La préfecture rend son avis, attendu le {echeance:%d/%m/%Y}."
        case Etat.EXAMEN_COMPLEMENTAIRE:
            return "La structure répond à la question posée par l'ANCT."
        case Etat.EN_INSTRUCTION if demande.session:
            return f"Le {demande.session} du {demande.session.date:%d/%m/%Y} décide."
        case Etat.EN_INSTRUCTION:
            return "L'ANCT l'inscrit à l'ordre du jour d'un comité, ou décide hors session."
        case Etat.ATTRIBUEE if demande.nature != Nature.RENDU:
            return "La structure choisit ses candidats et signe les contrats."
        case _:
            return "Rien : la demande est close."


def _avis(demande: Demande) -> list[Avis]:
    """L'avis en vigueur d'abord, puis les précédents."""
    return list(
        Avis.objects.filter(demande=demande)
        .select_related("role__utilisateur", "transfert_de")
        .order_by("-remplace_le", "-pk")
    )


def _journal(demande: Demande) -> list[dict[str, Any]]:
    entrees = Entree.objects.de_l_objet(demande)
    return [
        {
            "titre": LIBELLES_ACTIONS.get(e.action, e.action),
            "date": e.created_at,
            "auteur": e.acteur,
            "texte": e.motif,
            "etat": "fait",
        }
        for e in entrees
    ]


def _contexte(role: Role, demande: Demande, form: AvisForm | None = None) -> dict[str, Any]:
    avis = _avis(demande)
    actuel = next((a for a in avis if a.remplace_le is None), None)
    peut_rendre = peut_donner_avis(role, demande) and demande.etat in DECIDABLES | {Etat.DEPOSEE}
    if form is None and peut_rendre:
        form = AvisForm(role=role, demande=demande, actuel=actuel)
    engagements = rules.engagements(demande.type_poste)
    jour = timezone.localdate()
    return {
        "demande": demande,
        "structure": demande.structure,
        "niveau": niveau_etat(demande),
        "attente": attente(demande),
        "suite": _suite(demande),
        "actuel": actuel,
        "anciens": [a for a in avis if a.remplace_le is not None],
        "form": form if peut_rendre else None,
        "engagements": [(texte, code in demande.engagements) for code, texte in engagements.items()],
        "motif_avenant": rules.motifs_avenant(demande.nature).get(demande.motif_avenant, ""),
        "postes": Poste.objects.rattaches_a(demande.structure, jour).count() if demande.structure else 0,
        "decision": getattr(demande, "decision", None),
        "journal": _journal(demande),
        "peut_questionner": peut_decider(role, demande) and demande.etat == Etat.EN_INSTRUCTION,
        "peut_decider": peut_decider(role, demande) and demande.etat in DECIDABLES,
        "peut_clore": peut_classer(role, demande) and demande.etat in OUVERTS,
        "sans_avis_requis": demande.nature == Nature.RENDU,
    }


@role_requis(*LECTEURS)
@lecture
def page(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = request.role  # type: ignore[attr-defined]
    return render(request, "demandes/instruction/page.html", _contexte(role, get_demande_ou_404(role, pk)))


@role_requis(TypeRole.PREFECTURE)
@ecriture
def avis(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Rend ou modifie l'avis. Un conflit rend la page avec l'avis actuel et le texte saisi : rien n'est perdu."""
    role = request.role  # type: ignore[attr-defined]
    demande = get_demande_ou_404(role, pk)
    form = AvisForm(request.POST, role=role, demande=demande)
    statut = 200
    if form.is_valid():
        d = form.cleaned_data
        communs = {"sens": d["sens"], "motif": d["motif"], "transfert_de": d["transfert_de"], "par": role}
        try:
            if d["avis_lu"]:
                instruction.amender_avis(demande, avis_lu=d["avis_lu"], **communs)
            else:
                instruction.donner_avis(demande, **communs)
        except instruction.AvisRemplace as erreur:
            # L'enregistrer de nouveau vaut désormais pour l'avis affiché, que la personne vient de lire.
            saisie = request.POST.copy()
            saisie["avis_lu"] = str(erreur.actuel.pk)
            form.data = saisie
            form.add_error(None, str(erreur))
            statut = CONFLIT
        except TransitionImpossible as erreur:
            form.add_error(None, f"{erreur} Votre texte n'est pas enregistré.")
            statut = CONFLIT
        except ValidationError as erreur:
            reporter(form, erreur, repli="texte")
        else:
            messages.success(request, "L'avis est enregistré. La structure en est informée.")
            return redirect("demandes:instruire", role.pk, pk)
    demande = get_demande_ou_404(role, pk)
    return render(request, "demandes/instruction/page.html", _contexte(role, demande, form), status=statut)


def _acte(request: HttpRequest, pk: int, *, action: Any, champ: str, textes: dict[str, str]) -> HttpResponseBase:
    """Une page, un texte motivé, un acte. `textes` : titre, libelle, aide, bouton, fait."""
    role = request.role  # type: ignore[attr-defined]
    demande = get_demande_ou_404(role, pk)
    form = TexteForm(request.POST or None, libelle=textes["libelle"], aide=textes.get("aide", ""))
    if request.method == "POST" and form.is_valid():
        try:
            action(demande, par=role, **{champ: form.cleaned_data["texte"]})
        except TransitionImpossible as erreur:
            form.add_error(None, str(erreur))
        except ValidationError as erreur:
            reporter(form, erreur, repli="texte")
        else:
            messages.success(request, textes["fait"])
            return redirect("demandes:instruire", role.pk, pk)
    return render(request, "demandes/instruction/acte.html", {"demande": demande, "form": form, "textes": textes})


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def complement(request: HttpRequest, pk: int) -> HttpResponseBase:
    textes = {
        "titre": "Demander un complément",
        "libelle": "Votre question à la structure",
        "aide": "De 10 à 1 000 caractères. La structure la reçoit par courriel, la préfecture en copie.",
        "bouton": "Envoyer la question",
        "fait": "La question est envoyée à la structure.",
    }
    return _acte(request, pk, action=instruction.demander_complement, champ="question", textes=textes)


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def annuler(request: HttpRequest, pk: int) -> HttpResponseBase:
    textes = {
        "titre": "Annuler la demande",
        "libelle": "Pourquoi cette demande est annulée",
        "aide": "Erreur ou doublon, de 10 à 1 000 caractères. La structure et la préfecture le lisent.",
        "bouton": "Annuler la demande",
        "fait": "La demande est annulée.",
    }
    return _acte(request, pk, action=instruction.annuler, champ="motif", textes=textes)


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def classer(request: HttpRequest, pk: int) -> HttpResponseBase:
    textes = {
        "titre": "Classer sans suite",
        "libelle": "Pourquoi cette demande est classée sans suite",
        "aide": "La structure ne répond plus, de 10 à 1 000 caractères. Elle reçoit ce motif.",
        "bouton": "Classer sans suite",
        "fait": "La demande est classée sans suite.",
    }
    return _acte(request, pk, action=instruction.classer_sans_suite, champ="motif", textes=textes)


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def decider(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Décide une demande : dans la session où elle est inscrite, sinon hors session et justifiée."""
    role = request.role  # type: ignore[attr-defined]
    demande = get_demande_ou_404(role, pk)
    if not peut_decider(role, demande):
        raise PermissionDenied
    session = demande.session
    form = DecisionForm(request.POST or None, demande=demande, hors_session=session is None)
    statut = 200
    if request.method == "POST" and form.is_valid():
        try:
            _appliquer(demande, form, role)
        except comite.DecisionRefusee as erreur:
            form.ajouter_erreurs(erreur.erreurs)
        except TransitionImpossible as erreur:
            form.add_error(None, f"{erreur} Votre saisie n'est pas enregistrée.")
            statut = CONFLIT
        except ValidationError as erreur:
            reporter(form, erreur, repli="texte")
        else:
            messages.success(
                request, f"La décision sur {demande.reference} est enregistrée. La structure est prévenue."
            )
            if session is not None:
                return redirect("demandes:session", role.pk, session.pk)
            return redirect("demandes:instruire", role.pk, pk)
    demande = get_demande_ou_404(role, pk)
    annee = (session.date if session else timezone.localdate()).year
    soldes = Soldes.de(annee)
    return render(
        request,
        "demandes/instruction/decider.html",
        {
            "demande": demande,
            "session": session,
            "form": form,
            "actuel": next((a for a in _avis(demande) if a.remplace_le is None), None),
            "decision": getattr(demande, "decision", None),
            "annee": annee,
            "national": soldes.national,
            "solde": soldes.du_departement(demande.departement_id or ""),
            "est_rendu": demande.nature == Nature.RENDU,
            "ouverte": demande.etat in DECIDABLES,
        },
        status=statut,
    )


def _appliquer(demande: Demande, form: DecisionForm, role: Role) -> None:
    voulue = form.voulue()
    communs = {
        "par": role,
        "session": demande.session,
        "justification": form.cleaned_data.get("justification", ""),
        "observations": voulue.observations,
        "prioritaire": voulue.prioritaire,
    }
    if voulue.sens == SensDecision.ATTRIBUEE:
        comite.attribuer(demande, postes=voulue.postes, **communs)
    else:
        comite.refuser(demande, motifs=voulue.motifs, motif_libre=voulue.motif_libre, **communs)
