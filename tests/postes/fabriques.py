"""Postes, contrats et documents pour les tests."""

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pypdf
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from conum.comptes.models import Role
from conum.journal.acteurs import SYSTEME
from conum.postes import actions
from conum.postes.models import Contrat, Poste, TypePoste
from conum.postes.rules import contrat as regles
from conum.structures.models import Structure
from tests.comptes.fabriques import RoleFactory, UtilisateurFactory
from tests.structures.fabriques import MembreFactory, StructureFactory

SALAIRE = Decimal("2100.00")


def jour(decalage: int = 0) -> date:
    return timezone.localdate() + timedelta(days=decalage)


def structure_avec(nombre: int = 1, *, depuis: int = -400, **champs: Any) -> tuple[Structure, list[Poste]]:
    structure = StructureFactory(**champs)
    postes = actions.creer_postes(
        structure, nombre=nombre, type_poste=TypePoste.CONSEILLER, debut=jour(depuis), par=SYSTEME
    )
    return structure, postes


def membre_de(structure: Structure) -> Role:
    return MembreFactory(structure=structure).role


def anct() -> Role:
    return RoleFactory(anct=True)


def saisir(poste: Poste, *, debut: date | None = None, fin: date | None = None, **champs: Any) -> Contrat:
    """Un CDD d'un an autour d'aujourd'hui, sauf avis contraire."""
    valeurs: dict[str, Any] = {"type": regles.CDD, "salaire": SALAIRE, "par": SYSTEME}
    valeurs |= champs
    valeurs.setdefault("personne", None)
    valeurs["personne"] = valeurs["personne"] or UtilisateurFactory()
    debut = debut or jour(-200)
    if fin is None and valeurs["type"] != regles.CDI:
        fin = debut + timedelta(days=364)
    return actions.saisir_contrat(poste, debut=debut, fin=fin, **valeurs)


def en_poste(poste: Poste, **champs: Any) -> Contrat:
    """Un contrat validé."""
    return actions.valider_contrat(saisir(poste, **champs), par=anct())


def pdf(nom: str = "piece.pdf") -> SimpleUploadedFile:
    redacteur, tampon = pypdf.PdfWriter(), BytesIO()
    redacteur.add_blank_page(width=100, height=100)
    redacteur.write(tampon)
    return SimpleUploadedFile(nom, tampon.getvalue(), content_type="application/pdf")


def completer(contrat: Contrat, par: Role) -> None:
    """Toutes les pièces que le motif exige."""
    for nature in sorted(regles.pieces_exigees(contrat.rupture_motif)):
        actions.completer_rupture(contrat, nature=nature, fichier=pdf(), par=par)


def rompre(contrat: Contrat, *, date_rupture: date, motif: str = "demission") -> Contrat:
    """Rupture notifiée, prouvée et validée."""
    agent = anct()
    contrat = actions.notifier_rupture(contrat, date_rupture=date_rupture, motif=motif, par=agent)
    completer(contrat, agent)
    return actions.valider_rupture(contrat, par=agent)
