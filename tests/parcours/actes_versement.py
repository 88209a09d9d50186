"""Le parcours de l'argent, seconde moitié : du compte bancaire au premier versement, puis du départ au reversement."""

import re
from decimal import Decimal
from xml.etree import ElementTree

import xmlschema
from playwright.sync_api import expect

from conum.comptes.rules import ajouter_mois
from conum.conventions.models import Signature
from conum.courriels.models import Courriel
from conum.postes.models.poste import UN_JOUR
from conum.socle.texte import euros
from conum.versements.jobs import etablir
from conum.versements.models import Echeance, LigneLot, Lot, budget
from conum.versements.states import Etat, EtatLot
from tests.comptes.aides import code_d_application
from tests.parcours.aides_argent import actes_de, telecharger, vieillir_le_facteur
from tests.parcours.recit_argent import DEBUT, DEPART, Recit
from tests.postes import fabriques as postes
from tests.versements.fabriques import IBAN, ouvrable
from tests.versements.fabriques_retours import pain002
from tests.versements.test_virement import ESPACE, SCHEMA


def donner_le_compte(r: Recit) -> None:
    """La structure saisit son IBAN, l'agente le compare et le confirme ; faux d'un chiffre, il est refusé."""
    page = r.telephone
    page.goto(r.lien("versements:mes_versements", r.membre))
    r.voir.photo(page, "versements-sans-compte")
    page.get_by_role("link", name="Saisir le compte bancaire").click()
    page.get_by_label("IBAN").fill(f"{IBAN[:-1]}8")
    page.get_by_role("button", name="Enregistrer ce compte").click()
    expect(page.get_by_role("alert")).to_contain_text("IBAN")
    r.voir(page, "iban-faux")
    page.get_by_label("IBAN").fill(IBAN.lower())
    page.get_by_role("button", name="Enregistrer ce compte").click()
    expect(page.get_by_text("Il attend d’être confirmé.")).to_be_visible()
    r.voir(page, "compte-a-confirmer")
    assert IBAN not in page.content()
    bureau = r.bureau
    bureau.goto(r.lien("versements:ribs", r.agente))
    r.voir.photo(bureau, "comptes-a-confirmer")
    bureau.get_by_role("main").get_by_role("link", name="Commune de Reims").click()
    bureau.get_by_role("link", name="Vérifier et confirmer").click()
    bureau.get_by_role("button", name="Afficher l’IBAN").click()
    expect(bureau.get_by_text("FR76 3000 6000 0112 3456 7890 189")).to_be_visible()
    r.voir(bureau, "iban-affiche")
    bureau.get_by_text("J'ai comparé l'IBAN").click()
    bureau.get_by_text("Le titulaire du relevé est bien la structure").click()
    bureau.get_by_role("button", name="Confirmer ce compte").click()
    expect(bureau.get_by_text("Le compte est confirmé.")).to_be_visible()
    r.voir.photo(bureau, "compte-confirme")
    rib = r.structure.ribs.get()
    assert actes_de(rib) == ["proposer_rib", "consulter_rib", "confirmer_rib"]
    r.fermee_aux_autres("versements:rib", r.structure.pk)


def echelonner(r: Recit) -> None:
    """L'échéancier s'établit ; la règle ne date rien, l'agente découpe en deux moitiés dont la première est due."""
    page = r.bureau
    page.goto(r.lien("conventions:convention", r.agente, r.convention.pk))
    page.get_by_role("link", name="Versements de cette convention").click()
    r.voir.photo(page, "echeancier-a-etablir")
    page.get_by_role("button", name="L’établir maintenant").dblclick()
    expect(page.get_by_text("L’échéancier est établi.")).to_be_visible()
    r.voir(page, "echeancier")
    unique = Echeance.objects.get(convention=r.convention)
    assert (unique.montant, unique.prevue_le, unique.etat) == (Decimal("50000.00"), None, Etat.PREVU)
    page.get_by_role("link", name=unique.reference).click()
    r.voir.photo(page, "echeance-sans-date")
    page.get_by_role("link", name="Découper").click()
    for rang, (le, montant) in enumerate(((DEBUT, "25 000"), (postes.jour(335), "24 000")), start=1):
        page.get_by_label(f"Part {rang} : date").fill(le.isoformat())
        page.get_by_label(f"Part {rang} : montant").fill(montant)
    page.get_by_role("main").get_by_role("button", name="Découper").click()
    expect(page.get_by_role("alert")).to_be_visible()
    r.voir(page, "decoupage-faux")
    page.get_by_label("Part 2 : montant").fill("25 000,00")
    page.get_by_role("main").get_by_role("button", name="Découper").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("25 000,00 €")
    r.voir.photo(page, "echeance-decoupee")
    assert actes_de(unique) == ["decouper_echeance"]
    # Le travail de fond, qui passe toutes les dix minutes.
    etablir()
    unique.refresh_from_db()
    assert unique.etat == Etat.A_VERSER
    r.telephone.goto(r.lien("versements:mes_versements", r.membre))
    r.voir.photo(r.telephone, "mes-versements")


