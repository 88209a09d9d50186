"""Le justificatif d'emploi : déposé par la structure, examiné par l'ANCT, ou son absence constatée.

Verrous : convention, justificatif, puis échéances. Ce qui s'ouvre, se rappelle et se suspend seul est dans `relances`.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files import File
from django.db import transaction
from django.utils import timezone

from conum.comptes.models import Role
from conum.conventions.models import Convention
from conum.courriels.actions import mettre_en_file
from conum.courriels.messages import Message
from conum.journal.acteurs import Acteur
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.actions.gardes import exiger_texte
from conum.postes.emails import destinataires
from conum.socle import depot, fichiers
from conum.socle.texte import euros
from conum.versements import access
from conum.versements.actions.reversements import tirer_les_consequences
from conum.versements.actions.suspensions import reprendre_les_versements
from conum.versements.emails import justificatifs as emails
from conum.versements.models import Justificatif, Solde
from conum.versements.rules.justificatifs import delais_au
from conum.versements.states import TRANSITIONS_JUSTIFICATIF, EtatJustificatif

PAGE = "versements:justificatif"
MONTANT_MAX = Decimal("9999999.99")
COMMENTAIRE_MAX = 2_000
NOM_MAX = 150


def prevenir_structure(
    justificatif: Justificatif, classe: type[emails.SurJustificatif], *, cle: str = "", **champs: Any
) -> None:
    for qui in destinataires.de_la_structure(justificatif.convention.structure, PAGE, justificatif.pk):
        _ecrire(classe(**classe.base(justificatif, qui.lien), **champs), qui.email, justificatif, cle)


def prevenir_anct(justificatif: Justificatif, classe: type[emails.SurJustificatif], **champs: Any) -> None:
    for qui in destinataires.de_l_anct(PAGE, justificatif.pk):
        _ecrire(classe(**classe.base(justificatif, qui.lien), **champs), qui.email, justificatif, "")


def _ecrire(message: Message, a: str, justificatif: Justificatif, cle: str) -> None:
    mettre_en_file(message, a=a, objet=justificatif, cle=f"{cle}:{a}" if cle else None)


def verrouiller_convention(justificatif: Justificatif) -> Convention:
    """La convention d'abord, comme partout."""
    return Convention.objects.select_for_update(of=("self",), no_key=True).get(pk=justificatif.convention_id)


def exiger_pas_soldee(convention: Convention) -> None:
    if Solde.objects.filter(convention=convention).exists():
        raise TransitionImpossible("Les comptes de cette convention sont arrêtés : plus rien ne s'y justifie.")


def delai_apres_refus(justificatif: Justificatif) -> date:
    """Jusqu'à quand déposer de nouveau : la date due, ou un délai entier après un refus."""
    if justificatif.etat != EtatJustificatif.REFUSE or justificatif.traite_le is None:
        return justificatif.du_le
    delais = delais_au(justificatif.periode.upper)
    return max(justificatif.du_le, timezone.localdate(justificatif.traite_le) + delais.apres_refus)


def limite_de_mise_en_demeure(justificatif: Justificatif) -> date | None:
    """Le jour à partir duquel l'absence se constate ; None tant qu'il n'y a pas de mise en demeure."""
    if justificatif.suspendu_le is None:
        return None
    delais = delais_au(justificatif.periode.upper)
    limite = timezone.localdate(justificatif.suspendu_le) + delais.mise_en_demeure
    return max(limite, delai_apres_refus(justificatif))


# --- Déposer ----------------------------------------------------------------------------------------------------------


def deposer_justificatif(
    justificatif: Justificatif, *, montant: Decimal, fichier: "File[bytes]", commentaire: str = "", par: Acteur
) -> Justificatif:
    """La structure déclare ce qu'elle a employé et joint un PDF ; un dépôt remplace le précédent.

    Raises:
        ValidationError: montant négatif, commentaire trop long, fichier qui n'est pas un PDF entier et inerte.
        TransitionImpossible: le terme court encore, ou la convention est soldée.
    """
    _exiger_saisie(montant, commentaire)
    donnees: dict[str, Any] = {"montant": str(montant)}
    with _recevable(justificatif, fichier, par) as (chemin, sha256), transaction.atomic():
        donnees["sha256"] = sha256
        exiger_pas_soldee(verrouiller_convention(justificatif))
        with transition(
            justificatif, "deposer_justificatif", table=TRANSITIONS_JUSTIFICATIF, par=par,
            peut=access.peut_deposer_justificatif, donnees=donnees,
        ) as courant:  # fmt: skip
            if timezone.localdate() < courant.periode.upper:
                raise TransitionImpossible(
                    f"Le terme court jusqu'au {courant.dernier_jour:%d/%m/%Y} : déposez le justificatif à partir du "
                    f"{courant.periode.upper:%d/%m/%Y}."
                )
            ancien = courant.fichier.name
            courant.fichier.name, courant.sha256, courant.nom_fichier = chemin, sha256, _etiquette(fichier.name)
            courant.montant_declare, courant.commentaire = montant, commentaire.strip()
            courant.depose_le, courant.depose_par = timezone.now(), par if isinstance(par, Role) else None
            courant.motif_refus, courant.absence_le, courant.efface_le = "", None, None
            depot.effacer_apres_validation(ancien)
            prevenir_anct(courant, emails.JustificatifAExaminer, montant=euros(montant))
    return courant


def _exiger_saisie(montant: Decimal, commentaire: str) -> None:
    if not 0 <= montant <= MONTANT_MAX:
        raise ValidationError({"montant": "Écrivez un montant positif, ou zéro si rien n'a été employé."})
    if len(commentaire.strip()) > COMMENTAIRE_MAX:
        raise ValidationError({"commentaire": f"Écrivez {COMMENTAIRE_MAX} caractères au plus."})


