"""Donne une convention, et son échéancier, à tous les postes attribués qui n'en ont pas."""

import csv
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from rich.progress import Progress

from conum.conventions.actions import preparer_en_masse
from conum.conventions.actions.preparation import Preparation, composer
from conum.conventions.actions.reprise import reprendre_en_masse
from conum.conventions.models import Convention
from conum.conventions.models.convention import DUREE_MAX_MOIS, Phase
from conum.journal.acteurs import SYSTEME
from conum.socle.texte import euros
from conum.structures.models import Structure
from conum.territoires.models import Departement
from conum.versements.actions.echeanciers import actes_a_etablir, etablir_echeanciers
from conum.versements.management.conventionnement import Propositions, Refus, Souhait, proposer
from conum.versements.models import budget

LOT = 200
"""Conventions préparées, reprises et mises en échéancier dans une même transaction : tout un lot, ou rien de ce lot."""
SOURCE = "Reprise des conventions signées avant conum"
ENTETES = ("siret", "structure", "departement", "postes", "suite", "raison")


def _duree(texte: str) -> int:
    if not texte.isdigit() or not 1 <= int(texte) <= DUREE_MAX_MOIS:
        raise ArgumentTypeError(f"de 1 à {DUREE_MAX_MOIS} mois.")
    return int(texte)


@dataclass
class Bilan:
    """Ce que la commande a fait, ou ferait."""

    conventions: int = 0
    postes: int = 0
    accorde: Decimal = Decimal(0)
    engage: Decimal = Decimal(0)
    echeanciers: int = 0
    refus: list[Refus] = field(default_factory=list)


