"""Ce qui est dû à une date, la résiliation, le terme, la fusion, et les alarmes des conventions."""

from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError

from conum.comptes.rules import ajouter_mois
from conum.conventions.actions import avenants, fin
from conum.conventions.actions.changement import Ajout
from conum.conventions.models import Convention
from conum.conventions.states import Etat
from conum.courriels.models import Courriel
from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes import actions as actes_des_postes
from conum.postes.models import Contrat, Rattachement
from conum.postes.models.alarmes import toutes
from conum.postes.models.poste import UN_JOUR, periode_de
from conum.structures.actions.fusion import fusionner
from tests.comptes.fabriques import DepartementFactory, RoleFactory
from tests.conventions import fabriques as f
from tests.postes import fabriques as p
from tests.structures.fabriques import StructureFactory

pytestmark = pytest.mark.django_db
MANQUEMENT = "Aucun justificatif malgré trois relances."


def du(convention, jours):
    total = (ajouter_mois(convention.debut, 24) - convention.debut).days
    return (Decimal(50_000) * jours / total).quantize(Decimal("0.01"))


def resilier(convention, **champs):
    valeurs = {"le": p.jour(-10), "motif": "demande_structure", "par": p.anct()} | champs
    return fin.resilier_convention(convention, **valeurs)


def test_seuls_les_jours_de_contrat_vecus_sont_dus():
    convention = f.active()
    arrete = fin.arreter(convention, p.jour(-1))
    assert arrete.total == du(convention, 200)
    assert (arrete.postes[0].jours, arrete.postes[0].jours_vacants) == (200, 0)
    assert "200 jours financés" in arrete.postes[0].trace[0]
    poste = convention.postes.get().poste
    p.rompre(Contrat.objects.get(poste=poste), date_rupture=p.jour(-50))
    assert fin.arreter(convention, p.jour(-1)).total == du(convention, 151)
    p.en_poste(poste, debut=p.jour(-20), type="cdi")
    assert fin.arreter(convention, p.jour(-1)).total == du(convention, 171)
    # Le même jour rend le même montant, quoi qu'il arrive ensuite ; au-delà du terme, celui du terme.
    assert fin.arreter(convention, p.jour(-60)).total == du(convention, 141)
    assert fin.arreter(convention, p.jour(5000)).le == convention.fin
    assert fin.arreter(convention, p.jour(-500)).total == 0


def test_un_contrat_a_valider_ne_fait_rien_devoir():
    convention = f.active(pourvue=False)
    p.saisir(convention.postes.get().poste, debut=p.jour(-100))
    assert fin.arreter(convention, p.jour()).total == 0
    with pytest.raises(TransitionImpossible, match="pas signée"):
        fin.arreter(f.brouillon(), p.jour())


def test_un_poste_d_un_avenant_pas_signe_ne_fait_rien_devoir():
    convention = f.active()
    (poste,) = actes_des_postes.creer_postes(
        convention.structure, nombre=1, type_poste="conseiller", debut=p.jour(-90), par=SYSTEME
    )
    p.en_poste(poste, debut=p.jour(-40), type="cdi")
    avant = fin.arreter(convention, p.jour()).total
    avenants.ouvrir_avenant(
        convention, objet="ajout", effet_le=p.jour(), expose="Un poste de plus.", ajouts=[Ajout(poste, p.jour(-40))],
        par=SYSTEME,
    )  # fmt: skip
    assert fin.arreter(convention, p.jour()).total == avant
    f.signer(convention)
    assert fin.arreter(convention, p.jour()).total > avant


def test_resilier_arrete_les_postes_et_ecrit_ce_qui_est_du():
    convention = f.active(2)
    membre = p.membre_de(convention.structure)
    resilier(convention)
    convention.refresh_from_db()
    assert (convention.etat, convention.resiliee_le, convention.dernier_jour) == (
        Etat.RESILIEE, p.jour(-10), p.jour(-10),
    )  # fmt: skip
    assert {x.periode.upper for x in convention.postes.all()} == {p.jour(-9)}
    entree = Entree.objects.de_l_objet(convention).get(action="resilier_convention")
    total = 2 * du(convention, 191)
    assert Decimal(entree.donnees["arrete"]["total"]) == total == fin.arreter(convention, p.jour()).total
    assert Courriel.objects.get(code="conventions/resiliee").destinataire == membre.utilisateur.email
    # Les postes sont libres d'entrer dans une autre convention dès le lendemain.
    suite = f.preparer(
        convention.structure, [x.poste for x in convention.postes.all()], debut=p.jour(-9), fin=p.jour(300)
    )
    assert suite.postes.count() == 2


def test_resilier_avant_le_premier_jour_d_un_poste_le_rend():
    convention = f.active(debut=-5)
    tardif = convention.postes.get()
    tardif.periode = periode_de(p.jour(20), convention.fin)
    tardif.save()
    resilier(convention, le=p.jour())
    tardif.refresh_from_db()
    assert not tardif.retenu


def test_qui_resilie_quand_et_pourquoi():
    convention = f.active()
    for role in (p.membre_de(convention.structure), RoleFactory(prefecture=True)):
        with pytest.raises(PermissionDenied):
            resilier(convention, par=role)
    with pytest.raises(ValidationError, match="motif de la liste"):
        resilier(convention, motif="humeur")
    with pytest.raises(ValidationError, match="de 10 à"):
        resilier(convention, motif="manquement")
    for le in (p.jour(-500), convention.fin):
        with pytest.raises(ValidationError, match="Choisissez un jour du"):
            resilier(convention, le=le)
    with pytest.raises(TransitionImpossible, match="Brouillon"):
        resilier(f.brouillon())
    resilier(convention, motif="manquement", precision=MANQUEMENT)
    with pytest.raises(TransitionImpossible, match="Résiliée"):
        resilier(convention)
    assert Convention.objects.get(pk=convention.pk).motif == MANQUEMENT


