"""Changer une convention signée : ouvrir un avenant, le corriger, le proposer, l'abandonner, l'appliquer (states.py).

Un avenant refait le calcul de tous les postes sur les faits du jour. Rien ne change avant la signature de l'État : les
nouvelles périodes attendent dans `Acte.donnees`. Seul un poste ajouté est retenu dès l'ouverture.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange

from conum.conventions import access
from conum.conventions.actions import calcul, differences, documents
from conum.conventions.actions.changement import (
    Ajout,
    Changement,
    acte_en_vigueur,
    composer,
    dire_dates,
    exiger_objet,
    prevoir,
)
from conum.conventions.actions.messages import prevenir_structure
from conum.conventions.actions.preparation import acte_ouvert
from conum.conventions.actions.proposition import exiger_motif
from conum.conventions.emails import avenants as emails
from conum.conventions.models import Acte, Convention
from conum.conventions.states import TRANSITIONS
from conum.journal.acteurs import Acteur
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.models.poste import UN_JOUR
from conum.socle.enregistrement import enregistrer
from conum.socle.texte import euros


def appliquer(acte: Acte, convention: Convention) -> None:
    """L'avenant signé par l'État devient la convention : périodes des postes, dates de la convention.

    À appeler dans la transition de signature. `convention` est la ligne verrouillée : ses champs sont changés, la
    transition les enregistre.

    Raises:
        ValidationError: une autre convention porte désormais un de ces postes.
    """
    convention.periode = _periode_voulue(acte, convention)
    comptes = {
        e["poste"]: DateRange(date.fromisoformat(e["debut"]), date.fromisoformat(e["fin"]))
        for e in acte.donnees["calcul"]
    }
    for poste in convention.postes.order_by("pk").select_for_update(of=("self",), no_key=True):
        periode = comptes.get(poste.poste_id)
        if periode == poste.periode and poste.retenu:
            continue
        # Retiré avant son premier jour : la période ne peut pas être vide, le poste n'est plus retenu.
        poste.periode, poste.retenu = periode or poste.periode, periode is not None
        enregistrer(poste)


def _periode_voulue(acte: Acte, convention: Convention) -> DateRange:
    """Les dates qu'aura la convention une fois l'avenant signé."""
    fin = acte.donnees["avenant"]["fin"]
    return DateRange(convention.periode.lower, date.fromisoformat(fin) + UN_JOUR) if fin else convention.periode


def ouvrir_avenant(
    convention: Convention,
    *,
    objet: str,
    effet_le: date,
    expose: str,
    suites: calcul.Hypotheses | None = None,
    retraits: Mapping[int, date] | None = None,
    ajouts: Sequence[Ajout] = (),
    fin: date | None = None,
    par: Acteur,
) -> Acte:
    """Écrit le brouillon de l'avenant : montants refaits sur les faits du jour, et la différence.

    `suites` : ce que l'on suppose d'un poste (`Poste.pk`) après son dernier contrat ; les autres gardent l'hypothèse de
    l'acte signé. `retraits` : dernier jour d'un poste (`Poste.pk`). `fin` : nouveau dernier jour de la convention.

    Raises:
        TransitionImpossible: la convention n'est pas active, ou un avenant est déjà ouvert.
        ValidationError: rien n'est écrit ; une phrase par champ.
    """
    changement = Changement(objet, effet_le, expose, suites or {}, retraits or {}, ajouts, fin)
    donnees: dict[str, Any] = {}
    with transition(
        convention, "ouvrir_avenant", table=TRANSITIONS, par=par, peut=access.peut_preparer, donnees=donnees
    ) as courante:
        precedent = acte_en_vigueur(courante)
        acte = Acte(
            convention=courante,
            numero=precedent.numero + 1,
            regle_code=precedent.regle_code,
            regle_empreinte=precedent.regle_empreinte,
        )
        _ecrire(acte, precedent, changement)
        donnees |= _photo(acte)
    return acte


def corriger_avenant(
    convention: Convention,
    *,
    objet: str,
    effet_le: date,
    expose: str,
    suites: calcul.Hypotheses | None = None,
    retraits: Mapping[int, date] | None = None,
    ajouts: Sequence[Ajout] = (),
    fin: date | None = None,
    par: Acteur,
) -> Acte:
    """Refait un avenant qui n'est pas encore proposé ; l'objet peut changer.

    Raises:
        TransitionImpossible: le document est déjà à la signature.
        ValidationError: comme à l'ouverture.
    """
    changement = Changement(objet, effet_le, expose, suites or {}, retraits or {}, ajouts, fin)
    donnees: dict[str, Any] = {}
    with transition(
        convention, "corriger_avenant", table=TRANSITIONS, par=par, peut=access.peut_preparer, donnees=donnees
    ) as courante:
        acte = acte_ouvert(courante)
        if acte.propose_le is not None:
            raise TransitionImpossible("Cet avenant est à la signature : abandonnez-le pour en ouvrir un autre.")
        donnees["avant"] = _photo(acte)
        acte.convention = courante
        acte.lignes.all().delete()
        _rendre_les_ajouts(acte)
        _ecrire(acte, acte_en_vigueur(courante), changement)
        donnees["apres"] = _photo(acte)
    return acte


def proposer_avenant(convention: Convention, *, par: Acteur) -> Acte:
    """Produit le document, le fige et l'envoie à la structure.

    Raises:
        TransitionImpossible: déjà proposé, ou les contrats ont changé depuis le calcul.
    """
    donnees: dict[str, Any] = {}
    with transition(
        convention, "proposer_avenant", table=TRANSITIONS, par=par, peut=access.peut_preparer, donnees=donnees
    ) as courante:
        acte = acte_ouvert(courante)
        acte.convention = courante
        _exiger_a_jour(acte)
        ancienne, courante.periode = courante.periode, _periode_voulue(acte, courante)
        documents.figer(acte)
        courante.periode = ancienne
        difference = differences.lire(acte)
        assert difference is not None
        donnees |= {"sha256": acte.sha256, "code": acte.code, "total": str(acte.total)}
        prevenir_structure(
            courante,
            emails.AvenantASigner,
            titre=acte.titre,
            objet=acte.get_objet_display(),
            montant=euros(acte.total),
            ecart=euros(difference.ecart),
        )
    return acte


def abandonner_avenant(convention: Convention, *, motif: str, par: Acteur) -> Acte:
    """Écarte l'avenant ouvert : la convention reste ce qu'elle était."""
    motif = exiger_motif(motif)
    donnees: dict[str, Any] = {}
    with transition(
        convention, "abandonner_avenant", table=TRANSITIONS, par=par, peut=access.peut_preparer, motif=motif,
        donnees=donnees,
    ) as courante:  # fmt: skip
        acte = acte_ouvert(courante)
        donnees["avenant"] = acte.numero
        documents.retirer(acte, motif=motif)
        _rendre_les_ajouts(acte)
        if acte.propose_le is not None:
            prevenir_structure(courante, emails.AvenantAbandonne, titre=acte.titre, motif=motif)
    return acte


def _photo(acte: Acte) -> dict[str, Any]:
    """Ce que le journal garde d'un avenant."""
    difference = differences.lire(acte)
    return {
        "avenant": acte.numero,
        "objet": acte.objet,
        "effet_le": acte.effet_le.isoformat(),
        "total": str(acte.total),
        "ecart": str(difference.ecart) if difference else "",
        **acte.donnees.get("avenant", {}),
    }


