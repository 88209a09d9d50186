"""Signer : la structure puis l'État, avec un second facteur ou sur papier ; un seul fichier, une seule empreinte."""

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from conum.comptes.models import TypeRole
from conum.conventions import actions
from conum.conventions.actions import avenants, pieces
from conum.conventions.actions import signature as actes
from conum.conventions.models import Acte, Convention, Partie, Signature, Voie
from conum.conventions.states import Etat, EtatPiece
from conum.courriels.models import Courriel
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from tests.aides import ensemble
from tests.comptes.aides import code_d_application
from tests.comptes.fabriques import DepartementFactory, RoleFactory, donner_application
from tests.comptes.test_second_facteur import secret_montre
from tests.conventions import fabriques as f
from tests.postes import fabriques as postes
from tests.socle.test_fichiers import png
from tests.structures.fabriques import MembreFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def depot(tmp_path):
    dossier = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}}
    with override_settings(STORAGES={**settings.STORAGES, "default": dossier}):
        yield tmp_path


@pytest.fixture
def cas():
    """Une convention à signer, son acte, un membre de la structure, un agent de l'ANCT."""
    convention = f.proposee()
    return convention, acte_de(convention), postes.membre_de(convention.structure), postes.anct()


def acte_de(convention) -> Acte:
    return Acte.objects.ouverts().get(convention=convention)


def page(role, acte, nom="signer") -> str:
    return reverse(f"conventions:{nom}", args=[role.pk, acte.convention_id, acte.numero])


def saisie(acte, **champs):
    return {"qualite": "Maire", "lu": "on", "sha256_lu": acte.sha256} | champs


def pour_la_structure(acte, par, **champs):
    valeurs = {"nom": "Zoé Durand", "qualite": "maire", "sha256_lu": acte.sha256, "second_facteur": "totp"} | champs
    return actes.signer_pour_la_structure(acte, par=par, **valeurs)


def pour_l_etat(acte, par, **champs):
    valeurs = {"nom": "Ali Benali", "qualite": "chef", "sha256_lu": acte.sha256, "second_facteur": "webauthn"} | champs
    return actes.signer_pour_l_etat(acte, par=par, **valeurs)


def lus(reponse) -> str:
    return reponse.content.decode()


# --- Dans l'outil ---


def test_la_structure_puis_l_etat_signent(client, se_connecter, cas):
    convention, acte, membre, agent = cas
    se_connecter(client, membre, second_facteur=True)
    vue = lus(client.get(page(membre, acte)))
    for attendu in (acte.sha256, acte.code_lisible, "50\u202f000,00\xa0€", "Signer pour", "présenté"):
        assert attendu in vue, attendu
    vue = lus(client.post(page(membre, acte), saisie(acte, qualite="  Maire  de Reims "), follow=True))
    assert "Signé pour la structure." in vue
    assert "Votre signature est enregistrée" in vue
    convention.refresh_from_db()
    assert convention.etat == Etat.A_SIGNER_ETAT
    premiere = Signature.objects.get(acte=acte)
    assert (premiere.partie, premiere.voie, premiere.role, premiere.nom, premiere.qualite, premiere.second_facteur) == (
        Partie.STRUCTURE, Voie.ELECTRONIQUE, membre, membre.utilisateur.get_full_name(), "Maire de Reims", "totp",
    )  # fmt: skip
    assert premiere.sha256 == acte.sha256
    (recu,) = Courriel.objects.filter(code="conventions/recu_de_signature")
    assert recu.destinataire == membre.utilisateur.email
    assert acte.sha256 in recu.texte
    a_signer = Courriel.objects.get(code="conventions/a_signer_etat", destinataire=agent.utilisateur.email)
    assert page(agent, acte) in a_signer.texte

    se_connecter(client, agent)
    assert "Signer pour l’État" in lus(client.get(page(agent, acte)))
    vue = lus(client.post(page(agent, acte), saisie(acte, qualite="Directrice de programme"), follow=True))
    assert "Signé pour l’État." in vue
    assert "Maire de Reims" in vue
    convention.refresh_from_db()
    acte.refresh_from_db()
    assert (convention.etat, acte.est_signe) == (Etat.ACTIVE, True)
    entree = Entree.objects.de_l_objet(convention).last()
    assert entree.action == "signer_pour_l_etat"
    assert entree.donnees["sha256"] == acte.sha256
    preuves = Courriel.objects.filter(code="conventions/acte_signe").order_by("pk")
    assert [c.destinataire for c in preuves] == [membre.utilisateur.email, agent.utilisateur.email]
    for preuve in preuves:
        assert acte.sha256 in preuve.texte
        assert acte.code_lisible in preuve.texte
        assert "Directrice de programme" in preuve.texte


