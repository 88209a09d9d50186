"""Les délais et le solde, sans base puis avec : jamais deux fois le même euro, et des comptes qui tombent juste."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from conum.conventions.actions.fin import arreter
from conum.conventions.models import Convention
from conum.conventions.states import Etat as EtatConvention
from conum.courriels.models import Courriel
from conum.journal.acteurs import SYSTEME
from conum.journal.workflow import TransitionImpossible
from conum.versements.actions import echeances, relances, reversements, termes
from conum.versements.actions import justificatifs as actes
from conum.versements.models import Echeance, Justificatif, Nature, Solde, budget
from conum.versements.rules import echeancier, solde
from conum.versements.rules import justificatifs as regles
from conum.versements.states import A_VENIR, Etat
from conum.versements.views.trace import TOUTE, trace_de
from tests.aides import ensemble
from tests.comptes.fabriques import RoleFactory
from tests.postes.fabriques import en_poste, pdf
from tests.versements import fabriques as f
from tests.versements import fabriques_retours as r

pytestmark = pytest.mark.django_db
D = Decimal
ZERO = D("0.00")
UN_JOUR = timedelta(days=1)


# --- Les règles, sans base --------------------------------------------------------------------------------------------


def test_les_delais_viennent_du_fichier_avec_leur_source():
    (delais,) = regles.delais()
    assert delais.mois == 6
    assert dict(delais.sources).keys() == {"LOI-2000-321", "CONUM"}
    assert regles.delais_au(date(2010, 1, 1)) is delais
    assert delais.du_le(date(2027, 3, 1), date(2027, 1, 1)) == date(2027, 9, 1)
    # Une convention reprise longtemps après : un délai entier depuis l'ouverture.
    assert delais.du_le(date(2023, 3, 1), date(2027, 1, 1)) == date(2027, 3, 2)
    du = date(2027, 9, 1)
    assert [delais.rappels_passes(du, du + timedelta(days=j)) for j in (-61, -60, 1, 99)] == [0, 1, 3, 4]


@pytest.mark.parametrize(
    ("avant", "apres"),
    [
        ("jours = [-60, -15, 1, 15]", "jours = [15, 1]"),
        ("jours = [-60, -15, 1, 15]", "jours = [1, 45]"),
        ("mois = 6", "mois = 0"),
        ('sources = ["LOI-2000-321", "CONUM"]', 'sources = ["AUTRE"]'),
        ('sources = ["CONUM"]', "sources = []"),
        ("depuis = 2020-11-17", "depuis = 2020-11-17\n[[regles]]\ndepuis = 2020-11-17"),
    ],
)
def test_un_fichier_de_delais_qui_se_contredit_ne_se_charge_pas(avant, apres):
    texte = regles.FICHIER.read_text(encoding="utf-8")
    assert avant in texte
    with pytest.raises((regles.DelaisInvalides, KeyError)):
        regles.charger(texte.replace(avant, apres, 1))


@given(st.dates(date(2021, 1, 1), date(2030, 1, 1)), st.integers(0, 1100))
@settings(max_examples=80, deadline=None)
def test_les_termes_couvrent_le_financement_sans_trou_ni_recouvrement(debut, jours):
    fin = debut + timedelta(days=jours)
    trouves = regles.termes(debut, fin)
    assert sum((t.fin - t.debut).days for t in trouves) == jours
    assert [t.final for t in trouves] == [False] * (len(trouves) - 1) + [True] * bool(trouves)
    assert all(a.fin == b.debut for a, b in pairwise(trouves))
    if trouves:
        assert sum(regles.jours_par_terme(debut, fin + timedelta(days=90), trouves)) == jours + 90


_sommes = st.integers(0, 3_000_000).map(lambda c: D(c) / 100)


def _terme(i: int, accorde: Decimal, prouve: Decimal) -> solde.Terme:
    return solde.Terme(i, "", accorde, prouve)


@given(_sommes, st.lists(_sommes, min_size=1, max_size=4))
@settings(max_examples=80, deadline=None)
def test_ce_qui_est_verse_s_impute_sur_les_premiers_termes(paye, accordes):
    parts = solde.imputer(paye, accordes)
    assert sum(parts, ZERO) == min(paye, sum(accordes, ZERO))
    assert all(0 <= p <= a for p, a in zip(parts, accordes, strict=True))


_evenements = st.lists(
    st.one_of(
        st.tuples(st.just("payer"), st.integers(0, 2)),
        st.tuples(st.just("avenant"), st.lists(_sommes, min_size=3, max_size=3)),
        st.tuples(st.just("examiner"), st.integers(1, 3), _sommes),
        st.tuples(st.just("rendre")),
        st.tuples(st.just("renoncer")),
    ),
    max_size=10,
)


class _Convention:
    """Une convention jouée sur les seules règles : ce qui est versé, réclamé par avenant et par terme."""

    def __init__(self, accordes: list[Decimal]) -> None:
        self.accordes, self.prouves = accordes, {1: ZERO, 2: ZERO, 3: ZERO}
        self.verse = self.rendu_poste = self.demande_poste = self.demande_termes = self.remis_poste = ZERO
        self.remis_termes = ZERO
        self.examines: set[int] = set()

    @property
    def compte(self) -> solde.Compte:
        par_poste = self.rendu_poste + self.demande_poste
        return solde.Compte(
            self.verse, par_poste, par_poste + self.demande_termes, self.remis_poste + self.remis_termes
        )

    @property
    def termes(self) -> list[solde.Terme]:
        return [_terme(i, a, self.prouves[i]) for i, a in enumerate(self.accordes, start=1)]

    def planifier(self) -> echeancier.Plan:
        tranches = [echeancier.Tranche(i, a, date(2026 + i, 1, 1)) for i, a in enumerate(self.accordes, start=1)]
        situation = echeancier.Situation(verse=self.verse, rendu=self.rendu_poste, remis=self.remis_poste)
        return echeancier.planifier_convention({1: tranches}, {1: situation}, demande_en_tout=self.demande_termes)[1]

    def payer(self, combien: int) -> None:
        self.verse += sum((e.montant for e in self.planifier().echeances[:combien]), ZERO)

    def avenant(self, accordes: list[Decimal]) -> None:
        self.accordes = accordes
        self.demande_poste = self.planifier().a_rendre

    def examiner(self, numero: int, prouve: Decimal) -> None:
        if numero in self.examines:
            return
        self.examines.add(numero)
        self.prouves[numero] = prouve
        self.demande_termes += solde.a_rendre_du_terme(self.compte, self.termes, numero).montant

    def rendre(self) -> None:
        self.rendu_poste, self.demande_poste = self.rendu_poste + self.demande_poste, ZERO

    def renoncer(self) -> None:
        """L'État renonce à ce qu'un avenant réclamait."""
        self.remis_poste, self.demande_poste = self.remis_poste + self.demande_poste, ZERO


@given(st.lists(_sommes, min_size=3, max_size=3), _evenements, _sommes)
@settings(max_examples=300, deadline=None)
def test_une_fois_soldee_le_net_est_le_moindre_du_du_et_du_prouve(accordes, evenements, du):
    convention = _Convention(accordes)
    for nom, *arguments in evenements:
        getattr(convention, nom)(*arguments)
        # Personne ne rend plus qu'il n'a reçu, et chaque demande est positive.
        assert convention.compte.net >= 0
        assert min(convention.demande_poste, convention.demande_termes) >= 0
    compte = convention.compte
    arrete = solde.solder(compte, du, convention.termes)
    net = compte.net + arrete.a_verser - arrete.a_rendre
    prouve = sum((min(t.prouve, t.accorde) for t in convention.termes), ZERO)
    assert arrete.retenu == min(du, prouve)
    assert net == arrete.retenu + min(compte.remis, max(ZERO, compte.net - arrete.retenu))
    assert net >= 0
    assert ZERO in (arrete.a_verser, arrete.a_rendre)
    # Refait sur ce qu'il vient de demander et de verser, il ne demande plus rien.
    suite = solde.Compte(compte.verse + arrete.a_verser, ZERO, compte.demande + arrete.a_rendre, compte.remis)
    encore = solde.solder(suite, du, convention.termes)
    assert (encore.a_verser, encore.a_rendre) == (ZERO, ZERO)


# --- Avec la base -----------------------------------------------------------------------------------------------------

DEBUT = f.jour(-1200)


def _finie(*, payees: int = 3, contrats=None, phase: str = "v2", etat: str = EtatConvention.TERMINEE) -> Convention:
    """Une convention de trois ans, finie : ses échéances payées dans l'ordre, ses termes ouverts."""
    convention = f.signee(phase=phase, debut=DEBUT)
    poste = convention.postes.get().poste
    for debut, fin in contrats or [(DEBUT, convention.fin)]:
        en_poste(poste, debut=debut, fin=fin)
    for rang, montant in enumerate((D(20_000), D(14_000), D(10_000)), start=1):
        prevue = DEBUT + timedelta(days=365 * (rang - 1))
        if rang <= payees:
            f.versee(convention, montant=montant, le=prevue)
        else:
            f.echeance(convention, montant=montant, etat=Etat.PREVU, prevue_le=prevue)
    Convention.objects.filter(pk=convention.pk).update(etat=etat)
    relances.ouvrir_justificatifs(f.jour())
    return Convention.objects.get(pk=convention.pk)


