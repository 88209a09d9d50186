"""La page d'une convention : où elle en est, qui doit agir, ce qu'elle finance et pourquoi, ce qui a été signé."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.conventions import access
from conum.conventions.access import LECTEURS, get_convention_ou_404
from conum.conventions.actions.calcul import regle_de
from conum.conventions.actions.proposition import pieces_a_valider
from conum.conventions.models import Acte, Convention, Etape
from conum.conventions.rules import Nature
from conum.conventions.rules.prevision import Suite
from conum.conventions.states import A_SIGNER, EN_PREPARATION, Etat
from conum.conventions.views import commun
from conum.conventions.views.avenants import contexte as contexte_avenants
from conum.conventions.views.pieces import contexte_pieces
from conum.conventions.views.renouvellement import contexte as contexte_renouvellement
from conum.conventions.views.signature import contexte_signatures
from conum.socle.http import lecture, role_requis

Complement = Callable[[Role, Convention], dict[str, Any]]
COMPLEMENTS: tuple[Complement, ...] = (
    contexte_pieces,
    contexte_signatures,
    contexte_avenants,
    contexte_renouvellement,
)
"""Ce que les autres modules de l'app ajoutent au contexte de la page, pour leur gabarit inclus."""


@dataclass
class LigneDePoste:
    """Un poste du tableau : une somme par année, son total, et la phrase de chaque calcul."""

    reference: str
    poste: int
    total: Decimal = Decimal(0)
    jours: int = 0
    vacants: int = 0
    par_annee: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    annees: list[Decimal] = field(default_factory=list)
    explication: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Tableau:
    """Les montants d'un acte, par poste et par année civile ; tout se somme des mêmes lignes."""

    annees: list[int]
    lignes: list[LigneDePoste]
    totaux: list[Decimal]
    total: Decimal


SUITES = {
    Suite.POURVU: "Après ses contrats connus, le poste est supposé pourvu jusqu’à la fin.",
    Suite.NON_POURVU: "Après ses contrats connus, le poste n’est plus pourvu.",
}


def tableau(acte: Acte) -> Tableau:
    """Les lignes écrites de l'acte, rangées ; une question."""
    par_poste: dict[int, LigneDePoste] = {}
    for x in acte.lignes.select_related("poste__poste").order_by("poste__poste__numero", "annee", "nature", "tranche"):
        poste = x.poste.poste
        ligne = par_poste.setdefault(poste.pk, LigneDePoste(poste.reference, poste.pk))
        ligne.par_annee[x.annee] += x.montant
        ligne.total += x.montant
        if x.nature == Nature.BASE:
            ligne.jours += x.jours
            ligne.vacants += x.jours_vacants
    lignes = list(par_poste.values())
    annees = sorted({a for ligne in lignes for a in ligne.par_annee})
    explications = {e["poste"]: e for e in acte.donnees.get("calcul", [])}
    for ligne in lignes:
        ligne.annees = [ligne.par_annee.get(a, Decimal(0)) for a in annees]
        ligne.explication = _explication(explications.get(ligne.poste, {}))
    totaux = [sum((ligne.annees[i] for ligne in lignes), Decimal(0)) for i in range(len(annees))]
    return Tableau(annees, lignes, totaux, sum(totaux, Decimal(0)))


def _explication(lue: dict[str, Any]) -> dict[str, Any]:
    return {
        "suite": SUITES[Suite(lue["suite"])] if lue else "",
        "trace": lue.get("trace", []),
        "reserves": lue.get("reserves", []),
    }


