"""L'état récapitulatif : préparé des signatures, transmis et figé, validé ou contesté par l'ANCT.

Verrous : l'organisme, l'état, les inscriptions, les émargements. Une demi-journée, comme une certification, ne compte
que dans un état vivant : la base refuse la seconde fois. Signée après coup, elle entre dans l'état suivant.
"""

from datetime import date
from decimal import Decimal

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from conum.comptes.models import Role
from conum.courriels.actions import mettre_en_file
from conum.formations import access
from conum.formations.actions.lignes_etat import remplir
from conum.formations.emails import destinataires
from conum.formations.emails import etats as emails
from conum.formations.models import (
    Emargement,
    EtatRecapitulatif,
    LigneEmargement,
    LigneEtat,
    Organisme,
    ResultatCertification,
)
from conum.formations.models.etat import NatureCout
from conum.formations.rules import marches
from conum.formations.rules.certification import Resultat
from conum.formations.rules.etats import est_acheve
from conum.formations.states import TRANSITIONS_RECAP, EtatRecap
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.access import est_anct
from conum.postes.actions.gardes import exiger_texte
from conum.socle.enregistrement import enregistrer
from conum.socle.texte import euros

PAGE = "formations:etat"
MONTREES = 5
"""Demi-journées nommées dans un refus ; les autres se comptent."""


def preparer_etat(organisme: Organisme, marche_code: str, mois: date, *, par: Role) -> EtatRecapitulatif:
    """L'état d'un mois et d'un marché, de tout ce qui est signé et pas encore compté.

    Raises:
        PermissionDenied: seul un agent de l'organisme prépare.
        ValidationError: mois à venir, marché inconnu, ou un état existe déjà pour ce mois.
        TransitionImpossible: rien n'est à compter.
    """
    if not access.est_organisme(par, organisme):
        raise PermissionDenied
    premier = mois.replace(day=1)
    if premier > timezone.localdate():
        raise ValidationError({"mois": "Ce mois n’est pas commencé."})
    try:
        marches.marche(marche_code)
    except marches.MarcheInconnu as erreur:
        raise ValidationError({"marche": str(erreur)}) from erreur
    with transaction.atomic():
        _verrouiller(organisme)
        etat = EtatRecapitulatif(organisme=organisme, marche_code=marche_code, mois=premier)
        enregistrer(etat)
        etat.refresh_from_db(fields=["numero"])
        if not remplir(etat):
            raise TransitionImpossible("Rien n’est à compter : aucune demi-journée signée des deux mains n’attend.")
        enregistrer(etat)
        noter(etat, "preparer_etat", par=par, vers=etat.etat, donnees=_chiffres(etat))
        return etat


def _verrouiller(organisme: Organisme) -> None:
    """Deux états d'un organisme ne se calculent pas en même temps."""
    Organisme.objects.select_for_update(no_key=True).get(pk=organisme.pk)


def _chiffres(etat: EtatRecapitulatif) -> dict[str, str | int]:
    return {"lignes": etat.lignes.count(), "total": str(etat.total)}


def recalculer_etat(etat: EtatRecapitulatif, *, par: Acteur) -> EtatRecapitulatif:
    """Refait les lignes d'un état en préparation, des signatures et des prix d'aujourd'hui."""
    with transaction.atomic():
        _verrouiller(etat.organisme)
        donnees: dict[str, str | int] = {}
        with transition(
            etat, "recalculer_etat", table=TRANSITIONS_RECAP, par=par, peut=access.peut_tenir_etat, donnees=donnees
        ) as courant:
            remplir(courant)
            donnees |= _chiffres(courant)
    return courant


def transmettre_etat(etat: EtatRecapitulatif, *, total: Decimal, par: Role) -> EtatRecapitulatif:
    """L'organisme demande `total`, qu'il a lu : lignes et montants ne changent plus. L'ANCT est prévenue.

    Raises:
        TransitionImpossible: mois en cours, prix manquant, état plus ancien à transmettre d'abord, ou signatures
            changées depuis le calcul.
    """
    with transaction.atomic():
        _verrouiller(etat.organisme)
        with transition(
            etat, "transmettre_etat", table=TRANSITIONS_RECAP, par=par, peut=access.peut_tenir_etat,
            donnees={"total": str(total)},
        ) as courant:  # fmt: skip
            remplir(courant)
            if courant.total != total:
                raise TransitionImpossible(
                    "Les signatures ou les prix ont changé depuis le calcul. Recalculez l’état, puis relisez-le."
                )
            if raisons := ce_qui_empeche(courant):
                raise TransitionImpossible(" ".join(raisons))
            courant.transmis_par, courant.transmis_le, courant.motif = par, timezone.now(), ""
        for qui in destinataires.de_l_anct(PAGE, courant.pk):
            mettre_en_file(
                emails.EtatAValider(**emails.EtatAValider.base(courant, qui.lien)), a=qui.email, objet=courant
            )
    return courant


def ce_qui_empeche(etat: EtatRecapitulatif) -> tuple[str, ...]:
    """Pourquoi cet état ne se transmet pas encore, une phrase chacune."""
    raisons = []
    if not est_acheve(etat.mois, timezone.localdate()):
        raisons.append(f"Le mois n’est pas fini : transmettez l’état à compter du {etat.fin:%d/%m/%Y}.")
    if manques := prix_manquants(etat):
        raisons.append(f"Prix inconnu : {', '.join(manques).lower()}. L’ANCT doit le saisir, d’après un acte.")
    elif not etat.total:
        raisons.append("Cet état ne demande rien : il n’a aucun montant.")
    anterieur = (
        EtatRecapitulatif.objects.filter(
            organisme=etat.organisme_id, marche_code=etat.marche_code, mois__lt=etat.mois, etat=EtatRecap.BROUILLON
        )
        .order_by("mois")
        .first()
    )
    if anterieur is not None:
        raisons.append(f"Transmettez ou abandonnez d’abord {anterieur.reference}, d’un mois plus ancien.")
    return tuple(raisons)


