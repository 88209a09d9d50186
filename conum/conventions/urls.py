from django.urls import path

from conum.conventions.views import (
    avenants,
    convention,
    documents,
    fin,
    liste,
    pieces,
    preparation,
    renouvellement,
    signature,
    simulateur,
    verification,
)

app_name = "conventions"
_ESPACE = "espace/<int:role_id>/"
_CONVENTION = f"{_ESPACE}conventions/<int:convention_id>/"
_PIECES = f"{_ESPACE}conventions/pieces/"
_PIECE = f"{_PIECES}<int:piece_id>/"
_ACTE = f"{_CONVENTION}actes/<int:numero>/"
_AVENANT = f"{_CONVENTION}avenants/<int:numero>/"
urlpatterns = [
    path("simulateur/", simulateur.simulateur, name="simulateur"),
    path("simulateur/pdf/", simulateur.simulateur_pdf, name="simulateur_pdf"),
    path("verifier/", verification.verifier, name="verifier"),
    path("verifier/<str:code>/", verification.verifier_acte, name="verifier_acte"),
    path(f"{_ESPACE}conventions/", liste.liste, name="liste"),
    path(f"{_ESPACE}conventions/a-preparer/", liste.a_preparer, name="a_preparer"),
    path(f"{_ESPACE}mes-conventions/", liste.mes_conventions, name="mes_conventions"),
    path(f"{_ESPACE}structures/<int:structure_id>/convention/nouvelle/", preparation.preparer, name="preparer"),
    path(_CONVENTION, convention.convention, name="convention"),
    path(f"{_CONVENTION}corriger/", preparation.corriger, name="corriger"),
    path(f"{_CONVENTION}proposer/", preparation.proposer, name="proposer"),
    path(f"{_CONVENTION}retirer/", preparation.retirer, name="retirer"),
    path(f"{_CONVENTION}annuler/", preparation.annuler, name="annuler"),
    path(f"{_CONVENTION}projet/", documents.projet, name="projet"),
    path(f"{_CONVENTION}actes/<int:numero>/document/", documents.document, name="document"),
    path(_PIECES, pieces.liste, name="pieces"),
    path(_PIECE, pieces.piece, name="piece"),
    path(f"{_PIECE}fichier/", pieces.fichier, name="piece_fichier"),
    path(f"{_PIECE}valider/", pieces.valider, name="valider_piece"),
    path(f"{_PIECE}refuser/", pieces.refuser, name="refuser_piece"),
    path(f"{_PIECE}exemplaire/", signature.verifier_exemplaire, name="verifier_exemplaire"),
    path(f"{_CONVENTION}pieces/demander/", pieces.demander, name="demander_piece"),
    path(f"{_ACTE}signer/", signature.signer, name="signer"),
    path(f"{_ACTE}exemplaire/", signature.exemplaire, name="exemplaire"),
    path(f"{_ESPACE}conventions/avenants/a-ouvrir/", avenants.a_ouvrir, name="avenants_a_ouvrir"),
    path(f"{_CONVENTION}avenants/ouvrir/", avenants.choisir, name="choisir_avenant"),
    path(f"{_CONVENTION}avenants/ouvrir/<slug:objet>/", avenants.ouvrir, name="ouvrir_avenant"),
    path(_AVENANT, avenants.avenant, name="avenant"),
    path(f"{_AVENANT}corriger/", avenants.corriger, name="corriger_avenant"),
    path(f"{_AVENANT}proposer/", avenants.proposer, name="proposer_avenant"),
    path(f"{_AVENANT}abandonner/", avenants.abandonner, name="abandonner_avenant"),
    path(f"{_CONVENTION}du/", fin.arrete, name="arrete"),
    path(f"{_CONVENTION}resilier/", fin.resilier, name="resilier"),
    path(f"{_ESPACE}conventions/a-renouveler/", renouvellement.a_renouveler, name="a_renouveler"),
    path(f"{_CONVENTION}renouveler/", renouvellement.renouveler, name="renouveler"),
    path(f"{_CONVENTION}ne-pas-renouveler/", renouvellement.decliner, name="decliner_renouvellement"),
    path(f"{_CONVENTION}ne-pas-renouveler/retirer/", renouvellement.rouvrir, name="rouvrir_renouvellement"),
]
