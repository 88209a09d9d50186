"""Les séances d'une session : en ajouter une ou beaucoup, en changer, en retirer, nommer qui les tient.

Une demi-journée émargée ne bouge plus : ce qui a été signé l'a été à ce jour et à ces heures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, time
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import ProtectedError
from django.utils import timezone

from conum.formations.actions.sessions import changer, parcours_de
from conum.formations.models import Emargement, Seance, SessionFormation
from conum.formations.models.session import NatureSeance
from conum.formations.rules import calendrier
from conum.formations.rules.assiduite import DemiJournee, Nature, verifier_calendrier
from conum.journal.acteurs import Acteur
from conum.socle.enregistrement import enregistrer

_HORAIRE = ("jour", "debut", "fin", "nature")
_CHAMPS = (*_HORAIRE, "theme", "formateur_nom", "formateur_email")


@dataclass(frozen=True, slots=True)
class SeanceVoulue:
    """Une séance à ajouter."""

    jour: date
    debut: time
    fin: time
    nature: str = NatureSeance.COURS
    theme: str = ""
    formateur_nom: str = ""
    formateur_email: str = ""

    @classmethod
    def de(cls, demi_journee: DemiJournee, **propres: str) -> "SeanceVoulue":
        d = demi_journee
        return cls(d.jour, d.debut, d.fin, d.nature.value, **propres)

    def pour(self, session: SessionFormation) -> Seance:
        return Seance(session=session, **{f.name: getattr(self, f.name) for f in fields(self)})


def reste_a_placer(session: SessionFormation, nature: Nature) -> int:
    """Les minutes du parcours que le calendrier ne prévoit pas encore."""
    parcours = parcours_de(session)
    dues = parcours.heures_cours if nature is Nature.COURS else parcours.heures_stage
    prevues = sum(s.minutes for s in Seance.objects.filter(session=session, nature=nature.value).order_by("pk"))
    return max(dues * 60 - prevues, 0)


def remplir(session: SessionFormation, rythme: calendrier.Rythme) -> calendrier.Remplissage:
    """Ce que ce rythme ajouterait au calendrier, jusqu'aux heures du parcours. N'écrit rien.

    Raises:
        ValidationError: le rythme ne fait pas un calendrier, une phrase par faute.
    """
    departement = session.commune.departement_id if session.commune else ""
    deja = [s.demi_journee for s in Seance.objects.filter(session=session).order_by("jour", "debut")]
    try:
        return calendrier.remplir(
            rythme,
            minutes=reste_a_placer(session, rythme.nature),
            deja=deja,
            feries=_feries(rythme.premier, rythme.dernier, departement),
            session=session.reference,
        )
    except calendrier.CalendrierImpossible as erreur:
        raise ValidationError(list(erreur.fautes)) from erreur


def _feries(premier: date, dernier: date, departement: str) -> dict[date, str]:
    # Des dates à l'envers ou très éloignées sont refusées par la règle : rien à chercher.
    if not premier <= dernier <= premier + calendrier.ETENDUE_MAX:
        return {}
    return calendrier.jours_feries(premier, dernier, departement)


def fautes_de(demi_journees: Sequence[DemiJournee], session: SessionFormation) -> tuple[str, ...]:
    """Ce qui rend ce calendrier impossible pour cette session, une phrase chacun."""
    folles = calendrier.jours_invraisemblables((d.jour for d in demi_journees), timezone.localdate())
    return (*folles, *verifier_calendrier(demi_journees, parcours_de(session)))


def ajouter_seances(session: SessionFormation, voulues: Sequence[SeanceVoulue], *, par: Acteur, motif: str = "") -> int:
    """Toutes, ou aucune.

    Raises:
        PermissionDenied, TransitionImpossible: voir `sessions.changer`.
        ValidationError: rien à ajouter ; séances qui se croisent, trop longues, trop d'heures, une phrase chacune.
    """
    if not voulues:
        raise ValidationError("Il n’y a aucune séance à ajouter.")
    with changer(session, par=par, motif=motif) as courante:
        nouvelles = [v.pour(courante) for v in voulues]
        deja = Seance.objects.filter(session=courante).order_by("jour", "debut")
        # Avant d'écrire : toutes les fautes à la fois, au lieu de la première que la base refuserait.
        tout = [s.demi_journee for s in (*deja, *nouvelles)]
        if fautes := fautes_de(tout, courante):
            raise ValidationError(list(fautes))
        for seance in nouvelles:
            seance.clean_fields(exclude=["session"])
        Seance.objects.bulk_create(nouvelles)
    return len(nouvelles)


def _relire(seance: Seance) -> Seance:
    """La séance sous verrou entier : une signature en cours d'écriture est attendue, puis vue.

    Raises:
        ValidationError: elle vient d'être retirée.
    """
    courante = Seance.objects.select_for_update(of=("self",)).filter(pk=seance.pk).first()
    if courante is None:
        raise ValidationError("Cette séance vient d’être retirée du calendrier.")
    return courante


def _refuser_si_emargee(seance: Seance, quoi: str) -> None:
    if Emargement.objects.valables().filter(seance=seance).exists():
        raise ValidationError(f"La séance du {seance} est déjà émargée : elle ne peut plus être {quoi}.")


def modifier_seance(seance: Seance, *, par: Acteur, motif: str = "", **champs: Any) -> Seance:
    """`champs` : jour, debut, fin, nature, theme, formateur_nom, formateur_email.

    Raises:
        PermissionDenied, TransitionImpossible: voir `sessions.changer`.
        ValidationError: séance émargée qu'on déplace ; calendrier impossible.
    """
    if inconnus := set(champs) - set(_CHAMPS):
        raise TypeError(f"champs inconnus : {', '.join(sorted(inconnus))}")
    with changer(seance.session, par=par, motif=motif) as session:
        courante = _relire(seance)
        if any(champs.get(nom, getattr(courante, nom)) != getattr(courante, nom) for nom in _HORAIRE):
            _refuser_si_emargee(courante, "déplacée")
        for nom, valeur in champs.items():
            setattr(courante, nom, valeur)
        autres = Seance.objects.filter(session=session).exclude(pk=courante.pk).order_by("jour", "debut")
        if fautes := fautes_de([s.demi_journee for s in (*autres, courante)], session):
            raise ValidationError(list(fautes))
        enregistrer(courante)
    return courante


def retirer_seance(seance: Seance, *, par: Acteur, motif: str = "") -> None:
    """Raises:
    PermissionDenied, TransitionImpossible: voir `sessions.changer`.
    ValidationError: séance émargée, ou la dernière d'une session ouverte.
    """
    with changer(seance.session, par=par, motif=motif):
        _retirer(_relire(seance))


def _retirer(seance: Seance) -> None:
    _refuser_si_emargee(seance, "retirée")
    try:
        seance.delete()
    except ProtectedError as erreur:
        raise ValidationError(f"La séance du {seance} a été émargée, puis corrigée : elle reste.") from erreur


def retirer_seances(session: SessionFormation, *, du: date, au: date, par: Acteur, motif: str = "") -> int:
    """Celles d'une suite de jours, bornes comprises : toutes, ou aucune ; rend leur nombre.

    Raises:
        PermissionDenied, TransitionImpossible: voir `sessions.changer`.
        ValidationError: aucune séance, ou l'une est émargée.
    """
    with changer(session, par=par, motif=motif) as courante:
        entre = Seance.objects.select_for_update(of=("self",)).filter(session=courante, jour__range=(du, au))
        seances = list(entre.order_by("pk"))
        if not seances:
            raise ValidationError(f"Aucune séance du {du:%d/%m/%Y} au {au:%d/%m/%Y}.")
        for seance in seances:
            _retirer(seance)
    return len(seances)


def nommer_formateur(
    session: SessionFormation, *, du: date, au: date, nature: str = "", nom: str, email: str, par: Acteur
) -> int:
    """Qui tient les séances d'une suite de jours, bornes comprises ; rend leur nombre. Les inscrits n'ont rien à faire.

    Raises:
        PermissionDenied, TransitionImpossible: voir `sessions.changer`.
        ValidationError: aucune séance à ces dates ; nom ou adresse faux.
    """
    with changer(session, par=par) as courante:
        entre = Seance.objects.filter(session=courante, jour__range=(du, au))
        if nature:
            entre = entre.filter(nature=nature)
        seances = list(entre.order_by("pk"))
        if not seances:
            raise ValidationError(f"Aucune séance du {du:%d/%m/%Y} au {au:%d/%m/%Y}.")
        for seance in seances:
            seance.formateur_nom, seance.formateur_email = nom, email
            enregistrer(seance, update_fields=["formateur_nom", "formateur_email"])
    return len(seances)


def a_signaler(session: SessionFormation) -> tuple[str, ...]:
    """Les séances à venir un dimanche ou un jour férié, une phrase chacune."""
    seances = [s.demi_journee for s in Seance.objects.filter(session=session).order_by("jour", "debut")]
    a_venir = [d for d in seances if d.jour >= timezone.localdate()]
    if not a_venir:
        return ()
    departement = session.commune.departement_id if session.commune else ""
    return calendrier.a_signaler(a_venir, calendrier.jours_feries(a_venir[0].jour, a_venir[-1].jour, departement))
