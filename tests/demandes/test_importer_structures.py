"""L'import des structures publiées : mêmes actions, rejouable, chaque ligne refusée a sa raison."""

import csv
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from conum.demandes.management import structures_publiees as publiees
from conum.demandes.management.mesures_import import mesurer
from conum.demandes.models import Decision, Demande, SessionComite
from conum.demandes.states import Etat
from conum.journal.models import Entree
from conum.postes.models import Poste
from conum.structures.models import Structure
from conum.structures.rules import commune_sans_arrondissement
from conum.territoires import fichier as communes
from conum.territoires.actions.charger import appliquer
from tests.aides import partage
from tests.structures.fabriques import CommuneFactory

pytestmark = pytest.mark.django_db
ENTETE = "nom,siret,code_postal,code_insee,postes_attribues,conseillers_recrutes,investissement_etat_eur\n"
BONNES = (
    "COMMUNE DE REIMS,21510454800015,51100,51454,3,2,166286.49\n"
    "ASSOCIATION BOCAGE NUMERIQUE,84009530100015,51100,51454,1,1,37428.83\n"
    "COMMUNE SANS POSTE,21800292100011,51100,51454,0,1,0.00\n"
)
MAUVAISES = (
    "SIRET FAUX,21510454800016,51100,51454,1,1,0\n"
    "COMMUNE INCONNUE,21350238800019,35000,99999,1,1,0\n"
    "NOMBRE FAUX,24400085700049,51100,51454,deux,1,0\n"
    "DOUBLE,21510454800015,51100,51454,1,1,0\n"
    ",20002381000019,51100,51454,1,1,0\n"
)


@pytest.fixture
def reims():
    return CommuneFactory(
        code="51454", nom="Reims", codes_postaux=["51100"], departement__code="51", departement__nom="Marne"
    )


def _importer(tmp_path, texte, *options, encodage="utf-8"):
    fichier, rapport = tmp_path / "structures.csv", tmp_path / "rapport.csv"
    fichier.write_text(ENTETE + texte, encoding=encodage)
    call_command("importer_structures", str(fichier), "--rapport", str(rapport), *options, verbosity=0)
    with rapport.open(encoding="utf-8-sig") as flux:
        return list(csv.DictReader(flux, delimiter=";"))


def test_les_structures_entrent_avec_leurs_postes_et_leur_session(reims, tmp_path):
    rapport = _importer(tmp_path, BONNES)
    assert Structure.objects.count() == 3
    assert Poste.objects.count() == 4
    session = SessionComite.objects.get()
    assert (session.numero, session.historique) == ("REPRISE-2023", True)
    demandes = Demande.objects.order_by("postes_demandes")
    assert [(d.etat, d.postes_demandes, d.departement_id) for d in demandes] == [
        (Etat.ATTRIBUEE, 1, "51"),
        (Etat.ATTRIBUEE, 3, "51"),
    ]
    assert Structure.objects.get(siret="84009530100015").statut == "prive"
    assert not Structure.objects.get(siret="21510454800015").identite_verifiee
    assert [ligne["raison"] for ligne in rapport if ligne["siret"] == "21800292100011"] == [
        "aucun poste attribué (1 conseiller(s) recruté(s)) : structure inscrite sans poste"
    ]


def test_une_reprise_n_entame_aucune_enveloppe(reims, tmp_path):
    _importer(tmp_path, BONNES)
    assert Decision.objects.count() == 2
    assert Decision.objects.consommantes(2023).postes() == 0


def test_chaque_acte_est_au_journal(reims, tmp_path):
    _importer(tmp_path, BONNES)
    actions = Entree.objects.order_by("action").values_list("action", flat=True).distinct()
    assert set(actions) == {"creer_structure", "reprendre", "creer_postes", "ouvrir_session_historique"}


def test_rejouer_l_import_ne_fait_rien(reims, tmp_path):
    _importer(tmp_path, BONNES)
    avant = (Structure.objects.count(), Poste.objects.count(), Entree.objects.count())
    _importer(tmp_path, BONNES)
    assert (Structure.objects.count(), Poste.objects.count(), Entree.objects.count()) == avant


def test_chaque_ligne_refusee_a_son_numero_et_sa_raison_et_le_reste_entre(reims, tmp_path):
    rapport = _importer(tmp_path, BONNES + MAUVAISES)
    refusees = {ligne["ligne"]: ligne["raison"] for ligne in rapport if ligne["suite"] == "refusée"}
    assert sorted(refusees) == ["5", "6", "7", "8", "9"]
    assert "clé" in refusees["5"].lower() or "siret" in refusees["5"].lower()
    assert refusees["6"] == "commune « 99999 » inconnue"
    assert "« deux » n'est pas un nombre" in refusees["7"]
    assert refusees["8"] == "le SIRET 21510454800015 est déjà à la ligne 2"
    assert refusees["9"] == "le nom est vide"
    assert Structure.objects.count() == 3


