"""L'échéancier d'un acte : ce qui part, ce qui reste, ce qui est à rendre, au centime."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from conum.conventions import rules
from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.versements import jobs
from conum.versements.actions import echeances as actes
from conum.versements.actions import echeanciers
from conum.versements.models import Echeance, Echeancier, Nature
from conum.versements.rules import echeancier as regles
from conum.versements.states import A_VENIR, PARTIS, Etat
from tests.versements import fabriques as f

pytestmark = pytest.mark.django_db
D = Decimal


# --- La règle, sans base -------------------------------------------------------------------------------------------

_sommes = st.integers(0, 5_000_000).map(lambda c: D(c) / 100)
_tranches = st.lists(_sommes, min_size=1, max_size=3).map(
    lambda ms: [regles.Tranche(i, m, date(2027 + i, 1, 1)) for i, m in enumerate(ms, start=1)]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_tranches, min_size=1, max_size=4), st.lists(st.integers(0, 3), max_size=4), st.booleans())
def test_paye_plus_a_venir_moins_a_rendre_fait_le_total_de_chaque_acte(actes_successifs, paiements, sans_date):
    """Des avenants et des paiements dans n'importe quel ordre : jamais négatif, jamais un centime de trop."""
    verse = rendu = regles.ZERO
    plan = None
    for i, tranches in enumerate(actes_successifs):
        if sans_date:
            tranches = [regles.Tranche(1, sum((t.montant for t in tranches), regles.ZERO), None)]
        a_venir = tuple(regles.Attendue(e.montant, e.date) for e in plan.echeances) if plan else ()
        situation = regles.Situation(verse=verse, rendu=rendu, a_venir=a_venir)
        plan = regles.planifier(tranches, situation)
        total = sum((t.montant for t in tranches), regles.ZERO)
        assert verse - rendu + plan.a_venir - plan.a_rendre == total == plan.total
        assert all(e.montant > 0 for e in plan.echeances)
        assert not (plan.echeances and plan.a_rendre)
        # Refait sur ce qu'il vient d'écrire, il rend la même chose.
        encore = regles.Situation(
            verse=verse, rendu=rendu, a_venir=tuple(regles.Attendue(e.montant, e.date) for e in plan.echeances)
        )
        assert [(e.montant, e.date) for e in regles.planifier(tranches, encore).echeances] == [
            (e.montant, e.date) for e in plan.echeances
        ]
        combien = paiements[i] if i < len(paiements) else 0
        verse += sum((e.montant for e in plan.echeances[:combien]), regles.ZERO)
        plan = regles.Plan(plan.total, plan.echeances[combien:], plan.a_rendre, plan.trace)
        if combien:
            rendu += plan.a_rendre


@given(_tranches, _sommes, _sommes)
@settings(max_examples=100, deadline=None)
def test_ce_qui_est_parti_s_impute_sur_les_premieres_tranches(tranches, verse, remis):
    restantes = regles.imputer(tranches, verse)
    total = sum((t.montant for t in tranches), regles.ZERO)
    assert sum((t.montant for t in restantes), regles.ZERO) == max(regles.ZERO, total - verse)
    entieres = {t.rang: t.montant for t in tranches}
    assert all(t.montant == entieres[t.rang] for t in restantes[1:])
    # Ce à quoi l'État a renoncé ne se réclame plus, et ne se reverse pas.
    plan = regles.planifier(tranches, regles.Situation(verse=verse, remis=remis))
    assert plan.a_rendre == max(regles.ZERO, verse - total - remis)
    assert plan.a_venir == max(regles.ZERO, total - verse)


def test_une_somme_demandee_pour_toute_la_convention_ne_se_reclame_pas_deux_fois():
    tranches = {p: [regles.Tranche(1, D(40), date(2027, 1, 1))] for p in (1, 2)}
    situations = {p: regles.Situation(verse=D(50)) for p in (1, 2)}
    plans = regles.planifier_convention(tranches, situations, demande_en_tout=D(15))
    assert [p.a_rendre for p in plans.values()] == [D(0), D(5)]
    # Elle ne se reverse pas non plus.
    pleins = regles.planifier_convention({1: tranches[1]}, {1: regles.Situation(verse=D(40))}, demande_en_tout=D(15))
    assert (pleins[1].a_venir, pleins[1].a_rendre) == (D(0), D(0))


