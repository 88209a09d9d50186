"""Les lignes d'un état récapitulatif, refaites des signatures : qui, quelles demi-journées, quel montant, pourquoi."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Exists, Min, OuterRef, Q, QuerySet

from conum.formations.actions.tarifs import Grille
from conum.formations.models import (
    Emargement,
    EtatRecapitulatif,
    Inscription,
    LigneEmargement,
    LigneEtat,
    ResultatCertification,
)
from conum.formations.models.etat import NatureCout
from conum.formations.rules import marches
from conum.formations.rules.certification import Resultat
from conum.formations.rules.etats import Acquis, Prix, calculer_certification, calculer_formation
from conum.formations.states import EtatRecap

FIGES = (EtatRecap.TRANSMIS, EtatRecap.VALIDE)
LOT = 1_000


def remplir(etat: EtatRecapitulatif) -> int:
    """Efface et refait les lignes de l'état, sous verrou de l'organisme ; tient `total`. Rend le nombre de lignes."""
    etat.lignes.all().delete()
    grille = Grille(etat.organisme, etat.marche_code)
    suivis = _suivis(etat)
    acquis = _acquis(etat, suivis)
    lignes = [_ligne(etat, s, grille, acquis[s.inscription]) for s in suivis.values()]
    lignes += _certifications(etat, grille)
    LigneEtat.objects.bulk_create(lignes, batch_size=LOT)
    LigneEmargement.objects.bulk_create(
        [
            LigneEmargement(
                ligne=x, emargement_id=d.emargement, seance_id=d.seance, inscription_id=x.inscription_id,
                minutes=d.minutes,
            )
            for x in lignes if x.nature == NatureCout.FORMATION
            for d in suivis[x.inscription_id].demi_journees
        ],
        batch_size=LOT,
    )  # fmt: skip
    etat.total = sum((x.montant for x in lignes if x.montant is not None), Decimal("0.00"))
    return len(lignes)


# --- Les demi-journées ---


@dataclass(frozen=True)
class _DemiJournee:
    emargement: int
    seance: int
    jour: date
    minutes: int


@dataclass
class _Suivi:
    """Une personne et ce qu'elle a signé. `parcours` : le sien, ou celui de la session si elle n'en a plus."""

    inscription: int
    parcours: str
    demi_journees: list[_DemiJournee] = field(default_factory=list)

    @property
    def minutes(self) -> int:
        return sum(d.minutes for d in self.demi_journees)

    @property
    def debut(self) -> date:
        return min(d.jour for d in self.demi_journees)


def a_compter(etat: EtatRecapitulatif) -> QuerySet[Emargement]:
    """Signés des deux mains dans les sessions de l'organisme, avant la fin du mois, et dans aucun état."""
    comptees = LigneEmargement.objects.filter(
        seance=OuterRef("seance"), inscription=OuterRef("place__inscription"), actif=True
    )
    sessions = {"seance__session__organisme": etat.organisme_id, "seance__session__marche_code": etat.marche_code}
    return Emargement.objects.faits().filter(**sessions, seance__jour__lt=etat.fin).exclude(Exists(comptees))


def _suivis(etat: EtatRecapitulatif) -> dict[int, _Suivi]:
    """Par inscription, sous verrou : deux organismes ne comptent pas la même personne au même moment."""
    siennes = a_compter(etat).order_by().values("place__inscription")
    verrou = Inscription.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=siennes)
    parcours = dict(verrou.order_by("pk").values_list("pk", "parcours"))
    suivis: dict[int, _Suivi] = {}
    deja: set[tuple[int, int]] = set()
    lus = a_compter(etat).filter(place__inscription__in=parcours).select_related("seance__session", "place")
    for e in lus.order_by("place__inscription", "seance__jour", "seance__debut", "pk"):
        # Retirée puis reprise dans la session, une personne a deux places : la demi-journée n'est faite qu'une fois.
        cle = (e.seance_id, e.place.inscription_id)
        if cle in deja:
            continue
        deja.add(cle)
        pk = e.place.inscription_id
        suivi = suivis.setdefault(pk, _Suivi(pk, parcours[pk] or e.seance.session.parcours))
        suivi.demi_journees.append(_DemiJournee(e.pk, e.seance_id, e.seance.jour, e.seance.minutes))
    return suivis


