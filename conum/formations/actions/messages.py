"""À qui un acte sur une inscription écrit : la personne, la structure, l'organisme, chacun avec le lien de son rôle.

`cle` : préfixe d'unicité ; chacun ne reçoit qu'une fois le message de cette clé.
"""

from typing import Any

from conum.courriels.actions import mettre_en_file
from conum.formations.emails import SurInscription, destinataires
from conum.formations.models import Inscription, Organisme
from conum.postes.emails.destinataires import Destinataire

PAGE, LISTE = "formations:inscription", "formations:inscriptions"


def _prevenir(
    qui: list[Destinataire], inscription: Inscription, classe: type[SurInscription], cle: str, champs: dict[str, Any]
) -> int:
    for chacun in qui:
        message = classe(**classe.base(inscription, chacun.lien), **champs)
        mettre_en_file(message, a=chacun.email, objet=inscription, cle=f"{cle}:{chacun.lien}" if cle else None)
    return len(qui)


def prevenir_personne(
    inscription: Inscription, classe: type[SurInscription], *, page: str = PAGE, cle: str = "", **champs: Any
) -> int:
    qui = destinataires.de_la_personne(inscription, page, inscription.pk)
    return _prevenir(qui, inscription, classe, cle, champs)


def prevenir_structure(
    inscription: Inscription, classe: type[SurInscription], *, page: str = PAGE, cle: str = "", **champs: Any
) -> int:
    qui = destinataires.de_la_structure(inscription, page, inscription.pk)
    return _prevenir(qui, inscription, classe, cle, champs)


def prevenir_prefecture(
    inscription: Inscription, classe: type[SurInscription], *, page: str = PAGE, cle: str = "", **champs: Any
) -> int:
    qui = destinataires.de_la_prefecture(inscription, page, inscription.pk)
    return _prevenir(qui, inscription, classe, cle, champs)


def prevenir_organisme(
    inscription: Inscription, classe: type[SurInscription], *, organisme: Organisme | None = None, page: str = PAGE,
    cle: str = "", **champs: Any,
) -> int:  # fmt: skip
    """L'organisme de l'inscription, ou celui qui est nommé ; celui qui ne la voit plus est mené à sa liste."""
    arguments = () if page == LISTE else (inscription.pk,)
    qui = destinataires.de_l_organisme(organisme or inscription.organisme, page, *arguments)
    return _prevenir(qui, inscription, classe, cle, champs)
