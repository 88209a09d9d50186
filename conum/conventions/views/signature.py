"""Lire et signer un acte : dans l'outil avec un second facteur, ou sur papier.

Rien de ce qui est saisi ne se perd quand il faut d'abord présenter son second facteur, ou en activer un.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.comptes.second_facteur import a_un_facteur, adresse_du_facteur, facteur_recent
from conum.conventions import access
from conum.conventions.actions import differences
from conum.conventions.actions import pieces as actes_pieces
from conum.conventions.actions import signature as actes
from conum.conventions.forms.pieces import DepotForm
from conum.conventions.forms.signature import SignatureForm, VerificationForm
from conum.conventions.models import Acte, Convention, Etape, Partie, Piece, TypePiece
from conum.conventions.states import EtatPiece
from conum.journal.workflow import TransitionImpossible
from conum.socle.http import lecture_ecriture, role_requis
from conum.ui.forms import reporter
from conum.ui.templatetags.ui import jour

SIGNATAIRES = (TypeRole.STRUCTURE, TypeRole.ANCT)
_MASCULIN = {
    EtatPiece.DEMANDEE: "Attendu",
    EtatPiece.RECUE: "Reçu",
    EtatPiece.REFUSEE: "Refusé",
    EtatPiece.VALIDEE: "Validé",
}
"""Un exemplaire est une pièce, au masculin."""
_GARDES = ("qualite", "lu")
"""Ce qu'on garde dans la session pendant que la personne présente son second facteur."""


@dataclass(frozen=True)
class Attente:
    """Pourquoi cette personne n'a pas à signer maintenant, et où aller s'il y a quelque chose à faire."""

    titre: str
    texte: str
    lien: str = ""
    bouton: str = ""


def partie_de(role: Role) -> Partie:
    return Partie.ETAT if role.type == TypeRole.ANCT else Partie.STRUCTURE


def attente_de(acte: Acte, role: Role) -> Attente | None:
    """Rien si la personne peut signer."""
    partie = partie_de(role)
    match acte.etape:
        case Etape.SIGNE:
            return Attente("Ce document est signé des deux parties", "Il n’y a plus rien à faire.")
        case Etape.BROUILLON | Etape.RETIRE:
            return Attente(
                "Ce document n’est pas à la signature",
                "L’ANCT le prépare. La structure est prévenue quand il est prêt.",
            )
        case Etape.A_SIGNER_STRUCTURE if partie == Partie.ETAT:
            return Attente("La structure signe d’abord", "Vous serez prévenu quand ce sera à l’État de signer.")
        case Etape.A_SIGNER_ETAT if partie == Partie.STRUCTURE:
            return Attente("Votre signature est enregistrée", "L’État signe à son tour. Vous serez prévenu.")
    if partie == Partie.ETAT and access.est_des_deux_cotes(role, acte.convention):
        return Attente(
            "Un autre agent doit signer",
            "Vous êtes aussi membre de cette structure : vous ne pouvez pas signer pour l’État face à elle.",
        )
    if not (role.utilisateur.prenom and role.utilisateur.nom):
        return Attente(
            "Votre compte n’a pas votre nom",
            "Une signature porte un prénom et un nom. Complétez votre identité, puis revenez à cette page.",
            reverse("comptes:identite"),
            "Compléter mon identité",
        )
    return None


def _cle(acte: Acte) -> str:
    return f"signature:{acte.pk}"


def _vers_le_facteur(request: HttpRequest, role: Role, acte: Acte, saisi: dict[str, Any]) -> HttpResponseBase:
    """Garde la saisie et mène présenter le second facteur, ou en activer un ; `next` ramène ici."""
    request.session[_cle(acte)] = {champ: saisi[champ] for champ in _GARDES}
    return redirect(adresse_du_facteur(role.utilisateur, request.path))


