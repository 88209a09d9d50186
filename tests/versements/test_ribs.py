"""Le compte d'une structure : chiffré, masqué, confirmé par une seconde personne, annoncé à tous."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from conum.comptes.second_facteur import AUTHENTICATION_METHODS_SESSION_KEY
from conum.courriels.models import Courriel
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.socle import conservation
from conum.structures.actions.membres import retirer_membre
from conum.versements.actions import ribs as actes
from conum.versements.models import Rib
from conum.versements.rules.coffre import ClePerdue
from conum.versements.rules.iban import CompteInvalide, lire_bic, lire_iban
from conum.versements.states import EtatRib
from tests.aides import ensemble
from tests.structures.fabriques import MembreFactory, StructureFactory
from tests.versements import fabriques as f

pytestmark = pytest.mark.django_db


def _url(nom, role, *arguments):
    return reverse(f"versements:{nom}", args=[role.pk, *arguments])


# --- Le numéro -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("saisie", [f.IBAN, "fr76 3000 6000 0112 3456 7890 189", " FR76-3000-6000-0112-3456-7890-189 "])
def test_espaces_et_minuscules_sont_admis(saisie):
    assert lire_iban(saisie) == f.IBAN


def test_chaque_chiffre_faux_se_voit():
    for i in range(4, len(f.IBAN)):
        faux = f.IBAN[:i] + str((int(f.IBAN[i]) + 1) % 10) + f.IBAN[i + 1 :]
        with pytest.raises(CompteInvalide, match="vérifiez-le chiffre par chiffre"):
            lire_iban(faux)


@pytest.mark.parametrize("saisie", ["", "FR76", "bonjour", "FR7630006000011234567890189X"])
def test_ce_qui_n_est_pas_un_iban(saisie):
    with pytest.raises(CompteInvalide):
        lire_iban(saisie)


def test_hors_de_la_zone_sepa():
    with pytest.raises(CompteInvalide, match="hors de la zone SEPA"):
        lire_iban("TN5910006035183598478831")


def test_le_bic_est_facultatif_mais_juste():
    assert (lire_bic(""), lire_bic("agri frpp")) == ("", "AGRIFRPP")
    with pytest.raises(CompteInvalide):
        lire_bic("AGRI")


# --- Saisir --------------------------------------------------------------------------------------------------------


def _proposer(structure, par, iban=f.IBAN, titulaire="Mairie", bic=""):
    return actes.proposer_rib(structure, iban=iban, titulaire=titulaire, bic=bic, par=par)


def test_saisir_chiffre_masque_et_previent():
    structure = StructureFactory()
    un, deux = f.membre_de(structure), f.membre_de(structure)
    agent = f.anct()
    rib = _proposer(structure, un, bic="AGRIFRPP")
    assert (rib.etat, rib.masque, rib.saisi_par) == (EtatRib.PROPOSE, "FR•• •••• •••• 0189", un.utilisateur)
    assert actes.iban_de(Rib.objects.get(pk=rib.pk)) == f.IBAN
    destinataires = set(Courriel.objects.filter(code="versements/rib_propose").values_list("destinataire", flat=True))
    assert destinataires == {un.utilisateur.email, deux.utilisateur.email}
    assert Courriel.objects.get(code="versements/rib_a_confirmer").destinataire == agent.utilisateur.email
    assert "Ce changement ne vient pas de chez vous" in Courriel.objects.filter(code="versements/rib_propose")[0].texte


def test_l_iban_n_est_nulle_part_en_clair():
    structure = StructureFactory()
    rib = _proposer(structure, f.membre_de(structure))
    actes.confirmer_rib(rib, par=f.anct())
    actes.refuser_rib(_proposer(structure, f.anct(), f.AUTRE_IBAN), motif="Ce n'est pas le bon.", par=f.anct())
    with connection.cursor() as curseur:
        for table in ("versements_rib", "journal_entree", "courriels_courriel"):
            curseur.execute(f"SELECT t::text FROM {table} t")
            lignes = " ".join(ligne for (ligne,) in curseur.fetchall())
            for iban in (f.IBAN, f.AUTRE_IBAN):
                assert iban not in lignes
                assert iban[4:-4] not in lignes.replace(" ", "")


def test_qui_peut_saisir():
    structure = StructureFactory()
    with pytest.raises(PermissionDenied):
        _proposer(structure, f.membre_de(StructureFactory()))
    assert _proposer(structure, f.anct()).etat == EtatRib.PROPOSE
    assert Rib.objects.count() == 1


def test_des_champs_faux_ont_chacun_leur_phrase():
    structure = StructureFactory()
    with pytest.raises(ValidationError) as refus:
        _proposer(structure, f.anct(), iban=f.IBAN[:-1] + "8", titulaire=" ", bic="?")
    assert set(refus.value.message_dict) == {"iban", "titulaire", "bic"}
    assert not Rib.objects.exists()


def test_le_meme_compte_n_est_pas_saisi_deux_fois():
    structure = StructureFactory()
    membre = f.membre_de(structure)
    rib = _proposer(structure, membre)
    with pytest.raises(TransitionImpossible, match="attend d'être confirmé"):
        _proposer(structure, membre)
    actes.confirmer_rib(rib, par=f.anct())
    with pytest.raises(TransitionImpossible, match="déjà celui où l'État verse"):
        _proposer(structure, membre)
    # Une autre saisie remplace celle qui attendait.
    premier = _proposer(structure, membre, f.AUTRE_IBAN)
    _proposer(structure, membre, f.TROISIEME_IBAN)
    premier.refresh_from_db()
    assert premier.etat == EtatRib.REMPLACE


def test_le_contact_retire_la_veille_est_prevenu_quand_meme():
    structure = StructureFactory()
    ancien, fraudeur = MembreFactory(structure=structure), f.membre_de(structure)
    actes.confirmer_rib(_proposer(structure, ancien.role), par=f.anct())
    email = ancien.role.utilisateur.email
    retirer_membre(ancien, par=fraudeur)
    Courriel.objects.all().delete()
    _proposer(structure, fraudeur, f.AUTRE_IBAN)
    assert Courriel.objects.filter(code="versements/rib_propose", destinataire=email).exists()


# --- Confirmer -----------------------------------------------------------------------------------------------------


def test_la_seconde_personne_confirme_et_l_ancien_compte_est_remplace():
    structure = StructureFactory()
    membre = f.membre_de(structure)
    ancien = f.compte(structure)
    rib = actes.confirmer_rib(_proposer(structure, membre, f.AUTRE_IBAN), par=f.anct())
    ancien.refresh_from_db()
    assert (rib.etat, ancien.etat) == (EtatRib.ACTIF, EtatRib.REMPLACE)
    assert ancien.remplace_le is not None
    destinataires = Courriel.objects.filter(code="versements/rib_confirme").values_list("destinataire", flat=True)
    assert {membre.utilisateur.email, ancien.saisi_par.email} <= set(destinataires)
    entree = Entree.objects.de_l_objet(rib).get(action="confirmer_rib")
    assert (entree.de, entree.vers) == ("propose", "actif")


def test_qui_l_a_saisi_ne_le_confirme_pas_et_la_base_le_refuse_aussi():
    structure, agent = StructureFactory(), f.anct()
    rib = _proposer(structure, agent)
    with pytest.raises(PermissionDenied):
        actes.confirmer_rib(rib, par=agent)
    with pytest.raises(PermissionDenied):
        actes.confirmer_rib(rib, par=f.membre_de(structure))
    with pytest.raises(IntegrityError, match="rib_deux_personnes"), transaction.atomic():
        Rib.objects.filter(pk=rib.pk).update(
            etat=EtatRib.ACTIF, confirme_par=agent.utilisateur, confirme_le=timezone.now()
        )


def test_consulter_est_au_journal_et_finit_avec_la_confirmation():
    structure = StructureFactory()
    rib, agent = _proposer(structure, f.membre_de(structure)), f.anct()
    assert actes.consulter_rib(rib, par=agent) == f.IBAN
    assert Entree.objects.de_l_objet(rib).filter(action="consulter_rib", auteur=agent.utilisateur).count() == 1
    with pytest.raises(PermissionDenied):
        actes.consulter_rib(rib, par=f.membre_de(structure))
    actes.confirmer_rib(rib, par=agent)
    with pytest.raises(TransitionImpossible):
        actes.consulter_rib(rib, par=f.anct())


def test_refuser_et_retirer():
    structure = StructureFactory()
    membre = f.membre_de(structure)
    refuse = actes.refuser_rib(_proposer(structure, membre), motif="Ce n'est pas nous.", par=membre)
    assert (refuse.etat, refuse.motif_refus) == (EtatRib.REFUSE, "Ce n'est pas nous.")
    with pytest.raises(TransitionImpossible):
        actes.confirmer_rib(refuse, par=f.anct())
    actif = f.compte(structure)
    with pytest.raises(PermissionDenied):
        actes.retirer_rib(actif, motif="Compte clos par la banque.", par=membre)
    actes.retirer_rib(actif, motif="Compte clos par la banque.", par=f.anct())
    assert not Rib.objects.filter(structure=structure, etat=EtatRib.ACTIF).exists()
    assert Courriel.objects.filter(code="versements/rib_ecarte", destinataire=membre.utilisateur.email).count() == 2


# --- Clés et conservation ------------------------------------------------------------------------------------------


def test_changer_de_cle(settings):
    structure = StructureFactory()
    rib = f.compte(structure)
    ancienne, nouvelle = settings.CLES_BANCAIRES[0], Fernet.generate_key().decode()
    settings.CLES_BANCAIRES = [nouvelle, ancienne]
    # Avant de rechiffrer, le même compte est encore reconnu.
    with pytest.raises(TransitionImpossible, match="déjà celui"):
        _proposer(structure, f.anct(), titulaire=rib.titulaire)
    call_command("rechiffrer_ribs")
    settings.CLES_BANCAIRES = [nouvelle]
    assert actes.iban_de(Rib.objects.get(pk=rib.pk)) == f.IBAN
    settings.CLES_BANCAIRES = [ancienne]
    with pytest.raises(ClePerdue):
        actes.iban_de(Rib.objects.get(pk=rib.pk))
    with pytest.raises(CommandError, match="clé qui manque"):
        call_command("rechiffrer_ribs")


def test_un_chiffre_deplace_d_une_ligne_a_l_autre_se_voit():
    un, deux = f.compte(StructureFactory()), f.compte(StructureFactory(), iban=f.AUTRE_IBAN)
    Rib.objects.filter(pk=un.pk).update(iban_chiffre=bytes(deux.iban_chiffre))
    with pytest.raises(ClePerdue):
        actes.iban_de(Rib.objects.get(pk=un.pk))


def test_la_conservation_efface_l_iban_et_garde_la_ligne():
    structure = StructureFactory()
    vieux = f.compte(structure)
    actes.retirer_rib(vieux, motif="Compte clos par la banque.", par=f.anct())
    refuse = actes.refuser_rib(_proposer(structure, f.anct(), f.AUTRE_IBAN), motif="Pas le bon relevé.", par=f.anct())
    actif = f.compte(structure)
    assert conservation.appliquer("comptes bancaires remplacés") == 0
    Rib.objects.update(remplace_le=timezone.now() - timedelta(days=400))
    assert conservation.appliquer("comptes bancaires jamais confirmés") == 1
    assert conservation.appliquer("comptes bancaires remplacés") == 0
    Rib.objects.filter(pk=vieux.pk).update(remplace_le=timezone.now() - timedelta(days=3700))
    assert conservation.appliquer("comptes bancaires remplacés") == 1
    for rib in (vieux, refuse):
        rib.refresh_from_db()
        assert (bytes(rib.iban_chiffre), rib.iban_empreinte, rib.fin_iban != "") == (b"", "", True)
        with pytest.raises(actes.IbanEfface):
            actes.iban_de(rib)
    assert actes.iban_de(Rib.objects.get(pk=actif.pk)) == f.IBAN
    assert conservation.appliquer("comptes bancaires remplacés") == 0


# --- Écrans --------------------------------------------------------------------------------------------------------


def test_saisir_puis_verifier_par_les_ecrans(client, se_connecter):
    structure = StructureFactory()
    membre, agent = f.membre_de(structure), f.anct()
    se_connecter(client, membre)
    page = client.get(_url("rib", membre, structure.pk)).content.decode()
    assert "Saisir un compte" in page
    saisie = {"titulaire": "Mairie", "iban": f.IBAN[:-1] + "0", "bic": ""}
    refus = client.post(_url("saisir_rib", membre, structure.pk), saisie).content.decode()
    assert "Cet IBAN n&#x27;est pas valide : vérifiez-le chiffre par chiffre." in refus
    assert client.post(_url("saisir_rib", membre, structure.pk), saisie | {"iban": f.IBAN}).status_code == 302
    rib = Rib.objects.get()
    page = client.get(_url("rib", membre, structure.pk)).content.decode()
    assert rib.masque in page
    assert f.IBAN not in page.replace(" ", "")

    se_connecter(client, agent)
    assert rib.masque in client.get(_url("ribs", agent)).content.decode()
    adresse = _url("confirmer_rib", agent, rib.pk)
    page = client.get(adresse).content.decode()
    assert f.IBAN not in page.replace(" ", "")
    reponse = client.post(adresse, {"afficher": "oui"})
    assert f.IBAN in reponse.content.decode().replace(" ", "")
    assert "no-store" in reponse["Cache-Control"]
    assert "cochez cette case" in client.post(adresse, {"iban": "on"}).content.decode()
    assert client.post(adresse, {"iban": "on", "titulaire": "on"}).status_code == 302
    assert Rib.objects.get().etat == EtatRib.ACTIF
    # Une seconde fois : la page le dit, et ne montre plus rien.
    assert "n’attendent plus" in client.get(adresse, follow=True).content.decode()


def test_un_second_facteur_ancien_se_represente(client, se_connecter):
    structure, agent = StructureFactory(), f.anct()
    rib = _proposer(structure, f.membre_de(structure))
    se_connecter(client, agent)
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY][-1]["at"] -= 301
    session.save()
    adresse = _url("confirmer_rib", agent, rib.pk)
    for envoi in ({"afficher": "oui"}, {"iban": "on", "titulaire": "on"}):
        reponse = client.post(adresse, envoi)
        assert reponse.status_code == 302
        assert reponse["Location"].startswith(reverse("mfa_reauthenticate"))
    assert not Entree.objects.filter(action="consulter_rib").exists()
    assert Rib.objects.get().etat == EtatRib.PROPOSE


def test_le_compte_d_une_autre_structure_n_existe_pas(client, se_connecter):
    structure = StructureFactory()
    rib = f.compte(structure, etat=EtatRib.PROPOSE)
    autre = f.membre_de(StructureFactory())
    se_connecter(client, autre)
    assert client.get(_url("rib", autre, structure.pk)).status_code == 404
    assert client.post(_url("refuser_rib", autre, rib.pk), {"motif": "x" * 20}).status_code == 404
    assert client.get(_url("confirmer_rib", autre, rib.pk)).status_code == 403


# --- Ensemble ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_deux_agents_confirment_ensemble_un_seul_passe():
    structure = StructureFactory()
    ancien = f.compte(structure)
    rib, agents = _proposer(structure, f.membre_de(structure), f.AUTRE_IBAN), [f.anct(), f.anct()]
    issues = ensemble(*(lambda a=a: actes.confirmer_rib(rib, par=a) for a in agents))
    assert sorted(type(i).__name__ for i in issues) == ["Rib", "TransitionImpossible"]
    assert Entree.objects.filter(action="confirmer_rib").count() == 1
    ancien.refresh_from_db()
    assert ancien.etat == EtatRib.REMPLACE


@pytest.mark.django_db(transaction=True)
def test_deux_saisies_ensemble_n_en_laissent_qu_une_a_confirmer():
    structure = StructureFactory()
    membres = [f.membre_de(structure), f.membre_de(structure)]
    ibans = [f.IBAN, f.AUTRE_IBAN]
    issues = ensemble(*(lambda m=m, i=i: _proposer(structure, m, i) for m, i in zip(membres, ibans, strict=True)))
    assert all(isinstance(i, Rib) for i in issues)
    assert Rib.objects.filter(etat=EtatRib.PROPOSE).count() == 1
