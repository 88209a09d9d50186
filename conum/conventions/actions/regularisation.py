"""Ce que les faits du jour contredisent dans les conventions signées, et l'avenant qui le répare.

Rien ne s'écrit ici : un agent ouvre l'avenant proposé, ou non. Les faits se chargent en quatre questions, pour une
convention comme pour tout le pays.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import QuerySet
from django.utils import timezone

from conum.comptes.rules import ajouter_mois
from conum.conventions import rules
from conum.conventions.actions import calcul
from conum.conventions.actions.changement import Ajout
from conum.conventions.actions.differences import comptes_de
from conum.conventions.models import Acte, Convention, ObjetAvenant, PosteConventionne
from conum.conventions.rules.ecarts import (
    Constat,
    Periode,
    PosteCompte,
    constater,
    dire_periode,
    nombre_de_jours,
    retrancher,
)
from conum.conventions.rules.prevision import Hypothese, Suite
from conum.conventions.states import Etat
from conum.postes.models import Contrat, Poste, Rattachement
from conum.postes.models.poste import UN_JOUR
from conum.postes.rules.delais import vacance_trop_longue_avant
from conum.postes.states import CONFIRMES
from conum.postes.states import Etat as EtatContrat

TITRES = {
    ObjetAvenant.RUPTURE: "Départ d’un conseiller",
    ObjetAvenant.CONTRATS: "Contrats différents de ce qui était prévu",
    ObjetAvenant.RETRAIT: "Poste parti de la structure",
    ObjetAvenant.AJOUT: "Poste sans convention",
}


@dataclass(frozen=True)
class Proposition:
    """Un avenant que les faits demandent, prêt à relire. `jours` : comptés et vacants (négatif : à compter en plus).

    `a_resilier` : plus aucun poste ne resterait, c'est une résiliation.
    """

    convention: Convention
    objet: str
    effet_le: date
    postes: tuple[str, ...]
    faits: tuple[str, ...]
    jours: int = 0
    suites: calcul.Hypotheses = field(default_factory=dict)
    retraits: Mapping[int, date] = field(default_factory=dict)
    ajouts: tuple[Ajout, ...] = ()
    a_resilier: bool = False

    @property
    def titre(self) -> str:
        return TITRES[ObjetAvenant(self.objet)]

    @property
    def expose(self) -> str:
        """L'exposé des motifs, que l'agent relit."""
        return "\n".join(self.faits)


@dataclass(frozen=True)
class _Faits:
    """Ce que la base sait, rangé par poste (`Poste.pk`)."""

    contrats: Mapping[int, list[rules.Contrat]]
    rompus: Mapping[int, set[date]]
    rattachements: Mapping[int, list[tuple[int, DateRange]]]


@dataclass(frozen=True)
class _Depart:
    """Un poste que la structure n'a plus : son dernier jour, ce qui l'a précédé, et les jours comptés ensuite."""

    poste: int
    le: date
    constat: Constat
    jours: int


def a_regulariser(convention: Convention) -> list[Proposition]:
    """Les avenants que demandent les faits du jour ; vide si la convention dit vrai, ou n'est pas active."""
    return propositions(Convention.objects.filter(pk=convention.pk))


def propositions(conventions: "QuerySet[Convention]") -> list[Proposition]:
    """Les avenants à ouvrir pour ces conventions, par convention puis par objet."""
    actives = {c.pk: c for c in conventions.filter(etat=Etat.ACTIVE).select_related("structure").order_by("numero")}
    actes = Acte.objects.en_vigueur().filter(convention__in=list(actives))
    lus = list(actes.values_list("convention_id", "regle_code", "donnees__calcul"))
    calculs, codes = {pk: lu for pk, _, lu in lus}, {pk: code for pk, code, _ in lus}
    en_trop = _sans_convention(actives.values())
    comptes = {pk: comptes_de(calculs.get(pk) or []) for pk in actives}
    faits = _charger({p for c in comptes.values() for p in c} | {p.pk for ps in en_trop.values() for p in ps})
    references = dict(Poste.objects.filter(pk__in=faits.rattachements).values_list("pk", "numero"))
    trouvees: list[Proposition] = []
    for pk, convention in actives.items():
        noms = {p: f"P-{references[p]:05d}" for p in comptes[pk] if p in references}
        mois = _mois_finances(convention, codes[pk]) if pk in codes else None
        trouvees += _de_la_convention(convention, comptes[pk], noms, faits, mois)
        trouvees += _ajouts(convention, en_trop.get(pk, []), faits)
    return trouvees


