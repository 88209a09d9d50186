"""Commencer, envoyer et confirmer une candidature, sans compte. Une adresse électronique, une personne."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.courriels.actions import mettre_en_file
from conum.courriels.models import AdresseRefusee, adresse_sure
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.recrutement.access import peut_gerer_candidature, peut_saisir, porteur
from conum.recrutement.actions.masse import verrouiller
from conum.recrutement.actions.profil import Profil, deplier, plier, profil_de, remplir, verifier
from conum.recrutement.emails import candidature as emails
from conum.recrutement.models import Candidat
from conum.recrutement.rules import candidature as regles
from conum.recrutement.rules import profil as regles_profil
from conum.recrutement.states import AVANT_CONFIRMATION, TRANSITIONS_CANDIDAT, EtatCandidat
from conum.socle import limites
from conum.socle.jetons import nouveau_jeton
from conum.utilisateurs.models import Utilisateur, normaliser_courriel

VALEUR_MAX = 10_000
"""Caractères gardés d'un champ en cours de saisie : de quoi revoir une motivation trop longue, pas un livre."""
LIBELLE_ROLE = "Ma candidature"


class TropDeDemandes(TransitionImpossible):
    """Trop de courriels demandés en peu de temps ; le message est destiné à la personne."""


class ConfirmationExpiree(TransitionImpossible):
    """Le lien de confirmation a plus de 30 jours."""


class CompteDesactive(TransitionImpossible):
    """L'adresse est celle d'un compte fermé par l'ANCT."""


# --- Le brouillon -------------------------------------------------------------------------------------------------


def ouvrir_brouillon() -> Candidat:
    with transaction.atomic():
        candidat = Candidat.objects.create()
        noter(candidat, "ouvrir_brouillon", par=porteur(candidat), vers=candidat.etat)
    return candidat


def est_envoyee(candidat: Candidat) -> bool:
    """La personne a envoyé le formulaire : elle attend un courriel, que son adresse soit déjà connue ou non."""
    return candidat.etat in AVANT_CONFIRMATION and candidat.soumis_le is not None


def adresse_saisie(candidat: Candidat) -> str:
    """L'adresse de l'envoi : celle de la ligne, ou celle qui y était déjà prise et n'a pas été écrite."""
    return candidat.email or str(candidat.saisie.get("envoi", {}).get("email", ""))


def _brouillon_sous_verrou(candidat: Candidat, par: Acteur) -> Candidat:
    courant = Candidat.objects.select_for_update(of=("self",), no_key=True).get(pk=candidat.pk)
    if not peut_saisir(par, courant):
        raise PermissionDenied
    _refuser_si_envoyee(courant)
    return courant


def _refuser_si_envoyee(candidat: Candidat) -> None:
    if candidat.etat != EtatCandidat.BROUILLON or candidat.soumis_le is not None:
        raise TransitionImpossible("Cette candidature est déjà envoyée : elle ne se modifie plus ici.")


def enregistrer_etape(candidat: Candidat, etape: str, donnees: Mapping[str, Any], *, par: Acteur) -> Candidat:
    """Garde ce que la personne a tapé à une étape, juste ou non. Deux onglets ne s'effacent pas : une clé par étape."""
    with transaction.atomic():
        courant = _brouillon_sous_verrou(candidat, par)
        courant.saisie = courant.saisie | {etape: {nom: _borner(valeur) for nom, valeur in donnees.items()}}
        courant.save(update_fields=["saisie", "updated_at"])
    return courant


def _borner(valeur: Any) -> Any:
    if isinstance(valeur, str):
        return valeur.replace("\x00", "")[:VALEUR_MAX]
    return [_borner(v) for v in valeur[:50]] if isinstance(valeur, list) else valeur


def jeter_brouillon(candidat: Candidat, *, par: Acteur) -> None:
    """Efface le brouillon et tout ce qui y était tapé, à la demande de la personne."""
    with transaction.atomic():
        courant = _brouillon_sous_verrou(candidat, par)
        noter(courant, "jeter_brouillon", par=par, de=courant.etat)
        courant.delete()


def _limiter(quoi: str, cle: object) -> None:
    """Hors de toute transaction : un essai refusé compte quand même."""
    if limites.depasse(f"candidature:{quoi}:{cle}", maximum=regles.RENVOIS_PAR_HEURE, duree=timedelta(hours=1)):
        raise TropDeDemandes("Nous avons déjà envoyé plusieurs liens. Attendez une heure avant d'en redemander un.")


