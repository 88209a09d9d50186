"""La formation continue : combien de modules l'État prend en charge, et lesquels (facts-and-asks § 2).

Un module par année civile. Pour les entrants récents, deux dans l'année qui suit leur entrée en formation initiale,
puis un par année civile, à compter de l'année suivante si l'un des deux a été suivi dans l'année en cours. Un module
hors quota reste pris en charge. La règle et le catalogue sont des données datées (`donnees/modules-*.toml`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache

from conum.formations.rules.lecture import Donnees, Fichier, donnees, exiger
from conum.postes.rules.delais import plus_mois
from conum.socle.donnees_figees import Brut, Source


class ModuleInconnu(ValueError):
    """Ce module n'est pas au catalogue ; le message se montre tel quel."""


@dataclass(frozen=True, slots=True)
class Module:
    code: str
    libelle: str
    hors_quota: bool
    condition: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Offre:
    """La règle et le catalogue en vigueur depuis `debut`. `annonces` : le nombre de modules que l'État annonce."""

    code: str
    debut: date
    annonces: int
    par_annee: int
    prolonge_jusqu_au: date | None
    admis_depuis: date
    premiere_annee: int
    premiere_annee_mois: int
    modules: tuple[Module, ...]
    empreinte: str
    sources: tuple[Source, ...]

    def module(self, code: str) -> Module:
        """Raises: ModuleInconnu: il n'est pas à ce catalogue."""
        trouve = next((m for m in self.modules if m.code == code), None)
        if trouve is None:
            raise ModuleInconnu(f"Le module « {code} » n’est pas au catalogue ({self.code}).")
        return trouve


@dataclass(frozen=True, slots=True)
class Entree:
    """Ce qui ouvre les droits : l'admission en formation initiale, ou la dispense et sa date."""

    admise_le: date | None = None
    dispensee_le: date | None = None

    @property
    def depuis(self) -> date | None:
        return min((d for d in (self.admise_le, self.dispensee_le) if d), default=None)


@dataclass(frozen=True, slots=True, order=True)
class Suivi:
    """Un module suivi, au jour de son début."""

    jour: date
    module: str


@dataclass(slots=True)
class Quota:
    """Tant de modules pris en charge entre deux dates (`fin` exclue)."""

    libelle: str
    debut: date
    fin: date
    nombre: int
    suivis: list[Suivi] = field(default_factory=list)

    @property
    def restants(self) -> int:
        return self.nombre - len(self.suivis)

    def ouvert(self, jour: date) -> bool:
        return self.debut <= jour < self.fin


@dataclass(frozen=True, slots=True)
class Decompte:
    """Un module suivi, pris en charge ou non, et pourquoi."""

    suivi: Suivi
    pris_en_charge: bool
    raison: str


@dataclass(frozen=True, slots=True)
class Droits:
    """Ce à quoi une personne a droit un jour donné."""

    quotas: tuple[Quota, ...]
    decomptes: tuple[Decompte, ...]
    restants: int
    phrases: tuple[str, ...]


@cache
def offres() -> tuple[Offre, ...]:
    """Les offres successives, la plus ancienne d'abord."""
    return assembler(donnees())


def assembler(lues: Donnees) -> tuple[Offre, ...]:
    lus = sorted((_offre(f, lues) for f in lues.sous("modules-")), key=lambda o: o.debut)
    exiger(len({o.debut for o in lus}) == len(lus), "modules", "deux offres commencent le même jour.")
    return tuple(lus)


def _offre(fichier: Fichier, lues: Donnees) -> Offre:
    brut, ou = fichier.brut, fichier.code
    modules = tuple(_module(m, ou, lues) for m in brut["modules"])
    exiger(len({m.code for m in modules}) == len(modules), ou, "deux modules portent le même code.")
    exiger(len(modules) <= brut["annonces"], ou, "plus de modules nommés que d'annoncés.")
    quota, premiere = brut["quota"], brut["premiere_annee"]
    exiger(min(quota["par_annee_civile"], premiere["nombre"], premiere["mois"]) > 0, ou, "un quota est nul.")
    for partie in (quota, premiere):
        lues.citees(partie, ou)
    return Offre(
        code=ou,
        debut=brut["debut"],
        annonces=brut["annonces"],
        par_annee=quota["par_annee_civile"],
        prolonge_jusqu_au=quota.get("prolonge_jusqu_au"),
        admis_depuis=premiere["admis_depuis"],
        premiere_annee=premiere["nombre"],
        premiere_annee_mois=premiere["mois"],
        modules=modules,
        empreinte=fichier.empreinte,
        sources=lues.citees(brut, ou),
    )


def _module(brut: Brut, ou: str, lues: Donnees) -> Module:
    return Module(
        brut["code"], brut["libelle"], brut.get("hors_quota", False), brut.get("condition", ""), lues.citees(brut, ou)
    )