def test_un_avenant_se_signe_de_meme_et_s_applique_a_la_fin(client, se_connecter):
    convention = f.active(mois=24)
    agent, membre = postes.anct(), postes.membre_de(convention.structure)
    fin = convention.fin + timedelta(days=30)
    expose = "La structure prolonge la convention d'un mois."
    avenants.ouvrir_avenant(convention, objet="dates", effet_le=postes.jour(), expose=expose, fin=fin, par=agent)
    avenants.proposer_avenant(convention, par=agent)
    acte = acte_de(convention)
    se_connecter(client, membre, second_facteur=True)
    vue = lus(client.get(page(membre, acte)))
    assert "Ce qui change" in vue
    assert "prolonge la convention" in vue
    client.post(page(membre, acte), saisie(acte))
    # Deux clics : le second apprend que c'est fait.
    assert "Votre signature est enregistrée" in lus(client.post(page(membre, acte), saisie(acte), follow=True))
    with pytest.raises(TransitionImpossible, match="« À signer par l'État »"):
        pour_la_structure(acte, membre)
    convention.refresh_from_db()
    assert (convention.etat, convention.fin) == (Etat.AVENANT_EN_COURS, fin - timedelta(days=30))
    se_connecter(client, agent)
    client.post(page(agent, acte), saisie(acte))
    convention.refresh_from_db()
    assert (convention.etat, convention.fin) == (Etat.ACTIVE, fin)
    actions_notees = [e.action for e in Entree.objects.de_l_objet(convention)][-2:]
    assert actions_notees == ["signer_avenant_pour_la_structure", "signer_avenant_pour_l_etat"]
    (preuve, _) = Courriel.objects.filter(code="conventions/acte_signe").order_by("pk")
    assert preuve.sujet == f"{convention.reference}-A1 : la structure et l'État ont signé"


# --- Le second facteur ---


def test_sans_second_facteur_on_l_active_et_l_on_revient_sans_rien_perdre(client, se_connecter, cas):
    _, acte, membre, _ = cas
    se_connecter(client, membre, second_facteur=False)
    assert "nous vous aiderons à l’activer" in lus(client.get(page(membre, acte)))
    suite = client.post(page(membre, acte), saisie(acte, qualite="Première adjointe"))
    assert suite.url.startswith("/mon-compte/second-facteur/?next=")
    assert not Signature.objects.exists()
    assert urlencode({"next": page(membre, acte)}) in lus(client.get(suite.url))
    activer = suite.url.replace("?", "application/?")
    codes = client.post(activer, {"code": code_d_application(secret_montre(client.get(activer).content))})
    assert page(membre, acte) in lus(client.get(codes.url))
    vue = lus(client.get(page(membre, acte)))
    assert 'value="Première adjointe"' in vue
    assert "checked" in vue
    client.post(page(membre, acte), saisie(acte, qualite="Première adjointe"))
    assert Signature.objects.get().second_facteur == "totp"
    assert Authenticator.objects.filter(user=membre.utilisateur, type="totp").count() == 1


