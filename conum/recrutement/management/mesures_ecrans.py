"""Mesure du recrutement en base : un passage, les propositions d'un recrutement et d'un candidat, la recherche.

Le volume est écrit en masse sur les vraies communes : `nombre` candidats, un recrutement pour quatre candidats.
"""

import io
import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from stdnum import luhn

from conum.comptes.models import Role, TypeRole
from conum.comptes.second_facteur import tracer_verification
from conum.postes.models import Poste, Rattachement, TypePoste
from conum.recrutement.actions import passes
from conum.recrutement.actions.recrutements import ouvrir_recrutements
from conum.recrutement.actions.vivier import chercher
from conum.recrutement.management.commands.generer_candidats import Place, communes_habitees, generer
from conum.recrutement.models import MiseEnRelation, Recrutement
from conum.recrutement.rules.recherche import Criteres
from conum.socle.mesures import Mesure, Verdict, chronometrer, pic_memoire_mo
from conum.socle.texte import normaliser
from conum.structures import rules as regles_structures
from conum.structures.models import Membre, Structure
from conum.utilisateurs.models import Utilisateur

GRAINE = 20_261_125
CANDIDATS_PAR_STRUCTURE = 4
FOIS = 60
HTTP_OK = 200
RAPPORT_ADMIS = 2.0
P95_ADMIS_MS = 500.0
REQUETES_ADMISES = 30
PAGES = ("propositions d'un recrutement", "propositions d'un candidat", "recherche dans le vivier")


def _siret(numero: int) -> str:
    siren = f"98{numero:06}"
    siren += luhn.calc_check_digit(siren)
    return f"{siren}0001{luhn.calc_check_digit(siren + '0001')}"


def _structures(depuis: int, nombre: int, places: Sequence[Place], hasard: random.Random) -> None:
    """Des structures d'un ou deux postes et un membre chacune, dans des communes tirées selon leur population."""
    choisies = hasard.choices(places, [p.population**0.5 for p in places], k=nombre - depuis)
    structures = Structure.objects.bulk_create(
        [
            Structure(
                siret=_siret(i),
                denomination=f"Association numérique {i}",
                statut="prive",
                categorie="association",
                commune_id=place.code,
                nom_recherche=normaliser(f"Association numérique {i}"),
                nom_cle=regles_structures.cle_de_nom(f"Association numérique {i}"),
            )
            for i, place in enumerate(choisies, start=depuis)
        ]
    )
    _membres(structures)
    postes = [s for s in structures for _ in range(hasard.choice((1, 1, 2)))]
    crees = Poste.objects.bulk_create([Poste(type=TypePoste.CONSEILLER) for _ in postes])
    debut = timezone.localdate() - timedelta(days=20)
    Rattachement.objects.bulk_create(
        [Rattachement(poste=p, structure=s, periode=(debut, None)) for p, s in zip(crees, postes, strict=True)]
    )


def _membres(structures: Sequence[Structure]) -> None:
    comptes = Utilisateur.objects.bulk_create(
        [
            Utilisateur(email=f"membre{s.pk}@structures.demo.conum.example", password=make_password(None))
            for s in structures
        ]
    )
    roles = Role.objects.bulk_create(
        [
            Role(utilisateur=compte, type=TypeRole.STRUCTURE, libelle=s.denomination)
            for compte, s in zip(comptes, structures, strict=True)
        ]
    )
    Membre.objects.bulk_create(
        [Membre(role=role, structure=s, contact_principal=True) for role, s in zip(roles, structures, strict=True)]
    )


def _connecte(role: Role) -> Client:
    client = Client()
    client.force_login(role.utilisateur, backend="allauth.account.auth_backends.AuthenticationBackend")
    tracer_verification(client.session, role.utilisateur)
    return client


def _lire(client: Client, adresse: str) -> None:
    reponse = client.get(adresse)
    if reponse.status_code != HTTP_OK:
        raise RuntimeError(f"{adresse} répond {reponse.status_code}")


def _un_passage(volume: int) -> Mesure:
    passe = passes.lancer()
    b = passe.bilan
    details: dict[str, Any] = {
        "secondes_calcul": b["secondes_calcul"], "propositions": b["propositions"], "postes": b["postes"],
        "postes_servis": b["postes_servis"], "candidats_servis": b["candidats_servis"], "ecart": b["ecart"],
    }  # fmt: skip
    millisecondes = round(b["secondes"] * 1000)
    return Mesure("un passage national", volume, millisecondes, millisecondes, 0, pic_memoire_mo(), details)


