"""Conventions signées, échéanciers, comptes et lots pour les tests : les lignes s'écrivent directement."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from conum.comptes.models import Role
from conum.comptes.rules import ajouter_mois
from conum.conventions import rules
from conum.conventions.models import Acte, Convention, LigneActe, PosteConventionne
from conum.conventions.states import Etat as EtatConvention
from conum.postes.models.poste import UN_JOUR, periode_de
from conum.structures.models import Structure
from conum.versements.actions import lots
from conum.versements.models import Echeance, Echeancier, LigneLot, Lot, Rib
from conum.versements.rules import coffre
from conum.versements.states import Etat, EtatLot, EtatRib
from tests.postes.fabriques import anct, jour, membre_de, structure_avec

__all__ = ["anct", "jour", "membre_de"]

IBAN = "FR7630006000011234567890189"
AUTRE_IBAN = "FR1420041010050500013M02606"
TROISIEME_IBAN = "DE89370400440532013000"


def signee(
    nombre: int = 1,
    *,
    phase: str = "v2",
    debut: date | None = None,
    structure: Structure | None = None,
    rib: bool = True,
    contrats: Sequence[rules.Contrat] | None = None,
    **champs: Any,
) -> Convention:
    """Une convention active et son acte initial signé, pour `nombre` postes ; par défaut pourvus de bout en bout.

    `phase` « v2 » : trois échéances datées par poste ; « v1 » : une seule, sans date. `rib` : la structure a un compte.
    """
    debut = debut or jour(-30)
    accueil, postes = structure_avec(nombre, depuis=(debut - jour()).days - 1, **champs)
    if structure is not None:
        for poste in postes:
            poste.rattachements.update(structure=structure)
        accueil = structure
    regle = rules.regle_au(debut, rules.Phase(phase))
    fin = ajouter_mois(debut, regle.duree_max_mois) - UN_JOUR
    convention = Convention.objects.create(
        structure=accueil,
        etat=EtatConvention.ACTIVE,
        phase=phase,
        periode=periode_de(debut, fin),
        financement_debut=debut,
        statut=accueil.statut,
        departement=accueil.commune.departement,
        financeur=regle.financeurs[0],
    )
    convention.refresh_from_db()
    for poste in postes:
        PosteConventionne.objects.create(
            convention=convention, poste=poste, type=poste.type, periode=convention.periode
        )
    signer(convention, contrats=contrats)
    if rib and not Rib.objects.filter(structure=accueil, etat=EtatRib.ACTIF).exists():
        compte(accueil)
    return convention


def signer(
    convention: Convention,
    *,
    contrats: Sequence[rules.Contrat] | Mapping[int, Sequence[rules.Contrat]] | None = None,
    numero: int | None = None,
) -> Acte:
    """L'acte suivant, signé des deux parties, aux montants de la règle pour ces contrats.

    `contrats` : les mêmes pour tous les postes, ou par `PosteConventionne.pk` ; None : pourvus de bout en bout.
    """
    regle = rules.regle_au(convention.debut, rules.Phase(convention.phase))
    periode = rules.Convention(
        convention.periode.lower, convention.periode.upper, convention.financement_debut, convention.etalement_mois
    )
    lignes = []
    for conventionne in convention.postes.order_by("pk"):
        siens = contrats.get(conventionne.pk) if isinstance(contrats, Mapping) else contrats
        if siens is None:
            siens = [rules.Contrat(conventionne.periode.lower)]
        poste = rules.Poste(
            rules.Statut(convention.statut), convention.departement_id, conventionne.type,
            conventionne.zone_prioritaire,
        )  # fmt: skip
        calcul = rules.calculer_subvention(poste, siens, periode, regle)
        lignes += _lignes(conventionne, calcul)
    montants = {(x.poste_id, x.annee, x.nature, x.tranche): x.montant for x in lignes}
    return _acte(convention, regle, lignes, sum(montants.values(), Decimal(0)), numero)


def _lignes(conventionne: PosteConventionne, calcul: rules.Subvention) -> list[LigneActe]:
    sommes: dict[tuple[int, str, int], list[Any]] = {}
    for x in calcul.lignes:
        cumul = sommes.setdefault((x.debut.year, x.tranche.nature.value, x.tranche.numero), [0, 0, Decimal(0)])
        for i, valeur in enumerate((x.jours, x.jours_vacants, x.montant)):
            cumul[i] += valeur
    return [
        LigneActe(
            poste=conventionne, annee=annee, nature=nature, tranche=tranche, jours=jours, jours_vacants=vacants,
            montant=montant, plafond=max(montant, calcul.plafond),
        )
        for (annee, nature, tranche), (jours, vacants, montant) in sommes.items()
    ]  # fmt: skip


def _acte(
    convention: Convention, regle: rules.Regle, lignes: list[LigneActe], total: Decimal, numero: int | None
) -> Acte:
    maintenant = timezone.now()
    numero = convention.actes.filter(retire_le=None).count() if numero is None else numero
    acte = Acte.objects.create(
        convention=convention,
        numero=numero,
        objet="contrats" if numero else "",
        effet_le=convention.debut,
        regle_code=regle.code,
        regle_empreinte=regle.empreinte,
        total=total,
        plafond=sum((x.plafond for x in lignes), total),
        document="conventions/actes/essai.pdf",
        sha256=hashlib.sha256(f"{convention.pk}-{numero}".encode()).hexdigest(),
        propose_le=maintenant,
        signe_structure_le=maintenant,
        signe_etat_le=maintenant,
    )
    for ligne in lignes:
        ligne.acte = acte
    LigneActe.objects.bulk_create(lignes)
    return acte


def compte(structure: Structure, *, iban: str = IBAN, etat: str = EtatRib.ACTIF, **champs: Any) -> Rib:
    """Des coordonnées bancaires, par défaut actives et confirmées par une autre personne."""
    confirme = etat == EtatRib.ACTIF
    valeurs: dict[str, Any] = {
        "titulaire": structure.nom[:70],
        "iban_chiffre": coffre.chiffrer(iban.encode(), settings.CLES_BANCAIRES),
        "iban_empreinte": coffre.empreinte(iban, settings.CLES_BANCAIRES[0]),
        "pays": iban[:2],
        "fin_iban": iban[-4:],
        "saisi_par": anct().utilisateur,
        "confirme_par": anct().utilisateur if confirme else None,
        "confirme_le": timezone.now() if confirme else None,
    }
    return Rib.objects.create(structure=structure, etat=etat, **(valeurs | champs))


def echeance(convention: Convention, *, montant: str | Decimal = "1000.00", **champs: Any) -> Echeance:
    """Une échéance écrite directement, rattachée à l'acte en vigueur et au premier poste ; par défaut à verser."""
    acte = convention.actes.signes().order_by("-numero").first()
    assert acte is not None
    Echeancier.objects.get_or_create(acte=acte)
    valeurs: dict[str, Any] = {
        "poste": convention.postes.order_by("pk").first(),
        "nature": "versement",
        "etat": Etat.A_VERSER,
        "prevue_le": jour(-1),
    }
    valeurs |= champs
    existantes = Echeance.objects.filter(acte=acte, poste=valeurs["poste"], nature=valeurs["nature"])
    valeurs.setdefault("rang", existantes.count() + 1)
    cree = Echeance.objects.create(convention=convention, acte=acte, montant=Decimal(montant), **valeurs)
    cree.refresh_from_db()
    return cree


