"""L'attestation de fin de formation : toutes les heures signées, un PDF figé, vérifiable par son code.

La délivrer est un geste de l'organisme, ou de l'ANCT : la machine dit seulement qui peut l'être.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import DurationField, ExpressionWrapper, F, QuerySet, Sum
from django.db.transaction import atomic
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from conum.formations.access import peut_administrer, peut_attester
from conum.formations.actions import messages
from conum.formations.actions.assiduite import assiduite_de, assiduites
from conum.formations.actions.presence import exiger_motif
from conum.formations.emails.presence import AttestationAnnulee, AttestationDelivree
from conum.formations.models import Attestation, Emargement, Inscription
from conum.formations.rules import attestation as modeles
from conum.formations.rules import marches
from conum.formations.rules.assiduite import Assiduite, Part, en_heures
from conum.formations.rules.certification import intitule, limite_de_presentation
from conum.formations.states import TRANSITIONS, Etat
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.socle import codes, depot, pdf
from conum.socle.enregistrement import enregistrer

_ATTESTABLES = [Etat.INSCRITE, Etat.EN_FORMATION]


@dataclass(frozen=True)
class Delivrance:
    """Ce qu'a donné une délivrance en nombre : les attestations, et qui n'en a pas eu, avec la raison."""

    delivrees: tuple[Attestation, ...]
    refus: tuple[tuple[Inscription, str], ...]


def adresse_de_verification(attestation: Attestation) -> str:
    """L'adresse publique imprimée sur le document : la même page que pour une convention."""
    return settings.SITE_URL + reverse("conventions:verifier_acte", args=[attestation.code])


def _jour(d: date) -> str:
    """« 1er janvier 2027 », « 2 janvier 2027 »."""
    return date_format(d, "1\\e\\r F Y" if d.day == 1 else "j F Y")


def contenu_de(attestation: Attestation, suivie: Assiduite) -> dict[str, Any]:
    """Ce que lit `attestation.typ`, et rien d'autre."""
    inscription = attestation.inscription
    parcours = marches.parcours(inscription.parcours)
    marche = marches.marche(inscription.marche_code)
    structure = inscription.contrat.structure
    faits = list(_faits(inscription))
    debut, fin = faits[0].seance.jour, faits[-1].seance.jour
    adresse = adresse_de_verification(attestation)
    limite = limite_de_presentation(fin, marche)
    return {
        "reference": inscription.reference,
        "jour": _jour(attestation.delivree_le),
        "code": codes.lisible(attestation.code),
        "adresse": adresse,
        "qr": pdf.modules_qr(adresse),
        "personne": inscription.personne.get_full_name(),
        "structure": structure.denomination if structure else "",
        "parcours": parcours.libelle,
        "marche": marches.marche(parcours.marche).titre,
        "organismes": list(dict.fromkeys(e.seance.session.organisme.nom for e in faits)),
        "debut": _jour(debut),
        "fin": _jour(fin),
        "heures": [_part(nom, part) for nom, part in _parts(suivie) if part.requises or part.faites],
        "dues": en_heures(suivie.requises),
        "suivies": en_heures(suivie.faites),
        "demi_journees": len(faits),
        "sessions": list(dict.fromkeys(_session(e) for e in faits)),
        "certification": intitule(marches.CCP1, fin),
        "presentation": f"La personne s’y présente, ainsi qu’à la certification Pix, avant le {_jour(limite)}.",
    }


def _faits(inscription: Inscription) -> QuerySet[Emargement]:
    """Ses demi-journées signées des deux mains, dans l'ordre des jours."""
    faits = Emargement.objects.faits().filter(place__inscription=inscription)
    return faits.select_related("seance__session__organisme").order_by("seance__jour", "seance__debut", "pk")


def _parts(suivie: Assiduite) -> Iterable[tuple[str, Part]]:
    return ("Cours", suivie.cours), ("Stage", suivie.stage)


def _part(nom: str, part: Part) -> dict[str, str]:
    return {"nature": nom, "dues": en_heures(part.requises), "suivies": en_heures(part.faites)}


def _session(emargement: Emargement) -> str:
    session = emargement.seance.session
    return f"{session.reference}, {session.intitule} ({session.organisme.nom})"


def produire(attestation: Attestation) -> bytes:
    """Le PDF tel que ses données figées le disent : le même, octet pour octet, à chaque fois."""
    modele = modeles.modele(attestation.modele_code, attestation.modele_empreinte)
    return pdf.produire(modele.gabarit(modeles.GABARIT), attestation.donnees["document"])


def delivrer_attestation(inscription: Inscription, *, par: Acteur) -> Attestation:
    """Fige l'attestation d'une personne dont toutes les heures sont signées, et prévient elle et son employeur.

    Raises:
        PermissionDenied: ni l'organisme qui la forme ni l'ANCT.
        TransitionImpossible: déjà attestée, arrêtée, ou des heures manquent ou se contredisent.
    """
    with transition(inscription, "attester", table=TRANSITIONS, par=par, peut=peut_attester) as courante:
        suivie = assiduite_de(courante)
        if raisons := modeles.empechements(suivie):
            raise TransitionImpossible(" ".join(raisons))
        modele = modeles.courant()
        attestation = Attestation(
            inscription=courante, delivree_le=timezone.localdate(), minutes=suivie.faites,
            modele_code=modele.code, modele_empreinte=modele.empreinte,
        )  # fmt: skip
        attestation.donnees = {"document": contenu_de(attestation, suivie)}
        contenu = produire(attestation)
        attestation.sha256 = hashlib.sha256(contenu).hexdigest()
        with depot.ranger(attestation, "document", contenu, "pdf") as chemin:
            attestation.document.name = chemin
            enregistrer(attestation)
            champs = {"heures": en_heures(suivie.faites), "verification": codes.lisible(attestation.code)}
            messages.prevenir_personne(courante, AttestationDelivree, **champs)
            messages.prevenir_structure(courante, AttestationDelivree, **champs)
    return attestation


