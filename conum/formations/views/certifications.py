"""Les certifications : dire un résultat, sa suite, qui n'est pas venu."""

from typing import Any

from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Concat
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations import access
from conum.formations.access import FORMATEURS, LECTEURS
from conum.formations.actions import certifications as actes
from conum.formations.forms.certifications import FiltresCertifications, RaisonForm, ResultatForm
from conum.formations.models import Inscription, ResultatCertification
from conum.formations.rules.certification import Resultat, Suite, intitule
from conum.formations.states import Etat
from conum.formations.views import commun, pages
from conum.postes.forms.contrats import MotifForm
from conum.socle.http import lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.socle.texte import sans_accent

NIVEAUX = {Resultat.REUSSI: "success", Resultat.ECHOUE: "info", Resultat.ABSENT: "warning"}
ONGLETS = {
    "absences": "Absences sans raison",
    "retards": "Délai dépassé",
    "resultats": "Tous les résultats",
}
SANS_RAISON = (TypeRole.PREFECTURE, TypeRole.REGION)
"""Qui suit un département n'a pas à lire la raison d'une absence, souvent de santé."""
FORMEES = (Etat.INSCRITE, Etat.EN_FORMATION, Etat.ATTESTEE)


def niveau(resultat: ResultatCertification) -> str:
    return NIVEAUX[Resultat(resultat.resultat)]


def contexte_certifications(role: Role, inscription: Inscription) -> dict[str, Any]:
    """Ce que lit `formations/certifications/bloc.html`."""
    resultats = list(
        inscription.resultats.select_related("inscription__contrat", "inscription__personne").order_by("le", "pk")
    )
    suites = actes.suites(resultats, taire=role.type in SANS_RAISON)
    jour = timezone.localdate()
    limite = actes.limites([inscription]).get(inscription.pk)
    manquantes = actes.manquantes([inscription])[inscription.pk]
    dit = access.peut_enregistrer_resultat(role, inscription)
    return {
        "resultats": [_ligne(role, r, suites[r.pk], dit) for r in resultats],
        "limite": limite,
        "manquantes": manquantes,
        "depasse": bool(inscription.etat == Etat.ATTESTEE and limite and limite < jour and manquantes),
        "lien_resultat": reverse("formations:enregistrer_resultat", args=[role.pk, inscription.pk]) if dit else "",
    }


def _ligne(role: Role, resultat: ResultatCertification, suite: Suite, dit: bool) -> dict[str, Any]:
    absente = resultat.resultat == Resultat.ABSENT and not resultat.motif
    return {
        "resultat": resultat,
        "intitule": intitule(resultat.certification, resultat.le),
        "niveau": niveau(resultat),
        "suite": suite,
        "lien_justifier": reverse("formations:justifier_absence", args=[role.pk, resultat.pk])
        if dit and absente
        else "",
        "lien_retirer": reverse("formations:retirer_resultat", args=[role.pk, resultat.pk])
        if access.peut_administrer(role)
        else "",
    }


def _resultat_ou_404(role: Role, pk: int) -> ResultatCertification:
    lu = get_object_or_404(
        ResultatCertification.objects.select_related("inscription__personne", "inscription__contrat"), pk=pk
    )
    if not Inscription.objects.visibles_par(role).filter(pk=lu.inscription_id).exists():
        raise Http404("Résultat inconnu.")
    return lu


# --- Un résultat ---


@role_requis(*FORMATEURS)
@lecture_ecriture
def enregistrer(request: HttpRequest, inscription_id: int) -> HttpResponseBase:
    role = role_de(request)
    inscription = access.get_inscription_ou_404(role, inscription_id)
    retour = commun.lien_inscription(role, inscription.pk)
    nom = inscription.personne.get_full_name()
    textes = {
        "titre": f"Résultat d’une certification de {nom}",
        "bouton": "Enregistrer le résultat",
        "fait": "Le résultat est enregistré.",
        "intro": "L’échec ne change ni le contrat ni la subvention. Une absence sans raison donne l’alerte.",
    }
    return pages.page_formulaire(
        request,
        ResultatForm(request.POST if request.method == "POST" else None),
        lambda saisi: actes.enregistrer_resultat(inscription, par=role, **saisi),
        textes=textes,
        retour=retour,
        nom_retour=inscription.reference,
    )


