"""Préparer, soumettre, confirmer, corriger et retirer une demande d'accueil : le côté de la structure."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from conum.courriels.actions import mettre_en_file
from conum.courriels.models import AdresseRefusee, adresse_sure
from conum.demandes import rules
from conum.demandes.access import (
    est_membre_de,
    peut_classer,
    peut_corriger,
    peut_etre_retiree_par,
    peut_saisir,
    porteur,
)
from conum.demandes.emails import depot as emails
from conum.demandes.emails import destinataires
from conum.demandes.models import Demande, Nature, TempsCoordination
from conum.demandes.states import TRANSITIONS, Etat
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.models import TypePoste
from conum.socle import limites
from conum.socle.enregistrement import enregistrer
from conum.socle.jetons import nouveau_jeton
from conum.socle.telephone import lire_telephone
from conum.structures.actions import DonneesStructure, Personne, StructureExistante, creer_structure, rattacher
from conum.structures.models import Membre, Structure
from conum.structures.rules import categorie_admise, eligibilite, lire_identifiant
from conum.territoires.models import Commune
from conum.utilisateurs.models import normaliser_courriel

VALEUR_MAX = 10_000
"""Caractères gardés d'un champ en cours de saisie : de quoi revoir une motivation trop longue, pas un livre."""


class TropDeDemandes(TransitionImpossible):
    """Trop de courriels demandés en peu de temps ; le message est destiné à l'usager."""


class ConfirmationExpiree(TransitionImpossible):
    """Le lien de confirmation a plus de 30 jours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Besoin:
    """Ce que la structure demande ; `commune` : où le conseiller exercera."""

    type_poste: str
    postes: int
    commune: Commune
    debut: date
    motivation: str
    candidat_identifie: bool = False
    temps_coordination: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Depot:
    """Une demande complète, prête à partir. `structure` None : elle part de l'espace d'une structure déjà inscrite."""

    contact: Personne
    besoin: Besoin
    engagements: tuple[str, ...]
    structure: DonneesStructure | None = None


def ouvrir_brouillon(*, par: Acteur | None = None, structure: Structure | None = None) -> Demande:
    """Ouvre un brouillon : public (sans structure ni compte), ou pour la structure dont `par` est membre."""
    with transaction.atomic():
        if structure is not None and (par is None or not est_membre_de(par, structure)):
            raise PermissionDenied
        demande = Demande.objects.create(structure=structure)
        noter(demande, "ouvrir_brouillon", par=par or porteur(demande), vers=demande.etat)
    return demande


def _brouillon_sous_verrou(demande: Demande, par: Acteur) -> Demande:
    courante = Demande.objects.select_for_update(of=("self",), no_key=True).get(pk=demande.pk)
    if not peut_saisir(par, courante):
        raise PermissionDenied
    if courante.etat != Etat.BROUILLON:
        raise TransitionImpossible("Cette demande est déjà partie : elle ne se modifie plus ici.")
    return courante


def enregistrer_etape(demande: Demande, etape: str, donnees: dict[str, Any], *, par: Acteur) -> Demande:
    """Garde ce que la personne a tapé à une étape, juste ou non. Deux onglets ne s'effacent pas : une clé par étape."""
    with transaction.atomic():
        courante = _brouillon_sous_verrou(demande, par)
        if etape not in courante.saisie:
            noter(courante, "enregistrer_etape", par=par, donnees={"etape": etape})
        courante.saisie = courante.saisie | {etape: {nom: _borner(valeur) for nom, valeur in donnees.items()}}
        courante.save(update_fields=["saisie", "updated_at"])
    return courante


def jeter_brouillon(demande: Demande, *, par: Acteur) -> None:
    """Efface le brouillon et tout ce qui y était tapé, à la demande de la personne."""
    with transaction.atomic():
        courante = _brouillon_sous_verrou(demande, par)
        noter(courante, "jeter_brouillon", par=par, de=courante.etat)
        courante.delete()


def _borner(valeur: Any) -> Any:
    if isinstance(valeur, str):
        return valeur.replace("\x00", "")[:VALEUR_MAX]
    return [_borner(v) for v in valeur[:50]] if isinstance(valeur, list) else valeur