def suite(convention: Convention, manquantes: list[str]) -> str:
    """Ce qui est attendu, et de qui."""
    match convention.etat:
        case Etat.BROUILLON if manquantes:
            return (
                "La structure dépose les pièces demandées et l’ANCT les valide. Le document s’envoie ensuite à signer."
            )
        case Etat.BROUILLON:
            return "Le dossier est complet : l’ANCT envoie le document à la signature."
        case Etat.A_SIGNER_STRUCTURE:
            return "La structure lit le document et le signe."
        case Etat.A_SIGNER_ETAT:
            return "La structure a signé : l’ANCT signe pour l’État."
        case Etat.ACTIVE:
            return f"Rien : la convention court jusqu’au {convention.fin:%d/%m/%Y}."
        case Etat.AVENANT_EN_COURS:
            return "Un avenant est en préparation ou à la signature. La convention continue de s’appliquer."
        case Etat.RESILIEE:
            return f"Rien à signer : la convention est résiliée, dernier jour le {convention.dernier_jour:%d/%m/%Y}."
        case Etat.TERMINEE:
            return "Rien à signer : la convention est terminée."
        case _:
            return "Rien : cette convention a été annulée avant signature."


def _gestes(role: Role, convention: Convention, manquantes: list[str]) -> list[dict[str, str]]:
    """Les actes de préparation ouverts à ce rôle ; signatures, pièces et avenants ont leur partie de la page."""
    if not access.peut_preparer(role, convention):
        return []
    gestes: list[tuple[str, str]] = []
    if convention.etat == Etat.BROUILLON:
        # Tant qu'une pièce manque, l'envoi serait refusé : on ne le propose pas.
        gestes += [] if manquantes else [("Envoyer à la signature", "proposer")]
        gestes += [("Corriger", "corriger"), ("Lire le projet (PDF)", "projet")]
    if convention.etat in A_SIGNER:
        gestes.append(("Retirer le document", "retirer"))
    if convention.etat in EN_PREPARATION:
        gestes.append(("Annuler la convention", "annuler"))
    return [
        {
            "titre": titre,
            "lien": reverse(f"conventions:{nom}", args=[role.pk, convention.pk]),
            # Ce qu'on attend de l'agent se voit d'abord ; reprendre ou annuler reste en retrait.
            "classe": "" if nom == "proposer" else "fr-btn--secondary",
        }
        for titre, nom in gestes
    ]


def _actes(role: Role, convention: Convention) -> list[dict[str, Any]]:
    """Tous les documents envoyés un jour à la signature, du plus récent au plus ancien ; et l'acte en préparation."""
    actes = convention.actes.prefetch_related("signatures").order_by("-numero", "-pk")
    return [
        {
            "acte": acte,
            "niveau": commun.niveau_acte(acte),
            "document": reverse("conventions:document", args=[role.pk, convention.pk, acte.numero])
            if acte.sha256 and acte.etape != Etape.RETIRE
            else "",
            "signatures": sorted(acte.signatures.all(), key=lambda s: s.signee_le),
        }
        for acte in actes
    ]


@role_requis(*LECTEURS)
@lecture
def convention(request: HttpRequest, convention_id: int) -> HttpResponseBase:
    role = role_de(request)
    lue = get_convention_ou_404(role, convention_id)
    actes = _actes(role, lue)
    courant = next((a["acte"] for a in actes if a["acte"].etape != Etape.RETIRE), None)
    en_vigueur = next((a["acte"] for a in actes if a["acte"].etape == Etape.SIGNE), None)
    # Un avenant qui n'est pas signé n'a encore rien changé : sa différence se lit dans sa partie de la page.
    montre = en_vigueur or courant or actes[0]["acte"]
    manquantes = pieces_a_valider(lue) if lue.etat == Etat.BROUILLON else []
    contexte: dict[str, Any] = {
        "convention": lue,
        "niveau": commun.niveau(lue),
        "suite": suite(lue, manquantes),
        "manquantes": manquantes,
        "gestes": _gestes(role, lue, manquantes),
        "acte": montre,
        "acte_en_vigueur": en_vigueur,
        "regle": regle_de(montre),
        "tableau": tableau(montre),
        "actes": actes,
        "journal": commun.journal(lue),
        "de_la_structure": role.type == TypeRole.STRUCTURE,
        "suivante": getattr(lue, "suivante", None),
    }
    for complement in COMPLEMENTS:
        contexte |= complement(role, lue)
    return render(request, "conventions/convention/page.html", contexte)
