"""Le parcours de l'argent, première moitié : du comité à la convention signée, relue et vérifiée."""

import hashlib
import re
from itertools import pairwise, zip_longest

from django.urls import reverse
from playwright.sync_api import Page, expect

from conum.comptes.models import Role
from conum.conventions.models import Signature
from conum.conventions.states import Etat, EtatPiece
from tests.comptes.aides import code_recu
from tests.comptes.fabriques import donner_application
from tests.parcours.aides_argent import actes_de, lire_pdf, telecharger, vieillir_le_facteur
from tests.parcours.conftest import ouvrir_session
from tests.parcours.recit_argent import COMITE, DEBUT, Recit
from tests.parcours.test_cle_d_acces import brancher_une_cle
from tests.postes import fabriques as postes


def _se_connecter_par_code(page: Page, role: Role) -> None:
    page.goto("/connexion/")
    page.get_by_label("Adresse électronique").fill(role.utilisateur.email)
    page.get_by_role("button", name="Recevoir un code").click()
    page.get_by_role("textbox", name="Code reçu par courriel").fill(code_recu(role.utilisateur.email))
    page.locator("#contenu").get_by_role("button", name="Se connecter").click()


def les_agentes_entrent(r: Recit) -> None:
    """L'une avec une clé d'accès qu'elle active à l'écran, l'autre avec son application."""
    brancher_une_cle(r.bureau)
    _se_connecter_par_code(r.bureau, r.agente)
    r.bureau.get_by_role("link", name="Ajouter une clé d’accès").click()
    r.bureau.get_by_role("button", name="Ajouter cette clé").click()
    r.bureau.get_by_role("link", name="Je les ai notés, continuer").click()
    r.bureau.wait_for_url(re.compile(rf"/espace/{r.agente.pk}/$"))
    r.secret_de_la_seconde = donner_application(r.seconde_agente.utilisateur)
    ouvrir_session(r.second_bureau, r.seconde_agente)


def attribuer(r: Recit) -> None:
    """Le comité accorde le poste ; l'agente saisit son procès-verbal après coup."""
    page = r.bureau
    page.goto(f"/espace/{r.agente.pk}/comite/")
    page.get_by_label("Numéro").fill("66")
    page.get_by_label("Date de la session").fill(COMITE.isoformat())
    page.get_by_role("button", name="Créer").click()
    page.get_by_role("link", name="Compléter l’ordre du jour").click()
    page.locator("td label").click()
    page.get_by_role("button", name="Inscrire les demandes cochées").click()
    page.get_by_label("Décision", exact=True).select_option(label="Attribuer")
    page.get_by_label("Postes accordés").fill("1")
    page.get_by_role("button", name="Enregistrer les décisions").click()
    expect(page.get_by_role("main")).to_contain_text("1 poste")
    r.voir.photo(page, "comite")
    assert actes_de(r.structure)[-1] == "creer_postes"


def saisir_et_valider_le_contrat(r: Recit) -> None:
    telephone, bureau = r.telephone, r.bureau
    _se_connecter_par_code(telephone, r.membre)
    telephone.goto(r.lien("postes:mes_postes", r.membre))
    telephone.get_by_role("link", name="Saisir un contrat").first.click()
    telephone.get_by_label("Prénom").fill("Zoé")
    telephone.get_by_label("Nom", exact=True).fill("Durand")
    telephone.get_by_label("Adresse électronique").fill("zoe@exemple.fr")
    telephone.locator("label", has_text="CDI").first.click()
    telephone.get_by_label("Début du contrat").fill(DEBUT.isoformat())
    telephone.get_by_label("Salaire").fill("2 100")
    telephone.get_by_role("button", name="Envoyer le contrat").click()
    expect(telephone.get_by_text("transmis à l'ANCT")).to_be_visible()
    r.voir(telephone, "contrat-a-valider")
    bureau.goto(r.lien("postes:contrats", r.agente))
    bureau.get_by_role("link", name=r.contrat.reference).click()
    bureau.get_by_role("button", name="Valider le contrat").click()
    expect(bureau.get_by_text("Le contrat est validé")).to_be_visible()
    r.voir.photo(bureau, "contrat-valide")
    assert actes_de(r.contrat) == ["saisir_contrat", "valider_contrat"]
    r.fermee_aux_autres("postes:notifier_rupture", r.contrat.pk)


