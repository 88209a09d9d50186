"""Recrutements : tenus à jour d'après les rattachements de postes, corrigés, suspendus, repris, séparés.

Un poste attribué est mis au recrutement par une question posée aux rattachements (`ouvrir_recrutements`), jamais par un
signal venu d'une décision : joué en retard ou deux fois, le travail est juste.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Exists, Q
from django.utils import timezone

from conum.demandes.models import Decision, Nature, SensDecision
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import Ligne, noter, noter_en_masse
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.models import Contrat, Rattachement
from conum.recrutement import access
from conum.recrutement.actions.espace import liberer_candidat
from conum.recrutement.actions.fermeture import clore_du_recrutement
from conum.recrutement.actions.masse import LOT, verrouiller
from conum.recrutement.actions.reserve import contrats_du_poste
from conum.recrutement.models import PosteOuvert, Recrutement
from conum.recrutement.rules import relation as regles
from conum.recrutement.states import PROMIS, TRANSITIONS_RECRUTEMENT, Etat, EtatCandidat, EtatRecrutement
from conum.socle.enregistrement import enregistrer
from conum.territoires.models import Commune

_VIVANTS = frozenset({EtatRecrutement.OUVERT, EtatRecrutement.SUSPENDU})
_CLOS_A_LA_SUSPENSION = frozenset({Etat.PROPOSEE, Etat.RETENUE, Etat.CONTACT_ACCEPTE})
PRECISIONS_MAX = 1_000
Cle = tuple[int, str, str]
"""Structure, type de poste, commune."""


def _sous_verrou(recrutement: Recrutement, par: Acteur) -> Recrutement:
    courant = Recrutement.objects.select_for_update(of=("self",), no_key=True).get(pk=recrutement.pk)
    if not access.peut_gerer_recrutement(par, courant):
        raise PermissionDenied
    return courant


def _exiger_vivant(recrutement: Recrutement) -> None:
    if recrutement.etat not in _VIVANTS:
        raise TransitionImpossible(
            f"Cette action n'est plus possible : l'état est maintenant « {recrutement.get_etat_display()} »."
        )


def _placer(recrutement: Recrutement, commune: Commune) -> None:
    """La commune d'exercice, et ce qui en est recopié."""
    recrutement.commune = commune
    recrutement.departement_id = commune.departement_id
    recrutement.latitude, recrutement.longitude = commune.latitude, commune.longitude


def _motif(texte: str) -> str:
    texte = texte.strip()
    if not regles.TEXTE_MIN <= len(texte) <= regles.TEXTE_MAX:
        raise ValidationError({"motif": f"Expliquez en {regles.TEXTE_MIN} à {regles.TEXTE_MAX} caractères."})
    return texte


# --- Suivre les rattachements -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Origine:
    """D'où vient un poste : sa demande attribuée, ou à défaut la structure et le début du rattachement."""

    commune: str
    debut: date
    attribue_le: date
    premier: bool


def ouvrir_recrutements(*, par: Acteur = SYSTEME) -> int:
    """Met chaque poste rattaché au recrutement, et retire ceux qui ne le sont plus. Rend le nombre de postes ouverts.

    Un nouveau poste rejoint le recrutement vivant de sa structure, de son type et de sa commune ; sinon il rouvre celui
    qui était pourvu ; sinon il en ouvre un. Rejouée, ne change rien.
    """
    if not access.est_systeme(par) and not access.est_anct(par):
        raise PermissionDenied
    jour = timezone.localdate()
    with transaction.atomic():
        verrouiller("ouvrir")
        _liberer_les_postes_quittes(jour, par)
        # Ouvrir avant de retirer : un poste quitté rouvre son recrutement au lieu d'en commencer un autre.
        ouverts = _ouvrir_les_nouveaux(jour, par)
        _retirer_les_postes_pris(jour, par)
        return ouverts


def _vivant(structure: int, type_poste: str, commune: str) -> Recrutement | None:
    vivants = Recrutement.objects.filter(structure=structure, type_poste=type_poste, commune=commune, etat__in=_VIVANTS)
    return vivants.order_by("pk").first()


