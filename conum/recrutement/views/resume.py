"""Une proposition telle que le candidat la lit : où elle en est, qui l'on attend, et jusqu'à quand."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from conum.recrutement.models import Candidat, MiseEnRelation, MiseEnRelationQuerySet
from conum.recrutement.rules import relation as regles
from conum.recrutement.states import Etat
from conum.ui.templatetags.ui import jour

VOUS, STRUCTURE, VOUS_OU_STRUCTURE, PERSONNE = "vous", "la structure", "vous et la structure", ""

NIVEAUX = {
    Etat.PROPOSEE: "new",
    Etat.RETENUE: "warning",
    Etat.CONTACT_ACCEPTE: "info",
    Etat.ENTRETIEN: "info",
    Etat.OFFRE: "warning",
    Etat.ACCEPTEE: "success",
    Etat.RESERVE: "info",
    Etat.RECRUTEE: "success",
}
LIBELLES = {
    Etat.PROPOSEE: "Nouveau poste proposé",
    Etat.RETENUE: "La structure veut vous contacter",
    Etat.CONTACT_ACCEPTE: "Contact accepté",
    Etat.ENTRETIEN: "Entretien",
    Etat.OFFRE: "Offre à lire",
    Etat.ACCEPTEE: "Offre acceptée",
    Etat.RESERVE: "Liste de réserve",
    Etat.RECRUTEE: "Recrutement fait",
    Etat.ECARTEE: "La structure a dit non",
    Etat.DECLINEE: "Vous avez dit non",
    Etat.EXPIREE: "Close sans réponse",
    Etat.SANS_OBJET: "Close",
}
# Les fins posées par une règle, dites à la personne qu'elles concernent.
FINS = {
    "sans_reponse": "Ni vous ni la structure n’avez répondu dans les 14 jours.",
    "structure_muette": "La structure n’a pas donné de suite dans les 14 jours. Cela ne dit rien de votre candidature.",
    "candidat_muet": "Vous n’avez pas répondu dans les 14 jours.",
    "offre_expiree": "L’offre est restée sans réponse jusqu’à son échéance.",
    "offre_retiree": "La structure a retiré son offre.",
    "poste_pourvu": "Le poste est pourvu par une autre personne.",
    "recrutement_suspendu": "La structure a suspendu ce recrutement.",
    "recrutement_clos": "Ce recrutement est terminé.",
    "candidat_engage": "Vous avez accepté un autre poste.",
    "candidat_en_pause": "Votre recherche a été mise en pause.",
    "candidat_retire": "Vous avez retiré votre candidature.",
    "candidat_bloque": "Votre candidature a été bloquée par l’ANCT.",
    "injoignable": "La structure n’a pas réussi à vous joindre.",
    "entretien": "L’entretien n’a pas été concluant.",
}


@dataclass(frozen=True)
class Proposition:
    """`attendu` : qui doit agir (vide : personne) ; `quoi` : pour faire quoi ; `avant` : le dernier jour."""

    relation: MiseEnRelation
    libelle: str
    niveau: str
    attendu: str
    quoi: str
    avant: date | None
    fin: str = ""

    @property
    def a_vous(self) -> bool:
        return self.attendu in (VOUS, VOUS_OU_STRUCTURE)

    @property
    def distance(self) -> str:
        """« 4 km », « moins de 1 km », vide si elle n'est pas connue."""
        km = self.relation.distance_km
        if km is None:
            return ""
        return f"{round(km)} km" if round(km) else "moins de 1 km"


def _jour(instant: datetime | None) -> date | None:
    return timezone.localdate(instant) if instant else None


def _attente(relation: MiseEnRelation) -> tuple[str, str, date | None]:
    """Qui est attendu, pour quoi, et avant quand."""
    avant = _jour(relation.echeance)
    match relation.etat:
        case Etat.PROPOSEE:
            quoi = "dites si vous acceptez d’être contacté\u00a0; la structure peut aussi répondre de son côté"
            return VOUS_OU_STRUCTURE, quoi, avant
        case Etat.RETENUE:
            return VOUS, "dites si vous acceptez d’être contacté", avant
        case Etat.CONTACT_ACCEPTE:
            return STRUCTURE, "elle vous appelle, vous propose un entretien ou vous répond", avant
        case Etat.ENTRETIEN:
            return _entretien(relation, avant)
        case Etat.OFFRE:
            return VOUS, "acceptez ou refusez le contrat proposé", avant
        case Etat.ACCEPTEE:
            signature = _jour(relation.acceptee_le + regles.DELAI_SIGNATURE) if relation.acceptee_le else None
            return STRUCTURE, "elle signe le contrat avec vous", signature
    return PERSONNE, "vous serez prévenu si une place se libère\u00a0; vous restez libre d’accepter ailleurs", None


def _entretien(relation: MiseEnRelation, avant: date | None) -> tuple[str, str, date | None]:
    if relation.entretien_le and relation.entretien_le > timezone.now():
        return VOUS_OU_STRUCTURE, f"l’entretien est le {jour(relation.entretien_le)}", None
    return STRUCTURE, "elle vous dit la suite de l’entretien", avant


def raison(relation: MiseEnRelation) -> str:
    """Pourquoi la proposition est finie, en une phrase ; vide tant qu'elle est ouverte."""
    if relation.est_ouverte:
        return ""
    if relation.etat == Etat.RECRUTEE:
        return f"Contrat signé le {jour(relation.contrat_signe_le)}." if relation.contrat_signe_le else "Contrat signé."
    if relation.motif_fin in FINS:
        return FINS[relation.motif_fin]
    return f"{regles.MOTIFS.get(relation.motif_fin, 'Autre raison')}."


def presenter(relation: MiseEnRelation) -> Proposition:
    etat = Etat(relation.etat)
    niveau = NIVEAUX.get(etat, "neutre")
    if not relation.est_ouverte:
        return Proposition(relation, LIBELLES[etat], niveau, PERSONNE, "", None, raison(relation))
    attendu, quoi, avant = _attente(relation)
    return Proposition(relation, LIBELLES[etat], niveau, attendu, quoi, avant)


def avec_structure(relations: MiseEnRelationQuerySet) -> MiseEnRelationQuerySet:
    return relations.select_related("recrutement__structure", "recrutement__commune")


_URGENCE = {VOUS: 0, VOUS_OU_STRUCTURE: 1, STRUCTURE: 2, PERSONNE: 3}


def _ordre(proposition: Proposition) -> tuple[Any, ...]:
    """Ce qui attend la personne d'abord, le plus pressé en tête."""
    return (_URGENCE[proposition.attendu], proposition.avant or date.max, proposition.relation.pk)


def ouvertes_de(relations: MiseEnRelationQuerySet) -> list[Proposition]:
    """Les propositions ouvertes ; les plafonds de l'appariement et des présélections les gardent peu nombreuses."""
    return sorted((presenter(r) for r in avec_structure(relations.ouvertes()).order_by("pk")), key=_ordre)


def resume_pour(candidat: Candidat) -> list[Proposition]:
    """Les propositions ouvertes de cette personne, pour l'accueil de son espace (`propositions/resume.html`)."""
    return ouvertes_de(MiseEnRelation.objects.filter(candidat=candidat))
