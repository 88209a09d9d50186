"""Ce qui se fait seul autour des justificatifs : ouvrir les termes, rappeler, mettre en demeure, effacer les fichiers.

Chacun part de ce qui reste à faire en base : en retard ou joué deux fois, il ne rattrape que ce qui manque.
"""

from collections import defaultdict
from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import DateField, F, Func, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from conum.conventions.models import Acte, Convention, PosteConventionne
from conum.conventions.states import SIGNEES
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.socle import depot
from conum.socle.enregistrement import enregistrer
from conum.versements import access
from conum.versements.actions import termes
from conum.versements.actions.justificatifs import (
    delai_apres_refus,
    exiger_pas_soldee,
    prevenir_structure,
    verrouiller_convention,
)
from conum.versements.actions.suspensions import suspendre_les_versements
from conum.versements.emails import justificatifs as emails
from conum.versements.models import Justificatif
from conum.versements.rules.justificatifs import Terme, delais_au
from conum.versements.states import EtatJustificatif

EN_ATTENTE = (EtatJustificatif.ATTENDU, EtatJustificatif.REFUSE)
LOT = 500


# --- Ouvrir -----------------------------------------------------------------------------------------------------------


def ouvrir_justificatifs(jour: date, *, par: Acteur = SYSTEME) -> int:
    """Chaque terme signé a son justificatif avant de finir ; rend combien s'ouvrent. Redemandé, il n'en ouvre plus.

    Un avenant ou une résiliation a changé les termes : ce qui n'est pas encore déposé suit.
    """
    if not access.peut_etablir(par):
        raise PermissionDenied
    conventions = Convention.objects.filter(etat__in=sorted(SIGNEES), solde=None).order_by("pk")
    cles = list(conventions.values_list("pk", flat=True))
    return sum(_ouvrir_lot(cles[i : i + LOT], jour, par) for i in range(0, len(cles), LOT))


def ouvrir_de_la_convention(convention: Convention, jour: date, *, par: Acteur = SYSTEME) -> int:
    """Les mêmes, pour une seule convention."""
    return _ouvrir_lot([convention.pk], jour, par)


def _ouvrir_lot(cles: list[int], jour: date, par: Acteur) -> int:
    """Compare d'abord sans verrou, puis verrouille les seules conventions à changer."""
    attendus = _attendus(cles, jour)
    existants: dict[int, dict[int, Justificatif]] = defaultdict(dict)
    for j in Justificatif.objects.filter(convention__in=cles):
        existants[j.convention_id][j.numero] = j
    ouverts = 0
    for pk, siens in attendus.items():
        if _a_changer(siens, existants[pk], jour):
            with transaction.atomic():
                ouverts += _ajuster(pk, siens, jour, par)
    return ouverts


def _attendus(cles: list[int], jour: date) -> dict[int, list[Terme]]:
    """Les termes de chaque convention : trois requêtes pour toutes."""
    postes: dict[int, dict[int, PosteConventionne]] = defaultdict(dict)
    actes = {a.convention_id: a for a in Acte.objects.en_vigueur().filter(convention__in=cles)}
    siens = PosteConventionne.objects.filter(lignes__acte__in=[a.pk for a in actes.values()], retenu=True)
    for poste in siens.distinct().order_by("pk"):
        postes[poste.convention_id][poste.pk] = poste
    trouves = {}
    for convention in Convention.objects.filter(pk__in=cles).order_by("pk"):
        acte = actes.get(convention.pk)
        if acte is None:
            continue
        try:
            trouves[convention.pk] = termes.termes_de(convention, acte, list(postes[convention.pk].values()))
        except TransitionImpossible:
            continue  # une règle qui ne se lit plus se voit ailleurs ; elle n'arrête pas les autres
    return trouves


def _est_ouvrable(terme: Terme, jour: date) -> bool:
    return jour >= terme.fin - delais_au(terme.fin).ouverture


def _a_changer(attendus: list[Terme], existants: dict[int, Justificatif], jour: date) -> bool:
    par_numero = {t.numero: t for t in attendus}
    manque = any(t.numero not in existants and _est_ouvrable(t, jour) for t in attendus)
    return manque or any(
        j.etat == EtatJustificatif.ATTENDU
        and (n not in par_numero or _decrire(j) != (par_numero[n].debut, par_numero[n].fin, par_numero[n].final))
        for n, j in existants.items()
    )


def _decrire(j: Justificatif) -> tuple[date, date, bool]:
    return j.periode.lower, j.periode.upper, j.final


def _ajuster(convention_pk: int, attendus: list[Terme], jour: date, par: Acteur) -> int:
    convention = Convention.objects.select_for_update(of=("self",), no_key=True).get(pk=convention_pk)
    existants = {j.numero: j for j in Justificatif.objects.select_for_update(no_key=True).filter(convention=convention)}
    ouverts = 0
    for terme in attendus:
        existant = existants.pop(terme.numero, None)
        if existant is None and _est_ouvrable(terme, jour):
            ouverts += 1
            _ecrire(Justificatif(convention=convention), terme, jour, "ouvrir_justificatif", par)
        elif (
            existant is not None
            and existant.etat == EtatJustificatif.ATTENDU
            and _decrire(existant) != (terme.debut, terme.fin, terme.final)
        ):
            ouvert_le = timezone.localdate(existant.created_at)
            _ecrire(existant, terme, ouvert_le, "recaler_justificatif", par)
    for surplus in existants.values():
        # La convention s'arrête avant ce terme, et rien n'y a été déposé : il n'est plus dû.
        if surplus.etat == EtatJustificatif.ATTENDU:
            noter(surplus, "retirer_justificatif", par=par, de=surplus.etat)
            surplus.delete()
    return ouverts


