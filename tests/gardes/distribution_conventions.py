"""La suite de la distribution : conventions à chaque étape, et l'argent qui en découle, à la structure de la Marne."""

from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from conum.comptes.models import Role
from conum.comptes.rules import ajouter_mois
from conum.conventions import actions
from conum.conventions.actions import avenants
from conum.conventions.actions.pieces import deposer_exemplaire, deposer_piece
from conum.conventions.models import Convention, ObjetAvenant
from conum.postes import actions as postes
from conum.postes.models import Poste, TypePoste
from conum.structures.models import Membre, Structure
from conum.versements.actions import justificatifs, relances
from conum.versements.models import LigneRetour, Nature, RetourBancaire, SensRetour
from conum.versements.states import Etat, EtatRapprochement, EtatRib
from tests.conventions import fabriques as conventions
from tests.postes import fabriques as contrats
from tests.versements import fabriques as versements

UN_JOUR = contrats.jour(1) - contrats.jour()


def _fichier() -> SimpleUploadedFile:
    return contrats.pdf()


def _active(structure: Structure, poste: Poste, depuis: int) -> Convention:
    """Signée des deux parties il y a `depuis` jours, un CDI dessus."""
    debut = contrats.jour(-depuis)
    contrats.en_poste(poste, debut=debut, type="cdi", fin=None)
    fin = ajouter_mois(debut, 36) - UN_JOUR
    return conventions.signer(conventions.preparer(structure, [poste], debut=debut, fin=fin))


def _conventions(structure: Structure, membre: Membre) -> tuple[Convention, dict[str, Any]]:
    """Un brouillon et ses pièces, une convention à signer et son exemplaire papier, une active, un avenant ouvert."""
    quatre = postes.creer_postes(
        structure, nombre=4, type_poste=TypePoste.CONSEILLER, debut=contrats.jour(-1100), par=contrats.SYSTEME
    )
    brouillon = conventions.preparer(structure, quatre[:1])
    piece = deposer_piece(brouillon.pieces.order_by("pk")[0], _fichier(), par=membre.role)
    a_signer = conventions.preparer(structure, quatre[1:2])
    conventions.valider_pieces(a_signer)
    a_signer = actions.proposer_convention(a_signer, par=contrats.anct())
    acte = a_signer.actes.get()
    exemplaire = deposer_exemplaire(acte, _fichier(), par=membre.role)
    # Elle finit bientôt : elle se renouvelle aussi.
    active = _active(structure, quatre[2], depuis=1000)
    changee = _active(structure, quatre[3], depuis=200)
    avenants.ouvrir_avenant(
        changee, objet=ObjetAvenant.DATES, effet_le=contrats.jour(), expose="Fin avancée.", fin=contrats.jour(300),
        par=contrats.anct(),
    )  # fmt: skip
    objets: dict[str, Any] = {
        "conventions:convention_id": active.pk,
        "conventions:numero": 0,
        "conventions:code": acte.code,
        "conventions:objet": ObjetAvenant.RUPTURE.value,
        "conventions:structure_id": structure.pk,
        "conventions:piece_id": piece.pk,
        "conventions:verifier_exemplaire:piece_id": exemplaire.pk,
    }
    for nom in ("corriger", "projet", "proposer", "annuler", "demander_piece"):
        objets[f"conventions:{nom}:convention_id"] = brouillon.pk
    for nom in ("retirer", "signer", "exemplaire", "document"):
        objets[f"conventions:{nom}:convention_id"] = a_signer.pk
    for nom in ("avenant", "corriger_avenant", "proposer_avenant", "abandonner_avenant"):
        objets |= {f"conventions:{nom}:convention_id": changee.pk, f"conventions:{nom}:numero": 1}
    return active, objets


def _versements(structure: Structure, active: Convention, membre: Membre, anct: Role) -> dict[str, Any]:
    """Des échéances à chaque étape, un lot de chaque agent, un compte actif et un autre à confirmer."""
    actif = versements.compte(structure)
    propose = versements.compte(structure, iban=versements.AUTRE_IBAN, etat=EtatRib.PROPOSE)
    prevue = versements.echeance(active, etat=Etat.PREVU)
    suspendue = versements.echeance(active, etat=Etat.SUSPENDU, motif="Justificatif attendu.")
    a_rendre = versements.echeance(active, nature=Nature.REVERSEMENT, etat=Etat.REVERSEMENT_DEMANDE)
    lot = versements.preparer(versements.echeance(active))
    le_sien = versements.preparer(versements.echeance(active), par=anct)
    retour = RetourBancaire.objects.create(nom_fichier="retour.csv", format="csv", sha256="b" * 64, role=anct)
    inconnue = LigneRetour.objects.create(
        retour=retour, numero=1, reference="EC-999999-1", sens=SensRetour.PAYE, montant=10,
        etat=EtatRapprochement.A_TRAITER, explication="Identifiant inconnu.",
    )  # fmt: skip
    relances.ouvrir_justificatifs(contrats.jour())
    recu = justificatifs.deposer_justificatif(
        active.justificatifs.order_by("numero")[0], montant=Decimal(10_000), fichier=_fichier(), par=membre.role
    )
    objets: dict[str, Any] = {
        "versements:justificatifs:pk": recu.pk,
        "versements:reversements:pk": a_rendre.pk,
        "versements:retours-bancaires:pk": retour.pk,
        "versements:ligne_retour:pk": inconnue.pk,
        "versements:ecarter_ligne_retour:pk": inconnue.pk,
        "versements:soumettre_lot:pk": le_sien.pk,
        "versements:convention_pk": active.pk,
        "versements:structure_pk": structure.pk,
        "versements:echeances:pk": prevue.pk,
        "versements:reprendre:pk": suspendue.pk,
        "versements:lots:pk": lot.pk,
        "versements:ligne_pk": lot.lignes.get().pk,
        "versements:coordonnees-bancaires:pk": propose.pk,
        "versements:retirer_rib:pk": actif.pk,
        "versements:budget_convention:pk": active.pk,
    }
    for nom in ("constater_reversement", "annuler_reversement"):
        objets[f"versements:{nom}:pk"] = a_rendre.pk
    return objets


def monter(structure: Structure, membre: Membre, anct: Role) -> dict[str, Any]:
    active, objets = _conventions(structure, membre)
    return objets | _versements(structure, active, membre, anct)
