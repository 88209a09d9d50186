"""Ouvrir, corriger, proposer, abandonner et appliquer un avenant : ce que les faits changent, au jour et au centime."""

from datetime import date, timedelta
from decimal import Decimal

import pypdf
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.formats import date_format
from hypothesis import given
from hypothesis import settings as reglages
from hypothesis import strategies as st

from conum.comptes.rules import ajouter_mois
from conum.conventions import rules
from conum.conventions.actions import avenants, differences
from conum.conventions.actions.changement import Ajout
from conum.conventions.models import Acte, PosteConventionne
from conum.conventions.rules import ecarts
from conum.conventions.rules.prevision import (
    CleDeLigne,
    Hypothese,
    PosteAFinancer,
    Suite,
    difference,
    prevoir_poste,
)
from conum.conventions.states import Etat
from conum.courriels.models import Courriel
from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes import actions as actes_des_postes
from conum.postes.models import Contrat
from conum.postes.models.poste import UN_JOUR
from tests.comptes.fabriques import RoleFactory
from tests.conventions import fabriques as f
from tests.postes import fabriques as p

EXPOSE = "Le conseiller est parti, son poste est resté vacant."
pytestmark = pytest.mark.django_db


def ouvrir(convention, objet="rupture", **champs):
    valeurs = {"effet_le": p.jour(), "expose": EXPOSE, "par": SYSTEME} | champs
    return avenants.ouvrir_avenant(convention, objet=objet, **valeurs)


def parti(convention, depuis=-50):
    """Le conseiller du premier poste est parti ; le poste est vacant depuis."""
    poste = convention.postes.order_by("pk").first().poste
    p.rompre(Contrat.objects.get(poste=poste), date_rupture=p.jour(depuis))
    return poste


def attendu(convention, jours_perdus):
    """Ce que vaut un jour de la tranche de 24 mois, fois les jours perdus."""
    fin = ajouter_mois(convention.debut, 24)
    exact = Decimal(50_000) * jours_perdus / (fin - convention.debut).days
    return exact.quantize(Decimal("0.01"))


def test_sans_suite_seuls_les_jours_que_la_regle_finance_sont_dits_perdus():
    """La convention dure trente-six mois, l'aide vingt-quatre : au-delà, il n'y avait rien à perdre."""
    convention = f.active()
    poste = parti(convention, depuis=-50)
    acte = ouvrir(convention, suites={poste.pk: Hypothese(Suite.NON_POURVU)})
    (change,) = differences.lire(acte).changes
    vide = ecarts.dire_periode((p.jour(-49), ajouter_mois(convention.debut, 24)))
    assert change.faits == (f"Vacant {vide} : ces jours ne sont plus financés.",)


def test_une_vacance_de_n_jours_coute_exactement_n_jours():
    convention = f.active()
    poste = parti(convention, depuis=-50)
    p.en_poste(poste, debut=p.jour(-20), type="cdi")
    acte = ouvrir(convention)
    difference = differences.lire(acte)
    assert difference.avant == Decimal("50000.00")
    assert difference.avant - difference.apres == attendu(convention, 29)
    assert acte.total == difference.apres == sum(x.montant for x in acte.lignes.all())
    (change,) = difference.changes
    vide = ecarts.dire_periode((p.jour(-49), p.jour(-20)))
    assert change.faits == (f"Vacant {vide} : ces jours ne sont plus financés.",)
    assert sum((x.avant - x.apres for x in change.lignes), Decimal(0)) == attendu(convention, 29)
    assert any("29 jours vacants de plus" in x.pourquoi for x in change.lignes)
    convention.refresh_from_db()
    assert (convention.etat, acte.numero, acte.objet) == (Etat.AVENANT_EN_COURS, 1, "rupture")


def test_un_depart_sans_remplacant_arrete_l_aide_ou_suppose_une_reprise():
    convention = f.active()
    poste = parti(convention, depuis=-50)
    acte = ouvrir(convention, suites={poste.pk: Hypothese(Suite.NON_POURVU)})
    jours = (p.jour(-50) - convention.debut).days + 1
    total = (ajouter_mois(convention.debut, 24) - convention.debut).days
    assert acte.total == (Decimal(50_000) * jours / total).quantize(Decimal("0.01"))
    reprise = Hypothese(Suite.POURVU, p.jour(10))
    corrige = avenants.corriger_avenant(
        convention, objet="rupture", effet_le=p.jour(), expose=EXPOSE, suites={poste.pk: reprise}, par=SYSTEME
    )
    assert (corrige.pk, corrige.numero) == (acte.pk, 1)
    assert Decimal(50_000) - corrige.total == attendu(convention, 59)
    entree = Entree.objects.de_l_objet(convention).get(action="corriger_avenant")
    assert entree.donnees["avant"]["total"] == str(acte.total)
    assert entree.donnees["apres"]["total"] == str(corrige.total)