def _limiter(demande: Demande, quoi: str) -> None:
    """Hors de toute transaction : un essai refusé compte quand même."""
    if limites.depasse(f"demande:{quoi}:{demande.pk}", maximum=rules.RENVOIS_PAR_HEURE, duree=timedelta(hours=1)):
        raise TropDeDemandes(
            "Nous vous avons déjà envoyé plusieurs liens. Attendez une heure avant d'en redemander un."
        )


def _adresse(email: str, champ: str = "email") -> str:
    """L'adresse normalisée ; ValidationError sur `champ` si ce n'en est pas une."""
    try:
        return adresse_sure(normaliser_courriel(email))
    except AdresseRefusee as erreur:
        raise ValidationError({champ: "Saisissez une adresse électronique simple, du type nom@domaine.fr."}) from erreur


def envoyer_lien_reprise(demande: Demande, *, email: str, par: Acteur) -> None:
    """Envoie un lien pour finir plus tard ; il périme le précédent.

    Raises:
        TropDeDemandes: plus de trois liens en une heure.
        ValidationError: adresse invalide.
    """
    adresse = _adresse(email)
    _limiter(demande, "reprise")
    with transaction.atomic():
        courante = _brouillon_sous_verrou(demande, par)
        jeton, courante.jeton_reprise = nouveau_jeton()
        courante.save(update_fields=["jeton_reprise", "updated_at"])
        noter(courante, "envoyer_lien_reprise", par=par)
        mettre_en_file(emails.Reprise.de(courante, jeton), a=adresse, objet=courante)


# --- Soumettre et confirmer ---------------------------------------------------------------------------------------


def _verifier(depot: Depot) -> None:
    besoin, contact = depot.besoin, depot.contact
    erreurs = rules.verifier_demande(
        postes=besoin.postes,
        type_poste=besoin.type_poste,
        debut=besoin.debut,
        motivation=besoin.motivation,
        coches=depot.engagements,
        aujourdhui=timezone.localdate(),
    )
    if besoin.type_poste == TypePoste.COORDINATEUR and besoin.temps_coordination not in TempsCoordination:
        erreurs.append(rules.Erreur("temps_coordination", "Dites si le coordinateur accompagnera aussi le public."))
    erreurs += [
        rules.Erreur(f"contact_{champ}", "Ce champ est obligatoire.")
        for champ in ("prenom", "nom", "fonction")
        if not getattr(contact, champ).strip()
    ]
    if contact.telephone and lire_telephone(contact.telephone, besoin.commune.departement_id) is None:
        erreurs.append(rules.Erreur("contact_telephone", "Ce numéro de téléphone n'existe pas."))
    if erreurs:
        raise ValidationError({erreur.champ: erreur.message for erreur in erreurs})


def _verifier_structure(donnees: DonneesStructure) -> None:
    """Ce que dira `creer_structure` à la confirmation, dit dès maintenant à la personne."""
    lue = eligibilite(donnees.categorie_juridique)
    if not lue.eligible:
        raise TransitionImpossible(lue.refus)
    if not categorie_admise(donnees.categorie, donnees.categorie_juridique):
        raise ValidationError({"categorie": "Cette catégorie ne correspond pas à la forme juridique du registre."})
    if donnees.identifiant is None:
        raise ValidationError({"numero": "Donnez le SIRET ou le RIDET de la structure."})
    Structure(**donnees.champs()).full_clean(validate_unique=False)


def _identite(donnees: DonneesStructure) -> dict[str, Any]:
    """L'identité en JSON, relue à la confirmation par `_donnees_structure`."""
    valeurs = {champ: getattr(donnees, champ) for champ in DonneesStructure.__dataclass_fields__}
    return valeurs | {
        "identifiant": donnees.identifiant.valeur if donnees.identifiant else "",
        "commune": donnees.commune.pk,
    }


def _donnees_structure(identite: dict[str, Any]) -> DonneesStructure:
    commune = Commune.objects.resoudre(identite["commune"])
    if commune is None:
        raise TransitionImpossible("La commune de votre structure n'existe plus : recommencez votre demande.")
    return DonneesStructure(
        **{**identite, "identifiant": lire_identifiant(identite["identifiant"]), "commune": commune}
    )


