"""Retenir un parcours : le test recommande, l'organisme a le dernier mot, avec un motif s'il s'en écarte."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef

from conum.formations import access
from conum.formations.actions.messages import prevenir_personne, prevenir_structure
from conum.formations.emails.positionnement import ParcoursRetenu
from conum.formations.models import Inscription, Positionnement
from conum.formations.models.inscription import InscriptionQuerySet
from conum.formations.rules import marches
from conum.formations.rules.affectation import MOTIF_MIN
from conum.formations.states import TRANSITIONS, Etat
from conum.journal.acteurs import Acteur
from conum.journal.workflow import TransitionImpossible, transition


def parcours_possibles(inscription: Inscription) -> tuple[marches.Parcours, ...]:
    """Ceux du marché figé à l'ouverture, du niveau le plus bas au plus haut."""
    return marches.marche(inscription.marche_code, inscription.marche_empreinte).parcours


def a_retenir(inscriptions: InscriptionQuerySet) -> InscriptionQuerySet:
    """Parmi elles, celles dont le test est fini et dont le parcours reste à retenir."""
    finis = Positionnement.objects.filter(inscription=OuterRef("pk"), fini_le__isnull=False)
    recommandes = finis.exclude(recommandation__parcours="")
    return inscriptions.filter(Exists(recommandes), etat=Etat.OUVERTE)


def retenir_parcours(inscription: Inscription, *, parcours: str, motif: str = "", par: Acteur) -> Inscription:
    """Le parcours que la personne suivra ; se change tant qu'elle n'a pas de place. Elle et l'employeur l'apprennent.

    Raises:
        TransitionImpossible: test pas fini, parcours déjà retenu, personne qui a une place ou l'attend.
        ValidationError: parcours d'un autre marché, ou motif trop court pour s'écarter du test.
    """
    motif = motif.strip()
    donnees: dict[str, Any] = {}
    with transition(
        inscription, "retenir_parcours", table=TRANSITIONS, par=par, peut=access.peut_retenir_parcours,
        motif=motif, donnees=donnees,
    ) as courant:  # fmt: skip
        recommandation = _recommandation(courant)
        choisi = next((p for p in parcours_possibles(courant) if p.code == parcours), None)
        if choisi is None:
            raise ValidationError({"parcours": "Ce parcours n’est pas du marché de ce contrat."})
        if courant.parcours == parcours and courant.parcours_motif == motif:
            raise TransitionImpossible(f"Ce parcours est déjà retenu : {choisi.libelle}.")
        suivi = parcours == recommandation["parcours"]
        if not suivi and len(motif) < MOTIF_MIN:
            raise ValidationError(
                {"motif": f"Un autre parcours que celui du test se justifie : {MOTIF_MIN} signes au moins."}
            )
        if courant.places.vivantes().exists():  # type: ignore[attr-defined]
            raise TransitionImpossible(
                "La personne est sur une liste d’attente : retirez-la avant de changer de parcours."
            )
        donnees |= {"avant": courant.parcours, "apres": parcours, "recommande": recommandation["parcours"]}
        courant.parcours, courant.parcours_motif = parcours, "" if suivi else motif
        champs = {"parcours": choisi.libelle, "recommande": recommandation["libelle"], "motif": courant.parcours_motif}
        prevenir_personne(courant, ParcoursRetenu, **champs)
        prevenir_structure(courant, ParcoursRetenu, **champs)
    return courant


def _recommandation(inscription: Inscription) -> dict[str, Any]:
    fini = Positionnement.objects.filter(inscription=inscription, fini_le__isnull=False).first()
    if fini is None:
        raise TransitionImpossible("La personne n’a pas fini son test de positionnement.")
    recommandation: dict[str, Any] = fini.recommandation
    return recommandation
