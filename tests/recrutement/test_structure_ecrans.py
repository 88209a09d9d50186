"""Les écrans d'une structure qui recrute : ce qu'elle lit et quand, ses actes, ses liens, qui ne lit rien."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import TypeRole
from conum.courriels.models import Courriel
from conum.journal.models import Entree
from conum.recrutement.actions.fermeture import clore_du_candidat
from conum.recrutement.actions.liens import nouveau_lien
from conum.recrutement.models import LienPersonnel, MiseEnRelation, Partie, Recrutement
from conum.recrutement.states import IDENTITE_OUVERTE, OUVERTS, Etat, EtatRecrutement
from tests.comptes.fabriques import DepartementFactory, RoleFactory
from tests.demandes.fabriques import anct
from tests.recrutement.fabriques import CandidatFactory, commune, membre, recrutement, relation
from tests.structures.fabriques import CommuneFactory, MembreFactory

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.4 un CV"


@pytest.fixture
def cote_structure(client, se_connecter):
    """Connecte le membre de cette mise en relation ; rend de quoi lire et agir sur elle."""

    class Cote:
        def __init__(self, m):
            self.m, self.role = m, membre(m.recrutement)
            se_connecter(client, self.role)

        def url(self, nom="relation"):
            return reverse(f"recrutement:{nom}", args=[self.role.pk, self.m.pk])

        def lire(self, nom="relation"):
            return client.get(self.url(nom))

        def poster(self, nom, suivre=True, **donnees):
            return client.post(self.url(nom), donnees, follow=suivre)

        def etat(self):
            self.m.refresh_from_db()
            return self.m.etat

    return Cote


def jours(n):
    return (timezone.localdate() + timedelta(days=n)).isoformat()


def adresses_de(m, role):
    """Toutes les pages qui parlent de cette mise en relation ou de son recrutement."""
    r = m.recrutement
    d_elle = ["relation", "ecarter", "inviter", "offrir", "retirer_offre", "recruter"]
    du_recrutement = ["recrutement", "comparer", "fiche", "suspendre", "chercher"]
    return [reverse(f"recrutement:{n}", args=[role.pk, m.pk]) for n in d_elle] + [
        reverse(f"recrutement:{n}", args=[role.pk, r.pk]) for n in du_recrutement
    ]


ACTES_POST = ["retenir", "ecarter", "inviter", "offrir", "mettre_en_reserve", "rappeler", "retirer_offre", "recruter"]


# --- Ce qui se lit ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("etat", sorted(OUVERTS - IDENTITE_OUVERTE))
def test_avant_le_contact_rien_ne_permet_de_joindre_la_personne(cote_structure, etat, client):
    secrets = {"nom": "Vandenbroucke", "email": "secrete@exemple.fr", "telephone": "+33 6 39 98 00 00"}
    m = relation(candidat=CandidatFactory(pix_palier=3, pix_partage=False, **secrets), etat=etat)
    cote = cote_structure(m)
    pages = [cote.lire(), client.get(reverse("recrutement:recrutement", args=[cote.role.pk, m.recrutement_id]))]
    pages.append(
        client.get(reverse("recrutement:comparer", args=[cote.role.pk, m.recrutement_id]), {"m": [m.pk, m.pk]})
    )
    for page in pages:
        texte = page.content.decode()
        assert page.status_code == 200
        assert not [s for s in secrets.values() if s in texte]
        assert "Avancé" not in texte
    assert m.candidat.prenom in pages[0].content.decode()
    assert m.candidat.motivation.partition(",")[0].replace("'", "&#x27;") in pages[0].content.decode()
    assert cote.poster("relation_cv", suivre=False).status_code == 403


@pytest.mark.parametrize("etat", sorted(IDENTITE_OUVERTE - {Etat.RECRUTEE}))
def test_apres_l_accord_la_structure_joint_la_personne(cote_structure, etat):
    m = relation(etat=etat)
    texte = cote_structure(m).lire().content.decode()
    assert m.candidat.email in texte
    assert m.candidat.nom in texte


def test_une_fin_referme_l_identite(cote_structure):
    m = relation(etat=Etat.DECLINEE, close_le=timezone.now(), motif_fin="distance", contact_accepte_le=timezone.now())
    texte = cote_structure(m).lire().content.decode()
    assert m.candidat.email not in texte
    assert m.candidat.nom not in texte
    assert "trop loin" in texte


def test_le_niveau_pix_ne_se_montre_que_partage(cote_structure):
    m = relation(candidat=CandidatFactory(pix_palier=3, pix_partage=True))
    assert "Avancé" in cote_structure(m).lire().content.decode()


def test_la_page_dit_les_engagements_et_ce_qu_attend_chacun(cote_structure, client):
    r = recrutement(postes=2)
    m = relation(r)
    reserve = relation(r, etat=Etat.RESERVE)
    close = relation(r, etat=Etat.ECARTEE, close_le=timezone.now(), motif_fin="experience")
    cote = cote_structure(m)
    page = client.get(reverse("recrutement:recrutement", args=[cote.role.pk, r.pk]))
    texte = page.content.decode()
    assert "2 postes, dont 2 vacants" in texte
    assert "Choisir un candidat pour chaque poste" in texte
    assert "À vous d’agir" in texte
    assert "place n° 1" in texte
    assert "1 échange terminé" in texte
    assert [x.relation.pk for x in page.context["lignes"]] == [m.pk, reserve.pk]
    assert [x.relation.pk for x in page.context["finies"]] == [close.pk]


def test_comparer_montre_quatre_candidats_au_plus_et_ignore_le_reste(cote_structure, client):
    r = recrutement()
    lot = [relation(r, rang=i) for i in range(1, 7)]
    ailleurs = relation()
    cote = cote_structure(lot[0])
    url = reverse("recrutement:comparer", args=[cote.role.pk, r.pk])
    demandes = {"m": [*[x.pk for x in lot], ailleurs.pk, "zut"]}
    page = client.get(url, demandes)
    assert [x.relation.pk for x in page.context["lignes"]] == [x.pk for x in lot[:4]]
    assert "4 candidats au plus" in page.content.decode()
    assert "Choisir les candidats" in client.get(url, {"m": [lot[0].pk]}).content.decode()


# --- Qui ne lit pas -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("etat", sorted(OUVERTS))
def test_une_autre_structure_ne_trouve_rien(client, se_connecter, etat):
    m = relation(etat=etat)
    autre = MembreFactory().role
    se_connecter(client, autre)
    assert [u for u in adresses_de(m, autre) if client.get(u).status_code != 404] == []
    postes = [reverse(f"recrutement:{n}", args=[autre.pk, m.pk]) for n in [*ACTES_POST, "relation_cv"]]
    assert [u for u in postes if client.post(u, {}).status_code != 404] == []
    m.refresh_from_db()
    assert m.etat == etat


def test_le_candidat_ne_passe_pas_par_les_pages_de_la_structure(client, se_connecter):
    m = relation()
    candidat = m.candidat.role
    se_connecter(client, candidat)
    assert [u for u in adresses_de(m, candidat) if client.get(u).status_code != 403] == []


@pytest.mark.parametrize("type_", ["anct", "prefecture", "prefecture_de_region"])
def test_un_agent_lit_des_nombres_et_aucune_personne(client, se_connecter, type_):
    m = relation(candidat=CandidatFactory(prenom="Zéphyrine"))
    agent = anct() if type_ == "anct" else RoleFactory(**{type_: True})
    se_connecter(client, agent)
    liste = client.get(reverse("recrutement:recrutements", args=[agent.pk]))
    assert m.recrutement.structure.nom in liste.content.decode()
    page = client.get(reverse("recrutement:recrutement", args=[agent.pk, m.recrutement_id]))
    texte = page.content.decode()
    assert (page.status_code, page.context["nombres"]) == (200, [("Proposée", 1)])
    assert "Zéphyrine" not in texte
    assert m.candidat.nom not in texte
    assert client.get(reverse("recrutement:relation", args=[agent.pk, m.pk])).status_code == 403


def test_une_prefecture_voisine_ne_voit_pas_le_recrutement(client, se_connecter):
    m = relation()
    autre = RoleFactory(prefecture=True, departement__code="94", departement__nom="Val-de-Marne")
    se_connecter(client, autre)
    assert client.get(reverse("recrutement:recrutement", args=[autre.pk, m.recrutement_id])).status_code == 404


# --- Les actes, par les écrans ------------------------------------------------------------------------------------


def test_toute_l_histoire_par_les_ecrans(cote_structure):
    m = relation()
    cote = cote_structure(m)
    assert "il a 14 jours" in cote.poster("retenir").content.decode()
    MiseEnRelation.objects.filter(pk=m.pk).update(etat=Etat.CONTACT_ACCEPTE, contact_accepte_le=timezone.now())
    assert cote.lire("inviter").status_code == 200
    entretien = {"jour": jours(4), "heure": "14:30", "mode": "sur_place", "lieu": "Mairie", "message": ""}
    cote.poster("inviter", **entretien)
    assert cote.etat() == Etat.ENTRETIEN
    assert f"{timezone.localtime(m.entretien_le):%H:%M}" == "14:30"
    assert 'value="14:30"' in cote.lire("inviter").content.decode()
    offre = {"type_contrat": "cdd", "salaire": "1950,50", "debut": jours(30), "fin": jours(400), "jusqu_au": jours(7)}
    cote.poster("offrir", **offre)
    assert (cote.etat(), str(m.offre_salaire)) == (Etat.OFFRE, "1950.50")
    assert "1 950,50" in cote.lire().content.decode().replace("\u202f", " ")
    MiseEnRelation.objects.filter(pk=m.pk).update(etat=Etat.ACCEPTEE, acceptee_le=timezone.now(), echeance=None)
    assert "Félicitations" in cote.poster("recruter", signe_le=jours(0)).content.decode()
    assert cote.etat() == Etat.RECRUTEE


def test_mettre_en_reserve_puis_en_sortir(cote_structure):
    cote = cote_structure(relation(etat=Etat.ENTRETIEN))
    cote.poster("mettre_en_reserve")
    assert cote.etat() == Etat.RESERVE
    cote.poster("rappeler")
    assert cote.etat() == Etat.CONTACT_ACCEPTE


def test_retirer_une_offre_demande_une_raison(cote_structure):
    cote = cote_structure(relation(etat=Etat.OFFRE))
    page = cote.poster("retirer_offre", motif="court")
    assert "au moins 10" in page.content.decode()
    assert cote.etat() == Etat.OFFRE
    cote.poster("retirer_offre", motif="Notre budget a été revu à la baisse.")
    assert cote.etat() == Etat.ECARTEE


def test_ce_qui_est_tape_reste_quand_c_est_refuse(cote_structure):
    cote = cote_structure(relation(etat=Etat.ENTRETIEN))
    saisi = {"type_contrat": "cdd", "salaire": "2100", "debut": jours(30), "jusqu_au": jours(7), "message": "Bienvenue"}
    page = cote.poster("offrir", suivre=False, **saisi)
    texte = page.content.decode()
    assert page.status_code == 200
    assert "Ce type de contrat a une date de fin" in texte
    assert "2100" in texte
    assert "Bienvenue" in texte
    assert "<title>Erreur" in " ".join(texte.split()).replace("<title> ", "<title>")


@pytest.mark.parametrize(("jour", "heure"), [(-1, "10:00"), (200, "10:00")])
def test_une_date_d_entretien_impossible_s_explique_pres_du_jour(cote_structure, jour, heure):
    cote = cote_structure(relation(etat=Etat.CONTACT_ACCEPTE))
    page = cote.poster("inviter", suivre=False, jour=jours(jour), heure=heure, mode="telephone")
    assert list(page.context["form"].errors) == ["jour"]


def test_un_double_clic_recoit_une_phrase_et_n_envoie_rien_de_plus(cote_structure):
    cote = cote_structure(relation())
    cote.poster("retenir")
    page = cote.poster("retenir")
    assert "plus possible" in page.content.decode()
    assert Courriel.objects.filter(code="recrutement/contact_demande").count() == 1


@pytest.mark.parametrize("nom", ["ecarter", "inviter", "offrir", "retirer_offre", "recruter"])
def test_une_page_perimee_ramene_a_la_fiche(cote_structure, nom):
    m = relation(etat=Etat.EXPIREE, close_le=timezone.now(), motif_fin="sans_reponse")
    cote = cote_structure(m)
    for reponse in (cote.lire(nom), cote.poster(nom, suivre=False)):
        assert (reponse.status_code, reponse["Location"]) == (302, cote.url())


@pytest.mark.parametrize("nom", ["retenir", "mettre_en_reserve", "rappeler", "relation_cv"])
def test_un_acte_ne_se_fait_pas_par_un_lien(cote_structure, nom):
    assert cote_structure(relation()).lire(nom).status_code == 405


def test_la_page_offre_les_actes_de_son_etat(cote_structure):
    attendus = {
        Etat.PROPOSEE: ["retenir", "ecarter"],
        Etat.CONTACT_ACCEPTE: ["inviter", "offrir", "mettre_en_reserve", "ecarter"],
        Etat.OFFRE: ["retirer_offre"],
        Etat.ACCEPTEE: ["recruter", "retirer_offre"],
        Etat.RESERVE: ["rappeler", "offrir", "ecarter"],
    }
    for etat, noms in attendus.items():
        cote = cote_structure(relation(etat=etat))
        adresses = [b["adresse"] for b in cote.lire().context["boutons"]]
        assert sorted(adresses) == sorted(cote.url(n) for n in noms)


# --- Le CV --------------------------------------------------------------------------------------------------------


def _avec_cv(m):
    m.candidat.cv.save("essai.pdf", ContentFile(PDF), save=False)
    m.candidat.cv_nom, m.candidat.cv_depose_le = "mon-cv.pdf", timezone.now()
    m.candidat.save()


def test_ouvrir_le_cv_est_journalise_et_le_garde_en_vie(cote_structure, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    m = relation(etat=Etat.CONTACT_ACCEPTE)
    _avec_cv(m)
    cote = cote_structure(m)
    assert "Télécharger le CV" in cote.lire().content.decode()
    reponse = cote.poster("relation_cv", suivre=False)
    assert b"".join(reponse.streaming_content) == PDF
    assert reponse["Content-Disposition"].startswith("attachment")
    assert reponse["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in reponse["Cache-Control"]
    m.candidat.refresh_from_db()
    assert m.candidat.cv_utilise_le is not None
    assert Entree.objects.de_l_objet(m).get(action="ouvrir_cv").role == cote.role.pk


def test_sans_cv_la_page_le_dit(cote_structure):
    cote = cote_structure(relation(etat=Etat.CONTACT_ACCEPTE))
    assert "pas de CV" in cote.poster("relation_cv").content.decode()


# --- La fiche -----------------------------------------------------------------------------------------------------


def test_corriger_suspendre_et_reprendre(client, se_connecter):
    m = relation()
    r, role = m.recrutement, membre(m.recrutement)
    se_connecter(client, role)

    def url(nom):
        return reverse(f"recrutement:{nom}", args=[role.pk, r.pk])

    saisi = {
        "commune": "51454",
        "commune_texte": "Reims (51)",
        "debut": jours(60),
        "niveau": "2",
        "precisions": "Trois",
    }
    assert client.get(url("fiche")).status_code == 200
    assert client.post(url("fiche"), saisi).status_code == 302
    r.refresh_from_db()
    assert (r.niveau, r.precisions) == (2, "Trois")
    assert client.post(url("fiche"), saisi | {"debut": jours(-3)}).status_code == 200
    assert client.post(url("suspendre"), {"motif": "Nous attendons notre budget."}).status_code == 302
    r.refresh_from_db()
    m.refresh_from_db()
    assert (r.etat, m.etat) == (EtatRecrutement.SUSPENDU, Etat.SANS_OBJET)
    assert "Ce recrutement est suspendu" in client.get(url("recrutement")).content.decode()
    client.post(url("reprendre"))
    r.refresh_from_db()
    assert r.etat == EtatRecrutement.OUVERT


def test_recruter_aussi_dans_une_autre_commune(client, se_connecter):
    r = recrutement(postes=3)
    role = membre(r)
    commune("51230")
    se_connecter(client, role)
    adresse = reverse("recrutement:separer", args=[role.pk, r.pk])
    saisi = {"nombre": "2", "commune": "51230", "commune_texte": "Épernay (51)", "debut": jours(60)}
    assert client.get(adresse).status_code == 200
    trop = client.post(adresse, saisi | {"nombre": "3"})
    assert trop.status_code == 200
    assert "Déplacez de 1 à 2 postes" in trop.content.decode()
    assert client.post(adresse, saisi).status_code == 302
    autre = Recrutement.objects.exclude(pk=r.pk).get()
    assert (autre.commune_id, autre.postes.count(), r.postes.count()) == ("51230", 2, 1)


def test_la_fiche_ne_quitte_pas_son_departement(client, se_connecter):
    r = recrutement()
    role = membre(r)
    rhin = CommuneFactory(code="67482", nom="Strasbourg", departement=DepartementFactory(code="67", nom="Bas-Rhin"))
    se_connecter(client, role)
    saisi = {"commune": rhin.pk, "commune_texte": "Strasbourg (67)", "debut": jours(60), "niveau": "0"}
    reponse = client.post(reverse("recrutement:fiche", args=[role.pk, r.pk]), saisi)
    assert "du département où les postes ont été attribués" in reponse.content.decode()
    r.refresh_from_db()
    assert r.commune_id == "51454"


# --- Le lien personnel --------------------------------------------------------------------------------------------


@pytest.fixture
def lien():
    """Le chemin d'un lien neuf envoyé au membre de cette mise en relation."""

    def faire(m, role=None):
        adresse = nouveau_lien(m, Partie.STRUCTURE, role=role or membre(m.recrutement))
        return "/proposition/" + adresse.partition("/proposition/")[2]

    return faire


