"""Changement de contact principal : le sortant et l'entrant confirment chacun, par le bouton de leur courriel."""

from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from conum.courriels.actions import mettre_en_file
from conum.journal.acteurs import SYSTEME, Acteur, ActeurSansCompte, anonyme
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.socle.jetons import empreinte, nouveau_jeton
from conum.structures import access, emails
from conum.structures.actions.membres import verrouiller
from conum.structures.models import ChangementContact, Membre, Structure
from conum.structures.states import TRANSITIONS_CONTACT, EtatChangement

DUREE_CHANGEMENT = timedelta(days=14)


def proposer_contact_principal(
    structure: Structure, entrant: Membre, *, par: Acteur, sortant_injoignable: str = ""
) -> ChangementContact:
    """Propose un membre comme contact principal et écrit aux deux.

    `sortant_injoignable` : un agent dit pourquoi l'actuel contact ne confirmera pas ; seul l'entrant confirme alors.

    Raises:
        TransitionImpossible: un changement est déjà en attente, ou la personne est déjà le contact principal.
        PermissionDenied: dispense demandée par quelqu'un qui n'est pas agent.
    """
    with transaction.atomic():
        courante = verrouiller(structure)
        if not access.peut_gerer(par, courante):
            raise PermissionDenied
        if sortant_injoignable and not access.est_agent_de(par, courante):
            raise PermissionDenied
        sortant = _membres(courante).filter(contact_principal=True).first()
        voulu = _membres(courante).filter(pk=entrant.pk).first()
        if voulu is None:
            raise ValidationError({"entrant": "Cette personne n'est pas membre de la structure."})
        if sortant is not None and sortant.pk == voulu.pk:
            raise TransitionImpossible("Cette personne est déjà le contact principal.")
        _clore_les_perimes(courante)
        if ChangementContact.objects.filter(structure=courante, etat=EtatChangement.PROPOSE).exists():
            raise TransitionImpossible("Un changement de contact principal est déjà en attente : annulez-le d'abord.")
        return _ouvrir(courante, sortant, voulu, par=par, dispense=sortant_injoignable.strip())


def _membres(structure: Structure):  # type: ignore[no-untyped-def]
    return Membre.objects.select_related("role__utilisateur").filter(structure=structure)


def _ouvrir(
    structure: Structure, sortant: Membre | None, entrant: Membre, *, par: Acteur, dispense: str
) -> ChangementContact:
    if sortant is None and not dispense:
        dispense = "La structure n'avait pas de contact principal."
    lien_entrant, trace_entrant = nouveau_jeton()
    lien_sortant, trace_sortant = nouveau_jeton()
    changement = ChangementContact(
        structure=structure,
        sortant=sortant,
        entrant=entrant,
        propose_par_id=par.utilisateur_id,
        jeton_entrant=trace_entrant,
        jeton_sortant="" if dispense else trace_sortant,
        sortant_dispense=dispense,
        expire_le=timezone.now() + DUREE_CHANGEMENT,
    )
    changement.full_clean()
    changement.save()
    noter(changement, "proposer_contact_principal", par=par, vers=changement.etat, motif=dispense)
    noter(structure, "proposer_contact_principal", par=par, donnees={"changement": changement.pk}, motif=dispense)
    _ecrire(changement, entrant, lien_entrant, "entrant")
    if sortant is not None and not dispense:
        _ecrire(changement, sortant, lien_sortant, "sortant")
    return changement


def _ecrire(changement: ChangementContact, membre: Membre, lien: str, cote: str) -> None:
    mettre_en_file(
        emails.ContactAConfirmer.de(changement, lien, cote),
        a=membre.role.utilisateur.email,
        objet=changement,
        cle=f"contact-{changement.pk}-{cote}",
    )


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Ce qu'ouvre un lien : le changement, et le côté (« sortant » ou « entrant ») qui le tient."""

    changement: ChangementContact
    cote: str

    @property
    def deja_faite(self) -> bool:
        return getattr(self.changement, f"{self.cote}_confirme_le") is not None

    @property
    def ouverte(self) -> bool:
        return self.changement.est_ouvert and not self.deja_faite

    @property
    def acteur(self) -> ActeurSansCompte:
        libelle = "Contact principal sortant" if self.cote == "sortant" else "Contact principal entrant"
        return anonyme("contact", libelle, self.changement.pk)


