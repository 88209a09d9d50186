"""Ce qu'une candidature dit d'une personne : le vérifier, l'écrire sur sa ligne, le garder à part."""

from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from conum.journal.workflow import TransitionImpossible
from conum.recrutement.models import Candidat
from conum.recrutement.rules import candidature as regles
from conum.recrutement.rules import profil as regles_profil
from conum.socle.telephone import lire_telephone
from conum.territoires.models import Commune, resoudre_commune
from conum.territoires.rules import territoire_de


@dataclass(frozen=True, slots=True, kw_only=True)
class Profil:
    """Tout ce qu'une candidature dit de la personne, sauf son adresse électronique."""

    prenom: str
    nom: str
    telephone: str
    commune: Commune
    situations: tuple[str, ...]
    nom_diplome: str
    experience: bool
    mobilite_km: int
    territoires: tuple[str, ...]
    disponible_le: date
    motivation: str
    langues: tuple[str, ...]


def verifier(profil: Profil, *, garde: date | None = None) -> Profil:
    """Le profil nettoyé, téléphone au format international ; `garde` : disponibilité déjà enregistrée.

    Raises:
        ValidationError: champ par champ, ce qui n'est pas recevable.
    """
    erreurs = [
        *regles_profil.verifier_situations(profil.situations, profil.nom_diplome),
        *regles_profil.verifier_lieu(profil.mobilite_km, profil.territoires),
        *regles_profil.verifier_disponibilite(profil.disponible_le, timezone.localdate(), garde=garde),
        *regles_profil.verifier_identite(profil.prenom, profil.nom),
        *regles_profil.verifier_motivation(profil.motivation),
        *regles_profil.verifier_langues(profil.langues),
    ]
    telephone = lire_telephone(profil.telephone, profil.commune.departement_id) if profil.telephone.strip() else ""
    if telephone is None:
        erreurs.append(regles_profil.Erreur("telephone", "Ce numéro de téléphone n'existe pas."))
    if profil.commune.latitude is None or profil.commune.longitude is None:
        message = "Nous ne savons pas placer cette commune sur la carte. Choisissez une commune voisine."
        erreurs.append(regles_profil.Erreur("commune", message))
    if erreurs:
        raise ValidationError({erreur.champ: erreur.message for erreur in erreurs})
    ici = territoire_de(profil.commune.pk)
    return replace(
        profil,
        prenom=profil.prenom.strip(),
        nom=profil.nom.strip(),
        telephone=telephone or "",
        nom_diplome=profil.nom_diplome.strip() if "diplome" in profil.situations else "",
        territoires=tuple(t for t in regles.TERRITOIRES if t in profil.territoires and t != ici),
        motivation=profil.motivation.replace("\r\n", "\n").strip(),
        langues=tuple(code for code in regles.LANGUES if code in profil.langues),
    )


def remplir(candidat: Candidat, profil: Profil) -> None:
    """Écrit un profil vérifié sur la ligne, que l'appelant enregistre."""
    commune = profil.commune
    candidat.prenom, candidat.nom, candidat.telephone = profil.prenom, profil.nom, profil.telephone
    candidat.commune, candidat.departement = commune, commune.departement
    candidat.latitude, candidat.longitude = commune.latitude, commune.longitude
    for situation in regles.SITUATIONS:
        setattr(candidat, situation, situation in profil.situations)
    candidat.nom_diplome, candidat.experience = profil.nom_diplome, profil.experience
    candidat.mobilite_km, candidat.territoires_choisis = profil.mobilite_km, list(profil.territoires)
    candidat.disponible_le, candidat.motivation = profil.disponible_le, profil.motivation
    candidat.langues = list(profil.langues)


def profil_de(candidat: Candidat) -> Profil:
    """Le profil écrit sur la ligne d'une candidature envoyée."""
    assert candidat.commune is not None
    assert candidat.mobilite_km is not None
    assert candidat.disponible_le is not None
    return Profil(
        prenom=candidat.prenom,
        nom=candidat.nom,
        telephone=candidat.telephone,
        commune=candidat.commune,
        situations=tuple(champ for champ in regles.SITUATIONS if getattr(candidat, champ)),
        nom_diplome=candidat.nom_diplome,
        experience=candidat.experience,
        mobilite_km=candidat.mobilite_km,
        territoires=tuple(candidat.territoires_choisis),
        disponible_le=candidat.disponible_le,
        motivation=candidat.motivation,
        langues=tuple(candidat.langues),
    )


def plier(profil: Profil) -> dict[str, Any]:
    """Le profil en JSON, que `deplier` relit."""
    valeurs = {champ.name: getattr(profil, champ.name) for champ in fields(profil)}
    return valeurs | {"commune": profil.commune.pk, "disponible_le": profil.disponible_le.isoformat()}


def deplier(valeurs: dict[str, Any]) -> Profil:
    """Raises:
    TransitionImpossible: la commune a disparu entre-temps.
    """
    commune = resoudre_commune(valeurs["commune"])
    if commune is None:
        raise TransitionImpossible("Votre commune n'existe plus sous ce code : recommencez votre candidature.")
    listes = {nom: tuple(valeurs[nom]) for nom in ("situations", "territoires", "langues")}
    jour = date.fromisoformat(valeurs["disponible_le"])
    return Profil(**(valeurs | listes | {"commune": commune, "disponible_le": jour}))
