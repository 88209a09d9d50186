"""Fusionner deux fiches d'une même structure : la source reste, vide, et renvoie à la cible.

Les lignes des apps situées au-dessus (postes, demandes…) suivent sans être importées : on les trouve par
introspection des clés étrangères vers `Structure`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, models, transaction
from django.db.models import Q, UniqueConstraint
from django.utils import timezone

from conum.comptes.models import Invitation, Role, TypeRole
from conum.courriels.actions import mettre_en_file
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.structures import access, emails
from conum.structures.models import (
    AncienIdentifiant,
    Antenne,
    ChangementContact,
    DemandeRattachement,
    Membre,
    Structure,
)
from conum.structures.states import TRANSITIONS, TRANSITIONS_CONTACT, EtatChangement, EtatRattachement

CHAMPS_COMPARES = (
    ("identifiant", "SIRET ou RIDET"),
    ("denomination", "Dénomination"),
    ("nom_usage", "Nom d'usage"),
    ("get_categorie_display", "Catégorie"),
    ("adresse_complete", "Adresse"),
)


@dataclass(frozen=True, slots=True)
class Deplacement:
    """Un type d'objets qui suivra : son nom au pluriel, combien, et les premiers d'entre eux."""

    libelle: str
    nombre: int
    exemples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApercuFusion:
    """Ce que ferait la fusion. `conflits` non vide : elle est impossible tant qu'ils ne sont pas levés à la main."""

    source: Structure
    cible: Structure
    identites: tuple[tuple[str, str, str], ...]
    deplacements: tuple[Deplacement, ...]
    ajustements: tuple[str, ...]
    conflits: tuple[str, ...]

    @property
    def possible(self) -> bool:
        return not self.conflits


# Les objets de cette app dont les heurts d'unicité ont une solution écrite (voir _ajustements).
_REGLES_PROPRES = frozenset({Membre, Antenne, DemandeRattachement, ChangementContact})


def _liens() -> Iterator[tuple[type[models.Model], models.Field[Any, Any]]]:
    """Toutes les clés étrangères vers Structure, y compris sans accès inverse et des tables de liaison."""
    for relation in Structure._meta.get_fields(include_hidden=True):
        if relation.auto_created and not relation.concrete and (relation.one_to_many or relation.one_to_one):
            yield relation.related_model, relation.field  # type: ignore[union-attr,misc]


def _lignes(modele: type[models.Model], champ: models.Field[Any, Any], structure: Structure) -> models.QuerySet[Any]:
    return modele._base_manager.filter(**{champ.name: structure}).order_by("pk")


def apercu_fusion(source: Structure, cible: Structure) -> ApercuFusion:
    """Ce qui bougera, sans rien écrire."""
    deplacements = []
    for modele, champ in _liens():
        lignes = _lignes(modele, champ, source)
        if nombre := lignes.count():
            noms = modele._meta
            libelle = str(noms.verbose_name_plural if nombre > 1 else noms.verbose_name)
            deplacements.append(Deplacement(libelle, nombre, tuple(str(ligne) for ligne in lignes[:5])))
    identites = tuple((titre, _lire(source, champ), _lire(cible, champ)) for champ, titre in CHAMPS_COMPARES)
    return ApercuFusion(
        source,
        cible,
        identites,
        tuple(deplacements),
        tuple(_ajustements(source, cible)),
        tuple(_conflits(source, cible)),
    )


def _lire(structure: Structure, champ: str) -> str:
    valeur = getattr(structure, champ)
    return str(valeur() if callable(valeur) else valeur)


def _conflits(source: Structure, cible: Structure) -> Iterator[str]:
    """Heurts d'unicité des autres apps : deux lignes que la cible ne peut pas porter ensemble."""
    if source.fusionnee_dans_id or cible.fusionnee_dans_id:
        yield "L'une des deux fiches a déjà été fusionnée."
    for modele, champ in _liens():
        if modele in _REGLES_PROPRES:
            continue
        if champ.unique and _lignes(modele, champ, source).exists() and _lignes(modele, champ, cible).exists():
            yield f"Chaque fiche a déjà « {modele._meta.verbose_name} », et une structure n'en a qu'un."
        for contrainte in modele._meta.constraints:
            if isinstance(contrainte, UniqueConstraint) and champ.name in contrainte.fields:
                yield from _heurts(modele, champ, contrainte, source, cible)


