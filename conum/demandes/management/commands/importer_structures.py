"""Importe les structures d'accueil publiées et leurs postes."""

import csv
import time
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from rich.progress import track

from conum.demandes.actions import reprise
from conum.demandes.management import structures_publiees as publiees
from conum.journal.acteurs import SYSTEME
from conum.journal.workflow import TransitionImpossible


class Command(BaseCommand):
    help = (
        "Importe les structures et leurs postes depuis le fichier publié (CSV). Les attributions passent par une "
        "session historique. Rejouable : une ligne déjà importée ne fait rien. Chaque ligne refusée ou douteuse est "
        "nommée dans un rapport CSV."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("fichier", type=Path)
        parser.add_argument("--simulation", action="store_true", help="lit et vérifie tout, n'écrit rien en base")
        parser.add_argument("--tout-ou-rien", action="store_true", help="n'importe rien si une ligne est refusée")
        parser.add_argument("--session", default="REPRISE-2023", help="numéro de la session historique")
        parser.add_argument(
            "--date", type=date.fromisoformat, default=date(2023, 12, 31), help="date d'effet (AAAA-MM-JJ)"
        )
        parser.add_argument("--rapport", type=Path, help="fichier du rapport (défaut : var/rapports/…)")

    def handle(self, *args: Any, **options: Any) -> None:
        debut = time.monotonic()
        try:
            brutes = list(publiees.lignes(options["fichier"]))
        except (OSError, publiees.FichierIllisible) as erreur:
            raise CommandError(f"Fichier illisible : {erreur}") from None
        comptes = dict.fromkeys(("attribuee", "sans_poste", "deja_faite", "refusee", "postes"), 0)
        rapport: list[tuple[int, str, str, str, str]] = []
        with transaction.atomic():
            session = reprise.ouvrir_session_historique(options["session"], options["date"], par=SYSTEME)
            lecteur = publiees.Lecteur(ligne["code_insee"] for _, ligne in brutes)
            for numero, ligne in track(brutes, "Import", disable=not self.stdout.isatty()):
                self._une_ligne(lecteur, session, numero, ligne, comptes, rapport)
            annule = options["simulation"] or (options["tout_ou_rien"] and comptes["refusee"])
            if annule:
                transaction.set_rollback(True)
        chemin = self._ecrire_rapport(options["rapport"], rapport)
        self._resumer(options, comptes, rapport, chemin, time.monotonic() - debut)

    def _une_ligne(
        self,
        lecteur: publiees.Lecteur,
        session: Any,
        numero: int,
        ligne: dict[str, str],
        comptes: dict[str, int],
        rapport: list[Any],
    ) -> None:
        entete = (numero, ligne.get("siret", ""), ligne.get("nom", ""))
        try:
            lue = lecteur.lire(numero, ligne)
            with transaction.atomic():
                issue = reprise.reprendre(lue.attribution, session, par=SYSTEME)
        except publiees.LigneRefusee as erreur:
            raison = str(erreur)
        except TransitionImpossible as erreur:
            raison = str(erreur)
        except ValidationError as erreur:
            raison = " ; ".join(erreur.messages)
        else:
            comptes[issue.value] += 1
            if issue is reprise.Reprise.ATTRIBUEE:
                comptes["postes"] += lue.attribution.postes
            rapport += [(*entete, "à vérifier", doute) for doute in lue.doutes]
            return
        comptes["refusee"] += 1
        rapport.append((*entete, "refusée", raison))

    def _ecrire_rapport(self, voulu: Path | None, rapport: list[tuple[int, str, str, str, str]]) -> Path:
        dossier = settings.VAR / "rapports"
        chemin = voulu or dossier / f"import-structures-{timezone.localtime():%Y-%m-%d-%H%M%S}.csv"
        chemin.parent.mkdir(parents=True, exist_ok=True)
        with chemin.open("w", encoding="utf-8-sig", newline="") as fichier:
            ecrivain = csv.writer(fichier, delimiter=";")
            ecrivain.writerow(("ligne", "siret", "nom", "suite", "raison"))
            ecrivain.writerows(rapport)
        return chemin

    def _resumer(
        self, options: dict[str, Any], comptes: dict[str, int], rapport: list[Any], chemin: Path, duree: float
    ) -> None:
        douteuses = len({ligne[0] for ligne in rapport if ligne[3] == "à vérifier"})
        self.stdout.write(
            f"{comptes['attribuee']} structures avec postes, {comptes['sans_poste']} sans poste, "
            f"{comptes['deja_faite']} déjà importées, {comptes['refusee']} refusées ; "
            f"{comptes['postes']} postes attribués ; {douteuses} lignes à vérifier. {duree:.0f} s."
        )
        if rapport:
            self.stdout.write(f"Rapport : {chemin}")
        if options["simulation"]:
            self.stdout.write("Simulation : rien n'a été écrit. Relancez sans --simulation pour importer.")
        elif options["tout_ou_rien"] and comptes["refusee"]:
            raise CommandError("Une ligne est refusée : rien n'a été écrit. Corrigez, ou relancez sans --tout-ou-rien.")