def test_le_terme_se_constate_chaque_nuit_sauf_avenant_en_cours():
    echue, courante, amendee = f.active(mois=12), f.active(), f.active(mois=12)
    p.rompre(Contrat.objects.get(poste=amendee.postes.get().poste), date_rupture=p.jour(-50))
    avenants.ouvrir_avenant(amendee, objet="rupture", effet_le=p.jour(), expose="Départ constaté.", par=SYSTEME)
    with pytest.raises(TransitionImpossible, match="court jusqu'au"):
        fin.terminer_convention(echue, jour=p.jour(), par=SYSTEME)
    with time_machine.travel(echue.fin + 2 * UN_JOUR):
        assert fin.terminer_conventions_echues(p.jour()) == 1
        assert fin.terminer_conventions_echues(p.jour()) == 0
        assert toutes()["avenants-apres-le-terme"].requete(p.anct(), p.jour()).get() == amendee
    etats = dict(Convention.objects.values_list("pk", "etat"))
    assert etats == {echue.pk: "terminee", courante.pk: "active", amendee.pk: "avenant_en_cours"}
    entree = Entree.objects.de_l_objet(echue).get(action="terminer_convention")
    jours = (echue.fin - echue.debut).days + 1
    assert Decimal(entree.donnees["arrete"]["total"]) == du(echue, jours)


def test_une_fusion_emmene_les_conventions():
    convention = f.active()
    source, cible = convention.structure, StructureFactory(commune=convention.structure.commune)
    fusionner(source, cible, par=p.anct(), motif="Doublon.")
    convention.refresh_from_db()
    assert convention.structure == cible
    assert list(Convention.objects.visibles_par(p.membre_de(cible))) == [convention]
    assert fin.arreter(convention, p.jour(-1)).total == du(convention, 200)


def _alarmes(role):
    jour = p.jour()
    return {code: n for code, a in toutes().items() if (n := a.requete(role, jour).count())}


def _monter(cause):
    if cause == "sans-convention":
        _, (poste,) = p.structure_avec()
        p.en_poste(poste, debut=p.jour(-40))
        return
    convention = f.active(debut=-330 if cause == "contrats-au-dela" else -400, mois=13 if "term" not in cause else 12)
    match cause:
        case "conventions-finies":
            resilier(convention)
        case "conventions-vides":
            contrat = Contrat.objects.get(poste=convention.postes.get().poste)
            p.rompre(contrat, date_rupture=p.jour(-10))
            Convention.objects.filter(pk=convention.pk).update(periode=periode_de(convention.debut, p.jour(200)))
            Rattachement.objects.update(periode=periode_de(p.jour(-800), p.jour(-5)))
        case "avenants-apres-le-terme":
            Convention.objects.filter(pk=convention.pk).update(etat=Etat.AVENANT_EN_COURS)


@pytest.mark.parametrize(
    "cause",
    ["sans-convention", "conventions-finies", "conventions-vides", "contrats-au-dela", "avenants-apres-le-terme"],
)
def test_chaque_contradiction_a_son_alarme_et_sa_page(cause, client, se_connecter):
    _monter(cause)
    agent = p.anct()
    assert _alarmes(agent) == {cause: 1}
    prefet = RoleFactory(prefecture=True, departement=DepartementFactory(code="51"))
    assert _alarmes(prefet) == {cause: 1}
    isere = DepartementFactory(code="38", nom="Isère")
    assert _alarmes(RoleFactory(prefecture=True, departement=isere)) == {}
    for role in (agent, prefet):
        se_connecter(client, role)
        page = client.get(f"/espace/{role.pk}/alarmes/{cause}/")
        assert page.status_code == 200
        assert toutes()[cause].titre in page.content.decode().replace("&#x27;", "'")
        assert client.get(f"/espace/{role.pk}/alarmes/{cause}/?format=csv").status_code == 200


def test_une_convention_qui_dit_vrai_n_alarme_pas():
    f.active()
    assert _alarmes(p.anct()) == {}


def test_les_pages_de_fin(client, se_connecter):
    convention = f.active()
    agent, membre = p.anct(), p.membre_de(convention.structure)
    se_connecter(client, membre)
    page = client.get(f"/espace/{membre.pk}/conventions/{convention.pk}/du/?le={p.jour(-1).isoformat()}")
    assert "Un jour vacant n’est pas dû" in page.content.decode()
    assert client.get(f"/espace/{membre.pk}/conventions/{convention.pk}/resilier/").status_code == 403
    autre = p.membre_de(StructureFactory())
    se_connecter(client, autre)
    assert client.get(f"/espace/{autre.pk}/conventions/{convention.pk}/du/").status_code == 404
    se_connecter(client, agent)
    adresse = f"/espace/{agent.pk}/conventions/{convention.pk}/resilier/"
    assert client.get(adresse).status_code == 200
    refus = client.post(adresse, {"le": p.jour().isoformat(), "motif": "manquement", "precision": "Court."})
    assert "de 10 à" in refus.content.decode()
    suite = client.post(adresse, {"le": p.jour().isoformat(), "motif": "cessation", "precision": ""})
    assert suite.status_code == 302
    assert "Seule une convention active se résilie" in client.get(adresse).content.decode()
    brouillon = f.brouillon()
    assert client.get(f"/espace/{agent.pk}/conventions/{brouillon.pk}/du/").status_code == 302
