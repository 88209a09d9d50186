"""Signer un acte, pour la structure puis pour l'État : dans l'outil avec un second facteur, ou sur papier.

Ce qui se signe est un fichier : son empreinte est celle que la personne a lue, celle que l'acte garde, et celle du
fichier relu au dépôt à cet instant. La convention et ses avenants se signent par les mêmes fonctions.
"""

import hashlib
import logging
from datetime import date, datetime, time
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from conum.comptes.models import Role
from conum.conventions import access
from conum.conventions.actions import avenants, pieces
from conum.conventions.emails import signature as emails
from conum.conventions.models import Acte, Etape, Partie, Piece, Signature, TypePiece, Voie
from conum.conventions.states import TRANSITIONS, TRANSITIONS_PIECE
from conum.courriels.actions import mettre_en_file
from conum.journal.acteurs import Acteur
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.emails import destinataires
from conum.socle import depot
from conum.socle.enregistrement import enregistrer

logger = logging.getLogger(__name__)
FACTEURS = frozenset(Authenticator.Type.values)
LONGUEUR_MIN, LONGUEUR_MAX = 2, 200
_ATTENDUE = {Partie.STRUCTURE: Etape.A_SIGNER_STRUCTURE, Partie.ETAT: Etape.A_SIGNER_ETAT}


def transition_de(acte: Acte, partie: str) -> str:
    """Le nom de la transition de la convention qui porte cette signature (states.py)."""
    avenant = "_avenant" if acte.numero else ""
    return f"signer{avenant}_pour_{'l_etat' if partie == Partie.ETAT else 'la_structure'}"


def signer_pour_la_structure(
    acte: Acte, *, nom: str, qualite: str, sha256_lu: str, second_facteur: str, par: Acteur
) -> Acte:
    """Un membre de la structure signe le document qu'il vient de lire.

    `second_facteur` : le facteur présenté à l'instant (`comptes.second_facteur.facteur_recent`).

    Raises:
        PermissionDenied: pas membre de la structure.
        TransitionImpossible: document retiré, changé, déjà signé, ou abîmé au dépôt.
        ValidationError: nom ou qualité manquants.
    """
    signature = Signature(
        partie=Partie.STRUCTURE, voie=Voie.ELECTRONIQUE, nom=nom, qualite=qualite, second_facteur=second_facteur
    )
    return _apposer(acte, signature, sha256_lu, par=par, peut=access.peut_signer_pour_la_structure)


def signer_pour_l_etat(acte: Acte, *, nom: str, qualite: str, sha256_lu: str, second_facteur: str, par: Acteur) -> Acte:
    """Un agent de l'ANCT signe après la structure : la convention, ou son avenant, engage l'État.

    Raises:
        PermissionDenied: pas agent de l'ANCT.
        TransitionImpossible: comme ci-dessus ; structure qui n'a pas signé ; agent membre de cette structure.
        ValidationError: nom ou qualité manquants.
    """
    signature = Signature(
        partie=Partie.ETAT, voie=Voie.ELECTRONIQUE, nom=nom, qualite=qualite, second_facteur=second_facteur
    )
    return _apposer(acte, signature, sha256_lu, par=par, peut=access.peut_signer_pour_l_etat)


def valider_exemplaire(
    piece: Piece, *, nom: str, qualite: str, signee_le: date, code: str, sha256_lu: str, par: Acteur
) -> Acte:
    """L'ANCT constate qu'un exemplaire signé à la main est bien celui du document : il vaut signature de la structure.

    `code` : celui que l'agent lit imprimé sur l'exemplaire. `sha256_lu` : l'empreinte du fichier qu'il a ouvert.

    Raises:
        TransitionImpossible: exemplaire remplacé ou déjà traité, document retiré ou déjà signé.
        ValidationError: le code n'est pas celui du document, ou la date n'est pas possible.
    """
    with transaction.atomic():
        convention = pieces.verrouiller(piece.convention_id)
        if not access.peut_verifier_papier(par, convention):
            raise PermissionDenied
        acte = piece.acte
        if piece.type != TypePiece.EXEMPLAIRE or acte is None:
            raise TransitionImpossible("Cette pièce n'est pas un exemplaire signé.")
        _exiger_exemplaire(acte, code, signee_le)
        signature = Signature(
            partie=Partie.STRUCTURE,
            voie=Voie.PAPIER,
            nom=nom,
            qualite=qualite,
            exemplaire=piece,
            signee_le=timezone.make_aware(datetime.combine(signee_le, time(12))),
        )
        signe = _apposer(acte, signature, acte.sha256, par=par, peut=access.peut_verifier_papier)
        with transition(
            piece, "valider_piece", table=TRANSITIONS_PIECE, par=par, peut=access.peut_traiter_piece
        ) as courante:
            pieces.exiger_meme_fichier(courante, sha256_lu)
            courante.traitee_le = timezone.now()
    return signe


