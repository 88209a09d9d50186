"""Saisir, corriger, valider, refuser, renouveler, annuler et terminer un contrat (programme-apps § 3.E et 3.F)."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from conum.courriels.actions import mettre_en_file
from conum.courriels.messages import Message
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes import access, emails
from conum.postes.actions import gardes
from conum.postes.emails import destinataires
from conum.postes.models import Contrat, Poste, Rattachement, TypePoste
from conum.postes.models.poste import periode_de
from conum.postes.rules import contrat as regles
from conum.postes.states import CONFIRMES, TRANSITIONS, Etat
from conum.socle.enregistrement import enregistrer
from conum.structures.models import Structure
from conum.utilisateurs.models import Utilisateur

PAGE = "postes:contrat"


def nom_de(structure: Structure | None) -> str:
    return structure.nom if structure else ""


def prevenir_structure(contrat: Contrat, classe: type[Message], **champs: Any) -> None:
    structure = contrat.structure
    for qui in destinataires.de_la_structure(structure, PAGE, contrat.pk):
        base = emails.SurContrat.base(contrat, nom_de(structure), qui.lien)
        mettre_en_file(classe(**base, **champs), a=qui.email, objet=contrat)


def prevenir_personne(contrat: Contrat, classe: type[Message], **champs: Any) -> None:
    base = emails.SurContrat.base(contrat, nom_de(contrat.structure), destinataires.accueil())
    mettre_en_file(classe(**base, **champs), a=contrat.personne.email, objet=contrat)


def prevenir_anct(contrat: Contrat, *, quoi: str, precisions: str = "", rien_a_faire: bool = False) -> None:
    structure = contrat.structure
    for qui in destinataires.de_l_anct(PAGE, contrat.pk):
        base = emails.SurContrat.base(contrat, nom_de(structure), qui.lien)
        message = emails.ATraiter(**base, quoi=quoi, precisions=precisions, rien_a_faire=rien_a_faire)
        mettre_en_file(message, a=qui.email, objet=contrat)


def photo(contrat: Contrat) -> dict[str, Any]:
    """Ce que le journal garde d'un contrat : de quoi relire ce qui était écrit ce jour-là."""
    return {
        "poste": contrat.poste.numero,
        "personne": contrat.personne_id,
        "type": contrat.type,
        "debut": contrat.debut.isoformat(),
        "fin": contrat.fin.isoformat() if contrat.fin else None,
        "salaire": str(contrat.salaire),
    }


def saisir_contrat(
    poste: Poste,
    *,
    personne: Utilisateur,
    type: str,
    debut: date,
    fin: date | None,
    salaire: Decimal,
    par: Acteur,
    motif: str = "",
) -> Contrat:
    """Saisit le contrat d'une personne sur un poste libre de la structure, à valider par l'ANCT.

    `fin` est le dernier jour, absent pour un CDI. `motif` : pourquoi l'ANCT passe outre le délai de remplacement.
    S'appelle aussi depuis l'acte d'une app plus haute, dans sa transaction : un refus n'abîme pas celle-ci.

    Raises:
        PermissionDenied: ni membre de la structure qui a le poste ce jour-là, ni ANCT, ni reprise de données.
        TransitionImpossible: poste non rattaché, ou délai de remplacement passé.
        ValidationError: contrat non recevable, poste ou personne déjà pris ; une phrase par faute.
    """
    with transaction.atomic():
        return _creer(poste, personne=personne, type_=type, debut=debut, fin=fin, salaire=salaire, par=par, motif=motif)


def saisir_contrat_par_adresse(
    poste: Poste, *, email: str, prenom: str, nom: str, par: Acteur, **contrat: Any
) -> Contrat:
    """Le même acte pour une personne désignée par son adresse ; son compte est créé s'il n'existe pas.

    Le compte naît dans la même transaction : un contrat refusé n'en laisse pas derrière lui.

    Raises:
        ValidationError: l'adresse est celle de quelqu'un d'autre.
    """
    with transaction.atomic():
        gardes.verrouiller(poste)
        personne = Utilisateur.objects.filter(email=email.strip().lower()).first()
        if personne is None:
            personne = Utilisateur.objects.create_user(email, prenom=prenom.strip(), nom=nom.strip())
        elif not gardes.meme_personne(personne, prenom, nom):
            raise ValidationError({"email": "Cette adresse est celle d'un compte qui porte un autre nom."})
        return saisir_contrat(poste, personne=personne, par=par, **contrat)


