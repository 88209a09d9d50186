"""Identifiants et éligibilité : règles pures."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from conum.structures import rules
from conum.structures.rules import IdentifiantInvalide, MotifIdentifiant, TypeIdentifiant, lire_identifiant


def siret_de(siren8: str, nic4: str = "0001") -> str:
    siren = siren8 + luhn.calc_check_digit(siren8)
    return siren + nic4 + luhn.calc_check_digit(siren + nic4)


@pytest.mark.parametrize(
    ("saisie", "valeur"),
    [
        ("21310555400017", "21310555400017"),
        (" 213 105 554 00017 ", "21310555400017"),
        ("213.105.554-00017", "21310555400017"),
        ("213\u00a0105\u202f554 00017", "21310555400017"),
        ("\uff12\uff11\uff13\uff11\uff10\uff15\uff15\uff15\uff14\uff10\uff10\uff10\uff11\uff17", "21310555400017"),
        # La Poste : le siège suit la clé de Luhn, ses établissements la somme multiple de 5.
        ("35600000000048", "35600000000048"),
        ("35600000026710", "35600000026710"),
    ],
)
def test_un_siret_est_lu_quelle_que_soit_sa_presentation(saisie: str, valeur: str) -> None:
    lu = lire_identifiant(saisie)
    assert (lu.type, lu.valeur, lu.siren) == (TypeIdentifiant.SIRET, valeur, valeur[:9])


@pytest.mark.parametrize("saisie", ["123456", "1234567", "0 123 456"])
def test_un_ridet_de_six_ou_sept_chiffres_est_lu(saisie: str) -> None:
    lu = lire_identifiant(saisie)
    assert (lu.type, lu.siren) == (TypeIdentifiant.RIDET, "")


@pytest.mark.parametrize(
    ("saisie", "motif", "extrait"),
    [
        ("", MotifIdentifiant.VIDE, "14 chiffres"),
        (" - ", MotifIdentifiant.VIDE, "14 chiffres"),
        ("213105554", MotifIdentifiant.SIREN, "SIREN"),
        ("123456789", MotifIdentifiant.RIDET_LONG, "RIDET"),
        ("0123456001", MotifIdentifiant.RIDET_LONG, "numéro d'établissement"),
        ("2131055540001", MotifIdentifiant.LONGUEUR, "saisi 13"),
        ("213105554000170", MotifIdentifiant.LONGUEUR, "saisi 15"),
        ("12345", MotifIdentifiant.LONGUEUR, "saisi 5"),
        ("21310555400018", MotifIdentifiant.CLE, "cinq derniers chiffres"),
        ("21310555500017", MotifIdentifiant.CLE, "neuf premiers chiffres"),
        ("35600000026711", MotifIdentifiant.CLE, "clé de contrôle"),
        ("FR 40 213105554", MotifIdentifiant.TVA, "213105554"),
        ("W751004076", MotifIdentifiant.RNA, "association"),
        ("BE0123456749", MotifIdentifiant.ETRANGER, "autre pays"),
        ("DE123456789", MotifIdentifiant.ETRANGER, "autre pays"),
        ("CHE-123.456.789", MotifIdentifiant.ETRANGER, "autre pays"),
        ("2131O555400017", MotifIdentifiant.LETTRES, "213 105 554 00017"),
        ("mairie de Toulouse", MotifIdentifiant.LETTRES, "retirez les lettres"),
        ("٢١٣١٠٥٥٥٤٠٠٠١٧", MotifIdentifiant.LETTRES, "retirez les lettres"),
        ("+21310555400017", MotifIdentifiant.LETTRES, "retirez les lettres"),
    ],
)
def test_chaque_erreur_de_saisie_a_sa_raison(saisie: str, motif: MotifIdentifiant, extrait: str) -> None:
    with pytest.raises(IdentifiantInvalide) as erreur:
        lire_identifiant(saisie)
    assert erreur.value.motif is motif
    assert extrait in erreur.value.message


@given(st.text(max_size=30))
def test_aucune_saisie_ne_fait_tomber_la_lecture(saisie: str) -> None:
    try:
        lu = lire_identifiant(saisie)
    except IdentifiantInvalide:
        return
    assert re.fullmatch(r"[0-9]{6,7}|[0-9]{14}", lu.valeur)


@given(st.from_regex(r"[0-9]{8}", fullmatch=True), st.from_regex(r"[0-9]{4}", fullmatch=True), st.integers(0, 13))
def test_un_chiffre_mal_recopie_est_toujours_refuse(siren8: str, nic4: str, position: int) -> None:
    siret = siret_de(siren8, nic4)
    if siret.startswith("356000000"):
        return
    assert lire_identifiant(siret).valeur == siret
    faux = siret[:position] + str((int(siret[position]) + 1) % 10) + siret[position + 1 :]
    with pytest.raises(IdentifiantInvalide):
        lire_identifiant(faux)


@pytest.mark.parametrize(
    ("categorie_juridique", "proposee"),
    [
        ("7210", "collectivite"),
        ("7220", "collectivite"),
        ("7230", "collectivite"),
        ("7225", "collectivite_outre_mer"),
        ("7344", "epci"),
        ("7346", "epci"),
        ("7354", "groupement"),
        ("7357", "groupement"),
        ("7361", "etablissement_local"),
        ("7367", "etablissement_local"),
        ("7371", "etablissement_local"),
        ("7410", "gip"),
        ("7381", "consulaire"),
        ("7389", "epa"),
        ("4110", "epic"),
        ("9220", "association"),
        ("9260", "association"),
        ("5558", "ess"),
        ("8210", "ess"),
        ("9300", "ess"),
        ("5546", "esh"),
        ("8140", "interet_general"),
    ],
)
def test_la_forme_juridique_propose_la_categorie(categorie_juridique: str, proposee: str) -> None:
    lue = rules.eligibilite(categorie_juridique)
    assert lue.eligible
    assert lue.proposee is not None
    assert lue.proposee.code == proposee
    assert rules.categorie_admise(proposee, categorie_juridique)


@pytest.mark.parametrize("code", ["7111", "7112", "7113", "7120", "7150", "7160", "7171", "7172", "7179", "7190"])
def test_les_services_de_l_etat_sont_refuses_en_citant_la_regle(code: str) -> None:
    lue = rules.eligibilite(code, est_ess=True, est_association=True)
    assert not lue.eligible
    assert not lue.possibles
    assert "Les services déconcentrés de l'État ne sont pas éligibles." in lue.refus


@pytest.mark.parametrize(
    ("code", "extrait"),
    [
        ("1000", "entrepreneur individuel"),
        ("2110", "personnalité morale"),
        ("3220", "droit étranger"),
        ("9210", "déclarée"),
    ],
)
def test_les_autres_formes_hors_du_dispositif_sont_refusees(code: str, extrait: str) -> None:
    assert extrait in rules.eligibilite(code).refus


def test_une_forme_ambigue_laisse_choisir_parmi_ce_qu_elle_permet() -> None:
    lue = rules.eligibilite("5499")
    assert [c.code for c in lue.possibles] == ["ess", "esh", "interet_general"]
    assert lue.proposee is None
    assert not rules.categorie_admise("collectivite", "5499")


def test_la_marque_ess_du_registre_tranche_une_forme_ambigue() -> None:
    proposee = rules.eligibilite("5710", est_ess=True).proposee
    assert proposee is not None
    assert proposee.code == "ess"


@pytest.mark.parametrize("code", ["", "0000", "7999"])
def test_une_forme_inconnue_demande_a_la_personne(code: str) -> None:
    lue = rules.eligibilite(code)
    assert lue.eligible
    assert lue.proposee is None
    assert lue.possibles == rules.CATEGORIES


@given(st.from_regex(r"[0-9]{4}", fullmatch=True), st.booleans(), st.booleans())
def test_toute_forme_juridique_est_soit_refusee_soit_lisible(code: str, ess: bool, association: bool) -> None:
    lue = rules.eligibilite(code, est_ess=ess, est_association=association)
    assert bool(lue.refus) != bool(lue.possibles)
    assert lue.proposee is None or lue.proposee in lue.possibles


def test_les_categories_publiques_et_privees_sont_celles_du_reglement() -> None:
    assert len(rules.PUBLIQUES) == 9
    assert len(rules.PRIVEES) == 4
    assert rules.statut_de("association") is rules.Statut.PRIVE
    assert rules.statut_de("gip") is rules.Statut.PUBLIC
