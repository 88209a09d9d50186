"""Les recrutements d'une structure : la liste, la page de chacun, la comparaison des candidats, sa fiche."""

from collections.abc import Callable
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
from conum.journal.workflow import TransitionImpossible
from conum.recrutement.access import est_membre, get_recrutement_ou_404
from conum.recrutement.actions import recrutements as actions
from conum.recrutement.forms import structure as forms
from conum.recrutement.models import MiseEnRelation, Recrutement, RecrutementQuerySet, service
from conum.recrutement.rules import relation as regles
from conum.recrutement.states import ATTEND_LA_STRUCTURE, CLOS, OUVERTS, PROMIS, Etat, EtatRecrutement
from conum.recrutement.views.cartes import Ligne, ligne
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.ui.forms import DsfrForm, reporter

LECTEURS = (TypeRole.STRUCTURE, TypeRole.ANCT, TypeRole.PREFECTURE, TypeRole.REGION)
COMPARES_MAX = 4
NIVEAUX_RECRUTEMENT = {
    EtatRecrutement.OUVERT: "info",
    EtatRecrutement.SUSPENDU: "warning",
    EtatRecrutement.POURVU: "success",
}
# L'ordre de la page : d'abord ce qui est le plus près d'aboutir.
_ORDRE = (
    Etat.ACCEPTEE, Etat.OFFRE, Etat.ENTRETIEN, Etat.CONTACT_ACCEPTE, Etat.PROPOSEE, Etat.RETENUE, Etat.RESERVE,
)  # fmt: skip


def niveau_recrutement(recrutement: Recrutement) -> str:
    return NIVEAUX_RECRUTEMENT.get(EtatRecrutement(recrutement.etat), "neutre")


# --- La liste -----------------------------------------------------------------------------------------------------


def _avec_nombres(recrutements: RecrutementQuerySet) -> RecrutementQuerySet:
    relations = "mises_en_relation"
    # Un entretien à venir n'attend rien de la structure.
    attendues = Q(mises_en_relation__etat__in=ATTEND_LA_STRUCTURE) & ~Q(
        mises_en_relation__etat=Etat.ENTRETIEN, mises_en_relation__entretien_le__gt=timezone.now()
    )
    return recrutements.avec_postes().annotate(
        nb_ouvertes=Count(relations, filter=Q(mises_en_relation__etat__in=OUVERTS), distinct=True),
        nb_attendues=Count(relations, filter=attendues, distinct=True),
        nb_promises=Count(relations, filter=Q(mises_en_relation__etat__in=PROMIS), distinct=True),
    )


def _colonnes(role: Role) -> list[Colonne]:
    agent = role.type != TypeRole.STRUCTURE
    return [
        Colonne(
            "reference", "Recrutement", lambda r: r.reference, tri="pk",
            lien=lambda r: reverse("recrutement:recrutement", args=[role.pk, r.pk]),
        ),
        Colonne(
            "structure", "Structure", lambda r: r.structure.nom, tri=SansAccent("structure__denomination"),
            a_l_ecran=agent,
        ),
        Colonne("siret", "SIRET ou RIDET", lambda r: r.structure.numero, a_l_ecran=False),
        Colonne("type", "Type de poste", lambda r: r.get_type_poste_display(), tri="type_poste"),
        Colonne("commune", "Commune", lambda r: str(r.commune), tri=SansAccent("commune__nom")),
        Colonne("etat", "État", lambda r: r.get_etat_display(), tri="etat", niveau=niveau_recrutement),
        Colonne("postes", "Postes", lambda r: r.nb_postes, tri="nb_postes"),
        Colonne("vacants", "Vacants", lambda r: r.nb_vacants, tri="nb_vacants"),
        Colonne("candidats", "Candidats", lambda r: r.nb_ouvertes, tri="nb_ouvertes"),
        Colonne(
            "attendus", "Attendent la structure" if agent else "À vous de répondre", lambda r: r.nb_attendues,
            tri="nb_attendues",
        ),
        Colonne("offres", "Offres faites", lambda r: r.nb_promises, tri="nb_promises", a_l_ecran=False),
        Colonne("debut", "Début souhaité", lambda r: r.debut, tri="debut"),
    ]  # fmt: skip


