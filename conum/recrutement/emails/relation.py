"""Courriels d'une mise en relation : chaque réponse, chaque offre, chaque fin, et ce qui vient ensuite."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Self

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import Role
from conum.courriels.messages import Message
from conum.recrutement.models import MiseEnRelation, Recrutement
from conum.recrutement.rules import relation as regles

_LIEN = "https://conum.example/proposition/exemple/"
_JOUR = date(2026, 1, 31)
_INSTANT = datetime(2026, 1, 31, 13, 30, tzinfo=UTC)
_EXEMPLE: dict[str, Any] = {
    "prenom": "Inès",
    "structure": "Communauté de communes des Trois Sources",
    "poste": "conseiller numérique",
    "commune": "Cognac (16)",
    "lien": _LIEN,
}


def lien_du_membre(role: Role, relation: MiseEnRelation) -> str:
    """La page de la mise en relation, dans l'espace de ce membre."""
    return settings.SITE_URL + reverse("recrutement:relation", args=[role.pk, relation.pk])


def lien_des_recrutements(role: Role) -> str:
    return settings.SITE_URL + reverse("recrutement:recrutements", args=[role.pk])


def motif_lu_par_la_structure(code: str) -> str:
    """Le motif de fin, sauf celui qui ne regarde que la personne et l'ANCT."""
    return "La candidature n’est plus active" if code == "candidat_bloque" else regles.MOTIFS.get(code, "")


def dernier_jour(relation: MiseEnRelation) -> date | None:
    """Le dernier jour pour répondre."""
    return timezone.localdate(relation.echeance) if relation.echeance else None


@dataclass(frozen=True)
class _Relation(Message):
    """De quoi et de qui il s'agit, et où continuer. `prenom` est celui du candidat, lu par les deux parties."""

    prenom: str
    structure: str
    poste: str
    commune: str
    lien: str

    @classmethod
    def base(cls, relation: MiseEnRelation, lien: str) -> dict[str, Any]:
        recrutement: Recrutement = relation.recrutement
        return {
            "prenom": relation.candidat.prenom,
            "structure": recrutement.structure.nom,
            "poste": recrutement.get_type_poste_display().lower(),
            "commune": str(recrutement.commune),
            "lien": lien,
        }

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)


@dataclass(frozen=True)
class _AuCandidat(_Relation):
    confidentiel = True  # porte le lien personnel du candidat


# --- Au candidat --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ContactDemande(_AuCandidat):
    """La structure souhaite le contacter : l'accepte-t-il ? `preselection` : elle l'a trouvé dans le vivier."""

    code = "recrutement/contact_demande"
    sujet = "{structure} souhaite vous contacter"
    jusqu_au: date = _JOUR
    preselection: bool = False

    @classmethod
    def de(cls, relation: MiseEnRelation, lien: str, *, preselection: bool = False) -> Self:
        return cls(
            **cls.base(relation, lien),
            jusqu_au=dernier_jour(relation) or timezone.localdate(),
            preselection=preselection,
        )


@dataclass(frozen=True)
class OffreRecue(_AuCandidat):
    code = "recrutement/offre_recue"
    sujet = "{structure} vous propose un contrat"
    contrat: str = "CDD"
    salaire: Decimal = Decimal("1950.00")
    debut: date = _JOUR
    fin: date | None = _JOUR
    message: str = "Nous serions très heureux de vous accueillir."
    jusqu_au: date = _JOUR

    @classmethod
    def de(cls, relation: MiseEnRelation, lien: str) -> Self:
        assert relation.offre_salaire is not None
        assert relation.offre_debut is not None
        return cls(
            **cls.base(relation, lien),
            contrat=relation.get_offre_type_contrat_display(),
            salaire=relation.offre_salaire,
            debut=relation.offre_debut,
            fin=relation.offre_fin,
            message=relation.offre_message,
            jusqu_au=dernier_jour(relation) or timezone.localdate(),
        )


