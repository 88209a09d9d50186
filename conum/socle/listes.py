"""Une liste d'écran : colonnes, tri, page, export. L'écran et le fichier sortent de la même requête."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.db.models.expressions import BaseExpression
from django.http import HttpRequest, HttpResponseBase, QueryDict

from conum.socle import exports

PAR_PAGE = 25
FORMATS = ("csv", "xlsx")


@dataclass(frozen=True)
class Colonne:
    """Une colonne : `valeur(objet)` rend un texte, un nombre, une date ou None ; `tri` : champ ou expression.

    À l'écran seulement : `lien(objet)` rend l'adresse où mène la cellule ; `niveau(objet)` en fait un badge DSFR
    (« success », « info », « warning », « error », « new », « neutre »).
    """

    cle: str
    titre: str
    valeur: Callable[[Any], Any]
    tri: str | BaseExpression | None = None
    a_l_ecran: bool = True
    lien: Callable[[Any], str] | None = None
    niveau: Callable[[Any], str] | None = None


def adresse(request: HttpRequest, **changements: str) -> str:
    """« ?… » de la même page, avec d'autres paramètres ; une valeur vide retire le paramètre."""
    parametres: QueryDict = request.GET.copy()
    for cle, valeur in changements.items():
        if valeur:
            parametres[cle] = valeur
        else:
            parametres.pop(cle, None)
    return f"?{parametres.urlencode()}"


@dataclass
class Pages:
    """Une suite d'objets découpée en pages, sans colonnes ni export : ce que lit `ui/pagination.html`."""

    request: HttpRequest
    objets: Sequence[Any] | QuerySet[Any]
    par_page: int = PAR_PAGE

    @cached_property
    def page(self) -> Page[Any]:
        return Paginator(self.objets, self.par_page).get_page(self.request.GET.get("page"))

    def adresse(self, **changements: str) -> str:
        return adresse(self.request, **changements)


@dataclass
class Liste:
    """Filtrée en amont (formulaire de filtres), triée et découpée ici selon `?tri=` et `?page=`.

    `tri_par_defaut` est la clé d'une colonne, précédée de « - » pour décroître.
    """

    request: HttpRequest
    queryset: QuerySet[Any]
    colonnes: Sequence[Colonne]
    tri_par_defaut: str
    nom_fichier: str
    par_page: int = PAR_PAGE
    _page: Page[Any] | None = field(default=None, init=False)

    @property
    def tri(self) -> str:
        voulu = self.request.GET.get("tri", "")
        triables = {c.cle for c in self.colonnes if c.tri is not None}
        return voulu if voulu.removeprefix("-") in triables else self.tri_par_defaut

    def triee(self) -> QuerySet[Any]:
        cle = self.tri.removeprefix("-")
        colonne = next(c for c in self.colonnes if c.cle == cle)
        descendant = self.tri.startswith("-")
        if isinstance(colonne.tri, str):
            return self.queryset.order_by(f"-{colonne.tri}" if descendant else colonne.tri, "pk")
        assert colonne.tri is not None
        ordre = colonne.tri.desc() if descendant else colonne.tri.asc()  # type: ignore[attr-defined]
        return self.queryset.order_by(ordre, "pk")

    @property
    def page(self) -> Page[Any]:
        if self._page is None:
            self._page = Paginator(self.triee(), self.par_page).get_page(self.request.GET.get("page"))
        return self._page

    def adresse(self, **changements: str) -> str:
        return adresse(self.request, **changements)

    def entetes(self) -> list[dict[str, Any]]:
        """Pour chaque colonne visible : titre, lien de tri ou None, sens courant pour aria-sort ou vide."""
        sorties = []
        for colonne in self.colonnes:
            if not colonne.a_l_ecran:
                continue
            sens = {colonne.cle: "ascending", f"-{colonne.cle}": "descending"}.get(self.tri, "")
            suivant = f"-{colonne.cle}" if sens == "ascending" else colonne.cle
            lien = self.adresse(tri=suivant, page="") if colonne.tri is not None else None
            sorties.append({"cle": colonne.cle, "titre": colonne.titre, "lien": lien, "sens": sens})
        return sorties

    def lien_csv(self) -> str:
        return self.adresse(format="csv", page="")

    def lien_xlsx(self) -> str:
        return self.adresse(format="xlsx", page="")

    def export(self) -> HttpResponseBase | None:
        """La réponse fichier si `?format=csv|xlsx` est demandé, None sinon."""
        format_ = self.request.GET.get("format")
        if format_ not in FORMATS:
            return None
        entetes = [c.titre for c in self.colonnes]
        lignes = ([c.valeur(o) for c in self.colonnes] for o in self.triee().iterator(chunk_size=1000))
        return exports.reponse(format_, self.nom_fichier, entetes, lignes)
