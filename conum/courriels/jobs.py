import logging
from datetime import timedelta

from conum.courriels import actions
from conum.courriels.transport import ServeurInjoignable
from conum.socle import conservation
from conum.socle.travaux import travail

logger = logging.getLogger(__name__)

conservation.enregistrer(
    conservation.Regle(
        quoi="texte des courriels",
        duree=timedelta(days=365),
        base="utile à l'assistance pendant une campagne ; la ligne (date, destinataire, objet) reste avec le dossier",
        appliquer=actions.effacer_textes,
    )
)


@travail("courriels.envoyer")
def envoyer(courriel_id: int) -> None:
    """Juste après l'acte. Perdu, tardif ou en double, sans conséquence : la relève reprend ce qui est dû."""
    try:
        actions.envoyer(courriel_id)
    except ServeurInjoignable as erreur:
        logger.warning("Courriel %s reporté : %s", courriel_id, erreur)


@travail("courriels.relever", cron="* * * * *")
def relever() -> None:
    actions.relever()
