"""La recherche des agents : structures et demandes de leur périmètre, par nom, identifiant ou référence."""

import re
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse

from conum.comptes.models import Role
from conum.demandes.models import Demande
from conum.portail.tableaux import lien_demande
from conum.structures.models import Structure

MAXIMUM = 20
"""Résultats montrés par sorte : au-delà, la personne précise sa recherche ou ouvre la liste."""
_REFERENCE = re.compile(r"D-?\s?0*(\d{1,9})", re.IGNORECASE)


@dataclass(frozen=True)
class Trouve:
    titre: str
    detail: str
    lien: str


@dataclass(frozen=True)
class Resultats:
    """`complet` est faux quand une des deux listes est coupée à MAXIMUM."""

    structures: list[Trouve]
    demandes: list[Trouve]
    complet: bool


def _structures(role: Role, saisie: str) -> list[Trouve]:
    trouvees = Structure.objects.visibles_par(role).actives().rechercher(saisie).select_related("commune__departement")
    return [
        Trouve(s.nom, f"{s.commune} – {s.identifiant}", reverse("structures:fiche", args=[role.pk, s.pk]))
        for s in trouvees.order_by("nom_recherche", "pk")[: MAXIMUM + 1]
    ]


def _demandes(role: Role, saisie: str) -> list[Trouve]:
    critere = Q(structure__in=Structure.objects.visibles_par(role).rechercher(saisie).order_by().values("pk"))
    if reference := _REFERENCE.fullmatch(saisie.strip()):
        critere = Q(pk=int(reference[1]))
    trouvees = Demande.objects.visibles_par(role).filter(critere).select_related("structure", "commune")
    return [
        Trouve(
            f"{d.reference} – {d.structure}",
            f"{d.get_nature_display()}, {d.get_etat_display().lower()}",
            lien_demande(role, d.pk),
        )
        for d in trouvees.order_by("-deposee_le", "pk")[: MAXIMUM + 1]
    ]


def chercher(role: Role, saisie: str) -> Resultats:
    structures, demandes = _structures(role, saisie), _demandes(role, saisie)
    complet = max(len(structures), len(demandes)) <= MAXIMUM
    return Resultats(structures[:MAXIMUM], demandes[:MAXIMUM], complet)
