"""La file des contrats et la page d'un contrat : son histoire, et ce que chacun peut en faire."""

from typing import Any

from django.db.models import Count, F, Prefetch, Q
from django.db.models.functions import Concat
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.postes import access
from conum.postes.access import AGENTS, LECTEURS, get_contrat_ou_404
from conum.postes.actions.ruptures import pieces_manquantes
from conum.postes.forms.contrats import FiltresContrats
from conum.postes.models import Contrat, PieceRupture
from conum.postes.models.contrat import ContratQuerySet
from conum.postes.rules import contrat as regles
from conum.postes.rules.delais import AVANT_PROLONGATION
from conum.postes.states import Etat, EtatProlongation
from conum.postes.views import commun
from conum.socle.http import lecture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.socle.texte import sans_accent
from conum.structures.models import Structure

_RENOUVELLEMENT = Q(remplace__personne=F("personne"))
ONGLETS: dict[str, tuple[str, Q]] = {
    "a_valider": ("À valider", Q(etat=Etat.A_VALIDER) & (Q(remplace=None) | ~_RENOUVELLEMENT)),
    "renouvellements": ("Renouvellements", Q(etat=Etat.A_VALIDER) & _RENOUVELLEMENT),
    "prolongations": ("Prolongations", Q(prolongations__etat=EtatProlongation.DEMANDEE)),
    "ruptures": ("Ruptures", Q(etat=Etat.RUPTURE_NOTIFIEE)),
    "tous": ("Tous", Q()),
}


def _manquantes(contrat: Contrat) -> str:
    """Le dossier de rupture, d'après les pièces préchargées."""
    if contrat.etat != Etat.RUPTURE_NOTIFIEE:
        return ""
    deposees = {piece.nature for piece in contrat.au_dossier}  # type: ignore[attr-defined]
    manquantes = regles.pieces_manquantes(contrat.rupture_motif, deposees)
    if not manquantes:
        return "Complet"
    return "En attente de pièces" if deposees else "Nouveau"


def _fin_demandee(contrat: Contrat) -> Any:
    return next((p.fin_demandee for p in contrat.demandees), None)  # type: ignore[attr-defined]


def _colonnes(role: Role, onglet: str) -> list[Colonne]:
    rupture, prolongation = onglet == "ruptures", onglet == "prolongations"
    return [
        Colonne(
            "reference", "Contrat", lambda c: c.reference, tri="pk", lien=lambda c: commun.lien_contrat(role, c.pk)
        ),
        Colonne("structure", "Structure", lambda c: c.structure_nom, tri=SansAccent("structure_nom")),
        Colonne(
            "departement", "Département", lambda c: c.departement_code, tri="departement_code",
            a_l_ecran=role.type != TypeRole.PREFECTURE,
        ),
        Colonne("poste", "Poste", lambda c: c.poste.reference, tri="poste__numero"),
        Colonne("personne", "Personne", lambda c: c.personne.get_full_name(), tri=SansAccent("personne__nom")),
        Colonne("type", "Type", lambda c: c.get_type_display(), tri="type"),
        Colonne("debut", "Début", lambda c: c.debut, tri="periode__startswith"),
        Colonne("fin", "Fin", lambda c: c.fin, tri="periode__endswith"),
        Colonne("fin_demandee", "Fin demandée", _fin_demandee, a_l_ecran=prolongation),
        Colonne("rupture", "Dernier jour", lambda c: c.rupture_le, tri="rupture_le", a_l_ecran=rupture),
        Colonne("motif", "Motif", lambda c: c.get_rupture_motif_display(), a_l_ecran=rupture),
        Colonne("dossier", "Dossier", _manquantes, a_l_ecran=rupture),
        Colonne("salaire", "Salaire brut", lambda c: c.salaire, tri="salaire", a_l_ecran=not rupture),
        # Dans une file, l'état est celui de la file.
        Colonne(
            "etat", "État", lambda c: c.get_etat_display(), tri="etat", niveau=commun.niveau_contrat,
            a_l_ecran=onglet in ("tous", "prolongations"),
        ),
        Colonne("saisi", "Saisi le", lambda c: timezone.localdate(c.created_at), tri="created_at"),
    ]  # fmt: skip


