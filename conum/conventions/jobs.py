"""Durées de conservation des pièces de conventions."""

from datetime import timedelta

from conum.conventions.actions import conservation as effacement
from conum.socle import conservation

for regle in (
    conservation.Regle(
        "pièces d'identité des conventions",
        timedelta(days=30),
        "elles servent à vérifier qui signe ; un mois après la signature des deux parties, ou l'annulation",
        effacement.effacer_identites,
    ),
    conservation.Regle(
        "autres pièces des conventions",
        timedelta(days=3653),
        "dix ans après la fin de la convention : pièces justificatives de la dépense (code de commerce, art. L123-22)",
        effacement.effacer_pieces,
    ),
):
    conservation.enregistrer(regle)
