"""Fichiers de banque pour les tests, tels que des banques en rendent."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from conum.conventions.models import Convention
from conum.versements.models import Echeance, LigneLot, Lot
from tests.versements import fabriques as f


def remis(nombre: int = 1, *, montant: str = "1000.00") -> tuple[Convention, Lot, list[LigneLot]]:
    """Un lot remis à la banque, de `nombre` virements d'une même convention, en attente du retour."""
    convention = f.signee()
    echeances = [f.echeance(convention, montant=montant, rang=i + 1) for i in range(nombre)]
    lot = f.lot_remis(*echeances)
    return convention, lot, list(lot.lignes.select_related("echeance").order_by("pk"))


def a_rendre(convention: Convention, montant: str = "400.00", **champs: Any) -> Echeance:
    return f.echeance(
        convention, montant=montant, nature="reversement", etat="reversement_demande", poste=None, prevue_le=None,
        **champs,
    )  # fmt: skip


def _tx_statut(reference: str, statut: str, montant: Decimal | str | None, code: str) -> str:
    raison = f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>" if code else ""
    somme = f'<OrgnlTxRef><Amt><InstdAmt Ccy="EUR">{montant}</InstdAmt></Amt></OrgnlTxRef>' if montant else ""
    return (
        f"<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>{statut}</TxSts>{raison}{somme}"
        "</TxInfAndSts>"
    )


def pain002(
    *transactions: tuple[str, str, Decimal | str | None, str],
    version: str = "09",
    lot: str = "LOT-00001",
    statut_groupe: str = "",
    entete: str = '<?xml version="1.0" encoding="UTF-8"?>',
) -> bytes:
    """`transactions` : référence, statut, montant, code de rejet. Sans transaction, le statut du lot."""
    le = f.jour().isoformat()
    corps = "".join(_tx_statut(*t) for t in transactions)
    groupe = f"<GrpSts>{statut_groupe}</GrpSts>" if statut_groupe else ""
    paiement = f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{lot}</OrgnlPmtInfId>{corps}</OrgnlPmtInfAndSts>" if corps else ""
    return (
        f'{entete}<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>B1</MsgId><CreDtTm>{le}T08:00:00</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{lot}</OrgnlMsgId><OrgnlMsgNmId>pain.001</OrgnlMsgNmId>{groupe}"
        f"</OrgnlGrpInfAndSts>{paiement}</CstmrPmtStsRpt></Document>"
    ).encode()


def ecriture(
    reference: str = "",
    montant: Decimal | str = "1000.00",
    *,
    sens: str = "DBIT",
    retour: str = "",
    statut: str = "BOOK",
    libre: str = "",
    devise: str = "EUR",
    lot: str = "",
) -> str:
    """Une écriture de camt ; `retour` : le code d'un virement rendu ; `lot` : un seul débit, sans détail."""
    le = f.jour().isoformat()
    rendu = f"<RtrInf><Rsn><Cd>{retour}</Cd></Rsn></RtrInf>" if retour else ""
    remise = f"<RmtInf><Ustrd>{libre}</Ustrd></RmtInf>" if libre else ""
    detail = f"<TxDtls><Refs><EndToEndId>{reference or 'NOTPROVIDED'}</EndToEndId></Refs>{remise}{rendu}</TxDtls>"
    if lot:
        detail = f"<Btch><MsgId>{lot}</MsgId><NbOfTxs>2</NbOfTxs></Btch>"
    return (
        f'<Ntry><Amt Ccy="{devise}">{montant}</Amt><CdtDbtInd>{sens}</CdtDbtInd><Sts><Cd>{statut}</Cd></Sts>'
        f"<ValDt><Dt>{le}</Dt></ValDt><NtryDtls>{detail}</NtryDtls></Ntry>"
    )


def camt(*ecritures: str, nom: str = "camt.054.001.08", encodage: str = "UTF-8") -> bytes:
    enveloppes = {"camt.054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"), "camt.053": ("BkToCstmrStmt", "Stmt")}
    racine, releve = enveloppes[nom[:8]]
    return (
        f'<?xml version="1.0" encoding="{encodage}"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:{nom}"><{racine}>'
        f"<GrpHdr><MsgId>B2</MsgId></GrpHdr><{releve}><Id>1</Id>{''.join(ecritures)}</{releve}></{racine}></Document>"
    ).encode(encodage)


def csv(lignes: Iterable[str], *, titres: str = "Référence;Statut;Montant;Date de valeur;Motif") -> bytes:
    return "\r\n".join([titres, *lignes, ""]).encode()
