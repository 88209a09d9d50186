"""Envoyer une convention à la signature, reprendre son document, l'annuler avant qu'elle n'engage (states.py)."""

from django.core.exceptions import ValidationError

from conum.conventions import access, rules
from conum.conventions.actions import calcul, documents
from conum.conventions.actions.messages import prevenir_structure
from conum.conventions.actions.preparation import Preparation, acte_ouvert, charger, periode_du_poste, sans
from conum.conventions.emails import preparation as emails
from conum.conventions.models import Acte, Convention, Piece
from conum.conventions.states import TRANSITIONS, EtatPiece
from conum.journal.acteurs import Acteur
from conum.journal.workflow import TransitionImpossible, transition
from conum.socle.enregistrement import enregistrer
from conum.socle.texte import euros


def proposer_convention(convention: Convention, *, par: Acteur) -> Convention:
    """Produit le document, le fige et l'envoie à la structure.

    Raises:
        TransitionImpossible: une pièce manque, ou les contrats ont changé depuis que les montants sont calculés.
    """
    donnees: dict[str, str] = {}
    with transition(
        convention, "proposer_convention", table=TRANSITIONS, par=par, peut=access.peut_preparer, donnees=donnees
    ) as courante:
        acte = acte_ouvert(courante)
        if manquantes := pieces_a_valider(courante):
            raise TransitionImpossible(f"Pièces à valider avant de proposer la convention : {', '.join(manquantes)}.")
        _exiger_a_jour(courante, acte)
        documents.figer(acte)
        donnees |= {"sha256": acte.sha256, "code": acte.code, "total": str(acte.total)}
        prevenir_structure(
            courante, emails.ConventionASigner, montant=euros(acte.total), postes=courante.postes.count()
        )
    return courante


def pieces_a_valider(convention: Convention) -> list[str]:
    """Les pièces du dossier qu'un agent n'a pas encore validées, en mots."""
    restantes = Piece.objects.filter(convention=convention, acte=None).exclude(etat=EtatPiece.VALIDEE).order_by("pk")
    return [piece.get_type_display() for piece in restantes]


def _exiger_a_jour(convention: Convention, acte: Acte) -> None:
    """Ce qui se signe est ce que l'agent a vu : un contrat ou un poste qui a bougé depuis oblige à recalculer."""
    postes = list(convention.postes.select_related("poste").order_by("pk"))
    faits = sans(charger(p.poste for p in postes), convention)
    p = Preparation(convention.structure, [x.poste for x in postes], convention.debut, convention.fin)
    try:
        partis = [x for x in postes if periode_du_poste(p, x.poste, faits) != x.periode]
    except ValidationError as refus:
        raise TransitionImpossible(f"{' '.join(refus.messages)} Corrigez la convention.") from refus
    if partis:
        noms = ", ".join(x.poste.reference for x in partis)
        raise TransitionImpossible(f"La structure n'a plus les mêmes jours sur {noms} : corrigez la convention.")
    hypotheses = calcul.hypotheses_de(acte)
    try:
        previsions = calcul.prevoir(
            convention, postes, calcul.regle_de(acte), hypotheses=hypotheses, contrats=faits.contrats
        )
    except rules.ConventionInvalide as refus:
        raise TransitionImpossible(str(refus)) from refus
    if dict(calcul.lignes_prevues(previsions)) != dict(calcul.lignes_de(acte)):
        raise TransitionImpossible(
            "Les contrats ont changé depuis le calcul : ouvrez « Corriger », relisez les montants et enregistrez."
        )


def retirer_document(convention: Convention, *, motif: str, par: Acteur) -> Convention:
    """Reprend le document envoyé : il ne vaut plus rien, la convention redevient un brouillon à corriger."""
    motif = exiger_motif(motif)
    donnees: dict[str, str] = {}
    with transition(
        convention, "retirer_document", table=TRANSITIONS, par=par, peut=access.peut_preparer, motif=motif,
        donnees=donnees,
    ) as courante:  # fmt: skip
        ancien = acte_ouvert(courante)
        hypotheses = calcul.hypotheses_de(ancien)
        donnees |= {"sha256": ancien.sha256, "code": ancien.code}
        documents.retirer(ancien, motif=motif)
        nouveau = Acte(
            convention=courante,
            effet_le=ancien.effet_le,
            regle_code=ancien.regle_code,
            regle_empreinte=ancien.regle_empreinte,
        )
        postes = courante.postes.select_related("poste").order_by("pk")
        calcul.ecrire_lignes(nouveau, calcul.prevoir(courante, postes, calcul.regle_de(nouveau), hypotheses=hypotheses))
        prevenir_structure(courante, emails.DocumentRetire, motif=motif)
    return courante


def annuler_convention(convention: Convention, *, motif: str, par: Acteur) -> Convention:
    """Arrête une convention que les deux parties n'ont pas signée ; ses postes sont de nouveau sans convention."""
    motif = exiger_motif(motif)
    with transition(
        convention, "annuler_convention", table=TRANSITIONS, par=par, peut=access.peut_preparer, motif=motif
    ) as courante:
        acte = acte_ouvert(courante)
        documents.retirer(acte, motif=motif)
        for poste in courante.postes.order_by("pk").select_for_update(of=("self",), no_key=True):
            poste.retenu = False
            enregistrer(poste)
        courante.motif = motif
        if courante.actes.filter(propose_le__isnull=False).exists():
            prevenir_structure(courante, emails.ConventionAnnulee, motif=motif)
    return courante


def exiger_motif(motif: str) -> str:
    """Le motif écrit, sans blancs autour.

    Raises:
        ValidationError: il est vide.
    """
    if not (motif := motif.strip()):
        raise ValidationError({"motif": "Écrivez le motif."})
    return motif
