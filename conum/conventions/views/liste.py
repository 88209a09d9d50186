"""Toutes les conventions vues par l'État, et celles d'une structure."""

from typing import Any

from django.db.models import Count, Min, OuterRef, Q, Subquery
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.conventions.forms.convention import FiltresConventions
from conum.conventions.models import Acte, Convention, PosteConventionne
from conum.conventions.models.convention import ConventionQuerySet, rattachements_sans_convention
from conum.conventions.views import commun
from conum.socle.http import lecture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.structures.models import NOM_TRI, Structure

AGENTS = (TypeRole.ANCT, TypeRole.PREFECTURE, TypeRole.REGION)


def avec_montants(conventions: ConventionQuerySet) -> Any:
    """Annote le montant du dernier acte non retiré et le nombre de postes."""
    courants = Acte.objects.filter(convention=OuterRef("pk"), retire_le=None).order_by("-numero")
    postes = PosteConventionne.objects.filter(convention=OuterRef("pk")).order_by().values("convention")
    return conventions.select_related("structure", "departement").annotate(
        montant=Subquery(courants.values("total")[:1]),
        nombre_postes=Subquery(postes.annotate(n=Count("pk")).values("n")),
    )


def _colonnes(role: Role) -> list[Colonne]:
    de_la_structure = role.type == TypeRole.STRUCTURE
    return [
        Colonne(
            "reference", "Convention", lambda c: c.reference, tri="numero",
            lien=lambda c: commun.lien_convention(role, c.pk),
        ),
        Colonne("structure", "Structure", lambda c: c.structure.nom, tri=SansAccent("structure__denomination"),
                a_l_ecran=not de_la_structure),
        Colonne("siret", "SIRET", lambda c: c.structure.numero, a_l_ecran=False),
        Colonne("departement", "Département", lambda c: c.departement_id, tri="departement_id",
                a_l_ecran=role.type not in (TypeRole.PREFECTURE, TypeRole.STRUCTURE)),
        Colonne("phase", "Phase", lambda c: c.get_phase_display(), tri="phase"),
        Colonne("debut", "Début", lambda c: c.debut, tri="periode__startswith"),
        Colonne("fin", "Dernier jour", lambda c: c.dernier_jour, tri="periode__endswith"),
        Colonne("postes", "Postes", lambda c: c.nombre_postes or 0, tri="nombre_postes"),
        Colonne("montant", "Montant (€)", lambda c: c.montant, tri="montant"),
        Colonne("financeur", "Financeur", lambda c: c.financeur, a_l_ecran=False),
        Colonne("etat", "État", lambda c: c.get_etat_display(), tri="etat", niveau=commun.niveau),
    ]  # fmt: skip


def _filtrer(conventions: Any, valeurs: dict[str, Any]) -> Any:
    if saisie := valeurs.get("recherche"):
        structures = Structure.objects.rechercher(saisie).order_by().values("pk")
        critere = Q(structure__in=structures)
        chiffres = saisie.strip().lower().removeprefix("cv-").split("-")[0]
        if chiffres.isascii() and chiffres.isdigit() and len(chiffres) < 10:
            critere |= Q(numero=int(chiffres))
        conventions = conventions.filter(critere)
    for champ in ("etat", "phase", "departement"):
        if champ in valeurs:
            conventions = conventions.filter(**{champ: valeurs[champ]})
    return conventions


@role_requis(*AGENTS)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    filtres = FiltresConventions(request.GET, departemental=role.type == TypeRole.PREFECTURE)
    conventions = _filtrer(avec_montants(Convention.objects.visibles_par(role)), filtres.valeurs())
    page = Liste(request, conventions, _colonnes(role), "-reference", "conventions")
    if (fichier := page.export()) is not None:
        return fichier
    anct = role.type == TypeRole.ANCT
    contexte = {
        "liste": page,
        "filtres": filtres,
        "lien_a_preparer": reverse("conventions:a_preparer", args=[role.pk]) if anct else "",
        "a_preparer": structures_a_preparer().count() if anct else 0,
    }
    return render(request, "conventions/convention/liste.html", contexte)


def structures_a_preparer() -> Any:
    """Les structures qui ont aujourd'hui un poste qu'aucune convention n'a porté ; annote `libres` et `depuis`."""
    libres = (
        rattachements_sans_convention(timezone.localdate())
        .filter(structure=OuterRef("pk"))
        .order_by()
        .values("structure")
    )
    return (
        Structure.objects.select_related("commune__departement")
        .annotate(
            libres=Subquery(libres.annotate(n=Count("pk")).values("n")),
            depuis=Subquery(libres.annotate(d=Min("periode__startswith")).values("d")),
        )
        .filter(libres__gt=0)
    )


@role_requis(TypeRole.ANCT)
@lecture
def a_preparer(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)

    def lien(structure: Structure) -> str:
        return reverse("conventions:preparer", args=[role.pk, structure.pk])

    colonnes = [
        Colonne("structure", "Structure", lambda s: s.nom, tri=NOM_TRI, lien=lien),
        Colonne("siret", "SIRET", lambda s: s.identifiant),
        Colonne("departement", "Département", lambda s: s.commune.departement_id, tri="commune__departement_id"),
        Colonne("libres", "Postes sans convention", lambda s: s.libres, tri="libres"),
        Colonne("depuis", "Depuis", lambda s: s.depuis, tri="depuis"),
    ]
    page = Liste(request, structures_a_preparer(), colonnes, "depuis", "conventions-a-preparer")
    if (fichier := page.export()) is not None:
        return fichier
    return render(request, "conventions/convention/a_preparer.html", {"liste": page})


@role_requis(TypeRole.STRUCTURE)
@lecture
def mes_conventions(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    conventions = avec_montants(Convention.objects.visibles_par(role))
    page = Liste(request, conventions, _colonnes(role), "-reference", "mes-conventions")
    if (fichier := page.export()) is not None:
        return fichier
    return render(request, "conventions/convention/mes_conventions.html", {"liste": page})
