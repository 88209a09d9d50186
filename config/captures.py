"""bin/captures : photographie chaque page, pour chaque rôle du récit de démonstration, sous var/captures.

Le site tourne dans ce processus, sur une base jetable remplie par `demo` : rien de la base de travail n'est touché.
"""

import argparse
import html
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import Any

LARGEURS = (375, 1280)
DOSSIER = "captures"
# Demandés, ces chemins ne rendent pas une page : fichiers, sondes, morceaux de page, départs vers l'extérieur.
SANS_PAGE = re.compile(r"\.(pdf|xlsx|csv|txt|ico|ics)$|/fichier/$|^sante/|^territoires/communes/|proconnect/")
JETON = "lien-perime"
# Le compte fermé se dit par 403 ; certaines pages du second facteur n'existent que pour qui en a déjà un.
PARTICULIERES = {"account_inactive": frozenset({403}), "mfa_": frozenset({200, 404})}


@dataclass(frozen=True)
class Page:
    """Une page à photographier ; `attendus` : les codes de réponse admis."""

    nom: str
    chemin: str
    attendus: frozenset[int] = frozenset({200})
    # Un formulaire ne s'ouvre que sur certains objets : les autres chemins à essayer, dans l'ordre.
    autres: tuple[str, ...] = ()


@dataclass
class Visiteur:
    """Qui regarde : « public », ou un rôle ; `cookie` est celui de sa session."""

    cle: str
    titre: str
    cookie: str = ""
    pages: list[Page] = field(default_factory=list)


def _adresses() -> Iterator[tuple[str, str, Any, tuple[str, ...]]]:
    from django.urls import URLPattern, get_resolver

    def parcourir(resolveur: Any, prefixe: str, espace: str) -> Iterator[tuple[str, str, Any, tuple[str, ...]]]:
        for motif in resolveur.url_patterns:
            chemin = f"{prefixe}{motif.pattern}"
            if isinstance(motif, URLPattern):
                yield f"{espace}{motif.name}", chemin, motif.callback, tuple(motif.pattern.converters)
            else:
                yield from parcourir(motif, chemin, f"{espace}{motif.namespace}:" if motif.namespace else espace)

    return parcourir(get_resolver(), "", "")


def _objets_de_l_argent(role: Any, structures: Any, cles: Any) -> dict[str, list[Any]]:
    """Les conventions et ce qui se verse : une convention par état, et ce qui en dépend."""
    from conum.conventions.models import Acte, Convention, Piece
    from conum.recrutement.access import est_anct
    from conum.versements.models import Echeance, Justificatif, Lot, Rib

    conventions = Convention.objects.visibles_par(role) if role else Convention.objects.none()
    une_par_etape = cles(conventions.order_by("etat", "pk").distinct("etat"), 20)
    actes = Acte.objects.filter(propose_le__isnull=False).order_by("pk")
    pieces = Piece.objects.filter(convention__in=conventions.values("pk")).order_by("pk")
    echeances = Echeance.objects.visibles_par(role) if role else Echeance.objects.none()
    lots = Lot.objects.order_by("pk") if role and est_anct(role) else Lot.objects.none()
    ribs = Rib.objects.filter(structure__in=structures.values("pk")).order_by("pk")
    return {
        "conventions:convention_id": une_par_etape,
        "conventions:numero": [0] * len(une_par_etape),
        "conventions:piece_id": cles(pieces, 1),
        "conventions:structure_id": cles(structures.filter(rattachements__isnull=False), 1),
        "conventions:objet": ["rupture"] * len(une_par_etape),
        "conventions:code": list(actes.values_list("code", flat=True)[:2]),
        "versements:convention_pk": une_par_etape,
        "versements:conventions:pk": une_par_etape,
        "versements:echeances:pk": cles(echeances.order_by("etat", "pk").distinct("etat"), 5),
        "versements:lots:pk": cles(lots, 2),
        "versements:justificatifs:pk": cles(
            Justificatif.objects.filter(convention__in=conventions.values("pk")).order_by("pk"), 1
        ),
        "versements:coordonnees-bancaires:pk": cles(ribs, 1),
        "versements:structure_pk": cles(structures.filter(conventions__isnull=False).distinct().order_by("-pk"), 1),
    }


