"""L'appariement : la page publique de l'algorithme, et pour l'ANCT les passages, leurs rapports, les réglages."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.journal.workflow import TransitionImpossible
from conum.recrutement import access
from conum.recrutement.actions import chiffres, passes, reglages
from conum.recrutement.actions.criteres import nombre
from conum.recrutement.forms.appariement import ReglageForm
from conum.recrutement.models import MiseEnRelation, Passe, ReglageAppariement
from conum.recrutement.rules import equite
from conum.recrutement.rules.cout import Ponderation, lire
from conum.recrutement.rules.relation import DELAI_REPONSE, RAPPELS
from conum.recrutement.states import Etat, EtatPasse
from conum.recrutement.views.cartes import NIVEAUX_ETAT
from conum.socle import exports
from conum.socle.http import ecriture, lecture, lecture_ecriture, publique, role_requis
from conum.socle.listes import FORMATS, Colonne, Liste
from conum.ui.forms import reporter

CONFLIT = 409
NIVEAUX = {EtatPasse.EN_COURS: "info", EtatPasse.TERMINEE: "success", EtatPasse.ECHOUEE: "error"}
_LOURDS = ("prix_recrutements", "prix_candidats", "equite")
# Tableaux du rapport d'équité : clé gardée avec le passage, titre, ce qu'on compte.
TABLEAUX = {
    "postes_par_anciennete": ("Postes, selon l’ancienneté de leur attribution", "Postes vacants"),
    "postes_par_statut": ("Postes, selon le statut de la structure", "Postes vacants"),
    "candidats_par_mobilite": ("Candidats, selon leur mobilité", "Candidats"),
    "candidats_par_situation": ("Candidats, selon leur situation", "Candidats"),
    "postes_par_departement": ("Postes, par département", "Postes vacants"),
    "candidats_par_departement": ("Candidats, par département", "Candidats"),
}


# --- Page publique ----------------------------------------------------------------------------------------------------


@publique
@lecture
def algorithme(request: HttpRequest) -> HttpResponseBase:
    """Ce que fait l'algorithme, avec quoi, et ce qu'il a donné (CRPA, art. L. 311-3-1 et R. 311-3-1-1)."""
    jour = timezone.localdate()
    annees = chiffres.annees() or [jour.year]
    versions = lire()
    contexte = {
        "annees": [chiffres.chiffres(annee) for annee in annees[:5]],
        "dernier": chiffres.dernier_passage(),
        "donnees": equite.donnees_lues(),
        "jamais_lues": equite.JAMAIS_LUES,
        "versions": versions,
        "poids": _tableau_des_poids(versions),
        "reglage": ReglageAppariement.au(jour),
        "reglages": ReglageAppariement.objects.order_by("-a_partir_du"),
        "version": passes.VERSION,
        "rappels": [delai.days for delai in RAPPELS],
        "delai": DELAI_REPONSE.days,
    }
    return render(request, "recrutement/appariement/algorithme.html", contexte)


_LIBELLES_POIDS = {
    "points_par_km": "Par kilomètre à vol d’oiseau, de centre de commune à centre de commune",
    "plafond_km_territoire_choisi": "Kilomètres comptés au plus vers un autre territoire que la personne a choisi",
    "points_sans_experience_ni_diplome": "Sans expérience de la médiation ni diplôme",
    "points_par_cran_de_niveau": "Par cran qui manque au niveau numérique demandé",
    "points_niveau_inconnu": "Niveau demandé, mais non communiqué par la personne",
    "points_par_semaine_d_attente": "Par semaine entre la disponibilité et le début du poste",
    "plafond_semaines_d_attente": "Semaines d’attente comptées au plus",
}


def _tableau_des_poids(versions: tuple[Ponderation, ...]) -> list[tuple[str, list[str]]]:
    return [(libelle, [nombre(getattr(v, champ)) for v in versions]) for champ, libelle in _LIBELLES_POIDS.items()]


# --- Passages ---------------------------------------------------------------------------------------------------------


def _colonnes(role: Role) -> list[Colonne]:
    def du_bilan(cle: str) -> Any:
        return lambda p: p.bilan.get(cle)

    return [
        Colonne(
            "debut", "Début", lambda p: p.debut, tri="debut",
            lien=lambda p: reverse("recrutement:passe", args=[role.pk, p.pk]),
        ),
        Colonne("etat", "État", lambda p: p.get_etat_display(), tri="etat", niveau=lambda p: NIVEAUX[p.etat]),
        Colonne("propositions", "Propositions", du_bilan("propositions")),
        Colonne("postes_servis", "Postes servis", du_bilan("postes_servis")),
        Colonne("postes", "Postes vacants", du_bilan("postes")),
        Colonne("candidats_servis", "Candidats servis", du_bilan("candidats_servis")),
        Colonne("candidats", "Candidats au vivier", du_bilan("candidats")),
        Colonne("secondes", "Secondes", du_bilan("secondes")),
        Colonne("ponderation", "Pondération", lambda p: p.ponderation, a_l_ecran=False),
        Colonne("version", "Version", lambda p: p.version, a_l_ecran=False),
    ]  # fmt: skip


@role_requis(TypeRole.ANCT)
@lecture
def liste_passes(request: HttpRequest) -> HttpResponseBase:
    role = request.role  # type: ignore[attr-defined]
    liste = Liste(request, Passe.objects.defer(*_LOURDS), _colonnes(role), "-debut", "passages")
    if (fichier := liste.export()) is not None:
        return fichier
    contexte = {"liste": liste, "annee": chiffres.chiffres(timezone.localdate().year), **_etat()}
    return render(request, "recrutement/appariement/passes.html", contexte)


def _etat() -> dict[str, Any]:
    en_cours = Passe.objects.filter(etat=EtatPasse.EN_COURS).defer(*_LOURDS).first()
    return {"en_cours": en_cours, "en_attente": passes.en_attente(), "dernier": chiffres.dernier_passage()}


@role_requis(TypeRole.ANCT)
@lecture
def etat_passe(request: HttpRequest) -> HttpResponseBase:
    """Le bloc d'état, relu toutes les cinq secondes tant qu'un passage est demandé ou en cours."""
    return render(request, "recrutement/appariement/etat.html", _etat())


@role_requis(TypeRole.ANCT)
@ecriture
def lancer(request: HttpRequest) -> HttpResponseBase:
    role = request.role  # type: ignore[attr-defined]
    try:
        passes.demander(par=role)
    except TransitionImpossible as erreur:
        messages.warning(request, str(erreur))
    else:
        messages.success(request, "Le passage est demandé : il commence dans quelques secondes.")
    return redirect("recrutement:passes", role.pk)


@role_requis(TypeRole.ANCT)
@lecture
def passe(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Le rapport d'un passage ; `?equite=csv|xlsx` : ses tableaux ; `?format=` : ses propositions."""
    role = request.role  # type: ignore[attr-defined]
    lue = access.get_passe_ou_404(role, pk)
    if format_ := request.GET.get("equite"):
        return _fichier_d_equite(lue, format_)
    propositions = MiseEnRelation.objects.filter(passe=lue).select_related(
        "recrutement__structure", "recrutement__commune", "candidat__commune"
    )
    liste = Liste(request, propositions, _colonnes_propositions(role), "reference", f"propositions-{lue.pk}")
    if (fichier := liste.export()) is not None:
        return fichier
    contexte = {
        "passe": lue,
        "liste": liste,
        "niveau": NIVEAUX[EtatPasse(lue.etat)],
        "tableaux": [t for t in _tableaux(lue) if not t["cle"].endswith("departement")],
        "departements": _par_departement(lue),
    }
    return render(request, "recrutement/appariement/passe.html", contexte)


