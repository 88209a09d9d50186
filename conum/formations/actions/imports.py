"""Importer des résultats de certification : déposer, relire ligne à ligne, puis importer, tout revérifié sous verrou.

Déposer ne change rien. Un organisme ne touche que ceux qu'il forme : d'un autre, le fichier ne dit rien de plus que
d'un inconnu.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.formations import access
from conum.formations.actions import faits
from conum.formations.actions.certifications import alerter_absence, photo, refus_du_resultat
from conum.formations.models import ImportResultats, Inscription, Organisme, ResultatCertification
from conum.formations.rules import resultats_csv
from conum.formations.rules.certification import Resultat, intitule
from conum.formations.rules.resultats_csv import LigneLue
from conum.formations.states import FAITES, VIVANTES
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import Ligne, noter, noter_en_masse
from conum.journal.workflow import TransitionImpossible
from conum.socle.enregistrement import enregistrer

_ENGAGEES = VIVANTES | FAITES
NOM_MAX = 200
INCONNUE = "Aucune personne que vous formez n’a cette adresse ou ce numéro."
INCONNUE_ANCT = "Aucune inscription n’a cette adresse ou ce numéro."


class Verdict(StrEnum):
    A_IMPORTER = "a_importer"
    DEJA = "deja"
    REFUSEE = "refusee"


LIBELLES = {
    Verdict.A_IMPORTER: "À\u00a0importer",
    Verdict.DEJA: "Déjà enregistrée",
    Verdict.REFUSEE: "Refusée",
}


@dataclass(frozen=True, slots=True)
class Examinee:
    """Une ligne, ce qu'elle devient, pourquoi, et de qui elle parle."""

    ligne: LigneLue
    verdict: Verdict
    phrase: str = ""
    inscription: int | None = None
    nom: str = ""


# --- Déposer ---


def deposer_import(contenu: bytes, *, nom: str, par: Acteur) -> ImportResultats:
    """Lit le fichier et garde ses lignes ; redéposé avant d'être importé, il rend le même.

    Raises:
        TableauIllisible: le fichier entier est refusé, avec sa phrase.
    """
    if not isinstance(par, Role) or not access.peut_importer_resultats(par):
        raise PermissionDenied
    lues = resultats_csv.lire(contenu)
    sha256 = hashlib.sha256(contenu).hexdigest()
    organisme = Organisme.objects.get(code=par.code) if par.type == TypeRole.ORGANISME else None
    with transaction.atomic():
        deja = ImportResultats.objects.filter(organisme=organisme, sha256=sha256, applique_le=None)
        if (attend := deja.order_by("pk").first()) is not None:
            return attend
        depot = ImportResultats(
            organisme=organisme, nom=_nom_propre(nom), sha256=sha256, lues=len(lues),
            a_importer=[x.en_donnees() for x in lues], par=par,
        )  # fmt: skip
        enregistrer(depot)
        noter(depot, "deposer_resultats", par=par, donnees={"lignes": len(lues), "sha256": sha256})
    return depot


def _nom_propre(nom: str) -> str:
    visible = "".join(c for c in nom.replace("\\", "/").rpartition("/")[2] if c.isprintable())
    return visible.strip()[-NOM_MAX:] or "resultats.csv"


def deja_importe(depot: ImportResultats) -> ImportResultats | None:
    """Le même fichier, importé une autre fois."""
    memes = ImportResultats.objects.filter(organisme=depot.organisme_id, sha256=depot.sha256)
    return memes.exclude(pk=depot.pk).exclude(applique_le=None).order_by("-applique_le").first()


# --- Examiner ---


def examiner(depot: ImportResultats) -> list[Examinee]:
    """Ce que devient chaque ligne, dans l'ordre du fichier ; en quatre questions à la base."""
    return _examiner([LigneLue.de_donnees(brut) for brut in depot.a_importer], depot.par)


def _examiner(lignes: Sequence[LigneLue], role: Role) -> list[Examinee]:
    connus = _Connus(lignes, role)
    jour = timezone.localdate()
    vues: dict[tuple[Any, ...], int] = {}
    return [_une_fois(_juger(ligne, connus, jour), vues) for ligne in lignes]


def _juger(ligne: LigneLue, connus: "_Connus", jour: date) -> Examinee:
    rendue = Examinee(ligne, Verdict.REFUSEE, ligne.erreur)
    if ligne.erreur:
        return rendue
    inscription, phrase = connus.trouver(ligne)
    if inscription is None:
        return replace(rendue, phrase=phrase)
    assert ligne.le is not None
    rendue = replace(rendue, inscription=inscription.pk, nom=inscription.personne.get_full_name())
    debut = connus.debuts.get(inscription.pk)
    if fautes := refus_du_resultat(inscription, ligne.certification, ligne.le, debut=debut, jour=jour):
        return replace(rendue, phrase=" ".join(fautes))
    verdict, phrase = _contre_l_enregistre(ligne, connus.resultats.get((inscription.pk, ligne.certification), {}))
    return replace(rendue, verdict=verdict, phrase=phrase)


