"""Tous les postes vus par l'État, et la page d'un poste : qui l'a eu, qui l'a occupé, ce qu'il est aujourd'hui."""

from typing import Any

from django.db.models import F, Q
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.postes import actions
from conum.postes.access import AGENTS, LECTEURS, get_poste_ou_404, peut_employer, peut_gerer_poste
from conum.postes.actions.gardes import rattachement_le
from conum.postes.forms.postes import FiltresPostes, RetraitForm, TransfertForm
from conum.postes.models import Contrat, EtatPoste, Poste, Rattachement
from conum.postes.models.poste import PosteQuerySet
from conum.postes.views import commun
from conum.socle.http import lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.structures.models import Structure


def colonnes(role: Role) -> list[Colonne]:
    """Celles de la liste et des alarmes : la structure et la personne du jour viennent des relations déduites."""

    def structure(poste: Any) -> str:
        structure = commun.structure_du_jour(poste)
        return structure.nom if structure else ""

    def departement(poste: Any) -> str:
        return poste.departement_code or ""

    def personne(poste: Any) -> str:
        contrat = commun.contrat_du_jour(poste)
        return contrat.personne.get_full_name() if contrat else ""

    return [
        Colonne("numero", "Poste", lambda p: p.reference, tri="numero", lien=lambda p: commun.lien_poste(role, p.pk)),
        Colonne("type", "Type", lambda p: p.get_type_display(), tri="type"),
        Colonne("etat", "État", commun.libelle_poste, tri="etat_du_jour", niveau=commun.niveau_poste),
        Colonne("structure", "Structure", structure, tri=SansAccent("rattachement_du_jour__structure__denomination")),
        Colonne(
            "departement", "Département", departement, tri="departement_code",
            a_l_ecran=role.type != TypeRole.PREFECTURE,
        ),
        Colonne("personne", "Personne", personne),
        Colonne("vacant", "Vacant depuis le", lambda p: p.vacant_depuis, tri="vacant_depuis"),
    ]  # fmt: skip


def avec_relations(postes: PosteQuerySet) -> PosteQuerySet:
    """Ce que les colonnes lisent, en une requête."""
    departement = F("rattachement_du_jour__structure__commune__departement_id")
    relations = ("rattachement_du_jour__structure", "contrat_du_jour__personne")
    return postes.annotate(departement_code=departement).select_related(*relations)


def _filtrer(postes: PosteQuerySet, valeurs: dict[str, Any]) -> PosteQuerySet:
    if saisie := valeurs.get("recherche"):
        structures = Structure.objects.rechercher(saisie).order_by().values("pk")
        critere = Q(structure_id_du_jour__in=structures)
        chiffres = saisie.strip().lower().removeprefix("p-")
        if chiffres.isascii() and chiffres.isdigit() and len(chiffres) < 10:
            critere |= Q(numero=int(chiffres))
        postes = postes.filter(critere)
    if "etat" in valeurs:
        postes = postes.filter(Q(etat_du_jour=valeurs["etat"]))
    if "type" in valeurs:
        postes = postes.filter(type=valeurs["type"])
    if "departement" in valeurs:
        postes = postes.filter(Q(departement_code=valeurs["departement"].pk))
    return postes


@role_requis(*AGENTS)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    jour = timezone.localdate()
    filtres = FiltresPostes(request.GET, national=role.type == TypeRole.ANCT)
    postes = avec_relations(Poste.objects.visibles_par(role).a_la_date(jour).avec_vacance(jour))
    page = Liste(request, _filtrer(postes, filtres.valeurs()), colonnes(role), "numero", "postes")
    if (fichier := page.export()) is not None:
        return fichier
    return render(request, "postes/liste.html", {"liste": page, "filtres": filtres, "jour": jour})


@role_requis(*LECTEURS)
@lecture
def fiche(request: HttpRequest, poste_pk: int) -> HttpResponseBase:
    role = role_de(request)
    get_poste_ou_404(role, poste_pk)
    jour = timezone.localdate()
    postes = Poste.objects.a_la_date(jour).avec_vacance(jour)
    poste: Any = avec_relations(postes).get(pk=poste_pk)
    structures = Structure.objects.visibles_par(role).order_by().values("pk")
    actuelle = commun.structure_du_jour(poste)
    # Une structure qui n'a plus le poste lit son passé à elle, pas ce qu'il devient ailleurs.
    sien = actuelle is not None and Structure.objects.visibles_par(role).filter(pk=actuelle.pk).exists()
    libre = sien and poste.etat_du_jour == EtatPoste.VACANT and not poste.contrat_attendu
    contexte = {
        "poste": poste,
        "sien": sien,
        "etat": commun.libelle_poste(poste) if sien else EtatPoste.RENDU.label,
        "niveau": commun.niveau_poste(poste) if sien else "neutre",
        "actuelle": actuelle,
        "rattachements": Rattachement.objects.filter(poste=poste, structure__in=structures)
        .select_related("structure")
        .order_by("-periode__startswith"),
        "contrats": [
            {"contrat": c, "lien": commun.lien_contrat(role, c.pk), "niveau": commun.niveau_contrat(c)}
            for c in Contrat.objects.visibles_par(role)
            .filter(poste=poste)
            .select_related("personne")
            .order_by("-periode__startswith", "-pk")
        ],
        "peut_saisir": libre and peut_employer(role, actuelle),
        "peut_gerer": peut_gerer_poste(role, poste) and actuelle is not None,
        "journal": commun.journal(poste) if role.type in AGENTS else [],
        "de_la_structure": role.type == TypeRole.STRUCTURE,
    }
    return render(request, "postes/poste.html", contexte)


def _gere(request: HttpRequest, poste_pk: int) -> tuple[Role, Poste, Rattachement]:
    role = role_de(request)
    poste = get_poste_ou_404(role, poste_pk)
    rattachement = rattachement_le(poste, timezone.localdate())
    if rattachement is None:
        raise Http404("Ce poste n'est à aucune structure.")
    return role, poste, rattachement


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def transferer(request: HttpRequest, poste_pk: int) -> HttpResponseBase:
    role, poste, rattachement = _gere(request, poste_pk)
    jour = timezone.localdate()
    occupe = Contrat.objects.retenus().filter(poste=poste, occupation__contains=jour).exists()
    form = TransfertForm(request.POST or None, depart=rattachement.structure, occupe=occupe)
    return commun.page_formulaire(
        request,
        form,
        lambda lues: actions.transferer_poste(poste, par=role, **lues),
        textes={
            "titre": f"Transférer le poste {poste.reference}",
            "intro": f"Aujourd'hui à {rattachement.structure.nom}. Structures et préfecture sont prévenues.",
            "bouton": "Transférer le poste",
            "fait": "Le poste est transféré.",
        },
        retour=commun.lien_poste(role, poste.pk),
        objet=poste,
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def retirer(request: HttpRequest, poste_pk: int) -> HttpResponseBase:
    role, poste, rattachement = _gere(request, poste_pk)
    form = RetraitForm(request.POST or None)
    return commun.page_formulaire(
        request,
        form,
        lambda lues: actions.retirer_poste(poste, par=role, **lues),
        textes={
            "titre": f"Retirer le poste {poste.reference}",
            "intro": f"Aujourd'hui à {rattachement.structure.nom}. La structure et la préfecture sont prévenues.",
            "bouton": "Retirer le poste",
            "fait": "Le poste est rendu à l'État.",
        },
        retour=commun.lien_poste(role, poste.pk),
        objet=poste,
    )
