"""États d'un courriel. La règle qui commande tout : une ligne part une fois au plus."""

from django.db.models import TextChoices

from conum.socle.transitions import Table, Transition


class Etat(TextChoices):
    A_ENVOYER = "a_envoyer", "À envoyer"
    EN_COURS = "en_cours", "En cours d’envoi"
    ENVOYE = "envoye", "Envoyé"
    INCERTAIN = "incertain", "Incertain"
    ABANDONNE = "abandonne", "Abandonné"


TRANSITIONS: Table = {
    "prendre": Transition(
        frozenset({Etat.A_ENVOYER}), Etat.EN_COURS, qui="Système", garde="échéance atteinte, un seul worker la prend",
        effet="l'essai est compté, validé en base avant de parler au serveur",
    ),
    "reussir": Transition(
        frozenset({Etat.EN_COURS}), Etat.ENVOYE, qui="Système", garde="le serveur a accepté le message",
        effet="date d'envoi ; le texte confidentiel est effacé",
    ),
    "reporter": Transition(
        frozenset({Etat.EN_COURS}), Etat.A_ENVOYER, qui="Système",
        garde="erreur passagère avant que le serveur ait pu accepter ; moins de 8 essais", effet="nouvelle échéance",
    ),
    "abandonner": Transition(
        frozenset({Etat.EN_COURS}), Etat.ABANDONNE, qui="Système",
        garde="refus définitif, destinataire hors liste, ou huitième essai", effet="la raison est gardée",
    ),
    "douter": Transition(
        frozenset({Etat.EN_COURS}), Etat.INCERTAIN, qui="Système",
        garde="réponse du serveur perdue, ou envoi interrompu depuis 15 minutes",
        effet="jamais renvoyé sans un agent",
    ),
}  # fmt: skip
