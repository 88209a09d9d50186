"""Ce qu'un candidat fait de sa candidature : la corriger, la suspendre, la retirer, y revenir."""

from dataclasses import fields
from datetime import date

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.recrutement.access import peut_gerer_candidature, peut_mettre_en_pause
from conum.recrutement.actions.candidature import marquer_de_retour
from conum.recrutement.actions.cv import retirer_le_fichier
from conum.recrutement.actions.fermeture import clore_du_candidat
from conum.recrutement.actions.masse import verrouiller
from conum.recrutement.actions.profil import Profil, profil_de, remplir, verifier
from conum.recrutement.models import Candidat, MiseEnRelation
from conum.recrutement.rules import candidature as regles
from conum.recrutement.rules import profil as regles_profil
from conum.recrutement.states import AU_VIVIER, TRANSITIONS_CANDIDAT, Etat, EtatCandidat
from conum.socle.enregistrement import enregistrer
from conum.utilisateurs.models import Utilisateur

PAS_ENCORE_ENGAGEES = frozenset({Etat.PROPOSEE, Etat.RETENUE})
"""Ce qu'une pause ferme : personne n'y a encore répondu, ou pas les deux."""


def _au_vivier_sous_verrou(candidat: Candidat, par: Acteur) -> Candidat:
    courant = Candidat.objects.select_for_update(of=("self",), no_key=True).get(pk=candidat.pk)
    if not peut_gerer_candidature(par, courant):
        raise PermissionDenied
    if courant.etat not in AU_VIVIER:
        raise TransitionImpossible(
            f"Votre candidature ne se modifie plus : elle est maintenant « {courant.get_etat_display()} »."  # type: ignore[attr-defined]
        )
    return courant


def modifier_profil(candidat: Candidat, profil: Profil, *, par: Acteur) -> Candidat:
    """Corrige toute la fiche, sauf l'adresse (« Mon compte ») ; le prochain passage en tient compte.

    Raises:
        ValidationError: une réponse n'est pas recevable, champ par champ.
        TransitionImpossible: la candidature est bloquée ou effacée.
    """
    with transaction.atomic():
        courant = _au_vivier_sous_verrou(candidat, par)
        avant = profil_de(courant)
        # Une date passée depuis l'inscription reste vraie : on ne la rejuge que si elle change.
        nouveau = verifier(profil, garde=avant.disponible_le)
        # Les noms des champs seulement : le journal ne s'efface pas.
        changes = [c.name for c in fields(Profil) if getattr(avant, c.name) != getattr(nouveau, c.name)]
        remplir(courant, nouveau)
        courant.actif_le = timezone.now()
        if changes:
            noter(courant, "modifier_profil", par=par, donnees={"champs": changes})
        enregistrer(courant)
    return courant


def confirmer_disponibilite(candidat: Candidat, *, par: Acteur, disponible_le: date | None = None) -> Candidat:
    """« Oui, je suis toujours disponible » : l'horloge des deux mois repart. En pause, la recherche reprend.

    Raises:
        ValidationError: la nouvelle date est passée.
        TransitionImpossible: ni disponible, ni en pause.
    """
    if candidat.etat == EtatCandidat.EN_PAUSE:
        return reprendre_recherche(candidat, par=par, disponible_le=disponible_le)
    with transaction.atomic():
        courant = Candidat.objects.select_for_update(of=("self",), no_key=True).get(pk=candidat.pk)
        if not peut_gerer_candidature(par, courant):
            raise PermissionDenied
        if courant.etat != EtatCandidat.DISPONIBLE:
            raise TransitionImpossible(
                f"Votre candidature est maintenant « {courant.get_etat_display()} »."  # type: ignore[attr-defined]
            )
        _dater(courant, disponible_le)
        courant.disponibilite_confirmee_le = courant.actif_le = timezone.now()
        enregistrer(courant)
        noter(courant, "confirmer_disponibilite", par=par)
    return courant


def _dater(candidat: Candidat, disponible_le: date | None) -> None:
    """La nouvelle date, ou aujourd'hui si celle qui était écrite est passée."""
    aujourdhui = timezone.localdate()
    if disponible_le is not None:
        erreurs = regles_profil.verifier_disponibilite(disponible_le, aujourdhui)
        if erreurs:
            raise ValidationError({erreur.champ: erreur.message for erreur in erreurs})
        candidat.disponible_le = disponible_le
    assert candidat.disponible_le is not None
    candidat.disponible_le = max(candidat.disponible_le, aujourdhui)


def mettre_en_pause(candidat: Candidat, *, par: Acteur, motif: str = "") -> Candidat:
    """Plus de proposition nouvelle. Ce que personne n'a encore engagé se ferme ; les échanges en cours continuent.

    Raises:
        TransitionImpossible: la candidature n'est pas disponible.
        ValidationError: motif inconnu.
    """
    if motif and motif not in regles_profil.TOUS_MOTIFS_PAUSE:
        raise ValidationError({"motif": "Choisissez un motif de la liste."})
    if not peut_mettre_en_pause(par, candidat):
        raise PermissionDenied
    with transaction.atomic():
        # Avant la ligne du candidat : recrutements, mises en relation puis candidat se verrouillent dans cet ordre.
        clore_du_candidat(candidat, motif="candidat_en_pause", etats=PAS_ENCORE_ENGAGEES)
        with transition(
            candidat, "mettre_en_pause", table=TRANSITIONS_CANDIDAT, par=par, peut=peut_mettre_en_pause, motif=motif
        ) as courant:
            courant.motif_pause, courant.en_pause_depuis = motif, timezone.now()
            if par is not SYSTEME:
                courant.actif_le = timezone.now()
    return courant


