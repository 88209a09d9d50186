"""Dire en français comment un montant se calcule : la règle, sa source, les jours, la part, le résultat."""

from datetime import date, timedelta
from decimal import Decimal

from conum.conventions.rules.calcul import Ligne, Subvention, Tranche
from conum.conventions.rules.modele import Nature
from conum.conventions.rules.simulation import Hypotheses, Mois, Simulation
from conum.socle.donnees_figees import citer
from conum.socle.texte import euros

NATURES = {Nature.BASE: "Aide", Nature.BONIFICATION: "Bonification QPV ou ZRR"}


def jour(d: date) -> str:
    return f"{d:%d/%m/%Y}"


def en_jours(nombre: int, suite: str = "") -> str:
    pluriel = "s" if nombre > 1 else ""
    return f"{nombre} jour{pluriel}{f' {suite}{pluriel}' if suite else ''}"


def dire_tranche(tranche: Tranche) -> str:
    """« du 15/01/2027 au 14/01/2029, 731 jours »."""
    return f"du {jour(tranche.debut)} au {jour(tranche.fin - timedelta(days=1))}, {en_jours(tranche.jours)}"


def dire_ligne(x: Ligne) -> str:
    """La multiplication d'une ligne, avec ses termes."""
    return (
        f"{NATURES[x.tranche.nature]} : {euros(x.tranche.montant)} × {en_jours(x.jours, 'financé')}"
        f" ÷ {x.tranche.jours} (tranche {dire_tranche(x.tranche)}) = {euros(x.montant)}."
    )


def dire_aide(simulation: Simulation, mois: Mois) -> list[str]:
    if lignes := [dire_ligne(x) for x in mois.lignes]:
        return lignes
    dernier = jour(simulation.fin_du_financement - timedelta(days=1))
    return [f"Aucune aide : la règle finance jusqu’au {dernier}."]


def dire_mensuel(hypotheses: Hypotheses) -> str:
    """« 1 867,02 € brut × 1,42 »."""
    facteur = f"{1 + hypotheses.taux / 100:f}"
    facteur = facteur.rstrip("0").rstrip(".") if "." in facteur else facteur
    return f"{euros(hypotheses.salaire)} brut × {facteur.replace('.', ',')}"


def dire_cout(hypotheses: Hypotheses, mois: Mois) -> str:
    if not mois.jours:
        return "Aucun coût : le contrat est terminé."
    prorata = "" if mois.jours == mois.jours_du_mois else f" × {en_jours(mois.jours)} ÷ {mois.jours_du_mois}"
    return f"{dire_mensuel(hypotheses)}{prorata} = {euros(mois.cout)}."


def dire_reste(cout: Decimal, aide: Decimal) -> str:
    suite = " L’aide dépasse le coût : ce qui n’aura pas servi à la rémunération sera rendu." if aide > cout else ""
    return f"{euros(cout)} de coût − {euros(aide)} d’aide = {euros(cout - aide)}.{suite}"


def dire_subvention(subvention: Subvention) -> list[str]:
    """Chaque tranche de la règle, ses jours financés, ce qu'elle donne."""
    totaux = subvention.totaux(lambda x: x.tranche)
    finances: dict[Tranche, int] = {}
    for x in subvention.lignes:
        finances[x.tranche] = finances.get(x.tranche, 0) + x.jours
    return [
        f"{NATURES[t.nature]}{f', année {t.numero}' if len(subvention.ligne_de_regle.annuites) > 1 else ''} : "
        f"{euros(t.montant)} ({dire_tranche(t)}) × {en_jours(finances[t], 'financé')} ÷ {t.jours}"
        f" = {euros(totaux[t])} (source : {citer(t.sources)})."
        for t in subvention.tranches
    ]