def _exiger_exemplaire(acte: Acte, code: str, signee_le: date) -> None:
    """Le papier est celui de ce document, et sa date est possible."""
    erreurs = {}
    lu = "".join(c for c in code.upper() if c.isalnum())
    if lu != acte.code:
        erreurs["code"] = (
            "Ce code n'est pas celui du document à signer. Si l'exemplaire porte bien ce code, c'est celui d'un autre "
            "document : refusez-le."
        )
    propose = timezone.localdate(acte.propose_le) if acte.propose_le else None
    if propose and not propose <= signee_le <= timezone.localdate():
        erreurs["signee_le"] = f"La date est entre le {propose:%d/%m/%Y}, jour du document, et aujourd'hui."
    if erreurs:
        raise ValidationError(erreurs)


def _apposer(acte: Acte, signature: Signature, sha256_lu: str, *, par: Acteur, peut: Any) -> Acte:
    """Verrouille la convention puis l'acte, vérifie tout, écrit la signature, la date de l'acte et le journal."""
    donnees: dict[str, Any] = {}
    nom_action = transition_de(acte, signature.partie)
    with transition(acte.convention, nom_action, table=TRANSITIONS, par=par, peut=peut, donnees=donnees) as courante:
        relu = Acte.objects.select_for_update(of=("self",), no_key=True).get(pk=acte.pk)
        relu.convention = courante
        if not isinstance(par, Role):
            raise PermissionDenied
        _exiger_signable(relu, signature, par)
        _exiger_meme_document(relu, sha256_lu)
        _signer(relu, signature, par)
        if signature.partie == Partie.ETAT and relu.numero:
            avenants.appliquer(relu, courante)
        donnees |= {
            "acte": relu.reference,
            "sha256": relu.sha256,
            "nom": signature.nom,
            "qualite": signature.qualite,
            "voie": signature.voie,
            "second_facteur": signature.second_facteur,
        }
        _annoncer(relu, signature, par)
    return relu


def _exiger_signable(acte: Acte, signature: Signature, par: Role) -> None:
    if acte.etape != _ATTENDUE[Partie(signature.partie)]:
        raise TransitionImpossible(f"Ce document ne peut pas être signé : {pieces.phrase_de(acte)}.")
    if signature.partie == Partie.ETAT and access.est_des_deux_cotes(par, acte.convention):
        raise TransitionImpossible(
            "Vous êtes aussi membre de cette structure : un autre agent doit signer pour l'État."
        )
    if signature.voie == Voie.ELECTRONIQUE and signature.second_facteur not in FACTEURS:
        raise TransitionImpossible("Présentez votre second facteur, puis signez.")
    erreurs = {}
    for champ, quoi in (("nom", "le nom du signataire"), ("qualite", "la qualité du signataire")):
        valeur = " ".join(getattr(signature, champ).split())
        setattr(signature, champ, valeur)
        if not LONGUEUR_MIN <= len(valeur) <= LONGUEUR_MAX:
            erreurs[champ] = f"Écrivez {quoi}, en {LONGUEUR_MAX} caractères au plus."
    if erreurs:
        raise ValidationError(erreurs)


def _exiger_meme_document(acte: Acte, sha256_lu: str) -> None:
    """Celui qu'on a lu, celui que l'acte garde, celui qui est au dépôt : un seul et même fichier."""
    if sha256_lu != acte.sha256:
        raise TransitionImpossible(
            "Le document a changé depuis que vous avez ouvert cette page : relisez-le avant de signer."
        )
    try:
        au_depot = hashlib.sha256(depot.lire(str(acte.document.name))).hexdigest()
    except FileNotFoundError:
        au_depot = ""
    if au_depot != acte.sha256:
        logger.error("Le document de %s n'est plus celui qui a été proposé à la signature.", acte.reference)
        raise TransitionImpossible(
            "Le fichier gardé n'est plus celui qui a été proposé à la signature : rien n'est signé. L'ANCT doit "
            "retirer ce document et en proposer un autre."
        )


def _signer(acte: Acte, signature: Signature, par: Role) -> None:
    maintenant = timezone.now()
    signature.acte, signature.role, signature.sha256 = acte, par, acte.sha256
    signature.signee_le = signature.signee_le or maintenant
    enregistrer(signature)
    if signature.partie == Partie.ETAT:
        acte.signe_etat_le = maintenant
    else:
        acte.signe_structure_le = maintenant
    enregistrer(acte)


def _annoncer(acte: Acte, signature: Signature, par: Role) -> None:
    """La structure signe : elle a un reçu, l'ANCT a à signer. L'État signe : les deux parties ont la preuve."""
    convention, numero = acte.convention, acte.numero
    page = ("conventions:signer", convention.pk, numero)
    structure = destinataires.de_la_structure(convention.structure, *page)
    if signature.partie == Partie.STRUCTURE:
        for qui in structure:
            mettre_en_file(emails.RecuDeSignature.de(acte, signature, qui.lien), a=qui.email, objet=convention)
        for qui in destinataires.de_l_anct(*page):
            mettre_en_file(emails.ASignerPourLEtat.de(acte, signature, qui.lien), a=qui.email, objet=convention)
        return
    agent = [q for q in destinataires.de_l_anct(*page) if q.email == par.utilisateur.email]
    for qui in [*structure, *agent]:
        mettre_en_file(emails.ActeSigne.de(acte, signature, qui.lien), a=qui.email, objet=convention)
