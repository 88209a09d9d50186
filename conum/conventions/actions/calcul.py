"""Des lignes de base aux lignes d'un acte : ce que la règle compte, et ce que l'acte en garde.

Rien ici ne pose de question par poste : les contrats se chargent d'un coup (`contrats_des_postes`), pour une convention
comme pour tout le pays.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from conum.conventions import rules
from conum.conventions.models import Acte, Convention, LigneActe, PosteConventionne
from conum.conventions.rules import trace
from conum.conventions.rules.prevision import (
    CleDeLigne,
    Comparaison,
    Hypothese,
    PosteAFinancer,
    Prevision,
    Suite,
    difference,
    prevoir_poste,
)
from conum.postes.models import Contrat
from conum.socle.enregistrement import enregistrer

Contrats = Mapping[int, Sequence[rules.Contrat]]
Hypotheses = Mapping[int, Hypothese]
"""Par poste (`Poste.pk`) : ce que l'on suppose après ses contrats ; absent, le poste est supposé pourvu."""
POURVU = Hypothese()


@dataclass(frozen=True)
class PrevisionDePoste:
    """Un poste de la convention, l'hypothèse retenue et ce qu'elle donne."""

    poste: PosteConventionne
    hypothese: Hypothese
    prevision: Prevision


def contrats_des_postes(postes: Iterable[int]) -> dict[int, list[rules.Contrat]]:
    """Les contrats retenus de ces postes (`Poste.pk`), tels que vécus : une rupture les arrête."""
    par_poste: dict[int, list[rules.Contrat]] = defaultdict(list)
    lignes = Contrat.objects.retenus().filter(poste__in=list(postes)).order_by("poste_id", "occupation")
    for poste, occupation, type_ in lignes.values_list("poste_id", "occupation", "type"):
        if not occupation.isempty:
            par_poste[poste].append(rules.Contrat(occupation.lower, occupation.upper, type_))
    return dict(par_poste)


def convention_de_regle(convention: Convention) -> rules.Convention:
    """La convention, comme la règle la regarde."""
    return rules.Convention(
        convention.periode.lower, convention.periode.upper, convention.financement_debut, convention.etalement_mois
    )


def poste_de_regle(convention: Convention, type_: str, *, zone_prioritaire: bool = False) -> rules.Poste:
    """Un poste de cette convention, comme la règle le regarde : statut et département figés à la préparation."""
    return rules.Poste(rules.Statut(convention.statut), convention.departement_id, type_, zone_prioritaire)


def regle_de(acte: Acte) -> rules.Regle:
    """La règle de l'acte, dont l'empreinte est vérifiée."""
    return rules.regle(acte.regle_code, acte.regle_empreinte)


def prevoir(
    convention: Convention,
    postes: Iterable[PosteConventionne],
    regle: rules.Regle,
    *,
    hypotheses: Hypotheses | None = None,
    contrats: Contrats | None = None,
) -> list[PrevisionDePoste]:
    """Le montant de chaque poste ; `contrats` à donner quand ils sont déjà chargés.

    Raises:
        RegleInconnue: aucune source ne donne ce montant ; la phrase se montre telle quelle.
        ConventionInvalide: la convention sort de la règle ; la phrase se montre telle quelle.
    """
    postes, hypotheses = list(postes), hypotheses or {}
    if contrats is None:
        contrats = contrats_des_postes(p.poste_id for p in postes)
    periode = convention_de_regle(convention)
    previsions = []
    for p in postes:
        hypothese = hypotheses.get(p.poste_id, POURVU)
        a_financer = PosteAFinancer(
            poste_de_regle(convention, p.type, zone_prioritaire=p.zone_prioritaire),
            p.periode.lower,
            p.periode.upper,
            tuple(contrats.get(p.poste_id, ())),
            hypothese,
        )
        previsions.append(PrevisionDePoste(p, hypothese, prevoir_poste(a_financer, periode, regle)))
    return previsions


