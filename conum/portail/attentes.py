"""Ce que les conventions et les versements attendent de chacun : des comptes, chacun menant à sa liste."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.conventions.models import Convention, Piece
from conum.conventions.states import Etat, EtatPiece
from conum.versements.models import Justificatif, LigneRetour, Lot, Rib
from conum.versements.states import EtatJustificatif, EtatLot, EtatRapprochement, EtatRib

A_DEPOSER = (EtatJustificatif.ATTENDU, EtatJustificatif.REFUSE)
PIECES_A_DEPOSER = (EtatPiece.DEMANDEE, EtatPiece.REFUSEE)


@dataclass(frozen=True)
class Attendu:
    """Un compte : ce qu'il dit (`un`, s'il n'y en a qu'un), où il mène, s'il faut agir sans tarder."""

    nombre: int
    phrase: str
    lien: str
    urgent: bool = False
    un: str = ""

    @property
    def texte(self) -> str:
        return self.un if self.un and self.nombre == 1 else self.phrase


def _de_la_structure(role: Role) -> list[Attendu]:
    conventions = Convention.objects.visibles_par(role)
    cles = conventions.order_by().values("pk")
    liste = reverse("conventions:mes_conventions", args=[role.pk])
    a_signer = conventions.filter(etat=Etat.A_SIGNER_STRUCTURE)
    avenants = conventions.filter(
        etat=Etat.AVENANT_EN_COURS,
        actes__propose_le__isnull=False,
        actes__retire_le=None,
        actes__signe_structure_le=None,
    )
    pieces = Piece.objects.filter(convention__in=cles, convention__etat=Etat.BROUILLON, etat__in=PIECES_A_DEPOSER)
    dus = Justificatif.objects.filter(
        convention__in=cles, etat__in=A_DEPOSER, absence_le=None, periode__endswith__lte=timezone.localdate()
    )
    return [
        Attendu(a_signer.count() + avenants.count(), "documents à signer", liste, urgent=True, un="document à signer"),
        Attendu(pieces.count(), "pièces à déposer", liste, urgent=True, un="pièce à déposer"),
        Attendu(
            dus.count(),
            "justificatifs d’emploi à déposer",
            reverse("versements:justificatifs", args=[role.pk]),
            urgent=True,
            un="justificatif d’emploi à déposer",
        ),
    ]


def _de_l_anct(role: Role) -> list[Attendu]:
    liste = reverse("conventions:liste", args=[role.pk])
    a_signer = Convention.objects.filter(etat=Etat.A_SIGNER_ETAT).count()
    recues = Piece.objects.filter(etat=EtatPiece.RECUE).count()
    a_approuver = Lot.objects.filter(etat=EtatLot.A_APPROUVER).exclude(prepare_par=role.utilisateur).count()
    comptes = Rib.objects.filter(etat=EtatRib.PROPOSE).exclude(saisi_par=role.utilisateur).count()
    retours = LigneRetour.objects.filter(etat=EtatRapprochement.A_TRAITER).count()
    recus = Justificatif.objects.filter(etat=EtatJustificatif.RECU).count()
    return [
        Attendu(
            a_signer,
            "conventions à signer pour l’État",
            f"{liste}?etat={Etat.A_SIGNER_ETAT}",
            urgent=True,
            un="convention à signer pour l’État",
        ),
        Attendu(recues, "pièces à examiner", reverse("conventions:pieces", args=[role.pk]), un="pièce à examiner"),
        Attendu(
            a_approuver,
            "lots de virements à approuver",
            reverse("versements:lots", args=[role.pk]),
            urgent=True,
            un="lot de virements à approuver",
        ),
        Attendu(
            comptes,
            "comptes bancaires à confirmer",
            reverse("versements:ribs", args=[role.pk]),
            un="compte bancaire à confirmer",
        ),
        Attendu(
            retours,
            "lignes de la banque à traiter",
            reverse("versements:retours", args=[role.pk]),
            un="ligne de la banque à traiter",
        ),
        Attendu(
            recus,
            "justificatifs à examiner",
            reverse("versements:justificatifs_a_examiner", args=[role.pk]),
            un="justificatif à examiner",
        ),
    ]


def des_conventions(role: Role) -> list[Attendu]:
    """Les comptes non nuls ; vide pour qui ne fait que lire."""
    match role.type:
        case TypeRole.STRUCTURE:
            comptes = _de_la_structure(role)
        case TypeRole.ANCT:
            comptes = _de_l_anct(role)
        case _:
            comptes = []
    return [compte for compte in comptes if compte.nombre]
