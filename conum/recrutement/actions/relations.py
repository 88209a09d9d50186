"""Les actes d'une mise en relation, de la réponse de la structure au contrat signé ; chacun prévient l'autre partie."""

from datetime import date, datetime, time
from decimal import Decimal

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from conum.courriels.actions import mettre_en_file
from conum.demandes.rules import Erreur, verifier_longueur
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.actions import saisir_contrat
from conum.postes.actions.gardes import exiger_papier
from conum.postes.models import Poste
from conum.recrutement.access import (
    peut_agir_pour_la_structure,
    peut_clore,
    peut_faire_vivre_recrutement,
    peut_lire_l_identite,
    peut_repondre_pour_la_structure,
    peut_repondre_pour_le_candidat,
)
from conum.recrutement.actions import prevenir
from conum.recrutement.actions.cv import noter_usage_cv
from conum.recrutement.actions.fermeture import clore_du_candidat, clore_du_recrutement, fermer
from conum.recrutement.actions.liens import membres_a_prevenir
from conum.recrutement.actions.reserve import (
    acte,
    attendre,
    en_reserve,
    nombre_de_promis,
    place_en_reserve,
    postes_vacants,
    rang_suivant,
    rappeler_de_reserve,
    rappeler_le_suivant,
)
from conum.recrutement.emails import relation as messages
from conum.recrutement.emails.relation import lien_du_membre
from conum.recrutement.emails.rendezvous import calendrier_de_la_structure, calendrier_du_candidat
from conum.recrutement.models import Candidat, MiseEnRelation, Recrutement
from conum.recrutement.rules import offre as regles_offre
from conum.recrutement.rules import relation as regles
from conum.recrutement.states import (
    OUVERTS,
    PROMIS,
    TRANSITIONS_CANDIDAT,
    TRANSITIONS_RECRUTEMENT,
    Etat,
    EtatRecrutement,
)

__all__ = [
    "accepter_contact",
    "accepter_offre",
    "decliner",
    "ecarter",
    "expirer",
    "inviter",
    "mettre_en_reserve",
    "offrir",
    "ouvrir_cv",
    "rappeler_de_reserve",
    "recruter",
    "retenir",
    "retirer_offre",
]
_MOTIF_D_EXPIRATION = {
    Etat.PROPOSEE: "sans_reponse",
    Etat.RETENUE: "candidat_muet",
    Etat.CONTACT_ACCEPTE: "structure_muette",
    Etat.ENTRETIEN: "structure_muette",
    Etat.OFFRE: "offre_expiree",
}


def _exiger(erreurs: list[Erreur]) -> None:
    if erreurs:
        raise ValidationError({erreur.champ: erreur.message for erreur in erreurs})


def _la_structure_repond(relation: MiseEnRelation) -> None:
    relation.reponse_structure_le = relation.reponse_structure_le or timezone.now()


def _le_candidat_repond(relation: MiseEnRelation) -> None:
    maintenant = timezone.now()
    relation.reponse_candidat_le = relation.reponse_candidat_le or maintenant
    Candidat.objects.filter(pk=relation.candidat_id).update(actif_le=maintenant)


def _attendre_quatorze_jours(relation: MiseEnRelation, depuis: datetime | None = None) -> None:
    depuis = depuis or timezone.now()
    attendre(relation, depuis, regles.echeance(depuis))


# --- Se répondre --------------------------------------------------------------------------------------------------


def retenir(relation: MiseEnRelation, *, par: Acteur) -> MiseEnRelation:
    """La structure souhaite contacter le candidat, qui a 14 jours pour l'accepter."""
    with acte(relation, "retenir", par=par, peut=peut_repondre_pour_la_structure) as courante:
        _la_structure_repond(courante)
        _attendre_quatorze_jours(courante)
        prevenir.le_candidat(courante, lambda lien: messages.ContactDemande.de(courante, lien))
    return courante


def accepter_contact(relation: MiseEnRelation, *, par: Acteur) -> MiseEnRelation:
    """Le candidat accepte d'être contacté : la structure lit son nom, ses coordonnées et son CV."""
    with acte(relation, "accepter_contact", par=par, peut=peut_repondre_pour_le_candidat) as courante:
        _le_candidat_repond(courante)
        courante.contact_accepte_le = timezone.now()
        _attendre_quatorze_jours(courante)
        prevenir.la_structure(courante, lambda lien: messages.ContactAccepte.de(courante, lien))
    return courante