def _signer(request: HttpRequest, role: Role, acte: Acte, form: SignatureForm) -> HttpResponseBase | None:
    """La suite si tout va bien ; rien si le refus est sur le formulaire."""
    facteur = facteur_recent(request)
    if not facteur:
        return _vers_le_facteur(request, role, acte, form.cleaned_data)
    signer = actes.signer_pour_l_etat if role.type == TypeRole.ANCT else actes.signer_pour_la_structure
    page = redirect("conventions:signer", role.pk, acte.convention_id, acte.numero)
    try:
        signer(
            acte,
            nom=role.utilisateur.get_full_name(),
            qualite=form.cleaned_data["qualite"],
            sha256_lu=form.cleaned_data["sha256_lu"],
            second_facteur=facteur,
            par=role,
        )
    except TransitionImpossible as erreur:
        # La page d'avant ne vaut plus rien : on relit celle d'aujourd'hui.
        messages.error(request, str(erreur))
        return page
    except ValidationError as erreur:
        reporter(form, erreur)
        return None
    request.session.pop(_cle(acte), None)
    if role.type == TypeRole.ANCT:
        messages.success(request, "Signé pour l’État. La structure est prévenue.")
    else:
        messages.success(request, "Signé pour la structure. L’ANCT est prévenue, l’État signe ensuite.")
    return page


@role_requis(*SIGNATAIRES)
@lecture_ecriture
def signer(request: HttpRequest, convention_id: int, numero: int) -> HttpResponseBase:
    """Lire le document, ses montants, ce qu'il change, puis signer ; ensuite, la preuve des signatures."""
    role = role_de(request)
    acte = access.get_acte_ou_404(role, convention_id, numero)
    acte.convention = access.get_convention_ou_404(role, convention_id)
    attente = attente_de(acte, role)
    garde = request.session.get(_cle(acte), {})
    qualite = getattr(getattr(role, "membre", None), "fonction", "")
    initial = {"qualite": qualite, **garde, "sha256_lu": acte.sha256}
    form = SignatureForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST":
        if attente is not None:
            messages.error(request, f"{attente.titre}. {attente.texte}")
            return redirect("conventions:signer", role.pk, convention_id, numero)
        if form.is_valid() and (suite := _signer(request, role, acte, form)) is not None:
            return suite
    return render(request, "conventions/signature/signer.html", _contexte(request, role, acte, form, attente))


def _contexte(
    request: HttpRequest, role: Role, acte: Acte, form: SignatureForm, attente: Attente | None
) -> dict[str, Any]:
    exemplaire = acte.exemplaires.filter(type=TypePiece.EXEMPLAIRE).first()
    papier = role.type == TypeRole.STRUCTURE and acte.etape == Etape.A_SIGNER_STRUCTURE
    return {
        **resume(acte, role),
        "form": form,
        "attente": attente,
        "facteur_presente": bool(facteur_recent(request)),
        "a_un_facteur": a_un_facteur(role.utilisateur),
        "pour": "l’État" if role.type == TypeRole.ANCT else acte.convention.structure.nom,
        "exemplaire": exemplaire,
        "exemplaire_a_verifier": _a_verifier(exemplaire),
        "lien_papier": reverse("conventions:exemplaire", args=[role.pk, acte.convention_id, acte.numero])
        if papier
        else "",
        "lien_verifier_papier": reverse("conventions:verifier_exemplaire", args=[role.pk, exemplaire.pk])
        if exemplaire and role.type == TypeRole.ANCT and _a_verifier(exemplaire)
        else "",
    }


def _a_verifier(exemplaire: Piece | None) -> bool:
    return exemplaire is not None and exemplaire.etat == EtatPiece.RECUE


def resume(acte: Acte, role: Role) -> dict[str, Any]:
    """Ce que lit `conventions/signature/document.html` : le document, ses montants, ses signatures."""
    annees = acte.lignes.order_by("annee").values("annee").annotate(montant=Sum("montant"), plafond=Sum("plafond"))
    return {
        "acte": acte,
        "convention": acte.convention,
        "annees": list(annees),
        "postes": acte.lignes.order_by().values("poste").distinct().count(),
        "difference": differences.lire(acte) if acte.numero else None,
        "signatures": list(acte.signatures.select_related("role__utilisateur").order_by("signee_le", "pk")),
        "lien_document": reverse("conventions:document", args=[role.pk, acte.convention_id, acte.numero])
        if acte.propose_le
        else "",
        "retour": reverse("conventions:convention", args=[role.pk, acte.convention_id]),
    }


