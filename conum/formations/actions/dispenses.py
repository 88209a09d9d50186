"""Les dispenses : un certificat déposé, lu par l'ANCT, accepté ou refusé ; son fichier effacé un an après."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import PurePath
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from conum.comptes.models import Role
from conum.courriels.actions import mettre_en_file
from conum.formations import access
from conum.formations.actions import faits, messages
from conum.formations.actions.prise_de_poste import exemption_de
from conum.formations.emails import destinataires
from conum.formations.emails import dispenses as emails
from conum.formations.models import Dispense, Inscription, Place
from conum.formations.rules.certification import titres
from conum.formations.rules.marches import CCP1, CERTIFICATIONS, TITRE
from conum.formations.rules.prise_de_poste import Exemption, raisons_de_dispense
from conum.formations.states import (
    EN_ATTENTE,
    TRANSITIONS,
    TRANSITIONS_DISPENSE,
    TRANSITIONS_PLACE,
    EtatDispense,
    EtatPlace,
)
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.actions.gardes import exiger_texte
from conum.socle import depot, fichiers
from conum.socle.enregistrement import enregistrer

NOM_MAX = 200


def libelle(dispense: Dispense) -> str:
    """« titre professionnel « Médiateur numérique », obtenu le 12/06/2026 »."""
    nom = CERTIFICATIONS[dispense.certification]
    titre = next((t.intitule for t in titres() if t.code == dispense.titre), "")
    de = f" « {titre} »" if titre and dispense.certification == TITRE else f" du titre « {titre} »" if titre else ""
    return f"{nom}{de}, obtenu le {dispense.obtenue_le:%d/%m/%Y}"


def refus_du_certificat(inscription: Inscription, exemption: Exemption, jour: date) -> tuple[str, ...]:
    """Ce qui empêche ce certificat de dispenser, selon le marché de l'inscription ; vide s'il dispense."""
    regle = faits.marche_fige(inscription.marche_code, inscription.marche_empreinte, inscription.contrat)
    return raisons_de_dispense(exemption, regle, jour)


# --- Déposer ---


def deposer_dispense(
    inscription: Inscription, fichier: "File[bytes]", *, certification: str, obtenue_le: date, par: Acteur,
    titre: str = "",
) -> Dispense:  # fmt: skip
    """Dépose un certificat à examiner ; l'ANCT est prévenue.

    Raises:
        ValidationError: certificat qui ne dispense pas, ou fichier qui n'est ni un PDF ni une photo, près de son champ.
        TransitionImpossible: la personne a une session, ou n'a plus de formation à suivre.
    """
    with _recevable(inscription, fichier, par) as chemin, transaction.atomic():
        courante = _verrouiller(inscription.pk)
        _exiger_en_attente(courante)
        if certification not in (CCP1, TITRE):
            raise ValidationError({"certification": "Choisissez une certification de la liste."})
        exemption = Exemption(certification, obtenue_le, preuve=True, titre=titre)
        if raisons := refus_du_certificat(courante, exemption, timezone.localdate()):
            raise ValidationError({"obtenue_le": list(raisons)})
        dispense = Dispense(
            inscription=courante, certification=certification, titre=titre, obtenue_le=obtenue_le, preuve=chemin,
            preuve_nom=_etiquette(fichier.name), deposee_par=par if isinstance(par, Role) else None,
        )  # fmt: skip
        enregistrer(dispense)
        noter(dispense, "deposer_dispense", par=par, vers=dispense.etat, donnees={"inscription": courante.pk})
        for qui in destinataires.de_l_anct("formations:dispense", dispense.pk):
            base = emails.DispenseAExaminer.base(courante, qui.lien)
            message = emails.DispenseAExaminer(**base, certificat=libelle(dispense))
            mettre_en_file(message, a=qui.email, objet=courante)
    return dispense


@contextmanager
def _recevable(inscription: Inscription, fichier: "File[bytes]", par: Acteur) -> Iterator[str]:
    """Vérifie le droit puis le fichier, et le range ; rend son chemin."""
    if not access.peut_demander_dispense(par, inscription):
        raise PermissionDenied
    # On ne charge pas en mémoire ce qui sera refusé.
    contenu = fichier.read(fichiers.TAILLE_MAX + 1)
    try:
        type_ = fichiers.examiner(contenu)
    except fichiers.FichierRefuse as refus:
        raise ValidationError({"fichier": str(refus)}) from refus
    with depot.ranger(Dispense(inscription=inscription), "preuve", contenu, type_.extension) as chemin:
        yield chemin


def _verrouiller(pk: int) -> Inscription:
    return Inscription.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)


def _exiger_en_attente(inscription: Inscription) -> None:
    if inscription.etat not in EN_ATTENTE:
        raise TransitionImpossible(
            f"L’inscription est « {inscription.get_etat_display()} » : une dispense ne se demande qu’avant d’avoir "
            "une place dans une session."
        )


def _etiquette(nom: str | None) -> str:
    """Le nom du fichier de la personne, pour qu'elle le reconnaisse ; il ne nomme rien au dépôt."""
    base = PurePath((nom or "").replace("\\", "/")).name
    return "".join(c for c in base if c.isprintable()).strip()[-NOM_MAX:] or "certificat"


