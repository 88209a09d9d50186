"""La formation continue : ce à quoi chacun a droit, demander un module, y répondre, dire qu'il est suivi.

Hors du quota, un module reste possible ; il n'est pas pris en charge, et la personne le sait avant de le demander.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.courriels.actions import mettre_en_file
from conum.formations import access
from conum.formations.actions import faits
from conum.formations.emails import destinataires
from conum.formations.emails import modules as emails
from conum.formations.models import Dispense, Inscription, InscriptionModule, Organisme
from conum.formations.rules.droits import Decompte, Droits, Entree, Module, ModuleInconnu, Suivi, droits, offre_au
from conum.formations.states import MODULES_COMPTES, TRANSITIONS_MODULE, EtatDispense
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.actions.gardes import exiger_texte
from conum.postes.emails.destinataires import Destinataire, accueil
from conum.socle.enregistrement import enregistrer
from conum.utilisateurs.models import Utilisateur

AVANCE_MAX = timedelta(days=731)
"""On ne demande pas un module plus de deux ans à l'avance : sa règle n'est pas encore écrite."""
PLUS_AU_CATALOGUE = "Ce module n’est pas au catalogue de sa date : sa prise en charge n’est pas connue."


# --- Ce à quoi chacun a droit ---


@dataclass(frozen=True)
class Situation:
    """Les droits d'une personne, et le décompte de chacun de ses modules, par numéro."""

    entree: Entree
    droits: Droits
    decomptes: dict[int, Decompte]


@dataclass(frozen=True)
class Apercu:
    """Ce que devient un module demandé, et ceux des autres qu'il priverait de prise en charge."""

    decompte: Decompte
    perdants: tuple[str, ...]

    @property
    def avertissements(self) -> tuple[str, ...]:
        """Ce qu'il faut savoir avant de demander ; vide quand tout est pris en charge."""
        propre = () if self.decompte.pris_en_charge else (self.decompte.raison,)
        autres = tuple(f"« {nom} », déjà demandé, ne serait plus pris en charge." for nom in self.perdants)
        return (*propre, *autres)


def entrees(personnes: Iterable[int]) -> dict[int, Entree]:
    """Le premier jour de la première session de chacun, et le jour où sa dispense a été accordée."""
    lues = dict(Inscription.objects.filter(personne__in=list(personnes)).order_by().values_list("pk", "personne"))
    admises: dict[int, date] = {}
    for pk, debut in faits.debuts(lues).items():
        admises[lues[pk]] = min(debut, admises.get(lues[pk], debut))
    dispensees: dict[int, date] = {}
    acceptees = Dispense.objects.filter(inscription__in=list(lues), etat=EtatDispense.ACCEPTEE)
    for pk, le in acceptees.values_list("inscription", "traitee_le"):
        jour = timezone.localdate(le)
        dispensees[lues[pk]] = min(jour, dispensees.get(lues[pk], jour))
    return {p: Entree(admises.get(p), dispensees.get(p)) for p in personnes}


def situations(personnes: Iterable[int], jour: date | None = None) -> dict[int, Situation]:
    """Celles de plusieurs personnes, en quatre questions à la base."""
    jour, numeros = jour or timezone.localdate(), set(personnes)
    par_personne: dict[int, list[InscriptionModule]] = {p: [] for p in numeros}
    for module in InscriptionModule.objects.comptes().filter(personne__in=numeros).order_by("jour", "pk"):
        par_personne[module.personne_id].append(module)
    return {p: _situer(entree, par_personne[p], jour) for p, entree in entrees(numeros).items()}


def situation_de(personne: int, jour: date | None = None) -> Situation:
    return situations([personne], jour)[personne]


def _situer(entree: Entree, modules: list[InscriptionModule], jour: date) -> Situation:
    connus = {m.pk: _suivi(m) for m in modules if module_de(m.code, m.jour) is not None}
    lus = droits(entree, connus.values(), jour)
    par_suivi = {d.suivi: d for d in lus.decomptes}
    hors = {m.pk: Decompte(_suivi(m), False, PLUS_AU_CATALOGUE) for m in modules if m.pk not in connus}
    return Situation(entree, lus, {pk: par_suivi[suivi] for pk, suivi in connus.items()} | hors)


