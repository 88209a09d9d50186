"""Les alarmes des conventions sur la page des alarmes : colonnes et liens, inscrits par apps.ready()."""

from typing import Any

from django.urls import reverse

from conum.comptes.models import Role
from conum.conventions.models.alarmes import ALARMES, CONVENTIONS
from conum.conventions.views import commun
from conum.postes.models.alarmes import ALARMES_AJOUTEES
from conum.postes.views.alarmes import GESTES, SORTES, Sorte, vers
from conum.socle.listes import Colonne
from conum.socle.sql import SansAccent


def _colonnes(role: Role) -> list[Colonne]:
    return [
        Colonne(
            "reference", "Convention", lambda c: c.reference, tri="numero",
            lien=lambda c: commun.lien_convention(role, c.pk),
        ),
        Colonne("structure", "Structure", lambda c: c.structure.nom, tri=SansAccent("structure__denomination")),
        Colonne("departement", "Département", lambda c: c.departement_id, tri="departement_id"),
        Colonne("debut", "Début", lambda c: c.debut, tri="periode__startswith"),
        Colonne("fin", "Dernier jour", lambda c: c.dernier_jour, tri="periode__endswith"),
        Colonne("etat", "État", lambda c: c.get_etat_display(), tri="etat", niveau=commun.niveau),
    ]  # fmt: skip


def _preparer(role: Role, poste: Any) -> str:
    return reverse("conventions:preparer", args=[role.pk, poste.structure_id_du_jour])


def inscrire() -> None:
    ALARMES_AJOUTEES.update(ALARMES)
    SORTES[CONVENTIONS] = Sorte(_colonnes, "fin", vers("conventions:convention"))
    GESTES.update(
        {
            "sans-convention": ("Préparer une convention", _preparer),
            "conventions-finies": ("Renouveler", vers("conventions:renouveler")),
            "conventions-vides": ("Résilier", vers("conventions:resilier")),
            "contrats-au-dela": ("Renouveler", vers("conventions:renouveler")),
            "avenants-apres-le-terme": ("Voir l'avenant", vers("conventions:convention")),
        }
    )
