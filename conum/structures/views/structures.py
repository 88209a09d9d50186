"""Liste, fiche, inscription et correction d'une structure."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import F, OuterRef, Subquery, Value
from django.db.models.functions import Concat, Trim
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.structures import access, actions
from conum.structures.forms import ConfirmationForm, CorrectionForm, NumeroForm, SaisieForm, StructuresFiltres
from conum.structures.models import NOM_TRI, Antenne, DemandeRattachement, Membre, Structure, StructureQuerySet
from conum.structures.states import EtatRattachement
from conum.ui.forms import reporter

_ADMIS_LISTE = (TypeRole.ANCT, TypeRole.PREFECTURE, TypeRole.REGION, TypeRole.RESEAU, TypeRole.HUB)


def _colonnes(role: Role) -> list[Colonne]:
    def fiche(structure: Structure) -> str:
        return reverse("structures:fiche", args=[role.pk, structure.pk])

    return [
        Colonne("nom", "Structure", lambda s: s.nom, NOM_TRI, lien=fiche),
        Colonne("identifiant", "SIRET ou RIDET", lambda s: s.identifiant, "siret"),
        Colonne("statut", "Statut", lambda s: s.get_statut_display(), "statut"),
        Colonne("categorie", "Catégorie", lambda s: s.get_categorie_display(), "categorie"),
        Colonne("adresse", "Adresse", lambda s: s.adresse, a_l_ecran=False),
        Colonne("code_postal", "Code postal", lambda s: s.code_postal, a_l_ecran=False),
        Colonne("commune", "Commune", lambda s: s.commune.nom, SansAccent("commune__nom")),
        Colonne("code_commune", "Code INSEE", lambda s: s.commune_id, a_l_ecran=False),
        Colonne("departement", "Département", lambda s: str(s.commune.departement), "commune__departement_id"),
        Colonne("contact", "Contact principal", lambda s: s.contact_nom),
        Colonne(
            "identite",
            "Identité",
            lambda s: "Vérifiée" if s.identite_verifiee else "À vérifier",
            "identite_verifiee",
            niveau=lambda s: "neutre" if s.identite_verifiee else "warning",
        ),
        Colonne("created_at", "Inscrite le", lambda s: s.created_at.date(), "created_at"),
    ]


def _avec_contact(structures: StructureQuerySet) -> StructureQuerySet:
    personne = F("role__utilisateur__prenom"), Value(" "), F("role__utilisateur__nom")
    principal = Membre.objects.filter(structure=OuterRef("pk"), contact_principal=True)
    return structures.annotate(contact_nom=Subquery(principal.values(qui=Trim(Concat(*personne)))[:1]))


@role_requis(*_ADMIS_LISTE)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    filtres = StructuresFiltres(request.GET, avec_departement=role.type != TypeRole.PREFECTURE)
    visibles = Structure.objects.visibles_par(role).actives().select_related("commune__departement")
    vue = Liste(request, _avec_contact(filtres.appliquer(visibles)), _colonnes(role), "nom", "structures")
    if (fichier := vue.export()) is not None:
        return fichier
    peut_inscrire = role.type in access.AGENTS
    return render(request, "structures/liste.html", {"liste": vue, "filtres": filtres, "peut_inscrire": peut_inscrire})


@role_requis(TypeRole.STRUCTURE)
@lecture
def ma_structure(request: HttpRequest) -> HttpResponse:
    role = role_de(request)
    structure = access.structure_du_role(role)
    if structure is None:
        return render(request, "structures/sans_structure.html")
    return redirect("structures:fiche", role.pk, structure.pk)


@role_requis(*access.LECTEURS)
@lecture
def fiche(request: HttpRequest, pk: int) -> HttpResponse:
    role = role_de(request)
    structure = access.get_structure_ou_404(role, pk)
    gere = access.peut_gerer(role, structure)
    membres = Membre.objects.actifs().select_related("role__utilisateur").filter(structure=structure)
    antennes = Antenne.objects.ouvertes().select_related("commune").filter(structure=structure)
    corrige = access.peut_corriger(role, structure)
    return render(
        request,
        "structures/fiche.html",
        {
            "structure": structure,
            "anciens": structure.anciens_identifiants.order_by("pk"),
            "antennes": antennes.order_by(SansAccent("nom"), "pk"),
            # Un lecteur (région, réseau, hub) n'a besoin que du contact principal.
            "membres": membres.order_by("-contact_principal", "pk") if gere else membres.filter(contact_principal=True),
            "invitations": actions.invitations_ouvertes(structure) if gere else [],
            "demandes": _demandes_a_traiter(role, structure),
            "changement": actions.changement_en_attente(structure) if gere else None,
            "gere": gere,
            "corrige": corrige,
            "doublons": _ressemblantes(role, structure) if corrige else [],
            "etapes": _histoire(structure) if gere or role.type == TypeRole.ANCT else [],
            "de_l_equipe": role.type == TypeRole.STRUCTURE,
        },
    )


def _ressemblantes(role: Role, donnees: Structure | actions.DonneesStructure) -> list[Structure]:
    """Les quasi-doublons que ce rôle peut ouvrir, cinq au plus."""
    visibles = Structure.objects.visibles_par(role).values("pk")
    return list(actions.quasi_doublons(donnees).filter(pk__in=visibles)[:5])


def _demandes_a_traiter(role: Role, structure: Structure) -> list[DemandeRattachement]:
    demandes = DemandeRattachement.objects.select_related("structure").filter(structure=structure)
    ouvertes = list(demandes.filter(etat=EtatRattachement.DEPOSEE).order_by("pk"))
    # Le droit est le même pour toutes les demandes d'une structure : une seule vérification suffit.
    return ouvertes if ouvertes and access.peut_traiter_rattachement(role, ouvertes[0]) else []


TITRES = {
    "creer_structure": "Inscription",
    "corriger_structure": "Correction de l'identité",
    "verifier_identite": "Identité vérifiée",
    "rattacher_membre": "Nouveau membre",
    "creer_postes": "Postes attribués",
    "rendre_postes": "Postes rendus",
    "inviter_membre": "Invitation envoyée",
    "renvoyer_invitation": "Invitation renvoyée",
    "annuler_invitation": "Invitation annulée",
    "retirer_membre": "Membre retiré",
    "modifier_membre": "Membre modifié",
    "proposer_contact_principal": "Changement de contact principal proposé",
    "changer_contact_principal": "Nouveau contact principal",
    "ajouter_antenne": "Nouvelle antenne",
    "modifier_antenne": "Antenne modifiée",
    "fermer_antenne": "Antenne fermée",
    "fusionner": "Fusion",
}


def _histoire(structure: Structure) -> list[dict[str, object]]:
    """Les trente derniers actes, du plus récent au plus ancien."""
    entrees = Entree.objects.de_l_objet(structure).order_by("-pk")[:30]
    return [
        {
            "titre": TITRES.get(e.action, e.action.replace("_", " ").capitalize()),
            "date": e.created_at,
            "auteur": e.acteur,
            "texte": e.motif,
            "etat": "fait",
        }
        for e in entrees
    ]


@role_requis(*access.AGENTS)
@lecture_ecriture
def creer(request: HttpRequest) -> HttpResponse:
    """Le numéro d'abord (en GET, ce n'est pas une donnée personnelle), puis l'identité."""
    role = role_de(request)
    numero = request.POST.get("numero") or request.GET.get("numero", "")
    if not numero:
        return render(request, "structures/creer_numero.html", {"form": NumeroForm(), "existante": None})
    lue = actions.identifier(numero)
    if not lue.peut_continuer:
        return _numero_refuse(request, role, numero, lue)
    classe = SaisieForm if lue.saisie_libre else ConfirmationForm
    form: ConfirmationForm | SaisieForm = classe(
        request.POST if request.method == "POST" else None, identification=lue, initial=_initial(lue)
    )
    doublons: list[Structure] = []
    if request.method == "POST" and form.is_valid():
        donnees = form.donnees()
        doublons = _ressemblantes(role, donnees)
        if doublons and not form.cleaned_data["distincte"]:
            form.demander_si_distincte()
            form.add_error(
                "distincte", "Des structures inscrites ressemblent à celle-ci : vérifiez, puis cochez la case."
            )
        elif structure := _inscrire(request, role, form, donnees):
            return redirect("structures:fiche", role.pk, structure.pk)
    contexte = {"form": form, "lue": lue, "numero": numero, "doublons": doublons}
    return render(request, "structures/creer_identite.html", contexte)


