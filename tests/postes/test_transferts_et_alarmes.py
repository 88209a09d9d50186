"""Transférer sans perdre l'histoire, fusionner, changer de SIRET ; et les alarmes, une par cause."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes import actions
from conum.postes.models import Contrat, EtatPoste, Poste, Rattachement
from conum.postes.models.alarmes import ALARMES
from conum.postes.models.poste import periode_de
from conum.postes.rules import delais
from conum.structures.actions.fusion import fusionner
from conum.utilisateurs.models import Utilisateur
from tests.comptes.fabriques import DepartementFactory, RoleFactory
from tests.postes import fabriques as f
from tests.structures.fabriques import CommuneFactory, StructureFactory

pytestmark = pytest.mark.django_db
MOTIF = "La structure cesse la médiation numérique."


def _transferer(poste, vers, par=None, le=None, **champs):
    return actions.transferer_poste(poste, vers=vers, le=le or f.jour(), motif=MOTIF, par=par or f.anct(), **champs)


def test_un_poste_vacant_change_de_structure_le_meme_jour():
    de, (poste,) = f.structure_avec()
    vers = StructureFactory(commune=de.commune)
    ancien, nouveau = f.membre_de(de), f.membre_de(vers)
    contrat = f.en_poste(poste, debut=f.jour(-100), fin=f.jour(-10))
    _transferer(poste, vers)
    assert [r.structure for r in Rattachement.objects.filter(poste=poste).order_by("periode")] == [de, vers]
    assert Poste.objects.rattaches_a(de, f.jour(-1)).get() == poste
    assert Poste.objects.rattaches_a(vers, f.jour()).get() == poste
    # L'histoire reste à qui l'a vécue.
    assert contrat.structure == de
    assert list(Contrat.objects.visibles_par(ancien)) == [contrat]
    assert not Contrat.objects.visibles_par(nouveau).exists()
    ecrits = Courriel.objects.filter(code="postes/poste_transfere").values_list("destinataire", flat=True)
    assert set(ecrits) == {ancien.utilisateur.email, nouveau.utilisateur.email}
    assert Entree.objects.de_l_objet(vers).filter(action="transferer_poste").exists()


def test_un_poste_occupe_ne_part_qu_avec_la_personne():
    de, (poste,) = f.structure_avec()
    vers = StructureFactory(commune=de.commune)
    contrat = f.en_poste(poste)
    with pytest.raises(TransitionImpossible, match=f"{poste.reference} est occupé"):
        _transferer(poste, vers)
    _transferer(poste, vers, avec_la_personne=True)
    assert contrat.structure == vers
    lu = Contrat.objects.avec_structure().get()
    assert (lu.structure_pk, lu.structure_nom, lu.departement_code) == (vers.pk, vers.nom, "51")
    assert Poste.objects.a_la_date(f.jour()).get().etat_du_jour == EtatPoste.OCCUPE


def test_ni_hors_du_departement_ni_vers_une_fusionnee_ni_par_la_structure():
    de, (poste,) = f.structure_avec()
    isere = DepartementFactory(code="38", nom="Isère")
    loin = StructureFactory(commune=CommuneFactory(code="38185", nom="Grenoble", departement=isere))
    with pytest.raises(ValidationError, match="ne se transfère que dans son département"):
        _transferer(poste, loin)
    with pytest.raises(ValidationError, match="déjà dans cette structure"):
        _transferer(poste, de)
    with pytest.raises(ValidationError, match="a été fusionnée"):
        _transferer(poste, StructureFactory(commune=de.commune, fusionnee_dans=de))
    for role in (f.membre_de(de), RoleFactory(prefecture=True, departement=de.commune.departement)):
        with pytest.raises(PermissionDenied):
            _transferer(poste, loin, par=role)
    assert Rattachement.objects.count() == 1


def test_une_fusion_emmene_les_postes_et_leurs_contrats():
    source, (poste,) = f.structure_avec()
    cible = StructureFactory(commune=source.commune)
    contrat = f.en_poste(poste)
    fusionner(source, cible, par=f.anct(), motif="Doublon.")
    assert contrat.structure == cible
    assert Poste.objects.compteurs(f.jour())[cible.pk].occupes == 1
    assert list(Contrat.objects.visibles_par(f.membre_de(cible))) == [contrat]
    assert f.en_poste(poste, debut=f.jour(165), fin=f.jour(200)).remplace == contrat


def test_un_changement_de_siret_ne_touche_ni_postes_ni_contrats():
    structure, (poste,) = f.structure_avec()
    contrat = f.en_poste(poste)
    structure.siret = StructureFactory.build().siret
    structure.save()
    assert contrat.structure == structure
    assert Poste.objects.rattaches_a(structure, f.jour()).get() == poste


def _alarmes(role):
    return {code: a.requete(role, f.jour()).count() for code, a in ALARMES.items() if a.requete(role, f.jour())}


def test_sans_incoherence_aucune_alarme():
    _, postes = f.structure_avec(2, depuis=-30)
    f.en_poste(postes[0], debut=f.jour(-20))
    assert _alarmes(f.anct()) == {}


def _monter(cause):
    structure, (poste,) = f.structure_avec(depuis=-400)
    if cause == "vacants":
        return
    contrat = f.en_poste(poste, debut=f.jour(-200), fin=f.jour(-1) if cause == "echus" else f.jour(100))
    match cause:
        case "sans-rattachement":
            Rattachement.objects.filter(poste=poste).update(periode=periode_de(f.jour(-400), f.jour(-5)))
        case "au-dela":
            Rattachement.objects.filter(poste=poste).update(periode=periode_de(f.jour(-400), f.jour(50)))
        case "ruptures":
            actions.notifier_rupture(contrat, date_rupture=f.jour(-3), motif="demission", par=f.anct())
            Contrat.objects.update(rupture_notifiee_le=timezone.now() - delais.ATTENTE_RUPTURE * 2)
        case "sans-compte":
            Utilisateur.objects.filter(pk=contrat.personne_id).update(is_active=False)
        case "fusionnees":
            structure.fusionnee_dans = StructureFactory(commune=structure.commune)
            structure.save()


@pytest.mark.parametrize("cause", list(ALARMES))
def test_chaque_cause_a_son_alarme_et_sa_page(cause, client, se_connecter):
    _monter(cause)
    agent = f.anct()
    assert _alarmes(agent) == {cause: 1}
    prefet = RoleFactory(prefecture=True, departement=DepartementFactory(code="51"))
    assert _alarmes(prefet) == {cause: 1}
    isere = DepartementFactory(code="38", nom="Isère")
    assert _alarmes(RoleFactory(prefecture=True, departement=isere)) == {}
    for role in (agent, prefet):
        se_connecter(client, role)
        page = client.get(f"/espace/{role.pk}/alarmes/{cause}/")
        assert page.status_code == 200
        assert ALARMES[cause].titre in page.content.decode().replace("&#x27;", "'")
        assert client.get(f"/espace/{role.pk}/alarmes/{cause}/?format=csv").status_code == 200


def test_une_alarme_inconnue_n_existe_pas(client, se_connecter):
    agent = f.anct()
    se_connecter(client, agent)
    assert client.get(f"/espace/{agent.pk}/alarmes/inconnue/").status_code == 404


def test_le_poste_d_une_structure_fusionnee_rejoint_celle_qui_demeure():
    structure, (poste,) = f.structure_avec()
    f.en_poste(poste)
    structure.fusionnee_dans = StructureFactory(commune=structure.commune)
    structure.save()
    _transferer(poste, structure.fusionnee_dans)
    assert _alarmes(f.anct()) == {}


def test_les_delais_sont_dates():
    assert delais.delai_de_remplacement(date(2025, 4, 30)).mois == 3
    assert delais.delai_de_remplacement(date(2025, 5, 1)).mois == 6
    assert delais.delai_de_remplacement(date(2019, 1, 1)).mois == 3
    assert delais.plus_mois(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert delais.vacance_trop_longue_avant(date(2026, 8, 31)) == date(2026, 2, 28)
