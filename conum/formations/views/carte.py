"""La carte des places des sessions à venir, et la même liste, par région puis par date."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import TypeRole
from conum.formations.access import LECTEURS
from conum.formations.actions import carte as lectures
from conum.formations.forms.carte import FiltresCarte
from conum.formations.rules.carte import HAUTEUR, LARGEUR
from conum.formations.rules.prevision import mois_suivant
from conum.formations.views.commun import nom_du_parcours
from conum.formations.views.sessions import lien_session
from conum.socle.http import lecture, role_requis

RAYON, RAYON_PAR_SESSION, RAYON_MAX = 14, 2, 22


def _filtrer(sessions: Any, valeurs: dict[str, Any]) -> Any:
    if region := valeurs.get("region"):
        # Une session à distance est à portée de toutes les régions.
        sessions = sessions.filter(commune__departement__region=region) | sessions.filter(a_distance=True)
    if niveau := valeurs.get("niveau"):
        sessions = sessions.filter(parcours=niveau)
    if mois := valeurs.get("mois"):
        premier = date.fromisoformat(f"{mois}-01")
        sessions = sessions.filter(debut__gte=premier, debut__lt=mois_suivant(premier))
    return sessions


@role_requis(*LECTEURS, TypeRole.CONSEILLER)
@lecture
def carte(request: HttpRequest) -> HttpResponseBase:
    role, jour = role_de(request), timezone.localdate()
    filtres = FiltresCarte(request.GET, jour=jour)
    valeurs = filtres.valeurs()
    sessions = lectures.rangees(_filtrer(lectures.a_venir(role, jour), valeurs))
    dessin = lectures.dessiner(sessions, valeurs.get("region"))
    ancres = {r.sessions[0].pk: f"commune-{r.commune.pk}" for r in dessin.reperes}
    groupes = [
        (nom, [{
            "session": s,
            "parcours": nom_du_parcours(s.parcours),
            "ancre": ancres.get(s.pk, ""),
            "lien": "" if role.type == TypeRole.CONSEILLER else lien_session(role, s.pk),
        } for s in siennes])
        for nom, siennes in lectures.par_region(sessions)
    ]  # fmt: skip
    contexte = {
        "filtres": filtres,
        "region": valeurs.get("region"),
        "groupes": groupes,
        "nombre": len(sessions),
        "places": sum(s.restantes for s in sessions),
        "fonds": dessin.fonds,
        "reperes": [(r, min(RAYON + RAYON_PAR_SESSION * (len(r.sessions) - 1), RAYON_MAX)) for r in dessin.reperes],
        "hors": dessin.hors,
        "largeur": LARGEUR,
        "hauteur": LARGEUR if valeurs.get("region") else HAUTEUR,
    }
    return render(request, "formations/carte/carte.html", contexte)
