"""Écrire un courriel. Les états changent sans ligne au journal : la ligne est elle-même la trace de son envoi."""

import uuid
from email.utils import parseaddr

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from conum.courriels.messages import Message
from conum.courriels.models import Courriel, adresse_sure
from conum.socle.contexte import request_id
from conum.socle.travaux import differer


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


def mettre_en_file(message: Message, *, a: str, objet: models.Model | None = None, cle: str | None = None) -> Courriel:
    """Écrit un courriel dans la transaction en cours ; le worker l'envoie après validation.

    `cle` : clé d'unicité (« rappel-7j:12 ») ; un second appel rend la première ligne sans rien envoyer.

    Raises:
        HorsTransaction: aucune transaction n'est ouverte.
        AdresseRefusee: `a` n'est pas une adresse, et une seule.
    """
    courriel = Courriel(
        code=message.code,
        destinataire=adresse_sure(a),
        sujet=message.rendre_sujet(),
        texte=message.rendre_texte(),
        html=message.rendre_html(),
        confidentiel=message.confidentiel,
        prochaine_tentative=timezone.now(),
        message_id=_nouveau_message_id(),
        cle=cle,
        objet_type=objet._meta.label if objet is not None else "",
        objet_id=str(objet.pk) if objet is not None else "",
        request_id=request_id(),
    )
    return _inserer(courriel, message.priorite)