def test_les_dates_fixees_par_un_agent_restent():
    attendues = [regles.Attendue(D(10), date(2027, 1, 1)), regles.Attendue(D(20), date(2027, 9, 1))]
    assert regles.garder_les_dates(attendues, D(25)) == [(D(10), date(2027, 1, 1)), (D(15), date(2027, 9, 1))]
    assert regles.garder_les_dates(attendues, D(10)) == [(D(10), date(2027, 1, 1))]
    assert regles.garder_les_dates(attendues, D(40)) == [(D(10), date(2027, 1, 1)), (D(30), date(2027, 9, 1))]


# --- Établir -------------------------------------------------------------------------------------------------------


def _somme(convention, *etats, nature=Nature.VERSEMENT):
    return sum((e.montant for e in convention.echeances.filter(etat__in=etats, nature=nature)), D(0))


def _equilibre(convention):
    """parti − rendu − à rendre + à venir = total de l'acte en vigueur."""
    rendu = _somme(convention, Etat.REVERSEMENT_RECU, Etat.REVERSEMENT_DEMANDE, nature=Nature.REVERSEMENT)
    return _somme(convention, *PARTIS) + _somme(convention, *A_VENIR) - rendu


def test_trois_echeances_datees_par_poste_au_renouvellement():
    convention = f.signee(2)
    acte = convention.actes.get()
    echeancier = echeanciers.etablir_echeancier(acte, par=f.anct())
    for poste in convention.postes.all():
        siennes = list(poste.echeances.order_by("rang"))
        assert [e.montant for e in siennes] == [D(20_000), D(14_000), D(10_000)]
        assert [e.prevue_le.year - convention.debut.year for e in siennes] == [0, 1, 2]
        assert sum(e.montant for e in siennes) == sum(x.montant for x in acte.lignes.filter(poste=poste))
    assert _equilibre(convention) == acte.total
    assert "tranche 1" in siennes[0].trace[0]
    assert len(echeancier.trace) == 2
    entree = Entree.objects.get(action="etablir_echeancier")
    assert entree.donnees["total"] == str(acte.total)
    # Redemandé, il rend le même.
    assert echeanciers.etablir_echeancier(acte, par=SYSTEME) == echeancier
    assert Echeance.objects.count() == 6


def test_un_seul_montant_sans_date_quand_la_regle_n_en_donne_pas():
    convention = f.signee(phase="v1")
    echeanciers.etablir_echeancier(convention.actes.get(), par=SYSTEME)
    (echeance,) = convention.echeances.all()
    assert (echeance.prevue_le, echeance.montant) == (None, convention.actes.get().total)
    assert Echeance.objects.avec_faits().get().blocage().startswith("Sans date")


def test_seules_l_anct_et_la_machine_etablissent_un_acte_signe():
    convention = f.signee()
    acte = convention.actes.get()
    with pytest.raises(PermissionDenied):
        echeanciers.etablir_echeancier(acte, par=f.membre_de(convention.structure))
    type(acte).objects.filter(pk=acte.pk).update(signe_etat_le=None)
    with pytest.raises(TransitionImpossible, match="signé"):
        echeanciers.etablir_echeancier(acte, par=SYSTEME)
    assert not Echeancier.objects.exists()


def test_le_travail_tire_les_actes_signes_et_ouvre_ce_qui_est_du():
    convention = f.signee()
    sans_compte = f.signee(rib=False)
    jobs.etablir()
    assert Echeancier.objects.count() == 2
    # La première annuité est due, la structure sans compte attend.
    assert list(convention.echeances.order_by("rang").values_list("etat", flat=True)) == ["a_verser", "prevu", "prevu"]
    assert not sans_compte.echeances.filter(etat=Etat.A_VERSER).exists()
    bloquee = Echeance.objects.avec_faits().get(convention=sans_compte, rang=1)
    assert "compte bancaire" in bloquee.blocage()
    jobs.etablir()
    assert Entree.objects.filter(action="ouvrir_echeance").count() == 1


# --- Avenants ------------------------------------------------------------------------------------------------------


def _avenant(convention, jours):
    """Un avenant qui ne compte que les `jours` premiers jours de chaque poste."""
    contrat = rules.Contrat(convention.debut, convention.debut + timedelta(days=jours))
    acte = f.signer(convention, contrats=[contrat])
    echeanciers.etablir_echeancier(acte, par=SYSTEME)
    return acte


