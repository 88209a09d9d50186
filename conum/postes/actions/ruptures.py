"""Rompre un contrat avant son terme : notifier, prouver, valider, ou revenir en arrière (programme-apps § 3.G)."""

import hashlib
import uuid
from datetime import date

import pypdf
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes import access, emails
from conum.postes.actions import gardes
from conum.postes.actions.contrats import prevenir_anct, prevenir_personne, prevenir_structure
from conum.postes.actions.prolongations import abandonner_en_attente
from conum.postes.models import Contrat, PieceRupture
from conum.postes.rules import contrat as regles
from conum.postes.rules.delais import limite_de_remplacement
from conum.postes.states import TRANSITIONS, Etat
from conum.socle.enregistrement import enregistrer

_EXTENSIONS = {"application/pdf": "pdf", "image/jpeg": "jpg"}


def notifier_rupture(contrat: Contrat, *, date_rupture: date, motif: str, par: Acteur) -> Contrat:
    """Déclare la rupture : `date_rupture` est le dernier jour du contrat, passé ou à venir dans les deux mois.

    Le poste se remplace dès le lendemain ; il reste à prouver la rupture et l'ANCT la valide.
    """
    donnees = {"date": date_rupture.isoformat(), "motif": motif}
    with transition(
        contrat, "notifier_rupture", table=TRANSITIONS, par=par, peut=access.peut_demander, donnees=donnees
    ) as courant:
        gardes.lever(
            regles.verifier_rupture(
                date_rupture=date_rupture,
                motif=motif,
                debut=courant.debut,
                fin=courant.fin,
                aujourdhui=timezone.localdate(),
            )
        )
        abandonner_en_attente(courant)
        courant.rupture_le, courant.rupture_motif = date_rupture, motif
        courant.rupture_notifiee_le = timezone.now()
        libelle = regles.MOTIFS_RUPTURE[motif]
        prevenir_anct(
            courant, quoi="rupture à valider", precisions=f"{libelle}, dernier jour le {date_rupture:%d/%m/%Y}."
        )
    return courant


def completer_rupture(contrat: Contrat, *, nature: str, fichier: "UploadedFile[bytes]", par: Acteur) -> PieceRupture:
    """Dépose une pièce qui prouve la rupture : un PDF ou une photo JPEG, jugés sur leur contenu.

    Raises:
        TransitionImpossible: le contrat n'a pas de rupture à prouver, ou le dossier est plein.
        ValidationError: nature inconnue ou fichier non recevable.
    """
    contenu = fichier.read()
    nom = (fichier.name or "document")[-150:]
    mime = _verifier(nature, nom, contenu)
    with transaction.atomic():
        courant = Contrat.objects.select_for_update(of=("self",), no_key=True).get(pk=contrat.pk)
        if not access.peut_demander(par, courant):
            raise PermissionDenied
        if courant.etat != Etat.RUPTURE_NOTIFIEE:
            raise TransitionImpossible("Ce contrat n'a pas de rupture en attente : aucune pièce n'est à déposer.")
        if courant.pieces.filter(retiree_le=None).count() >= regles.PIECES_MAX:
            raise TransitionImpossible(f"Ce dossier a déjà {regles.PIECES_MAX} pièces.")
        piece = PieceRupture(
            contrat=courant,
            nature=nature,
            nom=nom,
            type_mime=mime,
            taille=len(contenu),
            sha256=hashlib.sha256(contenu).hexdigest(),
        )
        # Un nom tiré au sort : celui de la personne n'a pas à se lire dans le dépôt.
        piece.fichier.save(f"{uuid.uuid4().hex}.{_EXTENSIONS[mime]}", ContentFile(contenu), save=False)
        try:
            enregistrer(piece)
        except Exception:
            piece.fichier.storage.delete(str(piece.fichier.name))
            raise
        donnees = {"nature": nature, "sha256": piece.sha256}
        noter(courant, "completer_rupture", par=par, donnees=donnees)
        return piece


