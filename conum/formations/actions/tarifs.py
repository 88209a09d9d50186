"""Ce qu'une personne coûte à l'État dans un marché : publié par le marché, ou saisi par l'ANCT d'après un acte."""

from datetime import date
from decimal import Decimal

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from conum.comptes.models import Role
from conum.formations import access
from conum.formations.models import Organisme, TarifMarche
from conum.formations.models.etat import NatureCout
from conum.formations.rules import marches
from conum.formations.rules.etats import Prix
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.socle.donnees_figees import nommer
from conum.socle.enregistrement import enregistrer


def prix_publie(marche_code: str, nature: str) -> Prix | None:
    """Le prix que le marché dit lui-même ; rien s'il l'ignore, même en partie."""
    couts = [c for c in marches.marche(marche_code).couts if c.nature == nature]
    if not couts or any(c.inconnu for c in couts):
        return None
    moyenne = "moyenne publiée" if any(c.moyenne for c in couts) else "prix publié"
    return Prix(
        sum((c.montant for c in couts), Decimal(0)), f"{moyenne} : {nommer(s for c in couts for s in c.sources)}"
    )


class Grille:
    """Les prix d'un organisme dans un marché, lus une fois."""

    def __init__(self, organisme: Organisme, marche_code: str) -> None:
        self._publies = {n: prix_publie(marche_code, n) for n in NatureCout.values}
        self._saisis = list(
            TarifMarche.objects.filter(organisme=organisme, marche_code=marche_code).order_by("-depuis")
        )

    def prix(self, nature: str, jour: date) -> Prix | None:
        """Le prix du jour où la personne commence, ou se présente ; rien si personne ne le dit."""
        if (publie := self._publies[nature]) is not None:
            return publie
        saisi = next((t for t in self._saisis if t.nature == nature and t.depuis <= jour), None)
        return Prix(saisi.montant, source_de(saisi)) if saisi else None


def source_de(tarif: TarifMarche) -> str:
    return f"{tarif.reference}, à compter du {tarif.depuis:%d/%m/%Y}"


def saisir_tarif(
    organisme: Organisme,
    *,
    marche_code: str,
    nature: str,
    montant: Decimal,
    depuis: date,
    reference: str,
    par: Role,
) -> TarifMarche:
    """L'ANCT écrit un prix que le marché ne publie pas, avec la référence de l'acte ; le suivant prend sa suite.

    Raises:
        PermissionDenied: seule l'ANCT saisit un prix.
        TransitionImpossible: le marché publie déjà ce prix.
        ValidationError: un prix plus récent existe, ou un champ n'est pas recevable.
    """
    if not access.peut_administrer(par):
        raise PermissionDenied
    try:
        publie = prix_publie(marche_code, nature)
    except marches.MarcheInconnu as erreur:
        raise ValidationError({"marche_code": str(erreur)}) from erreur
    if publie is not None:
        raise TransitionImpossible("Ce marché publie déjà ce prix : il ne se saisit pas.")
    with transaction.atomic():
        Organisme.objects.select_for_update(no_key=True).get(pk=organisme.pk)
        siens = TarifMarche.objects.filter(organisme=organisme, marche_code=marche_code, nature=nature)
        dernier = siens.order_by("-depuis").first()
        if dernier is not None and depuis <= dernier.depuis:
            raise ValidationError(
                {"depuis": f"Un prix court déjà à compter du {dernier.depuis:%d/%m/%Y}. Choisissez une date plus tard."}
            )
        tarif = TarifMarche(
            organisme=organisme, marche_code=marche_code, nature=nature, montant=montant, depuis=depuis,
            reference=" ".join(reference.split()), par=par,
        )  # fmt: skip
        enregistrer(tarif)
        donnees = {"organisme": organisme.pk, "marche": marche_code, "nature": nature, "montant": str(montant)}
        noter(tarif, "saisir_tarif", par=par, donnees=donnees)
        return tarif
