"""La différence d'un avenant avec l'acte qu'il remplace : ligne à ligne, avec les faits qui l'expliquent.

Calculée quand l'avenant s'ouvre ou se corrige, gardée dans `Acte.donnees["difference"]` : ce qui s'affiche avant de
signer, ce qui s'imprime et ce qui se relit dix ans après sont les mêmes phrases.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from conum.conventions.actions import calcul
from conum.conventions.models import Acte
from conum.conventions.rules import ecarts
from conum.conventions.rules.ecarts import RIEN, LigneComptee, PosteCompte
from conum.conventions.rules.prevision import CleDeLigne, difference

Lignes = Mapping[CleDeLigne, LigneComptee]


@dataclass(frozen=True)
class LigneDeDifference:
    titre: str
    annee: int
    nature: str
    tranche: int
    avant: Decimal
    apres: Decimal
    pourquoi: str

    @property
    def ecart(self) -> Decimal:
        return self.apres - self.avant


@dataclass(frozen=True)
class PosteDeDifference:
    """Un poste : les faits qui changent, puis chaque ligne. Ses montants sont la somme de ses lignes."""

    reference: str
    faits: tuple[str, ...]
    lignes: tuple[LigneDeDifference, ...]

    @property
    def avant(self) -> Decimal:
        return sum((x.avant for x in self.lignes), Decimal(0))

    @property
    def apres(self) -> Decimal:
        return sum((x.apres for x in self.lignes), Decimal(0))

    @property
    def ecart(self) -> Decimal:
        return self.apres - self.avant

    @property
    def change(self) -> bool:
        return bool(self.faits) or any(x.ecart for x in self.lignes)


@dataclass(frozen=True)
class Difference:
    """Ce que change un avenant ; les totaux sont la somme des postes."""

    postes: tuple[PosteDeDifference, ...]
    dates: str = ""

    @property
    def avant(self) -> Decimal:
        return sum((p.avant for p in self.postes), Decimal(0))

    @property
    def apres(self) -> Decimal:
        return sum((p.apres for p in self.postes), Decimal(0))

    @property
    def ecart(self) -> Decimal:
        return self.apres - self.avant

    @property
    def changes(self) -> tuple[PosteDeDifference, ...]:
        return tuple(p for p in self.postes if p.change)

    @property
    def inchanges(self) -> tuple[PosteDeDifference, ...]:
        return tuple(p for p in self.postes if not p.change)

    def donnees(self) -> dict[str, Any]:
        """En JSON, pour `Acte.donnees` et pour le document."""
        return {
            "dates": self.dates,
            "postes": [
                {
                    "reference": p.reference,
                    "faits": list(p.faits),
                    "lignes": [
                        {
                            "titre": x.titre, "annee": x.annee, "nature": x.nature, "tranche": x.tranche,
                            "avant": str(x.avant), "apres": str(x.apres), "pourquoi": x.pourquoi,
                        }
                        for x in p.lignes
                    ],
                }
                for p in self.postes
            ],
        }  # fmt: skip


def lire(acte: Acte) -> Difference | None:
    """La différence gardée par un avenant ; None pour une convention initiale."""
    gardee = acte.donnees.get("difference")
    if gardee is None:
        return None
    return Difference(
        tuple(
            PosteDeDifference(
                p["reference"],
                tuple(p["faits"]),
                tuple(
                    LigneDeDifference(**{**x, "avant": Decimal(x["avant"]), "apres": Decimal(x["apres"])})
                    for x in p["lignes"]
                ),
            )
            for p in gardee["postes"]
        ),
        gardee["dates"],
    )


def decrire(avant: Acte, previsions: Sequence[calcul.PrevisionDePoste], *, dates: str = "") -> Difference:
    """La différence entre un acte écrit et les montants qui vont le remplacer."""
    lignes_avant = _lignes_ecrites(avant)
    lignes_apres = {
        CleDeLigne(p.poste.pk, x.annee, x.nature.value, x.tranche): LigneComptee(x.jours, x.jours_vacants, x.montant)
        for p in previsions
        for x in p.prevision.lignes
    }
    comparees = difference(_montants(lignes_avant), _montants(lignes_apres)).lignes
    noms = dict(avant.convention.postes.values_list("pk", "poste_id"))
    references = dict(avant.convention.postes.values_list("pk", "poste__numero"))
    comptes_avant = comptes_de(avant.donnees.get("calcul", []))
    comptes_apres = {p.poste.poste_id: _compte(p) for p in previsions}
    finances = {p.poste.poste_id: max(t.fin for t in p.prevision.subvention.tranches) for p in previsions}
    postes = []
    for pk in sorted({x.cle.poste for x in comparees} | {p.poste.pk for p in previsions}):
        poste = noms[pk]
        postes.append(
            PosteDeDifference(
                f"P-{references[pk]:05d}",
                tuple(ecarts.dire_poste(comptes_avant.get(poste), comptes_apres.get(poste), finances.get(poste))),
                tuple(
                    _ligne(x.cle, lignes_avant.get(x.cle, RIEN), lignes_apres.get(x.cle, RIEN))
                    for x in comparees
                    if x.cle.poste == pk
                ),
            )
        )
    return Difference(tuple(postes), dates)


def _ligne(cle: CleDeLigne, avant: LigneComptee, apres: LigneComptee) -> LigneDeDifference:
    return LigneDeDifference(
        ecarts.titre_de_ligne(cle.nature, cle.annee, cle.tranche),
        cle.annee,
        cle.nature,
        cle.tranche,
        avant.montant,
        apres.montant,
        ecarts.dire_ligne(avant, apres),
    )


def _montants(lignes: Lignes) -> list[tuple[CleDeLigne, Decimal]]:
    return [(cle, x.montant) for cle, x in lignes.items()]


def _lignes_ecrites(acte: Acte) -> dict[CleDeLigne, LigneComptee]:
    champs = ("poste_id", "annee", "nature", "tranche", "jours", "jours_vacants", "montant")
    return {
        CleDeLigne(poste, annee, nature, tranche): LigneComptee(jours, vacants, montant)
        for poste, annee, nature, tranche, jours, vacants, montant in acte.lignes.values_list(*champs)
    }


def comptes_de(explications: Iterable[Mapping[str, Any]]) -> dict[int, PosteCompte]:
    """Ce qu'un acte a compté de chaque poste (`Poste.pk`), relu de `Acte.donnees["calcul"]`."""
    comptes = {}
    for e in explications:
        debut, fin = date.fromisoformat(e["debut"]), date.fromisoformat(e["fin"])
        periodes = ((date.fromisoformat(d), date.fromisoformat(f) if f else fin) for d, f in e["contrats"])
        comptes[e["poste"]] = PosteCompte(debut, fin, tuple(ecarts.reunir(periodes)))
    return comptes


def _compte(p: calcul.PrevisionDePoste) -> PosteCompte:
    debut, fin = p.poste.periode.lower, p.poste.periode.upper
    return PosteCompte(debut, fin, tuple(ecarts.periodes_de(p.prevision.contrats, debut, fin)))