def mettre_en_lot(r: Recit) -> Lot:
    """L'une prépare, l'autre approuve en présentant son second facteur ; le fichier est conforme au schéma publié."""
    page, autre = r.bureau, r.second_bureau
    page.goto(r.lien("versements:echeances", r.agente))
    r.voir(page, "a-verser")
    page.get_by_role("link", name="Préparer un lot").click()
    page.get_by_label("Date d'exécution").fill(ouvrable().isoformat())
    r.voir(page, "preparer-un-lot")
    page.get_by_role("button", name="Préparer le lot").click()
    lot = Lot.objects.get()
    expect(page.get_by_role("heading", level=1)).to_contain_text(lot.reference)
    r.voir(page, "lot-en-preparation")
    page.get_by_role("button", name="Présenter à l’approbation").dblclick()
    expect(page.get_by_text("Vous l’avez préparé")).to_be_visible()
    assert page.get_by_role("button", name="Approuver ce lot").count() == 0

    vieillir_le_facteur(autre)
    autre.goto(r.lien("versements:lots", r.seconde_agente))
    r.voir.photo(autre, "lots")
    autre.get_by_role("link", name=lot.reference).click()
    r.voir(autre, "lot-a-approuver")
    autre.get_by_role("button", name="Approuver ce lot").click()
    autre.wait_for_url(re.compile("second-facteur/verifier"))
    r.voir.photo(autre, "presenter-son-application")
    autre.get_by_label("Code de l'application").fill(code_d_application(r.secret_de_la_seconde))
    autre.get_by_role("button", name="Continuer").click()
    autre.wait_for_url(re.compile(r.lien("versements:lot", r.seconde_agente, lot.pk)))
    autre.get_by_role("button", name="Approuver ce lot").dblclick()
    expect(autre.get_by_role("main")).to_contain_text("Produisez le fichier de virements")
    r.voir.photo(autre, "lot-approuve")
    lot.refresh_from_db()
    assert (lot.prepare_par, lot.approuve_par) == (r.agente.utilisateur, r.seconde_agente.utilisateur)
    autre.get_by_role("button", name="Produire le fichier de virements").dblclick()
    expect(autre.get_by_role("button", name="Télécharger le fichier")).to_be_visible()
    r.voir(autre, "lot-remis")
    lot.refresh_from_db()
    assert lot.etat == EtatLot.EXPORTE
    assert actes_de(lot) == ["preparer_lot", "soumettre_lot", "approuver_lot", "exporter_lot"]
    r.fermee_aux_autres("versements:lot", lot.pk, structure=403)
    return lot


