"""L'appariement national : des besoins et des candidats entrent, des propositions sortent. Calcul pur, sans base.

Dans cet ordre : le plus de postes ayant au moins une proposition, le plus de candidats en ayant une, le plus de
propositions sous les plafonds, le moindre coût publié. L'optimum est prouvé sur toutes les paires faisables, qu'on
n'écrit jamais toutes :

- `marche` : les entrées, vérifiées ; `paires` : distance, faisabilité, coût ; `ordre` : le rangement dans l'espace ;
- `dates`, `voisinage` : compter et parcourir les paires faisables par arbres k-d ;
- `niveaux` : les trois maxima, par flots maximaux et coupes ;
- `flot` : le flot de coût minimal qui les atteint, et ses prix ; `reparation` : y faire entrer quelques paires ;
- `tarification`, `resolution` : chercher dans toutes les paires celles qui améliorent, jusqu'à ce qu'il n'y en ait
  plus.

Mêmes entrées, mêmes bibliothèques : mêmes propositions, quel que soit le nombre de fils. L'ordre des lignes ne change
ni les quatre valeurs optimales ni, à des jumeaux près (toutes les données égales), le choix parmi des appariements
aussi bons.
"""

import time
from collections.abc import Callable
from typing import Any

from conum.recrutement.rules.appariement.criteres import Composante, Critere, Paire, composantes, criteres
from conum.recrutement.rules.appariement.marche import (
    FRANCE_ENTIERE_KM,
    TERRITOIRES,
    Besoins,
    Candidats,
    lire_exclues,
    masque_de,
    territoire_de,
)
from conum.recrutement.rules.appariement.paires import Marche
from conum.recrutement.rules.appariement.resolution import resoudre
from conum.recrutement.rules.appariement.resultat import Bilan, Resultat, assembler
from conum.recrutement.rules.cout import Ponderation

__all__ = [
    "FRANCE_ENTIERE_KM",
    "TERRITOIRES",
    "Besoins",
    "Bilan",
    "Candidats",
    "Composante",
    "Critere",
    "Paire",
    "Resultat",
    "apparier",
    "composantes",
    "criteres",
    "masque_de",
    "territoire_de",
]


def _taire(_etape: str) -> None:
    pass


def apparier(
    besoins: Besoins,
    candidats: Candidats,
    *,
    ponderation: Ponderation,
    exclues: tuple[Any, Any] | None = None,
    dire: Callable[[str], None] = _taire,
) -> Resultat:
    """Les meilleures propositions de ce marché, avec la preuve.

    `exclues` : deux tableaux de rangs (besoin, candidat), les paires à ne jamais proposer (déjà en relation,
    déclinées). `dire` reçoit une phrase par étape. Erreur : `ValueError` si les entrées ne tiennent pas ensemble, ou si
    le marché est trop grand pour 64 bits.
    """
    depart = time.perf_counter()
    marche = Marche(besoins, candidats, ponderation, lire_exclues(exclues, len(besoins), len(candidats)))
    return assembler(marche, resoudre(marche, dire), depart)
