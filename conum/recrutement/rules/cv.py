"""Un CV déposé est-il un vrai PDF, sans rien qui s'exécute ? Un recruteur l'ouvrira sur le poste de sa mairie."""

from conum.recrutement.rules.profil import CV_PAGES_MAX
from conum.socle import fichiers


def refus_du_pdf(contenu: bytes) -> str:
    """La phrase qui refuse ce fichier, vide si c'est un PDF lisible et inerte."""
    if contenu and len(contenu) <= fichiers.TAILLE_MAX and not contenu.startswith(fichiers.PDF.debut):
        return "Ce fichier n'est pas un PDF. Depuis un traitement de texte, choisissez « Exporter en PDF »."
    try:
        fichiers.examiner(contenu, admis=(fichiers.PDF,), pages_max=CV_PAGES_MAX)
    except fichiers.FichierRefuse as refus:
        return str(refus)
    return ""