# --- Les montants ---


@dataclass
class _Connu:
    """Ce que d'autres états disent d'une personne, et le prix qu'elle a déjà dans celui-ci."""

    acquis: Acquis = field(default_factory=Acquis)
    prix: Prix | None = None


def _acquis(etat: EtatRecapitulatif, inscriptions: Iterable[int]) -> dict[int, _Connu]:
    """Une requête. Comptent les états figés, et les préparations plus anciennes que celle-ci."""
    autres = LigneEtat.objects.filter(
        Q(etat__etat__in=FIGES) | Q(etat_id__lt=etat.pk),
        inscription__in=list(inscriptions), nature=NatureCout.FORMATION, actif=True,
    ).exclude(etat=etat).select_related("etat")  # fmt: skip
    connus: dict[int, _Connu] = defaultdict(_Connu)
    for x in autres.order_by("etat__mois", "pk"):
        connu = connus[x.inscription_id]
        a = connu.acquis
        if (x.etat.organisme_id, x.etat.marche_code) != (etat.organisme_id, etat.marche_code):
            connu.acquis = Acquis(a.minutes, a.montant, a.minutes_ailleurs + x.minutes)
            continue
        connu.acquis = Acquis(a.minutes + x.minutes, a.montant + (x.montant or 0), a.minutes_ailleurs)
        if x.prix is not None and connu.prix is None:
            connu.prix = Prix(x.prix, f"le même que dans {x.etat.reference}")
    return connus


def _ligne(etat: EtatRecapitulatif, suivi: _Suivi, grille: Grille, connu: _Connu) -> LigneEtat:
    """Une personne garde le prix du jour où elle a commencé chez cet organisme."""
    prix = connu.prix or grille.prix(NatureCout.FORMATION, suivi.debut)
    parcours = marches.parcours(suivi.parcours)
    calcul = calculer_formation(prix, parcours.heures * 60, suivi.minutes, connu.acquis)
    avant = sum(d.jour < etat.mois for d in suivi.demi_journees)
    trace = [f"Parcours : {parcours.libelle}.", *calcul.trace]
    if avant:
        trace.append(f"Dont {avant} demi-journée{'s' if avant > 1 else ''} d’un mois passé, jamais comptée avant.")
    return LigneEtat(
        etat=etat, inscription_id=suivi.inscription, nature=NatureCout.FORMATION, minutes=suivi.minutes,
        prix=prix.montant if prix else None, montant=calcul.montant, trace=trace,
    )  # fmt: skip


def _certifications(etat: EtatRecapitulatif, grille: Grille) -> list[LigneEtat]:
    """Les personnes confiées à l'organisme qui se sont présentées, et qu'aucun état ne compte."""
    codes = [p.code for p in marches.marche(etat.marche_code).parcours]
    comptees = LigneEtat.objects.filter(
        inscription=OuterRef("inscription"), nature=NatureCout.CERTIFICATION, actif=True
    )
    presentees = ResultatCertification.objects.exclude(resultat=Resultat.ABSENT.value).exclude(Exists(comptees))
    siennes = presentees.filter(inscription__organisme=etat.organisme_id, inscription__parcours__in=codes)
    premieres = (
        siennes.order_by("inscription").values_list("inscription").annotate(le=Min("le")).filter(le__lt=etat.fin)
    )
    lignes = []
    for inscription, le in premieres:
        prix = grille.prix(NatureCout.CERTIFICATION, le)
        calcul = calculer_certification(prix, le)
        lignes.append(
            LigneEtat(
                etat=etat, inscription_id=inscription, nature=NatureCout.CERTIFICATION,
                prix=prix.montant if prix else None, montant=calcul.montant, trace=list(calcul.trace),
            )
        )  # fmt: skip
    return lignes
