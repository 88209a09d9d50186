from django.utils import timezone

from conum.postes import actions
from conum.socle.travaux import travail


@travail("postes.terminer_contrats", cron="27 4 * * *")
def terminer_contrats() -> None:
    """Constate le terme des contrats échus qui ont une suite : ils n'ont plus rien à attendre de personne."""
    actions.terminer_contrats_echus(timezone.localdate())
