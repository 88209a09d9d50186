"""Les résultats aux certifications : dits un par un, leurs suites, et qui n'est pas venu à temps.

L'échec ne change ni contrat ni subvention ; l'absence sans raison donne l'alerte, comme le délai de six mois passé.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Case, DateField, Exists, Func, Max, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from conum.courriels.actions import mettre_en_file
from conum.formations import access
from conum.formations.actions import faits, messages
from conum.formations.emails import certifications as emails
from conum.formations.emails import destinataires
from conum.formations.models import Attestation, Inscription, ResultatCertification
from conum.formations.rules import certification as regles
from conum.formations.rules.certification import Resultat, Suite, intitule, limite_de_presentation, suite_de
from conum.formations.rules.marches import CCP1, PIX, TITRE, catalogue
from conum.formations.states import Etat
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import noter
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes.actions.gardes import exiger_texte
from conum.socle.enregistrement import enregistrer

DISPENSEE = "La personne est dispensée : elle n’a pas suivi la formation."
SANS_SESSION = "La personne n’a suivi aucune session : un certificat antérieur relève d’une dispense."
ALERTE = "alerter_certification"
_PRESENTEE = [Resultat.REUSSI.value, Resultat.ECHOUE.value]


# --- Dire un résultat ---


def refus_du_resultat(
    inscription: Inscription, certification: str, le: date, *, debut: date | None, jour: date
) -> tuple[str, ...]:
    """Ce qui rend ce résultat impossible, une phrase chacun : dispense, aucune session, date avant elle, à venir."""
    if inscription.etat == Etat.DISPENSEE:
        return (DISPENSEE,)
    if debut is None:
        return (SANS_SESSION,)
    return regles.verifier_certificat(certification, le, formation_debut=debut, jour=jour)


def enregistrer_resultat(
    inscription: Inscription, *, certification: str, resultat: str, le: date, par: Acteur, motif: str = ""
) -> ResultatCertification:
    """Enregistre une présentation, ou une absence ; sans raison, celle-ci prévient la structure et l'ANCT.

    Raises:
        ValidationError: date impossible, résultat déjà enregistré, motif sans absence.
    """
    with transaction.atomic():
        courante = _verrouiller(inscription.pk)
        if not access.peut_enregistrer_resultat(par, courante):
            raise PermissionDenied
        debut = faits.debuts([courante.pk]).get(courante.pk)
        if fautes := refus_du_resultat(courante, certification, le, debut=debut, jour=timezone.localdate()):
            raise ValidationError({"le": list(fautes)})
        lu = ResultatCertification(
            inscription=courante, certification=certification, resultat=resultat, le=le, motif=" ".join(motif.split())
        )
        enregistrer(lu)
        noter(lu, "enregistrer_resultat", par=par, donnees=photo(lu))
        alerter_absence(lu, courante)
    return lu


def _verrouiller(pk: int) -> Inscription:
    return Inscription.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)


def photo(resultat: ResultatCertification) -> dict[str, Any]:
    """Ce que le journal garde d'un résultat."""
    return {
        "inscription": resultat.inscription_id,
        "certification": resultat.certification,
        "resultat": resultat.resultat,
        "le": resultat.le.isoformat(),
    }


def alerter_absence(resultat: ResultatCertification, inscription: Inscription) -> None:
    """Prévient la structure et l'ANCT d'une absence sans raison ; rien pour tout autre résultat."""
    suite = suites([resultat])[resultat.pk]
    if not suite.alarme:
        return
    champs = {
        "certification": intitule(resultat.certification, resultat.le),
        "le": f"{resultat.le:%d/%m/%Y}",
        "suite": suite.phrase,
    }
    messages.prevenir_structure(inscription, emails.AbsenceCertification, **champs)
    for qui in destinataires.de_l_anct("formations:inscription", inscription.pk):
        message = emails.AbsenceCertification(**emails.AbsenceCertification.base(inscription, qui.lien), **champs)
        mettre_en_file(message, a=qui.email, objet=inscription)