def ouvrir_cv(relation: MiseEnRelation, *, par: Acteur) -> Candidat:
    """La structure ouvre le CV : c'est journalisé, et le CV compte comme utilisé ce jour-là (conservation).

    Raises:
        PermissionDenied: l'identité n'est pas ouverte à cet acteur.
        TransitionImpossible: il n'y a pas, ou plus, de CV.
    """
    with transaction.atomic():
        courante = MiseEnRelation.objects.select_related("recrutement", "candidat").get(pk=relation.pk)
        if not peut_lire_l_identite(par, courante):
            raise PermissionDenied
        candidat = courante.candidat
        if not candidat.cv:
            raise TransitionImpossible("Ce candidat n’a pas de CV, ou l’a retiré.")
        noter_usage_cv(candidat, par=par)
        noter(courante, "ouvrir_cv", par=par)
    return candidat


# --- Entretien ----------------------------------------------------------------------------------------------------


def inviter(
    relation: MiseEnRelation, *, le: datetime, mode: str, lieu: str = "", message: str = "", par: Acteur
) -> MiseEnRelation:
    """Fixe ou déplace l'entretien ; les deux parties reçoivent le rendez-vous pour leur agenda.

    Raises:
        ValidationError: date passée, lieu absent, texte trop long (champs `le`, `mode`, `lieu`, `message`).
    """
    lieu, message = lieu.strip(), message.strip()
    with acte(relation, "inviter", par=par, peut=peut_agir_pour_la_structure) as courante:
        _exiger(
            regles_offre.verifier_entretien(le=le, mode=mode, lieu=lieu, message=message, maintenant=timezone.now())
        )
        deplace = courante.entretien_le is not None
        if deplace:
            courante.entretien_sequence += 1
        courante.entretien_le, courante.entretien_mode = le, mode
        courante.entretien_lieu, courante.entretien_message = lieu, message
        _la_structure_repond(courante)
        # L'attente commence à l'entretien : c'est après lui que la structure doit une suite.
        _attendre_quatorze_jours(courante, le)
        _envoyer_l_invitation(courante, deplace=deplace)
    return courante


def _envoyer_l_invitation(relation: MiseEnRelation, *, deplace: bool) -> None:
    calendrier = calendrier_du_candidat(relation)
    prevenir.le_candidat(
        relation, lambda lien: messages.Entretien.de(relation, lien, deplace=deplace, calendrier=calendrier)
    )
    for role in membres_a_prevenir(relation.recrutement):
        personne, lien = role.utilisateur, lien_du_membre(role, relation)
        calendrier = calendrier_de_la_structure(relation, nom=personne.get_full_name(), email=personne.email, lien=lien)
        message = messages.Entretien.de(relation, lien, deplace=deplace, calendrier=calendrier, pour_structure=True)
        mettre_en_file(message, a=personne.email, objet=relation)


# --- Offre, acceptation, contrat ----------------------------------------------------------------------------------


def offrir(
    relation: MiseEnRelation,
    *,
    type_contrat: str,
    salaire: Decimal,
    debut: date,
    jusqu_au: date,
    par: Acteur,
    fin: date | None = None,
    message: str = "",
) -> MiseEnRelation:
    """Fait une offre ferme, valable jusqu'à la fin du jour `jusqu_au`. Jamais plus d'offres que de postes vacants.

    Raises:
        TransitionImpossible: plus de place libre, ou le recrutement n'est pas ouvert.
        ValidationError: une condition du contrat ou de l'échéance n'est pas remplie.
    """
    message = message.strip()
    with acte(relation, "offrir", par=par, peut=peut_agir_pour_la_structure) as courante:
        _exiger(
            regles_offre.verifier_offre(
                type_contrat=type_contrat, salaire=salaire, debut=debut, fin=fin, jusqu_au=jusqu_au, message=message,
                aujourdhui=timezone.localdate(),
            )
        )  # fmt: skip
        _exiger_un_contrat_possible(courante.recrutement, type_contrat, salaire, debut, fin)
        _exiger_une_place(courante.recrutement, debut)
        maintenant = timezone.now()
        courante.offre_le, courante.offre_type_contrat, courante.offre_salaire = maintenant, type_contrat, salaire
        courante.offre_debut, courante.offre_fin, courante.offre_message = debut, fin, message
        courante.rang_reserve = None
        _la_structure_repond(courante)
        attendre(courante, maintenant, timezone.make_aware(datetime.combine(jusqu_au, time.max)))
        prevenir.le_candidat(courante, lambda lien: messages.OffreRecue.de(courante, lien))
    return courante


