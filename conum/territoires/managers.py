"""Recherche et résolution des communes, en une requête servie par les index de trigrammes."""

from typing import TYPE_CHECKING, Any, cast

from django.db import models
from django.db.models import Q

from conum.territoires.rules import ARTICLES, cle_distinctive, cle_recherche

if TYPE_CHECKING:
    from conum.territoires.models import Commune

# Rangs d'une réponse : le nom (ou le code) exact, son début, tous les mots, puis la ressemblance ; à rang égal, la
# commune d'aujourd'hui passe avant celle qu'on retrouve par un ancien nom, et la plus peuplée avant les autres.
EXACT, EXACT_ANCIEN, DEBUT, DEBUT_ANCIEN, MOTS, MOTS_ANCIEN, RESSEMBLANCE = range(7)
LONGUEUR_MINIMALE = 2

# La limite garde une lecture d'index par ancien nom : jointes d'un bloc, toutes les communes seraient lues.
_ACTUELLE = "(SELECT code, population FROM territoires_commune WHERE code = a.commune_id AND NOT ancienne LIMIT 1)"
_DIRECTES = """
    (SELECT c.code, c.population, '' AS via, 1.0::real AS score,
        CASE WHEN c.nom_recherche = ANY(%(exacts)s) OR (%(seul)s <> '' AND
                (lower(c.code) = %(seul)s OR %(seul)s = ANY(c.codes_postaux))) THEN 0
             WHEN %(nom)s <> '' AND starts_with(c.nom_recherche, %(nom)s) THEN 2 ELSE 4 END AS rang
    FROM territoires_commune c WHERE NOT c.ancienne AND {commune}
    ORDER BY rang, c.population DESC, c.code LIMIT %(limite)s)
    UNION ALL
    (SELECT c.code, c.population, a.nom, 1.0::real,
        CASE WHEN a.nom_recherche = ANY(%(exacts)s) OR (%(seul)s <> '' AND
                (lower(a.code) = %(seul)s OR %(seul)s = ANY(a.codes_postaux))) THEN 1
             WHEN %(nom)s <> '' AND starts_with(a.nom_recherche, %(nom)s) THEN 3 ELSE 5 END AS rang
    FROM territoires_anciennecommune a CROSS JOIN LATERAL {actuelle} c
    WHERE {ancienne}
    ORDER BY rang, c.population DESC, c.code LIMIT 5 * %(limite)s)
"""
# La ressemblance n'est cherchée que si les réponses directes ne suffisent pas et qu'aucune n'est exacte.
_APPROCHEES = """
    SELECT c.code, c.population, '' AS via, similarity(c.nom_recherche, %(nom)s) AS score, 6 AS rang
    FROM territoires_commune c
    WHERE %(nom)s <> '' AND (SELECT count(DISTINCT code) FROM directes) < %(limite)s
        AND NOT EXISTS (SELECT 1 FROM directes WHERE rang < 2)
        AND NOT c.ancienne AND c.nom_distinctif %% %(distinctif)s {codes_commune}
    UNION ALL
    SELECT c.code, c.population, a.nom, similarity(a.nom_recherche, %(nom)s), 6
    FROM territoires_anciennecommune a CROSS JOIN LATERAL {actuelle} c
    WHERE %(nom)s <> '' AND (SELECT count(DISTINCT code) FROM directes) < %(limite)s
        AND NOT EXISTS (SELECT 1 FROM directes WHERE rang < 2)
        AND a.nom_distinctif %% %(distinctif)s {codes_ancienne}
"""
_REQUETE = """
    WITH directes AS MATERIALIZED ({directes}), approchees AS ({approchees}),
    meilleures AS (
        SELECT DISTINCT ON (code) * FROM (SELECT * FROM directes UNION ALL SELECT * FROM approchees) toutes
        ORDER BY code, rang, score DESC, via
    ), retenues AS (
        SELECT * FROM meilleures ORDER BY rang, score DESC, population DESC, code LIMIT %(limite)s
    )
    SELECT c.*, r.rang, r.via, d.nom AS nom_departement
    FROM retenues r JOIN territoires_commune c ON c.code = r.code
        JOIN territoires_departement d ON d.code = c.departement_id
    ORDER BY r.rang, r.score DESC, r.population DESC, r.code
"""


def requete_recherche(texte: str, limite: int) -> tuple[str, dict[str, Any]] | None:
    """La requête SQL et ses paramètres, ou None si le texte est trop court pour chercher."""
    cle = cle_recherche(texte)
    if len(cle) < LONGUEUR_MINIMALE:
        return None
    mots = cle.split()
    nom = " ".join(m for m in mots if not m[0].isdigit())
    codes = [m for m in mots if m[0].isdigit()]
    # `mots` ne contient que des lettres et des chiffres : rien à échapper dans un LIKE.
    parametres: dict[str, Any] = {f"mot{i}": f"% {m}%" for i, m in enumerate(mots)}
    parametres |= {f"code{i}": f"% {m}%" for i, m in enumerate(codes)}
    parametres |= {
        "nom": nom,
        "distinctif": cle_distinctive(nom),
        "exacts": [nom, *(f"{article} {nom}" for article in ARTICLES)] if nom else [],
        "seul": cle if len(mots) == 1 else "",
        "limite": limite,
    }

    def tous(table: str, prefixe: str, nombre: int) -> str:
        return " AND ".join(f"{table}.recherche LIKE %({prefixe}{i})s" for i in range(nombre))

    et_codes = [f"AND {tous(t, 'code', len(codes))}" if codes else "" for t in ("c", "a")]
    sql = _REQUETE.format(
        directes=_DIRECTES.format(
            actuelle=_ACTUELLE, commune=tous("c", "mot", len(mots)), ancienne=tous("a", "mot", len(mots))
        ),
        approchees=_APPROCHEES.format(actuelle=_ACTUELLE, codes_commune=et_codes[0], codes_ancienne=et_codes[1]),
    )
    return sql, parametres


class CommuneQuerySet(models.QuerySet["Commune"]):
    def rechercher(self, texte: str, limite: int = 5) -> list["Commune"]:
        """Les `limite` communes d'aujourd'hui que ce texte désigne le mieux, en une requête.

        Le texte est un nom (accents et fautes tolérés), un code Insee, un code postal, ou un nom suivi d'un code.
        Chaque commune porte `rang` (voir plus haut) et `via`, l'ancien nom qui l'a fait trouver, ou une chaîne vide.
        """
        requete = requete_recherche(texte, limite)
        return list(self.raw(*requete)) if requete else []

    def designees_par(self, texte: str, limite: int = 20) -> list["Commune"]:
        """Les communes dont ce texte est exactement le nom ou le code ; à défaut, celles d'un ancien nom exact."""
        trouvees = self.rechercher(texte, limite)
        for rang in (EXACT, EXACT_ANCIEN):
            if exactes := [c for c in trouvees if cast(Any, c).rang == rang]:
                return exactes
        return []

    def resoudre(self, code: str) -> "Commune | None":
        """La commune d'aujourd'hui pour un code Insee actuel ou ancien, None s'il est inconnu."""
        code = code.strip().upper().zfill(5)
        candidates = self.filter(Q(code=code, ancienne=False) | Q(anciennes__code=code, ancienne=False)).order_by(
            "-population", "code"
        )
        trouvees = list(candidates)
        directe = next((c for c in trouvees if c.code == code), None)
        return directe or (trouvees[0] if trouvees else None)