@role_requis(*FORMATEURS)
@lecture_ecriture
def justifier(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lu = _resultat_ou_404(role, pk)
    textes = {
        "titre": f"Raison de l’absence de {lu.inscription.personne.get_full_name()}",
        "intro": f"{intitule(lu.certification, lu.le)}, le {lu.le:%d/%m/%Y}. L’alerte s’éteint.",
        "bouton": "Enregistrer la raison",
        "fait": "La raison de l’absence est enregistrée.",
    }
    return pages.page_formulaire(
        request,
        RaisonForm(request.POST if request.method == "POST" else None),
        lambda saisi: actes.justifier_absence(lu, motif=saisi["motif"], par=role),
        textes=textes,
        retour=commun.lien_inscription(role, lu.inscription_id),
        nom_retour=lu.inscription.reference,
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def retirer(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lu = _resultat_ou_404(role, pk)
    textes = {
        "titre": f"Retirer un résultat de {lu.inscription.personne.get_full_name()}",
        "intro": f"{intitule(lu.certification, lu.le)}, le {lu.le:%d/%m/%Y} : {lu.get_resultat_display().lower()}.",
        "bouton": "Retirer le résultat",
        "fait": "Le résultat est retiré ; le journal le garde.",
    }
    return pages.page_formulaire(
        request,
        MotifForm(request.POST if request.method == "POST" else None),
        lambda saisi: actes.retirer_resultat(lu, motif=saisi["motif"], par=role),
        textes=textes,
        retour=commun.lien_inscription(role, lu.inscription_id),
        nom_retour=lu.inscription.reference,
    )


# --- La liste ---


def _filtrer(objets: Any, valeurs: dict[str, Any], chemin: str) -> Any:
    """`chemin` : « inscription__ » pour des résultats, rien pour des inscriptions."""
    if texte := valeurs.get("recherche"):
        compact = sans_accent(texte).lower().replace(" ", "")
        nom = Concat(f"{chemin}personne__prenom", f"{chemin}personne__nom", output_field=CharField())
        trouve = Q(nom_cherche__contains=compact)
        chiffres = compact.removeprefix("fo-")
        if chiffres.isascii() and chiffres.isdigit() and len(chiffres) < 10:
            trouve |= Q(**{f"{chemin}pk": int(chiffres)})
        objets = objets.annotate(nom_cherche=SansAccent(nom)).filter(trouve)
    if "departement" in valeurs:
        objets = objets.filter(**{f"{chemin}commune__departement": valeurs["departement"]})
    return objets


def files(role: Role) -> dict[str, QuerySet[Any]]:
    """Les trois files d'un rôle : elles servent aussi à compter ce qui l'attend."""
    visibles = Inscription.objects.visibles_par(role)
    return {
        "absences": actes.absences_sans_raison(visibles),
        "retards": actes.en_retard(visibles, timezone.localdate()),
        "resultats": ResultatCertification.objects.filter(inscription__in=visibles.order_by().values("pk")),
    }


def _colonnes_resultats(role: Role) -> list[Colonne]:
    raison = [] if role.type in SANS_RAISON else [Colonne("motif", "Raison", lambda r: r.motif)]
    return [
        Colonne("personne", "Personne", lambda r: r.inscription.personne.get_full_name(),
                tri=SansAccent("inscription__personne__nom"),
                lien=lambda r: commun.lien_inscription(role, r.inscription_id)),
        Colonne("inscription", "Inscription", lambda r: r.inscription.reference, tri="inscription"),
        Colonne("certification", "Certification", lambda r: intitule(r.certification, r.le), tri="certification"),
        Colonne("resultat", "Résultat", lambda r: r.get_resultat_display(), tri="resultat", niveau=niveau),
        Colonne("le", "Le", lambda r: r.le, tri="le"),
        *raison,
    ]  # fmt: skip


def _colonnes_retards(role: Role, manquantes: dict[int, list[str]]) -> list[Colonne]:
    def reste(i: Inscription) -> str:
        return ", ".join(manquantes.get(i.pk) or actes.manquantes([i])[i.pk])

    return [
        Colonne("personne", "Personne", lambda i: i.personne.get_full_name(), tri=SansAccent("personne__nom"),
                lien=lambda i: commun.lien_inscription(role, i.pk)),
        Colonne("inscription", "Inscription", lambda i: i.reference, tri="pk"),
        Colonne("reste", "À passer", reste),
        Colonne("limite", "Délai passé le", lambda i: i.limite_le, tri="limite_le"),
    ]  # fmt: skip


@role_requis(*LECTEURS)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    """Les absences sans raison et les délais dépassés d'abord ; tous les résultats ensuite."""
    role = role_de(request)
    toutes = files(role)
    onglet = request.GET.get("onglet", "")
    onglet = onglet if onglet in ONGLETS else "absences"
    filtres = FiltresCertifications(request.GET)
    des_inscriptions = onglet == "retards"
    objets = _filtrer(toutes[onglet], filtres.valeurs(), "" if des_inscriptions else "inscription__")
    manquantes: dict[int, list[str]] = {}
    if des_inscriptions:
        objets = objets.select_related("personne")
        page = Liste(request, objets, _colonnes_retards(role, manquantes), "limite", "certifications-en-retard")
        manquantes |= actes.manquantes(objets if request.GET.get("format") else page.page)
    else:
        objets = objets.select_related("inscription__personne")
        page = Liste(request, objets, _colonnes_resultats(role), "-le", f"certifications-{onglet}")
    if (export := page.export()) is not None:
        return export
    importe = role.type in FORMATEURS
    contexte = {
        "liste": page,
        "filtres": filtres,
        "titre_liste": ONGLETS[onglet],
        "onglets": [
            {"titre": titre, "nombre": toutes[cle].count(), "actif": cle == onglet,
             "lien": page.adresse(onglet=cle, page="", tri="")}
            for cle, titre in ONGLETS.items()
        ],
        "lien_importer": reverse("formations:importer_resultats", args=[role.pk]) if importe else "",
        "lien_imports": reverse("formations:imports_resultats", args=[role.pk]) if importe else "",
    }  # fmt: skip
    return render(request, "formations/certifications/liste.html", contexte)
