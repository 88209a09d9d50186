"""Identifier une structure, l'inscrire, la corriger."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction

from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.passerelles.entreprises import Etablissement, Indisponible, Introuvable, registre
from conum.socle.enregistrement import enregistrer
from conum.structures import access, rules
from conum.structures.models import AncienIdentifiant, Structure, StructureQuerySet
from conum.structures.rules import Eligibilite, Identifiant, IdentifiantInvalide, TypeIdentifiant, lire_identifiant
from conum.territoires.models import Commune, resoudre_commune


class Issue(StrEnum):
    """Ce que donne la recherche d'un SIRET ou d'un RIDET."""

    INVALIDE = "invalide"
    EXISTANTE = "existante"
    TROUVEE = "trouvee"
    INTROUVABLE = "introuvable"
    INDISPONIBLE = "indisponible"
    HORS_REGISTRE = "hors_registre"
    FERMEE = "fermee"
    NON_ELIGIBLE = "non_eligible"


@dataclass(frozen=True, slots=True)
class Identification:
    """Réponse à la personne qui donne un SIRET ou un RIDET. `message` est à lui montrer tel quel.

    `structure` : déjà inscrite, on propose de la rejoindre. `etablissement` et `eligibilite` : ce que dit le registre.
    `commune` : celle du registre, retrouvée dans nos territoires.
    """

    issue: Issue
    message: str = ""
    identifiant: Identifiant | None = None
    structure: Structure | None = None
    etablissement: Etablissement | None = None
    eligibilite: Eligibilite | None = None
    commune: Commune | None = None

    @property
    def peut_continuer(self) -> bool:
        return self.issue is Issue.TROUVEE or self.saisie_libre

    @property
    def saisie_libre(self) -> bool:
        """La personne saisit elle-même nom et adresse ; un agent les vérifiera."""
        sans_commune = self.issue is Issue.TROUVEE and self.commune is None
        return sans_commune or self.issue in (Issue.INTROUVABLE, Issue.INDISPONIBLE, Issue.HORS_REGISTRE)


MESSAGES = {
    Issue.EXISTANTE: "Cette structure est déjà inscrite : une structure n'a qu'une fiche. Demandez à la rejoindre.",
    Issue.INTROUVABLE: (
        "Le registre public des entreprises ne connaît pas ce SIRET. Vérifiez-le ; s'il est exact (inscription récente "
        "par exemple), saisissez vous-même le nom et l'adresse : un agent les vérifiera."
    ),
    Issue.INDISPONIBLE: (
        "Le registre public des entreprises ne répond pas pour le moment. Saisissez vous-même le nom et l'adresse : "
        "un agent les vérifiera."
    ),
    Issue.HORS_REGISTRE: (
        "Le registre public des entreprises ne couvre pas la Nouvelle-Calédonie. Saisissez vous-même le nom et "
        "l'adresse : un agent les vérifiera."
    ),
    Issue.FERMEE: (
        "D'après le registre public des entreprises, cet établissement est fermé. Saisissez le SIRET de "
        "l'établissement ouvert qui accueillera le conseiller numérique."
    ),
}


def identifier(saisie: str) -> Identification:
    """Lit l'identifiant, cherche la structure chez nous puis au registre. N'écrit rien et ne lève rien."""
    try:
        identifiant = lire_identifiant(saisie)
    except IdentifiantInvalide as erreur:
        return Identification(Issue.INVALIDE, erreur.message)
    if structure := Structure.objects.par_identifiant(identifiant):
        return Identification(Issue.EXISTANTE, MESSAGES[Issue.EXISTANTE], identifiant, structure)
    if identifiant.type is TypeIdentifiant.RIDET:
        return Identification(Issue.HORS_REGISTRE, MESSAGES[Issue.HORS_REGISTRE], identifiant)
    try:
        etablissement = registre().chercher(identifiant.valeur)
    except Introuvable:
        return Identification(Issue.INTROUVABLE, MESSAGES[Issue.INTROUVABLE], identifiant)
    except Indisponible:
        return Identification(Issue.INDISPONIBLE, MESSAGES[Issue.INDISPONIBLE], identifiant)
    return _depuis_le_registre(identifiant, etablissement)


def _depuis_le_registre(identifiant: Identifiant, etablissement: Etablissement) -> Identification:
    eligibilite = rules.eligibilite(
        etablissement.categorie_juridique,
        est_ess=etablissement.est_ess,
        est_association=etablissement.est_association,
    )
    if not eligibilite.eligible:
        issue, message = Issue.NON_ELIGIBLE, eligibilite.refus
    elif not etablissement.ouvert:
        issue, message = Issue.FERMEE, MESSAGES[Issue.FERMEE]
    else:
        issue, message = Issue.TROUVEE, ""
    commune = resoudre_commune(etablissement.code_insee) if etablissement.code_insee else None
    if issue is Issue.TROUVEE and commune is None:
        message = (
            "Le registre ne donne pas la commune de cet établissement : complétez sa fiche, un agent la vérifiera."
        )
    return Identification(
        issue, message, identifiant, etablissement=etablissement, eligibilite=eligibilite, commune=commune
    )


class StructureExistante(Exception):
    """Ce SIRET ou ce RIDET désigne déjà une structure : la rejoindre, ne pas la recréer."""

    def __init__(self, structure: Structure) -> None:
        super().__init__(MESSAGES[Issue.EXISTANTE])
        self.structure = structure


@dataclass(frozen=True, slots=True, kw_only=True)
class DonneesStructure:
    """Identité d'une structure. `identifiant` None : seulement pour un import douteux, jamais vérifié."""

    identifiant: Identifiant | None
    denomination: str
    categorie: str
    commune: Commune
    nom_usage: str = ""
    categorie_juridique: str = ""
    adresse: str = ""
    code_postal: str = ""
    reseau: str = ""
    hub: str = ""
    identite_verifiee: bool = False

    @classmethod
    def du_registre(cls, identification: Identification, *, categorie: str) -> "DonneesStructure":
        """Identité lue au registre et confirmée par la personne.

        Raises:
            ValueError: l'identification n'est pas `TROUVEE`, ou sa commune n'est pas dans nos territoires.
        """
        lu, commune = identification.etablissement, identification.commune
        if lu is None or commune is None or identification.issue is not Issue.TROUVEE:
            raise ValueError("Le registre n'a pas donné d'établissement éligible dans une commune connue.")
        return cls(
            identifiant=identification.identifiant,
            denomination=lu.denomination,
            nom_usage=lu.enseigne if lu.enseigne != lu.denomination else "",
            categorie=categorie,
            categorie_juridique=lu.categorie_juridique,
            adresse=lu.adresse,
            code_postal=lu.code_postal,
            commune=commune,
            identite_verifiee=True,
        )

    def champs(self) -> dict[str, Any]:
        siret = self.identifiant.valeur if self.identifiant and self.identifiant.type is TypeIdentifiant.SIRET else None
        ridet = self.identifiant.valeur if self.identifiant and self.identifiant.type is TypeIdentifiant.RIDET else None
        return {
            "siret": siret,
            "ridet": ridet,
            "denomination": self.denomination.strip(),
            "nom_usage": self.nom_usage.strip(),
            "categorie": self.categorie,
            "statut": rules.statut_de(self.categorie).value,
            "categorie_juridique": self.categorie_juridique,
            "adresse": self.adresse.strip(),
            "code_postal": self.code_postal,
            "commune": self.commune,
            "reseau": self.reseau,
            "hub": self.hub,
            "identite_verifiee": self.identite_verifiee and self.identifiant is not None,
        }


