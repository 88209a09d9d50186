"""Procès-verbal : ce qu'il liste, figé à la clôture, en PDF balisé et en XLSX."""

import io

import pypdf
import pytest
import python_calamine
from django.urls import reverse

from conum.demandes.actions import comite, proces_verbal
from conum.demandes.models import Demande
from tests.demandes.etat import attribuee, prete, session
from tests.demandes.fabriques import anct, rendu

pytestmark = pytest.mark.django_db


@pytest.fixture
def seance():
    """Deux postes sur trois, un refus, un rendu accepté."""
    rendre = rendu(attribuee(2).structure)
    accordee, refusee = prete(3), prete(1)
    accordee.structure.denomination = "École numérique d'Été-les-Œufs"
    accordee.structure.save()
    seance = session(accordee, refusee, rendre)
    communs = {"par": anct(), "session": seance}
    comite.attribuer(accordee, postes=2, observations="Le troisième après l'été.", prioritaire=True, **communs)
    comite.refuser(refusee, motifs=["equilibre"], motif_libre="#strong[pas] *de* $balisage$ <ici> @là", **communs)
    comite.attribuer(rendre, postes=1, **communs)
    return seance


@pytest.fixture
def telecharger(client, se_connecter):
    def lire(nom, seance):
        agent = anct()
        response = se_connecter(client, agent).get(reverse(f"demandes:{nom}", args=[agent.pk, seance.pk]))
        assert response.status_code == 200
        return b"".join(response.streaming_content) if response.streaming else response.content

    return lire


def _texte(contenu):
    return " ".join(" ".join(p.extract_text() for p in pypdf.PdfReader(io.BytesIO(contenu)).pages).split())


def test_le_pdf_est_balise_en_francais_et_titre(seance, telecharger):
    pdf = pypdf.PdfReader(io.BytesIO(telecharger("proces_verbal_pdf", seance)))
    racine = pdf.trailer["/Root"]
    assert racine["/MarkInfo"]["/Marked"] == True  # noqa: E712 - objet PDF, pas un booléen Python
    assert "/StructTreeRoot" in racine
    assert racine["/Lang"].startswith("fr")
    assert pdf.metadata.title == "Projet de procès-verbal du comité national de sélection n° 64"


def test_le_pdf_liste_les_decisions_et_les_totaux(seance, telecharger):
    texte = _texte(telecharger("proces_verbal_pdf", seance))
    for phrase in (
        "École numérique d'Été-les-Œufs",
        "Marne (51)",
        "Grand Est",
        "Le troisième après l'été.",
        "#strong[pas] *de* $balisage$ <ici> @là",
        "Équilibre entre les départements",
        "Postes attribués 2",
        "Postes rendus 1",
        "Demandes refusées 1",
        "Rendu accepté",
    ):
        assert phrase in texte, phrase
    for demande in Demande.objects.filter(session=seance).order_by("pk"):
        assert demande.reference in texte


def test_le_tableau_dit_la_meme_chose(seance, telecharger):
    classeur = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(telecharger("proces_verbal_xlsx", seance)))
    entetes, *lignes = classeur.get_sheet_by_index(0).to_python()
    assert entetes == list(proces_verbal.ENTETES)
    par_decision = {
        dict(zip(entetes, x, strict=True))["Décision"]: dict(zip(entetes, x, strict=True)) for x in lignes[:2]
    }
    assert len(lignes) == 3
    assert sum(x[entetes.index("Postes accordés")] for x in lignes) == 3
    assert set(par_decision) <= {"Attribuée", "Refusée"}


def test_clos_le_proces_verbal_ne_change_plus(seance, telecharger):
    comite.clore_session(seance, par=anct())
    seance.refresh_from_db()
    structure = Demande.objects.get(session=seance, postes_demandes=3).structure
    structure.denomination = "Nouveau nom"
    structure.save()
    texte = _texte(telecharger("proces_verbal_pdf", seance))
    assert "Projet" not in texte
    assert "École numérique d'Été-les-Œufs" in texte
    assert "Nouveau nom" not in texte


def test_un_projet_dit_ce_qui_reste_a_decider(telecharger):
    demande = prete(2)
    texte = _texte(telecharger("proces_verbal_pdf", session(demande)))
    assert "Projet" in texte
    assert "Demandes à décider 1" in texte
    assert "À décider" in texte


def test_une_session_vide_donne_un_pdf(telecharger):
    assert "Demandes examinées 0" in _texte(telecharger("proces_verbal_pdf", session()))