def payer(r: Recit, lot: Lot) -> None:
    """Le fichier se télécharge, deux fois le même ; le retour de la banque, fait de ses références, constate."""
    page = r.second_bureau
    bouton = page.get_by_role("button", name="Télécharger le fichier")
    (nom, octets), (_, encore) = telecharger(page, bouton.click), telecharger(page, bouton.click)
    assert nom == f"{lot.reference}.xml"
    assert octets == encore
    xmlschema.XMLSchema(str(SCHEMA)).validate(octets.decode())
    arbre = ElementTree.fromstring(octets)
    references = [n.text or "" for n in arbre.iterfind(".//p:EndToEndId", ESPACE)]
    assert [n.text for n in arbre.iterfind(".//p:CdtrAcct//p:IBAN", ESPACE)] == [IBAN]
    assert arbre.findtext(".//p:CtrlSum", namespaces=ESPACE) == "25000.00"

    retour = pain002(*((x, "ACSC", "25000.00", "") for x in references), lot=lot.reference)
    page = r.bureau
    page.goto(r.lien("versements:lot", r.agente, lot.pk))
    page.get_by_role("link", name="Importer le retour de la banque").click()
    r.voir(page, "deposer-le-retour")
    page.get_by_label("Fichier").set_input_files(
        {"name": "retour.xml", "mimeType": "application/xml", "buffer": retour}
    )
    page.get_by_role("button", name="Lire le fichier").click()
    expect(page.get_by_text("Rien n’est encore importé.")).to_be_visible()
    r.voir(page, "retour-lu")
    page.get_by_role("button", name="Importer tout le fichier").dblclick()
    expect(page.get_by_text("Importé le")).to_be_visible()
    r.voir.photo(page, "retour-importe")
    versee = LigneLot.objects.get(lot=lot).echeance
    assert versee.etat == Etat.VERSE
    assert versee.realisee_le is not None
    assert actes_de(versee)[-2:] == ["ordonnancer_echeance", "constater_versement"]
    # Le même fichier, déposé une seconde fois, ne change rien et le dit.
    page.get_by_role("navigation", name="vous êtes ici").get_by_role("link", name="Retours de la banque").click()
    r.voir.photo(page, "retours")
    page.get_by_role("link", name="Déposer un fichier de la banque").click()
    page.get_by_label("Fichier").set_input_files(
        {"name": "retour.xml", "mimeType": "application/xml", "buffer": retour}
    )
    page.get_by_role("button", name="Lire le fichier").click()
    expect(page.get_by_role("alert")).to_contain_text("déjà été importé")
    page.goto(r.lien("versements:echeance", r.agente, versee.pk))
    for phrase in versee.trace:
        expect(page.get_by_role("main")).to_contain_text(phrase)
    r.voir(page, "echeance-versee")
    r.telephone.goto(r.lien("versements:echeance", r.membre, versee.pk))
    r.voir(r.telephone, "echeance-versee")
    r.fermee_aux_autres("versements:echeance", versee.pk, prefecture=200)


def rompre(r: Recit) -> None:
    page = r.telephone
    page.goto(r.lien("postes:contrat", r.membre, r.contrat.pk))
    page.get_by_role("link", name="Notifier une rupture").click()
    page.get_by_label("Dernier jour du contrat").fill(DEPART.isoformat())
    page.locator("label", has_text="Démission").first.click()
    page.get_by_role("button", name="Notifier la rupture").click()
    for nature in ("lettre_demission", "dernier_bulletin", "certificat_travail", "attestation_france_travail"):
        page.get_by_role("link", name="Déposer une pièce").click()
        page.get_by_label("Nature du document").select_option(nature)
        page.get_by_label("Document", exact=False).last.set_input_files(
            {"name": f"{nature}.pdf", "mimeType": "application/pdf", "buffer": postes.pdf().read()}
        )
        page.get_by_role("button", name="Déposer").click()
        expect(page.get_by_text("La pièce est déposée")).to_be_visible()
    r.voir.photo(page, "rupture-notifiee")
    r.bureau.goto(r.lien("postes:contrat", r.agente, r.contrat.pk))
    r.bureau.get_by_role("button", name="Valider la rupture").click()
    expect(r.bureau.get_by_text("La rupture est validée")).to_be_visible()
    r.voir.photo(r.bureau, "rupture-validee")
    assert actes_de(r.contrat)[-1] == "valider_rupture"


def ouvrir_l_avenant(r: Recit) -> None:
    """Les faits demandent un avenant ; l'agente lit, ligne à ligne, ce qu'il change, puis l'envoie."""
    page = r.bureau
    page.goto(r.lien("conventions:avenants_a_ouvrir", r.agente))
    r.voir(page, "avenants-a-ouvrir")
    page.get_by_role("link", name="Ouvrir cet avenant").click()
    r.voir(page, "ouvrir-un-avenant")
    page.get_by_role("button", name="Calculer l’avenant").dblclick()
    expect(page.get_by_role("heading", name="Ce qui change")).to_be_visible()
    r.voir(page, "difference")
    # Vingt-huit jours vécus sur les deux ans financés.
    jours = (DEPART - DEBUT).days + 1
    deux_ans = (ajouter_mois(DEBUT, 24) - DEBUT).days
    du = (Decimal(50_000) * jours / deux_ans).quantize(Decimal("0.01"))
    assert abs(r.acte.total - du) <= Decimal("0.01")
    vacant = f"Vacant du {DEPART + UN_JOUR:%d/%m/%Y} au {ajouter_mois(DEBUT, 24) - UN_JOUR:%d/%m/%Y}"
    expect(page.get_by_role("main")).to_contain_text(f"{vacant}, {deux_ans - jours} jours")
    expect(page.get_by_role("main")).to_contain_text(euros(r.acte.total))
    page.get_by_role("button", name="Envoyer à la signature").dblclick()
    expect(page.get_by_role("main")).to_contain_text("À signer par la structure")
    assert actes_de(r.convention)[-2:] == ["ouvrir_avenant", "proposer_avenant"]
    r.fermee_aux_autres("conventions:avenant", r.convention.pk, 1, prefecture=200)
    r.fermee_aux_autres("conventions:signer", r.convention.pk, 1)


