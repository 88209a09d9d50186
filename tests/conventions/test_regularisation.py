"""Les avenants que les faits demandent : ce qui est proposé, ce qui ne l'est pas, et les écrans qui y mènent."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from conum.conventions.actions import avenants, regularisation
from conum.conventions.models import Acte, Convention
from conum.conventions.rules.prevision import Suite
from conum.conventions.states import Etat
from conum.journal.acteurs import SYSTEME
from conum.journal.workflow import TransitionImpossible
from conum.postes import actions as actes_des_postes
from conum.postes.models import Contrat
from tests.aides import ensemble
from tests.comptes.fabriques import RoleFactory
from tests.conventions import fabriques as f
from tests.postes import fabriques as p
from tests.structures.fabriques import StructureFactory

MOTIF = "La structure cesse la médiation numérique."


def rompre(convention, depuis=-50):
    poste = convention.postes.order_by("pk").first().poste
    p.rompre(Contrat.objects.get(poste=poste), date_rupture=p.jour(depuis))
    return poste


def seule(convention):
    (proposition,) = regularisation.a_regulariser(convention)
    return proposition


@pytest.mark.django_db
def test_une_convention_qui_dit_vrai_ne_demande_rien():
    convention = f.active(2)
    assert regularisation.a_regulariser(convention) == []


@pytest.mark.django_db
def test_une_rupture_validee_se_propose_remplacee_ou_non():
    convention = f.active()
    poste = rompre(convention, -50)
    proposition = seule(convention)
    assert (proposition.objet, proposition.jours, proposition.effet_le) == ("rupture", 49, p.jour(-49))
    assert proposition.suites[poste.pk].suite == Suite.NON_POURVU
    assert "sans remplaçant" in proposition.expose
    p.en_poste(poste, debut=p.jour(-20), type="cdi")
    proposition = seule(convention)
    assert (proposition.jours, proposition.suites[poste.pk].suite) == (29, Suite.POURVU)
    avenants.ouvrir_avenant(
        convention, objet="rupture", effet_le=proposition.effet_le, expose=proposition.expose,
        suites=proposition.suites, par=SYSTEME,
    )  # fmt: skip
    # Ouvert, puis signé : les faits et la convention disent la même chose.
    assert regularisation.a_regulariser(convention) == []
    f.signer(convention)
    assert regularisation.a_regulariser(convention) == []


@pytest.mark.django_db
def test_un_contrat_commence_plus_tard_que_prevu():
    convention = f.active(pourvue=False)
    poste = convention.postes.get().poste
    assert seule(convention).objet == "contrats"  # vacant bien au-delà du délai de remplacement
    p.en_poste(poste, debut=p.jour(-170), type="cdi")
    proposition = seule(convention)
    assert (proposition.objet, proposition.jours) == ("contrats", 30)


@pytest.mark.django_db
def test_une_vacance_recente_attend_son_remplacant():
    convention = f.active(pourvue=False, debut=-20)
    assert regularisation.a_regulariser(convention) == []


@pytest.mark.django_db
def test_une_vacance_apres_la_fin_de_l_aide_ne_demande_rien():
    convention = f.active(debut=-800)
    rompre(convention, -60)
    assert regularisation.a_regulariser(convention) == []


@pytest.mark.django_db
def test_un_poste_dit_non_pourvu_et_repris_gagne_des_jours():
    convention = f.active()
    poste = rompre(convention, -50)
    proposition = seule(convention)
    avenants.ouvrir_avenant(
        convention, objet="rupture", effet_le=p.jour(), expose=proposition.expose, suites=proposition.suites,
        par=SYSTEME,
    )  # fmt: skip
    f.signer(convention)
    assert regularisation.a_regulariser(convention) == []
    p.en_poste(poste, debut=p.jour(-20), type="cdi")
    proposition = seule(convention)
    assert proposition.jours < 0
    assert "sans être compté" in proposition.expose


@pytest.mark.django_db
def test_un_poste_parti_se_retire_ici_et_s_ajoute_la_bas():
    convention, accueil = f.active(2), f.active()
    poste = convention.postes.order_by("pk").first().poste
    actes_des_postes.transferer_poste(
        poste, vers=accueil.structure, le=p.jour(-10), motif=MOTIF, par=p.anct(), avec_la_personne=True
    )
    proposition = seule(convention)
    assert (proposition.objet, dict(proposition.retraits), proposition.a_resilier) == (
        "retrait", {poste.pk: p.jour(-11)}, False,
    )  # fmt: skip
    # Là-bas, rien tant que la première convention porte encore le poste.
    assert regularisation.a_regulariser(accueil) == []
    avenants.ouvrir_avenant(
        convention, objet="retrait", effet_le=p.jour(-10), expose=proposition.expose, retraits=proposition.retraits,
        par=SYSTEME,
    )  # fmt: skip
    f.signer(convention)
    la_bas = seule(accueil)
    assert (la_bas.objet, la_bas.postes, la_bas.ajouts[0].debut) == ("ajout", (poste.reference,), p.jour(-10))
    acte = avenants.ouvrir_avenant(
        accueil, objet="ajout", effet_le=la_bas.effet_le, expose=la_bas.expose, ajouts=la_bas.ajouts, par=SYSTEME
    )
    assert acte.total == Decimal(100_000)


@pytest.mark.django_db
def test_tous_les_postes_partis_c_est_une_resiliation():
    convention = f.active()
    poste = rompre(convention, -50)
    actes_des_postes.retirer_poste(poste, le=p.jour(-30), motif=MOTIF, par=p.anct())
    retrait = seule(convention)
    assert (retrait.objet, retrait.a_resilier, len(retrait.faits)) == ("retrait", True, 2)
    with pytest.raises(ValidationError, match="résiliez"):
        avenants.ouvrir_avenant(
            convention, objet="retrait", effet_le=p.jour(-30), expose=retrait.expose, retraits=retrait.retraits,
            par=SYSTEME,
        )  # fmt: skip


@pytest.mark.django_db
def test_les_questions_ne_croissent_pas_avec_les_conventions(django_assert_num_queries):
    for _ in range(3):
        rompre(f.active(2))
    with django_assert_num_queries(6):
        assert len(regularisation.propositions(Convention.objects.all())) == 3


@pytest.mark.django_db
def test_de_la_liste_a_la_signature(client, se_connecter):
    convention = f.active(2)
    poste = rompre(convention, -50)
    agent = p.anct()
    se_connecter(client, agent)
    base = f"/espace/{agent.pk}/conventions"
    page = client.get(f"{base}/avenants/a-ouvrir/").content.decode()
    assert convention.reference in page
    assert "Au moins 49 jours à ne plus financer" in page
    assert "Ce que les faits demandent" in client.get(f"{base}/{convention.pk}/avenants/ouvrir/").content.decode()
    adresse = f"{base}/{convention.pk}/avenants/ouvrir/rupture/"
    assert "sans remplaçant" in client.get(adresse).content.decode()
    saisi = {
        "effet_le": p.jour(-49).isoformat(),
        "expose": "Le conseiller est parti sans être remplacé.",
        f"suite_{poste.pk}": "non_pourvu",
        f"reprise_{poste.pk}": p.jour(5).isoformat(),
    }
    assert "pas de date de reprise" in client.post(adresse, saisi).content.decode()
    assert "de 10 à" in client.post(adresse, saisi | {"expose": "Parti.", f"reprise_{poste.pk}": ""}).content.decode()
    suite = client.post(adresse, saisi | {f"reprise_{poste.pk}": ""})
    avenant = f"{base}/{convention.pk}/avenants/1/"
    assert suite.headers["Location"] == avenant
    lu = client.get(avenant).content.decode()
    assert "jours vacants de plus" in lu
    assert "Envoyer à la signature" in lu
    assert "selected>Le poste n’est plus pourvu" in client.get(f"{avenant}corriger/").content.decode()
    corrige = client.post(f"{avenant}corriger/", saisi | {f"suite_{poste.pk}": "pourvu"})
    assert corrige.status_code == 302
    assert client.post(f"{avenant}proposer/").status_code == 302
    assert Acte.objects.get(numero=1).propose_le is not None
    assert client.get(f"{avenant}corriger/").status_code == 302
    # Déjà ouvert : un second onglet reçoit une phrase.
    assert "Avenant en cours" in client.post(adresse, saisi | {f"reprise_{poste.pk}": ""}).content.decode()
    assert "un seul à la fois" in client.get(f"{base}/{convention.pk}/avenants/ouvrir/").content.decode()
    assert client.post(f"{avenant}abandonner/", {"motif": "Le conseiller revient."}).status_code == 302
    convention.refresh_from_db()
    assert convention.etat == Etat.ACTIVE
    assert client.get(avenant).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("objet", ["contrats", "ajout", "retrait", "dates"])
def test_chaque_objet_a_son_formulaire(objet, client, se_connecter):
    convention = f.active(2)
    agent = p.anct()
    (libre,) = actes_des_postes.creer_postes(
        convention.structure, nombre=1, type_poste="conseiller", debut=p.jour(-90), par=SYSTEME
    )
    se_connecter(client, agent)
    adresse = f"/espace/{agent.pk}/conventions/{convention.pk}/avenants/ouvrir/{objet}/"
    assert client.get(adresse).status_code == 200
    communs = {"effet_le": p.jour().isoformat(), "expose": "Ce que les faits demandent."}
    premier = convention.postes.order_by("pk").first()
    propres = {
        "contrats": {},
        "ajout": {"ajouts": [libre.pk], "debut": p.jour().isoformat()},
        "retrait": {f"fin_{premier.poste_id}": p.jour().isoformat()},
        "dates": {"fin": p.jour(300).isoformat()},
    }[objet]
    reponse = client.post(adresse, communs | propres)
    if objet == "contrats":
        assert "ne changerait rien" in reponse.content.decode()
        return
    assert reponse.status_code == 302
    page = client.get(f"/espace/{agent.pk}/conventions/{convention.pk}/avenants/1/corriger/")
    assert page.status_code == 200
    assert client.get(f"/espace/{agent.pk}/conventions/{convention.pk}/").status_code == 200
    assert client.get(f"/espace/{agent.pk}/conventions/{convention.pk}/avenants/0/").status_code == 404
    assert client.get(adresse.replace(objet, "autre")).status_code == 404


@pytest.mark.django_db
def test_la_structure_et_la_prefecture_lisent_les_autres_non(client, se_connecter):
    convention = f.active()
    rompre(convention)
    avenants.ouvrir_avenant(
        convention, objet="rupture", effet_le=p.jour(), expose="Le conseiller est parti.", par=SYSTEME
    )
    for role in (p.membre_de(convention.structure), RoleFactory(prefecture=True)):
        se_connecter(client, role)
        base = f"/espace/{role.pk}/conventions/{convention.pk}/avenants"
        lu = client.get(f"{base}/1/").content.decode()
        assert "Ce qui change" in lu
        assert "Envoyer à la signature" not in lu
        assert client.get(f"{base}/ouvrir/rupture/").status_code == 403
        assert client.post(f"{base}/1/proposer/").status_code == 403
    autre = p.membre_de(StructureFactory())
    se_connecter(client, autre)
    assert client.get(f"/espace/{autre.pk}/conventions/{convention.pk}/avenants/1/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_deux_agents_ouvrent_un_avenant_un_seul_gagne():
    convention = f.active()
    poste = rompre(convention)
    agents = [p.anct(), p.anct()]

    def ouvrir(agent):
        return lambda: avenants.ouvrir_avenant(
            convention, objet="rupture", effet_le=p.jour(), expose="Le conseiller est parti.", par=agent
        )

    resultats = ensemble(*(ouvrir(agent) for agent in agents))
    assert len([r for r in resultats if isinstance(r, Acte)]) == 1
    assert len([r for r in resultats if isinstance(r, TransitionImpossible)]) == 1
    assert Acte.objects.filter(convention=convention, numero=1).count() == 1
    assert Contrat.objects.filter(poste=poste).count() == 1