def test_tout_ou_rien_n_ecrit_rien_si_une_ligne_est_refusee(reims, tmp_path):
    with pytest.raises(CommandError, match="rien n'a été écrit"):
        _importer(tmp_path, BONNES + MAUVAISES, "--tout-ou-rien")
    assert not Structure.objects.exists()


def test_la_simulation_n_ecrit_rien_mais_rend_le_rapport(reims, tmp_path):
    assert _importer(tmp_path, BONNES + MAUVAISES, "--simulation")
    assert not Structure.objects.exists()
    assert not SessionComite.objects.exists()
    assert not Entree.objects.exists()


def test_un_fichier_en_latin_1_ou_en_point_virgule_se_lit(reims, tmp_path):
    _importer(tmp_path, "ASSOCIATION DE L'ÉCOLE,84009530100015,51100,51454,1,1,37428.83\n", encodage="latin-1")
    assert Structure.objects.get().denomination == "ASSOCIATION DE L'ÉCOLE"


def test_un_fichier_sans_les_colonnes_est_refuse(tmp_path):
    fichier = tmp_path / "autre.csv"
    fichier.write_text("a,b\n1,2\n")
    with pytest.raises(CommandError, match="Colonnes absentes"):
        call_command("importer_structures", str(fichier))


def test_une_vraie_session_du_comite_ne_sert_pas_a_une_reprise(reims, tmp_path):
    SessionComite.objects.create(numero="64", date=timezone.localdate())
    from conum.journal.workflow import TransitionImpossible

    with pytest.raises(TransitionImpossible, match="pas une reprise"):
        _importer(tmp_path, BONNES, "--session", "64")


def _tranche(lues: list[publiees.LigneLue]) -> set[int]:
    """Les rangs d'une tranche qui a de tout : chaque catégorie avec chaque sorte de doute, chaque département, les
    plus gros, des structures sans poste ; puis une ligne sur cinquante."""
    premieres: dict[object, int] = {}
    for rang, lue in enumerate(lues):
        structure = lue.attribution.structure
        assert structure.commune is not None
        doutes = tuple(sorted(doute.split()[0] for doute in lue.doutes))
        premieres.setdefault((structure.categorie, doutes, not lue.attribution.postes), rang)
        premieres.setdefault(structure.commune.departement_id, rang)
    gros = sorted(range(len(lues)), key=lambda rang: -lues[rang].attribution.postes)[:3]
    return {*premieres.values(), *gros, *range(0, len(lues), 50)}


def _charger_les_communes(voulues: set[str]) -> None:
    """Du fichier des communes du dépôt, celles que nomment ces codes, anciens ou non (la France entière : dix fois
    plus long ; elle est chargée par les tests des territoires)."""
    france = communes.lire()
    anciennes = [a for a in france.anciennes if a.code in voulues]
    voulues = voulues | {a.commune for a in anciennes}
    appliquer(replace(france, communes=[c for c in france.communes if c.code in voulues], anciennes=anciennes))


@pytest.mark.long
def test_les_2485_structures_publiees_se_lisent_et_une_tranche_de_tout_entre(tmp_path):
    """Le fichier entier est importé par `bin/manage mesurer structures`, qui rend les mêmes verdicts."""
    fichier = partage("data/structures-conseillers-numeriques-2023.csv")
    brutes = list(publiees.lignes(fichier))
    _charger_les_communes({commune_sans_arrondissement(ligne["code_insee"]) for _, ligne in brutes})
    lecteur = publiees.Lecteur(ligne["code_insee"] for _, ligne in brutes)
    lues = [lecteur.lire(numero, ligne) for numero, ligne in brutes]
    assert (len(lues), sum(lue.attribution.postes for lue in lues)) == (2_485, 3_437)

    rangs = _tranche(lues)
    assert len(rangs) >= 150
    texte = fichier.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    tranche = tmp_path / "tranche.csv"
    tranche.write_text("".join(texte[i] for i in (0, *(brutes[rang][0] - 1 for rang in sorted(rangs)))))
    (mesure,), verdicts = mesurer(0, dire=str, fichier=tranche)
    assert [v.phrase for v in verdicts if not v.tenu] == []
    assert mesure.n == Structure.objects.count() == len(rangs)
    assert Poste.objects.count() == sum(lues[rang].attribution.postes for rang in rangs)
