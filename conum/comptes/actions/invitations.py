from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from conum.comptes import emails
from conum.comptes.access import peut_inviter, peut_suivre_invitation
from conum.comptes.actions.erreurs import CompteRefuse, LienPerime
from conum.comptes.models import DUREE_INVITATION, Invitation, InvitationQuerySet, Role, TypeRole
from conum.comptes.rules import Qualite
from conum.courriels.actions import mettre_en_file
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.socle.jetons import empreinte, nouveau_jeton
from conum.territoires.models import Departement, Region
from conum.utilisateurs.models import Utilisateur, normaliser_courriel


def libelle_de_role(
    type_: str, departement: Departement | None = None, region: Region | None = None, code: str = ""
) -> str:
    """Ce que la personne lit dans le choix de rôle : « Préfecture — Marne »."""
    match type_:
        case TypeRole.PREFECTURE if departement:
            return f"Préfecture — {departement.nom}"
        case TypeRole.REGION if region:
            return f"Préfecture de région — {region.nom}"
        case TypeRole.RESEAU | TypeRole.HUB:
            return f"{TypeRole(type_).label} — {code}"
    return str(TypeRole(type_).label)


def _envoyer(invitation: Invitation, par: Acteur) -> None:
    """Donne à l'invitation un lien neuf, qui périme le précédent, et l'envoie."""
    jeton, invitation.jeton_empreinte = nouveau_jeton()
    invitation.envoyee_le = timezone.now()
    invitation.expire_le = invitation.envoyee_le + DUREE_INVITATION
    invitation.full_clean(validate_unique=False)
    invitation.save()
    message = emails.InvitationEnvoyee(
        libelle=invitation.libelle,
        invitant=par.libelle_acteur,
        lien=settings.SITE_URL + reverse("comptes:invitation", args=[jeton]),
        expire_le=invitation.expire_le,
    )
    mettre_en_file(message, a=invitation.email, objet=invitation)


@transaction.atomic
def inviter(
    email: str,
    type_: str,
    *,
    par: Acteur,
    departement: Departement | None = None,
    region: Region | None = None,
    code: str = "",
    libelle: str = "",
) -> Invitation:
    """Invite une adresse à un rôle. Une invitation restée sans réponse au-delà de son échéance est reprise.

    Les membres d'une structure s'invitent par `structures.actions.inviter_membre`. Le `libelle` d'un agent d'organisme
    de formation porte le nom de l'organisme, que cette app ne connaît pas : sa page le donne, un collègue le partage.

    Raises:
        PermissionDenied: ce rôle n'invite pas à cette qualité.
        CompteRefuse: la personne a déjà ce rôle, une invitation attend déjà, ou son compte est désactivé.
    """
    email = normaliser_courriel(email)
    validate_email(email)
    vise = Qualite(type_, (departement and departement.pk) or (region and region.pk) or code)
    if type_ == TypeRole.STRUCTURE:
        raise CompteRefuse("Les membres d'une structure sont invités depuis la page de leur structure.")
    if isinstance(par, Role) and not peut_inviter(par, vise):
        raise PermissionDenied
    libelle = libelle or _libelle(type_, departement, region, code, par)
    _refuser_si_inutile(email, type_, departement, region, code)
    perimetre = {"type": type_, "departement": departement, "region": region, "code": code}
    attente = Invitation.objects.select_for_update(of=("self",)).en_attente().filter(email=email, **perimetre).first()
    if attente is not None and attente.est_ouverte:
        raise CompteRefuse("Une invitation attend déjà une réponse à cette adresse : renvoyez-la.")
    invitation = attente or Invitation(email=email, **perimetre)
    invitation.libelle = libelle
    invitation.invitee_par_id = par.role_id
    _envoyer(invitation, par)
    noter(invitation, "inviter", par=par, donnees={"role": invitation.libelle})
    return invitation


def _libelle(type_: str, departement: Departement | None, region: Region | None, code: str, par: Acteur) -> str:
    if type_ != TypeRole.ORGANISME:
        return libelle_de_role(type_, departement, region, code)
    # Un collègue du même organisme : `peut_inviter` vient de le vérifier.
    if isinstance(par, Role) and par.type == TypeRole.ORGANISME:
        return par.libelle
    raise CompteRefuse("Les agents d'un organisme de formation sont invités depuis la page de leur organisme.")


def _refuser_si_inutile(
    email: str, type_: str, departement: Departement | None, region: Region | None, code: str
) -> None:
    personne = Utilisateur.objects.filter(email=email).first()
    if personne is None:
        return
    if not personne.is_active:
        raise CompteRefuse("Le compte qui porte cette adresse a été désactivé : l'ANCT peut le réactiver.")
    meme = Role.objects.filter(utilisateur=personne, type=type_, departement=departement, region=region, code=code)
    if meme.filter(actif=True).exists():
        raise CompteRefuse("Cette personne a déjà ce rôle.")