def _remplir(demande: Demande, depot: Depot) -> None:
    besoin, contact = depot.besoin, depot.contact
    demande.type_poste, demande.temps_coordination = besoin.type_poste, besoin.temps_coordination
    demande.commune, demande.departement = besoin.commune, besoin.commune.departement
    demande.postes_demandes, demande.debut_souhaite = besoin.postes, besoin.debut
    demande.candidat_identifie, demande.motivation = besoin.candidat_identifie, besoin.motivation.strip()
    demande.engagements = sorted(depot.engagements)
    demande.contact_prenom, demande.contact_nom = contact.prenom.strip(), contact.nom.strip()
    demande.contact_fonction, demande.contact_email = contact.fonction.strip(), contact.email
    demande.contact_telephone = lire_telephone(contact.telephone, besoin.commune.departement_id) or ""


def soumettre(demande: Demande, depot: Depot, *, par: Acteur) -> Demande:
    """Envoie la demande. Publique, elle attend la confirmation de l'adresse ; d'un espace connecté, elle est déposée.

    Raises:
        ValidationError: une réponse manque ou n'est pas recevable, champ par champ.
        TransitionImpossible: déjà soumise, structure non éligible, ou une demande est déjà en cours.
    """
    adresse = _adresse(depot.contact.email, "contact_email")
    contact = Personne(**asdict(depot.contact) | {"email": adresse})
    depot = Depot(contact=contact, besoin=depot.besoin, engagements=depot.engagements, structure=depot.structure)
    _verifier(depot)
    if depot.structure is not None:
        _verifier_structure(depot.structure)
    with transaction.atomic():
        with transition(demande, "soumettre", table=TRANSITIONS, par=par, peut=peut_saisir) as courante:
            if (courante.structure_id is None) != (depot.structure is not None):
                raise TransitionImpossible("Dites d'abord de quelle structure il s'agit.")
            _remplir(courante, depot)
            courante.soumise_le = timezone.now()
            courante.confirmable_jusqu_au = courante.soumise_le + rules.DUREE_CONFIRMATION
            courante.jeton_reprise = ""
            courante.saisie = {"identite": _identite(depot.structure)} if depot.structure else {}
            if depot.structure is not None:
                _ecrire_confirmation(courante)
        return courante if depot.structure is not None else _deposer(courante, par=par)


def _nom_de_structure(demande: Demande) -> str:
    if demande.structure is not None:
        return demande.structure.nom
    identite = demande.saisie.get("identite", {})
    return str(identite.get("nom_usage") or identite.get("denomination", ""))


def _ecrire_confirmation(demande: Demande) -> None:
    """Un lien neuf, le précédent ne vaut plus. La ligne est enregistrée par l'appelant."""
    jeton, demande.jeton_confirmation = nouveau_jeton()
    message = emails.Confirmation.de(demande, jeton, _nom_de_structure(demande))
    mettre_en_file(message, a=demande.contact_email, objet=demande)


def renvoyer_confirmation(demande: Demande, *, par: Acteur, email: str = "") -> Demande:
    """Renvoie le lien de confirmation, à une autre adresse si la première était fausse, pour 30 jours de plus.

    Raises:
        TropDeDemandes: plus de trois liens en une heure.
        TransitionImpossible: la demande n'attend pas de confirmation.
        ValidationError: adresse invalide.
    """
    adresse = _adresse(email) if email else ""
    _limiter(demande, "confirmation")
    with transaction.atomic():
        courante = Demande.objects.select_for_update(of=("self",), no_key=True).get(pk=demande.pk)
        if not peut_saisir(par, courante):
            raise PermissionDenied
        if courante.etat != Etat.A_CONFIRMER:
            raise TransitionImpossible("Cette demande n'attend plus de confirmation.")
        change = bool(adresse) and adresse != courante.contact_email
        courante.contact_email = adresse or courante.contact_email
        courante.confirmable_jusqu_au = timezone.now() + rules.DUREE_CONFIRMATION
        _ecrire_confirmation(courante)
        courante.save()
        noter(courante, "renvoyer_confirmation", par=par, donnees={"adresse_changee": change})
    return courante


def confirmer(demande: Demande, *, par: Acteur) -> Demande:
    """La personne prouve son adresse : la demande est déposée, la structure inscrite, son compte ouvert.

    Raises:
        ConfirmationExpiree: le lien a plus de 30 jours.
        StructureExistante: le SIRET a été inscrit entre-temps ; rien n'est écrit, la personne demande à la rejoindre.
        TransitionImpossible: déjà confirmée, ou une demande de cette structure est déjà en cours.
    """
    return _deposer(demande, par=par)


