"""Les coordonnées bancaires d'une structure ou d'un organisme : masquées partout, vérifiées par une autre personne."""

from typing import Any

from django.contrib import messages
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.conventions.models import Piece, TypePiece
from conum.formations.access import get_organisme_ou_404
from conum.formations.models import Organisme
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes.access import est_anct
from conum.postes.forms.contrats import MotifForm
from conum.socle.http import lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.structures.access import get_structure_ou_404
from conum.structures.models import Structure
from conum.versements import access
from conum.versements.access import get_rib_ou_404
from conum.versements.actions import ribs as actes
from conum.versements.forms.ribs import ConfirmationForm, RibForm
from conum.versements.models import Rib
from conum.versements.models.rib import Beneficiaire
from conum.versements.rules.iban import par_quatre
from conum.versements.states import EtatRib
from conum.versements.views import commun

TITULAIRES = (TypeRole.ANCT, TypeRole.STRUCTURE)


def _structure(role: Role, pk: int) -> Structure:
    """La structure, si ce rôle en lit le compte."""
    structure = get_structure_ou_404(role, pk)
    if not access.peut_lire_rib(role, structure):
        raise Http404("Structure inconnue.")
    return structure


def _colonnes(role: Role) -> list[Colonne]:
    return [
        Colonne("structure", "Bénéficiaire", lambda r: r.beneficiaire.nom,
                tri=SansAccent(Coalesce("structure__denomination", "organisme__nom")),
                lien=lambda r: commun.lien_rib(role, r.beneficiaire)),
        Colonne("departement", "Département", lambda r: r.structure.commune.departement_id if r.structure else "",
                tri="structure__commune__departement"),
        Colonne("compte", "Compte", lambda r: r.masque),
        Colonne("titulaire", "Titulaire", lambda r: r.titulaire, tri=SansAccent("titulaire")),
        Colonne("saisi_par", "Saisi par", lambda r: r.saisi_par.get_full_name()),
        Colonne("saisi_le", "Saisi le", lambda r: r.created_at, tri="created_at"),
    ]  # fmt: skip


@role_requis(TypeRole.ANCT)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    """Ce qui attend une seconde personne."""
    role = role_de(request)
    a_confirmer = Rib.objects.filter(etat=EtatRib.PROPOSE).select_related(
        "structure__commune", "organisme", "saisi_par"
    )
    page = Liste(request, a_confirmer, _colonnes(role), "saisi_le", "coordonnees-a-confirmer")
    if (fichier := page.export()) is not None:
        return fichier
    return render(request, "versements/ribs/liste.html", {"liste": page})


@role_requis(*TITULAIRES)
@lecture
def rib(request: HttpRequest, structure_pk: int) -> HttpResponseBase:
    role = role_de(request)
    return _page(request, role, _structure(role, structure_pk))


@role_requis(TypeRole.ANCT, TypeRole.ORGANISME)
@lecture
def rib_organisme(request: HttpRequest, organisme_pk: int) -> HttpResponseBase:
    role = role_de(request)
    return _page(request, role, get_organisme_ou_404(role, organisme_pk))


@role_requis(TypeRole.ORGANISME)
@lecture
def mon_compte(request: HttpRequest) -> HttpResponseBase:
    """L'entrée du menu d'un organisme : son compte."""
    role = role_de(request)
    return redirect(commun.lien_rib(role, get_object_or_404(Organisme, code=role.code)))


def _page(request: HttpRequest, role: Role, qui: Beneficiaire) -> HttpResponseBase:
    structure = qui if isinstance(qui, Structure) else None
    tous = list(qui.ribs.select_related("saisi_par", "confirme_par").order_by("-pk"))
    propose = next((r for r in tous if r.etat == EtatRib.PROPOSE), None)
    entrees = Entree.objects.filter(objet_type=Rib._meta.label, objet_id__in=[str(r.pk) for r in tous]).order_by("pk")
    contexte = {
        "qui": qui,
        "structure": structure,
        "actif": next((r for r in tous if r.etat == EtatRib.ACTIF), None),
        "propose": propose,
        "anciens": [
            {"rib": r, "niveau": commun.niveau_rib(r)} for r in tous if r.etat in (EtatRib.REMPLACE, EtatRib.REFUSE)
        ],
        "peut_saisir": access.peut_saisir_rib(role, qui) and not (structure and structure.fusionnee_dans_id),
        "lien_saisir": _lien_saisir(role, qui),
        "peut_confirmer": propose is not None and access.peut_confirmer_rib(role, propose),
        "l_a_saisi": propose is not None and est_anct(role) and propose.saisi_par_id == role.utilisateur_id,
        "anct": est_anct(role),
        "journal": commun.etapes(entrees),
        "de_la_structure": role.type == TypeRole.STRUCTURE,
        "de_l_organisme": role.type == TypeRole.ORGANISME,
    }
    return render(request, "versements/ribs/rib.html", contexte)


def _lien_saisir(role: Role, qui: Beneficiaire) -> str:
    nom = "saisir_rib_organisme" if isinstance(qui, Organisme) else "saisir_rib"
    return reverse(f"versements:{nom}", args=[role.pk, qui.pk])


@role_requis(*TITULAIRES)
@lecture_ecriture
def saisir(request: HttpRequest, structure_pk: int) -> HttpResponseBase:
    role = role_de(request)
    return _saisir(request, role, _structure(role, structure_pk), "Chaque membre de la structure est prévenu.")


