"""Passer le test de positionnement : commencer, répondre au fil de l'eau, finir. Seule la personne le fait.

Une version commencée se finit dans sa version : le code et l'empreinte du questionnaire sont gardés dès le début.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from conum.formations import access
from conum.formations.actions.messages import prevenir_organisme, prevenir_structure
from conum.formations.emails.positionnement import PositionnementFini
from conum.formations.models import Inscription, Positionnement
from conum.formations.rules import marches
from conum.formations.rules import positionnement as regles
from conum.formations.states import Etat
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.socle.enregistrement import enregistrer

RESULTAT = "formations:resultat_positionnement"
FINI = "Votre test est terminé : vos réponses ne changent plus."


def questionnaire_de(positionnement: Positionnement) -> regles.Questionnaire:
    """La version que la personne a commencée, prouvée par son empreinte."""
    return regles.questionnaire(positionnement.questionnaire_code, positionnement.questionnaire_empreinte)


def commencer_positionnement(inscription: Inscription, *, par: Acteur) -> Positionnement:
    """Commence le test dans la version du jour ; déjà commencé, rend celui qui existe.

    Raises:
        PermissionDenied: ce n'est pas la personne.
        TransitionImpossible: la formation est arrêtée, dispensée, ou un parcours est déjà retenu.
    """
    with transaction.atomic():
        courante = _sous_verrou(inscription, par)
        deja = Positionnement.objects.filter(inscription=courante).first()
        if deja is not None:
            return deja
        _exiger_ouverte(courante)
        version = regles.questionnaire_au(timezone.localdate())
        positionnement = Positionnement(
            inscription=courante, questionnaire_code=version.code, questionnaire_empreinte=version.empreinte
        )
        enregistrer(positionnement)
        noter(courante, "commencer_positionnement", par=par, donnees={"questionnaire": version.code})
    return positionnement


def repondre(positionnement: Positionnement, reponses: Mapping[str, str], *, par: Acteur) -> Positionnement:
    """Garde une ou plusieurs réponses ; une réponse nouvelle remplace l'ancienne, les autres restent.

    Les réponses ne passent pas au journal : elles se changent librement jusqu'à la fin, et s'effacent un jour.

    Raises:
        TransitionImpossible: le test est terminé, ou la formation n'attend plus de test.
        ValidationError: une question ou une réponse n'est pas du questionnaire commencé.
    """
    with transaction.atomic():
        # L'inscription d'abord, comme partout : la fin du test prend les deux verrous dans cet ordre.
        courante = _sous_verrou(positionnement.inscription, par)
        ecrit = Positionnement.objects.select_for_update(of=("self",), no_key=True).get(pk=positionnement.pk)
        _exiger_en_cours(ecrit, courante)
        try:
            regles.verifier(questionnaire_de(ecrit), reponses)
        except regles.ReponseInconnue as erreur:
            raise ValidationError(str(erreur)) from erreur
        if reponses:
            ecrit.reponses = {**ecrit.reponses, **reponses}
            enregistrer(ecrit)
    return ecrit


def terminer_positionnement(inscription: Inscription, *, par: Acteur) -> Positionnement:
    """Fige les réponses et la recommandation ; l'organisme et l'employeur l'apprennent.

    Raises:
        TransitionImpossible: test absent, déjà terminé, ou des questions sans réponse.
    """
    with transaction.atomic():
        courante = _sous_verrou(inscription, par)
        ecrit = Positionnement.objects.select_for_update(of=("self",), no_key=True).filter(inscription=courante).first()
        if ecrit is None:
            raise TransitionImpossible("Le test n’est pas commencé.")
        _exiger_en_cours(ecrit, courante)
        try:
            ecrit.recommandation = recommandation_de(ecrit, courante)
        except regles.PositionnementIncomplet as erreur:
            raise TransitionImpossible(str(erreur)) from erreur
        ecrit.fini_le = timezone.now()
        enregistrer(ecrit)
        recommande = ecrit.recommandation["libelle"]
        noter(courante, "terminer_positionnement", par=par, donnees={"parcours": ecrit.recommandation["parcours"]})
        prevenir_organisme(courante, PositionnementFini, page=RESULTAT, recommande=recommande, pour_l_organisme=True)
        prevenir_structure(courante, PositionnementFini, page=RESULTAT, recommande=recommande)
    return ecrit


def recommandation_de(positionnement: Positionnement, inscription: Inscription) -> dict[str, Any]:
    """Scores, parcours et raisons, en texte : ce qui est montré ce jour-là se relira tel quel.

    `sans_parcours` dit pourquoi aucun parcours n'est recommandé, quand le marché du contrat n'en a pas.
    """
    questionnaire = questionnaire_de(positionnement)
    marche = marches.marche(inscription.marche_code, inscription.marche_empreinte)
    obtenus = regles.scores(questionnaire, positionnement.reponses)
    figee: dict[str, Any] = {
        "parcours": "",
        "libelle": "",
        "general": obtenus.general,
        "domaines": [
            {"code": c, "libelle": questionnaire.domaines[c], "score": s} for c, s in obtenus.domaines.items()
        ],
        "dimensions": [
            {"code": c, "libelle": questionnaire.dimensions[c], "score": s} for c, s in obtenus.dimensions.items()
        ],
        "raisons": [],
        "sans_parcours": "",
    }
    if not marche.parcours:
        return figee | {"sans_parcours": f"{marche.titre} : {marche.inconnu}."}
    conseil = regles.recommander(questionnaire, positionnement.reponses, marche)
    return figee | {
        "parcours": conseil.parcours.code, "libelle": conseil.parcours.libelle, "raisons": list(conseil.raisons),
    }  # fmt: skip


def effacer_reponses(avant: datetime) -> int:
    """Efface les réponses des tests finis, ou laissés en plan, avant cette date ; la recommandation reste."""
    finis = Positionnement.objects.filter(fini_le__lt=avant, efface_le=None)
    delaisses = Positionnement.objects.filter(fini_le=None, enregistre_le__lt=avant).exclude(reponses={})
    return finis.update(reponses={}, efface_le=timezone.now()) + delaisses.update(reponses={})


def _sous_verrou(inscription: Inscription, par: Acteur) -> Inscription:
    courante = Inscription.objects.select_for_update(of=("self",), no_key=True).get(pk=inscription.pk)
    if not access.peut_se_positionner(par, courante):
        raise PermissionDenied
    return courante


def _exiger_ouverte(inscription: Inscription) -> None:
    if inscription.etat != Etat.OUVERTE:
        libelle = inscription.get_etat_display()
        raise TransitionImpossible(f"Cette formation n’attend pas de test : son état est « {libelle} ».")


def _exiger_en_cours(positionnement: Positionnement, inscription: Inscription) -> None:
    if positionnement.fini_le is not None:
        raise TransitionImpossible(FINI)
    _exiger_ouverte(inscription)