def _justifier(convention: Convention, *montants: str) -> None:
    agent = f.anct()
    for j, montant in zip(convention.justificatifs.order_by("numero"), montants, strict=True):
        depose = actes.deposer_justificatif(j, montant=D(montant), fichier=pdf(), par=agent)
        actes.accepter_justificatif(depose, montant=D(montant), par=agent)


def _net(convention: Convention) -> Decimal:
    siennes = Echeance.objects.filter(convention=convention).comptees()
    return sum((e.montant * e.signe for e in siennes if e.etat != Etat.SUSPENDU), ZERO)


def test_tout_est_paye_et_prouve_les_comptes_tombent_juste():
    convention = _finie()
    membre = f.membre_de(convention.structure)
    assert arreter(convention, convention.fin).total == D("44000.00")
    _justifier(convention, "20000", "14000", "10000")
    arrete = Solde.objects.get(convention=convention)
    assert (arrete.a_verser, arrete.a_rendre, arrete.echeance) == (0, 0, None)
    assert (arrete.verse, arrete.du, arrete.prouve) == (D("44000.00"),) * 3
    assert Courriel.objects.filter(code="versements/solde_arrete", destinataire=membre.utilisateur.email).exists()


def test_une_preuve_incomplete_se_demande_une_seule_fois():
    convention = _finie()
    _justifier(convention, "20000", "11500", "10000")
    # Le terme dit ce qui manque ; la convention finie se solde d'un coup, sans demander deux fois.
    (demande,) = Echeance.objects.filter(nature=Nature.REVERSEMENT)
    assert demande.montant == D("2500.00")
    assert any("article 8" in phrase for phrase in demande.trace)
    assert any("Versé le" in phrase for phrase in demande.trace)
    assert Solde.objects.get().echeance == demande
    assert _net(convention) == D("41500.00")
    assert reversements.solder_convention(convention, par=SYSTEME) == Solde.objects.get()
    assert reversements.solder_conventions_finies() == 0
    assert Echeance.objects.filter(nature=Nature.REVERSEMENT).count() == 1


