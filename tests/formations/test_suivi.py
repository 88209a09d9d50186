"""Le suivi : chaque nombre est celui de la liste qu'il ouvre, et chaque total la somme de ses lignes."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from conum.formations.actions import suivi
from conum.formations.actions.assiduite import assiduite_de
from conum.formations.models import Inscription
from conum.formations.states import Etat, EtatDispense
from tests.comptes.fabriques import DepartementFactory, RoleFactory
from tests.formations import fabriques_base as fab
from tests.formations import fabriques_parcours as parcours
from tests.structures.fabriques import CommuneFactory

pytestmark = pytest.mark.django_db


def vieillir(inscription: Inscription, jours: int) -> Inscription:
    Inscription.objects.filter(pk=inscription.pk).update(created_at=timezone.now() - timedelta(days=jours))
    return inscription


@pytest.fixture
def attentes():
    """Marne : deux à positionner, une positionnée ; Ardennes : une positionnée. Et trois qui n'attendent pas."""
    ardennes = CommuneFactory(
        code="08105", nom="Charleville", departement=DepartementFactory(code="08", nom="Ardennes")
    )
    siennes = [vieillir(fab.inscription(etat=Etat.OUVERTE), j) for j in (2, 40)]
    siennes.append(vieillir(fab.inscription(etat=Etat.POSITIONNEE), 10))
    siennes.append(vieillir(fab.inscription(etat=Etat.POSITIONNEE, commune=ardennes), 100))
    for etat in (Etat.INSCRITE, Etat.ATTESTEE, Etat.ABANDONNEE):
        fab.inscription(etat=etat)
    return siennes


def test_par_departement_et_par_niveau_avec_les_jours(attentes):
    tableau = suivi.tableau_d_attente(fab.anct(), timezone.localdate())
    assert list(tableau.niveaux) == [suivi.A_POSITIONNER, fab.PARCOURS]
    lues = {ligne.code: (ligne.par_niveau, ligne.attente) for ligne in tableau.lignes}
    assert lues["08"] == ({suivi.A_POSITIONNER: 0, fab.PARCOURS: 1}, suivi.Attente(1, 100, 100))
    assert lues["51"] == ({suivi.A_POSITIONNER: 2, fab.PARCOURS: 1}, suivi.Attente(3, 10, 40))
    assert tableau.totaux == {suivi.A_POSITIONNER: 2, fab.PARCOURS: 2}
    assert tableau.ensemble == suivi.Attente(4, 25, 100)


def test_chaque_nombre_ouvre_sa_liste_et_les_totaux_sont_les_sommes(client, se_connecter, attentes):
    role = fab.anct()
    se_connecter(client, role)
    page = client.get(reverse("formations:suivi", args=[role.pk])).content.decode()
    liens = re.findall(r'<a class="fr-link" href="([^"]*/suivi/liste/[^"]*)"[^>]*>(\d+)</a>', page)
    assert len(liens) == 8
    for lien, nombre in liens:
        suite = client.get(unescape(lien)).content.decode()
        assert f"<strong>{nombre}</strong> résultat" in suite, lien
    lignes = b"".join(
        client.get(reverse("formations:suivi", args=[role.pk]), {"format": "csv"}).streaming_content
    ).decode().splitlines()  # fmt: skip
    nombres = [[int(c) for c in ligne.split(";")[3:6]] for ligne in lignes[1:]]
    assert [sum(colonne) for colonne in zip(*nombres[:-1], strict=True)] == nombres[-1]
    assert all(a + b == total for a, b, total in nombres)


def test_une_prefecture_ne_voit_que_son_territoire(client, se_connecter, attentes):
    marne = attentes[0].commune.departement
    role = RoleFactory(prefecture=True, departement=marne)
    se_connecter(client, role)
    ailleurs = RoleFactory(prefecture=True, departement__code="57", departement__nom="Moselle")
    assert suivi.tableau_d_attente(ailleurs, timezone.localdate()).lignes == []
    assert all(nombre == 0 for _, nombre in suivi.points(ailleurs, timezone.localdate()))
    liste = client.get(reverse("formations:suivi_liste", args=[role.pk])).content.decode()
    assert attentes[0].reference in liste
    se_connecter(client, ailleurs)
    liste = client.get(reverse("formations:suivi_liste", args=[ailleurs.pk])).content.decode()
    assert "Personne ne répond à ces critères" in liste


