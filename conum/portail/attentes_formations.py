"""Ce que les formations attendent de chacun : des comptes, chacun menant à sa liste."""

from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.formations.actions import absences, attestations, certifications, departs, inscriptions, parcours
from conum.formations.models import Dispense, EtatRecapitulatif, Inscription, SessionFormation
from conum.formations.states import Etat, EtatDispense, EtatRecap, EtatSession
from conum.portail.attentes import Attendu
from conum.versements.actions import paiements_etats

ACTEURS = frozenset({TypeRole.ANCT, TypeRole.PREFECTURE, TypeRole.REGION, TypeRole.STRUCTURE, TypeRole.ORGANISME})


def _en_retard(role: Role, liste: str) -> Attendu:
    visibles = Inscription.objects.visibles_par(role).order_by().values("pk")
    nombre = departs.en_retard(timezone.localdate()).filter(pk__in=visibles).count()
    return Attendu(
        nombre, "personnes devraient être parties en formation", f"{liste}?retard=on", urgent=True,
        un="personne devrait être partie en formation",
    )  # fmt: skip


def _sans_motif(role: Role) -> Attendu:
    return Attendu(
        absences.sans_motif(role).count(), "absences sans motif",
        reverse("formations:absences_sans_motif", args=[role.pk]), urgent=True, un="absence sans motif",
    )  # fmt: skip


def _parcours_a_retenir(role: Role, liste: str) -> Attendu:
    finis = parcours.a_retenir(Inscription.objects.visibles_par(role))
    return Attendu(
        finis.count(), "parcours à retenir : le test est fini", f"{liste}?etat=a_retenir",
        un="parcours à retenir : le test est fini",
    )  # fmt: skip


def _sans_session(role: Role, liste: str) -> Attendu:
    nombre = Inscription.objects.visibles_par(role).filter(etat=Etat.POSITIONNEE).count()
    return Attendu(
        nombre, "personnes attendent une session", f"{liste}?etat={Etat.POSITIONNEE}", un="personne attend une session"
    )


def _a_attester(role: Role) -> Attendu:
    return Attendu(
        len(attestations.a_delivrer(role)), "attestations à délivrer",
        reverse("formations:attestations", args=[role.pk]), un="attestation à délivrer",
    )  # fmt: skip


def _dispenses(role: Role) -> Attendu:
    return Attendu(
        Dispense.objects.filter(etat=EtatDispense.DEPOSEE).count(), "dispenses à examiner",
        reverse("formations:dispenses", args=[role.pk]), un="dispense à examiner",
    )  # fmt: skip


def _certifications(role: Role) -> Attendu:
    visibles = Inscription.objects.visibles_par(role)
    nombre = certifications.en_retard(visibles, timezone.localdate()).count()
    return Attendu(
        nombre, "personnes au-delà du délai de certification",
        f"{reverse('formations:certifications', args=[role.pk])}?onglet=retards",
        un="personne au-delà du délai de certification",
    )  # fmt: skip


def _sans_organisme(role: Role, liste: str) -> Attendu:
    seules = inscriptions.sans_organisme(Inscription.objects.visibles_par(role))
    return Attendu(
        seules.count(), "personnes sans organisme de formation", f"{liste}?etat=sans_organisme",
        un="personne sans organisme de formation",
    )  # fmt: skip


def _etats(role: Role) -> Attendu:
    nombre = EtatRecapitulatif.objects.visibles_par(role).filter(etat=EtatRecap.TRANSMIS).count()
    return Attendu(
        nombre, "états récapitulatifs à valider",
        f"{reverse('formations:etats', args=[role.pk])}?etat={EtatRecap.TRANSMIS}",
        un="état récapitulatif à valider",
    )  # fmt: skip


def _de_l_organisme(role: Role) -> list[Attendu]:
    """Ses sessions à ouvrir, ses états à transmettre, ce qui l'empêche d'être payé."""
    visibles = EtatRecapitulatif.objects.visibles_par(role)
    sessions = SessionFormation.objects.visibles_par(role).filter(
        etat=EtatSession.BROUILLON, debut__gte=timezone.localdate()
    )
    a_transmettre = visibles.filter(etat=EtatRecap.BROUILLON).count()
    sans_compte = paiements_etats.valides().filter(organisme__code=role.code, compte_actif=False).count()  # type: ignore[misc]
    return [
        Attendu(
            sessions.count(), "sessions en préparation à ouvrir",
            f"{reverse('formations:sessions', args=[role.pk])}?moment=brouillon", un="session en préparation à ouvrir",
        ),
        Attendu(
            a_transmettre, "états récapitulatifs à transmettre",
            f"{reverse('formations:etats', args=[role.pk])}?etat={EtatRecap.BROUILLON}",
            un="état récapitulatif à transmettre",
        ),
        Attendu(
            sans_compte, "états ne peuvent pas être payés : donnez votre compte bancaire",
            reverse("versements:mon_compte", args=[role.pk]), urgent=True,
            un="état ne peut pas être payé : donnez votre compte bancaire",
        ),
    ]  # fmt: skip


def des_formations(role: Role) -> list[Attendu]:
    """Les comptes non nuls ; vide pour qui n'a rien à y faire."""
    if role.type not in ACTEURS:
        return []
    liste = reverse("formations:inscriptions", args=[role.pk])
    comptes = [_en_retard(role, liste), _sans_motif(role)]
    if role.type in (TypeRole.ANCT, TypeRole.ORGANISME):
        comptes += [_parcours_a_retenir(role, liste), _a_attester(role)]
    comptes.append(_sans_session(role, liste))
    if role.type == TypeRole.ANCT:
        comptes += [_sans_organisme(role, liste), _dispenses(role), _certifications(role), _etats(role)]
    if role.type == TypeRole.ORGANISME:
        comptes += _de_l_organisme(role)
    return [compte for compte in comptes if compte.nombre]