def _heurts(
    modele: type[models.Model],
    champ: models.Field[Any, Any],
    contrainte: UniqueConstraint,
    source: Structure,
    cible: Structure,
) -> Iterator[str]:
    autres = [nom for nom in contrainte.fields if nom != champ.name]
    condition = contrainte.condition or Q()
    ici = _lignes(modele, champ, source).filter(condition)
    la_bas = _lignes(modele, champ, cible).filter(condition)
    if not autres:
        communs = [()] if ici.exists() and la_bas.exists() else []
    else:
        vides_egaux = contrainte.nulls_distinct is False
        valeurs = set(ici.values_list(*autres)) & set(la_bas.values_list(*autres))
        communs = sorted((v for v in valeurs if vides_egaux or None not in v), key=str)
    for commun in communs:
        detail = f" ({', '.join(str(v) for v in commun)})" if commun else ""
        message = str(contrainte.violation_error_message or "")
        yield f"{str(modele._meta.verbose_name).capitalize()}{detail} : présent des deux côtés. {message}".strip()


def _ajustements(source: Structure, cible: Structure) -> Iterator[str]:
    if source.numero:
        yield f"Le {'SIRET' if source.siret else 'RIDET'} {source.identifiant} mènera à {cible.nom}."
    principal = Membre.objects.filter(structure=source, contact_principal=True).first()
    if principal and Membre.objects.filter(structure=cible, contact_principal=True).exists():
        yield f"{principal} reste membre mais n'est plus contact principal."
    for membre in _membres_en_double(source, cible):
        yield f"{membre} est membre des deux fiches : sa place dans {source.nom} est retirée."
    for antenne in _antennes_en_double(source, cible):
        yield f"L'antenne « {antenne.nom} » existe des deux côtés : elle prend le nom « {_nom_distinct(antenne)} »."
    if _demandes_en_double(source, cible):
        yield "Les demandes à rejoindre déposées deux fois par la même personne n'en font plus qu'une."
    if _changements_ouverts(source):
        yield "Le changement de contact principal en attente dans la fiche retirée est annulé."


def _membres_en_double(source: Structure, cible: Structure) -> list[Membre]:
    communs = Membre.objects.filter(structure=cible).values("role__utilisateur")
    return list(
        Membre.objects.select_related("role__utilisateur")
        .filter(structure=source, role__utilisateur__in=communs)
        .order_by("pk")
    )


def _antennes_en_double(source: Structure, cible: Structure) -> list[Antenne]:
    noms = Antenne.objects.ouvertes().filter(structure=cible).values("nom")
    return list(
        Antenne.objects.ouvertes().select_related("structure").filter(structure=source, nom__in=noms).order_by("pk")
    )


def _nom_distinct(antenne: Antenne) -> str:
    suffixe = f" (n° {antenne.pk})"
    return antenne.nom[: 200 - len(suffixe)] + suffixe


def _demandes_en_double(source: Structure, cible: Structure) -> list[DemandeRattachement]:
    ouvertes = DemandeRattachement.objects.filter(etat=EtatRattachement.DEPOSEE)
    deja = ouvertes.filter(structure=cible).values("email")
    return list(ouvertes.filter(structure=source, email__in=deja).order_by("pk"))


def _changements_ouverts(source: Structure) -> list[ChangementContact]:
    return list(ChangementContact.objects.filter(structure=source, etat=EtatChangement.PROPOSE).order_by("pk"))


