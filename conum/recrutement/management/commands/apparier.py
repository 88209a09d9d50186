"""Apparie deux fichiers : structures et candidats en CSV, propositions en CSV, bilan en JSON."""

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from conum.recrutement.management import fichiers_appariement as fichiers
from conum.recrutement.rules.appariement import Bilan, Resultat, apparier
from conum.recrutement.rules.cout import DISTANCE, Ponderation, ponderation_au
from conum.socle.mesures import pic_memoire_mo

_PLAFOND = 3


class Command(BaseCommand):
    help = (
        "Propose des candidats aux structures de tout le pays, à partir de deux fichiers CSV et sans toucher à la "
        "base : d'abord le plus de structures servies, puis le plus de candidats servis, puis le plus de propositions, "
        "au moindre coût. Sur la sortie standard, une ligne JSON : le bilan et l'écart à l'optimum. Chaque ligne "
        "refusée est nommée sur la sortie d'erreur."
    )
    # Rien ici ne lit la base ni les pages : les vérifications de Django ne feraient que ralentir.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--structures", type=Path, required=True, help="fichier des structures (CSV)")
        parser.add_argument("--candidats", type=Path, required=True, help="fichier des candidats (CSV)")
        parser.add_argument("--sortie", type=Path, help="fichier des propositions à écrire (CSV)")
        parser.add_argument(
            "--types", nargs="+", metavar="TYPE", help="types de structures à servir (défaut : tous ceux du fichier)"
        )
        for qui in ("structure", "candidat"):
            aide = f"propositions par {qui} (défaut : {_PLAFOND})"
            parser.add_argument(f"--max-par-{qui}", type=int, default=_PLAFOND, metavar="N", help=aide)
        parser.add_argument(
            "--ponderation",
            choices=("distance", "programme"),
            default="distance",
            help="coût à réduire : la distance seule (défaut), ou la pondération publiée en vigueur aujourd'hui",
        )
        parser.add_argument("--tout-ou-rien", action="store_true", help="ne fait rien si une ligne est refusée")
        parser.add_argument("--simulation", action="store_true", help="calcule et affiche le bilan, n'écrit rien")

    def handle(self, *args: Any, **options: Any) -> None:
        debut = time.monotonic()
        _verifier_options(options)
        try:
            structures = fichiers.lire_structures(options["structures"])
            candidats = fichiers.lire_candidats(options["candidats"])
        except fichiers.FichierIllisible as erreur:
            raise CommandError(f"Fichier illisible : {erreur}") from None
        self._nommer_les_refus(options, structures, candidats)
        structures = _garder_types(structures, options["types"])
        ponderation = DISTANCE if options["ponderation"] == "distance" else ponderation_au(timezone.localdate())
        resultat = apparier(
            fichiers.besoins(structures, options["max_par_structure"]),
            fichiers.candidats(candidats, options["max_par_candidat"]),
            ponderation=ponderation,
            dire=self._dire,
        )
        if not options["simulation"]:
            self._ecrire(options["sortie"], resultat, structures, candidats)
        refusees = structures.lignes_refusees + candidats.lignes_refusees
        self.stdout.write(_json(resultat.bilan, ponderation, refusees, time.monotonic() - debut))

    def _dire(self, etape: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(etape)

    def _nommer_les_refus(
        self, options: dict[str, Any], structures: fichiers.Lecture, candidats: fichiers.Lecture
    ) -> None:
        for chemin, lecture in ((options["structures"], structures), (options["candidats"], candidats)):
            for ligne, colonne, raison in lecture.refus:
                ou = f"{chemin.name}, ligne {ligne}" + (f", colonne {colonne}" if colonne else "")
                self.stderr.write(f"{ou} : {raison}.")
        if options["tout_ou_rien"] and (structures.refus or candidats.refus):
            raise CommandError("Une ligne est refusée : rien n'a été écrit. Corrigez, ou relancez sans --tout-ou-rien.")

    def _ecrire(
        self, sortie: Path, resultat: Resultat, structures: fichiers.Lecture, candidats: fichiers.Lecture
    ) -> None:
        try:
            fichiers.ecrire_propositions(sortie, resultat, structures.colonnes["id"], candidats.colonnes["id"])
        except OSError as erreur:
            raise CommandError(f"Impossible d'écrire {sortie} : {erreur.strerror}. Rien n'a été écrit.") from None


def _verifier_options(options: dict[str, Any]) -> None:
    """Ce qu'il vaut mieux savoir avant de calculer."""
    for option in ("max_par_structure", "max_par_candidat"):
        if options[option] < 1:
            raise CommandError(f"--{option.replace('_', '-')} : au moins 1 est attendu.")
    sortie = options["sortie"]
    if options["simulation"]:
        return
    if sortie is None:
        raise CommandError("--sortie est obligatoire, sauf avec --simulation.")
    if sortie.is_dir() or not sortie.absolute().parent.is_dir():
        raise CommandError(f"Impossible d'écrire {sortie} : son dossier n'existe pas, ou c'est un dossier.")
    if sortie.resolve() in {options["structures"].resolve(), options["candidats"].resolve()}:
        raise CommandError("--sortie désigne un des fichiers à lire.")


def _garder_types(structures: fichiers.Lecture, voulus: list[str] | None) -> fichiers.Lecture:
    """Les structures des types voulus. Erreur : `CommandError` pour un type que le fichier ne contient pas."""
    if voulus is None:
        return structures
    types = structures.colonnes["type"]
    inconnus = sorted(set(voulus) - set(types))
    if inconnus:
        presents = ", ".join(sorted(set(types))) or "aucun"
        raise CommandError(f"Type absent du fichier : {', '.join(inconnus)}. Types présents : {presents}.")
    gardees = [rang for rang, type_ in enumerate(types) if type_ in set(voulus)]
    colonnes = {nom: [valeurs[rang] for rang in gardees] for nom, valeurs in structures.colonnes.items()}
    return fichiers.Lecture(colonnes, structures.refus)


def _json(bilan: Bilan, ponderation: Ponderation, refusees: int, secondes: float) -> str:
    return json.dumps(
        {
            "paires_possibles": bilan.paires_possibles,
            "structures": bilan.besoins,
            "structures_servies": bilan.besoins_servis,
            "candidats": bilan.candidats,
            "candidats_servis": bilan.candidats_servis,
            "propositions": bilan.propositions,
            "total_km": round(bilan.distance_totale_km, 3),
            "moyenne_km": round(bilan.distance_moyenne_km, 3),
            "p90_km": round(bilan.distance_p90_km, 3),
            "cout_points": round(bilan.cout_total, 3),
            "borne_points": round(bilan.borne_duale, 3),
            "ecart_optimalite": bilan.ecart_relatif,
            "ponderation": ponderation.version,
            "lignes_refusees": refusees,
            "tours": bilan.tours,
            "secondes_calcul": round(bilan.secondes, 1),
            "secondes": round(secondes, 1),
            "pic_mo": pic_memoire_mo(),
        },
        ensure_ascii=False,
    )