def _liberer_les_postes_quittes(jour: date, par: Acteur) -> None:
    """Le contrat né d'un recrutement est fini, rompu, refusé ou annulé : le poste se recrute, la personne est libre.

    Un contrat en cours ou à venir, même d'une autre personne, retient le poste.
    """
    pourvus = PosteOuvert.objects.exclude(pourvu_par=None).exclude(Exists(contrats_du_poste(jour)))
    for quitte in pourvus.select_related("recrutement", "pourvu_par__candidat").order_by("recrutement", "pk"):
        relation = quitte.pourvu_par
        assert relation is not None
        noter(quitte.recrutement, "liberer_poste", par=par, donnees={"mise_en_relation": relation.pk})
        quitte.delete()
        sans_contrat = not Contrat.objects.retenus().filter(
            personne__roles__candidat=relation.candidat_id, occupation__overlap=DateRange(jour, None)
        ).exists()  # fmt: skip
        if relation.candidat.etat == EtatCandidat.RECRUTE and sans_contrat:
            liberer_candidat(relation.candidat, par=SYSTEME)


def _retirer_les_postes_pris(jour: date, par: Acteur) -> None:
    """Un poste rendu, ou dont le contrat a été saisi hors d'ici, quitte son recrutement ; sans plus aucun poste
    rattaché, le recrutement se clôt.
    """
    finis = list(
        PosteOuvert.objects.filter(pourvu_par=None)
        .filter(Q(rattachement__periode__endswith__lte=jour) | Exists(contrats_du_poste(jour)))
        .values_list("pk", "recrutement", "rattachement__poste__numero")
        .order_by("pk")
    )
    retires: defaultdict[int, list[int]] = defaultdict(list)
    for _, recrutement, numero in finis:
        retires[recrutement].append(numero)
    _sous_verrou_tous(retires)
    PosteOuvert.objects.filter(pk__in=[pk for pk, _, _ in finis], pourvu_par=None).delete()
    sans_poste = _sans_poste_rattache()
    for pk, courant in _sous_verrou_tous({*retires, *sans_poste}).items():
        if retires[pk]:
            noter(courant, "retirer_postes", par=par, donnees={"postes": retires[pk]})
        if pk in sans_poste:
            _clore(courant, par)
        else:
            _pourvoir_si_plein(pk, par)


def _sous_verrou_tous(recrutements: Iterable[int]) -> dict[int, Recrutement]:
    verrou = Recrutement.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=set(recrutements))
    return {r.pk: r for r in verrou.order_by("pk")}


def _sans_poste_rattache() -> set[int]:
    """Les recrutements pas encore clos dont plus aucun poste n'est rattaché, pourvu ou non."""
    jour = timezone.localdate()
    encore = Q(rattachement__periode__endswith=None) | Q(rattachement__periode__endswith__gt=jour)
    rattaches = PosteOuvert.objects.filter(encore).values("recrutement")
    return set(
        Recrutement.objects.exclude(etat=EtatRecrutement.CLOS).exclude(pk__in=rattaches).values_list("pk", flat=True)
    )


def _clore(recrutement: Recrutement, par: Acteur) -> None:
    with transition(
        recrutement, "clore_recrutement", table=TRANSITIONS_RECRUTEMENT, par=par,
        peut=access.peut_faire_vivre_recrutement,
    ) as courant:  # fmt: skip
        courant.clos_le = courant.clos_le or timezone.now()
        clore_du_recrutement(courant, motif="recrutement_clos")


def _pourvoir_si_plein(pk: int, par: Acteur) -> None:
    """Le dernier poste vacant est parti : s'il reste des postes pourvus, plus personne n'est à chercher."""
    recrutement = Recrutement.objects.avec_postes().get(pk=pk)
    if recrutement.etat not in _VIVANTS or recrutement.nb_vacants or not recrutement.nb_postes:  # type: ignore[attr-defined]
        return
    with transition(
        recrutement, "pourvoir_recrutement", table=TRANSITIONS_RECRUTEMENT, par=par,
        peut=access.peut_faire_vivre_recrutement,
    ) as courant:  # fmt: skip
        courant.clos_le = timezone.now()
        clore_du_recrutement(courant, motif="poste_pourvu")


