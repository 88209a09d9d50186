"""Les incohérences à réparer : une sorte, une requête, une liste et le lien qui répare."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.postes.access import AGENTS
from conum.postes.models.alarmes import CONTRATS, POSTES, Alarme, toutes
from conum.postes.views import commun, postes
from conum.socle.http import lecture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent

Lien = Callable[[Role, Any], str]


def vers(nom: str) -> Lien:
    """Le lien vers la page `nom` de la ligne."""
    return lambda role, objet: reverse(nom, args=[role.pk, objet.pk])


# L'acte qui répare, ouvert à l'ANCT : (libellé, lien). Une app plus haute y ajoute les siens.
GESTES: dict[str, tuple[str, Lien]] = {
    "sans-rattachement": ("Notifier la rupture", vers("postes:notifier_rupture")),
    "au-dela": ("Rectifier le contrat", vers("postes:corriger")),
    "echus": ("Renouveler ou terminer", vers("postes:contrat")),
    "ruptures": ("Voir la rupture", vers("postes:contrat")),
    "sans-compte": ("Notifier la rupture", vers("postes:notifier_rupture")),
    "vacants": ("Retirer le poste", vers("postes:retirer")),
    "fusionnees": ("Transférer le poste", vers("postes:transferer")),
}


@role_requis(*AGENTS)
@lecture
def alarmes(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    jour = timezone.localdate()
    lignes = [
        {
            "alarme": alarme,
            "nombre": alarme.requete(role, jour).count(),
            "lien": reverse("postes:alarme", args=[role.pk, code]),
        }
        for code, alarme in toutes().items()
    ]
    return render(request, "postes/alarmes.html", {"lignes": lignes, "total": sum(ligne["nombre"] for ligne in lignes)})


def _geste(role: Role, alarme: Alarme) -> Colonne:
    titre, lien = GESTES[alarme.code]
    if role.type != TypeRole.ANCT:
        # La préfecture constate ; l'ANCT répare.
        titre, lien = "Voir", SORTES[alarme.sur].page
    return Colonne("geste", "À faire", lambda _: titre, lien=lambda objet: lien(role, objet))


def _colonnes_contrats(role: Role) -> list[Colonne]:
    return [
        Colonne(
            "reference", "Contrat", lambda c: c.reference, tri="pk", lien=lambda c: commun.lien_contrat(role, c.pk)
        ),
        Colonne("structure", "Structure", lambda c: c.structure_nom, tri=SansAccent("structure_nom")),
        Colonne("departement", "Département", lambda c: c.departement_code, tri="departement_code"),
        Colonne("poste", "Poste", lambda c: c.poste.reference, tri="poste__numero"),
        Colonne("personne", "Personne", lambda c: c.personne.get_full_name(), tri=SansAccent("personne__nom")),
        Colonne("debut", "Début", lambda c: c.debut, tri="periode__startswith"),
        Colonne("fin", "Dernier jour", lambda c: c.dernier_jour, tri="occupation__endswith"),
        Colonne("etat", "État", lambda c: c.get_etat_display(), tri="etat", niveau=commun.niveau_contrat),
    ]


@dataclass(frozen=True)
class Sorte:
    """Comment se lisent les lignes d'une alarme : colonnes, tri, page d'une ligne, et ce qu'il faut joindre."""

    colonnes: Callable[[Role], list[Colonne]]
    tri: str
    page: Lien
    preparer: Callable[[Any], Any] = lambda requete: requete


SORTES: dict[str, Sorte] = {
    CONTRATS: Sorte(_colonnes_contrats, "fin", vers("postes:contrat")),
    POSTES: Sorte(postes.colonnes, "vacant", vers("postes:poste"), postes.avec_relations),
}
"""Une app plus haute y ajoute la sienne."""


@role_requis(*AGENTS)
@lecture
def alarme(request: HttpRequest, code: str) -> HttpResponseBase:
    role = role_de(request)
    lue = toutes().get(code)
    if lue is None:
        raise Http404("Alarme inconnue.")
    sorte = SORTES[lue.sur]
    requete: Any = sorte.preparer(lue.requete(role, timezone.localdate()))
    page = Liste(request, requete, [*sorte.colonnes(role), _geste(role, lue)], sorte.tri, f"alarme-{code}")
    if (fichier := page.export()) is not None:
        return fichier
    return render(request, "postes/alarme.html", {"liste": page, "alarme": lue})
