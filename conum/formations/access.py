"""Qui peut faire quoi d'une formation. Les gabarits et les actions posent la même question.

L'organisme forme les siens ; la structure inscrit et suit les siens ; le conseiller se positionne, signe et lit ce qui
est à lui ; l'ANCT organise ; la préfecture lit son département.
"""

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from conum.comptes.models import Role, TypeRole
from conum.formations.models import (
    Dispense,
    EtatRecapitulatif,
    ImportResultats,
    Inscription,
    InscriptionModule,
    InvitationSatisfaction,
    Organisme,
    PassageAffectation,
    Place,
    PropositionSession,
    Seance,
    SessionFormation,
)
from conum.journal.acteurs import Acteur, ActeurSansCompte
from conum.postes.access import est_anct, est_membre_de, est_systeme
from conum.postes.models import Contrat

AGENTS = (TypeRole.ANCT, TypeRole.PREFECTURE, TypeRole.REGION)
LECTEURS = (*AGENTS, TypeRole.STRUCTURE, TypeRole.ORGANISME)
FORMATEURS = (TypeRole.ORGANISME, TypeRole.ANCT)
APPRENANT, FORMATEUR, REPONDANT = "apprenant", "formateur", "repondant"
"""Qui signe sans compte (`journal.acteurs.anonyme`), et ce qu'il tient : une place, une séance."""


def est_organisme(acteur: Acteur, organisme: Organisme | None) -> bool:
    """Un agent de cet organisme."""
    return (
        organisme is not None
        and isinstance(acteur, Role)
        and acteur.actif
        and acteur.type == TypeRole.ORGANISME
        and bool(acteur.code)
        and acteur.code == organisme.code
    )


def est_la_personne(acteur: Acteur, inscription: Inscription) -> bool:
    return (
        isinstance(acteur, Role)
        and acteur.actif
        and acteur.type == TypeRole.CONSEILLER
        and acteur.utilisateur_id == inscription.personne_id
    )


def est_employeur(acteur: Acteur, inscription: Inscription) -> bool:
    return est_membre_de(acteur, inscription.contrat.structure)


def forme(acteur: Acteur, inscription: Inscription) -> bool:
    """L'organisme à qui elle est confiée, ou l'un de ceux dont elle suit une session ; jamais un autre."""
    if est_organisme(acteur, inscription.organisme):
        return True
    if not isinstance(acteur, Role) or acteur.type != TypeRole.ORGANISME:
        return False
    return Inscription.objects.visibles_par(acteur).filter(pk=inscription.pk).exists()


def peut_administrer(acteur: Acteur, _objet: object = None) -> bool:
    """Organismes, prix, dispenses, validation des états, passages d'affectation : l'ANCT."""
    return est_anct(acteur)


def peut_ouvrir_inscription(acteur: Acteur, _inscription: Inscription | None = None) -> bool:
    return est_systeme(acteur) or est_anct(acteur)


def peut_se_positionner(acteur: Acteur, inscription: Inscription) -> bool:
    return est_la_personne(acteur, inscription)


def peut_retenir_parcours(acteur: Acteur, inscription: Inscription) -> bool:
    return forme(acteur, inscription) or est_anct(acteur)


def peut_gerer_session(acteur: Acteur, session: SessionFormation) -> bool:
    """Créer, ouvrir, corriger, annuler, tenir le calendrier."""
    return est_organisme(acteur, session.organisme) or est_anct(acteur)


def peut_inscrire(acteur: Acteur, inscription: Inscription) -> bool:
    """Donner une place dans une session : l'employeur, l'organisme, l'ANCT."""
    return est_employeur(acteur, inscription) or forme(acteur, inscription) or est_anct(acteur)


def peut_placer(acteur: Acteur, session: SessionFormation, inscription: Inscription) -> bool:
    """Donner une place dans cette session : un organisme n'inscrit que les siens, et que dans les siennes."""
    if est_employeur(acteur, inscription) or est_anct(acteur):
        return True
    return peut_gerer_session(acteur, session) and forme(acteur, inscription)


def peut_affecter(acteur: Acteur, _objet: object = None) -> bool:
    """Lancer un passage d'affectation : l'ANCT pour le pays, un organisme pour les siens dans ses sessions."""
    return est_anct(acteur) or (
        isinstance(acteur, Role) and acteur.actif and acteur.type == TypeRole.ORGANISME and bool(acteur.code)
    )


