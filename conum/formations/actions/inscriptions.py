"""Ouvrir une inscription : elle suit le contrat validé, sans que personne ait à la demander."""

import logging
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.formations import access
from conum.formations.actions.messages import prevenir_organisme, prevenir_personne, prevenir_structure
from conum.formations.emails import inscriptions as emails
from conum.formations.models import Inscription, Organisme, Positionnement
from conum.formations.models.inscription import InscriptionQuerySet
from conum.formations.rules import marches
from conum.formations.rules.prise_de_poste import limite_de_depart
from conum.formations.states import EN_ATTENTE, FAITES, TRANSITIONS, VIVANTES, Etat
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.models import Contrat
from conum.postes.states import CONFIRMES
from conum.postes.states import Etat as EtatContrat
from conum.socle.enregistrement import enregistrer
from conum.territoires.models import Commune
from conum.utilisateurs.models import Utilisateur

logger = logging.getLogger(__name__)
LIBELLE_ROLE = "Conseiller numérique"
ENGAGEES = sorted(VIVANTES | FAITES)


def court_encore(jour: date, prefixe: str = "") -> Q:
    """Un contrat validé, commencé ou non, que ni son terme ni une rupture n'a arrêté ce jour-là."""
    fin = f"{prefixe}occupation__endswith"
    confirme = Q(**{f"{prefixe}etat__in": sorted(CONFIRMES)})
    return confirme & (Q(**{f"{fin}__isnull": True}) | Q(**{f"{fin}__gt": jour}))


def contrats_a_ouvrir(jour: date) -> QuerySet[Contrat]:
    """Les contrats validés, coordinateurs compris, d'une personne qui n'a ni formation en cours ni formation faite.

    Un renouvellement, ou le contrat suivant d'une personne formée ou dispensée, n'ouvre rien.
    """
    engagees = Inscription.objects.filter(personne=OuterRef("personne"), etat__in=ENGAGEES)
    return (
        Contrat.objects.filter(court_encore(jour), etat=EtatContrat.VALIDE, valide_le__isnull=False)
        .filter(inscription_formation=None, personne__is_active=True)
        .exclude(Exists(engagees))
        .order_by("periode__startswith", "pk")
    )


def ouvrir_inscriptions(jour: date) -> int:
    """Ouvre ce que les contrats validés demandent ; rend le nombre d'inscriptions ouvertes."""
    ouvertes = 0
    for contrat in contrats_a_ouvrir(jour):
        try:
            ouvrir_inscription(contrat, par=SYSTEME)
        except (TransitionImpossible, ValidationError) as refus:
            # Un autre worker l'a fait, ou le contrat a changé entre-temps : la nuit suivante le redira s'il le faut.
            logger.info("Inscription non ouverte pour %s : %s", contrat.reference, refus)
            continue
        ouvertes += 1
    return ouvertes


def ouvrir_inscription(contrat: Contrat, *, par: Acteur) -> Inscription:
    """L'inscription d'une personne, sous la règle du jour où son contrat commence, figée ; son espace s'ouvre avec.

    Deux passages à la fois : le second attend le contrat, puis trouve l'inscription.

    Raises:
        PermissionDenied: ni le système, ni l'ANCT.
        TransitionImpossible: contrat qui n'est pas validé ou plus en cours, inscription déjà ouverte.
        ValidationError: la personne a déjà une formation en cours ou faite.
    """
    if not access.peut_ouvrir_inscription(par):
        raise PermissionDenied
    with transaction.atomic():
        courant = Contrat.objects.select_for_update(of=("self",), no_key=True).get(pk=contrat.pk)
        structure = courant.structure
        if not contrats_a_ouvrir(timezone.localdate()).filter(pk=courant.pk).exists() or structure is None:
            raise TransitionImpossible(
                f"Le contrat {courant.reference} n’ouvre pas d’inscription : il n’est pas en cours, ou la personne a "
                "déjà une inscription."
            )
        marche = marches.regle_au(courant.debut)
        assert courant.valide_le is not None
        signe_le = timezone.localdate(courant.valide_le)
        champs: dict[str, Any] = {
            "contrat": courant,
            "commune": structure.commune,
            "organisme": organisme_pour(marche, structure.commune),
            "contrat_signe_le": signe_le,
            "disponible_le": _disponible_le(marche, signe_le, courant.debut),
        }
        arretee = Inscription.objects.filter(
            personne=courant.personne, etat=Etat.ABANDONNEE, marche_code=marche.code, marche_empreinte=marche.empreinte
        )
        inscription = (
            _reprendre(derniere, champs, par)
            if (derniere := arretee.order_by("-pk").first())
            else _creer(courant.personne, marche, champs, par)
        )
        ouvrir_role_conseiller(courant.personne, par=par)
        _annoncer(inscription, marche)
    return inscription


