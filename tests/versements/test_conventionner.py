"""La commande qui donne une convention à tous les postes : rejouable, chaque refus a sa raison, rien de faux signé."""

import csv
from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.urls import reverse

from conum.comptes.rules import ajouter_mois
from conum.conventions.actions import preparer_en_masse
from conum.conventions.actions.reprise import reprendre_convention, reprendre_en_masse
from conum.conventions.models import Acte, Convention, Piece, PosteConventionne, Signature
from conum.conventions.states import Etat
from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes.models import Poste
from conum.versements.management.conventionnement import Souhait, proposer
from conum.versements.models import Echeance, budget
from tests.conventions import fabriques as f
from tests.postes import fabriques as p
from tests.structures.fabriques import CommuneFactory
from tests.territoires.fabriques import DepartementFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def conventionner(tmp_path):
    """Lance la commande ; rend ce qu'elle dit et les lignes de son rapport."""

    def lancer(*options):
        rapport = tmp_path / "rapport.csv"
        with (tmp_path / "sortie.txt").open("w+", encoding="utf-8") as sortie:
            call_command("conventionner", "--rapport", str(rapport), *options, stdout=sortie)
            sortie.seek(0)
            dit = sortie.read()
        with rapport.open(encoding="utf-8-sig") as flux:
            return dit, list(csv.DictReader(flux, delimiter=";"))

    return lancer


def outre_mer(code="978"):
    """Une commune dont aucune règle ne connaît l'aide."""
    return CommuneFactory(code=f"{code}01", nom="Ailleurs", departement=DepartementFactory(code=code, nom="Ailleurs"))


def test_chaque_structure_recoit_sa_convention(conventionner):
    structures = [f.structure_et_postes(n)[0] for n in (1, 3)]
    dit, refus = conventionner()
    assert refus == []
    assert "2 conventions, 4 postes" in dit
    assert "brouillons" in dit
    for structure in structures:
        convention = Convention.objects.get(structure=structure)
        assert (convention.etat, convention.debut) == (Etat.BROUILLON, p.jour(-800))
        assert convention.actes.get().plafond == 50_000 * convention.postes.count()
        assert Entree.objects.de_l_objet(convention).filter(action="preparer_convention").exists()
    assert budget.totaux(Convention.objects.all()).accorde == 200_000


def test_rejouee_elle_ne_fait_rien(conventionner):
    f.structure_et_postes(3)
    conventionner("--signer-reprise", "--echeanciers")
    avant = _photo()
    dit, refus = conventionner("--signer-reprise", "--echeanciers")
    assert (
        Convention.objects.count(),
        Echeance.objects.count(),
        Entree.objects.count(),
        budget.totaux(_toutes()),
    ) == avant
    assert refus == []
    assert "0 conventions" in dit
    assert "3 postes déjà dans une convention" in dit


def _toutes():
    return Convention.objects.all()


def _photo():
    return Convention.objects.count(), Echeance.objects.count(), Entree.objects.count(), budget.totaux(_toutes())


def test_un_poste_arrive_depuis_a_sa_propre_convention(conventionner):
    structure, _ = f.structure_et_postes(2)
    conventionner()
    nouveau = p.actions.creer_postes(structure, nombre=1, type_poste="conseiller", debut=p.jour(-5), par=SYSTEME)[0]
    dit, refus = conventionner()
    assert "1 conventions, 1 postes" in dit
    assert refus == []
    assert nouveau.conventions.get().convention.debut == p.jour(-5)


def test_simuler_compte_comme_ecrire_et_n_ecrit_rien(conventionner):
    f.structure_et_postes(2)
    suivant = f.brouillon().numero + 1
    dit, _ = conventionner("--simuler")
    assert Convention.objects.count() == 1
    assert PosteConventionne.objects.count() == 1
    assert "rien n'a été écrit" in dit
    ecrit, _ = conventionner()
    # Mêmes comptes, et aucun numéro consommé par la simulation.
    assert dit.split(" accordés")[0] == ecrit.split(" accordés")[0]
    assert Convention.objects.order_by("numero").last().numero == suivant


def test_chaque_refus_a_sa_raison_et_n_arrete_pas_les_autres(conventionner):
    bonne, _ = f.structure_et_postes(1)
    ailleurs, _ = f.structure_et_postes(2, commune=outre_mer())
    mixte, (coordinateur, _) = f.structure_et_postes(2)
    Poste.objects.filter(pk=coordinateur.pk).update(type="coordinateur")
    dit, refus = conventionner()
    assert {(r["siret"], r["departement"], r["postes"]) for r in refus} == {
        (ailleurs.siret, "978", "2"),
        (mixte.siret, "51", "1"),
    }
    raisons = {r["siret"]: r["raison"] for r in refus}
    assert "aucune source publique" in raisons[ailleurs.siret]
    assert "coordinateur" in raisons[mixte.siret]
    assert {c.structure_id for c in _toutes()} == {bonne.pk, mixte.pk}
    assert "2 conventions, 2 postes" in dit
    assert not coordinateur.conventions.exists()


def test_un_lot_ou_deux_se_genent_passe_une_a_une():
    """Le même poste deux fois dans un lot : la base refuse l'ensemble, la seconde est refusée seule."""
    structure, postes = f.structure_et_postes(1)
    autre, _ = f.structure_et_postes(1)
    propositions = proposer([structure, autre], Souhait(), p.jour())
    doubles = [*propositions.preparations, propositions.preparations[0]]
    bilan = preparer_en_masse(doubles, par=SYSTEME)
    assert len(bilan.conventions) == 2
    assert [phrase for _, phrase in bilan.refus] == ["Ce poste est déjà dans une convention sur cette période."]
    assert Entree.objects.filter(action="preparer_convention").count() == 2
    assert postes[0].conventions.count() == 1


