"""Le tableau de bord : des comptes, chacun menant à la liste qui le détaille."""

from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.demandes import rules
from conum.demandes.models import Demande, Nature
from conum.demandes.states import DECIDES, OUVERTS, Etat
from conum.portail.attentes import Attendu, des_conventions
from conum.portail.attentes_formations import des_formations
from conum.postes.models import Rattachement
from conum.recrutement.models import MiseEnRelation, Recrutement, service
from conum.recrutement.states import ATTEND_LA_STRUCTURE
from conum.structures.models import DemandeRattachement, Structure
from conum.structures.states import EtatRattachement

RECENTES = 10
"""Demandes montrées sur le tableau de bord."""


def _demandes(role: Role) -> dict[str, int]:
    """Les demandes du périmètre, comptées par situation, en une requête."""
    limite = timezone.localdate() - rules.DELAI_AVIS
    sans_avis = Q(etat=Etat.DEPOSEE)
    return (
        Demande.objects.visibles_par(role)
        .order_by()
        .aggregate(
            ouvertes=Count("pk", filter=Q(etat__in=OUVERTS)),
            sans_avis=Count("pk", filter=sans_avis & ~Q(nature=Nature.RENDU)),
            en_retard=Count("pk", filter=sans_avis & ~Q(nature=Nature.RENDU) & Q(deposee_le__date__lt=limite)),
            pretes=Count("pk", filter=Q(etat=Etat.EN_INSTRUCTION)),
            complements=Count("pk", filter=Q(etat=Etat.EXAMEN_COMPLEMENTAIRE)),
            decidees=Count("pk", filter=Q(etat__in=DECIDES)),
        )
    )


def _postes(role: Role) -> int:
    visibles = Structure.objects.visibles_par(role).order_by().values("pk")
    return Rattachement.objects.en_cours(timezone.localdate()).filter(structure__in=visibles).count()


def _rattachements(role: Role) -> int:
    """Personnes qui attendent une réponse pour rejoindre une structure ; un agent ne répond que s'il n'y a personne."""
    visibles = Structure.objects.visibles_par(role).order_by().values("pk")
    ouvertes = DemandeRattachement.objects.filter(etat=EtatRattachement.DEPOSEE, structure__in=visibles)
    return ouvertes.count() if role.type == TypeRole.STRUCTURE else ouvertes.filter(structure__membres=None).count()


def lien_demande(role: Role, pk: int) -> str:
    """La page d'une demande : celle de l'instruction, ou le suivi pour la structure."""
    vue = "demandes:suivre" if role.type == TypeRole.STRUCTURE else "demandes:instruire"
    return reverse(vue, args=[role.pk, pk])


def _attendus(role: Role) -> list[Attendu]:
    n = _demandes(role)
    if role.type == TypeRole.STRUCTURE:
        liste = reverse("demandes:mes_demandes", args=[role.pk])
        return [
            Attendu(n["complements"], "où l’on vous demande un complément", liste, urgent=True),
            Attendu(n["ouvertes"], "en cours d’instruction", liste),
            Attendu(n["decidees"], "décidées", liste, un="décidée"),
        ]
    liste = reverse("demandes:instruction", args=[role.pk])

    def vers(**filtres: str) -> str:
        return f"{liste}?" + "&".join(f"{cle}={valeur}" for cle, valeur in filtres.items())

    sans_avis = Attendu(n["sans_avis"], "à instruire : votre avis est attendu", vers(etat=Etat.DEPOSEE))
    retard = Attendu(n["en_retard"], "sans avis depuis plus de 14 jours", vers(retard="oui"), urgent=True)
    pretes = Attendu(n["pretes"], "prêtes pour le comité", vers(etat=Etat.EN_INSTRUCTION), un="prête pour le comité")
    complements = Attendu(n["complements"], "en attente d’un complément", vers(etat=Etat.EXAMEN_COMPLEMENTAIRE))
    match role.type:
        case TypeRole.PREFECTURE:
            return [sans_avis, retard, pretes, complements]
        case TypeRole.ANCT:
            attente = Attendu(n["sans_avis"], "en attente de l’avis d’une préfecture", vers(etat=Etat.DEPOSEE))
            return [pretes, complements, attente, retard]
        case _:
            attente = Attendu(n["sans_avis"], "en attente de l’avis de la préfecture", vers(etat=Etat.DEPOSEE))
            return [attente, retard, pretes, Attendu(n["decidees"], "décidées", vers(onglet="decidees"), un="décidée")]


def _recrutements(role: Role) -> list[Attendu]:
    """Ce que le recrutement attend de la structure, ou des agents qui suivent les délais."""
    recrutements = Recrutement.objects.visibles_par(role)
    liste = reverse("recrutement:recrutements", args=[role.pk])
    if role.type == TypeRole.STRUCTURE:
        attendues = MiseEnRelation.objects.visibles_par(role).filter(etat__in=ATTEND_LA_STRUCTURE).count()
        return [
            Attendu(
                attendues, "candidats attendent votre réponse", liste, urgent=True, un="candidat attend votre réponse"
            ),
            Attendu(recrutements.ouverts().count(), "recrutements ouverts", liste, un="recrutement ouvert"),
        ]
    if role.type not in (TypeRole.ANCT, TypeRole.PREFECTURE, TypeRole.REGION):
        return []
    en_retard = service.en_retard(recrutements, timezone.localdate()).count()
    return [
        Attendu(en_retard, "en retard sur un engagement", reverse("recrutement:retards", args=[role.pk]), urgent=True),
        Attendu(recrutements.ouverts().count(), "recrutements ouverts", liste, un="recrutement ouvert"),
    ]


def contexte(role: Role) -> dict[str, Any]:
    recentes = Demande.objects.visibles_par(role).select_related("structure", "commune__departement")
    ordre = ("deposee_le", "pk") if role.type == TypeRole.PREFECTURE else ("-deposee_le", "pk")
    if role.type == TypeRole.PREFECTURE:
        recentes = recentes.sans_avis()
    elif role.type == TypeRole.ANCT:
        recentes = recentes.filter(etat__in=OUVERTS)
    return {
        "attendus": _attendus(role),
        "recrutements": _recrutements(role),
        "conventions": des_conventions(role),
        "formations": des_formations(role),
        "postes": _postes(role),
        "rattachements": _rattachements(role),
        "recentes": [{"demande": d, "lien": lien_demande(role, d.pk)} for d in recentes.order_by(*ordre)[:RECENTES]],
    }
