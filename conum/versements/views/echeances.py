"""Les échéances : la file de l'État, une échéance et sa trace, celles d'une convention, celles d'une structure."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.conventions.access import LECTEURS, get_convention_ou_404
from conum.conventions.models import Acte, Convention
from conum.journal.workflow import TransitionImpossible
from conum.postes.access import AGENTS
from conum.socle.http import ecriture, lecture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.socle.texte import euros
from conum.structures.access import structure_du_role
from conum.structures.models import Structure
from conum.versements import access
from conum.versements.access import get_echeance_ou_404
from conum.versements.actions import echeanciers
from conum.versements.forms.echeances import FiltresEcheances
from conum.versements.models import Echeance, Echeancier, LigneLot, Rib, budget
from conum.versements.models.echeance import PAYABLES, EcheanceQuerySet
from conum.versements.states import Etat, EtatRib
from conum.versements.views import commun

_EN_ATTENTE = Q(etat__in=[Etat.PREVU, Etat.A_VERSER])


def _bloquees() -> Q:
    """Dont la date est venue ou manque, et que quelque chose retient (`Echeance.blocage`)."""
    retenue = (
        Q(compte_actif=False)
        | Q(acte_en_attente=True)
        | (Q(est_solde=False) & ~Q(convention__etat__in=sorted(PAYABLES)))
    )
    due = Q(prevue_le__lte=timezone.localdate())
    return _EN_ATTENTE & ((due & retenue) | Q(prevue_le=None))


def _onglets() -> dict[str, tuple[str, Q]]:
    return {
        "a_verser": ("À verser", Q(etat=Etat.A_VERSER, en_lot=False)),
        "en_lot": ("Dans un lot", Q(etat=Etat.A_VERSER, en_lot=True)),
        "bloquees": ("Bloquées", _bloquees()),
        "suspendues": ("Suspendues", Q(etat=Etat.SUSPENDU)),
        "prevues": ("Prévues", Q(etat=Etat.PREVU)),
        "ordonnancees": ("Ordonnancées", Q(etat=Etat.ORDONNANCE)),
        "a_rendre": ("À rendre", Q(etat=Etat.REVERSEMENT_DEMANDE)),
        "toutes": ("Toutes", Q()),
    }


def montant_signe(e: Echeance) -> Any:
    return e.montant * e.signe


def _poste(e: Echeance) -> str:
    return e.poste.poste.reference if e.poste else "Toute la convention"


def _colonnes(role: Role, onglet: str = "") -> list[Colonne]:
    """`onglet` : celui de la file de l'État, vide sur la page d'une convention. Dans une file, l'état est le sien."""
    de_tous, melange = bool(onglet), onglet in ("", "bloquees", "toutes")
    return [
        Colonne("reference", "Échéance", lambda e: e.reference, tri="numero",
                lien=lambda e: commun.lien_echeance(role, e.pk)),
        Colonne("structure", "Structure", lambda e: e.convention.structure.nom, a_l_ecran=de_tous,
                tri=SansAccent("convention__structure__denomination")),
        Colonne("departement", "Département", lambda e: e.convention.departement_id, tri="convention__departement",
                a_l_ecran=de_tous and role.type != TypeRole.PREFECTURE),
        Colonne("convention", "Convention", lambda e: e.convention.reference, tri="convention__numero",
                lien=lambda e: commun.lien_convention(role, e.convention_id), a_l_ecran=de_tous),
        Colonne("poste", "Poste", _poste, tri="poste__poste__numero"),
        Colonne("nature", "Nature", lambda e: e.get_nature_display(), a_l_ecran=False),
        Colonne("prevue", "Prévue le", lambda e: e.prevue_le, tri="prevue_le"),
        Colonne("montant", "Montant", montant_signe, tri="montant"),
        Colonne("etat", "État", lambda e: e.get_etat_display(), tri="etat", niveau=commun.niveau,
                a_l_ecran=melange),
        Colonne("realisee", "Faite le", lambda e: e.realisee_le, tri="realisee_le",
                a_l_ecran=onglet in ("", "toutes")),
        Colonne("blocage", "Ce qui la retient", lambda e: e.blocage(),
                a_l_ecran=onglet not in ("en_lot", "ordonnancees", "a_rendre")),
    ]  # fmt: skip


