"""Met les communes au dernier état de l'API officielle, sur ordre d'une personne qui lit d'abord les différences."""

from conum.passerelles.geo_api import GeoApi, Referentiel
from conum.territoires.actions.charger import Bilan, appliquer
from conum.territoires.fichier import Decoupage, LigneAncienne, LigneCommune
from conum.territoires.models import AncienneCommune, Commune
from conum.territoires.rules import SANS_HABITANTS

# Une réponse tronquée ferait disparaître des communes : on ne croit pas une perte de plus d'un vingtième.
PART_MINIMALE = 0.95
_NATURES = {
    "commune-deleguee": AncienneCommune.Nature.DELEGUEE,
    "commune-associee": AncienneCommune.Nature.ASSOCIEE,
}


class ReponseSuspecte(Exception):
    """L'API rend bien moins de communes qu'on n'en connaît."""


def rafraichir_communes(api: GeoApi, *, simulation: bool = False) -> Bilan:
    """Applique (ou annonce, en simulation) les différences. Lève `GeoApiIndisponible` ou `ReponseSuspecte`."""
    decoupage = _traduire(api.lire())
    connues = Commune.objects.filter(ancienne=False).count()
    if len(decoupage.communes) < PART_MINIMALE * connues:
        raise ReponseSuspecte(
            f"L'API rend {len(decoupage.communes)} communes, nous en connaissons {connues} : rien n'a été changé."
        )
    return appliquer(decoupage, simulation=simulation)


def _traduire(lu: Referentiel) -> Decoupage:
    epcis = {e.code for e in lu.epcis}
    populations = dict(Commune.objects.values_list("code", "population").order_by("code"))
    communes = [c for c in lu.communes if c.departement not in SANS_HABITANTS]
    actuelles = {c.code: c.nom for c in communes}
    return Decoupage(
        sources={"geo.api.gouv.fr": ""},
        regions=[(r.code, r.nom) for r in lu.regions if r.code not in SANS_HABITANTS],
        departements=[(d.code, d.nom, d.region) for d in lu.departements if d.code not in SANS_HABITANTS],
        epci=[(e.code, e.nom) for e in lu.epcis],
        communes=[
            LigneCommune(
                c.code,
                c.nom,
                c.departement,
                c.epci if c.epci in epcis else "",
                sorted(c.codes_postaux),
                populations.get(c.code, 0) if c.population is None else c.population,
                c.centre.coordinates[1] if c.centre else None,
                c.centre.coordinates[0] if c.centre else None,
                Commune.Precision.CENTRE if c.centre else "",
            )
            for c in communes
        ],
        anciennes=[
            LigneAncienne(p.code, p.nom, _NATURES[p.type], p.chef_lieu, [])
            for p in lu.parties
            if p.type in _NATURES and p.chef_lieu in actuelles and actuelles.get(p.code) != p.nom
        ],
    )
