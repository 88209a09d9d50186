"""Enveloppes de postes : fixer, verrouiller, vérifier sous verrou."""

import csv
import io
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from conum.demandes import rules
from conum.demandes.access import est_anct
from conum.demandes.actions.instruction import exiger_texte
from conum.demandes.models import Enveloppe, Soldes
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.territoires.models import Departement

POSTES_MAX = 100_000
LIGNES_MAX = 500
NATIONAL = "national"
"""Le mot qui désigne l'enveloppe nationale dans un fichier."""


def fixer_enveloppe(annee: int, departement: Departement | None, postes: int, *, par: Acteur, motif: str) -> Enveloppe:
    """Fixe l'enveloppe d'une année, nationale si `departement` est None.

    Raises:
        TransitionImpossible: moins que ce qui est déjà attribué.
        ValidationError: année ou nombre hors bornes, motif trop court.
    """
    if not est_anct(par):
        raise PermissionDenied
    motif = exiger_texte("motif", motif)
    if not 0 <= postes <= POSTES_MAX:
        raise ValidationError({"postes": f"Indiquez de 0 à {POSTES_MAX} postes."})
    if abs(annee - timezone.localdate().year) > 5:
        raise ValidationError({"annee": "Cette année est trop lointaine."})
    with transaction.atomic():
        enveloppe, creee = Enveloppe.objects.get_or_create(
            annee=annee, departement=departement, defaults={"postes": postes}
        )
        enveloppe = Enveloppe.objects.select_for_update(of=("self",), no_key=True).get(pk=enveloppe.pk)
        soldes = Soldes.de(annee)
        solde = soldes.national if departement is None else soldes.du_departement(departement.pk)
        if postes < solde.attribues:
            raise TransitionImpossible(
                f"{solde.attribues} postes sont déjà attribués : l'enveloppe ne peut pas descendre en dessous."
            )
        avant = None if creee else enveloppe.postes
        if avant == postes:
            return enveloppe
        enveloppe.postes = postes
        enveloppe.save(update_fields=["postes"])
        noter(enveloppe, "fixer_enveloppe", par=par, motif=motif, donnees={"avant": avant, "apres": postes})
        return enveloppe


def verrouiller(annee: int, departement: Departement) -> tuple[rules.Solde, rules.Solde]:
    """Verrouille l'enveloppe nationale, puis celle du département ; rend leurs soldes, qui ne bougent plus.

    L'ordre est toujours celui-ci : deux attributions s'attendent, elles ne se bloquent jamais l'une l'autre.
    """
    verrou = Enveloppe.objects.select_for_update(of=("self",), no_key=True).filter(annee=annee).order_by("pk")
    list(verrou.filter(departement=None))
    list(verrou.filter(departement=departement))
    soldes = Soldes.de(annee)
    return soldes.national, soldes.du_departement(departement.pk)


@dataclass(frozen=True)
class LigneEnveloppe:
    """Une ligne d'un fichier d'enveloppes : ce qui est lu, et pourquoi elle est refusée (vide si elle est bonne)."""

    ligne: int
    territoire: str
    departement: Departement | None
    postes: int | None
    avant: int | None
    erreur: str


def lire_enveloppes(contenu: str, annee: int) -> list[LigneEnveloppe]:
    """Lit un tableau « departement ; postes » (code du département, ou « national »), sans rien écrire."""
    separateur = ";" if ";" in contenu else ","
    departements = {d.pk: d for d in Departement.objects.order_by("pk")}
    soldes, deja, lues = Soldes.de(annee), set[str](), []
    for numero, cellules in enumerate(csv.reader(io.StringIO(contenu), delimiter=separateur), start=1):
        cellules = [c.strip() for c in cellules]
        if not any(cellules) or (numero == 1 and cellules[0].lower().startswith(("d", "t", "c"))):
            continue
        code = cellules[0].upper().zfill(2)
        national = cellules[0].lower() == NATIONAL
        cle = NATIONAL if national else code
        solde = soldes.national if national else soldes.du_departement(code)
        postes = int(cellules[1]) if len(cellules) > 1 and cellules[1].isascii() and cellules[1].isdigit() else None
        erreur = ""
        if not national and code not in departements:
            erreur = "Département inconnu."
        elif cle in deja:
            erreur = "Ce territoire est déjà plus haut dans le fichier."
        elif postes is None or postes > POSTES_MAX:
            erreur = "Le nombre de postes n'est pas un nombre entier."
        elif postes < solde.attribues:
            erreur = f"{solde.attribues} postes sont déjà attribués : l'enveloppe ne peut pas descendre en dessous."
        deja.add(cle)
        departement = None if national else departements.get(code)
        nom = "National" if national else str(departement or cellules[0])
        lues.append(LigneEnveloppe(numero, nom, departement, postes, solde.postes, erreur))
        if len(lues) > LIGNES_MAX:
            raise ValidationError({"fichier": f"Le fichier dépasse {LIGNES_MAX} lignes."})
    return lues


def importer_enveloppes(contenu: str, annee: int, *, par: Acteur, motif: str) -> int:
    """Applique tout le fichier ou rien ; rend le nombre de lignes.

    Raises:
        TransitionImpossible: une ligne est refusée.
    """
    with transaction.atomic():
        lignes = lire_enveloppes(contenu, annee)
        refusees = [ligne for ligne in lignes if ligne.erreur]
        if refusees or not lignes:
            raise TransitionImpossible("Le fichier a des lignes refusées : rien n'est appliqué.")
        # Même ordre de verrous que les attributions : le national, puis les départements.
        for ligne in sorted(lignes, key=lambda x: x.departement.pk if x.departement else ""):
            assert ligne.postes is not None
            fixer_enveloppe(annee, ligne.departement, ligne.postes, par=par, motif=motif)
    return len(lignes)
