from conum.socle.travaux import travail
from conum.structures import actions


@travail("structures.expirer", cron="17 4 * * *")
def expirer() -> None:
    """Clôt ce qui attend depuis trop longtemps : demandes à rejoindre, changements de contact principal."""
    actions.expirer_demandes()
    actions.expirer_changements()
