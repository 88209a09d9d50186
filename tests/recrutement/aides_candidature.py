"""Ce que partagent les tests du vivier : remplir le formulaire, fabriquer un PDF, lire un lien de courriel."""

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfWriter

from conum.courriels.models import Courriel
from conum.recrutement.access import porteur
from conum.recrutement.actions import candidature as actes
from conum.recrutement.actions.profil import Profil
from conum.recrutement.models import Candidat
from tests.recrutement.fabriques import commune

MOTIVATION = "J'aime transmettre, et j'anime déjà des ateliers dans mon quartier."
REPONSES: dict[str, dict[str, Any]] = {
    "situation": {"situations": ["en_recherche"], "nom_diplome": "", "experience": "oui"},
    "lieu": {"commune": "51454", "commune_texte": "Reims (51)", "mobilite_km": "20"},
    "quand": {"disponibilite": "mois", "disponible_le": ""},
    "vous": {"prenom": "Inès", "nom": "Moreau", "email": " Ines.Moreau@Exemple.fr ", "telephone": "06 12 34 56 78"},
    "motivation": {"motivation": MOTIVATION, "langues": ["ar"]},
}
EMAIL = "ines.moreau@exemple.fr"


def etape(nom: str) -> str:
    return reverse("recrutement:candidature_etape", args=[nom])


def remplir(client: Client, **changements: dict[str, Any]) -> Candidat:
    """Remplit les cinq étapes ; `vous={"email": …}` change des réponses."""
    commune()
    for nom, reponses in REPONSES.items():
        reponse = client.post(etape(nom), reponses | changements.get(nom, {}))
        assert reponse.status_code == 302, nom
    return Candidat.objects.get(pk=client.session["candidature"])


def envoyer(client: Client, **changements: dict[str, Any]) -> Candidat:
    candidat = remplir(client, **changements)
    reponse = client.post(etape("recapitulatif"))
    assert reponse.status_code == 302, reponse.content.decode()
    candidat.refresh_from_db()
    return candidat


def lien_du_courriel(code: str, destinataire: str = EMAIL) -> str:
    """Le chemin du lien personnel du dernier courriel de ce code."""
    courriel = Courriel.objects.filter(code=f"recrutement/{code}", destinataire=destinataire).order_by("pk").last()
    assert courriel is not None, code
    trouve = re.search(r"https?://[^/\s]+(/candidature/\S+)", courriel.texte)
    assert trouve is not None, courriel.texte
    return trouve[1]


def codes(destinataire: str = EMAIL) -> list[str]:
    recus = Courriel.objects.filter(destinataire=destinataire).order_by("pk")
    return [c.removeprefix("recrutement/") for c in recus.values_list("code", flat=True)]


def un_profil(**champs: Any) -> Profil:
    voulu: dict[str, Any] = {
        "prenom": "Inès", "nom": "Moreau", "telephone": "", "commune": commune(), "situations": ("en_recherche",),
        "nom_diplome": "", "experience": True, "mobilite_km": 20, "territoires": (), "motivation": MOTIVATION,
        "disponible_le": timezone.localdate() + timedelta(days=10), "langues": (),
    }  # fmt: skip
    return Profil(**(voulu | champs))


def envoyee(email: str = EMAIL, **champs: Any) -> Candidat:
    """Une candidature envoyée par le formulaire, sans passer par les écrans."""
    candidat = actes.ouvrir_brouillon()
    return actes.soumettre(candidat, un_profil(**champs), email=email, par=porteur(candidat))


def pdf(preparer: Callable[[PdfWriter], object] | None = None, *, pages: int = 1, secret: str = "") -> bytes:
    """Un vrai PDF ; `preparer` y ajoute ce qu'on veut, `secret` le chiffre."""
    ecrivain = PdfWriter()
    for _ in range(pages):
        ecrivain.add_blank_page(595, 842)
    if preparer is not None:
        preparer(ecrivain)
    if secret:
        ecrivain.encrypt(secret)
    tampon = io.BytesIO()
    ecrivain.write(tampon)
    return tampon.getvalue()
