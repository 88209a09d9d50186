"""Le retour de la banque : déposer, montrer ligne à ligne, puis constater, tout revérifié sous verrou.

Déposer ne change rien. Appliquer se fait une fois : l'empreinte du fichier est unique, et la base refuse deux constats
d'une même ligne. Verrous : le retour, les lots par numéro, les échéances par numéro, les lignes.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from conum.comptes.models import Role
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.socle.enregistrement import enregistrer
from conum.versements import access
from conum.versements.actions import constats
from conum.versements.models import Echeance, LigneLot, LigneRetour, Nature, RetourBancaire
from conum.versements.rules.rapprochement import (
    SommeAttendue,
    Verdict,
    VirementAttendu,
    juger_credit,
    juger_lot,
    juger_virement,
)
from conum.versements.rules.retours import RECU, Operation, lire, reference_d_echeance
from conum.versements.states import Etat, EtatLigne, EtatLot, EtatRapprochement

REMIS = frozenset({EtatLot.EXPORTE, EtatLot.CLOS})


@dataclass(frozen=True)
class Examinee:
    """Une opération, ce qu'elle devient, et ce dont elle parle."""

    operation: Operation
    verdict: Verdict
    explication: str = ""
    ligne_lot: LigneLot | None = None
    reversement: Echeance | None = None


def deposer_retour(contenu: bytes, *, nom: str, par: Acteur) -> RetourBancaire:
    """Lit le fichier et garde ce qu'il dit ; rien n'est constaté. Redéposé avant d'être appliqué, il rend le même.

    Raises:
        RetourIllisible: le fichier entier est refusé, avec sa phrase.
        ValidationError: ce fichier a déjà été importé.
    """
    if not isinstance(par, Role) or not access.peut_ordonnancer(par):
        raise PermissionDenied
    sha256 = hashlib.sha256(contenu).hexdigest()
    if (deja := RetourBancaire.objects.filter(sha256=sha256).first()) is not None:
        return _deja_depose(deja)
    lecture = lire(contenu, aujourdhui=timezone.localdate())
    retour = RetourBancaire(
        nom_fichier=_nom_propre(nom),
        format=lecture.format,
        sha256=sha256,
        role=par,
        operations=[o.en_donnees() for o in lecture.operations],
    )
    try:
        with transaction.atomic():
            enregistrer(retour)
            donnees = {"operations": len(lecture.operations), "sha256": sha256}
            noter(retour, "deposer_retour", par=par, donnees=donnees)
    except ValidationError:
        # Un autre agent vient de déposer le même fichier.
        return _deja_depose(RetourBancaire.objects.get(sha256=sha256))
    return retour


def _deja_depose(retour: RetourBancaire) -> RetourBancaire:
    if retour.applique_le is None:
        return retour
    le = timezone.localtime(retour.applique_le)
    raise ValidationError({"fichier": f"Ce fichier a déjà été importé le {le:%d/%m/%Y}, rien n'a changé."})


def _nom_propre(nom: str) -> str:
    visible = "".join(c for c in nom.replace("\\", "/").rpartition("/")[2] if c.isprintable())
    return visible.strip()[-150:] or "retour"


def operations_de(retour: RetourBancaire) -> list[Operation]:
    return [Operation.de_donnees({c: v for c, v in brut.items() if c != "issue"}) for brut in retour.operations]


# --- Examiner ---


def examiner(operations: Sequence[Operation]) -> list[Examinee]:
    """Ce que devient chaque opération, dans l'ordre du fichier ; une opération sur un lot entier se déplie."""
    connus = _Connus(operations)
    suivant = max((o.numero for o in operations), default=0) + 1
    examinees: list[Examinee] = []
    # Un fichier peut dire deux fois la même chose (lot entier, puis détail) : la première compte.
    constatees: set[tuple[str, int]] = set()
    for operation in operations:
        for e in _examiner(operation, connus, suivant):
            suivant = max(suivant, e.operation.numero + 1)
            examinees.append(_une_fois(e, constatees))
    return examinees


def _une_fois(e: Examinee, constatees: set[tuple[str, int]]) -> Examinee:
    objet = e.ligne_lot or e.reversement
    if e.verdict != Verdict.CONSTATER or objet is None:
        return e
    cle = (e.operation.sens, objet.pk)
    if cle in constatees:
        return replace(e, verdict=Verdict.DEJA, explication="Déjà dite plus haut dans ce fichier.")
    constatees.add(cle)
    return e


