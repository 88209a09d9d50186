"""Ce qui s'efface d'une candidature, à la demande de la personne ou à l'échéance (RGPD, articles 5.1.e et 17)."""

import contextlib
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from conum.comptes.actions import CompteRefuse, anonymiser_compte
from conum.comptes.models import Role
from conum.courriels.actions import mettre_en_file, oublier
from conum.courriels.models import Courriel
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.recrutement.access import peut_anonymiser
from conum.recrutement.actions.cv import retirer_le_fichier
from conum.recrutement.actions.espace import recrutement_en_cours
from conum.recrutement.actions.fermeture import clore_du_candidat
from conum.recrutement.emails import candidature as emails
from conum.recrutement.models import Candidat, ConsultationVivier, MiseEnRelation
from conum.recrutement.rules import candidature as regles
from conum.recrutement.states import TRANSITIONS_CANDIDAT
from conum.utilisateurs.models import Utilisateur

_TEXTES = ("prenom", "nom", "email", "telephone", "nom_diplome", "motivation", "pix_origine", "precision_retrait",
           "motif_blocage", "jeton_reprise", "jeton_confirmation", "jeton_disponibilite")  # fmt: skip
_VIDES = ("commune", "latitude", "longitude", "pix_palier", "pix_le", "role")
_TEXTES_RELATION = ("entretien_lieu", "entretien_message", "offre_message", "precision_fin")
EFFACE = "Effacé"


class PosteOccupe(TransitionImpossible):
    """La personne a accepté une offre, ou occupe un poste : ses données servent encore à ce contrat."""


def anonymiser(candidat: Candidat, *, par: Acteur, compte_efface: bool) -> Candidat:
    """Efface tout ce qui désigne la personne, CV compris. Restent département, mobilité, situations, dates et états.

    Raises:
        PosteOccupe: une offre est acceptée, ou le contrat court.
        TransitionImpossible: déjà fait.
    """
    if not peut_anonymiser(par, candidat):
        raise PermissionDenied
    with transaction.atomic():
        if (relation := recrutement_en_cours(candidat)) is not None:
            raise PosteOccupe(
                f"Vous êtes engagé auprès de {relation.recrutement.structure.nom}. Vos données servent à ce contrat : "
                "elles pourront être effacées quand il sera terminé."
            )
        clore_du_candidat(candidat, motif="candidat_retire")
        with transition(
            candidat, "anonymiser_candidat", table=TRANSITIONS_CANDIDAT, par=par, peut=peut_anonymiser
        ) as courant:
            if compte_efface:
                oublier(courant.email)
            message = emails.Effacee.de(courant, compte_efface=compte_efface)
            mettre_en_file(message, a=courant.email, objet=courant, cle=f"candidature-effacee:{courant.pk}")
            retirer_le_fichier(courant)
            for champ in _TEXTES:
                setattr(courant, champ, "")
            for champ in _VIDES:
                setattr(courant, champ, None)
            courant.langues, courant.pix_competences, courant.pix_partage = [], [], False
            courant.saisie, courant.anonymise_le = {}, timezone.now()
        relations = MiseEnRelation.objects.filter(candidat=courant)
        relations.update(**dict.fromkeys(_TEXTES_RELATION, ""))
        relations.exclude(motif_preselection="").update(motif_preselection=EFFACE)
    return courant


def supprimer_mes_donnees(candidat: Candidat, *, par: Acteur) -> None:
    """La personne efface sa candidature, et son compte s'il ne sert à rien d'autre.

    Raises:
        PosteOccupe, TransitionImpossible: voir `anonymiser`.
    """
    if not peut_anonymiser(par, candidat):
        raise PermissionDenied
    assert candidat.role_id is not None
    role = Role.objects.select_related("utilisateur").get(pk=candidat.role_id)
    with transaction.atomic():
        if Role.objects.filter(utilisateur=role.utilisateur_id, actif=True).exclude(pk=role.pk).exists():
            anonymiser(candidat, par=par, compte_efface=False)
            role.actif = False
            role.save(update_fields=["actif"])
            noter(role, "fermer_role_candidat", par=par)
            return
        try:
            anonymiser_compte(role.utilisateur, par=par)
        except CompteRefuse as refus:
            raise PosteOccupe(str(refus)) from refus


