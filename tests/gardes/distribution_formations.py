"""La suite de la distribution : la formation des conseillers de la structure de la Marne, et qui les forme."""

from typing import Any

from django.core.files.base import ContentFile

from conum.comptes.models import Role, TypeRole
from conum.formations.actions import affectation, etats, imports, parcours, positionnement
from conum.formations.models import (
    Inscription,
    InscriptionModule,
    InvitationSatisfaction,
    Organisme,
    PriseDePoste,
    ResultatCertification,
)
from conum.formations.models.satisfaction import Moment
from conum.formations.states import Etat, EtatDispense, EtatSession
from conum.postes import actions as postes
from conum.postes.models import Contrat, TypePoste
from conum.structures.models import Structure
from tests.formations import fabriques_base as f
from tests.formations import fabriques_parcours
from tests.postes import fabriques as contrats

MARCHE = "2025"


def etrangers() -> dict[str, Role]:
    """Un autre organisme, et un conseiller d'une autre structure."""
    autre = f.inscription(chez=f.organisme("Francil’In"))
    return {
        "autre organisme": f.role_organisme(f.organisme("Francil’In")),
        "autre conseiller": f.role_conseiller(autre),
    }


def _contrats(structure: Structure, nombre: int) -> list[Contrat]:
    libres = postes.creer_postes(
        structure, nombre=nombre, type_poste=TypePoste.CONSEILLER, debut=f.jour(-400), par=contrats.SYSTEME
    )
    return [contrats.en_poste(p, debut=f.jour(-150), type="cdi", fin=None) for p in libres]


def _positionner(contrat: Contrat, chez: Organisme, organisme: Role) -> Inscription:
    """Le test passé, le parcours retenu."""
    inscription = f.inscription(contrat=contrat, chez=chez)
    soi = f.role_conseiller(inscription)
    test = positionnement.commencer_positionnement(inscription, par=soi)
    items = positionnement.questionnaire_de(test).items
    positionnement.repondre(test, {i.code: i.reponses[0].code for i in items}, par=soi)
    fini = positionnement.terminer_positionnement(inscription, par=soi)
    inscription.refresh_from_db()
    return parcours.retenir_parcours(inscription, parcours=fini.recommandation["parcours"], par=organisme)


def _suivre(inscription: Inscription, chez: Organisme) -> dict[str, Any]:
    """Une session en cours : une demi-journée signée, une absence sans motif, une à signer, d'autres à venir."""
    session = f.session(chez=chez, seances=6, debut=f.jour(-1))
    place = f.place(session, inscription)
    Inscription.objects.filter(pk=inscription.pk).update(etat=Etat.EN_FORMATION)
    signee, manquee, a_signer, *_ = session.seances.order_by("jour", "debut")
    f.emarger(signee, place)
    absence = f.emarger(manquee, place, absent=True, signe_apprenant_le=None, apprenant_voie="")
    return {
        "formations:places:place_id": place.pk,
        "formations:place_id": place.pk,
        "formations:seances:seance_id": a_signer.pk,
        "formations:seance_id": a_signer.pk,
        "formations:feuille:session_id": session.pk,
        "formations:emargement_id": absence.pk,
    }


def _finir(contrat: Contrat, chez: Organisme, organisme: Role) -> tuple[Inscription, dict[str, Any]]:
    """Une formation attestée, son résultat, sa prise de poste, l'état récapitulatif du mois."""
    formee = fabriques_parcours.formee(contrat=contrat, chez=chez)
    absent = ResultatCertification.objects.create(
        inscription=formee, certification="pix", resultat="absent", le=f.jour(-3)
    )
    prise = PriseDePoste.objects.create(contrat=contrat, le=f.jour())
    mois = f.jour(-40).replace(day=1)
    etat = etats.preparer_etat(chez, MARCHE, mois, par=organisme)
    attestation = formee.attestations.get()
    attestation.document.save("essai.pdf", ContentFile(b"%PDF-1.7"))
    return formee, {
        "formations:attestation_id": attestation.pk,
        "formations:certifications:pk": absent.pk,
        "formations:justifier_absence:pk": absent.pk,
        "formations:retirer_resultat:pk": absent.pk,
        "formations:enregistrer_resultat:inscription_id": formee.pk,
        "formations:prises-de-poste:pk": prise.pk,
        "formations:etats:pk": etat.pk,
        "formations:ligne_id": etat.lignes.order_by("pk")[0].pk,
    }


def monter(structure: Structure, anct: Role) -> tuple[dict[str, Role], dict[str, Any]]:
    """Les deux rôles de la formation, et les objets de la Marne qui ne sont qu'à eux et à leur employeur."""
    chez = f.organisme()
    organisme = f.role_organisme(chez)
    en_cours, ouverte, attend, finie, sans_suite = _contrats(structure, 5)
    suivie = _positionner(en_cours, chez, organisme)
    du_suivi = _suivre(suivie, chez)
    nouvelle = f.inscription(contrat=ouverte, chez=chez)
    dispense = fabriques_parcours.dispense(nouvelle, etat=EtatDispense.DEPOSEE)
    dispense.preuve.save("essai.pdf", ContentFile(b"%PDF-1.7"))
    arretee = f.inscription(contrat=sans_suite, chez=chez, etat=Etat.ABANDONNEE)
    brouillon = f.session(chez=chez, etat=EtatSession.BROUILLON)
    a_venir = f.session(chez=chez, debut=f.jour(20))
    attendue = _positionner(attend, chez, organisme)
    passage = affectation.lancer_passage(par=anct)
    _, de_la_fin = _finir(finie, chez, organisme)
    depot = imports.deposer_import(
        b"email;certification;resultat;date\nx@y.fr;pix;reussi;01/02/2026\n", nom="r.csv", par=organisme
    )
    module = InscriptionModule.objects.create(
        personne=suivie.personne, code="cybersecurite", jour=f.jour(10), organisme=chez
    )
    avis = InvitationSatisfaction.objects.create(inscription=suivie, organisme=chez, moment=Moment.FIN)
    roles = {TypeRole.CONSEILLER.value: f.role_conseiller(suivie), TypeRole.ORGANISME.value: organisme}
    objets: dict[str, Any] = {
        "formations:inscriptions:pk": suivie.pk,
        "formations:inscription_id": nouvelle.pk,
        "formations:rouvrir_inscription:pk": arretee.pk,
        "formations:retenir_parcours:pk": attendue.pk,
        "formations:numero": 1,
        "formations:contrat_id": en_cours.pk,
        "formations:organisme_id": chez.pk,
        "versements:organisme_pk": chez.pk,
        "formations:marche": MARCHE,
        "formations:session_id": brouillon.pk,
        "formations:seance_modifier:seance_id": brouillon.seances.order_by("pk")[0].pk,
        "formations:seance_retirer:seance_id": brouillon.seances.order_by("pk")[0].pk,
        "formations:dispenses:pk": dispense.pk,
        "formations:imports:pk": depot.pk,
        "formations:modules:pk": module.pk,
        "formations:demander_module:code": "cybersecurite",
        "formations:mon_avis:pk": avis.pk,
        "formations:affectation:pk": passage.pk,
        "formations:propositions:pk": passage.propositions.order_by("pk")[0].pk,
        "formations:depot": "inconnu",
        "formations:a_venir": a_venir.pk,
    }
    return roles, objets | du_suivi | de_la_fin