def versee(
    convention: Convention, *, montant: str | Decimal = "1000.00", le: date | None = None, **champs: Any
) -> Echeance:
    """Une échéance déjà versée, sans passer par un lot."""
    le = le or jour(-10)
    return echeance(convention, montant=montant, etat=Etat.VERSE, realisee_le=le, prevue_le=le, **champs)


def lot_remis(*echeances: Echeance, prepare_par: Role | None = None, approuve_par: Role | None = None) -> Lot:
    """Un lot remis à la banque, ses échéances ordonnancées, ses lignes en attente du retour."""
    lot = Lot.objects.create(
        etat=EtatLot.EXPORTE,
        execution_le=jour(),
        prepare_par=(prepare_par or anct()).utilisateur,
        approuve_par=(approuve_par or anct()).utilisateur,
        approuve_le=timezone.now(),
        fichier="versements/lots/essai",
        sha256=hashlib.sha256(b"essai").hexdigest(),
        exporte_le=timezone.now(),
    )
    lot.refresh_from_db()
    for e in echeances:
        Echeance.objects.filter(pk=e.pk).update(etat=Etat.ORDONNANCE)
        e.refresh_from_db()
        passage = e.lignes_de_lot.count() + 1
        rib = Rib.objects.get(structure=e.convention.structure, etat=EtatRib.ACTIF)
        LigneLot.objects.create(lot=lot, echeance=e, rib=rib, montant=e.montant, reference=f"{e.reference}-{passage}")
    return lot


def ouvrable() -> date:
    """Un jour de banque, bientôt."""
    le = jour(3)
    return le + timedelta(days=max(0, 7 - le.weekday()) if le.weekday() >= 5 else 0)


def preparer(*echeances: Echeance, par: Role | None = None, **champs: Any) -> Lot:
    champs.setdefault("execution_le", ouvrable())
    return lots.preparer_lot(echeances=[e.pk for e in echeances], par=par or anct(), **champs)


def approuve(*echeances: Echeance, par: Role | None = None) -> Lot:
    """Un lot préparé par un agent, approuvé par un autre."""
    preparateur = anct()
    lot = lots.soumettre_lot(preparer(*echeances, par=preparateur), par=preparateur)
    total = sum((e.montant for e in echeances), Decimal(0))
    return lots.approuver_lot(lot, nombre=len(echeances), total=total, par=par or anct())
