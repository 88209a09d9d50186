from datetime import timedelta
from functools import partial

from django.utils import timezone

from conum.journal.acteurs import SYSTEME
from conum.socle import conservation
from conum.socle.travaux import travail
from conum.versements.actions import echeances, echeanciers, exports, relances, retours, reversements, ribs

for regle in (
    conservation.Regle(
        "comptes bancaires remplacés",
        timedelta(days=3653),
        "pièce comptable : dix ans après le dernier versement possible (code de commerce, art. L. 123-22)",
        partial(ribs.effacer_ibans, jamais_confirmes=False),
    ),
    conservation.Regle(
        "comptes bancaires jamais confirmés",
        timedelta(days=365),
        "rien n'y a été versé : un an suffit à comprendre une tentative de fraude",
        partial(ribs.effacer_ibans, jamais_confirmes=True),
    ),
    conservation.Regle(
        "fichiers de virements",
        timedelta(days=3653),
        "pièce comptable : dix ans (code de commerce, art. L. 123-22) ; l'empreinte et les lignes restent",
        exports.effacer_fichiers,
    ),
    conservation.Regle(
        "justificatifs d'emploi des subventions",
        timedelta(days=3653),
        "dix ans après la fin de la convention (code de commerce, art. L. 123-22) ; montants et empreinte restent",
        relances.effacer_fichiers,
    ),
    conservation.Regle(
        "fichiers de banque jamais importés",
        timedelta(days=30),
        "lus, puis laissés : ils n'ont rien changé",
        retours.purger_retours,
    ),
):
    conservation.enregistrer(regle)


@travail("versements.etablir", cron="*/10 * * * *")
def etablir() -> None:
    """Les actes signés depuis le dernier passage reçoivent leur échéancier ; ce qui est dû s'ouvre aussitôt."""
    echeanciers.etablir_echeanciers(echeanciers.actes_a_etablir(), par=SYSTEME)
    echeances.ouvrir_echeances_dues(timezone.localdate())


@travail("versements.justificatifs", cron="10 5 * * *", reprises=3)
def suivre_les_justificatifs() -> None:
    """Ouvre les termes qui finissent, rappelle, met en demeure, et solde les conventions que plus rien ne retient."""
    jour = timezone.localdate()
    relances.ouvrir_justificatifs(jour)
    relances.rappeler_justificatifs(jour)
    relances.mettre_en_demeure_les_retards(jour)
    reversements.solder_conventions_finies()
