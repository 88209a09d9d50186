"""« Êtes-vous toujours disponible ? » : demandé tous les deux mois, rappelé une fois, puis c'est la pause."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from conum.comptes.rules import ajouter_mois
from conum.courriels.actions import mettre_en_file
from conum.journal.acteurs import SYSTEME
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.recrutement.actions.espace import mettre_en_pause
from conum.recrutement.emails import candidature as emails
from conum.recrutement.models import Candidat
from conum.recrutement.rules import candidature as regles
from conum.recrutement.rules import profil as regles_profil
from conum.recrutement.states import EtatCandidat
from conum.socle.jetons import empreinte


def _jeton(candidat: Candidat) -> str:
    """Le lien de la question en cours. Il se recalcule : le rappel porte le même, et la base n'en a que l'empreinte."""
    assert candidat.disponibilite_demandee_le is not None
    question = f"{candidat.pk}:{candidat.disponibilite_demandee_le.isoformat()}"
    return salted_hmac("recrutement.disponibilite", question, algorithm="sha256").hexdigest()


def attend_une_reponse(candidat: Candidat) -> bool:
    """La question a été posée depuis la dernière réponse."""
    demandee, confirmee = candidat.disponibilite_demandee_le, candidat.disponibilite_confirmee_le
    return demandee is not None and (confirmee is None or confirmee < demandee)


def lien_valable(candidat: Candidat) -> bool:
    demandee = candidat.disponibilite_demandee_le
    return demandee is not None and demandee + regles_profil.DUREE_LIEN_DISPONIBILITE > timezone.now()


def _cle(quoi: str, candidat: Candidat) -> str:
    return f"disponibilite-{quoi}:{candidat.pk}:{candidat.disponibilite_demandee_le:%Y%m%d%H%M%S}"


def relancer(candidat: Candidat) -> str:
    """Fait ce qui est dû à cette candidature : question, rappel ou pause. Rend ce qui a été fait, vide sinon."""
    if candidat.etat != EtatCandidat.DISPONIBLE:
        return ""
    if not attend_une_reponse(candidat):
        return _demander(candidat) if _question_due(candidat) else ""
    assert candidat.disponibilite_demandee_le is not None
    # En jours du calendrier, comme le dit le courriel : une heure d'été ne retarde rien.
    attente = timezone.localdate() - timezone.localdate(candidat.disponibilite_demandee_le)
    if attente >= regles.DELAI_RECONFIRMATION:
        return _suspendre(candidat)
    if attente >= regles_profil.DELAI_RAPPEL_DISPONIBILITE:
        return _rappeler(candidat)
    return ""


def _question_due(candidat: Candidat) -> bool:
    confirmee = candidat.disponibilite_confirmee_le or candidat.confirme_le
    assert confirmee is not None
    return ajouter_mois(timezone.localdate(confirmee), regles.MOIS_RECONFIRMATION) <= timezone.localdate()


def _demander(candidat: Candidat) -> str:
    with transaction.atomic():
        courant = Candidat.objects.select_for_update(of=("self",), no_key=True).get(pk=candidat.pk)
        if courant.etat != EtatCandidat.DISPONIBLE or attend_une_reponse(courant) or not _question_due(courant):
            return ""
        courant.disponibilite_demandee_le = timezone.now()
        jeton = _jeton(courant)
        courant.jeton_disponibilite = empreinte(jeton)
        courant.save(update_fields=["disponibilite_demandee_le", "jeton_disponibilite", "updated_at"])
        noter(courant, "demander_disponibilite", par=SYSTEME)
        message = emails.DisponibiliteDemandee.de(courant, jeton)
        mettre_en_file(message, a=courant.email, objet=courant, cle=_cle("question", courant))
    return "question"


def _rappeler(candidat: Candidat) -> str:
    with transaction.atomic():
        courant = Candidat.objects.select_for_update(of=("self",), no_key=True).get(pk=candidat.pk)
        if courant.etat != EtatCandidat.DISPONIBLE or not attend_une_reponse(courant):
            return ""
        message = emails.DisponibiliteDemandee.de(courant, _jeton(courant), rappel=True)
        mettre_en_file(message, a=courant.email, objet=courant, cle=_cle("rappel", courant))
    return "rappel"


def _suspendre(candidat: Candidat) -> str:
    try:
        with transaction.atomic():
            courant = mettre_en_pause(candidat, par=SYSTEME, motif=regles_profil.SANS_REPONSE)
            if not attend_une_reponse(courant):
                # Répondu à l'instant : la pause est défaite avec la transaction.
                raise TransitionImpossible("La personne vient de répondre.")
            message = emails.PauseSansReponse.de(courant, _jeton(courant))
            mettre_en_file(message, a=courant.email, objet=courant, cle=_cle("pause", courant))
    except TransitionImpossible:
        return ""
    return "pause"


def relancer_tous() -> dict[str, int]:
    """Passe toutes les candidatures dont la disponibilité date ; rend combien de questions, rappels et pauses."""
    # Deux mois comptés au plus court : la date exacte se recalcule candidature par candidature.
    avant = timezone.now() - timedelta(days=28 * regles.MOIS_RECONFIRMATION)
    dus = Candidat.objects.filter(etat=EtatCandidat.DISPONIBLE, disponibilite_confirmee_le__lt=avant).order_by("pk")
    faits = {"question": 0, "rappel": 0, "pause": 0}
    for candidat in dus.iterator(chunk_size=500):
        if fait := relancer(candidat):
            faits[fait] += 1
    return faits
