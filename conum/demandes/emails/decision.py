"""Courriels de l'instruction et de la décision : un message par étape, à la structure et à la préfecture."""

from dataclasses import dataclass
from typing import Any, Self

from conum.courriels.messages import Message
from conum.demandes import rules
from conum.demandes.models import Avis, Decision, Demande, Nature, SensAvis, SensDecision
from conum.postes.models import TypePoste

_EXEMPLE: dict[str, Any] = {
    "reference": "D-00042",
    "structure": "Communauté de communes des Trois Sources",
    "commune": "Reims (51)",
    "lien": "https://conum.example/espace/7/demandes/42/",
}


@dataclass(frozen=True)
class _SurDemande(Message):
    """Ce que tout message dit : de quelle demande il parle, et où la lire."""

    reference: str
    structure: str
    commune: str
    lien: str

    @classmethod
    def base(cls, demande: Demande, lien: str) -> dict[str, Any]:
        return {
            "reference": demande.reference,
            "structure": demande.structure.nom if demande.structure else "",
            "commune": str(demande.commune),
            "lien": lien,
        }


@dataclass(frozen=True)
class AvisRendu(_SurDemande):
    """À la structure : la préfecture a rendu, ou modifié, son avis."""

    code = "demandes/avis_rendu"
    sujet = "Demande {reference} : la préfecture a rendu son avis"
    favorable: bool = True
    modifie: bool = False

    @classmethod
    def de(cls, demande: Demande, avis: Avis, lien: str, *, modifie: bool) -> Self:
        return cls(**cls.base(demande, lien), favorable=avis.sens == SensAvis.FAVORABLE, modifie=modifie)

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)


@dataclass(frozen=True)
class ComplementDemande(_SurDemande):
    """À la structure, la préfecture en copie : une question à laquelle répondre avant la décision."""

    code = "demandes/complement_demande"
    sujet = "Demande {reference} : une précision est nécessaire"
    question: str = ""
    pour_agent: bool = False

    @classmethod
    def de(cls, demande: Demande, lien: str, *, pour_agent: bool) -> Self:
        return cls(**cls.base(demande, lien), question=demande.question, pour_agent=pour_agent)

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE, question="Combien de communes le conseiller couvrira-t-il ?")


@dataclass(frozen=True)
class ComplementRecu(_SurDemande):
    """À l'ANCT et à la préfecture : la structure a répondu."""

    code = "demandes/complement_recu"
    sujet = "Demande {reference} : {structure} a répondu"
    reponse: str = ""

    @classmethod
    def de(cls, demande: Demande, lien: str) -> Self:
        return cls(**cls.base(demande, lien), reponse=demande.reponse)

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE, reponse="Douze communes, en itinérance, deux jours par semaine chacune.")


@dataclass(frozen=True)
class Attribution(_SurDemande):
    """À la structure : ses postes, et ce qu'elle a à faire maintenant."""

    code = "demandes/attribution"
    sujet = "Demande {reference} : {postes} poste(s) attribué(s) à {structure}"
    postes: int = 2
    demandes: int = 3
    coordinateur: bool = False
    ajout: bool = False
    mois_choix: int = 1
    mois_recrutement: int = 3
    numeros: tuple[str, ...] = ()
    observations: str = ""

    @classmethod
    def de(cls, demande: Demande, decision: Decision, numeros: tuple[str, ...], lien: str) -> Self:
        coordinateur = demande.type_poste == TypePoste.COORDINATEUR
        return cls(
            **cls.base(demande, lien),
            postes=decision.postes_accordes,
            demandes=demande.postes_demandes or 0,
            coordinateur=coordinateur,
            ajout=demande.nature == Nature.AJOUT,
            mois_choix=rules.MOIS_CHOIX_COORDINATEUR if coordinateur else rules.MOIS_CHOIX_CONSEILLER,
            mois_recrutement=rules.DELAI_RECRUTEMENT[demande.nature],
            numeros=numeros,
            observations=decision.observations,
        )

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE, numeros=("P-00101", "P-00102"), observations="Le troisième poste sera réexaminé.")


