"""Les sommes à rendre et le solde d'une convention : la liste, le calcul, la lettre."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.conventions.access import LECTEURS, get_convention_ou_404
from conum.conventions.models import Convention
from conum.journal.workflow import TransitionImpossible
from conum.socle import pdf
from conum.socle.http import ecriture, lecture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.socle.texte import euros
from conum.ui.templatetags.ui import jour
from conum.versements import access
from conum.versements.access import get_echeance_ou_404
from conum.versements.actions import reversements as actes
from conum.versements.models import Echeance, Nature, Solde
from conum.versements.states import Etat
from conum.versements.views import commun

GABARIT = Path(__file__).parent.parent / "documents" / "reversement.typ"
_ONGLETS = {
    "a_rendre": ("À rendre", Q(etat=Etat.REVERSEMENT_DEMANDE)),
    "recus": ("Rendus", Q(etat=Etat.REVERSEMENT_RECU)),
    "renonces": ("Renoncés", Q(etat=Etat.ANNULE, remplacee_par=None)),
    "remplaces": ("Remplacés", Q(etat=Etat.ANNULE, remplacee_par__isnull=False)),
}


def _colonnes(role: Role) -> list[Colonne]:
    de_tous = role.type != TypeRole.STRUCTURE

    def lettre(e: Echeance) -> str:
        return "Lettre (PDF)" if e.etat == Etat.REVERSEMENT_DEMANDE else ""

    def lien_lettre(e: Echeance) -> str:
        return reverse("versements:lettre_reversement", args=[role.pk, e.pk]) if lettre(e) else ""

    return [
        Colonne("reference", "Référence", lambda e: e.reference, tri="numero",
                lien=lambda e: commun.lien_echeance(role, e.pk)),
        Colonne("structure", "Structure", lambda e: e.convention.structure.nom, a_l_ecran=de_tous,
                tri=SansAccent("convention__structure__denomination")),
        Colonne("convention", "Convention", lambda e: e.convention.reference, tri="convention__numero",
                lien=lambda e: commun.lien_convention(role, e.convention_id)),
        Colonne("montant", "Montant", lambda e: e.montant, tri="montant"),
        Colonne("motif", "Pourquoi", lambda e: e.motif),
        Colonne("demande", "Demandé le", lambda e: timezone.localdate(e.created_at), tri="created_at"),
        Colonne("recu", "Reçu le", lambda e: e.realisee_le, tri="realisee_le"),
        Colonne("etat", "État", lambda e: e.get_etat_display(), tri="etat", niveau=commun.niveau, a_l_ecran=False),
        Colonne("lettre", "Document", lettre, lien=lien_lettre),
    ]  # fmt: skip


@role_requis(*LECTEURS)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    visibles = Echeance.objects.visibles_par(role).filter(nature=Nature.REVERSEMENT)
    onglet = request.GET.get("onglet", "")
    onglet = onglet if onglet in _ONGLETS else "a_rendre"
    suivis = visibles.filter(_ONGLETS[onglet][1]).select_related("convention__structure")
    page = Liste(request, suivis, _colonnes(role), "-demande", "reversements")
    if (fichier := page.export()) is not None:
        return fichier
    comptes = visibles.order_by().aggregate(
        **{f"n_{cle}": Count("pk", filter=q) for cle, (_, q) in _ONGLETS.items()},
        **{f"s_{cle}": Sum("montant", filter=q) for cle, (_, q) in _ONGLETS.items()},
    )
    contexte = {
        "liste": page,
        "titre_onglet": _ONGLETS[onglet][0],
        "total": comptes[f"s_{onglet}"],
        "de_la_structure": role.type == TypeRole.STRUCTURE,
        "onglets": [
            {"titre": titre, "nombre": comptes[f"n_{cle}"], "actif": cle == onglet,
             "lien": page.adresse(onglet=cle, page="", tri="")}
            for cle, (titre, _) in _ONGLETS.items()
        ],
    }  # fmt: skip
    return render(request, "versements/justificatifs/reversements.html", contexte)


@role_requis(*LECTEURS)
@lecture
def lettre(request: HttpRequest, pk: int) -> HttpResponseBase:
    """La demande de reversement, à imprimer : le montant, pourquoi, le calcul, la référence à rappeler."""
    echeance = get_echeance_ou_404(role_de(request), pk)
    if echeance.etat != Etat.REVERSEMENT_DEMANDE:
        raise Http404("Cette somme n’est pas, ou plus, à rendre.")
    return pdf.reponse(pdf.produire(GABARIT, _donnees(echeance)), f"reversement-{echeance.reference}")


def _donnees(echeance: Echeance) -> dict[str, Any]:
    convention = echeance.convention
    structure = convention.structure
    return {
        "reference": echeance.reference,
        "le": jour(timezone.localdate(echeance.created_at)),
        "structure": structure.nom,
        "siret": structure.siret or structure.ridet or "",
        "adresse": structure.adresse_complete,
        "convention": convention.reference,
        "periode": convention.libelle_periode,
        "poste": echeance.poste.poste.reference if echeance.poste else "",
        "montant": euros(echeance.montant),
        "motif": echeance.motif,
        "trace": list(echeance.trace),
        "adresse_site": settings.SITE_URL,
    }


# --- Le solde ---------------------------------------------------------------------------------------------------------


@role_requis(*LECTEURS)
@lecture
def solde(request: HttpRequest, convention_pk: int) -> HttpResponseBase:
    """Les comptes d'une convention : arrêtés, ou ce qui les retient et ce qu'ils donneraient aujourd'hui."""
    role = role_de(request)
    convention = get_convention_ou_404(role, convention_pk)
    arrete = Solde.objects.filter(convention=convention).select_related("echeance").first()
    retient: list[str] = [] if arrete else actes.ce_qui_retient_le_solde(convention)
    contexte = {
        "convention": convention,
        "solde": arrete,
        "retient": retient,
        "finie": actes.est_finie(convention),
        # Tant qu'un terme est ouvert, la structure n'a pas à lire un montant qui va changer.
        "calcul": _apercu(convention) if not arrete and (not retient or role.type == TypeRole.ANCT) else None,
        "peut_solder": not arrete and not retient and access.peut_ordonnancer(role),
        "lien_echeance": commun.lien_echeance(role, arrete.echeance_id) if arrete and arrete.echeance_id else "",
        "de_la_structure": role.type == TypeRole.STRUCTURE,
    }
    return render(request, "versements/justificatifs/solde.html", contexte)


def _apercu(convention: Convention) -> Any:
    if not actes.est_finie(convention):
        return None
    try:
        return actes.calculer_le_solde(convention)[2]
    except TransitionImpossible:
        return None


@role_requis(TypeRole.ANCT)
@ecriture
def solder(request: HttpRequest, convention_pk: int) -> HttpResponseBase:
    role = role_de(request)
    convention = get_convention_ou_404(role, convention_pk)
    try:
        actes.solder_convention(convention, par=role)
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
    else:
        messages.success(request, "Les comptes de la convention sont arrêtés. La structure est prévenue.")
    return redirect("versements:solde", role.pk, convention.pk)
