from conum.recrutement.models.candidat import Candidat, CandidatQuerySet, OriginePix
from conum.recrutement.models.passe import Passe, ReglageAppariement
from conum.recrutement.models.recrutement import PosteOuvert, Recrutement, RecrutementQuerySet
from conum.recrutement.models.relation import (
    LienPersonnel,
    MiseEnRelation,
    MiseEnRelationQuerySet,
    Origine,
    Partie,
)
from conum.recrutement.models.vivier import ConsultationVivier, PreferenceRappels

__all__ = [
    "Candidat",
    "CandidatQuerySet",
    "ConsultationVivier",
    "LienPersonnel",
    "MiseEnRelation",
    "MiseEnRelationQuerySet",
    "Origine",
    "OriginePix",
    "Partie",
    "Passe",
    "PosteOuvert",
    "PreferenceRappels",
    "Recrutement",
    "RecrutementQuerySet",
    "ReglageAppariement",
]