@role_requis(TypeRole.ANCT, TypeRole.ORGANISME)
@lecture_ecriture
def saisir_organisme(request: HttpRequest, organisme_pk: int) -> HttpResponseBase:
    """Le second facteur est demandé avant d'afficher le formulaire, et revérifié à l'envoi."""
    role = role_de(request)
    organisme = get_organisme_ou_404(role, organisme_pk)
    if (suite := commun.exiger_facteur(request, request.path)) is not None:
        return suite
    return _saisir(request, role, organisme, "Chaque agent de l’organisme est prévenu.")


def _saisir(request: HttpRequest, role: Role, qui: Beneficiaire, prevenus: str) -> HttpResponseBase:
    retour = commun.lien_rib(role, qui)
    form = RibForm(request.POST or None, initial={"titulaire": qui.nom[:70]})
    return commun.page_formulaire(
        request,
        form,
        lambda lues: actes.proposer_rib(qui, par=role, **lues),
        textes={
            "titre": "Saisir le compte de l’organisme" if isinstance(qui, Organisme) else "Saisir un compte bancaire",
            "intro": f"{qui.nom}. Une seconde personne, à l’ANCT, le compare au relevé d’identité bancaire.",
            "points": (
                prevenus,
                "L’État continue de verser sur le compte actuel tant que celui-ci n’est pas confirmé.",
            ),
            "bouton": "Enregistrer ce compte",
            "fait": "Le compte est enregistré. Il attend d’être confirmé.",
        },
        retour=retour,
        nom_retour="Coordonnées bancaires",
    )


@role_requis(TypeRole.ANCT)
@never_cache
@lecture_ecriture
def confirmer(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Deux boutons : afficher l'IBAN (au journal), puis confirmer. Chacun demande un second facteur récent."""
    role = role_de(request)
    lu = get_rib_ou_404(role, pk)
    page = commun.lien_rib(role, lu.beneficiaire)
    if lu.etat != EtatRib.PROPOSE or not access.peut_confirmer_rib(role, lu):
        messages.error(request, _pourquoi_pas(lu))
        return redirect(page)
    iban, form = "", ConfirmationForm()
    if request.method == "POST":
        if (suite := commun.exiger_facteur(request, request.path)) is not None:
            return suite
        try:
            if "afficher" in request.POST:
                iban = par_quatre(actes.consulter_rib(lu, par=role))
            else:
                form = ConfirmationForm(request.POST)
                if form.is_valid():
                    actes.confirmer_rib(lu, par=role)
                    messages.success(request, "Le compte est confirmé. Son titulaire est prévenu.")
                    return redirect(page)
        except TransitionImpossible as erreur:
            messages.error(request, str(erreur))
            return redirect(page)
    contexte = {"rib": lu, "iban": iban, "form": form, "retour": page, "pieces": _releves(role, lu)}
    return render(request, "versements/ribs/confirmer.html", contexte)


def _pourquoi_pas(rib: Rib) -> str:
    if rib.etat != EtatRib.PROPOSE:
        return "Ces coordonnées n’attendent plus d’être confirmées."
    return "Vous avez saisi ce compte : une autre personne le confirme."


def _releves(role: Role, rib: Rib) -> list[dict[str, Any]]:
    """Les relevés déposés par la structure, le plus récent d'abord ; un organisme n'en dépose pas ici."""
    pieces = Piece.objects.filter(
        convention__structure=rib.structure_id, type=TypePiece.RIB, efface_le=None
    ).exclude(fichier="")  # fmt: skip
    return [
        {
            "convention": p.convention.reference,
            "le": p.deposee_le,
            "etat": p.get_etat_display(),
            "lien": reverse("conventions:piece", args=[role.pk, p.pk]),
        }
        for p in pieces.select_related("convention").order_by("-deposee_le", "-pk")
    ]


def _ecarter(request: HttpRequest, pk: int, acte: Any, textes: dict[str, str]) -> HttpResponseBase:
    role = role_de(request)
    lu = get_rib_ou_404(role, pk)
    return commun.page_formulaire(
        request,
        MotifForm(request.POST or None),
        lambda lues: acte(lu, motif=lues["motif"], par=role),
        textes={"intro": f"{lu.beneficiaire.nom}, compte {lu.masque}, {lu.titulaire}.", **textes},
        retour=commun.lien_rib(role, lu.beneficiaire),
        nom_retour="Coordonnées bancaires",
    )


@role_requis(*TITULAIRES, TypeRole.ORGANISME)
@lecture_ecriture
def refuser(request: HttpRequest, pk: int) -> HttpResponseBase:
    textes = {
        "titre": "Refuser ce compte",
        "bouton": "Refuser ce compte",
        "fait": "Le compte est refusé : rien n’y sera versé. Son titulaire est prévenu.",
    }
    return _ecarter(request, pk, actes.refuser_rib, textes)


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def retirer(request: HttpRequest, pk: int) -> HttpResponseBase:
    textes = {
        "titre": "Retirer le compte actif",
        "bouton": "Retirer ce compte",
        "fait": "Le compte est retiré : plus rien ne s’y verse. Son titulaire est prévenu.",
    }
    return _ecarter(request, pk, actes.retirer_rib, textes)