def _tableaux(lue: Passe) -> list[dict[str, Any]]:
    return [
        {"cle": cle, "titre": titre, "compte": compte, "lignes": [_ligne(x) for x in lue.equite[cle]]}
        for cle, (titre, compte) in TABLEAUX.items()
        if lue.equite.get(cle)
    ]


def _par_departement(lue: Passe) -> list[dict[str, Any]]:
    """Les deux côtés d'un département sur une ligne."""
    lignes: dict[str, dict[str, Any]] = {}
    for cote in ("postes", "candidats"):
        for x in lue.equite.get(f"{cote}_par_departement", []):
            lignes.setdefault(x["cle"], {"cle": x["cle"], "libelle": x["libelle"], "postes": None, "candidats": None})
            lignes[x["cle"]][cote] = _ligne(x)
    return [lignes[cle] for cle in sorted(lignes)]


def _ligne(ligne: dict[str, Any]) -> dict[str, Any]:
    return {**ligne, "manque": ligne["total"] - ligne["servis"], "part": 100 * ligne["servis"] // ligne["total"]}


def _fichier_d_equite(lue: Passe, format_: str) -> HttpResponseBase:
    if format_ not in FORMATS:
        raise Http404("Format inconnu.")

    def lignes() -> Iterator[list[Any]]:
        for tableau in _tableaux(lue):
            for x in tableau["lignes"]:
                yield [tableau["titre"], x["cle"], x["libelle"], x["total"], x["servis"], x["manque"], x["part"]]

    entetes = ("Tableau", "Code", "Catégorie", "Total", "Servis", "Non servis", "Part servie (%)")
    return exports.reponse(format_, f"equite-passage-{lue.pk}", entetes, lignes())


def _colonnes_propositions(role: Role) -> list[Colonne]:
    return [
        Colonne(
            "reference", "Référence", lambda r: r.reference, tri="pk",
            lien=lambda r: reverse("recrutement:explication", args=[role.pk, r.pk]),
        ),
        Colonne("recrutement", "Recrutement", lambda r: r.recrutement.reference, tri="recrutement"),
        Colonne("structure", "Structure", lambda r: r.recrutement.structure.nom),
        Colonne("commune", "Commune du poste", lambda r: str(r.recrutement.commune)),
        Colonne("candidat", "Candidat", lambda r: r.candidat.reference, tri="candidat"),
        Colonne("distance", "Distance (km)", lambda r: _arrondi(r.distance_km), tri="distance_km"),
        Colonne("cout", "Coût (points)", lambda r: _arrondi(r.cout), tri="cout"),
        Colonne("rang", "Rang", lambda r: r.rang, tri="rang"),
        Colonne(
            "etat", "État", lambda r: r.get_etat_display(), tri="etat",
            niveau=lambda r: NIVEAUX_ETAT.get(Etat(r.etat), "neutre"),
        ),
    ]  # fmt: skip


def _arrondi(valeur: float | None) -> float | None:
    return None if valeur is None else round(valeur, 1)


# --- Réglages ---------------------------------------------------------------------------------------------------------


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def regler(request: HttpRequest) -> HttpResponseBase:
    role = request.role  # type: ignore[attr-defined]
    jour = timezone.localdate()
    en_vigueur = ReglageAppariement.au(jour)
    form = ReglageForm(request.POST or None, initial=_initial(en_vigueur, jour))
    if request.method == "POST" and form.is_valid():
        try:
            reglage = reglages.fixer_reglage(**form.cleaned_data, par=role)
        except ValidationError as erreur:
            reporter(form, erreur, repli="texte")
        else:
            messages.success(request, f"C’est réglé : {reglage}.")
            return redirect("recrutement:reglages", role.pk)
    historique = ReglageAppariement.objects.select_related("role__utilisateur").order_by("-a_partir_du")
    contexte = {"form": form, "en_vigueur": en_vigueur, "historique": historique, "jour": jour}
    return render(request, "recrutement/appariement/reglages.html", contexte)


def _initial(reglage: ReglageAppariement, jour: date) -> dict[str, Any]:
    return {
        "a_partir_du": jour,
        "max_par_poste": reglage.max_par_poste,
        "max_par_candidat": reglage.max_par_candidat,
    }