def delivrer_plusieurs(inscriptions: Sequence[Inscription], *, par: Acteur) -> Delivrance:
    """Une par une, chacune pour son compte : une personne qui ne peut l'être n'arrête pas les autres."""
    delivrees, refus = [], []
    for inscription in sorted(inscriptions, key=lambda i: i.pk):
        try:
            delivrees.append(delivrer_attestation(inscription, par=par))
        except TransitionImpossible as erreur:
            refus.append((inscription, str(erreur)))
        except PermissionDenied:
            refus.append((inscription, "Cette personne n’est pas de vos sessions."))
    return Delivrance(tuple(delivrees), tuple(refus))


def annuler_attestation(attestation: Attestation, *, motif: str, par: Acteur) -> Attestation:
    """L'attestation reste, et sa page de vérification dit qu'elle ne vaut plus rien ; la formation reprend.

    Raises:
        PermissionDenied: un autre que l'ANCT.
        TransitionImpossible: elle est déjà annulée.
    """
    motif = exiger_motif(motif)
    donnees: dict[str, str] = {}
    with transition(
        attestation.inscription, "annuler_attestation", table=TRANSITIONS, par=par, peut=peut_administrer, motif=motif,
        donnees=donnees,
    ) as courante:  # fmt: skip
        valable = Attestation.objects.valables().select_for_update(no_key=True).filter(pk=attestation.pk).first()
        if valable is None:
            raise TransitionImpossible("Cette attestation est déjà annulée.")
        donnees |= {"code": valable.code, "sha256": valable.sha256}
        valable.annulee_le, valable.annulee_motif = timezone.now(), motif
        enregistrer(valable)
        champs = {"verification": codes.lisible(valable.code), "motif": motif}
        messages.prevenir_personne(courante, AttestationAnnulee, **champs)
        messages.prevenir_structure(courante, AttestationAnnulee, **champs)
        messages.prevenir_organisme(
            courante, AttestationAnnulee, verification=champs["verification"], motif=champs["motif"]
        )
    return valable


def effacer_documents(avant: datetime) -> int:
    """Les documents délivrés avant cette date, et le nom qu'ils portent ; code, date, heures et empreinte restent.

    Rend le nombre de documents effacés.
    """
    anciennes = Attestation.objects.filter(delivree_le__lt=timezone.localdate(avant), efface_le=None)
    nombre = 0
    for pk in list(anciennes.order_by("pk").values_list("pk", flat=True)):
        with atomic():
            ancienne = anciennes.select_for_update(no_key=True).filter(pk=pk).first()
            if ancienne is None:
                continue
            depot.effacer_apres_validation(ancienne.document.name)
            ancienne.document.name, ancienne.donnees, ancienne.efface_le = "", {}, timezone.now()
            ancienne.save(update_fields=["document", "donnees", "efface_le"])
            noter(ancienne, "effacer_attestation", par=SYSTEME, donnees={"sha256": ancienne.sha256})
            nombre += 1
    return nombre


def a_delivrer(acteur: Acteur) -> list[Inscription]:
    """Les personnes que ce rôle peut attester, toutes leurs heures signées ; la plus ancienne inscription d'abord.

    La base additionne d'abord les heures ; seules celles qui y sont passent par la règle.
    """
    visibles = Inscription.objects.visibles_par(acteur).filter(etat__in=_ATTESTABLES)
    sommes: dict[int, dict[str, int]] = defaultdict(dict)
    duree = ExpressionWrapper(F("seance__fin") - F("seance__debut"), output_field=DurationField())
    lignes = (
        Emargement.objects.faits()
        .filter(place__inscription__in=visibles.order_by().values("pk"))
        .values_list("place__inscription", "seance__nature")
        .annotate(total=Sum(duree))
        .order_by()
    )
    for numero, nature, total in lignes:
        sommes[numero][nature] = int(total.total_seconds()) // 60
    candidates = visibles.filter(pk__in=sommes).select_related("personne", "organisme", "contrat__poste")
    retenues = [i for i in candidates.order_by("created_at", "pk") if _peut_suffire(i, sommes[i.pk])]
    suivies = assiduites(retenues)
    return [i for i in retenues if not modeles.empechements(suivies[i.pk])]


def _peut_suffire(inscription: Inscription, sommes: dict[str, int]) -> bool:
    try:
        parcours = marches.parcours(inscription.parcours)
    except marches.MarcheInconnu:
        return False
    return sommes.get("cours", 0) >= parcours.heures_cours * 60 and sommes.get("stage", 0) >= parcours.heures_stage * 60
