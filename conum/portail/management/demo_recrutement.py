"""Joue la suite du récit par les vraies actions : candidater, apparier, répondre, rencontrer, offrir."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from conum.comptes.models import Role
from conum.portail.demo_recrutement import ASPIRANTS, Aspirant
from conum.postes.actions import valider_contrat
from conum.postes.models import Contrat
from conum.recrutement.access import porteur
from conum.recrutement.actions import candidature, espace, passes, pix, recrutements, relations
from conum.recrutement.actions.profil import Profil
from conum.recrutement.models import Candidat, MiseEnRelation, Recrutement
from conum.recrutement.states import Etat, EtatCandidat
from conum.structures.models import Structure
from conum.territoires.models import Commune


def _profil(aspirant: Aspirant) -> Profil:
    situations = aspirant.situations
    return Profil(
        prenom=aspirant.prenom, nom=aspirant.nom, telephone="06 12 34 56 78",
        commune=Commune.objects.select_related("departement").get(pk=aspirant.commune), situations=situations,
        nom_diplome=aspirant.diplome, experience=aspirant.experience, mobilite_km=aspirant.mobilite_km, territoires=(),
        disponible_le=timezone.localdate() + timedelta(days=aspirant.jours), motivation=aspirant.motivation,
        langues=aspirant.langues,
    )  # fmt: skip


def candidater(aspirant: Aspirant) -> Candidat:
    """Le formulaire, puis le lien de confirmation, puis ce que la personne ajoute dans son espace."""
    candidat = candidature.ouvrir_brouillon()
    candidat = candidature.soumettre(candidat, _profil(aspirant), email=aspirant.email, par=porteur(candidat))
    if aspirant.fin == EtatCandidat.A_CONFIRMER:
        return candidat
    candidat = candidature.confirmer(candidat, par=porteur(candidat))
    if aspirant.palier:
        resultat = pix.Resultat(aspirant.palier, (1,), timezone.localdate() - timedelta(days=30))
        pix.declarer_pix(candidat, resultat, par=_role(candidat))
        pix.partager_pix(candidat, partage=True, par=_role(candidat))
    if aspirant.fin == EtatCandidat.EN_PAUSE:
        espace.mettre_en_pause(candidat, par=_role(candidat), motif="formation")
    return candidat


def _role(candidat: Candidat) -> Role:
    candidat.refresh_from_db()
    assert candidat.role is not None
    return candidat.role


def recruter(structure: Structure, *, anct: Role) -> None:
    """La structure du récit recrute : sa fiche, un passage, puis chaque échange jusqu'à l'étape racontée."""
    membre = structure.membres.get(contact_principal=True).role
    recrutements.ouvrir_recrutements()
    recrutement = Recrutement.objects.select_related("commune").get(structure=structure)
    recrutements.modifier_fiche(
        recrutement, debut=recrutement.debut, niveau=2, commune=recrutement.commune, par=membre,
        precisions="Ateliers l'après-midi, accueil individuel le matin. Bus 5, arrêt Chemin vert.",
    )  # fmt: skip
    candidats = {aspirant: candidater(aspirant) for aspirant in ASPIRANTS}
    passes.lancer()
    for aspirant, candidat in candidats.items():
        relation = MiseEnRelation.objects.filter(candidat=candidat, recrutement=recrutement).first()
        if relation is not None:
            _mener(relation, aspirant.fin, membre=membre, candidat=_role(candidat))
    # L'ANCT a validé le contrat de la personne recrutée.
    valider_contrat(Contrat.objects.get(personne__roles__candidat__mises_en_relation__etat=Etat.RECRUTEE), par=anct)


def _mener(relation: MiseEnRelation, fin: str, *, membre: Role, candidat: Role) -> None:
    if fin == Etat.DECLINEE:
        relations.decliner(relation, motif="dates", precision="Je termine un contrat en juin.", par=candidat)
    if fin in (Etat.RETENUE, Etat.ENTRETIEN):
        relations.retenir(relation, par=membre)
    if fin in (Etat.CONTACT_ACCEPTE, Etat.ENTRETIEN, Etat.OFFRE, Etat.RECRUTEE):
        relations.accepter_contact(relation, par=candidat)
    if fin == Etat.ENTRETIEN:
        jour = (timezone.localtime() + timedelta(days=4)).replace(hour=14, minute=30, second=0, microsecond=0)
        relations.inviter(relation, le=jour, mode="sur_place", lieu="1 place de la Mairie, Reims", par=membre)
    if fin in (Etat.OFFRE, Etat.RECRUTEE):
        relations.offrir(
            relation, type_contrat="cdd", salaire=Decimal("1950"), debut=timezone.localdate() + timedelta(days=45),
            fin=timezone.localdate() + timedelta(days=45 + 730), jusqu_au=timezone.localdate() + timedelta(days=10),
            message="Nous avons beaucoup aimé votre entretien.", par=membre,
        )  # fmt: skip
    if fin == Etat.RECRUTEE:
        relations.accepter_offre(relation, par=candidat)
        relations.recruter(relation, signe_le=timezone.localdate(), par=membre)
