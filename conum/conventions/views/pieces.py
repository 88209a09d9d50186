"""Les pièces d'une convention : la structure dépose, l'ANCT examine ; chacun voit ce qu'il a à faire."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.conventions import access
from conum.conventions.actions import pieces as actes
from conum.conventions.forms.pieces import DU_DOSSIER, DemandeForm, DepotForm, FiltresPieces, RefusForm
from conum.conventions.models import Convention, Piece, TypePiece
from conum.conventions.states import EN_PREPARATION, EN_VIGUEUR, EtatPiece
from conum.journal.workflow import TransitionImpossible
from conum.postes.views.commun import acte_direct
from conum.socle import depot
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.structures.models import Structure
from conum.ui.forms import reporter
from conum.ui.templatetags.ui import jour

DEPOSANTS = (TypeRole.STRUCTURE, TypeRole.ANCT)
OUVERTES = EN_PREPARATION | EN_VIGUEUR
NIVEAUX = {
    EtatPiece.DEMANDEE: "new",
    EtatPiece.RECUE: "info",
    EtatPiece.REFUSEE: "error",
    EtatPiece.VALIDEE: "success",
}
_USAGE, _DENOMINATION = "convention__structure__nom_usage", "convention__structure__denomination"
_NOM = SansAccent(Coalesce(NullIf(F(_USAGE), Value("")), F(_DENOMINATION)))


def niveau(piece: Piece) -> str:
    return NIVEAUX[EtatPiece(piece.etat)]


def suite_de(piece: Piece, role: Role) -> str:
    """Ce que cette pièce attend de qui la regarde."""
    anct = role.type == TypeRole.ANCT
    if piece.efface_le:
        return f"Fichier effacé le {jour(piece.efface_le)}, à la fin de sa conservation."
    match piece.etat:
        case EtatPiece.DEMANDEE:
            return "La structure doit la déposer." if anct else "À déposer."
        case EtatPiece.RECUE:
            recue = f"Reçue le {jour(piece.deposee_le)}"
            return f"{recue}, à examiner." if anct else f"{recue}. L’ANCT l’examine, vous n’avez rien à faire."
        case EtatPiece.REFUSEE:
            return "Refusée, la structure doit en déposer une autre." if anct else "Refusée. Déposez-en une autre."
        case _:
            return "Validée." if anct else "Validée, vous n’avez rien à faire."


def lien_de(piece: Piece, role: Role) -> str:
    """La page où cette pièce se traite : un exemplaire signé a la sienne."""
    if piece.type == TypePiece.EXEMPLAIRE and piece.acte is not None:
        if role.type == TypeRole.ANCT:
            return reverse("conventions:verifier_exemplaire", args=[role.pk, piece.pk])
        return reverse("conventions:exemplaire", args=[role.pk, piece.convention_id, piece.acte.numero])
    return reverse("conventions:piece", args=[role.pk, piece.pk])


def contexte_pieces(role: Role, convention: Convention) -> dict[str, Any]:
    """Ce que lit `conventions/convention/pieces.html` ; vide pour qui n'a pas à lire les pièces."""
    if role.type not in DEPOSANTS:
        return {"pieces": [], "pieces_lisibles": False, "lien_demander_piece": "", "pieces_a_faire": 0}
    lignes: list[dict[str, Any]] = [
        {"piece": p, "niveau": niveau(p), "suite": suite_de(p, role), "lien": lien_de(p, role)}
        for p in convention.pieces.select_related("acte").order_by("acte__numero", "pk")
        if not (p.acte and p.acte.retire_le)
    ]
    a_faire = _a_faire(role)
    deja = {p["piece"].type for p in lignes}
    peut = access.peut_preparer(role, convention) and convention.etat in OUVERTES
    peut = peut and any(code not in deja for code, _ in DU_DOSSIER)
    return {
        "pieces": lignes,
        "pieces_lisibles": True,
        "pieces_a_faire": sum(p["piece"].etat in a_faire for p in lignes),
        "lien_demander_piece": reverse("conventions:demander_piece", args=[role.pk, convention.pk]) if peut else "",
    }


