"""Mesure de l'argent à l'échelle du pays : calcul pur, conventions en masse, pages du budget ; totaux au centime.

Les postes, leurs contrats et leurs structures sont tirés au sort, sur les vraies communes ; le reste passe par la vraie
commande. Un versement sur trois est ensuite constaté, pour que les pages aient tout à montrer.
"""

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Hashable
from datetime import timedelta
from decimal import Decimal
from functools import cache, partial
from pathlib import Path

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.models import F, Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.comptes.second_facteur import tracer_verification
from conum.conventions.management import mesures as calcul
from conum.conventions.management.histoires import Histoire, tirer
from conum.conventions.models import Acte, Convention, LigneActe
from conum.socle.mesures import Mesure, Verdict, chronometrer, pic_memoire_mo
from conum.socle.texte import euros
from conum.territoires.models import Commune
from conum.utilisateurs.models import Utilisateur
from conum.versements.management.histoires_en_base import ecrire
from conum.versements.models import Echeance, budget
from conum.versements.states import Etat

NOMBRE = calcul.NOMBRE
POSTES = 3_437
"""Postes publiés en 2023 ; la commande en conventionne autant quand la mesure est à son volume habituel."""
FOIS = 60
HTTP_OK = 200
SECONDES_ADMISES = 300
P95_ADMIS_MS = 300
REQUETES_ADMISES = 20
UN_VERSE_SUR = 3