class Command(BaseCommand):
    help = (
        "Prépare une convention pour tous les postes attribués qui n'en ont pas, structure par structure. Rejouable : "
        "un poste déjà dans une convention ne bouge pas. Chaque structure refusée est nommée, avec la raison, dans un "
        "rapport CSV. Rien n'est signé, sauf --signer-reprise, qui dit signées hors de l'outil des conventions d'avant."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--structure", action="append", default=[], help="SIRET ou RIDET (répétable)")
        parser.add_argument("--departement", action="append", default=[], help="code de département (répétable)")
        parser.add_argument(
            "--debut", type=date.fromisoformat, help="premier jour (AAAA-MM-JJ) ; à défaut celui de chaque poste"
        )
        parser.add_argument("--duree", type=_duree, help="en mois ; à défaut ce que la règle permet")
        parser.add_argument("--phase", choices=Phase.values, default=Phase.V1.value)
        parser.add_argument("--simuler", action="store_true", help="dit ce qui se ferait, n'écrit rien en base")
        parser.add_argument(
            "--signer-reprise", action="store_true",
            help="reprise de données : conventions signées des deux parties avant conum, le document est ailleurs",
        )  # fmt: skip
        parser.add_argument(
            "--signees-le", type=date.fromisoformat,
            help="avec --signer-reprise : la date de signature ; à défaut, le premier jour de chaque convention",
        )  # fmt: skip
        parser.add_argument("--echeanciers", action="store_true", help="établit l'échéancier des conventions signées")
        parser.add_argument("--rapport", type=Path, help="fichier du rapport (défaut : var/rapports/…)")

    def handle(self, *args: Any, **options: Any) -> None:
        depart = time.monotonic()
        if options["phase"] == Phase.V2 and options["debut"] is None:
            raise CommandError("Un renouvellement ne commence pas avec le poste : donnez --debut.")
        structures = self._structures(options)
        souhait = Souhait(options["debut"], options["duree"], options["phase"])
        propositions = proposer(structures.select_related("commune__departement"), souhait, timezone.localdate())
        if options["signer_reprise"]:
            self._verifier_reprise(propositions, options["signees_le"])
        bilan = Bilan(refus=list(propositions.refus))
        if options["simuler"]:
            self._simuler(propositions, bilan)
        else:
            self._ecrire(propositions, structures, bilan, options)
        chemin = self._rapport(options["rapport"], bilan.refus)
        self._dire(options, bilan, propositions.deja, chemin, time.monotonic() - depart)

    def _structures(self, options: dict[str, Any]) -> QuerySet[Structure]:
        """Les structures visées ; un identifiant ou un département inconnu arrête tout avant d'écrire."""
        structures: QuerySet[Structure] = Structure.objects.actives()
        if voulus := options["departement"]:
            connus = set(Departement.objects.filter(pk__in=voulus).values_list("pk", flat=True))
            if inconnus := sorted(set(voulus) - connus):
                raise CommandError(f"Département inconnu : {', '.join(inconnus)}.")
            structures = structures.filter(commune__departement__in=voulus)
        if voulues := options["structure"]:
            trouvees = {
                s.siret or s.ridet: s.pk for s in structures.filter(Q(siret__in=voulues) | Q(ridet__in=voulues))
            }
            if inconnues := sorted(set(voulues) - set(trouvees)):
                raise CommandError(f"Structure inconnue : {', '.join(inconnues)}.")
            structures = structures.filter(pk__in=list(trouvees.values()))
        return structures.order_by("pk")

    def _verifier_reprise(self, propositions: Propositions, signees_le: date | None) -> None:
        """Ce qui commence demain n'a pas été signé avant conum, sauf si on donne la date."""
        jour = timezone.localdate()
        if signees_le is not None:
            if signees_le > jour:
                raise CommandError("--signees-le : une convention déjà signée l'a été au plus tard aujourd'hui.")
            return
        futures = [p for p in propositions.preparations if p.debut > jour]
        raison = "commence après aujourd'hui : donnez --signees-le, ou préparez-la sans --signer-reprise"
        propositions.refus += [Refus(p.structure, len(p.postes), raison) for p in futures]
        propositions.preparations = [p for p in propositions.preparations if p.debut <= jour]

    def _simuler(self, propositions: Propositions, bilan: Bilan) -> None:
        """Le même calcul que l'écriture, sur les mêmes faits."""
        for p in self._au_fil("Simulation", propositions.preparations):
            try:
                brouillon = composer(p, propositions.faits, par=SYSTEME)
            except ValidationError as erreur:
                bilan.refus.append(Refus(p.structure, len(p.postes), " ".join(erreur.messages)))
                continue
            bilan.conventions += 1
            bilan.postes += len(p.postes)
            bilan.accorde += sum((x.prevision.plafond for x in brouillon.previsions), Decimal(0))
            bilan.engage += sum((x.prevision.total for x in brouillon.previsions), Decimal(0))

    def _ecrire(
        self, propositions: Propositions, structures: QuerySet[Structure], bilan: Bilan, options: dict[str, Any]
    ) -> None:
        preparations = propositions.preparations
        lots = [preparations[i : i + LOT] for i in range(0, len(preparations), LOT)]
        for lot in self._au_fil("Conventions", lots):
            self._un_lot(lot, bilan, options)
        if options["echeanciers"]:
            # Celles d'un lot précédent, ou signées depuis à l'écran.
            self._echeanciers(Convention.objects.filter(structure__in=structures.order_by().values("pk")), bilan)

    def _un_lot(self, lot: list[Preparation], bilan: Bilan, options: dict[str, Any]) -> None:
        with transaction.atomic():
            fait = preparer_en_masse(lot, par=SYSTEME)
            if options["signer_reprise"]:
                reprendre_en_masse(fait.conventions, signee_le=options["signees_le"], source=SOURCE, par=SYSTEME)
            ecrites = Convention.objects.filter(pk__in=[c.pk for c in fait.conventions])
            if options["echeanciers"]:
                self._echeanciers(ecrites, bilan)
        montants = budget.totaux(ecrites)
        refuses = {id(p) for p, _ in fait.refus}
        bilan.conventions += montants.conventions
        bilan.postes += sum(len(p.postes) for p in lot if id(p) not in refuses)
        bilan.accorde += montants.accorde
        bilan.engage += montants.engage
        bilan.refus += [Refus(p.structure, len(p.postes), raison) for p, raison in fait.refus]

    def _echeanciers(self, conventions: QuerySet[Convention], bilan: Bilan) -> None:
        actes = list(actes_a_etablir().filter(convention__in=conventions.order_by().values("pk")))
        faits, refus = etablir_echeanciers(actes, par=SYSTEME)
        bilan.echeanciers += faits
        for acte, raison in refus:
            structure = acte.convention.structure
            bilan.refus.append(Refus(structure, 0, f"{acte.convention.reference}, sans échéancier : {raison}"))

    def _au_fil(self, titre: str, choses: list[Any]) -> Iterator[Any]:
        with Progress(disable=not self.stdout.isatty()) as progres:
            yield from progres.track(choses, description=titre)

    def _rapport(self, voulu: Path | None, refus: list[Refus]) -> Path:
        chemin = voulu or settings.VAR / "rapports" / f"conventions-{timezone.localtime():%Y-%m-%d-%H%M%S}.csv"
        chemin.parent.mkdir(parents=True, exist_ok=True)
        with chemin.open("w", encoding="utf-8-sig", newline="") as fichier:
            ecrivain = csv.writer(fichier, delimiter=";")
            ecrivain.writerow(ENTETES)
            for r in refus:
                s = r.structure
                ecrivain.writerow((s.siret or s.ridet, s.nom, s.commune.departement_id, r.postes, "refusée", r.raison))
        return chemin

    def _dire(self, options: dict[str, Any], bilan: Bilan, deja: int, chemin: Path, duree: float) -> None:
        engage = f", {euros(bilan.engage)} engagés" if bilan.engage else ""
        self.stdout.write(
            f"{bilan.conventions} conventions, {bilan.postes} postes, {euros(bilan.accorde)} accordés{engage} ; "
            f"{bilan.echeanciers} échéanciers ; {deja} postes déjà dans une convention ; "
            f"{len(bilan.refus)} refus. {duree:.0f} s."
        )
        if bilan.refus:
            self.stdout.write(f"Refus, avec leur raison : {chemin}")
        if options["simuler"]:
            self.stdout.write("Simulation : rien n'a été écrit. L'engagé est celui d'après signature.")
        elif bilan.conventions and not options["signer_reprise"]:
            self.stdout.write("Les conventions sont des brouillons : chacune se complète, se propose et se signe.")
