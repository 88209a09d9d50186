"""Met la base au découpage d'un fichier ou de l'API officielle, sans jamais effacer une commune."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from conum.territoires import fichier
from conum.territoires.fichier import Decoupage
from conum.territoires.models import ChargementCommunes, Departement, Epci, Region

_LOTS = """
CREATE TEMP TABLE IF NOT EXISTS lot_commune (
    code text PRIMARY KEY, nom text, departement_id text, epci_id text, codes_postaux varchar[], population integer,
    latitude double precision, longitude double precision, precision text
) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS lot_ancienne (
    code text, nom text, nature text, commune_id text, codes_postaux varchar[]
) ON COMMIT DROP;
TRUNCATE lot_commune, lot_ancienne;
"""
# Un point officiel ne recule pas devant une estimation, ni un point connu devant une absence.
_GARDER_LES_POINTS = """
UPDATE lot_commune l SET latitude = c.latitude, longitude = c.longitude, precision = c.precision
FROM territoires_commune c
WHERE c.code = l.code AND (l.latitude IS NULL OR (c.precision = 'centre' AND l.precision <> 'centre'))
"""
_CHAMPS = ("nom", "departement_id", "epci_id", "codes_postaux", "population", "latitude", "longitude", "precision")
_DIFFERENCES = f"""
SELECT l.code, l.nom, c.code IS NULL OR c.ancienne,
    {", ".join(f"c.{champ} IS DISTINCT FROM l.{champ}" for champ in _CHAMPS)}, c.nom
FROM lot_commune l LEFT JOIN territoires_commune c ON c.code = l.code
WHERE c.code IS NULL OR c.ancienne OR ({", ".join(f"c.{champ}" for champ in _CHAMPS)})
    IS DISTINCT FROM ({", ".join(f"l.{champ}" for champ in _CHAMPS)})
ORDER BY l.code
"""  # noqa: S608 - noms de colonnes fixes
_ECRIRE = f"""
INSERT INTO territoires_commune (code, ancienne, {", ".join(_CHAMPS)})
SELECT code, false, {", ".join(_CHAMPS)} FROM lot_commune
ON CONFLICT (code) DO UPDATE SET ancienne = false, {", ".join(f"{champ} = excluded.{champ}" for champ in _CHAMPS)}
WHERE territoires_commune.ancienne OR ({", ".join(f"territoires_commune.{champ}" for champ in _CHAMPS)})
    IS DISTINCT FROM ({", ".join(f"excluded.{champ}" for champ in _CHAMPS)})
"""  # noqa: S608 - noms de colonnes fixes
_DISPARUES = """
UPDATE territoires_commune c SET ancienne = true
WHERE NOT ancienne AND NOT EXISTS (SELECT 1 FROM lot_commune l WHERE l.code = c.code)
RETURNING code, nom
"""
# Une ligne sans nom (le COG ne donne que le code) vaut pour la ligne nommée du même code, s'il y en a une.
_ANCIENNES = (
    """
    UPDATE territoires_anciennecommune a
    SET commune_id = l.commune_id, nature = l.nature, codes_postaux = l.codes_postaux
    FROM lot_ancienne l WHERE a.code = l.code AND (a.nom = l.nom OR l.nom = '')
    """,
    """
    INSERT INTO territoires_anciennecommune (code, nom, nature, commune_id, codes_postaux)
    SELECT code, nom, nature, commune_id, codes_postaux FROM lot_ancienne l
    WHERE NOT EXISTS (
        SELECT 1 FROM territoires_anciennecommune a WHERE a.code = l.code AND (a.nom = l.nom OR l.nom = '')
    )
    """,
    # Une commune qui disparaît donne son nom à l'ancien code que l'on cherchera.
    """
    UPDATE territoires_anciennecommune a SET nom = c.nom FROM territoires_commune c
    WHERE c.code = a.code AND c.ancienne AND a.nom = ''
    """,
    # Une commune rétablie (défusion) répond de nouveau elle-même.
    """
    DELETE FROM territoires_anciennecommune a USING territoires_commune c
    WHERE c.code = a.code AND NOT c.ancienne AND a.commune_id <> c.code
    """,
)
# Fusions en chaîne : ce qui menait à une commune disparue mène à celle qui l'a remplacée.
_SUIVRE = """
UPDATE territoires_anciennecommune a SET commune_id = suite.commune_id
FROM territoires_commune c, territoires_anciennecommune suite
WHERE c.code = a.commune_id AND c.ancienne AND suite.code = c.code AND suite.commune_id <> a.commune_id
"""
CHAINE_MAXIMALE = 10
_SANS_SUITE = """
SELECT code FROM territoires_commune c WHERE ancienne AND NOT EXISTS (
    SELECT 1 FROM territoires_anciennecommune a JOIN territoires_commune n ON n.code = a.commune_id
    WHERE a.code = c.code AND NOT n.ancienne
) ORDER BY code
"""
_LIBELLES = dict(
    zip(
        _CHAMPS,
        ("nom", "département", "EPCI", "codes postaux", "population", "latitude", "longitude", "précision"),
        strict=True,
    )
)


@dataclass
class Bilan:
    """Ce qui change (ou changerait) : communes nouvelles, disparues, renommées (code et noms), champs modifiés."""

    communes: int = 0
    nouvelles: list[str] = field(default_factory=list)
    disparues: list[str] = field(default_factory=list)
    renommees: list[str] = field(default_factory=list)
    champs: Counter[str] = field(default_factory=Counter)
    sans_suite: list[str] = field(default_factory=list)

    @property
    def vide(self) -> bool:
        return not (self.nouvelles or self.disparues or self.champs)


class _Annuler(Exception):
    """Défait la transaction d'une simulation."""