def _numero_refuse(request: HttpRequest, role: Role, numero: str, lue: actions.Identification) -> HttpResponse:
    form = NumeroForm({"numero": numero})
    form.add_error("numero", lue.message)
    existante = lue.structure if lue.structure and access.peut_voir(role, lue.structure) else None
    return render(request, "structures/creer_numero.html", {"form": form, "existante": existante})


def _initial(lue: actions.Identification) -> dict[str, object]:
    lu = lue.etablissement
    if lu is None:
        return {}
    return {
        "denomination": lu.denomination,
        "nom_usage": lu.enseigne,
        "adresse": lu.adresse,
        "code_postal": lu.code_postal,
    }


def _inscrire(
    request: HttpRequest, role: Role, form: ConfirmationForm | SaisieForm, donnees: actions.DonneesStructure
) -> Structure | None:
    """La structure à montrer : la nouvelle, ou celle qu'un autre vient d'inscrire ; None s'il faut corriger."""
    if not access.peut_creer(role, donnees.commune):
        form.add_error(None, "Cette commune n'est pas dans votre département.")
        return None
    try:
        structure = actions.creer_structure(donnees, par=role)
    except actions.StructureExistante as existante:
        messages.info(request, "Cette structure vient d'être inscrite : voici sa fiche.")
        return existante.structure
    except (ValidationError, TransitionImpossible) as erreur:
        reporter(form, erreur)
        return None
    messages.success(request, f"{structure.nom} est inscrite.")
    return structure