def preparer_la_convention(r: Recit) -> None:
    page = r.bureau
    page.goto(r.lien("conventions:a_preparer", r.agente))
    r.voir.photo(page, "conventions-a-preparer")
    page.get_by_role("main").get_by_role("link", name="Commune de Reims").first.click()
    r.voir(page, "preparer")
    page.get_by_role("button", name="Calculer le montant").click()
    expect(page.get_by_role("heading", name="Montant de l’aide : 50 000,00 €")).to_be_visible()
    r.voir(page, "apercu")
    page.get_by_role("button", name="Enregistrer le brouillon").click()
    expect(page.get_by_text("Le brouillon est enregistré")).to_be_visible()
    page.get_by_text("comment c’est calculé").click()
    for phrase in r.acte.donnees["calcul"][0]["trace"]:
        expect(page.get_by_text(phrase)).to_be_visible()
    r.voir(page, "brouillon")
    assert actes_de(r.convention) == ["preparer_convention"]
    # Rien ne se signe avant que le dossier soit complet : le bouton n'y est pas, l'adresse le refuse.
    assert page.get_by_role("link", name="Envoyer à la signature").count() == 0
    page.goto(r.lien("conventions:proposer", r.agente, r.convention.pk))
    page.get_by_role("button", name="Envoyer à la signature").click()
    expect(page.get_by_role("alert")).to_contain_text("Pièces à valider avant de proposer la convention")
    r.voir(page, "proposer-trop-tot")


def reunir_les_pieces(r: Recit) -> None:
    """Quatre pièces pour une commune : photographiées depuis le téléphone, examinées au bureau."""
    pieces = list(r.convention.pieces.order_by("pk"))
    r.telephone.goto(r.lien("conventions:mes_conventions", r.membre))
    r.voir(r.telephone, "mes-conventions")
    r.telephone.get_by_role("link", name=r.convention.reference).first.click()
    r.voir(r.telephone, "convention-a-completer")
    r.telephone.get_by_role("link", name=pieces[0].get_type_display()).click()
    for piece, suivante in zip_longest(pieces, pieces[1:]):
        r.telephone.get_by_label("Fichier").set_input_files(
            {"name": f"{piece.type}.pdf", "mimeType": "application/pdf", "buffer": postes.pdf().read()}
        )
        r.telephone.get_by_role("button", name="Déposer ce fichier").click()
        expect(r.telephone.get_by_text("Le fichier est déposé.")).to_be_visible()
        if suivante:
            r.telephone.get_by_role("link", name=f"Pièce suivante : {suivante.get_type_display()}").click()
    r.voir(r.telephone, "piece-deposee")
    for nom in ("conventions:piece", "conventions:piece_fichier"):
        r.fermee_aux_autres(nom, pieces[0].pk)
    r.bureau.goto(r.lien("conventions:pieces", r.agente))
    r.voir.photo(r.bureau, "pieces-a-examiner")
    r.bureau.get_by_role("link", name=pieces[0].get_type_display()).first.click()
    for suivante in [*pieces[1:], None]:
        r.bureau.get_by_role("button", name="Valider la pièce").click()
        expect(r.bureau.get_by_text("La pièce est validée.")).to_be_visible()
        if suivante:
            r.bureau.get_by_role("link", name=f"Pièce suivante : {suivante.get_type_display()}").click()
    r.voir.photo(r.bureau, "piece-validee")
    assert {p.etat for p in r.convention.pieces.all()} == {EtatPiece.VALIDEE}
    assert actes_de(pieces[0])[-2:] == ["deposer_piece", "valider_piece"]


def proposer(r: Recit) -> None:
    r.bureau.get_by_role("link", name=f"Revenir à la convention {r.convention.reference}").click()
    r.bureau.get_by_role("link", name="Envoyer à la signature").click()
    r.voir(r.bureau, "proposer")
    r.bureau.get_by_role("button", name="Envoyer à la signature").dblclick()
    expect(r.bureau.get_by_role("main")).to_contain_text("À signer par la structure")
    r.voir.photo(r.bureau, "a-signer")
    assert actes_de(r.convention).count("proposer_convention") == 1
    r.fermee_aux_autres("conventions:signer", r.convention.pk, 0)


def signer_pour_la_structure(r: Recit) -> None:
    """Sur son téléphone, sans second facteur encore : elle l'active à l'instant, et revient signer."""
    page = r.telephone
    page.goto(r.lien("conventions:convention", r.membre, r.convention.pk))
    page.get_by_role("link", name="Lire et signer").click()
    r.voir(page, "signer-sans-facteur")
    expect(page.get_by_label("Votre qualité")).to_have_value("Maire")
    page.get_by_text("J’ai lu le document").click()
    page.get_by_role("button", name="Signer", exact=True).click()
    page.wait_for_url(re.compile("second-facteur"))
    r.voir.photo(page, "second-facteur")
    page.get_by_role("link", name="Activer une application").click()
    r.secret = page.locator("#contenu code").inner_text().replace(" ", "")
    r.voir.photo(page, "activer-une-application")
    page.get_by_label("Code affiché par l'application").fill(r.code())
    page.get_by_role("button", name="Activer").click()
    page.get_by_role("link", name="Je les ai notés, continuer").click()
    page.wait_for_url(re.compile("/signer/"))
    expect(page.get_by_label("J’ai lu")).to_be_checked()
    r.voir.photo(page, "signer-avec-facteur")
    page.get_by_role("button", name="Signer", exact=True).dblclick()
    expect(page.get_by_role("heading", name="Votre signature est enregistrée")).to_be_visible()
    r.voir(page, "signe-par-la-structure")
    # Revenir en arrière ne montre plus de bouton, et ne signe pas deux fois.
    page.go_back()
    expect(page.get_by_role("main")).to_contain_text("Votre signature est enregistrée")
    signature = Signature.objects.get(acte=r.acte)
    assert (signature.nom, signature.qualite, signature.second_facteur) == ("Lina Haddad", "Maire", "totp")
    assert signature.sha256 == r.acte.sha256
    assert actes_de(r.convention)[-1] == "signer_pour_la_structure"


