"""La liste des inscriptions, et ce que l'on règle sur l'une d'elles : organisme, disponibilité, arrêt."""

from datetime import timedelta
from typing import Any

from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Concat
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations.access import LECTEURS, get_inscription_ou_404, peut_arreter, peut_dire_disponibilite
from conum.formations.actions import arrets, departs, reglages
from conum.formations.actions.inscriptions import sans_organisme
from conum.formations.actions.parcours import a_retenir
from conum.formations.forms.inscriptions import ConfierForm, DisponibiliteForm, FiltresInscriptions, MotifForm
from conum.formations.models import Inscription, Place
from conum.formations.rules import marches
from conum.formations.rules.prise_de_poste import limite_de_depart
from conum.formations.states import EN_ATTENTE, VIVANTES
from conum.formations.views import commun
from conum.formations.views.pages import acte_direct, page_formulaire
from conum.postes.models import Contrat
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.socle.texte import sans_accent
from conum.structures.models import Structure

SANS_FILTRE = {
    TypeRole.PREFECTURE: ("departement",),
    TypeRole.STRUCTURE: ("departement", "organisme"),
    TypeRole.ORGANISME: ("organisme",),
}


def avec_ses_faits(inscriptions: Any) -> Any:
    """Annote la structure et le premier départ : de quoi écrire une ligne sans autre question."""
    contrat: Any = Contrat.objects.avec_structure().filter(pk=OuterRef("contrat_id"))
    places = Place.objects.assises().filter(inscription=OuterRef("pk"), session__debut__isnull=False)
    return inscriptions.select_related("personne", "organisme", "commune").annotate(
        structure_nom=Subquery(contrat.values("structure_nom")[:1]),
        structure_pk=Subquery(contrat.values("structure_pk")[:1]),
        depart_le=Subquery(places.order_by("session__debut").values("session__debut")[:1]),
    )


def _attente(inscription: Inscription) -> int | None:
    if inscription.etat not in EN_ATTENTE:
        return None
    return (timezone.localdate() - timezone.localdate(inscription.created_at)).days


def _limite(inscription: Inscription) -> Any:
    if inscription.etat not in VIVANTES:
        return None
    try:
        return limite_de_depart(inscription.contrat_signe_le, marches.marche(inscription.marche_code))
    except marches.MarcheInconnu:
        return None


def _retard(inscription: Any) -> str:
    phrase = departs.phrase_de_retard(inscription, depart=inscription.depart_le, jour=timezone.localdate())
    return "En retard" if phrase else ""


def _colonnes(role: Role) -> list[Colonne]:
    return [
        Colonne(
            "reference", "Formation", lambda i: i.reference, tri="pk",
            lien=lambda i: commun.lien_inscription(role, i.pk),
        ),
        Colonne("personne", "Personne", lambda i: i.personne.get_full_name(), tri=SansAccent("personne__nom")),
        Colonne("structure", "Structure", lambda i: i.structure_nom, tri=SansAccent("structure_nom"),
                a_l_ecran=role.type != TypeRole.STRUCTURE),
        Colonne("departement", "Département", lambda i: i.commune.departement_id, tri="commune__departement_id",
                a_l_ecran=role.type not in (TypeRole.PREFECTURE, TypeRole.STRUCTURE)),
        Colonne("etat", "État", lambda i: i.get_etat_display(), tri="etat", niveau=commun.niveau),
        Colonne("retard", "Retard", _retard, niveau=lambda i: "error" if _retard(i) else ""),
        Colonne("parcours", "Parcours", lambda i: commun.nom_court_du_parcours(i.parcours), tri="parcours"),
        Colonne("organisme", "Organisme", lambda i: i.organisme.nom if i.organisme else "",
                tri=SansAccent("organisme__nom"), a_l_ecran=role.type != TypeRole.ORGANISME),
        Colonne("inscrite", "Inscrite le", lambda i: timezone.localdate(i.created_at), tri="created_at"),
        Colonne("attente", "Jours sans session", _attente),
        Colonne("depart", "Départ", lambda i: i.depart_le, tri="depart_le"),
        Colonne("limite", "À laisser partir avant le", _limite, tri="contrat_signe_le", a_l_ecran=False),
    ]  # fmt: skip


def _filtrer(inscriptions: Any, valeurs: dict[str, Any]) -> Any:
    if saisie := valeurs.get("recherche"):
        inscriptions = _chercher(inscriptions, saisie)
    if etat := valeurs.get("etat"):
        inscriptions = _dans_l_etat(inscriptions, etat)
    if departement := valeurs.get("departement"):
        inscriptions = inscriptions.filter(commune__departement=departement)
    if parcours := valeurs.get("parcours"):
        inscriptions = inscriptions.filter(parcours="" if parcours == "aucun" else parcours)
    if organisme := valeurs.get("organisme"):
        inscriptions = inscriptions.filter(organisme=organisme)
    if attente := valeurs.get("attente"):
        avant = timezone.now() - timedelta(days=attente)
        inscriptions = inscriptions.filter(etat__in=sorted(EN_ATTENTE), created_at__lt=avant)
    if valeurs.get("retard"):
        en_retard = departs.en_retard(timezone.localdate()).order_by().values("pk")
        inscriptions = inscriptions.filter(pk__in=en_retard)
    return inscriptions


