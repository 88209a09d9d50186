"""Ce qu'une personne change à son propre compte."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from conum.comptes import emails
from conum.comptes.actions.erreurs import AucunCompte, CompteRefuse, LienPerime
from conum.comptes.models import DUREE_CHANGEMENT_ADRESSE, ChangementAdresse, IdentiteProConnect
from conum.courriels.actions import mettre_en_file
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.socle.jetons import empreinte, nouveau_jeton
from conum.utilisateurs.models import Utilisateur, normaliser_courriel

SUITES_D_ADRESSE: list[Callable[[Utilisateur], None]] = []
"""Ce que les apps plus hautes recopient quand une personne change d'adresse (« celle de sa candidature ») : elles s'y
inscrivent dans leur apps.ready()."""


@transaction.atomic
def modifier_identite(utilisateur: Utilisateur, *, prenom: str, nom: str, telephone: str, par: Acteur) -> Utilisateur:
    courant = Utilisateur.objects.select_for_update().get(pk=utilisateur.pk)
    nouveau = {"prenom": prenom, "nom": nom, "telephone": telephone}
    change = [champ for champ, valeur in nouveau.items() if getattr(courant, champ) != valeur]
    if change:
        for champ in change:
            setattr(courant, champ, nouveau[champ])
        courant.full_clean()
        courant.save(update_fields=change)
        # Les valeurs n'entrent pas au journal, qui ne s'efface pas.
        noter(courant, "modifier_identite", par=par, donnees={"champs": change})
    return courant


@transaction.atomic
def demander_changement_adresse(utilisateur: Utilisateur, nouvelle: str, *, par: Acteur) -> ChangementAdresse:
    """Écrit aux deux adresses ; rien ne change avant la confirmation depuis la nouvelle.

    Une adresse déjà prise n'est pas signalée ici : on ne doit pas pouvoir deviner qui a un compte.

    Raises:
        CompteRefuse: c'est déjà l'adresse du compte.
    """
    nouvelle = normaliser_courriel(nouvelle)
    validate_email(nouvelle)
    courant = Utilisateur.objects.select_for_update().get(pk=utilisateur.pk)
    if nouvelle == courant.email:
        raise CompteRefuse("C'est déjà l'adresse de votre compte.")
    jeton, trace = nouveau_jeton()
    expire_le = timezone.now() + DUREE_CHANGEMENT_ADRESSE
    changement, _ = ChangementAdresse.objects.update_or_create(
        utilisateur=courant, defaults={"nouvelle": nouvelle, "jeton_empreinte": trace, "expire_le": expire_le}
    )
    lien = settings.SITE_URL + reverse("comptes:confirmer_adresse", args=[jeton])
    mettre_en_file(emails.AdresseAConfirmer(lien=lien, expire_le=expire_le), a=nouvelle, objet=courant)
    avis = emails.ChangementAdresseDemande(nouvelle=nouvelle, lien=settings.SITE_URL + reverse("comptes:mon_compte"))
    mettre_en_file(avis, a=courant.email, objet=courant)
    noter(courant, "demander_changement_adresse", par=par)
    return changement


@transaction.atomic
def annuler_changement_adresse(utilisateur: Utilisateur, *, par: Acteur) -> None:
    """Le lien envoyé à la nouvelle adresse ne sert plus ; sans effet s'il n'y a rien à annuler."""
    if ChangementAdresse.objects.filter(utilisateur=utilisateur).delete()[0]:
        noter(utilisateur, "annuler_changement_adresse", par=par)


def changement_ouvert(jeton: str) -> ChangementAdresse:
    """Raises:
    LienPerime: lien inconnu, employé, remplacé, annulé ou passé.
    """
    changement = (
        ChangementAdresse.objects.filter(jeton_empreinte=empreinte(jeton), expire_le__gt=timezone.now())
        .select_related("utilisateur")
        .first()
    )
    if changement is None or not changement.utilisateur.is_active:
        raise LienPerime("Ce lien ne sert plus. Recommencez le changement d'adresse depuis votre compte.")
    return changement


@transaction.atomic
def confirmer_changement_adresse(jeton: str, *, par: Acteur) -> Utilisateur:
    """La nouvelle adresse devient celle du compte ; l'ancienne en est avertie.

    Raises:
        LienPerime: voir `changement_ouvert`.
        CompteRefuse: un autre compte a déjà cette adresse (qui tient le lien tient aussi cette boîte).
    """
    changement = changement_ouvert(jeton)
    courant = Utilisateur.objects.select_for_update().get(pk=changement.utilisateur_id)
    # Relu sous verrou : deux clics à la fois n'en font qu'un.
    if not ChangementAdresse.objects.filter(pk=changement.pk, jeton_empreinte=empreinte(jeton)).exists():
        raise LienPerime("Ce lien a déjà servi.")
    if Utilisateur.objects.filter(email=changement.nouvelle).exists():
        raise CompteRefuse("Cette adresse est déjà celle d'un autre compte.")
    ancienne, courant.email = courant.email, changement.nouvelle
    courant.save(update_fields=["email"])
    changement.delete()
    for suite in SUITES_D_ADRESSE:
        suite(courant)
    mettre_en_file(emails.AdresseChangee(nouvelle=courant.email), a=ancienne, objet=courant)
    noter(courant, "confirmer_changement_adresse", par=par)
    return courant


@transaction.atomic
def rattacher_proconnect(utilisateur: Utilisateur, *, emetteur: str, sujet: str, par: Acteur) -> IdentiteProConnect:
    """Retient par quel sujet ProConnect désigne cette personne, et l'en avertit.

    Raises:
        CompteRefuse: une autre identité ProConnect est déjà rattachée à ce compte.
    """
    courant = Utilisateur.objects.select_for_update().get(pk=utilisateur.pk)
    if IdentiteProConnect.objects.filter(utilisateur=courant).exists():
        raise CompteRefuse(
            "Une autre identité ProConnect est déjà rattachée à votre compte. Connectez-vous par code, puis "
            "détachez-la depuis « Mon compte »."
        )
    identite = IdentiteProConnect(utilisateur=courant, emetteur=emetteur, sujet=sujet)
    identite.full_clean()
    identite.save()
    noter(courant, "rattacher_proconnect", par=par, donnees={"emetteur": emetteur})
    mettre_en_file(emails.ProConnectRattache(), a=courant.email, objet=courant)
    return identite


@transaction.atomic
def personne_de_proconnect(emetteur: str, sujet: str, email: str, *, par: Acteur) -> Utilisateur:
    """Le compte de cette identité : par son sujet d'abord, sinon par son adresse, et le sujet est alors retenu.

    Une adresse changée chez ProConnect ne change pas celle du compte.

    Raises:
        AucunCompte: ni le sujet ni l'adresse ne sont connus ; rien n'est créé.
        CompteRefuse: le compte de cette adresse est rattaché à une autre identité.
    """
    connue = IdentiteProConnect.objects.filter(emetteur=emetteur, sujet=sujet).select_related("utilisateur").first()
    if connue is not None:
        return connue.utilisateur
    personne = Utilisateur.objects.filter(email=normaliser_courriel(email), anonymise_le=None).first()
    if personne is None:
        raise AucunCompte("Aucun compte ne correspond à votre adresse ProConnect.")
    # Un compte fermé n'est pas modifié : l'ouverture de session le refusera.
    if personne.is_active:
        rattacher_proconnect(personne, emetteur=emetteur, sujet=sujet, par=par)
    return personne


@transaction.atomic
def detacher_proconnect(utilisateur: Utilisateur, *, par: Acteur) -> None:
    """Sans effet si aucune identité n'est rattachée."""
    if IdentiteProConnect.objects.filter(utilisateur=utilisateur).delete()[0]:
        noter(utilisateur, "detacher_proconnect", par=par)