def test_le_lien_montre_la_carte_et_agit_par_un_bouton(client, lien):
    m = relation()
    chemin = lien(m)
    texte = client.get(chemin).content.decode()
    assert m.candidat.prenom in texte
    assert m.candidat.nom not in texte
    m.refresh_from_db()
    assert m.etat == Etat.PROPOSEE
    assert client.post(chemin, {"reponse": "retenir"}).status_code == 302
    m.refresh_from_db()
    assert m.etat == Etat.RETENUE
    seconde = client.post(chemin, {"reponse": "retenir"})
    assert seconde.status_code == 409
    assert "plus possible" in seconde.content.decode()


def test_le_lien_ecarte_avec_un_motif(client, lien):
    m = relation()
    chemin = lien(m)
    refus = client.post(chemin, {"reponse": "ecarter"})
    assert (refus.status_code, "Choisissez une raison." in refus.content.decode()) == (200, True)
    assert client.post(chemin, {"reponse": "ecarter", "motif": "experience"}).status_code == 302
    m.refresh_from_db()
    assert (m.etat, m.motif_fin) == (Etat.ECARTEE, "experience")
    assert "Cet échange est terminé" in client.get(chemin).content.decode()


@pytest.mark.parametrize("etat", sorted(IDENTITE_OUVERTE - {Etat.RECRUTEE}))
def test_le_lien_ne_montre_jamais_l_identite(client, lien, etat):
    m = relation(etat=etat, candidat=CandidatFactory(nom="Vandenbroucke", telephone="+33 6 39 98 00 00"))
    texte = client.get(lien(m)).content.decode()
    assert not [s for s in ("Vandenbroucke", m.candidat.email, m.candidat.telephone) if s in texte]