def _objets(role: Any) -> dict[str, list[Any]]:
    """Pour chaque argument d'adresse, les objets du récit que ce rôle peut ouvrir, les plus parlants d'abord."""
    from django.utils import timezone

    from conum.comptes.models import Invitation, Role
    from conum.courriels.models import Courriel
    from conum.demandes.models import Demande, SessionComite
    from conum.postes.models import Contrat, PieceRupture, Poste
    from conum.recrutement.access import est_anct
    from conum.recrutement.models import Candidat, MiseEnRelation, Passe, Recrutement
    from conum.structures.models import DemandeRattachement, Structure

    def cles(requete: Any, combien: int = 3) -> list[Any]:
        return list(requete.values_list("pk", flat=True)[:combien])

    demandes = Demande.objects.visibles_par(role) if role else Demande.objects.none()
    structures = Structure.objects.visibles_par(role).order_by("pk") if role else Structure.objects.none()
    une_par_etat = list(demandes.order_by("etat", "pk").distinct("etat").values_list("pk", flat=True))
    contrats = Contrat.objects.visibles_par(role) if role else Contrat.objects.none()
    un_par_etat = list(contrats.order_by("etat", "pk").distinct("etat").values_list("pk", flat=True))
    postes = Poste.objects.visibles_par(role).order_by("pk") if role else Poste.objects.none()
    rattachements = DemandeRattachement.objects.filter(structure__in=structures.values("pk")).order_by("pk")
    relations = MiseEnRelation.objects.visibles_par(role) if role else MiseEnRelation.objects.none()
    par_etat = cles(relations.order_by("etat", "pk").distinct("etat"), 20)
    recrutements = Recrutement.objects.visibles_par(role) if role else Recrutement.objects.none()
    candidats = Candidat.objects.visibles_par(role) if role else Candidat.objects.none()
    passes = Passe.objects.order_by("-pk") if role and est_anct(role) else Passe.objects.none()
    return {
        **_objets_de_l_argent(role, structures, cles),
        "postes:pk": un_par_etat,
        "postes:poste_pk": cles(postes),
        "postes:piece_pk": cles(PieceRupture.objects.filter(contrat__in=contrats).order_by("pk"), 1),
        "postes:code": ["vacants"],
        "recrutement:mises-en-relation:pk": par_etat,
        "recrutement:propositions:pk": par_etat,
        "recrutement:recrutements:pk": cles(recrutements.order_by("pk"), 1),
        "recrutement:candidats:pk": cles(candidats.order_by("pk"), 2),
        "recrutement:appariement:pk": cles(passes, 1),
        "recrutement:etape": ["situation"],
        "structures:rattachements:pk": cles(rattachements, 1),
        "demandes:pk": une_par_etat,
        "demandes:comite:pk": cles(SessionComite.objects.order_by("pk")),
        "structures:pk": cles(structures.filter(membres__isnull=False).distinct(), 1) or cles(structures, 1),
        "structures:cible_pk": cles(structures.order_by("-pk"), 1),
        "courriels:pk": cles(Courriel.objects.order_by("pk"), 2),
        "comptes:agents:pk": cles(Role.objects.geres_par(role).order_by("-pk"), 1) if role else [],
        "comptes:invitations:pk": cles(Invitation.objects.gerees_par(role).order_by("pk"), 1) if role else [],
        "jeton": [JETON],
        "signature": [JETON],
        "depot": [JETON],
        "numero": list(Structure.objects.order_by("pk").values_list("siret", flat=True)[:1]),
        "annee": [timezone.localdate().year],
        "code": ["51"],
    }


def _valeurs(objets: dict[str, list[Any]], nom: str, chemin: str, argument: str) -> list[Any]:
    app = nom.partition(":")[0]
    dossiers = [m for m in re.findall(r"/([a-z-]+)/<", f"/{chemin}") if f"{app}:{m}:{argument}" in objets]
    for cle in (*(f"{app}:{m}:{argument}" for m in reversed(dossiers)), f"{app}:{argument}", argument):
        if cle in objets:
            return objets[cle]
    return []


