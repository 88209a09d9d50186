"""Saisir et valider un contrat : chaque faute sa phrase, un poste et une personne à la fois."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from conum.comptes.actions.erreurs import CompteRefuse
from conum.comptes.actions.roles import verifier_depart
from conum.courriels.models import Courriel
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes import actions
from conum.postes.models import Contrat, EtatPoste, Poste, Rattachement
from conum.postes.models.poste import periode_de
from conum.postes.states import Etat
from conum.utilisateurs.models import Utilisateur
from tests.comptes.fabriques import DepartementFactory, RoleFactory, UtilisateurFactory
from tests.postes import fabriques as f
from tests.structures.fabriques import CommuneFactory

pytestmark = pytest.mark.django_db


def _etat(poste, jour=None):
    return Poste.objects.a_la_date(jour or f.jour()).get(pk=poste.pk).etat_du_jour


def test_la_structure_saisit_et_l_anct_valide():
    structure, (poste,) = f.structure_avec()
    membre, agent = f.membre_de(structure), f.anct()
    contrat = f.saisir(poste, par=membre)
    assert (contrat.etat, contrat.structure) == (Etat.A_VALIDER, structure)
    # À valider, il prend la place mais n'occupe pas encore le poste.
    assert _etat(poste) == EtatPoste.VACANT
    assert not Contrat.objects.en_cours(f.jour()).exists()
    assert Courriel.objects.get(code="postes/a_traiter").destinataire == agent.utilisateur.email

    contrat = actions.valider_contrat(contrat, par=agent)
    assert (contrat.etat, _etat(poste)) == (Etat.VALIDE, EtatPoste.OCCUPE)
    assert list(Contrat.objects.en_cours(f.jour())) == [contrat]
    codes = {(c.code, c.destinataire) for c in Courriel.objects.exclude(code="postes/a_traiter")}
    assert codes == {
        ("postes/contrat_valide", membre.utilisateur.email),
        ("postes/bienvenue_en_poste", contrat.personne.email),
    }
    actes = Entree.objects.de_l_objet(contrat).values_list("action", flat=True)
    assert list(actes) == ["saisir_contrat", "valider_contrat"]


def test_le_contrat_court_son_dernier_jour_et_plus_le_lendemain():
    _, (poste,) = f.structure_avec()
    f.en_poste(poste, debut=f.jour(-10), fin=f.jour(5))
    assert [_etat(poste, f.jour(n)) for n in (-11, -10, 5, 6)] == [
        EtatPoste.VACANT, EtatPoste.OCCUPE, EtatPoste.OCCUPE, EtatPoste.VACANT,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("champs", "champ", "phrase"),
    [
        ({"type": "cdd", "sans_fin": True}, "fin", "Un CDD a une date de fin : saisissez-la."),
        ({"type": "pec", "sans_fin": True}, "fin", "Un parcours emploi compétences a une date de fin : saisissez-la."),
        ({"type": "cdi"}, "fin", "Un CDI n'a pas de date de fin : laissez ce champ vide."),
        (
            {"debut": date(2026, 3, 2), "fin": date(2026, 3, 1)},
            "fin",
            "Le contrat finirait le 01/03/2026, avant son début le 02/03/2026.",
        ),
        (
            {"debut": date(2026, 3, 2), "fin": date(2026, 9, 1), "salaire": Decimal("1823.02")},
            "salaire",
            "Le salaire brut est inférieur au SMIC du 02/03/2026 : 1\u202f823,03\u00a0€ par mois à temps plein.",
        ),
        (
            {"debut": date(2026, 7, 1), "fin": date(2026, 9, 1), "salaire": Decimal("1823.03")},
            "salaire",
            "Le salaire brut est inférieur au SMIC du 01/07/2026 : 1\u202f867,02\u00a0€ par mois à temps plein.",
        ),
        ({"salaire": Decimal("25200")}, "salaire", "mois semble trop élevé"),
        ({"type": "contrat_de_projet"}, "type", "Le contrat de projet est réservé aux employeurs publics."),
        ({"type": "service_civique"}, "type", "Choisissez un type de contrat."),
    ],
)
def test_chaque_faute_a_sa_phrase_et_rien_n_est_ecrit(champs, champ, phrase):
    structure, (poste,) = f.structure_avec(depuis=-600)
    valeurs = {
        "personne": UtilisateurFactory(), "type": "cdd", "debut": f.jour(10), "fin": f.jour(300),
        "salaire": f.SALAIRE, "par": f.membre_de(structure),
    } | champs  # fmt: skip
    if valeurs.pop("sans_fin", False):
        valeurs["fin"] = None
    with pytest.raises(ValidationError) as erreur:
        actions.saisir_contrat(poste, **valeurs)
    assert phrase in " ".join(erreur.value.message_dict[champ])
    assert not Contrat.objects.exists()
    assert not Courriel.objects.exists()


def test_deux_contrats_sur_un_poste_se_refusent():
    _, (poste,) = f.structure_avec()
    contrat = f.saisir(poste, debut=f.jour(0), fin=f.jour(100))
    with pytest.raises(ValidationError, match=f"{poste.reference} est occupé du .* {contrat.reference}"):
        f.saisir(poste, debut=f.jour(100), fin=f.jour(200))
    assert f.saisir(poste, debut=f.jour(101), fin=f.jour(200)).remplace == contrat


def test_une_personne_a_un_contrat_a_la_fois_ou_que_ce_soit():
    _, (poste,) = f.structure_avec()
    _, (autre,) = f.structure_avec()
    personne = UtilisateurFactory(prenom="Zoé", nom="Durand")
    f.saisir(poste, personne=personne)
    with pytest.raises(ValidationError, match="Zoé Durand a déjà un contrat") as erreur:
        f.saisir(autre, personne=personne)
    # Rien ne dit où : c'est l'affaire de l'autre employeur.
    assert poste.reference not in str(erreur.value)


@pytest.mark.parametrize("contrainte", ["contrat_un_par_poste", "contrat_un_par_personne"])
def test_la_base_refuse_deux_contrats_le_meme_jour(contrainte):
    _, (poste, voisin) = f.structure_avec(2)
    contrat = f.saisir(poste)
    double = Contrat(
        poste=poste if contrainte.endswith("poste") else voisin,
        personne=UtilisateurFactory() if contrainte.endswith("poste") else contrat.personne,
        periode=contrat.periode, type=contrat.type, salaire=contrat.salaire,
    )  # fmt: skip
    with pytest.raises(IntegrityError, match=contrainte), transaction.atomic():
        double.save()


@pytest.mark.parametrize(
    ("champs", "contrainte"),
    [
        ({"salaire": 0}, "contrat_salaire_positif"),
        ({"type": "cdi"}, "contrat_terme_sauf_cdi"),
        ({"etat": Etat.ROMPU}, "contrat_rupture_datee_et_motivee"),
        ({"etat": Etat.REFUSE}, "contrat_ecarte_motive"),
        ({"etat": Etat.VALIDE}, "contrat_validation_datee"),
        ({"rupture_le": date(2099, 1, 1)}, "contrat_rupture"),
    ],
)
def test_la_base_repete_chaque_invariant(champs, contrainte):
    _, (poste,) = f.structure_avec()
    contrat = f.saisir(poste)
    with pytest.raises(IntegrityError, match=contrainte), transaction.atomic():
        Contrat.objects.filter(pk=contrat.pk).update(**champs)


def test_le_poste_doit_etre_a_la_structure_jusqu_au_bout():
    structure, (poste,) = f.structure_avec()
    actions.rendre_postes(structure, nombre=1, type_poste="conseiller", le=f.jour(50), par=f.SYSTEME)
    with pytest.raises(ValidationError, match=r"n'est plus à la structure à partir du"):
        f.saisir(poste, debut=f.jour(), fin=f.jour(50))
    with pytest.raises(TransitionImpossible, match="n'est à aucune structure"):
        f.saisir(poste, debut=f.jour(60), fin=f.jour(80))
    assert f.saisir(poste, debut=f.jour(), fin=f.jour(49))


def test_ni_une_autre_structure_ni_la_prefecture_ne_saisissent():
    structure, (poste,) = f.structure_avec()
    autre, _ = f.structure_avec()
    for role in (f.membre_de(autre), RoleFactory(prefecture=True, departement=structure.commune.departement)):
        with pytest.raises(PermissionDenied):
            f.saisir(poste, par=role)


def test_une_adresse_professionnelle_ou_un_compte_ferme_sont_refuses():
    _, (poste,) = f.structure_avec()
    with pytest.raises(ValidationError, match="adresse personnelle"):
        f.saisir(poste, personne=UtilisateurFactory(email="zoe@conseiller-numerique.fr"))
    with pytest.raises(ValidationError, match="fermé"):
        f.saisir(poste, personne=UtilisateurFactory(is_active=False))


def test_mayotte_suit_son_propre_smic():
    mayotte = DepartementFactory(code="976", nom="Mayotte")
    commune = CommuneFactory(code="97611", nom="Mamoudzou", departement=mayotte)
    _, (poste,) = f.structure_avec(commune=commune)
    assert f.saisir(poste, debut=date(2026, 7, 1), fin=date(2026, 12, 1), salaire=Decimal("1449.93"))


def test_le_compte_cree_disparait_avec_un_contrat_refuse():
    structure, (poste,) = f.structure_avec()
    commun = {
        "email": "Zoe@Exemple.fr", "prenom": "Zoé", "nom": "Durand", "type": "cdd", "debut": f.jour(),
        "fin": f.jour(90), "par": f.membre_de(structure),
    }  # fmt: skip
    with pytest.raises(ValidationError, match="SMIC"):
        actions.saisir_contrat_par_adresse(poste, salaire=Decimal(1000), **commun)
    assert not Utilisateur.objects.filter(email="zoe@exemple.fr").exists()
    contrat = actions.saisir_contrat_par_adresse(poste, salaire=f.SALAIRE, **commun)
    assert contrat.personne.email == "zoe@exemple.fr"


def test_une_adresse_connue_ne_livre_pas_le_nom_de_son_compte():
    structure, (poste,) = f.structure_avec()
    connue = UtilisateurFactory(prenom="Élodie", nom="Le Gall")
    commun = {
        "email": connue.email, "type": "cdd", "debut": f.jour(), "fin": f.jour(90), "salaire": f.SALAIRE,
        "par": f.membre_de(structure),
    }  # fmt: skip
    with pytest.raises(ValidationError) as erreur:
        actions.saisir_contrat_par_adresse(poste, prenom="Zoé", nom="Durand", **commun)
    assert "Le Gall" not in str(erreur.value)
    assert actions.saisir_contrat_par_adresse(poste, prenom="elodie", nom="LE GALL", **commun).personne == connue


def test_dans_l_acte_d_une_app_plus_haute_un_refus_n_abime_pas_la_transaction():
    _, (poste,) = f.structure_avec()
    with transaction.atomic():
        with pytest.raises(ValidationError):
            f.saisir(poste, salaire=Decimal(1))
        assert f.saisir(poste)


def test_refuser_libere_le_poste_et_la_personne():
    structure, (poste,) = f.structure_avec()
    membre = f.membre_de(structure)
    contrat = f.saisir(poste)
    with pytest.raises(PermissionDenied):
        actions.refuser_contrat(contrat, motif="Le contrat n'est pas signé.", par=membre)
    with pytest.raises(ValidationError, match="Écrivez de 10"):
        actions.refuser_contrat(contrat, motif="non", par=f.anct())
    contrat = actions.refuser_contrat(contrat, motif="Le contrat n'est pas signé.", par=f.anct())
    assert contrat.etat == Etat.REFUSE
    assert Courriel.objects.get(code="postes/contrat_ecarte").destinataire == membre.utilisateur.email
    assert f.saisir(poste, personne=contrat.personne)
    with pytest.raises(TransitionImpossible, match="Refusé"):
        actions.valider_contrat(contrat, par=f.anct())


def test_corriger_avant_la_validation_rectifier_apres():
    structure, (poste,) = f.structure_avec()
    membre, agent = f.membre_de(structure), f.anct()
    contrat = f.saisir(poste, debut=f.jour(), fin=f.jour(90))
    papier = {"type": "cdd", "debut": f.jour(5), "fin": f.jour(95), "salaire": Decimal("2200.00")}
    contrat = actions.corriger_contrat(contrat, par=membre, **papier)
    assert (contrat.debut, contrat.fin, contrat.salaire) == (f.jour(5), f.jour(95), Decimal("2200.00"))
    with pytest.raises(ValidationError, match="SMIC"):
        actions.corriger_contrat(contrat, par=membre, **papier | {"salaire": Decimal(900)})
    contrat = actions.valider_contrat(contrat, par=agent)
    with pytest.raises(TransitionImpossible, match="Validé"):
        actions.corriger_contrat(contrat, par=membre, **papier)
    with pytest.raises(PermissionDenied):
        actions.rectifier_contrat(contrat, par=membre, motif="Erreur de date de fin.", **papier)
    contrat = actions.rectifier_contrat(
        contrat, par=agent, motif="Erreur de date de fin.", **papier | {"type": "cdi", "fin": None}
    )
    assert (contrat.etat, contrat.fin) == (Etat.VALIDE, None)
    donnees = Entree.objects.de_l_objet(contrat).filter(action="rectifier_contrat").get().donnees
    assert (donnees["avant"]["type"], donnees["apres"]["type"]) == ("cdd", "cdi")


def test_annuler_seulement_avant_le_debut():
    _, (poste,) = f.structure_avec()
    contrat = f.en_poste(poste, debut=f.jour(), fin=f.jour(30))
    with pytest.raises(TransitionImpossible, match="il se rompt"):
        actions.annuler_contrat(contrat, motif="Elle ne viendra pas.", par=f.anct())
    suivant = f.en_poste(poste, debut=f.jour(31), fin=f.jour(60))
    assert actions.annuler_contrat(suivant, motif="Elle ne viendra pas.", par=f.anct()).etat == Etat.ANNULE


def test_valider_reverifie_le_rattachement():
    _, (poste,) = f.structure_avec()
    contrat = f.saisir(poste, debut=f.jour(), fin=f.jour(90))
    Rattachement.objects.filter(poste=poste).update(periode=periode_de(f.jour(-400), f.jour(-1)))
    with pytest.raises(TransitionImpossible, match="n'est plus rattaché"):
        actions.valider_contrat(contrat, par=f.anct())


def test_un_poste_occupe_ne_se_rend_pas():
    structure, (poste,) = f.structure_avec()
    f.en_poste(poste)
    with pytest.raises(TransitionImpossible, match=f"Le poste {poste.reference} est occupé"):
        actions.rendre_postes(structure, nombre=1, type_poste="conseiller", le=f.jour(), par=f.SYSTEME)
    with pytest.raises(TransitionImpossible, match=f"Le poste {poste.reference} est occupé"):
        actions.retirer_poste(poste, le=f.jour(), motif="Vacance trop longue.", par=f.anct())


def test_les_compteurs_et_le_quota_sortent_de_la_meme_requete(django_assert_num_queries):
    structure, postes = f.structure_avec(3)
    f.en_poste(postes[0])
    f.saisir(postes[1])
    with django_assert_num_queries(1):
        compteurs = Poste.objects.compteurs(f.jour())
    assert (compteurs[structure.pk].postes, compteurs[structure.pk].occupes) == (3, 1)
    assert compteurs[structure.pk].vacants == 2
    assert Poste.objects.libres_de(structure, f.jour()).count() == 1
    assert Poste.objects.disponibles_pour(structure, f.jour(), None).count() == 1
    lus = Poste.objects.a_la_date(f.jour()).avec_vacance(f.jour()).order_by("numero")
    assert [(p.etat_du_jour, p.contrat_attendu) for p in lus] == [
        ("occupe", True), ("vacant", True), ("vacant", False),
    ]  # fmt: skip
    assert lus[2].vacant_depuis == f.jour(-400)
    assert lus[0].vacant_depuis is None


def test_le_delai_de_remplacement_suit_la_regle_en_vigueur():
    structure, (ancien, nouveau) = f.structure_avec(2, depuis=-1500)
    membre = f.membre_de(structure)
    f.en_poste(ancien, debut=date(2024, 1, 1), fin=date(2024, 6, 30))
    f.en_poste(nouveau, debut=date(2025, 1, 1), fin=date(2025, 6, 30))
    # Trois mois avant mai 2025, six ensuite.
    with pytest.raises(TransitionImpossible, match=r"délai de 3 mois .* passé le 01/10/2024"):
        f.saisir(ancien, debut=date(2024, 10, 2), fin=date(2025, 6, 30), par=membre)
    with pytest.raises(TransitionImpossible, match=r"délai de 6 mois .* passé le 01/01/2026"):
        f.saisir(nouveau, debut=date(2026, 1, 2), fin=date(2026, 6, 30), par=membre)
    assert f.saisir(nouveau, debut=date(2026, 1, 1), fin=date(2026, 6, 30), par=membre)
    with pytest.raises(ValidationError, match="Écrivez de 10"):
        f.saisir(ancien, debut=date(2024, 10, 2), fin=date(2025, 6, 30), par=f.anct())
    assert f.saisir(
        ancien, debut=date(2024, 10, 2), fin=date(2025, 6, 30), par=f.anct(), motif="Régularisation accordée."
    )


def test_terminer_au_terme_seulement():
    structure, (poste,) = f.structure_avec()
    contrat = f.en_poste(poste, debut=f.jour(-90), fin=f.jour(-1))
    encore = f.en_poste(poste, debut=f.jour(0), fin=f.jour(0) + timedelta(days=30))
    with pytest.raises(TransitionImpossible, match="n'est pas terminé"):
        actions.terminer_contrat(encore, par=f.membre_de(structure))
    # Le système constate le terme de ceux qui ont une suite.
    assert actions.terminer_contrats_echus(f.jour()) == 1
    contrat.refresh_from_db()
    assert contrat.etat == Etat.TERMINE


def test_le_compte_d_une_personne_en_contrat_ne_se_ferme_pas():
    _, (poste,) = f.structure_avec()
    contrat = f.en_poste(poste)
    with pytest.raises(CompteRefuse, match=contrat.reference):
        verifier_depart(contrat.personne)
    f.rompre(contrat, date_rupture=f.jour(-1))
    verifier_depart(contrat.personne)
