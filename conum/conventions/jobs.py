"""Fin des conventions échues, et durées de conservation de leurs pièces."""

from datetime import timedelta

from django.utils import timezone

from conum.conventions.actions import conservation as effacement
from conum.conventions.actions import fin
from conum.socle import conservation
from conum.socle.travaux import travail


@travail("conventions.terminer_echues", cron="37 4 * * *")
def terminer_echues() -> None:
    """Constate chaque nuit le terme des conventions actives, après celui des contrats."""
    fin.terminer_conventions_echues(timezone.localdate())


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