def _verifier_eligibilite(donnees: DonneesStructure) -> None:
    if donnees.categorie not in rules.PAR_CODE:
        raise ValidationError({"categorie": "Choisissez la catégorie de la structure."})
    lue = rules.eligibilite(donnees.categorie_juridique)
    if not lue.eligible:
        raise TransitionImpossible(lue.refus)
    if not rules.categorie_admise(donnees.categorie, donnees.categorie_juridique):
        raise ValidationError({"categorie": "Cette catégorie ne correspond pas à la forme juridique du registre."})


def _reserver(identifiant: Identifiant) -> None:
    """Deux inscriptions du même numéro passent l'une après l'autre, même s'il n'est qu'un ancien identifiant."""
    with connection.cursor() as curseur:
        curseur.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"structures:{identifiant.valeur}"])


def creer_structure(donnees: DonneesStructure, *, par: Acteur) -> Structure:
    """Inscrit une structure.

    Raises:
        StructureExistante: le numéro désigne déjà une structure (y compris fusionnée, ou sous un ancien numéro).
        TransitionImpossible: la forme juridique n'est pas éligible ; le message cite la règle.
        ValidationError: un champ est invalide.
    """
    if not access.peut_creer(par, donnees.commune):
        raise PermissionDenied
    _verifier_eligibilite(donnees)
    with transaction.atomic():
        existante = None
        if donnees.identifiant is not None:
            _reserver(donnees.identifiant)
            existante = Structure.objects.par_identifiant(donnees.identifiant)
        if existante is None:
            structure = Structure(**donnees.champs())
            enregistrer(structure)
            noter(structure, "creer_structure", par=par, donnees={"identifiant": structure.identifiant})
            return structure
    # Hors du bloc : l'appelant peut continuer dans sa transaction, rien n'a été écrit.
    raise StructureExistante(existante)