def _adresse(email: str) -> str:
    """L'adresse normalisée ; ValidationError si ce n'en est pas une, ou si elle se fermera avec un contrat."""
    try:
        adresse = adresse_sure(normaliser_courriel(email))
    except AdresseRefusee as erreur:
        message = "Saisissez une adresse électronique simple, du type nom@domaine.fr."
        raise ValidationError({"email": message}) from erreur
    if refus := regles_profil.adresse_refusee(adresse):
        raise ValidationError({"email": refus})
    return adresse


def _exiger(candidat: Candidat, par: Acteur) -> None:
    """Le droit d'abord : qui n'en a pas n'use pas non plus la limite d'un autre."""
    if not peut_saisir(par, candidat):
        raise PermissionDenied


def envoyer_lien_reprise(candidat: Candidat, *, email: str, par: Acteur) -> None:
    """Envoie un lien pour finir plus tard ; il périme le précédent.

    Raises:
        TropDeDemandes: plus de trois liens en une heure, pour ce brouillon ou vers cette adresse.
        ValidationError: adresse invalide.
    """
    _exiger(candidat, par)
    adresse = _adresse(email)
    _limiter("reprise", candidat.pk)
    _limiter("adresse", adresse)
    with transaction.atomic():
        courant = _brouillon_sous_verrou(candidat, par)
        jeton, courant.jeton_reprise = nouveau_jeton()
        courant.save(update_fields=["jeton_reprise", "updated_at"])
        noter(courant, "envoyer_lien_reprise", par=par)
        mettre_en_file(emails.Reprise.de(jeton), a=adresse, objet=courant)


# --- Envoyer ------------------------------------------------------------------------------------------------------


def soumettre(candidat: Candidat, profil: Profil, *, email: str, par: Acteur) -> Candidat:
    """Envoie la candidature : elle attend que l'adresse soit confirmée.

    Ce que voit la personne ne dépend pas de ce que nous savons de l'adresse (original-platform § 7, S9) : seul le
    courriel diffère. Deux envois de la même adresse passent l'un après l'autre ; le second remplace le premier.

    Raises:
        ValidationError: une réponse manque ou n'est pas recevable, champ par champ.
        TransitionImpossible: déjà envoyée.
        TropDeDemandes: trop de courriels vers cette adresse.
    """
    _exiger(candidat, par)
    adresse = _adresse(email)
    profil = verifier(profil)
    _limiter("adresse", adresse)
    with transaction.atomic():
        connu = _liberer_l_adresse(adresse, candidat, par)
        courant = _brouillon_sous_verrou(candidat, par)
        return _envoyer(courant, connu, profil, adresse, par)


def _liberer_l_adresse(adresse: str, pour: Candidat, par: Acteur) -> Candidat | None:
    """Attend son tour pour cette adresse, efface l'envoi jamais confirmé qui l'occupait, rend la candidature connue."""
    verrouiller(f"candidature:{adresse}")
    connu = _de_cette_adresse(adresse, sauf=pour)
    if connu is not None and connu.etat == EtatCandidat.A_CONFIRMER:
        noter(connu, "remplacer_candidature", par=par, de=connu.etat, donnees={"par": pour.pk})
        connu.delete()
        return None
    return connu


def _envoyer(candidat: Candidat, connu: Candidat | None, profil: Profil, adresse: str, par: Acteur) -> Candidat:
    """`candidat` est un brouillon relu sous verrou ; `connu`, la candidature que cette adresse a déjà."""
    if connu is not None:
        return _garder_a_part(candidat, connu, profil, adresse, par)
    with transition(
        candidat, "soumettre_candidature", table=TRANSITIONS_CANDIDAT, par=par, peut=peut_saisir
    ) as courant:
        remplir(courant, profil)
        courant.email = adresse
        courant.saisie, courant.jeton_reprise = {}, ""
        courant.soumis_le = timezone.now()
        _ecrire_confirmation(courant, adresse)
    return courant


def _de_cette_adresse(adresse: str, *, sauf: Candidat) -> Candidat | None:
    return (
        Candidat.objects.select_for_update(of=("self",), no_key=True).filter(email=adresse).exclude(pk=sauf.pk).first()
    )


def _garder_a_part(candidat: Candidat, connu: Candidat, profil: Profil, adresse: str, par: Acteur) -> Candidat:
    """L'adresse a déjà une candidature : l'envoi reste à part tant que la boîte aux lettres n'a pas parlé.

    Retirée, elle revient par le lien de confirmation, avec ces réponses-ci ; sinon, le courriel dit de se connecter.
    """
    candidat.soumis_le, candidat.jeton_reprise, candidat.jeton_confirmation = timezone.now(), "", ""
    candidat.saisie = {"envoi": {"email": adresse, "profil": plier(profil)}}
    candidat.confirmable_jusqu_au = candidat.soumis_le + regles.DUREE_CONFIRMATION
    _ecrire_a_part(candidat, connu, adresse)
    candidat.save()
    noter(candidat, "garder_a_part", par=par)
    return candidat