def _ouvrir_les_nouveaux(jour: date, par: Acteur) -> int:
    nouveaux = list(
        Rattachement.objects.en_cours(jour)
        .filter(poste_ouvert=None)
        .exclude(Exists(contrats_du_poste(jour, chemin="poste")))
        .select_related("poste", "structure__commune")
        .order_by("pk")
    )
    if not nouveaux:
        return 0
    origines = _origines(nouveaux)
    groupes: defaultdict[Cle, list[Rattachement]] = defaultdict(list)
    for rattachement in nouveaux:
        cle = (rattachement.structure_id, rattachement.poste.type, origines[rattachement.pk].commune)
        groupes[cle].append(rattachement)
    places = _recrutements_des(groupes, origines, par)
    PosteOuvert.objects.bulk_create(
        [PosteOuvert(recrutement=places[cle], rattachement=r) for cle, lot in groupes.items() for r in lot],
        batch_size=LOT,
    )
    lignes = [
        Ligne(place, "ouvrir_postes", vers=EtatRecrutement.OUVERT,
              donnees={"postes": [r.poste.numero for r in groupes[cle]]})
        for cle, place in places.items()
    ]  # fmt: skip
    noter_en_masse(lignes, par=par)
    return len(nouveaux)


def _origines(rattachements: list[Rattachement]) -> dict[int, _Origine]:
    """La demande attribuée dont vient chaque rattachement : prenant effet le même jour, sinon la dernière avant."""
    decisions = (
        Decision.objects.filter(
            sens=SensDecision.ATTRIBUEE, demande__structure__in={r.structure_id for r in rattachements}
        )
        .exclude(demande__nature=Nature.RENDU)
        .select_related("demande", "session")
        .order_by("pk")
    )
    par_cle: defaultdict[tuple[int | None, str], list[Decision]] = defaultdict(list)
    for decision in decisions:
        par_cle[decision.demande.structure_id, decision.demande.type_poste].append(decision)
    return {r.pk: _origine(r, par_cle[r.structure_id, r.poste.type]) for r in rattachements}


def _effet(decision: Decision) -> date:
    return decision.session.date if decision.session else timezone.localdate(decision.created_at)


def _origine(rattachement: Rattachement, decisions: list[Decision]) -> _Origine:
    debut: date = rattachement.periode.lower
    defaut = _Origine(rattachement.structure.commune_id, debut, debut, premier=True)
    d_alors = [d for d in decisions if _effet(d) == debut] or [d for d in decisions if _effet(d) < debut]
    if not d_alors:
        return defaut
    demande = d_alors[-1].demande
    return replace(
        defaut,
        commune=demande.commune_id or defaut.commune,
        debut=demande.debut_souhaite or debut,
        premier=demande.nature == Nature.INITIALE,
    )


def _recrutements_des(
    groupes: dict[Cle, list[Rattachement]], origines: dict[int, _Origine], par: Acteur
) -> dict[Cle, Recrutement]:
    """Le recrutement de chaque groupe : vivant, rouvert ou neuf. Les anciens sont verrouillés dans l'ordre."""
    anciens = (
        Recrutement.objects.select_for_update(of=("self",), no_key=True)
        .filter(structure__in={cle[0] for cle in groupes}, etat__in=_VIVANTS | {EtatRecrutement.POURVU})
        .order_by("pk")
    )
    connus: dict[Cle, Recrutement] = {}
    for ancien in anciens:
        cle = (ancien.structure_id, ancien.type_poste, ancien.commune_id)
        if cle in groupes and (cle not in connus or connus[cle].etat == EtatRecrutement.POURVU):
            connus[cle] = ancien
    for cle, ancien in connus.items():
        if ancien.etat == EtatRecrutement.POURVU:
            connus[cle] = _rouvrir(ancien, origines[groupes[cle][0].pk], par)
    communes = Commune.objects.in_bulk([cle[2] for cle in groupes if cle not in connus])
    neufs = {
        cle: _neuf(cle, communes[cle[2]], [origines[r.pk] for r in lot])
        for cle, lot in groupes.items()
        if cle not in connus
    }
    Recrutement.objects.bulk_create(neufs.values(), batch_size=LOT)
    return connus | neufs