def test_un_jour_passe_sans_contrat_n_est_jamais_suppose_occupe():
    convention = f.active()
    parti(convention, depuis=-50)
    acte = ouvrir(convention)
    # Vacant depuis 49 jours, supposé repris aujourd'hui.
    assert Decimal(50_000) - acte.total == attendu(convention, 49)


def test_l_avenant_suivant_garde_ce_que_le_precedent_supposait():
    convention = f.active(2)
    poste = parti(convention)
    ouvrir(convention, suites={poste.pk: Hypothese(Suite.NON_POURVU)})
    f.signer(convention)
    autre = convention.postes.order_by("pk").last().poste
    p.rompre(Contrat.objects.get(poste=autre), date_rupture=p.jour(-10))
    suivant = ouvrir(convention, suites={autre.pk: Hypothese(Suite.NON_POURVU)})
    difference = differences.lire(suivant)
    assert [x.reference for x in difference.changes] == [autre.reference]
    assert suivant.numero == 2


def test_un_poste_ajoute_est_retenu_et_compte_des_son_premier_jour():
    convention = f.active()
    (poste,) = actes_des_postes.creer_postes(
        convention.structure, nombre=1, type_poste="conseiller", debut=p.jour(-90), par=SYSTEME
    )
    p.en_poste(poste, debut=p.jour(-40), type="cdi")
    acte = ouvrir(convention, "ajout", ajouts=[Ajout(poste, p.jour(-40))])
    ajoute = convention.postes.get(poste=poste)
    assert (ajoute.periode.lower, ajoute.periode.upper) == (p.jour(-40), convention.periode.upper)
    assert acte.total == Decimal(100_000)
    assert differences.lire(acte).changes[0].faits[0].startswith("Poste ajouté du")
    with pytest.raises(ValidationError, match=f"déjà dans la convention {convention.reference}"):
        f.preparer(convention.structure, [poste], debut=p.jour(-40), fin=p.jour(300))
    avenants.abandonner_avenant(convention, motif="Le poste part ailleurs.", par=SYSTEME)
    assert not convention.postes.filter(poste=poste).exists()
    assert Acte.objects.get(pk=acte.pk).retire_motif == "Le poste part ailleurs."
    assert not Courriel.objects.filter(code="conventions/avenant_abandonne").exists()


def test_un_poste_d_une_autre_structure_ou_d_une_autre_convention_ne_s_ajoute_pas():
    convention = f.active()
    _, (ailleurs,) = p.structure_avec()
    with pytest.raises(ValidationError, match="n'est pas à la structure"):
        ouvrir(convention, "ajout", ajouts=[Ajout(ailleurs, p.jour())])
    (pris,) = actes_des_postes.creer_postes(
        convention.structure, nombre=1, type_poste="conseiller", debut=p.jour(-90), par=SYSTEME
    )
    autre = f.preparer(convention.structure, [pris], debut=p.jour(-50), fin=p.jour(300))
    with pytest.raises(ValidationError, match=autre.reference):
        ouvrir(convention, "ajout", ajouts=[Ajout(pris, p.jour())])
    with pytest.raises(ValidationError, match="Choisissez un jour de la convention"):
        ouvrir(convention, "ajout", ajouts=[Ajout(pris, p.jour(-300))])
    convention.refresh_from_db()
    assert convention.etat == Etat.ACTIVE
    assert not Acte.objects.filter(numero=1).exists()


def test_un_poste_retire_ne_part_qu_a_la_signature_de_l_etat():
    convention = f.active(2)
    conventionne = convention.postes.order_by("pk").first()
    avant = conventionne.periode
    acte = ouvrir(convention, "retrait", retraits={conventionne.poste_id: p.jour(-10)})
    jours = (p.jour(-10) - convention.debut).days + 1
    total = (ajouter_mois(convention.debut, 24) - convention.debut).days
    assert acte.total == Decimal(50_000) + (Decimal(50_000) * jours / total).quantize(Decimal("0.01"))
    conventionne.refresh_from_db()
    assert conventionne.periode == avant
    f.signer(convention)
    conventionne.refresh_from_db()
    assert (conventionne.periode.upper, conventionne.retenu) == (p.jour(-9), True)
    assert f"son dernier jour est le {p.jour(-10):%d/%m/%Y}" in differences.lire(acte).changes[0].faits[0]