def _pages(visiteur: Visiteur, role: Any) -> None:
    """Les pages que ce visiteur peut demander ; une adresse sans objet dans le récit est passée."""
    from django.urls import reverse

    objets = _objets(role)
    for nom, chemin, vue, arguments in _adresses():
        if SANS_PAGE.search(chemin):
            continue
        ferme, d_espace = getattr(vue, "login_required", True), "role_id" in arguments
        if (role is None) == ferme or (d_espace and role.type not in getattr(vue, "types_de_role", ())):
            continue
        fixes: dict[str, Any] = {"role_id": role.pk} if d_espace else {}
        listes = {a: _valeurs(objets, nom, chemin, a) for a in arguments if a != "role_id"}
        rangs = range(min((len(v) for v in listes.values()), default=1))
        chemins = [reverse(nom, kwargs=fixes | {a: v[rang] for a, v in listes.items()}) for rang in rangs]
        if re.search(r">/(suivi/)?$", chemin):  # la page de l'objet lui-même : une par état du récit
            visiteur.pages += [Page(f"{nom}-{i}" if i else nom, c) for i, c in enumerate(chemins)]
        elif chemins:
            refus = frozenset({200, 403, 404, 409}) if listes else frozenset({200})
            refus = next((codes for debut, codes in PARTICULIERES.items() if nom.startswith(debut)), refus)
            visiteur.pages.append(Page(nom, chemins[0], refus, tuple(chemins[1:])))
    if role is None:
        visiteur.pages.append(Page("erreur-404", "/page-absente/", frozenset({404})))


