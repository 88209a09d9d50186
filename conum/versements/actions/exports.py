"""Le fichier de virements d'un lot : produit une fois, gardé chiffré, rendu toujours à l'identique.

Si tout s'arrête entre le rangement du fichier et l'enregistrement du lot, le lot est encore « approuvé » et personne
n'a reçu le fichier : on recommence, et l'on obtient les mêmes octets. Une fois le lot « remis », le redemander ne
produit plus rien, il rend le fichier gardé.
"""

import hashlib
from datetime import datetime

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.access import est_systeme
from conum.versements import access
from conum.versements.actions.ribs import iban_de
from conum.versements.models import LigneLot, Lot
from conum.versements.rules import coffre
from conum.versements.rules.virement import Ordre, Payeur, Virement, VirementImpossible, produire
from conum.versements.states import TRANSITIONS_LOT, EtatLot, EtatRib

REMIS = (EtatLot.EXPORTE, EtatLot.CLOS)


class FichierAltere(Exception):
    """Le fichier gardé n'a plus l'empreinte écrite le jour de sa remise."""


def nom_du_fichier(lot: Lot) -> str:
    """Son nom dans le dépôt : un seul par lot, chiffré."""
    return f"versements/lots/{lot.reference}.chiffre"


def exporter_lot(lot: Lot, *, par: Acteur) -> Lot:
    """Produit le fichier du lot approuvé et le garde ; le lot est remis.

    Raises:
        TransitionImpossible: lot non approuvé, payeur non réglé, ou compte changé depuis l'approbation.
    """
    donnees: dict[str, str] = {}
    with transition(
        lot, "exporter_lot", table=TRANSITIONS_LOT, par=par, peut=access.peut_ordonnancer, donnees=donnees
    ) as courant:
        octets = _produire(courant)
        jeter_l_orphelin(courant)
        chiffre = ContentFile(coffre.chiffrer(octets, settings.CLES_BANCAIRES))
        courant.fichier.name = default_storage.save(nom_du_fichier(courant), chiffre)
        courant.sha256, courant.exporte_le = hashlib.sha256(octets).hexdigest(), timezone.now()
        donnees["sha256"] = courant.sha256
    return courant


def _produire(lot: Lot) -> bytes:
    lignes = lot.lignes.filter(actif=True).select_related(
        "rib__structure",
        "rib__organisme",
        "echeance__convention",
        "echeance__poste__poste",
        "etat_recapitulatif__organisme",
    )
    virements = []
    perimees = []
    for x in lignes.order_by("pk"):
        if x.rib.etat != EtatRib.ACTIF:
            perimees.append(x.rib.beneficiaire.nom)
            continue
        virements.append(_virement(x))
    if perimees:
        raise TransitionImpossible(
            f"Le compte a changé depuis l'approbation pour : {', '.join(sorted(set(perimees)))}. "
            "Abandonnez ce lot et préparez-en un autre : rien n'est parti."
        )
    assert lot.approuve_le is not None
    ordre = Ordre(
        reference=lot.reference,
        cree_le=timezone.localtime(lot.approuve_le),
        execution_le=lot.execution_le,
        payeur=Payeur(**settings.PAYEUR),
        virements=tuple(virements),
    )
    try:
        return produire(ordre)
    except VirementImpossible as erreur:
        raise TransitionImpossible(str(erreur)) from erreur


def _virement(x: LigneLot) -> Virement:
    return Virement(
        reference=x.reference,
        titulaire=x.rib.titulaire,
        iban=iban_de(x.rib),
        bic=x.rib.bic,
        montant=x.montant,
        motif=_motif(x),
    )


def _motif(x: LigneLot) -> str:
    """Ce que lit le bénéficiaire sur son relevé."""
    if x.echeance is None:
        assert x.etat_recapitulatif is not None
        return f"Formation des conseillers numeriques {x.etat_recapitulatif.reference}"
    convention, poste = x.echeance.convention, x.echeance.poste
    quoi = f"Conseiller numerique {convention.reference}" + (f" poste {poste.poste.reference}" if poste else "")
    return f"{quoi} {x.echeance.reference}"


def export_interrompu(lot: Lot) -> bool:
    """Un fichier rangé dont le lot ne sait rien : l'export précédent s'est arrêté là, et personne ne l'a reçu."""
    return lot.etat == EtatLot.APPROUVE and default_storage.exists(nom_du_fichier(lot))


def jeter_l_orphelin(lot: Lot) -> None:
    """Lot sous verrou et jamais remis : le fichier d'un export interrompu ne sert à personne."""
    assert lot.etat not in REMIS
    default_storage.delete(nom_du_fichier(lot))


def fichier_du_lot(lot: Lot, *, par: Acteur) -> bytes:
    """Les octets remis à la banque, vérifiés ; chaque lecture est au journal.

    Raises:
        PermissionDenied: seul un agent de l'ANCT.
        TransitionImpossible: le lot n'a pas été remis, ou son fichier est effacé.
        FichierAltere: le dépôt ne rend plus ce qui avait été gardé.
    """
    with transaction.atomic():
        courant = Lot.objects.select_for_update(no_key=True).get(pk=lot.pk)
        if not access.peut_ordonnancer(par, courant):
            raise PermissionDenied
        if courant.etat not in REMIS or not courant.fichier:
            raise TransitionImpossible(
                "Ce lot n'a pas de fichier : il n'a pas été remis, ou sa conservation est finie."
            )
        octets = _lire(courant)
        noter(courant, "telecharger_lot", par=par, donnees={"sha256": courant.sha256})
        return octets


def _lire(lot: Lot) -> bytes:
    with lot.fichier.open("rb") as fichier:
        octets = coffre.dechiffrer(fichier.read(), settings.CLES_BANCAIRES)
    if hashlib.sha256(octets).hexdigest() != lot.sha256:
        raise FichierAltere(f"Le fichier de {lot.reference} n'a plus son empreinte.")
    return octets


def rechiffrer_fichiers(*, par: Acteur) -> int:
    """Réécrit chaque fichier de virements avec la première clé ; l'ancien s'efface une fois le nouveau enregistré."""
    if not est_systeme(par):
        raise PermissionDenied
    combien = 0
    for cle in list(Lot.objects.exclude(fichier="").order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            lot = Lot.objects.select_for_update(no_key=True).get(pk=cle)
            ancien = str(lot.fichier.name)
            chiffre = ContentFile(coffre.chiffrer(_lire(lot), settings.CLES_BANCAIRES))
            lot.fichier.name = default_storage.save(nom_du_fichier(lot), chiffre)
            lot.save(update_fields=["fichier"])
            transaction.on_commit(lambda nom=ancien: default_storage.delete(nom))  # type: ignore[misc]
        combien += 1
    return combien


def effacer_fichiers(avant: datetime) -> int:
    """Efface les fichiers de virements remis avant cette date ; l'empreinte et les lignes restent."""
    combien = 0
    for lot in Lot.objects.filter(exporte_le__lt=avant).exclude(fichier="").order_by("pk"):
        default_storage.delete(str(lot.fichier.name))
        lot.fichier.name = ""
        lot.save(update_fields=["fichier"])
        combien += 1
    return combien