@dataclass(frozen=True)
class EnReserve(_AuCandidat):
    """Sur la liste de réserve, à telle place. `promis` : le poste vient d'être accepté par quelqu'un."""

    code = "recrutement/en_reserve"
    sujet = "{structure} : vous êtes sur la liste de réserve"
    place: int = 1
    promis: bool = False

    @classmethod
    def de(cls, relation: MiseEnRelation, lien: str, *, place: int, promis: bool = False) -> Self:
        return cls(**cls.base(relation, lien), place=place, promis=promis)


@dataclass(frozen=True)
class NonRetenue(_AuCandidat):
    code = "recrutement/non_retenue"
    sujet = "{structure} : réponse à votre candidature"
    motif: str = regles.MOTIFS_ECART["autre_candidat"]
    precision: str = ""

    @classmethod
    def de(cls, relation: MiseEnRelation, lien: str) -> Self:
        motif = regles.MOTIFS.get(relation.motif_fin, "")
        return cls(**cls.base(relation, lien), motif=motif, precision=relation.precision_fin)


@dataclass(frozen=True)
class OffreRetiree(_AuCandidat):
    code = "recrutement/offre_retiree"
    sujet = "{structure} retire son offre"
    motif: str = "Notre budget ne le permet plus cette année."

    @classmethod
    def de(cls, relation: MiseEnRelation, lien: str) -> Self:
        return cls(**cls.base(relation, lien), motif=relation.precision_fin)


@dataclass(frozen=True)
class Recrute(_AuCandidat):
    code = "recrutement/recrute"
    sujet = "Bienvenue : votre recrutement par {structure} est enregistré"
    debut: date = _JOUR

    @classmethod
    def de(cls, relation: MiseEnRelation, lien: str) -> Self:
        assert relation.offre_debut is not None
        return cls(**cls.base(relation, lien), debut=relation.offre_debut)


@dataclass(frozen=True)
class RelationClose(_AuCandidat):
    """Le poste est pourvu, ou le recrutement s'arrête : une règle clôt, la personne n'y est pour rien."""

    code = "recrutement/relation_close"
    sujet = "{structure} : votre proposition est close"
    motif: str = "poste_pourvu"

    @classmethod
    def de(cls, relation: MiseEnRelation, lien: str) -> Self:
        return cls(**cls.base(relation, lien), motif=relation.motif_fin)


# --- Aux membres de la structure ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ContactAccepte(_Relation):
    code = "recrutement/contact_accepte"
    sujet = "{prenom} accepte votre contact pour le poste de {poste}"
    jusqu_au: date = _JOUR

    @classmethod
    def de(cls, relation: MiseEnRelation, lien: str) -> Self:
        return cls(**cls.base(relation, lien), jusqu_au=dernier_jour(relation) or timezone.localdate())


@dataclass(frozen=True)
class OffreAcceptee(_Relation):
    code = "recrutement/offre_acceptee"
    sujet = "{prenom} accepte votre offre"
    signer_avant: date = _JOUR

    @classmethod
    def de(cls, relation: MiseEnRelation, lien: str) -> Self:
        assert relation.acceptee_le is not None
        signer_avant = timezone.localdate(relation.acceptee_le) + regles.DELAI_SIGNATURE
        return cls(**cls.base(relation, lien), signer_avant=signer_avant)


@dataclass(frozen=True)
class Declinee(_Relation):
    code = "recrutement/declinee"
    sujet = "{prenom} ne donne pas suite pour le poste de {poste}"
    motif: str = regles.MOTIFS_DECLIN["distance"]
    precision: str = ""

    @classmethod
    def de(cls, relation: MiseEnRelation, lien: str) -> Self:
        motif = regles.MOTIFS.get(relation.motif_fin, "")
        return cls(**cls.base(relation, lien), motif=motif, precision=relation.precision_fin)


@dataclass(frozen=True)
class CandidatParti(Message):
    """Le candidat n'est plus disponible : un seul courriel par membre, quel que soit le nombre de ses échanges."""

    code = "recrutement/candidat_parti"
    sujet = "{prenom} n’est plus disponible"
    prenom: str
    motif: str
    # (poste et lieu, la page de cette mise en relation)
    echanges: tuple[tuple[str, str], ...]
    lien: str

    @classmethod
    def de(cls, relations: list[MiseEnRelation], role: Role) -> Self:
        echanges = tuple(
            (
                f"{r.recrutement.get_type_poste_display()} à {r.recrutement.commune}",
                lien_du_membre(role, r),
            )
            for r in relations
        )
        motif = motif_lu_par_la_structure(relations[0].motif_fin)
        return cls(relations[0].candidat.prenom, motif, echanges, lien_des_recrutements(role))

    @classmethod
    def exemple(cls) -> Self:
        echanges = (("Conseiller numérique à Cognac (16)", _LIEN), ("Coordinateur à Cognac (16)", _LIEN))
        return cls("Inès", regles.MOTIFS_FIN["candidat_engage"], echanges, _LIEN)