@role_requis(*access.AGENTS)
@lecture_ecriture
def corriger(request: HttpRequest, pk: int) -> HttpResponse:
    role = role_de(request)
    structure = access.get_structure_geree_ou_404(role, pk)
    form = CorrectionForm(request.POST or None, initial=CorrectionForm.de(structure))
    if request.method == "POST" and form.is_valid():
        donnees = form.donnees(structure)
        try:
            if not access.peut_creer(role, donnees.commune):
                raise ValidationError({"commune": "Cette commune n'est pas dans votre département."})
            actions.corriger_structure(
                structure,
                donnees,
                par=role,
                motif=form.cleaned_data["motif"],
                garder_ancien=form.cleaned_data["garder_ancien"],
            )
        except actions.StructureExistante as existante:
            form.add_error("numero", f"Ce numéro est celui de {existante.structure.nom} : fusionnez les deux fiches.")
        except (ValidationError, TransitionImpossible) as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, "La fiche est corrigée.")
            return redirect("structures:fiche", role.pk, structure.pk)
    return render(request, "structures/corriger.html", {"form": form, "structure": structure})


@role_requis(*access.AGENTS)
@ecriture
def verifier(request: HttpRequest, pk: int) -> HttpResponse:
    role = role_de(request)
    structure = access.get_structure_geree_ou_404(role, pk)
    try:
        actions.verifier_identite(structure, par=role)
        messages.success(request, "L'identité est marquée comme vérifiée.")
    except ValidationError as erreur:
        messages.error(request, " ".join(erreur.messages))
    return redirect("structures:fiche", role.pk, structure.pk)
