"""Réponses de l'API « Recherche d'entreprises », et ce que conum en retient.

Documentation : https://recherche-entreprises.api.gouv.fr/docs/. Les champs inconnus sont ignorés, les absents tolérés :
le registre ajoute et retire des champs sans prévenir.
"""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from conum.passerelles.entreprises.nomenclature import libelle

NON_DIFFUSIBLE = "[NON-DIFFUSIBLE]"


class RegistreErreur(Exception):
    """Le registre n'a pas donné d'établissement."""


class Introuvable(RegistreErreur):
    """Le registre répond, et ne connaît pas ce SIRET."""


class Indisponible(RegistreErreur):
    """Le registre ne répond pas, trop tard, ou d'une façon qu'on ne sait pas lire : réessayer plus tard."""


@dataclass(frozen=True, slots=True)
class Etablissement:
    """Un établissement du registre. `code_insee` est celui de sa commune, `adresse` la voie sans la commune."""

    siret: str
    siren: str
    denomination: str
    enseigne: str
    categorie_juridique: str
    libelle_categorie: str
    adresse: str
    code_postal: str
    code_insee: str
    commune: str
    ouvert: bool
    est_ess: bool = False
    est_association: bool = False


class _Tolerant(BaseModel):
    model_config = ConfigDict(extra="ignore")


class EtablissementLu(_Tolerant):
    siret: str | None = None
    adresse: str | None = None
    code_postal: str | None = None
    commune: str | None = None
    libelle_commune: str | None = None
    etat_administratif: str | None = None
    liste_enseignes: list[str | None] | None = None
    nom_commercial: str | None = None


class Complements(_Tolerant):
    est_ess: bool | None = None
    est_association: bool | None = None
    identifiant_association: str | None = None


class UniteLegale(_Tolerant):
    siren: str
    nom_complet: str | None = None
    nom_raison_sociale: str | None = None
    nature_juridique: str | None = None
    siege: EtablissementLu | None = None
    matching_etablissements: list[EtablissementLu] | None = None
    complements: Complements | None = None

    def etablissement(self, siret: str) -> Etablissement | None:
        """L'établissement de ce SIRET s'il est dans la réponse (établissements trouvés, ou siège)."""
        candidats = [*(self.matching_etablissements or []), *([self.siege] if self.siege else [])]
        lu = next((c for c in candidats if c.siret == siret), None)
        return self._assembler(siret, lu) if lu else None

    def _assembler(self, siret: str, lu: EtablissementLu) -> Etablissement:
        complements = self.complements or Complements()
        code = (self.nature_juridique or "").strip()
        enseignes = [e for e in (lu.liste_enseignes or []) if e]
        commune = _diffusible(lu.libelle_commune)
        code_postal = _diffusible(lu.code_postal)
        return Etablissement(
            siret=siret,
            siren=siret[:9],
            denomination=_diffusible(self.nom_raison_sociale) or _diffusible(self.nom_complet),
            enseigne=_diffusible(enseignes[0] if enseignes else lu.nom_commercial),
            categorie_juridique=code,
            libelle_categorie=libelle(code),
            adresse=_voie(_diffusible(lu.adresse), code_postal, commune),
            code_postal=code_postal,
            code_insee=_diffusible(lu.commune),
            commune=commune,
            ouvert=lu.etat_administratif == "A",
            est_ess=bool(complements.est_ess),
            est_association=bool(complements.est_association or complements.identifiant_association),
        )


class Reponse(_Tolerant):
    results: list[UniteLegale] = Field(default_factory=list)


def _diffusible(valeur: str | None) -> str:
    """Le registre masque certaines valeurs à la demande de la personne : on les traite comme absentes."""
    texte = " ".join((valeur or "").split())
    return "" if texte == NON_DIFFUSIBLE else texte


def _voie(adresse: str, code_postal: str, commune: str) -> str:
    """`21 PLACE DU CAPITOLE 31000 TOULOUSE` rend `21 PLACE DU CAPITOLE`."""
    fin = f"{code_postal} {commune}".strip()
    return adresse[: -len(fin)].strip() if fin and adresse.endswith(fin) else adresse
