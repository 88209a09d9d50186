from datetime import timedelta

from conum.socle import conservation
from conum.socle.travaux import travail
from conum.structures import actions

conservation.enregistrer(
    conservation.Regle(
        quoi="personnes des demandes à rejoindre une structure",
        duree=timedelta(days=365),
        base="une fois la demande traitée, l'adresse ne sert plus qu'à répondre à une réclamation",
        appliquer=actions.anonymiser_demandes,
    )
)


@travail("structures.expirer", cron="17 4 * * *")
def expirer() -> None:
    """Clôt ce qui attend depuis trop longtemps : demandes à rejoindre, changements de contact principal."""
    actions.expirer_demandes()
    actions.expirer_changements()
