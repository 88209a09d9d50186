"""La présence dans les espaces : les demi-journées d'une personne, la feuille d'une session, tenir une séance."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations.access import (
    FORMATEURS,
    LECTEURS,
    get_inscription_ou_404,
    get_place_ou_404,
    get_seance_geree_ou_404,
    get_session_geree_ou_404,
    peut_emarger,
    peut_gerer_session,
)
from conum.formations.actions import absences, envois_presence, presence
from conum.formations.actions.liens import code_de
from conum.formations.forms.presence import AbsenceForm, ConstatForm, MotifForm, TenueForm
from conum.formations.models import Emargement, Place, Seance, SessionFormation
from conum.formations.models.presence import VoieSignature
from conum.formations.models.session import NatureSeance
from conum.formations.views.blocs_presence import LISTES, Ligne, lien_demi_journees, lignes_de, lignes_des_places
from conum.formations.views.pages import acte_direct, page_formulaire
from conum.journal.workflow import TransitionImpossible
from conum.socle import exports
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.socle.listes import FORMATS, Colonne, Liste, Pages
from conum.ui.forms import reporter

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


# --- La feuille d'une session ---------------------------------------------------------------------------------------


def _assises(session: SessionFormation) -> list[Place]:
    """Qui a un siège, et qui en a eu un et garde une ligne, par nom."""
    ecrites = Emargement.objects.valables().filter(seance__session=session).values("place")
    places = Place.objects.filter(session=session, pk__in=ecrites) | Place.objects.assises().filter(session=session)
    lues = places.select_related("inscription__personne").distinct()
    sorties = sorted(lues, key=lambda p: (p.inscription.personne.nom, p.inscription.personne.prenom, p.pk))
    for place in sorties:
        place.session = session
    return sorties


def _semaines(seances: list[Seance]) -> list[date]:
    """Les lundis des semaines où il y a une séance."""
    return sorted({s.jour - timedelta(days=s.jour.weekday()) for s in seances})


@role_requis(*FORMATEURS)
@lecture
def feuille(request: HttpRequest, session_id: int) -> HttpResponseBase:
    """La feuille d'émargement, une semaine à la fois ; en fichier, la session entière."""
    role = role_de(request)
    session = get_session_geree_ou_404(role, session_id)
    seances = list(Seance.objects.filter(session=session).order_by("jour", "debut"))
    places = _assises(session)
    if (format_ := request.GET.get("format")) in FORMATS:
        return exports.reponse(str(format_), f"emargement-{session.reference}", ENTETES, _lignes_export(places))
    lundis = _semaines(seances)
    lundi = _lundi_choisi(request.GET.get("semaine", ""), lundis)
    de_la_semaine = [s for s in seances if lundi and lundi <= s.jour < lundi + timedelta(days=7)]
    par_case = {(x.place.pk, x.seance.pk): x for x in lignes_des_places(places, de_la_semaine)}
    contexte = {
        "session": session,
        "lundi": lundi,
        "dimanche": lundi + timedelta(days=6) if lundi else None,
        "semaines": [
            {"lundi": x, "numero": n, "actif": x == lundi, "adresse": f"?semaine={x.isoformat()}"}
            for n, x in enumerate(lundis, 1)
        ],
        "colonnes": [
            {"seance": s, "lien": reverse("formations:tenir_seance", args=[role.pk, s.pk])} for s in de_la_semaine
        ],
        "rangees": [
            {
                "personne": p.inscription.personne.get_full_name(),
                "lien": lien_demi_journees(role, p.inscription_id),
                "cases": [par_case.get((p.pk, s.pk)) for s in de_la_semaine],
            }
            for p in places
        ],
        "retour": reverse("formations:session", args=[role.pk, session.pk]),
    }
    return render(request, "formations/presence/feuille.html", contexte)


def _lundi_choisi(voulu: str, lundis: list[date]) -> date | None:
    """La semaine demandée ; sinon celle d'aujourd'hui, ou la plus proche."""
    if not lundis:
        return None
    try:
        demande = date.fromisoformat(voulu) if voulu else timezone.localdate()
    except ValueError:
        demande = timezone.localdate()
    passees = [x for x in lundis if x <= demande]
    return passees[-1] if passees else lundis[0]


ENTETES = (
    "Personne", "Jour", "Début", "Fin", "Nature", "État", "Apprenant, signé le", "Voie de l’apprenant",
    "Formateur, signé le", "Voie du formateur", "Nom du formateur", "Motif de l’absence",
)  # fmt: skip