def _mois_finances(convention: Convention, code: str) -> int | None:
    """Sur combien de mois l'aide s'étale ; au-delà, une vacance ne coûte rien, et ne demande pas d'avenant."""
    if convention.etalement_mois:
        return convention.etalement_mois
    poste = rules.Poste(rules.Statut(convention.statut), convention.departement_id)
    try:
        return rules.montant_de(rules.regle(code), poste).duree_mois
    except rules.RegleInconnue:
        return None


def _part_financee(convention: Convention, compte: PosteCompte, mois: int | None) -> PosteCompte:
    """Le même, arrêté au dernier jour que la règle finance."""
    if mois is None:
        return compte
    debut = max(convention.financement_debut, compte.debut)
    fin = min(compte.fin, ajouter_mois(debut, mois))
    return replace(
        compte, debut=debut, fin=fin, occupe=tuple(retrancher(compte.occupe, [(date.min, debut), (fin, date.max)]))
    )


def _charger(postes: set[int]) -> _Faits:
    contrats: dict[int, list[rules.Contrat]] = defaultdict(list)
    rompus: dict[int, set[date]] = defaultdict(set)
    valides = Contrat.objects.filter(poste__in=postes, etat__in=sorted(CONFIRMES)).order_by("poste_id", "occupation")
    for poste, occupation, etat in valides.values_list("poste_id", "occupation", "etat"):
        contrats[poste].append(rules.Contrat(occupation.lower, occupation.upper))
        if etat == EtatContrat.ROMPU:
            rompus[poste].add(occupation.upper)
    rattachements: dict[int, list[tuple[int, DateRange]]] = defaultdict(list)
    lignes = Rattachement.objects.filter(poste__in=postes).order_by("poste_id", "periode")
    for poste, structure, periode in lignes.values_list("poste_id", "structure_id", "periode"):
        rattachements[poste].append((structure, periode))
    return _Faits(contrats, rompus, rattachements)


def _depart(convention: Convention, poste: int, compte: PosteCompte, faits: _Faits) -> date | None:
    """Le premier jour compté où la structure n'a plus le poste."""
    siens = [
        (p.lower, p.upper or compte.fin) for s, p in faits.rattachements.get(poste, ()) if s == convention.structure_id
    ]
    partis = retrancher([(compte.debut, compte.fin)], siens)
    return partis[0][0] if partis else None


def _de_la_convention(
    convention: Convention,
    comptes: Mapping[int, PosteCompte],
    noms: Mapping[int, str],
    faits: _Faits,
    mois: int | None,
) -> list[Proposition]:
    aujourdhui = timezone.localdate()
    par_objet: dict[str, list[tuple[int, Constat]]] = defaultdict(list)
    partis: list[_Depart] = []
    for poste, compte in comptes.items():
        if poste not in noms:
            continue
        depart = _depart(convention, poste, compte, faits)
        finance = _part_financee(convention, compte, mois)
        constat = constater(finance, faits.contrats.get(poste, ()), aujourdhui, depart)
        rompus = faits.rompus.get(poste, set())
        if depart is not None:
            # L'avenant qui retire le poste refait aussi ses jours vacants : un seul suffit.
            apres = retrancher(finance.occupe, [(date.min, depart)])
            partis.append(_Depart(poste, depart - UN_JOUR, constat, nombre_de_jours(apres)))
            continue
        if constat.vacant and not _a_regler(constat.vacant, rompus, aujourdhui):
            constat = replace(constat, vacant=())
        if constat:
            rupture = any(debut in rompus for debut, _ in (*constat.perdus, *constat.vacant))
            par_objet[ObjetAvenant.RUPTURE if rupture else ObjetAvenant.CONTRATS].append((poste, constat))
    trouvees = [_des_contrats(convention, objet, liste, noms) for objet, liste in sorted(par_objet.items())]
    if partis:
        trouvees.append(_du_retrait(convention, partis, comptes, noms))
    return trouvees


def _a_regler(vacant: Iterable[Periode], rompus: set[date], aujourdhui: date) -> bool:
    """Une vacance en cours se règle après une rupture validée, ou quand le délai de remplacement est passé.

    Avant, la structure recrute encore : l'avenant se refera en une fois, quand la vacance aura une fin.
    """
    debut = min(d for d, _ in vacant)
    return debut in rompus or debut < vacance_trop_longue_avant(aujourdhui)


def _dire(nom: str, constat: Constat) -> list[str]:
    return [
        *(f"{nom} : vacant {dire_periode(p)}." for p in constat.perdus),
        *(f"{nom} : vacant depuis le {d:%d/%m/%Y}, sans remplaçant." for d, _ in constat.vacant),
        *(f"{nom} : occupé {dire_periode(p)}, sans être compté." for p in constat.gagnes),
    ]