@pytest.mark.parametrize("qui", ["membre", "agent"])
def test_un_second_facteur_presente_il_y_a_cinq_minutes_se_represente(client, se_connecter, cas, qui):
    _, acte, membre, agent = cas
    role = membre
    if qui == "agent":
        pour_la_structure(acte, membre)
        role = agent
    secret = donner_application(role.utilisateur)
    se_connecter(client, role, second_facteur=True)
    with time_machine.travel(timezone.now() + timedelta(minutes=5, seconds=5)):
        avant = Signature.objects.count()
        suite = client.post(page(role, acte), saisie(acte, qualite="Sous-directeur"))
        assert suite.url.startswith("/mon-compte/second-facteur/verifier/?next=")
        assert Signature.objects.count() == avant
        retour = client.post(suite.url, {"code": code_d_application(secret)})
        assert retour.url == page(role, acte)
        vue = lus(client.get(retour.url))
        assert 'value="Sous-directeur"' in vue
        assert "signez dans les cinq minutes" in vue
        client.post(page(role, acte), saisie(acte, qualite="Sous-directeur"))
        assert Signature.objects.count() == avant + 1


def test_l_acte_lui_meme_exige_un_facteur(cas):
    _, acte, membre, _ = cas
    for absent in ("", "sms"):
        with pytest.raises(TransitionImpossible, match="second facteur"):
            pour_la_structure(acte, membre, second_facteur=absent)


# --- Ce qui s'y oppose ---


def test_ni_qualite_ni_lecture_rien_n_est_signe(client, se_connecter, cas):
    _, acte, membre, _ = cas
    se_connecter(client, membre, second_facteur=True)
    vue = lus(client.post(page(membre, acte), {"sha256_lu": acte.sha256}))
    assert "Écrivez à quel titre vous signez." in vue
    assert "Lisez le document, puis cochez cette case." in vue
    with pytest.raises(ValidationError, match="la qualité"):
        pour_la_structure(acte, membre, qualite=" \n ")
    with pytest.raises(ValidationError, match="le nom"):
        pour_la_structure(acte, membre, nom="")
    assert not Signature.objects.exists()


def test_un_compte_sans_nom_ne_signe_pas(client, se_connecter, cas):
    _, acte, membre, _ = cas
    membre.utilisateur.prenom = ""
    membre.utilisateur.save()
    se_connecter(client, membre, second_facteur=True)
    assert "Compléter mon identité" in lus(client.get(page(membre, acte)))
    client.post(page(membre, acte), saisie(acte))
    assert not Signature.objects.exists()


def test_une_page_perimee_ne_signe_pas_le_nouveau_document(client, se_connecter, cas):
    convention, ancien, membre, agent = cas
    se_connecter(client, membre, second_facteur=True)
    actions.retirer_document(convention, motif="Le début était faux.", par=agent)
    vue = lus(client.post(page(membre, ancien), saisie(ancien), follow=True))
    assert "Ce document n’est pas à la signature" in vue
    with pytest.raises(TransitionImpossible, match="l'état est maintenant « Brouillon »"):
        pour_la_structure(ancien, membre)
    actions.corriger_convention(convention, **_corrections(convention), par=agent)
    actions.proposer_convention(convention, par=agent)
    nouveau = acte_de(convention)
    assert nouveau.sha256 != ancien.sha256
    vue = lus(client.post(page(membre, nouveau), saisie(ancien), follow=True))
    assert "Le document a changé depuis que vous avez ouvert cette page" in vue
    # L'ancien acte, tel quel : retiré, et l'on dit pourquoi.
    with pytest.raises(TransitionImpossible, match=r"il a été retiré le .* \(Le début était faux\.\)"):
        pour_la_structure(ancien, membre)
    assert not Signature.objects.exists()


def _corrections(convention):
    return {"postes": [p.poste for p in convention.postes.all()], "debut": f.DEBUT, "fin": f.FIN - timedelta(days=30)}


def test_un_fichier_change_au_depot_ne_se_signe_pas(client, se_connecter, cas, depot, caplog):
    convention, acte, membre, _ = cas
    se_connecter(client, membre, second_facteur=True)
    (depot / acte.document.name).write_bytes(b"%PDF-1.7 un autre montant")
    vue = lus(client.post(page(membre, acte), saisie(acte), follow=True))
    assert "Le fichier gardé n&#x27;est plus celui qui a été proposé" in vue
    assert acte.reference in caplog.text
    (depot / acte.document.name).unlink()
    with pytest.raises(TransitionImpossible, match="rien n'est signé"):
        pour_la_structure(acte, membre)
    convention.refresh_from_db()
    assert convention.etat == Etat.A_SIGNER_STRUCTURE
    assert not Signature.objects.exists()
    assert not Courriel.objects.filter(code="conventions/a_signer_etat").exists()


