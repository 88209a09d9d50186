"""Figer un acte : produire son document, garder son empreinte et celle du modèle ; le retirer."""

import hashlib
import uuid

from django.core.files.base import ContentFile
from django.utils import timezone

from conum.conventions.actions.contenu import contenu_de
from conum.conventions.models import Acte
from conum.conventions.rules import documents as modeles
from conum.journal.workflow import TransitionImpossible
from conum.socle import pdf
from conum.socle.enregistrement import enregistrer


def produire(acte: Acte) -> bytes:
    """Le PDF de l'acte tel que ses données figées le disent : le même, octet pour octet, à chaque fois."""
    modele = modeles.modele(acte.modele_code, acte.modele_empreinte)
    return pdf.produire(modeles.gabarit(modele, avenant=bool(acte.numero)), acte.donnees["document"])


def apercu(acte: Acte) -> bytes:
    """Le document d'un acte en préparation, marqué « projet » : rien n'est écrit."""
    contenu = {**contenu_de(acte, timezone.localdate()), "projet": True}
    return pdf.produire(modeles.gabarit(modeles.courant(), avenant=bool(acte.numero)), contenu)


def figer(acte: Acte) -> Acte:
    """Produit le document à signer et le range ; l'acte ne change plus. À appeler sous verrou, dans la transaction.

    Raises:
        TransitionImpossible: l'acte est déjà proposé, ou ne finance rien.
    """
    if acte.propose_le is not None:
        raise TransitionImpossible("Ce document est déjà à la signature.")
    if not acte.lignes.exists():
        raise TransitionImpossible("Cet acte ne porte aucun montant : corrigez-le d'abord.")
    modele = modeles.courant()
    acte.modele_code, acte.modele_empreinte = modele.code, modele.empreinte
    acte.donnees = {**acte.donnees, "document": {**contenu_de(acte, timezone.localdate()), "projet": False}}
    contenu = produire(acte)
    acte.sha256 = hashlib.sha256(contenu).hexdigest()
    acte.propose_le = timezone.now()
    # Un nom tiré au sort : l'adresse du fichier ne se devine pas.
    acte.document.save(f"{acte.reference}-{uuid.uuid4().hex}.pdf", ContentFile(contenu), save=False)
    try:
        enregistrer(acte)
    except Exception:
        acte.document.storage.delete(str(acte.document.name))
        raise
    return acte


def retirer(acte: Acte, *, motif: str) -> Acte:
    """Retire un acte qui n'est pas signé des deux parties. Sa page de vérification dit qu'il ne vaut plus rien.

    Ses lignes s'en vont, pour n'entrer dans aucune somme ; `donnees` garde ce que le document disait.
    """
    if acte.signe_etat_le is not None:
        raise TransitionImpossible("Cet acte est signé des deux parties : il ne se retire plus.")
    acte.retire_le, acte.retire_motif = timezone.now(), motif
    enregistrer(acte)
    acte.lignes.all().delete()
    return acte