# --- Aux deux -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _AuxDeux(_Relation):
    confidentiel = True
    pour_structure: bool = False


@dataclass(frozen=True)
class Entretien(_AuxDeux):
    """Un rendez-vous fixé ou déplacé, avec de quoi l'écrire dans l'agenda."""

    code = "recrutement/entretien"
    sujet = "Entretien {quand_court} : {avec}"
    avec: str = "Communauté de communes des Trois Sources"
    le: datetime = _INSTANT
    quand_court: str = "le 31/01/2026"
    mode: str = regles.MODES_ENTRETIEN["sur_place"]
    mode_code: str = "sur_place"
    lieu: str = "1 place de la Mairie, 16100 Cognac"
    message: str = "Vous pouvez venir avec votre CV."
    deplace: bool = True
    outre_mer: bool = False

    @classmethod
    def de(
        cls,
        relation: MiseEnRelation,
        lien: str,
        *,
        deplace: bool,
        calendrier: str,
        pour_structure: bool = False,
    ) -> Self:
        assert relation.entretien_le is not None
        base = cls.base(relation, lien)
        return cls(
            **base,
            pour_structure=pour_structure,
            avec=relation.candidat.nom_complet if pour_structure else str(base["structure"]),
            le=relation.entretien_le,
            quand_court=f"le {timezone.localtime(relation.entretien_le):%d/%m/%Y}",
            mode=relation.get_entretien_mode_display(),
            mode_code=relation.entretien_mode,
            lieu=relation.entretien_lieu,
            message=relation.entretien_message,
            deplace=deplace,
            outre_mer=relation.recrutement.territoire != "metropole",
            calendrier=calendrier,
        )


@dataclass(frozen=True)
class EntretienAnnule(_AuxDeux):
    """L'échange est clos avant l'entretien : le rendez-vous quitte les agendas."""

    code = "recrutement/entretien_annule"
    sujet = "Entretien annulé : {avec}"
    avec: str = "Communauté de communes des Trois Sources"
    le: datetime = _INSTANT

    @classmethod
    def de(cls, relation: MiseEnRelation, lien: str, *, calendrier: str, pour_structure: bool = False) -> Self:
        assert relation.entretien_le is not None
        base = cls.base(relation, lien)
        avec = relation.candidat.nom_complet if pour_structure else str(base["structure"])
        return cls(**base, pour_structure=pour_structure, avec=avec, le=relation.entretien_le, calendrier=calendrier)


@dataclass(frozen=True)
class TourDeReserve(_AuxDeux):
    """Une offre est tombée : c'est le tour du premier de la réserve."""

    code = "recrutement/tour_de_reserve"
    sujet = "Liste de réserve : une place se libère ({structure})"
    jusqu_au: date = _JOUR

    @classmethod
    def de(cls, relation: MiseEnRelation, lien: str, *, pour_structure: bool = False) -> Self:
        return cls(
            **cls.base(relation, lien),
            pour_structure=pour_structure,
            jusqu_au=dernier_jour(relation) or timezone.localdate(),
        )


@dataclass(frozen=True)
class Expiree(_AuxDeux):
    """Personne n'a répondu à temps : close, avec qui n'a pas répondu et ce qui vient ensuite."""

    code = "recrutement/expiree"
    sujet = "Proposition close, faute de réponse ({structure})"
    motif: str = "structure_muette"

    @classmethod
    def de(cls, relation: MiseEnRelation, lien: str, *, pour_structure: bool = False) -> Self:
        return cls(**cls.base(relation, lien), pour_structure=pour_structure, motif=relation.motif_fin)
