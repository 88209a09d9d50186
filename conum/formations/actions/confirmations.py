"""Confirmer ou écarter ce qu'un passage d'affectation propose : un agent décide, pour une personne ou plusieurs."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from conum.comptes.models import Role
from conum.formations.access import peut_decider_proposition
from conum.formations.actions.places import inscrire
from conum.formations.models import PassageAffectation, Place, PropositionSession
from conum.formations.states import TRANSITIONS_PROPOSITION, EtatProposition
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.actions.gardes import exiger_texte
from conum.socle.travaux import differer

TRAVAIL = "formations.confirmer_passage"
PERDUE = timedelta(hours=1)
PAS = 25
"""Le compte rendu d'une confirmation entière s'écrit toutes les vingt-cinq personnes."""


@dataclass(frozen=True, slots=True)
class Ligne:
    """Ce qu'est devenue une proposition : `fait`, ou pourquoi non."""

    reference: str
    personne: str
    fait: bool
    phrase: str


def confirmer(proposition: PropositionSession, *, par: Acteur) -> Place:
    """Inscrit la personne dans la session proposée, et la convoque.

    Raises:
        PermissionDenied: ni l'ANCT, ni l'organisme de ce passage.
        TransitionImpossible: déjà décidée ou périmée, aucune session proposée, session complète, personne placée.
        ValidationError: le calendrier ne convient plus, une phrase chacun.
    """
    with transaction.atomic():
        lue = PropositionSession.objects.select_related("passage__par", "session").get(pk=proposition.pk)
        if not peut_decider_proposition(par, lue):
            raise PermissionDenied
        if lue.etat != EtatProposition.PROPOSEE:
            raise TransitionImpossible(
                f"Cette proposition n’est plus à confirmer : elle est « {lue.get_etat_display()} »."
            )
        if lue.session is None:
            raise TransitionImpossible("Aucune session n’est proposée à cette personne.")
        # Session, inscription, place, puis la proposition : l'ordre des verrous est celui de toute inscription.
        place = inscrire(lue.session, lue.inscription, par=par, proposition=lue.pk)
        with transition(
            lue, "confirmer_proposition", table=TRANSITIONS_PROPOSITION, par=par, peut=peut_decider_proposition,
            donnees={"place": place.pk},
        ):  # fmt: skip
            pass
    return place


def ecarter(proposition: PropositionSession, *, motif: str, par: Acteur) -> PropositionSession:
    """Ne pas suivre une proposition ; la personne attend le passage suivant."""
    motif = exiger_texte("motif", motif)
    with transition(
        proposition, "ecarter_proposition", table=TRANSITIONS_PROPOSITION, par=par, peut=peut_decider_proposition,
        motif=motif,
    ) as courante:  # fmt: skip
        courante.motif = motif
    return courante


def confirmer_plusieurs(propositions: Iterable[PropositionSession], *, par: Acteur) -> list[Ligne]:
    """Chacune à part : celle qui ne va plus est dite, les autres se font."""
    return [_essayer(proposition, par) for proposition in propositions]


def _essayer(proposition: PropositionSession, par: Acteur) -> Ligne:
    inscription = proposition.inscription
    reference, personne = inscription.reference, inscription.personne.get_full_name()
    try:
        place = confirmer(proposition, par=par)
    except TransitionImpossible as refus:
        return Ligne(reference, personne, False, str(refus))
    except ValidationError as refus:
        return Ligne(reference, personne, False, " ".join(refus.messages))
    except PermissionDenied:
        return Ligne(reference, personne, False, "Cette personne n’est plus confiée à votre organisme.")
    return Ligne(reference, personne, True, f"Inscrite à la session SF-{place.session_id:05d}, siège {place.siege}.")


def demander_tout(passage: PassageAffectation, *, par: Acteur) -> int:
    """Demande la confirmation de tout ce qui reste proposé, par un travail de fond ; rend le nombre de personnes.

    Raises:
        PermissionDenied: ni l'ANCT, ni l'organisme de ce passage.
        TransitionImpossible: rien à confirmer, ou déjà demandé.
    """
    with transaction.atomic():
        courant = PassageAffectation.objects.select_for_update(of=("self",), no_key=True).get(pk=passage.pk)
        a_faire = a_confirmer(courant)
        premiere = a_faire.first()
        if premiere is None:
            raise TransitionImpossible("Il n’y a plus rien à confirmer dans ce passage.")
        if not peut_decider_proposition(par, premiere):
            raise PermissionDenied
        if _en_cours(courant):
            raise TransitionImpossible("La confirmation de tout le passage est déjà demandée.")
        nombre = a_faire.count()
        courant.bilan["confirmation"] = {"demandee_le": timezone.now().isoformat(), "a_faire": nombre, "lignes": []}
        courant.save(update_fields=["bilan"])
        noter(courant, "confirmer_tout", par=par, donnees={"propositions": nombre})
        differer(TRAVAIL, passage=courant.pk, role=par.role_id)
    return nombre


def _en_cours(passage: PassageAffectation) -> bool:
    """Demandée et pas finie ; au bout d'une heure, le travail s'est perdu et se redemande."""
    compte = passage.bilan.get("confirmation", {})
    if not compte or compte.get("finie_le"):
        return False
    return timezone.now() - datetime.fromisoformat(compte["demandee_le"]) < PERDUE


def a_confirmer(passage: PassageAffectation) -> Any:
    return (
        PropositionSession.objects.filter(passage=passage, etat=EtatProposition.PROPOSEE, session__isnull=False)
        .select_related("passage__par", "session", "inscription__personne")
        .order_by("session__debut", "pk")
    )


def confirmer_tout(passage: PassageAffectation, *, par: Role) -> dict[str, Any]:
    """Confirme tout ce qui reste proposé ; repris après un arrêt, ne refait rien. Rend le compte rendu."""
    lignes: list[Ligne] = []
    for proposition in list(a_confirmer(passage)):
        lignes.append(_essayer(proposition, par))
        if len(lignes) % PAS == 0:
            _rendre_compte(passage, lignes, finie=False)
    return _rendre_compte(passage, lignes, finie=True)


def _rendre_compte(passage: PassageAffectation, lignes: list[Ligne], *, finie: bool) -> dict[str, Any]:
    with transaction.atomic():
        courant = PassageAffectation.objects.select_for_update(of=("self",), no_key=True).get(pk=passage.pk)
        compte: dict[str, Any] = courant.bilan.get("confirmation", {}) | {
            "faites": sum(ligne.fait for ligne in lignes),
            "refusees": [asdict(ligne) for ligne in lignes if not ligne.fait],
            "finie_le": timezone.now().isoformat() if finie else "",
        }
        courant.bilan["confirmation"] = compte
        courant.save(update_fields=["bilan"])
    return compte