def test_un_lien_expire_dit_comment_continuer(client, lien):
    m = relation()
    chemin = lien(m)
    LienPersonnel.objects.update(expire_le=timezone.now() - timedelta(minutes=1))
    for reponse in (client.get(chemin), client.post(chemin, {"reponse": "retenir"})):
        assert reponse.status_code == 410
        assert "Ouvrir dans mon espace" in reponse.content.decode()
    m.refresh_from_db()
    assert m.etat == Etat.PROPOSEE


def test_le_lien_du_candidat_ou_d_un_membre_parti_n_existe_pas_ici(client, lien):
    m = relation()
    du_candidat = nouveau_lien(m, Partie.CANDIDAT).rstrip("/").rpartition("/")[2]
    chemin = reverse("recrutement:lien_structure", args=[du_candidat])
    assert client.get(chemin).status_code == 404
    assert client.post(chemin, {"reponse": "retenir"}).status_code == 404
    role = membre(m.recrutement)
    du_membre = lien(m, role)
    role.actif = False
    role.save()
    assert client.get(du_membre).status_code == 404
    assert client.get(reverse("recrutement:lien_structure", args=["inconnu"])).status_code == 404


def test_le_candidat_connecte_n_agit_pas_par_le_lien_de_la_structure_sans_le_tenir(client, se_connecter, lien):
    """Le jeton fait foi : le compte connecté ne change rien à ce que montre le lien, ni au rôle qui agit."""
    m = relation()
    chemin = lien(m)
    se_connecter(client, m.candidat.role)
    assert client.post(chemin, {"reponse": "retenir"}).status_code == 302
    assert Entree.objects.de_l_objet(m).get(action="retenir").acteur == "Structure, par son lien"


