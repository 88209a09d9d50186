"""La prise de poste : permise ou non par les faits en base, enregistrée par l’employeur ou l’ANCT, ou annulée."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from conum.comptes.models import Role
from conum.courriels.actions import mettre_en_file
from conum.formations import access
from conum.formations.actions import faits
from conum.formations.actions.assiduite import assiduites
from conum.formations.emails import destinataires
from conum.formations.emails import prise_de_poste as emails
from conum.formations.models import Attestation, Dispense, Inscription, PriseDePoste
from conum.formations.rules.assiduite import Assiduite
from conum.formations.rules.marches import Catalogue, regle_au
from conum.formations.rules.prise_de_poste import Exemption, Formation, Verdict, peut_prendre_poste
from conum.formations.states import FAITES, VIVANTES, EtatDispense
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.postes.actions.gardes import exiger_texte
from conum.postes.emails.destinataires import accueil
from conum.postes.models import Contrat
from conum.postes.models.contrat import ContratQuerySet
from conum.postes.states import CONFIRMES
from conum.socle.enregistrement import enregistrer

_ENGAGEES = sorted(VIVANTES | FAITES)


@dataclass(frozen=True)
class _Faits:
    """Ce qu'on sait d'une personne, quel que soit le contrat pour lequel elle a été formée."""

    inscription: Inscription | None = None
    formation: Formation | None = None
    exemption: Exemption | None = None


def verdict(objet: Inscription | Contrat, jour: date | None = None) -> Verdict:
    """La personne peut-elle prendre son poste ce jour-là, et sinon pourquoi."""
    contrat = objet.contrat if isinstance(objet, Inscription) else objet
    return verdicts([contrat], jour)[contrat.pk]


def verdicts(contrats: Iterable[Contrat], jour: date | None = None) -> dict[int, Verdict]:
    """Ceux de plusieurs contrats, par numéro, en un nombre constant de questions à la base."""
    jour = jour or timezone.localdate()
    lus = list(contrats)
    connus = _faits({c.personne_id for c in lus}, jour)
    return {c.pk: _juger(c, connus.get(c.personne_id, _Faits()), jour) for c in lus}


def _juger(contrat: Contrat, connus: _Faits, jour: date) -> Verdict:
    regle = regle_au(contrat.debut)
    if (inscription := connus.inscription) is not None and inscription.contrat_id == contrat.pk:
        # La règle gardée à l'ouverture : un marché publié depuis ne change pas ce qui était dû.
        regle = faits.marche_fige(inscription.marche_code, inscription.marche_empreinte, contrat)
    rendu = peut_prendre_poste(
        contrat.debut,
        jour=jour,
        formation=connus.formation,
        exemption=connus.exemption,
        contrat_fin=contrat.dernier_jour,
        marches=Catalogue((), regle),
    )
    if contrat.etat not in CONFIRMES:
        phrase = f"Le contrat est « {contrat.get_etat_display()} » : il n’est pas validé par l’ANCT."
        rendu = replace(rendu, autorise=False, raisons=(phrase, *rendu.raisons))
    return rendu


def _faits(personnes: set[int], jour: date) -> dict[int, _Faits]:
    """La formation et la dispense de chacun : celles de ce contrat, ou d'un contrat passé."""
    engagees = list(Inscription.objects.filter(personne__in=personnes, etat__in=_ENGAGEES).order_by("pk"))
    numeros = [i.pk for i in engagees]
    heures, debuts = assiduites(engagees, jour), faits.debuts(numeros)
    attestees = dict(
        Attestation.objects.valables().filter(inscription__in=numeros).values_list("inscription", "delivree_le")
    )
    exemptions = _exemptions(personnes)
    return {
        numero: _Faits(exemption=exemptions.get(numero)) for numero in personnes
    } | {
        i.personne_id: _Faits(
            i,
            _formation(heures[i.pk], debuts.get(i.pk), attestees.get(i.pk)),
            exemptions.get(i.personne_id),
        )
        for i in engagees
    }  # fmt: skip


def _formation(heures: Assiduite, debut: date | None, attestee_le: date | None) -> Formation:
    """Une attestation valable prouve les heures : les émargements qui l'ont permise s'effacent bien avant elle."""
    if attestee_le is not None:
        cours, stage = (replace(p, faites=max(p.faites, p.requises)) for p in (heures.cours, heures.stage))
        heures = replace(heures, cours=cours, stage=stage)
    return Formation(heures, debut, attestee_le)


def _exemptions(personnes: set[int]) -> dict[int, Exemption]:
    acceptees = Dispense.objects.filter(inscription__personne__in=personnes, etat=EtatDispense.ACCEPTEE)
    return {d.inscription.personne_id: exemption_de(d) for d in acceptees.select_related("inscription").order_by("pk")}


