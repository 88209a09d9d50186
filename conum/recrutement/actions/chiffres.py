"""Les chiffres d'une année d'appariement, que publie la page de l'algorithme et que lit l'ANCT. N'écrit rien."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from conum.recrutement.models import MiseEnRelation, Origine, Passe
from conum.recrutement.states import OUVERTS, Etat, EtatPasse


@dataclass(frozen=True)
class Chiffres:
    """Ce qu'ont donné les propositions faites dans l'année."""

    annee: int
    passages: int
    propositions: int
    candidats: int
    recrutements: int
    en_cours: int
    embauches: int
    declinees: int
    ecartees: int
    expirees: int
    sans_objet: int

    @property
    def closes(self) -> int:
        return self.propositions - self.en_cours

    def part(self, nombre: int) -> float | None:
        """Part des propositions closes, en pour cent ; None tant qu'aucune ne l'est."""
        return round(100 * nombre / self.closes, 1) if self.closes else None

    @property
    def issues(self) -> list[tuple[str, int, float | None]]:
        """Comment se sont terminées les propositions closes."""
        lignes = (
            ("Recrutés", self.embauches),
            ("Déclinées par le candidat", self.declinees),
            ("Non retenues par la structure", self.ecartees),
            ("Closes sans réponse", self.expirees),
            ("Sans objet (poste pourvu, recherche en pause…)", self.sans_objet),
        )
        return [(libelle, nombre, self.part(nombre)) for libelle, nombre in lignes]


def chiffres(annee: int) -> Chiffres:
    faites = MiseEnRelation.objects.filter(origine=Origine.APPARIEMENT, created_at__year=annee)
    lus: Mapping[str, Any] = faites.aggregate(
        propositions=Count("pk"),
        candidats=Count("candidat", distinct=True),
        recrutements=Count("recrutement", distinct=True),
        en_cours=Count("pk", filter=Q(etat__in=OUVERTS)),
        embauches=Count("pk", filter=Q(etat=Etat.RECRUTEE)),
        declinees=Count("pk", filter=Q(etat=Etat.DECLINEE)),
        ecartees=Count("pk", filter=Q(etat=Etat.ECARTEE)),
        expirees=Count("pk", filter=Q(etat=Etat.EXPIREE)),
        sans_objet=Count("pk", filter=Q(etat=Etat.SANS_OBJET)),
    )
    passages = Passe.objects.filter(etat=EtatPasse.TERMINEE, jour__year=annee).count()
    return Chiffres(annee=annee, passages=passages, **lus)


def annees() -> list[int]:
    """Les années où un passage a eu lieu, la plus récente d'abord."""
    jours = Passe.objects.filter(etat=EtatPasse.TERMINEE).order_by()
    return sorted({jour.year for jour in jours.dates("jour", "year")}, reverse=True)


def dernier_passage() -> Passe | None:
    """Le dernier passage terminé, sans les prix ni le rapport, lourds."""
    lourds = ("prix_recrutements", "prix_candidats", "equite")
    return Passe.objects.filter(etat=EtatPasse.TERMINEE).defer(*lourds).order_by("-debut", "-pk").first()
