"""Les justificatifs d'emploi : la structure dépose, l'ANCT examine, et chacun voit ce qui est en retard."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.conventions.actions.changement import acte_en_vigueur
from conum.conventions.models import Convention
from conum.journal.workflow import TransitionImpossible
from conum.socle import depot
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.socle.texte import euros
from conum.structures.models import Structure
from conum.ui.forms import reporter
from conum.versements import access
from conum.versements.access import get_justificatif_ou_404
from conum.versements.actions import justificatifs as actes
from conum.versements.actions import relances, termes
from conum.versements.forms.justificatifs import (
    AcceptationForm,
    DepotJustificatifForm,
    FiltresJustificatifs,
    RefusJustificatifForm,
)
from conum.versements.models import Justificatif, Solde
from conum.versements.rules.justificatifs import delais_au
from conum.versements.states import Etat, EtatJustificatif
from conum.versements.views import commun

DEPOSANTS = (TypeRole.STRUCTURE, TypeRole.ANCT)
A_DEPOSER = (*relances.EN_ATTENTE, EtatJustificatif.RECU)
NIVEAUX = {
    EtatJustificatif.ATTENDU: "new",
    EtatJustificatif.RECU: "info",
    EtatJustificatif.ACCEPTE: "success",
    EtatJustificatif.REFUSE: "error",
}


def niveau(j: Justificatif) -> str:
    return "error" if est_en_retard(j) else NIVEAUX[EtatJustificatif(j.etat)]


def est_en_retard(j: Justificatif) -> bool:
    return j.etat in relances.EN_ATTENTE and not j.absence_le and actes.delai_apres_refus(j) < timezone.localdate()


def libelle(j: Justificatif) -> str:
    if j.absence_le:
        return "Absence constatée"
    return f"{j.get_etat_display()}, en retard" if est_en_retard(j) else str(j.get_etat_display())


def lien(role: Role, pk: int) -> str:
    return reverse("versements:justificatif", args=[role.pk, pk])


def _soldee(j: Justificatif) -> bool:
    return Solde.objects.filter(convention=j.convention_id).exists()


def _suite(j: Justificatif, role: Role) -> str:
    """Ce que ce justificatif attend de qui le regarde."""
    anct = role.type == TypeRole.ANCT
    aujourdhui = timezone.localdate()
    if _soldee(j):
        return "Les comptes de la convention sont arrêtés."
    if aujourdhui < j.periode.upper:
        return f"Le terme court jusqu’au {j.dernier_jour:%d/%m/%Y}. Le justificatif se dépose ensuite."
    limite = actes.delai_apres_refus(j)
    match j.etat:
        case EtatJustificatif.RECU:
            return "À examiner." if anct else "L’ANCT l’examine. Vous n’avez rien à faire, ou pouvez le remplacer."
        case EtatJustificatif.ACCEPTE:
            demandee = j.reversement is not None and j.reversement.etat == Etat.REVERSEMENT_DEMANDE
            return "Accepté. Ce qui n’est pas prouvé est à rendre." if demandee else "Accepté. Plus rien n’est attendu."
        case _ if j.absence_le:
            return "L’absence est constatée. Un justificatif déposé maintenant peut encore réduire la somme à rendre."
        case _ if j.suspendu_le:
            dernier = actes.limite_de_mise_en_demeure(j)
            return f"Mise en demeure faite, versements suspendus. Dernier délai : {dernier:%d/%m/%Y}."
        case _ if limite < aujourdhui:
            suspension = limite + delais_au(j.periode.upper).suspension
            return f"En retard depuis le {limite:%d/%m/%Y}. Les versements seront suspendus le {suspension:%d/%m/%Y}."
        case _:
            qui = "La structure le dépose" if anct else "Déposez-le"
            return f"{qui} avant le {limite:%d/%m/%Y}."


# --- La structure -----------------------------------------------------------------------------------------------------


@role_requis(TypeRole.STRUCTURE)
@lecture
def mes_justificatifs(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    siens = Justificatif.objects.filter(convention__in=Convention.objects.visibles_par(role))
    page = Liste(request, siens.select_related("convention"), _colonnes(role), "-du", "mes-justificatifs")
    if (fichier := page.export()) is not None:
        return fichier
    a_deposer = siens.filter(
        etat__in=relances.EN_ATTENTE, absence_le=None, convention__solde=None,
        periode__endswith__lte=timezone.localdate(),
    ).select_related("convention")  # fmt: skip
    contexte = {
        "liste": page,
        "a_deposer": [
            {"justificatif": j, "lien": lien(role, j.pk), "suite": _suite(j, role), "niveau": niveau(j),
             "libelle": libelle(j)}
            for j in a_deposer.order_by("du_le", "pk")
        ],
    }  # fmt: skip
    return render(request, "versements/justificatifs/mes_justificatifs.html", contexte)


def _colonnes(role: Role, *, onglet: str = "") -> list[Colonne]:
    """`onglet` : celui de la file de l'ANCT, vide pour une structure. Une file ne montre que ce qui y change."""
    de_tous, en_attente = bool(onglet), onglet in ("en_retard", "attendus")
    return [
        Colonne("terme", "Terme", lambda j: f"Terme\u00a0{j.numero}", tri="numero", lien=lambda j: lien(role, j.pk)),
        Colonne("etat", "État", libelle, tri="etat", niveau=niveau,
                a_l_ecran=onglet in ("", "en_retard", "tous")),
        Colonne("structure", "Structure", lambda j: j.convention.structure.nom, a_l_ecran=de_tous,
                tri=SansAccent("convention__structure__denomination")),
        Colonne("departement", "Département", lambda j: j.convention.departement_id, tri="convention__departement",
                a_l_ecran=de_tous),
        Colonne("convention", "Convention", lambda j: j.convention.reference, tri="convention__numero",
                lien=lambda j: commun.lien_convention(role, j.convention_id)),
        Colonne("debut", "Début du terme", lambda j: j.periode.lower, tri="periode__startswith", a_l_ecran=False),
        Colonne("fin", "Fin du terme", lambda j: j.dernier_jour, tri="periode__endswith"),
        Colonne("du", "Dû le", lambda j: j.du_le, tri="du_le"),
        Colonne("declare", "Déclaré", lambda j: j.montant_declare, tri="montant_declare",
                a_l_ecran=not en_attente),
        Colonne("prouve", "Prouvé", lambda j: j.montant_justifie, tri="montant_justifie",
                a_l_ecran=onglet in ("", "acceptes", "tous")),
        Colonne("depose", "Déposé le", lambda j: j.depose_le and timezone.localdate(j.depose_le), tri="depose_le",
                a_l_ecran=de_tous and not en_attente),
        Colonne("demeure", "Mise en demeure le", lambda j: j.suspendu_le and timezone.localdate(j.suspendu_le),
                tri="suspendu_le", a_l_ecran=onglet in ("en_retard", "absents")),
    ]  # fmt: skip


