"""Les demi-journées d'une personne : les lire, les signer, dire ou expliquer une absence, annuler une ligne fausse."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations.access import (
    FORMATEURS,
    LECTEURS,
    get_inscription_ou_404,
    get_place_ou_404,
    peut_emarger,
    peut_gerer_session,
)
from conum.formations.actions import absences, presence
from conum.formations.actions.liens import code_de
from conum.formations.forms.presence import AbsenceForm, ConstatForm, MotifForm
from conum.formations.models import Emargement, Place, Seance
from conum.formations.models.presence import VoieSignature
from conum.formations.models.session import NatureSeance
from conum.formations.views.blocs_presence import LISTES, Ligne, lien_demi_journees, lignes_de
from conum.formations.views.pages import acte_direct, page_formulaire
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste, Pages

# --- Les demi-journées d'une personne -------------------------------------------------------------------------------


@role_requis(*LECTEURS, TypeRole.CONSEILLER)
@lecture
def demi_journees(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Chaque demi-journée et ses signatures : qui, quand, comment. La personne y signe et y annonce une absence."""
    role = role_de(request)
    inscription = get_inscription_ou_404(role, pk)
    toutes = lignes_de(inscription)
    liste, nature = request.GET.get("liste", ""), request.GET.get("nature", "")
    retenues = [x for x in toutes if liste not in LISTES or x.liste == liste]
    retenues = [x for x in retenues if nature not in NatureSeance.values or x.seance.nature == nature]
    a_soi = role.type == TypeRole.CONSEILLER
    pages = Pages(request, retenues)
    contexte = {
        "inscription": inscription,
        "personne": inscription.personne,
        "a_soi": a_soi,
        "a_signer": [x for x in toutes if x.signable] if a_soi else [],
        "pages": pages,
        "lignes": [_gestes(role, x) for x in pages.page],
        "onglets": _onglets(request, toutes, liste, nature),
        "natures": _natures(request, nature),
        "codes": _codes(toutes) if a_soi else [],
        "retour": reverse("formations:inscription", args=[role.pk, pk]),
    }
    return render(request, "formations/presence/demi_journees.html", contexte)


def _onglets(request: HttpRequest, toutes: list[Ligne], liste: str, nature: str) -> list[dict[str, Any]]:
    pages = Pages(request, [])
    siennes = [x for x in toutes if nature not in NatureSeance.values or x.seance.nature == nature]
    choix = {"": "Toutes", **LISTES}
    return [
        {
            "nom": nom,
            "nombre": sum(1 for x in siennes if not cle or x.liste == cle),
            "adresse": pages.adresse(liste=cle, page=""),
            "actif": (liste if liste in LISTES else "") == cle,
        }
        for cle, nom in choix.items()
    ]


def _natures(request: HttpRequest, nature: str) -> list[dict[str, Any]]:
    if nature not in NatureSeance.values:
        return []
    return [{"nom": NatureSeance(nature).label, "retirer": Pages(request, []).adresse(nature="", page="")}]


def _codes(toutes: list[Ligne]) -> list[dict[str, str]]:
    """Le code personnel de chaque session où la personne a un siège : pour elle seule."""
    assises = {x.place.pk: x.place for x in toutes if x.place.siege}
    return [{"session": p.session.intitule, "code": code_de(p)} for p in assises.values()]


def _gestes(role: Role, ligne: Ligne) -> dict[str, Any]:
    """La ligne, et ce que ce rôle peut y faire."""
    gestes = []
    emargement, soi = ligne.emargement, peut_emarger(role, ligne.place)
    tient = peut_gerer_session(role, ligne.place.session)
    if (soi or tient) and ligne.annoncable:
        nom = "Annoncer une absence" if soi else "Enregistrer une absence"
        gestes.append((nom, reverse("formations:dire_absence", args=[role.pk, ligne.place.pk, ligne.seance.pk])))
    explique = soi or tient or role.type == TypeRole.STRUCTURE
    if explique and emargement is not None and emargement.absent and not emargement.absence_motif:
        gestes.append(("Donner le motif", reverse("formations:motiver_absence", args=[role.pk, emargement.pk])))
    if emargement is not None and tient:
        gestes.append(("Annuler", reverse("formations:annuler_emargement", args=[role.pk, emargement.pk])))
    retrait = ""
    if emargement is not None and soi and ligne.retirable:
        retrait = reverse("formations:retirer_absence", args=[role.pk, emargement.pk])
    return {"ligne": ligne, "gestes": gestes, "retrait": retrait}


def _place_et_seance(role: Role, place_id: int, seance_id: int) -> tuple[Place, Seance]:
    place = get_place_ou_404(role, place_id)
    seance = get_object_or_404(Seance, pk=seance_id, session=place.session_id)
    seance.session = place.session
    return place, seance


@role_requis(TypeRole.CONSEILLER)
@ecriture
def signer(request: HttpRequest, place_id: int, seance_id: int) -> HttpResponseBase:
    """La personne signe, dans son espace."""
    role = role_de(request)
    place, seance = _place_et_seance(role, place_id, seance_id)
    return acte_direct(
        request,
        lambda: presence.signer(seance, place, voie=VoieSignature.ESPACE, par=role),
        fait=f"Votre présence du {seance} est signée.",
        retour=lien_demi_journees(role, place.inscription_id),
    )


