"""Une personne assise dans une session d'hier, ses demi-journées, de quoi les émarger toutes."""

from datetime import time, timedelta

from conum.formations.models import Emargement, Seance
from conum.formations.states import Etat
from tests.formations import fabriques_base as f

COURT = "2024-70"


def assise(*, etat=Etat.INSCRITE, debut=None, seances=2, dans=None, **champs):
    """Une inscription, sa place et les demi-journées de sa session, commencée hier."""
    elle = f.inscription(etat=etat, **champs)
    session = dans or f.session(debut=debut or f.jour(-1), seances=seances)
    return f.place(session, elle), list(session.seances.select_related("session__commune").order_by("jour", "debut"))


def complete(**champs):
    """Une personne dont les soixante-dix heures du parcours court sont signées des deux mains ; rend sa place."""
    place, seances = assise(etat=Etat.EN_FORMATION, parcours=COURT, debut=f.jour(-30), seances=20, **champs)
    for seance in seances:
        f.emarger(seance, place)
    return place


def stage(session, jour, minutes=210):
    """Une demi-journée de stage de plus."""
    fin = (timedelta(hours=9, minutes=minutes)).seconds
    return Seance.objects.create(
        session=session, jour=jour, debut=time(9), fin=time(fin // 3600, fin % 3600 // 60), nature="stage"
    )


def ligne(place, seance):
    return Emargement.objects.valables().get(place=place, seance=seance)