def _rouvrir(recrutement: Recrutement, origine: _Origine, par: Acteur) -> Recrutement:
    with transition(
        recrutement, "rouvrir_recrutement", table=TRANSITIONS_RECRUTEMENT, par=par,
        peut=access.peut_faire_vivre_recrutement,
    ) as courant:  # fmt: skip
        courant.clos_le = None
        courant.ouvert_le = timezone.now()
        courant.debut, courant.attribue_le, courant.premier = origine.debut, origine.attribue_le, False
    return courant


def _neuf(cle: Cle, commune: Commune, origines: list[_Origine]) -> Recrutement:
    recrutement = Recrutement(
        structure_id=cle[0],
        type_poste=cle[1],
        debut=min(o.debut for o in origines),
        attribue_le=min(o.attribue_le for o in origines),
        premier=any(o.premier for o in origines),
        ouvert_le=timezone.now(),
    )
    _placer(recrutement, commune)
    return recrutement


# --- La fiche ---------------------------------------------------------------------------------------------------------


def modifier_fiche(
    recrutement: Recrutement, *, debut: date, niveau: int, precisions: str, commune: Commune, par: Acteur
) -> Recrutement:
    """Corrige ce que les candidats lisent ; les propositions déjà faites gardent leur calcul.

    Raises:
        ValidationError: date passée, niveau inconnu, texte trop long, commune d'un autre département,
            ou qui a déjà son recrutement.
    """
    with transaction.atomic():
        courant = _sous_verrou(recrutement, par)
        _exiger_vivant(courant)
        erreurs: dict[str, str] = {}
        if debut != courant.debut and debut < timezone.localdate():
            erreurs["debut"] = "La date de début est aujourd'hui ou plus tard."
        precisions = precisions.strip()
        if len(precisions) > PRECISIONS_MAX:
            erreurs["precisions"] = f"Au plus {PRECISIONS_MAX} caractères."
        erreurs |= _hors_du_departement(courant, commune, par)
        if commune.pk != courant.commune_id and _vivant(courant.structure_id, courant.type_poste, commune.pk):
            erreurs["commune"] = "Un recrutement est déjà ouvert pour ce type de poste dans cette commune."
        if erreurs:
            raise ValidationError(erreurs)
        avant = _fiche(courant)
        courant.debut, courant.niveau, courant.precisions = debut, niveau, precisions
        _placer(courant, commune)
        changes = {champ: [avant[champ], valeur] for champ, valeur in _fiche(courant).items() if avant[champ] != valeur}
        if changes:
            enregistrer(courant)
            noter(courant, "modifier_fiche", par=par, donnees=changes)
        return courant


def _hors_du_departement(recrutement: Recrutement, commune: Commune, par: Acteur) -> dict[str, str]:
    """Un poste est attribué à un département : sans quoi déplacer sa fiche ouvrirait le vivier de tout le pays."""
    if commune.departement_id == recrutement.departement_id or access.est_anct(par):
        return {}
    return {"commune": "Choisissez une commune du département où les postes ont été attribués."}


def _fiche(recrutement: Recrutement) -> dict[str, Any]:
    return {
        "debut": recrutement.debut.isoformat(),
        "niveau": recrutement.niveau,
        "precisions": recrutement.precisions,
        "commune": recrutement.commune_id,
    }