def _ecrire_a_part(candidat: Candidat, connu: Candidat, adresse: str) -> None:
    if connu.etat == EtatCandidat.RETIRE:
        _ecrire_confirmation(candidat, adresse)
    else:
        mettre_en_file(emails.DejaInscrite.nouveau(), a=adresse, objet=connu)


def _ecrire_confirmation(candidat: Candidat, adresse: str) -> None:
    """Un lien neuf, le précédent ne vaut plus. La ligne est enregistrée par l'appelant."""
    jeton, candidat.jeton_confirmation = nouveau_jeton()
    candidat.confirmable_jusqu_au = timezone.now() + regles.DUREE_CONFIRMATION
    jusqu_au = timezone.localdate(candidat.confirmable_jusqu_au)
    mettre_en_file(emails.Confirmation.de(jeton, jusqu_au), a=adresse, objet=candidat)


def renvoyer_confirmation(candidat: Candidat, *, par: Acteur) -> Candidat:
    """Renvoie le courriel de l'envoi, à la même adresse, avec un lien pour 30 jours de plus.

    Raises:
        TropDeDemandes: plus de trois liens en une heure.
        TransitionImpossible: la candidature n'attend pas de confirmation.
    """
    _exiger(candidat, par)
    adresse = adresse_saisie(candidat)
    _limiter("confirmation", candidat.pk)
    _limiter("adresse", adresse)
    with transaction.atomic():
        verrouiller(f"candidature:{adresse}")
        connu = _de_cette_adresse(adresse, sauf=candidat)
        courant = _envoyee_sous_verrou(candidat, par)
        if courant.etat == EtatCandidat.A_CONFIRMER:
            _ecrire_confirmation(courant, adresse)
        elif connu is not None:
            _ecrire_a_part(courant, connu, adresse)
        courant.save()
        noter(courant, "renvoyer_confirmation", par=par)
    return courant


def _envoyee_sous_verrou(candidat: Candidat, par: Acteur) -> Candidat:
    courant = Candidat.objects.select_for_update(of=("self",), no_key=True).get(pk=candidat.pk)
    if not peut_saisir(par, courant):
        raise PermissionDenied
    if not est_envoyee(courant):
        raise TransitionImpossible("Cette candidature n'attend plus de confirmation.")
    return courant


def changer_d_adresse(candidat: Candidat, *, email: str, par: Acteur) -> Candidat:
    """L'adresse donnée était fausse : la même candidature part à une autre, l'ancien lien ne vaut plus.

    Rend la ligne qui porte désormais l'envoi : ce n'est pas toujours celle d'avant.

    Raises:
        ValidationError: adresse invalide.
        TropDeDemandes, TransitionImpossible: voir `renvoyer_confirmation`.
    """
    _exiger(candidat, par)
    adresse = _adresse(email)
    if adresse == adresse_saisie(candidat):
        return renvoyer_confirmation(candidat, par=par)
    _limiter("confirmation", candidat.pk)
    _limiter("adresse", adresse)
    with transaction.atomic():
        connu = _liberer_l_adresse(adresse, candidat, par)
        courant = _envoyee_sous_verrou(candidat, par)
        noter(courant, "changer_d_adresse", par=par)
        profil = profil_envoye(courant)
        if courant.etat == EtatCandidat.BROUILLON:
            return _envoyer(courant, connu, profil, adresse, par)
        if connu is not None:
            # La ligne à confirmer ne peut porter une adresse déjà prise : ses réponses passent sur un envoi à part.
            courant.delete()
            courant = Candidat.objects.create()
            return _garder_a_part(courant, connu, profil, adresse, porteur(courant))
        courant.email = adresse
        _ecrire_confirmation(courant, adresse)
        courant.save()
    return courant


def profil_envoye(candidat: Candidat) -> Profil:
    """Les réponses d'une candidature envoyée, qu'elle attende sur sa ligne ou à part. Une date passée vaut ce jour."""
    profil = deplier(candidat.saisie["envoi"]["profil"]) if "envoi" in candidat.saisie else profil_de(candidat)
    return replace(profil, disponible_le=max(profil.disponible_le, timezone.localdate()))


# --- Confirmer ----------------------------------------------------------------------------------------------------


def est_expiree(candidat: Candidat) -> bool:
    return candidat.confirmable_jusqu_au is None or candidat.confirmable_jusqu_au < timezone.now()


