"""Candidats, recrutements et mises en relation pour les tests."""

from datetime import date, datetime, timedelta
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from conum.comptes.models import Role, TypeRole
from conum.postes.models import Contrat, Poste, Rattachement
from conum.recrutement.models import Candidat, MiseEnRelation, Origine, PosteOuvert, Recrutement
from conum.recrutement.rules import relation as regles
from conum.recrutement.states import IDENTITE_OUVERTE, Etat, EtatCandidat, EtatRecrutement
from conum.territoires.models import Commune
from conum.utilisateurs.models import Utilisateur
from tests.comptes.fabriques import DepartementFactory, RoleFactory, UtilisateurFactory
from tests.structures.fabriques import MembreFactory, StructureFactory

# Trois communes de la Marne, placées : Reims, Tinqueux (4 km), Épernay (24 km).
LIEUX = {
    "51454": ("Reims", 49.2583, 4.0317),
    "51573": ("Tinqueux", 49.2500, 3.9900),
    "51230": ("Épernay", 49.0433, 3.9594),
}


def commune(code: str = "51454") -> Commune:
    """Une commune de la Marne, avec ses coordonnées."""
    nom, latitude, longitude = LIEUX[code]
    voulu = {"nom": nom, "departement": DepartementFactory(), "latitude": latitude, "longitude": longitude}
    trouvee, neuve = Commune.objects.get_or_create(code=code, defaults=voulu)
    if not neuve and trouvee.latitude is None:
        trouvee.latitude, trouvee.longitude = latitude, longitude
        trouvee.save(update_fields=["latitude", "longitude"])
    return trouvee


class CandidatFactory(DjangoModelFactory):
    """Disponible, confirmé, à Reims, 20 km, avec son compte ; `etat=` pour un autre état."""

    class Meta:
        model = Candidat

    etat = EtatCandidat.DISPONIBLE
    prenom = "Inès"
    nom = factory.Sequence(lambda n: f"Moreau{n}")
    email = factory.Sequence(lambda n: f"candidate{n}@exemple.fr")
    telephone = "+33 6 39 98 12 34"
    commune = factory.LazyFunction(commune)
    departement = factory.LazyAttribute(lambda c: c.commune.departement)
    latitude = factory.LazyAttribute(lambda c: c.commune.latitude)
    longitude = factory.LazyAttribute(lambda c: c.commune.longitude)
    en_recherche = True
    mobilite_km = 20
    disponible_le = factory.LazyFunction(timezone.localdate)
    motivation = "J'aime transmettre, et j'anime déjà des ateliers dans mon quartier."
    confirme_le = factory.LazyFunction(timezone.now)
    disponibilite_confirmee_le = factory.LazyFunction(timezone.now)
    actif_le = factory.LazyFunction(timezone.now)
    role = factory.LazyAttribute(
        lambda c: RoleFactory(
            type=TypeRole.CANDIDAT,
            libelle="Ma candidature",
            utilisateur=UtilisateurFactory(email=c.email, prenom=c.prenom, nom=c.nom),
        )
    )


def recrutement(*, postes: int = 1, debut: date | None = None, code: str = "51454", **champs: Any) -> Recrutement:
    """Ouvert, avec ses postes rattachés ; la structure a un membre (`structure.membres.first().role`)."""
    lieu = commune(code)
    structure = champs.pop("structure", None) or StructureFactory(commune=lieu)
    if not structure.membres.exists():
        MembreFactory(structure=structure, contact_principal=True)
    jour = timezone.localdate()
    voulu: dict[str, Any] = {
        "etat": EtatRecrutement.OUVERT,
        "ouvert_le": timezone.now(),
        "attribue_le": jour - timedelta(days=5),
        "debut": debut or jour + timedelta(days=30),
    }
    cree = Recrutement.objects.create(
        structure=structure, commune=lieu, departement=lieu.departement, latitude=lieu.latitude,
        longitude=lieu.longitude, **(voulu | champs),
    )  # fmt: skip
    for _ in range(postes):
        poste = Poste.objects.create(type=cree.type_poste)
        rattachement = Rattachement.objects.create(poste=poste, structure=structure, periode=(cree.attribue_le, None))
        PosteOuvert.objects.create(recrutement=cree, rattachement=rattachement)
    return cree


def relation(
    recrutement_: Recrutement | None = None,
    candidat: Candidat | None = None,
    *,
    etat: str = Etat.PROPOSEE,
    attend_depuis: datetime | None = None,
    **champs: Any,
) -> MiseEnRelation:
    """Une mise en relation dans l'état voulu, avec ce que cet état suppose."""
    maintenant = timezone.now()
    depuis = attend_depuis or maintenant
    voulu: dict[str, Any] = {
        "origine": Origine.APPARIEMENT,
        "rang": 1,
        "distance_km": 4.2,
        "cout": 4.2,
        "detail": {"distance": 4.2},
        "attend_depuis": depuis,
        "echeance": regles.echeance(depuis),
    }
    if etat in IDENTITE_OUVERTE:
        voulu["contact_accepte_le"] = maintenant
    if etat == Etat.ENTRETIEN:
        voulu |= {"entretien_le": maintenant + timedelta(days=2), "entretien_mode": "visio"}
    if etat in {Etat.OFFRE, Etat.ACCEPTEE, Etat.RECRUTEE}:
        voulu |= {
            "offre_le": maintenant, "offre_type_contrat": "cdi", "offre_salaire": "1900.00",
            "offre_debut": timezone.localdate() + timedelta(days=30),
        }  # fmt: skip
    if etat == Etat.RESERVE:
        voulu |= {"rang_reserve": 1, "echeance": None}
    return MiseEnRelation.objects.create(
        recrutement=recrutement_ or recrutement(),
        candidat=candidat or CandidatFactory(),
        etat=etat,
        **(voulu | champs),
    )


def pourvoir(poste: PosteOuvert, m: MiseEnRelation) -> PosteOuvert:
    """Le poste est pris par cette mise en relation, et son contrat court depuis hier."""
    poste.pourvu_par, poste.pourvu_le = m, timezone.now()
    poste.save()
    Contrat.objects.create(
        poste=poste.rattachement.poste, personne=m.candidat.role.utilisateur, type="cdi", salaire="2000.00",
        periode=(timezone.localdate() - timedelta(days=1), None),
    )  # fmt: skip
    return poste


def membre(recrutement_: Recrutement):
    """Le rôle du contact de la structure qui recrute."""
    return recrutement_.structure.membres.order_by("pk").first().role


def vivier(nombre: int, *, pas_km: float = 1.0) -> list[Candidat]:
    """`nombre` candidats disponibles, écrits en masse, chacun `pas_km` plus au sud de Reims que le précédent."""
    lieu = commune()
    adresses = [f"vivier{i}@exemple.fr" for i in range(nombre)]
    comptes = Utilisateur.objects.bulk_create([Utilisateur(email=a, password="!") for a in adresses])
    roles = Role.objects.bulk_create(
        [Role(utilisateur=c, type=TypeRole.CANDIDAT, libelle="Ma candidature") for c in comptes]
    )
    assert lieu.latitude is not None
    return Candidat.objects.bulk_create(
        [
            CandidatFactory.build(
                commune=lieu, departement=lieu.departement, email=r.utilisateur.email, role=r,
                latitude=lieu.latitude - i * pas_km / 111.2, longitude=lieu.longitude,
            )
            for i, r in enumerate(roles)
        ]
    )  # fmt: skip
