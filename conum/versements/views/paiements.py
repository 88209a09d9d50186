"""Le paiement des états récapitulatifs validés : à payer, dans un lot, payé, rejeté."""

from decimal import Decimal

from django.db.models import Count, DateField, OuterRef, Q, Subquery, Sum
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations.forms.etats import nom_du_mois
from conum.formations.models import EtatRecapitulatif
from conum.formations.states import EtatRecap
from conum.socle.http import lecture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.versements.actions.paiements_etats import Paiement, avec_paiement
from conum.versements.models import LigneLot

NIVEAUX = {
    Paiement.A_PAYER: "new",
    Paiement.EN_LOT: "info",
    Paiement.PAYE: "success",
    Paiement.REJETE: "error",
}


def _colonnes(role: Role) -> list[Colonne]:
    def compte(e: EtatRecapitulatif) -> str:
        return "" if e.compte_actif else "Aucun compte confirmé"  # type: ignore[attr-defined]

    return [
        Colonne("reference", "État récapitulatif", lambda e: e.reference, tri="numero",
                lien=lambda e: reverse("formations:etat", args=[role.pk, e.pk])),
        Colonne("organisme", "Organisme", lambda e: e.organisme.nom, tri=SansAccent("organisme__nom"),
                a_l_ecran=role.type == TypeRole.ANCT),
        Colonne("mois", "Mois", lambda e: nom_du_mois(e.mois), tri="mois"),
        Colonne("total", "Montant", lambda e: e.total, tri="total"),
        Colonne("paiement", "Paiement", lambda e: Paiement(e.paiement).label, tri="paiement",
                niveau=lambda e: NIVEAUX[Paiement(e.paiement)]),
        Colonne("paye_le", "Payé le", lambda e: e.paye_le, tri="paye_le"),
        Colonne("valide", "Validé le", lambda e: e.valide_le, tri="valide_le"),
        Colonne("compte", "À régler", compte),
    ]  # fmt: skip


@role_requis(TypeRole.ANCT, TypeRole.ORGANISME)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    """L'ANCT lit tous les organismes, un organisme les siens."""
    role = role_de(request)
    valides = EtatRecapitulatif.objects.visibles_par(role).filter(etat=EtatRecap.VALIDE)
    lus = avec_paiement(valides)
    payee = LigneLot.objects.filter(etat_recapitulatif=OuterRef("pk"), actif=True)
    dates = lus.annotate(paye_le=Subquery(payee.values("payee_le")[:1], output_field=DateField()))
    page = Liste(request, dates.select_related("organisme"), _colonnes(role), "-reference", "paiements-des-etats")
    if (export := page.export()) is not None:
        return export
    sommes = lus.aggregate(
        **{code: Sum("total", filter=Q(paiement=code)) for code in Paiement.values},
        sans_compte=Count("pk", filter=Q(compte_actif=False) & ~Q(paiement=Paiement.PAYE)),
    )
    contexte = {
        "liste": page,
        "sommes": [(p.label, sommes[p.value] or Decimal(0)) for p in Paiement],
        "sans_compte": sommes["sans_compte"],
        "anct": role.type == TypeRole.ANCT,
    }
    return render(request, "versements/paiements/liste.html", contexte)
