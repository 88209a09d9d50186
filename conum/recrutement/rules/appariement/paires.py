"""Ce qui fait une paire : distance, faisabilité, coût. Une paire se code `i * m + j` dans un entier de 64 bits."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from conum.recrutement.rules.appariement.marche import Besoins, Booleens, Candidats, Entiers, Reels
from conum.recrutement.rules.cout import Couts, Ponderation, couts, couts_acquis
from conum.socle.geometrie import TOLERANCE_KM, haversine, sphere


@dataclass(frozen=True)
class Marche:
    """Les deux côtés, la pondération et les paires exclues (codes triés)."""

    besoins: Besoins
    candidats: Candidats
    ponderation: Ponderation
    exclues: Entiers

    @property
    def n(self) -> int:
        return len(self.besoins)

    @property
    def m(self) -> int:
        return len(self.candidats)

    @cached_property
    def xyz_besoins(self) -> Reels:
        return sphere(self.besoins.latitude, self.besoins.longitude)

    @cached_property
    def xyz_candidats(self) -> Reels:
        return sphere(self.candidats.latitude, self.candidats.longitude)

    @cached_property
    def acquis(self) -> Booleens:
        return self.candidats.experience | self.candidats.diplome

    @cached_property
    def cout_acquis(self) -> Entiers:
        """Part du coût propre à chaque candidat, en millipoints."""
        return couts_acquis(self.ponderation, self.acquis)

    def distance_km(self, i: Entiers, j: Entiers) -> Reels:
        b, c = self.besoins, self.candidats
        return haversine(b.latitude[i], b.longitude[i], c.latitude[j], c.longitude[j])

    def composantes(self, i: Entiers, j: Entiers, distance_km: Reels | None = None) -> Couts:
        b, c = self.besoins, self.candidats
        return couts(
            self.ponderation,
            distance_km=self.distance_km(i, j) if distance_km is None else distance_km,
            territoire_choisi=b.territoire[i] != c.territoire[j],
            acquis=self.acquis[j],
            niveau=b.niveau[i],
            palier=c.palier[j],
            attente_jours=b.debut[i] - c.disponible[j],
        )

    def cout(self, i: Entiers, j: Entiers, distance_km: Reels | None = None) -> Entiers:
        """Coût de paires faisables, en millipoints."""
        return self.composantes(i, j, distance_km).total()

    def faisable(self, i: Entiers, j: Entiers) -> Booleens:
        """Chaque paire respecte-t-elle territoire, mobilité, disponibilité et exclusions ? (capacités à part)."""
        b, c = self.besoins, self.candidats
        chez_soi = b.territoire[i] == c.territoire[j]
        choisi = (c.territoires_choisis[j] >> b.territoire[i]) & 1 == 1
        proche = self.distance_km(i, j) <= c.mobilite_km[j] + TOLERANCE_KM
        return (c.disponible[j] <= b.debut[i]) & np.where(chez_soi, proche, choisi) & ~self.est_exclue(i, j)

    def est_exclue(self, i: Entiers, j: Entiers) -> Booleens:
        return contient(self.exclues, i * self.m + j)


def contient(tries: Entiers, codes: Entiers) -> Booleens:
    """Appartenance de chaque code à un tableau trié."""
    if not len(tries):
        return np.zeros(len(codes), dtype=np.bool_)
    rang = np.minimum(np.searchsorted(tries, codes), len(tries) - 1)
    return tries[rang] == codes


def uniques(valeurs: Entiers) -> Entiers:
    """Valeurs distinctes, triées. Le hachage de `numpy.unique` est dix fois plus lent sur des millions d'entiers."""
    triees = np.sort(valeurs)
    return triees[np.concatenate((np.ones(min(len(triees), 1), dtype=np.bool_), triees[1:] != triees[:-1]))]


def unir(a: Entiers, b: Entiers) -> Entiers:
    """Union triée."""
    return uniques(np.concatenate((a, b)))


def rang_dans_groupe(groupe: Entiers) -> Entiers:
    """Rang (0, 1, 2…) de chaque élément dans son groupe, les groupes étant contigus."""
    if not len(groupe):
        return np.zeros(0, dtype=np.int64)
    debuts = np.flatnonzero(np.concatenate(([True], groupe[1:] != groupe[:-1])))
    tailles = np.diff(np.append(debuts, len(groupe)))
    return np.arange(len(groupe)) - np.repeat(debuts, tailles)


def premiers_par(groupe: Entiers, cle: Entiers, k: int) -> Entiers:
    """Rangs, triés, des `k` plus petites clés de chaque groupe ; à égalité, l'ordre d'entrée."""
    ordre = np.lexsort((cle, groupe))
    return np.sort(ordre[rang_dans_groupe(groupe[ordre]) < k])
