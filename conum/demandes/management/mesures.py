"""Mesure du parcours d'une demande à grande échelle : liste de travail, recherche, dépôt.

Le volume est écrit en masse (les actions, elles, sont mesurées par le dépôt) ; un département reçoit trois demandes sur
dix, bien plus que le plus chargé des vrais : c'est sa liste de travail qu'on chronomètre.
"""

import itertools
import random
import uuid
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from stdnum import luhn

from conum.comptes.models import Role, TypeRole
from conum.comptes.second_facteur import tracer_verification
from conum.demandes import rules
from conum.demandes.access import porteur
from conum.demandes.actions import depot
from conum.demandes.models import Avis, Demande, SensAvis
from conum.demandes.states import CLOS, Etat
from conum.postes.models import TypePoste
from conum.socle.mesures import Mesure, Verdict, chronometrer
from conum.socle.texte import normaliser
from conum.structures import rules as regles_structures
from conum.structures.actions import DonneesStructure, Personne
from conum.structures.models import Structure
from conum.territoires.models import Commune
from conum.utilisateurs.models import Utilisateur

DEPARTEMENT = "51"
PART_DU_DEPARTEMENT = 0.3
FOIS = 60
HTTP_OK = 200
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
        structures = Structure.objects.bulk_create(
            [_structure(i, c, next(sirets)) for i, c in zip(lot, choisies, strict=True)]
        )
        demandes = Demande.objects.bulk_create([_demande(s, hasard) for s in structures])
        avec_avis = [d for d in demandes if d.etat not in {Etat.DEPOSEE, Etat.ABANDONNEE}]
        Avis.objects.bulk_create(
            [Avis(demande=d, sens=SensAvis.FAVORABLE, motif="Besoin réel sur ce territoire.") for d in avec_avis]
        )
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


def _prefecture() -> tuple[Client, Role]:
    """Un agent de la préfecture mesurée, connecté, second facteur compris."""
    compte = Utilisateur.objects.create_user("mesure@example.com", prenom="Mesure", nom="Préfecture")
    role = Role.objects.create(
        utilisateur=compte, type=TypeRole.PREFECTURE, departement_id=DEPARTEMENT, libelle="Préfecture mesurée"
    )
    TOTP.activate(compte, generate_totp_secret())
    client = Client()
    client.force_login(compte, backend="allauth.account.auth_backends.AuthenticationBackend")
    tracer_verification(client.session, compte)
    return client, role


def _lire(client: Client, adresse: str) -> None:
    response = client.get(adresse)
    if response.status_code != HTTP_OK:
        raise RuntimeError(f"{adresse} répond {response.status_code}")


def _un_depot(sirets: Iterator[str], commune: Commune) -> depot.Depot:
    identite = DonneesStructure(
        identifiant=regles_structures.lire_identifiant(next(sirets)),
        denomination="Association mesurée",
        categorie="association",
        commune=commune,
    )
    return depot.Depot(
        contact=Personne(
            email=f"contact-{uuid.uuid4().hex}@example.com", prenom="Lina", nom="Haddad", fonction="Direction"
        ),
        besoin=depot.Besoin(
            type_poste=TypePoste.CONSEILLER,
            postes=2,
            commune=commune,
            debut=timezone.localdate() + timedelta(days=30),
            motivation="Accompagner les habitants éloignés du numérique.",
        ),
        engagements=tuple(rules.engagements(TypePoste.CONSEILLER)),
        structure=identite,
    )


def _deposer(sirets: Iterator[str], commune: Commune) -> None:
    """Le dépôt entier : brouillon, envoi, confirmation (structure, compte, courriels, journal)."""
    demande = depot.ouvrir_brouillon()
    demande = depot.soumettre(demande, _un_depot(sirets, commune), par=porteur(demande))
    depot.confirmer(demande, par=porteur(demande))


def mesurer(nombre: int, *, dire: Callable[[str], None]) -> tuple[list[Mesure], list[Verdict]]:
    """Remplit au dixième puis au volume voulu, et chronomètre les mêmes actes aux deux tailles."""
    settings.ALLOWED_HOSTS = ["testserver"]
    dire("Communes…")
    call_command("charger_communes", verbosity=0)
    client, role = _prefecture()
    liste = reverse("demandes:instruction", args=[role.pk])
    hasard = random.Random(20_261_123)  # noqa: S311 - des données d'essai, toujours les mêmes
    reims = Commune.objects.select_related("departement").get(pk="51454")
    mesures: list[Mesure] = []
    depuis, sirets = 0, _sirets(5_000_000)
    mots = ("numerique reims", "epernay", "D-00120", "vitry association")
    recherches = [f"{liste}?recherche={mot}" for mot in mots]
    for volume in (max(1, nombre // 10), nombre):
        dire(f"{volume} demandes…")
        _remplir(volume, depuis, hasard)
        depuis = volume
        for nom, acte in (
            ("liste de travail", lambda _i: _lire(client, liste)),
            ("liste, toutes", lambda i: _lire(client, f"{liste}?onglet=toutes&page={1 + i % 5}")),
            ("recherche", lambda i: _lire(client, recherches[i % len(recherches)])),
            ("dépôt", lambda _i: _deposer(sirets, reims)),
        ):
            dire(f"{volume} demandes : {nom}…")
            mesures.append(chronometrer(nom, volume, acte, fois=FOIS))
    return mesures, _verdicts(mesures, nombre)


def _verdicts(mesures: list[Mesure], nombre: int) -> list[Verdict]:
    verdicts = []
    for nom in ("liste de travail", "liste, toutes"):
        petite, grande = (m for m in mesures if m.nom == nom)
        rapport = grande.p95_ms / petite.p95_ms
        phrase = f"{nom} : p95 à {nombre} = {rapport:.2f} fois celui à {petite.n} (moins de {RAPPORT_ADMIS})"
        verdicts.append(Verdict(rapport < RAPPORT_ADMIS, phrase))
        verdicts.append(
            Verdict(
                grande.requetes < REQUETES_ADMISES, f"{nom} : {grande.requetes} requêtes (moins de {REQUETES_ADMISES})"
            )
        )
    return verdicts
