"""Membres, invitations, demandes à rejoindre, contact principal."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from conum.comptes.middleware import role_de
from conum.comptes.models import TypeRole
from conum.journal.workflow import TransitionImpossible
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.structures import access, actions
from conum.structures.forms import ContactForm, InvitationForm, MembreForm, RefusForm
from conum.structures.states import EtatRattachement
from conum.ui.forms import reporter

_ADMIS = (TypeRole.ANCT, TypeRole.PREFECTURE, TypeRole.STRUCTURE)


@role_requis(*_ADMIS)
@lecture_ecriture
def inviter(request: HttpRequest, pk: int) -> HttpResponse:
    role = role_de(request)
    structure = access.get_structure_geree_ou_404(role, pk)
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.inviter_membre(structure, email=form.cleaned_data["email"], par=role)
        except (ValidationError, TransitionImpossible) as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, f"L'invitation est envoyée à {form.cleaned_data['email']}.")
            return redirect("structures:fiche", role.pk, structure.pk)
    return render(request, "structures/inviter.html", {"form": form, "structure": structure})


@role_requis(*_ADMIS)
@ecriture
def renvoyer_invitation(request: HttpRequest, pk: int, invitation_pk: int) -> HttpResponse:
    role = role_de(request)
    structure = access.get_structure_geree_ou_404(role, pk)
    invitation = next((i for i in actions.invitations_ouvertes(structure) if i.pk == invitation_pk), None)
    if invitation is None:
        raise Http404("Invitation inconnue.")
    actions.inviter_membre(structure, email=invitation.email, par=role)
    messages.success(request, f"L'invitation est renvoyée à {invitation.email} ; le lien précédent ne sert plus.")
    return redirect("structures:fiche", role.pk, structure.pk)


@role_requis(*_ADMIS)
@ecriture
def annuler_invitation(request: HttpRequest, pk: int, invitation_pk: int) -> HttpResponse:
    role = role_de(request)
    structure = access.get_structure_geree_ou_404(role, pk)
    try:
        actions.annuler_invitation(structure, invitation_pk, par=role)
        messages.success(request, "L'invitation est annulée.")
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
    return redirect("structures:fiche", role.pk, structure.pk)


@role_requis(*_ADMIS)
@lecture_ecriture
def modifier(request: HttpRequest, pk: int, membre_pk: int) -> HttpResponse:
    role = role_de(request)
    structure = access.get_structure_geree_ou_404(role, pk)
    membre = access.get_membre_ou_404(role, structure, membre_pk)
    initial = {"fonction": membre.fonction, "telephone": membre.telephone}
    form = MembreForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        actions.modifier_membre(membre, **form.cleaned_data, par=role)
        messages.success(request, "Les coordonnées sont modifiées.")
        return redirect("structures:fiche", role.pk, structure.pk)
    return render(request, "structures/membre.html", {"form": form, "structure": structure, "membre": membre})


@role_requis(*_ADMIS)
@lecture_ecriture
def retirer(request: HttpRequest, pk: int, membre_pk: int) -> HttpResponse:
    role = role_de(request)
    structure = access.get_structure_geree_ou_404(role, pk)
    membre = access.get_membre_ou_404(role, structure, membre_pk)
    if request.method == "POST":
        soi_meme = membre.role_id == role.pk
        try:
            actions.retirer_membre(membre, par=role)
        except TransitionImpossible as erreur:
            messages.error(request, str(erreur))
            return redirect("structures:fiche", role.pk, structure.pk)
        messages.success(request, f"{membre} n'est plus membre de {structure.nom}.")
        return redirect("portail:tableau_de_bord") if soi_meme else redirect("structures:fiche", role.pk, structure.pk)
    return render(request, "structures/retirer.html", {"structure": structure, "membre": membre})


@role_requis(*_ADMIS)
@lecture_ecriture
def contact(request: HttpRequest, pk: int) -> HttpResponse:
    role = role_de(request)
    structure = access.get_structure_geree_ou_404(role, pk)
    par_un_agent = access.est_agent_de(role, structure)
    form = ContactForm(request.POST or None, structure=structure, par_un_agent=par_un_agent)
    if request.method == "POST" and form.is_valid():
        try:
            actions.proposer_contact_principal(
                structure,
                form.cleaned_data["entrant"],
                par=role,
                sortant_injoignable=form.cleaned_data.get("sortant_injoignable", ""),
            )
        except (ValidationError, TransitionImpossible) as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, "Un courriel est parti : le changement aura lieu une fois confirmé.")
            return redirect("structures:fiche", role.pk, structure.pk)
    return render(request, "structures/contact.html", {"form": form, "structure": structure})


@role_requis(*_ADMIS)
@ecriture
def annuler_contact(request: HttpRequest, pk: int) -> HttpResponse:
    role = role_de(request)
    structure = access.get_structure_geree_ou_404(role, pk)
    changement = actions.changement_en_attente(structure)
    try:
        if changement is None:
            raise TransitionImpossible("Aucun changement de contact principal n'est en attente.")
        actions.annuler_changement(changement, par=role)
        messages.success(request, "Le changement de contact principal est annulé.")
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
    return redirect("structures:fiche", role.pk, structure.pk)


@role_requis(*_ADMIS)
@lecture
def rattachement(request: HttpRequest, pk: int) -> HttpResponse:
    demande = access.get_demande_ou_404(role_de(request), pk)
    ouverte = demande.etat == EtatRattachement.DEPOSEE
    return render(
        request, "structures/rattachement.html", {"demande": demande, "ouverte": ouverte, "form": RefusForm()}
    )


@role_requis(*_ADMIS)
@ecriture
def accepter(request: HttpRequest, pk: int) -> HttpResponse:
    role = role_de(request)
    demande = access.get_demande_ou_404(role, pk)
    try:
        membre = actions.accepter_rattachement(demande, par=role)
        messages.success(request, f"{membre} est maintenant membre de {demande.structure.nom}.")
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
    return redirect("structures:fiche", role.pk, demande.structure_id)


@role_requis(*_ADMIS)
@ecriture
def refuser(request: HttpRequest, pk: int) -> HttpResponse:
    role = role_de(request)
    demande = access.get_demande_ou_404(role, pk)
    form = RefusForm(request.POST)
    if form.is_valid():
        try:
            actions.refuser_rattachement(demande, motif=form.cleaned_data["motif"], par=role)
            messages.success(request, "La demande est refusée ; la personne est prévenue.")
            return redirect("structures:fiche", role.pk, demande.structure_id)
        except (ValidationError, TransitionImpossible) as erreur:
            reporter(form, erreur)
    ouverte = demande.etat == EtatRattachement.DEPOSEE
    return render(request, "structures/rattachement.html", {"demande": demande, "ouverte": ouverte, "form": form})
