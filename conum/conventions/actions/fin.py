"""Arrêter une convention : ce qui est vraiment dû à une date, la résiliation, le terme (states.py).

Ce qui est accordé se lit des lignes de l'acte en vigueur, qui supposent des jours à venir. Ce qui est dû ne suppose
rien : seuls comptent les jours de contrat vécus. C'est le solde d'une convention terminée ou résiliée, et le plancher
de toute demande de reversement (facts-and-asks § 1.7, article 8 de la convention).
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange

from conum.conventions import access, rules
from conum.conventions.actions import calcul
from conum.conventions.actions.changement import acte_en_vigueur
from conum.conventions.actions.messages import prevenir_structure
from conum.conventions.emails import fin as emails
from conum.conventions.models import Acte, Convention, MotifResiliation, PosteConventionne
from conum.conventions.rules import trace
from conum.conventions.rules.prevision import Hypothese, Suite
from conum.conventions.states import TRANSITIONS, Etat
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.actions.gardes import exiger_texte
from conum.postes.models import Contrat
from conum.postes.models.poste import UN_JOUR
from conum.postes.states import CONFIRMES
from conum.socle.enregistrement import enregistrer
from conum.socle.texte import euros

NON_POURVU = Hypothese(Suite.NON_POURVU)


@dataclass(frozen=True)
class PosteArrete:
    """Ce qui est dû pour un poste, et la phrase de chaque tranche."""

    poste: PosteConventionne
    total: Decimal
    jours: int
    jours_vacants: int
    trace: tuple[str, ...]


@dataclass(frozen=True)
class Arrete:
    """Ce qui est dû au soir du `le` ; le total est la somme des postes."""

    convention: Convention
    acte: Acte
    le: date
    postes: tuple[PosteArrete, ...]

    @property
    def total(self) -> Decimal:
        return sum((p.total for p in self.postes), Decimal(0))

    def donnees(self) -> dict[str, Any]:
        """Pour le journal : un montant par poste."""
        return {
            "le": self.le.isoformat(),
            "acte": self.acte.reference,
            "total": str(self.total),
            "postes": {p.poste.poste.reference: str(p.total) for p in self.postes},
        }


def arreter(convention: Convention, le: date) -> Arrete:
    """Ce qui est dû au soir du `le` (ou de la fin de la convention), sur les seuls contrats validés et vécus.

    Ne dépend que des faits et de la règle de l'acte en vigueur : deux appels à la même date rendent le même montant, et
    un jour vacant n'est jamais dû. Un poste entré par un avenant qui n'est pas signé ne compte pas.

    Raises:
        TransitionImpossible: la convention n'a pas été signée des deux parties.
    """
    acte = acte_en_vigueur(convention)
    le = min(le, convention.dernier_jour)
    signes = convention.postes.filter(pk__in=acte.lignes.values("poste"), retenu=True)
    postes = [p for p in signes.select_related("poste").order_by("poste_id") if p.periode.lower <= le]
    for p in postes:
        # En mémoire seulement : le calcul s'arrête au soir dit.
        p.periode = DateRange(p.periode.lower, min(p.periode.upper, le + UN_JOUR))
    previsions = calcul.prevoir(
        convention,
        postes,
        calcul.regle_de(acte),
        hypotheses=dict.fromkeys((p.poste_id for p in postes), NON_POURVU),
        contrats=_vecus(postes),
    )
    return Arrete(convention, acte, le, tuple(_poste_arrete(p) for p in previsions))


def _poste_arrete(p: calcul.PrevisionDePoste) -> PosteArrete:
    base = [x for x in p.prevision.lignes if x.nature == rules.Nature.BASE]
    return PosteArrete(
        p.poste,
        p.prevision.total,
        sum(x.jours for x in base),
        sum(x.jours_vacants for x in base),
        tuple(trace.dire_subvention(p.prevision.subvention)),
    )


def _vecus(postes: list[PosteConventionne]) -> dict[int, list[rules.Contrat]]:
    """Les contrats validés de ces postes : un contrat qui attend sa validation ne fait rien devoir."""
    par_poste: dict[int, list[rules.Contrat]] = defaultdict(list)
    valides = Contrat.objects.filter(poste__in=[p.poste_id for p in postes], etat__in=sorted(CONFIRMES))
    for poste, occupation, type_ in valides.order_by("poste_id", "occupation").values_list(
        "poste_id", "occupation", "type"
    ):
        par_poste[poste].append(rules.Contrat(occupation.lower, occupation.upper, type_))
    return dict(par_poste)


def resilier_convention(
    convention: Convention, *, le: date, motif: str, precision: str = "", par: Acteur
) -> Convention:
    """Arrête la convention au soir du `le` : tous ses postes s'arrêtent là, les montants dus sont écrits au journal.

    Acte unilatéral : rien ne se signe. `arreter(convention, le)` redonne ces montants à tout moment.

    Raises:
        TransitionImpossible: la convention n'est pas active (un avenant ouvert s'abandonne d'abord).
        ValidationError: motif hors de la liste, manquement sans précision, ou date hors de la convention.
    """
    if motif not in MotifResiliation.values:
        raise ValidationError({"motif": "Choisissez un motif de la liste."})
    if motif == MotifResiliation.MANQUEMENT:
        precision = exiger_texte("precision", precision)
    donnees: dict[str, Any] = {}
    with transition(
        convention, "resilier_convention", table=TRANSITIONS, par=par, peut=access.peut_preparer,
        motif=precision or str(MotifResiliation(motif).label), donnees=donnees,
    ) as courante:  # fmt: skip
        if not courante.debut <= le < courante.fin:
            veille = courante.fin - UN_JOUR
            raise ValidationError({"le": f"Choisissez un jour du {courante.debut:%d/%m/%Y} au {veille:%d/%m/%Y}."})
        arrete = arreter(courante, le)
        donnees |= {"motif": motif, "arrete": arrete.donnees()}
        courante.resiliee_le, courante.resiliation_motif, courante.motif = le, motif, precision.strip()
        for poste in courante.postes.order_by("pk").select_for_update(of=("self",), no_key=True):
            _arreter_le_poste(poste, le)
        prevenir_structure(
            courante,
            emails.ConventionResiliee,
            le=f"{le:%d/%m/%Y}",
            motif=str(MotifResiliation(motif).label),
            precision=precision.strip(),
            montant=euros(arrete.total),
        )
    return courante


def _arreter_le_poste(poste: PosteConventionne, le: date) -> None:
    if poste.periode.lower > le:
        # Il n'avait pas commencé : la période ne peut pas être vide, le poste n'est plus retenu.
        poste.retenu = False
    elif poste.periode.upper > le + UN_JOUR:
        poste.periode = DateRange(poste.periode.lower, le + UN_JOUR)
    else:
        return
    enregistrer(poste)


def terminer_convention(convention: Convention, *, jour: date, par: Acteur) -> Convention:
    """Constate qu'une convention est allée à son terme ; le montant dû est écrit au journal.

    Raises:
        TransitionImpossible: le terme n'est pas passé, ou la convention n'est plus active.
    """
    donnees: dict[str, Any] = {}
    with transition(
        convention, "terminer_convention", table=TRANSITIONS, par=par, peut=access.peut_terminer, donnees=donnees
    ) as courante:
        if courante.fin >= jour:
            raise TransitionImpossible(f"La convention court jusqu'au {courante.fin:%d/%m/%Y} inclus.")
        arrete = arreter(courante, courante.fin)
        donnees["arrete"] = arrete.donnees()
        prevenir_structure(
            courante,
            emails.ConventionTerminee,
            montant=euros(arrete.total),
            # La reconduction se demande jusqu'au bout ; on ne relance pas qui a déjà répondu.
            a_renouveler=not courante.non_renouvellement_le and not hasattr(courante, "suivante"),
        )
    return courante


def terminer_conventions_echues(jour: date) -> int:
    """Chaque nuit : les conventions actives dont le terme est passé. Un avenant en cours retient la sienne (alarme)."""
    echues = Convention.objects.filter(etat=Etat.ACTIVE, periode__endswith__lte=jour).order_by("pk")
    nombre = 0
    for convention in echues.select_related("structure"):
        try:
            terminer_convention(convention, jour=jour, par=SYSTEME)
        except TransitionImpossible:
            continue  # un agent l'a changée entre-temps
        nombre += 1
    return nombre