def _contre_l_enregistre(ligne: LigneLue, enregistres: Mapping[date, str]) -> tuple[Verdict, str]:
    """Ce qui est déjà en base pour cette personne et cette certification, par jour."""
    assert ligne.le is not None
    ce_jour = enregistres.get(ligne.le)
    if ce_jour == ligne.resultat:
        return Verdict.DEJA, "Ce résultat est déjà enregistré."
    if ce_jour is not None:
        return Verdict.REFUSEE, "Un autre résultat est déjà enregistré pour cette certification, ce jour-là."
    obtenue = next((le for le, r in enregistres.items() if r == Resultat.REUSSI), None)
    if ligne.resultat == Resultat.REUSSI and obtenue is not None:
        return Verdict.REFUSEE, f"Cette certification est déjà obtenue, le {obtenue:%d/%m/%Y}."
    return Verdict.A_IMPORTER, ""


def _une_fois(examinee: Examinee, vues: dict[tuple[Any, ...], int]) -> Examinee:
    """Deux lignes du fichier pour la même personne, la même certification et le même jour : la première compte."""
    ligne = examinee.ligne
    if examinee.inscription is None or examinee.verdict is Verdict.REFUSEE:
        return examinee
    cles: list[tuple[Any, ...]] = [(examinee.inscription, ligne.certification, ligne.le)]
    if ligne.resultat == Resultat.REUSSI:
        cles.append((examinee.inscription, ligne.certification, "obtenue"))
    plus_haut = next((vues[cle] for cle in cles if cle in vues), None)
    if plus_haut is not None:
        phrase = f"Cette personne a déjà un résultat pour cette certification à la ligne {plus_haut}."
        return replace(examinee, verdict=Verdict.REFUSEE, phrase=phrase)
    vues.update(dict.fromkeys(cles, ligne.numero))
    return examinee


class _Connus:
    """Ce que conum connaît des personnes d'un fichier, dans le périmètre de qui le dépose."""

    def __init__(self, lignes: Sequence[LigneLue], role: Role) -> None:
        bonnes = [x for x in lignes if not x.erreur]
        self.inconnue = INCONNUE_ANCT if role.type == TypeRole.ANCT else INCONNUE
        visibles = Inscription.objects.visibles_par(role).filter(
            Q(personne__email__in={x.email for x in bonnes if x.email})
            | Q(pk__in={x.inscription for x in bonnes if x.inscription is not None})
        )
        self.par_numero: dict[int, Inscription] = {}
        self.par_adresse: dict[str, list[Inscription]] = {}
        for i in visibles.select_related("personne", "contrat").order_by("pk"):
            self.par_numero[i.pk] = i
            self.par_adresse.setdefault(i.personne.email, []).append(i)
        self.debuts = faits.debuts(self.par_numero)
        self.resultats: dict[tuple[int, str], dict[date, str]] = {}
        for pk, certification, le, resultat in ResultatCertification.objects.filter(
            inscription__in=list(self.par_numero)
        ).values_list("inscription", "certification", "le", "resultat"):
            self.resultats.setdefault((pk, certification), {})[le] = resultat

    def trouver(self, ligne: LigneLue) -> tuple[Inscription | None, str]:
        """L'inscription, ou la raison de ne pas savoir laquelle."""
        if ligne.inscription is not None:
            trouvee = self.par_numero.get(ligne.inscription)
            if trouvee is None:
                return None, self.inconnue
            if ligne.email and trouvee.personne.email != ligne.email:
                return None, "L’adresse et le numéro d’inscription ne sont pas de la même personne."
            return trouvee, ""
        siennes = self.par_adresse.get(ligne.email, [])
        if not siennes:
            return None, self.inconnue
        # Formée ou en formation, une personne n'a qu'une inscription ; arrêtée plusieurs fois, on ne choisit pas.
        engagees = [i for i in siennes if i.etat in _ENGAGEES] or siennes
        if len(engagees) > 1:
            numeros = ", ".join(i.reference for i in engagees)
            return None, f"Cette adresse a plusieurs inscriptions : écrivez le numéro de la bonne ({numeros})."
        return engagees[0], ""


# --- Importer ---


