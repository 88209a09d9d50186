"""Vérifier un document, sans compte : ce qu'il est, s'il vaut toujours, et si un PDF est bien celui-là.

Une convention, un avenant ou une attestation de formation : un code, une page. Le nom est sur le document de qui l'a
reçu ; la page d'un acte donne la qualité des signataires, celle d'une attestation le prénom et une initiale, qui
suffisent à juger : l'adresse n'est pas un annuaire.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from conum.conventions.forms.verification import CodeForm, FichierForm, lire_code
from conum.conventions.models import Acte, Etape
from conum.conventions.states import Etat
from conum.formations.models import Attestation
from conum.socle import limites
from conum.socle.http import lecture, lecture_ecriture, publique

ESSAIS_PAR_HEURE = 60
TROP_DE_REQUETES = 429


@dataclass(frozen=True)
class Constat:
    """Ce que vaut un document aujourd'hui, en une phrase."""

    titre: str
    texte: str
    niveau: str


def _trop(request: HttpRequest) -> bool:
    """Un code se devine mal (60 bits) ; on ne laisse pas essayer pour autant."""
    ip = get_adapter(request).get_client_ip(request)
    return limites.depasse(f"verifier:{ip}", maximum=ESSAIS_PAR_HEURE, duree=timedelta(hours=1))


def _refus(request: HttpRequest) -> HttpResponse:
    return render(request, "conventions/verification/trop.html", {"maximum": ESSAIS_PAR_HEURE}, status=TROP_DE_REQUETES)


@publique
@lecture
def verifier(request: HttpRequest) -> HttpResponse:
    """Le code imprimé sur le document mène à sa page."""
    form = CodeForm(request.GET) if "code" in request.GET else CodeForm()
    if form.is_bound and form.is_valid():
        return redirect("conventions:verifier_acte", form.cleaned_data["code"])
    return render(request, "conventions/verification/chercher.html", {"form": form, "inconnu": ""})


def _suivant(acte: Acte) -> Acte | None:
    """L'avenant signé qui a remplacé les montants de cet acte."""
    suivants = Acte.objects.signes().filter(convention=acte.convention, numero__gt=acte.numero)
    return suivants.select_related("convention").order_by("-numero").first()


def constat(acte: Acte) -> Constat:
    """Retiré, pas encore signé, arrêté, remplacé ou en vigueur."""
    convention, etape = acte.convention, acte.etape
    if etape == Etape.RETIRE:
        return Constat("Document retiré", f"Retiré le {acte.retire_le:%d/%m/%Y}, il ne vaut plus rien.", "error")
    if etape != Etape.SIGNE:
        qui = "la structure" if etape == Etape.A_SIGNER_STRUCTURE else "l’État"
        return Constat(
            "Document pas encore signé", f"Il attend la signature de {qui} : il n’engage personne.", "warning"
        )
    if convention.etat == Etat.RESILIEE:
        texte = f"La convention est résiliée. Dernier jour : {convention.dernier_jour:%d/%m/%Y}."
        return Constat("Convention résiliée", texte, "error")
    if suivant := _suivant(acte):
        avenant = f"l’avenant n° {suivant.numero} ({suivant.reference})"
        texte = f"Signé des deux parties, puis modifié par {avenant}, qui fixe les montants."
        return Constat("Document modifié par un avenant", texte, "info")
    if convention.etat == Etat.TERMINEE:
        return Constat("Convention terminée", f"Elle s’est achevée le {convention.dernier_jour:%d/%m/%Y}.", "info")
    return Constat("Document en vigueur", "Signé des deux parties, il vaut aujourd’hui.", "success")


def _trouver(code: str) -> Acte | None:
    """Le document de ce code, s'il a été envoyé à la signature."""
    if not (lu := lire_code(code)):
        return None
    actes = Acte.objects.filter(code=lu).exclude(sha256="")
    return actes.select_related("convention__structure", "convention__departement").first()


def _trouver_attestation(code: str) -> Attestation | None:
    if not (lu := lire_code(code)):
        return None
    return Attestation.objects.filter(code=lu).select_related("inscription__personne").first()


def constat_attestation(attestation: Attestation) -> Constat:
    """Annulée, ou valable."""
    if attestation.efface_le is not None:
        le = timezone.localdate(attestation.efface_le)
        texte = f"Le document a été effacé de nos fichiers le {le:%d/%m/%Y}. Un exemplaire gardé se compare encore."
        return Constat("Document effacé", texte, "info")
    if attestation.annulee_le is not None:
        le = timezone.localdate(attestation.annulee_le)
        return Constat("Attestation annulée", f"Annulée le {le:%d/%m/%Y}, elle ne vaut plus rien.", "error")
    return Constat("Attestation valable", "Elle a été délivrée par l’organisme et vaut aujourd’hui.", "success")


def _comparer(document: Acte | Attestation, form: FichierForm) -> dict[str, Any]:
    fichier = form.cleaned_data["fichier"]
    empreinte = hashlib.sha256()
    for morceau in fichier.chunks():
        empreinte.update(morceau)
    lue = empreinte.hexdigest()
    return {"nom": fichier.name, "sha256": lue, "identique": lue == document.sha256}


def _comparaison(request: HttpRequest, document: Acte | Attestation) -> dict[str, Any]:
    form = FichierForm(request.POST, request.FILES) if request.method == "POST" else FichierForm()
    faite = form.is_bound and form.is_valid()
    return {"form": form, "comparaison": _comparer(document, form) if faite else None}


@publique
@lecture_ecriture
def verifier_acte(request: HttpRequest, code: str) -> HttpResponse:
    """L'état d'un document ; en POST, la comparaison d'un fichier, qui n'est pas gardé."""
    if _trop(request):
        return _refus(request)
    if (acte := _trouver(code)) is not None:
        contexte = {
            "acte": acte,
            "convention": acte.convention,
            "constat": constat(acte),
            "signatures": acte.signatures.order_by("signee_le", "pk"),
            **_comparaison(request, acte),
        }
        return render(request, "conventions/verification/acte.html", contexte)
    if (attestation := _trouver_attestation(code)) is not None:
        return _page_attestation(request, attestation)
    contexte = {"form": CodeForm(initial={"code": code[:40]}), "inconnu": code[:40]}
    return render(request, "conventions/verification/chercher.html", contexte, status=404)


def _page_attestation(request: HttpRequest, attestation: Attestation) -> HttpResponse:
    imprime, personne = attestation.donnees.get("document"), attestation.inscription.personne
    initiale = f"{personne.nom[:1].upper()}." if personne.nom else ""
    contexte = {
        "attestation": attestation,
        "imprime": imprime,
        "titulaire": f"{personne.prenom} {initiale}".strip() or "Effacée",
        "constat": constat_attestation(attestation),
        **_comparaison(request, attestation),
    }
    return render(request, "conventions/verification/attestation.html", contexte)