def _relations(echeances: EcheanceQuerySet) -> EcheanceQuerySet:
    return echeances.select_related("convention__structure", "poste__poste")


def _filtrer(echeances: EcheanceQuerySet, valeurs: dict[str, Any]) -> EcheanceQuerySet:
    if saisie := valeurs.get("recherche"):
        critere = Q(convention__structure__in=Structure.objects.rechercher(saisie).order_by().values("pk"))
        prefixe, _, chiffres = saisie.strip().lower().rpartition("-")
        if chiffres.isascii() and chiffres.isdigit() and len(chiffres) < 12:
            critere |= Q(numero=int(chiffres)) if prefixe in ("", "ec") else Q()
            critere |= Q(convention__numero=int(chiffres)) if prefixe in ("", "cv") else Q()
        echeances = echeances.filter(critere)
    for champ in ("etat", "nature"):
        if champ in valeurs:
            echeances = echeances.filter(**{champ: valeurs[champ]})
    if "jusqu_au" in valeurs:
        echeances = echeances.filter(prevue_le__lte=valeurs["jusqu_au"])
    if "departement" in valeurs:
        echeances = echeances.filter(convention__departement=valeurs["departement"])
    return echeances


@role_requis(*AGENTS)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    filtres = FiltresEcheances(request.GET, national=role.type != TypeRole.PREFECTURE)
    onglets, onglet = _onglets(), request.GET.get("onglet", "")
    if onglet not in onglets:
        cherche = any(request.GET.get(cle) for cle in ("recherche", "etat"))
        onglet = "toutes" if cherche or role.type != TypeRole.ANCT else "a_verser"
    dans_un_lot = Exists(LigneLot.objects.filter(echeance=OuterRef("pk"), actif=True))
    visibles = Echeance.objects.visibles_par(role).avec_faits().annotate(en_lot=dans_un_lot)
    filtrees = _filtrer(visibles, filtres.valeurs())
    # Dans « Toutes », les annulées se voient quand on les demande : leur montant ne compte pas.
    retenues = filtrees if filtres.valeurs().get("etat") == Etat.ANNULE else filtrees.comptees()
    page = Liste(
        request, _relations(retenues.filter(onglets[onglet][1])), _colonnes(role, onglet), "prevue", "echeances"
    )
    if (fichier := page.export()) is not None:
        return fichier
    sommes = (
        filtrees.comptees()
        .order_by()
        .aggregate(
            **{f"n_{cle}": Count("pk", filter=q or None) for cle, (_, q) in onglets.items()},
            **{f"s_{cle}": Sum("montant", filter=q or None) for cle, (_, q) in onglets.items() if cle != "toutes"},
        )
    )
    contexte = {
        "liste": page,
        "filtres": filtres,
        "onglets": [
            {
                "titre": titre,
                "lien": page.adresse(onglet=cle, page="", tri="", etat=""),
                "nombre": sommes[f"n_{cle}"],
                "actif": cle == onglet,
            }
            for cle, (titre, _) in onglets.items()
        ],
        "total": sommes.get(f"s_{onglet}"),
        "peut_preparer": onglet == "a_verser" and access.peut_ordonnancer(role) and bool(sommes["n_a_verser"]),
        "anct": role.type == TypeRole.ANCT,
    }
    return render(request, "versements/echeances/liste.html", contexte)


