"""Procès-verbal d'une session : ses données, figées à la clôture, et les documents qui en sortent."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from conum.demandes.models import Decision, Demande, SensDecision, SessionComite, Soldes
from conum.demandes.rules import Solde
from conum.demandes.states import EtatSession
from conum.socle import pdf
from conum.socle.sql import SansAccent

GABARIT = Path(__file__).resolve().parent.parent / "documents" / "proces_verbal.typ"
ENTETES = (
    "Région", "Département", "Référence", "SIRET ou RIDET", "Structure", "Commune", "Nature", "Type de poste",
    "Postes demandés", "Avis de la préfecture", "Décision", "Postes accordés", "Prioritaire", "Motifs", "Précisions",
    "Observations",
)  # fmt: skip


def _solde(solde: Solde) -> dict[str, int | None]:
    return {"postes": solde.postes, "attribues": solde.attribues, "reste": solde.reste}


def _ligne(demande: Demande) -> dict[str, Any]:
    assert demande.structure is not None
    decision: Decision | None = getattr(demande, "decision", None)
    avis = demande.avis_en_vigueur
    return {
        "reference": demande.reference,
        "structure": demande.structure.nom,
        "numero": demande.structure.identifiant,
        "commune": demande.commune.nom if demande.commune else "",
        "nature": demande.get_nature_display(),
        "type": demande.get_type_poste_display(),
        "demandes": demande.postes_demandes,
        "avis": avis.get_sens_display() if avis else "Sans objet",
        "transfert_de": avis.transfert_de.nom if avis and avis.transfert_de else "",
        "decision": decision.get_sens_display() if decision else "À décider",
        "rendu": demande.nature == "rendu",
        "accordes": decision.postes_accordes if decision else 0,
        "prioritaire": bool(decision and decision.prioritaire),
        "motifs": decision.libelles_motifs if decision else [],
        "precisions": decision.motif_libre if decision else "",
        "observations": decision.observations if decision else "",
    }


def _totaux(demandes: list[Demande]) -> dict[str, int]:
    """Les rendus sont comptés à part : ils n'attribuent rien."""
    decisions = [d.decision for d in demandes if hasattr(d, "decision")]
    attribuees = [d for d in decisions if d.sens == SensDecision.ATTRIBUEE]
    rendus = {d.pk for d in demandes if d.nature == "rendu"}
    return {
        "demandes": len(demandes),
        "postes_demandes": sum(d.postes_demandes or 0 for d in demandes if d.pk not in rendus),
        "attribuees": sum(1 for d in attribuees if d.demande_id not in rendus),
        "refusees": len(decisions) - len(attribuees),
        "postes_accordes": sum(d.postes_accordes for d in attribuees if d.demande_id not in rendus),
        "postes_rendus": sum(d.postes_accordes for d in attribuees if d.demande_id in rendus),
        "a_decider": len(demandes) - len(decisions),
    }


def etablir(session: SessionComite) -> dict[str, Any]:
    """Le procès-verbal tel qu'il est maintenant : par région puis département, décisions, totaux, enveloppes."""
    demandes = list(
        Demande.objects.filter(session=session)
        .select_related("structure", "commune", "departement__region", "decision")
        .prefetch_related("avis__transfert_de")
        .order_by(SansAccent("departement__region__nom"), "departement_id", SansAccent("structure__denomination"), "pk")
    )
    soldes, regions = Soldes.de(session.date.year), []
    for region, de_la_region in groupby(demandes, key=lambda d: d.departement.region):  # type: ignore[union-attr]
        departements = []
        for departement, groupe in groupby(de_la_region, key=lambda d: d.departement):
            lignes = list(groupe)
            departements.append(
                {
                    "nom": str(departement),
                    "lignes": [_ligne(d) for d in lignes],
                    "totaux": _totaux(lignes),
                    "enveloppe": _solde(soldes.du_departement(departement.pk)),  # type: ignore[union-attr]
                }
            )
        regions.append({"nom": region.nom, "departements": departements})
    return {
        "numero": session.numero,
        "date": session.date.isoformat(),
        "annee": session.date.year,
        "regions": regions,
        "totaux": _totaux(demandes),
        "enveloppe": _solde(soldes.national),
    }


def donnees(session: SessionComite) -> dict[str, Any]:
    """Celles de la clôture si la session est tenue, sinon l'état du moment, marqué « projet »."""
    if session.etat == EtatSession.TENUE and session.proces_verbal is not None:
        return {**session.proces_verbal, "projet": False}
    return {**etablir(session), "projet": True}


def en_pdf(session: SessionComite) -> bytes:
    return pdf.produire(GABARIT, donnees(session))


def en_lignes(session: SessionComite) -> Iterator[list[Any]]:
    """Les lignes du tableau, dans l'ordre d'`ENTETES`."""
    for region in donnees(session)["regions"]:
        for departement in region["departements"]:
            for x in departement["lignes"]:
                yield [
                    region["nom"], departement["nom"], x["reference"], x["numero"], x["structure"], x["commune"],
                    x["nature"], x["type"], x["demandes"], x["avis"], x["decision"], x["accordes"], x["prioritaire"],
                    " ; ".join(x["motifs"]), x["precisions"], x["observations"],
                ]  # fmt: skip
