"""Des mois signés, pour les états récapitulatifs."""

from datetime import date
from decimal import Decimal

from django.utils import timezone

from conum.comptes.models import Role
from conum.formations.actions import etats, tarifs
from conum.formations.models import EtatRecapitulatif, Inscription, Organisme, Place, SessionFormation, TarifMarche
from conum.formations.models.etat import NatureCout
from conum.formations.states import Etat
from tests.formations import fabriques_base as f

PRIX = Decimal("3850.00")
"""385 h à 10 € : 210 minutes en valent 35."""


def mois_passe(combien: int = 1) -> date:
    """Le premier jour d'un mois fini."""
    rang = timezone.localdate().year * 12 + timezone.localdate().month - 1 - combien
    return date(rang // 12, rang % 12 + 1, 1)


def tarif(chez: Organisme, nature: str = NatureCout.FORMATION, montant: Decimal = PRIX) -> TarifMarche:
    return tarifs.saisir_tarif(
        chez, marche_code="2025", nature=nature, montant=montant, depuis=date(2025, 1, 1),
        reference="Marché 2025-014, annexe 2", par=f.anct(),
    )  # fmt: skip


def session_signee(
    personnes: int = 1, *, chez: Organisme | None = None, seances: int = 2, debut: date | None = None
) -> SessionFormation:
    """Une session d'un mois passé, où chacun a signé chaque demi-journée."""
    session = f.session(chez=chez, seances=seances, debut=debut or mois_passe())
    for _ in range(personnes):
        signer(session, f.place(session, f.inscription(etat=Etat.EN_FORMATION, chez=chez)))
    return session


def signer(session: SessionFormation, place: Place) -> None:
    for seance in session.seances.all():
        f.emarger(seance, place)


def preparer(chez: Organisme, mois: date | None = None, par: Role | None = None) -> EtatRecapitulatif:
    return etats.preparer_etat(chez, "2025", mois or mois_passe(), par=par or f.role_organisme(chez))


def transmis(chez: Organisme | None = None, **session: object) -> EtatRecapitulatif:
    chez = chez or f.organisme()
    if not chez.tarifs.exists():
        tarif(chez)
    session_signee(chez=chez, **session)  # type: ignore[arg-type]
    par = f.role_organisme(chez)
    etat = preparer(chez, par=par)
    return etats.transmettre_etat(etat, total=etat.total, par=par)


def valide(chez: Organisme | None = None, **session: object) -> EtatRecapitulatif:
    etat = transmis(chez, **session)
    return etats.valider_etat(etat, total=etat.total, par=f.anct())


def inscription_de(etat: EtatRecapitulatif) -> Inscription:
    return etat.lignes.order_by("pk")[0].inscription
