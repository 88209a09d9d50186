"""Organismes, inscriptions, sessions et émargements en base, pour les tests."""

from datetime import date, time, timedelta
from typing import Any

from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.formations.models import Emargement, Inscription, Organisme, Place, Seance, SessionFormation
from conum.formations.models.presence import VoieSignature
from conum.formations.rules import marches
from conum.formations.states import Etat, EtatPlace, EtatSession
from conum.postes.models import Contrat
from conum.structures.models import Structure
from tests.comptes.fabriques import RoleFactory
from tests.postes import fabriques as postes

PARCOURS = "2025-385"
HEURES = ((time(9), time(12, 30)), (time(13, 30), time(17)))
jour, anct, membre_de = postes.jour, postes.anct, postes.membre_de


def organisme(nom: str = "La Fabrik", **champs: Any) -> Organisme:
    valeurs = {"code": nom.lower().replace(" ", "-").replace("’", ""), "contact_email": "contact@exemple.fr"}
    return Organisme.objects.get_or_create(nom=nom, defaults=valeurs | champs)[0]


def role_organisme(chez: Organisme) -> Role:
    return RoleFactory(type=TypeRole.ORGANISME, code=chez.code, libelle=f"Organisme de formation — {chez.nom}")


def contrat(*, debut: date | None = None, structure: Structure | None = None, **champs: Any) -> Contrat:
    """Un contrat validé dans une structure neuve, commencé il y a dix jours."""
    if structure is None:
        structure, (poste,) = postes.structure_avec(1)
    else:
        poste = structure.rattachements.latest("pk").poste
    return postes.en_poste(poste, debut=debut or jour(-10), **champs)


def inscription(*, etat: str = Etat.OUVERTE, chez: Organisme | None = None, **champs: Any) -> Inscription:
    """Une inscription écrite directement, confiée à La Fabrik, au parcours de 2025 si son état en demande un."""
    du = champs.pop("contrat", None) or contrat()
    marche = marches.regle_au(du.debut)
    structure = du.structure
    assert structure is not None
    parcours = "" if etat in (Etat.OUVERTE, Etat.DISPENSEE, Etat.ABANDONNEE) else PARCOURS
    valeurs: dict[str, Any] = {
        "contrat": du,
        "personne": du.personne,
        "commune": structure.commune,
        "organisme": chez or organisme(),
        "etat": etat,
        "marche_code": marche.code,
        "marche_empreinte": marche.empreinte,
        "contrat_signe_le": timezone.localdate(),
        "parcours": parcours,
        "disponible_le": du.debut,
        "arret_motif": "Contrat rompu." if etat == Etat.ABANDONNEE else "",
    }
    return Inscription.objects.create(**(valeurs | champs))


def role_conseiller(de: Inscription) -> Role:
    return Role.objects.get_or_create(
        utilisateur=de.personne, type=TypeRole.CONSEILLER, defaults={"libelle": "Conseiller numérique"}
    )[0]


def employeur(de: Inscription) -> Role:
    """Un membre de la structure de cette inscription."""
    structure = de.contrat.structure
    assert structure is not None
    return membre_de(structure)


def session(
    *, chez: Organisme | None = None, seances: int = 4, debut: date | None = None, etat: str = EtatSession.OUVERTE,
    **champs: Any,
) -> SessionFormation:  # fmt: skip
    """Une session ouverte à Reims, `seances` demi-journées de 3 h 30, deux par jour, dimanche compris."""
    chez, debut = chez or organisme(), debut or jour(30)
    commune = champs.pop("commune", None)
    if commune is None and not champs.get("a_distance"):
        from tests.structures.fabriques import CommuneFactory

        commune = CommuneFactory()
    valeurs: dict[str, Any] = {
        "organisme": chez,
        "intitule": "Session d’essai",
        "marche_code": "2025",
        "parcours": PARCOURS,
        "etat": etat,
        "capacite": 15,
        "commune": commune,
        "lieu": "Maison des associations",
        "lien": "https://visio.exemple/salle" if champs.get("a_distance") else "",
        "debut": debut,
        "fin": debut + timedelta(days=max(seances - 1, 0) // 2),
    }
    creee = SessionFormation.objects.create(**(valeurs | champs))
    Seance.objects.bulk_create(
        Seance(
            session=creee, jour=debut + timedelta(days=k // 2), debut=HEURES[k % 2][0], fin=HEURES[k % 2][1],
            formateur_nom="Dominique Petit", formateur_email="formateur@exemple.fr",
        )
        for k in range(seances)
    )  # fmt: skip
    return creee


def place(dans: SessionFormation, de: Inscription, **champs: Any) -> Place:
    """Un siège, convoqué ; l'état de l'inscription n'est pas touché."""
    siege = Place.objects.filter(session=dans, siege__isnull=False).count() + 1
    valeurs = {"etat": EtatPlace.CONVOQUEE, "siege": siege, "convoquee_le": timezone.now(), "convocations": 1}
    return Place.objects.create(session=dans, inscription=de, **(valeurs | champs))


def emarger(seance: Seance, de: Place, **champs: Any) -> Emargement:
    """Une demi-journée signée des deux mains."""
    valeurs = {
        "signe_apprenant_le": timezone.now(), "apprenant_voie": VoieSignature.ESPACE,
        "signe_formateur_le": timezone.now(), "formateur_voie": VoieSignature.LIEN, "formateur_nom": "Dominique Petit",
    }  # fmt: skip
    return Emargement.objects.create(seance=seance, place=de, **(valeurs | champs))