def _a_faire(role: Role) -> set[EtatPiece]:
    """Les pièces qui attendent ce rôle."""
    return {EtatPiece.RECUE} if role.type == TypeRole.ANCT else {EtatPiece.DEMANDEE, EtatPiece.REFUSEE}


def _suivante(piece: Piece, role: Role) -> dict[str, str] | None:
    """La prochaine pièce du dossier qui attend ce rôle, une fois celle-ci faite."""
    if piece.etat in _a_faire(role):
        return None
    autre = piece.convention.pieces.filter(etat__in=_a_faire(role), acte=None).order_by("pk").first()
    return {"titre": autre.get_type_display(), "lien": lien_de(autre, role)} if autre else None


def _retour(role: Role, convention_pk: int) -> str:
    return reverse("conventions:convention", args=[role.pk, convention_pk])


@role_requis(*DEPOSANTS)
@lecture_ecriture
def piece(request: HttpRequest, piece_id: int) -> HttpResponseBase:
    """Une pièce : où elle en est, la déposer ou la remplacer ; l'ANCT la valide ou la refuse."""
    role = role_de(request)
    lue = access.get_piece_ou_404(role, piece_id)
    if lue.type == TypePiece.EXEMPLAIRE:
        return redirect(lien_de(lue, role))
    form = DepotForm(request.POST, request.FILES) if request.method == "POST" else DepotForm()
    if form.is_bound and form.is_valid():
        try:
            actes.deposer_piece(lue, form.cleaned_data["fichier"], par=role)
        except (TransitionImpossible, ValidationError) as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, "Le fichier est déposé.")
            return redirect("conventions:piece", role.pk, lue.pk)
    anct = role.type == TypeRole.ANCT
    ouverte = lue.convention.etat in OUVERTES
    titre_depot = "Remplacer le fichier" if lue.fichier else "Déposer la pièce"
    contexte = {
        "piece": lue,
        "convention": lue.convention,
        "niveau": niveau(lue),
        "suite": suite_de(lue, role),
        "form": form,
        "titre_depot": "Déposer à la place de la structure" if anct else titre_depot,
        "peut_deposer": ouverte and lue.etat != EtatPiece.VALIDEE,
        "peut_valider": anct and ouverte and lue.etat == EtatPiece.RECUE,
        "peut_refuser": anct and ouverte and lue.etat in (EtatPiece.RECUE, EtatPiece.VALIDEE),
        "retour": _retour(role, lue.convention_id),
        "suivante": _suivante(lue, role),
    }
    return render(request, "conventions/pieces/piece.html", contexte)


@role_requis(*DEPOSANTS)
@lecture
def fichier(request: HttpRequest, piece_id: int) -> HttpResponseBase:
    """Le fichier, à enregistrer : le navigateur ne l'ouvre pas dans nos pages."""
    lue = access.get_piece_ou_404(role_de(request), piece_id)
    return depot.servir(lue.fichier, f"{lue.convention.reference}-{lue.type}", absent="Cette pièce n’a pas de fichier.")


