"""Engagements et niveaux de service lus en base : les mêmes nombres à l'écran, au fichier et en public."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Case, Count, DateField, F, Func, IntegerField, Min, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, Least, TruncDate
from django.utils import timezone

from conum.demandes.rules import DELAI_RECRUTEMENT, MOIS_CHOIX_CONSEILLER, MOIS_CHOIX_COORDINATEUR
from conum.postes.models import TypePoste
from conum.recrutement.models.recrutement import PosteOuvert, Recrutement, RecrutementQuerySet
from conum.recrutement.models.relation import MiseEnRelation, MiseEnRelationQuerySet, Origine
from conum.recrutement.rules import service as regles
from conum.recrutement.rules.relation import DELAI_SIGNATURE, NIVEAUX_DE_SERVICE
from conum.recrutement.states import Etat, EtatRecrutement

EN_COURS = [EtatRecrutement.OUVERT, EtatRecrutement.SUSPENDU]


# --- Engagements d'un recrutement ---------------------------------------------------------------------------------


def _jour(instant: datetime | None) -> date | None:
    return timezone.localdate(instant) if instant else None


def _encore_tenus(jour: date) -> Q:
    """Les postes dont la structure répond : pourvus, ou encore rattachés ce jour-là (un poste rendu ne compte plus)."""
    return Q(pourvu_par__isnull=False) | Q(rattachement__periode__contains=jour)


def engagements_du_recrutement(recrutement: Recrutement, jour: date) -> list[regles.Engagement]:
    """Les engagements de ce recrutement, avec leur date et leur état ce jour-là."""
    postes = list(recrutement.postes.filter(_encore_tenus(jour)).order_by("pk").values_list("pourvu_le", flat=True))
    offres, accords, signes = [], [], []
    lignes = recrutement.mises_en_relation.exclude(offre_le=None).order_by("offre_le", "pk")
    for etat, offre_le, acceptee_le, signe_le in lignes.values_list(
        "etat", "offre_le", "acceptee_le", "contrat_signe_le"
    ):
        offres.append(offre_le)
        if etat == Etat.ACCEPTEE:
            accords.append(_jour(acceptee_le))
        elif etat == Etat.RECRUTEE:
            signes.append((_jour(acceptee_le), signe_le))
    # Ce qui attend encore une signature passe avant ce qui est signé.
    accepte_le, signe_le = (min(filter(None, accords), default=None), None) if accords else (None, None)
    if not accords and signes:
        accepte_le, signe_le = max(signes, key=lambda paire: paire[1] or date.min)
    pourvu = bool(postes) and all(postes)
    return regles.engagements_de(
        recrutement,
        aujourdhui=jour,
        choisi_le=_jour(offres[len(postes) - 1]) if postes and len(offres) >= len(postes) else None,
        accepte_le=accepte_le,
        signe_le=signe_le,
        pourvu_le=_jour(max(filter(None, postes))) if pourvu else None,
    )


class _PlusMois(Func):
    """Une date, tant de mois plus tard ; PostgreSQL borne au dernier jour du mois, comme `dans_mois`."""

    template = "(%(expressions)s)::date"
    arg_joiner = " + "
    output_field = DateField()

    def __init__(self, jour: Any, mois: Any) -> None:
        super().__init__(jour, Func(Value(0), mois, function="make_interval", output_field=DateField()))


def _nombre(lignes: Any) -> Coalesce:
    compte = lignes.order_by().values("recrutement").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(compte, output_field=IntegerField()), 0)


def avec_retards(recrutements: RecrutementQuerySet, jour: date) -> RecrutementQuerySet:
    """Annote, pour les recrutements en cours, les dates dépassées (vides si l'engagement est tenu ou à venir).

    `retard_choix`, `retard_signature`, `retard_recrutement` : la date limite dépassée ; `retard_depuis` : la plus
    ancienne ; `nb_postes` : les postes dont la structure répond ; `nb_vacants` : ceux que personne n'occupe.
    """
    postes = PosteOuvert.objects.filter(_encore_tenus(jour), recrutement=OuterRef("pk"))
    relations = MiseEnRelation.objects.filter(recrutement=OuterRef("pk"))
    accord = relations.filter(etat=Etat.ACCEPTEE).order_by().values("recrutement").annotate(j=Min("acceptee_le"))
    mois_choix = Case(
        When(type_poste=TypePoste.COORDINATEUR, then=MOIS_CHOIX_COORDINATEUR), default=MOIS_CHOIX_CONSEILLER
    )
    mois_recruter = Case(When(premier=True, then=DELAI_RECRUTEMENT["initiale"]), default=DELAI_RECRUTEMENT["ajout"])
    return (
        recrutements.filter(etat__in=EN_COURS)
        .annotate(
            nb_postes=_nombre(postes),
            nb_vacants=_nombre(postes.filter(pourvu_par=None)),
            nb_offres=_nombre(relations.exclude(offre_le=None)),
            limite_choix=_PlusMois(F("attribue_le"), mois_choix),
            fin_recrutement=_PlusMois(F("attribue_le"), mois_recruter),
            accord_le=Subquery(accord.values("j")),
        )
        .annotate(
            retard_choix=Case(
                When(limite_choix__lt=jour, nb_offres__lt=F("nb_postes"), then=F("limite_choix")),
                output_field=DateField(),
            ),
            retard_signature=Case(
                When(accord_le__lt=_minuit(jour - DELAI_SIGNATURE), then=Func(
                    TruncDate("accord_le"), Value(DELAI_SIGNATURE.days), template="(%(expressions)s)",
                    arg_joiner=" + ", output_field=DateField(),
                )),
                output_field=DateField(),
            ),
            retard_recrutement=Case(
                When(
                    fin_recrutement__lt=jour, limite_choix__lt=jour, nb_vacants__gt=0,
                    then=Func(F("fin_recrutement"), F("limite_choix"), function="GREATEST"),
                ),
                output_field=DateField(),
            ),
        )
        .annotate(retard_depuis=Least("retard_choix", "retard_signature", "retard_recrutement"))
    )  # fmt: skip


def en_retard(recrutements: RecrutementQuerySet, jour: date) -> RecrutementQuerySet:
    """Les recrutements en cours dont au moins un engagement est en retard (`avec_retards`)."""
    return avec_retards(recrutements, jour).exclude(Q(("retard_depuis", None)))


def _minuit(jour: date) -> datetime:
    return timezone.make_aware(datetime.combine(jour, datetime.min.time()))


# --- Niveaux de service -------------------------------------------------------------------------------------------


def _comptes(jours: int, maintenant: datetime) -> dict[str, Count]:
    """Les nombres d'un délai : répondues à temps, jugées.

    Une proposition se juge quand la structure a répondu ou quand le délai est passé. Close avant lui sans réponse (le
    candidat a décliné, le poste est pourvu), elle n'attendait plus rien de la structure : on ne la juge pas.
    """
    limite = F("created_at") + timedelta(days=jours)
    a_temps = Q(reponse_structure_le__lte=limite)
    passe = Q(created_at__lte=maintenant - timedelta(days=jours)) & (Q(close_le=None) | Q(close_le__gt=limite))
    return {
        f"repondues_{jours}": Count("pk", filter=a_temps),
        f"jugees_{jours}": Count("pk", filter=a_temps | passe),
    }


def propositions_jugeables(
    *, debut: date | None = None, fin: date | None = None, relations: MiseEnRelationQuerySet | None = None
) -> MiseEnRelationQuerySet:
    """Les propositions de l'appariement, entre ces deux jours compris. Une présélection est déjà une réponse."""
    voulues = MiseEnRelation.objects.all() if relations is None else relations
    voulues = voulues.filter(origine=Origine.APPARIEMENT)
    if debut:
        voulues = voulues.filter(created_at__gte=_minuit(debut))
    if fin:
        voulues = voulues.filter(created_at__lt=_minuit(fin + timedelta(days=1)))
    return voulues


def prises_en_charge(
    propositions: MiseEnRelationQuerySet, maintenant: datetime, *, par: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """Pour chaque groupe (« recrutement__departement »…), les `PriseEnCharge` à 3 et 5 jours, clé `prises`.

    Sans `par`, un seul groupe : tout ce qui est donné. `propositions` vient de `propositions_jugeables`.
    """
    comptes: dict[str, Count] = {"nombre": Count("pk")}
    for jours in NIVEAUX_DE_SERVICE:
        comptes |= _comptes(jours, maintenant)
    cles = list(par)
    if cles:
        lignes = list(propositions.order_by(*cles).values(*cles).annotate(**comptes))
    else:
        lignes = [propositions.order_by().aggregate(**comptes)]
    return [
        {cle: ligne[cle] for cle in [*cles, "nombre"]}
        | {"prises": [_prise(ligne, jours) for jours in NIVEAUX_DE_SERVICE]}
        for ligne in lignes
    ]


def _prise(ligne: dict[str, Any], jours: int) -> regles.PriseEnCharge:
    return regles.PriseEnCharge(jours, ligne[f"jugees_{jours}"], ligne[f"repondues_{jours}"])
