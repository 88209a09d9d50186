"""La distribution de la matrice : un rôle de chaque sorte, des étrangers, et les objets qui ne sont pas à eux.

Tout ce qui se lit appartient à la structure d'accueil de la Marne. Une adresse nouvelle qui attend un argument
inconnu fait échouer la matrice tant qu'on n'a pas dit ici quel objet elle reçoit.
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from conum.comptes.models import Invitation, Role, TypeRole
from conum.demandes.actions.depot import ouvrir_brouillon
from conum.demandes.models import Demande, ImportDecisions, Nature, SessionComite
from conum.demandes.states import Etat
from conum.journal.acteurs import SYSTEME
from conum.postes import actions as postes
from conum.postes.models import TypePoste
from conum.recrutement.actions import passes
from conum.recrutement.models import ConsultationVivier
from conum.recrutement.states import Etat as EtatRelation
from conum.structures.models import Antenne, ChangementContact, DemandeRattachement, Membre, Structure
from conum.territoires.models import Departement
from tests.comptes.fabriques import DepartementFactory, RegionFactory, RoleFactory
from tests.courriels.fabriques import CourrielFactory
from tests.gardes import distribution_conventions, distribution_formations
from tests.gardes.adresses import Adresse
from tests.postes import fabriques as contrats
from tests.recrutement.fabriques import CandidatFactory, recrutement, relation
from tests.structures.fabriques import CommuneFactory, MembreFactory, StructureFactory

JETON = "jeton-inconnu"


@dataclass
class Distribution:
    roles: dict[str, Role]
    etrangers: dict[str, Role]
    objets: dict[str, Any] = field(default_factory=dict)

    def arguments(self, adresse: Adresse) -> dict[str, Any]:
        """Les arguments de l'adresse, sauf `role_id`, pris parmi les objets de la Marne."""
        return {nom: self._objet(adresse, nom) for nom in adresse.arguments if nom != "role_id"}

    def _objet(self, adresse: Adresse, nom: str) -> Any:
        dossiers = re.findall(r"/([a-z-]+)/<", f"/{adresse.chemin}")
        cles = [f"{adresse.app}:{dossier}:{nom}" for dossier in reversed(dossiers)]
        for cle in (f"{adresse.nom}:{nom}", *cles, f"{adresse.app}:{nom}", nom):
            if cle in self.objets:
                return self.objets[cle]
        raise AssertionError(f"{adresse.nom} attend « {nom} » : dites dans distribution.py quel objet lui donner.")


def _etrangers() -> dict[str, Role]:
    rhin = DepartementFactory(code="67", nom="Bas-Rhin", region=RegionFactory(code="44"))
    isere = DepartementFactory(code="38", nom="Isère", region=RegionFactory(code="84", nom="Auvergne-Rhône-Alpes"))
    ailleurs = StructureFactory(commune=CommuneFactory(code="38185", nom="Grenoble", departement=isere))
    return {
        "préfecture d'un autre département": RoleFactory(prefecture=True, departement=rhin),
        "préfecture d'une autre région": RoleFactory(prefecture_de_region=True, region=isere.region),
        "autre structure": MembreFactory(structure=ailleurs).role,
        "structure sans rattachement": RoleFactory(structure=True),
        "autre réseau": RoleFactory(reseau=True),
        "autre hub": RoleFactory(hub=True),
        "autre candidat": CandidatFactory().role,
        **distribution_formations.etrangers(),
    }


def _invitation(**champs: Any) -> Invitation:
    return Invitation.objects.create(
        libelle="Invitation d'essai", expire_le=timezone.now() + timedelta(days=28), **champs
    )


def _demandes(structure: Structure, departement: Departement, membre: Role, anct: Role) -> dict[str, Any]:
    """Une demande sans avis, un ajout prêt pour le comité et sa session, un brouillon de la structure."""
    communs: dict[str, Any] = {"structure": structure, "commune": structure.commune, "departement": departement}
    communs |= {"postes_demandes": 2, "deposee_le": timezone.now()}
    session = SessionComite.objects.create(numero="64", date=timezone.localdate())
    lu = ImportDecisions.objects.create(session=session, fichier="decisions.xlsx", role=anct)
    demande = Demande.objects.create(etat=Etat.DEPOSEE, **communs)
    prete = Demande.objects.create(etat=Etat.EN_INSTRUCTION, nature=Nature.AJOUT, session=session, **communs)
    brouillon = ouvrir_brouillon(par=membre, structure=structure)
    return {
        "demandes:pk": demande.pk,
        "demandes:decider:pk": prete.pk,
        "demandes:demander_complement:pk": prete.pk,
        "demandes:preparer:pk": brouillon.pk,
        "demandes:jeter:pk": brouillon.pk,
        "demandes:comite:pk": session.pk,
        "demandes:demande_pk": prete.pk,
        "demandes:import_pk": lu.pk,
        "demandes:annee": timezone.localdate().year,
        "demandes:code": departement.pk,
        "demandes:etape": "besoin",
        "demandes:nature": Nature.AJOUT.value,
    }