def test_un_poste_retire_avant_son_premier_jour_n_est_plus_retenu():
    convention = f.active(2, debut=30, pourvue=False)
    conventionne = convention.postes.order_by("pk").first()
    ouvrir(convention, "retrait", effet_le=p.jour(40), retraits={conventionne.poste_id: p.jour(20)})
    f.signer(convention)
    conventionne.refresh_from_db()
    assert not conventionne.retenu
    assert "n’est plus financé" in differences.lire(Acte.objects.get(numero=1)).changes[0].faits[0]


def test_rendre_tous_les_postes_c_est_resilier():
    convention = f.active(2)
    with pytest.raises(ValidationError, match="résiliez la convention"):
        ouvrir(convention, "retrait", retraits={x.poste_id: p.jour() for x in convention.postes.all()})
    premier, second = convention.postes.order_by("pk")
    ouvrir(convention, "retrait", retraits={premier.poste_id: p.jour(-10)})
    f.signer(convention)
    with pytest.raises(ValidationError, match="résiliez la convention"):
        ouvrir(convention, "retrait", retraits={second.poste_id: p.jour(5)})


def test_les_dates_changent_dans_la_limite_de_36_mois():
    convention = f.active(mois=24)
    with pytest.raises(ValidationError, match="au plus 36 mois"):
        ouvrir(convention, "dates", fin=ajouter_mois(convention.debut, 37) - UN_JOUR)
    fin = ajouter_mois(convention.debut, 36) - UN_JOUR
    acte = ouvrir(convention, "dates", fin=fin)
    assert differences.lire(acte).dates.startswith(f"La convention finit le {fin:%d/%m/%Y}")
    convention.refresh_from_db()
    assert convention.fin == ajouter_mois(convention.debut, 24) - UN_JOUR
    f.signer(convention)
    convention.refresh_from_db()
    assert convention.fin == fin
    assert convention.postes.get().periode == convention.periode


def test_raccourcir_coupe_les_postes_et_l_aide():
    convention = f.active()
    fin = p.jour(100)
    acte = ouvrir(convention, "dates", fin=fin)
    jours = (fin - convention.debut).days + 1
    total = (ajouter_mois(convention.debut, 24) - convention.debut).days
    assert acte.total == (Decimal(50_000) * jours / total).quantize(Decimal("0.01"))
    f.signer(convention)
    assert convention.postes.get().periode.upper == fin + UN_JOUR
    with pytest.raises(ValidationError, match="finit avant"):
        ouvrir(convention, "dates", fin=convention.debut - UN_JOUR)


def test_la_prolongation_s_arrete_devant_une_autre_convention():
    convention = f.active(mois=12)
    poste = convention.postes.get().poste
    suite = f.preparer(convention.structure, [poste], debut=convention.fin + UN_JOUR, fin=p.jour(600))
    with pytest.raises(ValidationError, match=f"dans la convention {suite.reference}"):
        ouvrir(convention, "dates", fin=convention.fin + timedelta(days=30))


def test_un_avenant_qui_ne_change_rien_se_refuse():
    convention = f.active()
    with pytest.raises(ValidationError, match="ne changerait rien"):
        ouvrir(convention, "contrats")
    with pytest.raises(ValidationError, match="de 10 à"):
        ouvrir(convention, expose="Bref.")
    with pytest.raises(ValidationError, match="choisissez un de ces jours"):
        ouvrir(convention, effet_le=p.jour(-300))
    with pytest.raises(ValidationError, match="quel poste quitte"):
        ouvrir(convention, "retrait")
    with pytest.raises(ValidationError, match="l'objet"):
        ouvrir(convention, "autre")


def test_ni_la_structure_ni_deux_fois_ni_avant_la_signature():
    convention = f.active()
    parti(convention)
    with pytest.raises(PermissionDenied):
        ouvrir(convention, par=p.membre_de(convention.structure))
    with pytest.raises(PermissionDenied):
        ouvrir(convention, par=RoleFactory(prefecture=True))
    ouvrir(convention)
    with pytest.raises(TransitionImpossible, match="Avenant en cours"):
        ouvrir(convention)
    with pytest.raises(TransitionImpossible, match="Brouillon"):
        ouvrir(f.brouillon())


