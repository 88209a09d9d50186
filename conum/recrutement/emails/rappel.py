"""Rappels : à la structure et au candidat dont on attend une réponse, un seul courriel par jour à chacun."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import Role
from conum.courriels.messages import Message
from conum.recrutement.emails.desinscription import lien_desinscription
from conum.recrutement.emails.desinscription_membre import lien_sans_rappels
from conum.recrutement.emails.relation import lien_du_membre
from conum.recrutement.models import Candidat, MiseEnRelation, Recrutement
from conum.recrutement.rules.relation import DELAI_SIGNATURE
from conum.recrutement.rules.service import ENGAGEMENTS, Engagement, EtatEngagement
from conum.recrutement.states import Etat

_LIEN = "https://conum.example/proposition/exemple/"
_JOUR = date(2026, 1, 31)

# Ce qui est attendu, selon l'état ; la date qui suit dit depuis quand.
A_LA_STRUCTURE = {
    Etat.PROPOSEE: "attend votre réponse\u00a0: souhaitez-vous un contact, oui ou non\u00a0?",
    Etat.CONTACT_ACCEPTE: "accepte votre contact\u00a0: appelez, proposez un entretien ou faites une offre.",
    Etat.ENTRETIEN: "attend une suite après l’entretien.",
    Etat.ACCEPTEE: "a accepté votre offre : signez le contrat, puis dites-le sur la plateforme.",
}
AU_CANDIDAT = {
    Etat.PROPOSEE: "Ce poste vous est proposé\u00a0: acceptez-vous d’être contacté\u00a0?",
    Etat.RETENUE: "La structure souhaite vous contacter\u00a0: l’acceptez-vous\u00a0?",
    Etat.OFFRE: "La structure vous propose un contrat\u00a0: l’acceptez-vous\u00a0?",
}


@dataclass(frozen=True)
class Attente:
    """Une mise en relation qui attend : qui, quoi, depuis quand, jusqu'à quand (vide : sans échéance), et où aller."""

    titre: str
    texte: str
    depuis: date
    jusqu_au: date | None
    lien: str

    @classmethod
    def de_la_structure(cls, relation: MiseEnRelation, role: Role) -> Self:
        limite = _limite(relation)
        texte = A_LA_STRUCTURE[Etat(relation.etat)]
        lien = lien_du_membre(role, relation)
        return cls(relation.candidat.prenom, texte, timezone.localdate(relation.attend_depuis), limite, lien)

    @classmethod
    def du_candidat(cls, relation: MiseEnRelation, lien: str) -> Self:
        recrutement: Recrutement = relation.recrutement
        titre = f"{recrutement.structure.nom}, {recrutement.commune}"
        depuis = timezone.localdate(relation.attend_depuis)
        return cls(titre, AU_CANDIDAT[Etat(relation.etat)], depuis, _limite(relation), lien)


def _limite(relation: MiseEnRelation) -> date | None:
    """Le dernier jour pour répondre ; pour un accord, celui de la signature promise."""
    if relation.etat == Etat.ACCEPTEE:
        return timezone.localdate(relation.attend_depuis + DELAI_SIGNATURE)
    return timezone.localdate(relation.echeance) if relation.echeance else None


@dataclass(frozen=True)
class RappelStructure(Message):
    """À un membre, pour un recrutement : ceux qui attendent, et les engagements dont la date est passée."""

    code = "recrutement/rappel_structure"
    sujet = "{objet}"
    objet: str
    structure: str
    poste: str
    commune: str
    attentes: tuple[Attente, ...]
    engagements: tuple[Engagement, ...]
    lien: str

    @classmethod
    def de(
        cls,
        recrutement: Recrutement,
        relations: Sequence[MiseEnRelation],
        engagements: Sequence[Engagement],
        role: Role,
    ) -> Self:
        return cls(
            objet=_objet(len(relations), recrutement.reference),
            structure=recrutement.structure.nom,
            poste=recrutement.get_type_poste_display().lower(),
            commune=str(recrutement.commune),
            attentes=tuple(Attente.de_la_structure(r, role) for r in relations),
            engagements=tuple(engagements),
            lien=settings.SITE_URL + reverse("recrutement:recrutement", args=[role.pk, recrutement.pk]),
            desabonnement=lien_sans_rappels(role),
        )

    @classmethod
    def exemple(cls) -> Self:
        attentes = tuple(
            Attente("Inès", texte, _JOUR, _JOUR + timedelta(days=14), _LIEN) for texte in A_LA_STRUCTURE.values()
        )
        retard = Engagement("choisir", ENGAGEMENTS["choisir"], _JOUR, None, EtatEngagement.EN_RETARD, 1)
        return cls(
            objet=_objet(len(attentes), "R-00042"),
            structure="Communauté de communes des Trois Sources",
            poste="conseiller numérique",
            commune="Cognac (16)",
            attentes=attentes,
            engagements=(retard,),
            lien=_LIEN,
            desabonnement=_LIEN,
        )


def _objet(nombre: int, reference: str) -> str:
    if nombre > 1:
        return f"{nombre} candidats attendent votre réponse (recrutement {reference})"
    if nombre:
        return f"Un candidat attend votre réponse (recrutement {reference})"
    return f"Recrutement {reference} : une date d’engagement est passée"


@dataclass(frozen=True)
class RappelCandidat(Message):
    """À une personne : les structures qui attendent sa réponse."""

    code = "recrutement/rappel_candidat"
    sujet = "Votre réponse est attendue"
    confidentiel = True  # porte un lien personnel par proposition
    prenom: str
    attentes: tuple[Attente, ...]

    @classmethod
    def de(cls, candidat: Candidat, attentes: Sequence[Attente], *, refusable: bool) -> Self:
        """`refusable` : au moins une simple proposition ; une offre ou une demande de contact ne se refuse pas."""
        return cls(
            prenom=candidat.prenom,
            attentes=tuple(attentes),
            desabonnement=lien_desinscription(candidat) if refusable else "",
        )

    @classmethod
    def exemple(cls) -> Self:
        attentes = tuple(
            Attente("Communauté de communes des Trois Sources, Cognac (16)", texte, _JOUR, _JOUR, _LIEN)
            for texte in AU_CANDIDAT.values()
        )
        return cls(prenom="Inès", attentes=attentes, desabonnement=_LIEN)
