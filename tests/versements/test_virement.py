"""Le fichier de virements, sans base : conforme, déterministe, dans l'alphabet SEPA."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest
import sepaxml
import xmlschema
from django.utils import timezone

from conum.versements.rules import virement
from tests.versements import fabriques as f

D = Decimal
ESPACE = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
SCHEMA = Path(sepaxml.__file__).parent / "schemas" / "pain.001.001.09.xsd"


def _ordre(**champs):
    valeurs = {
        "reference": "LOT-00042",
        "cree_le": timezone.localtime(),
        "execution_le": date(2027, 3, 15),
        "payeur": virement.Payeur("Caisse des dépôts & consignations", f.TROISIEME_IBAN, "COBADEFF"),
        "virements": (
            virement.Virement("EC-000001-1", "Mairie de L'Haÿ — « n° 3 »", f.IBAN, "AGRIFRPP", D("12500.10"), "Été"),
            virement.Virement("EC-000002-1", "Œuvre <sociale>", f.AUTRE_IBAN, "", D("0.01"), "CV-00001"),
        ),
    }
    return virement.Ordre(**(valeurs | champs))


def test_le_fichier_est_conforme_au_schema_publie_et_toujours_le_meme():
    octets = virement.produire(_ordre(cree_le=timezone.make_aware(timezone.datetime(2027, 3, 1, 9))))
    xmlschema.XMLSchema(str(SCHEMA)).validate(octets.decode())
    assert octets == virement.produire(_ordre(cree_le=timezone.make_aware(timezone.datetime(2027, 3, 1, 9))))
    arbre = ElementTree.fromstring(octets)
    assert arbre.findtext(".//p:MsgId", namespaces=ESPACE) == "LOT-00042"
    assert [n.text for n in arbre.iterfind(".//p:EndToEndId", ESPACE)] == ["EC-000001-1", "EC-000002-1"]
    assert [n.text for n in arbre.iterfind(".//p:CtrlSum", ESPACE)] == ["12500.11", "12500.11"]
    assert [n.text for n in arbre.iterfind(".//p:Cdtr/p:Nm", ESPACE)] == ["Mairie de L'Hay -- ndeg 3", "OEuvre sociale"]
    assert arbre.findtext(".//p:ReqdExctnDt/p:Dt", namespaces=ESPACE) == "2027-03-15"


@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"payeur": virement.Payeur("", "", "")}, "payeur n'est pas réglé"),
        ({"virements": ()}, "aucune ligne"),
        ({"reference": "L" * 36}, "pas conforme au schéma"),
    ],
)
def test_un_fichier_faux_ne_se_produit_pas(champs, phrase):
    with pytest.raises(virement.VirementImpossible, match=phrase):
        virement.produire(_ordre(**champs))


def test_l_alphabet_sepa():
    assert virement.translitterer("  //Été/ // n° 2\n", 70) == "Ete/ / ndeg 2"
    propre = virement.translitterer("Łódź & Ελλάδα ; 100 % « à » //", 70)
    assert set(propre) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")
    assert propre == propre.strip(" /")
    assert len(virement.translitterer("é" * 200, 70)) == 70