def _creer(
    poste: Poste,
    *,
    personne: Utilisateur,
    type_: str,
    debut: date,
    fin: date | None,
    salaire: Decimal,
    par: Acteur,
    motif: str = "",
    action: str = "saisir_contrat",
) -> Contrat:
    courant = gardes.verrouiller(poste, personne)
    rattachement = gardes.rattachement_le(courant, debut)
    structure = rattachement.structure if rattachement else None
    if not access.peut_employer(par, structure):
        raise PermissionDenied
    if rattachement is None or structure is None:
        raise TransitionImpossible(f"Le poste {courant.reference} n'est à aucune structure le {debut:%d/%m/%Y}.")
    gardes.exiger_papier(structure, type_=type_, debut=debut, fin=fin, salaire=salaire)
    gardes.exiger_rattachement(rattachement, fin)
    gardes.exiger_personne(personne)
    gardes.exiger_place(courant, personne, debut, fin)
    ancien = gardes.precedent(courant, debut)
    gardes.exiger_delai(ancien, rattachement, debut, par=par, motif=motif)
    contrat = Contrat(
        poste=courant,
        personne=personne,
        periode=periode_de(debut, fin),
        type=type_,
        salaire=salaire,
        remplace=ancien,
    )
    enregistrer(contrat)
    noter(contrat, action, par=par, vers=contrat.etat, motif=motif.strip(), donnees=photo(contrat))
    quoi = "renouvellement à valider" if contrat.est_renouvellement else "contrat à valider"
    if not access.est_systeme(par):
        prevenir_anct(contrat, quoi=quoi)
    return contrat


def renouveler_contrat(
    contrat: Contrat,
    *,
    type: str,
    fin: date | None,
    salaire: Decimal,
    par: Acteur,
    debut: date | None = None,
) -> Contrat:
    """Demande un nouveau contrat pour la même personne sur le même poste, par défaut au lendemain du terme.

    Raises:
        TransitionImpossible: le contrat n'a pas de terme, n'est pas validé, ou a déjà une suite.
        ValidationError: comme à la saisie.
    """
    with transaction.atomic():
        courant = Contrat.objects.select_for_update(of=("self",), no_key=True).get(pk=contrat.pk)
        if not access.peut_demander(par, courant):
            raise PermissionDenied
        if courant.etat not in (Etat.VALIDE, Etat.TERMINE):
            libelle = courant.get_etat_display()
            raise TransitionImpossible(f"Seul un contrat validé se renouvelle : celui-ci est « {libelle} ».")
        if courant.fin is None:
            raise TransitionImpossible("Un CDI n'a pas de terme : il ne se renouvelle pas.")
        if suite := courant.suites.filter(etat__in=sorted(CONFIRMES | {Etat.A_VALIDER})).first():
            raise TransitionImpossible(f"Ce contrat a déjà une suite : {suite.reference}, {suite.libelle_periode}.")
        return _creer(
            courant.poste,
            personne=courant.personne,
            type_=type,
            debut=debut or regles.lendemain(courant.fin),
            fin=fin,
            salaire=salaire,
            par=par,
            action="renouveler_contrat",
        )


def _reecrire(
    courant: Contrat, *, type_: str, debut: date, fin: date | None, salaire: Decimal, par: Acteur
) -> dict[str, Any]:
    """Remplace le papier d'un contrat sous verrou ; rend l'ancien et le nouveau pour le journal."""
    avant = photo(courant)
    gardes.verrouiller(courant.poste, courant.personne)
    rattachement = gardes.rattachement_le(courant.poste, debut)
    if rattachement is None or not access.peut_employer(par, rattachement.structure):
        raise TransitionImpossible(
            f"Le poste {courant.poste.reference} n'était pas à la structure le {debut:%d/%m/%Y}."
        )
    gardes.exiger_papier(rattachement.structure, type_=type_, debut=debut, fin=fin, salaire=salaire)
    gardes.exiger_rattachement(rattachement, fin, suivre=True)
    gardes.exiger_place(courant.poste, courant.personne, debut, fin, sauf=courant)
    courant.type, courant.salaire, courant.periode = type_, salaire, periode_de(debut, fin)
    return {"avant": avant, "apres": photo(courant)}


def corriger_contrat(
    contrat: Contrat,
    *,
    type: str,
    debut: date,
    fin: date | None,
    salaire: Decimal,
    par: Acteur,
) -> Contrat:
    """Corrige un contrat qui attend encore sa validation."""
    donnees: dict[str, Any] = {}
    with transition(
        contrat, "corriger_contrat", table=TRANSITIONS, par=par, peut=access.peut_corriger, donnees=donnees
    ) as courant:
        donnees |= _reecrire(courant, type_=type, debut=debut, fin=fin, salaire=salaire, par=par)
    return courant