# --- Volume -------------------------------------------------------------------------------------------------------


def _requetes(client, url):
    with CaptureQueriesContext(
        connection,
    ) as mesure:
        assert client.get(url).status_code == 200
    return len(mesure)


def test_la_page_ne_pose_pas_plus_de_questions_avec_plus_de_candidats(client, se_connecter):
    r = recrutement(postes=2)
    role = membre(r)
    se_connecter(client, role)
    url = reverse("recrutement:recrutement", args=[role.pk, r.pk])

    def ajouter(n):
        for etat in [Etat.PROPOSEE, Etat.CONTACT_ACCEPTE, Etat.ENTRETIEN, Etat.RESERVE][:n]:
            relation(r, etat=etat)
        relation(r, etat=Etat.ECARTEE, close_le=timezone.now(), motif_fin="experience")

    ajouter(4)
    client.get(url)
    avant = _requetes(client, url)
    for _ in range(3):
        ajouter(4)
    assert _requetes(client, url) == avant
    choix = "&".join(f"m={pk}" for pk in MiseEnRelation.objects.ouvertes().values_list("pk", flat=True)[:2])
    deux = _requetes(client, reverse("recrutement:comparer", args=[role.pk, r.pk]) + "?" + choix)
    choix = "&".join(f"m={pk}" for pk in MiseEnRelation.objects.ouvertes().values_list("pk", flat=True)[:4])
    assert _requetes(client, reverse("recrutement:comparer", args=[role.pk, r.pk]) + "?" + choix) == deux


