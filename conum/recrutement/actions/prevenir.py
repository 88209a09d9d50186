"""Écrire aux parties d'une mise en relation : chacune par son lien, dans la transaction de l'acte."""

from collections.abc import Callable

from conum.courriels.actions import mettre_en_file
from conum.courriels.messages import Message
from conum.recrutement.actions.liens import membres_a_prevenir, nouveau_lien
from conum.recrutement.emails.relation import EntretienAnnule, lien_du_membre
from conum.recrutement.emails.rendezvous import calendrier_de_la_structure, calendrier_du_candidat
from conum.recrutement.models import MiseEnRelation, Partie

Ecrire = Callable[[str], Message]
"""Du lien au message."""


def le_candidat(relation: MiseEnRelation, ecrire: Ecrire) -> None:
    """Au candidat, avec un lien personnel neuf ; une candidature effacée n'a plus d'adresse."""
    if relation.candidat.email:
        lien = nouveau_lien(relation, Partie.CANDIDAT)
        mettre_en_file(ecrire(lien), a=relation.candidat.email, objet=relation)


def la_structure(relation: MiseEnRelation, ecrire: Ecrire) -> None:
    """À chaque membre actif, avec l'adresse de la page dans son espace."""
    for role in membres_a_prevenir(relation.recrutement):
        mettre_en_file(ecrire(lien_du_membre(role, relation)), a=role.utilisateur.email, objet=relation)


def de_l_entretien_annule(relation: MiseEnRelation) -> None:
    """Aux deux parties : le rendez-vous quitte leurs agendas (METHOD:CANCEL)."""
    calendrier = calendrier_du_candidat(relation, annule=True)
    le_candidat(relation, lambda lien: EntretienAnnule.de(relation, lien, calendrier=calendrier))
    for role in membres_a_prevenir(relation.recrutement):
        personne, lien = role.utilisateur, lien_du_membre(role, relation)
        calendrier = calendrier_de_la_structure(
            relation, nom=personne.get_full_name(), email=personne.email, lien=lien, annule=True
        )
        message = EntretienAnnule.de(relation, lien, calendrier=calendrier, pour_structure=True)
        mettre_en_file(message, a=personne.email, objet=relation)
