"""Inviter à donner son avis, recevoir la réponse sans garder de qui, en tirer ce qui peut se montrer.

Une réponse ne porte ni la personne ni le jour, et n'écrit rien au journal : une ligne datée dirait de qui elle vient.
De l'invitation, seul « a répondu » est gardé, pour ne pas répondre deux fois ni rappeler pour rien.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import BigIntegerField, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from conum.courriels.actions import mettre_en_file
from conum.courriels.models import Courriel
from conum.formations.access import peut_repondre
from conum.formations.actions.faits import places_suivies
from conum.formations.emails.satisfaction import DonnerSonAvis
from conum.formations.models import Attestation, Inscription, InvitationSatisfaction, Organisme, ReponseSatisfaction
from conum.formations.models.satisfaction import NOTE_MAX, NOTE_MIN, Moment
from conum.formations.rules import satisfaction as regles
from conum.formations.states import Etat
from conum.journal.acteurs import Acteur
from conum.journal.workflow import TransitionImpossible
from conum.socle.enregistrement import enregistrer

_SEL = "formations.satisfaction"
JOURS_POUR_REPONDRE = 60
"""Au-delà, on n'invite plus et le lien ne vaut plus rien : l'avis ne porterait plus sur le moment demandé."""
JOURS_AVANT_RAPPEL = 10
_FORMES = [Etat.EN_FORMATION, Etat.ATTESTEE]


def lien_de(invitation: InvitationSatisfaction) -> str:
    jeton = signing.Signer(salt=_SEL).sign(str(invitation.pk))
    return settings.SITE_URL + reverse("formations:avis", args=[jeton])


def lire_lien(jeton: str) -> int | None:
    """L'invitation que ce lien ouvre ; None s'il est faux."""
    try:
        return int(signing.Signer(salt=_SEL).unsign(jeton))
    except (signing.BadSignature, ValueError):
        return None


def dernier_jour(invitation: InvitationSatisfaction) -> date:
    return timezone.localdate(invitation.envoyee_le) + timedelta(days=JOURS_POUR_REPONDRE)


def en_attente(jour: date) -> QuerySet[InvitationSatisfaction]:
    """Les invitations sans réponse dont le délai court encore."""
    depuis = jour - timedelta(days=JOURS_POUR_REPONDRE)
    return InvitationSatisfaction.objects.filter(repondue=False, envoyee_le__date__gte=depuis)


# --- Inviter --------------------------------------------------------------------------------------------------------


def _avec_fin(inscriptions: QuerySet[Inscription]) -> Any:
    """Annote la fin de la formation (l'attestation, sinon la dernière séance) et qui a formé en dernier."""
    attestations = Attestation.objects.valables().filter(inscription=OuterRef("pk"))
    suivies = places_suivies().filter(inscription=OuterRef("pk")).order_by("-session__fin", "-pk")
    return inscriptions.annotate(
        finie_le=Coalesce(
            Subquery(attestations.values("delivree_le")[:1]), Subquery(suivies.values("session__fin")[:1])
        ),
        forme_par=Coalesce(
            Subquery(suivies.values("session__organisme")[:1]), "organisme", output_field=BigIntegerField()
        ),
    )


def a_inviter(moment: Moment, jour: date) -> Any:
    """Les personnes formées dont la fin, ou la fin plus trois mois, est venue, et que l'on n'a pas encore invitées."""
    au_plus_tard = jour if moment == Moment.FIN else _trois_mois_avant(jour)
    if moment == Moment.FIN:
        au_plus_tard -= timedelta(days=1)  # le dernier jour est fini
    apres = au_plus_tard - timedelta(days=JOURS_POUR_REPONDRE)
    deja = InvitationSatisfaction.objects.filter(inscription=OuterRef("pk"), moment=moment)
    formees = Inscription.objects.filter(etat__in=_FORMES, personne__is_active=True).exclude(Exists(deja))
    return (
        _avec_fin(formees)
        .filter(finie_le__lte=au_plus_tard, finie_le__gt=apres, forme_par__isnull=False)
        .select_related("personne")
        .order_by("pk")
    )


def _trois_mois_avant(jour: date) -> date:
    mois = jour.month - 3
    annee, mois = (jour.year, mois) if mois > 0 else (jour.year - 1, mois + 12)
    fin = (date(annee + mois // 12, mois % 12 + 1, 1) - timedelta(days=1)).day
    return date(annee, mois, min(jour.day, fin))


def inviter(jour: date) -> int:
    """Écrit à chaque personne formée, une fois par moment ; rend le nombre d'invitations."""
    ecrites = 0
    for moment in Moment:
        for inscription in a_inviter(moment, jour):
            with transaction.atomic():
                ecrites += _inviter(inscription, moment)
    return ecrites


def _inviter(inscription: Any, moment: Moment) -> int:
    # Deux passages à la fois : la base n'en garde qu'une, et seul celui qui l'écrit envoie le message.
    invitation, neuve = InvitationSatisfaction.objects.get_or_create(
        inscription_id=inscription.pk, moment=moment, defaults={"organisme_id": inscription.forme_par}
    )
    if neuve:
        _ecrire(invitation, inscription.personne.email, rappel=False)
    return int(neuve)


def _ecrire(invitation: InvitationSatisfaction, a: str, *, rappel: bool) -> None:
    message = DonnerSonAvis(
        organisme=invitation.organisme.nom,
        lien=lien_de(invitation),
        dernier_jour=f"{dernier_jour(invitation):%d/%m/%Y}",
        apres_trois_mois=invitation.moment == Moment.TROIS_MOIS,
        rappel=rappel,
    )
    suite = "rappel" if rappel else "invitation"
    mettre_en_file(message, a=a, objet=invitation, cle=f"formation-avis:{suite}:{invitation.pk}")


def rappeler(jour: date) -> int:
    """Un rappel, dix jours après l'invitation, à qui n'a pas répondu ; la clé du courriel interdit le second."""
    avant = jour - timedelta(days=JOURS_AVANT_RAPPEL)
    deja = set(
        Courriel.objects.filter(cle__startswith="formation-avis:rappel:").values_list("objet_id", flat=True)
    )  # fmt: skip
    dues = en_attente(jour).filter(envoyee_le__date__lte=avant, inscription__personne__is_active=True)
    rappelees = 0
    for invitation in dues.select_related("organisme", "inscription__personne").order_by("pk"):
        if str(invitation.pk) in deja:
            continue
        with transaction.atomic():
            _ecrire(invitation, invitation.inscription.personne.email, rappel=True)
        rappelees += 1
    return rappelees


# --- Répondre -------------------------------------------------------------------------------------------------------


def repondre(
    invitation: InvitationSatisfaction, *, notes: Mapping[str, int], commentaire: str = "", par: Acteur
) -> None:
    """Enregistre la réponse, sans la personne ni le jour, et ferme l'invitation, d'un même geste.

    Raises:
        PermissionDenied: ni la personne, ni qui tient son lien.
        TransitionImpossible: déjà répondu, ou trop tard.
        ValidationError: une note manque ou sort de 1 à 5.
    """
    jour = timezone.localdate()
    with transaction.atomic():
        courante = InvitationSatisfaction.objects.select_for_update(of=("self",), no_key=True).get(pk=invitation.pk)
        if not peut_repondre(par, courante):
            raise PermissionDenied
        if courante.repondue:
            raise TransitionImpossible("Votre avis est déjà enregistré. Merci !")
        if jour > dernier_jour(courante):
            raise TransitionImpossible(f"Le délai pour répondre est passé depuis le {dernier_jour(courante):%d/%m/%Y}.")
        questionnaire = regles.questionnaire_au(jour)
        _verifier(questionnaire, courante.moment, notes)
        reponse = ReponseSatisfaction(
            organisme_id=courante.organisme_id,
            moment=courante.moment,
            mois=jour.replace(day=1),
            notes={q.code: notes[q.code] for q in questionnaire.questions[courante.moment]},
            globale=notes[questionnaire.globale(courante.moment).code],
            commentaire=commentaire.strip(),
        )
        enregistrer(reponse)
        courante.repondue = True
        enregistrer(courante)


def _verifier(questionnaire: regles.Questionnaire, moment: str, notes: Mapping[str, int]) -> None:
    fautes = {
        q.code: "Choisissez une note de 1 à 5."
        for q in questionnaire.questions[moment]
        if notes.get(q.code) not in range(NOTE_MIN, NOTE_MAX + 1)
    }
    if fautes:
        raise ValidationError(fautes)


def effacer_remarques(avant: datetime) -> int:
    """Les remarques des avis plus anciens : un texte libre peut nommer quelqu'un ; les notes restent."""
    anciennes = ReponseSatisfaction.objects.filter(mois__lt=avant.date().replace(day=1)).exclude(commentaire="")
    return anciennes.update(commentaire="")


def effacer_invitations(avant: datetime) -> int:
    """Les invitations dont le délai est passé depuis longtemps : elles ne servent plus à rien."""
    return InvitationSatisfaction.objects.filter(envoyee_le__lt=avant).delete()[0]


# --- Lire -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """Un moment et une année d'un organisme : une case qui ne recoupe aucune autre."""

    moment: Moment
    annee: int
    resultat: regles.Resultat


@dataclass(frozen=True)
class DeLOrganisme:
    """Ce qui se montre d'un organisme : l'ensemble de chaque moment, chaque année, les commentaires."""

    organisme: Organisme
    par_moment: dict[Moment, regles.Resultat]
    cases: list[Case]
    attend: bool
    """Des réponses ne se montrent pas encore ; on ne dit pas combien."""


def resultats(organismes: QuerySet[Organisme], jour: date) -> list[DeLOrganisme]:
    """Les résultats de chaque organisme, en une question à la base ; tout passe par `rules.satisfaction.montrables`."""
    connus = list(organismes.order_by("nom"))
    lues: dict[int, list[regles.Reponse]] = {o.pk: [] for o in connus}
    for r in ReponseSatisfaction.objects.filter(organisme__in=lues).order_by("pk"):
        lues[r.organisme_id].append(
            regles.Reponse(r.moment, r.mois, r.notes, r.globale, r.commentaire, f"{_SEL}:{r.pk}:{settings.SECRET_KEY}")
        )
    return [_de(o, lues[o.pk], jour) for o in connus]


def _de(organisme: Organisme, reponses: list[regles.Reponse], jour: date) -> DeLOrganisme:
    entrees = regles.montrables(reponses, jour)
    par_moment, cases = {}, []
    for moment in Moment:
        du_moment = [r for r in entrees if r.moment == moment]
        if ensemble := regles.resumer(du_moment):
            par_moment[moment] = ensemble
        for annee in sorted({r.mois.year for r in du_moment}, reverse=True):
            resultat = regles.resumer(r for r in du_moment if r.mois.year == annee)
            if resultat:
                cases.append(Case(moment, annee, resultat))
    return DeLOrganisme(organisme, par_moment, cases, len(entrees) < len(reponses))
