"""D'où vient chaque montant d'une convention : ses mouvements, un par un, avec la phrase du calcul."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from conum.conventions.models import Acte, Convention
from conum.versements.models import Echeance, Mouvement, Solde

# Dans l'ordre où l'argent avance.
COLONNES = ("accorde", "engage", "prevu", "ordonnance", "verse", "a_rendre")
TOUTE = "Toute la convention"


@dataclass(frozen=True)
class LigneDeTrace:
    annee: int | None
    quoi: str
    valeurs: list[Decimal | None]
    phrases: list[str]


@dataclass
class PosteTrace:
    """Un poste, ses mouvements, et le calcul de l'acte qui l'a chiffré."""

    nom: str
    lignes: list[LigneDeTrace] = field(default_factory=list)
    calcul: list[str] = field(default_factory=list)

    @property
    def totaux(self) -> list[Decimal]:
        return [sum((x.valeurs[i] or Decimal(0) for x in self.lignes), Decimal(0)) for i in range(len(COLONNES))]


def _dire_echeance(echeance: Echeance, realisee: bool) -> str:
    sens = "reversement" if echeance.signe < 0 else "versement"
    if realisee:
        recu = "reçu" if echeance.signe < 0 else "fait"
        return f"{echeance.reference} : {sens} {recu} le {echeance.realisee_le:%d/%m/%Y}"
    quand = f"prévu le {echeance.prevue_le:%d/%m/%Y}" if echeance.prevue_le else "sans date"
    return f"{echeance.reference} : {sens} {quand} ({echeance.get_etat_display().lower()})"


def _dire(m: Mouvement) -> tuple[str, list[str]]:
    if m.ligne is not None:
        ligne = m.ligne
        vacants = f", {ligne.jours_vacants} vacants" if ligne.jours_vacants else ""
        quoi = f"{ligne.acte.titre}, {ligne.get_nature_display().lower()}, tranche {ligne.tranche}"
        return quoi, [f"{ligne.jours} jours financés{vacants}."]
    if m.engage is not None:
        solde = Solde.objects.get(convention=m.convention_id)
        return f"Solde arrêté au {solde.le:%d/%m/%Y}, moins l'acte signé", [str(p) for p in solde.trace]
    assert m.echeance is not None
    realisee = m.verse is not None
    return _dire_echeance(m.echeance, realisee), [] if realisee else [str(p) for p in m.echeance.trace]


def _calculs(convention: Convention) -> dict[int, list[str]]:
    """Par poste (`Poste.pk`), ce que le dernier acte non retiré a compté."""
    acte = Acte.objects.courants().filter(convention=convention).first()
    explications: list[dict[str, Any]] = acte.donnees.get("calcul", []) if acte else []
    return {e["poste"]: list(e.get("trace", ())) for e in explications}


def trace_de(convention: Convention) -> list[PosteTrace]:
    """Un tableau par poste, puis ce qui porte sur toute la convention ; deux requêtes quel que soit le nombre."""
    calculs = _calculs(convention)
    postes: dict[int, PosteTrace] = defaultdict(lambda: PosteTrace(TOUTE))
    mouvements = Mouvement.objects.filter(convention=convention).select_related(
        "poste__poste", "ligne__acte", "echeance"
    )
    for m in sorted(mouvements, key=_ordre):
        cle = m.poste_id or 0
        if m.poste is not None and cle not in postes:
            postes[cle] = PosteTrace(m.poste.poste.reference, calcul=calculs.get(m.poste.poste_id, []))
        quoi, phrases = _dire(m)
        postes[cle].lignes.append(LigneDeTrace(m.annee, quoi, [getattr(m, nom) for nom in COLONNES], phrases))
    return [postes[cle] for cle in sorted(postes, key=lambda cle: (cle == 0, postes[cle].nom))]


def _ordre(m: Mouvement) -> tuple[Any, ...]:
    """Les lignes de l'acte, puis les échéances, chacune par année, sans date à la fin."""
    return (
        m.poste_id or 0,
        m.ligne_id is None,
        m.annee is None,
        m.annee or 0,
        m.ligne_id or 0,
        m.echeance_id or 0,
        m.cle,
    )