def _relire(invitation: Invitation, par: Acteur) -> Invitation:
    """L'invitation relue sous verrou, si elle attend encore une réponse et que `par` la gère."""
    courante = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
    if isinstance(par, Role) and not peut_suivre_invitation(par, courante):
        raise PermissionDenied
    if courante.acceptee_le:
        raise CompteRefuse("Cette invitation a déjà été acceptée.")
    if courante.annulee_le:
        raise CompteRefuse("Cette invitation a été annulée.")
    return courante


@transaction.atomic
def renvoyer_invitation(invitation: Invitation, *, par: Acteur) -> Invitation:
    """Envoie un lien neuf pour 28 jours ; le lien précédent ne sert plus.

    Raises:
        PermissionDenied, CompteRefuse: voir `annuler_invitation`.
    """
    courante = _relire(invitation, par)
    _envoyer(courante, par)
    noter(courante, "renvoyer_invitation", par=par)
    return courante


@transaction.atomic
def annuler_invitation(invitation: Invitation, *, par: Acteur, motif: str = "") -> Invitation:
    """Raises:
    PermissionDenied: ce rôle ne gère pas cette qualité.
    CompteRefuse: l'invitation a déjà été acceptée ou annulée.
    """
    courante = _relire(invitation, par)
    courante.annulee_le = timezone.now()
    courante.save()
    noter(courante, "annuler_invitation", par=par, motif=motif)
    return courante


def _portees_par(jeton: str) -> InvitationQuerySet:
    # Celles des structures ont leur propre page, qui donne aussi une place dans la structure.
    return Invitation.objects.exclude(type=TypeRole.STRUCTURE).filter(jeton_empreinte=empreinte(jeton))


def invitation_ouverte(jeton: str) -> Invitation:
    """L'invitation que désigne ce lien.

    Raises:
        LienPerime: le lien ne sert plus ; le message dit pourquoi quand on le sait.
    """
    invitation = _portees_par(jeton).select_related("departement", "region", "invitee_par__utilisateur").first()
    return _verifier_ouverte(invitation)


def _verifier_ouverte(invitation: Invitation | None) -> Invitation:
    if invitation is None:
        raise LienPerime("Ce lien n'existe pas, ou une invitation plus récente l'a remplacé.")
    if invitation.acceptee_le:
        raise LienPerime("Cette invitation a déjà été acceptée : il vous suffit de vous connecter.")
    if invitation.annulee_le:
        raise LienPerime("Cette invitation a été annulée.")
    if not invitation.est_ouverte:
        raise LienPerime("Cette invitation a expiré. Demandez qu'elle vous soit renvoyée.")
    return invitation


@transaction.atomic
def accepter_invitation(jeton: str, *, par: Acteur, prenom: str = "", nom: str = "") -> Role:
    """Crée le rôle, et le compte s'il n'existe pas : qui tient le lien tient la boîte aux lettres.

    Deux clics à la fois : le second attend le premier, puis trouve l'invitation acceptée.

    Raises:
        LienPerime: le lien ne sert plus.
        CompteRefuse: le compte qui porte cette adresse est désactivé.
    """
    invitation = _verifier_ouverte(_portees_par(jeton).select_for_update(of=("self",)).first())
    personne = _compte(invitation.email, prenom, nom)
    role = _role(personne, invitation)
    invitation.acceptee_le = timezone.now()
    invitation.role_cree = role
    invitation.save()
    noter(role, "accepter_invitation", par=par, donnees={"invitation": invitation.pk, "personne": personne.pk})
    return role


def _compte(email: str, prenom: str, nom: str) -> Utilisateur:
    personne = Utilisateur.objects.select_for_update().filter(email=email).first()
    if personne is None:
        return Utilisateur.objects.create_user(email, prenom=prenom, nom=nom)
    if not personne.is_active:
        raise CompteRefuse("Votre compte a été désactivé : adressez-vous à l'ANCT.")
    if not personne.nom and nom:
        personne.prenom, personne.nom = prenom, nom
        personne.save(update_fields=["prenom", "nom"])
    return personne


def _role(personne: Utilisateur, invitation: Invitation) -> Role:
    """Un rôle retiré puis proposé de nouveau est le même, réactivé."""
    vise: dict[str, Any] = {
        "utilisateur": personne,
        "type": invitation.type,
        "departement": invitation.departement,
        "region": invitation.region,
        "code": invitation.code,
    }
    role = Role.objects.filter(**vise).first() or Role(**vise)
    role.libelle = invitation.libelle
    role.actif = True
    role.full_clean()
    role.save()
    return role
