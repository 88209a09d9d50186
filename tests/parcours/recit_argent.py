"""Qui agit dans le parcours de l'argent, sur quelle page, et ce qui naît en chemin."""

from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from playwright.sync_api import Page

from conum.comptes.models import Role
from conum.conventions.models import Acte, Convention
from conum.postes.models import Contrat
from conum.structures.models import Structure
from tests.comptes.aides import code_d_application
from tests.parcours.aides_argent import Regard
from tests.postes.fabriques import jour

COMITE, DEBUT, DEPART = jour(-40), jour(-30), jour(-3)
"""Le jour du comité, le premier jour du contrat, et son dernier."""


@dataclass
class Recit:
    """Qui agit, sur quelle page ; ce qui naît en chemin."""

    telephone: Page
    bureau: Page
    second_bureau: Page
    ailleurs: Page
    chez_le_prefet: Page
    passant: Page
    voir: Regard
    structure: Structure
    membre: Role
    agente: Role
    seconde_agente: Role
    etrangere: Role
    prefet: Role
    secret: str = ""
    secret_de_la_seconde: str = ""
    codes_montres: set[str] = field(default_factory=set)

    def lien(self, nom: str, role: Role, *arguments: Any) -> str:
        return reverse(nom, args=[role.pk, *arguments])

    @property
    def convention(self) -> Convention:
        return Convention.objects.get(structure=self.structure)

    @property
    def contrat(self) -> Contrat:
        return Contrat.objects.get(personne__email="zoe@exemple.fr")

    @property
    def acte(self) -> Acte:
        """Le dernier acte de la convention."""
        return Acte.objects.filter(convention=self.convention).latest("numero")

    def fermee_aux_autres(self, nom: str, *arguments: Any, structure: int = 404, prefecture: int = 403) -> None:
        """Une autre structure ne trouve rien ; la préfecture ne fait que lire."""
        voulus = ((self.ailleurs, self.etrangere, structure), (self.chez_le_prefet, self.prefet, prefecture))
        for page, role, voulu in voulus:
            statut = page.request.get(self.lien(nom, role, *arguments)).status
            assert statut == voulu, f"{nom} pour {role.libelle} : {statut}"

    def code(self) -> str:
        """Le code que l'application montre ; le même ne sert pas deux fois."""
        code = next(c for c in (code_d_application(self.secret, d) for d in (0, 1, -1)) if c not in self.codes_montres)
        self.codes_montres.add(code)
        return code