def signer_pour_l_etat(r: Recit) -> None:
    """La clé d'accès de l'agente répond ; l'application sait que la session n'est plus toute fraîche."""
    page = r.bureau
    vieillir_le_facteur(page)
    page.goto(r.lien("conventions:signer", r.agente, r.convention.pk, 0))
    page.get_by_label("Votre qualité").fill("Cheffe de bureau")
    page.get_by_text("J’ai lu le document").click()
    page.get_by_role("button", name="Signer", exact=True).click()
    page.wait_for_url(re.compile("second-facteur/verifier"))
    r.voir(page, "presenter-sa-cle")
    page.get_by_role("button", name="Utiliser ma clé d’accès").click()
    page.wait_for_url(re.compile("/signer/"))
    expect(page.get_by_label("Votre qualité")).to_have_value("Cheffe de bureau")
    page.get_by_role("button", name="Signer", exact=True).dblclick()
    expect(page.get_by_role("main")).to_contain_text("Ce document est signé des deux parties")
    r.voir(page, "signe-par-l-etat")
    assert r.convention.etat == Etat.ACTIVE
    assert list(r.acte.signatures.order_by("pk").values_list("second_facteur", flat=True)) == ["totp", "webauthn"]
    assert actes_de(r.convention)[-2:] == ["signer_pour_la_structure", "signer_pour_l_etat"]
    page.go_back()
    expect(page.get_by_role("main")).to_contain_text("Ce document est signé des deux parties")
    page.goto(r.lien("conventions:convention", r.agente, r.convention.pk))
    expect(page.get_by_role("main")).to_contain_text("Signée par l’État")
    r.voir(page, "convention-active")
    r.telephone.goto(r.lien("conventions:convention", r.membre, r.convention.pk))
    r.voir(r.telephone, "convention-active")
    r.fermee_aux_autres("conventions:convention", r.convention.pk, prefecture=200)


def ouvrir_le_document(r: Recit) -> bytes:
    """Le PDF signé : balisé, en français, avec ses polices, et qui se lit dans l'ordre."""
    r.telephone.goto(r.lien("conventions:convention", r.membre, r.convention.pk))
    nom, octets = telecharger(
        r.telephone, r.telephone.get_by_role("link", name=f"{r.convention.reference} (PDF)").click
    )
    assert nom == f"{r.convention.reference}.pdf"
    assert hashlib.sha256(octets).hexdigest() == r.acte.sha256
    pdf = lire_pdf(octets)
    assert pdf.balise
    assert pdf.langue.startswith("fr")
    assert r.convention.reference in pdf.titre
    assert pdf.polices
    assert not pdf.polices_absentes
    niveaux = [niveau for niveau, _ in pdf.titres]
    assert niveaux.count(1) == 1
    assert niveaux[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(niveaux)), niveaux
    articles = [texte for _, texte in pdf.titres if texte.startswith("Article")]
    assert len(articles) > 3
    numeros = [int(re.search(r"\d+", texte).group()) for texte in articles]  # type: ignore[union-attr]
    assert numeros == sorted(numeros)
    return octets


def verifier_en_public(r: Recit, document: bytes) -> None:
    """N'importe qui, sur un téléphone, avec le code imprimé ; puis en déposant le fichier, le bon et un autre."""
    page = r.passant
    page.goto(reverse("conventions:verifier"))
    r.voir.photo(page, "verifier")
    page.get_by_label("Code de vérification").fill(r.acte.code_lisible.lower())
    page.get_by_role("button", name="Vérifier", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(r.convention.reference)
    r.voir(page, "document-authentique")
    assert "Haddad" not in page.content()
    for octets, phrase in ((document, "Fichier identique"), (document + b"\n", "Fichier différent")):
        page.get_by_label("Le PDF à comparer").set_input_files(
            {"name": "recu.pdf", "mimeType": "application/pdf", "buffer": octets}
        )
        page.get_by_role("button", name="Comparer", exact=True).click()
        expect(page.get_by_role("heading", name=phrase)).to_be_visible()
        r.voir(page, "comparer")