def ecrire_lignes(acte: Acte, previsions: Sequence[PrevisionDePoste]) -> None:
    """Écrit (ou réécrit) l'acte, ses lignes et ses totaux. Un acte proposé à la signature ne se réécrit pas.

    `acte.donnees["calcul"]` garde, poste par poste, ce qui a été compté et la phrase de chaque montant : l'explication
    d'un acte signé ne change pas quand un contrat change.
    """
    assert acte.propose_le is None, "Un acte proposé à la signature ne change plus."
    existe = acte.pk is not None
    remplir(acte, previsions)
    enregistrer(acte)
    if existe:
        acte.lignes.all().delete()
    LigneActe.objects.bulk_create(lignes_a_ecrire(acte, previsions))


def remplir(acte: Acte, previsions: Sequence[PrevisionDePoste]) -> None:
    """Les totaux et l'explication de l'acte, sans rien écrire."""
    acte.total = sum((p.prevision.total for p in previsions), start=type(acte.total)(0))
    acte.plafond = sum((p.prevision.plafond for p in previsions), start=type(acte.total)(0))
    acte.donnees = {**acte.donnees, "calcul": [_explication(p) for p in previsions]}


def lignes_a_ecrire(acte: Acte, previsions: Iterable[PrevisionDePoste]) -> list[LigneActe]:
    return [
        LigneActe(acte=acte, poste=p.poste, **{**x._asdict(), "nature": x.nature.value})
        for p in previsions
        for x in p.prevision.lignes
    ]


def _explication(p: PrevisionDePoste) -> dict[str, Any]:
    subvention = p.prevision.subvention
    return {
        "poste": p.poste.poste_id,
        "reference": p.poste.poste.reference,
        "debut": p.poste.periode.lower.isoformat(),
        "fin": p.poste.periode.upper.isoformat(),
        "suite": p.hypothese.suite.value,
        "reprise_le": p.hypothese.reprise_le.isoformat() if p.hypothese.reprise_le else None,
        "contrats": [[c.debut.isoformat(), c.fin.isoformat() if c.fin else None] for c in p.prevision.contrats],
        "trace": trace.dire_subvention(subvention),
        "reserves": [r.texte for r in subvention.reserves],
        "echeances": [[e.date.isoformat() if e.date else None, str(e.montant)] for e in subvention.echeances],
        "total": str(p.prevision.total),
        "plafond": str(p.prevision.plafond),
    }


def hypotheses_de(acte: Acte) -> dict[int, Hypothese]:
    """Ce que l'acte supposait de chaque poste (`Poste.pk`)."""
    return {
        e["poste"]: Hypothese(Suite(e["suite"]), date.fromisoformat(e["reprise_le"]) if e["reprise_le"] else None)
        for e in acte.donnees.get("calcul", [])
    }


def lignes_de(acte: Acte) -> list[tuple[CleDeLigne, Any]]:
    """Les lignes écrites d'un acte, prêtes à comparer ; le poste est un `PosteConventionne.pk`."""
    champs = ("poste_id", "annee", "nature", "tranche", "montant")
    lues = acte.lignes.order_by("poste_id", "annee", "nature", "tranche").values_list(*champs)
    return [(CleDeLigne(*cle), montant) for *cle, montant in lues]


def lignes_prevues(previsions: Iterable[PrevisionDePoste]) -> list[tuple[CleDeLigne, Any]]:
    """Les mêmes, pour un calcul qui n'est pas encore écrit (aperçu avant d'enregistrer)."""
    return [
        (CleDeLigne(p.poste.pk or 0, x.annee, x.nature.value, x.tranche), x.montant)
        for p in previsions
        for x in p.prevision.lignes
    ]


def comparer(avant: Acte, apres: Acte) -> Comparaison:
    """La différence de deux actes écrits, ligne à ligne (architecture : ce qui se signe se comprend avant)."""
    return difference(lignes_de(avant), lignes_de(apres))