def lire_confirmation(jeton: str) -> Confirmation | None:
    """Le changement que ce lien permet de confirmer, None si le lien n'existe pas."""
    trace = empreinte(jeton)
    changement = (
        ChangementContact.objects.select_related(
            "structure", "entrant__role__utilisateur", "sortant__role__utilisateur"
        )
        .filter(Q(jeton_entrant=trace) | Q(jeton_sortant=trace))
        .first()
    )
    if changement is None:
        return None
    return Confirmation(changement, "entrant" if changement.jeton_entrant == trace else "sortant")


def confirmer_changement(jeton: str) -> ChangementContact:
    """Confirme un côté ; quand les deux l'ont fait, le changement s'applique.

    Raises:
        TransitionImpossible: le lien est inconnu, périmé, ou le changement est déjà clos.
    """
    with transaction.atomic():
        lue = lire_confirmation(jeton)
        if lue is None or not lue.changement.est_ouvert:
            raise TransitionImpossible(
                "Ce lien n'est plus valable : le changement est déjà appliqué, annulé ou expiré."
            )
        verrouiller(lue.changement.structure)
        courant = ChangementContact.objects.select_for_update(of=("self",), no_key=True).get(pk=lue.changement.pk)
        if getattr(courant, f"{lue.cote}_confirme_le") is not None:
            return courant
        autre = "entrant" if lue.cote == "sortant" else "sortant"
        autre_confirme = getattr(courant, f"{autre}_confirme_le") is not None
        complet = autre_confirme or (autre == "sortant" and bool(courant.sortant_dispense))
        action = "appliquer_changement" if complet else "confirmer_changement"
        with transition(
            courant, action, table=TRANSITIONS_CONTACT, par=lue.acteur, peut=access.peut_confirmer_changement
        ) as changement:
            setattr(changement, f"{lue.cote}_confirme_le", timezone.now())
        if complet:
            _appliquer(changement, par=lue.acteur)
    return changement


def _appliquer(changement: ChangementContact, *, par: Acteur) -> None:
    entrant = changement.entrant
    if entrant is None:
        raise TransitionImpossible("Cette personne n'est plus membre de la structure.")
    sortants = list(_membres(changement.structure).filter(contact_principal=True).order_by("pk"))
    # L'un puis l'autre : l'unicité du contact principal est vérifiée à chaque ligne.
    Membre.objects.filter(pk__in=[m.pk for m in sortants]).update(contact_principal=False)
    Membre.objects.filter(pk=entrant.pk).update(contact_principal=True)
    noter(changement.structure, "changer_contact_principal", par=par, donnees={"changement": changement.pk})
    for membre in (entrant, *sortants):
        mettre_en_file(
            emails.ContactChange(changement.structure.nom, entrant=str(entrant)),
            a=membre.role.utilisateur.email,
            objet=changement,
            cle=f"contact-{changement.pk}-applique-{membre.pk}",
        )


def annuler_changement(changement: ChangementContact, *, par: Acteur, motif: str = "") -> ChangementContact:
    """Renonce au changement ; le contact principal reste le même et les deux sont prévenus."""
    with transition(
        changement,
        "annuler_changement",
        table=TRANSITIONS_CONTACT,
        par=par,
        peut=access.peut_annuler_changement,
        motif=motif,
    ) as courant:
        for membre in (courant.sortant, courant.entrant):
            if membre is not None:
                mettre_en_file(
                    emails.ContactAnnule(courant.structure.nom),
                    a=membre.role.utilisateur.email,
                    objet=courant,
                    cle=f"contact-{courant.pk}-annule-{membre.pk}",
                )
    return courant


def _clore_les_perimes(structure: Structure) -> None:
    perimes = ChangementContact.objects.filter(
        structure=structure, etat=EtatChangement.PROPOSE, expire_le__lte=timezone.now()
    ).order_by("pk")
    for changement in perimes:
        _expirer(changement)


def _expirer(changement: ChangementContact) -> bool:
    try:
        with transition(
            changement, "expirer_changement", table=TRANSITIONS_CONTACT, par=SYSTEME, peut=access.est_systeme
        ):
            pass
    except TransitionImpossible:
        return False  # appliqué ou annulé entre-temps
    return True


def expirer_changements() -> int:
    """Clôt les changements que les deux côtés n'ont pas confirmés à temps ; rend leur nombre. Rejouable."""
    perimes = ChangementContact.objects.filter(etat=EtatChangement.PROPOSE, expire_le__lte=timezone.now()).order_by(
        "pk"
    )
    return sum(_expirer(changement) for changement in perimes)


def changement_en_attente(structure: Structure) -> ChangementContact | None:
    return (
        ChangementContact.objects.select_related("entrant__role__utilisateur", "sortant__role__utilisateur")
        .filter(structure=structure, etat=EtatChangement.PROPOSE, expire_le__gt=timezone.now())
        .first()
    )
