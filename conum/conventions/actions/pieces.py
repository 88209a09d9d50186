"""Les pièces d'une convention : demandées, déposées, examinées (facts-and-asks § 1.3)."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from conum.comptes.models import Role
from conum.conventions import access
from conum.conventions.emails import pieces as emails
from conum.conventions.models import Acte, Convention, Etape, Piece, TypePiece
from conum.conventions.states import A_SIGNER, EN_PREPARATION, EN_VIGUEUR, TRANSITIONS_PIECE, Etat, EtatPiece
from conum.courriels.actions import mettre_en_file
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.actions.gardes import exiger_texte
from conum.postes.emails import destinataires
from conum.socle import depot, fichiers
from conum.socle.enregistrement import enregistrer

PAGE = "conventions:piece"
NOM_MAX = 200
_OUVERTES = EN_PREPARATION | EN_VIGUEUR


def verrouiller(convention_pk: int) -> Convention:
    """La convention d'abord, la pièce ensuite : même ordre que les signatures."""
    return Convention.objects.select_for_update(of=("self",), no_key=True).get(pk=convention_pk)


def _exiger_ouverte(convention: Convention) -> None:
    if convention.etat not in _OUVERTES:
        libelle = convention.get_etat_display()
        raise TransitionImpossible(f"La convention est « {libelle} » : son dossier ne change plus.")


def prevenir_structure(piece: Piece, convention: Convention, classe: type[emails.SurPiece], **champs: Any) -> None:
    page = ("conventions:exemplaire", convention.pk, piece.acte.numero) if piece.acte else (PAGE, piece.pk)
    for qui in destinataires.de_la_structure(convention.structure, *page):
        base = classe.base(convention, qui.lien) | {"piece": piece.get_type_display()}
        mettre_en_file(classe(**base, **champs), a=qui.email, objet=convention)


def demander_piece(convention: Convention, *, type: str, par: Acteur) -> Piece:
    """L'ANCT demande une pièce de plus ; la structure l'apprend.

    Raises:
        TransitionImpossible: la convention est finie.
        ValidationError: pièce inconnue, ou déjà demandée.
    """
    with transaction.atomic():
        courante = verrouiller(convention.pk)
        if not access.peut_preparer(par, courante):
            raise PermissionDenied
        _exiger_ouverte(courante)
        if type not in TypePiece.values or type == TypePiece.EXEMPLAIRE:
            raise ValidationError({"type": "Choisissez une pièce de la liste."})
        piece = Piece(convention=courante, type=type)
        if courante.pieces.filter(type=type).exists():
            raise ValidationError({"type": "Cette pièce est déjà demandée."})
        enregistrer(piece)
        noter(piece, "demander_piece", par=par, vers=piece.etat, donnees={"type": type})
        prevenir_structure(piece, courante, emails.PieceDemandee)
    return piece


def deposer_piece(piece: Piece, fichier: "File[bytes]", *, par: Acteur) -> Piece:
    """Range ce fichier à la place du précédent, qui s'efface une fois le changement acquis.

    Raises:
        ValidationError: ce n'est pas un PDF, une photo JPEG ou PNG, entier et de 5 Mo au plus.
        TransitionImpossible: la pièce est validée, ou la convention finie.
    """
    with _recevable(piece, fichier, par) as (chemin, sha256), transaction.atomic():
        if piece.type == TypePiece.EXEMPLAIRE:
            raise TransitionImpossible("Un exemplaire signé se dépose depuis la page de signature.")
        _exiger_ouverte(verrouiller(piece.convention_id))
        return _recevoir(piece, chemin, sha256, _etiquette(fichier.name), par)


def deposer_exemplaire(acte: Acte, fichier: "File[bytes]", *, par: Acteur) -> Piece:
    """Dépose le document signé à la main, numérisé ; un agent le vérifie avant qu'il ne vaille signature.

    Raises:
        ValidationError: fichier non recevable.
        TransitionImpossible: ce document n'est pas, ou plus, à signer par la structure.
    """
    provisoire = Piece(convention_id=acte.convention_id, type=TypePiece.EXEMPLAIRE, acte=acte)
    with _recevable(provisoire, fichier, par) as (chemin, sha256), transaction.atomic():
        courante = verrouiller(acte.convention_id)
        relu = Acte.objects.select_for_update(of=("self",), no_key=True).get(pk=acte.pk)
        if relu.etape != Etape.A_SIGNER_STRUCTURE or courante.etat not in _OUVERTES:
            raise TransitionImpossible(f"Ce document n'attend plus la signature de la structure : {phrase_de(relu)}.")
        piece = Piece.objects.filter(acte=relu, type=TypePiece.EXEMPLAIRE).first()
        if piece is None:
            piece = Piece(convention=courante, type=TypePiece.EXEMPLAIRE, acte=relu)
            enregistrer(piece)
        piece = _recevoir(piece, chemin, sha256, _etiquette(fichier.name), par)
        for qui in destinataires.de_l_anct("conventions:verifier_exemplaire", piece.pk):
            message = emails.ExemplaireAVerifier(**emails.ExemplaireAVerifier.base(courante, qui.lien), acte=relu.titre)
            mettre_en_file(message, a=qui.email, objet=courante)
        return piece


