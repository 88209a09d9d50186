"""La prévision des places : le tableau, le graphique, et comment c'est calculé."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations.access import AGENTS
from conum.formations.actions import prevision as lectures
from conum.formations.forms.suivi import FiltresPrevision
from conum.formations.rules import prevision as regles
from conum.formations.views.graphique import tracer
from conum.socle import exports
from conum.socle.http import lecture, role_requis
from conum.socle.listes import FORMATS, adresse
from conum.territoires.models import Region

ENTETES = ("Mois", "Sans session", "Contrats validés", "Postes à pourvoir", "Besoin", "Places libres",
           "Sans place à la fin du mois")  # fmt: skip


def _ligne(mois: regles.Mois) -> list[Any]:
    return [mois.attentes, mois.contrats, mois.postes, mois.besoin, mois.places, mois.reste]


def _region_du_role(role: Role) -> Region | None:
    """La région d'une préfecture, de département ou de région ; aucune pour l'ANCT, qui voit le pays."""
    return role.departement.region if role.departement else role.region


@role_requis(*AGENTS)
@lecture
def prevision(request: HttpRequest) -> HttpResponseBase:
    role, jour = role_de(request), timezone.localdate()
    choisis = request.GET.copy()
    choisis.setdefault("delai", str(regles.DELAI_PAR_DEFAUT))
    filtres = FiltresPrevision(choisis, national=role.type == TypeRole.ANCT)
    valeurs = filtres.valeurs()
    delai, region = valeurs.get("delai", regles.DELAI_PAR_DEFAUT), valeurs.get("region") or _region_du_role(role)
    prevue = lectures.prevoir(role, jour=jour, delai=delai, region=region)
    lignes = [(date_format(m.premier, "F Y"), _ligne(m)) for m in prevue.mois]
    if (format_ := request.GET.get("format")) in FORMATS:
        exportees = [[nom, *nombres] for nom, nombres in lignes]
        return exports.reponse(format_, "prevision-formation", ENTETES, exportees)
    annonce = lectures.annonce(jour, region)
    contexte = {
        "filtres": filtres,
        "region": region,
        "delai": delai,
        "departement": role.departement,
        "entetes": ENTETES,
        "lignes": lignes,
        "total": _ligne(prevue.total),
        "au_dela": prevue.au_dela,
        "graphique": tracer(prevue, annonce=annonce.total),
        "annonce": annonce,
        "lien_csv": adresse(request, format="csv"),
        "lien_xlsx": adresse(request, format="xlsx"),
    }
    return render(request, "formations/suivi/prevision.html", contexte)
