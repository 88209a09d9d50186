"""Préparer un lot : ce qui attend d'être payé, et ce que l'on y met."""

from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import TypeRole
from conum.socle.http import lecture_ecriture, role_requis
from conum.socle.texte import euros
from conum.versements.actions import lots as actes
from conum.versements.actions.paiements_etats import payables
from conum.versements.forms.lots import ETATS, SUBVENTIONS, PreparationForm
from conum.versements.models import Echeance, Lot
from conum.versements.views import commun

ZERO = Decimal(0)


def etats_libres() -> dict[str, Any]:
    """Les états récapitulatifs validés que rien n'empêche de payer : combien, et quel total."""
    return payables().order_by().values("pk", "total").aggregate(nombre=Count("pk"), total=Sum("total"))


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def preparer(request: HttpRequest) -> HttpResponseBase:
    """Ce qui est à verser, ou un département, les états de formation ; le lot se relit avant d'être présenté."""
    role = role_de(request)
    libres = Echeance.objects.a_mettre_en_lot()
    resume = libres.aggregate(nombre=Count("pk"), total=Sum("montant"))
    etats = etats_libres()

    def acte(lues: dict[str, Any]) -> Lot:
        voulues = libres.filter(convention__departement=lues["departement"]) if lues["departement"] else libres
        contenu = lues["contenu"] or SUBVENTIONS
        cles = voulues.order_by("pk").values_list("pk", flat=True) if contenu != ETATS else []
        des_etats = payables().values_list("pk", flat=True) if contenu != SUBVENTIONS else []
        return actes.preparer_lot(execution_le=lues["execution_le"], echeances=cles, etats=des_etats, par=role)

    return commun.page_formulaire(
        request,
        PreparationForm(request.POST or None),
        acte,
        textes={
            "titre": "Préparer un lot",
            "intro": f"Échéances à verser : {resume['nombre']}, pour {euros(resume['total'] or ZERO)}.",
            "points": (
                f"États de formation validés : {etats['nombre']}, pour {euros(etats['total'] or ZERO)}.",
                "Vous pourrez retirer des lignes avant de le présenter.",
                "Une autre personne l’approuve : ni vous, ni la machine.",
            ),
            "bouton": "Préparer le lot",
            "fait": "Le lot est préparé. Relisez-le, puis présentez-le à l’approbation.",
        },
        retour=reverse("versements:lots", args=[role.pk]),
        nom_retour="Lots",
        suite=lambda lot: commun.lien_lot(role, lot.pk),
    )