def _dans_l_etat(inscriptions: Any, etat: str) -> Any:
    match etat:
        case "vivantes":
            return inscriptions.vivantes()
        case "en_attente":
            return inscriptions.filter(etat__in=sorted(EN_ATTENTE))
        case "a_retenir":
            return a_retenir(inscriptions)
        case "sans_organisme":
            return sans_organisme(inscriptions)
    return inscriptions.filter(etat=etat)


def _chercher(inscriptions: Any, saisie: str) -> Any:
    structures = Structure.objects.rechercher(saisie).order_by().values("pk")
    compact = sans_accent(saisie).lower().replace(" ", "")
    noms = {
        "nom_cherche": SansAccent(Concat("personne__prenom", "personne__nom")),
        "nom_inverse": SansAccent(Concat("personne__nom", "personne__prenom")),
    }
    critere = Q(structure_pk__in=structures) | Q(nom_cherche__contains=compact) | Q(nom_inverse__contains=compact)
    chiffres = compact.removeprefix("fo-")
    if chiffres.isascii() and chiffres.isdigit() and len(chiffres) < 10:
        critere |= Q(pk=int(chiffres))
    return inscriptions.annotate(**noms).filter(critere)


@role_requis(*LECTEURS)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    filtres = FiltresInscriptions(request.GET, sans=SANS_FILTRE.get(TypeRole(role.type), ()))
    visibles = avec_ses_faits(Inscription.objects.visibles_par(role))
    page = Liste(request, _filtrer(visibles, filtres.valeurs()), _colonnes(role), "-inscrite", "formations")
    if (fichier := page.export()) is not None:
        return fichier
    return render(request, "formations/inscriptions/liste.html", {"liste": page, "filtres": filtres})


def _page(request: HttpRequest, inscription: Inscription, form: Any, acte: Any, **textes: str) -> HttpResponseBase:
    role = role_de(request)
    qui = f"{inscription.personne.get_full_name()}, {inscription.reference}."
    return page_formulaire(
        request,
        form,
        acte,
        textes={**textes, "intro": f"{qui} {textes.get('intro', '')}".strip()},
        retour=commun.lien_inscription(role, inscription.pk),
        nom_retour=commun.nom_de_retour(role, inscription),
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def confier(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    inscription = get_inscription_ou_404(role, pk)
    return _page(
        request,
        inscription,
        ConfierForm(request.POST or None, actuel=inscription.organisme),
        lambda lues: reglages.confier(inscription, par=role, **lues),
        titre="Confier à un autre organisme",
        bouton="Confier",
        fait="La personne est confiée à cet organisme. Chacun est prévenu.",
    )


@role_requis(TypeRole.CONSEILLER, TypeRole.STRUCTURE, TypeRole.ANCT)
@lecture_ecriture
def disponibilite(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    inscription = get_inscription_ou_404(role, pk)
    if not peut_dire_disponibilite(role, inscription):
        raise Http404("Inscription inconnue.")
    depart = {"portee_km": inscription.portee_km, "disponible_le": inscription.disponible_le}
    return _page(
        request,
        inscription,
        DisponibiliteForm(request.POST or None, initial=depart),
        lambda lues: reglages.regler_disponibilite(inscription, par=role, **lues),
        titre="Distance et disponibilité",
        intro="Ces deux réponses servent à trouver la session qui commence le plus tôt, à portée.",
        bouton="Enregistrer",
        fait="La distance et la disponibilité sont enregistrées.",
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def arreter(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    inscription = get_inscription_ou_404(role, pk)
    if not peut_arreter(role, inscription):
        raise Http404("Inscription inconnue.")
    return _page(
        request,
        inscription,
        MotifForm(request.POST or None),
        lambda lues: arrets.arreter_inscription(inscription, par=role, **lues),
        titre="Arrêter cette formation",
        intro="Ses places sont rendues.",
        bouton="Arrêter la formation",
        fait="La formation est arrêtée.",
    )


@role_requis(TypeRole.ANCT)
@ecriture
def rouvrir(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    inscription = get_inscription_ou_404(role, pk)
    return acte_direct(
        request,
        lambda: arrets.rouvrir_inscription(inscription, par=role),
        fait="L’inscription est rouverte : le parcours est à retenir de nouveau.",
        retour=commun.lien_inscription(role, pk),
    )