def _exiger_un_contrat_possible(
    recrutement: Recrutement, type_contrat: str, salaire: Decimal, debut: date, fin: date | None
) -> None:
    """Une offre ferme tient : ce que l'ANCT refuserait au contrat (SMIC, durée) se dit avant de l'envoyer."""
    try:
        exiger_papier(recrutement.structure, type_=type_contrat, debut=debut, fin=fin, salaire=salaire)
    except ValidationError as erreur:
        champs = {"type_contrat" if champ == "type" else champ: m for champ, m in erreur.message_dict.items()}
        raise ValidationError(champs) from erreur


def _exiger_une_place(recrutement: Recrutement, debut: date) -> None:
    if recrutement.etat != EtatRecrutement.OUVERT:
        raise TransitionImpossible("Ce recrutement n’est pas ouvert : reprenez-le avant de faire une offre.")
    vacants = postes_vacants(recrutement, debut).count()
    if not vacants:
        raise TransitionImpossible("Aucun poste n’est vacant à la date de début proposée.")
    if nombre_de_promis(recrutement) >= vacants:
        raise TransitionImpossible(
            "Chaque poste vacant fait déjà l’objet d’une offre : attendez la réponse, ou retirez une offre."
        )


def accepter_offre(relation: MiseEnRelation, *, par: Acteur) -> MiseEnRelation:
    """Le candidat accepte : ses autres échanges sont clos ; au dernier poste promis, ceux des autres candidats aussi.

    Raises:
        TransitionImpossible: l'offre a expiré ou n'est plus là, ou la personne en a déjà accepté une autre.
    """
    siennes = MiseEnRelation.objects.filter(candidat=relation.candidat_id, etat__in=OUVERTS)
    # Ceux de ses autres échanges aussi, et d'emblée : ils seront clos.
    autres = list(siennes.values_list("recrutement_id", flat=True))
    with acte(
        relation, "accepter_offre", par=par, peut=peut_repondre_pour_le_candidat, recrutements=autres
    ) as courante:
        maintenant = timezone.now()
        if courante.echeance is not None and courante.echeance <= maintenant:
            raise TransitionImpossible("Cette offre a expiré : contactez la structure si elle vous intéresse encore.")
        if siennes.filter(etat=Etat.ACCEPTEE).exists():
            raise TransitionImpossible("Vous avez déjà accepté une autre offre : déclinez-la d’abord.")
        _le_candidat_repond(courante)
        courante.acceptee_le = maintenant
        attendre(courante, maintenant, None)
        clore_du_candidat(courante.candidat, motif="candidat_engage", sauf=courante)
        _clore_si_tout_est_promis(courante)
        prevenir.la_structure(courante, lambda lien: messages.OffreAcceptee.de(courante, lien))
    return courante


def _clore_si_tout_est_promis(acceptee: MiseEnRelation) -> None:
    """Dernier poste accepté : les autres candidats l'apprennent ; la réserve reste, et connaît sa place."""
    recrutement = acceptee.recrutement
    assert acceptee.offre_debut is not None
    acceptees = MiseEnRelation.objects.filter(recrutement=recrutement, etat=Etat.ACCEPTEE).exclude(pk=acceptee.pk)
    if acceptees.count() + 1 < postes_vacants(recrutement, acceptee.offre_debut).count():
        return
    clore_du_recrutement(
        recrutement, motif="poste_pourvu", etats=OUVERTS - {Etat.RESERVE, Etat.ACCEPTEE}, sauf=acceptee
    )
    for place, reservee in enumerate(en_reserve(recrutement), start=1):
        reservee.recrutement = recrutement
        _dire_sa_place(reservee, place, promis=True)