def fusionner(source: Structure, cible: Structure, *, par: Acteur, motif: str = "") -> Structure:
    """Réunit `source` à `cible` et rend la cible. La source reste, vide, avec son numéro, et renvoie à la cible.

    Raises:
        TransitionImpossible: déjà fusionnée, ou un conflit à lever d'abord (le message le dit).
    """
    if source.pk == cible.pk:
        raise TransitionImpossible("Choisissez deux fiches différentes.")
    with transaction.atomic():
        # Toujours dans l'ordre des numéros : deux fusions croisées attendent, elles ne se bloquent pas.
        verrou = Structure.objects.select_for_update(of=("self",)).filter(pk__in=[source.pk, cible.pk]).order_by("pk")
        courantes = {structure.pk: structure for structure in verrou}
        de, vers = courantes[source.pk], courantes[cible.pk]
        if not access.peut_fusionner(par, de, vers):
            raise PermissionDenied
        apercu = apercu_fusion(de, vers)
        if not apercu.possible:
            raise TransitionImpossible(" ".join(apercu.conflits))
        membres = list(Membre.objects.select_related("role__utilisateur").filter(structure=de).order_by("pk"))
        _ajuster(de, vers)
        _deplacer(de, vers)
        if de.numero:
            AncienIdentifiant.objects.create(structure=vers, valeur=de.numero)
        de.fusionnee_dans = vers
        de.full_clean()
        de.save()
        bilan = {
            "deplacements": {d.libelle: d.nombre for d in apercu.deplacements},
            "ajustements": list(apercu.ajustements),
        }
        noter(vers, "fusionner", par=par, motif=motif, donnees={"source": de.pk, "nom": de.nom, **bilan})
        noter(de, "fusionner", par=par, motif=motif, donnees={"cible": vers.pk, "nom": vers.nom, **bilan})
        for membre in membres:
            mettre_en_file(
                emails.StructureFusionnee(de.nom, vers.nom),
                a=membre.role.utilisateur.email,
                objet=vers,
                cle=f"fusion-{de.pk}-{membre.pk}",
            )
    return vers


def _ajuster(source: Structure, cible: Structure) -> None:
    for changement in _changements_ouverts(source):
        with transition(
            changement,
            "annuler_changement",
            table=TRANSITIONS_CONTACT,
            par=SYSTEME,
            peut=access.peut_annuler_changement,
        ):
            pass
    for demande in _demandes_en_double(source, cible):
        with transition(
            demande, "expirer_rattachement", table=TRANSITIONS, par=SYSTEME, peut=access.est_systeme
        ) as courante:
            courante.traitee_le = timezone.now()
    for antenne in _antennes_en_double(source, cible):
        antenne.nom = _nom_distinct(antenne)
        antenne.save()
    for membre in _membres_en_double(source, cible):
        role = membre.role
        membre.delete()
        role.actif = False
        role.save()
    if Membre.objects.filter(structure=cible, contact_principal=True).exists():
        Membre.objects.filter(structure=source).update(contact_principal=False)
    Role.objects.filter(membre__structure=source).update(libelle=cible.nom[:200])
    _suivre_invitations(source, cible)


def _suivre_invitations(source: Structure, cible: Structure) -> None:
    """Une invitation garde le numéro de la structure en texte : elle ne suit pas par clé étrangère."""
    ouvertes = Invitation.objects.filter(type=TypeRole.STRUCTURE, acceptee_le=None, annulee_le=None)
    doubles = ouvertes.filter(code=str(cible.pk)).values("email")
    ouvertes.filter(code=str(source.pk), email__in=doubles).update(annulee_le=timezone.now())
    ouvertes.filter(code=str(source.pk)).update(code=str(cible.pk), libelle=cible.nom[:200])


def _deplacer(source: Structure, cible: Structure) -> None:
    try:
        with transaction.atomic():
            for modele, champ in _liens():
                modele._base_manager.filter(**{champ.name: source}).update(**{champ.name: cible})
    except IntegrityError as erreur:
        raise TransitionImpossible(
            "Un objet lié ne peut pas être porté par la fiche qui demeure : la fusion est abandonnée, rien n'a changé."
        ) from erreur