def test_une_vacance_n_est_pas_due_meme_prouvee():
    """Le poste s'est vidé au bout d'un an : deux ans ne sont pas dus."""
    convention = _finie(contrats=[(DEBUT, DEBUT + timedelta(days=364))])
    du = arreter(convention, convention.fin).total
    assert D("19900") < du < D("20100")  # 366 jours l'an bissextile
    _justifier(convention, "20000", "14000", "10000")
    arrete = Solde.objects.get()
    assert (arrete.du, arrete.a_rendre) == (du, D("44000.00") - du)
    assert _net(convention) == du


def test_ce_qui_reste_du_se_verse_et_remplace_l_echeancier():
    convention = _finie(payees=1)
    _justifier(convention, "20000", "14000", "8500")
    arrete = Solde.objects.get()
    assert (arrete.a_verser, arrete.echeance.montant) == (D("22500.00"), D("22500.00"))
    assert not Echeance.objects.filter(etat__in=sorted(A_VENIR)).exclude(pk=arrete.echeance_id).exists()
    assert _net(convention) == D("42500.00")


def test_resiliee_une_convention_ne_paie_que_son_solde():
    convention = _finie(payees=1, etat=EtatConvention.TERMINEE)
    Convention.objects.filter(pk=convention.pk).update(
        etat=EtatConvention.RESILIEE, resiliee_le=convention.debut + timedelta(days=500),
        resiliation_motif="demande_structure",
    )  # fmt: skip
    convention.refresh_from_db()
    assert relances.ouvrir_justificatifs(f.jour()) == 0
    assert [j.numero for j in convention.justificatifs.order_by("numero")] == [1, 2]
    assert echeances.ouvrir_echeances_dues(f.jour()) == 0
    _justifier(convention, "20000", "14000")
    arrete = Solde.objects.get()
    assert arrete.le == convention.resiliee_le
    assert arrete.a_verser == arrete.du - D("20000.00") > 0
    assert echeances.ouvrir_echeances_dues(f.jour()) == 1
    assert Echeance.objects.get(pk=arrete.echeance_id).etat == Etat.A_VERSER
    assert Echeance.objects.a_mettre_en_lot().get() == arrete.echeance


@pytest.mark.parametrize("prouves", [("20000", "14000", "10000"), ("20000", "11500", "10000"), ("0", "0", "0")])
def test_soldee_une_convention_n_engage_que_ce_que_l_etat_paie(prouves):
    convention = _finie(payees=2)
    avant = budget.de_la_convention(convention)
    assert (avant.engage, avant.verse) == (D("44000.00"), D("34000.00"))
    _justifier(convention, *prouves)
    arrete, apres = Solde.objects.get(), budget.de_la_convention(convention)
    assert apres.accorde == avant.accorde
    assert apres.engage == _net(convention) == min(sum(map(D, prouves)), arrete.du)
    assert apres.reste == apres.engage - D("34000.00") == arrete.a_verser - apres.a_rendre
    commun = next(p for p in trace_de(convention) if p.nom == TOUTE)
    assert arrete.trace in [ligne.phrases for ligne in commun.lignes]