def _suivi(module: InscriptionModule) -> Suivi:
    return Suivi(module.jour, module.code)


def module_de(code: str, jour: date) -> Module | None:
    """Le module tel que le catalogue de sa date le nomme ; rien s'il n'y est pas."""
    try:
        return offre_au(jour).module(code)
    except ModuleInconnu:
        return None


def libelle(code: str, jour: date) -> str:
    trouve = module_de(code, jour)
    return trouve.libelle if trouve else code


def apercu(situation: Situation, code: str, jour: date) -> Apercu:
    """Ce que changerait un module de plus, ce jour-là : pris en charge ou non, et pour les autres aussi."""
    nouveau = Suivi(jour, code)
    avant = {d.suivi: d for d in situation.droits.decomptes}
    apres = droits(situation.entree, [*avant, nouveau], max(jour, timezone.localdate()))
    perdants = tuple(
        libelle(d.suivi.module, d.suivi.jour)
        for d in apres.decomptes
        if d.suivi in avant and avant[d.suivi].pris_en_charge and not d.pris_en_charge
    )
    return Apercu(next(d for d in apres.decomptes if d.suivi == nouveau), perdants)


def refus_d_entree(situation: Situation, jour: date | None = None) -> str:
    """La phrase qui refuse à qui n'est ni entré en formation ni dispensé ; vide sinon."""
    depuis = situation.entree.depuis
    if depuis is not None and depuis <= (jour or timezone.localdate()):
        return ""
    return droits(Entree(), (), jour or timezone.localdate()).phrases[0]


def dire_prise_en_charge(decompte: Decompte | None) -> str:
    """« Pris en charge. Année 2026 : 1 sur 1. », ou « Pas pris en charge », et pourquoi."""
    if decompte is None:
        return ""
    debut = "Pris en charge." if decompte.pris_en_charge else "Pas pris en charge."
    return f"{debut} {decompte.raison}"


# --- Demander ---


def demander_module(
    *, code: str, jour: date, organisme: Organisme, par: Acteur, sans_prise_en_charge: bool = False
) -> InscriptionModule:
    """Un conseiller demande un module à un organisme. `sans_prise_en_charge` : il sait que l'État ne le paie pas.

    Raises:
        ValidationError: date, module ou organisme impossibles ; hors du quota sans l'avoir accepté ; déjà demandé.
        TransitionImpossible: ni entré en formation, ni dispensé.
    """
    if not isinstance(par, Role) or not access.peut_demander_module(par):
        raise PermissionDenied
    aujourdhui = timezone.localdate()
    with transaction.atomic():
        # Deux onglets : le second voit le module du premier dans le quota.
        Utilisateur.objects.select_for_update(no_key=True).get(pk=par.utilisateur_id)
        _exiger_date(code, jour, aujourdhui)
        if organisme.ferme_le is not None:
            raise ValidationError({"organisme": "Cet organisme n’accueille plus de conseillers."})
        situation = situation_de(par.utilisateur_id)
        if refus := refus_d_entree(situation):
            raise TransitionImpossible(refus)
        module = InscriptionModule(personne_id=par.utilisateur_id, code=code, jour=jour, organisme=organisme)
        if Suivi(jour, code) not in {d.suivi for d in situation.droits.decomptes}:
            avertis = apercu(situation, code, jour).avertissements
            if avertis and not sans_prise_en_charge:
                raise ValidationError({"sans_prise_en_charge": list(avertis)})
        enregistrer(module)
        noter(module, "demander_module", par=par, vers=module.etat, donnees={"code": code, "jour": jour.isoformat()})
        _prevenir_organisme(module)
    return module