def _peupler(nombre: int) -> int:
    """Des postes sur tout le pays ; rend leur nombre."""
    communes = list(Commune.objects.filter(ancienne=False).select_related("departement").order_by("population", "pk"))
    metropole = [c for c in communes if not c.departement_id.startswith(("97", "98"))]
    pas = max(1, len(metropole) // max(1, nombre))

    @cache
    def commune_de(histoire: Histoire) -> Commune:
        return metropole[(histoire.structure * pas) % len(metropole)]

    ecrites = ecrire(tirer(nombre), commune_de)
    _analyser()
    return len(ecrites)


def _analyser() -> None:
    with connection.cursor() as curseur:
        curseur.execute("ANALYZE")


def _conventionner(nombre: int) -> Mesure:
    """La vraie commande, une fois : deux fois, la seconde n'a rien à faire."""
    with tempfile.TemporaryDirectory() as dossier, (Path(dossier) / "sortie").open("w", encoding="utf-8") as sortie:
        rapport = str(Path(dossier) / "rapport.csv")
        debut = time.perf_counter()
        options = ("--signer-reprise", "--echeanciers", "--rapport", rapport)
        call_command("conventionner", *options, stdout=sortie)
        duree = round((time.perf_counter() - debut) * 1000, 2)
        debut = time.perf_counter()
        call_command("conventionner", *options, stdout=sortie)
        rejouee = round((time.perf_counter() - debut) * 1000, 2)
    plus = {
        "conventions": Convention.objects.count(),
        "echeances": Echeance.objects.count(),
        "rejouee_ms": rejouee,
    }
    return Mesure("conventions et échéanciers en masse", nombre, duree, duree, 0, pic_memoire_mo(), plus)


def _verser() -> None:
    """Un versement sur trois est fait ; une somme revient, une autre est attendue."""
    jour = timezone.localdate()
    Echeance.objects.annotate(reste=F("pk") % UN_VERSE_SUR).filter(reste=0).update(
        etat=Etat.VERSE, realisee_le=jour - timedelta(days=30)
    )
    _analyser()


def totaux_en_python() -> dict[str, Decimal]:
    """Les lignes engagées, lues une à une et rangées sans SQL : ce que chaque façon de sommer doit retrouver."""
    actes = Acte.objects.en_vigueur().values("pk")
    lignes = LigneActe.objects.filter(acte__in=actes).order_by("pk")
    chemins = {
        "structure": "acte__convention__structure_id",
        "departement": "acte__convention__departement_id",
        "financeur": "acte__convention__financeur",
        "exercice": "acte__convention__financement_debut__year",
        "annee": "annee",
        "poste": "poste_id",
    }
    sommes: dict[str, dict[Hashable, Decimal]] = {nom: defaultdict(Decimal) for nom in chemins}
    for montant, *cles in lignes.values_list("montant", *chemins.values()).iterator(chunk_size=5_000):
        for nom, cle in zip(chemins, cles, strict=True):
            sommes[nom][cle] += montant
    return {nom: sum(par_cle.values(), Decimal(0)) for nom, par_cle in sommes.items()}


def totaux_en_sql() -> dict[str, Decimal]:
    """Les mêmes sommes, telles que les écrans les font ; et le total des actes, et celui des échéances."""
    retenues = Convention.objects.retenues()
    sommes = {f"par {axe.value}": budget.additionner(budget.par_axe(retenues, axe).values()) for axe in budget.Axe}
    actes = Acte.objects.en_vigueur().aggregate(somme=Sum("total"))["somme"]
    return {
        **{nom: m.engage for nom, m in sommes.items()},
        "par année civile": budget.calendrier(retenues).total.engage,
        "en tout": budget.totaux(retenues).engage,
        "total des actes": actes or Decimal(0),
        "échéanciers": budget.totaux(retenues).prevu,
    }


def _anct() -> tuple[Client, Role]:
    """Un agent de l'ANCT, connecté, second facteur compris."""
    compte = Utilisateur.objects.create_user("mesure@example.com", prenom="Mesure", nom="ANCT")
    role = Role.objects.create(utilisateur=compte, type=TypeRole.ANCT, libelle="ANCT mesurée")
    TOTP.activate(compte, generate_totp_secret())
    client = Client()
    client.force_login(compte, backend="allauth.account.auth_backends.AuthenticationBackend")
    tracer_verification(client.session, compte)
    return client, role


def _lire(client: Client, adresse: str, _fois: int) -> None:
    response = client.get(adresse)
    if response.status_code != HTTP_OK:
        raise RuntimeError(f"{adresse} répond {response.status_code}")


def pages_de(role_id: int) -> dict[str, str]:
    page = reverse("versements:budget", args=[role_id])
    detail = reverse("versements:budget_detail", args=[role_id])
    return {
        "budget par département": f"{page}?axe=departement",
        "budget par structure": f"{page}?axe=structure",
        "conventions d'un chiffre": f"{detail}?montant=reste&tri=-reste",
    }


def mesurer(nombre: int, dire: Callable[[str], None]) -> tuple[list[Mesure], list[Verdict]]:
    """Le calcul pur d'abord, puis la base : le pic de mémoire de l'un ne cache pas celui de l'autre."""
    settings.ALLOWED_HOSTS = ["testserver"]
    mesures, verdicts = calcul.mesurer(nombre, dire)
    postes = max(1, nombre * POSTES // NOMBRE)
    dire("Communes…")
    call_command("charger_communes", verbosity=0)
    dire(f"{postes} postes, leurs structures et leurs contrats…")
    _peupler(postes)
    dire(f"{postes} postes : conventions et échéanciers…")
    en_masse = _conventionner(postes)
    dire("Totaux…")
    python, sql = totaux_en_python(), totaux_en_sql()
    _verser()
    client, role = _anct()
    pages = []
    for nom, adresse in pages_de(role.pk).items():
        dire(f"{nom}…")
        pages.append(chronometrer(nom, postes, partial(_lire, client, adresse), fois=FOIS))
    return [*mesures, en_masse, *pages], [*verdicts, *_verdicts(en_masse, {**python, **sql}, pages)]


def _verdicts(en_masse: Mesure, totaux: dict[str, Decimal], pages: list[Mesure]) -> list[Verdict]:
    secondes = en_masse.p95_ms / 1000
    sommes = set(totaux.values())
    total = euros(next(iter(sommes))) if len(sommes) == 1 else ", ".join(f"{n} {euros(s)}" for n, s in totaux.items())
    verdicts = [
        Verdict(
            secondes < SECONDES_ADMISES,
            f"{en_masse.n} postes conventionnés en {secondes:.0f} s (moins de {SECONDES_ADMISES} s)",
        ),
        Verdict(len(sommes) == 1, f"{total} de quelque façon qu’on somme : {', '.join(totaux)}"),
    ]
    for m in pages:
        verdicts += [
            Verdict(m.p95_ms < P95_ADMIS_MS, f"{m.nom} : p95 {m.p95_ms:.0f} ms (moins de {P95_ADMIS_MS} ms)"),
            Verdict(m.requetes <= REQUETES_ADMISES, f"{m.nom} : {m.requetes} requêtes ({REQUETES_ADMISES} au plus)"),
        ]
    return verdicts
