"""Membres d'une structure : rejoindre, inviter, retirer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from conum.comptes.actions import CompteRefuse
from conum.comptes.models import DUREE_INVITATION, Invitation, Role, TypeRole
from conum.courriels.actions import mettre_en_file
from conum.journal.acteurs import SYSTEME, Acteur, anonyme
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.socle.jetons import empreinte, nouveau_jeton
from conum.structures import access, emails
from conum.structures.models import ChangementContact, DemandeRattachement, Membre, Structure
from conum.structures.states import TRANSITIONS, EtatChangement, EtatRattachement
from conum.utilisateurs.models import Utilisateur, normaliser_courriel

DUREE_DEMANDE = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Personne:
    """Qui rejoint une structure ; `telephone` et `fonction` sont ceux de sa place dans cette structure."""

    email: str
    prenom: str
    nom: str
    fonction: str = ""
    telephone: str = ""


def verrouiller(structure: Structure) -> Structure:
    """La ligne relue sous verrou : qui change les membres d'une structure passe l'un après l'autre."""
    return Structure.objects.select_for_update(of=("self",), no_key=True).get(pk=structure.pk)


def rattacher(structure: Structure, personne: Personne, *, par: Acteur) -> Membre:
    """Fait de la personne un membre (compte, rôle, rattachement), et le contact principal si la place est libre.

    Rejouable : une personne déjà membre le reste, sans rien changer. L'adresse n'ouvre un accès qu'à qui reçoit le code
    de connexion envoyé à cette adresse. Réservé au système, aux agents et aux membres.
    """
    with transaction.atomic():
        courante = verrouiller(structure)
        if not access.peut_gerer(par, courante):
            raise PermissionDenied
        return _rattacher(courante, personne, par=par)


def _rattacher(structure: Structure, personne: Personne, *, par: Acteur) -> Membre:
    utilisateur = _compte(personne)
    deja = Membre.objects.filter(structure=structure, role__utilisateur=utilisateur).first()
    if deja is not None:
        if not deja.role.actif:
            deja.role.actif = True
            deja.role.save()
            noter(structure, "rattacher_membre", par=par, donnees={"membre": deja.pk, "reactive": True})
        return deja
    role = Role.objects.create(utilisateur=utilisateur, type=TypeRole.STRUCTURE, libelle=structure.nom[:200])
    membre = Membre(
        structure=structure,
        role=role,
        fonction=personne.fonction,
        telephone=personne.telephone,
        contact_principal=not Membre.objects.filter(structure=structure, contact_principal=True).exists(),
    )
    membre.full_clean()
    membre.save()
    noter(
        structure,
        "rattacher_membre",
        par=par,
        donnees={"membre": membre.pk, "contact_principal": membre.contact_principal},
    )
    return membre


def _compte(personne: Personne) -> Utilisateur:
    email = normaliser_courriel(personne.email)
    utilisateur = Utilisateur.objects.filter(email=email).first()
    if utilisateur is None:
        utilisateur = Utilisateur(email=email, prenom=personne.prenom, nom=personne.nom, telephone=personne.telephone)
        utilisateur.set_unusable_password()
        utilisateur.full_clean(exclude=["password"])
        utilisateur.save()
    return utilisateur


# --- Demander à rejoindre -----------------------------------------------------------------------------------------


