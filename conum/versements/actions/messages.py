"""À qui un acte sur l'argent écrit : la structure, l'ANCT, chacun avec le lien de son rôle."""

from typing import Any

from conum.courriels.actions import mettre_en_file
from conum.postes.emails import destinataires
from conum.versements.emails.echeances import ReversementDemande, SurEcheance
from conum.versements.models import Echeance

PAGE = "versements:convention"


def prevenir_structure(echeance: Echeance, classe: type[SurEcheance], **champs: Any) -> None:
    """À chaque membre de la structure, au sujet d'une échéance de sa convention."""
    for qui in destinataires.de_la_structure(echeance.convention.structure, PAGE, echeance.convention_id):
        mettre_en_file(classe(**classe.base(echeance, qui.lien), **champs), a=qui.email, objet=echeance)


def prevenir_du_reversement(echeance: Echeance) -> None:
    prevenir_structure(echeance, ReversementDemande, motif=echeance.motif)
