"""Le vivier vu d'une structure : chercher autour de son propre poste, présélectionner quelqu'un."""

from datetime import datetime
from typing import Any, cast

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from conum.comptes.models import Role
from conum.demandes.rules import verifier_longueur
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.recrutement.access import peut_chercher
from conum.recrutement.actions import prevenir
from conum.recrutement.actions.reserve import verrouiller
from conum.recrutement.emails.relation import ContactDemande
from conum.recrutement.models import (
    Candidat,
    ConsultationVivier,
    MiseEnRelation,
    Origine,
    Recrutement,
)
from conum.recrutement.models.geo import autour
from conum.recrutement.rules import relation as regles
from conum.recrutement.rules.candidature import METROPOLE
from conum.recrutement.rules.recherche import RESULTATS_MAX, Criteres
from conum.recrutement.states import OUVERTS, Etat, EtatRecrutement
from conum.socle.enregistrement import enregistrer
from conum.territoires.rules import distance_km

_REFUS = frozenset({Etat.ECARTEE, Etat.DECLINEE})
"""L'un des deux a déjà dit non : la paire ne revient plus."""


# --- Chercher -----------------------------------------------------------------------------------------------------


def chercher(recrutement: Recrutement, *, rayon_km: int, criteres: Criteres, par: Acteur) -> ConsultationVivier:
    """Cherche autour de la commune de ce recrutement, et de nulle autre ; qui a vu qui est gardé avant d'être montré.

    Raises:
        PermissionDenied: `par` n'est pas membre de la structure.
        TransitionImpossible: le recrutement n'est pas ouvert, ou sa commune n'a pas de coordonnées.
        ValidationError: rayon hors de 1 à 100 km (champ `rayon_km`).
    """
    with transaction.atomic():
        if not peut_chercher(par, recrutement):
            raise PermissionDenied
        _exiger_ouvert(recrutement)
        if not 1 <= rayon_km <= regles.RAYON_RECHERCHE_MAX_KM:
            raise ValidationError({"rayon_km": f"Cherchez de 1 à {regles.RAYON_RECHERCHE_MAX_KM} km de votre poste."})
        trouves = _trouver(recrutement, rayon_km, criteres)
        # Une recherche sans critère, ou sans résultat, se garde comme les autres.
        consultation = ConsultationVivier.objects.create(
            recrutement=recrutement,
            role=cast(Role, par),  # peut_chercher n'admet qu'un membre
            rayon_km=rayon_km,
            criteres=criteres.donnees(),
            candidats=trouves,
        )
        noter(
            recrutement,
            "chercher",
            par=par,
            donnees={"consultation": consultation.pk, "rayon_km": rayon_km, "nombre": len(trouves)},
        )
        return consultation


def _exiger_ouvert(recrutement: Recrutement) -> None:
    if recrutement.etat != EtatRecrutement.OUVERT:
        raise TransitionImpossible("Ce recrutement n’est pas ouvert : reprenez-le pour chercher des candidats.")


def _trouver(recrutement: Recrutement, rayon_km: int, criteres: Criteres) -> list[int]:
    """Les identifiants, du plus proche au plus loin, sans ceux qui sont déjà en relation ni ceux qui ont dit non."""
    if recrutement.latitude is None or recrutement.longitude is None:
        raise TransitionImpossible("Nous ne savons pas situer cette commune : écrivez-nous pour la corriger.")
    vus = MiseEnRelation.objects.filter(recrutement=recrutement, etat__in=OUVERTS | _REFUS).values("candidat")
    candidats = Candidat.objects.au_vivier().exclude(pk__in=vus)
    proches = autour(candidats, recrutement.latitude, recrutement.longitude, rayon_km)
    proches = proches.filter(_de_la_meme_terre(recrutement)).filter(_selon(criteres))
    tries: Any = proches.order_by("distance_km", "pk")  # type: ignore[misc]
    return list(tries.values_list("pk", flat=True)[:RESULTATS_MAX])


def _de_la_meme_terre(recrutement: Recrutement) -> Q:
    """La mer sépare : on ne sollicite au-delà que qui l'a choisi."""
    outre_mer = Q(commune__code__startswith="97") | Q(commune__code__startswith="98")
    territoire = recrutement.territoire
    meme = ~outre_mer if territoire == METROPOLE else Q(commune__code__startswith=territoire)
    return meme | Q(territoires_choisis__contains=[territoire])


