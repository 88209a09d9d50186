"""Les états récapitulatifs : tirés des signatures, jamais deux fois, transmis, contestés, validés, abandonnés."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conum.comptes.second_facteur import AUTHENTICATION_METHODS_SESSION_KEY
from conum.courriels.models import Courriel
from conum.formations.actions import etats as actes
from conum.formations.actions import presence
from conum.formations.models import Emargement, EtatRecapitulatif, LigneEmargement, LigneEtat, ResultatCertification
from conum.formations.models.etat import NatureCout
from conum.formations.states import Etat, EtatRecap
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from tests.aides import ensemble
from tests.demandes.fabriques import prefecture_de
from tests.formations import fabriques_base as f
from tests.formations import fabriques_etats as e

pytestmark = pytest.mark.django_db
D = Decimal


def adresse(nom, role, *arguments) -> str:
    return reverse(f"formations:{nom}", args=[role.pk, *arguments])


def montants(etat) -> list[Decimal | None]:
    return list(etat.lignes.order_by("nature", "pk").values_list("montant", flat=True))


# --- Ce qui marche ---


def test_de_la_signature_a_l_etat_valide(client, se_connecter):
    chez = f.organisme()
    agent, anct = f.role_organisme(chez), f.anct()
    e.tarif(chez)
    e.session_signee(2, chez=chez)
    se_connecter(client, agent)
    envoi = {"mois": e.mois_passe().isoformat(), "marche": "2025"}
    reponse = client.post(adresse("etat_preparer", agent), envoi)
    etat = EtatRecapitulatif.objects.get()
    assert reponse["Location"] == adresse("etat", agent, etat.pk)
    # 2 demi-journées de 3 h 30 sur 385 h à 3 850 €.
    assert (etat.total, montants(etat)) == (D("140.00"), [D("70.00"), D("70.00")])
    page = client.get(reponse["Location"]).content.decode()
    assert "Transmettre à l’ANCT" in page
    assert 'name="total" value="140.00"' in page
    ligne = etat.lignes.order_by("pk")[0]
    page = client.get(adresse("ligne_etat", agent, etat.pk, ligne.pk)).content.decode()
    assert "420 min ÷ 23100 min" in page
    assert "Marché 2025-014, annexe 2" in page
    assert page.count("3 h 30") >= 2
    client.post(adresse("etat_transmettre", agent, etat.pk), {"total": "140.00"})
    etat.refresh_from_db()
    assert (etat.etat, etat.transmis_par) == (EtatRecap.TRANSMIS, agent)
    assert Courriel.objects.filter(destinataire=anct.utilisateur.email, code="formations/etat_a_valider").count() == 1

    se_connecter(client, anct)
    page = client.get(adresse("etat", anct, etat.pk)).content.decode()
    assert "Valider l’état" in page
    assert adresse("etat_recalculer", anct, etat.pk) not in page
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY][-1]["at"] -= 301
    session.save()
    reponse = client.post(adresse("etat_valider", anct, etat.pk), {"total": "140.00"})
    assert reponse["Location"].startswith(reverse("mfa_reauthenticate"))
    se_connecter(client, anct)
    client.post(adresse("etat_valider", anct, etat.pk), {"total": "140.00"})
    etat.refresh_from_db()
    assert (etat.etat, etat.valide_par) == (EtatRecap.VALIDE, anct)
    assert Courriel.objects.filter(destinataire=agent.utilisateur.email, code="formations/etat_valide").count() == 1
    actions = list(Entree.objects.de_l_objet(etat).order_by("pk").values_list("action", flat=True))
    assert actions == ["preparer_etat", "transmettre_etat", "valider_etat"]
    # Une page périmée le dit, sans erreur.
    reponse = client.post(adresse("etat_valider", anct, etat.pk), {"total": "140.00"}, follow=True)
    assert "n&#x27;est plus possible" in reponse.content.decode()
    assert client.get(adresse("etat", anct, etat.pk)).status_code == 200


def test_signee_en_retard_elle_entre_dans_l_etat_suivant():
    chez = f.organisme()
    e.tarif(chez)
    ancien, recent = e.mois_passe(2), e.mois_passe(1)
    session = f.session(chez=chez, seances=2, debut=ancien)
    place = f.place(session, f.inscription(etat=Etat.EN_FORMATION, chez=chez))
    premiere, seconde = session.seances.order_by("debut")
    f.emarger(premiere, place)
    tardive = f.emarger(seconde, place, signe_formateur_le=None, formateur_voie="", formateur_nom="")
    par = f.role_organisme(chez)
    un = e.preparer(chez, ancien, par)
    assert un.total == D("35.00")
    actes.transmettre_etat(un, total=un.total, par=par)
    tardive.signe_formateur_le, tardive.formateur_nom = timezone.now(), "Dominique Petit"
    tardive.save()
    deux = e.preparer(chez, recent, par)
    assert montants(deux) == [D("35.00")]
    assert LigneEmargement.objects.get(ligne__etat=deux).emargement == tardive
    assert any("d’un mois passé" in phrase for phrase in deux.lignes.get().trace)
    # Tout est compté : plus rien n'attend.
    with pytest.raises(TransitionImpossible, match="Rien n’est à compter"):
        e.preparer(chez, timezone.localdate().replace(day=1), par)


def test_la_certification_une_fois_quand_la_personne_se_presente():
    chez = f.organisme()
    e.tarif(chez, NatureCout.CERTIFICATION, D("300.00"))
    de = f.inscription(etat=Etat.ATTESTEE, chez=chez)
    mois = e.mois_passe()
    ResultatCertification.objects.create(inscription=de, certification="pix", resultat="absent", le=mois)
    par = f.role_organisme(chez)
    with pytest.raises(TransitionImpossible):
        e.preparer(chez, mois, par)
    for certification, quand in (("ccp1", 3), ("pix", 9)):
        ResultatCertification.objects.create(
            inscription=de, certification=certification, resultat="echoue", le=mois + timedelta(days=quand)
        )
    etat = e.preparer(chez, mois, par)
    assert montants(etat) == [D("300.00")]
    assert any("Première présentation" in phrase for phrase in etat.lignes.get().trace)
    actes.transmettre_etat(etat, total=etat.total, par=par)
    ResultatCertification.objects.create(
        inscription=de, certification="ccp1", resultat="reussi", le=mois + timedelta(days=20)
    )
    with pytest.raises(TransitionImpossible):
        e.preparer(chez, timezone.localdate().replace(day=1), par)


def test_une_personne_garde_le_prix_de_son_premier_jour():
    chez = f.organisme()
    e.tarif(chez)
    ancien, recent = e.mois_passe(2), e.mois_passe(1)
    un = e.session_signee(chez=chez, debut=ancien)
    par = f.role_organisme(chez)
    etat = e.preparer(chez, ancien, par)
    actes.transmettre_etat(etat, total=etat.total, par=par)
    from conum.formations.actions.tarifs import saisir_tarif

    saisir_tarif(
        chez, marche_code="2025", nature="formation", montant=D("7700"), depuis=recent, reference="Avenant 2",
        par=f.anct(),
    )  # fmt: skip
    suite = f.session(chez=chez, seances=2, debut=recent)
    e.signer(suite, f.place(suite, un.places.get().inscription))
    e.session_signee(chez=chez, debut=recent)
    deux = e.preparer(chez, recent, par)
    assert sorted(montants(deux)) == [D("70.00"), D("140.00")]


def test_conteste_puis_corrige(client, se_connecter):
    etat = e.transmis()
    agent, anct = f.role_organisme(etat.organisme), f.anct()
    se_connecter(client, anct)
    client.post(adresse("etat_contester", anct, etat.pk), {"motif": "La séance du 2 n'a pas eu lieu."})
    etat.refresh_from_db()
    assert etat.etat == EtatRecap.BROUILLON
    assert Courriel.objects.filter(destinataire=agent.utilisateur.email, code="formations/etat_conteste").exists()
    emargement = Emargement.objects.order_by("pk")[0]
    presence.annuler_emargement(emargement, motif="Cette séance n'a pas eu lieu.", par=agent)
    se_connecter(client, agent)
    page = client.get(adresse("etat", agent, etat.pk)).content.decode()
    assert "La séance du 2 n&#x27;a pas eu lieu." in page
    assert "1 demi-journée annulée depuis le calcul" in page
    client.post(adresse("etat_recalculer", agent, etat.pk))
    etat.refresh_from_db()
    assert etat.total == D("35.00")


def test_abandonne_ses_heures_entrent_dans_un_autre(client, se_connecter):
    chez = f.organisme()
    e.session_signee(chez=chez)
    agent = f.role_organisme(chez)
    un = e.preparer(chez, par=agent)
    se_connecter(client, agent)
    client.post(adresse("etat_abandonner", agent, un.pk), {"motif": "Préparé trop tôt, à refaire."})
    un.refresh_from_db()
    assert un.etat == EtatRecap.ABANDONNE
    assert e.preparer(chez, par=agent).lignes.get().minutes == un.lignes.get().minutes == 420


def test_exports_et_pdf(client, se_connecter):
    etat = e.transmis()
    agent = f.role_organisme(etat.organisme)
    se_connecter(client, agent)
    csv = b"".join(client.get(adresse("etat", agent, etat.pk) + "?format=csv").streaming_content).decode()
    assert "70,00" in csv
    assert "÷ 23100 min" in csv
    assert client.get(adresse("etat", agent, etat.pk) + "?format=xlsx").status_code == 200
    reponse = client.get(adresse("etat_pdf", agent, etat.pk))
    assert reponse.content.startswith(b"%PDF")
    assert b"pdfuaid" in reponse.content
    assert reponse["Content-Disposition"] == f'attachment; filename="{etat.reference}.pdf"'


# --- Qui ne peut pas ---


def test_chacun_les_siens(client, se_connecter):
    etat = e.transmis()
    de = e.inscription_de(etat)
    ligne = etat.lignes.order_by("pk")[0]
    lectures = [adresse_de(nom, etat, ligne) for nom in ("etat", "ligne_etat", "etat_pdf", "etat_abandonner")]
    actes_ = [adresse_de(nom, etat, ligne) for nom in ("etat_recalculer", "etat_transmettre")]
    autre = f.role_organisme(f.organisme("Francil’In"))
    se_connecter(client, autre)
    assert {client.get(a(autre)).status_code for a in lectures} == {404}
    assert {client.post(a(autre), {"total": "70.00"}).status_code for a in actes_} == {404}
    assert etat.reference not in client.get(adresse("etats", autre)).content.decode()
    for role in (f.employeur(de), f.role_conseiller(de), prefecture_de(de.commune.departement)):
        se_connecter(client, role)
        codes = {client.get(a(role)).status_code for a in lectures}
        codes |= {client.post(a(role), {"total": "70.00"}).status_code for a in actes_}
        codes |= {client.get(adresse(nom, role)).status_code for nom in ("etats", "etat_preparer", "prise_en_charge")}
        assert codes == {403}
    agent = f.role_organisme(etat.organisme)
    se_connecter(client, agent)
    for nom in ("etat_valider", "etat_contester"):
        assert client.post(adresse(nom, agent, etat.pk), {"total": "70.00", "motif": "x" * 12}).status_code == 403
    client.logout()
    assert client.get(adresse("etats", agent)).status_code == 302


def adresse_de(nom, etat, ligne):
    arguments = [etat.pk, ligne.pk] if nom == "ligne_etat" else [etat.pk]
    return lambda role: adresse(nom, role, *arguments)


def test_les_actes_verifient_le_droit():
    etat = e.transmis()
    autre = f.role_organisme(f.organisme("Francil’In"))
    for acte in (
        lambda: e.preparer(etat.organisme, par=autre),
        lambda: e.preparer(etat.organisme, par=f.anct()),
        lambda: actes.recalculer_etat(etat, par=autre),
        lambda: actes.transmettre_etat(etat, total=etat.total, par=f.anct()),
        lambda: actes.abandonner_etat(etat, motif="Pas à moi du tout.", par=autre),
        lambda: actes.valider_etat(etat, total=etat.total, par=f.role_organisme(etat.organisme)),
        lambda: actes.contester_etat(etat, motif="Pas à moi du tout.", par=f.role_organisme(etat.organisme)),
    ):
        with pytest.raises(PermissionDenied):
            acte()
    etat.refresh_from_db()
    assert etat.etat == EtatRecap.TRANSMIS


# --- Quand ce n'est pas possible ---


def test_sans_prix_l_etat_ne_se_transmet_pas(client, se_connecter):
    chez = f.organisme()
    e.session_signee(chez=chez)
    agent = f.role_organisme(chez)
    etat = e.preparer(chez, par=agent)
    assert montants(etat) == [None]
    se_connecter(client, agent)
    page = client.get(adresse("etat", agent, etat.pk)).content.decode()
    assert "Prix inconnu : formation" in page
    assert "L’ANCT le saisit, d’après un acte" in page
    assert "Transmettre à l’ANCT" not in page
    with pytest.raises(TransitionImpossible, match="Prix inconnu : formation"):
        actes.transmettre_etat(etat, total=etat.total, par=agent)
    assert montants(etat) == [None]
    e.tarif(chez)
    with pytest.raises(TransitionImpossible, match="ont changé depuis le calcul"):
        actes.transmettre_etat(etat, total=etat.total, par=agent)
    recalcule = actes.recalculer_etat(etat, par=agent)
    assert actes.transmettre_etat(recalcule, total=D("70.00"), par=agent).etat == EtatRecap.TRANSMIS


def test_mois_en_cours_a_venir_ou_deja_prepare():
    chez = f.organisme()
    e.tarif(chez)
    par = f.role_organisme(chez)
    ce_mois = timezone.localdate().replace(day=1)
    e.session_signee(chez=chez)
    with pytest.raises(ValidationError, match="pas commencé"):
        e.preparer(chez, ce_mois + timedelta(days=32), par)
    with pytest.raises(ValidationError, match="n’existe pas"):
        actes.preparer_etat(chez, "1999", ce_mois, par=par)
    un = e.preparer(chez, par=par)
    with pytest.raises(ValidationError, match="existe déjà"):
        e.preparer(chez, par=par)
    e.session_signee(chez=chez, debut=ce_mois, seances=1)
    deux = e.preparer(chez, ce_mois, par)
    with pytest.raises(TransitionImpossible, match=f"n’est pas fini.*{un.reference}"):
        actes.transmettre_etat(deux, total=deux.total, par=par)


def test_une_signature_annulee_entre_temps_se_dit_et_rien_n_est_valide(client, se_connecter):
    etat = e.transmis()
    anct = f.anct()
    emargement = Emargement.objects.order_by("pk")[0]
    presence.annuler_emargement(emargement, motif="Signée pour une autre.", par=anct)
    se_connecter(client, anct)
    reponse = client.post(adresse("etat_valider", anct, etat.pk), {"total": str(etat.total)}, follow=True)
    page = reponse.content.decode()
    assert "Des signatures ne valent plus" in page
    assert e.inscription_de(etat).personne.get_full_name() in page
    assert "l’état est à contester" in page.lower() or "il est à contester" in page
    etat.refresh_from_db()
    assert etat.etat == EtatRecap.TRANSMIS
    with pytest.raises(TransitionImpossible, match="Relisez-le"):
        actes.valider_etat(etat, total=D("1.00"), par=anct)


def test_refaite_apres_validation_une_demi_journee_ne_se_compte_pas_deux_fois():
    etat = e.valide()
    emargement = Emargement.objects.order_by("pk")[0]
    par = f.role_organisme(etat.organisme)
    presence.annuler_emargement(emargement, motif="Mauvais formateur.", par=f.anct())
    f.emarger(emargement.seance, emargement.place)
    with pytest.raises(TransitionImpossible, match="Rien n’est à compter"):
        e.preparer(etat.organisme, timezone.localdate().replace(day=1), par)


def test_la_conservation_efface_la_signature_pas_le_compte():
    etat = e.transmis()
    Emargement.objects.all().delete()
    assert LigneEmargement.objects.filter(ligne__etat=etat, emargement=None).count() == 2
    assert actes.demi_journees_perdues(etat).count() == 0
    assert actes.valider_etat(etat, total=etat.total, par=f.anct()).etat == EtatRecap.VALIDE


@pytest.mark.django_db(transaction=True)
def test_deux_preparations_ensemble_n_en_font_qu_une():
    chez = f.organisme()
    e.session_signee(chez=chez)
    par = f.role_organisme(chez)

    def preparer():
        try:
            return e.preparer(chez, par=par).pk
        except (TransitionImpossible, ValidationError):
            return None

    assert len([x for x in ensemble(preparer, preparer) if x]) == 1
    assert LigneEmargement.objects.count() == 2
    assert LigneEtat.objects.count() == 1


# --- Ce qui ne grandit pas ---


def test_les_pages_ne_posent_pas_plus_de_questions(client, se_connecter):
    chez = f.organisme()
    anct = f.anct()
    e.session_signee(chez=chez)
    etat = e.preparer(chez, e.mois_passe())
    se_connecter(client, anct)

    def compter(*adresses):
        nombres = []
        for a in adresses:
            with CaptureQueriesContext(
                connection,
            ) as requetes:
                assert client.get(a).status_code == 200
            nombres.append(len(requetes))
        return nombres

    pages = (adresse("etats", anct), adresse("etat", anct, etat.pk), adresse("prise_en_charge", anct))
    compter(*pages)
    avant = compter(*pages)
    e.session_signee(3, chez=chez, debut=e.mois_passe() + timedelta(days=4))
    par = f.role_organisme(chez)
    with CaptureQueriesContext(connection) as un:
        actes.recalculer_etat(etat, par=par)
    e.session_signee(2, chez=f.organisme("Francil’In"))
    e.preparer(f.organisme("Francil’In"))
    assert compter(*pages) == avant
    e.session_signee(2, chez=chez, debut=e.mois_passe() + timedelta(days=8))
    with CaptureQueriesContext(connection) as deux:
        actes.recalculer_etat(etat, par=par)
    assert len(deux) == len(un)
    assert etat.lignes.count() == 6