def _lignes_export(places: list[Place]) -> Iterator[list[Any]]:
    for x in lignes_des_places(places):
        e = x.emargement
        yield [
            x.place.inscription.personne.get_full_name(), x.seance.jour, f"{x.seance.debut:%H:%M}",
            f"{x.seance.fin:%H:%M}", x.seance.get_nature_display(), x.libelle,
            e.signe_apprenant_le if e else None, e.get_apprenant_voie_display() if e else "",
            e.signe_formateur_le if e else None, e.get_formateur_voie_display() if e else "",
            e.formateur_nom if e else "", e.get_absence_motif_display() if e else "",
        ]  # fmt: skip


# --- Tenir une séance -----------------------------------------------------------------------------------------------


def places_de(seance: Seance) -> tuple[list[Place], dict[int, Emargement]]:
    """Qui a un siège, par nom, et la ligne valable de chacun à cette séance."""
    assises = Place.objects.assises().filter(session=seance.session_id).select_related("inscription__personne")
    places = list(assises.order_by("inscription__personne__nom", "inscription__personne__prenom", "pk"))
    for place in places:
        place.session = seance.session
    return places, {e.place_id: e for e in Emargement.objects.valables().filter(seance=seance)}


def page_de_tenue(
    request: HttpRequest, seance: Seance, gabarit: str, contexte: dict[str, Any], *, retour: str,
    voie: VoieSignature, par: Any,
) -> HttpResponseBase:  # fmt: skip
    """La page où l'on dit qui est là et où l'on signe, dans un espace ou par un lien."""
    places, lignes = places_de(seance)
    a_dire = [
        p for p in places if not ((x := lignes.get(p.pk)) and (x.absent or x.signe_formateur_le is not None))
    ]  # fmt: skip
    if request.method == "POST" and not a_dire:
        messages.info(request, "Cette demi-journée est déjà tenue : rien n’a changé.")
        return redirect(retour)
    form = TenueForm(request.POST if request.method == "POST" else None, seance=seance, places=a_dire, lignes=lignes)
    if request.method == "POST" and form.is_valid():
        try:
            dite = presence.tenir_seance(seance, **form.dit(), voie=voie, par=par)
        except (TransitionImpossible, ValidationError) as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, _fait(dite))
            return redirect(retour)
    dites = [x for x in lignes_des_places(places, [seance]) if x.place not in a_dire]
    contexte |= {
        "seance": seance,
        "session": seance.session,
        "form": form,
        "a_dire": a_dire,
        "dites": dites,
        "refus": presence.fenetre_de(seance).refus(timezone.now()),
    }
    return render(request, gabarit, contexte)


def _fait(dite: presence.Tenue) -> str:
    presents = f"{dite.presents} personne{'s' if dite.presents > 1 else ''} présente{'s' if dite.presents > 1 else ''}"
    absents = f"{dite.absents} absente{'s' if dite.absents > 1 else ''}"
    return f"La demi-journée est signée : {presents}, {absents}."


@role_requis(*FORMATEURS)
@lecture_ecriture
def tenir_seance(request: HttpRequest, seance_id: int) -> HttpResponseBase:
    """Un agent de l'organisme dit qui est là et signe du nom du formateur."""
    role = role_de(request)
    seance = get_seance_geree_ou_404(role, seance_id)
    contexte = {
        "retour": reverse("formations:session", args=[role.pk, seance.session_id]),
        "lien_feuille": reverse("formations:feuille", args=[role.pk, seance.session_id]),
        "lien_envoi": reverse("formations:envoyer_liens", args=[role.pk, seance.pk]),
    }
    return page_de_tenue(
        request, seance, "formations/presence/tenir.html", contexte,
        retour=reverse("formations:tenir_seance", args=[role.pk, seance.pk]), voie=VoieSignature.ORGANISME, par=role,
    )  # fmt: skip


@role_requis(*FORMATEURS)
@ecriture
def envoyer_liens(request: HttpRequest, seance_id: int) -> HttpResponseBase:
    role = role_de(request)
    seance = get_seance_geree_ou_404(role, seance_id)
    retour = redirect("formations:tenir_seance", role.pk, seance.pk)
    try:
        envoye = envois_presence.envoyer_liens(seance, par=role)
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
        return retour
    qui = f"{envoye.formateurs} formateur, {envoye.apprenants} apprenant{'s' if envoye.apprenants > 1 else ''}"
    messages.success(request, f"Liens envoyés : {qui}.")
    return retour
