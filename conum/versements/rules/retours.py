"""Lire ce que rend la banque : pain.002, camt.053 et camt.054 (ISO 20022, toutes versions), ou un CSV simple.

Aucune base : chaque opération lue dit ce qu'elle affirme, ou pourquoi on ne la retient pas. Un fichier d'une banque est
aussi douteux qu'un autre : taille bornée, aucune entité, aucune DTD.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from conum.versements.rules import retours_csv
from conum.versements.rules.lecture_bancaire import RetourIllisible, exiger_date, lire_date, lire_montant
from conum.versements.rules.motifs_bancaires import dire

OCTETS_MAX = 10_000_000
OPERATIONS_MAX = 10_000
TEXTE_MAX = 500
PAYE, REJETE, RECU = "paye", "rejete", "recu"

REFERENCE_VIREMENT = re.compile(r"EC-\d{6,}-\d+")
"""Celle d'un virement de conum : l'échéance et son passage."""
_REFERENCE_ECHEANCE = re.compile(r"\bEC[ -]?0*([1-9]\d{0,15})\b", re.IGNORECASE)
_REFERENCE_LOT = re.compile(r"LOT-\d{5,}")

_PAYES = {"ACSC", "ACCC"}
_REJETES = {"RJCT", "CANC"}
_RAPPORTS = {"CstmrPmtStsRpt": "pain.002", "BkToCstmrDbtCdtNtfctn": "camt.054", "BkToCstmrStmt": "camt.053"}
_VERSION = re.compile(r"(pain\.002|camt\.05[34])\.\d{3}\.\d{2}")


@dataclass(frozen=True, slots=True)
class Operation:
    """Ce qu'affirme une ligne. `lot` : elle vaut pour tout le lot. `erreur` : refusée ; `ignoree` : rien à en faire."""

    numero: int
    sens: str = ""
    reference: str = ""
    montant: Decimal | None = None
    date: date | None = None
    motif: str = ""
    texte: str = ""
    lot: str = ""
    erreur: str = ""
    ignoree: str = ""

    def en_donnees(self) -> dict[str, Any]:
        """Pour un champ JSON ; `de_donnees` en revient."""
        return asdict(self) | {
            "montant": str(self.montant) if self.montant is not None else None,
            "date": self.date.isoformat() if self.date else None,
        }

    @classmethod
    def de_donnees(cls, brut: dict[str, Any]) -> Operation:
        return cls(
            **brut
            | {
                "montant": Decimal(brut["montant"]) if brut["montant"] is not None else None,
                "date": date.fromisoformat(brut["date"]) if brut["date"] else None,
            }
        )


@dataclass(frozen=True, slots=True)
class Lecture:
    format: str
    operations: tuple[Operation, ...]


def lire(contenu: bytes, *, aujourdhui: date) -> Lecture:
    """Les opérations du fichier, dans son ordre.

    Raises:
        RetourIllisible: vide, trop lourd, coupé, dangereux, ou d'une autre sorte ; la phrase se montre.
    """
    if not contenu.strip():
        raise RetourIllisible("Ce fichier est vide.")
    if len(contenu) > OCTETS_MAX:
        raise RetourIllisible(f"Le fichier dépasse {OCTETS_MAX // 1_000_000} Mo : demandez un fichier par jour.")
    debut = contenu.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if debut == b"<" or contenu[:2] in (b"\xff\xfe", b"\xfe\xff"):
        format_, operations = _lire_xml(contenu)
    else:
        format_, operations = "CSV", _lire_csv(contenu)
    lues: list[Operation] = []
    for operation in operations:
        if len(lues) == OPERATIONS_MAX:
            raise RetourIllisible(f"Le fichier a plus de {OPERATIONS_MAX} opérations : demandez un fichier par jour.")
        lues.append(exiger_coherence(operation, aujourdhui))
    if not lues:
        raise RetourIllisible("Ce fichier ne contient aucune opération.")
    return Lecture(format_, tuple(_sans_doublon(lues)))


def exiger_coherence(operation: Operation, aujourdhui: date) -> Operation:
    """L'opération, refusée s'il lui manque ce qui permet de la constater."""
    if operation.erreur or operation.ignoree:
        return operation
    if not operation.sens:
        return replace(operation, erreur="Le sens de l'opération ne se lit pas.")
    if not (operation.reference or operation.lot) and operation.sens != RECU:
        return replace(operation, erreur="L'identifiant de bout en bout (EndToEndId) manque.")
    if operation.sens == RECU and operation.montant is None:
        return replace(operation, erreur="Le montant manque.")
    if operation.sens != REJETE and operation.date is None:
        return replace(operation, erreur="La date de valeur manque.")
    return replace(operation, erreur=exiger_date(operation.date, aujourdhui))


