"""Joue la fin du récit par les vraies actions : pièces, document, signatures, compte bancaire, échéance, lot."""

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO

from django.core.files.base import ContentFile
from django.utils import timezone
from pypdf import PdfWriter

from conum.comptes.models import Role
from conum.comptes.rules import ajouter_mois
from conum.conventions.actions import preparer_convention, proposer_convention
from conum.conventions.actions.pieces import deposer_piece, valider_piece
from conum.conventions.actions.signature import signer_pour_l_etat, signer_pour_la_structure
from conum.conventions.models import Acte, Convention
from conum.journal.acteurs import SYSTEME
from conum.portail.demo import Personnage
from conum.portail.demo_conventions import ANCIENNE
from conum.postes.actions import creer_postes, saisir_contrat_par_adresse, valider_contrat
from conum.postes.models import Contrat, Poste, TypePoste
from conum.structures.actions import DonneesStructure, Personne
from conum.structures.actions.identite import creer_structure
from conum.structures.actions.membres import rattacher
from conum.structures.models import Structure
from conum.structures.rules import lire_identifiant
from conum.territoires.models import Commune
from conum.versements.actions.echeances import decouper_echeance, ouvrir_echeances_dues
from conum.versements.actions.echeanciers import etablir_echeancier
from conum.versements.actions.lots import preparer_lot, soumettre_lot
from conum.versements.actions.ribs import confirmer_rib, proposer_rib
from conum.versements.rules.virement import SAMEDI
from conum.versements.states import Etat

UN_JOUR = timedelta(days=1)
FACTEUR = "totp"


def _pdf(nom: str) -> ContentFile:
    """Une page blanche : le récit n'a pas de vrais papiers, mais de vrais fichiers."""
    sortie, document = BytesIO(), PdfWriter()
    document.add_blank_page(595, 842)
    document.add_metadata({"/Title": nom})
    document.write(sortie)
    return ContentFile(sortie.getvalue(), name=f"{nom}.pdf")


def conventionner(structure: Structure, poste: Poste, debut: date, *, anct: Role) -> Convention:
    """Le brouillon, les pièces déposées et validées, le document proposé à la signature."""
    fin = ajouter_mois(debut, 36) - UN_JOUR
    convention = preparer_convention(structure, postes=[poste], debut=debut, fin=fin, par=anct)
    membre = _contact(structure)
    for piece in convention.pieces.order_by("pk"):
        valider_piece(deposer_piece(piece, _pdf(piece.type), par=membre), par=anct)
    return proposer_convention(convention, par=anct)


def _contact(structure: Structure) -> Role:
    return structure.membres.get(contact_principal=True).role


def _signer(convention: Convention, *, anct: Role) -> Acte:
    acte = convention.actes.get(retire_le=None)
    membre = _contact(convention.structure)
    signer_pour_la_structure(
        acte, nom=membre.utilisateur.get_full_name(), qualite="Maire", sha256_lu=acte.sha256, second_facteur=FACTEUR,
        par=membre,
    )  # fmt: skip
    return signer_pour_l_etat(
        acte, nom=anct.utilisateur.get_full_name(), qualite="Responsable du conventionnement", sha256_lu=acte.sha256,
        second_facteur=FACTEUR, par=anct,
    )  # fmt: skip


def _installer(siret: str, *, anct: Role) -> Contrat:
    """La structure d'avant le récit, son poste et le contrat qui court."""
    commune = Commune.objects.get(pk=ANCIENNE.commune)
    donnees = DonneesStructure(
        identifiant=lire_identifiant(siret), denomination=ANCIENNE.nom, categorie=ANCIENNE.categorie, commune=commune,
        adresse="Place de l'Hôtel de ville", code_postal=commune.codes_postaux[0],
    )  # fmt: skip
    structure = creer_structure(donnees, par=SYSTEME)
    prenom, nom = ANCIENNE.contact
    email = Personnage(prenom, nom, ()).email
    rattacher(structure, Personne(email=email, prenom=prenom, nom=nom, fonction="Direction"), par=SYSTEME)
    debut = timezone.localdate() - timedelta(days=ANCIENNE.jours)
    (poste,) = creer_postes(structure, nombre=1, type_poste=TypePoste.CONSEILLER, debut=debut, par=SYSTEME)
    prenom, nom = ANCIENNE.conseillere
    contrat = saisir_contrat_par_adresse(
        poste, email=Personnage(prenom, nom, ()).email, prenom=prenom, nom=nom, type="cdd", debut=debut,
        fin=debut + timedelta(days=730), salaire=Decimal("2050"), par=SYSTEME,
    )  # fmt: skip
    return valider_contrat(contrat, par=anct)


def _verser(acte: Acte, *, anct: Role, second: Role) -> None:
    """Le compte, confirmé par une seconde personne ; la moitié de l'aide, dans un lot qui attend son approbation."""
    structure = acte.convention.structure
    rib = proposer_rib(structure, iban=ANCIENNE.iban, titulaire=ANCIENNE.nom, par=_contact(structure))
    confirmer_rib(rib, par=second)
    etablir_echeancier(acte, par=SYSTEME)
    echeance = acte.echeances.get()
    aujourdhui = timezone.localdate()
    moitie = (echeance.montant / 2).quantize(Decimal("0.01"))
    parts = [(aujourdhui, moitie), (aujourdhui + timedelta(days=365), echeance.montant - moitie)]
    decouper_echeance(echeance, parts=parts, par=anct)
    ouvrir_echeances_dues(aujourdhui)
    # La banque n'exécute rien le samedi ni le dimanche.
    ouvre = next(j for j in (aujourdhui + timedelta(days=n) for n in range(2, 5)) if j.weekday() < SAMEDI)
    due = acte.echeances.get(etat=Etat.A_VERSER)
    soumettre_lot(preparer_lot(execution_le=ouvre, echeances=[due.pk], par=anct), par=anct)


def conclure(recruteuse: Structure, siret: str, *, anct: Role, second: Role) -> None:
    """La structure du récit a sa convention à signer ; l'ancienne est signée, et son versement attend l'approbation."""
    contrat = Contrat.objects.select_related("poste").get(poste__rattachements__structure=recruteuse)
    conventionner(recruteuse, contrat.poste, contrat.debut, anct=anct)
    ancien = _installer(siret, anct=anct)
    structure = ancien.structure
    assert structure is not None
    _verser(
        _signer(conventionner(structure, ancien.poste, ancien.debut, anct=anct), anct=anct), anct=anct, second=second
    )