def confirmer(candidat: Candidat, *, par: Acteur) -> Candidat:
    """La personne prouve son adresse : son compte s'ouvre, elle entre au vivier (ou y revient).

    Raises:
        ConfirmationExpiree: le lien a plus de 30 jours.
        CompteDesactive: l'adresse est celle d'un compte fermé.
        TransitionImpossible: déjà confirmée, ou remplacée.
    """
    if candidat.etat == EtatCandidat.BROUILLON:
        return _revenir_par_le_formulaire(candidat, par=par)
    with transition(
        candidat, "confirmer_candidature", table=TRANSITIONS_CANDIDAT, par=par, peut=peut_saisir
    ) as courant:
        if est_expiree(courant):
            raise ConfirmationExpiree("Ce lien a expiré : il valait 30 jours.")
        courant.role = _ouvrir_acces(courant)
        maintenant = timezone.now()
        courant.confirme_le = courant.disponibilite_confirmee_le = courant.actif_le = maintenant
        # Datée d'hier par la durée du trajet, la disponibilité vaut aujourd'hui.
        assert courant.disponible_le is not None
        courant.disponible_le = max(courant.disponible_le, timezone.localdate())
        message = emails.Enregistree.de(courant)
        mettre_en_file(message, a=courant.email, objet=courant, cle=f"candidature-enregistree:{courant.pk}")
    return courant


def _ouvrir_acces(candidat: Candidat) -> Role:
    """Le compte de l'adresse prouvée, créé s'il n'existe pas, et son rôle de candidat, rouvert s'il était fermé."""
    personne = Utilisateur.objects.select_for_update().filter(email=candidat.email).first()
    if personne is None:
        personne = Utilisateur.objects.create_user(
            candidat.email, prenom=candidat.prenom, nom=candidat.nom, telephone=candidat.telephone
        )
    if not personne.is_active:
        raise CompteDesactive(
            "Le compte qui porte cette adresse a été désactivé. Écrivez à l'ANCT depuis la page « Contact », ou "
            "recommencez avec une autre adresse."
        )
    role, neuf = Role.objects.get_or_create(
        utilisateur=personne, type=TypeRole.CANDIDAT, defaults={"libelle": LIBELLE_ROLE}
    )
    if not role.actif:
        role.actif = True
        role.save(update_fields=["actif"])
    if neuf:
        noter(role, "ouvrir_role_candidat", par=porteur(candidat), donnees={"personne": personne.pk})
    return role


def _revenir_par_le_formulaire(candidat: Candidat, *, par: Acteur) -> Candidat:
    """Retirée puis renvoyée par le formulaire : la candidature d'origine revient, avec les réponses nouvelles."""
    adresse = adresse_saisie(candidat)
    with transaction.atomic():
        verrouiller(f"candidature:{adresse}")
        connu = _de_cette_adresse(adresse, sauf=candidat)
        courant = _envoyee_sous_verrou(candidat, par)
        if est_expiree(courant):
            raise ConfirmationExpiree("Ce lien a expiré : il valait 30 jours.")
        if connu is None or connu.etat != EtatCandidat.RETIRE:
            raise TransitionImpossible("Cette candidature est déjà au vivier : connectez-vous pour la modifier.")
        profil = profil_envoye(courant)
        noter(courant, "reprendre_candidature_retiree", par=par, donnees={"candidat": connu.pk})
        courant.delete()
        # Le lien prouve la boîte aux lettres de cette candidature : c'est bien sa titulaire qui revient.
        with transition(
            connu, "revenir_au_vivier", table=TRANSITIONS_CANDIDAT, par=porteur(connu), peut=peut_gerer_candidature
        ) as revenu:
            remplir(revenu, profil)
            revenu.role = _ouvrir_acces(revenu)
            marquer_de_retour(revenu)
            mettre_en_file(emails.Enregistree.de(revenu), a=revenu.email, objet=revenu)
    return revenu


def marquer_de_retour(candidat: Candidat) -> None:
    """De nouveau disponible : ce qui disait pourquoi elle ne l'était plus s'efface. L'appelant enregistre."""
    candidat.motif_retrait = candidat.precision_retrait = candidat.motif_pause = ""
    candidat.en_pause_depuis = None
    candidat.disponibilite_confirmee_le = candidat.actif_le = timezone.now()


# --- Ce qui expire ------------------------------------------------------------------------------------------------


def effacer_non_confirmees(avant: datetime) -> int:
    """Efface les brouillons laissés depuis cette date, et les envois dont le lien avait expiré ; rend leur nombre."""
    brouillons = Candidat.objects.filter(etat=EtatCandidat.BROUILLON, updated_at__lt=avant)
    envois = Candidat.objects.filter(etat=EtatCandidat.A_CONFIRMER, confirmable_jusqu_au__lt=timezone.now())
    return brouillons.delete()[0] + envois.delete()[0]