def suspendre(recrutement: Recrutement, *, motif: str, par: Acteur) -> Recrutement:
    """Arrête les propositions ; celles qui n'ont pas mené à un entretien se closent, avec un message aux candidats."""
    with transition(
        recrutement, "suspendre_recrutement", table=TRANSITIONS_RECRUTEMENT, par=par,
        peut=access.peut_gerer_recrutement, motif=motif.strip(),
    ) as courant:  # fmt: skip
        courant.motif_suspension = _motif(motif)
        clore_du_recrutement(courant, motif="recrutement_suspendu", etats=_CLOS_A_LA_SUSPENSION)
    return courant


def reprendre(recrutement: Recrutement, *, par: Acteur) -> Recrutement:
    """Rouvre aux propositions un recrutement suspendu. TransitionImpossible : plus aucun poste vacant."""
    with transition(
        recrutement, "reprendre_recrutement", table=TRANSITIONS_RECRUTEMENT, par=par,
        peut=access.peut_gerer_recrutement,
    ) as courant:  # fmt: skip
        jour = timezone.localdate()
        if not courant.postes.filter(pourvu_par=None, rattachement__periode__contains=jour).exists():
            raise TransitionImpossible("Ce recrutement n'a plus aucun poste vacant.")
        courant.motif_suspension = ""
    return courant


def separer(recrutement: Recrutement, *, nombre: int, commune: Commune, debut: date, par: Acteur) -> Recrutement:
    """Déplace `nombre` postes vacants vers un recrutement dans une autre commune, et rend ce dernier.

    Raises:
        ValidationError: il ne resterait pas de quoi tenir les offres faites, ou aucun poste vacant.
    """
    with transaction.atomic():
        # Le même verrou que l'ouverture : deux séparations vers la même commune n'ouvrent qu'un recrutement.
        verrouiller("ouvrir")
        courant = _sous_verrou(recrutement, par)
        _exiger_vivant(courant)
        _verifier_separation(courant, commune, debut, par)
        vacants = list(courant.postes.filter(pourvu_par=None).order_by("-pk"))
        promis = courant.mises_en_relation.filter(etat__in=PROMIS).count()
        _verifier_nombre(nombre, len(vacants), promis)
        cible = _vivant(courant.structure_id, courant.type_poste, commune.pk) or _ouvrir_a_cote(courant, commune, debut)
        deplaces = vacants[:nombre]
        PosteOuvert.objects.filter(pk__in=[p.pk for p in deplaces]).update(recrutement=cible)
        donnees = {"postes": [p.pk for p in deplaces], "vers": cible.reference, "depuis": courant.reference}
        for objet in (courant, cible):
            noter(objet, "separer_recrutement", par=par, donnees=donnees)
    return cible


def _verifier_separation(recrutement: Recrutement, commune: Commune, debut: date, par: Acteur) -> None:
    erreurs = _hors_du_departement(recrutement, commune, par)
    if commune.pk == recrutement.commune_id:
        erreurs["commune"] = "Choisissez une autre commune que celle de ce recrutement."
    if debut < timezone.localdate():
        erreurs["debut"] = "La date de début est aujourd'hui ou plus tard."
    if erreurs:
        raise ValidationError(erreurs)


def _verifier_nombre(nombre: int, vacants: int, promis: int) -> None:
    deplacables = vacants - max(promis, 1)
    if deplacables < 1:
        raise ValidationError(
            {
                "nombre": "Ce recrutement n’a pas assez de postes vacants pour en déplacer un : "
                "changez plutôt la commune de sa fiche."
            }
        )
    if not 1 <= nombre <= deplacables:
        raise ValidationError({"nombre": f"Déplacez de 1 à {deplacables} poste{'s' * (deplacables > 1)}."})


def _ouvrir_a_cote(modele: Recrutement, commune: Commune, debut: date) -> Recrutement:
    cible = Recrutement(
        structure_id=modele.structure_id,
        type_poste=modele.type_poste,
        debut=debut,
        niveau=modele.niveau,
        precisions=modele.precisions,
        etat=EtatRecrutement.OUVERT,
        ouvert_le=timezone.now(),
        attribue_le=modele.attribue_le,
        premier=modele.premier,
    )
    _placer(cible, commune)
    enregistrer(cible)
    return cible
