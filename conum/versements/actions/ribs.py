"""Le compte d'une structure ou d'un organisme : saisi par l'un, vérifié par un autre, annoncé à tous, chiffré au repos.

L'IBAN en clair ne sort de ce module que par deux portes : l'écran de la seconde personne (`consulter_rib`, au journal)
et le fichier remis à la banque (`iban_de`). Verrous : lots, bénéficiaire, coordonnées.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.courriels.actions import mettre_en_file
from conum.formations.emails.destinataires import de_l_organisme
from conum.formations.models import Organisme
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import noter
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.access import est_anct, est_systeme
from conum.postes.actions.gardes import exiger_texte
from conum.postes.emails import destinataires
from conum.socle.enregistrement import enregistrer
from conum.structures.models import Structure
from conum.utilisateurs.models import Utilisateur
from conum.versements import access
from conum.versements.emails import ribs as emails
from conum.versements.models import LigneLot, Lot, Rib
from conum.versements.models.rib import Beneficiaire
from conum.versements.rules import coffre
from conum.versements.rules.iban import CompteInvalide, lire_bic, lire_iban
from conum.versements.states import TRANSITIONS_RIB, EtatLot, EtatRib

PAGE, PAGE_ORGANISME, CONFIRMER = "versements:rib", "versements:rib_organisme", "versements:confirmer_rib"
NON_APPROUVES = (EtatLot.PREPARATION, EtatLot.A_APPROUVER)
LOT = 500
RETRAIT_RECENT = timedelta(days=90)


class IbanEfface(Exception):
    """L'IBAN a été effacé à la fin de sa conservation."""


def iban_de(rib: Rib) -> str:
    """L'IBAN en clair, dont l'empreinte est vérifiée : un chiffré déplacé d'une ligne à l'autre se voit.

    Raises:
        IbanEfface: sa conservation est finie.
        ClePerdue: aucune clé ne l'ouvre, ou ce n'est pas le sien.
    """
    if rib.efface_le is not None:
        raise IbanEfface("Cet IBAN est effacé.")
    cles = settings.CLES_BANCAIRES
    iban = coffre.dechiffrer(bytes(rib.iban_chiffre), cles).decode()
    if rib.iban_empreinte not in coffre.empreintes(iban, cles):
        raise coffre.ClePerdue("L'IBAN déchiffré n'est pas celui de cette ligne.")
    return iban


def _lire(iban: str, bic: str, titulaire: str) -> tuple[str, str, str]:
    """Les trois champs mis en forme ; une phrase par faute, près de son champ."""
    fautes: dict[str, str] = {}
    titulaire = " ".join(titulaire.split())
    if not 1 <= len(titulaire) <= 70:
        fautes["titulaire"] = "Écrivez le titulaire du compte, en 70 caractères au plus."
    try:
        iban = lire_iban(iban)
    except CompteInvalide as erreur:
        fautes["iban"] = str(erreur)
    try:
        bic = lire_bic(bic)
    except CompteInvalide as erreur:
        fautes["bic"] = str(erreur)
    if fautes:
        raise ValidationError(fautes)  # type: ignore[arg-type]
    return iban, bic, titulaire


def proposer_rib(beneficiaire: Beneficiaire, *, iban: str, titulaire: str, bic: str = "", par: Role) -> Rib:
    """Saisit un compte, à confirmer par une autre personne ; il remplace celui qui attendait.

    La structure ou l'organisme entier, et qui avait donné le compte précédent, l'apprennent avant tout versement.

    Raises:
        PermissionDenied: ni membre de la structure, ni agent de l'organisme, ni ANCT.
        ValidationError: IBAN, BIC ou titulaire non recevable.
        TransitionImpossible: ce compte est déjà le sien, ou attend déjà.
    """
    if not access.peut_saisir_rib(par, beneficiaire):
        raise PermissionDenied
    iban, bic, titulaire = _lire(iban, bic, titulaire)
    with transaction.atomic():
        courant = _verrouiller_le_beneficiaire(beneficiaire)
        if not access.peut_saisir_rib(par, courant):
            raise PermissionDenied
        if isinstance(courant, Structure) and courant.fusionnee_dans_id:
            raise TransitionImpossible("Cette structure a été fusionnée : saisissez le compte de celle qui demeure.")
        vivants = {r.etat: r for r in courant.ribs.filter(etat__in=[EtatRib.ACTIF, EtatRib.PROPOSE])}
        _refuser_le_meme(vivants, iban, bic, titulaire)
        if (attendait := vivants.get(EtatRib.PROPOSE)) is not None:
            _remplacer(attendait)
        rib = Rib(
            structure=courant if isinstance(courant, Structure) else None,
            organisme=courant if isinstance(courant, Organisme) else None,
            titulaire=titulaire,
            iban_chiffre=coffre.chiffrer(iban.encode(), settings.CLES_BANCAIRES),
            iban_empreinte=coffre.empreinte(iban, settings.CLES_BANCAIRES[0]),
            pays=iban[:2],
            fin_iban=iban[-4:],
            bic=bic,
            saisi_par=par.utilisateur,
        )
        enregistrer(rib)
        noter(rib, "proposer_rib", par=par, vers=rib.etat, donnees={_quoi(courant): courant.pk, "compte": rib.masque})
        _annoncer(rib, par, vivants.get(EtatRib.ACTIF))
        return rib