@role_requis(TypeRole.CONSEILLER, *FORMATEURS)
@lecture_ecriture
def dire_absence(request: HttpRequest, place_id: int, seance_id: int) -> HttpResponseBase:
    """La personne annonce son absence ; l'organisme en enregistre une."""
    role = role_de(request)
    place, seance = _place_et_seance(role, place_id, seance_id)
    soi = peut_emarger(role, place)
    if not soi and not peut_gerer_session(role, place.session):
        raise Http404("Place inconnue.")
    classe = AbsenceForm if soi else ConstatForm
    qui = "" if soi else f" de {place.inscription.personne.get_full_name()}"
    return page_formulaire(
        request,
        classe(request.POST if request.method == "POST" else None),
        lambda saisi: absences.dire_absence(seance, place, **saisi, par=role),
        textes={
            "titre": f"Absence{qui} le {seance.jour:%d/%m/%Y} à {seance.debut:%H:%M}",
            "bouton": "Enregistrer l’absence",
            "fait": "L’absence est enregistrée.",
        },
        retour=lien_demi_journees(role, place.inscription_id),
        nom_retour="Demi-journées",
    )


def _emargement(role: Role, pk: int) -> Emargement:
    visibles = Place.objects.visibles_par(role).order_by().values("pk")
    lignes = Emargement.objects.select_related("seance__session__organisme", "place__inscription__personne")
    return get_object_or_404(lignes, pk=pk, place__in=visibles)


@role_requis(TypeRole.CONSEILLER, TypeRole.STRUCTURE, *FORMATEURS)
@lecture_ecriture
def motiver_absence(request: HttpRequest, emargement_id: int) -> HttpResponseBase:
    role = role_de(request)
    emargement = _emargement(role, emargement_id)
    seance, personne = emargement.seance, emargement.place.inscription.personne
    return page_formulaire(
        request,
        AbsenceForm(request.POST if request.method == "POST" else None),
        lambda saisi: absences.motiver_absence(emargement, **saisi, par=role),
        textes={
            "titre": f"Motif de l’absence de {personne.get_full_name()} le {seance.jour:%d/%m/%Y}",
            "bouton": "Enregistrer le motif",
            "fait": "Le motif est enregistré.",
        },
        retour=lien_demi_journees(role, emargement.place.inscription_id),
        nom_retour="Demi-journées",
    )


@role_requis(TypeRole.CONSEILLER)
@ecriture
def retirer_absence(request: HttpRequest, emargement_id: int) -> HttpResponseBase:
    role = role_de(request)
    emargement = _emargement(role, emargement_id)
    return acte_direct(
        request,
        lambda: absences.retirer_absence(emargement, par=role),
        fait="Votre absence est retirée.",
        retour=lien_demi_journees(role, emargement.place.inscription_id),
    )


@role_requis(*FORMATEURS)
@lecture_ecriture
def annuler_emargement(request: HttpRequest, emargement_id: int) -> HttpResponseBase:
    """Une ligne fausse s'annule, avec un motif, et reste au journal."""
    role = role_de(request)
    emargement = _emargement(role, emargement_id)
    if not peut_gerer_session(role, emargement.seance.session):
        raise Http404("Émargement inconnu.")
    personne = emargement.place.inscription.personne.get_full_name()
    return page_formulaire(
        request,
        MotifForm(request.POST if request.method == "POST" else None),
        lambda saisi: presence.annuler_emargement(emargement, motif=saisi["motif"], par=role),
        textes={
            "titre": f"Annuler l’émargement de {personne} du {emargement.seance.jour:%d/%m/%Y}",
            "intro": "Les signatures ou l’absence ne compteront plus ; la demi-journée pourra être émargée de nouveau.",
            "bouton": "Annuler cet émargement",
            "fait": "L’émargement est annulé.",
        },
        retour=lien_demi_journees(role, emargement.place.inscription_id),
        nom_retour="Demi-journées",
    )


@role_requis(*LECTEURS)
@lecture
def absences_sans_motif(request: HttpRequest) -> HttpResponseBase:
    """Les absences que personne n'explique, dans le périmètre de ce rôle."""
    role = role_de(request)
    liste = Liste(
        request,
        absences.sans_motif(role).select_related("seance__session__organisme", "place__inscription__contrat__poste"),
        (
            Colonne("jour", "Jour", lambda e: e.seance.jour, tri="seance__jour"),
            Colonne("heure", "Heures", lambda e: f"{e.seance.debut:%H:%M} à {e.seance.fin:%H:%M}"),
            Colonne(
                "personne", "Personne", lambda e: e.place.inscription.personne.get_full_name(),
                tri="place__inscription__personne__nom",
                lien=lambda e: lien_demi_journees(role, e.place.inscription_id, liste="absences"),
            ),
            Colonne("session", "Session", lambda e: e.seance.session.reference),
            Colonne("organisme", "Organisme", lambda e: e.seance.session.organisme.nom),
        ),
        tri_par_defaut="-jour",
        nom_fichier="absences-sans-motif",
    )  # fmt: skip
    return liste.export() or render(request, "formations/presence/absences.html", {"liste": liste})
