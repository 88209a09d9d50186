"""Effacer les fichiers des pièces qui ont fait leur temps ; la ligne, son empreinte et sa date restent."""

from datetime import datetime

from django.db import transaction
from django.db.models import DateField, Exists, F, Func, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from conum.conventions.models import Acte, Piece, TypePiece
from conum.conventions.states import SIGNEES, Etat
from conum.journal.acteurs import SYSTEME
from conum.journal.actions import noter
from conum.socle import depot

_FIN = Func(F("convention__periode"), function="upper", output_field=DateField())


def effacer_identites(avant: datetime) -> int:
    """Les pièces d'identité dont l'acte est signé des deux parties, ou la convention annulée, depuis cette date."""
    actes = Acte.objects.filter(convention=OuterRef("convention"))
    signee = Exists(actes.filter(signe_etat_le__lt=avant)) & Q(convention__etat__in=sorted(SIGNEES))
    # Un acte en cours de signature en a encore besoin ; retiré par l'annulation, il en porte la date.
    en_cours = Exists(actes.filter(Q(retire_le=None, signe_etat_le=None) | Q(retire_le__gte=avant)))
    recent = Exists(actes.filter(signe_etat_le__gte=avant))
    annulee = Q(convention__etat=Etat.ANNULEE)
    return _effacer(
        Piece.objects.filter(signee | annulee, ~en_cours, ~recent, type=TypePiece.IDENTITE, deposee_le__lt=avant)
    )


def effacer_pieces(avant: datetime) -> int:
    """Les autres pièces, exemplaires signés compris, des conventions finies avant cette date."""
    finies = Piece.objects.exclude(type=TypePiece.IDENTITE).annotate(
        fin=Coalesce(F("convention__resiliee_le"), _FIN, output_field=DateField())
    )
    return _effacer(finies.filter(fin__lt=timezone.localdate(avant), deposee_le__lt=avant))


def _effacer(pieces: QuerySet[Piece]) -> int:
    """Efface ces fichiers, un par un et sous verrou : une pièce déposée à l'instant reste."""
    nombre = 0
    for pk in list(pieces.exclude(fichier="").order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            piece = pieces.exclude(fichier="").select_for_update(of=("self",), no_key=True).filter(pk=pk).first()
            if piece is None:
                continue
            depot.effacer_apres_validation(piece.fichier.name)
            piece.fichier.name, piece.nom_fichier, piece.efface_le = "", "", timezone.now()
            piece.save(update_fields=["fichier", "nom_fichier", "efface_le"])
            noter(piece, "effacer_piece", par=SYSTEME, donnees={"type": piece.type, "sha256": piece.sha256})
            nombre += 1
    return nombre
