from django.utils import timezone

from conum.journal.acteurs import SYSTEME
from conum.socle.travaux import travail
from conum.versements.actions import echeances, echeanciers


@travail("versements.etablir", cron="*/10 * * * *")
def etablir() -> None:
    """Les actes signés depuis le dernier passage reçoivent leur échéancier ; ce qui est dû s'ouvre aussitôt."""
    echeanciers.etablir_echeanciers(echeanciers.actes_a_etablir(), par=SYSTEME)
    echeances.ouvrir_echeances_dues(timezone.localdate())