def _quoi(beneficiaire: Beneficiaire) -> str:
    return "structure" if isinstance(beneficiaire, Structure) else "organisme"


def _verrouiller_le_beneficiaire(beneficiaire: Beneficiaire) -> Beneficiaire:
    modele = Structure if isinstance(beneficiaire, Structure) else Organisme
    return modele._base_manager.select_for_update(of=("self",), no_key=True).get(pk=beneficiaire.pk)  # type: ignore[return-value]


def _refuser_le_meme(vivants: dict[str, Rib], iban: str, bic: str, titulaire: str) -> None:
    possibles = coffre.empreintes(iban, settings.CLES_BANCAIRES)
    phrases = {
        EtatRib.ACTIF: "Ce compte est déjà celui où l'État verse.",
        EtatRib.PROPOSE: "Ce compte est déjà saisi : il attend d'être confirmé.",
    }
    for etat, phrase in phrases.items():
        rib = vivants.get(etat)
        if rib and rib.iban_empreinte in possibles and (rib.titulaire, rib.bic) == (titulaire, bic):
            raise TransitionImpossible(phrase)


def _remplacer(rib: Rib) -> None:
    with transition(rib, "remplacer_rib", table=TRANSITIONS_RIB, par=SYSTEME, peut=_machine) as courant:
        courant.remplace_le = timezone.now()


def _machine(par: Acteur, _rib: Rib) -> bool:
    return est_systeme(par)


def _annoncer(rib: Rib, par: Role, actif: Rib | None) -> None:
    auteur = par.utilisateur.get_full_name()
    ancien = actif.masque if actif else ""
    for email, lien in _concernes(rib, actif):
        message = emails.RibPropose(**emails.SurRib.base(rib, lien), auteur=auteur, ancien=ancien)
        mettre_en_file(message, a=email, objet=rib)
    for qui in destinataires.de_l_anct(CONFIRMER, rib.pk):
        message_anct = emails.RibAConfirmer(**emails.SurRib.base(rib, qui.lien), auteur=auteur)
        mettre_en_file(message_anct, a=qui.email, objet=rib)


def _concernes(rib: Rib, ancien: Rib | None) -> list[tuple[str, str]]:
    """Adresse et lien : tous les membres, ceux retirés depuis peu, et qui avait saisi le compte précédent.

    Qui détourne un accès retire d'abord le contact : il est prévenu quand même.
    """
    if rib.organisme is not None:
        siens = de_l_organisme(rib.organisme, PAGE_ORGANISME, rib.organisme.pk)
        # Ceux qui en étaient encore, retirés compris.
        anciens = Q(roles__type=TypeRole.ORGANISME, roles__code=rib.organisme.code)
    else:
        assert rib.structure is not None
        siens = destinataires.de_la_structure(rib.structure, PAGE, rib.structure.pk)
        recents = Entree.objects.de_l_objet(rib.structure).filter(
            action="retirer_membre", created_at__gte=timezone.now() - RETRAIT_RECENT
        )
        roles = [donnees["role"] for donnees in recents.values_list("donnees", flat=True) if "role" in donnees]
        anciens = Q(roles__in=roles)
    adresses = {qui.email: qui.lien for qui in siens}
    if ancien is not None:
        anciens |= Q(pk=ancien.saisi_par_id)
    personnes = Utilisateur.objects.filter(anciens, is_active=True).order_by("pk").distinct()
    for email in personnes.values_list("email", flat=True):
        adresses.setdefault(email, destinataires.accueil())
    return list(adresses.items())


def consulter_rib(rib: Rib, *, par: Acteur) -> str:
    """L'IBAN entier, pour la seule personne qui va le comparer au relevé ; chaque lecture est au journal.

    Raises:
        PermissionDenied: ni agent de l'ANCT, ou c'est elle qui l'a saisi.
        TransitionImpossible: ces coordonnées n'attendent plus d'être confirmées.
    """
    with transaction.atomic():
        courant = Rib.objects.select_for_update(of=("self",), no_key=True).get(pk=rib.pk)
        if not access.peut_confirmer_rib(par, courant):
            raise PermissionDenied
        if courant.etat != EtatRib.PROPOSE:
            raise TransitionImpossible(
                "Ces coordonnées n'attendent plus d'être confirmées : elles ne se montrent plus."
            )
        noter(courant, "consulter_rib", par=par)
        return iban_de(courant)


