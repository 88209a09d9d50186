"""Les incohérences entre ce qui est déclaré et ce qui se déduit : une requête par sorte, sur le périmètre du rôle.

Chacune dit un fait qu'une personne doit réparer ; aucune n'est stockée, elle disparaît avec sa cause.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from conum.journal.acteurs import Acteur
from conum.postes.models.contrat import Contrat
from conum.postes.models.poste import Poste, Rattachement
from conum.postes.rules.delais import ATTENTE_RUPTURE, vacance_trop_longue_avant
from conum.postes.states import RETENUS, Etat

CONTRATS, POSTES = "contrats", "postes"


@dataclass(frozen=True)
class Alarme:
    """Une sorte d'incohérence. `geste` : ce qui la répare ; `sur` : ce que rend la requête (colonnes de la page)."""

    code: str
    titre: str
    explication: str
    geste: str
    requete: Callable[[Acteur, date], QuerySet[Any]]
    sur: str = CONTRATS


def _contrats(acteur: Acteur) -> QuerySet[Contrat]:
    visibles = Contrat.objects.visibles_par(acteur).avec_structure()
    return visibles.select_related("poste", "personne")


def sans_rattachement(acteur: Acteur, jour: date) -> QuerySet[Contrat]:
    rattache = Rattachement.objects.filter(poste=OuterRef("poste_id"), periode__contains=jour)
    return _contrats(acteur).filter(pk__in=Contrat.objects.en_cours(jour).filter(~Exists(rattache)).values("pk"))


def au_dela_du_rattachement(acteur: Acteur, jour: date) -> QuerySet[Contrat]:
    """Le poste a un terme fixé, que le contrat en cours dépasse."""
    terme = Rattachement.objects.filter(
        poste=OuterRef("poste_id"), periode__contains=jour, periode__endswith__isnull=False
    )
    reprise = Rattachement.objects.filter(poste=OuterRef("poste_id"), periode__startswith__gt=jour)
    en_cours = Contrat.objects.en_cours(jour).annotate(terme=Subquery(terme.values("periode")[:1]))
    # « not_gt » : n'a aucun jour au-delà de la fin du rattachement.
    depassent = en_cours.filter(~Exists(reprise), terme__isnull=False).exclude(occupation__not_gt=F("terme"))
    return _contrats(acteur).filter(pk__in=depassent.values("pk"))


def echus(acteur: Acteur, jour: date) -> QuerySet[Contrat]:
    suite = Contrat.objects.filter(remplace=OuterRef("pk"), etat__in=sorted(RETENUS))
    return _contrats(acteur).filter(~Exists(suite), etat=Etat.VALIDE, periode__endswith__lte=jour)


def ruptures_en_attente(acteur: Acteur, jour: date) -> QuerySet[Contrat]:
    """Notifiées depuis plus de quinze jours, et dont le dernier jour est passé."""
    limite = timezone.now() - ATTENTE_RUPTURE
    return _contrats(acteur).filter(etat=Etat.RUPTURE_NOTIFIEE, rupture_notifiee_le__lt=limite, rupture_le__lte=jour)


def sans_compte(acteur: Acteur, jour: date) -> QuerySet[Contrat]:
    fermes = Q(personne__is_active=False) | Q(personne__anonymise_le__isnull=False)
    return _contrats(acteur).filter(fermes, pk__in=Contrat.objects.en_cours(jour).values("pk"))


def vacants(acteur: Acteur, jour: date) -> QuerySet[Poste]:
    postes = Poste.objects.visibles_par(acteur).a_la_date(jour).avec_vacance(jour)
    return postes.filter(contrat_attendu=False, vacant_depuis__lt=vacance_trop_longue_avant(jour))  # type: ignore[misc]


def de_structures_fusionnees(acteur: Acteur, jour: date) -> QuerySet[Poste]:
    postes = Poste.objects.visibles_par(acteur).a_la_date(jour).avec_vacance(jour)
    return postes.filter(rattachement_du_jour__structure__fusionnee_dans__isnull=False)  # type: ignore[misc]


ALARMES: dict[str, Alarme] = {
    alarme.code: alarme
    for alarme in (
        Alarme(
            "sans-rattachement",
            "Contrat en cours sur un poste rendu",
            "La personne est en contrat, mais aucune structure n'a plus le poste.",
            "Notifier la rupture",
            sans_rattachement,
        ),
        Alarme(
            "au-dela",
            "Contrat qui dépasse la fin du rattachement",
            "Le poste quitte la structure avant la fin du contrat en cours.",
            "Rectifier ou rompre le contrat",
            au_dela_du_rattachement,
        ),
        Alarme(
            "echus",
            "Contrat échu sans suite",
            "Le terme est passé : ni renouvellement, ni remplacement, ni fin constatée.",
            "Renouveler ou terminer le contrat",
            echus,
        ),
        Alarme(
            "ruptures",
            "Rupture à valider depuis plus de quinze jours",
            "La structure a notifié une rupture dont le dernier jour est passé ; le contrat n'est pas encore rompu.",
            "Valider la rupture",
            ruptures_en_attente,
        ),
        Alarme(
            "sans-compte",
            "Personne en contrat sans compte ouvert",
            "Le compte est fermé : la personne ne peut ni travailler dans l'outil, ni recevoir de message.",
            "Rompre le contrat, ou rouvrir le compte",
            sans_compte,
        ),
        Alarme(
            "vacants",
            "Poste vacant au-delà du délai de remplacement",
            "Personne n'occupe le poste depuis plus longtemps que la règle ne le permet : il doit être rendu.",
            "Retirer ou transférer le poste",
            vacants,
            sur=POSTES,
        ),
        Alarme(
            "fusionnees",
            "Poste resté à une structure fusionnée",
            "La fiche a été réunie à une autre ; le poste n'a pas suivi.",
            "Transférer le poste à la structure qui demeure",
            de_structures_fusionnees,
            sur=POSTES,
        ),
    )
}

ALARMES_AJOUTEES: dict[str, Alarme] = {}
"""Celles des apps plus hautes (« convention finie, poste occupé »), inscrites dans leur apps.ready()."""


def toutes() -> dict[str, Alarme]:
    """Celles des postes, puis celles des apps plus hautes."""
    return {**ALARMES, **ALARMES_AJOUTEES}