def justifier_absence(resultat: ResultatCertification, *, motif: str, par: Acteur) -> ResultatCertification:
    """L'organisme ou l'ANCT apprend la raison d'une absence : l'alerte s'éteint.

    Raises:
        ValidationError: aucune raison écrite.
        TransitionImpossible: ce n'est pas une absence, ou elle a déjà une raison.
    """
    motif = " ".join(motif.split())
    if not motif:
        raise ValidationError({"motif": "Écrivez la raison de l’absence."})
    with transaction.atomic():
        inscription = _verrouiller(resultat.inscription_id)
        courant = ResultatCertification.objects.select_for_update(no_key=True).filter(pk=resultat.pk).first()
        if courant is None:
            raise TransitionImpossible("Ce résultat est retiré.")
        if not access.peut_enregistrer_resultat(par, inscription):
            raise PermissionDenied
        if courant.resultat != Resultat.ABSENT or courant.motif:
            raise TransitionImpossible("Cette absence a déjà une raison, ou n’en est pas une.")
        courant.motif = motif
        enregistrer(courant)
        noter(courant, "justifier_absence", par=par, motif=motif, donnees=photo(courant))
    return courant


def retirer_resultat(resultat: ResultatCertification, *, motif: str, par: Acteur) -> None:
    """L'ANCT retire un résultat saisi à tort ; le journal le garde.

    Raises:
        TransitionImpossible: il est déjà retiré.
    """
    motif = exiger_texte("motif", motif)
    with transaction.atomic():
        inscription = _verrouiller(resultat.inscription_id)
        if not access.peut_administrer(par, inscription):
            raise PermissionDenied
        courant = ResultatCertification.objects.select_for_update(no_key=True).filter(pk=resultat.pk).first()
        if courant is None:
            raise TransitionImpossible("Ce résultat est déjà retiré.")
        noter(courant, "retirer_resultat", par=par, motif=motif, donnees=photo(courant))
        courant.delete()


# --- Ce qu'un résultat entraîne ---


def limites(inscriptions: Sequence[Inscription]) -> dict[int, date]:
    """Le dernier jour pour se présenter, par numéro ; absent tant que la personne n'a pas de session."""
    finies = faits.fins([i.pk for i in inscriptions])
    return {
        i.pk: limite_de_presentation(
            finies[i.pk], faits.marche_fige(i.marche_code, i.marche_empreinte, i.contrat)
        )
        for i in inscriptions
        if i.pk in finies
    }  # fmt: skip


def suites(
    resultats: Iterable[ResultatCertification], jour: date | None = None, *, taire: bool = False
) -> dict[int, Suite]:
    """La phrase de chaque résultat, et s'il donne l'alerte ; une absence suivie d'une présentation n'alerte plus.

    `taire` : la raison d'une absence, souvent de santé, n'est pas dite.
    """
    jour = jour or timezone.localdate()
    lus = list(resultats)
    bornes = limites(list({r.inscription_id: r.inscription for r in lus}.values()))
    venus = set(
        ResultatCertification.objects.filter(
            inscription__in={r.inscription_id for r in lus}, resultat__in=_PRESENTEE
        ).values_list("inscription", "certification")
    )
    tue = "raison donnée à l’organisme" if taire else ""
    return {r.pk: _suite(r, bornes.get(r.inscription_id, jour), jour, venus, tue) for r in lus}


def _suite(resultat: ResultatCertification, limite: date, jour: date, venus: set[tuple[int, str]], tue: str) -> Suite:
    absente = resultat.resultat == Resultat.ABSENT and not resultat.motif
    if absente and (resultat.inscription_id, resultat.certification) in venus:
        return Suite(False, "Absence sans raison connue ; la personne s’est présentée un autre jour.")
    return suite_de(
        Resultat(resultat.resultat), limite=limite, jour=jour, motif=resultat.motif and (tue or resultat.motif)
    )


def absences_sans_raison(inscriptions: QuerySet[Inscription]) -> QuerySet[ResultatCertification]:
    """Les absences sans raison de ces inscriptions, tant que la personne ne s'est pas présentée depuis."""
    venue = ResultatCertification.objects.filter(
        inscription=OuterRef("inscription"), certification=OuterRef("certification"), resultat__in=_PRESENTEE
    )
    return ResultatCertification.objects.filter(
        ~Exists(venue), inscription__in=inscriptions.order_by().values("pk"), resultat=Resultat.ABSENT.value, motif=""
    )


# --- Le délai de présentation ---


