"""Ce que demande un avenant, et ce qu'il donne : les postes et leurs périodes, la convention, les montants.

Rien ne s'écrit ici, sauf les postes ajoutés, que l'avenant retient dès qu'il s'ouvre.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from conum.conventions import rules
from conum.conventions.actions import calcul
from conum.conventions.actions.preparation import Faits, charger, sans
from conum.conventions.models import Acte, Convention, ObjetAvenant, PosteConventionne
from conum.conventions.rules.ecarts import dire_periode, hypothese_du_jour
from conum.conventions.rules.prevision import Hypothese
from conum.journal.workflow import TransitionImpossible
from conum.postes.actions.gardes import exiger_texte
from conum.postes.models import Poste
from conum.postes.models.poste import UN_JOUR
from conum.socle.enregistrement import enregistrer


@dataclass(frozen=True)
class Ajout:
    """Un poste qui entre dans la convention, et le premier jour où elle le porte."""

    poste: Poste
    debut: date
    zone_prioritaire: bool = False


@dataclass(frozen=True)
class Changement:
    """Ce que demande un avenant. `retraits` : dernier jour du poste (`Poste.pk`) ; `fin` : nouveau dernier jour.

    `suites` : ce que l'on suppose après le dernier contrat d'un poste ; les autres gardent l'hypothèse de l'acte signé.
    """

    objet: str
    effet_le: date
    expose: str
    suites: calcul.Hypotheses = field(default_factory=dict)
    retraits: Mapping[int, date] = field(default_factory=dict)
    ajouts: Sequence[Ajout] = ()
    fin: date | None = None

    def donnees(self) -> dict[str, Any]:
        """De quoi rouvrir le formulaire et appliquer l'avenant : rien que du JSON."""
        return {
            "fin": self.fin.isoformat() if self.fin else None,
            "retraits": {str(pk): le.isoformat() for pk, le in self.retraits.items()},
            "ajouts": [[a.poste.pk, a.debut.isoformat(), a.zone_prioritaire] for a in self.ajouts],
        }


def acte_en_vigueur(convention: Convention) -> Acte:
    """Le dernier acte signé des deux parties.

    Raises:
        TransitionImpossible: la convention n'a pas encore été signée.
    """
    acte = Acte.objects.signes().filter(convention=convention).order_by("-numero").first()
    if acte is None:
        raise TransitionImpossible("Cette convention n'est pas signée : elle se corrige, sans avenant.")
    return acte


def exiger_objet(convention: Convention, changement: Changement) -> None:
    """Un objet de la liste, son exposé, une date de la convention, et ce que cet objet demande."""
    if changement.objet not in ObjetAvenant.values:
        raise ValidationError({"objet": "Choisissez l'objet de l'avenant."})
    exiger_texte("expose", changement.expose)
    if changement.effet_le not in convention.periode:
        raise ValidationError(
            {"effet_le": f"La convention va {convention.libelle_periode} : choisissez un de ces jours."}
        )
    manque = {
        ObjetAvenant.AJOUT: (changement.ajouts, "ajouts", "Choisissez au moins un poste à ajouter."),
        ObjetAvenant.RETRAIT: (changement.retraits, "retraits", "Dites quel poste quitte la convention, et quand."),
        ObjetAvenant.DATES: (changement.fin, "fin", "Saisissez le nouveau dernier jour."),
    }.get(ObjetAvenant(changement.objet))
    if manque and not manque[0]:
        raise ValidationError({manque[1]: manque[2]})


def nouvelle_periode(convention: Convention, regle: rules.Regle, fin: date | None) -> DateRange:
    """La période de la convention une fois l'avenant signé.

    Raises:
        ValidationError: fin avant le début, ou convention plus longue que la règle ne le permet.
    """
    if fin is None:
        return convention.periode
    dates = rules.Convention(convention.periode.lower, fin + UN_JOUR, convention.financement_debut)
    with refus("fin"):
        rules.verifier_convention(dates, regle)
    return DateRange(dates.debut, dates.fin)


def composer(convention: Convention, changement: Changement, regle: rules.Regle) -> list[PosteConventionne]:
    """Les postes de la convention, avec la période qu'ils auront ; rien n'est écrit pour ceux qui y sont déjà.

    La convention reçoit en mémoire sa nouvelle période, pour le calcul.

    Raises:
        ValidationError: date hors de la convention, poste pris ailleurs, ou plus aucun poste.
    """
    periode = nouvelle_periode(convention, regle, changement.fin)
    ancienne, convention.periode = convention.periode, periode
    postes = list(convention.postes.filter(retenu=True).select_related("poste").order_by("poste_id"))
    faits = sans(charger([*(p.poste for p in postes), *(a.poste for a in changement.ajouts)]), convention)
    restes = []
    for poste in postes:
        fin = _nouvelle_fin(poste, ancienne, periode, faits)
        if (le := changement.retraits.get(poste.poste_id)) is not None:
            fin = _retrait(poste, le, fin)
        if poste.periode.lower < fin:
            poste.periode = DateRange(poste.periode.lower, fin)
            _exiger_libre(poste, faits, "fin")
            restes.append(poste)
    _exiger_un_poste(restes, changement)
    return restes + [_ajouter(convention, ajout, faits, regle) for ajout in changement.ajouts]


