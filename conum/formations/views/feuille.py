"""La feuille d'émargement d'une session, et tenir une séance : dire qui est là, signer, envoyer les liens."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.formations.access import FORMATEURS, get_seance_geree_ou_404, get_session_geree_ou_404
from conum.formations.actions import envois_presence, presence
from conum.formations.forms.presence import TenueForm
from conum.formations.models import Emargement, Place, Seance, SessionFormation
from conum.formations.models.presence import VoieSignature
from conum.formations.views.blocs_presence import lien_demi_journees, lignes_des_places
from conum.journal.acteurs import Acteur
from conum.journal.workflow import TransitionImpossible
from conum.socle import exports
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.socle.listes import FORMATS
from conum.ui.forms import reporter

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
    voie: VoieSignature, par: Acteur,
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