def signer_l_avenant(r: Recit) -> None:
    page = r.telephone
    vieillir_le_facteur(page)
    page.goto(r.lien("conventions:convention", r.membre, r.convention.pk))
    r.voir.photo(page, "avenant-a-signer")
    page.get_by_role("link", name="Lire et signer").click()
    expect(page.get_by_role("heading", name="Ce qui change")).to_be_visible()
    r.voir(page, "signer-l-avenant")
    page.get_by_text("J’ai lu le document").click()
    page.get_by_role("button", name="Signer", exact=True).click()
    page.get_by_label("Code de l'application").fill(r.code())
    page.get_by_role("button", name="Continuer").click()
    page.wait_for_url(re.compile("/signer/"))
    page.get_by_role("button", name="Signer", exact=True).dblclick()
    expect(page.get_by_role("heading", name="Votre signature est enregistrée")).to_be_visible()
    bureau = r.bureau
    bureau.goto(r.lien("conventions:signer", r.agente, r.convention.pk, 1))
    bureau.get_by_label("Votre qualité").fill("Cheffe de bureau")
    bureau.get_by_text("J’ai lu le document").click()
    bureau.get_by_role("button", name="Signer", exact=True).dblclick()
    expect(bureau.get_by_role("main")).to_contain_text("Ce document est signé des deux parties")
    r.voir.photo(bureau, "avenant-signe")
    assert Signature.objects.filter(acte=r.acte).count() == 2
    assert actes_de(r.convention)[-2:] == ["signer_avenant_pour_la_structure", "signer_avenant_pour_l_etat"]
    bureau.goto(r.lien("conventions:convention", r.agente, r.convention.pk))
    r.voir.photo(bureau, "convention-apres-avenant")


def rendre(r: Recit) -> None:
    """Ce qui a été versé en trop se demande avec son calcul ; la structure le lit, l'ANCT constate qu'il est rendu."""
    page = r.bureau
    page.get_by_role("link", name="Versements de cette convention").click()
    page.get_by_role("button", name="L’établir maintenant").click()
    expect(page.get_by_text("L’échéancier est établi.")).to_be_visible()
    r.voir(page, "echeancier-apres-avenant")
    demande = Echeance.objects.get(convention=r.convention, etat=Etat.REVERSEMENT_DEMANDE)
    assert demande.montant == Decimal("25000.00") - r.acte.total
    assert actes_de(demande) == ["demander_reversement"]
    assert Echeance.objects.filter(convention=r.convention, etat=Etat.ANNULE).count() == 1

    r.telephone.goto(r.lien("versements:mes_versements", r.membre))
    r.voir(r.telephone, "a-rendre")
    r.telephone.get_by_role("link", name=euros(demande.montant)).click()
    for phrase in demande.trace:
        expect(r.telephone.get_by_role("main")).to_contain_text(phrase)
    expect(r.telephone.get_by_role("main")).to_contain_text("Versé en trop, d'après l'avenant n° 1.")
    r.voir(r.telephone, "reversement-demande")
    assert Courriel.objects.filter(
        code="versements/reversement_demande", destinataire=r.membre.utilisateur.email
    ).exists()

    page.goto(r.lien("versements:echeance", r.agente, demande.pk))
    page.get_by_role("link", name="Constater le reversement").click()
    page.get_by_label("Date de réception").fill(postes.jour().isoformat())
    page.get_by_label("Référence du virement").fill("VIR REIMS 2026")
    r.voir(page, "constater-le-reversement")
    page.get_by_role("button", name="Constater", exact=True).dblclick()
    expect(page.get_by_role("main")).to_contain_text("Reversement reçu")
    r.voir.photo(page, "reversement-recu")
    assert actes_de(demande) == ["demander_reversement", "constater_reversement"]
    page.goto(r.lien("versements:convention", r.agente, r.convention.pk))
    r.voir.photo(page, "compte-solde")
    montants = budget.de_la_convention(r.convention)
    assert (montants.engage, montants.verse, montants.reste) == (r.acte.total, r.acte.total, Decimal(0))