def _sans_doublon(operations: Iterable[Operation]) -> Iterator[Operation]:
    """Deux fois la même affirmation dans un fichier : la seconde est refusée."""
    vues: dict[tuple[object, ...], int] = {}
    for o in operations:
        cle: tuple[object, ...] = (o.sens, o.reference, o.lot)
        if o.sens == RECU:
            # Une structure peut rendre en deux fois : même référence, mais pas même somme le même jour.
            cle = (*cle, o.montant, o.date)
        if o.erreur or o.ignoree or not (o.reference or o.lot):
            yield o
        elif cle in vues:
            yield replace(o, erreur=f"Cette opération est déjà à la ligne {vues[cle]} du fichier.")
        else:
            vues[cle] = o.numero
            yield o


def reference_d_echeance(*textes: str) -> str:
    """« EC-000042 » si l'un des textes la cite, même mal recopiée (« ec 42 »)."""
    for texte in textes:
        if trouve := _REFERENCE_ECHEANCE.search(texte):
            return f"EC-{int(trouve[1]):06d}"
    return ""


# --- CSV ---


def _lire_csv(contenu: bytes) -> Iterator[Operation]:
    for ligne in retours_csv.lire(contenu, maximum=OPERATIONS_MAX):
        reference = ligne.reference
        if ligne.sens == RECU:
            reference = reference_d_echeance(reference, ligne.texte) or reference
        motif = dire(ligne.motif) if ligne.sens == REJETE else ""
        yield Operation(
            ligne.numero, ligne.sens, reference[:35], ligne.montant, ligne.date, motif, ligne.texte[:TEXTE_MAX],
            erreur=ligne.erreur,
        )  # fmt: skip


# --- XML ---


def _lire_xml(contenu: bytes) -> tuple[str, Iterator[Operation]]:
    try:
        racine: Element = defusedxml.ElementTree.fromstring(contenu, forbid_dtd=True)
    except DefusedXmlException as erreur:
        raise RetourIllisible(
            "Ce fichier déclare une DTD ou une entité : aucune banque n'en met, il n'est pas lu."
        ) from erreur
    except ParseError as erreur:
        ligne = erreur.position[0]
        raise RetourIllisible(
            f"Ce fichier XML est coupé ou mal formé, vers la ligne {ligne}. Téléchargez-le de nouveau."
        ) from erreur
    except (ValueError, LookupError) as erreur:
        raise RetourIllisible("L'encodage de ce fichier XML n'est pas reconnu.") from erreur
    espace = racine.tag
    for noeud in racine.iter():
        # Les versions ne diffèrent que par leur espace de noms, et quelques enveloppes que l'on cherche toutes.
        noeud.tag = noeud.tag.rpartition("}")[2]
    rapport = next((n for n in racine if n.tag in _RAPPORTS), None)
    if rapport is None:
        raise RetourIllisible(_autre_sorte(racine))
    version = _VERSION.search(espace)
    format_ = version[0] if version else _RAPPORTS[rapport.tag]
    lecteur = _lire_statuts if rapport.tag == "CstmrPmtStsRpt" else _lire_releve
    return format_, lecteur(rapport)


def _autre_sorte(racine: Element) -> str:
    if racine.find("CstmrCdtTrfInitn") is not None:
        return "C'est le fichier de virements lui-même (pain.001), pas la réponse de la banque."
    return "Ce fichier XML n'est pas un retour de virements : il faut un pain.002, un camt.053 ou un camt.054."


def _texte(noeud: Element | None, *chemins: str) -> str:
    """Le premier de ces chemins qui porte un texte."""
    for chemin in chemins:
        trouve = noeud.find(chemin) if noeud is not None else None
        if trouve is not None and (texte := (trouve.text or "").strip()):
            return texte
    return ""


def _reference(noeud: Element | None, chemin: str) -> str:
    texte = _texte(noeud, chemin)
    return "" if texte.upper() == "NOTPROVIDED" else texte[:35]


def _montant(*noeuds: Element | None) -> tuple[Decimal | None, str]:
    """Le montant du premier nœud présent, et la phrase qui le refuse."""
    noeud = next((n for n in noeuds if n is not None), None)
    if noeud is None:
        return None, ""
    devise = noeud.get("Ccy", "EUR")
    if devise != "EUR":
        return None, f"L'opération est en {devise[:3]} : seuls les euros se rapprochent."
    return lire_montant((noeud.text or "").strip())


def _motif(noeud: Element | None) -> str:
    return dire(_texte(noeud, "Rsn/Cd", "Rsn/Prtry"), _texte(noeud, "AddtlInf"))


