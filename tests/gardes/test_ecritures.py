"""Seules les actions écrivent en base : partout ailleurs, un appel d'écriture est une faute."""

import ast
from pathlib import Path

from tests.aides import RACINE

CONUM = RACINE / "conum"
CREATIONS = {"create", "bulk_create", "get_or_create", "update_or_create", "bulk_update", "save", "delete"}
# Modules dont c'est le métier, et pourquoi.
ECRIVAINS = (
    "journal/actions.py",  # le journal lui-même
    "journal/workflow.py",  # l'enregistrement d'une transition
    "socle/depot.py",  # range et efface les fichiers, au service des actions
    "socle/limites.py",  # compteurs techniques, sans état ni auteur
    "socle/enregistrement.py",  # save() qui traduit les refus de la base en phrases, au service des actions
    "utilisateurs/models.py",  # fabrique de comptes qu'emploient les actions
)
# Appels permis ailleurs : (fichier, texte de l'appel), et pourquoi.
PERMIS = {("comptes/second_facteur.py", "session.save")}  # la session de la personne, pas une table du domaine


def _est_un_ecrivain(fichier: Path) -> bool:
    relatif = fichier.relative_to(CONUM)
    morceaux = relatif.parts
    return (
        "actions" in morceaux
        or relatif.name == "actions.py"
        or "migrations" in morceaux
        or "management" in morceaux
        or relatif.name == "jobs.py"  # les règles de conservation effacent ce qui a fait son temps
        or relatif.as_posix() in ECRIVAINS
    )


def _appels(fichier: Path) -> list[str]:
    source = fichier.read_text()
    fautes = []
    for noeud in ast.walk(ast.parse(source)):
        if not (isinstance(noeud, ast.Call) and isinstance(noeud.func, ast.Attribute)):
            continue
        sujet = ast.unparse(noeud.func.value)
        if sujet.startswith("super("):  # une méthode de modèle qui complète save()
            continue
        en_masse = noeud.func.attr == "update" and (".objects" in sujet or "filter(" in sujet or "exclude(" in sujet)
        if noeud.func.attr in CREATIONS or en_masse:
            fautes.append(f"{sujet}.{noeud.func.attr}")
    return fautes


def test_seules_les_actions_ecrivent() -> None:
    fautes = [
        (fichier.relative_to(CONUM).as_posix(), appel)
        for fichier in sorted(CONUM.rglob("*.py"))
        if not _est_un_ecrivain(fichier)
        for appel in _appels(fichier)
    ]
    assert [f for f in fautes if f not in PERMIS] == []
    assert set(fautes) >= PERMIS, "permission devenue inutile"
