"""Écrire, envoyer, renvoyer. Les états changent sans ligne au journal : la ligne est la trace de son propre envoi."""

import itertools
import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.utils import timezone

from conum.courriels.access import RENVOYABLES, peut_renvoyer
from conum.courriels.messages import Message, Rendu
from conum.courriels.models import AdresseRefusee, Courriel, adresse_sure
from conum.courriels.rules import DUREE_SUSPECTE, destinataire_permis, prochain_essai
from conum.courriels.states import TRANSITIONS, Etat
from conum.courriels.transport import EchecPassager, IssueInconnue, RefusDefinitif, ServeurInjoignable, transmettre
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.socle.contexte import request_id
from conum.socle.travaux import differer

logger = logging.getLogger(__name__)
OUBLIE = "efface@anonyme.invalid"
"""Ce qui remplace l'adresse d'une personne effacée ; « .invalid » ne mène nulle part (RFC 2606)."""
LOT = 500
"""Courriels envoyés par une relève ; la suivante vient une minute après."""
_REPRIS_AU_RENVOI = (
    "code",
    "destinataire",
    "sujet",
    "texte",
    "html",
    "desabonnement",
    "calendrier",
    "objet_type",
    "objet_id",
)
_SANS_TEXTE = {"texte": "", "html": "", "desabonnement": "", "calendrier": ""}


class HorsTransaction(Exception):
    """Un courriel s'écrit dans la transaction de l'acte qui le motive, sinon l'un pourrait exister sans l'autre."""


def _nouveau_message_id() -> str:
    domaine = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"<{uuid.uuid4().hex}@{domaine}>"


def _inserer(courriel: Courriel, priorite: int) -> Courriel:
    """Insère la ligne et demande son envoi ; rend la ligne existante si sa clé est déjà prise."""
    if not transaction.get_connection().in_atomic_block:
        raise HorsTransaction("mettre_en_file s'appelle dans transaction.atomic().")
    if courriel.cle is None:
        courriel.save(force_insert=True)
    else:
        # ON CONFLICT DO NOTHING : attend une insertion concurrente de la même clé, puis ne fait rien.
        Courriel.objects.bulk_create([courriel], ignore_conflicts=True)
        deja = Courriel.objects.get(cle=courriel.cle)
        if deja.message_id != courriel.message_id:
            return deja
        courriel = deja
    differer("courriels.envoyer", priorite=priorite, courriel_id=courriel.pk)
    return courriel


def _courriel(
    message: Message, a: str, objet: models.Model | None, cle: str | None, rendu: Rendu | None = None
) -> Courriel:
    destinataire = adresse_sure(a)
    rendu = rendu or message.rendre()
    return Courriel(
        code=message.code,
        destinataire=destinataire,
        sujet=rendu.sujet,
        texte=rendu.texte,
        html=rendu.html,
        desabonnement=message.desabonnement,
        calendrier=message.calendrier,
        confidentiel=message.confidentiel,
        prochaine_tentative=timezone.now(),
        message_id=_nouveau_message_id(),
        cle=cle,
        objet_type=objet._meta.label if objet is not None else "",
        objet_id=str(objet.pk) if objet is not None else "",
        request_id=request_id(),
    )


def mettre_en_file(message: Message, *, a: str, objet: models.Model | None = None, cle: str | None = None) -> Courriel:
    """Écrit un courriel dans la transaction en cours ; le worker l'envoie après validation.

    `cle` : clé d'unicité (« rappel-7j:12 ») ; un second appel rend la première ligne sans rien envoyer.

    Raises:
        HorsTransaction: aucune transaction n'est ouverte.
        AdresseRefusee: `a` n'est pas une adresse, et une seule.
    """
    return _inserer(_courriel(message, a, objet, cle), message.priorite)


@dataclass(frozen=True)
class Envoi:
    """Un message à écrire parmi d'autres : mêmes champs que `mettre_en_file`, la clé en plus obligatoire.

    `rendu` : ce que rend ce message même, préparé avant de prendre des verrous.
    """

    message: Message
    a: str
    objet: models.Model
    cle: str
    rendu: Rendu | None = None


def mettre_en_file_en_masse(envois: Iterable[Envoi]) -> int:
    """Écrit des milliers de courriels dans la transaction en cours ; rend le nombre de lignes écrites.

    La relève, chaque minute, les envoie par lots : le serveur de courriels n'en reçoit pas dix mille d'un coup. Une clé
    déjà prise n'écrit rien ; une adresse refusée est signalée aux journaux techniques et n'arrête pas les autres.
    """
    if not transaction.get_connection().in_atomic_block:
        raise HorsTransaction("mettre_en_file_en_masse s'appelle dans transaction.atomic().")
    ecrits, file = 0, iter(envois)
    while lot := list(itertools.islice(file, LOT)):
        courriels = [courriel for envoi in lot if (courriel := _si_adresse_sure(envoi))]
        Courriel.objects.bulk_create(courriels, ignore_conflicts=True)
        ecrits += Courriel.objects.filter(message_id__in=[c.message_id for c in courriels]).count()
    return ecrits


def _si_adresse_sure(envoi: Envoi) -> Courriel | None:
    try:
        return _courriel(envoi.message, envoi.a, envoi.objet, envoi.cle, envoi.rendu)
    except AdresseRefusee as erreur:
        logger.warning("Courriel %s non écrit : %s", envoi.cle, erreur)
        return None