def _jours(constat: Constat) -> int:
    return nombre_de_jours((*constat.perdus, *constat.vacant)) - nombre_de_jours(constat.gagnes)


def _des_contrats(
    convention: Convention, objet: str, liste: list[tuple[int, Constat]], noms: Mapping[int, str]
) -> Proposition:
    premiers = [p[0] for _, c in liste for p in (*c.perdus, *c.vacant, *c.gagnes)]
    return Proposition(
        convention,
        objet,
        _dans(convention, min(premiers)),
        tuple(noms[p] for p, _ in liste),
        tuple(phrase for p, c in liste for phrase in _dire(noms[p], c)),
        sum(_jours(c) for _, c in liste),
        # Sans remplaçant, l'aide s'arrête au départ (facts-and-asks § 1.7) ; l'agent peut supposer une reprise.
        {p: Hypothese(Suite.NON_POURVU if c.vacant else Suite.POURVU) for p, c in liste},
    )


def _du_retrait(
    convention: Convention, partis: list[_Depart], comptes: Mapping[int, PosteCompte], noms: Mapping[int, str]
) -> Proposition:
    retraits = {x.poste: x.le for x in partis}
    dernier = max(retraits.values()) + UN_JOUR
    faits = []
    for x in partis:
        faits += _dire(noms[x.poste], x.constat)
        faits.append(f"{noms[x.poste]} : la structure n’a plus le poste à partir du {x.le + UN_JOUR:%d/%m/%Y}.")
    return Proposition(
        convention,
        ObjetAvenant.RETRAIT,
        _dans(convention, min(retraits.values()) + UN_JOUR),
        tuple(noms[p] for p in retraits),
        tuple(faits),
        sum(_jours(x.constat) + x.jours for x in partis),
        retraits=retraits,
        a_resilier=not any(p not in retraits and c.fin > dernier for p, c in comptes.items()),
    )


def _dans(convention: Convention, jour: date) -> date:
    """Le jour, ramené dans la convention."""
    return min(max(jour, convention.debut), convention.fin)


def _sans_convention(conventions: Iterable[Convention]) -> dict[int, list[Poste]]:
    """Par convention : les postes que sa structure a aujourd'hui, et qu'aucune convention ne porte ni ne portera.

    Une structure qui a plusieurs conventions actives les trouve sur celle qui finit le plus tard.
    """
    aujourdhui = timezone.localdate()
    d_accueil: dict[int, Convention] = {}
    for convention in sorted(conventions, key=lambda c: c.fin):
        if convention.debut <= aujourdhui <= convention.fin:
            d_accueil[convention.structure_id] = convention
    pris = PosteConventionne.objects.filter(retenu=True, periode__endswith__gt=aujourdhui).values("poste")
    libres = Rattachement.objects.en_cours(aujourdhui).filter(structure__in=list(d_accueil)).exclude(poste__in=pris)
    trouves: dict[int, list[Poste]] = defaultdict(list)
    for rattachement in libres.select_related("poste").order_by("poste__numero"):
        trouves[d_accueil[rattachement.structure_id].pk].append(rattachement.poste)
    return trouves


def _ajouts(convention: Convention, postes: list[Poste], faits: _Faits) -> list[Proposition]:
    if not postes:
        return []
    aujourdhui = timezone.localdate()
    ajouts = [Ajout(p, _dans(convention, _premier_jour(p, convention, faits, aujourdhui))) for p in postes]
    return [
        Proposition(
            convention,
            ObjetAvenant.AJOUT,
            min(a.debut for a in ajouts),
            tuple(a.poste.reference for a in ajouts),
            tuple(f"{a.poste.reference} : à la structure, dans aucune convention." for a in ajouts),
            ajouts=tuple(ajouts),
        )
    ]


def _premier_jour(poste: Poste, convention: Convention, faits: _Faits, aujourdhui: date) -> date:
    """Le début du premier contrat passé dans cette structure ; à défaut aujourd'hui."""
    siens = [p.lower for s, p in faits.rattachements.get(poste.pk, ()) if s == convention.structure_id]
    debuts = (c.debut for c in faits.contrats.get(poste.pk, ()) if siens and (c.fin is None or c.fin > max(siens)))
    return max(min(debuts, default=aujourdhui), max(siens, default=aujourdhui))


def proposition_de(convention: Convention, objet: str) -> Proposition | None:
    """Celle que les faits demandent pour cet objet."""
    return next((p for p in a_regulariser(convention) if p.objet == objet), None)
