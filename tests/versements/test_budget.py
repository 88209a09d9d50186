"""L'argent vu d'en haut : la même somme de quelque façon qu'on la range, et chaque chiffre s'ouvre."""

import csv
import functools
import io
from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from conum.conventions.actions import preparer_en_masse
from conum.conventions.actions.avenants import ouvrir_avenant
from conum.conventions.actions.reprise import reprendre_en_masse
from conum.conventions.management.histoires import tirer
from conum.conventions.models import Acte, Convention, LigneActe
from conum.conventions.rules import calculer_subvention
from conum.conventions.states import RETENUES, SIGNEES
from conum.conventions.states import Etat as EtatConvention
from conum.journal.acteurs import SYSTEME
from conum.postes.models import Contrat
from conum.socle.texte import euros
from conum.versements.actions.echeanciers import actes_a_etablir, etablir_echeanciers
from conum.versements.management.histoires_en_base import ecrire
from conum.versements.models import Echeance, budget
from conum.versements.models.budget import SANS_DATE, ZERO, Axe, Montants
from conum.versements.states import Etat
from tests.aides import analyser
from tests.comptes.fabriques import RoleFactory
from tests.conventions import fabriques as conventions
from tests.structures.fabriques import CommuneFactory, MembreFactory, StructureFactory
from tests.territoires.fabriques import DepartementFactory, RegionFactory
from tests.versements import fabriques as f

pytestmark = pytest.mark.django_db
HISTOIRES, QUELQUES = 60, 12


def commune_du(departement):
    """Une commune par département, deux régions."""
    region = RegionFactory(code="11" if departement in ("75", "93") else "99", nom=f"Région de {departement}")
    code = DepartementFactory(code=departement, nom=f"Département {departement}", region=region)
    return CommuneFactory(code=f"{departement}999"[:5], nom=f"Commune {departement}", departement=code)


