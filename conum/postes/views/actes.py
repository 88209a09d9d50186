"""Les actes sur un contrat, une page ou un bouton chacun."""

from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from conum.comptes.middleware import role_de
from conum.comptes.models import TypeRole
from conum.postes import actions
from conum.postes.access import (
    EMPLOYEURS,
    LECTEURS,
    get_contrat_demandable_ou_404,
    get_contrat_ou_404,
    get_piece_ou_404,
    get_prolongation_ou_404,
)
from conum.postes.forms import contrats as forms
from conum.postes.rules import contrat as regles
from conum.postes.states import Etat
from conum.postes.views import commun
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis


@role_requis(*EMPLOYEURS)
@lecture_ecriture
def corriger(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Corriger un contrat à valider ; pour l'ANCT, rectifier un contrat validé."""
    role = role_de(request)
    contrat = get_contrat_demandable_ou_404(role, pk)
    rectifie = role.type == TypeRole.ANCT and contrat.etat != Etat.A_VALIDER
    classe = forms.RectificationForm if rectifie else forms.ContratForm
    acte = actions.rectifier_contrat if rectifie else actions.corriger_contrat
    form = classe(request.POST or None, initial=forms.ContratForm.initial_de(contrat))
    return commun.page_formulaire(
        request,
        form,
        lambda lues: acte(contrat, par=role, **lues),
        textes={
            "titre": f"{'Rectifier' if rectifie else 'Corriger'} le contrat {contrat.reference}",
            "intro": f"{contrat.personne.get_full_name()}, poste {contrat.poste.reference}.",
            "bouton": "Enregistrer",
            "fait": "Le contrat est rectifié. La structure est prévenue." if rectifie else "Le contrat est corrigé.",
        },
        retour=commun.lien_contrat(role, pk),
        objet=contrat,
    )


@role_requis(*EMPLOYEURS)
@lecture_ecriture
def renouveler(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    contrat = get_contrat_demandable_ou_404(role, pk)
    initial = {
        "type": contrat.type,
        "debut": regles.lendemain(contrat.fin) if contrat.fin else None,
        "salaire": contrat.salaire,
    }
    form = forms.ContratForm(request.POST or None, initial=initial)
    return commun.page_formulaire(
        request,
        form,
        lambda lues: actions.renouveler_contrat(contrat, par=role, **lues),
        textes={
            "titre": f"Renouveler le contrat {contrat.reference}",
            "intro": f"{contrat.personne.get_full_name()}, poste {contrat.poste.reference}, {contrat.libelle_periode}.",
            "bouton": "Envoyer le renouvellement à l'ANCT",
            "fait": "Le renouvellement est transmis à l'ANCT pour validation.",
        },
        retour=commun.lien_contrat(role, pk),
        objet=contrat,
        suite=lambda nouveau: commun.lien_contrat(role, nouveau.pk),
    )


@role_requis(*EMPLOYEURS)
@lecture_ecriture
def prolonger(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    contrat = get_contrat_demandable_ou_404(role, pk)
    form = forms.ProlongationForm(request.POST or None, initial={"salaire": contrat.salaire})
    fin = f"{contrat.fin:%d/%m/%Y}" if contrat.fin else "sans terme"
    return commun.page_formulaire(
        request,
        form,
        lambda lues: actions.prolonger_contrat(contrat, par=role, **lues),
        textes={
            "titre": f"Prolonger le contrat {contrat.reference}",
            "intro": f"Fin actuelle : {fin}. Une nouvelle demande remplace celle qui attend.",
            "bouton": "Envoyer la demande à l'ANCT",
            "fait": "La prolongation est transmise à l'ANCT.",
        },
        retour=commun.lien_contrat(role, pk),
        objet=contrat,
    )


@role_requis(*EMPLOYEURS)
@lecture_ecriture
def notifier_rupture(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    contrat = get_contrat_demandable_ou_404(role, pk)
    form = forms.RuptureForm(request.POST or None)
    return commun.page_formulaire(
        request,
        form,
        lambda lues: actions.notifier_rupture(contrat, par=role, **lues),
        textes={
            "titre": f"Notifier la rupture du contrat {contrat.reference}",
            "intro": "Vous pourrez remplacer la personne dès le lendemain. Déposez ensuite les pièces.",
            "bouton": "Notifier la rupture",
            "fait": "La rupture est notifiée. Déposez maintenant les pièces qui la prouvent.",
        },
        retour=commun.lien_contrat(role, pk),
        objet=contrat,
    )


@role_requis(*EMPLOYEURS)
@lecture_ecriture
def completer(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    contrat = get_contrat_demandable_ou_404(role, pk)
    form = forms.PieceForm(request.POST or None, request.FILES or None)
    return commun.page_formulaire(
        request,
        form,
        lambda lues: actions.completer_rupture(contrat, par=role, **lues),
        textes={
            "titre": "Déposer une pièce",
            "intro": f"Rupture du contrat {contrat.reference} de {contrat.personne.get_full_name()}.",
            "bouton": "Déposer",
            "fait": "La pièce est déposée.",
        },
        retour=commun.lien_contrat(role, pk),
        objet=contrat,
    )


@role_requis(*LECTEURS)
@lecture
def piece(request: HttpRequest, pk: int, piece_pk: int) -> HttpResponseBase:
    """Le document tel qu'il a été déposé, toujours à télécharger : rien d'un tiers ne s'affiche dans nos pages."""
    contrat = get_contrat_ou_404(role_de(request), pk)
    lue = get_piece_ou_404(contrat, piece_pk)
    return FileResponse(lue.fichier.open(), as_attachment=True, filename=lue.nom, content_type=lue.type_mime)


def _bouton(request: HttpRequest, pk: int, acte: Any, fait: str) -> HttpResponseBase:
    role = role_de(request)
    contrat = get_contrat_ou_404(role, pk)
    return commun.acte_direct(request, lambda: acte(contrat, par=role), fait=fait, retour=commun.lien_contrat(role, pk))


@role_requis(TypeRole.ANCT)
@ecriture
def valider(request: HttpRequest, pk: int) -> HttpResponseBase:
    return _bouton(
        request, pk, actions.valider_contrat, "Le contrat est validé. La structure et la personne le savent."
    )


@role_requis(TypeRole.ANCT)
@ecriture
def valider_rupture(request: HttpRequest, pk: int) -> HttpResponseBase:
    return _bouton(request, pk, actions.valider_rupture, "La rupture est validée. Le poste est vacant.")


@role_requis(*EMPLOYEURS)
@ecriture
def annuler_rupture(request: HttpRequest, pk: int) -> HttpResponseBase:
    return _bouton(request, pk, actions.annuler_rupture, "La rupture est retirée : le contrat continue.")


@role_requis(*EMPLOYEURS)
@ecriture
def terminer(request: HttpRequest, pk: int) -> HttpResponseBase:
    return _bouton(request, pk, actions.terminer_contrat, "La fin du contrat est constatée.")


def _motive(request: HttpRequest, pk: int, acte: Any, textes: dict[str, str]) -> HttpResponseBase:
    role = role_de(request)
    contrat = get_contrat_ou_404(role, pk)
    intro = f"{contrat.reference}, {contrat.personne.get_full_name()}, {contrat.libelle_periode}."
    form = forms.MotifForm(request.POST or None)
    return commun.page_formulaire(
        request,
        form,
        lambda lues: acte(contrat, par=role, motif=lues["motif"]),
        textes={"intro": f"{intro} La structure reçoit ce motif.", **textes},
        retour=commun.lien_contrat(role, pk),
        objet=contrat,
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def refuser(request: HttpRequest, pk: int) -> HttpResponseBase:
    textes = {"titre": "Refuser le contrat", "bouton": "Refuser le contrat", "fait": "Le contrat est refusé."}
    return _motive(request, pk, actions.refuser_contrat, textes)


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def annuler(request: HttpRequest, pk: int) -> HttpResponseBase:
    textes = {"titre": "Annuler le contrat", "bouton": "Annuler le contrat", "fait": "Le contrat est annulé."}
    return _motive(request, pk, actions.annuler_contrat, textes)


@role_requis(TypeRole.ANCT)
@ecriture
def valider_prolongation(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    prolongation = get_prolongation_ou_404(role, get_contrat_ou_404(role, pk))
    return commun.acte_direct(
        request,
        lambda: actions.valider_prolongation(prolongation, par=role),
        fait="La prolongation est acceptée.",
        retour=commun.lien_contrat(role, pk),
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def refuser_prolongation(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    contrat = get_contrat_ou_404(role, pk)
    prolongation = contrat.prolongations.order_by("-pk").first()
    if prolongation is None:
        messages.error(request, "Aucune prolongation n'est demandée.")
        return redirect(commun.lien_contrat(role, pk))
    form = forms.MotifForm(request.POST or None)
    return commun.page_formulaire(
        request,
        form,
        lambda lues: actions.refuser_prolongation(prolongation, par=role, motif=lues["motif"]),
        textes={
            "titre": "Refuser la prolongation",
            "intro": f"{contrat.reference}, jusqu'au {prolongation.fin_demandee:%d/%m/%Y}. La structure lit le motif.",
            "bouton": "Refuser la prolongation",
            "fait": "La prolongation est refusée.",
        },
        retour=commun.lien_contrat(role, pk),
        objet=contrat,
    )