@role_requis(*LECTEURS)
@lecture
def recrutements(request: HttpRequest) -> HttpResponseBase:
    """Ceux de la structure, ou ceux du territoire d'un agent : des nombres, aucune personne."""
    role = role_de(request)
    visibles = _avec_nombres(Recrutement.objects.visibles_par(role)).select_related("structure", "commune")
    liste = Liste(request, visibles, _colonnes(role), "-attendus", "recrutements")
    if (fichier := liste.export()) is not None:
        return fichier
    contexte = {"liste": liste, "est_structure": role.type == TypeRole.STRUCTURE}
    return render(request, "recrutement/structure/liste.html", contexte)


# --- La page d'un recrutement -------------------------------------------------------------------------------------


def _relations(recrutement: Recrutement) -> list[MiseEnRelation]:
    relations = MiseEnRelation.objects.filter(recrutement=recrutement).select_related("candidat__commune")
    return list(relations.order_by("rang", "distance_km", "pk"))


def _rang(relation: MiseEnRelation) -> tuple[int, int, float, int]:
    ordre = _ORDRE.index(Etat(relation.etat))
    return (ordre, relation.rang_reserve or relation.rang or 999, relation.distance_km or 0.0, relation.pk)


def _ouvertes(relations: list[MiseEnRelation], *, membre: bool) -> list[Ligne]:
    triees = sorted((r for r in relations if r.etat in OUVERTS), key=_rang)
    reserve = [r.pk for r in triees if r.etat == Etat.RESERVE]
    places = {pk: place for place, pk in enumerate(reserve, start=1)}
    return [ligne(r, membre=membre, place=places.get(r.pk)) for r in triees]


def _contexte_commun(role: Role, recrutement: Recrutement) -> dict[str, Any]:
    jour = timezone.localdate()
    postes = list(recrutement.postes.select_related("rattachement__poste").order_by("pk"))
    return {
        "recrutement": recrutement,
        "niveau": niveau_recrutement(recrutement),
        "postes": postes,
        "vacants": sum(p.pourvu_par_id is None for p in postes),
        "engagements": service.engagements_du_recrutement(recrutement, jour),
        "est_structure": role.type == TypeRole.STRUCTURE,
    }


