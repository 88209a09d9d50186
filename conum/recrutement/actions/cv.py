"""Le CV d'un candidat : un PDF vérifié, rangé sous un nom qui ne se devine pas, effacé quand il ne sert plus."""

from collections.abc import Callable
from datetime import datetime
from pathlib import PurePath

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.text import get_valid_filename

from conum.courriels.actions import mettre_en_file
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.recrutement.access import peut_gerer_candidature
from conum.recrutement.emails import candidature as emails
from conum.recrutement.models import Candidat
from conum.recrutement.rules.cv import refus_du_pdf
from conum.recrutement.states import EtatCandidat
from conum.socle import depot

NOM_MAX = 150
_AVEC_CV = frozenset({EtatCandidat.DISPONIBLE, EtatCandidat.EN_PAUSE, EtatCandidat.RECRUTE})


def deposer_cv(candidat: Candidat, contenu: bytes, *, nom: str, par: Acteur) -> Candidat:
    """Range ce PDF à la place du CV précédent, dont le fichier s'efface une fois le changement acquis.

    Raises:
        ValidationError: ce n'est pas un PDF simple de 5 Mo au plus.
        TransitionImpossible: la candidature est retirée ou bloquée.
    """
    if refus := refus_du_pdf(contenu):
        raise ValidationError({"fichier": refus})
    if not peut_gerer_candidature(par, candidat):
        raise PermissionDenied
    with depot.ranger(candidat, "cv", contenu, "pdf") as chemin:
        return _inscrire(candidat, chemin, nom, par)


def _inscrire(candidat: Candidat, chemin: str, nom: str, par: Acteur) -> Candidat:
    with transaction.atomic():
        courant = _sous_verrou(candidat, par, peut_gerer_candidature)
        if courant.etat not in _AVEC_CV:
            raise TransitionImpossible("Reprenez d'abord votre candidature : elle ne reçoit plus de CV.")
        ancien = courant.cv.name
        courant.cv.name = chemin
        courant.cv_nom = _nom_propre(nom)
        courant.cv_depose_le = courant.actif_le = timezone.now()
        courant.cv_utilise_le = None
        courant.save(update_fields=["cv", "cv_nom", "cv_depose_le", "cv_utilise_le", "actif_le", "updated_at"])
        noter(courant, "deposer_cv", par=par, donnees={"remplace": bool(ancien)})
        depot.effacer_apres_validation(ancien)
    return courant


def _nom_propre(nom: str) -> str:
    """Le nom du fichier de la personne, sans chemin ni caractère qui gêne un téléchargement."""
    base = PurePath(nom.replace("\\", "/")).stem
    try:
        sur = get_valid_filename(base)
    except Exception:  # noqa: BLE001 - Django lève SuspiciousFileOperation pour « .. » ou un nom vide
        sur = "CV"
    return f"{sur[: NOM_MAX - 4]}.pdf"


def _sous_verrou(candidat: Candidat, par: Acteur, peut: Callable[[Acteur, Candidat], bool]) -> Candidat:
    courant = Candidat.objects.select_for_update(of=("self",), no_key=True).get(pk=candidat.pk)
    if not peut(par, courant):
        raise PermissionDenied
    return courant


def supprimer_cv(candidat: Candidat, *, par: Acteur) -> Candidat:
    """Efface le CV à la demande de la personne. Sans effet s'il n'y en a pas : deux clics n'en font qu'un."""
    with transaction.atomic():
        courant = _sous_verrou(candidat, par, peut_gerer_candidature)
        if retirer_le_fichier(courant):
            courant.actif_le = timezone.now()
            courant.save(update_fields=["cv", "cv_nom", "cv_depose_le", "cv_utilise_le", "actif_le", "updated_at"])
            noter(courant, "supprimer_cv", par=par)
    return courant


def retirer_le_fichier(candidat: Candidat) -> bool:
    """Vide les champs du CV et demande l'effacement du fichier après validation ; l'appelant enregistre la ligne."""
    chemin = candidat.cv.name
    if not chemin:
        return False
    candidat.cv.name = ""
    candidat.cv_nom, candidat.cv_depose_le, candidat.cv_utilise_le = "", None, None
    depot.effacer_apres_validation(chemin)
    return True


def noter_usage_cv(candidat: Candidat, *, par: Acteur) -> None:
    """Une structure vient d'ouvrir le CV : il se garde six mois de plus. À appeler sur un POST, droit déjà prouvé."""
    Candidat.objects.filter(pk=candidat.pk).exclude(cv="").update(cv_utilise_le=timezone.now())
    noter(candidat, "ouvrir_cv", par=par)


def purger_cv(avant: datetime) -> int:
    """Efface les CV dont le dépôt et le dernier usage sont antérieurs à cette date ; rend leur nombre."""
    vieux = Candidat.objects.exclude(cv="").filter(
        Q(cv_utilise_le=None) | Q(cv_utilise_le__lt=avant), cv_depose_le__lt=avant
    )
    nombre = 0
    for numero in list(vieux.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            # Relu sous verrou : un CV déposé à l'instant reste.
            candidat = vieux.select_for_update(of=("self",), no_key=True).filter(pk=numero).first()
            if candidat is None:
                continue
            cle = f"cv-efface:{candidat.pk}:{candidat.cv_depose_le:%Y%m%d%H%M%S}"
            retirer_le_fichier(candidat)
            candidat.save(update_fields=["cv", "cv_nom", "cv_depose_le", "cv_utilise_le", "updated_at"])
            noter(candidat, "purger_cv", par=SYSTEME)
            if candidat.etat in _AVEC_CV and candidat.role_id:
                mettre_en_file(emails.CvEfface.de(candidat), a=candidat.email, objet=candidat, cle=cle)
            nombre += 1
    return nombre
