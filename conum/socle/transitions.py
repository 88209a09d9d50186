"""Une machine à états est une table : ce module la décrit et en tire le diagramme de docs/etats/."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Transition:
    """Une ligne de la table des transitions.

    Attributes:
        depuis: états d'où l'action est permise.
        vers: état atteint.
        qui: rôle qui agit, en mots de l'usager.
        garde: condition à remplir, vide s'il n'y en a pas.
        effet: ce qui est écrit en plus de l'état.
        message: qui est prévenu et de quoi.
    """

    depuis: frozenset[str]
    vers: str
    qui: str = ""
    garde: str = ""
    effet: str = ""
    message: str = ""


Table = Mapping[str, Transition]


def diagramme(table: Table, initial: str) -> str:
    lignes = ["stateDiagram-v2", f"    [*] --> {initial}"]
    lignes += [f"    {d} --> {t.vers}: {nom}" for nom, t in table.items() for d in sorted(t.depuis)]
    return "\n".join(lignes)


def document(titre: str, table: Table, etats: Iterable[tuple[str, str]], initial: str) -> str:
    """Le texte Markdown de docs/etats/<app>.md : états, diagramme, table des transitions."""
    noms = dict(etats)
    lignes = [f"# {titre}", "", "Produit par `bin/manage documenter_etats` ; ne pas corriger à la main.", ""]
    lignes += ["| État | Libellé |", "|---|---|"]
    lignes += [f"| `{code}` | {nom} |" for code, nom in noms.items()]
    lignes += ["", "```mermaid", diagramme(table, initial), "```", ""]
    lignes += ["| Action | Depuis | Vers | Qui | Condition | Effet | Message |", "|---|---|---|---|---|---|---|"]
    for nom, t in table.items():
        depuis = ", ".join(noms[d] for d in noms if d in t.depuis)
        lignes.append(f"| `{nom}` | {depuis} | {noms[t.vers]} | {t.qui} | {t.garde} | {t.effet} | {t.message} |")
    return "\n".join(lignes) + "\n"