def exemption_de(dispense: Dispense) -> Exemption:
    """Un certificat effacé au terme de sa conservation a été lu : il prouve encore."""
    preuve = bool(dispense.preuve) or dispense.efface_le is not None
    return Exemption(dispense.certification, dispense.obtenue_le, preuve, dispense.titre)


# --- Enregistrer, annuler ---


def enregistrer_prise_de_poste(contrat: Contrat, *, le: date, par: Acteur) -> PriseDePoste:
    """La personne a pris son poste ce jour-là ; le verdict qui le permettait est gardé tel que montré.

    Raises:
        ValidationError: date à venir, ou ce que les règles de la date du contrat empêchent, une phrase chacun.
        TransitionImpossible: déjà enregistrée.
    """
    with transaction.atomic():
        # Le contrat, puis les inscriptions : une attestation annulée à l'instant attend, ou se voit.
        courant = Contrat.objects.select_for_update(of=("self",), no_key=True).get(pk=contrat.pk)
        if not access.peut_prendre_acte_du_contrat(par, courant):
            raise PermissionDenied
        siennes = Inscription.objects.filter(personne=courant.personne_id).order_by("pk")
        list(siennes.select_for_update(of=("self",), no_key=True))
        _exiger_nouvelle(courant)
        if le > timezone.localdate():
            raise ValidationError(
                {"le": "La prise de poste ne s’enregistre pas à l’avance : choisissez une date passée."}
            )
        rendu = verdict(courant, le)
        if not rendu.autorise:
            raise ValidationError({"le": list(rendu.raisons)})
        prise = PriseDePoste(contrat=courant, le=le, verdict=_figer(rendu), par=par if isinstance(par, Role) else None)
        enregistrer(prise)
        noter(prise, "enregistrer_prise_de_poste", par=par, donnees={"contrat": courant.pk, "le": le.isoformat()})
        _prevenir(courant, emails.PriseDePosteEnregistree, le=f"{le:%d/%m/%Y}")
    return prise


def _figer(rendu: Verdict) -> dict[str, Any]:
    return {"autorise": rendu.autorise, "raisons": list(rendu.raisons), "regle": rendu.regle}


def _exiger_nouvelle(contrat: Contrat) -> None:
    deja = PriseDePoste.objects.valables().filter(contrat=contrat).first()
    if deja is not None:
        raise TransitionImpossible(f"La prise de poste est déjà enregistrée, au {deja.le:%d/%m/%Y}.")


def annuler_prise_de_poste(prise: PriseDePoste, *, motif: str, par: Acteur) -> PriseDePoste:
    """L'ANCT annule une prise de poste enregistrée à tort ; une autre peut prendre sa place.

    Raises:
        TransitionImpossible: déjà annulée.
    """
    motif = exiger_texte("motif", motif)
    with transaction.atomic():
        courante = PriseDePoste.objects.select_for_update(of=("self",), no_key=True).get(pk=prise.pk)
        if not access.peut_administrer(par, courante):
            raise PermissionDenied
        if courante.annulee_le is not None:
            raise TransitionImpossible("Cette prise de poste est déjà annulée.")
        courante.annulee_le, courante.annulee_motif = timezone.now(), motif
        enregistrer(courante)
        noter(courante, "annuler_prise_de_poste", par=par, motif=motif, donnees={"contrat": courante.contrat_id})
        _prevenir(courante.contrat, emails.PriseDePosteAnnulee, le=f"{courante.le:%d/%m/%Y}", motif=motif)
    return courante


def _prevenir(contrat: Contrat, classe: type[emails.SurPriseDePoste], **champs: Any) -> None:
    """La personne, depuis la page de son inscription s'il y en a une."""
    structure = contrat.structure
    inscription = Inscription.objects.filter(personne=contrat.personne_id).order_by("pk").last()
    siens = destinataires.de_la_personne(inscription, "formations:inscription", inscription.pk) if inscription else []
    message = classe(
        contrat=contrat.reference,
        structure=structure.nom if structure else "",
        lien=siens[0].lien if siens else accueil(),
        **champs,
    )
    mettre_en_file(message, a=contrat.personne.email, objet=contrat)


# --- Qui n'a pas pris son poste ---


def sans_prise_de_poste(contrats: ContratQuerySet, jour: date) -> ContratQuerySet:
    """Ceux qui courent ce jour-là et dont la prise de poste n'est pas enregistrée."""
    prises = PriseDePoste.objects.valables().filter(contrat=OuterRef("pk"))
    return contrats.en_cours(jour).filter(~Exists(prises))


def prises_de(contrats: Sequence[Contrat]) -> dict[int, list[PriseDePoste]]:
    """Les prises de poste de ces contrats, annulées comprises, la dernière d'abord."""
    lues = PriseDePoste.objects.filter(contrat__in=[c.pk for c in contrats]).select_related("par__utilisateur")
    par_contrat: dict[int, list[PriseDePoste]] = defaultdict(list)
    for prise in lues.order_by("-pk"):
        par_contrat[prise.contrat_id].append(prise)
    return par_contrat