def _prendre(courriel_id: int) -> Courriel | None:
    """Réserve le courriel s'il est dû ; validé en base avant tout échange SMTP, un seul worker y parvient."""
    maintenant = timezone.now()
    with transaction.atomic(durable=True):
        pris = (
            Courriel.objects.dus(maintenant)
            .filter(pk=courriel_id)
            .update(
                etat=TRANSITIONS["prendre"].vers,
                pris_le=maintenant,
                prochaine_tentative=None,
                tentatives=models.F("tentatives") + 1,
            )
        )
        return Courriel.objects.get(pk=courriel_id) if pris else None


def _conclure(courriel: Courriel, transition: str, **champs: Any) -> None:
    regle = TRANSITIONS[transition]
    if regle.vers != Etat.A_ENVOYER and courriel.confidentiel and not settings.COURRIELS_LISIBLES:
        champs |= {**_SANS_TEXTE, "texte_efface_le": timezone.now()}
    Courriel.objects.filter(pk=courriel.pk, etat__in=regle.depuis).update(etat=regle.vers, **champs)


def envoyer(courriel_id: int) -> None:
    """Envoie le courriel s'il est dû. Appelée deux fois, ou par deux workers à la fois, elle n'envoie qu'une fois.

    Raises:
        ServeurInjoignable: l'essai est reporté, et les suivants auraient le même sort.
    """
    courriel = _prendre(courriel_id)
    if courriel is None:
        return
    if not destinataire_permis(courriel.destinataire, settings.COURRIELS_AUTORISES):
        _conclure(courriel, "abandonner", derniere_erreur="Hors de la liste des destinataires permis ici.")
        return
    try:
        transmettre(courriel)
    except IssueInconnue as erreur:
        _conclure(courriel, "douter", derniere_erreur=str(erreur))
    except RefusDefinitif as erreur:
        _conclure(courriel, "abandonner", derniere_erreur=str(erreur))
    except EchecPassager as erreur:
        _reporter(courriel, erreur)
        if isinstance(erreur, ServeurInjoignable):
            raise
    else:
        _conclure(courriel, "reussir", envoye_le=timezone.now(), derniere_erreur="")


def _reporter(courriel: Courriel, erreur: EchecPassager) -> None:
    echeance = prochain_essai(courriel.tentatives, timezone.now())
    if echeance is None:
        _conclure(courriel, "abandonner", derniere_erreur=f"{erreur} (après {courriel.tentatives} essais)")
    else:
        _conclure(courriel, "reporter", derniere_erreur=str(erreur), prochaine_tentative=echeance)


def relever() -> None:
    """Envoie ce qui est dû, même si le travail qui le demandait s'est perdu, et déclare incertain ce qui s'est arrêté.

    S'arrête au premier refus de connexion : inutile d'attendre le serveur une fois par courriel.
    """
    Courriel.objects.filter(etat__in=TRANSITIONS["douter"].depuis, pris_le__lte=timezone.now() - DUREE_SUSPECTE).update(
        etat=TRANSITIONS["douter"].vers,
        derniere_erreur="L'envoi s'est interrompu sans qu'on sache si le message est parti.",
    )
    for courriel_id in list(Courriel.objects.dus(timezone.now()).values_list("pk", flat=True)[:LOT]):
        try:
            envoyer(courriel_id)
        except ServeurInjoignable as erreur:
            logger.warning("Relève interrompue : %s", erreur)
            return


def renvoyer(courriel: Courriel, *, par: Acteur) -> Courriel:
    """Écrit un nouveau courriel, du même texte au même destinataire ; l'ancien ne change pas.

    Raises:
        PermissionDenied: seul un agent de l'ANCT renvoie, et jamais un texte confidentiel ou effacé.
        TransitionImpossible: l'ancien n'a pas fini son parcours, ou un renvoi est déjà en attente.
    """
    with transaction.atomic():
        courant = Courriel.objects.select_for_update(of=("self",), no_key=True).get(pk=courriel.pk)
        if not peut_renvoyer(par, courant):
            raise PermissionDenied
        if courant.etat not in RENVOYABLES:
            raise TransitionImpossible(
                f"Ce courriel n'a pas fini son parcours : il est « {courant.get_etat_display()} »."
            )
        if courant.renvois.filter(etat__in=[Etat.A_ENVOYER, Etat.EN_COURS]).exists():
            raise TransitionImpossible("Ce courriel est déjà renvoyé : le nouveau est en attente d'envoi.")
        nouveau = Courriel(
            **{champ: getattr(courant, champ) for champ in _REPRIS_AU_RENVOI},
            prochaine_tentative=timezone.now(),
            message_id=_nouveau_message_id(),
            renvoi_de=courant,
            request_id=request_id(),
        )
        nouveau = _inserer(nouveau, 0)
        noter(courant, "renvoyer", par=par, donnees={"nouveau": nouveau.pk})
        return nouveau


def effacer_textes(avant: datetime) -> int:
    """Efface le texte des courriels écrits avant cette date et dont le parcours est fini ; rend leur nombre."""
    finis = Courriel.objects.filter(etat__in=RENVOYABLES, created_at__lt=avant).exclude(texte="")
    return finis.update(**_SANS_TEXTE, texte_efface_le=timezone.now())


def oublier(adresse: str) -> int:
    """Efface l'adresse et le texte des courriels déjà partis vers une personne qui s'efface ; rend leur nombre.

    La ligne reste : ce qui a été envoyé, quand et à propos de quoi, sans à qui.
    """
    partis = Courriel.objects.filter(destinataire=adresse, etat__in=RENVOYABLES)
    return partis.update(**_SANS_TEXTE, destinataire=OUBLIE, texte_efface_le=timezone.now())