def _contrats(structure: Structure) -> dict[str, Any]:
    """Un contrat à valider, un contrat validé qui se prolonge, une rupture avec sa pièce ; un poste libre."""
    libre, attend, court, rompu = postes.creer_postes(
        structure, nombre=4, type_poste=TypePoste.CONSEILLER, debut=contrats.jour(-400), par=contrats.SYSTEME
    )
    valide = contrats.en_poste(court, fin=contrats.jour(10))
    postes.prolonger_contrat(valide, fin=contrats.jour(90), salaire=contrats.SALAIRE, par=contrats.anct())
    rupture = postes.notifier_rupture(
        contrats.en_poste(rompu), date_rupture=contrats.jour(), motif="demission", par=contrats.anct()
    )
    piece = postes.completer_rupture(rupture, nature="autre", fichier=contrats.pdf(), par=contrats.anct())
    objets: dict[str, Any] = {
        "postes:poste_pk": libre.pk,
        "postes:code": "vacants",
        "postes:pk": contrats.saisir(attend).pk,
        "postes:piece:pk": rupture.pk,
        "postes:piece_pk": piece.pk,
    }
    for nom in ("renouveler", "prolonger", "valider_prolongation", "refuser_prolongation", "notifier_rupture"):
        objets[f"postes:{nom}:pk"] = valide.pk
    for nom in ("completer", "annuler_rupture", "valider_rupture"):
        objets[f"postes:{nom}:pk"] = rupture.pk
    return objets


def _recrutement(structure: Structure, membre: Role) -> tuple[Role, dict[str, Any]]:
    """Un recrutement de la structure, un candidat qu'on lui propose, un autre trouvé en cherchant, un passage."""
    # Avant qu'il y ait quoi que ce soit à proposer : un vrai passage, son bilan et son rapport.
    passe = passes.lancer(par=SYSTEME)
    cherche = recrutement(structure=structure)
    proposee = relation(cherche)
    # Plus loin dans l'échange : un entretien fixé, un CV déposé.
    avance = relation(recrutement(structure=structure, code="51573"), proposee.candidat, etat=EtatRelation.ENTRETIEN)
    candidat = proposee.candidat
    candidat.cv_depose_le, candidat.cv_nom = timezone.now(), "cv.pdf"
    candidat.cv.save("cv.pdf", ContentFile(b"%PDF-1.4"))
    trouve = CandidatFactory()
    consultation = ConsultationVivier.objects.create(
        recrutement=cherche, role=membre, rayon_km=20, candidats=[trouve.pk]
    )
    return proposee.candidat.role, {
        "recrutement:recrutements:pk": cherche.pk,
        "recrutement:mises-en-relation:pk": proposee.pk,
        "recrutement:propositions:pk": proposee.pk,
        "recrutement:proposition_ical:pk": avance.pk,
        "recrutement:relation_cv:pk": avance.pk,
        "recrutement:resultats:pk": cherche.pk,
        "recrutement:preselectionner:pk": cherche.pk,
        "recrutement:consultation_pk": consultation.pk,
        "recrutement:candidat_pk": trouve.pk,
        "recrutement:candidats:pk": trouve.pk,
        "recrutement:appariement:pk": passe.pk,
        "recrutement:etape": "situation",
        "recrutement:depot": "inconnu",
    }


def monter() -> Distribution:
    marne = DepartementFactory(code="51", nom="Marne")
    structure = StructureFactory(commune=CommuneFactory(departement=marne))
    jumelle = StructureFactory(commune=structure.commune)
    principal = MembreFactory(structure=structure, contact_principal=True)
    second: Membre = MembreFactory(structure=structure)
    anct, prefecture = RoleFactory(anct=True), RoleFactory(prefecture=True, departement=marne)
    collegue = RoleFactory(prefecture=True, departement=marne)
    candidat, du_recrutement = _recrutement(structure, principal.role)
    roles = {
        TypeRole.ANCT.value: anct,
        TypeRole.PREFECTURE.value: prefecture,
        TypeRole.REGION.value: RoleFactory(prefecture_de_region=True, region=marne.region),
        TypeRole.RESEAU.value: RoleFactory(type=TypeRole.RESEAU, code="aucun-reseau"),
        TypeRole.HUB.value: RoleFactory(type=TypeRole.HUB, code="aucun-hub"),
        TypeRole.STRUCTURE.value: principal.role,
        TypeRole.CANDIDAT.value: candidat,
    }
    invitation = _invitation(
        email="i@exemple.fr", type=TypeRole.PREFECTURE, departement=marne, jeton_empreinte="a", invitee_par=anct
    )
    de_structure = _invitation(
        email="j@exemple.fr",
        type=TypeRole.STRUCTURE,
        code=str(structure.pk),
        jeton_empreinte="b",
        invitee_par=principal.role,
    )
    rattachement = DemandeRattachement.objects.create(
        structure=structure, email="k@exemple.fr", prenom="Kim", nom="Petit", fonction="Agent"
    )
    ChangementContact.objects.create(
        structure=structure,
        sortant=principal,
        entrant=second,
        jeton_entrant="c",
        expire_le=timezone.now() + timedelta(1),
    )
    antenne = Antenne.objects.create(structure=structure, nom="Antenne nord", commune=structure.commune)
    objets = {
        "comptes:agents:pk": collegue.pk,
        "comptes:invitations:pk": invitation.pk,
        "courriels:pk": CourrielFactory(envoye=True).pk,
        "structures:pk": structure.pk,
        "structures:rattachements:pk": rattachement.pk,
        "structures:antenne_pk": antenne.pk,
        "structures:membre_pk": second.pk,
        "structures:invitation_pk": de_structure.pk,
        "structures:cible_pk": jumelle.pk,
        **_demandes(structure, marne, principal.role, anct),
        **_contrats(structure),
        "mfa_remove_webauthn:pk": 0,
        "jeton": JETON,
        "signature": JETON,
        "numero": structure.siret,
    }
    objets |= distribution_conventions.monter(structure, principal, anct)
    de_formation, des_formations = distribution_formations.monter(structure, anct)
    return Distribution(roles | de_formation, _etrangers(), objets | du_recrutement | des_formations)