def _selon(criteres: Criteres) -> Q:
    filtre = Q()
    if criteres.experience:
        filtre &= Q(experience=True)
    if criteres.diplome:
        filtre &= Q(diplome=True)
    if criteres.palier:
        # Seulement qui a choisi de le montrer : sinon la recherche dirait ce que la fiche tait.
        filtre &= Q(pix_partage=True, pix_palier__gte=criteres.palier)
    if criteres.avec_cv:
        filtre &= ~Q(cv="")
    if criteres.disponible_au:
        filtre &= Q(disponible_le__lte=criteres.disponible_au)
    if criteres.langues:
        filtre &= Q(langues__overlap=list(criteres.langues))
    return filtre


# --- Présélectionner ----------------------------------------------------------------------------------------------


def preselectionner(consultation: ConsultationVivier, candidat_id: int, *, motif: str, par: Acteur) -> MiseEnRelation:
    """La structure souhaite contacter quelqu'un qu'elle a trouvé ; le motif est gardé, la personne est prévenue.

    Raises:
        PermissionDenied: `par` n'est pas membre, ou cette personne n'était pas dans ses résultats.
        TransitionImpossible: la personne n'est plus disponible, est déjà en relation, ou l'un des deux a dit non.
        ValidationError: motif hors de 10 à 1 000 caractères (champ `motif`).
    """
    motif = motif.strip()
    with transaction.atomic():
        recrutement = verrouiller([consultation.recrutement_id])[consultation.recrutement_id]
        if not peut_chercher(par, recrutement) or candidat_id not in consultation.candidats:
            raise PermissionDenied
        if erreurs := verifier_longueur("motif", motif, regles.TEXTE_MIN, regles.TEXTE_MAX):
            raise ValidationError({e.champ: e.message for e in erreurs})
        _exiger_ouvert(recrutement)
        candidat = Candidat.objects.select_for_update(of=("self",), no_key=True).get(pk=candidat_id)
        _exiger_preselectionnable(recrutement, candidat)
        maintenant = timezone.now()
        relation = MiseEnRelation(
            recrutement=recrutement,
            candidat=candidat,
            etat=Etat.RETENUE,
            origine=Origine.PRESELECTION,
            motif_preselection=motif,
            distance_km=_distance(recrutement, candidat),
            attend_depuis=maintenant,
            echeance=regles.echeance(maintenant),
            reponse_structure_le=maintenant,
        )
        enregistrer(relation)
        noter(
            relation, "preselectionner", par=par, vers=relation.etat, motif=motif,
            donnees={"consultation": consultation.pk},
        )  # fmt: skip
        prevenir.le_candidat(relation, lambda lien: ContactDemande.de(relation, lien, preselection=True))
        return relation


def _exiger_preselectionnable(recrutement: Recrutement, candidat: Candidat) -> None:
    if not Candidat.objects.au_vivier().filter(pk=candidat.pk).exists():
        raise TransitionImpossible("Cette personne n’est plus disponible : elle a mis sa recherche en pause ou trouvé.")
    etats = set(
        MiseEnRelation.objects.filter(recrutement=recrutement, candidat=candidat).values_list("etat", flat=True)
    )
    if etats & OUVERTS:
        raise TransitionImpossible("Cette personne est déjà proposée pour ce recrutement : ouvrez sa fiche.")
    if etats & _REFUS:
        raise TransitionImpossible("L’un de vous deux a déjà dit non pour ce poste : nous ne la sollicitons plus.")
    ouvertes = MiseEnRelation.objects.filter(
        recrutement=recrutement, origine=Origine.PRESELECTION, etat__in=OUVERTS
    ).count()
    if ouvertes >= regles.PRESELECTIONS_MAX:
        raise TransitionImpossible(
            f"Vous avez déjà {regles.PRESELECTIONS_MAX} présélections en cours : attendez une réponse d’abord."
        )


def _distance(recrutement: Recrutement, candidat: Candidat) -> float | None:
    coordonnees = (recrutement.latitude, recrutement.longitude, candidat.latitude, candidat.longitude)
    if any(c is None for c in coordonnees):
        return None
    lat1, lon1, lat2, lon2 = cast(tuple[float, float, float, float], coordonnees)
    return distance_km((lat1, lon1), (lat2, lon2))


def purger_consultations(avant: datetime) -> int:
    """Efface les recherches antérieures à cette date ; le journal garde qu'elles ont eu lieu. Rend leur nombre."""
    return ConsultationVivier.objects.filter(created_at__lt=avant).delete()[0]