def test_chacun_son_tour_et_sa_partie(client, se_connecter, cas):
    _, acte, membre, agent = cas
    se_connecter(client, agent)
    assert "La structure signe d’abord" in lus(client.get(page(agent, acte)))
    assert "La structure signe d’abord" in lus(client.post(page(agent, acte), saisie(acte), follow=True))
    with pytest.raises(TransitionImpossible):
        pour_l_etat(acte, agent)
    with pytest.raises(PermissionDenied):
        pour_la_structure(acte, agent)
    pour_la_structure(acte, membre)
    with pytest.raises(PermissionDenied):
        pour_l_etat(acte, membre)
    with pytest.raises(TransitionImpossible, match="l'état est maintenant « À signer par l'État »"):
        pour_la_structure(acte, membre)


def test_personne_d_autre_ne_voit_ni_ne_signe(client, se_connecter, cas):
    _, acte, membre, _ = cas
    voisin = postes.membre_de(postes.structure_avec(0)[0])
    marne = RoleFactory(prefecture=True, departement=DepartementFactory())
    for role, code in ((voisin, 404), (marne, 403)):
        se_connecter(client, role)
        for nom in ("signer", "exemplaire"):
            assert client.get(page(role, acte, nom)).status_code == code
            assert client.post(page(role, acte, nom), saisie(acte)).status_code == code
        with pytest.raises(PermissionDenied):
            pour_la_structure(acte, role)
    membre.actif = False
    membre.save()
    with pytest.raises(PermissionDenied):
        pour_la_structure(acte, membre)
    assert not Signature.objects.exists()


def test_nul_ne_signe_des_deux_cotes(client, se_connecter, cas):
    convention, acte, membre, agent = cas
    double = RoleFactory(type=TypeRole.ANCT, utilisateur=membre.utilisateur)
    pour_la_structure(acte, membre)
    se_connecter(client, double)
    assert "Un autre agent doit signer" in lus(client.get(page(double, acte)))
    client.post(page(double, acte), saisie(acte))
    with pytest.raises(TransitionImpossible, match="un autre agent doit signer"):
        pour_l_etat(acte, double)
    # Membre de la structure sans avoir signé : pas davantage.
    MembreFactory(structure=convention.structure, role__utilisateur=agent.utilisateur)
    with pytest.raises(TransitionImpossible, match="un autre agent doit signer"):
        pour_l_etat(acte, agent)
    convention.refresh_from_db()
    assert convention.etat == Etat.A_SIGNER_ETAT


# --- Sur papier ---


def deposer(acte, par, fichier=None):
    return pieces.deposer_exemplaire(acte, fichier or postes.pdf("scan.pdf"), par=par)


def lecture(acte, piece, **champs):
    lu = {
        "code": acte.code_lisible.lower(),
        "nom": "Zoé Durand",
        "qualite": "présidente",
        "signee_le": f"{timezone.localdate():%Y-%m-%d}",
        "sha256_lu": piece.sha256,
    }
    return lu | champs