def _lire_statuts(rapport: Element) -> Iterator[Operation]:
    """pain.002 : ce que la banque dit de chaque virement, ou du lot entier quand elle n'en détaille aucun."""
    cree_le = lire_date(_texte(rapport, "GrpHdr/CreDtTm"))
    groupe = rapport.find("OrgnlGrpInfAndSts")
    paiements = rapport.findall("OrgnlPmtInfAndSts")
    transactions = [(p, t) for p in paiements for t in p.findall("TxInfAndSts")]
    numero = 0
    for _, transaction in transactions:
        numero += 1
        yield _statut(numero, transaction, "TxSts", cree_le, reference=_reference(transaction, "OrgnlEndToEndId"))
    for paiement in paiements:
        if paiement.find("TxInfAndSts") is None and paiement.find("PmtInfSts") is not None:
            numero += 1
            yield _statut(numero, paiement, "PmtInfSts", cree_le, lot=_reference(paiement, "OrgnlPmtInfId"))
    if not numero and groupe is not None:
        yield _statut(1, groupe, "GrpSts", cree_le, lot=_reference(groupe, "OrgnlMsgId"))


def _statut(
    numero: int, noeud: Element, balise: str, cree_le: date | None, *, reference: str = "", lot: str = ""
) -> Operation:
    code = _texte(noeud, balise)
    montant, erreur = _montant(noeud.find("OrgnlTxRef/Amt/InstdAmt"))
    le = lire_date(_texte(noeud, "AccptncDtTm", "OrgnlTxRef/ReqdExctnDt/Dt", "OrgnlTxRef/ReqdExctnDt")) or cree_le
    lue = Operation(
        numero, reference=reference, montant=montant, date=le, texte=f"Statut {code[:10]}", lot=lot, erreur=erreur
    )
    if code in _PAYES:
        return replace(lue, sens=PAYE)
    if code in _REJETES:
        return replace(lue, sens=REJETE, motif=_motif(noeud.find("StsRsnInf")))
    return replace(lue, erreur="", ignoree=f"Statut « {code[:10]} » : la banque n'a pas encore fini.")


def _lire_releve(rapport: Element) -> Iterator[Operation]:
    """camt.053 et camt.054 : ce qui est passé sur le compte."""
    numero = 0
    for ecriture in rapport.iter("Ntry"):
        details: Sequence[Element | None] = ecriture.findall("NtryDtls/TxDtls") or (None,)
        for detail in details:
            numero += 1
            yield _ecriture(numero, ecriture, detail)


def _ecriture(numero: int, ecriture: Element, detail: Element | None) -> Operation:
    seul = detail is None or len(ecriture.findall("NtryDtls/TxDtls")) == 1
    montant, erreur = _montant(
        detail.find("AmtDtls/TxAmt/Amt") if detail is not None else None,
        detail.find("Amt") if detail is not None else None,
        ecriture.find("Amt") if seul else None,
    )
    libre = [
        (n.text or "").strip()
        for n in (detail if detail is not None else ecriture).iter()
        if n.tag in ("Ustrd", "Ref", "AddtlTxInf", "AddtlNtryInf") and n.text
    ]
    lue = Operation(
        numero,
        reference=_reference(detail, "Refs/EndToEndId"),
        montant=montant,
        date=lire_date(_texte(ecriture, "ValDt/Dt", "ValDt/DtTm", "BookgDt/Dt", "BookgDt/DtTm")),
        texte=" ".join(libre)[:TEXTE_MAX],
        erreur=erreur,
    )
    etat = _texte(ecriture, "Sts/Cd", "Sts")
    if etat not in ("", "BOOK"):
        return replace(lue, erreur="", ignoree="Opération annoncée, pas encore passée en compte.")
    return _sens_de_l_ecriture(lue, ecriture, detail, libre)


def _sens_de_l_ecriture(lue: Operation, ecriture: Element, detail: Element | None, libre: list[str]) -> Operation:
    credit = (_texte(detail, "CdtDbtInd") or _texte(ecriture, "CdtDbtInd")) == "CRDT"
    retour = detail.find("RtrInf") if detail is not None else None
    contrepasse = _texte(ecriture, "RvslInd").lower() in ("true", "1")
    notre_virement = REFERENCE_VIREMENT.fullmatch(lue.reference) is not None
    if credit and (notre_virement or retour is not None or contrepasse):
        if not lue.reference:
            return replace(lue, erreur="", ignoree="Virement rendu, sans l'identifiant de bout en bout.")
        return replace(lue, sens=REJETE, motif=_motif(retour))
    if credit:
        return replace(lue, sens=RECU, reference=reference_d_echeance(lue.reference, *libre))
    if lue.reference:
        return replace(lue, sens=PAYE)
    lot = _lot_de(ecriture, detail)
    if not lot:
        return replace(lue, erreur="", ignoree="Débit sans rapport avec un lot.")
    return replace(lue, sens=PAYE, lot=lot)


def _lot_de(ecriture: Element, detail: Element | None) -> str:
    """La référence du lot, quand la banque a passé un seul débit pour tout le fichier."""
    cites = (
        _texte(ecriture, "NtryDtls/Btch/MsgId", "NtryDtls/Btch/PmtInfId"),
        _texte(detail, "Refs/MsgId", "Refs/PmtInfId"),
        _texte(ecriture, "AddtlNtryInf"),
    )
    return next((trouve[0] for cite in cites if (trouve := _REFERENCE_LOT.search(cite))), "")