def en_retard(inscriptions: QuerySet[Inscription], jour: date) -> QuerySet[Inscription]:
    """Les personnes attestées dont le délai est passé sans présentation au CCP1 ou à Pix. Annote `limite_le`.

    Le titre entier vaut son premier certificat. Le délai part du dernier jour de la dernière session.
    """
    derniere = (
        faits.places_suivies().filter(inscription=OuterRef("pk")).order_by().values("inscription")
        .annotate(fin=Max("session__fin")).values("fin")
    )  # fmt: skip
    attestee = Attestation.objects.valables().filter(inscription=OuterRef("pk")).values("delivree_le")
    fin = Coalesce(Subquery(derniere[:1]), Subquery(attestee[:1]), output_field=DateField())
    limite = Func(fin, _mois(), template="(%(expressions)s)::date", arg_joiner=" + ", output_field=DateField())
    return inscriptions.annotate(limite_le=limite).filter(
        ~_presentee([CCP1, TITRE]) | ~_presentee([PIX]), etat=Etat.ATTESTEE, limite_le__lt=jour
    )


def _mois() -> Func:
    """L'intervalle du marché de chaque inscription, en mois."""
    connus = [*catalogue().marches, catalogue().defaut]
    cas = [When(marche_code=m.code, then=Value(m.certification_mois)) for m in connus]
    return Func(Case(*cas, default=Value(catalogue().defaut.certification_mois)), function="make_interval",
                template="make_interval(months => %(expressions)s)")  # fmt: skip


def _presentee(certifications: list[str]) -> Exists:
    return Exists(
        ResultatCertification.objects.filter(
            inscription=OuterRef("pk"), certification__in=certifications, resultat__in=_PRESENTEE
        )
    )


def manquantes(inscriptions: Iterable[Inscription]) -> dict[int, list[str]]:
    """Les certifications auxquelles chacun ne s'est pas présenté, en toutes lettres."""
    lues = list(inscriptions)
    venus: dict[int, set[str]] = {i.pk: set() for i in lues}
    for pk, code in ResultatCertification.objects.filter(
        inscription__in=list(venus), resultat__in=_PRESENTEE
    ).values_list("inscription", "certification"):
        venus[pk].add(CCP1 if code == TITRE else code)
    jour = timezone.localdate()
    return {pk: [intitule(c, jour) for c in (CCP1, PIX) if c not in codes] for pk, codes in venus.items()}


def alerter_retards(jour: date) -> int:
    """Prévient, une fois par personne, elle et sa structure ; l'ANCT reçoit le nombre du jour. Rend ce nombre."""
    deja = Entree.objects.filter(objet_type=Inscription._meta.label, action=ALERTE).order_by()
    alertees = {int(pk) for pk in deja.values_list("objet_id", flat=True)}
    nouvelles = [pk for pk in en_retard(Inscription.objects.all(), jour).order_by("pk").values_list("pk", flat=True)
                 if pk not in alertees]  # fmt: skip
    nombre = sum(_alerter_retard(pk, jour) for pk in nouvelles)
    if nombre:
        with transaction.atomic():
            for qui in destinataires.de_l_anct("formations:certifications"):
                message = emails.CertificationsEnRetard(nombre=nombre, lien=f"{qui.lien}?onglet=retards")
                mettre_en_file(message, a=qui.email, cle=f"certifications-retard:{jour}:{qui.lien}")
    return nombre


def _alerter_retard(pk: int, jour: date) -> bool:
    with transaction.atomic():
        _verrouiller(pk)
        # Relue sous verrou : présentée à l'instant, elle ne reçoit rien.
        inscription = en_retard(Inscription.objects.filter(pk=pk), jour).select_related("personne", "contrat").first()
        if inscription is None:
            return False
        noter(inscription, ALERTE, par=SYSTEME)
        limite: date = inscription.limite_le  # type: ignore[attr-defined]
        champs = {"certifications": ", ".join(manquantes([inscription])[pk]), "limite": f"{limite:%d/%m/%Y}"}
        messages.prevenir_personne(inscription, emails.CertificationEnRetard, cle=f"certification:{pk}", **champs)
        messages.prevenir_structure(inscription, emails.CertificationEnRetard, cle=f"certification:{pk}", **champs)
    return True
