"""Registre public des entreprises : `registre().chercher(siret)`.

Le réglage `PASSERELLES["entreprises"]` choisit entre le client réel et le faux, hors ligne.
"""

from typing import Protocol

from django.conf import settings

from conum.passerelles.entreprises.schemas import Etablissement, Indisponible, Introuvable, RegistreErreur

__all__ = ["Etablissement", "Indisponible", "Introuvable", "Registre", "RegistreErreur", "registre"]


class Registre(Protocol):
    def chercher(self, siret: str) -> Etablissement:
        """L'établissement de ce SIRET (14 chiffres valides). Lève `Introuvable` ou `Indisponible`."""


def registre() -> Registre:
    if settings.PASSERELLES["entreprises"] == "reel":
        from conum.passerelles.entreprises.client import ClientEntreprises

        return ClientEntreprises()
    from conum.passerelles.entreprises.faux import FAUX

    return FAUX