def est_expiree(demande: Demande) -> bool:
    return demande.confirmable_jusqu_au is None or demande.confirmable_jusqu_au < timezone.now()


def echeance(demande: Demande) -> date | None:
    """Le jour où l'avis de la préfecture est attendu."""
    return timezone.localdate(demande.deposee_le) + rules.DELAI_AVIS if demande.deposee_le else None


def _deposer(demande: Demande, *, par: Acteur) -> Demande:
    try:
        with transition(demande, "confirmer", table=TRANSITIONS, par=par, peut=peut_saisir) as courante:
            if est_expiree(courante):
                raise ConfirmationExpiree("Ce lien a expiré : il valait 30 jours.")
            structure = courante.structure or _structure(courante, par)
            # Sous verrou : deux demandes confirmées à la fois pour une même structure passent l'une après l'autre.
            structure = Structure.objects.select_for_update(of=("self",), no_key=True).get(pk=structure.pk)
            courante.structure = structure
            courante.deposee_le = timezone.now()
            courante.saisie = {}
            rattacher(structure, _personne(courante), par=SYSTEME)
            _prevenir_du_depot(courante)
    except ValidationError as erreur:
        raise TransitionImpossible(" ".join(erreur.messages)) from erreur
    return courante


def _structure(demande: Demande, par: Acteur) -> Structure:
    """La structure à inscrire, ou celle dont la personne est déjà membre."""
    try:
        return creer_structure(_donnees_structure(demande.saisie["identite"]), par=par)
    except StructureExistante as existante:
        membres = Membre.objects.filter(structure=existante.structure, role__actif=True)
        if membres.filter(role__utilisateur__email=demande.contact_email).exists():
            return existante.structure
        raise


def _personne(demande: Demande) -> Personne:
    return Personne(
        email=demande.contact_email,
        prenom=demande.contact_prenom,
        nom=demande.contact_nom,
        fonction=demande.contact_fonction,
        telephone=demande.contact_telephone,
    )


def _agents(demande: Demande) -> list[destinataires.Destinataire]:
    """La préfecture du département ; à défaut d'agent inscrit, l'ANCT : nulle demande n'attend à l'insu de tous."""
    return destinataires.de_la_prefecture(demande) or destinataires.de_l_anct(demande)


def _prevenir_du_depot(demande: Demande) -> None:
    membres = {qui.email: qui.lien for qui in destinataires.de_la_structure(demande)}
    message = emails.DemandeDeposee.de(demande, membres.get(demande.contact_email, f"{settings.SITE_URL}/"))
    mettre_en_file(message, a=demande.contact_email, objet=demande, cle=f"demande-deposee:{demande.pk}")
    _prevenir_les_agents(demande)


def _prevenir_les_agents(demande: Demande) -> None:
    for qui in _agents(demande):
        message = emails.NouvelleDemande.de(demande, qui.lien)
        mettre_en_file(message, a=qui.email, objet=demande, cle=f"nouvelle-demande:{demande.pk}:{qui.email}")


# --- Corriger, retirer --------------------------------------------------------------------------------------------

_CORRIGES = (
    "postes_demandes",
    "commune_id",
    "debut_souhaite",
    "candidat_identifie",
    "temps_coordination",
    "motivation",
)


