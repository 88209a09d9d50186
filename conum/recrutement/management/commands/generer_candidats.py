"""Des candidats de démonstration sur de vraies communes : les mêmes pour la même graine."""

import itertools
import random
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone
from rich.progress import Progress

from conum.comptes.models import Role, TypeRole
from conum.recrutement.models import Candidat, OriginePix
from conum.recrutement.rules import candidature as regles
from conum.recrutement.states import EtatCandidat
from conum.territoires.models import Commune
from conum.territoires.rules import territoire_de
from conum.utilisateurs.models import Utilisateur

DOMAINE = "candidats.demo.conum.example"
"""Domaine réservé (RFC 2606) : aucun courriel ne peut y arriver."""
LOT = 2_000
_PRENOMS = (
    "Camille", "Dominique", "Claude", "Morgan", "Alix", "Sacha", "Charlie", "Lou", "Noa", "Eden", "Andrea",
    "Maxence", "Inès", "Malik", "Jade", "Hugo", "Léa", "Adam", "Nour", "Paul", "Aïcha", "Louis", "Mei", "Théo",
    "Awa", "Jules", "Sofia", "Lucas", "Manon", "Ibrahim", "Chloé", "Yanis", "Anaïs", "Gabriel", "Kenza",
    "Arthur", "Maëlys", "Tom", "Fatou", "Nathan",
)  # fmt: skip
_NOMS = (
    "Martin", "Bernard", "Petit", "Durand", "Leroy", "Moreau", "Simon", "Laurent", "Lefebvre", "Michel",
    "Garcia", "David", "Bertrand", "Roux", "Vincent", "Fournier", "Morel", "Girard", "André", "Mercier",
    "Dupont", "Lambert", "Bonnet", "François", "Martinez", "Legrand", "Garnier", "Faure", "Rousseau", "Blanc",
    "Guérin", "Muller", "Henry", "Roussel", "Nicolas", "Perrin", "Morin", "Mathieu", "Clément", "Gauthier",
    "Dumont", "Lopez", "Fontaine", "Chevalier", "Robin", "Masson", "Benali", "Diallo", "Nguyen",
)  # fmt: skip
# Des parts plausibles, choisies pour l'essai : personne n'a publié celles du vivier.
_MOBILITES = {5: 6, 10: 12, 15: 10, 20: 24, 40: 26, 100: 14, regles.FRANCE_ENTIERE: 8}
_MOTIVATIONS = (
    "J'anime depuis deux ans des ateliers dans ma médiathèque et je veux en faire mon métier.",
    "J'ai aidé mes voisins à faire leurs démarches pendant des années : je veux continuer, en étant formé.",
    "Je quitte la vente pour un métier utile, au contact des gens, et je suis à l'aise avec le numérique.",
    "Après mon service civique dans un espace France services, je souhaite rester dans la médiation.",
)
_DIPLOMES = ("Titre professionnel REMN", "CCP1 médiateur numérique", "Licence professionnelle médiation numérique")
_LANGUES = ("en", "ar", "es", "pt", "lsf", "it", "de", "tr")


class Place(NamedTuple):
    """Une commune habitée, et ce qu'il faut en recopier."""

    code: str
    departement: str
    latitude: float
    longitude: float
    population: int