def _du_point(cle):
    role, jour = fab.anct(), timezone.localdate()
    trouvees = set(suivi.POINTS[cle].personnes(role, jour).values_list("pk", flat=True))
    assert {p.cle: n for p, n in suivi.points(role, jour)}[cle] == len(trouvees)
    return trouvees


def test_les_departs_en_retard_et_les_dispenses():
    en_retard = fab.inscription(contrat_signe_le=fab.jour(-16))
    fab.inscription(contrat_signe_le=fab.jour(-15))
    a_examiner = fab.inscription()
    parcours.dispense(a_examiner, etat=EtatDispense.DEPOSEE)
    parcours.dispense(fab.inscription(etat=Etat.DISPENSEE))
    assert _du_point("departs") == {en_retard.pk}
    assert _du_point("dispenses") == {a_examiner.pk}


def test_les_absences_sans_motif_et_les_heures_a_reprogrammer():
    manque, suit = fab.inscription(etat=Etat.EN_FORMATION), fab.inscription(etat=Etat.EN_FORMATION)
    courte = fab.session(debut=fab.jour(-3), seances=4)
    matin = courte.seances.order_by("jour", "debut").first()
    fab.emarger(
        matin, fab.place(courte, manque), absent=True, signe_apprenant_le=None, apprenant_voie="",
        signe_formateur_le=None, formateur_voie="", formateur_nom="",
    )  # fmt: skip
    parcours.signer_tout(suit, debut=fab.jour(-100))
    assert _du_point("absences") == {manque.pk}
    assert _du_point("heures") == {manque.pk}
    assert (assiduite_de(manque).a_reprogrammer > 0, assiduite_de(suit).a_reprogrammer) == (True, 0)
    assert _du_point("attestations") == {suit.pk}


def test_ce_qui_est_prevu_ne_se_reprogramme_pas_sauf_l_absence_annoncee():
    de = fab.inscription(etat=Etat.EN_FORMATION)
    session = fab.session(debut=fab.jour(2), seances=110)
    seances = list(session.seances.order_by("jour", "debut"))
    for seance in seances[50:]:
        seance.nature = "stage"
    type(seances[0]).objects.bulk_update(seances, ["nature"])
    place = fab.place(session, de)
    assert assiduite_de(de).a_reprogrammer == 0
    assert _du_point("heures") == set()
    fab.emarger(
        seances[0], place, absent=True, absence_motif="maladie", signe_apprenant_le=None, apprenant_voie="",
        signe_formateur_le=None, formateur_voie="", formateur_nom="",
    )  # fmt: skip
    assert assiduite_de(de).a_reprogrammer > 0
    assert _du_point("heures") == {de.pk}


def test_les_certifications_en_retard_et_celles_qui_approchent():
    def attestee(il_y_a):
        de = fab.inscription(etat=Etat.ATTESTEE, contrat=fab.contrat(debut=fab.jour(-300)))
        parcours.attester(de, le=fab.jour(-il_y_a))
        return de.pk

    passee, proche, loin = attestee(200), attestee(150), attestee(20)
    assert _du_point("certifications") == {passee}
    assert _du_point("certifications-proches") == {proche}
    assert loin not in _du_point("certifications-proches")


def test_la_page_ne_pose_pas_plus_de_questions_quand_il_y_a_plus_de_monde(
    client, se_connecter, attentes, django_assert_max_num_queries
):
    role = fab.anct()
    se_connecter(client, role)
    for nom, maximum in (("suivi", 34), ("suivi_liste", 20)):
        client.get(reverse(f"formations:{nom}", args=[role.pk]))
        with django_assert_max_num_queries(maximum):
            client.get(reverse(f"formations:{nom}", args=[role.pk]))
