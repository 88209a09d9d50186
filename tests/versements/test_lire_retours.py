"""Lire un fichier de banque : chaque format, chaque encodage, et tout ce qui s'y trouve de faux."""

from datetime import date
from decimal import Decimal

import pytest

from conum.versements.rules import motifs_bancaires
from conum.versements.rules.lecture_bancaire import RetourIllisible, lire_date, lire_montant_francais
from conum.versements.rules.retours import Operation, lire, reference_d_echeance
from tests.versements import fabriques as f
from tests.versements import fabriques_retours as r

D = Decimal
REFERENCE = "EC-000042-1"


def _lire(contenu: bytes):
    return lire(contenu, aujourdhui=f.jour())


def _seule(contenu: bytes) -> Operation:
    (operation,) = _lire(contenu).operations
    return operation


@pytest.mark.parametrize("version", ["03", "09", "10"])
def test_un_pain_002_de_toute_version(version):
    lecture = _lire(r.pain002((REFERENCE, "ACSC", "1000.00", ""), ("EC-000043-1", "RJCT", None, "AC04"),
                              ("EC-000044-1", "ACSP", "5.00", ""), version=version))  # fmt: skip
    assert lecture.format == f"pain.002.001.{version}"
    paye, rejete, en_cours = lecture.operations
    assert (paye.sens, paye.reference, paye.montant, paye.date) == ("paye", REFERENCE, D("1000.00"), f.jour())
    assert (rejete.sens, rejete.montant, rejete.motif) == ("rejete", None, "Compte clos (AC04)")
    assert "pas encore fini" in en_cours.ignoree


def test_un_pain_002_sans_detail_vaut_pour_le_lot():
    operation = _seule(r.pain002(statut_groupe="RJCT", lot="LOT-00007"))
    assert (operation.sens, operation.lot, operation.reference) == ("rejete", "LOT-00007", "")


@pytest.mark.parametrize("nom", ["camt.054.001.02", "camt.054.001.08", "camt.053.001.02", "camt.053.001.08"])
@pytest.mark.parametrize("encodage", ["UTF-8", "ISO-8859-1"])
def test_un_releve_de_toute_version_et_de_deux_encodages(nom, encodage):
    lecture = _lire(r.camt(
        r.ecriture(REFERENCE, "17500.00"),
        r.ecriture("EC-000043-1", sens="CRDT", retour="MD07"),
        r.ecriture("", "400.00", sens="CRDT", libre="Remboursé : ec 51, Mairie de L'Haÿ"),
        r.ecriture(statut="PDNG"), r.ecriture("", "12.00"), nom=nom, encodage=encodage,
    ))  # fmt: skip
    paye, rendu, recu, annonce, etranger = lecture.operations
    assert lecture.format == nom
    assert (paye.sens, paye.montant) == ("paye", D("17500.00"))
    assert (rendu.sens, rendu.motif) == ("rejete", "Titulaire du compte décédé (MD07)")
    assert (recu.sens, recu.reference) == ("recu", "EC-000051")
    assert "L'Haÿ" in recu.texte
    assert "pas encore passée" in annonce.ignoree
    assert "sans rapport" in etranger.ignoree


def test_un_seul_debit_pour_tout_le_lot():
    operation = _seule(r.camt(r.ecriture(montant="2000.00", lot="LOT-00007")))
    assert (operation.sens, operation.lot, operation.montant) == ("paye", "LOT-00007", D("2000.00"))