@role_requis(*LECTEURS)
@lecture
def echeance(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    get_echeance_ou_404(role, pk)
    lue = Echeance.objects.avec_faits().select_related(
        "convention__structure", "poste__poste", "acte__convention", "remplacee_par__acte__convention"
    ).get(pk=pk)  # fmt: skip
    contexte = {
        "echeance": lue,
        "niveau": commun.niveau(lue),
        "blocage": lue.blocage(),
        "lignes": _passages(role, lue),
        "gestes": gestes(role, lue),
        "journal": commun.journal(lue),
        "agent": role.type in AGENTS,
    }
    return render(request, "versements/echeances/echeance.html", contexte)


def _passages(role: Role, echeance: Echeance) -> list[dict[str, Any]]:
    """Chaque lot où l'échéance a été ; la structure n'en lit que l'issue."""
    lignes = LigneLot.objects.filter(echeance=echeance).select_related("lot", "rib").order_by("pk")
    lien = commun.lien_lot if access.peut_ordonnancer(role) else None
    return [
        {
            "ligne": x,
            "lien": lien(role, x.lot_id) if lien else "",
            "compte": x.rib.masque if role.type in (TypeRole.ANCT, TypeRole.STRUCTURE) else "",
            "niveau": commun.NIVEAUX_LIGNE.get(x.etat, "neutre"),  # type: ignore[call-overload]
        }
        for x in lignes
    ]


def gestes(role: Role, e: Echeance) -> list[dict[str, Any]]:
    """Les actes ouverts à ce rôle : `direct` est un bouton, sinon une page."""
    if not access.peut_ordonnancer(role):
        return []
    ouverts: dict[str, list[tuple[str, str, bool]]] = {
        Etat.PREVU: [("Fixer la date", "fixer_date", False), ("Découper", "decouper", False),
                     ("Suspendre", "suspendre", False)],
        Etat.A_VERSER: [("Suspendre", "suspendre", False)],
        Etat.SUSPENDU: [("Lever la suspension", "reprendre", True)],
        Etat.REVERSEMENT_DEMANDE: [("Constater le reversement", "constater_reversement", False),
                                   ("Renoncer à cette somme", "annuler_reversement", False)],
    }  # fmt: skip
    return [
        {"titre": titre, "lien": reverse(f"versements:{nom}", args=[role.pk, e.pk]), "direct": direct}
        for titre, nom, direct in ouverts.get(e.etat, [])
    ]


@role_requis(*LECTEURS)
@lecture
def convention(request: HttpRequest, convention_pk: int) -> HttpResponseBase:
    """L'échéancier d'une convention : ce qui est parti, ce qui reste, et d'où vient chaque somme."""
    role = role_de(request)
    lue = get_convention_ou_404(role, convention_pk)
    toutes = Echeance.objects.filter(convention=lue).avec_faits()
    annulees = request.GET.get("annulees") == "oui"
    vues = toutes if annulees else toutes.comptees()
    page = Liste(request, _relations(vues), _colonnes(role), "prevue", f"versements-{lue.reference}", par_page=100)
    if (fichier := page.export()) is not None:
        return fichier
    montants = budget.de_la_convention(lue)
    anct = access.peut_ordonnancer(role)
    contexte = {
        "convention": lue,
        "liste": page,
        "chiffres": [
            ("Engagé", euros(montants.engage)),
            ("Versé", euros(montants.verse)),
            ("Versé en trop", euros(-montants.reste))
            if montants.reste < 0
            else ("Reste à verser", euros(montants.reste)),
            *([("À rendre", euros(montants.a_rendre))] if montants.a_rendre else []),
        ],
        "echeanciers": _calculs(lue),
        "nombre_annulees": toutes.filter(etat=Etat.ANNULE).count(),
        "annulees": annulees,
        "a_etablir": echeanciers.actes_a_etablir().filter(convention=lue).select_related("convention").first(),
        "peut_etablir": anct,
        "rib": _rib_actif(lue) if role.type in (TypeRole.ANCT, TypeRole.STRUCTURE) else None,
        "lit_le_rib": role.type in (TypeRole.ANCT, TypeRole.STRUCTURE),
        "de_la_structure": role.type == TypeRole.STRUCTURE,
    }
    return render(request, "versements/echeances/convention.html", contexte)


def _rib_actif(convention: Convention) -> Rib | None:
    return Rib.objects.filter(structure=convention.structure_id, etat=EtatRib.ACTIF).first()


def _calculs(convention: Convention) -> list[dict[str, Any]]:
    """Chaque échéancier, le dernier d'abord, et ses phrases poste par poste."""
    noms = {p.pk: p.poste.reference for p in convention.postes.select_related("poste")}
    echeanciers_lus = Echeancier.objects.filter(acte__convention=convention).select_related("acte__convention")
    return [
        {
            "acte": e.acte,
            "le": e.created_at,
            "postes": [{"nom": noms.get(t["poste"], "Poste"), "phrases": t["phrases"]} for t in e.trace],
        }
        for e in echeanciers_lus.order_by("-acte__numero")
    ]


@role_requis(TypeRole.ANCT)
@ecriture
def etablir(request: HttpRequest, convention_pk: int) -> HttpResponseBase:
    """Sans attendre le travail de fond."""
    role = role_de(request)
    lue = get_convention_ou_404(role, convention_pk)
    retour = commun.lien_convention(role, lue.pk)
    acte: Acte | None = Acte.objects.en_vigueur().filter(convention=lue).first()
    if acte is None:
        messages.error(request, "Cette convention n’est pas signée des deux parties : elle n’a pas d’échéancier.")
        return redirect(retour)
    try:
        echeanciers.etablir_echeancier(acte, par=role)
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
    else:
        messages.success(request, "L’échéancier est établi.")
    return redirect(retour)


def _colonnes_conventions(role: Role) -> list[Colonne]:
    return [
        Colonne("reference", "Convention", lambda c: c.reference, tri="numero",
                lien=lambda c: commun.lien_convention(role, c.pk)),
        Colonne("periode", "Période", lambda c: c.libelle_periode, tri="periode__startswith"),
        Colonne("etat", "État", lambda c: c.get_etat_display(), tri="etat"),
        Colonne("engage", "Engagé", lambda c: c.engage, tri="engage"),
        Colonne("verse", "Versé", lambda c: c.verse, tri="verse"),
        Colonne("reste", "Reste à verser", lambda c: c.reste, tri="reste"),
        Colonne("a_rendre", "À rendre", lambda c: c.a_rendre, tri="a_rendre"),
    ]  # fmt: skip


@role_requis(TypeRole.STRUCTURE)
@lecture
def mes_versements(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    structure = structure_du_role(role)
    if structure is None:
        raise Http404("Ce rôle n’a pas de structure.")
    conventions = budget.avec_montants(Convention.objects.visibles_par(role).signees())
    liste_ = Liste(request, conventions, _colonnes_conventions(role), "-reference", "mes-versements")
    if (fichier := liste_.export()) is not None:
        return fichier
    siennes = Echeance.objects.filter(convention__structure=structure).avec_faits()
    prochaines = _relations(siennes.filter(etat__in=[Etat.PREVU, Etat.A_VERSER, Etat.ORDONNANCE, Etat.SUSPENDU]))
    vivants = {r.etat: r for r in Rib.objects.filter(structure=structure, etat__in=[EtatRib.ACTIF, EtatRib.PROPOSE])}
    contexte = {
        "structure": structure,
        "liste": liste_,
        "rib": vivants.get(EtatRib.ACTIF),
        "rib_propose": vivants.get(EtatRib.PROPOSE),
        "prochaines": [_ligne(role, e) for e in prochaines.order_by("prevue_le", "pk")[:10]],
        "a_rendre": [
            _ligne(role, e)
            for e in _relations(siennes.filter(etat=Etat.REVERSEMENT_DEMANDE)).order_by("created_at", "pk")
        ],
    }
    return render(request, "versements/echeances/mes_versements.html", contexte)


def _ligne(role: Role, e: Echeance) -> dict[str, Any]:
    return {
        "echeance": e,
        "lien": commun.lien_echeance(role, e.pk),
        "niveau": commun.niveau(e),
        "blocage": e.blocage(),
    }
