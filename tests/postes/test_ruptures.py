"""Rompre, renouveler, prolonger : les délais, les pièces, et ce qui s'y oppose."""

from datetime import date

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from conum.courriels.models import Courriel
from conum.journal.workflow import TransitionImpossible
from conum.postes import actions
from conum.postes.models import Contrat, EtatPoste, Poste
from conum.postes.rules.delais import plus_mois
from conum.postes.states import Etat, EtatProlongation
from tests.comptes.fabriques import UtilisateurFactory
from tests.postes import fabriques as f

pytestmark = pytest.mark.django_db


@pytest.fixture
def cas():
    structure, (poste,) = f.structure_avec(depuis=-800)
    return structure, poste, f.membre_de(structure), f.en_poste(poste, debut=f.jour(-200), fin=f.jour(20))


def _notifier(contrat, par, quand=0, motif="demission"):
    return actions.notifier_rupture(contrat, date_rupture=f.jour(quand), motif=motif, par=par)


def test_une_rupture_d_un_bout_a_l_autre(cas):
    _, poste, membre, contrat = cas
    agent = f.anct()
    contrat = _notifier(contrat, membre)
    assert contrat.etat == Etat.RUPTURE_NOTIFIEE
    assert Courriel.objects.filter(code="postes/a_traiter", destinataire=agent.utilisateur.email).count() == 1
    with pytest.raises(TransitionImpossible, match="Pièces manquantes : Lettre de démission, Dernier bulletin"):
        actions.valider_rupture(contrat, par=agent)
    f.completer(contrat, membre)
    with pytest.raises(PermissionDenied):
        actions.valider_rupture(contrat, par=membre)
    contrat = actions.valider_rupture(contrat, par=agent)
    assert contrat.etat == Etat.ROMPU
    assert {c.destinataire for c in Courriel.objects.filter(code="postes/rupture_validee")} == {
        membre.utilisateur.email, contrat.personne.email,
    }  # fmt: skip
    # La personne est en poste son dernier jour, plus le lendemain : accès et statistiques lisent cette requête.
    assert Contrat.objects.en_cours(f.jour()).exists()
    assert not Contrat.objects.en_cours(f.jour(1)).exists()
    lendemain = Poste.objects.a_la_date(f.jour(1)).get(pk=poste.pk)
    assert lendemain.etat_du_jour == EtatPoste.VACANT


@pytest.mark.parametrize(
    ("quand", "motif", "champ", "phrase"),
    [
        (-201, "demission", "date_rupture", "ne peut pas précéder le début"),
        (21, "demission", "date_rupture", "au plus tard à la fin"),
        (0, "humeur", "motif", "Choisissez un motif"),
    ],
)
def test_une_rupture_mal_datee_ou_sans_motif(cas, quand, motif, champ, phrase):
    with pytest.raises(ValidationError) as erreur:
        _notifier(cas[3], cas[2], quand, motif)
    assert phrase in " ".join(erreur.value.message_dict[champ])


def test_une_rupture_se_notifie_deux_mois_a_l_avance_au_plus():
    structure, (poste,) = f.structure_avec()
    contrat = f.en_poste(poste, type="cdi", debut=f.jour(-10))
    membre = f.membre_de(structure)
    limite = plus_mois(f.jour(), 2)
    with pytest.raises(ValidationError, match="deux mois à l'avance"):
        actions.notifier_rupture(
            contrat, date_rupture=date.fromordinal(limite.toordinal() + 1), motif="demission", par=membre
        )
    contrat = actions.notifier_rupture(contrat, date_rupture=limite, motif="demission", par=membre)
    f.completer(contrat, membre)
    with pytest.raises(TransitionImpossible, match="elle se valide à partir de ce jour"):
        actions.valider_rupture(contrat, par=f.anct())


@pytest.mark.parametrize(
    ("fichier", "phrase"),
    [
        (SimpleUploadedFile("piece.pdf", b"MZ\x90\x00"), "ni un PDF ni une photo JPEG"),
        (SimpleUploadedFile("piece.pdf", b"%PDF-1.7 tronque"), "abîmé ou protégé"),
        (SimpleUploadedFile("photo.jpg", b"\xff\xd8\xff\xe0 coupee"), "incomplète"),
        (SimpleUploadedFile("piece.exe", f.pdf().read()), "ni un PDF ni une photo JPEG"),
        (SimpleUploadedFile("piece.pdf", b""), "vide"),
        (SimpleUploadedFile("piece.pdf", b"%PDF-" + b"0" * (5 * 1024 * 1024)), "dépasse 5 Mo"),
    ],
)
def test_une_piece_se_juge_sur_son_contenu(cas, fichier, phrase):
    contrat = _notifier(cas[3], cas[2])
    with pytest.raises(ValidationError, match=phrase):
        actions.completer_rupture(contrat, nature="autre", fichier=fichier, par=cas[2])
    assert not contrat.pieces.exists()


def test_aucune_piece_sans_rupture_ni_par_un_tiers(cas):
    _, _, membre, contrat = cas
    with pytest.raises(TransitionImpossible, match="aucune pièce n'est à déposer"):
        actions.completer_rupture(contrat, nature="autre", fichier=f.pdf(), par=membre)
    autre, _ = f.structure_avec(0)
    with pytest.raises(PermissionDenied):
        actions.completer_rupture(_notifier(contrat, membre), nature="autre", fichier=f.pdf(), par=f.membre_de(autre))