def phrase_de(acte: Acte) -> str:
    """Où en est l'acte, à dire à qui arrive trop tard."""
    if acte.etape == Etape.RETIRE:
        return f"il a été retiré le {timezone.localtime(acte.retire_le):%d/%m/%Y} ({acte.retire_motif})"
    return f"il est maintenant « {acte.etape.label} »"


@contextmanager
def _recevable(piece: Piece, fichier: "File[bytes]", par: Acteur) -> Iterator[tuple[str, str]]:
    """Vérifie le droit puis le fichier, et le range ; rend son chemin et son empreinte."""
    if not access.peut_deposer_piece(par, piece):
        raise PermissionDenied
    # On ne charge pas en mémoire ce qui sera refusé.
    contenu = fichier.read(fichiers.TAILLE_MAX + 1)
    try:
        type_ = fichiers.examiner(contenu)
    except fichiers.FichierRefuse as refus:
        raise ValidationError({"fichier": str(refus)}) from refus
    with depot.ranger(piece, "fichier", contenu, type_.extension) as chemin:
        yield chemin, hashlib.sha256(contenu).hexdigest()


def _recevoir(piece: Piece, chemin: str, sha256: str, nom: str, par: Acteur) -> Piece:
    with transition(
        piece, "deposer_piece", table=TRANSITIONS_PIECE, par=par, peut=access.peut_deposer_piece,
        donnees={"type": piece.type, "sha256": sha256},
    ) as courante:  # fmt: skip
        ancien = courante.fichier.name
        courante.fichier.name, courante.sha256, courante.nom_fichier = chemin, sha256, nom
        courante.deposee_le, courante.deposee_par = timezone.now(), par if isinstance(par, Role) else None
        courante.traitee_le, courante.efface_le, courante.motif_refus = None, None, ""
        depot.effacer_apres_validation(ancien)
    return courante


def _etiquette(nom: str | None) -> str:
    """Le nom du fichier de la personne, pour qu'elle le reconnaisse ; il ne nomme rien au dépôt."""
    base = PurePath((nom or "").replace("\\", "/")).name
    return "".join(c for c in base if c.isprintable()).strip()[-NOM_MAX:] or "document"


def valider_piece(piece: Piece, *, par: Acteur, sha256_lu: str = "") -> Piece:
    """L'ANCT accepte la pièce ; la structure est prévenue quand son dossier est complet.

    `sha256_lu` : l'empreinte du fichier que l'agent a ouvert ; un autre, déposé entre-temps, doit être lu d'abord.
    """
    with transaction.atomic():
        convention = verrouiller(piece.convention_id)
        with transition(
            piece, "valider_piece", table=TRANSITIONS_PIECE, par=par, peut=access.peut_traiter_piece
        ) as courante:
            if courante.type == TypePiece.EXEMPLAIRE:
                raise TransitionImpossible("Un exemplaire signé se vérifie depuis sa page : il vaut signature.")
            _exiger_ouverte(convention)
            exiger_meme_fichier(courante, sha256_lu)
            courante.traitee_le = timezone.now()
        dossier = convention.pieces.exclude(type=TypePiece.EXEMPLAIRE)
        if convention.etat == Etat.BROUILLON and not dossier.exclude(etat=EtatPiece.VALIDEE).exists():
            prevenir_structure(courante, convention, emails.DossierComplet)
    return courante


def exiger_meme_fichier(piece: Piece, sha256_lu: str) -> None:
    if sha256_lu and sha256_lu != piece.sha256:
        raise TransitionImpossible(
            "La structure a déposé un autre fichier depuis que vous avez ouvert cette page : lisez-le d'abord."
        )


def refuser_piece(piece: Piece, *, motif: str, par: Acteur, sha256_lu: str = "") -> Piece:
    """L'ANCT refuse la pièce, avec un motif que la structure lit ; elle en dépose une autre.

    Raises:
        TransitionImpossible: la pièce validée a servi à proposer ou à signer un document.
    """
    motif = exiger_texte("motif", motif)
    with transaction.atomic():
        convention = verrouiller(piece.convention_id)
        with transition(
            piece, "refuser_piece", table=TRANSITIONS_PIECE, par=par, peut=access.peut_traiter_piece, motif=motif
        ) as courante:
            _exiger_ouverte(convention)
            _exiger_revisable(courante, convention)
            exiger_meme_fichier(courante, sha256_lu)
            courante.motif_refus, courante.traitee_le = motif, timezone.now()
        prevenir_structure(courante, convention, emails.PieceRefusee, motif=motif)
    return courante


def _exiger_revisable(piece: Piece, convention: Convention) -> None:
    if piece.etat != EtatPiece.VALIDEE:
        return
    if piece.type == TypePiece.EXEMPLAIRE:
        raise TransitionImpossible("Cet exemplaire vaut signature : il ne se refuse plus.")
    if convention.etat in A_SIGNER:
        raise TransitionImpossible("La convention est à la signature : retirez d'abord le document.")
