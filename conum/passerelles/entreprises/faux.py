"""Le registre hors ligne : une vingtaine d'établissements, réels (communes) ou inventés, sur de vraies communes.

Un SIRET inconnu est `Introuvable`, comme dans le vrai registre. Les essais y ajoutent les leurs par `ajouter`,
et le mettent en panne par `en_panne`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from conum.passerelles.entreprises.nomenclature import libelle
from conum.passerelles.entreprises.schemas import Etablissement, Indisponible, Introuvable

# Toujours indisponible : permet de voir à l'écran ce que fait le formulaire quand le registre ne répond pas.
SIRET_SANS_REPONSE = "78990011500013"


def _etablissement(
    siret: str,
    denomination: str,
    categorie: str,
    adresse: str,
    ville: tuple[str, str, str],
    *,
    enseigne: str = "",
    ouvert: bool = True,
    ess: bool = False,
    association: bool = False,
) -> Etablissement:
    code_postal, code_insee, commune = ville
    return Etablissement(
        siret=siret,
        siren=siret[:9],
        denomination=denomination,
        enseigne=enseigne,
        categorie_juridique=categorie,
        libelle_categorie=libelle(categorie),
        adresse=adresse,
        code_postal=code_postal,
        code_insee=code_insee,
        commune=commune,
        ouvert=ouvert,
        est_ess=ess,
        est_association=association,
    )


TOULOUSE = ("31000", "31555", "TOULOUSE")
LYON = ("69001", "69123", "LYON")
ANGOULEME = ("16000", "16015", "ANGOULEME")
COGNAC = ("16100", "16102", "COGNAC")
AURILLAC = ("15000", "15014", "AURILLAC")
STRASBOURG = ("67000", "67482", "STRASBOURG")
LILLE = ("59000", "59350", "LILLE")
SAINT_MARTIN = ("97150", "97801", "SAINT-MARTIN")
MENDE = ("48000", "48095", "MENDE")
RENNES = ("35000", "35238", "RENNES")

DEPART = (
    _etablissement("21310555400017", "COMMUNE DE TOULOUSE", "7210", "PLACE DU CAPITOLE", TOULOUSE),
    _etablissement("21690123100011", "COMMUNE DE LYON", "7210", "1 PLACE DE LA COMEDIE", LYON),
    _etablissement("21590350100017", "COMMUNE DE LILLE", "7210", "PLACE AUGUSTIN LAURENT", LILLE),
    _etablissement("21990001600011", "COMMUNE DE COGNAC", "7210", "68 BD DENFERT ROCHEREAU", COGNAC),
    _etablissement("20990002600011", "COMMUNAUTE DE COMMUNES DES TROIS SOURCES", "7346", "2 RUE DE LA GARE", COGNAC),
    _etablissement("22990017000015", "DEPARTEMENT DES HAUTS PLATEAUX", "7220", "28 AV GAMBETTA", AURILLAC),
    _etablissement("26990003100015", "CCAS D ANGOULEME", "7361", "1 PL DE L HOTEL DE VILLE", ANGOULEME),
    _etablissement(
        "79990004800015",
        "LES ATELIERS NUMERIQUES DU BOCAGE",
        "9220",
        "12 RUE DES ECOLES",
        AURILLAC,
        enseigne="LA FABRIQUE",
        ess=True,
        association=True,
    ),
    _etablissement(
        "40990012300012", "CENTRE SOCIAL DU CHEMIN VERT", "9220", "5 AV DU 8 MAI 1945", MENDE, association=True
    ),
    _etablissement(
        "78990011500021",
        "MAISON DES JEUNES DU FAUBOURG",
        "9220",
        "3 RUE DU FAUBOURG",
        RENNES,
        association=True,
    ),
    _etablissement(
        "81990005100015", "ALSACE INCLUSION NUMERIQUE", "9260", "8 QUAI DES BATELIERS", STRASBOURG, association=True
    ),
    _etablissement("83990013100013", "COOPERATIVE DES MEDIATEURS", "5560", "4 RUE DE LA LOGE", RENNES, ess=True),
    _etablissement("50990008000011", "HABITAT DES DEUX VALLEES", "5546", "15 RUE DE BRETAGNE", RENNES),
    _etablissement("13990006200015", "GIP TERRITOIRES NUMERIQUES", "7410", "10 RUE DE PARIS", LILLE),
    _etablissement("18990007900014", "CHAMBRE DE METIERS ET DE L ARTISANAT", "7381", "2 RUE DU COMMERCE", MENDE),
    _etablissement("11990016500018", "COLLECTIVITE DE SAINT MARTIN", "7225", "RUE DE LA MAIRIE", SAINT_MARTIN),
    _etablissement("17990010500018", "PREFECTURE DE LA CHARENTE", "7172", "7 RUE DE LA PREFECTURE", ANGOULEME),
    _etablissement("82990014100013", "CYBERCAFE DU PORT", "5499", "9 QUAI DU PORT", LYON),
    _etablissement("99990009500012", "MARTIN DUPONT", "1000", "1 RUE HAUTE", LYON),
    _etablissement(
        "33990015100012",
        "NUMERIQUE RURAL EN LOZERE",
        "9220",
        "1 PLACE DU FOIRAIL",
        MENDE,
        ouvert=False,
        association=True,
    ),
    _etablissement("35600000000048", "LA POSTE", "5510", "9 RUE DU COLONEL PIERRE AVIA", ("75015", "75056", "PARIS")),
)


class FauxRegistre:
    """Même contrat que `ClientEntreprises`, sans réseau."""

    def __init__(self) -> None:
        self._connus: dict[str, Etablissement] = {}
        self._panne = False
        self.reinitialiser()

    def reinitialiser(self) -> None:
        self._connus = {e.siret: e for e in DEPART}
        self._panne = False

    def ajouter(self, etablissement: Etablissement) -> None:
        self._connus[etablissement.siret] = etablissement

    @contextmanager
    def en_panne(self) -> Iterator[None]:
        self._panne = True
        try:
            yield
        finally:
            self._panne = False

    def chercher(self, siret: str) -> Etablissement:
        if self._panne or siret == SIRET_SANS_REPONSE:
            raise Indisponible(siret)
        try:
            return self._connus[siret]
        except KeyError:
            raise Introuvable(siret) from None


FAUX = FauxRegistre()
