"""Instruire une demande : avis de la préfecture, complément, annulation, classement sans suite."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from conum.courriels.actions import mettre_en_file
from conum.demandes import rules
from conum.demandes.access import peut_classer, peut_decider, peut_donner_avis, peut_repondre
from conum.demandes.emails import destinataires
from conum.demandes.emails.decision import (
    Annulation,
    AvisRendu,
    ComplementDemande,
    ComplementRecu,
    RappelAvis,
    SansSuite,
)
from conum.demandes.models import Avis, Demande
from conum.demandes.states import DECIDABLES, TRANSITIONS
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.models import Rattachement
from conum.structures.models import Structure


class AvisRemplace(TransitionImpossible):
    """L'avis que la personne avait sous les yeux a été remplacé entre-temps ; `actuel` est celui qui vaut."""

    def __init__(self, actuel: Avis) -> None:
        super().__init__("Un autre agent vient de modifier l'avis : relisez-le avant d'enregistrer le vôtre.")
        self.actuel = actuel


def _exiger(erreurs: list[rules.Erreur]) -> None:
    if erreurs:
        raise ValidationError({erreur.champ: erreur.message for erreur in erreurs})


def exiger_texte(champ: str, texte: str) -> str:
    """Le texte sans blancs autour ; ValidationError s'il n'a pas de 10 à 1 000 caractères."""
    texte = texte.strip()
    _exiger(rules.verifier_longueur(champ, texte, rules.TEXTE_MIN, rules.TEXTE_MAX))
    return texte


def _creer_avis(demande: Demande, *, sens: str, motif: str, transfert_de: Structure | None, par: Acteur) -> Avis:
    motif = motif.strip()
    _exiger(rules.verifier_avis(motif))
    if transfert_de is not None:
        _verifier_transfert(demande, transfert_de)
    avis = Avis(demande=demande, sens=sens, motif=motif, transfert_de=transfert_de, role_id=par.role_id)
    avis.full_clean()
    avis.save()
    return avis


def _verifier_transfert(demande: Demande, cedante: Structure) -> None:
    """Un poste se transfère depuis une autre structure, qui en a ou en a eu (programme-apps § 2.2)."""
    if cedante.pk == demande.structure_id:
        raise ValidationError({"transfert_de": "La structure ne peut pas se céder un poste à elle-même."})
    if not Rattachement.objects.filter(structure=cedante).exists():
        raise ValidationError({"transfert_de": "Cette structure n'a jamais eu de poste : elle ne peut pas en céder."})


def _donnees(avis: Avis) -> dict[str, object]:
    return {"avis": avis.pk, "sens": avis.sens, "transfert_de": avis.transfert_de_id}


def _prevenir_de_l_avis(demande: Demande, avis: Avis, *, modifie: bool) -> None:
    for qui in destinataires.de_la_structure(demande):
        mettre_en_file(AvisRendu.de(demande, avis, qui.lien, modifie=modifie), a=qui.email, objet=demande)


def donner_avis(demande: Demande, *, sens: str, motif: str, par: Acteur, transfert_de: Structure | None = None) -> Avis:
    """Rend le premier avis de la préfecture.

    Raises:
        TransitionImpossible: un avis est déjà rendu, ou la demande n'attend plus d'avis.
        ValidationError: motif hors de 10 à 1 000 caractères, structure cédante impossible.
    """
    motif = motif.strip()
    donnees: dict[str, object] = {}
    with transition(
        demande, "donner_avis", table=TRANSITIONS, par=par, peut=peut_donner_avis, motif=motif, donnees=donnees
    ) as courante:
        avis = _creer_avis(courante, sens=sens, motif=motif, transfert_de=transfert_de, par=par)
        donnees.update(_donnees(avis))
        _prevenir_de_l_avis(courante, avis, modifie=False)
    return avis


def amender_avis(
    demande: Demande,
    *,
    avis_lu: int,
    sens: str,
    motif: str,
    par: Acteur,
    transfert_de: Structure | None = None,
) -> Avis:
    """Remplace l'avis en vigueur, gardé dans l'historique, tant que la demande n'est pas décidée.

    `avis_lu` : identifiant de l'avis que la personne avait sous les yeux.

    Raises:
        AvisRemplace: un autre agent l'a déjà remplacé.
        TransitionImpossible: la demande est décidée ou close.
    """
    with transaction.atomic():
        courante = _sous_verrou(demande)
        if not peut_donner_avis(par, courante):
            raise PermissionDenied
        if courante.etat not in DECIDABLES:
            raise TransitionImpossible(f"L'avis ne se modifie plus : la demande est « {courante.get_etat_display()} ».")
        actuel = Avis.objects.get(demande=courante, remplace_le=None)
        if actuel.pk != avis_lu:
            raise AvisRemplace(actuel)
        if (actuel.sens, actuel.motif, actuel.transfert_de) == (sens, motif.strip(), transfert_de):
            return actuel
        actuel.remplace_le = timezone.now()
        actuel.save(update_fields=["remplace_le"])
        avis = _creer_avis(courante, sens=sens, motif=motif, transfert_de=transfert_de, par=par)
        noter(courante, "amender_avis", par=par, motif=avis.motif, donnees={**_donnees(avis), "remplace": actuel.pk})
        if avis.sens != actuel.sens:
            _prevenir_de_l_avis(courante, avis, modifie=True)
        return avis