def _examiner(operation: Operation, connus: "_Connus", suivant: int) -> Iterator[Examinee]:
    if operation.erreur:
        yield Examinee(operation, Verdict.REFUSEE, operation.erreur)
    elif operation.ignoree:
        yield Examinee(operation, Verdict.IGNOREE, operation.ignoree)
    elif operation.sens == RECU:
        somme = connus.reversements.get(operation.reference)
        verdict, phrase = juger_credit(operation, _attendue(somme), connus.memes_montants[operation.montant])
        yield Examinee(operation, verdict, phrase, reversement=somme if verdict == Verdict.CONSTATER else None)
    elif operation.lot:
        yield from _deplier(operation, connus, suivant)
    else:
        ligne = connus.lignes.get(operation.reference)
        verdict, phrase = juger_virement(operation, _attendu(ligne))
        yield Examinee(operation, verdict, phrase, ligne_lot=ligne if verdict == Verdict.CONSTATER else None)


def _deplier(operation: Operation, connus: "_Connus", suivant: int) -> Iterator[Examinee]:
    lignes = connus.par_lot.get(operation.lot)
    attendent = [x for x in lignes or () if x.etat == EtatLigne.EN_ATTENTE]
    total = sum((x.montant for x in attendent), Decimal(0)) if attendent else None
    verdict, phrase = juger_lot(operation, total, lignes is not None)
    if verdict != Verdict.CONSTATER:
        yield Examinee(operation, verdict, phrase)
        return
    for i, ligne in enumerate(attendent):
        numero = operation.numero if i == 0 else suivant + i - 1
        depliee = replace(operation, numero=numero, reference=ligne.reference, montant=ligne.montant)
        yield Examinee(depliee, Verdict.CONSTATER, f"Dit pour tout le lot {operation.lot}.", ligne_lot=ligne)


def _attendu(ligne: LigneLot | None) -> VirementAttendu | None:
    if ligne is None:
        return None
    soldee = ligne.echeance is not None and hasattr(ligne.echeance.convention, "solde")
    return VirementAttendu(ligne.lot.reference, ligne.lot.etat in REMIS, ligne.etat, ligne.montant, soldee)


def _attendue(somme: Echeance | None) -> SommeAttendue | None:
    if somme is None:
        return None
    return SommeAttendue(somme.reference, somme.montant, somme.etat == Etat.REVERSEMENT_RECU, somme.etat == Etat.ANNULE)


