"""Plusieurs à la fois sur un poste, une personne, un quota : un gagnant, rien d'orphelin."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes import actions
from conum.postes.models import Contrat, Poste
from conum.utilisateurs.models import Utilisateur
from tests.aides import ensemble
from tests.comptes.fabriques import UtilisateurFactory
from tests.postes import fabriques as f

pytestmark = pytest.mark.django_db(transaction=True)


def _ensemble(actes: list[Callable[[], object]]) -> tuple[list[object], list[Exception]]:
    """Tous partent du même instant ; rend ce qui a réussi, et les refus."""
    issues = ensemble(*actes)
    refus = [i for i in issues if isinstance(i, Exception)]
    assert all(isinstance(r, ValidationError | TransitionImpossible) for r in refus), refus
    return [i for i in issues if not isinstance(i, Exception)], refus


def _saisie(poste, numero):
    """Une personne inconnue : son compte naît avec le contrat, ou pas du tout."""
    return lambda: actions.saisir_contrat_par_adresse(
        poste, email=f"p{numero}@exemple.fr", prenom="Zoé", nom=f"Durand{numero}", type="cdd", debut=f.jour(),
        fin=f.jour(90), salaire=f.SALAIRE, par=SYSTEME,
    )  # fmt: skip


def test_deux_remplacants_d_un_poste_un_seul_entre():
    _, (poste,) = f.structure_avec()
    ancien = f.en_poste(poste, debut=f.jour(-100), fin=f.jour(-1))
    faits, refus = _ensemble([_saisie(poste, n) for n in range(2)])
    assert (len(faits), len(refus)) == (1, 1)
    assert "est occupé" in str(refus[0])
    assert Contrat.objects.get(remplace=ancien) == faits[0]
    assert Utilisateur.objects.filter(email__startswith="p").exclude(email__startswith="personne").count() == 1


def test_seize_contrats_pour_trois_postes():
    structure, postes = f.structure_avec(3)
    faits, refus = _ensemble([_saisie(postes[n % 3], n) for n in range(16)])
    assert (len(faits), len(refus)) == (3, 13)
    assert {c.poste_id for c in Contrat.objects.all()} == {p.pk for p in postes}
    # Ni compte, ni journal, pour les treize autres.
    assert Utilisateur.objects.filter(nom__startswith="Durand").count() == 3
    assert Entree.objects.filter(action="saisir_contrat").count() == 3
    assert Poste.objects.libres_de(structure, f.jour()).count() == 0


def test_une_personne_que_deux_structures_recrutent_ensemble():
    _, (ici,) = f.structure_avec()
    _, (la,) = f.structure_avec()
    personne = UtilisateurFactory()
    faits, refus = _ensemble([lambda poste=p: f.saisir(poste, personne=personne) for p in (ici, la)])
    assert (len(faits), len(refus)) == (1, 1)
    assert Contrat.objects.filter(personne=personne).count() == 1


def test_rendre_un_poste_pendant_qu_on_le_pourvoit():
    structure, (poste,) = f.structure_avec()
    rendre = lambda: actions.rendre_postes(  # noqa: E731
        structure, nombre=1, type_poste="conseiller", le=f.jour(), par=SYSTEME
    )
    faits, refus = _ensemble([rendre, lambda: f.saisir(poste, debut=f.jour(), fin=f.jour(90))])
    assert (len(faits), len(refus)) == (1, 1)
    # Jamais un contrat sur un poste rendu.
    assert Contrat.objects.exists() == Poste.objects.rattaches_a(structure, f.jour()).exists()


def test_deux_validations_d_une_rupture_une_seule_passe():
    _, (poste,) = f.structure_avec()
    agents = [f.anct(), f.anct()]
    contrat = actions.notifier_rupture(f.en_poste(poste), date_rupture=f.jour(), motif="cdisation", par=agents[0])
    f.completer(contrat, agents[0])
    faits, refus = _ensemble([lambda agent=a: actions.valider_rupture(contrat, par=agent) for a in agents])
    assert (len(faits), len(refus)) == (1, 1)
    assert Entree.objects.filter(action="valider_rupture").count() == 1