def demander_a_rejoindre(
    structure: Structure, personne: Personne, *, message: str = "", par: Acteur | None = None
) -> DemandeRattachement | None:
    """Dépose une demande et prévient qui peut y répondre. Rend None si elle n'apporte rien (déjà membre ou en attente).

    L'appelant répond la même chose dans tous les cas : la réponse ne dit pas qui est membre.
    """
    par = par or anonyme("demandeur", f"{personne.prenom} {personne.nom}")
    email = normaliser_courriel(personne.email)
    with transaction.atomic():
        courante = verrouiller(structure)
        if courante.fusionnee_dans is not None:
            return demander_a_rejoindre(courante.fusionnee_dans, personne, message=message, par=par)
        if Membre.objects.actifs().filter(structure=courante, role__utilisateur__email=email).exists():
            return None
        if DemandeRattachement.objects.filter(structure=courante, email=email, etat=EtatRattachement.DEPOSEE).exists():
            return None
        demande = DemandeRattachement(
            structure=courante,
            email=email,
            prenom=personne.prenom,
            nom=personne.nom,
            fonction=personne.fonction,
            telephone=personne.telephone,
            message=message,
        )
        demande.full_clean()
        demande.save()
        noter(demande, "demander_a_rejoindre", par=par, vers=demande.etat)
        for destinataire, role in _qui_repond(courante):
            mettre_en_file(
                emails.RattachementDemande.de(demande, role),
                a=destinataire,
                objet=demande,
                cle=f"rattachement-{demande.pk}-{role.pk}",
            )
        mettre_en_file(
            emails.RattachementRecu(courante.nom), a=email, objet=demande, cle=f"rattachement-{demande.pk}-recu"
        )
    return demande


def _qui_repond(structure: Structure) -> list[tuple[str, Role]]:
    """Les membres ; à défaut la préfecture du département ; à défaut l'ANCT."""
    roles = Role.objects.actifs().select_related("utilisateur").order_by("pk")
    candidats = (
        roles.filter(membre__structure=structure),
        roles.filter(type=TypeRole.PREFECTURE, departement_id=structure.commune.departement_id),
        roles.filter(type=TypeRole.ANCT),
    )
    for groupe in candidats:
        if trouves := list(groupe):
            return [(role.utilisateur.email, role) for role in trouves]
    return []


def accepter_rattachement(demande: DemandeRattachement, *, par: Acteur) -> Membre:
    """La personne devient membre. Lève TransitionImpossible si la demande est déjà traitée."""
    with transaction.atomic():
        verrouiller(demande.structure)
        with transition(
            demande, "accepter_rattachement", table=TRANSITIONS, par=par, peut=access.peut_traiter_rattachement
        ) as courante:
            courante.traitee_le = timezone.now()
        personne = Personne(
            email=courante.email,
            prenom=courante.prenom,
            nom=courante.nom,
            fonction=courante.fonction,
            telephone=courante.telephone,
        )
        membre = _rattacher(courante.structure, personne, par=par)
        mettre_en_file(
            emails.RattachementAccepte(courante.structure.nom, settings.SITE_URL + reverse("account_login")),
            a=courante.email,
            objet=courante,
            cle=f"rattachement-{courante.pk}-accepte",
        )
    return membre


def refuser_rattachement(demande: DemandeRattachement, *, motif: str, par: Acteur) -> DemandeRattachement:
    """Raises ValidationError si le motif est vide, TransitionImpossible si la demande est déjà traitée."""
    if not motif.strip():
        raise ValidationError({"motif": "Dites pourquoi : la personne le lira."})
    with transition(
        demande,
        "refuser_rattachement",
        table=TRANSITIONS,
        par=par,
        peut=access.peut_traiter_rattachement,
        motif=motif.strip(),
    ) as courante:
        courante.motif_refus = motif.strip()
        courante.traitee_le = timezone.now()
        mettre_en_file(
            emails.RattachementRefuse(courante.structure.nom, motif.strip()),
            a=courante.email,
            objet=courante,
            cle=f"rattachement-{courante.pk}-refuse",
        )
    return courante


def expirer_demandes() -> int:
    """Clôt les demandes à rejoindre restées 30 jours sans réponse ; rend leur nombre. Rejouable."""
    limite = timezone.now() - DUREE_DEMANDE
    ouvertes = DemandeRattachement.objects.filter(etat=EtatRattachement.DEPOSEE, created_at__lt=limite).order_by("pk")
    nombre = 0
    for demande in ouvertes.select_related("structure"):
        try:
            with transition(
                demande, "expirer_rattachement", table=TRANSITIONS, par=SYSTEME, peut=access.est_systeme
            ) as courante:
                courante.traitee_le = timezone.now()
                mettre_en_file(
                    emails.RattachementExpire(courante.structure.nom, emails.lien_rejoindre(courante.structure)),
                    a=courante.email,
                    objet=courante,
                    cle=f"rattachement-{courante.pk}-expire",
                )
        except TransitionImpossible:
            continue  # traitée entre-temps
        nombre += 1
    return nombre