def test_un_exemplaire_refuse_puis_accepte_vaut_signature(client, se_connecter, cas):
    convention, acte, membre, agent = cas
    se_connecter(client, membre)
    assert "Signer sur papier" in lus(client.get(page(membre, acte)))
    vue = lus(client.get(page(membre, acte, "exemplaire")))
    assert "Déposer l’exemplaire signé" in vue
    fichier = {"fichier": postes.pdf("convention signée.pdf")}
    vue = lus(client.post(page(membre, acte, "exemplaire"), fichier, follow=True))
    assert "L’exemplaire signé est déposé." in vue
    piece = acte.exemplaires.get()
    courriel = Courriel.objects.get(code="conventions/exemplaire_a_verifier", destinataire=agent.utilisateur.email)
    verifier = reverse("conventions:verifier_exemplaire", args=[agent.pk, piece.pk])
    assert verifier in courriel.texte

    se_connecter(client, agent)
    assert verifier in lus(client.get(reverse("conventions:pieces", args=[agent.pk])))
    assert "Télécharger l’exemplaire" in lus(client.get(verifier))
    assert client.get(reverse("conventions:piece", args=[agent.pk, piece.pk])).url == verifier
    motif = {"motif": "La troisième page manque.", "sha256_lu": piece.sha256}
    client.post(reverse("conventions:refuser_piece", args=[agent.pk, piece.pk]), motif)
    (refus,) = Courriel.objects.filter(code="conventions/piece_refusee")
    assert page(membre, acte, "exemplaire") in refus.texte
    assert "Rien à vérifier" in lus(client.get(verifier))

    se_connecter(client, membre)
    assert "La troisième page manque." in lus(client.get(page(membre, acte, "exemplaire")))
    client.post(page(membre, acte, "exemplaire"), {"fichier": SimpleUploadedFile("scan.png", png())})
    piece.refresh_from_db()
    se_connecter(client, agent)
    vue = lus(client.post(verifier, lecture(acte, piece), follow=True))
    assert "L’exemplaire vaut signature de la structure." in vue
    assert "Signer pour l’État" in vue
    signature = Signature.objects.get()
    assert (signature.voie, signature.role, signature.exemplaire, signature.second_facteur) == (
        Voie.PAPIER, agent, piece, "",
    )  # fmt: skip
    assert (signature.nom, signature.qualite) == ("Zoé Durand", "présidente")
    piece.refresh_from_db()
    convention.refresh_from_db()
    assert (piece.etat, convention.etat) == (EtatPiece.VALIDEE, Etat.A_SIGNER_ETAT)
    (recu,) = Courriel.objects.filter(code="conventions/recu_de_signature")
    assert "L’ANCT a vérifié l’exemplaire signé à la main" in recu.texte
    with pytest.raises(TransitionImpossible, match="vaut signature"):
        pieces.refuser_piece(piece, motif="Après réflexion, non.", par=agent)
    # L'exemplaire vérifié, l'État signe dans l'outil.
    client.post(page(agent, acte), saisie(acte))
    convention.refresh_from_db()
    assert convention.etat == Etat.ACTIVE


@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"code": "ABCD-EFGH-JKLM"}, "Ce code n&#x27;est pas celui du document"),
        ({"code": ""}, "Recopiez le code imprimé"),
        ({"nom": ""}, "Recopiez le nom"),
        ({"qualite": " "}, "Recopiez la qualité"),
        ({"signee_le": "2001-01-01"}, "et aujourd&#x27;hui"),
        ({"signee_le": "2999-01-01"}, "et aujourd&#x27;hui"),
        ({"signee_le": "31/02/2026"}, "Saisissez une date qui existe"),
        ({"sha256_lu": "a" * 64}, "La structure a déposé un autre fichier"),
    ],
)
def test_un_exemplaire_mal_recopie_ne_vaut_rien(client, se_connecter, cas, champs, phrase):
    convention, acte, membre, agent = cas
    piece = deposer(acte, membre)
    se_connecter(client, agent)
    verifier = reverse("conventions:verifier_exemplaire", args=[agent.pk, piece.pk])
    assert phrase in lus(client.post(verifier, lecture(acte, piece, **champs)))
    piece.refresh_from_db()
    convention.refresh_from_db()
    assert (piece.etat, convention.etat) == (EtatPiece.RECUE, Etat.A_SIGNER_STRUCTURE)
    assert not Signature.objects.exists()


