"""Distances à vol d'oiseau sur des tableaux entiers."""

import numpy as np
import numpy.typing as npt

Reels = npt.NDArray[np.float64]

RAYON_TERRE_KM = 6371.0
# Un millimètre : deux façons justes de calculer la même distance ne doivent pas se contredire à la limite.
TOLERANCE_KM = 1e-6
_DEMI_TOUR_KM = np.pi * RAYON_TERRE_KM


def sphere(latitude: Reels, longitude: Reels) -> Reels:
    """Points (n, 3) de la sphère unité."""
    lat, lon = np.radians(latitude), np.radians(longitude)
    return np.column_stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)))


def corde(km: Reels) -> Reels:
    """Corde, sur la sphère unité, d'une distance à vol d'oiseau."""
    return 2 * np.sin(np.minimum(km, _DEMI_TOUR_KM) / (2 * RAYON_TERRE_KM))


def haversine(lat1: Reels, lon1: Reels, lat2: Reels, lon2: Reels) -> Reels:
    """Distance à vol d'oiseau en kilomètres."""
    p1, p2 = np.radians(lat1), np.radians(lat2)
    h = np.sin((p2 - p1) / 2) ** 2 + np.cos(p1) * np.cos(p2) * np.sin((np.radians(lon2) - np.radians(lon1)) / 2) ** 2
    return 2 * RAYON_TERRE_KM * np.arcsin(np.sqrt(np.minimum(h, 1.0)))