_SUIVIS = [
    "siret",
    "ridet",
    "denomination",
    "nom_usage",
    "categorie",
    "categorie_juridique",
    "adresse",
    "code_postal",
    "commune_id",
    "reseau",
    "hub",
    "identite_verifiee",
]


def corriger_structure(
    structure: Structure, donnees: DonneesStructure, *, par: Acteur, motif: str = "", garder_ancien: bool = False
) -> Structure:
    """Corrige l'identité ; le journal garde l'avant et l'après de chaque champ changé.

    `garder_ancien` : l'ancien SIRET était bien le sien (déménagement, par exemple) et mènera encore à elle ;
    faux pour une simple faute de frappe, qui rend le numéro libre.

    Raises:
        StructureExistante: le nouveau numéro désigne une autre structure.
        TransitionImpossible, ValidationError: comme `creer_structure`.
    """
    _verifier_eligibilite(donnees)
    with transaction.atomic():
        courante = Structure.objects.select_for_update(of=("self",), no_key=True).get(pk=structure.pk)
        if not access.peut_corriger(par, courante) or not access.peut_creer(par, donnees.commune):
            raise PermissionDenied
        avant = {champ: getattr(courante, champ) for champ in _SUIVIS}
        if donnees.identifiant is not None:
            _changer_de_numero(courante, donnees.identifiant)
        for champ, valeur in donnees.champs().items():
            setattr(courante, champ, valeur)
        ecarts = {c: [v, getattr(courante, c)] for c, v in avant.items() if v != getattr(courante, c)}
        if not ecarts:
            return courante
        courante.full_clean()
        courante.save()
        ancien = avant["siret"] or avant["ridet"]
        if garder_ancien and ancien and ancien != (courante.siret or courante.ridet):
            AncienIdentifiant.objects.create(structure=courante, valeur=ancien)
        noter(courante, "corriger_structure", par=par, motif=motif, donnees=ecarts)
    return courante


def _changer_de_numero(structure: Structure, identifiant: Identifiant) -> None:
    if identifiant.valeur in (structure.siret, structure.ridet):
        return
    _reserver(identifiant)
    occupante = Structure.objects.par_identifiant(identifiant)
    if occupante is not None and occupante.pk != structure.pk:
        raise StructureExistante(occupante)
    # Elle reprend un de ses anciens numéros : il redevient le courant.
    structure.anciens_identifiants.filter(valeur=identifiant.valeur).delete()


def quasi_doublons(donnees: "DonneesStructure | Structure") -> StructureQuerySet:
    """Structures qui ressemblent à celle-ci, de la plus proche à la moins proche (voir `ressemblant_a`)."""
    if isinstance(donnees, Structure):
        siren, sauf = donnees.siren or "", donnees.pk
    else:
        siren, sauf = donnees.identifiant.siren if donnees.identifiant else "", None
    return Structure.objects.ressemblant_a(
        denomination=donnees.denomination, commune=donnees.commune, siren=siren, adresse=donnees.adresse, sauf=sauf
    ).select_related("commune__departement")


def verifier_identite(structure: Structure, *, par: Acteur) -> Structure:
    """Un agent atteste que nom, adresse et numéro sont exacts, après une saisie libre ou un import."""
    with transaction.atomic():
        courante = Structure.objects.select_for_update(of=("self",), no_key=True).get(pk=structure.pk)
        if not access.peut_corriger(par, courante):
            raise PermissionDenied
        if courante.identite_verifiee:
            return courante
        courante.identite_verifiee = True
        courante.full_clean()
        courante.save()
        noter(courante, "verifier_identite", par=par)
    return courante