@role_requis(*LECTEURS)
@lecture
def recrutement(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    courant = get_recrutement_ou_404(role, pk)
    contexte = _contexte_commun(role, courant)
    if role.type != TypeRole.STRUCTURE:
        contexte["nombres"] = _nombres(courant)
        return render(request, "recrutement/structure/nombres.html", contexte)
    relations = _relations(courant)
    lignes = _ouvertes(relations, membre=est_membre(role, courant))
    contexte |= {
        "lignes": lignes,
        "a_faire": sum(1 for x in lignes if x.attente and x.attente.vous),
        "finies": [ligne(r, membre=False) for r in _finies(relations)],
        "est_ouvert": courant.etat == EtatRecrutement.OUVERT,
        "est_suspendu": courant.etat == EtatRecrutement.SUSPENDU,
        "compares_max": COMPARES_MAX,
        "delai": regles.DELAI_REPONSE.days,
    }
    return render(request, "recrutement/structure/page.html", contexte)


def _finies(relations: list[MiseEnRelation]) -> list[MiseEnRelation]:
    closes = [r for r in relations if r.etat in CLOS and r.close_le]
    return sorted(closes, key=lambda r: (r.close_le, r.pk), reverse=True)  # type: ignore[arg-type,return-value]


def _nombres(recrutement: Recrutement) -> list[tuple[str, int]]:
    """Combien de mises en relation dans chaque état : ce qu'un agent lit."""
    lignes = recrutement.mises_en_relation.order_by().values("etat").annotate(n=Count("pk"))
    par_etat = {x["etat"]: x["n"] for x in lignes}
    return [(str(e.label), par_etat[e.value]) for e in Etat if e.value in par_etat]


# --- Comparer -----------------------------------------------------------------------------------------------------


@role_requis(TypeRole.STRUCTURE)
@lecture
def comparer(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Jusqu'à quatre candidats côte à côte, choisis sur la page du recrutement (`?m=1&m=2`)."""
    role = role_de(request)
    courant = get_recrutement_ou_404(role, pk)
    demandes = list(dict.fromkeys(int(m) for m in request.GET.getlist("m") if m.isascii() and m.isdecimal()))
    lignes = _ouvertes(_relations(courant), membre=est_membre(role, courant))
    choisies = [x for x in lignes if x.relation.pk in demandes]
    contexte = {
        "recrutement": courant,
        "lignes": choisies[:COMPARES_MAX],
        "trop": len(choisies) > COMPARES_MAX,
        "compares_max": COMPARES_MAX,
    }
    return render(request, "recrutement/structure/comparer.html", contexte)


# --- La fiche, suspendre, reprendre -------------------------------------------------------------------------------


def _acte_sur_la_fiche(
    request: HttpRequest,
    courant: Recrutement,
    form: DsfrForm,
    agir: Callable[[], Recrutement],
    fait: Callable[[Recrutement], str],
    **textes: str,
) -> HttpResponseBase:
    """Une page, un formulaire, un acte : refusé, la saisie reste ; fait, on lit le recrutement qu'il rend."""
    role = role_de(request)
    if request.method == "POST" and form.is_valid():
        try:
            suite = agir()
        except TransitionImpossible as erreur:
            messages.error(request, str(erreur))
            return redirect("recrutement:recrutement", role.pk, courant.pk)
        except ValidationError as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, fait(suite))
            return redirect("recrutement:recrutement", role.pk, suite.pk)
    return render(request, "recrutement/structure/fiche.html", {"recrutement": courant, "form": form, **textes})


@role_requis(TypeRole.STRUCTURE)
@lecture_ecriture
def fiche(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    courant = get_recrutement_ou_404(role, pk)
    form = forms.FicheForm(request.POST or None, recrutement=courant)
    return _acte_sur_la_fiche(
        request, courant, form,
        agir=lambda: actions.modifier_fiche(courant, **forms.fiche_lue(form), par=role),
        fait=lambda _: "La fiche est à jour. Les prochains passages en tiennent compte.",
        titre="Modifier la fiche",
        bouton="Enregistrer",
        aide="Les candidats lisent cette fiche. Les propositions déjà faites ne changent pas.",
    )  # fmt: skip


@role_requis(TypeRole.STRUCTURE)
@lecture_ecriture
def separer(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Des postes qui s'exercent ailleurs ont leur propre recrutement : la distance se compte de là."""
    role = role_de(request)
    courant = get_recrutement_ou_404(role, pk)
    form = forms.SeparerForm(request.POST or None, initial={"debut": courant.debut, "nombre": 1})
    return _acte_sur_la_fiche(
        request, courant, form,
        agir=lambda: actions.separer(courant, **form.cleaned_data, par=role),
        fait=lambda autre: f"Le recrutement {autre.reference} est ouvert à {autre.commune.nom}.",
        titre="Recruter dans une autre commune",
        bouton="Ouvrir ce recrutement",
        aide="Pour des postes vacants qui s’exercent ailleurs dans le département : des candidats proches de là vous "
        "seront proposés au prochain passage.",
    )  # fmt: skip


@role_requis(TypeRole.STRUCTURE)
@lecture_ecriture
def suspendre(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    courant = get_recrutement_ou_404(role, pk)
    form = forms.SuspendreForm(request.POST or None)
    return _acte_sur_la_fiche(
        request, courant, form,
        agir=lambda: actions.suspendre(courant, motif=form.cleaned_data["motif"], par=role),
        fait=lambda _: "Le recrutement est suspendu. Les candidats concernés sont prévenus.",
        titre="Suspendre le recrutement",
        bouton="Suspendre",
        aide="Plus aucun candidat ne vous est proposé. Ceux que vous n’avez pas encore rencontrés sont prévenus que "
        "l’échange est clos. Vous pourrez reprendre quand vous voudrez.",
    )  # fmt: skip


@role_requis(TypeRole.STRUCTURE)
@ecriture
def reprendre(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    try:
        actions.reprendre(get_recrutement_ou_404(role, pk), par=role)
        messages.success(request, "Le recrutement reprend. Le prochain passage peut vous proposer des candidats.")
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
    return redirect("recrutement:recrutement", role.pk, pk)
