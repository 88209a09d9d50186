"""Signer sans compte : le lien d'un jour, celui du formateur, la tablette et son code ; rien ne se devine."""

from datetime import timedelta

import pytest
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.formations.actions import envois_presence, liens, presence
from conum.formations.models import Emargement, Seance
from conum.formations.models.presence import VoieSignature
from conum.formations.states import EtatPlace
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from tests.formations import fabriques_base as f
from tests.formations import fabriques_presence as p

pytestmark = pytest.mark.django_db


def texte(reponse):
    return reponse.content.decode()


def chemin(lien, settings):
    return lien.removeprefix(settings.SITE_URL)


def test_l_apprenant_signe_par_son_lien(client, settings):
    place, (matin, _) = p.assise()
    page = chemin(liens.lien_apprenant(place, matin.jour), settings)
    lue = texte(client.get(page))
    assert lue.count("J’étais là, je signe") == 2
    personne = place.inscription.personne
    assert personne.prenom in lue
    assert personne.nom not in lue
    assert not Emargement.objects.exists()  # ouvrir ne fait rien
    assert client.post(page, {"seance": matin.pk}).status_code == 302
    signee = p.ligne(place, matin)
    assert (signee.apprenant_voie, signee.signe_formateur_le) == (VoieSignature.LIEN, None)
    assert Entree.objects.get(action="signer_demi_journee").acteur == "Apprenant, par son lien du jour"
    assert texte(client.get(page)).count("J’étais là, je signe") == 1
    # Une séance d'une autre session ne se signe pas par ce lien.
    _, (ailleurs, _) = p.assise()
    assert client.post(page, {"seance": ailleurs.pk}).status_code == 409
    assert Emargement.objects.count() == 1


def test_un_lien_faux_perime_ou_d_une_place_rendue_n_ouvre_rien(client, settings):
    place, (matin, _) = p.assise(debut=f.jour(-2))
    faux = signing.Signer(salt="autre").sign(f"{place.pk}.{matin.jour.isoformat()}")
    for jeton in ("rien", faux):
        assert client.get(reverse("formations:presence_apprenant", args=[jeton])).status_code == 404
        assert client.get(reverse("formations:presence_formateur", args=[jeton])).status_code == 404
    perime = chemin(liens.lien_apprenant(place, matin.jour), settings)
    assert client.get(perime).status_code == 410
    assert client.post(perime, {"seance": matin.pk}).status_code == 410
    autre, (hier, _) = p.assise()
    autre.etat, autre.siege, autre.motif = EtatPlace.RETIREE, None, "Contrat rompu."
    autre.save()
    assert client.post(chemin(liens.lien_apprenant(autre, hier.jour), settings), {"seance": hier.pk}).status_code == 410
    _, (vieux, _) = p.assise(debut=f.jour(-9))
    assert client.get(chemin(liens.lien_formateur(vieux), settings)).status_code == 410
    assert not Emargement.objects.exists()


def test_le_formateur_tient_sa_seance_et_prete_la_tablette(client, settings):
    place, (matin, _) = p.assise()
    autre, _ = p.assise(dans=place.session)
    jour = chemin(liens.lien_formateur(matin), settings)
    assert texte(client.get(jour)).count("Ouvrir") >= 2
    tablette = f"{jour}{matin.pk}/tablette/"
    lue = texte(client.get(tablette))
    assert place.inscription.personne.get_full_name() in lue
    assert liens.code_de(place) not in lue
    # Le code d'une autre personne ne signe pas pour elle.
    refus = client.post(tablette, {"place": place.pk, "code": liens.code_de(autre)})
    assert "n’est pas le vôtre" in texte(refus)
    code = liens.code_de(place)
    assert client.post(tablette, {"place": place.pk, "code": f"{code[:3]} {code[3:]}"}).status_code == 302
    assert p.ligne(place, matin).apprenant_voie == VoieSignature.TABLETTE
    assert place.inscription.personne.get_full_name() not in texte(client.get(tablette)).split("<form")[1]
    reponse = client.post(
        f"{jour}{matin.pk}/",
        {f"place_{place.pk}": "present", f"place_{autre.pk}": "sans_motif", "nom": "Dominique Petit"},
        follow=True,
    )
    assert "1 personne présente, 1 absente" in texte(reponse)
    assert presence.est_fait(p.ligne(place, matin))
    assert p.ligne(place, matin).formateur_voie == VoieSignature.LIEN
    assert p.ligne(autre, matin).absent
    # L'absente ne signe plus, même avec son code.
    assert client.post(tablette, {"place": autre.pk, "code": liens.code_de(autre)}).status_code == 200
    assert p.ligne(autre, matin).signe_apprenant_le is None


def test_le_formateur_ne_tient_que_les_siennes(client, settings):
    _, (matin, soir) = p.assise()
    Seance.objects.filter(pk=soir.pk).update(formateur_email="autre@exemple.fr")
    jour = chemin(liens.lien_formateur(matin), settings)
    assert client.get(f"{jour}{soir.pk}/").status_code == 404
    assert client.get(f"{jour}{soir.pk}/tablette/").status_code == 404
    # Remplacé au calendrier, son lien n'ouvre plus rien.
    Seance.objects.filter(pk=matin.pk).update(formateur_email="nouveau@exemple.fr")
    assert client.get(jour).status_code == 404


