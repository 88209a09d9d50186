"""Les écrans d'une structure qui recrute, dans Chromium : accessibles, lisibles sur un téléphone, au clavier."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from conum.recrutement.actions.liens import nouveau_lien
from conum.recrutement.actions.vivier import chercher
from conum.recrutement.models import LienPersonnel, Partie
from conum.recrutement.rules.recherche import Criteres
from conum.recrutement.states import Etat
from tests.parcours.conftest import LARGEURS, TELEPHONE, elargir, ouvrir_session
from tests.recrutement.fabriques import CandidatFactory, commune, membre, recrutement, relation

pytestmark = pytest.mark.django_db(transaction=True)
CAPTURES = os.environ.get("CONUM_CAPTURES_DE_TEST", "")


def _histoire():
    """Un recrutement de deux postes, avec un candidat dans presque chaque état."""
    r = recrutement(postes=2, precisions="Permanences à la médiathèque et dans trois mairies.")
    prenoms = ["Inès", "Karim", "Maïwenn", "Thomas", "Aminata", "Lucie", "Hugo"]
    etats = [
        Etat.PROPOSEE, Etat.RETENUE, Etat.CONTACT_ACCEPTE, Etat.ENTRETIEN, Etat.OFFRE, Etat.RESERVE, Etat.PROPOSEE,
    ]  # fmt: skip
    lot = [
        relation(
            r,
            CandidatFactory(
                prenom=prenom, langues=["ar", "lsf"] if rang % 2 else [], experience=bool(rang % 2),
                diplome=rang == 3, nom_diplome="Titre professionnel REMN" if rang == 3 else "",
                pix_palier=2, pix_partage=rang % 3 == 0,
            ),
            etat=etat, rang=rang, distance_km=rang * 3.4,
        )
        for rang, (prenom, etat) in enumerate(zip(prenoms, etats, strict=True), start=1)
    ]  # fmt: skip
    relation(r, etat=Etat.DECLINEE, close_le=timezone.now() - timedelta(days=2), motif_fin="distance")
    return r, lot


def _capturer(page, nom):
    if CAPTURES:
        largeur = page.viewport_size["width"]
        page.screenshot(path=str(Path(CAPTURES) / f"{nom}-{largeur}.png"), full_page=True)


def test_chaque_ecran_de_la_structure_est_accessible(ouvrir_page, axe):
    page = ouvrir_page(TELEPHONE)
    r, lot = _histoire()
    role = membre(r)
    CandidatFactory(prenom="Solène", commune=commune("51230"), mobilite_km=5)
    loin = CandidatFactory(prenom="Omar", commune=commune("51230"), mobilite_km=10)
    consultation = chercher(r, rayon_km=40, criteres=Criteres(), par=role)
    ouvrir_session(page, role)

    def url(nom, *args):
        return reverse(f"recrutement:{nom}", args=[role.pk, *args])

    pages = {
        "liste": url("recrutements"),
        "recrutement": url("recrutement", r.pk),
        "comparer": url("comparer", r.pk) + "?" + "&".join(f"m={m.pk}" for m in lot[:4]),
        "proposee": url("relation", lot[0].pk),
        "entretien": url("relation", lot[3].pk),
        "offre": url("relation", lot[4].pk),
        "inviter": url("inviter", lot[2].pk),
        "offrir": url("offrir", lot[3].pk),
        "ecarter": url("ecarter", lot[0].pk),
        "retirer": url("retirer_offre", lot[4].pk),
        "fiche": url("fiche", r.pk),
        "suspendre": url("suspendre", r.pk),
        "chercher": url("chercher", r.pk),
        "resultats": url("resultats", r.pk, consultation.pk),
        "preselectionner": url("preselectionner", r.pk, consultation.pk, loin.pk),
    }
    for nom, adresse in pages.items():
        reponse = page.goto(adresse)
        assert (reponse.status, page.url.partition("/espace/")[1]) == (200, "/espace/"), nom
        for largeur in LARGEURS:
            elargir(page, largeur)
            _capturer(page, nom)
            axe(page)


def test_le_lien_d_un_membre_sans_se_connecter(page, axe):
    m = relation()
    chemin = (
        "/proposition/" + nouveau_lien(m, Partie.STRUCTURE, role=membre(m.recrutement)).partition("/proposition/")[2]
    )
    page.goto(chemin)
    _capturer(page, "lien")
    axe(page)
    page.get_by_role("button", name="Retenir ce profil").press("Enter")
    page.get_by_text("Le candidat dit s’il accepte d’être contacté").wait_for()
    _capturer(page, "lien-retenu")
    axe(page)
    m.refresh_from_db()
    assert m.etat == Etat.RETENUE
    LienPersonnel.objects.update(expire_le=timezone.now() - timedelta(days=1))
    assert page.goto(chemin).status == 410
    _capturer(page, "lien-perime")
    axe(page)


def test_comparer_se_fait_en_cochant(ouvrir_page):
    r, lot = _histoire()
    page = ouvrir_page(1280)
    role = membre(r)
    ouvrir_session(page, role)
    page.goto(reverse("recrutement:recrutement", args=[role.pk, r.pk]))
    for prenom in ("Inès", "Hugo"):
        page.get_by_label(f"Comparer {prenom}").press("Space")
    page.get_by_role("button", name="Comparer les candidats cochés").press("Enter")
    entetes = page.get_by_role("columnheader")
    assert entetes.all_inner_texts() == ["Critère", "Inès", "Hugo"]
    assert len(lot) == 7