def _ecrire(justificatif: Justificatif, terme: Terme, ouvert_le: date, action: str, par: Acteur) -> None:
    justificatif.numero, justificatif.final = terme.numero, terme.final
    justificatif.periode = DateRange(terme.debut, terme.fin)
    justificatif.du_le = delais_au(terme.fin).du_le(terme.fin, ouvert_le)
    enregistrer(justificatif)
    noter(justificatif, action, par=par, vers=justificatif.etat, donnees={"du_le": justificatif.du_le.isoformat()})


# --- Rappeler, mettre en demeure --------------------------------------------------------------------------------------


def _attendus_par_la_structure() -> QuerySet[Justificatif]:
    ouverts = Justificatif.objects.filter(etat__in=EN_ATTENTE, absence_le=None, convention__solde=None)
    return ouverts.select_related("convention__structure").order_by("pk")


def rappeler_justificatifs(jour: date) -> int:
    """Un courriel à la structure à chaque jour de rappel passé ; plusieurs manqués n'en font qu'un."""
    envoyes = 0
    for justificatif in _attendus_par_la_structure().filter(etat=EtatJustificatif.ATTENDU):
        passes = delais_au(justificatif.periode.upper).rappels_passes(justificatif.du_le, jour)
        if passes > justificatif.rappels:
            envoyes += _rappeler(justificatif.pk, passes, jour)
    return envoyes


def _rappeler(pk: int, passes: int, jour: date) -> int:
    with transaction.atomic():
        # Relu sous verrou : déposé à l'instant, ou rappelé par un autre passage, il ne l'est pas deux fois.
        verrou = Justificatif.objects.select_for_update(of=("self",), no_key=True).select_related(
            "convention__structure"
        )
        courant = verrou.filter(pk=pk, etat=EtatJustificatif.ATTENDU, rappels__lt=passes).first()
        if courant is None:
            return 0
        courant.rappels, courant.rappele_le = passes, timezone.now()
        enregistrer(courant, update_fields=["rappels", "rappele_le"])
        suspension = courant.du_le + delais_au(courant.periode.upper).suspension
        prevenir_structure(
            courant,
            emails.JustificatifARendre,
            cle=f"justificatif:{courant.pk}:rappel:{passes}:{courant.du_le:%Y%m%d}",
            retard=jour > courant.du_le,
            suspension_le=f"{suspension:%d/%m/%Y}",
        )
        return 1


def mettre_en_demeure(justificatif: Justificatif, *, jour: date, par: Acteur) -> Justificatif:
    """Suspend les versements à venir de la convention et donne le dernier délai.

    Raises:
        TransitionImpossible: déjà fait, pas assez en retard, ou plus rien à attendre.
    """
    with transaction.atomic():
        exiger_pas_soldee(verrouiller_convention(justificatif))
        verrou = Justificatif.objects.select_for_update(of=("self",), no_key=True)
        courant = verrou.select_related("convention__structure").get(pk=justificatif.pk)
        if not access.peut_etablir(par, courant):
            raise PermissionDenied
        if courant.etat not in EN_ATTENTE or courant.suspendu_le is not None:
            raise TransitionImpossible("Ce justificatif n'attend plus de mise en demeure.")
        delais = delais_au(courant.periode.upper)
        depuis = delai_apres_refus(courant) + delais.suspension
        if jour < depuis:
            raise TransitionImpossible(f"La mise en demeure part à compter du {depuis:%d/%m/%Y}.")
        courant.suspendu_le = timezone.now()
        enregistrer(courant, update_fields=["suspendu_le"])
        suspendues = suspendre_les_versements(courant, par=par)
        noter(courant, "mettre_en_demeure", par=par, donnees={"suspendues": suspendues})
        limite = jour + delais.mise_en_demeure
        prevenir_structure(courant, emails.MiseEnDemeure, limite=f"{limite:%d/%m/%Y}", suspendues=suspendues)
        return courant


def mettre_en_demeure_les_retards(jour: date) -> int:
    """Chaque nuit ; un justificatif dont aucun rappel n'est parti en reçoit un d'abord."""
    nombre = 0
    for justificatif in _attendus_par_la_structure().filter(suspendu_le=None, du_le__lt=jour):
        if justificatif.etat == EtatJustificatif.ATTENDU and not justificatif.rappels:
            continue
        if jour < delai_apres_refus(justificatif) + delais_au(justificatif.periode.upper).suspension:
            continue
        try:
            mettre_en_demeure(justificatif, jour=jour, par=SYSTEME)
        except TransitionImpossible:
            continue
        nombre += 1
    return nombre


# --- Conserver --------------------------------------------------------------------------------------------------------

_FIN = Func(F("convention__periode"), function="upper", output_field=DateField())


def effacer_fichiers(avant: datetime) -> int:
    """Les fichiers des justificatifs de conventions finies avant cette date ; la ligne et son empreinte restent."""
    finis = Justificatif.objects.annotate(fin=Coalesce(F("convention__resiliee_le"), _FIN, output_field=DateField()))
    finis = finis.filter(fin__lt=timezone.localdate(avant), depose_le__lt=avant).exclude(fichier="")
    nombre = 0
    for pk in list(finis.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            courant = finis.select_for_update(of=("self",), no_key=True).filter(pk=pk).first()
            if courant is None:
                continue
            depot.effacer_apres_validation(courant.fichier.name)
            courant.fichier.name, courant.efface_le = "", timezone.now()
            courant.save(update_fields=["fichier", "efface_le"])
            noter(courant, "effacer_justificatif", par=SYSTEME, donnees={"sha256": courant.sha256})
            nombre += 1
    return nombre