@role_requis(TypeRole.ANCT)
@ecriture
def valider(request: HttpRequest, piece_id: int) -> HttpResponseBase:
    role = role_de(request)
    lue = access.get_piece_ou_404(role, piece_id)
    return acte_direct(
        request,
        lambda: actes.valider_piece(lue, par=role, sha256_lu=request.POST.get("sha256_lu", "")),
        fait="La pièce est validée.",
        retour=reverse("conventions:piece", args=[role.pk, lue.pk]),
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def refuser(request: HttpRequest, piece_id: int) -> HttpResponseBase:
    role = role_de(request)
    lue = access.get_piece_ou_404(role, piece_id)
    form = RefusForm(request.POST if request.method == "POST" else None, initial={"sha256_lu": lue.sha256})
    if request.method == "POST" and form.is_valid():
        try:
            actes.refuser_piece(lue, par=role, **form.cleaned_data)
        except (TransitionImpossible, ValidationError) as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, "La pièce est refusée. La structure est prévenue.")
            return redirect(_retour(role, lue.convention_id))
    contexte = {"piece": lue, "convention": lue.convention, "form": form, "retour": lien_de(lue, role)}
    return render(request, "conventions/pieces/refuser.html", contexte)


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def demander(request: HttpRequest, convention_id: int) -> HttpResponseBase:
    role = role_de(request)
    convention = access.get_convention_ou_404(role, convention_id)
    deja = set(convention.pieces.values_list("type", flat=True))
    form = DemandeForm(request.POST if request.method == "POST" else None, deja=deja)
    if request.method == "POST" and form.is_valid():
        try:
            actes.demander_piece(convention, type=form.cleaned_data["type"], par=role)
        except (TransitionImpossible, ValidationError) as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, "La pièce est demandée. La structure est prévenue.")
            return redirect(_retour(role, convention.pk))
    contexte = {"convention": convention, "form": form, "retour": _retour(role, convention.pk)}
    return render(request, "conventions/pieces/demander.html", contexte)


def _a_examiner(role: Role) -> QuerySet[Piece]:
    visibles = Convention.objects.visibles_par(role).filter(etat__in=sorted(OUVERTES))
    pieces = Piece.objects.filter(convention__in=visibles.order_by().values("pk"), etat=EtatPiece.RECUE)
    pieces = pieces.filter(acte__retire_le=None)
    return pieces.select_related("convention__structure", "convention__departement", "acte")


def _filtrer(pieces: QuerySet[Piece], valeurs: dict[str, Any]) -> QuerySet[Piece]:
    if texte := valeurs.get("recherche"):
        structures = Structure.objects.rechercher(texte).order_by().values("pk")
        trouve = Q(convention__structure__in=structures)
        # Au-delà de neuf chiffres, c'est un SIRET.
        numero = texte.strip().upper().removeprefix("CV-")
        if numero.isdecimal() and len(numero) < 10:
            trouve |= Q(convention__numero=int(numero))
        pieces = pieces.filter(trouve)
    if "type" in valeurs:
        pieces = pieces.filter(type=valeurs["type"])
    if "departement" in valeurs:
        pieces = pieces.filter(convention__departement=valeurs["departement"])
    return pieces


def _colonnes(role: Role) -> list[Colonne]:
    def lien_convention(p: Piece) -> str:
        return _retour(role, p.convention_id)

    return [
        Colonne("piece", "Pièce", lambda p: p.get_type_display(), tri="type", lien=lambda p: lien_de(p, role)),
        Colonne("structure", "Structure", lambda p: p.convention.structure.nom, tri=_NOM),
        Colonne("convention", "Convention", lambda p: p.convention.reference, tri="convention__numero",
                lien=lien_convention),
        Colonne("departement", "Département", lambda p: p.convention.departement.nom, tri="convention__departement"),
        Colonne("etat", "État de la convention", lambda p: p.convention.get_etat_display(), a_l_ecran=False),
        Colonne("recue", "Reçue le", lambda p: timezone.localdate(p.deposee_le), tri="deposee_le"),
    ]  # fmt: skip


@role_requis(TypeRole.ANCT)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    """Les pièces reçues que personne n'a encore examinées, la plus ancienne d'abord."""
    role = role_de(request)
    filtres = FiltresPieces(request.GET)
    page = Liste(request, _filtrer(_a_examiner(role), filtres.valeurs()), _colonnes(role), "recue", "pieces")
    if (export := page.export()) is not None:
        return export
    return render(request, "conventions/pieces/liste.html", {"liste": page, "filtres": filtres})