def test_les_options_choisissent(conventionner):
    reims, _ = f.structure_et_postes(1)
    ailleurs, _ = f.structure_et_postes(
        1, commune=CommuneFactory(code="08105", departement=DepartementFactory(code="08"))
    )
    conventionner("--departement", "08", "--duree", "24")
    convention = Convention.objects.get()
    assert (convention.structure, convention.fin) == (ailleurs, _dans(p.jour(-800), 24))
    conventionner("--structure", reims.siret, "--debut", "2026-01-01")
    assert Convention.objects.get(structure=reims).debut == date(2026, 1, 1)


def _dans(jour, mois):
    return ajouter_mois(jour, mois) - timedelta(days=1)


@pytest.mark.parametrize(
    ("options", "phrase"),
    [
        (("--structure", "12345678901234"), "Structure inconnue : 12345678901234"),
        (("--departement", "ZZ"), "Département inconnu : ZZ"),
        (("--duree", "37"), "de 1 à 36 mois"),
        (("--phase", "v2"), "donnez --debut"),
        (("--signer-reprise", "--signees-le", "2999-01-01"), "au plus tard aujourd'hui"),
    ],
)
def test_une_option_fausse_est_refusee_avant_tout(conventionner, options, phrase):
    f.structure_et_postes(1)
    with pytest.raises(CommandError, match=phrase):
        conventionner(*options)
    assert not Convention.objects.exists()


def test_la_reprise_ne_fait_passer_rien_pour_signe_ici(conventionner):
    f.structure_et_postes(2)
    dit, _ = conventionner("--signer-reprise", "--signees-le", "2025-01-15", "--echeanciers")
    convention = Convention.objects.get()
    acte = Acte.objects.get()
    assert (convention.etat, acte.hors_outil, acte.est_signe) == (Etat.ACTIVE, True, True)
    assert (acte.document.name, acte.sha256, acte.propose_le) == ("", "", None)
    assert not Signature.objects.exists()
    assert not Piece.objects.exists()
    assert acte.signe_etat_le.date() <= date(2025, 1, 15)
    entree = Entree.objects.de_l_objet(convention).get(action="reprendre_convention")
    assert entree.donnees == {"signee_le": "2025-01-15", "date_connue": True}
    assert "avant conum" in entree.motif
    montants = budget.totaux(_toutes())
    assert montants.engage == montants.prevu == 100_000
    assert "1 échéanciers" in dit


def test_la_page_dit_que_le_document_est_ailleurs(client, se_connecter):
    convention = reprendre_convention(f.brouillon(), signee_le=p.jour(-1), source="essai", par=SYSTEME)
    role = p.membre_de(convention.structure)
    se_connecter(client, role)
    page = client.get(reverse("conventions:convention", args=[role.pk, convention.pk])).content.decode()
    assert "Signé des deux parties avant conum" in page
    assert "hors de l’outil" in page
    # Rien à télécharger, et aucune page ne dit « ce document est signé » d'un document que conum n'a pas.
    assert client.get(reverse("conventions:document", args=[role.pk, convention.pk, 0])).status_code == 404
    assert client.get(reverse("conventions:verifier_acte", args=[convention.actes.get().code])).status_code == 404


def test_sans_date_connue_le_journal_le_dit(conventionner):
    f.structure_et_postes(1)
    conventionner("--signer-reprise")
    entree = Entree.objects.get(action="reprendre_convention")
    assert entree.donnees == {"signee_le": p.jour(-800).isoformat(), "date_connue": False}


def test_ce_qui_commence_demain_n_a_pas_ete_signe_avant(conventionner):
    structure, _ = f.structure_et_postes(1)
    dit, refus = conventionner("--signer-reprise", "--debut", p.jour(30).isoformat())
    assert [r["siret"] for r in refus] == [structure.siret]
    assert "commence après aujourd'hui" in refus[0]["raison"]
    assert not Convention.objects.exists()
    assert "1 refus" in dit


def test_reprendre_est_reserve_a_un_import():
    convention = f.brouillon()
    for reprendre in (reprendre_convention, lambda c, **k: reprendre_en_masse([c], **k)):
        with pytest.raises(PermissionDenied):
            reprendre(convention, signee_le=p.jour(-1), source="essai", par=p.anct())
        with pytest.raises(ValidationError, match="au plus tard aujourd'hui"):
            reprendre(convention, source="essai", par=SYSTEME)  # elle commence en 2027
    reprendre_convention(convention, signee_le=p.jour(-1), source="essai", par=SYSTEME)
    convention.refresh_from_db()
    assert convention.etat == Etat.ACTIVE
    for reprendre in (reprendre_convention, lambda c, **k: reprendre_en_masse([c], **k)):
        with pytest.raises(TransitionImpossible):
            reprendre(convention, signee_le=p.jour(-1), source="essai", par=SYSTEME)


def test_la_base_refuse_un_acte_hors_outil_a_moitie_signe():
    acte = f.brouillon().actes.get()
    with pytest.raises(IntegrityError, match="acte_hors_outil"):
        Acte.objects.filter(pk=acte.pk).update(hors_outil=True)


def test_le_lot_ne_coute_pas_par_convention(django_assert_max_num_queries):
    for _ in range(6):
        f.structure_et_postes(2)
    with django_assert_max_num_queries(75):
        call_command("conventionner", "--signer-reprise", "--echeanciers", "--rapport", "/dev/null")
    assert Convention.objects.count() == 6