def contexte_signatures(role: Role, convention: Convention) -> dict[str, Any]:
    """Ce que lit `conventions/convention/signature.html` : l'acte à la signature, et si c'est à ce rôle de signer."""
    acte = Acte.objects.ouverts().filter(convention=convention, propose_le__isnull=False).first()
    if acte is None:
        return {"a_signer": None}
    acte.convention = convention
    signataire = role.type in SIGNATAIRES
    return {
        "a_signer": {
            "acte": acte,
            "maintenant": signataire and attente_de(acte, role) is None,
            "lien": reverse("conventions:signer", args=[role.pk, convention.pk, acte.numero]) if signataire else "",
        }
    }


# --- Sur papier ---------------------------------------------------------------------------------------------------


@role_requis(*SIGNATAIRES)
@lecture_ecriture
def exemplaire(request: HttpRequest, convention_id: int, numero: int) -> HttpResponseBase:
    """Déposer le document signé à la main, numérisé ou photographié."""
    role = role_de(request)
    acte = access.get_acte_ou_404(role, convention_id, numero)
    acte.convention = access.get_convention_ou_404(role, convention_id)
    form = DepotForm(request.POST, request.FILES) if request.method == "POST" else DepotForm()
    if form.is_bound and form.is_valid():
        try:
            actes_pieces.deposer_exemplaire(acte, form.cleaned_data["fichier"], par=role)
        except (TransitionImpossible, ValidationError) as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, "L’exemplaire signé est déposé. L’ANCT le vérifie, vous serez prévenu.")
            return redirect("conventions:exemplaire", role.pk, convention_id, numero)
    piece = acte.exemplaires.filter(type=TypePiece.EXEMPLAIRE).first()
    contexte = {
        **resume(acte, role),
        "form": form,
        "piece": piece,
        "niveau": {EtatPiece.REFUSEE: "error", EtatPiece.VALIDEE: "success"}.get(EtatPiece(piece.etat), "info")
        if piece
        else "",
        "etat_exemplaire": _MASCULIN[EtatPiece(piece.etat)] if piece else "",
        "attend": acte.etape == Etape.A_SIGNER_STRUCTURE,
        "lien_signer": reverse("conventions:signer", args=[role.pk, convention_id, numero]),
    }
    return render(request, "conventions/signature/exemplaire.html", contexte)


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def verifier_exemplaire(request: HttpRequest, piece_id: int) -> HttpResponseBase:
    """L'agent compare l'exemplaire au document, recopie ce qu'il y lit ; validé, il vaut signature."""
    role = role_de(request)
    piece = access.get_piece_ou_404(role, piece_id)
    if piece.type != TypePiece.EXEMPLAIRE or piece.acte is None:
        raise Http404("Cette pièce n’est pas un exemplaire signé.")
    acte = piece.acte
    acte.convention = piece.convention
    form = VerificationForm(request.POST if request.method == "POST" else None, initial={"sha256_lu": piece.sha256})
    if request.method == "POST" and form.is_valid():
        try:
            actes.valider_exemplaire(piece, par=role, **form.cleaned_data)
        except (TransitionImpossible, ValidationError) as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, "L’exemplaire vaut signature de la structure. C’est à l’État de signer.")
            return redirect("conventions:signer", role.pk, acte.convention_id, acte.numero)
    contexte = {
        **resume(acte, role),
        "form": form,
        "piece": piece,
        "attend": piece.etat == EtatPiece.RECUE and acte.etape == Etape.A_SIGNER_STRUCTURE,
        "situation": f"Cet exemplaire est {_MASCULIN[EtatPiece(piece.etat)].lower()}. Quant au document, "
        f"{actes_pieces.phrase_de(acte)}.",
        "depose": jour(piece.deposee_le),
    }
    return render(request, "conventions/signature/verifier.html", contexte)