def test_les_essais_de_code_sont_comptes(client, settings):
    place, (matin, _) = p.assise()
    tablette = f"{chemin(liens.lien_formateur(matin), settings)}{matin.pk}/tablette/"
    faux = "000000" if liens.code_de(place) != "000000" else "111111"
    for _ in range(liens.ESSAIS[0][0]):
        assert "n’est pas le vôtre" in texte(client.post(tablette, {"place": place.pk, "code": faux}))
    bloque = client.post(tablette, {"place": place.pk, "code": liens.code_de(place)})
    assert "Trop d’essais" in texte(bloque)
    assert not Emargement.objects.exists()


def test_le_code_est_propre_a_la_place_et_a_l_application(settings):
    place, _ = p.assise()
    autre, _ = p.assise()
    code = liens.code_de(place)
    assert code == liens.code_de(place) != liens.code_de(autre)
    assert (len(code), code.isdigit()) == (6, True)
    settings.SECRET_KEY = "une autre clé"
    assert liens.code_de(place) != code


# --- Les courriels --------------------------------------------------------------------------------------------------


def test_le_matin_le_formateur_recoit_sa_feuille_et_le_distant_son_lien():
    p.assise(debut=timezone.localdate())
    loin, _ = p.assise(dans=f.session(debut=timezone.localdate(), seances=2, a_distance=True))
    for _ in range(2):  # rejoué, rien de plus
        envois_presence.envoyer_liens_du_jour(timezone.localdate())
    recus = list(Courriel.objects.filter(code__startswith="formations/").order_by("code"))
    assert [c.code for c in recus] == ["formations/signer_sa_journee", *["formations/tenir_seance"] * 2]
    assert recus[0].destinataire == loin.inscription.personne.email
    assert all(c.confidentiel for c in recus)
    assert "de 09:00 à 12:30" in recus[1].texte
    assert "de 13:30 à 17:00" in recus[1].texte


def test_le_lendemain_seul_celui_qui_manque_est_relance_une_fois():
    place, (matin, soir) = p.assise()
    autre, _ = p.assise(dans=place.session)
    for seance in (matin, soir):
        f.emarger(seance, place)
        f.emarger(seance, autre, signe_apprenant_le=None, apprenant_voie="")
    for _ in range(2):
        envois_presence.relancer_signatures(timezone.localdate())
    relance = Courriel.objects.get(code__startswith="formations/")
    assert relance.destinataire == autre.inscription.personne.email
    assert "Il manque votre signature" in relance.texte
    assert "/formations/presence/" in relance.texte
    Emargement.objects.all().delete()
    envois_presence.relancer_signatures(timezone.localdate())
    assert set(Courriel.objects.filter(code__startswith="formations/").values_list("destinataire", flat=True)) == {
        place.inscription.personne.email, autre.inscription.personne.email, "formateur@exemple.fr",
    }  # fmt: skip


def test_l_organisme_envoie_les_liens_a_la_demande(client, se_connecter):
    place, (matin, soir) = p.assise()
    presence.signer(matin, place, voie=VoieSignature.ESPACE, par=f.role_conseiller(place.inscription))
    agent = f.role_organisme(f.organisme())
    se_connecter(client, agent)
    envoyer = lambda s: client.post(reverse("formations:envoyer_liens", args=[agent.pk, s.pk]), follow=True)  # noqa: E731
    assert "1 formateur, 0 apprenant." in texte(envoyer(matin))
    assert "1 formateur, 1 apprenant." in texte(envoyer(soir))
    for _ in range(envois_presence.ENVOIS_PAR_HEURE):
        dernier = texte(envoyer(matin))
    assert "plusieurs fois" in dernier
    _, (apres, _) = p.assise(debut=f.jour(1))
    with pytest.raises(TransitionImpossible, match="le jour même"):
        envois_presence.envoyer_liens(apres, par=agent)


def test_apres_le_lendemain_la_relance_ne_porte_plus_de_lien():
    place, (matin, _) = p.assise(debut=f.jour(-2))
    f.emarger(matin, place)
    envois_presence.relancer_signatures(timezone.localdate() + timedelta(days=1))
    relance = Courriel.objects.get(code="formations/signer_sa_journee")
    assert "/formations/presence/" not in relance.texte


def test_deux_homonymes_se_distinguent(client, settings):
    place, (matin, _) = p.assise()
    autre, _ = p.assise(dans=place.session)
    for chacune in (place, autre):
        chacune.inscription.personne.prenom, chacune.inscription.personne.nom = "Camille", "Martin"
        chacune.inscription.personne.save()
    lue = texte(client.get(f"{chemin(liens.lien_formateur(matin), settings)}{matin.pk}/tablette/"))
    assert f"Camille Martin ({place.inscription.reference})" in lue
    assert f"Camille Martin ({autre.inscription.reference})" in lue
