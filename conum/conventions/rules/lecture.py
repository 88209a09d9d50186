"""Lire et vérifier les fichiers de règles : un fichier TOML par version, figé dès qu'il est publié.

Une convention signée doit pouvoir être recalculée à l'identique.
"""

import tomllib
from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import product
from pathlib import Path

from conum.conventions.rules.modele import (
    TERRITOIRES,
    ZONES,
    Bonification,
    CoutEtat,
    Montant,
    Note,
    Phase,
    Regle,
    RegleInvalide,
    Remuneration,
    Reserve,
    Versements,
)
from conum.socle import donnees_figees
from conum.socle.donnees_figees import (
    Brut,
    Source,
    Sources,
    contenus_figes,
    empreinte_de,
    sources_citees,
)
from conum.structures.rules import Statut

DONNEES = Path(__file__).parent.parent / "donnees"
VERSIONS = "versions"
ANNEE = 12
CENTIME = Decimal("0.01")


def lire_manifeste(dossier: Path = DONNEES) -> dict[str, str]:
    """Chemin relatif → empreinte."""
    return donnees_figees.lire_manifeste(dossier)


def verifier_manifeste(dossier: Path = DONNEES) -> dict[str, bytes]:
    """Le contenu de chaque version inscrite.

    Raises:
        RegleInvalide: une version a changé, manque, ou n'est pas inscrite.
    """
    return contenus_figes(dossier, f"{VERSIONS}/*.toml", RegleInvalide)


def lire_sources(texte: str) -> dict[str, Source]:
    return donnees_figees.lire_sources(texte, RegleInvalide)


def _exiger(condition: bool, ou: str, phrase: str) -> None:
    if not condition:
        raise RegleInvalide(f"{ou} : {phrase}")


def _sources(brut: Brut, sources: Sources, ou: str) -> tuple[Source, ...]:
    return sources_citees(brut, sources, ou, RegleInvalide)


def _annuites(brut: Brut, ou: str) -> tuple[Decimal, ...]:
    lues = [Decimal(a) for a in brut["annuites"]]
    annuites = tuple(a.quantize(CENTIME) for a in lues)
    _exiger(bool(annuites) and min(annuites) >= 0 and max(annuites) > 0, ou, "annuités absentes ou négatives.")
    _exiger(list(annuites) == lues, ou, "une annuité a plus de deux décimales.")
    duree = brut["duree_mois"]
    _exiger(len(annuites) == 1 or duree == ANNEE * len(annuites), ou, "plusieurs annuités sont d'un an chacune.")
    return annuites


def _montant(brut: Brut, sources: Sources, duree_max: int, ou: str) -> Montant:
    statut, territoires = Statut(brut["statut"]), tuple(brut["territoires"])
    lues = _sources(brut, sources, ou)
    if inconnu := brut.get("inconnu", ""):
        return Montant(statut, territoires, 0, (), 0, lues, inconnu)
    duree = brut["duree_mois"]
    etalement = brut.get("etalement_max_mois", duree)
    _exiger(0 < duree <= etalement <= duree_max, ou, "la durée financée dépasse celle de la convention.")
    _exiger(etalement == duree or len(brut["annuites"]) == 1, ou, "seul un montant unique s'étale.")
    return Montant(statut, territoires, duree, _annuites(brut, ou), etalement, lues)


def _montants(brut: Brut, sources: Sources, duree_max: int, ou: str) -> tuple[Montant, ...]:
    """Chaque statut et chaque territoire est dit une fois et une seule, fût-ce « inconnu »."""
    montants = tuple(_montant(b, sources, duree_max, ou) for b in brut["montants"])
    dits = Counter((m.statut, t) for m in montants for t in m.territoires)
    attendus = Counter(product(Statut, TERRITOIRES))
    _exiger(dits == attendus, ou, f"cas manquants ou en double : {sorted((dits - attendus) + (attendus - dits))}.")
    return montants