def _nouvelle_fin(poste: PosteConventionne, ancienne: DateRange, periode: DateRange, faits: Faits) -> date:
    """La fin (non comprise) du poste quand la convention change de durée : il la suit tant que la structure l'a."""
    fin: date = poste.periode.upper
    if fin < ancienne.upper or periode.upper <= ancienne.upper:
        return min(fin, periode.upper)
    siens = [r for s, r in faits.rattachements.get(poste.poste_id, ()) if s == poste.convention.structure_id]
    termes = [r.upper or periode.upper for r in siens if r.lower < periode.upper]
    return max(fin, min(periode.upper, max(termes, default=fin)))


def _retrait(poste: PosteConventionne, le: date, fin: date) -> date:
    """La fin (non comprise) du poste qui part au soir du `le` ; avant son premier jour, il n'aura jamais compté."""
    if le + UN_JOUR >= fin:
        raise ValidationError(
            {"retraits": f"Le poste {poste.poste.reference} quitte déjà la convention le "
                         f"{poste.periode.upper - UN_JOUR:%d/%m/%Y} : choisissez un jour avant."}
        )  # fmt: skip
    return le + UN_JOUR


def _exiger_un_poste(restes: Sequence[PosteConventionne], changement: Changement) -> None:
    """Tous les postes rendus, c'est une résiliation (facts-and-asks § 1.7)."""
    if not changement.retraits or changement.ajouts:
        return
    dernier = max(changement.retraits.values())
    if not any(p.periode.upper > dernier + UN_JOUR for p in restes):
        raise ValidationError({"retraits": "Plus aucun poste ne resterait : résiliez la convention."})


def _exiger_libre(poste: PosteConventionne, faits: Faits, champ: str) -> None:
    for prise, autre in faits.prises.get(poste.poste_id, ()):
        if prise.lower < poste.periode.upper and poste.periode.lower < prise.upper:
            dernier = prise.upper - UN_JOUR
            raise ValidationError(
                {champ: f"Le poste {poste.poste.reference} est dans la convention {autre.reference} du "
                        f"{prise.lower:%d/%m/%Y} au {dernier:%d/%m/%Y} : changez-la d'abord."}
            )  # fmt: skip


def _ajouter(convention: Convention, ajout: Ajout, faits: Faits, regle: rules.Regle) -> PosteConventionne:
    """Retient un poste rattaché à la structure, du jour dit à la fin de la convention ou du rattachement."""
    poste, periode = ajout.poste, convention.periode
    if ajout.debut not in periode:
        raise ValidationError({"debut": f"Choisissez un jour de la convention, {convention.libelle_periode}."})
    rattachement = next(
        (p for s, p in faits.rattachements.get(poste.pk, ()) if s == convention.structure_id and ajout.debut in p), None
    )
    if rattachement is None:
        raise ValidationError(
            {"ajouts": f"Le poste {poste.reference} n'est pas à la structure le {ajout.debut:%d/%m/%Y}."}
        )
    if convention.postes.filter(poste=poste).exists():
        raise ValidationError({"ajouts": f"Le poste {poste.reference} a déjà été dans cette convention."})
    fin = min(periode.upper, rattachement.upper) if rattachement.upper else periode.upper
    nouveau = PosteConventionne(
        convention=convention,
        poste=poste,
        type=poste.type,
        zone_prioritaire=ajout.zone_prioritaire,
        periode=DateRange(ajout.debut, fin),
    )
    _exiger_libre(nouveau, faits, "ajouts")
    with refus("ajouts"):
        rules.montant_de(regle, calcul.poste_de_regle(convention, nouveau.type))
    enregistrer(nouveau)
    return nouveau


def prevoir(
    convention: Convention, postes: Sequence[PosteConventionne], precedent: Acte, suites: calcul.Hypotheses
) -> list[calcul.PrevisionDePoste]:
    """Les montants sur les faits du jour : un jour passé sans contrat n'est jamais supposé occupé.

    Raises:
        ValidationError: la règle refuse la convention ainsi changée.
    """
    contrats = calcul.contrats_des_postes(p.poste_id for p in postes)
    suivies = {**calcul.hypotheses_de(precedent), **suites}
    aujourdhui = timezone.localdate()
    hypotheses = {
        p.poste_id: hypothese_du_jour(
            suivies.get(p.poste_id, Hypothese()),
            contrats.get(p.poste_id, ()),
            max(convention.financement_debut, p.periode.lower),
            aujourdhui,
        )
        for p in postes
    }
    with refus("fin"):
        return calcul.prevoir(convention, postes, calcul.regle_de(precedent), hypotheses=hypotheses, contrats=contrats)


@contextmanager
def refus(champ: str) -> Iterator[None]:
    """Une phrase de la règle devient l'erreur d'un champ."""
    try:
        yield
    except (rules.RegleInconnue, rules.ConventionInvalide) as erreur:
        raise ValidationError({champ: str(erreur)}) from erreur


def dire_dates(avant: DateRange, apres: DateRange) -> str:
    """« Convention du … au … », vide si les dates ne changent pas."""
    if avant == apres:
        return ""
    return (
        f"La convention finit le {apres.upper - UN_JOUR:%d/%m/%Y}, au lieu du {avant.upper - UN_JOUR:%d/%m/%Y} : "
        f"{dire_periode((apres.lower, apres.upper))}."
    )