def _filtrer(contrats: ContratQuerySet, valeurs: dict[str, Any]) -> ContratQuerySet:
    if saisie := valeurs.get("recherche"):
        structures = Structure.objects.rechercher(saisie).order_by().values("pk")
        nom = SansAccent(Concat("personne__prenom", "personne__nom"))
        compact = sans_accent(saisie).lower().replace(" ", "")
        critere = Q(structure_pk__in=structures) | Q(nom_cherche__contains=compact)
        chiffres = compact.removeprefix("c-")
        if chiffres.isascii() and chiffres.isdigit() and len(chiffres) < 10:
            critere |= Q(pk=int(chiffres))
        contrats = contrats.annotate(nom_cherche=nom).filter(critere)
    for champ in ("etat", "type"):
        if champ in valeurs:
            contrats = contrats.filter(**{champ: valeurs[champ]})
    if "departement" in valeurs:
        contrats = contrats.filter(Q(departement_code=valeurs["departement"].pk))
    return contrats


@role_requis(*AGENTS)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    filtres = FiltresContrats(request.GET, national=role.type == TypeRole.ANCT)
    onglet = request.GET.get("onglet", "")
    if onglet not in ONGLETS:
        cherche = any(request.GET.get(cle) for cle in ("recherche", "etat"))
        onglet = "tous" if cherche or role.type != TypeRole.ANCT else "a_valider"
    visibles = Contrat.objects.visibles_par(role)
    contrats = _filtrer(visibles.avec_structure(), filtres.valeurs()).filter(ONGLETS[onglet][1])
    contrats = contrats.select_related("poste", "personne").prefetch_related(
        Prefetch("pieces", PieceRupture.objects.filter(retiree_le=None).order_by("pk"), to_attr="au_dossier"),
        Prefetch("prolongations", _demandees(), to_attr="demandees"),
    )
    page = Liste(request, contrats, _colonnes(role, onglet), "-saisi" if onglet == "tous" else "saisi", "contrats")
    if (fichier := page.export()) is not None:
        return fichier
    comptes = visibles.order_by().aggregate(
        **{cle: Count("pk", filter=q, distinct=True) for cle, (_, q) in ONGLETS.items() if q},
        tous=Count("pk", distinct=True),
    )
    onglets = [
        {
            "titre": titre,
            "lien": page.adresse(onglet=cle, page="", tri="", etat=""),
            "nombre": comptes[cle],
            "actif": cle == onglet,
        }
        for cle, (titre, _) in ONGLETS.items()
    ]
    return render(request, "postes/contrats.html", {"liste": page, "filtres": filtres, "onglets": onglets})


def _demandees() -> Any:
    from conum.postes.models import Prolongation

    return Prolongation.objects.filter(etat=EtatProlongation.DEMANDEE).order_by("pk")


def _suite(contrat: Contrat) -> str:
    """Ce qui est attendu, et de qui."""
    match contrat.etat:
        case Etat.A_VALIDER:
            return "L'ANCT valide le contrat, ou le refuse en disant pourquoi."
        case Etat.RUPTURE_NOTIFIEE:
            return "La structure dépose les pièces, puis l'ANCT valide la rupture à partir du dernier jour."
        case Etat.VALIDE if contrat.fin and contrat.fin < timezone.localdate():
            return "Le terme est passé : renouvelez le contrat, ou constatez sa fin."
        case Etat.VALIDE if contrat.fin:
            return f"Le contrat va jusqu'au {contrat.fin:%d/%m/%Y}."
        case Etat.VALIDE:
            return "Le contrat court, sans terme."
        case _:
            return "Rien : ce contrat est clos."