def test_un_exemplaire_a_sa_page_et_pas_celle_des_pieces(cas):
    _, acte, membre, agent = cas
    piece = deposer(acte, membre)
    with pytest.raises(TransitionImpossible, match="il vaut signature"):
        pieces.valider_piece(piece, par=agent)
    with pytest.raises(TransitionImpossible, match="page de signature"):
        pieces.deposer_piece(piece, postes.pdf(), par=membre)
    with pytest.raises(PermissionDenied):
        _valider(piece, membre)
    autre = acte.convention.pieces.exclude(pk=piece.pk).first()
    with pytest.raises(TransitionImpossible, match="n'est pas un exemplaire"):
        _valider(autre, agent)


def _valider(piece, par):
    champs = lecture(piece.acte, piece) if piece.acte else lecture(piece.convention.actes.get(), piece)
    return actes.valider_exemplaire(piece, par=par, **champs | {"signee_le": timezone.localdate()})


def test_l_exemplaire_d_un_document_retire_ou_deja_signe_ne_vaut_rien(client, se_connecter, cas):
    convention, acte, membre, agent = cas
    piece = deposer(acte, membre)
    # Signé dans l'outil entre-temps.
    autre = f.proposee()
    suivant = acte_de(autre)
    doublon = deposer(suivant, agent)
    pour_la_structure(suivant, postes.membre_de(autre.structure))
    with pytest.raises(TransitionImpossible):
        _valider(doublon, agent)
    with pytest.raises(TransitionImpossible, match="n'attend plus la signature"):
        deposer(suivant, agent)
    assert Signature.objects.filter(acte=suivant).count() == 1
    actions.retirer_document(convention, motif="Le début était faux.", par=agent)
    with pytest.raises(TransitionImpossible):
        _valider(piece, agent)
    with pytest.raises(TransitionImpossible, match="il a été retiré"):
        deposer(acte, membre)
    se_connecter(client, agent)
    file = reverse("conventions:pieces", args=[agent.pk])
    assert "Aucune pièce" in lus(client.get(f"{file}?type=exemplaire&recherche={convention.reference}"))


# --- À plusieurs ---


@pytest.mark.django_db(transaction=True)
def test_deux_agents_signent_en_meme_temps_un_seul_y_parvient():
    convention = f.proposee()
    acte = acte_de(convention)
    pour_la_structure(acte, postes.membre_de(convention.structure))
    agents = [postes.anct(), postes.anct()]
    rendus = ensemble(*(lambda a=agent: pour_l_etat(Acte.objects.get(pk=acte.pk), a) for agent in agents))
    refus = [r for r in rendus if isinstance(r, TransitionImpossible)]
    assert len(refus) == 1, rendus
    assert "l'état est maintenant « Active »" in str(refus[0])
    assert Signature.objects.filter(acte=acte, partie=Partie.ETAT).count() == 1
    assert Convention.objects.get(pk=convention.pk).etat == Etat.ACTIVE
    assert Entree.objects.filter(action="signer_pour_l_etat").count() == 1


@pytest.mark.django_db(transaction=True)
def test_signer_pendant_que_l_anct_retire_le_document():
    convention = f.proposee()
    acte = acte_de(convention)
    membre, agent = postes.membre_de(convention.structure), postes.anct()
    rendus = ensemble(
        lambda: pour_la_structure(Acte.objects.get(pk=acte.pk), membre),
        lambda: actions.retirer_document(Convention.objects.get(pk=convention.pk), motif="Date fausse.", par=agent),
    )
    signe, retire = rendus
    assert not isinstance(retire, Exception), retire
    acte.refresh_from_db()
    # Le retrait passe dans tous les cas ; la signature, seulement s'il ne l'a pas devancée.
    assert acte.retire_le is not None
    assert (acte.signe_structure_le is None) == isinstance(signe, TransitionImpossible)
    assert Convention.objects.get(pk=convention.pk).etat == Etat.BROUILLON


def test_la_page_ne_demande_pas_plus_avec_plus_de_postes(client, se_connecter, django_assert_max_num_queries):
    convention = f.proposee(6)
    acte, membre = acte_de(convention), postes.membre_de(convention.structure)
    se_connecter(client, membre, second_facteur=True)
    client.get(page(membre, acte))
    with django_assert_max_num_queries(16):
        client.get(page(membre, acte))