class _Connus:
    """Ce que conum connaît des références d'un fichier : trois requêtes, quel que soit leur nombre."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        bonnes = [o for o in operations if not o.erreur and not o.ignoree]
        references = {o.reference for o in bonnes if o.sens != RECU and o.reference}
        numeros = {n for o in bonnes if o.lot and (n := _numero(o.lot, "LOT-")) is not None}
        lignes = LigneLot.objects.filter(Q(reference__in=references) | Q(lot__numero__in=numeros))
        self.lignes: dict[str, LigneLot] = {}
        self.par_lot: dict[str, list[LigneLot]] = {}
        echeances: dict[int, Echeance] = {}
        for x in lignes.select_related("lot", "rib", "echeance__convention__structure", "echeance__convention__solde",
                                       "etat_recapitulatif__organisme").order_by("pk"):  # fmt: skip
            # Un seul objet par échéance : rejetée puis payée dans un autre lot, elle a deux lignes.
            if x.echeance is not None:
                x.echeance = echeances.setdefault(x.echeance.pk, x.echeance)
            self.lignes[x.reference] = x
            if x.lot.etat in REMIS:
                self.par_lot.setdefault(x.lot.reference, []).append(x)
        recues = [o for o in bonnes if o.sens == RECU]
        cites = {n for o in recues if (n := _numero(reference_d_echeance(o.reference), "EC-")) is not None}
        sommes = Echeance.objects.filter(nature=Nature.REVERSEMENT).select_related("convention__structure")
        self.reversements = {e.reference: e for e in sommes.filter(numero__in=cites).order_by("pk")}
        montants = {o.montant for o in recues if not o.reference and o.montant is not None}
        attendues = sommes.filter(etat=Etat.REVERSEMENT_DEMANDE, montant__in=montants)
        self.memes_montants: Counter[Decimal | None] = Counter(attendues.values_list("montant", flat=True))

    def cles(self) -> tuple[set[int], set[int], set[int]]:
        """Les lots, les échéances et les états récapitulatifs à verrouiller."""
        lignes = list(self.lignes.values())
        echeances = {x.echeance_id for x in lignes if x.echeance_id is not None}
        etats = {x.etat_recapitulatif_id for x in lignes if x.etat_recapitulatif_id is not None}
        return {x.lot_id for x in lignes}, echeances | {e.pk for e in self.reversements.values()}, etats


def _numero(reference: str, prefixe: str) -> int | None:
    chiffres = reference.removeprefix(prefixe)
    return int(chiffres) if chiffres != reference and chiffres.isdecimal() and len(chiffres) < 18 else None


# --- Appliquer ---


def appliquer_retour(retour: RetourBancaire, *, par: Acteur, tout_ou_rien: bool) -> RetourBancaire:
    """Constate ce qui se rapproche, garde le reste pour une personne ; les lignes refusées n'écrivent rien.

    Raises:
        TransitionImpossible: déjà importé, rien à importer, ou une ligne refusée alors qu'on voulait tout.
    """
    with transaction.atomic():
        courant = RetourBancaire.objects.select_for_update(of=("self",), no_key=True).get(pk=retour.pk)
        if not access.peut_ordonnancer(par, courant):
            raise PermissionDenied
        if courant.applique_le is not None:
            raise TransitionImpossible(
                f"Ce fichier a déjà été importé le {timezone.localtime(courant.applique_le):%d/%m/%Y}."
            )
        operations = operations_de(courant)
        constats.verrouiller(*_Connus(operations).cles())
        examinees = examiner(operations)
        if tout_ou_rien and any(e.verdict == Verdict.REFUSEE for e in examinees):
            raise TransitionImpossible("Des lignes sont refusées : corrigez le fichier, ou n'importez que les bonnes.")
        gardees = [e for e in examinees if e.verdict in (Verdict.CONSTATER, Verdict.A_TRAITER)]
        if not gardees and not any(e.verdict == Verdict.DEJA for e in examinees):
            raise TransitionImpossible("Aucune ligne de ce fichier n'est à importer.")
        _ecrire(courant, examinees, gardees, par)
    return courant


def _ecrire(retour: RetourBancaire, examinees: list[Examinee], gardees: list[Examinee], par: Acteur) -> None:
    constatees = [e for e in gardees if e.verdict == Verdict.CONSTATER]
    constats.constater(
        [
            constats.Constat(
                e.operation.sens,
                e.operation.date,
                e.operation.motif,
                e.operation.reference or retour.nom_fichier,
                e.ligne_lot,
                e.reversement,
            )
            for e in constatees
        ],
        origine=f"retour:{retour.pk}",
        par=par,
    )
    LigneRetour.objects.bulk_create([_ligne(retour, e) for e in gardees], batch_size=1_000)
    retour.operations = [_resultat(e) for e in examinees]
    retour.applique_le = timezone.now()
    enregistrer(retour)
    comptes = Counter(e.verdict.value for e in examinees)
    noter(retour, "appliquer_retour", par=par, donnees=dict(comptes))


def _resultat(e: Examinee) -> dict[str, Any]:
    # Ce qui ne regarde pas conum (le reste d'un relevé de compte) ne garde pas son libellé.
    operation = replace(e.operation, texte="") if e.verdict == Verdict.IGNOREE else e.operation
    return operation.en_donnees() | {"issue": {"verdict": e.verdict.value, "explication": e.explication}}


def compte_rendu(retour: RetourBancaire) -> list[Examinee]:
    """Ligne à ligne : ce que l'import fera, ou ce qu'il a fait."""
    operations = operations_de(retour)
    if retour.applique_le is None:
        return examiner(operations)
    issues = (brut["issue"] for brut in retour.operations)
    return [Examinee(o, Verdict(i["verdict"]), i["explication"]) for o, i in zip(operations, issues, strict=True)]


def _ligne(retour: RetourBancaire, e: Examinee) -> LigneRetour:
    rapprochee = e.verdict == Verdict.CONSTATER
    return LigneRetour(
        retour=retour,
        numero=e.operation.numero,
        reference=e.operation.reference or e.operation.lot,
        sens=e.operation.sens,
        montant=e.operation.montant,
        date=e.operation.date,
        motif=e.operation.motif,
        texte=e.operation.texte,
        etat=EtatRapprochement.RAPPROCHEE if rapprochee else EtatRapprochement.A_TRAITER,
        explication=e.explication,
        ligne_lot=e.ligne_lot if rapprochee else None,
        reversement=e.reversement if rapprochee else None,
    )


def purger_retours(avant: datetime) -> int:
    """Efface les fichiers déposés avant cette date et jamais importés : ils n'ont rien changé."""
    return RetourBancaire.objects.filter(applique_le=None, created_at__lt=avant).delete()[0]