def rectifier_contrat(
    contrat: Contrat,
    *,
    type: str,
    debut: date,
    fin: date | None,
    salaire: Decimal,
    motif: str,
    par: Acteur,
) -> Contrat:
    """L'ANCT rectifie un contrat validé, avec un motif ; la structure l'apprend."""
    motif = gardes.exiger_texte("motif", motif)
    donnees: dict[str, Any] = {}
    with transition(
        contrat, "rectifier_contrat", table=TRANSITIONS, par=par, peut=access.peut_valider, motif=motif, donnees=donnees
    ) as courant:
        donnees |= _reecrire(courant, type_=type, debut=debut, fin=fin, salaire=salaire, par=par)
        prevenir_structure(courant, emails.ContratEcarte, decision="rectifié par l'ANCT", motif=motif)
    return courant


def valider_contrat(contrat: Contrat, *, par: Acteur) -> Contrat:
    """L'ANCT valide : le poste est occupé au début du contrat. Ce qui a changé depuis la saisie est revérifié."""
    with transition(contrat, "valider_contrat", table=TRANSITIONS, par=par, peut=access.peut_valider) as courant:
        gardes.verrouiller(courant.poste, courant.personne)
        rattachement = gardes.rattachement_le(courant.poste, courant.debut)
        if rattachement is None:
            raise TransitionImpossible(
                f"Le poste {courant.poste.reference} n'est plus rattaché à une structure : refusez ce contrat."
            )
        gardes.exiger_rattachement(rattachement, courant.fin, suivre=True)
        gardes.exiger_papier(
            rattachement.structure,
            type_=courant.type,
            debut=courant.debut,
            fin=courant.fin,
            salaire=courant.salaire,
        )
        gardes.exiger_personne(courant.personne)
        courant.valide_le = timezone.now()
        renouvellement = courant.est_renouvellement
        prevenir_structure(courant, emails.ContratValide, renouvellement=renouvellement)
        prevenir_personne(
            courant,
            emails.BienvenueEnPoste,
            renouvellement=renouvellement,
            coordinateur=courant.poste.type == TypePoste.COORDINATEUR,
        )
    return courant


def refuser_contrat(contrat: Contrat, *, motif: str, par: Acteur) -> Contrat:
    """L'ANCT refuse un contrat qui attend, avec un motif ; le poste est de nouveau libre."""
    motif = gardes.exiger_texte("motif", motif)
    with transition(
        contrat, "refuser_contrat", table=TRANSITIONS, par=par, peut=access.peut_valider, motif=motif
    ) as courant:
        courant.motif_refus = motif
        prevenir_structure(courant, emails.ContratEcarte, decision="refusé", motif=motif)
    return courant


def annuler_contrat(contrat: Contrat, *, motif: str, par: Acteur) -> Contrat:
    """L'ANCT annule un contrat validé qui n'a pas commencé : la personne ne viendra pas."""
    motif = gardes.exiger_texte("motif", motif)
    with transition(
        contrat, "annuler_contrat", table=TRANSITIONS, par=par, peut=access.peut_valider, motif=motif
    ) as courant:
        if courant.debut <= timezone.localdate():
            raise TransitionImpossible(
                f"Le contrat a commencé le {courant.debut:%d/%m/%Y} : il se rompt, il ne s'annule plus."
            )
        courant.motif_refus = motif
        prevenir_structure(courant, emails.ContratEcarte, decision="annulé", motif=motif)
        prevenir_personne(courant, emails.ContratEcarte, decision="annulé", motif=motif)
    return courant


def terminer_contrat(contrat: Contrat, *, par: Acteur) -> Contrat:
    """Constate qu'un contrat est allé à son terme et n'est pas prolongé."""
    with transition(contrat, "terminer_contrat", table=TRANSITIONS, par=par, peut=access.peut_terminer) as courant:
        if courant.fin is None or courant.fin >= timezone.localdate():
            terme = f"finit le {courant.fin:%d/%m/%Y}" if courant.fin else "n'a pas de terme"
            raise TransitionImpossible(f"Ce contrat {terme} : il n'est pas terminé.")
    return courant


def terminer_contrats_echus(jour: date) -> int:
    """Le système constate le terme des contrats échus qui ont une suite validée, ou dont le poste est rendu."""
    hier = jour - timedelta(days=1)
    echus = Contrat.objects.filter(etat=Etat.VALIDE, periode__endswith__lte=jour)
    suivis = echus.filter(Exists(Contrat.objects.filter(remplace=OuterRef("pk"), etat__in=sorted(CONFIRMES))))
    rattaches = Rattachement.objects.filter(poste=OuterRef("poste_id"), periode__contains=hier)
    rendus = echus.filter(~Exists(rattaches))
    termines = 0
    for contrat in (suivis | rendus).distinct().order_by("pk"):
        try:
            terminer_contrat(contrat, par=SYSTEME)
        except TransitionImpossible:
            continue  # quelqu'un l'a fait, ou rompu, entre-temps
        termines += 1
    return termines
