"""Importer des résultats : déposer un fichier, le relire ligne à ligne, l'importer, garder le compte rendu."""

from collections import Counter
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations import access
from conum.formations.access import FORMATEURS
from conum.formations.actions import imports as actes
from conum.formations.actions.imports import Verdict
from conum.formations.forms.certifications import DepotResultatsForm
from conum.formations.models import ImportResultats
from conum.formations.rules.resultats_csv import MODELE
from conum.formations.views import pages
from conum.socle import exports
from conum.socle.http import lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste, Pages
from conum.socle.tableaux import TableauIllisible

NIVEAUX = {Verdict.A_IMPORTER: "success", Verdict.DEJA: "neutre", Verdict.REFUSEE: "error"}
_EXEMPLES = (
    ("camille.martin@exemple.fr", "CCP1", "Obtenue", date(2026, 1, 15), ""),
    ("dominique.petit@exemple.fr", "Pix", "Absence", date(2026, 1, 15), "Arrêt de travail"),
)
ENTETES = ("Ligne", "Personne", "Nom", "Certification", "Résultat", "Date", "Issue", "Précision")


def lien(role: Role, pk: int) -> str:
    return reverse("formations:import_resultats", args=[role.pk, pk])


@role_requis(*FORMATEURS)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    depots = ImportResultats.objects.visibles_par(role).select_related("par__utilisateur", "organisme")

    def etat(d: Any) -> str:
        return "Importé" if d.applique_le else "Pas encore importé"

    colonnes = [
        Colonne("nom", "Fichier", lambda d: d.nom, tri="nom", lien=lambda d: lien(role, d.pk)),
        Colonne("organisme", "Organisme", lambda d: d.organisme.nom if d.organisme else "ANCT", tri="organisme__nom",
                a_l_ecran=role.type == TypeRole.ANCT),
        Colonne("etat", "État", etat, tri="applique_le", niveau=lambda d: "success" if d.applique_le else "new"),
        Colonne("lues", "Lignes lues", lambda d: d.lues, tri="lues"),
        Colonne("prises", "Lignes importées", lambda d: d.prises, tri="prises"),
        Colonne("depose", "Déposé le", lambda d: d.created_at, tri="created_at"),
        Colonne("par", "Par", lambda d: d.par.utilisateur.get_full_name()),
    ]  # fmt: skip
    page = Liste(request, depots, colonnes, "-depose", "imports-de-resultats")
    if (export := page.export()) is not None:
        return export
    return render(request, "formations/certifications/imports.html", {"liste": page, **_liens(role)})


def _liens(role: Role) -> dict[str, str]:
    return {
        "lien_certifications": reverse("formations:certifications", args=[role.pk]),
        "lien_importer": reverse("formations:importer_resultats", args=[role.pk]),
        "lien_imports": reverse("formations:imports_resultats", args=[role.pk]),
        "lien_modele": reverse("formations:modele_resultats", args=[role.pk]),
    }


@role_requis(*FORMATEURS)
@lecture
def modele(request: HttpRequest) -> HttpResponseBase:
    """Un fichier à remplir : les colonnes, et deux lignes d'exemple."""
    return exports.reponse("csv", "modele-resultats", MODELE, _EXEMPLES)


@role_requis(*FORMATEURS)
@lecture_ecriture
def deposer(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    form = DepotResultatsForm(request.POST, request.FILES) if request.method == "POST" else DepotResultatsForm()
    if form.is_bound and form.is_valid():
        fichier = form.cleaned_data["fichier"]
        try:
            depot = actes.deposer_import(fichier.read(), nom=fichier.name or "", par=role)
        except TableauIllisible as erreur:
            form.add_error("fichier", str(erreur))
        else:
            return redirect(lien(role, depot.pk))
    return render(request, "formations/certifications/importer.html", {"form": form, **_liens(role)})


@role_requis(*FORMATEURS)
@lecture_ecriture
def depot(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Ce que l'import fera, puis ce qu'il a fait, ligne à ligne ; un POST l'importe."""
    role = role_de(request)
    lu = access.get_import_ou_404(role, pk)
    if request.method == "POST":
        tout = request.POST.get("mode") != "valables"
        return pages.acte_direct(
            request,
            lambda: actes.appliquer_import(lu, par=role, tout_ou_rien=tout),
            fait="Les résultats sont importés.",
            retour=lien(role, lu.pk),
        )
    lignes = actes.compte_rendu(lu)
    comptes = Counter(Verdict(x["verdict"]) for x in lignes)
    voulu = request.GET.get("issue", "")
    suite = Pages(request, [x for x in lignes if not voulu or x["verdict"] == voulu])
    contexte = {
        "depot": lu,
        "deja": actes.deja_importe(lu),
        "comptes": [
            {"titre": _issue(lu, v), "nombre": comptes[v], "actif": v == voulu,
             "lien": suite.adresse(issue="" if v == voulu else v.value, page="")}
            for v in Verdict if comptes[v]
        ],
        "refusees": comptes[Verdict.REFUSEE],
        "importables": comptes[Verdict.A_IMPORTER] if lu.applique_le is None else 0,
        "pages": suite,
        "lignes": [_ligne(lu, x) for x in suite.page],
        "lien_rapport": reverse("formations:rapport_import_resultats", args=[role.pk, lu.pk]),
        **_liens(role),
    }  # fmt: skip
    return render(request, "formations/certifications/import.html", contexte)


def _issue(lu: ImportResultats, verdict: str) -> str:
    return actes.libelle_du_verdict(verdict, importe=lu.applique_le is not None)


def _ligne(lu: ImportResultats, x: dict[str, Any]) -> dict[str, Any]:
    return x | {
        "jour": date.fromisoformat(x["le"]) if x["le"] else None,
        "issue": _issue(lu, x["verdict"]),
        "niveau": NIVEAUX[Verdict(x["verdict"])],
    }


@role_requis(*FORMATEURS)
@lecture
def rapport(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Le compte rendu, à garder ou à renvoyer à qui a rempli le fichier."""
    lu = access.get_import_ou_404(role_de(request), pk)
    lignes = (
        (x["numero"], x["personne"], x["nom"], x["certification"], x["resultat"],
         date.fromisoformat(x["le"]) if x["le"] else None, _issue(lu, x["verdict"]), x["phrase"])
        for x in actes.compte_rendu(lu)
    )  # fmt: skip
    return exports.reponse("csv", f"compte-rendu-resultats-{lu.pk}", ENTETES, lignes)