def _gestes(role: Role, contrat: Contrat) -> list[dict[str, Any]]:
    """Les actes ouverts à ce rôle : `direct` est un bouton, sinon une page."""
    gestes: list[dict[str, Any]] = []

    def ajouter(titre: str, nom: str, *, direct: bool = False) -> None:
        lien = reverse(f"postes:{nom}", args=[role.pk, contrat.pk])
        gestes.append({"titre": titre, "lien": lien, "direct": direct})

    anct, demandeur = access.peut_valider(role, contrat), access.peut_demander(role, contrat)
    jour = timezone.localdate()
    if anct and contrat.etat == Etat.A_VALIDER:
        ajouter("Valider le contrat", "valider", direct=True)
        ajouter("Refuser", "refuser")
    if demandeur and contrat.etat == Etat.A_VALIDER:
        ajouter("Corriger", "corriger")
    if anct and contrat.etat == Etat.RUPTURE_NOTIFIEE:
        ajouter("Valider la rupture", "valider_rupture", direct=True)
    if demandeur and contrat.etat == Etat.RUPTURE_NOTIFIEE:
        ajouter("Déposer une pièce", "completer")
        ajouter("Retirer la rupture", "annuler_rupture", direct=True)
    if demandeur and contrat.etat == Etat.VALIDE:
        _gestes_en_cours(contrat, jour, ajouter)
    if anct and contrat.etat == Etat.VALIDE:
        ajouter("Rectifier", "corriger")
        if contrat.debut > jour:
            ajouter("Annuler le contrat", "annuler")
    return gestes


def _gestes_en_cours(contrat: Contrat, jour: Any, ajouter: Any) -> None:
    if contrat.fin is not None and not contrat.suites.retenus().exists():
        ajouter("Renouveler", "renouveler")
        if contrat.fin - AVANT_PROLONGATION <= jour <= contrat.fin:
            ajouter("Prolonger", "prolonger")
    ajouter("Notifier une rupture", "notifier_rupture")
    if contrat.fin is not None and contrat.fin < jour:
        ajouter("Constater la fin", "terminer", direct=True)


@role_requis(*LECTEURS)
@lecture
def contrat(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lu = get_contrat_ou_404(role, pk)
    prolongation = lu.prolongations.order_by("-pk").first()
    contexte = {
        "contrat": lu,
        "niveau": commun.niveau_contrat(lu),
        "suite": _suite(lu),
        "gestes": _gestes(role, lu),
        "smic": _smic(lu),
        "pieces": lu.pieces.filter(retiree_le=None).order_by("pk"),
        "manquantes": pieces_manquantes(lu) if lu.etat == Etat.RUPTURE_NOTIFIEE else [],
        "prolongation": prolongation,
        "peut_prolonger": prolongation is not None
        and prolongation.etat == EtatProlongation.DEMANDEE
        and access.peut_traiter_prolongation(role, prolongation),
        "suites": [
            {"titre": str(c), "lien": commun.lien_contrat(role, c.pk), "contrat": c}
            for c in Contrat.objects.visibles_par(role)
            .filter(Q(remplace=lu) | Q(pk=lu.remplace_id))
            .select_related("poste", "personne")
            .order_by("periode")
        ],
        "journal": commun.journal(lu),
        "de_la_structure": role.type == TypeRole.STRUCTURE,
    }
    return render(request, "postes/contrat.html", contexte)


def _smic(contrat: Contrat) -> Any:
    """Le SMIC du jour du début, pour juger le salaire d'un coup d'œil ; None s'il n'est pas connu."""
    from conum.postes.rules.smic import SmicInconnu, montant_du_smic, territoire_du_departement

    try:
        territoire = territoire_du_departement(contrat.departement_code or "")  # type: ignore[attr-defined]
        return montant_du_smic(contrat.debut, territoire)
    except SmicInconnu:
        return None
