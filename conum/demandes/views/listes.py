"""Les demandes vues par l'État : une même liste, limitée au territoire de chacun, et les mêmes fichiers."""

from typing import Any

from django.db.models import Case, Count, F, Q, When
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.demandes.forms.instruction import FiltresDemandes
from conum.demandes.models import Demande, DemandeQuerySet, Nature, SensAvis
from conum.demandes.states import DECIDES, Etat
from conum.socle.http import lecture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent

LECTEURS = (TypeRole.ANCT, TypeRole.PREFECTURE, TypeRole.REGION, TypeRole.RESEAU, TypeRole.HUB)
NIVEAUX = {
    Etat.DEPOSEE: "new",
    Etat.EN_INSTRUCTION: "info",
    Etat.EXAMEN_COMPLEMENTAIRE: "warning",
    Etat.ATTRIBUEE: "success",
    Etat.REFUSEE: "error",
}
ONGLETS = {
    "a_instruire": ("À instruire", Q(etat=Etat.DEPOSEE)),
    "avis_rendu": ("Prêtes pour le comité", Q(etat__in=(Etat.EN_INSTRUCTION, Etat.EXAMEN_COMPLEMENTAIRE))),
    "decidees": ("Décidées", Q(etat__in=DECIDES)),
    "toutes": ("Toutes", Q()),
}
_ONGLET_PAR_ROLE = {TypeRole.PREFECTURE: "a_instruire", TypeRole.ANCT: "avis_rendu"}
# Sans avis, la plus ancienne d'abord : les retards sont donc en tête. Le reste suit.
ATTENTE = Case(When(etat=Etat.DEPOSEE, then=F("deposee_le")))


def niveau_etat(demande: Demande) -> str:
    return NIVEAUX.get(Etat(demande.etat), "neutre")


def attente(demande: Demande) -> str:
    """« 16 jours, en retard » tant que l'avis manque, vide ensuite."""
    if demande.etat != Etat.DEPOSEE:
        return ""
    jours = demande.jours_depuis_depot or 0
    duree = "aujourd'hui" if jours == 0 else f"{jours} jour{'s' * (jours > 1)}"
    return f"{duree}, en retard" if demande.est_en_retard else duree


def libelle_avis(demande: Demande) -> str:
    """« Favorable », vide sans avis ; `demande` vient de `avec_avis()`."""
    sens: str | None = demande.sens_avis  # type: ignore[attr-defined]
    return str(SensAvis(sens).label) if sens else ""


def _niveau_attente(demande: Demande) -> str:
    return "error" if demande.est_en_retard else ""


def _accordes(demande: Demande) -> int | None:
    decision = getattr(demande, "decision", None)
    return decision.postes_accordes if decision else None


def colonnes(role: Role, onglet: str) -> list[Colonne]:
    """Toutes vont au fichier ; l'écran montre celles qui servent dans cet onglet."""
    plusieurs = role.type != TypeRole.PREFECTURE
    attend = onglet in ("a_instruire", "toutes")
    decidee = onglet in ("decidees", "toutes")
    return [
        Colonne(
            "reference", "Référence", lambda d: d.reference, tri="pk",
            lien=lambda d: reverse("demandes:instruire", args=[role.pk, d.pk]),
        ),
        Colonne("structure", "Structure", lambda d: d.structure.nom, tri=SansAccent("structure__denomination")),
        Colonne("siret", "SIRET ou RIDET", lambda d: d.structure.numero, a_l_ecran=False),
        Colonne("commune", "Commune", lambda d: d.commune.nom, tri=SansAccent("commune__nom")),
        Colonne("departement", "Département", lambda d: d.departement_id, tri="departement", a_l_ecran=plusieurs),
        Colonne(
            "region", "Région", lambda d: d.departement.region.nom, tri=SansAccent("departement__region__nom"),
            a_l_ecran=False,
        ),
        Colonne("depot", "Déposée le", lambda d: timezone.localdate(d.deposee_le), tri="deposee_le"),
        Colonne("attente", "Attend un avis", attente, tri=ATTENTE, niveau=_niveau_attente, a_l_ecran=attend),
        Colonne("etat", "État", lambda d: d.get_etat_display(), tri="etat", niveau=niveau_etat),
        Colonne("demandes", "Postes demandés", lambda d: d.postes_demandes, tri="postes_demandes"),
        Colonne("avis", "Avis", libelle_avis, tri="sens_avis", a_l_ecran=onglet != "a_instruire"),
        Colonne("accordes", "Postes accordés", _accordes, tri="decision__postes_accordes", a_l_ecran=decidee),
        Colonne("nature", "Nature", lambda d: NATURES_COURTES[d.nature], tri="nature"),
        Colonne("type", "Type de poste", lambda d: d.get_type_poste_display(), tri="type_poste", a_l_ecran=False),
        Colonne("session", "Session", lambda d: d.session.numero if d.session else None, a_l_ecran=False),
        Colonne("motif_avis", "Motif de l'avis", lambda d: d.motif_avis, a_l_ecran=False),
    ]  # fmt: skip