@pytest.mark.parametrize("encodage", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize(
    ("titres", "ligne"),
    [
        ("Référence;Statut;Montant;Date de valeur;Motif", f"{REFERENCE};Rejeté;1 234,50 €;15/03/2026;ac01"),
        ("EndToEndId,Status,Amount,Value date,Reason", f'{REFERENCE},rejected,"1,234.50",2026-03-15,AC01'),
    ],
)
def test_un_csv_francais_ou_anglais(encodage, titres, ligne):
    contenu = f"{titres}\n{ligne}\n\n".encode(encodage)
    operation = _seule(contenu)
    assert (operation.numero, operation.sens, operation.reference) == (2, "rejete", REFERENCE)
    assert (operation.montant, operation.date) == (D("1234.50"), date(2026, 3, 15))
    assert operation.motif == "Numéro de compte incorrect (AC01)"


@pytest.mark.parametrize(
    ("ligne", "phrase"),
    [
        (f"{REFERENCE};payé;-12,00;15/03/2026;", "négatif"),
        (f"{REFERENCE};payé;0;15/03/2026;", "nul"),
        (f"{REFERENCE};payé;12,345;15/03/2026;", "deux chiffres"),
        (f"{REFERENCE};payé;douze;15/03/2026;", "illisible"),
        (f"{REFERENCE};payé;;15/03/2026;", "Le montant manque"),
        (f"{REFERENCE};peut-être;12,00;15/03/2026;", "Statut « peut-être » inconnu"),
        (f"{REFERENCE};payé;12,00;31/02/2026;", "Date « 31/02/2026 » illisible"),
        (f"{REFERENCE};payé;12,00;;", "La date de valeur manque"),
        (f"{REFERENCE};payé;12,00;15/03/1999;", "invraisemblable"),
        (f"{REFERENCE};payé;12,00;15/03/2199;", "invraisemblable"),
        (";payé;12,00;15/03/2026;", "EndToEndId"),
    ],
)
def test_une_ligne_fausse_dit_pourquoi(ligne, phrase):
    assert phrase in _seule(r.csv([ligne])).erreur


def test_la_meme_ligne_deux_fois_dans_un_fichier():
    ligne = f"{REFERENCE};payé;12,00;15/03/2026;"
    bonne, double, autre = _lire(r.csv([ligne, ligne, ligne.replace("payé", "rejeté")])).operations
    assert not bonne.erreur
    assert "déjà à la ligne 2" in double.erreur
    assert not autre.erreur


_BOMBE = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><Document>&c;</Document>'
_XXE = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document>&x;</Document>'


@pytest.mark.parametrize(
    ("contenu", "phrase"),
    [
        (b"", "vide"),
        (b"   \n", "vide"),
        (r.camt(r.ecriture(REFERENCE))[:-40], "coupé ou mal formé"),
        (_XXE.encode(), "DTD ou une entité"),
        (_BOMBE.encode(), "DTD ou une entité"),
        (b"<Document><Autre/></Document>", "n'est pas un retour de virements"),
        (b"<Document><CstmrCdtTrfInitn/></Document>", "le fichier de virements lui-même"),
        (b'<?xml version="1.0" encoding="martien"?><Document/>', "mal formé|encodage"),
        (r.camt(), "aucune opération"),
        (b"<" + b"a" * 10_000_001, "10 Mo"),
        (b"PK\x03\x04classeur", "classeur"),
        (b"\x00\x01\x02", "pas un texte"),
        ("Référence;Montant\nEC-1;12".encode(), "Statut"),
        (r.csv([f"EC-{n:06d}-1;payé;1;15/03/2026;" for n in range(10_001)]), "plus de 10000"),
    ],
)
def test_un_fichier_illisible_est_refuse_en_entier(contenu, phrase):
    with pytest.raises(RetourIllisible, match=phrase):
        _lire(contenu)


def test_une_autre_devise_est_refusee():
    assert "USD" in _seule(r.camt(r.ecriture(REFERENCE, devise="USD"))).erreur
    assert "illisible" in _seule(r.camt(r.ecriture(REFERENCE, "1e3"))).erreur


def test_une_operation_revient_de_ses_donnees():
    for operation in _lire(r.csv([f"{REFERENCE};payé;12,00;15/03/2026;", "EC-1;rejeté;;;AC04"])).operations:
        assert Operation.de_donnees(operation.en_donnees()) == operation


def test_les_montants_les_dates_et_les_references_mal_ecrits():
    assert lire_montant_francais("1.234,56 EUR") == (D("1234.56"), "")
    assert lire_montant_francais("1\u202f234,5") == (D("1234.50"), "")
    assert lire_montant_francais("(12)")[0] is None
    assert lire_date("2026-03-15T10:00:00+01:00") == lire_date("20260315") == date(2026, 3, 15)
    assert reference_d_echeance("rien", "Remb. EC-00042") == "EC-000042"
    assert reference_d_echeance("SPEC-42") == ""
    assert motifs_bancaires.dire("", "  ") == motifs_bancaires.INCONNU
    assert motifs_bancaires.dire("ZZ99", "voir agence") == "Motif « ZZ99 » : voir agence"