def test_un_avenant_remplace_ce_qui_n_est_pas_parti():
    convention = f.signee()
    echeanciers.etablir_echeancier(convention.actes.get(), par=SYSTEME)
    premiere = convention.echeances.get(rang=1)
    Echeance.objects.filter(pk=premiere.pk).update(etat=Etat.VERSE, realisee_le=f.jour())
    acte = _avenant(convention, 500)
    assert _equilibre(convention) == acte.total
    annulees = convention.echeances.filter(etat=Etat.ANNULE)
    assert {e.motif for e in annulees} == {"Remplacée par l'avenant n° 1."}
    assert {e.remplacee_par.acte for e in annulees} == {acte}
    (reste,) = convention.echeances.filter(etat=Etat.PREVU)
    assert (reste.acte, reste.montant) == (acte, acte.total - premiere.montant)
    assert Entree.objects.filter(action="annuler_echeance", de="prevu", vers="annule").count() == 2


def test_ce_qui_a_ete_verse_en_trop_est_a_rendre_une_fois():
    from conum.courriels.models import Courriel

    convention = f.signee()
    membre = f.membre_de(convention.structure)
    echeanciers.etablir_echeancier(convention.actes.get(), par=SYSTEME)
    Echeance.objects.filter(rang__lt=3).update(etat=Etat.VERSE, realisee_le=f.jour())
    acte = _avenant(convention, 100)
    (demande,) = convention.echeances.filter(nature=Nature.REVERSEMENT)
    assert demande.montant == D(34_000) - acte.total
    assert _equilibre(convention) == acte.total
    assert "À rendre" in " ".join(demande.trace)
    courriel = Courriel.objects.get(code="versements/reversement_demande")
    assert courriel.destinataire == membre.utilisateur.email
    # Un avenant qui ne change rien garde la demande ; un qui en change le montant la remplace.
    _avenant(convention, 100)
    assert Courriel.objects.filter(code="versements/reversement_demande").count() == 1
    acte = _avenant(convention, 200)
    vivante = convention.echeances.get(etat=Etat.REVERSEMENT_DEMANDE)
    assert vivante.montant == D(34_000) - acte.total
    assert _equilibre(convention) == acte.total


def test_l_ordre_des_avenants_ne_compte_pas():
    un, deux = f.signee(), f.signee()
    for convention in (un, deux):
        echeanciers.etablir_echeancier(convention.actes.get(), par=SYSTEME)
        convention.echeances.filter(rang=1).update(etat=Etat.VERSE, realisee_le=f.jour())
    for jours in (90, 700):
        _avenant(un, jours)
    # Le travail était arrêté : deux avenants signés, un seul échéancier.
    passe = f.signer(deux, contrats=[rules.Contrat(deux.debut, deux.debut + timedelta(days=90))])
    _avenant(deux, 700)
    with pytest.raises(TransitionImpossible, match="dernier acte"):
        echeanciers.etablir_echeancier(passe, par=SYSTEME)

    def restes(convention):
        return [(e.montant, e.prevue_le) for e in convention.echeances.filter(etat=Etat.PREVU).order_by("rang")]

    assert restes(un) == restes(deux) != []
    assert _equilibre(un) == _equilibre(deux)


def test_une_suspension_survit_a_un_avenant():
    convention = f.signee()
    echeanciers.etablir_echeancier(convention.actes.get(), par=SYSTEME)
    for echeance in convention.echeances.order_by("pk"):
        actes.suspendre_echeance(echeance, motif="Justificatif en retard.", par=SYSTEME)
    _avenant(convention, 900)
    assert set(convention.echeances.filter(etat__in=A_VENIR).values_list("etat", "motif")) == {
        ("suspendu", "Justificatif en retard.")
    }


def test_un_renoncement_de_l_etat_ne_se_reclame_plus():
    convention = f.signee()
    echeanciers.etablir_echeancier(convention.actes.get(), par=SYSTEME)
    convention.echeances.filter(rang=1).update(etat=Etat.VERSE, realisee_le=f.jour())
    _avenant(convention, 100)
    demande = convention.echeances.get(etat=Etat.REVERSEMENT_DEMANDE)
    actes.annuler_reversement(demande, motif="Situation exceptionnelle reconnue.", par=f.anct())
    _avenant(convention, 101)
    assert not convention.echeances.filter(etat=Etat.REVERSEMENT_DEMANDE).exists()
    acte = _avenant(convention, 50)
    encore = convention.echeances.get(etat=Etat.REVERSEMENT_DEMANDE)
    assert encore.montant == D(20_000) - demande.montant - acte.total


# --- Dates, découpage, suspension, reversements --------------------------------------------------------------------