@contextmanager
def _recevable(justificatif: Justificatif, fichier: "File[bytes]", par: Acteur) -> Iterator[tuple[str, str]]:
    """Vérifie le droit puis le fichier, et le range ; rend son chemin et son empreinte."""
    if not access.peut_deposer_justificatif(par, justificatif):
        raise PermissionDenied
    contenu = fichier.read(fichiers.TAILLE_MAX + 1)
    try:
        type_ = fichiers.examiner(contenu, admis=(fichiers.PDF,))
    except fichiers.FichierRefuse as refus:
        raise ValidationError({"fichier": str(refus)}) from refus
    with depot.ranger(justificatif, "fichier", contenu, type_.extension) as chemin:
        yield chemin, hashlib.sha256(contenu).hexdigest()


def _etiquette(nom: str | None) -> str:
    """Le nom du fichier de la personne, pour qu'elle le reconnaisse ; il ne nomme rien au dépôt."""
    base = PurePath((nom or "").replace("\\", "/")).name
    return "".join(c for c in base if c.isprintable()).strip()[-NOM_MAX:] or "justificatif.pdf"


# --- Examiner ---------------------------------------------------------------------------------------------------------


def _exiger_meme_fichier(justificatif: Justificatif, sha256_lu: str) -> None:
    if sha256_lu and sha256_lu != justificatif.sha256:
        raise TransitionImpossible(
            "La structure a déposé un autre fichier depuis que vous avez ouvert cette page : lisez-le d'abord."
        )


def accepter_justificatif(
    justificatif: Justificatif, *, montant: Decimal, par: Acteur, sha256_lu: str = ""
) -> Justificatif:
    """L'ANCT retient le montant prouvé ; les versements suspendus reprennent, ce qui n'est pas prouvé est demandé.

    Raises:
        ValidationError: montant négatif, ou plus grand que celui déclaré.
        TransitionImpossible: pas de dépôt à examiner, ou un autre fichier déposé entre-temps.
    """
    donnees: dict[str, Any] = {"montant": str(montant)}
    with transaction.atomic():
        convention = verrouiller_convention(justificatif)
        with transition(
            justificatif, "accepter_justificatif", table=TRANSITIONS_JUSTIFICATIF, par=par,
            peut=access.peut_examiner_justificatif, donnees=donnees,
        ) as courant:  # fmt: skip
            exiger_pas_soldee(convention)
            _exiger_meme_fichier(courant, sha256_lu)
            declare = courant.montant_declare or Decimal(0)
            if not 0 <= montant <= declare:
                raise ValidationError({"montant": f"Retenez de 0 à {euros(declare)}, ce que la structure déclare."})
            courant.montant_justifie, courant.traite_le = montant, timezone.now()
        reprises = reprendre_les_versements(courant, par=par)
        echeance = tirer_les_consequences(courant, par=par)
        a_rendre = euros(echeance.montant) if echeance is not None and echeance.est_reversement else ""
        prevenir_structure(
            courant, emails.JustificatifAccepte, montant=euros(montant), a_rendre=a_rendre, reprises=reprises
        )
    return courant


def refuser_justificatif(justificatif: Justificatif, *, motif: str, par: Acteur, sha256_lu: str = "") -> Justificatif:
    """L'ANCT écarte le dépôt, avec un motif ; la structure a de nouveau un délai."""
    motif = exiger_texte("motif", motif)
    with transaction.atomic():
        exiger_pas_soldee(verrouiller_convention(justificatif))
        with transition(
            justificatif, "refuser_justificatif", table=TRANSITIONS_JUSTIFICATIF, par=par,
            peut=access.peut_examiner_justificatif, motif=motif,
        ) as courant:  # fmt: skip
            _exiger_meme_fichier(courant, sha256_lu)
            courant.motif_refus, courant.traite_le = motif, timezone.now()
        limite = delai_apres_refus(courant)
        prevenir_structure(courant, emails.JustificatifRefuse, motif=motif, limite=f"{limite:%d/%m/%Y}")
    return courant


def constater_absence(justificatif: Justificatif, *, par: Acteur) -> Justificatif:
    """Le délai de la mise en demeure est passé : tout ce qui a été versé pour le terme est demandé.

    Raises:
        TransitionImpossible: pas de mise en demeure, délai en cours, ou absence déjà constatée.
    """
    with transaction.atomic():
        convention = verrouiller_convention(justificatif)
        with transition(
            justificatif, "constater_absence", table=TRANSITIONS_JUSTIFICATIF, par=par,
            peut=access.peut_examiner_justificatif,
        ) as courant:  # fmt: skip
            exiger_pas_soldee(convention)
            if courant.absence_le is not None:
                raise TransitionImpossible("L'absence de ce justificatif est déjà constatée.")
            limite = limite_de_mise_en_demeure(courant)
            if limite is None:
                raise TransitionImpossible("La structure n'a pas été mise en demeure : elle l'est après les rappels.")
            if timezone.localdate() < limite:
                raise TransitionImpossible(f"La structure a jusqu'au {limite:%d/%m/%Y} pour déposer son justificatif.")
            courant.absence_le = courant.traite_le = timezone.now()
            courant.motif_refus = courant.motif_refus or "Aucun justificatif reçu malgré la mise en demeure."
        echeance = tirer_les_consequences(courant, par=par)
        a_rendre = euros(echeance.montant) if echeance is not None and echeance.est_reversement else ""
        prevenir_structure(courant, emails.AbsenceConstatee, a_rendre=a_rendre)
    return courant
