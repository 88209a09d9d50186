"""Télécharger un document : celui qui est à signer ou signé, ou le projet d'un acte en préparation."""

from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase

from conum.comptes.middleware import role_de
from conum.comptes.models import TypeRole
from conum.conventions.access import LECTEURS, get_acte_ou_404, get_convention_ou_404
from conum.conventions.actions import documents
from conum.conventions.models import Acte, Etape
from conum.socle import pdf
from conum.socle.http import lecture, role_requis


@role_requis(*LECTEURS)
@lecture
def document(request: HttpRequest, convention_id: int, numero: int) -> HttpResponseBase:
    """Le PDF tel qu'il a été figé, octet pour octet."""
    acte = get_acte_ou_404(role_de(request), convention_id, numero)
    if not acte.document:
        raise Http404("Ce document n'est pas encore à la signature.")
    return FileResponse(
        acte.document.open(), as_attachment=True, filename=f"{acte.reference}.pdf", content_type="application/pdf"
    )


@role_requis(TypeRole.ANCT)
@lecture
def projet(request: HttpRequest, convention_id: int) -> HttpResponseBase:
    """Ce que donnerait l'acte en préparation, marqué « projet »."""
    convention = get_convention_ou_404(role_de(request), convention_id)
    actes = Acte.objects.ouverts().filter(convention=convention)
    acte = actes.select_related("convention__structure__commune", "convention__departement").first()
    if acte is None or acte.etape != Etape.BROUILLON:
        raise Http404("Aucun acte n'est en préparation.")
    return pdf.reponse(documents.apercu(acte), f"projet-{acte.reference}")
