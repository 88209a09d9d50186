"""Le départ en formation : dans les quinze jours de la signature du contrat. Passé ce délai, une alerte, une fois."""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from conum.courriels.models import Courriel
from conum.formations.actions.messages import prevenir_prefecture, prevenir_structure
from conum.formations.emails.inscriptions import DepartEnRetard
from conum.formations.models import Inscription, Place
from conum.formations.models.inscription import InscriptionQuerySet
from conum.formations.rules import marches, prise_de_poste
from conum.formations.states import VIVANTES, Etat
from conum.journal.acteurs import SYSTEME
from conum.journal.actions import noter


def en_retard(jour: date) -> InscriptionQuerySet:
    """Les personnes qui devraient être parties en formation et ne le sont pas : le délai est celui de leur marché."""
    connus = marches.catalogue()
    passe = Q(pk__in=())
    for marche in (*connus.marches, connus.defaut):
        avant = jour - timedelta(days=marche.depart_jours)
        passe |= Q(marche_code=marche.code, contrat_signe_le__lt=avant)
    parties = Place.objects.assises().filter(inscription=OuterRef("pk"), session__debut__lte=jour)
    attendues = Inscription.objects.filter(passe, etat__in=sorted(VIVANTES - {Etat.EN_FORMATION}))
    return attendues.exclude(Exists(parties))


def phrase_de_retard(inscription: Inscription, *, depart: date | None, jour: date) -> str:
    """Ce que la page en dit, ou rien : le retard court, ou la personne est partie après le délai."""
    if inscription.etat not in VIVANTES:
        return ""
    try:
        marche = marches.marche(inscription.marche_code)
    except marches.MarcheInconnu:
        return ""
    parti = depart if depart is not None and depart <= jour else None
    if parti is None and inscription.etat == Etat.EN_FORMATION:
        return ""
    return prise_de_poste.depart_en_retard(inscription.contrat_signe_le, marche, depart=parti, jour=jour)


def premier_depart(inscription: Inscription) -> date | None:
    """Le début de la première session où la personne a un siège."""
    places = Place.objects.assises().filter(inscription=inscription, session__debut__isnull=False)
    return places.order_by("session__debut").values_list("session__debut", flat=True).first()


def alerter_departs(jour: date) -> int:
    """Écrit à l'employeur et à la préfecture de chaque personne en retard, une fois ; rend le nombre de personnes."""
    # Ce qui est déjà parti se lit dans la boîte d'envoi : la clé porte l'inscription.
    deja = set(
        Courriel.objects.filter(cle__startswith=PREFIXE, code=DepartEnRetard.code).values_list("objet_id", flat=True)
    )
    alertees = 0
    for inscription in en_retard(jour).select_related("contrat__poste", "personne").order_by("pk"):
        if str(inscription.pk) in deja:
            continue
        with transaction.atomic():
            alertees += _alerter(inscription, jour)
    return alertees


PREFIXE = "formation-depart:"


def _alerter(inscription: Inscription, jour: date) -> int:
    phrase = phrase_de_retard(inscription, depart=premier_depart(inscription), jour=jour)
    if not phrase:
        return 0
    cle = f"{PREFIXE}{inscription.pk}"
    champs = {"phrase": phrase, "etat": inscription.get_etat_display(), "cle": cle}
    ecrits = prevenir_structure(inscription, DepartEnRetard, **champs)
    ecrits += prevenir_prefecture(inscription, DepartEnRetard, pour_l_agent=True, **champs)
    if ecrits:
        noter(inscription, "alerter_depart", par=SYSTEME, motif=phrase)
    return int(ecrits > 0)