def anonymiser_demandes(avant: datetime) -> int:
    """Efface la personne des demandes traitées avant cette date (conservation) ; rend leur nombre."""
    anciennes = DemandeRattachement.objects.filter(traitee_le__lt=avant).exclude(email="")
    vide = {"email": "", "prenom": "", "nom": "", "fonction": "", "telephone": "", "message": ""}
    return anciennes.update(**vide)


# --- Inviter ------------------------------------------------------------------------------------------------------


def inviter_membre(structure: Structure, *, email: str, par: Acteur) -> Invitation:
    """Invite une adresse à devenir membre : 28 jours, un seul usage. Réinviter renvoie un lien et périme le précédent.

    Raises:
        TransitionImpossible: la personne est déjà membre.
    """
    adresse = normaliser_courriel(email)
    with transaction.atomic():
        courante = verrouiller(structure)
        if not access.peut_gerer(par, courante):
            raise PermissionDenied
        if Membre.objects.actifs().filter(structure=courante, role__utilisateur__email=adresse).exists():
            raise TransitionImpossible("Cette personne est déjà membre de la structure.")
        clair, trace = nouveau_jeton()
        invitation = _invitations(courante).filter(email=adresse).first() or Invitation(
            email=adresse, type=TypeRole.STRUCTURE, code=str(courante.pk), libelle=courante.nom[:200]
        )
        renvoi = invitation.pk is not None
        invitation.jeton_empreinte, invitation.expire_le = trace, timezone.now() + DUREE_INVITATION
        invitation.invitee_par = par if isinstance(par, Role) else None
        # Le système n'a pas de rôle : le modèle admet le vide, pas sa validation.
        invitation.full_clean(exclude=["invitee_par"])
        invitation.save()
        noter(
            courante,
            "renvoyer_invitation" if renvoi else "inviter_membre",
            par=par,
            donnees={"invitation": invitation.pk},
        )
        mettre_en_file(
            emails.InvitationMembre.de(courante, invitation, clair, par.libelle_acteur),
            a=adresse,
            objet=courante,
            cle=f"invitation-{trace}",
        )
    return invitation


def invitations_ouvertes(structure: Structure) -> list[Invitation]:
    return list(_invitations(structure).filter(expire_le__gt=timezone.now()).order_by("-created_at"))


def _invitations(structure: Structure):  # type: ignore[no-untyped-def]
    return Invitation.objects.filter(type=TypeRole.STRUCTURE, code=str(structure.pk), acceptee_le=None, annulee_le=None)


def annuler_invitation(structure: Structure, invitation_id: int, *, par: Acteur) -> None:
    with transaction.atomic():
        courante = verrouiller(structure)
        if not access.peut_gerer(par, courante):
            raise PermissionDenied
        annulees = _invitations(courante).filter(pk=invitation_id).update(annulee_le=timezone.now())
        if not annulees:
            raise TransitionImpossible("Cette invitation n'est plus en attente.")
        noter(courante, "annuler_invitation", par=par, donnees={"invitation": invitation_id})


def lire_invitation(jeton: str) -> tuple[Invitation, Structure] | None:
    """L'invitation ouverte que porte ce lien et la structure où elle mène, None si elle n'est plus valable."""
    invitation = Invitation.objects.filter(type=TypeRole.STRUCTURE, jeton_empreinte=empreinte(jeton)).first()
    if invitation is None or not invitation.est_ouverte:
        return None
    structure = Structure.objects.select_related("fusionnee_dans").filter(pk=invitation.code).first()
    if structure is None:
        return None
    return invitation, structure.fusionnee_dans or structure