def peut_decider_proposition(acteur: Acteur, proposition: PropositionSession) -> bool:
    """Confirmer, écarter : l'ANCT ; un organisme, ce que ses propres passages proposent pour ses sessions."""
    if est_anct(acteur):
        return True
    demandeur = proposition.passage.par
    return (
        isinstance(acteur, Role)
        and demandeur is not None
        and (demandeur.type, demandeur.code) == (TypeRole.ORGANISME, acteur.code)
        and (proposition.session is None or est_organisme(acteur, proposition.session.organisme))
    )


def get_passage_ou_404(role: Role, pk: int) -> PassageAffectation:
    """Un passage : tous pour l'ANCT, les siens pour un organisme."""
    return get_object_or_404(passages_visibles(role).select_related("par__utilisateur"), pk=pk)


def passages_visibles(role: Role) -> QuerySet[PassageAffectation]:
    if est_anct(role):
        return PassageAffectation.objects.all()
    if role.type != TypeRole.ORGANISME or not role.code:
        return PassageAffectation.objects.none()
    return PassageAffectation.objects.filter(par__type=TypeRole.ORGANISME, par__code=role.code)


def peut_gerer_place(acteur: Acteur, place: Place) -> bool:
    """Convoquer, déplacer : l'organisme de la session, l'ANCT ; le système promeut la liste d'attente."""
    return est_systeme(acteur) or peut_gerer_session(acteur, place.session)


def peut_retirer_place(acteur: Acteur, place: Place) -> bool:
    return peut_gerer_place(acteur, place) or est_employeur(acteur, place.inscription)


def peut_emarger(acteur: Acteur, place: Place) -> bool:
    """Signer pour soi : la personne dans son espace, par son lien du jour, ou par son code sur la tablette."""
    return est_la_personne(acteur, place.inscription) or _tient(acteur, APPRENANT, place.pk)


def peut_tenir_seance(acteur: Acteur, seance: Seance) -> bool:
    """Signer comme formateur, dire une absence, ouvrir la tablette : l'organisme, l'ANCT, le formateur par son lien."""
    return peut_gerer_session(acteur, seance.session) or _tient(acteur, FORMATEUR, seance.pk)


def _tient(acteur: Acteur, qualite: str, pk: int) -> bool:
    """Une personne sans compte, dont le lien ou le code a été vérifié."""
    return isinstance(acteur, ActeurSansCompte) and (acteur.qualite, acteur.objet_id) == (qualite, str(pk))


def peut_repondre(acteur: Acteur, invitation: InvitationSatisfaction) -> bool:
    """Donner son avis : la personne invitée, dans son espace ou par le lien qu'elle a reçu ; personne à sa place."""
    return est_la_personne(acteur, invitation.inscription) or _tient(acteur, REPONDANT, invitation.pk)


def peut_constater(acteur: Acteur, _inscription: Inscription) -> bool:
    """Ce qui se déduit des signatures : le système."""
    return est_systeme(acteur)


def peut_attester(acteur: Acteur, inscription: Inscription) -> bool:
    return forme(acteur, inscription) or est_anct(acteur)


def peut_demander_dispense(acteur: Acteur, inscription: Inscription) -> bool:
    return est_la_personne(acteur, inscription) or est_employeur(acteur, inscription) or est_anct(acteur)


def peut_dire_disponibilite(acteur: Acteur, inscription: Inscription) -> bool:
    """Dire jusqu'où et à partir de quand la personne peut partir : elle, son employeur, l'ANCT."""
    return est_la_personne(acteur, inscription) or est_employeur(acteur, inscription) or est_anct(acteur)


def peut_prendre_acte(acteur: Acteur, inscription: Inscription) -> bool:
    """Enregistrer la prise de poste : l'employeur, ou l'ANCT à sa place."""
    return est_employeur(acteur, inscription) or est_anct(acteur)


def peut_prendre_acte_du_contrat(acteur: Acteur, contrat: Contrat) -> bool:
    """La même chose d'une personne formée pour un contrat passé : celui-ci n'a pas d'inscription."""
    return est_membre_de(acteur, contrat.structure) or est_anct(acteur)


def peut_arreter(acteur: Acteur, _inscription: Inscription) -> bool:
    return est_systeme(acteur) or est_anct(acteur)


def peut_demander_module(acteur: Acteur, _module: InscriptionModule | None = None) -> bool:
    return isinstance(acteur, Role) and acteur.actif and acteur.type == TypeRole.CONSEILLER


def peut_traiter_module(acteur: Acteur, module: InscriptionModule) -> bool:
    return est_organisme(acteur, module.organisme) or est_anct(acteur)


