"""L'entretien d'une mise en relation, tel que l'agenda de chaque partie le reçoit."""

from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from conum.recrutement.models import MiseEnRelation
from conum.recrutement.rules.calendrier import Personne, RendezVous, annulation, invitation


def _rendez_vous(relation: MiseEnRelation, pour: Personne, *, titre: str, lien: str) -> RendezVous:
    assert relation.entretien_le is not None
    domaine = urlsplit(settings.SITE_URL).hostname or "conum"
    lieu = relation.entretien_lieu or relation.get_entretien_mode_display()
    return RendezVous(
        uid=f"entretien-{relation.pk}@{domaine}",
        sequence=relation.entretien_sequence,
        debut=relation.entretien_le,
        titre=titre,
        lieu=lieu,
        description=relation.entretien_message,
        lien=lien,
        # L'organisateur ne change pas d'un envoi à l'autre, même si le contact de la structure change.
        organisateur=Personne(relation.recrutement.structure.nom, parseaddr(settings.DEFAULT_FROM_EMAIL)[1]),
        invites=(pour,),
    )


def calendrier_du_candidat(relation: MiseEnRelation, *, annule: bool = False) -> str:
    candidat = relation.candidat
    titre = f"Entretien avec {relation.recrutement.structure.nom}"
    return _ecrire(_rendez_vous(relation, Personne(candidat.nom_complet, candidat.email), titre=titre, lien=""), annule)


def calendrier_de_la_structure(
    relation: MiseEnRelation, *, nom: str, email: str, lien: str, annule: bool = False
) -> str:
    titre = f"Entretien avec {relation.candidat.nom_complet}"
    return _ecrire(_rendez_vous(relation, Personne(nom, email), titre=titre, lien=lien), annule)


def _ecrire(rendez_vous: RendezVous, annule: bool) -> str:
    ecrire = annulation if annule else invitation
    return ecrire(rendez_vous, ecrit_le=timezone.now())