def se_desinscrire(candidat: Candidat, *, par: Acteur) -> Candidat:
    """Le bouton ou l'en-tête « ne plus recevoir » d'un courriel : la recherche est mise en pause, une fois."""
    try:
        return mettre_en_pause(candidat, par=par, motif=regles_profil.DESINSCRIPTION)
    except TransitionImpossible:
        return Candidat.objects.get(pk=candidat.pk)  # déjà en pause, retirée, bloquée : plus rien ne part


def reprendre_recherche(candidat: Candidat, *, par: Acteur, disponible_le: date | None = None) -> Candidat:
    """De nouveau proposée au prochain passage ; une date passée devient aujourd'hui."""
    with transition(
        candidat, "reprendre_recherche", table=TRANSITIONS_CANDIDAT, par=par, peut=peut_gerer_candidature
    ) as courant:
        _dater(courant, disponible_le)
        marquer_de_retour(courant)
    return courant


def retirer(candidat: Candidat, *, motif: str, precision: str = "", par: Acteur) -> Candidat:
    """Retire la candidature : échanges clos, structures prévenues, CV effacé. La fiche reste, pour y revenir.

    Raises:
        TransitionImpossible: ni disponible, ni en pause.
        ValidationError: motif inconnu, précision trop longue.
    """
    precision = precision.strip()
    if motif not in regles.MOTIFS_RETRAIT:
        raise ValidationError({"motif": "Choisissez une raison de la liste."})
    if len(precision) > regles_profil.TEXTE_MAX:
        raise ValidationError({"precision": "Écrivez au plus 1 000 caractères."})
    if not peut_gerer_candidature(par, candidat):
        raise PermissionDenied
    with transaction.atomic():
        clore_du_candidat(candidat, motif="candidat_retire")
        with transition(
            candidat,
            "retirer_candidature",
            table=TRANSITIONS_CANDIDAT,
            par=par,
            peut=peut_gerer_candidature,
            motif=motif,
        ) as courant:
            courant.motif_retrait, courant.precision_retrait = motif, precision
            courant.en_pause_depuis, courant.motif_pause = None, ""
            courant.actif_le = timezone.now()
            retirer_le_fichier(courant)
    return courant


def revenir_au_vivier(candidat: Candidat, *, par: Acteur) -> Candidat:
    """Une candidature retirée redevient disponible, à partir d'aujourd'hui."""
    with transition(
        candidat, "revenir_au_vivier", table=TRANSITIONS_CANDIDAT, par=par, peut=peut_gerer_candidature
    ) as courant:
        _dater(courant, None)
        marquer_de_retour(courant)
    return courant


def liberer_candidat(candidat: Candidat, *, par: Acteur) -> Candidat:
    """Le contrat est fini : la personne cherche de nouveau.

    Raises:
        TransitionImpossible: pas recrutée, ou son contrat court encore.
    """
    with transition(
        candidat, "liberer_candidat", table=TRANSITIONS_CANDIDAT, par=par, peut=peut_mettre_en_pause
    ) as courant:
        if (relation := recrutement_en_cours(courant)) is not None:
            raise TransitionImpossible(
                f"Vous êtes encore sous contrat avec {relation.recrutement.structure.nom}. "
                "Si ce contrat est rompu, la structure doit d'abord le dire."
            )
        _dater(courant, None)
        marquer_de_retour(courant)
    return courant


def recrutement_en_cours(candidat: Candidat) -> MiseEnRelation | None:
    """L'offre acceptée, ou le contrat en cours sur un poste pourvu : on n'efface pas qui occupe un poste."""
    relations = MiseEnRelation.objects.filter(candidat=candidat).select_related("recrutement__structure")
    acceptee = relations.filter(etat=Etat.ACCEPTEE).first()
    if acceptee is not None:
        return acceptee
    recrutees = relations.filter(etat=Etat.RECRUTEE, poste_pourvu__isnull=False)
    return recrutees.exclude(offre_fin__lt=timezone.localdate()).order_by("-pk").first()


def suivre_l_adresse(utilisateur: Utilisateur) -> None:
    """La personne a prouvé une nouvelle adresse (« Mon compte ») : sa candidature la prend aussi."""
    verrouiller(f"candidature:{utilisateur.email}")
    candidat = (
        Candidat.objects.select_for_update(of=("self",), no_key=True)
        .filter(role__utilisateur=utilisateur)
        .exclude(etat=EtatCandidat.ANONYMISE)
        .first()
    )
    if candidat is None or candidat.email == utilisateur.email:
        return
    # Un envoi jamais confirmé à cette adresse cède la place à qui vient de prouver qu'elle est la sienne.
    for envoi in Candidat.objects.filter(email=utilisateur.email, etat=EtatCandidat.A_CONFIRMER).order_by("pk"):
        noter(envoi, "remplacer_candidature", par=SYSTEME, de=envoi.etat, donnees={"par": candidat.pk})
        envoi.delete()
    candidat.email = utilisateur.email
    candidat.actif_le = timezone.now()
    enregistrer(candidat)
    noter(candidat, "suivre_l_adresse", par=SYSTEME)
