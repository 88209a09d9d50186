from django.http import Http404

from conum.courriels.models import Courriel
from conum.courriels.states import Etat
from conum.journal.acteurs import Acteur

RENVOYABLES = frozenset({Etat.ENVOYE, Etat.INCERTAIN, Etat.ABANDONNE})


def peut_renvoyer(par: Acteur, courriel: Courriel) -> bool:
    """Un agent de l'ANCT, un courriel dont le sort est connu ou perdu, et dont le texte peut être relu.

    Un code ou un lien personnel ne se renvoie pas : on en demande un neuf.
    """
    return getattr(par, "type", None) == "anct" and not courriel.confidentiel and bool(courriel.texte)


def get_courriel_ou_404(par: Acteur, pk: int) -> Courriel:
    courriel = Courriel.objects.select_related("renvoi_de").filter(pk=pk).first()
    if courriel is None or getattr(par, "type", None) != "anct":
        raise Http404("Courriel inconnu.")
    return courriel