def _bonifications(brut: Brut, sources: Sources, montants: Sequence[Montant], ou: str) -> tuple[Bonification, ...]:
    lues = []
    for b in brut.get("bonifications", []):
        annuites = _annuites(b, ou)
        statut = Statut(b["statut"])
        _exiger(set(b["zones"]) <= set(ZONES), ou, "zone de bonification inconnue.")
        bases = [m for m in montants if m.statut == statut and not m.inconnu]
        memes = all((m.duree_mois, len(m.annuites)) == (b["duree_mois"], len(annuites)) for m in bases)
        _exiger(memes, ou, "une bonification suit les annuités de la base.")
        lues.append(Bonification(statut, tuple(b["zones"]), b["duree_mois"], annuites, _sources(b, sources, ou)))
    return tuple(lues)


def _remuneration(brut: Brut, sources: Sources, ou: str) -> Remuneration:
    return Remuneration(
        salaire_minimum=brut["salaire_minimum"],
        temps_plein=brut["temps_plein"],
        emploi=brut["emploi"],
        complement=brut["complement"],
        contrats_exclus=tuple(brut["contrats_exclus"]),
        sources=_sources(brut, sources, ou),
    )


def _versements(brut: Brut, sources: Sources, montants: Sequence[Montant], ou: str) -> Versements:
    nombre, inconnu = brut.get("nombre", 0), brut.get("inconnu", "")
    _exiger(bool(nombre) != bool(inconnu), ou, "un échéancier est connu ou inconnu, pas les deux.")
    if nombre:
        _exiger(brut["rythme"] == "annuite", ou, "rythme de versement inconnu.")
        _exiger(
            all(len(m.annuites) == nombre for m in montants if not m.inconnu), ou, "un versement par annuité attendu."
        )
    return Versements(nombre, inconnu, brut.get("note", ""), _sources(brut, sources, ou))


def _reserve(brut: Brut, sources: Sources, ou: str) -> Reserve:
    return Reserve(
        texte=brut["texte"],
        sources=_sources(brut, sources, ou),
        statut=Statut(brut["statut"]) if "statut" in brut else None,
        territoires=tuple(brut.get("territoires", ())),
        contrat=brut.get("contrat", ""),
        zone=brut.get("zone"),
        depuis=brut.get("depuis"),
    )


def lire_version(contenu: bytes, sources: Sources) -> Regle:
    """Lit et vérifie une version.

    Raises:
        RegleInvalide: un cas manque ou se répète, une ligne n'a pas de source, une durée ou un montant est impossible.
    """
    brut = tomllib.loads(contenu.decode(), parse_float=Decimal)
    ou = brut["code"]
    debut: date | None = brut.get("debut")
    fin: date | None = brut.get("fin")
    defaut = brut.get("defaut", False)
    _exiger(defaut == (debut is None), ou, "une version datée a un début ; la version par défaut n'en a pas.")
    _exiger(fin is None or (debut is not None and debut < fin), ou, "la fin précède le début.")
    _exiger(brut["prorata"]["methode"] == "jours", ou, "méthode de prorata inconnue.")
    duree_max = brut["convention"]["duree_max_mois"]
    montants = _montants(brut, sources, duree_max, ou)
    return Regle(
        code=ou,
        titre=brut["titre"],
        phase=Phase(brut["phase"]),
        defaut=defaut,
        debut=debut,
        fin=fin,
        date_note=brut["date_note"],
        empreinte=empreinte_de(contenu),
        sources=_sources(brut, sources, ou),
        financeurs=tuple(brut["financeurs"]),
        duree_max_mois=duree_max,
        sources_duree=_sources(brut["convention"], sources, ou),
        remuneration=_remuneration(brut["remuneration"], sources, ou),
        montants=montants,
        bonifications=_bonifications(brut, sources, montants, ou),
        postes_inconnus=tuple((p["type"], p["inconnu"]) for p in brut["postes"] if _sources(p, sources, ou)),
        versements=_versements(brut["versements"], sources, montants, ou),
        prorata=Note(brut["prorata"]["note"], _sources(brut["prorata"], sources, ou)),
        reserves=tuple(_reserve(r, sources, ou) for r in brut.get("reserves", [])),
        couts_etat=tuple(
            CoutEtat(c["libelle"], Decimal(c["montant"]), _sources(c, sources, ou)) for c in brut.get("couts_etat", [])
        ),
        observations=tuple(Note(o["texte"], _sources(o, sources, ou)) for o in brut.get("observations", [])),
    )
