"""Le PDF d'une simulation : les hypothèses, la règle et ses sources, le tableau, les réserves."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils.formats import date_format

from conum.conventions.forms.simulateur import PHASES, STATUTS
from conum.conventions.rules import trace
from conum.conventions.rules.simulation import HORIZONS, Mois, Simulation, Total
from conum.postes.models import TypePoste
from conum.postes.rules.contrat import TYPES
from conum.socle import pdf
from conum.socle.texte import euros

GABARIT = Path(__file__).resolve().parent.parent / "documents" / "simulation.typ"


def _date(jour: date) -> str:
    return date_format(jour, "j F Y")


def _hypotheses(simulation: Simulation, lieu: str) -> list[tuple[str, str]]:
    h = simulation.hypotheses
    fin = h.contrat.fin
    return [
        ("Structure", STATUTS[h.poste.statut]),
        ("Commune du poste", lieu),
        ("Poste", TypePoste(h.poste.type).label),
        ("Convention", PHASES[h.phase]),
        ("En QPV ou en ZRR", "Oui" if h.poste.zone_prioritaire else "Non"),
        ("Contrat", TYPES[h.contrat.type]),
        ("Du", _date(h.debut)),
        ("Au", _date(fin - timedelta(days=1)) if fin else "sans fin"),
        ("Salaire mensuel brut", euros(h.salaire)),
        ("Cotisations patronales (hypothèse)", f"{h.taux.normalize():f} %".replace(".", ",")),
    ]


def _ligne(mois: Mois) -> dict[str, Any]:
    nom = date_format(mois.debut, "F Y")
    dernier = mois.fin - timedelta(days=1)
    return {
        "nom": nom if mois.entier else f"{nom} ({mois.debut.day} au {dernier.day})",
        "jours": max((x.jours for x in mois.lignes), default=0),
        **_sommes(mois.cout, mois.aide, mois.reste),
    }


def _sommes(cout: Decimal, aide: Decimal, reste: Decimal) -> dict[str, str]:
    return {"cout": euros(cout), "aide": euros(aide), "reste": euros(reste)}


def _total(nom: str, total: Total) -> dict[str, str]:
    return {"nom": nom, **_sommes(total.cout, total.aide, total.reste)}


def donnees(simulation: Simulation, *, lieu: str, jour: date, adresse: str) -> dict[str, Any]:
    """Ce que lit `documents/simulation.typ`."""
    subvention, regle = simulation.subvention, simulation.subvention.regle
    return {
        "jour": _date(jour),
        "adresse": adresse,
        "hypotheses": _hypotheses(simulation, lieu),
        "totaux": [_total(f"Sur {n} mois", simulation.sur(n)) for n in HORIZONS],
        "annees": [
            {"numero": n, "lignes": [_ligne(m) for m in t.mois], "total": _total(f"Année {n}", t)}
            for n, t in simulation.annees.items()
        ],
        "regle": regle.titre,
        "tranches": trace.dire_subvention(subvention),
        "mensuel": trace.dire_mensuel(simulation.hypotheses),
        "notes": [regle.prorata.texte, regle.remuneration.emploi, regle.remuneration.complement],
        "reserves": [r.texte for r in subvention.reserves],
        "echeances": [
            {"date": _date(e.date) if e.date else "Date inconnue", "montant": euros(e.montant)}
            for e in subvention.echeances
        ],
        "note_echeances": subvention.echeances[0].note,
        "sources": [f"{s.cle} : {s.titre}" for s in subvention.sources],
    }


def en_pdf(simulation: Simulation, *, lieu: str, jour: date, adresse: str) -> bytes:
    return pdf.produire(GABARIT, donnees(simulation, lieu=lieu, jour=jour, adresse=adresse))