# --- Décider ---


def accepter_dispense(dispense: Dispense, *, par: Acteur) -> Dispense:
    """L'ANCT a lu le certificat : la personne n'a plus de formation initiale à suivre.

    Raises:
        ValidationError: le certificat ne dispense pas, une phrase par raison.
        TransitionImpossible: déjà traitée, ou la personne a désormais une session.
    """
    with transaction.atomic():
        inscription = Inscription.objects.get(pk=dispense.inscription_id)
        with transition(
            inscription, "dispenser", table=TRANSITIONS, par=par, peut=access.peut_administrer,
            donnees={"dispense": dispense.pk},
        ) as dispensee:  # fmt: skip
            with transition(
                dispense, "accepter_dispense", table=TRANSITIONS_DISPENSE, par=par, peut=access.peut_administrer
            ) as courante:
                if raisons := refus_du_certificat(dispensee, exemption_de(courante), timezone.localdate()):
                    raise ValidationError(list(raisons))
                courante.traitee_le = timezone.now()
            _rendre_la_liste_d_attente(dispensee)
        _prevenir(courante, dispensee, emails.DispenseAccordee)
    return courante


def _rendre_la_liste_d_attente(inscription: Inscription) -> None:
    """Une personne dispensée n'attend plus de siège ; elle n'en avait pas, rien d'autre ne bouge."""
    for place in Place.objects.filter(inscription=inscription, etat=EtatPlace.EN_ATTENTE).order_by("pk"):
        motif = "La personne est dispensée de formation."
        with transition(
            place, "retirer_place", table=TRANSITIONS_PLACE, par=SYSTEME, peut=access.peut_retirer_place, motif=motif
        ) as rendue:
            rendue.motif, rendue.siege = motif, None


def refuser_dispense(dispense: Dispense, *, motif: str, par: Acteur) -> Dispense:
    """L'ANCT refuse le certificat ; la personne en dépose un autre, ou suit la formation.

    Raises:
        TransitionImpossible: déjà traitée.
    """
    motif = exiger_texte("motif", motif)
    with transaction.atomic():
        inscription = _verrouiller(dispense.inscription_id)
        with transition(
            dispense, "refuser_dispense", table=TRANSITIONS_DISPENSE, par=par, peut=access.peut_administrer, motif=motif
        ) as courante:
            courante.motif_refus, courante.traitee_le = motif, timezone.now()
        _prevenir(courante, inscription, emails.DispenseRefusee, motif=motif)
    return courante


def _prevenir(dispense: Dispense, inscription: Inscription, classe: type[emails.SurDispense], **champs: Any) -> None:
    certificat = libelle(dispense)
    messages.prevenir_personne(inscription, classe, certificat=certificat, **champs)
    messages.prevenir_structure(inscription, classe, certificat=certificat, **champs)


# --- Conserver ---


def effacer_certificats(avant: datetime) -> int:
    """Efface le fichier des dispenses décidées avant cette date ; la ligne, sa date et la décision restent."""
    decidees = Dispense.objects.exclude(etat=EtatDispense.DEPOSEE).exclude(preuve="").filter(traitee_le__lt=avant)
    nombre = 0
    for pk in list(decidees.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            dispense = decidees.select_for_update(of=("self",), no_key=True).filter(pk=pk).first()
            if dispense is None:
                continue
            depot.effacer_apres_validation(dispense.preuve.name)
            dispense.preuve.name, dispense.preuve_nom, dispense.efface_le = "", "", timezone.now()
            dispense.save(update_fields=["preuve", "preuve_nom", "efface_le"])
            noter(dispense, "effacer_certificat", par=SYSTEME)
            nombre += 1
    return nombre