def _ecrans(volume: int, hasard: random.Random, dire: Callable[[str], None]) -> list[Mesure]:
    """Les trois écrans, chacun sur des lignes tirées au hasard parmi celles qui ont des propositions."""
    relations = list(MiseEnRelation.objects.select_related("recrutement", "candidat__role__utilisateur").order_by("pk"))
    tirees = hasard.sample(relations, k=min(20, len(relations)))
    membres = {m.structure_id: m.role for m in Membre.objects.select_related("role__utilisateur")}
    de_structure = [
        (_connecte(role), reverse("recrutement:recrutement", args=[role.pk, r.recrutement_id]))
        for r in tirees
        for role in (membres[r.recrutement.structure_id],)
    ]
    de_candidat = []
    for r in tirees:
        role = r.candidat.role
        assert role is not None
        de_candidat.append((_connecte(role), reverse("recrutement:propositions", args=[role.pk])))
    recherches = [(Recrutement.objects.get(pk=r.recrutement_id), membres[r.recrutement.structure_id]) for r in tirees]

    def trouver(i: int) -> None:
        recrutement, role = recherches[i % len(recherches)]
        chercher(recrutement, rayon_km=50, criteres=Criteres(), par=role)

    actes: dict[str, Callable[[int], Any]] = {
        PAGES[0]: lambda i: _lire(*de_structure[i % len(de_structure)]),
        PAGES[1]: lambda i: _lire(*de_candidat[i % len(de_candidat)]),
        PAGES[2]: trouver,
    }
    mesures = []
    for nom, acte in actes.items():
        dire(f"{volume} candidats : {nom}…")
        mesures.append(chronometrer(nom, volume, acte, fois=FOIS))
    return mesures


def mesurer(nombre: int, *, dire: Callable[[str], None]) -> tuple[list[Mesure], list[Verdict]]:
    """Remplit au dixième puis au volume voulu ; à chaque taille, un passage et les trois écrans."""
    settings.ALLOWED_HOSTS = ["testserver"]
    dire("Communes…")
    call_command("charger_communes", verbosity=0, stdout=io.StringIO())
    places = communes_habitees()
    hasard = random.Random(GRAINE)  # noqa: S311 - des données d'essai, toujours les mêmes
    mesures: list[Mesure] = []
    depuis = 0
    for volume in (max(CANDIDATS_PAR_STRUCTURE, nombre // 10), nombre):
        structures = volume // CANDIDATS_PAR_STRUCTURE
        dire(f"{structures} recrutements et {volume} candidats…")
        _structures(depuis, structures, places, hasard)
        depuis = structures
        generer(volume, GRAINE, places, dire=lambda _faits: None)
        ouvrir_recrutements()
        dire(f"{volume} candidats : un passage national…")
        mesures.append(_un_passage(volume))
        with connection.cursor() as curseur:
            curseur.execute("ANALYZE")
        mesures += _ecrans(volume, hasard, dire)
    return mesures, _verdicts(mesures, nombre)


def _verdicts(mesures: list[Mesure], nombre: int) -> list[Verdict]:
    verdicts = []
    for nom in PAGES:
        petite, grande = (m for m in mesures if m.nom == nom)
        rapport = grande.p95_ms / petite.p95_ms
        phrase = f"{nom} : p95 à {nombre} = {grande.p95_ms:.0f} ms (moins de {P95_ADMIS_MS:.0f})"
        verdicts.append(Verdict(grande.p95_ms < P95_ADMIS_MS, phrase))
        phrase = f"{nom} : p95 à {nombre} = {rapport:.2f} fois celui à {petite.n} (moins de {RAPPORT_ADMIS})"
        verdicts.append(Verdict(rapport < RAPPORT_ADMIS or grande.p95_ms < P95_ADMIS_MS / 10, phrase))
        phrase = f"{nom} : {grande.requetes} requêtes (moins de {REQUETES_ADMISES})"
        verdicts.append(Verdict(grande.requetes < REQUETES_ADMISES, phrase))
    ecarts = [m.plus["ecart"] for m in mesures if "ecart" in m.plus]
    verdicts.append(Verdict(not any(ecarts), f"écart à l'optimum : {max(ecarts)} point (0)"))
    return verdicts