def anonymiser_avec_le_compte(utilisateur: Utilisateur, _par: Acteur) -> None:
    """Un compte s'efface (30 mois sans connexion, demande de la personne) : sa candidature part avec lui.

    Raises:
        CompteRefuse: la personne occupe un poste.
    """
    candidat = Candidat.objects.filter(role__utilisateur=utilisateur).order_by("pk").first()
    if candidat is None:
        return
    try:
        # Le droit d'effacer le compte a été vérifié par qui l'efface ; la candidature suit, par la règle.
        anonymiser(candidat, par=SYSTEME, compte_efface=True)
    except TransitionImpossible as refus:
        raise CompteRefuse(str(refus)) from refus


# --- Candidats inactifs -------------------------------------------------------------------------------------------


def _inactifs(avant: datetime) -> QuerySet[Any]:
    """Ceux dont le dernier signe de vie, connexion comprise, est antérieur ; annotés `activite`."""
    effacables = Candidat.objects.filter(etat__in=TRANSITIONS_CANDIDAT["anonymiser_candidat"].depuis)
    # PostgreSQL ignore les dates absentes.
    annotes = effacables.annotate(activite=Greatest("actif_le", "confirme_le", F("role__utilisateur__last_login")))
    return annotes.filter(activite__lt=avant).select_related("role__utilisateur").order_by("pk")


def _effacement_prevu(activite: datetime) -> date:
    return timezone.localdate(activite) + regles.INACTIVITE


def _cle(candidat: Candidat, activite: datetime, jours: int) -> str:
    # La date d'activité en fait partie : qui donne signe de vie repart de zéro.
    return f"candidature-inactive:{candidat.pk}:{timezone.localdate(activite)}:{jours}"


def _ecrit_depuis(candidat: Candidat, activite: datetime, jours: int, delai: timedelta) -> bool:
    limite = timezone.now() - delai
    return Courriel.objects.filter(cle=_cle(candidat, activite, jours), created_at__lte=limite).exists()


def prevenir_inactif(candidat: Candidat, activite: datetime) -> int | None:
    """Écrit l'avertissement dû aujourd'hui, une fois chacun ; rend son nombre de jours, None s'il n'y en a pas.

    En retard, un avertissement annonce une date qui laisse toujours ce nombre de jours.
    """
    if recrutement_en_cours(candidat) is not None:
        return None
    prevu, aujourdhui = _effacement_prevu(activite), timezone.localdate()
    reste = (prevu - aujourdhui).days
    premier, second = regles.AVERTISSEMENTS_INACTIVITE
    if reste <= second and _ecrit_depuis(candidat, activite, premier, timedelta(days=premier - second)):
        jours = second
    elif reste <= premier:
        jours = premier
    else:
        return None
    cle = _cle(candidat, activite, jours)
    with transaction.atomic():
        if Courriel.objects.filter(cle=cle).exists():
            return None
        le = max(prevu, aujourdhui + timedelta(days=jours))
        mettre_en_file(emails.InactiviteAnnoncee.de(candidat, le), a=candidat.email, objet=candidat, cle=cle)
        noter(candidat, "prevenir_inactif", par=SYSTEME, donnees={"jours": jours})
    return jours


def prevenir_inactifs() -> int:
    """Écrit à chaque personne dont l'effacement approche ; rend le nombre de courriels."""
    avant = timezone.now() - regles.INACTIVITE + timedelta(days=regles.AVERTISSEMENTS_INACTIVITE[0] + 1)
    return sum(
        prevenir_inactif(candidat, candidat.activite) is not None
        for candidat in _inactifs(avant).iterator(chunk_size=500)
    )


def effacer_inactifs(avant: datetime) -> int:
    """Efface les candidatures sans activité depuis cette date, si le dernier avertissement a laissé sept jours."""
    second = regles.AVERTISSEMENTS_INACTIVITE[-1]
    nombre = 0
    for candidat in list(_inactifs(avant)):
        activite: datetime = candidat.activite
        if not _ecrit_depuis(candidat, activite, second, timedelta(days=second)):
            continue
        # Qui occupe un poste reste : le contrat se suit avec lui.
        with contextlib.suppress(TransitionImpossible):
            supprimer_mes_donnees(candidat, par=SYSTEME)
            nombre += 1
    return nombre


def purger_consultations(avant: datetime) -> int:
    """Efface les recherches du vivier faites avant cette date ; rend leur nombre."""
    return ConsultationVivier.objects.filter(created_at__lt=avant).delete()[0]
