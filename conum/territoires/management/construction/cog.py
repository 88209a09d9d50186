"""Lecture du paquet npm @etalab/decoupage-administratif : COG, EPCI, populations, codes postaux."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from conum.territoires.fichier import LigneAncienne
from conum.territoires.rules import SANS_HABITANTS

Enregistrement = dict[str, Any]
_NATURES = {
    "commune-deleguee": "deleguee",
    "commune-associee": "associee",
    "arrondissement-municipal": "arrondissement",
}


class Cog:
    """Le contenu du paquet, filtré et indexé."""

    def __init__(self, dossier: Path) -> None:
        def charger(nom: str) -> list[Enregistrement]:
            lus = json.loads((dossier / f"{nom}.json").read_text(encoding="utf-8"))
            return [r for r in lus if r.get("departement", r["code"]) not in SANS_HABITANTS]

        self.regions = charger("regions")
        self.departements = charger("departements")
        tout = charger("communes")
        self.communes = {c["code"]: c for c in tout if c["type"] == "commune-actuelle"}
        self.parties = [c for c in tout if c["type"] in _NATURES]
        self.epci = charger("epci")
        self.epci_de = {membre["code"]: e["code"] for e in self.epci for membre in e["membres"]}
        self.parties_de: dict[str, list[Enregistrement]] = defaultdict(list)
        for partie in self.parties:
            self.parties_de[_commune_de(partie)].append(partie)

    def anciennes(self) -> list[LigneAncienne]:
        """Parties de communes et codes disparus, chacun avec sa commune d'aujourd'hui."""
        lignes = {}
        for partie in self.parties:
            actuelle = self.communes[_commune_de(partie)]
            if partie["code"] == actuelle["code"] and partie["nom"] == actuelle["nom"]:
                continue
            ligne = LigneAncienne(
                partie["code"],
                partie["nom"],
                _NATURES[partie["type"]],
                actuelle["code"],
                sorted(partie.get("codesPostaux", ())),
            )
            lignes[ligne.code, ligne.nom] = ligne
        connus = {code for code, _ in lignes}
        fusionnees: dict[str, str] = {}
        # Un code partagé entre deux communes (défusion) mène à la plus peuplée.
        for commune in sorted(self.communes.values(), key=lambda c: (c.get("population") or 0, c["code"])):
            fusionnees |= dict.fromkeys(commune.get("anciensCodes", ()), commune["code"])
        for code, code_actuel in fusionnees.items():
            if code not in connus and code not in self.communes:
                lignes[code, ""] = LigneAncienne(code, "", "fusionnee", code_actuel, [])
        return sorted(lignes.values())


def _commune_de(partie: Enregistrement) -> str:
    return str(partie.get("commune") or partie["chefLieu"])