def _ecrire(acte: Acte, precedent: Acte, changement: Changement) -> None:
    """Vérifie, calcule et écrit l'avenant ; l'acte est neuf ou vidé de ses lignes."""
    convention = acte.convention
    exiger_objet(convention, changement)
    ancienne = convention.periode
    try:
        postes = composer(convention, changement, calcul.regle_de(precedent))
        previsions = prevoir(convention, postes, precedent, changement.suites)
        dates = dire_dates(ancienne, convention.periode)
    finally:
        # La transition enregistre la convention : ses dates ne changent qu'à la signature de l'État.
        convention.periode = ancienne
    difference = differences.decrire(precedent, previsions, dates=dates)
    if not difference.changes and not dates:
        raise ValidationError("Cet avenant ne changerait rien : les montants sont déjà ceux des contrats du jour.")
    acte.objet, acte.effet_le, acte.expose = changement.objet, changement.effet_le, changement.expose.strip()
    acte.donnees = {"avenant": changement.donnees(), "difference": difference.donnees()}
    calcul.ecrire_lignes(acte, previsions)


def _rendre_les_ajouts(acte: Acte) -> None:
    """Les postes que l'avenant retenait en plus ne sont plus à la convention ; ses lignes sont déjà parties."""
    ajouts = [pk for pk, _, _ in acte.donnees.get("avenant", {}).get("ajouts", [])]
    acte.convention.postes.filter(poste__in=ajouts).delete()


def _exiger_a_jour(acte: Acte) -> None:
    """Ce qui se signe est ce que l'agent a vu : un contrat qui a bougé depuis le calcul oblige à corriger."""
    convention = acte.convention
    explications = {e["poste"]: e for e in acte.donnees["calcul"]}
    postes = list(convention.postes.filter(poste__in=explications).select_related("poste").order_by("pk"))
    for poste in postes:
        e = explications[poste.poste_id]
        poste.periode = DateRange(date.fromisoformat(e["debut"]), date.fromisoformat(e["fin"]))
    ancienne, convention.periode = convention.periode, _periode_voulue(acte, convention)
    try:
        previsions = calcul.prevoir(convention, postes, calcul.regle_de(acte), hypotheses=calcul.hypotheses_de(acte))
    finally:
        convention.periode = ancienne
    if dict(calcul.lignes_prevues(previsions)) != dict(calcul.lignes_de(acte)):
        raise TransitionImpossible(
            "Les contrats ont changé depuis le calcul : ouvrez « Corriger », relisez les montants et enregistrez."
        )