def _dire_sa_place(relation: MiseEnRelation, place: int, *, promis: bool = False) -> None:
    prevenir.le_candidat(relation, lambda lien: messages.EnReserve.de(relation, lien, place=place, promis=promis))


def recruter(relation: MiseEnRelation, *, signe_le: date, par: Acteur) -> MiseEnRelation:
    """Le contrat est signé : saisi pour l'ANCT, il prend un poste ; au dernier, le recrutement est pourvu.

    Raises:
        ValidationError: date de signature impossible (champ `signe_le`), ou contrat non recevable.
        TransitionImpossible: aucun poste vacant au début du contrat.
    """
    siennes = MiseEnRelation.objects.filter(candidat=relation.candidat_id, etat__in=OUVERTS)
    autres = list(siennes.values_list("recrutement_id", flat=True))
    with acte(relation, "recruter", par=par, peut=peut_agir_pour_la_structure, recrutements=autres) as courante:
        assert courante.offre_le is not None
        assert courante.offre_debut is not None
        _exiger(
            regles_offre.verifier_signature(
                signe_le, offre_le=timezone.localdate(courante.offre_le), aujourdhui=timezone.localdate()
            )
        )
        _prendre_un_poste(courante, par=par)
        courante.contrat_signe_le, courante.close_le = signe_le, timezone.now()
        courante.echeance = None
        clore_du_candidat(courante.candidat, motif="candidat_engage", sauf=courante)
        _pourvoir_s_il_le_faut(courante, par=par)
        with transition(
            courante.candidat,
            "recruter_candidat",
            table=TRANSITIONS_CANDIDAT,
            par=par,
            peut=lambda acteur, _candidat: peut_agir_pour_la_structure(acteur, courante),
            donnees={"mise_en_relation": courante.pk},
        ):
            pass
        prevenir.le_candidat(courante, lambda lien: messages.Recrute.de(courante, lien))
    return courante


def _prendre_un_poste(relation: MiseEnRelation, *, par: Acteur) -> None:
    """Un poste libre sur toute la durée du contrat, et ce contrat, à valider par l'ANCT."""
    assert relation.offre_debut is not None
    assert relation.offre_salaire is not None
    debut, fin = relation.offre_debut, relation.offre_fin
    libres = Poste.objects.disponibles_pour(relation.recrutement.structure, debut, fin).order_by()
    vacants = postes_vacants(relation.recrutement, debut).filter(rattachement__poste__in=libres.values("pk"))
    poste = (
        vacants.select_related("rattachement__poste")
        .select_for_update(of=("self",))
        .order_by("rattachement__poste__numero")
        .first()
    )
    if poste is None:
        raise TransitionImpossible("Aucun poste n’est vacant sur toute la durée de ce contrat.")
    poste.pourvu_par, poste.pourvu_le = relation, timezone.now()
    poste.save(update_fields=["pourvu_par", "pourvu_le"])
    role = relation.candidat.role
    assert role is not None
    saisir_contrat(
        poste.rattachement.poste, personne=role.utilisateur, type=relation.offre_type_contrat, debut=debut, fin=fin,
        salaire=relation.offre_salaire, par=par,
    )  # fmt: skip


def _pourvoir_s_il_le_faut(recrutee: MiseEnRelation, *, par: Acteur) -> None:
    """Plus aucun poste vacant : le recrutement est pourvu, réserve et autres candidats l'apprennent."""
    recrutement = recrutee.recrutement
    assert recrutee.offre_debut is not None
    if postes_vacants(recrutement, recrutee.offre_debut).exists():
        return
    with transition(
        recrutement,
        "pourvoir_recrutement",
        table=TRANSITIONS_RECRUTEMENT,
        par=par,
        peut=peut_faire_vivre_recrutement,
    ) as courant:
        courant.clos_le = timezone.now()
        clore_du_recrutement(recrutement, motif="poste_pourvu", sauf=recrutee)


# --- Réserve ------------------------------------------------------------------------------------------------------