def test_ce_que_l_etat_a_remis_ne_se_reclame_pas_au_solde():
    convention = _finie()
    demande = r.a_rendre(convention, "2000.00")
    echeances.annuler_reversement(demande, motif="La structure est en difficulté.", par=f.anct())
    _justifier(convention, "20000", "14000", "7500")
    arrete = Solde.objects.get()
    assert (arrete.remis, arrete.a_rendre) == (D("2000.00"), D("500.00"))


def test_ce_qui_retient_le_solde_se_dit():
    convention = _finie(payees=2)
    agent = f.anct()
    en_route = Echeance.objects.get(etat=Etat.PREVU)
    with pytest.raises(TransitionImpossible, match="termes n° 1, 2, 3"):
        reversements.solder_convention(convention, par=agent)
    f.lot_remis(en_route)
    with pytest.raises(TransitionImpossible, match="1 virement attend le retour"):
        reversements.solder_convention(convention, par=agent)
    with pytest.raises(PermissionDenied):
        reversements.solder_convention(convention, par=f.membre_de(convention.structure))
    courante = f.signee()
    with pytest.raises(TransitionImpossible, match="une fois finie"):
        reversements.solder_convention(courante, par=agent)
    f.signer(convention, numero=1)
    assert any("échéancier" in p for p in reversements.ce_qui_retient_le_solde(convention))
    assert not Solde.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_deux_soldes_ensemble_un_seul():
    convention = _finie()
    Justificatif.objects.update(
        etat="accepte", montant_declare=1000, montant_justifie=1000, depose_le="2027-01-01T00:00Z", nom_fichier="x.pdf"
    )
    faits = ensemble(*(lambda: reversements.solder_convention(convention, par=SYSTEME) for _ in range(4)))
    assert len({x.pk for x in faits}) == 1
    assert Echeance.objects.filter(nature=Nature.REVERSEMENT).get().montant == D("41000.00")


@pytest.mark.parametrize("phase", ["v1", "v2"])
def test_les_termes_se_partagent_l_accorde_au_centime(phase):
    convention = f.signee(3, phase=phase, debut=date(2021, 3, 1) if phase == "v1" else DEBUT)
    acte = convention.actes.get()
    trouves = termes.termes_de(convention, acte, termes.postes_de(acte))
    assert len(trouves) == (2 if phase == "v1" else 3)
    assert sum(termes.accordes(convention, acte, trouves), ZERO) == acte.total


def test_la_page_du_solde_et_les_reversements(client, se_connecter, django_assert_max_num_queries):
    convention = _finie()
    membre, agent = f.membre_de(convention.structure), f.anct()
    prefecture = RoleFactory(prefecture=True, departement=convention.departement)
    page_de = lambda role: reverse("versements:solde", args=[role.pk, convention.pk])  # noqa: E731
    se_connecter(client, agent)
    page = client.get(page_de(agent)).content.decode()
    assert "termes n° 1, 2, 3" in page
    assert "Arrêter les comptes maintenant" not in page
    for numero in (1, 2, 3):
        Justificatif.objects.filter(numero=numero).update(
            etat="accepte", montant_declare=9000, montant_justifie=9000, depose_le="2027-01-01T00:00Z",
            nom_fichier="x.pdf",
        )  # fmt: skip
    assert "Arrêter les comptes maintenant" in client.get(page_de(agent)).content.decode()
    client.post(reverse("versements:solder", args=[agent.pk, convention.pk]))
    demande = Solde.objects.get().echeance
    assert demande.montant == D("17000.00")
    for role in (agent, membre, prefecture):
        se_connecter(client, role)
        assert demande.reference in client.get(page_de(role)).content.decode()
        with django_assert_max_num_queries(14):
            page = client.get(reverse("versements:reversements", args=[role.pk])).content.decode()
        assert demande.reference in page
        document = client.get(reverse("versements:lettre_reversement", args=[role.pk, demande.pk]))
        assert document.content.startswith(b"%PDF-")
        if role != agent:
            assert client.post(reverse("versements:solder", args=[role.pk, convention.pk])).status_code == 403
    ailleurs = f.membre_de(f.signee().structure)
    se_connecter(client, ailleurs)
    assert client.get(page_de(ailleurs)).status_code == 404
    assert client.get(reverse("versements:lettre_reversement", args=[ailleurs.pk, demande.pk])).status_code == 404
    echeances.annuler_reversement(demande, motif="La structure a tout prouvé.", par=agent)
    se_connecter(client, agent)
    assert client.get(reverse("versements:lettre_reversement", args=[agent.pk, demande.pk])).status_code == 404
