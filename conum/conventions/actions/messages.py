"""À qui un acte sur une convention écrit : la structure, l'ANCT, chacun avec le lien de son rôle."""

from typing import Any

from conum.conventions.emails import SurConvention
from conum.conventions.models import Convention
from conum.courriels.actions import mettre_en_file
from conum.postes.emails import destinataires

PAGE = "conventions:convention"


def prevenir_structure(convention: Convention, classe: type[SurConvention], **champs: Any) -> None:
    for qui in destinataires.de_la_structure(convention.structure, PAGE, convention.pk):
        mettre_en_file(classe(**classe.base(convention, qui.lien), **champs), a=qui.email, objet=convention)


def prevenir_anct(convention: Convention, classe: type[SurConvention], **champs: Any) -> None:
    for qui in destinataires.de_l_anct(PAGE, convention.pk):
        mettre_en_file(classe(**classe.base(convention, qui.lien), **champs), a=qui.email, objet=convention)
