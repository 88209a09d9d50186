"""Des personnes formées, dispensées ou en cours de formation, pour les tests de la prise de poste et de la suite."""

from datetime import date
from typing import Any

from django.utils import timezone

from conum.formations.models import Attestation, Dispense, Inscription
from conum.formations.rules import marches
from conum.formations.states import Etat, EtatDispense
from conum.postes.models import Contrat
from tests.formations import fabriques_base as f
from tests.postes import fabriques as postes

SHA = "a" * 64


def contrat_ancien(debut: date, fin: date) -> Contrat:
    """Un contrat commencé bien avant les autres, sur un poste qui existait déjà."""
    _, (poste,) = postes.structure_avec(1, depuis=-2_500)
    return postes.en_poste(poste, debut=debut, fin=fin)


def attester(de: Inscription, *, le: date | None = None) -> Attestation:
    return Attestation.objects.create(
        inscription=de, delivree_le=le or timezone.localdate(), minutes=0, modele_code="essai", modele_empreinte=SHA,
        document="formations/attestations/essai.pdf", sha256=SHA,
    )  # fmt: skip


def dispense(de: Inscription, *, etat: str = EtatDispense.ACCEPTEE, **champs: Any) -> Dispense:
    valeurs: dict[str, Any] = {
        "certification": "ccp1",
        "obtenue_le": date(2022, 6, 1),
        "preuve": "formations/dispenses/essai.pdf",
        "traitee_le": timezone.now() if etat != EtatDispense.DEPOSEE else None,
        "motif_refus": "Ce n’est pas le bon certificat." if etat == EtatDispense.REFUSEE else "",
    }
    return Dispense.objects.create(inscription=de, etat=etat, **(valeurs | champs))


def formee(*, debut: date | None = None, contrat: Contrat | None = None, **champs: Any) -> Inscription:
    """Une personne qui a signé toutes les heures du parcours de 2025, attestée aujourd'hui."""
    de = f.inscription(etat=Etat.ATTESTEE, contrat=contrat or f.contrat(debut=f.jour(-120)), **champs)
    signer_tout(de, debut=debut or f.jour(-100))
    attester(de)
    return de


def signer_tout(de: Inscription, *, debut: date) -> None:
    """Des demi-journées signées des deux mains, jusqu'aux heures du parcours ; cours puis stage."""
    from conum.formations.models import Emargement, Seance
    from conum.formations.models.presence import VoieSignature

    parcours = marches.parcours(de.parcours)
    cours, stage = (round(h / 3.5) for h in (parcours.heures_cours, parcours.heures_stage))
    session = f.session(debut=debut, seances=cours + stage)
    seances = list(Seance.objects.filter(session=session).order_by("jour", "debut"))
    for seance in seances[cours:]:
        seance.nature = "stage"
    Seance.objects.bulk_update(seances, ["nature"])
    place = f.place(session, de)
    maintenant = timezone.now()
    Emargement.objects.bulk_create(
        Emargement(
            seance=s, place=place, signe_apprenant_le=maintenant, apprenant_voie=VoieSignature.ESPACE,
            signe_formateur_le=maintenant, formateur_voie=VoieSignature.LIEN, formateur_nom="Dominique Petit",
        )
        for s in seances
    )  # fmt: skip