def test_proposer_fige_previent_et_un_contrat_qui_bouge_oblige_a_corriger():
    convention = f.active()
    poste = parti(convention)
    membre = p.membre_de(convention.structure)
    acte = ouvrir(convention)
    remplacant = p.en_poste(poste, debut=p.jour(-20), type="cdi")
    with pytest.raises(TransitionImpossible, match="ouvrez « Corriger »"):
        avenants.proposer_avenant(convention, par=p.anct())
    changement = {"objet": "rupture", "effet_le": p.jour(), "expose": EXPOSE, "par": p.anct()}
    avenants.corriger_avenant(convention, **changement)
    acte = avenants.proposer_avenant(convention, par=p.anct())
    assert (acte.etape, len(acte.sha256)) == ("a_signer_structure", 64)
    (courriel,) = Courriel.objects.filter(code="conventions/avenant_a_signer")
    assert courriel.destinataire == membre.utilisateur.email
    with pytest.raises(TransitionImpossible, match="à la signature"):
        avenants.corriger_avenant(convention, **changement)
    with pytest.raises(TransitionImpossible):
        avenants.proposer_avenant(convention, par=p.anct())
    with pytest.raises(ValidationError, match="motif"):
        avenants.abandonner_avenant(convention, motif=" ", par=p.anct())
    avenants.abandonner_avenant(convention, motif="Erreur de date.", par=p.anct())
    assert Courriel.objects.filter(code="conventions/avenant_abandonne").count() == 1
    convention.refresh_from_db()
    assert convention.etat == Etat.ACTIVE
    assert remplacant.poste_id == poste.pk
    # Le numéro se reprend : l'avenant abandonné ne compte pas.
    assert ouvrir(convention).numero == 1


def test_l_acte_en_vigueur_reste_celui_d_avant_tant_que_l_etat_n_a_pas_signe():
    convention = f.active()
    parti(convention)
    ouvrir(convention)
    assert Acte.objects.en_vigueur().get(convention=convention).numero == 0
    f.signer(convention)
    assert Acte.objects.en_vigueur().get(convention=convention).numero == 1


@reglages(max_examples=25, deadline=None)
@given(
    contrats=st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 400)), max_size=4, unique_by=lambda c: c[0]),
    fin=st.integers(200, 1090),
    suite=st.sampled_from(list(Suite)),
)
def test_la_somme_des_ecarts_est_l_ecart_des_totaux(contrats, fin, suite):
    debut = date(2027, 2, 1)
    convention = rules.Convention(debut, ajouter_mois(debut, 36))
    regle = rules.regle_au(debut, rules.Phase.V2)
    poste = rules.Poste(rules.Statut.PUBLIC, "51", "conseiller", True)
    reels = tuple(rules.Contrat(debut + timedelta(d), debut + timedelta(d + n)) for d, n in contrats)
    avant = prevoir_poste(PosteAFinancer(poste, debut, convention.fin), convention, regle)
    apres = prevoir_poste(
        PosteAFinancer(poste, debut, debut + timedelta(fin), reels, Hypothese(suite)), convention, regle
    )
    lignes = [
        [(CleDeLigne(1, x.annee, x.nature.value, x.tranche), x.montant) for x in vue.lignes] for vue in (avant, apres)
    ]
    comparees = difference(*lignes)
    assert sum((x.ecart for x in comparees.lignes), Decimal(0)) == apres.total - avant.total
    assert (comparees.avant, comparees.apres) == (avant.total, apres.total)


def test_les_requetes_ne_croissent_pas_avec_les_postes(django_assert_max_num_queries):
    convention = f.active(6)
    parti(convention)
    with django_assert_max_num_queries(40):
        ouvrir(convention)
    assert PosteConventionne.objects.filter(convention=convention).count() == 6


def test_le_document_dit_ce_qui_change_et_pourquoi(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    convention = f.active(2)
    poste = parti(convention)
    ouvrir(convention, suites={poste.pk: Hypothese(Suite.NON_POURVU)})
    acte = avenants.proposer_avenant(convention, par=p.anct())
    lu = pypdf.PdfReader(acte.document.open())
    texte = " ".join(" ".join(page.extract_text().split()) for page in lu.pages)
    assert f"Poste {poste.reference}" in texte
    assert "ces jours ne sont plus financés" in texte
    assert "vacants de plus" in texte
    assert "Sans changement" in texte
    assert lu.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_le_document_d_un_avenant_de_dates_porte_les_nouvelles_dates(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    convention = f.active(mois=24)
    fin = ajouter_mois(convention.debut, 30) - UN_JOUR
    ouvrir(convention, "dates", fin=fin)
    acte = avenants.proposer_avenant(convention, par=p.anct())
    assert acte.donnees["document"]["fin"] == date_format(fin, "j F Y")
    convention.refresh_from_db()
    assert convention.fin == ajouter_mois(convention.debut, 24) - UN_JOUR
