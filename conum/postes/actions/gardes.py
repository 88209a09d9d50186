"""Ce que plusieurs actes vérifient sous verrou : employeur, place libre, délai de remplacement, personne."""

from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from conum.comptes.actions.erreurs import CompteRefuse
from conum.journal.acteurs import Acteur
from conum.journal.workflow import TransitionImpossible
from conum.postes.access import est_anct, est_systeme
from conum.postes.models import Contrat, Poste, Rattachement
from conum.postes.models.poste import periode_de
from conum.postes.rules import contrat as regles
from conum.postes.rules.delais import delai_de_remplacement, limite_de_remplacement
from conum.postes.rules.smic import SmicInconnu, territoire_du_departement
from conum.postes.states import Etat
from conum.socle.texte import normaliser
from conum.structures.models import Structure
from conum.utilisateurs.models import Utilisateur


def verrouiller(poste: Poste, personne: Utilisateur | None = None) -> Poste:
    """Le poste puis la personne, toujours dans cet ordre : deux saisies se suivent, elles ne se bloquent pas."""
    courant = Poste.objects.select_for_update(no_key=True).get(pk=poste.pk)
    if personne is not None:
        Utilisateur.objects.select_for_update(no_key=True).get(pk=personne.pk)
    return courant


def exiger_texte(champ: str, texte: str) -> str:
    """Un motif écrit, de 10 à 1 000 caractères ; ValidationError sur `champ` sinon."""
    texte = texte.strip()
    if not regles.MOTIF_MIN <= len(texte) <= regles.MOTIF_MAX:
        raise ValidationError({champ: f"Écrivez de {regles.MOTIF_MIN} à 1 000 caractères."})
    return texte


def lever(erreurs: list[regles.Erreur]) -> None:
    """Une ValidationError qui garde toutes les phrases, champ par champ."""
    if erreurs:
        par_champ: dict[str, list[str]] = {}
        for erreur in erreurs:
            par_champ.setdefault(erreur.champ, []).append(erreur.message)
        raise ValidationError(par_champ)  # type: ignore[arg-type]


def rattachement_le(poste: Poste, jour: date) -> Rattachement | None:
    """Qui a le poste ce jour-là."""
    return (
        Rattachement.objects.filter(poste=poste, periode__contains=jour)
        .select_related("structure__commune__departement")
        .first()
    )


def exiger_rattachement(rattachement: Rattachement, fin: date | None, *, suivre: bool = False) -> None:
    """Le poste reste à la structure jusqu'au bout du contrat ; `suivre` : ou à celle où il a été transféré."""
    terme = rattachement.periode.upper
    if terme is None or (fin is not None and fin < terme):
        return
    if suivre and (suite := rattachement_le(rattachement.poste, terme)) is not None:
        exiger_rattachement(suite, fin, suivre=True)
        return
    message = f"Le poste {rattachement.poste.reference} n'est plus à la structure à partir du {terme:%d/%m/%Y}."
    raise ValidationError({"fin": message})


def exiger_papier(structure: Structure, *, type_: str, debut: date, fin: date | None, salaire: Decimal) -> None:
    """Les règles du contrat lui-même, au SMIC du territoire de la structure."""
    try:
        territoire = territoire_du_departement(structure.commune.departement_id or "")
    except SmicInconnu as erreur:
        raise ValidationError({"salaire": str(erreur)}) from erreur
    lever(
        regles.verifier_contrat(
            type_=type_,
            debut=debut,
            fin=fin,
            salaire=salaire,
            territoire=territoire,
            publique=structure.est_publique,
        )
    )


def exiger_place(
    poste: Poste, personne: Utilisateur, debut: date, fin: date | None, *, sauf: Contrat | None = None
) -> None:
    """Le poste est libre et la personne aussi. La base le refuserait ; ici la phrase dit lequel des deux."""
    retenus = Contrat.objects.retenus().filter(occupation__overlap=periode_de(debut, fin))
    if sauf is not None:
        retenus = retenus.exclude(pk=sauf.pk)
    if occupant := retenus.filter(poste=poste).order_by("periode").first():
        message = f"Le poste {poste.reference} est occupé {occupant.libelle_periode} (contrat {occupant.reference})."
        raise ValidationError({"debut": message})
    if retenus.filter(personne=personne).exists():
        # On ne dit ni où ni quand : c'est l'affaire de l'autre employeur.
        message = f"{personne.get_full_name()} a déjà un contrat de conseiller numérique sur cette période."
        raise ValidationError({"personne": message})


def exiger_personne(personne: Utilisateur) -> None:
    """Un compte ouvert, avec une adresse qui survit au contrat (programme-apps § 3.E)."""
    # Relu sous verrou : le compte a pu se fermer pendant que l'on saisissait.
    personne.refresh_from_db(fields=["is_active", "anonymise_le", "email"])
    if not personne.is_active or personne.anonymise_le:
        raise ValidationError({"personne": "Le compte de cette personne est fermé."})
    if personne.email.endswith(regles.DOMAINE_REFUSE):
        message = f"Il faut l'adresse personnelle : une adresse {regles.DOMAINE_REFUSE} ferme avec le contrat."
        raise ValidationError({"personne": message})


def precedent(poste: Poste, debut: date) -> Contrat | None:
    """Le dernier contrat du poste fini avant ce jour."""
    finis = Contrat.objects.retenus().filter(poste=poste, occupation__endswith__lte=debut)
    return finis.order_by("-occupation__endswith").first()


def exiger_delai(ancien: Contrat | None, rattachement: Rattachement, debut: date, *, par: Acteur, motif: str) -> None:
    """Remplacer dans le délai de la règle en vigueur au début du nouveau contrat (facts-and-asks § 1.6).

    L'ANCT peut passer outre, avec un motif : c'est elle qui aurait demandé que le poste soit rendu.
    """
    if ancien is None or ancien.dernier_jour is None or est_systeme(par):
        return
    vacant_depuis = max(regles.lendemain(ancien.dernier_jour), rattachement.periode.lower)
    limite = limite_de_remplacement(vacant_depuis, debut)
    if debut <= limite:
        return
    if est_anct(par):
        exiger_texte("motif", motif)
        return
    mois = delai_de_remplacement(debut).mois
    raise TransitionImpossible(
        f"Le poste {rattachement.poste.reference} est vacant depuis le {vacant_depuis:%d/%m/%Y} : le délai de "
        f"{mois} mois pour remplacer la personne est passé le {limite:%d/%m/%Y}. Rendez le poste, ou écrivez à l'ANCT."
    )


def meme_personne(personne: Utilisateur, prenom: str, nom: str) -> bool:
    """Le nom saisi est celui du compte, accents et ordre mis à part."""
    saisi, connu = normaliser(f"{prenom} {nom}"), normaliser(f"{personne.prenom} {personne.nom}")
    return sorted(saisi.split()) == sorted(connu.split())


def refuser_depart_en_contrat(personne: Utilisateur) -> None:
    """Garde de départ des comptes : on ne ferme ni n'efface le compte d'une personne en contrat, ou qui va l'être.

    Raises:
        CompteRefuse: un contrat court, ou attend.
    """
    vivants = Contrat.objects.filter(
        personne=personne,
        etat__in=[Etat.A_VALIDER, Etat.VALIDE, Etat.RUPTURE_NOTIFIEE],
        occupation__overlap=DateRange(timezone.localdate(), None),
    )
    if contrat := vivants.order_by("periode").first():
        raise CompteRefuse(f"Cette personne a un contrat ({contrat.reference}, {contrat.libelle_periode}).")
