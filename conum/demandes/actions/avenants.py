"""Demander des postes en plus, ou en rendre : un avenant à la fois, même décision (programme-apps § 3.H)."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from conum.comptes.models import Role
from conum.courriels.actions import mettre_en_file
from conum.demandes import rules
from conum.demandes.access import peut_demander_avenant
from conum.demandes.emails import depot as emails
from conum.demandes.emails import destinataires
from conum.demandes.models import Decision, Demande, Nature, SensDecision
from conum.demandes.states import OUVERTS, Etat
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.postes.models import Poste
from conum.socle.enregistrement import enregistrer
from conum.structures.models import Structure

AVENANTS = (Nature.AJOUT, Nature.RENDU)


def postes_libres(structure: Structure, type_poste: str) -> int:
    """Les postes de ce type que la structure peut rendre aujourd'hui."""
    return Poste.objects.libres_de(structure, timezone.localdate()).filter(type=type_poste).count()


def derniere_attribution(structure: Structure) -> Demande | None:
    """La dernière demande de postes que la structure a obtenue, None si elle n'en a jamais eu."""
    attribuees = Decision.objects.filter(sens=SensDecision.ATTRIBUEE, demande__structure=structure)
    decision = (
        attribuees.exclude(demande__nature=Nature.RENDU)
        .select_related("demande__commune", "demande__departement")
        .order_by("-pk")
        .first()
    )
    return decision.demande if decision else None


def avenant_ouvert(structure: Structure) -> Demande | None:
    return Demande.objects.filter(structure=structure, nature__in=AVENANTS, etat__in=OUVERTS).order_by("pk").first()


def demander_avenant(
    structure: Structure,
    *,
    nature: str,
    nombre: int,
    type_poste: str,
    motif_code: str,
    precisions: str,
    par: Acteur,
) -> Demande:
    """Dépose un avenant. Un ajout attend l'avis de la préfecture ; un rendu va droit à la décision, sans avis.

    Raises:
        TransitionImpossible: un avenant est déjà en cours, ou la structure n'a jamais eu de poste.
        ValidationError: motif, nombre ou précisions non recevables.
    """
    precisions = precisions.strip()
    with transaction.atomic():
        # Sous verrou : deux membres qui cliquent ensemble ne déposent qu'un avenant.
        courante = Structure.objects.select_for_update(of=("self",), no_key=True).get(pk=structure.pk)
        if not isinstance(par, Role) or not peut_demander_avenant(par, courante):
            raise PermissionDenied
        if (ouvert := avenant_ouvert(courante)) is not None:
            raise TransitionImpossible(f"Un avenant est déjà en cours d'instruction ({ouvert.reference}).")
        obtenue = derniere_attribution(courante)
        if obtenue is None:
            raise TransitionImpossible("Votre structure n'a pas encore de poste : déposez une demande d'accueil.")
        libres = postes_libres(courante, type_poste)
        erreurs = rules.verifier_avenant(
            nature=nature, nombre=nombre, type_poste=type_poste, motif=motif_code, libres=libres
        )
        erreurs += rules.verifier_longueur("precisions", precisions, rules.TEXTE_MIN, rules.TEXTE_MAX)
        if erreurs:
            raise ValidationError({erreur.champ: erreur.message for erreur in erreurs})
        demande = _creer(courante, obtenue, nature, nombre, type_poste, motif_code, precisions, par)
        noter(demande, "demander_avenant", par=par, vers=demande.etat, motif=precisions, donnees={"nombre": nombre})
        _prevenir(demande)
    return demande


def _creer(
    structure: Structure,
    obtenue: Demande,
    nature: str,
    nombre: int,
    type_poste: str,
    motif_code: str,
    precisions: str,
    par: Role,
) -> Demande:
    personne = par.utilisateur
    demande = Demande(
        nature=nature,
        etat=Etat.DEPOSEE if nature == Nature.AJOUT else Etat.EN_INSTRUCTION,
        structure=structure,
        commune=obtenue.commune,
        departement=obtenue.departement,
        type_poste=type_poste,
        postes_demandes=nombre,
        motivation=precisions,
        motif_avenant=motif_code,
        contact_prenom=personne.prenom,
        contact_nom=personne.nom,
        contact_email=personne.email,
        contact_telephone=personne.telephone,
        deposee_le=timezone.now(),
    )
    enregistrer(demande)
    return demande


def _prevenir(demande: Demande) -> None:
    for qui in destinataires.de_la_structure(demande):
        message = emails.AvenantDepose.de(demande, qui.lien)
        mettre_en_file(message, a=qui.email, objet=demande, cle=f"avenant:{demande.pk}:structure:{qui.email}")
    agents = destinataires.de_la_prefecture(demande)
    if demande.nature == Nature.RENDU or not agents:
        # Un rendu attend la décision de l'ANCT, pas un avis.
        agents = agents + destinataires.de_l_anct(demande)
    for qui in agents:
        message = emails.AvenantDepose.de(demande, qui.lien, pour_agent=True)
        mettre_en_file(message, a=qui.email, objet=demande, cle=f"avenant:{demande.pk}:agent:{qui.email}")
