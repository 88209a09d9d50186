"""Renouveler une convention qui finit, ou dire qu'on ne le souhaite pas (facts-and-asks § 1.6)."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from conum.comptes.rules import ajouter_mois
from conum.conventions import access
from conum.conventions.actions import calcul
from conum.conventions.actions.messages import prevenir_anct
from conum.conventions.actions.preparation import preparer_convention
from conum.conventions.emails import fin as emails
from conum.conventions.models import Convention, MotifNonRenouvellement, PosteConventionne
from conum.conventions.models.convention import Phase
from conum.conventions.rules import ecarts, renouvellement
from conum.conventions.states import EN_VIGUEUR, Etat
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.postes.models import Poste, Rattachement
from conum.postes.models.poste import UN_JOUR
from conum.socle.enregistrement import enregistrer
from conum.structures.models import Structure

RENOUVELABLES = EN_VIGUEUR | {Etat.TERMINEE}


def _verrouiller(convention: Convention) -> Convention:
    courante = Convention.objects.select_for_update(of=("self",), no_key=True).get(pk=convention.pk)
    if courante.etat not in RENOUVELABLES:
        raise TransitionImpossible(f"Une convention « {courante.get_etat_display().lower()} » ne se renouvelle pas.")
    return courante


def _exiger_sans_suite(courante: Convention) -> None:
    """Une seule suite. Celle qui a été annulée rend sa place : le journal garde qu'elle l'a eue."""
    suite = Convention.objects.filter(precedente=courante).select_for_update(of=("self",), no_key=True).first()
    if suite is None:
        return
    if suite.etat != Etat.ANNULEE:
        raise TransitionImpossible(f"Cette convention est déjà renouvelée par {suite.reference}.")
    suite.precedente = None
    enregistrer(suite)


def renouveler_convention(
    convention: Convention,
    *,
    postes: Sequence[Poste],
    debut: date,
    fin: date,
    financeur: str = "",
    suites: calcul.Hypotheses | None = None,
    zones: Collection[int] = (),
    par: Acteur,
) -> Convention:
    """Écrit le brouillon de la convention qui suit celle-ci, sous la règle de renouvellement de son premier jour.

    Raises:
        PermissionDenied: ni ANCT, ni reprise de données.
        TransitionImpossible: déjà renouvelée, ou résiliée.
        ValidationError: trop tôt, trop tard après le dernier contrat, plus de 36 mois, règle inconnue ; une phrase par
            champ.
    """
    with transaction.atomic():
        if not access.peut_preparer(par, convention):
            raise PermissionDenied
        courante = _verrouiller(convention)
        _exiger_sans_suite(courante)
        contrats = calcul.contrats_des_postes(p.pk for p in postes)
        erreurs = renouvellement.verifier(
            fin_precedente=courante.fin,
            debut=debut,
            postes=[
                renouvellement.PosteARenouveler(
                    p.reference, tuple(ecarts.periodes_de(contrats.get(p.pk, ()), date.min, date.max))
                )
                for p in postes
            ],
            aujourdhui=timezone.localdate(),
        )
        if erreurs:
            raise ValidationError(erreurs)
        structure = Structure.objects.select_related("commune__departement").get(pk=courante.structure_id)
        suite = preparer_convention(
            structure, postes=postes, debut=debut, fin=fin, phase=Phase.V2, financeur=financeur, suites=suites,
            zones=zones, precedente=courante, par=par,
        )  # fmt: skip
        noter(courante, "renouveler_convention", par=par, donnees={"suite": suite.reference})
        return suite


def a_renouveler(conventions: "QuerySet[Convention]", jour: date) -> "QuerySet[Convention]":
    """Finies, ou qui finissent dans les six mois, sans suite, et dont la structure garde un poste."""
    suite = Convention.objects.retenues().filter(precedente=OuterRef("pk"))
    garde = Rattachement.objects.filter(
        poste=OuterRef("poste"), structure=OuterRef("convention__structure"), periode__contains=jour
    )
    ailleurs = PosteConventionne.objects.filter(
        poste=OuterRef("poste"), retenu=True, periode__endswith__gt=OuterRef("periode__endswith")
    )
    tenu = PosteConventionne.objects.filter(Exists(garde), ~Exists(ailleurs), convention=OuterRef("pk"), retenu=True)
    limite = ajouter_mois(jour, renouvellement.MOIS_AVANT_LE_TERME)
    return conventions.filter(
        Exists(tenu), ~Exists(suite), etat__in=sorted(RENOUVELABLES), periode__endswith__lte=limite
    )


def postes_a_renouveler(convention: Convention, debut: date) -> list[Poste]:
    """Les postes de la convention, encore à la structure ce jour-là."""
    siens = Poste.objects.rattaches_a(convention.structure, debut)
    return list(siens.filter(conventions__convention=convention, conventions__retenu=True).order_by("numero"))


def premier_jour(convention: Convention) -> date:
    """Le début proposé : le lendemain de la fin."""
    return convention.fin + UN_JOUR


def decliner_renouvellement(convention: Convention, *, motif: str, par: Acteur) -> Convention:
    """La structure ne souhaite pas renouveler ; elle peut y revenir tant que la convention n'a pas de suite.

    Raises:
        TransitionImpossible: convention résiliée, ou déjà renouvelée.
        ValidationError: motif hors de la liste.
    """
    if motif not in MotifNonRenouvellement.values:
        raise ValidationError({"motif": "Choisissez un motif de la liste."})
    with transaction.atomic():
        if not access.peut_repondre_au_renouvellement(par, convention):
            raise PermissionDenied
        courante = _verrouiller(convention)
        _exiger_sans_suite(courante)
        courante.non_renouvellement_motif, courante.non_renouvellement_le = motif, timezone.localdate()
        enregistrer(courante)
        libelle = str(MotifNonRenouvellement(motif).label)
        noter(courante, "decliner_renouvellement", par=par, motif=libelle)
        prevenir_anct(courante, emails.RenouvellementDecline, motif=libelle)
    return courante


def rouvrir_renouvellement(convention: Convention, *, par: Acteur) -> Convention:
    """La structure revient sur son refus.

    Raises:
        TransitionImpossible: elle n'a rien décliné.
    """
    with transaction.atomic():
        if not access.peut_repondre_au_renouvellement(par, convention):
            raise PermissionDenied
        courante = _verrouiller(convention)
        if courante.non_renouvellement_le is None:
            raise TransitionImpossible("Le renouvellement de cette convention n'a pas été décliné.")
        donnees: dict[str, Any] = {"motif": courante.non_renouvellement_motif}
        courante.non_renouvellement_motif, courante.non_renouvellement_le = "", None
        enregistrer(courante)
        noter(courante, "rouvrir_renouvellement", par=par, donnees=donnees)
    return courante