def charger_fichier(chemin: Path = fichier.FICHIER, *, forcer: bool = False) -> Bilan | None:
    """Charge le fichier du dépôt ; None s'il l'a déjà été (il ne défait pas un rafraîchissement plus récent)."""
    empreinte = fichier.empreinte(chemin)
    if not forcer and ChargementCommunes.objects.filter(empreinte=empreinte).exists():
        return None
    with transaction.atomic():
        bilan = appliquer(fichier.lire(chemin))
        ChargementCommunes.objects.update_or_create(empreinte=empreinte)
    with connection.cursor() as curseur:
        # Sans statistiques, le planificateur lirait les 35 000 communes à chaque recherche.
        curseur.execute("ANALYZE territoires_commune, territoires_anciennecommune")
    return bilan


def appliquer(decoupage: Decoupage, *, simulation: bool = False) -> Bilan:
    """Met la base à ce découpage en une transaction ; en simulation, dit ce qui changerait et n'écrit rien."""
    bilan = Bilan(communes=len(decoupage.communes))
    try:
        with transaction.atomic(), connection.cursor() as curseur:
            # Deux mises à jour à la fois se suivraient mal : la seconde attend.
            curseur.execute("SELECT pg_advisory_xact_lock(hashtext('territoires.communes'))")
            _ecrire_groupes(decoupage)
            curseur.execute(_LOTS)
            _copier(curseur, decoupage)
            curseur.execute(_GARDER_LES_POINTS)
            _relever(curseur, bilan)
            curseur.execute(_ECRIRE)
            curseur.execute(_DISPARUES)
            bilan.disparues = sorted(f"{code} {nom}" for code, nom in curseur.fetchall())
            for requete in _ANCIENNES:
                curseur.execute(requete)
            for _ in range(CHAINE_MAXIMALE):
                curseur.execute(_SUIVRE)
                if not curseur.rowcount:
                    break
            curseur.execute(_SANS_SUITE)
            bilan.sans_suite = [code for (code,) in curseur.fetchall()]
            if simulation:
                raise _Annuler
    except _Annuler:
        pass
    return bilan


def _ecrire_groupes(decoupage: Decoupage) -> None:
    def enregistrer(modele: Any, objets: list[Any], champs: list[str]) -> None:
        modele.objects.bulk_create(objets, update_conflicts=True, unique_fields=["code"], update_fields=champs)

    enregistrer(Region, [Region(code=c, nom=n) for c, n in decoupage.regions], ["nom"])
    departements = [Departement(code=c, nom=n, region_id=r) for c, n, r in decoupage.departements]
    enregistrer(Departement, departements, ["nom", "region"])
    enregistrer(Epci, [Epci(code=c, nom=n) for c, n in decoupage.epci], ["nom"])


def _copier(curseur: CursorWrapper, decoupage: Decoupage) -> None:
    with curseur.copy("COPY lot_commune FROM STDIN") as copie:
        for c in decoupage.communes:
            copie.write_row((*c[:3], c.epci or None, *c[4:]))
    with curseur.copy("COPY lot_ancienne FROM STDIN") as copie:
        for a in decoupage.anciennes:
            copie.write_row(a)


def _relever(curseur: CursorWrapper, bilan: Bilan) -> None:
    curseur.execute(_DIFFERENCES)
    for code, nom, nouvelle, *changes, ancien_nom in curseur.fetchall():
        if nouvelle:
            bilan.nouvelles.append(f"{code} {nom}")
            continue
        bilan.champs.update(_LIBELLES[champ] for champ, change in zip(_CHAMPS, changes, strict=True) if change)
        if ancien_nom != nom:
            bilan.renommees.append(f"{code} {ancien_nom} → {nom}")