@dataclass(frozen=True)
class RenduAccepte(_SurDemande):
    """À la structure qui rend des postes : c'est acté."""

    code = "demandes/rendu_accepte"
    sujet = "Demande {reference} : votre rendu de poste est accepté"
    postes: int = 1
    demandes: int = 1
    numeros: tuple[str, ...] = ()
    observations: str = ""

    @classmethod
    def de(cls, demande: Demande, decision: Decision, numeros: tuple[str, ...], lien: str) -> Self:
        return cls(
            **cls.base(demande, lien),
            postes=decision.postes_accordes,
            demandes=demande.postes_demandes or 0,
            numeros=numeros,
            observations=decision.observations,
        )

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE, numeros=("P-00101",))


@dataclass(frozen=True)
class Refus(_SurDemande):
    """À la structure : la décision défavorable et ses motifs."""

    code = "demandes/refus"
    sujet = "Demande {reference} : décision défavorable"
    motifs: tuple[str, ...] = ()
    precisions: str = ""
    observations: str = ""

    @classmethod
    def de(cls, demande: Demande, decision: Decision, lien: str) -> Self:
        return cls(
            **cls.base(demande, lien),
            motifs=tuple(decision.libelles_motifs),
            precisions=decision.motif_libre,
            observations=decision.observations,
        )

    @classmethod
    def exemple(cls) -> Self:
        return cls(
            **_EXEMPLE,
            motifs=(rules.MOTIFS_REFUS["repartition"],),
            precisions="Trois postes sont déjà attribués dans l'agglomération.",
        )


@dataclass(frozen=True)
class DecisionPrefecture(_SurDemande):
    """À la préfecture du département : ce qui a été décidé."""

    code = "demandes/decision_prefecture"
    sujet = "Demande {reference} ({structure}) : décision rendue"
    attribuee: bool = True
    rendu: bool = False
    postes: int = 2
    demandes: int = 3
    cadre: str = "Comité n° 64"
    motifs: tuple[str, ...] = ()
    precisions: str = ""
    observations: str = ""

    @classmethod
    def de(cls, demande: Demande, decision: Decision, lien: str) -> Self:
        return cls(
            **cls.base(demande, lien),
            attribuee=decision.sens == SensDecision.ATTRIBUEE,
            rendu=demande.nature == Nature.RENDU,
            postes=decision.postes_accordes,
            demandes=demande.postes_demandes or 0,
            cadre=str(decision.session) if decision.session else "Décision individuelle, hors session",
            motifs=tuple(decision.libelles_motifs),
            precisions=decision.motif_libre,
            observations=decision.observations,
        )

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)


@dataclass(frozen=True)
class _Cloture(_SurDemande):
    motif: str = ""
    pour_agent: bool = False

    @classmethod
    def de(cls, demande: Demande, lien: str, *, pour_agent: bool = False) -> Self:
        return cls(**cls.base(demande, lien), motif=demande.motif_cloture, pour_agent=pour_agent)

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE, motif="Doublon de la demande D-00040, déjà en cours d'instruction.")


@dataclass(frozen=True)
class Annulation(_Cloture):
    code = "demandes/annulation"
    sujet = "Demande {reference} : annulée"


@dataclass(frozen=True)
class SansSuite(_Cloture):
    code = "demandes/sans_suite"
    sujet = "Demande {reference} : classée sans suite"


@dataclass(frozen=True)
class RappelAvis(_SurDemande):
    """À la préfecture : une demande attend son avis depuis 7, puis 14 jours."""

    code = "demandes/rappel_avis"
    sujet = "Rappel : la demande {reference} attend votre avis depuis {jours} jours"
    jours: int = 7
    dernier: bool = False

    @classmethod
    def de(cls, demande: Demande, lien: str, *, rang: int) -> Self:
        return cls(
            **cls.base(demande, lien), jours=demande.jours_depuis_depot or 0, dernier=rang == len(rules.RAPPELS_AVIS)
        )

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)