# --- L'ANCT -----------------------------------------------------------------------------------------------------------


def _onglets(aujourdhui: date) -> dict[str, tuple[str, Q]]:
    attendus = Q(etat__in=relances.EN_ATTENTE, absence_le=None, convention__solde=None)
    return {
        "a_examiner": ("À examiner", Q(etat=EtatJustificatif.RECU)),
        "en_retard": ("En retard", attendus & Q(du_le__lt=aujourdhui)),
        "attendus": ("Attendus", attendus & Q(du_le__gte=aujourdhui)),
        "absents": ("Absence constatée", Q(absence_le__isnull=False)),
        "acceptes": ("Acceptés", Q(etat=EtatJustificatif.ACCEPTE)),
        "tous": ("Tous", Q()),
    }


@role_requis(TypeRole.ANCT)
@lecture
def a_examiner(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    filtres = FiltresJustificatifs(request.GET)
    onglets = _onglets(timezone.localdate())
    onglet = request.GET.get("onglet", "")
    onglet = onglet if onglet in onglets else "a_examiner"
    filtres_lus = _filtrer(filtres.valeurs())
    visibles = filtres_lus.filter(convention__in=Convention.objects.visibles_par(role).order_by().values("pk"))
    tri = "depose" if onglet == "a_examiner" else "du"
    suivis = visibles.filter(onglets[onglet][1]).select_related("convention__structure")
    page = Liste(request, suivis, _colonnes(role, onglet=onglet), tri, "justificatifs")
    if (fichier := page.export()) is not None:
        return fichier
    nombres = visibles.order_by().aggregate(**{cle: Count("pk", filter=q or None) for cle, (_, q) in onglets.items()})
    contexte = {
        "liste": page,
        "filtres": filtres,
        "titre_onglet": onglets[onglet][0],
        "onglets": [
            {"titre": titre, "nombre": nombres[cle], "actif": cle == onglet,
             "lien": page.adresse(onglet=cle, page="", tri="")}
            for cle, (titre, _) in onglets.items()
        ],
    }  # fmt: skip
    return render(request, "versements/justificatifs/liste.html", contexte)


def _filtrer(valeurs: dict[str, Any]) -> Any:
    trouves = Justificatif.objects.all()
    if saisie := valeurs.get("recherche"):
        critere = Q(convention__structure__in=Structure.objects.rechercher(saisie).order_by().values("pk"))
        numero = saisie.strip().upper().removeprefix("CV-")
        if numero.isascii() and numero.isdigit() and len(numero) < 10:
            critere |= Q(convention__numero=int(numero))
        trouves = trouves.filter(critere)
    if "departement" in valeurs:
        trouves = trouves.filter(convention__departement=valeurs["departement"])
    return trouves


# --- Un justificatif --------------------------------------------------------------------------------------------------


@role_requis(*DEPOSANTS)
@lecture_ecriture
def justificatif(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Où il en est, ce qui a été versé pour ce terme, le dépôt ; l'ANCT y décide."""
    role = role_de(request)
    lu = get_justificatif_ou_404(role, pk)
    form = DepotJustificatifForm(request.POST, request.FILES) if request.method == "POST" else DepotJustificatifForm()
    if form.is_bound and form.is_valid():
        try:
            actes.deposer_justificatif(lu, par=role, **form.cleaned_data)
        except (TransitionImpossible, ValidationError) as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, "Le justificatif est déposé. L’ANCT l’examine.")
            return redirect(lien(role, pk))
    ouvert = not _soldee(lu) and timezone.localdate() >= lu.periode.upper
    anct = access.peut_examiner_justificatif(role, lu)
    limite = actes.limite_de_mise_en_demeure(lu)
    attend = lu.etat in relances.EN_ATTENTE and not lu.absence_le
    contexte = {
        "justificatif": lu,
        "libelle": libelle(lu),
        "niveau": niveau(lu),
        "suite": _suite(lu, role),
        "form": form,
        "peut_deposer": ouvert and lu.etat in (relances.EN_ATTENTE if anct else A_DEPOSER),
        "peut_examiner": anct and ouvert and lu.etat == EtatJustificatif.RECU,
        "peut_constater": anct and ouvert and attend and limite is not None and limite <= timezone.localdate(),
        "calcul": _calcul(lu),
        "delais": delais_au(lu.periode.upper),
        "lien_reversement": commun.lien_echeance(role, lu.reversement_id) if lu.reversement_id else "",
        "journal": commun.journal(lu),
        "anct": anct,
        "retour": reverse(f"versements:justificatifs{'_a_examiner' if anct else ''}", args=[role.pk]),
    }
    return render(request, "versements/justificatifs/justificatif.html", contexte)


def _calcul(lu: Justificatif) -> Any:
    """Ce qui a été versé pour le terme et ce qui en est prouvé, ou le serait ; rien si la règle ne se lit plus."""
    si_prouve = lu.montant_declare if lu.etat == EtatJustificatif.RECU else None
    try:
        return termes.a_rendre_pour(lu, acte_en_vigueur(lu.convention), si_prouve=si_prouve)
    except TransitionImpossible:
        return None


@role_requis(*DEPOSANTS)
@lecture
def fichier(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Le PDF, à enregistrer : le navigateur ne l'ouvre pas dans nos pages."""
    lu = get_justificatif_ou_404(role_de(request), pk)
    return depot.servir(
        lu.fichier, f"{lu.convention.reference}-terme-{lu.numero}", absent="Ce justificatif n’a pas de fichier."
    )


# --- Décider ----------------------------------------------------------------------------------------------------------


def _points(lu: Justificatif) -> list[str]:
    calcul = _calcul(lu)
    points = [f"Déclaré par la structure : {euros(lu.montant_declare or Decimal(0))}."]
    if calcul is not None:
        points.append(f"Versé pour ce terme : {euros(calcul.verse)}.")
        points.append(f"Si vous retenez ce qui est déclaré, à rendre : {euros(calcul.montant)}.")
    return points


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def accepter(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lu = get_justificatif_ou_404(role, pk)
    initial = {"montant": lu.montant_declare, "sha256_lu": lu.sha256}
    return commun.page_formulaire(
        request,
        AcceptationForm(request.POST or None, initial=initial),
        lambda lues: actes.accepter_justificatif(lu, par=role, **lues),
        textes={
            "titre": f"Accepter le justificatif du terme n° {lu.numero}",
            "intro": f"{lu.convention.structure.nom}, {lu.convention.reference}, {lu.libelle_periode}.",
            "points": _points(lu),
            "bouton": "Accepter ce montant",
            "fait": "Le justificatif est accepté. La structure est prévenue.",
        },
        retour=lien(role, pk),
        nom_retour=f"Terme n° {lu.numero}",
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def refuser(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lu = get_justificatif_ou_404(role, pk)
    return commun.page_formulaire(
        request,
        RefusJustificatifForm(request.POST or None, initial={"sha256_lu": lu.sha256}),
        lambda lues: actes.refuser_justificatif(lu, par=role, **lues),
        textes={
            "titre": f"Refuser le justificatif du terme n° {lu.numero}",
            "intro": f"{lu.convention.structure.nom}, {lu.convention.reference}, {lu.libelle_periode}.",
            "bouton": "Refuser ce justificatif",
            "fait": "Le justificatif est refusé. La structure est prévenue.",
        },
        retour=lien(role, pk),
        nom_retour=f"Terme n° {lu.numero}",
    )


@role_requis(TypeRole.ANCT)
@ecriture
def constater_absence(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lu = get_justificatif_ou_404(role, pk)
    return commun.acte_direct(
        request,
        lambda: actes.constater_absence(lu, par=role),
        fait="L’absence est constatée. La structure est prévenue.",
        retour=lien(role, pk),
    )
