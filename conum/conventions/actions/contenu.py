"""Ce qu'un document imprime, tiré de l'acte et figé avec lui : aucun nom de personne n'y entre."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format

from conum.conventions import rules
from conum.conventions.actions import calcul, differences
from conum.conventions.models import Acte, Convention, LigneActe
from conum.conventions.models.convention import Phase
from conum.conventions.rules.prevision import Suite
from conum.socle import pdf
from conum.socle.texte import euros

SUITES = {
    Suite.POURVU: "supposé pourvu jusqu’à la fin de sa période",
    Suite.NON_POURVU: "non pourvu après le dernier contrat connu",
}


def adresse_de_verification(acte: Acte) -> str:
    """L'adresse publique imprimée sur le document."""
    return settings.SITE_URL + reverse("conventions:verifier_acte", args=[acte.code])


def _jour(d: date) -> str:
    """« 1er janvier 2027 », « 2 janvier 2027 »."""
    return date_format(d, "1\\e\\r F Y" if d.day == 1 else "j F Y")


def _veille(iso: str) -> str:
    return _jour(date.fromisoformat(iso) - timedelta(days=1))


def contenu_de(acte: Acte, jour: date) -> dict[str, Any]:
    """Ce que lisent `convention.typ` et `avenant.typ`."""
    convention = acte.convention
    regle = calcul.regle_de(acte)
    lignes = list(acte.lignes.select_related("poste__poste").order_by("poste_id", "annee", "nature", "tranche"))
    adresse = adresse_de_verification(acte)
    return {
        "reference": acte.reference,
        "convention": convention.reference,
        "jour": _jour(jour),
        "code": acte.code_lisible,
        "adresse": adresse,
        "qr": pdf.modules_qr(adresse),
        "structure": _structure(convention),
        "debut": _jour(convention.debut),
        "fin": _jour(convention.fin),
        "financement": _jour(convention.financement_debut),
        "phase": Phase(convention.phase).label.lower(),
        "financeur": convention.financeur,
        "total": euros(acte.total),
        "plafond": euros(acte.plafond),
        "postes": [_poste(e, lignes) for e in acte.donnees["calcul"]],
        "annees": _par_annee(lignes),
        "regle": _regle(regle),
        "versements": _versements(acte, regle),
        **(_avenant(acte) if acte.numero else {}),
    }


def _structure(convention: Convention) -> dict[str, str]:
    s = convention.structure
    return {
        "nom": s.denomination,
        "identifiant": f"{'RIDET' if s.ridet else 'SIRET'} {s.identifiant}" if s.numero else "sans numéro SIRET",
        "adresse": s.adresse_complete,
        "statut": "structure publique" if convention.statut == rules.Statut.PUBLIC else "structure privée",
        "departement": convention.departement.nom,
    }


def _poste(explication: dict[str, Any], lignes: Iterable[LigneActe]) -> dict[str, Any]:
    siennes = [x for x in lignes if x.poste.poste_id == explication["poste"]]
    par_annee: dict[int, list[LigneActe]] = defaultdict(list)
    for x in siennes:
        par_annee[x.annee].append(x)
    return {
        "reference": explication["reference"],
        "type": siennes[0].poste.get_type_display() if siennes else "",
        "zone": bool(siennes and siennes[0].poste.zone_prioritaire),
        "debut": _jour(date.fromisoformat(explication["debut"])),
        "fin": _veille(explication["fin"]),
        "suite": SUITES[Suite(explication["suite"])],
        "total": euros(Decimal(explication["total"])),
        "annees": [
            {
                "annee": str(annee),
                "jours": sum(x.jours for x in groupe if x.nature == rules.Nature.BASE),
                "vacants": sum(x.jours_vacants for x in groupe if x.nature == rules.Nature.BASE),
                "montant": euros(sum((x.montant for x in groupe), Decimal(0))),
            }
            for annee, groupe in sorted(par_annee.items())
        ],
        "contrats": [
            f"du {_jour(date.fromisoformat(debut))} au {_veille(fin)}" for debut, fin in explication["contrats"] if fin
        ],
        "trace": explication["trace"],
        "reserves": explication["reserves"],
    }


def _par_annee(lignes: Iterable[LigneActe]) -> list[dict[str, str]]:
    sommes: dict[int, Decimal] = defaultdict(Decimal)
    for x in lignes:
        sommes[x.annee] += x.montant
    return [{"annee": str(annee), "montant": euros(montant)} for annee, montant in sorted(sommes.items())]


def _regle(regle: rules.Regle) -> dict[str, Any]:
    return {
        "titre": regle.titre,
        "code": regle.code,
        "empreinte": regle.empreinte,
        "emploi": regle.remuneration.emploi,
        "prorata": regle.prorata.texte,
        "duree_max": regle.duree_max_mois,
        "sources": [f"{s.cle} : {s.titre}" for s in regle.sources],
    }


def _versements(acte: Acte, regle: rules.Regle) -> dict[str, Any]:
    """Les versements datés par la règle, tous postes ensemble ; vide quand elle ne les date pas."""
    sommes: dict[str, Decimal] = defaultdict(Decimal)
    if regle.versements.nombre:
        for explication in acte.donnees["calcul"]:
            for iso, montant in explication["echeances"]:
                sommes[iso] += Decimal(montant)
    return {
        "lignes": [
            {"date": _jour(date.fromisoformat(iso)), "montant": euros(montant)}
            for iso, montant in sorted(sommes.items())
        ],
        "nombre": regle.versements.nombre,
        "note": regle.versements.note,
    }


def _avenant(acte: Acte) -> dict[str, Any]:
    """Ce qui change par rapport au dernier acte signé : la différence gardée à l'ouverture, en lignes et en mots."""
    signes = Acte.objects.signes().filter(convention=acte.convention, numero__lt=acte.numero)
    ancien = signes.order_by("-numero").first()
    lue = differences.lire(acte)
    assert lue is not None, "Un avenant garde sa différence."
    return {
        "numero": acte.numero,
        "objet": acte.get_objet_display(),
        "expose": acte.expose,
        "effet": _jour(acte.effet_le),
        "remplace": ancien.reference if ancien else "",
        "dates": lue.dates,
        "differences": [
            {
                "poste": p.reference,
                "faits": list(p.faits),
                "lignes": [
                    {
                        "titre": x.titre,
                        "avant": euros(x.avant),
                        "apres": euros(x.apres),
                        "ecart": _signe(x.ecart),
                        "pourquoi": x.pourquoi,
                    }
                    for x in p.lignes
                ],
                "avant": euros(p.avant),
                "apres": euros(p.apres),
                "ecart": _signe(p.ecart),
            }
            for p in lue.changes
        ],
        "inchanges": [f"{p.reference} ({euros(p.apres)})" for p in lue.inchanges],
        "avant": euros(lue.avant),
        "apres": euros(lue.apres),
        "ecart": _signe(lue.ecart),
        "baisse": lue.ecart < 0,
    }


def _signe(montant: Decimal) -> str:
    return f"+{euros(montant)}" if montant > 0 else euros(montant)
