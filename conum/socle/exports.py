"""Fichiers tabulaires : CSV et XLSX écrits au fil de l'eau, mêmes colonnes, mêmes valeurs."""

import csv
import datetime as dt
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import xlsxwriter
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

# Un tableur exécute une cellule qui commence ainsi : on la neutralise (OWASP, CSV injection).
_DANGEREUX = ("=", "+", "-", "@", "\t", "\r")
TYPE_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class _Echo:
    def write(self, texte: str) -> str:
        return texte


def texte_sur(valeur: str) -> str:
    return f"'{valeur}" if valeur.startswith(_DANGEREUX) else valeur


def _cellule_csv(valeur: Any) -> Any:
    match valeur:
        case None:
            return ""
        case bool():
            return "oui" if valeur else "non"
        case dt.datetime():
            return timezone.localtime(valeur).strftime("%d/%m/%Y %H:%M")
        case dt.date():
            return valeur.strftime("%d/%m/%Y")
        case Decimal() | float():
            return str(valeur).replace(".", ",")
        case int():
            return valeur
        case _:
            return texte_sur(str(valeur))


def lignes_csv(entetes: Sequence[str], lignes: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Point-virgule et marque UTF-8 : ce qu'Excel en français ouvre sans question."""
    ecrivain = csv.writer(_Echo(), delimiter=";")
    yield "\ufeff" + ecrivain.writerow(entetes)
    for ligne in lignes:
        yield ecrivain.writerow([_cellule_csv(v) for v in ligne])


def ecrire_xlsx(fichier: Any, entetes: Sequence[str], lignes: Iterable[Sequence[Any]], titre: str = "Liste") -> None:
    """Écrit un classeur d'une feuille dans `fichier` (chemin ou fichier binaire), en mémoire constante."""
    classeur = xlsxwriter.Workbook(
        fichier, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    feuille = classeur.add_worksheet(titre[:31])
    gras = classeur.add_format({"bold": True})
    jour = classeur.add_format({"num_format": "dd/mm/yyyy"})
    instant = classeur.add_format({"num_format": "dd/mm/yyyy hh:mm"})
    feuille.freeze_panes(1, 0)
    for j, entete in enumerate(entetes):
        feuille.set_column(j, j, max(12, min(40, len(entete) + 2)))
        feuille.write_string(0, j, entete, gras)
    for i, ligne in enumerate(lignes, start=1):
        for j, valeur in enumerate(ligne):
            match valeur:
                case None:
                    continue
                case bool():
                    feuille.write_string(i, j, "oui" if valeur else "non")
                case dt.datetime():
                    feuille.write_datetime(i, j, timezone.localtime(valeur).replace(tzinfo=None), instant)
                case dt.date():
                    feuille.write_datetime(i, j, dt.datetime.combine(valeur, dt.time()), jour)
                case int() | float() | Decimal():
                    feuille.write_number(i, j, valeur)
                case _:
                    feuille.write_string(i, j, str(valeur))
    classeur.close()


def reponse(format_: str, nom: str, entetes: Sequence[str], lignes: Iterable[Sequence[Any]]) -> HttpResponseBase:
    """Réponse à télécharger, nommée `<nom>-<date>.<format>`."""
    fichier = f"{nom}-{timezone.localdate().isoformat()}.{format_}"
    if format_ == "xlsx":
        tampon = tempfile.TemporaryFile()  # noqa: SIM115 - fermé par FileResponse
        ecrire_xlsx(tampon, entetes, lignes)
        tampon.seek(0)
        return FileResponse(tampon, as_attachment=True, filename=fichier, content_type=TYPE_XLSX)
    response = StreamingHttpResponse(lignes_csv(entetes, lignes), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{fichier}"'
    return response