def appliquer_import(depot: ImportResultats, *, tout_ou_rien: bool, par: Acteur) -> ImportResultats:
    """Enregistre les lignes justes ; `tout_ou_rien` : rien si une seule est refusée. Garde le compte rendu.

    Raises:
        TransitionImpossible: déjà importé, rien à importer, ou une ligne refusée alors qu'on voulait tout.
    """
    with transaction.atomic():
        courant = ImportResultats.objects.select_for_update(of=("self",), no_key=True).get(pk=depot.pk)
        if not access.peut_importer_resultats(par, courant):
            raise PermissionDenied
        if courant.applique_le is not None:
            le = timezone.localtime(courant.applique_le)
            raise TransitionImpossible(f"Ce fichier a déjà été importé le {le:%d/%m/%Y}.")
        _verrouiller({e.inscription for e in examiner(courant) if e.inscription is not None})
        examinees = examiner(courant)
        if tout_ou_rien and any(e.verdict is Verdict.REFUSEE for e in examinees):
            raise TransitionImpossible("Des lignes sont refusées : corrigez le fichier, ou n’importez que les bonnes.")
        bonnes = [e for e in examinees if e.verdict is Verdict.A_IMPORTER]
        if not bonnes:
            raise TransitionImpossible("Aucune ligne de ce fichier n’est à importer.")
        _ecrire(courant, bonnes, par)
        courant.partiel, courant.prises, courant.applique_le = not tout_ou_rien, len(bonnes), timezone.now()
        courant.compte_rendu = [_rendu(e) for e in examinees]
        courant.a_importer = []
        enregistrer(courant)
        noter(courant, "importer_resultats", par=par, donnees={"prises": len(bonnes), "lues": courant.lues})
    return courant


def _verrouiller(numeros: Iterable[int]) -> None:
    list(Inscription.objects.filter(pk__in=numeros).order_by("pk").select_for_update(of=("self",), no_key=True))


def _ecrire(depot: ImportResultats, bonnes: Sequence[Examinee], par: Acteur) -> None:
    crees = ResultatCertification.objects.bulk_create([_resultat(e, depot) for e in bonnes])
    noter_en_masse([Ligne(r, "importer_resultat", donnees=photo(r)) for r in crees], par=par)
    absences = [r.pk for r in crees if r.resultat == Resultat.ABSENT and not r.motif]
    for absence in ResultatCertification.objects.filter(pk__in=absences).select_related(
        "inscription__personne", "inscription__contrat"
    ).order_by("pk"):  # fmt: skip
        alerter_absence(absence, absence.inscription)


def _resultat(e: Examinee, depot: ImportResultats) -> ResultatCertification:
    x = e.ligne
    assert e.inscription is not None
    assert x.le is not None
    return ResultatCertification(
        inscription_id=e.inscription, certification=x.certification, resultat=x.resultat, le=x.le, motif=x.motif,
        importe=depot,
    )  # fmt: skip


def _rendu(e: Examinee) -> dict[str, Any]:
    x = e.ligne
    return {
        "numero": x.numero,
        "personne": x.qui,
        "nom": e.nom,
        "certification": intitule(x.certification, x.le) if x.certification and x.le else "",
        "resultat": dict(ResultatCertification._meta.get_field("resultat").flatchoices).get(x.resultat, ""),
        "le": x.le.isoformat() if x.le else "",
        "verdict": e.verdict.value,
        "phrase": e.phrase,
    }


def compte_rendu(depot: ImportResultats) -> list[dict[str, Any]]:
    """Ligne à ligne : ce que l'import fera, ou ce qu'il a fait."""
    if depot.applique_le is None:
        return [_rendu(e) for e in examiner(depot)]
    lignes: list[dict[str, Any]] = depot.compte_rendu
    return lignes


def libelle_du_verdict(verdict: str, *, importe: bool) -> str:
    lu = Verdict(verdict)
    return "Importée" if importe and lu is Verdict.A_IMPORTER else LIBELLES[lu]


# --- Conserver ---


def purger_depots(avant: datetime) -> int:
    """Efface les fichiers déposés avant cette date et jamais importés : ils n'ont rien changé."""
    return _deposes_avant(avant).filter(applique_le=None).delete()[0]


def effacer_comptes_rendus(avant: datetime) -> int:
    """Efface les lignes des comptes rendus anciens ; qui a importé, quand et combien reste."""
    nombre = 0
    for depot in _deposes_avant(avant).exclude(compte_rendu=[]).order_by("pk").select_for_update(no_key=True):
        depot.compte_rendu = []
        depot.save(update_fields=["compte_rendu"])
        noter(depot, "effacer_compte_rendu", par=SYSTEME)
        nombre += 1
    return nombre


def _deposes_avant(avant: datetime) -> QuerySet[ImportResultats]:
    return ImportResultats.objects.filter(created_at__lt=avant)
