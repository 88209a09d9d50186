"""Organisme ← Session ← Séance ; Inscription (un contrat) ← Positionnement, Place, Dispense, Attestation, Résultat.

Émargement : une séance et une place. Verrous, toujours dans cet ordre : Session → Inscription → Place → Émargement.
"""

from conum.formations.models.affectation import PassageAffectation, PropositionSession
from conum.formations.models.certification import ImportResultats, ResultatCertification
from conum.formations.models.continue_ import InscriptionModule
from conum.formations.models.etat import EtatRecapitulatif, LigneEmargement, LigneEtat, TarifMarche
from conum.formations.models.inscription import Dispense, Inscription, Positionnement, PriseDePoste
from conum.formations.models.organisme import Organisme
from conum.formations.models.presence import Attestation, Emargement
from conum.formations.models.satisfaction import InvitationSatisfaction, ReponseSatisfaction
from conum.formations.models.session import Place, Seance, SessionFormation

__all__ = [
    "Attestation",
    "Dispense",
    "Emargement",
    "EtatRecapitulatif",
    "ImportResultats",
    "Inscription",
    "InscriptionModule",
    "InvitationSatisfaction",
    "LigneEmargement",
    "LigneEtat",
    "Organisme",
    "PassageAffectation",
    "Place",
    "Positionnement",
    "PriseDePoste",
    "PropositionSession",
    "ReponseSatisfaction",
    "ResultatCertification",
    "Seance",
    "SessionFormation",
    "TarifMarche",
]
