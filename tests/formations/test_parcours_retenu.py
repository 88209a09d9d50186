"""L'organisme a le dernier mot sur le parcours, avec un motif s'il s'écarte du test."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from conum.courriels.models import Courriel
from conum.formations.actions.parcours import retenir_parcours
from conum.formations.rules import marches
from conum.formations.states import Etat, EtatPlace
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from tests.formations import fabriques_base as fab
from tests.formations.test_positionnement_ecrans import fini

pytestmark = pytest.mark.django_db
MARCHE = marches.marche_au(date(2024, 6, 1))
BAS, _, HAUT = MARCHE.parcours


@pytest.fixture
def teste():
    """Un test parfait sous le marché de 2024, qui a trois niveaux : le plus haut est recommandé."""
    return fini(marche_code=MARCHE.code, marche_empreinte=MARCHE.empreinte)[0]


def lien(role, inscription):
    return reverse("formations:retenir_parcours", args=[role.pk, inscription.pk])


def test_l_organisme_retient_ou_s_ecarte_avec_un_motif(client, se_connecter, teste):
    organisme, membre = fab.role_organisme(teste.organisme), fab.employeur(teste)
    se_connecter(client, organisme)
    page = client.get(lien(organisme, teste)).content.decode()
    assert "recommandé par le test" in page
    for motif in ("", "Trop peu"):
        refus = client.post(lien(organisme, teste), {"parcours": BAS.code, "motif": motif})
        assert refus.status_code == 200
        assert "se justifie" in refus.content.decode()
    motif = "N’a jamais accompagné de public éloigné du numérique."
    client.post(lien(organisme, teste), {"parcours": BAS.code, "motif": motif})
    teste.refresh_from_db()
    assert (teste.etat, teste.parcours, teste.parcours_motif) == (Etat.POSITIONNEE, BAS.code, motif)
    lus = Courriel.objects.filter(code="formations/parcours_retenu")
    assert {c.destinataire for c in lus} == {teste.personne.email, membre.utilisateur.email}
    assert all(motif in c.texte and BAS.libelle in c.texte for c in lus)

    # Tant qu'il n'y a pas de place, il se change ; suivre le test n'a pas besoin de motif.
    retenir_parcours(teste, parcours=HAUT.code, par=fab.anct())
    teste.refresh_from_db()
    assert (teste.parcours, teste.parcours_motif) == (HAUT.code, "")
    derniere = Entree.objects.de_l_objet(teste).order_by("pk").last()
    assert derniere.donnees == {"avant": BAS.code, "apres": HAUT.code, "recommande": HAUT.code}
    with pytest.raises(TransitionImpossible, match="déjà retenu"):
        retenir_parcours(teste, parcours=HAUT.code, par=organisme)


def test_qui_ne_le_peut_pas(client, se_connecter, teste):
    conseiller = fab.role_conseiller(teste)
    ailleurs = fab.role_organisme(fab.organisme("Francil’In"))
    for role in (conseiller, fab.employeur(teste), ailleurs):
        with pytest.raises(PermissionDenied):
            retenir_parcours(teste, parcours=HAUT.code, par=role)
    assert se_connecter(client, ailleurs).get(lien(ailleurs, teste)).status_code == 404
    assert se_connecter(client, conseiller).get(lien(conseiller, teste)).status_code == 403


def test_quand_ce_n_est_pas_possible(teste):
    anct = fab.anct()
    with pytest.raises(ValidationError, match="n’est pas du marché"):
        retenir_parcours(teste, parcours=fab.PARCOURS, par=anct)
    with pytest.raises(TransitionImpossible, match="pas fini son test"):
        retenir_parcours(fab.inscription(), parcours=fab.PARCOURS, par=anct)
    retenir_parcours(teste, parcours=HAUT.code, par=anct)
    place = fab.place(fab.session(), teste, etat=EtatPlace.EN_ATTENTE, siege=None)
    with pytest.raises(TransitionImpossible, match="liste d’attente"):
        retenir_parcours(teste, parcours=BAS.code, motif="Un motif assez long.", par=anct)
    place.etat, place.siege = EtatPlace.INSCRITE, 1
    place.save()
    teste.etat, teste.parcours = Etat.INSCRITE, HAUT.code
    teste.save()
    with pytest.raises(TransitionImpossible, match="Inscrite à une session"):
        retenir_parcours(teste, parcours=BAS.code, motif="Un motif assez long.", par=anct)
