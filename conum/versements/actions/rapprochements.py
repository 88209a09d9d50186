"""Une personne dit de quoi parle une ligne que la machine n'a pas rapprochée, ou l'écarte avec un motif."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet

from conum.journal.acteurs import Acteur
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.actions.gardes import exiger_texte
from conum.structures.models import Structure
from conum.versements import access
from conum.versements.actions import constats
from conum.versements.actions.retours import REMIS
from conum.versements.models import Echeance, LigneLot, LigneRetour, Nature, SensRetour
from conum.versements.states import TRANSITIONS_RAPPROCHEMENT, Etat, EtatLigne

TROUVES_MAX = 20


def virements_possibles(ligne: LigneRetour, recherche: str = "") -> QuerySet[LigneLot]:
    """Les virements remis qui attendent la banque, du même montant quand elle en donne un ; un rejet, payés compris."""
    etats = [EtatLigne.EN_ATTENTE]
    if ligne.sens == SensRetour.REJETE:
        etats.append(EtatLigne.PAYEE)
    lignes = LigneLot.objects.filter(etat__in=etats, lot__etat__in=sorted(REMIS))
    if ligne.sens == SensRetour.REJETE:
        lignes = lignes.filter(Q(etat=EtatLigne.EN_ATTENTE) | Q(echeance__convention__solde=None))
    if ligne.montant is not None:
        lignes = lignes.filter(montant=ligne.montant)
    if recherche := recherche.strip():
        organisme = Q(etat_recapitulatif__organisme__nom__icontains=recherche)
        du_texte = _de_qui(recherche, "echeance__convention__") | Q(reference__icontains=recherche) | organisme
        lignes = lignes.filter(du_texte)
    suivies = lignes.select_related(
        "lot", "rib", "echeance__convention__structure", "echeance__convention__solde", "etat_recapitulatif__organisme"
    )
    return suivies.order_by("lot_id", "pk")


def sommes_possibles(ligne: LigneRetour, recherche: str = "") -> QuerySet[Echeance]:
    """Les sommes à rendre de ce montant, qui ne le sont pas encore."""
    sommes = Echeance.objects.filter(nature=Nature.REVERSEMENT, etat=Etat.REVERSEMENT_DEMANDE)
    if ligne.montant is not None:
        sommes = sommes.filter(montant=ligne.montant)
    if recherche := recherche.strip():
        critere = _de_qui(recherche, "convention__")
        if (numero := _numero(recherche, "EC-")) is not None:
            critere |= Q(numero=numero)
        sommes = sommes.filter(critere)
    return sommes.select_related("convention__structure", "convention__solde").order_by("pk")


def _de_qui(texte: str, prefixe: str) -> Q:
    """Par structure (nom ou SIRET) ou par numéro de convention."""
    structures = Structure.objects.rechercher(texte).order_by().values("pk")
    critere = Q(**{f"{prefixe}structure__in": structures})
    if (numero := _numero(texte, "CV-")) is not None:
        critere |= Q(**{f"{prefixe}numero": numero})
    return critere


def _numero(texte: str, prefixe: str) -> int | None:
    chiffres = texte.strip().upper().removeprefix(prefixe)
    return int(chiffres) if chiffres.isascii() and chiffres.isdecimal() and len(chiffres) < 10 else None


def rapprocher_virement(ligne: LigneRetour, virement: LigneLot, *, par: Acteur) -> LigneRetour:
    """Dit que cette ligne parle de ce virement : il est constaté payé, ou rejeté.

    Raises:
        TransitionImpossible: la ligne est traitée, le virement n'attend plus, ou les montants diffèrent.
    """
    with transaction.atomic():
        _exiger_droit(ligne, par)
        constats.verrouiller(
            [virement.lot_id],
            [cle for cle in (virement.echeance_id,) if cle is not None],
            [cle for cle in (virement.etat_recapitulatif_id,) if cle is not None],
        )
        with transition(
            ligne, "rapprocher_ligne", table=TRANSITIONS_RAPPROCHEMENT, par=par, peut=access.peut_ordonnancer,
            donnees={"virement": virement.reference},
        ) as courante:  # fmt: skip
            if courante.sens == SensRetour.RECU:
                raise TransitionImpossible("Un virement reçu se rapproche d'une somme à rendre.")
            relu = virements_possibles(courante).filter(pk=virement.pk).first()
            if relu is None:
                raise TransitionImpossible(
                    "Ce virement ne convient pas, ou plus : il n'attend plus la banque, ou son montant diffère."
                )
            _constater(courante, par, ligne_lot=relu)
            courante.ligne_lot = relu
    return courante


def rapprocher_reversement(ligne: LigneRetour, somme: Echeance, *, par: Acteur) -> LigneRetour:
    """Dit que ce virement reçu rend cette somme.

    Raises:
        TransitionImpossible: la ligne est traitée, la somme n'est plus à rendre, ou les montants diffèrent.
    """
    with transaction.atomic():
        _exiger_droit(ligne, par)
        constats.verrouiller([], [somme.pk])
        with transition(
            ligne, "rapprocher_ligne", table=TRANSITIONS_RAPPROCHEMENT, par=par, peut=access.peut_ordonnancer,
            donnees={"reversement": somme.reference},
        ) as courante:  # fmt: skip
            relue = sommes_possibles(courante).filter(pk=somme.pk).first()
            if courante.sens != SensRetour.RECU or relue is None:
                raise TransitionImpossible(
                    "Cette somme ne convient pas, ou plus : rendue, annulée, ou d'un autre montant."
                )
            _constater(courante, par, reversement=relue)
            courante.reversement = relue
    return courante


def _exiger_droit(ligne: LigneRetour, par: Acteur) -> None:
    """Avant les verrous : qui n'a pas le droit n'attend pas derrière un lot."""
    if not access.peut_ordonnancer(par, ligne):
        raise PermissionDenied


def _constater(
    ligne: LigneRetour, par: Acteur, *, ligne_lot: LigneLot | None = None, reversement: Echeance | None = None
) -> None:
    reference = ligne.reference or ligne.texte or ligne.retour.nom_fichier
    fait = constats.Constat(ligne.sens, ligne.date, ligne.motif, reference, ligne_lot, reversement)
    constats.constater([fait], origine=f"ligne-retour:{ligne.pk}", par=par)


def ecarter_ligne(ligne: LigneRetour, *, motif: str, par: Acteur) -> LigneRetour:
    """Dit, avec un motif, que cette ligne ne regarde aucun virement de conum."""
    motif = exiger_texte("motif", motif)
    with transition(
        ligne, "ecarter_ligne", table=TRANSITIONS_RAPPROCHEMENT, par=par, peut=access.peut_ordonnancer, motif=motif
    ) as courante:
        courante.explication = motif
    return courante