def corriger(demande: Demande, besoin: Besoin, *, par: Acteur) -> Demande:
    """Corrige une demande déposée, jusqu'à l'avis. Le type de poste ne change pas : les engagements en dépendent.

    Raises:
        PermissionDenied: pas membre de la structure, ou l'avis est déjà rendu.
        TransitionImpossible: un avenant se retire et se redemande.
        ValidationError: une réponse n'est pas recevable.
    """
    with transaction.atomic():
        courante = Demande.objects.select_for_update(of=("self",), no_key=True).get(pk=demande.pk)
        if not est_membre_de(par, courante.structure):
            raise PermissionDenied
        if not peut_corriger(par, courante):
            raise TransitionImpossible(
                f"Votre demande ne se modifie plus : elle est maintenant « {courante.get_etat_display()} »."
            )
        if courante.nature != Nature.INITIALE or besoin.type_poste != courante.type_poste:
            raise TransitionImpossible("Pour changer cela, retirez cette demande puis déposez-en une autre.")
        depot = Depot(contact=_personne(courante), besoin=besoin, engagements=tuple(courante.engagements))
        avant = {champ: getattr(courante, champ) for champ in _CORRIGES}
        departement = courante.departement_id
        # Une date demandée le mois dernier reste vraie : on ne la rejuge que si elle change.
        _verifier_correction(depot, debut_inchange=besoin.debut == courante.debut_souhaite)
        _remplir(courante, depot)
        ecarts = {c: [str(v), str(getattr(courante, c))] for c, v in avant.items() if v != getattr(courante, c)}
        if not ecarts:
            return courante
        enregistrer(courante)
        noter(courante, "corriger", par=par, donnees=ecarts)
        if courante.departement_id != departement:
            _prevenir_les_agents(courante)
        else:
            for qui in _agents(courante):
                mettre_en_file(emails.DemandeCorrigee.de(courante, qui.lien), a=qui.email, objet=courante)
    return courante


def _verifier_correction(depot: Depot, *, debut_inchange: bool) -> None:
    try:
        _verifier(depot)
    except ValidationError as erreur:
        restantes = dict(erreur.error_dict)
        if debut_inchange:
            restantes.pop("debut_souhaite", None)
        if restantes:
            raise ValidationError(restantes) from erreur


def abandonner(demande: Demande, *, par: Acteur, motif: str = "") -> Demande:
    """La structure retire sa demande, jusqu'à l'avis de la préfecture ; les deux côtés reçoivent un courriel."""
    motif = motif.strip()
    if len(motif) > rules.TEXTE_MAX:
        raise ValidationError({"motif": f"Écrivez au plus {rules.TEXTE_MAX} caractères."})
    with transition(
        demande, "abandonner", table=TRANSITIONS, par=par, peut=peut_etre_retiree_par, motif=motif
    ) as courante:
        courante.close_le = timezone.now()
        courante.motif_cloture = motif
        for qui in destinataires.de_la_structure(courante):
            message = emails.DemandeRetiree.de(courante, qui.lien, pour_agent=False)
            mettre_en_file(message, a=qui.email, objet=courante, cle=f"abandon:{courante.pk}:structure:{qui.email}")
        for qui in _agents(courante):
            message = emails.DemandeRetiree.de(courante, qui.lien, pour_agent=True)
            mettre_en_file(message, a=qui.email, objet=courante, cle=f"abandon:{courante.pk}:agent:{qui.email}")
    return courante


# --- Ce qui expire ------------------------------------------------------------------------------------------------

_PERSONNEL = ("contact_prenom", "contact_nom", "contact_fonction", "contact_email", "contact_telephone", "motivation")


def expirer_confirmations() -> int:
    """Classe sans suite ce qui n'a pas été confirmé à l'échéance et efface ce qui avait été tapé ; rend leur nombre."""
    dues = Demande.objects.filter(etat=Etat.A_CONFIRMER, confirmable_jusqu_au__lt=timezone.now()).order_by("pk")
    nombre = 0
    for demande in dues.iterator(chunk_size=500):
        try:
            nombre += _expirer(demande)
        except TransitionImpossible:
            continue  # confirmée entre-temps
    return nombre


def _expirer(demande: Demande) -> int:
    motif = "Adresse non confirmée dans les 30 jours"
    with transaction.atomic():
        courante = Demande.objects.select_for_update(of=("self",), no_key=True).get(pk=demande.pk)
        if not est_expiree(courante):
            return 0  # un nouveau lien vient d'être demandé
        with transition(
            courante, "classer_sans_suite", table=TRANSITIONS, par=SYSTEME, peut=peut_classer, motif=motif
        ) as classee:
            for champ in _PERSONNEL:
                setattr(classee, champ, "")
            classee.saisie = {}
            # L'empreinte du lien reste : qui l'ouvre apprend que la demande a expiré.
            classee.close_le, classee.motif_cloture = timezone.now(), motif
    return 1


def effacer_brouillons(avant: datetime) -> int:
    """Efface les brouillons que personne n'a touchés depuis cette date ; rend leur nombre."""
    return Demande.objects.filter(etat=Etat.BROUILLON, updated_at__lt=avant).delete()[0]