def prix_manquants(etat: EtatRecapitulatif) -> tuple[str, ...]:
    """Les natures de prix qui manquent à cet état, en toutes lettres."""
    natures = etat.lignes.filter(montant=None).order_by("-nature").values_list("nature", flat=True).distinct()
    return tuple(str(NatureCout(n).label) for n in natures)


def contester_etat(etat: EtatRecapitulatif, *, motif: str, par: Acteur) -> EtatRecapitulatif:
    """L'ANCT rend l'état à l'organisme, avec un motif : il est de nouveau modifiable."""
    motif = exiger_texte("motif", motif)
    with transition(
        etat, "contester_etat", table=TRANSITIONS_RECAP, par=par, peut=access.peut_administrer, motif=motif
    ) as courant:
        courant.motif = motif
        _prevenir_organisme(courant, emails.EtatConteste, motif=motif)
    return courant


def valider_etat(etat: EtatRecapitulatif, *, total: Decimal, par: Role) -> EtatRecapitulatif:
    """L'ANCT valide ce qu'elle a lu : l'état peut entrer dans un lot de virements.

    La vue exige un second facteur présenté dans les cinq minutes. Chaque demi-journée est relue sous verrou.

    Raises:
        TransitionImpossible: déjà validé, changé depuis la lecture, ou une signature annulée entre-temps.
    """
    with transition(
        etat, "valider_etat", table=TRANSITIONS_RECAP, par=par, peut=access.peut_administrer,
        donnees={"total": str(total)},
    ) as courant:  # fmt: skip
        if courant.total != total:
            raise TransitionImpossible(f"L’état a changé pendant votre lecture : {euros(courant.total)}. Relisez-le.")
        _exiger_exact(courant)
        courant.valide_par, courant.valide_le = par, timezone.now()
        _prevenir_organisme(courant, emails.EtatValide)
    return courant


def _exiger_exact(etat: EtatRecapitulatif) -> None:
    list(
        Emargement.objects.select_for_update(of=("self",), no_key=True)
        .filter(lignes_etat__ligne__etat=etat)
        .order_by("pk")
        .values_list("pk")
    )
    fausses = list(demi_journees_perdues(etat).select_related("inscription__personne", "seance")[: MONTREES + 1])
    if fausses:
        noms = [f"{x.inscription.personne.get_full_name()}, {x.seance.demi_journee}" for x in fausses[:MONTREES]]
        suite = ", et d’autres" if len(fausses) > MONTREES else ""
        raise TransitionImpossible(
            f"Des signatures ne valent plus : {' ; '.join(noms)}{suite}. Contestez l’état : l’organisme le recalcule."
        )
    presentees = ResultatCertification.objects.filter(inscription=OuterRef("inscription")).exclude(
        resultat=Resultat.ABSENT.value
    )
    certifications = etat.lignes.filter(nature=NatureCout.CERTIFICATION)
    if perdue := certifications.exclude(Exists(presentees)).select_related("inscription__personne").first():
        nom = perdue.inscription.personne.get_full_name()
        raise TransitionImpossible(f"{nom} ne s’est plus présentée à une certification. Contestez l’état.")
    lu = etat.lignes.aggregate(total=Sum("montant"), sans=Count("pk", filter=Q(montant=None)))
    if lu["sans"] or lu["total"] != etat.total:
        raise TransitionImpossible("Le total ne correspond plus aux lignes. Contestez l’état.")


def demi_journees_perdues(etat: EtatRecapitulatif) -> QuerySet[LigneEmargement]:
    """Comptées dans l'état, et dont la signature ne vaut plus ; effacée à la fin de sa conservation, elle vaut."""
    valables = Emargement.objects.faits().filter(pk=OuterRef("emargement"))
    perdues = LigneEmargement.objects.filter(ligne__etat=etat, actif=True, emargement__isnull=False)
    return perdues.exclude(Exists(valables)).order_by("seance__jour", "pk")


def abandonner_etat(etat: EtatRecapitulatif, *, motif: str, par: Acteur) -> EtatRecapitulatif:
    """Écarte un état en préparation : ses demi-journées et ses certifications entrent dans un autre."""
    motif = exiger_texte("motif", motif)
    with transaction.atomic():
        _verrouiller(etat.organisme)
        with transition(
            etat, "abandonner_etat", table=TRANSITIONS_RECAP, par=par, peut=_peut_abandonner, motif=motif
        ) as courant:
            courant.motif = motif
            LigneEmargement.objects.filter(ligne__etat=courant).update(actif=False)
            LigneEtat.objects.filter(etat=courant).update(actif=False)
    return courant


def _peut_abandonner(acteur: Acteur, etat: EtatRecapitulatif) -> bool:
    return access.peut_tenir_etat(acteur, etat) or est_anct(acteur)


def _prevenir_organisme(etat: EtatRecapitulatif, classe: type[emails.SurEtat], **champs: str) -> None:
    for qui in destinataires.de_l_organisme(etat.organisme, PAGE, etat.pk):
        mettre_en_file(classe(**classe.base(etat, qui.lien), **champs), a=qui.email, objet=etat)
