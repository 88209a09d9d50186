"""Le journal est en ajout seul, par le code et par la base ; la transition se joue sous verrou."""

import pytest
from django.db import IntegrityError, connection, transaction

from conum.journal.acteurs import SYSTEME, anonyme
from conum.journal.actions import noter
from conum.journal.models import Entree
from conum.socle.contexte import sous_request_id
from conum.utilisateurs.models import Utilisateur

pytestmark = pytest.mark.django_db


@pytest.fixture
def objet():
    return Utilisateur.objects.create_user("aline@exemple.fr")


def test_une_ligne_dit_qui_quoi_et_dans_quelle_requete(objet):
    with sous_request_id("abcdef12"):
        noter(objet, "essayer", par=SYSTEME, motif="Pour voir", donnees={"n": 1})
    entree = Entree.objects.de_l_objet(objet).get()
    assert (entree.action, entree.acteur, entree.motif, entree.donnees) == ("essayer", "Système", "Pour voir", {"n": 1})
    assert entree.request_id == "abcdef12"
    assert entree.auteur is None


def test_la_personne_sans_compte_n_y_laisse_pas_son_adresse(objet):
    entree = noter(objet, "essayer", par=anonyme("porteur", objet_id=3))
    assert entree.acteur == "Personne sans compte"
    assert "@" not in entree.acteur


@pytest.mark.parametrize(
    "acte",
    [
        lambda e: e.save(),
        lambda e: e.delete(),
        lambda e: Entree.objects.update(motif="x"),
        lambda e: Entree.objects.all().delete(),
    ],
)
def test_le_code_refuse_de_modifier(objet, acte):
    entree = noter(objet, "essayer", par=SYSTEME)
    with pytest.raises(TypeError):
        acte(entree)


@pytest.mark.parametrize("sql", ["UPDATE journal_entree SET motif = 'x'", "DELETE FROM journal_entree"])
def test_la_base_refuse_de_modifier(objet, sql):
    noter(objet, "essayer", par=SYSTEME)
    with pytest.raises(IntegrityError, match="ajout seul"), transaction.atomic(), connection.cursor() as curseur:
        curseur.execute(sql)


def test_la_base_refuse_de_vider_le_journal_hors_base_jetable():
    with connection.cursor() as curseur:
        curseur.execute("SET LOCAL conum.base_jetable = 'non'")
        with pytest.raises(IntegrityError, match="ajout seul"):
            curseur.execute("TRUNCATE journal_entree")


def test_effacer_l_auteur_est_refuse(objet):
    from django.db.models import RestrictedError

    class Par:
        utilisateur_id = objet.pk
        role_id = None
        libelle_acteur = "Aline"

    noter(objet, "essayer", par=Par())
    with pytest.raises(RestrictedError):
        objet.delete()
