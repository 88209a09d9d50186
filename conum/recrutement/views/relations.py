"""Une mise en relation vue de la structure : le dossier, et chaque acte possible maintenant."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import TypeRole
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.recrutement.access import get_relation_ou_404
from conum.recrutement.actions import relations as actions
from conum.recrutement.actions.reserve import place_en_reserve
from conum.recrutement.emails.relation import motif_lu_par_la_structure
from conum.recrutement.forms import structure as forms
from conum.recrutement.models import MiseEnRelation, Origine
from conum.recrutement.states import PROMIS, TRANSITIONS, Etat
from conum.recrutement.views.cartes import NIVEAUX_ETAT, attente, carte, identite
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.ui.forms import DsfrForm, reporter


@dataclass(frozen=True)
class Bouton:
    """Un acte possible ; `direct` : un bouton qui agit (POST), sinon un lien vers son formulaire."""

    nom: str
    libelle: str
    direct: bool = False
    principal: bool = False


_INVITER = Bouton("inviter", "Fixer un entretien", principal=True)
_DEPLACER = Bouton("inviter", "Déplacer l’entretien")
_ECARTER = Bouton("ecarter", "Ne pas donner suite")
_RESERVER = Bouton("mettre_en_reserve", "Mettre en liste de réserve", direct=True)
_RETIRER = Bouton("retirer_offre", "Retirer l’offre")
BOUTONS: dict[str, tuple[Bouton, ...]] = {
    Etat.PROPOSEE: (Bouton("retenir", "Retenir ce profil", direct=True, principal=True), _ECARTER),
    Etat.RETENUE: (_ECARTER,),
    Etat.CONTACT_ACCEPTE: (_INVITER, Bouton("offrir", "Faire une offre"), _RESERVER, _ECARTER),
    Etat.ENTRETIEN: (Bouton("offrir", "Faire une offre", principal=True), _DEPLACER, _RESERVER, _ECARTER),
    Etat.OFFRE: (_RETIRER,),
    Etat.ACCEPTEE: (Bouton("recruter", "Enregistrer le contrat signé", principal=True), _RETIRER),
    Etat.RESERVE: (
        Bouton("rappeler", "Sortir de la réserve", direct=True),
        Bouton("offrir", "Faire une offre", principal=True),
        _ECARTER,
    ),
}
# Ce que la structure lit du journal, et comment.
_RECIT = {
    "retenir": "Profil retenu",
    "accepter_contact": "Le candidat accepte d’être contacté",
    "inviter": "Entretien fixé",
    "offrir": "Offre ferme",
    "accepter_offre": "Offre acceptée",
    "recruter": "Contrat enregistré",
    "mettre_en_reserve": "Mis en liste de réserve",
    "rappeler_de_reserve": "Sorti de la réserve",
    "ecarter": "Sans suite de votre part",
    "retirer_offre": "Offre retirée",
    "decliner": "Décliné par le candidat",
    "expirer": "Clos, faute de réponse",
    "clore": "Clos",
    "ouvrir_cv": "CV ouvert",
}
_AVEC_MOTIF = frozenset({"ecarter", "retirer_offre", "decliner"})


def _recit(relation: MiseEnRelation) -> list[dict[str, Any]]:
    """Ce qui s'est passé, depuis la proposition ; l'appariement les écrit en masse, la date est celle de la ligne."""
    entrees = Entree.objects.de_l_objet(relation).filter(action__in=_RECIT)
    appariement = relation.origine == Origine.APPARIEMENT
    debut = "Proposé par l’appariement" if appariement else "Présélectionné par votre structure"
    return [{"titre": debut, "date": relation.created_at, "texte": "", "auteur": "", "etat": "fait"}] + [
        {
            "titre": _RECIT[e.action],
            "date": e.created_at,
            "texte": e.motif if e.action in _AVEC_MOTIF else "",
            "auteur": "",
            "etat": "fait",
        }
        for e in entrees
    ]


def _adresse(bouton: Bouton, role_id: int, pk: int) -> str:
    return reverse(f"recrutement:{bouton.nom}", args=[role_id, pk])


@role_requis(TypeRole.STRUCTURE)
@lecture
def relation(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    courante = get_relation_ou_404(role, pk)
    place = place_en_reserve(courante) if courante.etat == Etat.RESERVE else None
    faite, qui = carte(courante.candidat, courante.distance_km), identite(courante, role)
    contexte = {
        "relation": courante,
        "recrutement": courante.recrutement,
        "carte": faite,
        "identite": qui,
        "titre": (qui.nom if qui else faite.prenom) or "Candidature effacée",
        "niveau": NIVEAUX_ETAT.get(Etat(courante.etat), "neutre"),
        "attente": attente(courante, place=place),
        "boutons": [
            {"libelle": b.libelle, "direct": b.direct, "principal": b.principal, "adresse": _adresse(b, role.pk, pk)}
            for b in BOUTONS.get(courante.etat, ())
        ],
        "est_proposee_par_l_appariement": courante.origine == Origine.APPARIEMENT,
        "recit": _recit(courante),
        "motif_fin": motif_lu_par_la_structure(courante.motif_fin),
        "montre_entretien": courante.entretien_le is not None and courante.est_ouverte,
        "montre_offre": courante.etat in PROMIS | {Etat.RECRUTEE},
        "reponse_ouverte": courante.etat in {Etat.PROPOSEE, Etat.RETENUE},
    }
    return render(request, "recrutement/structure/relation.html", contexte)


# --- Les actes ----------------------------------------------------------------------------------------------------


def _vers(role_id: int, pk: int) -> HttpResponseBase:
    return redirect("recrutement:relation", role_id, pk)


def _direct(request: HttpRequest, pk: int, agir: Callable[..., MiseEnRelation], succes: str) -> HttpResponseBase:
    """Un acte sans formulaire. Un second clic, ou un autre agent passé avant, reçoit une phrase."""
    role = role_de(request)
    courante = get_relation_ou_404(role, pk)
    try:
        agir(courante, par=role)
        messages.success(request, succes)
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
    return _vers(role.pk, pk)


@role_requis(TypeRole.STRUCTURE)
@ecriture
def retenir(request: HttpRequest, pk: int) -> HttpResponseBase:
    return _direct(request, pk, actions.retenir, "Le candidat est prévenu : il a 14 jours pour accepter votre contact.")


@role_requis(TypeRole.STRUCTURE)
@ecriture
def mettre_en_reserve(request: HttpRequest, pk: int) -> HttpResponseBase:
    return _direct(request, pk, actions.mettre_en_reserve, "Le candidat est en réserve et connaît sa place.")


@role_requis(TypeRole.STRUCTURE)
@ecriture
def rappeler(request: HttpRequest, pk: int) -> HttpResponseBase:
    return _direct(request, pk, actions.rappeler_de_reserve, "Le candidat est prévenu : proposez-lui une suite.")


@dataclass(frozen=True)
class _Ecran:
    """Un acte qui passe par un formulaire."""

    acte: str
    titre: str
    bouton: str
    aide: str
    succes: str


# Le nom d'un champ dans l'acte, quand le formulaire le présente autrement.
_CHAMPS = {"le": "jour"}


def _avec_form(
    request: HttpRequest,
    courante: MiseEnRelation,
    ecran: _Ecran,
    form: DsfrForm,
    agir: Callable[[], MiseEnRelation],
) -> HttpResponseBase:
    role = role_de(request)
    if courante.etat not in TRANSITIONS[ecran.acte].depuis:
        etat = courante.get_etat_display()
        messages.error(request, f"Cette action n’est plus possible : l’état est maintenant « {etat} ».")
        return _vers(role.pk, courante.pk)
    if request.method == "POST" and form.is_valid():
        try:
            agir()
        except TransitionImpossible as erreur:
            messages.error(request, str(erreur))
            return _vers(role.pk, courante.pk)
        except ValidationError as erreur:
            reporter(form, erreur, noms=_CHAMPS)
        else:
            messages.success(request, ecran.succes)
            return _vers(role.pk, courante.pk)
    titre_candidat = courante.candidat.nom_complet if identite(courante, role) else courante.candidat.prenom
    contexte = {
        "relation": courante,
        "recrutement": courante.recrutement,
        "qui": titre_candidat,
        "ecran": ecran,
        "form": form,
        "retour": reverse("recrutement:relation", args=[role.pk, courante.pk]),
    }
    return render(request, "recrutement/structure/acte.html", contexte)


_ECRAN_ECARTER = _Ecran(
    "ecarter", "Ne pas donner suite", "Envoyer cette réponse",
    "Le candidat reçoit votre réponse aujourd’hui. Il ne vous sera plus proposé pour ce recrutement.",
    "Votre réponse est envoyée au candidat.",
)  # fmt: skip
_ECRAN_INVITER = _Ecran(
    "inviter", "Fixer un entretien", "Envoyer l’invitation",
    "Vous recevez tous les deux le rendez-vous par courriel, à ajouter à votre agenda.",
    "L’invitation est envoyée.",
)  # fmt: skip
_ECRAN_OFFRIR = _Ecran(
    "offrir", "Faire une offre ferme", "Envoyer l’offre",
    "Cette offre vous engage : un poste est gardé pour cette personne jusqu’à sa réponse.",
    "L’offre est envoyée au candidat.",
)  # fmt: skip
_ECRAN_RETIRER = _Ecran(
    "retirer_offre", "Retirer l’offre", "Retirer l’offre",
    "Le candidat est prévenu aujourd’hui, avec votre raison. La première personne de la réserve est rappelée.",
    "L’offre est retirée et le candidat est prévenu.",
)  # fmt: skip
_ECRAN_RECRUTER = _Ecran(
    "recruter", "Enregistrer le contrat signé", "Enregistrer le contrat",
    "Le poste devient pourvu. Si c’était le dernier, les autres candidats l’apprennent aujourd’hui.",
    "Félicitations : le recrutement est enregistré.",
)  # fmt: skip


@role_requis(TypeRole.STRUCTURE)
@lecture_ecriture
def ecarter(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    courante = get_relation_ou_404(role, pk)
    form = forms.EcarterForm(request.POST or None, relation=courante)
    return _avec_form(
        request, courante, _ECRAN_ECARTER, form,
        lambda: actions.ecarter(courante, **form.cleaned_data, par=role),
    )  # fmt: skip


@role_requis(TypeRole.STRUCTURE)
@lecture_ecriture
def inviter(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    courante = get_relation_ou_404(role, pk)
    form = forms.InviterForm(request.POST or None, relation=courante)
    return _avec_form(
        request, courante, _ECRAN_INVITER, form, lambda: actions.inviter(courante, **form.champs(), par=role)
    )


@role_requis(TypeRole.STRUCTURE)
@lecture_ecriture
def offrir(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    courante = get_relation_ou_404(role, pk)
    form = forms.OffreForm(request.POST or None, relation=courante)
    return _avec_form(
        request, courante, _ECRAN_OFFRIR, form, lambda: actions.offrir(courante, **form.cleaned_data, par=role)
    )


@role_requis(TypeRole.STRUCTURE)
@lecture_ecriture
def retirer_offre(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    courante, form = get_relation_ou_404(role, pk), forms.RetirerOffreForm(request.POST or None)
    return _avec_form(
        request, courante, _ECRAN_RETIRER, form,
        lambda: actions.retirer_offre(courante, **form.cleaned_data, par=role),
    )  # fmt: skip


@role_requis(TypeRole.STRUCTURE)
@lecture_ecriture
def recruter(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    courante, form = get_relation_ou_404(role, pk), forms.RecruterForm(request.POST or None)
    return _avec_form(
        request, courante, _ECRAN_RECRUTER, form, lambda: actions.recruter(courante, **form.cleaned_data, par=role)
    )


@role_requis(TypeRole.STRUCTURE)
@ecriture
def relation_cv(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Le CV, une fois l'identité ouverte. Un POST : l'ouverture est journalisée et prolonge sa conservation."""
    role = role_de(request)
    courante = get_relation_ou_404(role, pk)
    try:
        candidat = actions.ouvrir_cv(courante, par=role)
        fichier = candidat.cv.open("rb")
    except (TransitionImpossible, FileNotFoundError):
        messages.error(request, "Ce candidat n’a pas de CV, ou l’a retiré.")
        return _vers(role.pk, pk)
    reponse = FileResponse(
        fichier, as_attachment=True, filename=f"cv-{courante.reference}.pdf", content_type="application/pdf"
    )
    reponse["X-Content-Type-Options"] = "nosniff"
    reponse["Cache-Control"] = "private, no-store"
    return reponse