def mettre_en_reserve(relation: MiseEnRelation, *, par: Acteur) -> MiseEnRelation:
    """Ajoute le candidat au bout de la réserve ; il connaît sa place, et reste libre d'être proposé ailleurs."""
    with acte(relation, "mettre_en_reserve", par=par, peut=peut_agir_pour_la_structure) as courante:
        place = place_en_reserve(courante)
        courante.rang_reserve = rang_suivant(courante.recrutement)
        _la_structure_repond(courante)
        attendre(courante, timezone.now(), None)
        _dire_sa_place(courante, place)
    return courante


# --- Fins ---------------------------------------------------------------------------------------------------------


def ecarter(relation: MiseEnRelation, *, motif: str, par: Acteur, precision: str = "") -> MiseEnRelation:
    """La structure ne donne pas suite ; le candidat lit le motif, et la précision s'il y en a une.

    Raises:
        ValidationError: motif hors de la liste, précision trop longue.
    """
    precision = precision.strip()
    with acte(
        relation, "ecarter", par=par, peut=peut_repondre_pour_la_structure, motif=regles.MOTIFS_ECART.get(motif, "")
    ) as courante:
        _exiger(_verifier_fin(motif, precision, regles.MOTIFS_ECART))
        _la_structure_repond(courante)
        fermer(courante, motif, precision)
        prevenir.le_candidat(courante, lambda lien: messages.NonRetenue.de(courante, lien))
    return courante


def retirer_offre(relation: MiseEnRelation, *, motif: str, par: Acteur) -> MiseEnRelation:
    """La structure retire son offre, avec un motif écrit que le candidat lit ; la réserve est rappelée.

    Raises:
        ValidationError: motif hors de 10 à 1 000 caractères (champ `motif`).
    """
    motif = motif.strip()
    with acte(relation, "retirer_offre", par=par, peut=peut_agir_pour_la_structure, motif=motif) as courante:
        _exiger(regles_offre.verifier_motif_ecrit("motif", motif))
        fermer(courante, "offre_retiree", motif)
        prevenir.le_candidat(courante, lambda lien: messages.OffreRetiree.de(courante, lien))
        rappeler_le_suivant(courante.recrutement, tombee=courante)
    return courante


def decliner(relation: MiseEnRelation, *, motif: str, par: Acteur, precision: str = "") -> MiseEnRelation:
    """Le candidat ne donne pas suite ; une offre qu'il décline rappelle la réserve.

    Raises:
        ValidationError: motif hors de la liste, précision trop longue.
    """
    precision = precision.strip()
    with acte(
        relation, "decliner", par=par, peut=peut_repondre_pour_le_candidat, motif=regles.MOTIFS_DECLIN.get(motif, "")
    ) as courante:
        _exiger(_verifier_fin(motif, precision, regles.MOTIFS_DECLIN))
        promise = courante.etat in PROMIS
        _le_candidat_repond(courante)
        fermer(courante, motif, precision)
        prevenir.la_structure(courante, lambda lien: messages.Declinee.de(courante, lien))
        if promise:
            rappeler_le_suivant(courante.recrutement, tombee=courante)
    return courante


def _verifier_fin(motif: str, precision: str, motifs: dict[str, str]) -> list[Erreur]:
    erreurs = [] if motif in motifs else [Erreur("motif", "Choisissez une raison de la liste.")]
    return erreurs + verifier_longueur("precision", precision, 0, regles.TEXTE_MAX)


def expirer(relation: MiseEnRelation, *, par: Acteur = SYSTEME) -> MiseEnRelation:
    """L'échéance est passée sans réponse : les deux parties apprennent la fin, et pourquoi ; la réserve est rappelée.

    Raises:
        TransitionImpossible: l'échéance n'est pas passée, ou quelqu'un vient de répondre.
    """
    with acte(relation, "expirer", par=par, peut=peut_clore) as courante:
        if courante.echeance is None or courante.echeance > timezone.now():
            raise TransitionImpossible("L’échéance de cette mise en relation n’est pas passée.")
        promise = courante.etat in PROMIS
        fermer(courante, _MOTIF_D_EXPIRATION[Etat(courante.etat)])
        prevenir.le_candidat(courante, lambda lien: messages.Expiree.de(courante, lien))
        prevenir.la_structure(courante, lambda lien: messages.Expiree.de(courante, lien, pour_structure=True))
        if promise:
            rappeler_le_suivant(courante.recrutement, tombee=courante)
    return courante
