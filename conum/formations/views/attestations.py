"""Les attestations : celles à délivrer, celles délivrées, le document."""

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations.access import FORMATEURS, LECTEURS, get_inscription_ou_404
from conum.formations.actions import attestations as actes
from conum.formations.actions.assiduite import assiduites
from conum.formations.forms.attestations import DelivranceForm
from conum.formations.forms.presence import MotifForm
from conum.formations.models import Attestation, Inscription
from conum.formations.rules.assiduite import en_heures
from conum.formations.views.pages import acte_direct, page_formulaire
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste


def _get_attestation_ou_404(role: Role, pk: int) -> Attestation:
    visibles = Inscription.objects.visibles_par(role).order_by().values("pk")
    lues = Attestation.objects.select_related("inscription__personne", "inscription__contrat")
    return get_object_or_404(lues, pk=pk, inscription__in=visibles)


def _liste(request: HttpRequest, role: Role) -> Liste:
    visibles = Inscription.objects.visibles_par(role).order_by().values("pk")
    delivrees = Attestation.objects.filter(inscription__in=visibles).select_related("inscription__personne")
    return Liste(
        request,
        delivrees,
        (
            Colonne("date", "Délivrée le", lambda a: a.delivree_le, tri="delivree_le"),
            Colonne(
                "personne", "Personne", lambda a: a.inscription.personne.get_full_name(),
                tri="inscription__personne__nom",
                lien=lambda a: reverse("formations:inscription", args=[role.pk, a.inscription_id]),
            ),
            Colonne("heures", "Heures", lambda a: en_heures(a.minutes), tri="minutes"),
            Colonne("code", "Code de vérification", lambda a: a.code_lisible,
                    lien=lambda a: reverse("conventions:verifier_acte", args=[a.code])),
            Colonne("etat", "État", lambda a: "Annulée" if a.annulee_le else "Valable", tri="annulee_le",
                    niveau=lambda a: "error" if a.annulee_le else "success"),
        ),
        tri_par_defaut="-date",
        nom_fichier="attestations",
    )  # fmt: skip


@role_requis(*FORMATEURS)
@lecture_ecriture
def attestations(request: HttpRequest) -> HttpResponseBase:
    """Ceux dont toutes les heures sont signées, à cocher pour délivrer ; puis les attestations délivrées."""
    role = role_de(request)
    liste = _liste(request, role)
    if request.method == "GET" and (fichier := liste.export()) is not None:
        return fichier
    a_delivrer = actes.a_delivrer(role)
    suivies = assiduites(a_delivrer)
    heures = {i.pk: en_heures(suivies[i.pk].faites) for i in a_delivrer}
    form = DelivranceForm(request.POST if request.method == "POST" else None, inscriptions=a_delivrer, heures=heures)
    if request.method == "POST" and form.is_valid():
        fait = actes.delivrer_plusieurs(form.choisies(), par=role)
        nombre = len(fait.delivrees)
        if nombre:
            s = "s" if nombre > 1 else ""
            messages.success(request, f"{nombre} attestation{s} délivrée{s}. Les personnes sont prévenues.")
        for inscription, raison in fait.refus:
            messages.error(request, f"{inscription.personne.get_full_name()} : {raison}")
        return redirect("formations:attestations", role.pk)
    contexte = {"a_delivrer": a_delivrer, "form": form, "liste": liste}
    return render(request, "formations/attestations/liste.html", contexte)


@role_requis(*FORMATEURS)
@ecriture
def delivrer(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    inscription = get_inscription_ou_404(role, pk)
    return acte_direct(
        request,
        lambda: actes.delivrer_attestation(inscription, par=role),
        fait="L’attestation est délivrée. La personne et la structure sont prévenues.",
        retour=reverse("formations:inscription", args=[role.pk, pk]),
    )


@role_requis(*LECTEURS, TypeRole.CONSEILLER)
@lecture
def document(request: HttpRequest, attestation_id: int) -> HttpResponseBase:
    """Le PDF tel qu'il a été figé, octet pour octet."""
    attestation = _get_attestation_ou_404(role_de(request), attestation_id)
    try:
        contenu = attestation.document.open()
    except FileNotFoundError as erreur:
        raise Http404("Ce document n’est plus au dépôt.") from erreur
    nom = f"attestation-{attestation.inscription.reference}.pdf"
    return FileResponse(contenu, as_attachment=True, filename=nom, content_type="application/pdf")


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def annuler(request: HttpRequest, attestation_id: int) -> HttpResponseBase:
    role = role_de(request)
    attestation = _get_attestation_ou_404(role, attestation_id)
    return page_formulaire(
        request,
        MotifForm(request.POST if request.method == "POST" else None),
        lambda saisi: actes.annuler_attestation(attestation, motif=saisi["motif"], par=role),
        textes={
            "titre": f"Annuler l’attestation de {attestation.inscription.personne.get_full_name()}",
            "intro": "La page de vérification dira qu’elle ne vaut plus rien. La formation sera de nouveau en cours.",
            "bouton": "Annuler l’attestation",
            "fait": "L’attestation est annulée. La personne, la structure et l’organisme sont prévenus.",
        },
        retour=reverse("formations:inscription", args=[role.pk, attestation.inscription_id]),
        nom_retour=attestation.inscription.reference,
    )