def test_fixer_une_date_puis_decouper():
    convention = f.signee(phase="v1")
    agent = f.anct()
    echeanciers.etablir_echeancier(convention.actes.get(), par=agent)
    echeance = convention.echeances.get()
    with pytest.raises(PermissionDenied):
        actes.fixer_date(echeance, le=f.jour(), par=f.membre_de(convention.structure))
    actes.fixer_date(echeance, le=f.jour(30), par=agent)
    total = echeance.montant
    with pytest.raises(ValidationError, match="au centime"):
        actes.decouper_echeance(echeance, parts=[(f.jour(1), total - 1), (f.jour(2), D("0.99"))], par=agent)
    assert convention.echeances.count() == 1
    parts = actes.decouper_echeance(echeance, parts=[(f.jour(60), total - 100), (f.jour(1), D(100))], par=agent)
    assert [(e.montant, e.prevue_le, e.rang) for e in parts] == [
        (D(100), f.jour(1), 1), (total - 100, f.jour(60), 2)
    ]  # fmt: skip
    assert _equilibre(convention) == total
    # Un avenant garde les dates de l'agent.
    acte = _avenant(convention, 400)
    suites = convention.echeances.filter(etat=Etat.PREVU).order_by("rang")
    assert [e.prevue_le for e in suites] == [f.jour(1), f.jour(60)]
    assert _equilibre(convention) == acte.total


def test_suspendre_puis_reprendre():
    convention = f.signee()
    echeance = f.echeance(convention)
    actes.suspendre_echeance(echeance, motif="Contrôle en cours.", par=f.anct())
    with pytest.raises(TransitionImpossible):
        actes.suspendre_echeance(echeance, motif="Contrôle en cours.", par=f.anct())
    reprise = actes.reprendre_echeance(echeance, par=f.anct())
    assert (reprise.etat, reprise.motif) == (Etat.PREVU, "")
    assert actes.ouvrir_echeances_dues(f.jour()) == 1
    assert list(Entree.objects.de_l_objet(echeance).values_list("action", flat=True)) == [
        "suspendre_echeance", "reprendre_echeance", "ouvrir_echeance"
    ]  # fmt: skip


def test_demander_un_reversement_pour_toute_la_convention():
    convention = f.signee()
    acte = convention.actes.get()
    echeanciers.etablir_echeancier(acte, par=SYSTEME)
    convention.echeances.update(etat=Etat.VERSE, realisee_le=f.jour())
    demande = actes.demander_reversement(
        convention, montant=D("1500.50"), motif="Emploi non prouvé du terme 1.", par=f.anct(), trace=["a − b"]
    )
    assert (demande.poste, demande.etat, demande.trace) == (None, Etat.REVERSEMENT_DEMANDE, ["a − b"])
    # Un avenant plus bas ne réclame que ce que cette demande ne couvre pas.
    bas = _avenant(convention, 1_000)
    du_poste = convention.echeances.filter(nature=Nature.REVERSEMENT).exclude(poste=None)
    exces = D(44_000) - bas.total
    assert sum(e.montant for e in du_poste) == max(D(0), exces - D("1500.50"))
    recu = actes.constater_reversement(demande, le=f.jour(), reference="VIR 77", par=f.anct())
    assert (recu.etat, recu.realisee_le, recu.reference_bancaire) == (Etat.REVERSEMENT_RECU, f.jour(), "VIR 77")
    with pytest.raises(ValidationError):
        actes.demander_reversement(convention, montant=D(0), motif="Emploi non prouvé.", par=f.anct())


def test_beaucoup_d_actes_en_peu_de_questions(django_assert_max_num_queries):
    conventions = [f.signee(2) for _ in range(6)]
    with django_assert_max_num_queries(20):
        faits, refus = echeanciers.etablir_echeanciers(echeanciers.actes_a_etablir(), par=SYSTEME)
    assert (faits, refus) == (6, [])
    assert Echeance.objects.count() == 36
    for convention in conventions:
        assert _equilibre(convention) == convention.actes.get().total


def test_un_acte_incoherent_n_arrete_pas_les_autres():
    bonne, fausse = f.signee(), f.signee()
    acte = fausse.actes.get()
    acte.lignes.filter(tranche=1).update(montant=1)
    faits, refus = echeanciers.etablir_echeanciers(echeanciers.actes_a_etablir(), par=SYSTEME)
    assert (faits, [a for a, _ in refus]) == (1, [acte])
    assert "son total" in refus[0][1]
    assert bonne.echeances.count() == 3