def test_la_liste_ne_pose_pas_plus_de_questions_avec_plus_de_recrutements(client, se_connecter):
    agent = anct()
    se_connecter(client, agent)
    url = reverse("recrutement:recrutements", args=[agent.pk])
    relation()
    client.get(url)
    avant = _requetes(client, url)
    for _ in range(5):
        relation(recrutement(postes=2))
    assert _requetes(client, url) == avant


def test_la_liste_compte_sans_multiplier(client, se_connecter):
    r = recrutement(postes=3)
    for etat in (Etat.PROPOSEE, Etat.RETENUE, Etat.OFFRE):
        relation(r, etat=etat)
    role = membre(r)
    (ligne,) = se_connecter(client, role).get(reverse("recrutement:recrutements", args=[role.pk])).context["liste"].page
    assert (ligne.nb_postes, ligne.nb_vacants) == (3, 3)
    assert (ligne.nb_ouvertes, ligne.nb_attendues, ligne.nb_promises) == (3, 1, 1)


def test_une_structure_ne_liste_que_les_siens(client, se_connecter):
    r = recrutement()
    recrutement(code="51230")
    role = membre(r)
    assert role.type == TypeRole.STRUCTURE
    liste = se_connecter(client, role).get(reverse("recrutement:recrutements", args=[role.pk])).context["liste"]
    assert [x.pk for x in liste.page] == [r.pk]
    assert commune().nom == "Reims"


