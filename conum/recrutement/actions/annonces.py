"""Prévenir des propositions d'un passage : un courriel par candidat, un par membre et par recrutement.

Rendre des milliers de courriels prend plus de temps que tout le reste de l'écriture : ils sont rendus avant que le
passage ne verrouille les fiches, pour que personne n'attende, devant la sienne, la fin du passage.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.courriels.actions import Envoi, mettre_en_file_en_masse
from conum.courriels.messages import Message, Rendu
from conum.recrutement.actions.masse import LOT
from conum.recrutement.actions.propositions import Paire
from conum.recrutement.emails.proposition import NouveauxCandidats, NouvellesPropositions
from conum.recrutement.models import (
    Candidat,
    LienPersonnel,
    MiseEnRelation,
    Partie,
    Passe,
    PreferenceRappels,
    Recrutement,
)
from conum.recrutement.rules import relation as regles
from conum.recrutement.states import EtatCandidat
from conum.socle.jetons import nouveau_jeton

Membres = Mapping[int, list[tuple[Role, bool]]]
"""Par structure : qui prévenir, et s'il peut refuser ces messages."""


@dataclass
class Annonces:
    """Ce qui se prépare sans verrou : le jeton de chaque lien, et le rendu de chaque message.

    Un message est une valeur. Recomposé sous verrou, s'il est le même, son rendu sert ; s'il a changé (une paire
    abandonnée, un prénom corrigé, un membre arrivé entre-temps), il est rendu de nouveau : rien de périmé ne part.
    """

    passe: Passe
    rendus: dict[Message, Rendu] = field(default_factory=dict)
    # (recrutement, candidat, rôle du membre ou None pour le candidat) → (adresse, empreinte du jeton)
    _liens: dict[tuple[int, int, int | None], tuple[str, str]] = field(default_factory=dict)

    def lien(self, relation: MiseEnRelation, role: Role | None) -> tuple[str, str]:
        """L'adresse d'un lien personnel, et l'empreinte à garder ; le même tant que vit cet objet."""
        cle = (relation.recrutement_id, relation.candidat_id, role.pk if role else None)
        if cle not in self._liens:
            clair, empreinte = nouveau_jeton()
            nom = "lien_candidat" if role is None else "lien_structure"
            self._liens[cle] = settings.SITE_URL + reverse(f"recrutement:{nom}", args=[clair]), empreinte
        return self._liens[cle]


def preparer(paires: Sequence[Paire], passe: Passe) -> Annonces:
    """Compose et rend les messages de ces paires, sans rien verrouiller ni écrire."""
    annonces = Annonces(passe)
    relations = _a_venir(paires)
    for envoi in _envois(relations, _membres(relations), annonces):
        annonces.rendus[envoi.message] = envoi.message.rendre()
    return annonces


def _a_venir(paires: Sequence[Paire]) -> list[MiseEnRelation]:
    """Les mises en relation que ces paires donneraient, non écrites ; sans les fiches retirées entre-temps."""
    recrutements = Recrutement.objects.select_related("structure", "commune").in_bulk({p.recrutement for p in paires})
    disponibles = Candidat.objects.filter(etat=EtatCandidat.DISPONIBLE).select_related("commune")
    candidats = disponibles.in_bulk({p.candidat for p in paires})
    return [
        MiseEnRelation(
            recrutement=recrutements[p.recrutement], candidat=candidats[p.candidat], distance_km=p.distance_km
        )
        for p in sorted(paires, key=lambda p: p.cout)
        if p.recrutement in recrutements and p.candidat in candidats
    ]


def prevenir(relations: Sequence[MiseEnRelation], annonces: Annonces) -> int:
    """Écrit les liens et les courriels de ces mises en relation ; rend le nombre de courriels écrits."""
    relues = list(
        MiseEnRelation.objects.filter(pk__in=[r.pk for r in relations])
        .select_related("recrutement__structure", "recrutement__commune", "candidat__commune")
        .order_by("cout", "pk")
    )
    membres = _membres(relues)
    _ecrire_liens(relues, membres, annonces)
    envois = _envois(relues, membres, annonces)
    return mettre_en_file_en_masse(replace(envoi, rendu=annonces.rendus.get(envoi.message)) for envoi in envois)


def _envois(relations: Sequence[MiseEnRelation], membres: Membres, annonces: Annonces) -> Iterator[Envoi]:
    par_candidat: defaultdict[int, list[MiseEnRelation]] = defaultdict(list)
    par_recrutement: defaultdict[int, list[MiseEnRelation]] = defaultdict(list)
    for relation in relations:
        par_candidat[relation.candidat_id].append(relation)
        par_recrutement[relation.recrutement_id].append(relation)
    prefixe = f"propositions:{annonces.passe.pk}"
    for pk, siennes in par_candidat.items():
        candidat: Candidat = siennes[0].candidat
        message: Message = NouvellesPropositions.de(candidat, [(r, annonces.lien(r, None)[0]) for r in siennes])
        yield Envoi(message, a=candidat.email, objet=candidat, cle=f"{prefixe}:candidat:{pk}")
    for pk, siennes in par_recrutement.items():
        recrutement: Recrutement = siennes[0].recrutement
        for role, refusable in membres[recrutement.structure_id]:
            avec_liens = [(r, annonces.lien(r, role)[0]) for r in siennes]
            message = NouveauxCandidats.de(recrutement, avec_liens, role, refusable=refusable)
            cle = f"{prefixe}:recrutement:{pk}:membre:{role.pk}"
            yield Envoi(message, a=role.utilisateur.email, objet=recrutement, cle=cle)


def _membres(relations: Iterable[MiseEnRelation]) -> Membres:
    """Qui prévenir, par structure, et s'il peut refuser ces messages.

    Qui les a refusés n'en reçoit plus ; si tous l'ont fait, tous les reçoivent, sans lien de refus : des candidats
    attendent une réponse, quelqu'un doit le savoir.
    """
    structures = {r.recrutement.structure_id for r in relations}
    roles = (
        Role.objects.actifs()
        .filter(type=TypeRole.STRUCTURE, membre__structure__in=structures)
        .select_related("utilisateur", "membre")
        .order_by("pk")
    )
    sans_rappels = set(PreferenceRappels.objects.values_list("role", flat=True))
    tous: defaultdict[int, list[Role]] = defaultdict(list)
    for role in roles:
        tous[role.membre.structure_id].append(role)  # type: ignore[attr-defined]
    choisis: defaultdict[int, list[tuple[Role, bool]]] = defaultdict(list)
    for structure, siens in tous.items():
        voulus = [(r, True) for r in siens if r.pk not in sans_rappels]
        choisis[structure] = voulus or [(r, False) for r in siens]
    return choisis


def _ecrire_liens(relations: Sequence[MiseEnRelation], membres: Membres, annonces: Annonces) -> None:
    """Un lien personnel par mise en relation pour le candidat, et un par membre ; voir `liens.nouveau_lien`."""
    expire_le = timezone.now() + regles.DUREE_LIEN
    demandes: list[tuple[MiseEnRelation, Role | None]] = [(r, None) for r in relations]
    demandes += [(r, role) for r in relations for role, _ in membres[r.recrutement.structure_id]]
    LienPersonnel.objects.bulk_create(
        [
            LienPersonnel(
                mise_en_relation=relation,
                partie=Partie.CANDIDAT if role is None else Partie.STRUCTURE,
                role=role,
                empreinte=annonces.lien(relation, role)[1],
                expire_le=expire_le,
            )
            for relation, role in demandes
        ],
        batch_size=LOT,
    )