def accepter_invitation(jeton: str, *, prenom: str, nom: str, fonction: str = "", telephone: str = "") -> Membre:
    """La personne qui tient le lien devient membre. Lève TransitionImpossible si l'invitation n'est plus valable."""
    with transaction.atomic():
        lue = lire_invitation(jeton)
        if lue is None:
            raise TransitionImpossible("Cette invitation n'est plus valable. Demandez qu'elle vous soit renvoyée.")
        structure = verrouiller(lue[1])
        invitation = Invitation.objects.select_for_update(of=("self",)).get(pk=lue[0].pk)
        if not invitation.est_ouverte or invitation.jeton_empreinte != empreinte(jeton):
            raise TransitionImpossible("Cette invitation a déjà servi.")
        personne = Personne(email=invitation.email, prenom=prenom, nom=nom, fonction=fonction, telephone=telephone)
        membre = _rattacher(structure, personne, par=anonyme("invite", "Personne invitée", invitation.pk))
        invitation.acceptee_le, invitation.role_cree = timezone.now(), membre.role
        invitation.save()
    return membre


# --- Retirer ------------------------------------------------------------------------------------------------------


def _autres_membres(membre: Membre) -> QuerySet[Membre]:
    """Ceux qui peuvent encore répondre pour la structure : un compte désactivé ne compte pas."""
    actifs = Membre.objects.filter(structure=membre.structure, role__actif=True, role__utilisateur__is_active=True)
    return actifs.exclude(pk=membre.pk)


def refuser_depart_du_dernier_membre(personne: Utilisateur) -> None:
    """Garde de départ des comptes : la fermeture ou l'effacement d'un compte ne laisse pas une structure sans personne.

    Raises:
        CompteRefuse: cette personne est seule à répondre pour une structure.
    """
    for membre in Membre.objects.filter(role__utilisateur=personne, role__actif=True).order_by("structure_id"):
        structure = verrouiller(membre.structure)
        if not _autres_membres(membre).exists():
            raise CompteRefuse(f"C'est la seule personne de la structure « {structure.nom} » : invitez-en une autre.")


def retirer_membre(membre: Membre, *, par: Acteur, motif: str = "") -> None:
    """Retire une personne : son rôle est désactivé, son compte demeure.

    Raises:
        TransitionImpossible: c'est le dernier membre, ou le contact principal.
    """
    with transaction.atomic():
        structure = verrouiller(membre.structure)
        if not access.peut_gerer(par, structure):
            raise PermissionDenied
        membres = Membre.objects.select_related("role__utilisateur").filter(structure=structure)
        courant = membres.filter(pk=membre.pk).first()
        if courant is None:
            raise TransitionImpossible("Cette personne n'est plus membre de la structure.")
        if not _autres_membres(courant).exists():
            raise TransitionImpossible(
                "C'est le dernier membre : plus personne ne répondrait pour la structure. Invitez d'abord quelqu'un."
            )
        if courant.contact_principal:
            raise TransitionImpossible("C'est le contact principal : désignez d'abord un autre contact principal.")
        role, email = courant.role, courant.role.utilisateur.email
        ChangementContact.objects.filter(entrant=courant, etat=EtatChangement.PROPOSE).update(
            etat=EtatChangement.ANNULE
        )
        noter(structure, "retirer_membre", par=par, motif=motif, donnees={"membre": courant.pk, "role": role.pk})
        courant.delete()
        role.actif = False
        role.save()
        mettre_en_file(emails.MembreRetire(structure.nom), a=email, objet=structure, cle=f"membre-retire-{membre.pk}")


def modifier_membre(membre: Membre, *, fonction: str, telephone: str, par: Acteur) -> Membre:
    with transaction.atomic():
        structure = verrouiller(membre.structure)
        if not access.peut_gerer(par, structure):
            raise PermissionDenied
        courant = Membre.objects.get(pk=membre.pk)
        courant.fonction, courant.telephone = fonction.strip(), telephone.strip()
        courant.full_clean()
        courant.save()
        noter(structure, "modifier_membre", par=par, donnees={"membre": courant.pk})
    return courant
