"""Préparer une convention : des postes attribués et de leurs contrats à un brouillon chiffré."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from conum.conventions import actions
from conum.conventions.actions import calcul
from conum.conventions.models import Acte, Convention, LigneActe, Piece, PosteConventionne
from conum.conventions.models.convention import Phase
from conum.conventions.rules.prevision import Hypothese, Suite
from conum.conventions.states import Etat
from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.postes.models import Poste, TypePoste
from tests.conventions import fabriques as f
from tests.postes import fabriques as p

pytestmark = pytest.mark.django_db


def _rien_n_est_ecrit():
    return not any(m.objects.exists() for m in (Convention, PosteConventionne, Acte, LigneActe, Piece))


def _refus(**champs):
    structure, postes = f.structure_et_postes()
    with pytest.raises(ValidationError) as refus:
        f.preparer(structure, postes, **champs)
    assert _rien_n_est_ecrit()
    return refus.value.message_dict


def test_le_brouillon_porte_les_postes_les_lignes_et_les_pieces():
    structure, postes = f.structure_et_postes(2)
    convention = f.preparer(structure, postes)
    acte = convention.actes.get()
    assert (convention.etat, convention.statut, convention.departement_id) == (Etat.BROUILLON, "public", "51")
    assert (acte.numero, acte.regle_code, acte.total) == (0, "programme", Decimal("100000.00"))
    assert sum(x.montant for x in acte.lignes.all()) == acte.total == acte.plafond
    assert {x.annee for x in acte.lignes.all()} == {2027, 2028}
    assert set(convention.postes.values_list("poste_id", flat=True)) == {x.pk for x in postes}
    assert set(convention.pieces.values_list("type", flat=True)) == {"nomination", "identite", "sirene", "rib"}
    entree = Entree.objects.get(action="preparer_convention")
    assert entree.donnees["total"] == "100000.00"


def test_une_structure_privee_depose_sept_pieces():
    structure, postes = f.structure_et_postes(statut="prive", categorie="association")
    convention = f.preparer(structure, postes)
    assert convention.pieces.count() == 7


def test_une_vacance_entre_deux_contrats_coute_ses_jours():
    structure, (poste,) = f.structure_et_postes()
    p.en_poste(poste, debut=f.DEBUT, fin=date(2027, 3, 31))
    p.en_poste(poste, debut=date(2027, 4, 11), fin=date(2027, 12, 31))
    acte = f.preparer(structure, [poste]).actes.get()
    assert acte.plafond - acte.total == Decimal("683.99")  # 50 000 × 10 ÷ 731
    assert sum(x.jours_vacants for x in acte.lignes.all()) == 10


def test_un_poste_non_pourvu_ne_compte_que_ses_contrats():
    structure, (poste,) = f.structure_et_postes()
    p.en_poste(poste, debut=f.DEBUT, fin=date(2027, 12, 31))
    acte = f.preparer(structure, [poste], suites={poste.pk: Hypothese(Suite.NON_POURVU)}).actes.get()
    assert [(x.annee, x.jours) for x in acte.lignes.order_by("annee")] == [(2027, 365), (2028, 0)]
    assert calcul.hypotheses_de(acte) == {poste.pk: Hypothese(Suite.NON_POURVU)}


def test_trente_sept_mois_sont_refuses_sur_le_champ_de_la_fin():
    refus = _refus(fin=date(2030, 1, 31))
    assert "au plus 36 mois" in refus["fin"][0]


def test_la_fin_avant_le_debut_est_refusee():
    assert "finit avant" in _refus(fin=f.DEBUT - timedelta(days=2))["fin"][0]


def test_le_financement_hors_de_la_convention_est_refuse():
    assert "financement_debut" in _refus(financement_debut=date(2026, 12, 1))


def test_un_renouvellement_avant_2023_est_refuse():
    refus = _refus(phase=Phase.V2, debut=date(2022, 1, 1), fin=date(2023, 1, 1))
    assert "Aucune règle de renouvellement" in refus["phase"][0]


def test_un_financeur_inconnu_est_refuse():
    assert "financée par" in _refus(financeur="Mécène")["financeur"][0]


def test_un_coordinateur_est_refuse_avec_sa_phrase():
    structure, (poste,) = f.structure_et_postes()
    Poste.objects.filter(pk=poste.pk).update(type=TypePoste.COORDINATEUR)
    poste.refresh_from_db()
    with pytest.raises(ValidationError) as refus:
        f.preparer(structure, [poste])
    assert "Le montant de l’aide pour un coordinateur n’est pas connu" in refus.value.message_dict["postes"][0]
    assert _rien_n_est_ecrit()


def test_un_poste_d_une_autre_structure_est_refuse():
    structure, _ = f.structure_et_postes()
    _, ailleurs = f.structure_et_postes()
    with pytest.raises(ValidationError, match="n'est pas à cette structure"):
        f.preparer(structure, ailleurs)
    assert _rien_n_est_ecrit()


def test_un_poste_deja_conventionne_est_refuse():
    structure, postes = f.structure_et_postes()
    premiere = f.preparer(structure, postes)
    with pytest.raises(ValidationError, match=f"déjà dans la convention {premiere.reference}"):
        f.preparer(structure, postes, debut=date(2028, 1, 1), fin=date(2029, 1, 1))
    assert Convention.objects.count() == 1


def test_la_structure_et_la_prefecture_ne_preparent_pas():
    structure, postes = f.structure_et_postes()
    with pytest.raises(PermissionDenied):
        f.preparer(structure, postes, par=p.membre_de(structure))
    assert _rien_n_est_ecrit()


def test_corriger_refait_les_montants_et_garde_les_pieces():
    structure, postes = f.structure_et_postes(2)
    convention = f.preparer(structure, postes)
    pieces = set(convention.pieces.values_list("pk", flat=True))
    actions.corriger_convention(
        convention, postes=postes[:1], debut=f.DEBUT, fin=f.FIN, financement_debut=date(2027, 2, 1), par=p.anct()
    )
    convention.refresh_from_db()
    acte = convention.actes.get()
    assert (acte.total, convention.financement_debut) == (Decimal("50000.00"), date(2027, 2, 1))
    assert convention.postes.count() == 1
    assert set(convention.pieces.values_list("pk", flat=True)) == pieces
    entree = Entree.objects.get(action="corriger_convention")
    assert (entree.donnees["avant"]["total"], entree.donnees["apres"]["total"]) == ("100000.00", "50000.00")


def test_la_proposition_par_defaut_suit_le_premier_contrat():
    structure, (poste, autre) = f.structure_et_postes(2)
    p.en_poste(poste, debut=p.jour(-100), fin=p.jour(100))
    proposee = actions.preparer_postes_sans_convention([structure])[structure.pk]
    assert {x.pk for x in proposee.postes} == {poste.pk, autre.pk}
    assert proposee.debut == p.jour(-800)  # l'autre poste n'a pas de contrat : son rattachement
    f.preparer(structure, [autre], debut=p.jour(-800), fin=p.jour(-1))
    proposee = actions.preparer_postes_sans_convention([structure])[structure.pk]
    assert (proposee.postes, proposee.debut) == ([poste], p.jour(-100))
    actions.preparer_en_masse([proposee], par=SYSTEME)
    assert actions.preparer_postes_sans_convention([structure]) == {}


def test_preparer_en_masse_ne_coute_pas_par_poste(django_assert_max_num_queries):
    structures = [f.structure_et_postes(3)[0] for _ in range(4)]
    proposees = list(actions.preparer_postes_sans_convention(structures).values())
    vus = []
    # 3 questions pour le lot, puis une dizaine par convention, quel que soit le nombre de postes.
    with django_assert_max_num_queries(3 + 12 * 4 + 4):
        bilan = actions.preparer_en_masse(proposees, par=SYSTEME, au_fil=vus.append)
    assert (len(bilan.conventions), bilan.refus, vus) == (4, [], [4])
    assert sum(a.total for a in Acte.objects.all()) == 12 * 50_000
    refaite = actions.preparer_en_masse(proposees, par=SYSTEME)
    assert len(refaite.refus) == 4
    assert Convention.objects.count() == 4