def test_un_blocage_ne_se_dit_pas_a_la_structure(cote_structure, client):
    m = relation()
    cote = cote_structure(m)
    clore_du_candidat(m.candidat, motif="candidat_bloque")
    pages = [cote.lire(), client.get(reverse("recrutement:recrutement", args=[cote.role.pk, m.recrutement_id]))]
    textes = [p.content.decode() for p in pages] + [Courriel.objects.get(code="recrutement/candidat_parti").texte]
    for texte in textes:
        assert "n’est plus active" in texte
        assert "bloqu" not in texte


def test_avant_le_contact_on_n_ecarte_pas_pour_un_entretien(cote_structure):
    proposee, contactee = relation(), relation(etat=Etat.CONTACT_ACCEPTE)
    assert "concluant" not in cote_structure(proposee).lire("ecarter").content.decode()
    assert "concluant" in cote_structure(contactee).lire("ecarter").content.decode()


def test_un_entretien_a_venir_n_attend_rien_de_la_structure(client, se_connecter):
    r = recrutement()
    relation(r, etat=Etat.ENTRETIEN)
    relation(r, etat=Etat.ENTRETIEN, entretien_le=timezone.now() - timedelta(days=1))
    role = membre(r)
    (ligne,) = se_connecter(client, role).get(reverse("recrutement:recrutements", args=[role.pk])).context["liste"].page
    page = client.get(reverse("recrutement:recrutement", args=[role.pk, r.pk]))
    assert ligne.nb_attendues == page.context["a_faire"] == 1
