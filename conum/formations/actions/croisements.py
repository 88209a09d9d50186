"""Ce qu'une correction fait au calendrier de chacun : une personne peut suivre deux sessions."""

from conum.formations.actions.attente import fautes_de_calendrier
from conum.formations.models import Place, SessionFormation
from conum.formations.states import EtatSession


def croisements(session: SessionFormation) -> list[str]:
    """Les inscrits qui ne peuvent plus suivre la session telle qu'elle est, une phrase chacun, la première faute."""
    if session.etat != EtatSession.OUVERTE:
        return []
    assises = Place.objects.assises().filter(session=session).select_related("inscription__personne").order_by("pk")
    dits = []
    for place in assises:
        fautes = fautes_de_calendrier(session, place.inscription, sauf=place)
        if fautes:
            dits.append(f"{place.inscription.personne.get_full_name()} : {fautes[0]}")
    return dits