def offre_au(jour: date, de: Sequence[Offre] | None = None) -> Offre:
    """L'offre en vigueur. Raises: ModuleInconnu: aucune ne l'était encore."""
    connues = de if de is not None else offres()
    trouvee = max((o for o in connues if o.debut <= jour), key=lambda o: o.debut, default=None)
    if trouvee is None:
        raise ModuleInconnu(f"La formation continue commence le {connues[0].debut:%d/%m/%Y}.")
    return trouvee


def droits(entree: Entree, suivis: Iterable[Suivi], jour: date, *, de: Sequence[Offre] | None = None) -> Droits:
    """Ce qu'une personne a suivi et ce qui lui reste, ce jour-là.

    Les modules se décomptent dans l'ordre des dates, chacun sur le quota ouvert qui finit le plus tôt. Le résultat ne
    dépend pas de l'ordre de `suivis`.

    Raises:
        ModuleInconnu: un module suivi n'est pas au catalogue de sa date.
    """
    connues = de if de is not None else offres()
    depuis = entree.depuis
    if depuis is None or depuis > jour:
        phrase = "Il faut être entré en formation initiale, ou en être dispensé, avant de suivre un module."
        refus = tuple(Decompte(s, False, phrase) for s in sorted(suivis))
        return Droits((), refus, 0, (phrase,))
    quotas: list[Quota] = []
    decomptes = [_decompter(s, entree, depuis, quotas, connues) for s in sorted(suivis)]
    _ouvrir(quotas, entree, depuis, jour, connues)
    ouverts = [q for q in quotas if q.ouvert(jour)]
    return Droits(tuple(quotas), tuple(decomptes), sum(q.restants for q in ouverts), tuple(_dire(q) for q in ouverts))


def _decompter(suivi: Suivi, entree: Entree, depuis: date, quotas: list[Quota], connues: Sequence[Offre]) -> Decompte:
    module = offre_au(suivi.jour, connues).module(suivi.module)
    if suivi.jour < depuis:
        return Decompte(suivi, False, f"Suivi avant l’entrée en formation initiale ou la dispense ({depuis:%d/%m/%Y}).")
    if module.hors_quota:
        return Decompte(suivi, True, f"« {module.libelle} » est pris en charge en plus du quota.")
    _ouvrir(quotas, entree, depuis, suivi.jour, connues)
    ouverts = sorted((q for q in quotas if q.ouvert(suivi.jour)), key=lambda q: q.fin)
    libre = next((q for q in ouverts if q.restants), None)
    if libre is None:
        return Decompte(suivi, False, "Le quota est atteint : ce module n’est pas pris en charge.")
    libre.suivis.append(suivi)
    return Decompte(suivi, True, f"{libre.libelle} : {len(libre.suivis)} sur {libre.nombre}.")


def _ouvrir(quotas: list[Quota], entree: Entree, depuis: date, jour: date, connues: Sequence[Offre]) -> None:
    """Ajoute les quotas qui commencent au plus tard ce jour-là, dans l'ordre des dates."""
    premiere = _premiere_annee(entree, connues)
    if premiere is not None and not quotas and premiere.debut <= jour:
        quotas.append(premiere)
    debut = premiere.fin if premiere is not None else max(depuis, connues[0].debut)
    deja = {q.libelle for q in quotas}
    for annee in range(debut.year, jour.year + 1):
        du = max(debut, date(annee, 1, 1))
        if f"Année {annee}" in deja or du > jour:
            continue
        if premiere is not None and annee == debut.year and _un_suivi_dans(quotas[0], annee):
            continue
        offre = offre_au(du, connues)
        fin = date(annee + 1, 1, 1)
        if offre.prolonge_jusqu_au is not None:
            fin = max(fin, offre.prolonge_jusqu_au + timedelta(days=1))
        quotas.append(Quota(f"Année {annee}", du, fin, offre.par_annee))


def _premiere_annee(entree: Entree, connues: Sequence[Offre]) -> Quota | None:
    """Le quota des entrants récents ; la dispense, elle, suit la règle de l'année civile."""
    admise = entree.admise_le
    if admise is None or entree.dispensee_le is not None:
        return None
    if admise < connues[0].debut:
        return None
    offre = offre_au(admise, connues)
    if admise < offre.admis_depuis:
        return None
    return Quota("Première année", admise, plus_mois(admise, offre.premiere_annee_mois), offre.premiere_annee)


def _un_suivi_dans(quota: Quota, annee: int) -> bool:
    return any(s.jour.year == annee for s in quota.suivis)


def _dire(q: Quota) -> str:
    dernier = q.fin - timedelta(days=1)
    if not q.restants:
        return (
            f"{q.libelle} : quota atteint ({q.nombre} sur {q.nombre}). Un module de plus ne serait pas pris en charge."
        )
    pluriel = "s" if q.restants > 1 else ""
    return f"{q.libelle} : {q.restants} module{pluriel} pris en charge à suivre jusqu’au {dernier:%d/%m/%Y}."