@contextmanager
def _site() -> Iterator[str]:
    """Sert le site sur un port libre, dans un fil ; rend son adresse."""
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

    from config.wsgi import application

    class Muet(WSGIRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Un journal par requête noierait l'avancement."""

    serveur = ThreadedWSGIServer(("127.0.0.1", 0), Muet)
    serveur.set_app(application)
    fil = threading.Thread(target=serveur.serve_forever, daemon=True)
    fil.start()
    try:
        yield f"http://127.0.0.1:{serveur.server_port}"
    finally:
        serveur.shutdown()
        serveur.server_close()


def _visiteurs() -> list[Visiteur]:
    from django.test import Client

    from conum.comptes.models import Role
    from tests.comptes.fabriques import connecter

    public = Visiteur("public", "Public")
    _pages(public, None)
    visiteurs = [public]
    for type_ in ("structure", "candidat", "prefecture", "region", "anct"):
        role = Role.objects.filter(type=type_).select_related("utilisateur").order_by("pk").first()
        assert role is not None
        client = connecter(Client(), role)
        visiteur = Visiteur(type_, f"{role.libelle} ({role.utilisateur})", client.cookies["sessionid"].value)
        _pages(visiteur, role)
        visiteurs.append(visiteur)
    return visiteurs


@dataclass
class Prise:
    page: Page
    visiteur: str
    largeur: int
    fichier: str
    code: int

    @property
    def imprevue(self) -> bool:
        return self.code >= 400 and self.code not in self.page.attendus


def _choisir(contexte: Any, page: Page) -> Page | None:
    """La page, au premier chemin qui répond 200 ; None si l'adresse n'accepte que l'envoi d'un formulaire."""
    codes = {}
    for chemin in (page.chemin, *page.autres):
        codes[chemin] = contexte.request.get(chemin).status
        if codes[chemin] == 200:
            return replace(page, chemin=chemin)
    if set(codes.values()) == {405}:
        return None
    if page.chemin.endswith(f"{JETON}/"):
        return replace(page, attendus=frozenset({404, 410}))
    return page


def _photographier(navigateur: Any, site: str, visiteurs: list[Visiteur], dossier: Path, avancer: Any) -> list[Prise]:
    prises = []
    for visiteur in visiteurs:
        for largeur in LARGEURS:
            contexte = navigateur.new_context(
                base_url=site, viewport={"width": largeur, "height": 900}, locale="fr-FR", reduced_motion="reduce"
            )
            if visiteur.cookie:
                contexte.add_cookies([{"name": "sessionid", "value": visiteur.cookie, "url": site}])
            onglet = contexte.new_page()
            for page in visiteur.pages:
                avancer(f"{visiteur.cle} {largeur} px : {page.nom}")
                choisie = _choisir(contexte, page)
                if choisie is None:
                    continue
                page = choisie
                rendue = onglet.goto(page.chemin, wait_until="load")
                code = rendue.status if rendue else 0
                fichier = f"{visiteur.cle}-{page.nom.replace(':', '-')}-{largeur}.png"
                onglet.screenshot(path=dossier / fichier, full_page=True)
                prises.append(Prise(page, visiteur.cle, largeur, fichier, code))
            contexte.close()
    return prises


def _index(visiteurs: list[Visiteur], prises: list[Prise]) -> str:
    lignes = [
        '<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8"><title>Captures de conum</title><style>',
        "body{font-family:sans-serif;margin:1rem}figure{display:inline-block;margin:.5rem;vertical-align:top}",
        "img{border:1px solid #999;max-height:420px;max-width:600px}.non{color:#b00}</style></head><body>",
        "<h1>Captures de conum</h1>",
    ]
    for visiteur in visiteurs:
        lignes.append(f"<h2>{html.escape(visiteur.titre)}</h2>")
        for p in (p for p in prises if p.visiteur == visiteur.cle):
            classe = ' class="non"' if p.imprevue else ""
            lignes.append(
                f'<figure><a href="{p.fichier}"><img loading="lazy" src="{p.fichier}" alt=""></a>'
                f"<figcaption{classe}>{html.escape(p.page.nom)} – {p.largeur} px – {p.code}</figcaption></figure>"
            )
    return "\n".join([*lignes, "</body></html>"])


def _lire_arguments() -> argparse.Namespace:
    lecteur = argparse.ArgumentParser(prog="bin/captures", description=__doc__)
    lecteur.add_argument("--seulement", metavar="MOT", help="seulement les pages dont le nom ou le rôle contient MOT")
    return lecteur.parse_args()


def _trier(visiteurs: list[Visiteur], mot: str | None) -> list[Visiteur]:
    for visiteur in visiteurs:
        visiteur.pages = [p for p in visiteur.pages if not mot or mot in f"{visiteur.cle} {p.nom}"]
    return [v for v in visiteurs if v.pages]


def _prendre(executable: str, dossier: Path, mot: str | None) -> tuple[list[Visiteur], list[Prise]]:
    from django.core.management import call_command
    from playwright.sync_api import sync_playwright
    from rich.console import Console

    from config.navigateur import OPTIONS
    from conum.socle.mesures import base_jetable

    console = Console()
    with ExitStack() as pile:
        etat = pile.enter_context(console.status("Base jetable…"))
        pile.enter_context(base_jetable())
        etat.update("Communes et récit de démonstration…")
        call_command("charger_communes", stdout=StringIO())
        call_command("demo", stdout=StringIO())
        visiteurs = _trier(_visiteurs(), mot)
        site = pile.enter_context(_site())
        navigateur = pile.enter_context(sync_playwright()).chromium.launch(
            executable_path=executable, args=list(OPTIONS)
        )
        prises = _photographier(navigateur, site, visiteurs, dossier, etat.update)
        navigateur.close()
    return visiteurs, prises


def main() -> int:
    arguments = _lire_arguments()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # Playwright fait tourner une boucle dans ce fil : Django croirait à un appel asynchrone.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "oui"
    from config.manage import assurer_base
    from config.navigateur import chromium

    executable = chromium(installer=True)
    if executable is None:
        print("Chromium manque. Lancez : sudo apt-get install chromium — puis recommencez.", file=sys.stderr)
        return 1
    assurer_base()
    # Interrompu, le programme rend sa base jetable comme à une fin ordinaire.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    import django

    django.setup()
    from django.conf import settings

    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    dossier = settings.VAR / DOSSIER
    dossier.mkdir(parents=True, exist_ok=True)
    for ancienne in dossier.glob("*.png"):
        ancienne.unlink()
    visiteurs, prises = _prendre(executable, dossier, arguments.seulement)
    (dossier / "index.html").write_text(_index(visiteurs, prises))
    print(f"{len(prises)} captures : {dossier / 'index.html'}")
    imprevues = [p for p in prises if p.imprevue]
    for p in imprevues:
        print(f"Réponse {p.code} inattendue : {p.page.chemin} ({p.visiteur})", file=sys.stderr)
    return 1 if imprevues or not prises else 0


if __name__ == "__main__":
    raise SystemExit(main())
