"""De la convention aux termes : années financées, ce que l'acte leur accorde, argent passé. Rien ne s'écrit ici."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from conum.comptes.rules import ajouter_mois
from conum.conventions import rules
from conum.conventions.actions import calcul
from conum.conventions.models import Acte, Convention, LigneActe, PosteConventionne
from conum.conventions.rules.arrondi import en_centimes, en_euros, repartir
from conum.journal.workflow import TransitionImpossible
from conum.postes.models.poste import UN_JOUR
from conum.socle.texte import euros
from conum.versements.models import Echeance, Justificatif, Nature
from conum.versements.rules import justificatifs as regles
from conum.versements.rules import solde
from conum.versements.states import Etat


def _financement(convention: Convention, acte: Acte, poste: PosteConventionne) -> tuple[date, int, int]:
    """Le premier jour financé du poste, la durée de l'aide et celle d'une tranche, en mois.

    Raises:
        TransitionImpossible: la règle de l'acte ne se lit plus, ou ne connaît pas ce poste.
    """
    try:
        regle = calcul.regle_de(acte)
        de_la_regle = calcul.poste_de_regle(convention, poste.type, zone_prioritaire=poste.zone_prioritaire)
        montant = rules.montant_de(regle, de_la_regle)
    except (rules.RegleInconnue, rules.RegleInvalide) as erreur:
        raise TransitionImpossible(str(erreur)) from erreur
    duree = convention.etalement_mois or montant.duree_mois
    return max(convention.financement_debut, poste.periode.lower), duree, duree // len(montant.annuites)


def termes_de(convention: Convention, acte: Acte, postes: Sequence[PosteConventionne]) -> list[regles.Terme]:
    """Les termes de la convention, jusqu'à la fin de l'aide, de la convention ou à sa résiliation.

    `postes` : ceux de l'acte.
    """
    fins = []
    for poste in postes:
        debut, duree, _ = _financement(convention, acte, poste)
        fins.append(ajouter_mois(debut, duree))
    fin = min(max(fins, default=convention.financement_debut), convention.dernier_jour + UN_JOUR)
    return regles.termes(convention.financement_debut, fin)


def postes_de(acte: Acte) -> list[PosteConventionne]:
    siens = PosteConventionne.objects.filter(lignes__acte=acte, retenu=True).distinct()
    return list(siens.order_by("pk"))


def accordes(convention: Convention, acte: Acte, termes_: Sequence[regles.Terme]) -> list[Decimal]:
    """Ce que l'acte accorde à chaque terme : une tranche à cheval se partage au jour, sans perdre un centime."""
    postes = {p.pk: p for p in postes_de(acte)}
    tranches: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for poste, tranche, montant in LigneActe.objects.filter(acte=acte).values_list("poste_id", "tranche", "montant"):
        tranches[poste, tranche] += montant
    centimes = [0] * len(termes_)
    for (pk, numero), montant in sorted(tranches.items()):
        if pk not in postes or not montant or not termes_:
            continue
        debut, _, pas = _financement(convention, acte, postes[pk])
        bornes = ajouter_mois(debut, (numero - 1) * pas), ajouter_mois(debut, numero * pas)
        jours = regles.jours_par_terme(*bornes, termes_)
        total = en_centimes(montant)
        parts = repartir([Fraction(total * j, sum(jours)) for j in jours], total)
        centimes = [a + b for a, b in zip(centimes, parts, strict=True)]
    return [en_euros(c) for c in centimes]


def termes_comptes(convention: Convention, acte: Acte) -> list[solde.Terme]:
    """Chaque terme, ce qui lui est accordé et ce qui en est prouvé."""
    trouves = termes_de(convention, acte, postes_de(acte))
    prouves = dict(convention.justificatifs.values_list("numero", "montant_justifie"))
    return [
        solde.Terme(
            t.numero,
            f"du {t.debut:%d/%m/%Y} au {t.fin - UN_JOUR:%d/%m/%Y}",
            accorde,
            prouves.get(t.numero) or solde.ZERO,
        )
        for t, accorde in zip(trouves, accordes(convention, acte, trouves), strict=True)
    ]


def compte_de(convention: Convention, *, sauf: Echeance | None = None) -> solde.Compte:
    """L'argent passé. `sauf` : un reversement qu'on va remplacer, et qui ne compte donc plus."""
    versees, demandes_poste, demandes, remis = solde.ZERO, solde.ZERO, solde.ZERO, solde.ZERO
    phrases = []
    for e in Echeance.objects.filter(convention=convention).order_by("realisee_le", "pk"):
        if sauf is not None and e.pk == sauf.pk:
            continue
        if e.nature == Nature.VERSEMENT and e.etat == Etat.VERSE:
            versees += e.montant
            phrases.append(f"Versé le {e.realisee_le:%d/%m/%Y} : {euros(e.montant)} ({e.reference}).")
        elif e.nature == Nature.REVERSEMENT and e.etat != Etat.ANNULE:
            demandes += e.montant
            demandes_poste += e.montant if e.poste_id else solde.ZERO
        elif e.nature == Nature.REVERSEMENT and e.remplacee_par_id is None:
            remis += e.montant
    return solde.Compte(versees, demandes_poste, demandes, remis, tuple(phrases))


def a_rendre_pour(justificatif: Justificatif, acte: Acte, *, si_prouve: Decimal | None = None) -> solde.ARendre:
    """Ce que la preuve retenue laisse à rendre pour ce terme ; `si_prouve` : si l'on en retenait une autre."""
    comptes = termes_comptes(justificatif.convention, acte)
    if si_prouve is not None:
        comptes = [replace(t, prouve=si_prouve) if t.numero == justificatif.numero else t for t in comptes]
    if all(t.numero != justificatif.numero for t in comptes):
        # La convention s'est arrêtée avant ce terme : son solde compte pour tous.
        return solde.ARendre(solde.ZERO, solde.ZERO, ())
    compte = compte_de(justificatif.convention, sauf=justificatif.reversement)
    return solde.a_rendre_du_terme(compte, comptes, justificatif.numero)