def _creer(personne: Utilisateur, marche: marches.Marche, champs: dict[str, Any], par: Acteur) -> Inscription:
    inscription = Inscription(personne=personne, marche_code=marche.code, marche_empreinte=marche.empreinte, **champs)
    enregistrer(inscription)
    noter(
        inscription, "ouvrir_inscription", par=par, vers=Etat.OUVERTE,
        donnees={"contrat": inscription.contrat_id, "marche": marche.code, "organisme": inscription.organisme_id},
    )  # fmt: skip
    return inscription


def _reprendre(arretee: Inscription, champs: dict[str, Any], par: Acteur) -> Inscription:
    """Sous le même marché, une formation arrêtée reprend avec le nouveau contrat : test et heures signées suivent.

    L'ancien employeur ne la lit plus : elle est celle du nouveau.
    """
    donnees = {"ancien_contrat": arretee.contrat_id, "contrat": champs["contrat"].pk}
    with transition(
        arretee, "rouvrir_inscription", table=TRANSITIONS, par=par, peut=access.peut_ouvrir_inscription, donnees=donnees
    ) as courante:
        for champ, valeur in champs.items():
            setattr(courante, champ, valeur)
        courante.arret_motif = courante.parcours = courante.parcours_motif = ""
    return courante


def _disponible_le(marche: marches.Marche, signe_le: date, debut: date) -> date:
    """Quand la personne peut partir.

    La formation précède la prise de poste et l'employeur laisse partir dans les quinze jours de la signature : elle est
    libre dès que le contrat est validé. En alternance elle se partage avec le poste : pas avant le début du contrat.
    """
    return max(signe_le, debut) if marche.acces is marches.Acces.ALTERNANCE else signe_le


def organisme_pour(marche: marches.Marche, commune: Commune) -> Organisme | None:
    """Le premier organisme du marché, inscrit et ouvert, pour cette région ; sur place d'abord ; None sans aucun."""
    departement = commune.departement
    noms = marches.organismes_de(marche, departement.region_id if departement else "")
    connus = {o.nom: o for o in Organisme.objects.ouverts().filter(nom__in=noms).order_by("pk")}
    return next((connus[nom] for nom in noms if nom in connus), None)


def sans_organisme(inscriptions: InscriptionQuerySet) -> InscriptionQuerySet:
    """Parmi elles, celles qui attendent et que personne ne forme : aucun organisme inscrit ne sert leur région."""
    return inscriptions.filter(etat__in=sorted(EN_ATTENTE), organisme=None)


def ouvrir_role_conseiller(personne: Utilisateur, *, par: Acteur) -> Role:
    """L'espace de conseiller de la personne, créé s'il n'existe pas, rouvert s'il était fermé."""
    role, neuf = Role.objects.get_or_create(
        utilisateur=personne, type=TypeRole.CONSEILLER, defaults={"libelle": LIBELLE_ROLE}
    )
    if not role.actif:
        role.actif = True
        role.save(update_fields=["actif"])
        neuf = True
    if neuf:
        noter(role, "ouvrir_role_conseiller", par=par, donnees={"personne": personne.pk})
    return role


def _annoncer(inscription: Inscription, marche: marches.Marche) -> None:
    limite = limite_de_depart(inscription.contrat_signe_le, marche)
    passee, jours = limite < timezone.localdate(), marche.depart_jours
    teste = Positionnement.objects.filter(inscription=inscription, fini_le__isnull=False).exists()
    prevenir_personne(
        inscription, emails.Bienvenue, page="formations:positionnement", teste=teste,
        organisme=inscription.organisme.nom if inscription.organisme else "", sans_parcours=not marche.parcours,
    )  # fmt: skip
    prevenir_structure(
        inscription, emails.DepartAOrganiser, limite=f"{limite:%d/%m/%Y}", passee=passee, jours=jours,
        avant_le_poste=marche.acces is marches.Acces.APRES,
    )  # fmt: skip
    prevenir_organisme(inscription, emails.NouvellePersonne)
