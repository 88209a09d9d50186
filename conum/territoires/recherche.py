"""La requête qui cherche une commune, servie par les index de trigrammes."""

from typing import Any

from conum.territoires.rules import ARTICLES, cle_distinctive, cle_recherche

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
