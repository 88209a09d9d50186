"""Les heures d'une personne, sur toutes ses sessions : la seule façon de les compter.

Une place retirée ou déplacée garde ce qui y a été signé ou constaté ; ses demi-journées sans rien ne comptent plus.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from django.utils import timezone

from conum.formations.models import Emargement, Inscription, Place, Seance
from conum.formations.rules import assiduite as regles
from conum.formations.rules.marches import MarcheInconnu, parcours
from conum.formations.states import PLACES_VIVANTES, EtatPlace, EtatSession

SANS_PARCOURS = "Aucun parcours n’est encore retenu : les heures dues ne sont pas connues."


def assiduite_de(inscription: Inscription, jour: date | None = None) -> regles.Assiduite:
    """Les heures dues, faites et manquantes d'une personne ; ce qui se contredit est dit dans `fautes`."""
    return assiduites([inscription], jour)[inscription.pk]


def assiduites(inscriptions: Iterable[Inscription], jour: date | None = None) -> dict[int, regles.Assiduite]:
    """Celles de plusieurs personnes, par numéro d'inscription, en trois questions à la base."""
    jour = jour or timezone.localdate()
    par_numero = {i.pk: i for i in inscriptions}
    lignes = _lignes(list(par_numero))
    return {numero: _compter(inscription, lignes.get(numero, []), jour) for numero, inscription in par_numero.items()}


def _compter(inscription: Inscription, lignes: list[regles.Emargement], jour: date) -> regles.Assiduite:
    if not inscription.parcours:
        return regles.sans_parcours(SANS_PARCOURS)
    try:
        suivi = parcours(inscription.parcours)
    except MarcheInconnu as erreur:
        return regles.sans_parcours(str(erreur))
    return regles.compter_et_dire(suivi, lignes, jour)


def _lignes(numeros: list[int]) -> Mapping[int, list[regles.Emargement]]:
    """Ce que chacun a signé, doit signer ou a manqué : une ligne par demi-journée de ses places."""
    places = list(
        Place.objects.filter(inscription__in=numeros)
        .exclude(etat=EtatPlace.EN_ATTENTE)
        .values_list("pk", "inscription_id", "session_id", "etat", "session__etat")
    )
    seances: dict[int, dict[int, regles.DemiJournee]] = defaultdict(dict)
    for seance in Seance.objects.filter(session__in={p[2] for p in places}).order_by("jour", "debut"):
        seances[seance.session_id][seance.pk] = seance.demi_journee
    emargements = _emargements([p[0] for p in places])
    # Retirée puis reprise dans la session, une personne y a deux places : la demi-journée ne compte qu’une fois.
    trouvees: dict[int, dict[int, tuple[int, regles.Emargement]]] = defaultdict(dict)
    for pk, inscription, session, etat, etat_session in places:
        gardes, siennes = emargements.get(pk, {}), trouvees[inscription]
        en_cours = etat in PLACES_VIVANTES and etat_session != EtatSession.ANNULEE
        for numero, demie in seances[session].items():
            if numero in gardes:
                apprenant, formateur, absent, motif = gardes[numero]
                ligne = regles.Emargement(demie, apprenant is not None, formateur is not None, absent, motif)
                poids = 3 if ligne.fait else 2
            elif en_cours:
                ligne, poids = regles.Emargement(demie), 1
            else:
                continue
            if numero not in siennes or siennes[numero][0] < poids:
                siennes[numero] = (poids, ligne)
    return {inscription: [ligne for _, ligne in siennes.values()] for inscription, siennes in trouvees.items()}


def _emargements(places: list[int]) -> Mapping[int, Mapping[int, tuple[object, object, bool, str]]]:
    """place → séance → (signature de l'apprenant, du formateur, absence, motif)."""
    lus: dict[int, dict[int, tuple[object, object, bool, str]]] = defaultdict(dict)
    champs = ("place_id", "seance_id", "signe_apprenant_le", "signe_formateur_le", "absent", "absence_motif")
    for place, seance, apprenant, formateur, absent, motif in (
        Emargement.objects.valables().filter(place__in=places).values_list(*champs)
    ):
        lus[place][seance] = (apprenant, formateur, absent, motif)
    return lus
