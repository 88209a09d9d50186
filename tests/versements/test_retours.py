"""Le retour de la banque, par HTTP : déposer, relire, importer une fois, traiter le reste à la main."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.socle import conservation
from conum.versements.actions import rapprochements
from conum.versements.actions import retours as actes
from conum.versements.models import Echeance, LigneLot, LigneRetour, RetourBancaire
from conum.versements.rules.rapprochement import Verdict
from conum.versements.states import Etat, EtatLigne, EtatLot, EtatRapprochement
from tests.aides import ensemble
from tests.comptes.fabriques import RoleFactory
from tests.versements import fabriques as f
from tests.versements import fabriques_retours as r

pytestmark = pytest.mark.django_db
D = Decimal


def _url(nom, role, *arguments):
    return reverse(f"versements:{nom}", args=[role.pk, *arguments])


def _deposer(client, agent, contenu: bytes, nom: str = "retour.xml"):
    return client.post(_url("deposer_retour", agent), {"fichier": SimpleUploadedFile(nom, contenu)})


def _importer(contenu: bytes, agent=None) -> RetourBancaire:
    agent = agent or f.anct()
    return actes.appliquer_retour(
        actes.deposer_retour(contenu, nom="retour.xml", par=agent), par=agent, tout_ou_rien=False
    )


def _page(reponse) -> str:
    return reponse.content.decode().replace("\u202f", " ").replace("\xa0", " ")


# --- Ce qui marche ---------------------------------------------------------------------------------------------------


def test_d_un_bout_a_l_autre(client, se_connecter):
    convention, lot, (payee, rejetee) = r.remis(2)
    membre, agent = f.membre_de(convention.structure), f.anct()
    se_connecter(client, agent)
    contenu = r.pain002(
        (payee.reference, "ACSC", "1000.00", ""), (rejetee.reference, "RJCT", "1000.00", "AC04"),
        ("EC-999999-1", "ACSC", "5.00", ""),
    )  # fmt: skip
    reponse = _deposer(client, agent, contenu)
    retour = RetourBancaire.objects.get()
    assert reponse["Location"] == _url("retour", agent, retour.pk)
    page = _page(client.get(_url("retour", agent, retour.pk)))
    assert "Rien n’est encore importé" in page
    assert "Rapprochée (2)" in page
    assert "À traiter (1)" in page
    assert "Compte clos (AC04)" in page
    assert not Echeance.objects.exclude(etat=Etat.ORDONNANCE).exists()

    client.post(_url("retour", agent, retour.pk), {"mode": "tout"})
    payee.refresh_from_db()
    rejetee.refresh_from_db()
    assert (payee.etat, rejetee.etat, rejetee.actif) == (EtatLigne.PAYEE, EtatLigne.REJETEE, False)
    assert rejetee.motif == "Compte clos (AC04)"
    versee, a_verser = Echeance.objects.get(pk=payee.echeance_id), Echeance.objects.get(pk=rejetee.echeance_id)
    assert (versee.etat, versee.realisee_le, versee.reference_bancaire) == (Etat.VERSE, f.jour(), payee.reference)
    assert (a_verser.etat, a_verser.realisee_le) == (Etat.A_VERSER, None)
    lot.refresh_from_db()
    assert lot.etat == EtatLot.CLOS
    # Rejetée, l'échéance se remet dans un autre lot.
    assert Echeance.objects.a_mettre_en_lot().filter(pk=a_verser.pk).exists()
    courriels = {c.code: c for c in Courriel.objects.filter(destinataire=membre.utilisateur.email)}
    assert set(courriels) == {"versements/versement_effectue", "versements/virement_rejete"}
    assert "Compte clos" in courriels["versements/virement_rejete"].texte
    assert "0189" in courriels["versements/virement_rejete"].texte
    for action in ("constater_versement", "constater_rejet", "clore_lot", "appliquer_retour"):
        assert Entree.objects.filter(action=action).count() == 1, action
    # Ce que la machine ne sait pas attend une personne.
    ligne = LigneRetour.objects.get(etat=EtatRapprochement.A_TRAITER)
    assert "EC-999999-1" in ligne.explication
    assert "EC-999999-1" in _page(client.get(_url("retours", agent)))
    assert "Importé le" in _page(client.get(_url("retour", agent, retour.pk)))


def test_le_meme_fichier_deux_fois(client, se_connecter):
    _, _, (ligne,) = r.remis()
    agent = f.anct()
    se_connecter(client, agent)
    contenu = r.camt(r.ecriture(ligne.reference))
    for _ in range(2):
        # Redéposé sans avoir été importé, il rend le même compte rendu.
        assert _deposer(client, agent, contenu).status_code == 302
    retour = RetourBancaire.objects.get()
    client.post(_url("retour", agent, retour.pk))
    entrees = Entree.objects.count()
    page = _page(_deposer(client, agent, contenu))
    assert f"Ce fichier a déjà été importé le {timezone.localdate():%d/%m/%Y}" in page
    assert (RetourBancaire.objects.count(), Entree.objects.count()) == (1, entrees)
    page = _page(client.post(_url("retour", agent, retour.pk), follow=True))
    assert "a déjà été importé" in page
    assert (LigneRetour.objects.count(), Entree.objects.count()) == (1, entrees)


def test_rejouer_ce_qui_est_deja_constate_ne_change_rien():
    _, _, (a, b) = r.remis(2)
    _importer(r.pain002((a.reference, "ACSC", None, ""), (b.reference, "RJCT", None, "AC01")))
    courriels = Courriel.objects.count()
    retour = _importer(r.camt(r.ecriture(a.reference), r.ecriture(b.reference, sens="CRDT", retour="AC01")))
    assert [e.verdict for e in actes.compte_rendu(retour)] == [Verdict.DEJA, Verdict.DEJA]
    assert (LigneRetour.objects.count(), Courriel.objects.count()) == (2, courriels)


def test_un_virement_paye_que_la_banque_rend():
    _, lot, (ligne,) = r.remis()
    _importer(r.pain002((ligne.reference, "ACSC", None, "")))
    lot.refresh_from_db()
    assert lot.etat == EtatLot.CLOS
    _importer(r.camt(r.ecriture(ligne.reference, sens="CRDT", retour="AC04")))
    ligne.refresh_from_db()
    echeance = Echeance.objects.get(pk=ligne.echeance_id)
    assert (ligne.etat, ligne.actif, echeance.etat) == (EtatLigne.REJETEE, False, Etat.A_VERSER)
    assert LigneRetour.objects.filter(ligne_lot=ligne, etat=EtatRapprochement.RAPPROCHEE).count() == 2


def test_paye_puis_rendu_dans_le_meme_fichier_ne_s_annonce_pas_paye():
    convention, _, (ligne,) = r.remis()
    f.membre_de(convention.structure)
    _importer(r.camt(r.ecriture(ligne.reference), r.ecriture(ligne.reference, sens="CRDT", retour="AC04")))
    ligne.refresh_from_db()
    assert (ligne.etat, Echeance.objects.get(pk=ligne.echeance_id).etat) == (EtatLigne.REJETEE, Etat.A_VERSER)
    assert set(Courriel.objects.values_list("code", flat=True)) == {"versements/virement_rejete"}


@pytest.mark.parametrize("en_xml", [True, False])
def test_un_seul_debit_paie_tout_le_lot(en_xml):
    _, lot, lignes = r.remis(3)
    contenu = (
        r.camt(r.ecriture(montant="3000.00", lot=lot.reference)) if en_xml
        else r.pain002(statut_groupe="ACSC", lot=lot.reference)
    )  # fmt: skip
    retour = _importer(contenu)
    assert LigneLot.objects.filter(lot=lot, etat=EtatLigne.PAYEE).count() == 3
    assert {x.reference for x in retour.lignes.all()} == {x.reference for x in lignes}
    assert len({x.numero for x in retour.lignes.all()}) == 3
    lot.refresh_from_db()
    assert lot.etat == EtatLot.CLOS


def test_un_debit_qui_ne_fait_pas_le_lot_attend_une_personne():
    _, lot, _ = r.remis(2)
    _importer(r.camt(r.ecriture(montant="1999.99", lot=lot.reference)))
    assert "qui attend encore" in LigneRetour.objects.get().explication
    assert not LigneLot.objects.filter(etat=EtatLigne.PAYEE).exists()


def test_une_structure_rend_une_somme():
    convention = f.signee()
    membre = f.membre_de(convention.structure)
    somme = r.a_rendre(convention)
    _importer(r.camt(r.ecriture("", "400.00", sens="CRDT", libre=f"Reversement {somme.reference}")))
    somme.refresh_from_db()
    assert (somme.etat, somme.realisee_le) == (Etat.REVERSEMENT_RECU, f.jour())
    assert Courriel.objects.get(destinataire=membre.utilisateur.email).code == "versements/reversement_recu"
    assert LigneRetour.objects.get().reversement == somme


# --- Ce qui ne se rapproche pas ---------------------------------------------------------------------------------------


def test_chaque_ligne_qui_ne_se_rapproche_pas_dit_pourquoi():
    convention, _, (ligne,) = r.remis()
    somme = r.a_rendre(convention)
    r.a_rendre(convention, "77.00")
    brouillon = f.lot_remis(f.echeance(convention, rang=8))
    type(brouillon).objects.filter(pk=brouillon.pk).update(etat=EtatLot.APPROUVE, exporte_le=None, sha256="")
    pas_remise = brouillon.lignes.get()
    _importer(r.camt(
        r.ecriture(ligne.reference, "999.99"),
        r.ecriture(pas_remise.reference),
        r.ecriture("", "399.00", sens="CRDT", libre=somme.reference),
        r.ecriture("", "5.00", sens="CRDT", libre="EC-888888"),
        r.ecriture("", "77.00", sens="CRDT", libre="Mairie"),
        r.ecriture("", "12345.00", sens="CRDT", libre="Dotation"),
    ))  # fmt: skip
    explications = "\n".join(LigneRetour.objects.order_by("numero").values_list("explication", flat=True))
    explications = explications.replace("\u202f", " ").replace("\xa0", " ")
    for phrase in (
        "La banque dit 999,99 €, le virement est de 1 000,00 €.",
        "n'a pas été remis à la banque",
        "La structure a viré 399,00 €, elle doit 400,00 €.",
        "Aucune somme à rendre ne porte la référence « EC-888888 ».",
        "Sans référence ; 1 somme à rendre de ce montant.",
    ):
        assert phrase in explications
    # Le reste du relevé ne regarde pas conum : ni ligne, ni libellé gardé.
    assert LigneRetour.objects.count() == 5
    assert "Dotation" not in str(RetourBancaire.objects.get().operations)
    assert not LigneLot.objects.filter(etat=EtatLigne.PAYEE).exists()


def test_tout_ou_ce_qui_est_bon(client, se_connecter):
    _, _, (ligne,) = r.remis()
    agent = f.anct()
    se_connecter(client, agent)
    _deposer(
        client, agent, r.csv([f"{ligne.reference};payé;1000,00;{f.jour():%d/%m/%Y};", "EC-1-1;payé;-3;;"]), "r.csv"
    )
    retour = RetourBancaire.objects.get()
    page = _page(client.get(_url("retour", agent, retour.pk)))
    assert "Refusée (1)" in page
    assert "Le montant est négatif" in page
    assert "Importer ce qui est bon" in page
    assert "Importer tout le fichier" not in page
    page = _page(client.post(_url("retour", agent, retour.pk), {"mode": "tout"}, follow=True))
    assert "Des lignes sont refusées" in page
    assert not LigneRetour.objects.exists()
    client.post(_url("retour", agent, retour.pk), {"mode": "valables"})
    assert LigneRetour.objects.get().ligne_lot == ligne


def test_un_fichier_illisible_garde_la_page(client, se_connecter):
    agent = f.anct()
    se_connecter(client, agent)
    for contenu, phrase in ((b"<Document>", "coupé ou mal formé"), (b"a;b\n1;2\n", "Colonne absente"), (b"", "vide")):
        reponse = _deposer(client, agent, contenu)
        assert reponse.status_code == 200
        assert phrase in _page(reponse)
    assert not RetourBancaire.objects.exists()
    etranger = r.camt(r.ecriture("", "12.00"))
    with pytest.raises(TransitionImpossible, match="Aucune ligne de ce fichier"):
        _importer(etranger, agent)


# --- À la main --------------------------------------------------------------------------------------------------------


def _a_traiter(sens: str = "DBIT", montant: str = "1000.00") -> LigneRetour:
    _importer(r.camt(r.ecriture("EC-777777-1" if sens == "DBIT" else "", montant, sens=sens, libre="EC-777777")))
    return LigneRetour.objects.get(etat=EtatRapprochement.A_TRAITER)


def test_rapprocher_a_la_main(client, se_connecter):
    convention, _, (ligne,) = r.remis()
    _, _, (ailleurs,) = r.remis()
    _, _, (autre_montant,) = r.remis(montant="7.00")
    lue, agent = _a_traiter(), f.anct()
    se_connecter(client, agent)
    url = _url("ligne_retour", agent, lue.pk)
    page = _page(client.get(url))
    assert ligne.reference in page
    assert ailleurs.reference in page
    assert autre_montant.reference not in page
    assert ailleurs.reference not in _page(client.get(url, {"recherche": convention.reference}))
    page = _page(client.post(url, {"cle": autre_montant.pk}, follow=True))
    assert "ne convient pas, ou plus" in page
    assert client.post(url, {"cle": "x"}, follow=True).status_code == 200
    client.post(url, {"cle": ligne.pk})
    lue.refresh_from_db()
    ligne.refresh_from_db()
    assert (lue.etat, lue.ligne_lot, ligne.etat) == (EtatRapprochement.RAPPROCHEE, ligne, EtatLigne.PAYEE)
    page = _page(client.post(url, {"cle": ailleurs.pk}, follow=True))
    assert "n&#x27;est plus possible" in page or "n'est plus possible" in page
    assert ligne.reference in _page(client.get(url))


def test_rapprocher_un_virement_recu_a_la_main(client, se_connecter):
    somme = r.a_rendre(f.signee(), "1000.00")
    lue, agent = _a_traiter("CRDT"), f.anct()
    se_connecter(client, agent)
    url = _url("ligne_retour", agent, lue.pk)
    assert somme.reference in _page(client.get(url, {"recherche": somme.reference}))
    client.post(url, {"cle": somme.pk})
    somme.refresh_from_db()
    assert somme.etat == Etat.REVERSEMENT_RECU


def test_ecarter_avec_un_motif(client, se_connecter):
    lue, agent = _a_traiter(), f.anct()
    se_connecter(client, agent)
    url = _url("ecarter_ligne_retour", agent, lue.pk)
    assert "De 10 à 1" in _page(client.post(url, {"motif": "non"}))
    client.post(url, {"motif": "Virement d'un autre service de l'agence."})
    lue.refresh_from_db()
    assert (lue.etat, lue.explication) == (EtatRapprochement.ECARTEE, "Virement d'un autre service de l'agence.")
    assert "plus possible" in _page(client.post(url, {"motif": "Une seconde fois, sans raison."}))


# --- Droits, simultanéité, taille, conservation -----------------------------------------------------------------------


def test_seule_l_anct_lit_et_importe(client, se_connecter):
    convention, _, (ligne,) = r.remis()
    retour = actes.deposer_retour(r.camt(r.ecriture(ligne.reference)), nom="x.xml", par=f.anct())
    membre = f.membre_de(convention.structure)
    prefecture = RoleFactory(prefecture=True, departement=convention.departement)
    for role in (membre, prefecture):
        se_connecter(client, role)
        for nom, arguments in (("retours", ()), ("deposer_retour", ()), ("retour", (retour.pk,))):
            assert client.get(_url(nom, role, *arguments)).status_code == 403
        with pytest.raises(PermissionDenied):
            actes.deposer_retour(b"<a/>", nom="x", par=role)
        with pytest.raises(PermissionDenied):
            actes.appliquer_retour(retour, par=role, tout_ou_rien=False)
    lue = _a_traiter()
    with pytest.raises(PermissionDenied):
        rapprochements.rapprocher_virement(lue, ligne, par=membre)
    with pytest.raises(PermissionDenied):
        rapprochements.ecarter_ligne(lue, motif="Ce n'est pas à moi de le dire.", par=membre)


@pytest.mark.django_db(transaction=True)
def test_deux_imports_du_meme_fichier_un_seul_passe():
    _, _, (ligne,) = r.remis()
    contenu = r.camt(r.ecriture(ligne.reference))
    agents = [f.anct(), f.anct()]
    deposes = ensemble(*(lambda a=a: actes.deposer_retour(contenu, nom="r.xml", par=a) for a in agents))
    assert {d.pk for d in deposes} == set(RetourBancaire.objects.values_list("pk", flat=True))
    assert RetourBancaire.objects.count() == 1
    faits = ensemble(*(lambda a=a: actes.appliquer_retour(deposes[0], par=a, tout_ou_rien=True) for a in agents))
    assert sorted(type(x).__name__ for x in faits) == ["RetourBancaire", "TransitionImpossible"]
    assert LigneRetour.objects.count() == 1
    assert Entree.objects.filter(action="constater_versement").count() == 1


@pytest.mark.django_db(transaction=True)
def test_deux_fichiers_qui_disent_la_meme_chose_ensemble():
    _, _, (ligne,) = r.remis()
    agents = [f.anct(), f.anct()]
    contenus = [r.camt(r.ecriture(ligne.reference)), r.pain002((ligne.reference, "ACSC", None, ""))]
    retours = [actes.deposer_retour(c, nom="r.xml", par=a) for c, a in zip(contenus, agents, strict=True)]
    faits = ensemble(
        *(lambda x=x, a=a: actes.appliquer_retour(x, par=a, tout_ou_rien=True)
          for x, a in zip(retours, agents, strict=True))
    )  # fmt: skip
    assert all(isinstance(x, RetourBancaire) for x in faits)
    assert LigneRetour.objects.filter(ligne_lot=ligne).count() == 1
    assert Entree.objects.filter(action="constater_versement").count() == 1


def test_mille_lignes_ne_coutent_pas_plus_de_questions(django_assert_max_num_queries):
    convention, _, lignes = r.remis(40)
    f.membre_de(convention.structure)
    agent = f.anct()
    retour = actes.deposer_retour(r.camt(*(r.ecriture(x.reference) for x in lignes)), nom="grand.xml", par=agent)
    with django_assert_max_num_queries(40):
        actes.appliquer_retour(retour, par=agent, tout_ou_rien=True)
    assert LigneLot.objects.filter(etat=EtatLigne.PAYEE).count() == 40
    assert Courriel.objects.filter(code="versements/versement_effectue").count() == 1


def test_les_ecrans_coutent_autant_pour_un_que_pour_dix(client, se_connecter, django_assert_max_num_queries):
    agent = f.anct()
    r.remis(3)
    for n in range(10):
        _importer(r.camt(r.ecriture(f"EC-{777000 + n}-1")))
    se_connecter(client, agent)
    for parametres in ({}, {"onglet": "fichiers"}, {"format": "csv"}):
        with django_assert_max_num_queries(14):
            assert client.get(_url("retours", agent), parametres).status_code == 200
    with django_assert_max_num_queries(16):
        client.get(_url("ligne_retour", agent, LigneRetour.objects.order_by("pk").first().pk))


def test_un_fichier_jamais_importe_s_efface():
    agent = f.anct()
    retour = actes.deposer_retour(r.camt(r.ecriture("EC-777777-1")), nom="r.xml", par=agent)
    importe = _importer(r.camt(r.ecriture("EC-777778-1")))
    assert conservation.appliquer("fichiers de banque jamais importés") == 0
    RetourBancaire.objects.update(created_at=timezone.now() - timedelta(days=40))
    assert conservation.appliquer("fichiers de banque jamais importés") == 1
    assert list(RetourBancaire.objects.all()) == [importe]
    assert retour.pk != importe.pk