def peupler(nombre):
    """Des histoires par le vrai chemin, puis tout ce qui peut arriver à l'argent."""
    ecrites = ecrire(tirer(nombre), functools.cache(lambda h: commune_du(h.poste.departement)))
    bilan = preparer_en_masse([e.preparation for e in ecrites], par=SYSTEME)
    assert (len(bilan.conventions), bilan.refus) == (nombre, [])
    signees = bilan.conventions[: nombre * 5 // 6]  # les autres restent des brouillons
    reprendre_en_masse(signees, source="essai", par=SYSTEME)
    assert etablir_echeanciers(actes_a_etablir(), par=SYSTEME) == (len(signees), [])
    _payer(Echeance.objects.order_by("pk"))
    _changer([c.pk for c in signees])
    return ecrites


@pytest.fixture
def pays():
    histoires = peupler(HISTOIRES)
    analyser()
    return histoires


@pytest.fixture
def quelques():
    """Assez pour les écrans : une douzaine de conventions de toutes sortes."""
    return peupler(QUELQUES)


def _payer(echeances):
    """Une sur trois est versée, une ordonnancée, une suspendue ; deux reversements, l'un reçu."""
    for i, e in enumerate(echeances):
        if i % 3 == 0:
            Echeance.objects.filter(pk=e.pk).update(etat=Etat.VERSE, realisee_le=date(2022 + i % 4, 3, 1))
        elif i % 11 == 1:
            Echeance.objects.filter(pk=e.pk).update(etat=Etat.ORDONNANCE)
        elif i % 13 == 2:
            Echeance.objects.filter(pk=e.pk).update(etat=Etat.SUSPENDU, motif="Justificatif attendu")
    convention = Convention.objects.signees().order_by("pk").first()
    f.echeance(convention, montant="123.45", nature="reversement", etat=Etat.REVERSEMENT_DEMANDE, prevue_le=None)
    f.echeance(
        convention, montant="67.89", nature="reversement", etat=Etat.REVERSEMENT_RECU, realisee_le=date(2025, 1, 2)
    )


def _changer(cles):
    """Un avenant signé, un avenant en cours, une résiliée, une terminée ; et deux brouillons annulés."""
    signee, ouverte, terminee = Convention.objects.filter(pk__in=cles).order_by("-pk")[:3]
    for convention in (signee, ouverte):
        Contrat.objects.filter(poste__conventions__convention=convention).order_by("pk").first().delete()
        ouvrir_avenant(convention, objet="contrats", effet_le=convention.debut, expose="Contrats réels", par=f.anct())
    conventions.signer(signee)
    Convention.objects.filter(pk=terminee.pk).update(etat=EtatConvention.TERMINEE)
    annulees = Convention.objects.filter(etat=EtatConvention.BROUILLON).order_by("pk")[:2]
    for convention in annulees:
        convention.postes.update(retenu=False)
        Acte.objects.filter(convention=convention).update(retire_le="2026-01-01T00:00Z", retire_motif="Doublon")
    Convention.objects.filter(pk__in=[c.pk for c in annulees]).update(etat=EtatConvention.ANNULEE, motif="Doublon")


def en_python(convention):
    """Les montants d'une convention, recomptés sans SQL."""
    actes = sorted((a for a in convention.actes.all() if a.retire_le is None), key=lambda a: a.numero)
    signes = [a for a in actes if a.signe_etat_le is not None]
    somme = defaultdict(Decimal)
    if convention.etat in RETENUES and actes:
        somme["accorde"] = sum((x.plafond for x in actes[-1].lignes.all()), ZERO)
    if convention.etat in SIGNEES and signes:
        somme["engage"] = sum((x.montant for x in signes[-1].lignes.all()), ZERO)
    for e in convention.echeances.all():
        somme["prevu"] += e.montant if e.nature == "versement" and e.etat != Etat.ANNULE else 0
        somme["ordonnance"] += e.montant if e.etat == Etat.ORDONNANCE else 0
        somme["verse"] += e.signe * e.montant if e.etat in (Etat.VERSE, Etat.REVERSEMENT_RECU) else 0
        somme["a_rendre"] += e.montant if e.etat == Etat.REVERSEMENT_DEMANDE else 0
    return Montants(**{nom: somme[nom] for nom in budget.NOMS}, conventions=1)


def cle_python(convention, axe):
    return {
        Axe.EXERCICE: convention.financement_debut.year,
        Axe.FINANCEUR: convention.financeur,
        Axe.DEPARTEMENT: convention.departement_id,
        Axe.REGION: convention.departement.region_id,
        Axe.PHASE: convention.phase,
        Axe.STRUCTURE: convention.structure_id,
    }[axe]


def test_les_totaux_sont_les_memes_de_quelque_facon_qu_on_les_somme(pays):
    retenues = Convention.objects.retenues()
    lues = list(retenues.select_related("departement").prefetch_related("actes__lignes", "echeances").order_by("pk"))
    attendus = {c.pk: en_python(c) for c in lues}
    total = budget.additionner(attendus.values())
    assert (total.conventions, total.ordonnance > 0, total.a_rendre) == (HISTOIRES - 2, True, Decimal("123.45"))
    for axe in Axe:
        par_cle = defaultdict(Montants)
        for c in lues:
            par_cle[cle_python(c, axe)] += attendus[c.pk]
        assert budget.par_axe(retenues, axe) == par_cle
        assert budget.additionner(par_cle.values()) == total
    assert budget.totaux(retenues) == total
    assert {c.pk: budget.de_la_convention(c) for c in lues} == attendus
    listees = {c.pk: [getattr(c, n) for n in budget.NOMS] for c in budget.avec_montants(retenues).order_by("pk")}
    assert listees == {pk: [getattr(m, n) for n in budget.NOMS] for pk, m in attendus.items()}
    # Par année civile, les mêmes mouvements.
    calendrier = budget.calendrier(retenues)
    assert {n: getattr(calendrier.total, n) for n in budget.NOMS} == {n: getattr(total, n) for n in budget.NOMS}
    assert SANS_DATE not in [a.annee for a in calendrier.annees]
    for a in calendrier.annees:
        quand = SANS_DATE if a.annee is None else a.annee
        assert [getattr(budget.totaux(retenues, quand), n) for n in budget.NOMS] == [
            getattr(a.montants, n) for n in budget.NOMS
        ]


def test_l_engage_est_ce_que_la_regle_calcule(pays):
    """Du fait tiré au sort à la somme nationale : rien ne se perd entre la règle pure et la base."""
    attendu = {}
    for e in pays:
        subvention = calculer_subvention(e.histoire.poste, e.contrats, e.histoire.convention, e.histoire.regle)
        attendu[e.poste.pk] = subvention.total
    lignes = LigneActe.objects.filter(acte__in=Acte.objects.filter(numero=0)).select_related("poste")
    obtenu = defaultdict(Decimal)
    for x in lignes:
        obtenu[x.poste.poste_id] += x.montant
    assert {pk: obtenu[pk] for pk in attendu} == attendu
    # L'acte dit le même total que ses lignes, et un échéancier non entamé le verse tout entier.
    for acte in Acte.objects.prefetch_related("lignes").order_by("pk"):
        assert acte.total == sum((x.montant for x in acte.lignes.all()), ZERO)
        assert acte.plafond == sum((x.plafond for x in acte.lignes.all()), ZERO)
    inchangees = Convention.objects.filter(etat=EtatConvention.ACTIVE, actes__numero=0).exclude(actes__numero=1)
    montants = budget.totaux(inchangees)
    assert montants.engage == montants.prevu > 0


def test_les_etats_de_la_vue_sont_ceux_de_la_table(quelques):
    """Les états écrits dans le SQL de la vue suivent states.py."""
    for etat in EtatConvention:
        convention = Convention.objects.filter(etat=EtatConvention.ACTIVE).order_by("pk").last()
        motifs = {"motif": "Essai"} if etat == EtatConvention.ANNULEE else {}
        if etat == EtatConvention.RESILIEE:
            motifs = {"resiliee_le": convention.debut, "resiliation_motif": "cessation"}
        Convention.objects.filter(pk=convention.pk).update(etat=etat, **motifs)
        montants = budget.de_la_convention(convention)
        assert bool(montants.engage) == (etat in SIGNEES)
        assert bool(montants.accorde) == (etat in RETENUES)


def test_une_convention_sans_echeancier_ni_ligne_compte_pour_zero():
    convention = f.signee(rib=False)
    montants = budget.de_la_convention(convention)
    assert (montants.verse, montants.prevu, montants.conventions) == (ZERO, ZERO, 1)
    assert montants.engage == montants.reste == convention.actes.get().total
    LigneActe.objects.filter(acte__convention=convention).delete()
    assert budget.de_la_convention(convention) == Montants(conventions=1)
    assert budget.totaux(Convention.objects.none()) == Montants()


def test_verser_plus_que_l_engage_donne_un_reste_negatif():
    convention = f.signee()
    f.versee(convention, montant="999999.99")
    montants = budget.de_la_convention(convention)
    assert montants.reste == montants.engage - Decimal("999999.99") < 0


# Les écrans


def adresse(role, nom="budget", *args, **parametres):
    suite = "&".join(f"{k}={v}" for k, v in parametres.items())
    return reverse(f"versements:{nom}", args=[role.pk, *args]) + (f"?{suite}" if suite else "")


@pytest.fixture
def anct(client, se_connecter):
    role = RoleFactory(anct=True)
    se_connecter(client, role)
    return role


def test_chaque_tableau_finit_par_le_meme_total(quelques, client, anct):
    total = budget.totaux(Convention.objects.retenues())
    for axe in Axe:
        response = client.get(adresse(anct, axe=axe.value))
        page = response.content.decode()
        assert response.context["total"].montants == total
        # En tête, au pied du tableau, au pied du calendrier.
        assert page.count(euros(total.engage)) >= 3
        assert str(axe.label) in page
        # Les lignes de toutes les pages font le total du pied.
        rangees = list(response.context["rangees"])
        for n in range(2, response.context["liste"].page.paginator.num_pages + 1):
            rangees += client.get(adresse(anct, axe=axe.value, page=n)).context["rangees"]
        assert budget.additionner(r.montants for r in rangees) == total
    assert "Sans date" in page
    assert response.context["total_annees"].montants.verse == total.verse


def test_un_chiffre_s_ouvre_sur_ses_conventions_et_leur_trace(quelques, client, anct):
    response = client.get(adresse(anct, axe="departement"))
    rangee = next(r for r in response.context["rangees"] if r.montants.verse)
    lien = next(c.lien for c in rangee.cellules if c.valeur == rangee.montants.verse)
    detail = client.get(lien)
    listees = list(detail.context["liste"].triee())
    assert sum(c.verse for c in listees) == rangee.montants.verse
    assert all(c.verse for c in listees)
    assert euros(rangee.montants.verse) in detail.content.decode()
    trace = client.get(adresse(anct, "budget_convention", listees[0].pk))
    page = trace.content.decode()
    assert listees[0].reference in page
    assert "jours financés" in page
    assert "versement fait le" in page
    # Le calcul écrit par l'acte, phrase à phrase.
    assert sum(len(poste.calcul) for poste in trace.context["trace"]) > 0
    totaux = [sum(colonne) for colonne in zip(*(p.totaux for p in trace.context["trace"]), strict=True)]
    montants = budget.de_la_convention(listees[0])
    assert totaux == [getattr(montants, n) for n in ("accorde", "engage", "prevu", "ordonnance", "verse", "a_rendre")]


def test_une_annee_s_ouvre_sur_ses_conventions(quelques, client, anct):
    response = client.get(adresse(anct))
    for rangee in response.context["annees"]:
        detail = client.get(rangee.lien)
        listees = list(detail.context["liste"].triee())
        assert sum(c.engage for c in listees) == rangee.montants.engage
        assert sum(c.prevu for c in listees) == rangee.montants.prevu


def test_les_filtres_se_combinent(quelques, client, anct):
    choisie = Convention.objects.signees().order_by("pk").first()
    response = client.get(
        adresse(anct, exercice=choisie.financement_debut.year, departement=choisie.departement_id, phase=choisie.phase)
    )
    attendues = Convention.objects.retenues().filter(
        financement_debut__year=choisie.financement_debut.year, departement=choisie.departement, phase=choisie.phase
    )
    assert response.context["total"].montants == budget.totaux(attendues)
    # Ce qui ne veut rien dire n'écarte rien.
    fou = client.get(adresse(anct, exercice="abc", departement="ZZ", financeur="X", structure="9999999", axe="x"))
    assert fou.context["total"].montants == budget.totaux(Convention.objects.retenues())
    assert client.get(adresse(anct, "budget_detail", annee="٢٠٢٤", montant="x", tri="zz")).status_code == 200


@pytest.mark.parametrize("fichier", ["csv", "xlsx"])
def test_les_fichiers_ont_le_total(quelques, client, anct, fichier):
    total = budget.totaux(Convention.objects.retenues())
    for parametres in ({"axe": "structure"}, {"tableau": "calendrier"}):
        response = client.get(adresse(anct, format=fichier, **parametres))
        contenu = b"".join(response.streaming_content)
        if fichier == "csv":
            lignes = list(csv.reader(io.StringIO(contenu.decode("utf-8-sig")), delimiter=";"))
            assert lignes[-1][0] == "Total"
            engage = lignes[0].index("Engagé (€)" if "axe" in parametres else "Dû (€)")
            somme = sum(Decimal(x[engage].replace(",", ".")) for x in lignes[1:-1])
            assert somme == Decimal(lignes[-1][engage].replace(",", ".")) == total.engage
        else:
            assert contenu[:2] == b"PK"
    detail = client.get(adresse(anct, "budget_detail", format=fichier))
    assert detail.status_code == 200


def test_chacun_ne_voit_que_son_perimetre(client, se_connecter):
    marne = f.signee()
    ailleurs = f.signee(structure=StructureFactory(commune=commune_du("75")))
    Convention.objects.filter(pk=ailleurs.pk).update(departement="75")
    prefecture = RoleFactory(prefecture=True)  # la Marne
    se_connecter(client, prefecture)
    response = client.get(adresse(prefecture))
    assert response.context["total"].montants == budget.de_la_convention(marne)
    assert "departement" not in response.context["filtres"].fields
    assert client.get(adresse(prefecture, "budget_convention", marne.pk)).status_code == 200
    assert client.get(adresse(prefecture, "budget_convention", ailleurs.pk)).status_code == 404
    # Ni par un filtre, ni par un axe qu'il n'a pas.
    assert (
        client.get(adresse(prefecture, departement="75", axe="departement")).context["total"].montants.conventions == 1
    )
    region = RoleFactory(prefecture_de_region=True)
    se_connecter(client, region)
    assert client.get(adresse(region)).context["total"].montants.conventions == 1


def test_qui_n_a_pas_a_voir_ne_voit_pas(client, se_connecter):
    convention = f.signee()
    for role in (MembreFactory(structure=convention.structure).role, RoleFactory(reseau=True), RoleFactory(hub=True)):
        se_connecter(client, role)
        assert client.get(adresse(role)).status_code == 403
        assert client.get(adresse(role, "budget_detail")).status_code == 403
        assert client.get(adresse(role, "budget_convention", convention.pk)).status_code == 403


def test_sans_convention_la_page_le_dit(client, anct):
    page = client.get(adresse(anct)).content.decode()
    assert "Aucune convention ne répond" in page
    assert "dans aucune convention" not in page
    conventions.structure_et_postes(3)
    page = client.get(adresse(anct)).content.decode()
    assert "3 postes attribués ne sont dans aucune convention" in page


def test_les_postes_sans_convention_sont_ceux_de_la_liste_a_preparer(client, anct):
    structure, postes = conventions.structure_et_postes(2)
    ailleurs, _ = conventions.structure_et_postes(3)

    def compter():
        a_preparer = client.get(reverse("conventions:a_preparer", args=[anct.pk])).context["liste"].page
        nombre = client.get(adresse(anct)).context["sans_convention"]
        assert nombre == sum(s.libres for s in a_preparer)
        return nombre

    assert compter() == 5
    # Une convention passée se renouvelle : elle n'est plus à préparer.
    passee = conventions.preparer(structure, postes[:1], debut=f.jour(-400), fin=f.jour(-100))
    assert compter() == 4
    passee.postes.update(retenu=False)
    assert compter() == 5
    postes[1].rattachements.update(periode=(f.jour(-800), f.jour(-1)))
    assert compter() == 4
    assert ailleurs.conventions.count() == 0


def test_la_page_ne_coute_pas_par_convention(quelques, client, anct, django_assert_max_num_queries):
    for axe in Axe:
        with django_assert_max_num_queries(14):
            client.get(adresse(anct, axe=axe.value))
    with django_assert_max_num_queries(14):
        client.get(adresse(anct, "budget_detail", montant="engage"))