def _exiger_date(code: str, jour: date, aujourdhui: date) -> None:
    if jour < aujourdhui:
        raise ValidationError({"jour": "Choisissez une date à venir : un module ne se demande pas après coup."})
    if jour > aujourdhui + AVANCE_MAX:
        raise ValidationError({"jour": "Choisissez une date dans les deux ans."})
    try:
        offre_au(jour).module(code)
    except ModuleInconnu as inconnu:
        raise ValidationError({"jour": str(inconnu)}) from inconnu


def _prevenir_organisme(module: InscriptionModule) -> None:
    """Les agents de l'organisme ; à défaut de compte, son adresse de contact."""
    organisme = module.organisme
    qui = destinataires.de_l_organisme(organisme, "formations:module", module.pk)
    if not qui and organisme is not None and organisme.contact_email:
        qui = [Destinataire(organisme.contact_email, accueil())]
    for chacun in qui:
        mettre_en_file(_message(emails.ModuleDemande, module, chacun.lien), a=chacun.email, objet=module)


def _message(classe: type[emails.SurModule], module: InscriptionModule, lien: str, **champs: Any) -> emails.SurModule:
    decompte = situation_de(module.personne_id).decomptes.get(module.pk)
    return classe(
        module=libelle(module.code, module.jour),
        jour=f"{module.jour:%d/%m/%Y}",
        organisme=module.organisme.nom if module.organisme else "",
        personne=module.personne.get_full_name(),
        prise_en_charge=dire_prise_en_charge(decompte),
        lien=lien,
        **champs,
    )


def _prevenir_personne(module: InscriptionModule, classe: type[emails.SurModule], **champs: Any) -> None:
    roles = Role.objects.actifs().filter(type=TypeRole.CONSEILLER, utilisateur=module.personne_id)
    for role in roles.select_related("utilisateur").order_by("pk"):
        lien = settings.SITE_URL + reverse("formations:module", args=[role.pk, module.pk])
        mettre_en_file(_message(classe, module, lien, **champs), a=role.utilisateur.email, objet=module)


# --- Répondre ---


def accepter_module(module: InscriptionModule, *, par: Acteur) -> InscriptionModule:
    with transition(
        module, "accepter_module", table=TRANSITIONS_MODULE, par=par, peut=access.peut_traiter_module
    ) as courant:
        _prevenir_personne(courant, emails.ModuleAccepte)
    return courant


def refuser_module(module: InscriptionModule, *, motif: str, par: Acteur) -> InscriptionModule:
    """L'organisme ou l'ANCT refuse, avec un motif que la personne lit ; son quota lui est rendu."""
    motif = exiger_texte("motif", motif)
    with transition(
        module, "refuser_module", table=TRANSITIONS_MODULE, par=par, peut=access.peut_traiter_module, motif=motif
    ) as courant:
        courant.motif = motif
        _prevenir_personne(courant, emails.ModuleRefuse, motif=motif)
    return courant


def constater_module(module: InscriptionModule, *, par: Acteur) -> InscriptionModule:
    """Le module est suivi.

    Raises:
        TransitionImpossible: sa date n'est pas venue.
    """
    with transition(
        module, "constater_module", table=TRANSITIONS_MODULE, par=par, peut=access.peut_traiter_module
    ) as courant:
        if courant.jour > timezone.localdate():
            raise TransitionImpossible(f"Ce module commence le {courant.jour:%d/%m/%Y} : il n’est pas encore suivi.")
    return courant


def annuler_module(module: InscriptionModule, *, par: Acteur) -> InscriptionModule:
    """La personne, l'organisme ou l'ANCT annule une demande ; le quota est rendu."""
    with transition(
        module, "annuler_module", table=TRANSITIONS_MODULE, par=par, peut=access.peut_annuler_module
    ) as courant:
        pass
    return courant


def decomptes(modules: Iterable[InscriptionModule]) -> dict[int, Decompte]:
    """Pris en charge ou non, par numéro ; rien pour un module refusé ou annulé."""
    lus = [m for m in modules if m.etat in MODULES_COMPTES]
    connues = situations({m.personne_id for m in lus})
    return {m.pk: connues[m.personne_id].decomptes[m.pk] for m in lus if m.pk in connues[m.personne_id].decomptes}