def _verifier(nature: str, nom: str, contenu: bytes) -> str:
    if nature not in regles.PIECES:
        raise ValidationError({"nature": "Choisissez la nature du document."})
    try:
        mime = regles.type_de_piece(nom, contenu[:8], len(contenu))
    except ValueError as erreur:
        raise ValidationError({"fichier": str(erreur)}) from erreur
    if mime == "application/pdf" and not _pdf_lisible(contenu):
        raise ValidationError({"fichier": "Ce PDF est abîmé ou protégé : ouvrez-le et enregistrez-le de nouveau."})
    if mime == "image/jpeg" and b"\xff\xd9" not in contenu[-1024:]:
        raise ValidationError({"fichier": "Cette photo est incomplète : envoyez-la de nouveau."})
    return mime


def _pdf_lisible(contenu: bytes) -> bool:
    from io import BytesIO

    try:
        lu = pypdf.PdfReader(BytesIO(contenu))
        return not lu.is_encrypted and len(lu.pages) > 0
    except (pypdf.errors.PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


def annuler_rupture(contrat: Contrat, *, par: Acteur) -> Contrat:
    """Revient sur une rupture notifiée : le contrat reprend, sauf si son poste ou sa personne sont déjà repris."""
    with transition(contrat, "annuler_rupture", table=TRANSITIONS, par=par, peut=access.peut_demander) as courant:
        gardes.verrouiller(courant.poste, courant.personne)
        if suite := courant.suites.retenus().first():
            raise TransitionImpossible(
                f"Le poste est déjà repris par le contrat {suite.reference} : la rupture ne s'annule plus."
            )
        gardes.exiger_place(courant.poste, courant.personne, courant.debut, courant.fin, sauf=courant)
        courant.pieces.filter(retiree_le=None).update(retiree_le=timezone.now())
        courant.rupture_le, courant.rupture_motif, courant.rupture_notifiee_le = None, "", None
        prevenir_anct(courant, quoi="rupture retirée", rien_a_faire=True)
    return courant


def pieces_manquantes(contrat: Contrat) -> list[str]:
    """Les pièces sans lesquelles la rupture de ce contrat ne se valide pas."""
    deposees = set(contrat.pieces.filter(retiree_le=None).values_list("nature", flat=True))
    return regles.pieces_manquantes(contrat.rupture_motif, deposees)


def valider_rupture(contrat: Contrat, *, par: Acteur) -> Contrat:
    """L'ANCT valide : le contrat est rompu, le poste vacant, l'accès de la personne clos au dernier jour."""
    with transition(contrat, "valider_rupture", table=TRANSITIONS, par=par, peut=access.peut_valider) as courant:
        assert courant.rupture_le is not None
        aujourdhui = timezone.localdate()
        if courant.rupture_le > aujourdhui:
            raise TransitionImpossible(
                f"La rupture prend effet le {courant.rupture_le:%d/%m/%Y} : elle se valide à partir de ce jour."
            )
        _exiger_sans_renouvellement(courant)
        if manquantes := pieces_manquantes(courant):
            raise TransitionImpossible(f"Pièces manquantes : {', '.join(manquantes)}.")
        _prevenir_de_la_rupture(courant)
    return courant


def _exiger_sans_renouvellement(contrat: Contrat) -> None:
    """Un renouvellement qui attend contredit la rupture ; un contrat qui la suit aussitôt (CDIsation) l'explique."""
    for suite in contrat.suites.retenus().filter(personne=contrat.personne):
        if suite.etat == Etat.A_VALIDER:
            raise TransitionImpossible(f"Un renouvellement attend ({suite.reference}) : validez-le ou refusez-le.")
        if contrat.fin is not None and suite.debut > contrat.fin:
            raise TransitionImpossible(f"Le renouvellement {suite.reference} est validé : annulez-le d'abord.")


def _prevenir_de_la_rupture(contrat: Contrat) -> None:
    assert contrat.rupture_le is not None
    vacant = regles.lendemain(contrat.rupture_le)
    champs = {
        "dernier_jour": f"{contrat.rupture_le:%d/%m/%Y}",
        "motif": regles.MOTIFS_RUPTURE[contrat.rupture_motif],
        "limite": f"{limite_de_remplacement(vacant, timezone.localdate()):%d/%m/%Y}",
    }
    prevenir_structure(contrat, emails.RuptureValidee, **champs)
    prevenir_personne(contrat, emails.RuptureValidee, pour_la_personne=True, **champs)