def test_annuler_une_rupture_sauf_si_le_poste_est_repris(cas):
    _, poste, membre, contrat = cas
    contrat = _notifier(contrat, membre)
    f.completer(contrat, membre)
    contrat = actions.annuler_rupture(contrat, par=membre)
    assert (contrat.etat, contrat.rupture_le) == (Etat.VALIDE, None)
    # Un nouveau dossier repart de rien.
    contrat = _notifier(contrat, membre)
    assert actions.ruptures.pieces_manquantes(contrat)
    suivant = f.saisir(poste, debut=f.jour(1), fin=f.jour(200), par=membre)
    assert suivant.remplace == contrat
    with pytest.raises(TransitionImpossible, match=suivant.reference):
        actions.annuler_rupture(contrat, par=membre)


def test_une_cdisation_passe_un_renouvellement_en_attente_bloque(cas):
    _, poste, membre, contrat = cas
    nouveau = actions.renouveler_contrat(contrat, type="cdd", fin=f.jour(200), salaire=f.SALAIRE, par=membre)
    assert (nouveau.debut, nouveau.est_renouvellement) == (f.jour(21), True)
    with pytest.raises(TransitionImpossible, match="a déjà une suite"):
        actions.renouveler_contrat(contrat, type="cdd", fin=f.jour(300), salaire=f.SALAIRE, par=membre)
    contrat = _notifier(contrat, membre, motif="cdisation")
    f.completer(contrat, membre)
    with pytest.raises(TransitionImpossible, match="Un renouvellement attend"):
        actions.valider_rupture(contrat, par=f.anct())
    actions.refuser_contrat(nouveau, motif="Remplacé par un CDI.", par=f.anct())
    cdi = f.en_poste(poste, personne=contrat.personne, type="cdi", debut=f.jour(1))
    assert actions.valider_rupture(contrat, par=f.anct()).etat == Etat.ROMPU
    assert cdi.remplace_id == contrat.pk


def test_renouveler_n_est_ni_pour_un_cdi_ni_pour_un_contrat_a_valider():
    structure, (poste, voisin) = f.structure_avec(2)
    membre = f.membre_de(structure)
    papier = {"type": "cdd", "fin": f.jour(400), "salaire": f.SALAIRE, "par": membre}
    with pytest.raises(TransitionImpossible, match="CDI"):
        actions.renouveler_contrat(f.en_poste(poste, type="cdi"), **papier)
    with pytest.raises(TransitionImpossible, match="Seul un contrat validé"):
        actions.renouveler_contrat(f.saisir(voisin), **papier)


def test_prolonger_dans_les_trente_derniers_jours(cas):
    _, _, membre, contrat = cas
    premiere = actions.prolonger_contrat(contrat, fin=f.jour(60), salaire=f.SALAIRE, par=membre)
    seconde = actions.prolonger_contrat(contrat, fin=f.jour(90), salaire=f.SALAIRE + 50, par=membre)
    premiere.refresh_from_db()
    assert premiere.etat == EtatProlongation.REMPLACEE
    with pytest.raises(PermissionDenied):
        actions.valider_prolongation(seconde, par=membre)
    contrat = actions.valider_prolongation(seconde, par=f.anct())
    assert (contrat.fin, contrat.salaire) == (f.jour(90), f.SALAIRE + 50)
    with pytest.raises(TransitionImpossible, match="Acceptée"):
        actions.valider_prolongation(seconde, par=f.anct())
    with pytest.raises(ValidationError, match="30 derniers jours"):
        actions.prolonger_contrat(contrat, fin=f.jour(120), salaire=f.SALAIRE, par=membre)


def test_une_prolongation_ni_en_arriere_ni_sous_le_smic_ni_apres_le_terme(cas):
    _, _, membre, contrat = cas
    with pytest.raises(ValidationError, match="doit venir après"):
        actions.prolonger_contrat(contrat, fin=f.jour(20), salaire=f.SALAIRE, par=membre)
    with pytest.raises(ValidationError, match="SMIC"):
        actions.prolonger_contrat(contrat, fin=f.jour(60), salaire=900, par=membre)
    with time_machine.travel(f.jour(21)), pytest.raises(ValidationError, match="demandez plutôt un renouvellement"):
        actions.prolonger_contrat(contrat, fin=f.jour(90), salaire=f.SALAIRE, par=membre)


def test_une_rupture_fait_tomber_la_prolongation_qui_attend(cas):
    _, _, membre, contrat = cas
    prolongation = actions.prolonger_contrat(contrat, fin=f.jour(60), salaire=f.SALAIRE, par=membre)
    _notifier(contrat, membre)
    prolongation.refresh_from_db()
    assert prolongation.etat == EtatProlongation.REMPLACEE


def test_refuser_une_prolongation(cas):
    _, _, membre, contrat = cas
    prolongation = actions.prolonger_contrat(contrat, fin=f.jour(60), salaire=f.SALAIRE, par=membre)
    actions.refuser_prolongation(prolongation, motif="La convention finit avant.", par=f.anct())
    contrat.refresh_from_db()
    assert contrat.fin == f.jour(20)
    assert Courriel.objects.filter(code="postes/prolongation_decidee").count() == 1


def test_remplacer_des_le_lendemain_d_une_rupture_notifiee(cas):
    structure, poste, membre, contrat = cas
    _notifier(contrat, membre, 5)
    with pytest.raises(ValidationError, match="est occupé"):
        f.saisir(poste, debut=f.jour(5), fin=f.jour(100), par=membre)
    remplacant = f.saisir(poste, debut=f.jour(6), fin=f.jour(100), personne=UtilisateurFactory(), par=membre)
    assert not remplacant.est_renouvellement
    assert not Poste.objects.libres_de(structure, f.jour(6)).exists()