def confirmer_rib(rib: Rib, *, par: Role) -> Rib:
    """La seconde personne a comparé l'IBAN et le titulaire au relevé : l'État verse désormais sur ce compte.

    Un lot que personne n'a approuvé prend le nouveau compte ; un lot approuvé qui porte l'ancien ne s'exporte plus.
    """
    with transaction.atomic():
        lots = _verrouiller_lots(rib)
        _verrouiller_le_beneficiaire(rib.beneficiaire)
        donnees: dict[str, Any] = {"lots": [lot.reference for lot in lots]}
        with transition(
            rib, "confirmer_rib", table=TRANSITIONS_RIB, par=par, peut=access.peut_confirmer_rib, donnees=donnees
        ) as courant:
            ancien = courant.beneficiaire.ribs.filter(etat=EtatRib.ACTIF).first()
            if ancien is not None:
                _remplacer(ancien)
            courant.confirme_par, courant.confirme_le = par.utilisateur, timezone.now()
        LigneLot.objects.filter(payees_a(courant), lot__in=lots, actif=True).update(rib=courant)
        for email, lien in _concernes(courant, ancien):
            base = emails.SurRib.base(courant, lien)
            mettre_en_file(emails.RibConfirme(**base, ancien=ancien.masque if ancien else ""), a=email, objet=courant)
    return courant


def payees_a(rib: Rib) -> Q:
    """Les lignes de lot de ce bénéficiaire."""
    if rib.organisme_id is not None:
        return Q(etat_recapitulatif__organisme=rib.organisme_id)
    return Q(echeance__convention__structure=rib.structure_id)


def _verrouiller_lots(rib: Rib) -> list[Lot]:
    lignes = LigneLot.objects.filter(payees_a(rib), actif=True, lot__etat__in=NON_APPROUVES)
    verrou = Lot.objects.select_for_update(no_key=True).filter(pk__in=lignes.values("lot_id"))
    return [lot for lot in verrou.order_by("pk") if lot.etat in NON_APPROUVES]


def refuser_rib(rib: Rib, *, motif: str, par: Acteur) -> Rib:
    """Écarte des coordonnées à confirmer : l'ANCT qui ne les retrouve pas sur le relevé, ou la structure alertée."""
    motif = exiger_texte("motif", motif)
    with transition(
        rib, "refuser_rib", table=TRANSITIONS_RIB, par=par, peut=access.peut_refuser_rib, motif=motif
    ) as courant:
        courant.motif_refus, courant.remplace_le = motif, timezone.now()
        _dire_ecarte(courant, "refusées", motif)
    return courant


def retirer_rib(rib: Rib, *, motif: str, par: Acteur) -> Rib:
    """L'ANCT retire un compte actif sans en avoir d'autre : compte clos, fraude, structures à fusionner.

    Plus rien ne se verse à la structure tant qu'un autre compte n'est pas confirmé.
    """
    motif = exiger_texte("motif", motif)
    with transition(rib, "remplacer_rib", table=TRANSITIONS_RIB, par=par, peut=_anct, motif=motif) as courant:
        if courant.etat != EtatRib.ACTIF:
            raise TransitionImpossible("Ce compte n'est pas actif : refusez-le plutôt.")
        courant.remplace_le = timezone.now()
        _dire_ecarte(courant, "retirées", motif)
    return courant


def _anct(par: Acteur, _rib: Rib) -> bool:
    return est_anct(par)


def _dire_ecarte(rib: Rib, decision: str, motif: str) -> None:
    for email, lien in _concernes(rib, rib):
        base = emails.SurRib.base(rib, lien)
        mettre_en_file(emails.RibEcarte(**base, decision=decision, motif=motif), a=email, objet=rib)


def rechiffrer_ribs(*, par: Acteur) -> int:
    """Réécrit chaque IBAN avec la première clé ; se relance sans risque. Rend le nombre de lignes.

    Raises:
        PermissionDenied: seule la commande d'exploitation rechiffre.
        ClePerdue: une ligne ne s'ouvre avec aucune clé ; rien de sa tranche n'est écrit.
    """
    if not est_systeme(par):
        raise PermissionDenied
    dernier, combien = 0, 0
    while True:
        with transaction.atomic():
            verrou = Rib.objects.select_for_update(no_key=True).filter(pk__gt=dernier, efface_le=None)
            tranche = list(verrou.order_by("pk")[:LOT])
            if not tranche:
                return combien
            for rib in tranche:
                iban = iban_de(rib)
                rib.iban_chiffre = coffre.chiffrer(iban.encode(), settings.CLES_BANCAIRES)
                rib.iban_empreinte = coffre.empreinte(iban, settings.CLES_BANCAIRES[0])
            Rib.objects.bulk_update(tranche, ["iban_chiffre", "iban_empreinte"])
        dernier, combien = tranche[-1].pk, combien + len(tranche)


def effacer_ibans(avant: datetime, *, jamais_confirmes: bool) -> int:
    """Efface l'IBAN de coordonnées écartées avant cette date ; la ligne, sa fin de compte et son histoire restent."""
    ecartes = Rib.objects.filter(
        etat__in=[EtatRib.REMPLACE, EtatRib.REFUSE],
        remplace_le__lt=avant,
        efface_le=None,
        confirme_le__isnull=jamais_confirmes,
    )
    return ecartes.update(iban_chiffre=b"", iban_empreinte="", bic="", efface_le=timezone.now())