def peut_enregistrer_resultat(acteur: Acteur, inscription: Inscription) -> bool:
    """Dire le résultat d'une certification, ou la raison d'une absence : l'organisme qui forme, ou l'ANCT."""
    return forme(acteur, inscription) or est_anct(acteur)


def peut_importer_resultats(acteur: Acteur, depot: ImportResultats | None = None) -> bool:
    """Un organisme importe et relit ses fichiers ; l'ANCT, tous."""
    if isinstance(acteur, Role) and acteur.actif and acteur.type == TypeRole.ORGANISME and acteur.code:
        return depot is None or est_organisme(acteur, depot.organisme)
    return est_anct(acteur)


def peut_annuler_module(acteur: Acteur, module: InscriptionModule) -> bool:
    siens = isinstance(acteur, Role) and peut_demander_module(acteur) and acteur.utilisateur_id == module.personne_id
    return siens or peut_traiter_module(acteur, module)


def peut_tenir_etat(acteur: Acteur, etat: EtatRecapitulatif) -> bool:
    """Préparer, recalculer, transmettre, abandonner un brouillon."""
    return est_organisme(acteur, etat.organisme)


def get_inscription_ou_404(role: Role, pk: int) -> Inscription:
    """L'inscription, si ce rôle peut la lire ; 404 sinon, qu'elle existe ou non."""
    visibles = Inscription.objects.visibles_par(role)
    return get_object_or_404(
        visibles.select_related("contrat__poste", "personne", "organisme", "commune__departement"), pk=pk
    )


def get_session_ou_404(role: Role, pk: int) -> SessionFormation:
    visibles = SessionFormation.objects.visibles_par(role)
    return get_object_or_404(visibles.select_related("organisme", "commune__departement"), pk=pk)


def get_session_geree_ou_404(role: Role, pk: int) -> SessionFormation:
    session = get_session_ou_404(role, pk)
    if not peut_gerer_session(role, session):
        raise Http404("Session inconnue.")
    return session


def get_place_ou_404(role: Role, pk: int) -> Place:
    visibles = Place.objects.visibles_par(role)
    return get_object_or_404(
        visibles.select_related("session__organisme", "session__commune", "inscription__personne"), pk=pk
    )


def get_seance_geree_ou_404(role: Role, pk: int) -> Seance:
    """La séance, si ce rôle tient sa session."""
    seance = get_object_or_404(Seance.objects.select_related("session__organisme", "session__commune"), pk=pk)
    if not peut_tenir_seance(role, seance):
        raise Http404("Séance inconnue.")
    return seance


def get_etat_ou_404(role: Role, pk: int) -> EtatRecapitulatif:
    visibles = EtatRecapitulatif.objects.visibles_par(role)
    return get_object_or_404(visibles.select_related("organisme"), pk=pk)


def peut_modifier_organisme(acteur: Acteur, organisme: Organisme) -> bool:
    """Ses contacts et sa capacité : l'organisme lui-même, ou l'ANCT."""
    return est_organisme(acteur, organisme) or est_anct(acteur)


def get_organisme_ou_404(role: Role, pk: int) -> Organisme:
    return get_object_or_404(Organisme.objects.visibles_par(role), pk=pk)


def get_dispense_ou_404(role: Role, pk: int) -> Dispense:
    """La dispense, si ce rôle peut lire le certificat : la personne, son employeur, l'ANCT."""
    dispense = get_object_or_404(
        Dispense.objects.select_related(
            "inscription__contrat__poste", "inscription__personne", "deposee_par__utilisateur"
        ),
        pk=pk,
    )
    if not peut_demander_dispense(role, dispense.inscription):
        raise Http404("Dispense inconnue.")
    return dispense


def get_module_ou_404(role: Role, pk: int) -> InscriptionModule:
    visibles = InscriptionModule.objects.visibles_par(role)
    return get_object_or_404(visibles.select_related("personne", "organisme"), pk=pk)


def get_import_ou_404(role: Role, pk: int) -> ImportResultats:
    return get_object_or_404(
        ImportResultats.objects.visibles_par(role).select_related("organisme", "par__utilisateur"), pk=pk
    )


def get_invitation_ou_404(role: Role, pk: int) -> InvitationSatisfaction:
    """L'invitation à donner son avis, à la personne seule."""
    invitation = get_object_or_404(InvitationSatisfaction.objects.select_related("organisme", "inscription"), pk=pk)
    if not peut_repondre(role, invitation):
        raise Http404("Invitation inconnue.")
    return invitation