NATURES_COURTES = {Nature.INITIALE: "Accueil", Nature.AJOUT: "Ajout", Nature.RENDU: "Rendu"}


def filtrer(demandes: DemandeQuerySet, valeurs: dict[str, Any]) -> DemandeQuerySet:
    """Les filtres communs aux listes et à l'ordre du jour ; `valeurs` vient de FiltresDemandes.valeurs()."""
    if saisie := valeurs.get("recherche"):
        demandes = demandes.rechercher(saisie)
    for champ in ("nature", "type_poste", "etat", "departement"):
        if champ in valeurs:
            demandes = demandes.filter(**{champ: valeurs[champ]})
    if "region" in valeurs:
        demandes = demandes.filter(departement__region=valeurs["region"])
    if "avis" in valeurs:
        demandes = demandes.filter(avis__sens=valeurs["avis"], avis__remplace_le=None)
    if valeurs.get("retard") == "oui":
        demandes = demandes.en_retard(timezone.localdate())
    return demandes


def _onglet(request: HttpRequest, role: Role) -> str:
    """Celui demandé ; un lien qui filtre par état ou par retard cherche partout."""
    demande = request.GET.get("onglet", "")
    if demande in ONGLETS:
        return demande
    if request.GET.get("etat") or request.GET.get("retard") or request.GET.get("recherche"):
        return "toutes"
    return _ONGLET_PAR_ROLE.get(TypeRole(role.type), "toutes")


def _comptes(demandes: DemandeQuerySet) -> dict[str, int]:
    return demandes.order_by().aggregate(**{cle: Count("pk", filter=q) for cle, (_, q) in ONGLETS.items() if q}) | {
        "toutes": demandes.order_by().count()
    }


@role_requis(*LECTEURS)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    role = request.role  # type: ignore[attr-defined]
    filtres = FiltresDemandes(request.GET, role=role)
    onglet = _onglet(request, role)
    visibles = Demande.objects.visibles_par(role)
    demandes = filtrer(visibles.avec_avis(), filtres.valeurs()).filter(ONGLETS[onglet][1])
    demandes = demandes.select_related("structure", "commune", "departement__region", "decision", "session")
    tri = "depot" if onglet == "a_instruire" else "attente" if onglet == "toutes" else "-depot"
    page = Liste(request, demandes, colonnes(role, onglet), tri, "demandes")
    if (fichier := page.export()) is not None:
        return fichier
    comptes = _comptes(visibles)
    onglets = [
        {"titre": titre, "lien": page.adresse(onglet=cle, page="", tri="", etat="", retard=""), "nombre": comptes[cle],
         "actif": cle == onglet}
        for cle, (titre, _) in ONGLETS.items()
    ]  # fmt: skip
    return render(
        request,
        "demandes/instruction/liste.html",
        {
            "liste": page,
            "filtres": filtres,
            "onglets": onglets,
            "retards": visibles.en_retard(timezone.localdate()).count(),
            "est_prefecture": role.type == TypeRole.PREFECTURE,
            "est_anct": role.type == TypeRole.ANCT,
        },
    )