def _sous_verrou(demande: Demande) -> Demande:
    return Demande.objects.select_for_update(of=("self",), no_key=True).get(pk=demande.pk)


def demander_complement(demande: Demande, *, question: str, par: Acteur) -> Demande:
    """Pose une question à la structure ; la décision attend, sans être interdite."""
    question = exiger_texte("question", question)
    with transition(
        demande, "demander_complement", table=TRANSITIONS, par=par, peut=peut_decider, motif=question
    ) as courante:
        courante.question, courante.reponse = question, ""
        for qui in destinataires.de_la_structure(courante):
            mettre_en_file(ComplementDemande.de(courante, qui.lien, pour_agent=False), a=qui.email, objet=courante)
        for qui in destinataires.de_la_prefecture(courante):
            mettre_en_file(ComplementDemande.de(courante, qui.lien, pour_agent=True), a=qui.email, objet=courante)
    return courante


def completer(demande: Demande, *, reponse: str, par: Acteur) -> Demande:
    """La structure répond à la question posée ; ValidationError sur `reponse` hors de 10 à 1 000 caractères."""
    reponse = exiger_texte("reponse", reponse)
    with transition(demande, "completer", table=TRANSITIONS, par=par, peut=peut_repondre, motif=reponse) as courante:
        courante.reponse = reponse
        for qui in destinataires.de_l_anct(courante) + destinataires.de_la_prefecture(courante):
            mettre_en_file(ComplementRecu.de(courante, qui.lien), a=qui.email, objet=courante)
    return courante


def _clore(demande: Demande, motif: str) -> None:
    demande.close_le = timezone.now()
    demande.motif_cloture = motif
    # Une demande close quitte l'ordre du jour : elle n'empêche pas de clore la session.
    demande.session = None


def annuler(demande: Demande, *, motif: str, par: Acteur) -> Demande:
    """L'ANCT retire une demande ouverte (erreur, doublon) ; structure et préfecture sont prévenues."""
    motif = exiger_texte("motif", motif)
    with transition(demande, "annuler", table=TRANSITIONS, par=par, peut=peut_decider, motif=motif) as courante:
        _clore(courante, motif)
        for qui in destinataires.de_la_structure(courante):
            mettre_en_file(Annulation.de(courante, qui.lien), a=qui.email, objet=courante)
        for qui in destinataires.de_la_prefecture(courante):
            mettre_en_file(Annulation.de(courante, qui.lien, pour_agent=True), a=qui.email, objet=courante)
    return courante


def classer_sans_suite(demande: Demande, *, motif: str, par: Acteur) -> Demande:
    """Un agent de l'ANCT classe une demande ouverte dont la structure ne donne plus signe."""
    motif = exiger_texte("motif", motif)
    with transition(
        demande, "classer_sans_suite", table=TRANSITIONS, par=par, peut=peut_classer, motif=motif
    ) as courante:
        _clore(courante, motif)
        for qui in destinataires.de_la_structure(courante):
            mettre_en_file(SansSuite.de(courante, qui.lien), a=qui.email, objet=courante)
    return courante


def rappeler_avis(demande: Demande) -> int:
    """Écrit à la préfecture le dernier rappel dû (7 ou 14 jours) ; rend le nombre de courriels écrits ou déjà écrits.

    Joué en retard, il ne rattrape pas le premier rappel par un deuxième le même jour : seul le plus récent part.
    Joué deux fois, la clé du courriel arrête le second.
    """
    with transaction.atomic():
        courante = _sous_verrou(demande)
        if courante.etat not in TRANSITIONS["donner_avis"].depuis or courante.deposee_le is None:
            return 0
        rang = rules.rappels_dus(timezone.localdate(courante.deposee_le), timezone.localdate())
        if not rang:
            return 0
        agents = destinataires.de_la_prefecture(courante)
        for qui in agents:
            message = RappelAvis.de(courante, qui.lien, rang=rang)
            mettre_en_file(message, a=qui.email, objet=courante, cle=f"rappel-avis:{courante.pk}:{rang}:{qui.email}")
        return len(agents)
