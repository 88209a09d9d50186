"""Mesure du parcours d'une demande à grande échelle : liste de travail, recherche, dépôt.

Le volume est écrit en masse (les actions, elles, sont mesurées par le dépôt) ; un département reçoit trois demandes sur
dix, bien plus que le plus chargé des vrais : c'est sa liste de travail qu'on chronomètre.
"""

import itertools
import random
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from stdnum import luhn

from conum.comptes.models import Role, TypeRole
from conum.demandes.models import Avis, Demande, SensAvis
from conum.demandes.states import CLOS, Etat
from conum.socle.mesures import Mesure, Verdict, chronometrer
from conum.socle.texte import normaliser
from conum.structures import rules as regles_structures
from conum.structures.models import Structure
from conum.territoires.models import Commune
from conum.utilisateurs.models import Utilisateur

DEPARTEMENT = "51"
PART_DU_DEPARTEMENT = 0.3
FOIS = 60
RAPPORT_ADMIS = 2.0
REQUETES_ADMISES = 20
_ETATS = (
    (Etat.DEPOSEE, 30),
    (Etat.EN_INSTRUCTION, 30),
    (Etat.EXAMEN_COMPLEMENTAIRE, 5),
    (Etat.ATTRIBUEE, 20),
    (Etat.REFUSEE, 10),
    (Etat.ABANDONNEE, 5),
)


def _sirets(depuis: int) -> Iterator[str]:
    """Des SIRET valides et distincts (SIREN et clé de Luhn exacts)."""
    for i in itertools.count(depuis):
        siren = f"9{i:07}"
        siren += luhn.calc_check_digit(siren)
        yield f"{siren}0001{luhn.calc_check_digit(siren + '0001')}"


def _remplir(nombre: int, depuis: int, hasard: random.Random) -> None:
    """Ajoute des demandes jusqu'à `nombre`, chacune avec sa structure."""
    communes = list(Commune.objects.select_related("departement").order_by("pk"))
    du_departement = [c for c in communes if c.departement_id == DEPARTEMENT]
    sirets = _sirets(depuis)
    for debut in range(depuis, nombre, 2_000):
        lot = range(debut, min(debut + 2_000, nombre))
        choisies = [hasard.choice(du_departement if hasard.random() < PART_DU_DEPARTEMENT else communes) for _ in lot]
        structures = Structure.objects.bulk_create([_structure(i, c, next(sirets)) for i, c in zip(lot, choisies, strict=True)])
        demandes = Demande.objects.bulk_create([_demande(s, hasard) for s in structures])
        avec_avis = [d for d in demandes if d.etat not in {Etat.DEPOSEE, Etat.ABANDONNEE}]
        Avis.objects.bulk_create([Avis(demande=d, sens=SensAvis.FAVORABLE, motif="Besoin réel sur ce territoire.") for d in avec_avis])
    with connection.cursor() as curseur:
        curseur.execute("ANALYZE")


def _structure(i: int, commune: Commune, siret: str) -> Structure:
    nom = f"Association numérique {commune.nom} {i}"
    return Structure(
        siret=siret,
        denomination=nom,
        statut="prive",
        categorie="association",
        commune=commune,
        nom_recherche=normaliser(nom),
        nom_cle=regles_structures.cle_de_nom(nom),
    )


def _demande(structure: Structure, hasard: random.Random) -> Demande:
    (etat,) = hasard.choices([e for e, _ in _ETATS], [p for _, p in _ETATS])
    depot = timezone.now() - timedelta(days=hasard.randrange(0, 60), minutes=hasard.randrange(1_440))
    return Demande(
        etat=etat,
        structure=structure,
        commune=structure.commune,
        departement=structure.commune.departement,
        postes_demandes=hasard.randint(1, 5),
        debut_souhaite=date(2027, 1, 4),
        motivation="Accompagner les habitants éloignés du numérique.",
        deposee_le=depot,
        close_le=_apres(depot) if etat in CLOS else None,
    )


def _apres(instant: datetime) -> datetime:
    return instant + timedelta(hours=1)
