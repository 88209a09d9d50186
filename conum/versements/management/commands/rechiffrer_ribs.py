"""bin/manage rechiffrer_ribs : réécrit IBAN et fichiers de virements avec la première clé de CONUM_CLES_BANCAIRES."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from conum.journal.acteurs import SYSTEME
from conum.versements.actions import exports, ribs
from conum.versements.rules.coffre import ClePerdue


class Command(BaseCommand):
    help = (
        "Réécrit chaque IBAN et chaque fichier de virements avec la première clé de CONUM_CLES_BANCAIRES. Se relance "
        "sans risque ; une fois fini, les autres clés se retirent."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        try:
            comptes = ribs.rechiffrer_ribs(par=SYSTEME)
            fichiers = exports.rechiffrer_fichiers(par=SYSTEME)
        except (ClePerdue, exports.FichierAltere) as erreur:
            raise CommandError(
                f"{erreur} Remettez dans CONUM_CLES_BANCAIRES la clé qui manque, puis recommencez."
            ) from erreur
        self.stdout.write(f"{comptes} comptes et {fichiers} fichiers de virements rechiffrés.")
        self.stdout.write("Vous pouvez retirer les autres clés de CONUM_CLES_BANCAIRES.")