class Command(BaseCommand):
    help = (
        "Ajoute des candidats de démonstration, avec leur compte, sur de vraies communes tirées selon leur population. "
        "La même graine donne les mêmes personnes : relancée, la commande n'ajoute que ce qui manque."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--nombre", type=int, default=10_000, help="candidats voulus pour cette graine (10000)")
        parser.add_argument("--graine", type=int, default=1, help="graine du hasard (1)")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.EN_PRODUCTION:
            raise CommandError("Les candidats de démonstration ne se créent pas en production.")
        if options["nombre"] < 1:
            raise CommandError("Demandez au moins un candidat : --nombre 10000.")
        places = communes_habitees()
        if not places:
            raise CommandError("Chargez d'abord les communes : bin/manage charger_communes")
        with Progress(disable=not self.stdout.isatty()) as barre:
            tache = barre.add_task("Candidats", total=options["nombre"])
            ajoutes = generer(
                options["nombre"], options["graine"], places, dire=lambda n: barre.update(tache, completed=n)
            )
        self.stdout.write(
            f"{ajoutes} candidats ajoutés, {options['nombre'] - ajoutes} déjà là (graine {options['graine']}). "
            "Suite : bin/manage lancer_appariement"
        )


def communes_habitees() -> list[Place]:
    lignes = Commune.objects.filter(ancienne=False, population__gt=0, latitude__isnull=False).order_by("pk")
    valeurs: Any = lignes.values_list("pk", "departement", "latitude", "longitude", "population")
    return [Place(*v) for v in valeurs]


def generer(nombre: int, graine: int, places: Sequence[Place], *, dire: Callable[[int], object]) -> int:
    """Ajoute les candidats 0 à `nombre - 1` de cette graine qui n'existent pas encore ; rend le nombre ajouté."""
    hasard = random.Random(graine)  # noqa: S311 - des personnes d'essai, toujours les mêmes
    cumul = list(itertools.accumulate(p.population for p in places))
    ajoutes = 0
    jour, instant = timezone.localdate(), timezone.now()
    # Une seule suite de tirages : le candidat n° i ne dépend ni de `nombre`, ni de ce qui est déjà là.
    tous = (_candidat(i, graine, places, cumul, hasard, jour, instant) for i in range(nombre))
    faits = 0
    while lot := list(itertools.islice(tous, LOT)):
        ajoutes += _ecrire(lot)
        faits += len(lot)
        dire(faits)
    with connection.cursor() as curseur:
        # Sans statistiques à jour, la base lirait toute la table au lieu de ses index.
        curseur.execute("ANALYZE recrutement_candidat")
    return ajoutes


def _candidat(
    i: int, graine: int, places: Sequence[Place], cumul: list[int], hasard: random.Random, jour: date, instant: datetime
) -> Candidat:
    (place,) = hasard.choices(places, cum_weights=cumul)
    territoire = territoire_de(place.code)
    diplome = hasard.random() < 0.12
    situations = {nom: hasard.random() < part for nom, part in (("en_emploi", 0.3), ("en_formation", 0.12))}
    palier = hasard.choice((1, 2, 2, 3)) if hasard.random() < 0.45 else None
    prenom, nom = hasard.choice(_PRENOMS), hasard.choice(_NOMS)
    candidat = Candidat(
        etat=EtatCandidat.DISPONIBLE,
        prenom=prenom,
        nom=nom,
        email=f"c{graine}-{i:06d}@{DOMAINE}",
        telephone=f"+33 6 39 98 {i // 100 % 100:02d} {i % 100:02d}",
        commune_id=place.code,
        departement_id=place.departement,
        latitude=place.latitude,
        longitude=place.longitude,
        en_recherche=not any(situations.values()) or hasard.random() < 0.4,
        **situations,
        diplome=diplome,
        nom_diplome=hasard.choice(_DIPLOMES) if diplome else "",
        experience=hasard.random() < 0.35,
        mobilite_km=hasard.choices(list(_MOBILITES), list(_MOBILITES.values()))[0],
        territoires_choisis=_territoires(territoire, hasard),
        disponible_le=jour + timedelta(days=_disponibilite(hasard)),
        motivation=hasard.choice(_MOTIVATIONS),
        langues=hasard.sample(_LANGUES, k=hasard.choice((0, 0, 1, 1, 2))),
        pix_palier=palier,
        pix_competences=sorted(hasard.sample((1, 2, 3), k=palier)) if palier else [],
        pix_le=jour - timedelta(days=hasard.randrange(10, 400)) if palier else None,
        pix_origine=OriginePix.IMPORT if palier else "",
        pix_partage=bool(palier) and hasard.random() < 0.7,
        soumis_le=instant,
        confirme_le=instant,
        disponibilite_confirmee_le=instant,
        actif_le=instant,
    )
    return candidat


def _disponibilite(hasard: random.Random) -> int:
    """Jours d'ici à la disponibilité : sept sur dix sont libres depuis peu, les autres le seront d'ici six mois."""
    return -hasard.randrange(0, 90) if hasard.random() < 0.7 else hasard.randrange(1, 180)


def _territoires(territoire: str, hasard: random.Random) -> list[str]:
    """Un ultramarin sur six accepte la métropole, un métropolitain sur cinquante un outre-mer."""
    if territoire != regles.METROPOLE:
        return [regles.METROPOLE] if hasard.random() < 1 / 6 else []
    if hasard.random() < 0.02:
        return [hasard.choice([t for t in regles.TERRITOIRES if t != regles.METROPOLE])]
    return []


def _ecrire(lot: list[Candidat]) -> int:
    deja = set(Candidat.objects.filter(email__in=[c.email for c in lot]).values_list("email", flat=True))
    # La personne a pu effacer sa candidature ; son compte, lui, demeure.
    deja |= set(Utilisateur.objects.filter(email__in=[c.email for c in lot]).values_list("email", flat=True))
    neufs = [c for c in lot if c.email not in deja]
    with transaction.atomic():
        comptes = Utilisateur.objects.bulk_create(
            [Utilisateur(email=c.email, prenom=c.prenom, nom=c.nom, password=make_password(None)) for c in neufs]
        )
        roles = Role.objects.bulk_create(
            [Role(utilisateur=compte, type=TypeRole.CANDIDAT, libelle="Ma candidature") for compte in comptes]
        )
        for candidat, role in zip(neufs, roles, strict=True):
            candidat.role = role
        Candidat.objects.bulk_create(neufs)
    return len(neufs)
