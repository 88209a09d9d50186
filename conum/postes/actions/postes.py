"""Attribuer, rendre, retirer et transférer des postes : seuls les rattachements changent, l'état s'en déduit."""

from datetime import date

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from conum.courriels.actions import mettre_en_file
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.postes import access, emails
from conum.postes.actions import gardes
from conum.postes.emails import destinataires
from conum.postes.models import Contrat, Poste, Rattachement
from conum.socle.enregistrement import enregistrer
from conum.structures.models import Structure

MES_POSTES, FICHE = "postes:mes_postes", "postes:poste"


def creer_postes(
    structure: Structure, *, nombre: int, type_poste: str, debut: date, par: Acteur, motif: str = ""
) -> list[Poste]:
    """Crée `nombre` postes numérotés, rattachés à la structure à partir de `debut`.

    Le droit est prouvé par l'appelant : attribuer une demande (demandes.actions) est la seule façon d'arriver ici.
    """
    with transaction.atomic(savepoint=False):
        postes = Poste.objects.bulk_create([Poste(type=type_poste) for _ in range(nombre)])
        Rattachement.objects.bulk_create(
            [Rattachement(poste=p, structure=structure, periode=(debut, None)) for p in postes]
        )
        numeros = [p.numero for p in postes]
        noter(structure, "creer_postes", par=par, motif=motif, donnees={"postes": numeros, "debut": debut.isoformat()})
        return postes


def rendre_postes(
    structure: Structure, *, nombre: int, type_poste: str, le: date, par: Acteur, motif: str = ""
) -> list[Poste]:
    """Met fin, le jour `le`, au rattachement de `nombre` postes libres, les derniers attribués d'abord.

    Raises:
        TransitionImpossible: la structure a moins de postes libres que demandé ; le message nomme les occupés.
    """
    with transaction.atomic():
        Structure.objects.select_for_update(no_key=True).get(pk=structure.pk)
        siens = Poste.objects.rattaches_a(structure, le).filter(type=type_poste)
        # Sous verrou : un contrat saisi au même instant attend, ou bien se voit.
        list(siens.select_for_update(no_key=True).order_by("pk"))
        libres = list(Poste.objects.libres_de(structure, le).filter(type=type_poste).order_by("-numero")[:nombre])
        if len(libres) < nombre:
            raise TransitionImpossible(_pas_assez(structure, type_poste, le, len(libres), nombre))
        for rattachement in Rattachement.objects.filter(
            poste__in=libres, structure=structure, periode__contains=le
        ).order_by("pk"):
            _clore(rattachement, le)
        noter(
            structure,
            "rendre_postes",
            par=par,
            motif=motif,
            donnees={"postes": [p.numero for p in libres], "le": le.isoformat()},
        )
        return libres


def _pas_assez(structure: Structure, type_poste: str, le: date, libres: int, nombre: int) -> str:
    phrase = f"La structure n'a que {libres} poste(s) libre(s) : elle ne peut pas en rendre {nombre}."
    contrats = Contrat.objects.retenus().filter(
        poste__in=Poste.objects.rattaches_a(structure, le).filter(type=type_poste),
        occupation__overlap=DateRange(le, None),
    )
    references = sorted({c.poste.reference for c in contrats.select_related("poste")})
    if len(references) == 1:
        phrase += f" Le poste {references[0]} est occupé."
    elif references:
        phrase += f" Les postes {', '.join(references)} sont occupés."
    return phrase


def _clore(rattachement: Rattachement, le: date) -> None:
    if rattachement.periode.lower >= le:
        # Attribué et rendu le même jour : la période serait vide, la base la refuse.
        raise TransitionImpossible("Un poste ne se rend qu'à partir du lendemain de son attribution.")
    rattachement.periode = DateRange(rattachement.periode.lower, le)
    rattachement.save(update_fields=["periode"])


def _en_cours(poste: Poste, le: date, *, par: Acteur) -> Rattachement:
    """Le rattachement à clore, poste sous verrou, droit prouvé."""
    courant = gardes.verrouiller(poste)
    if not access.peut_gerer_poste(par, courant):
        raise PermissionDenied
    rattachement = gardes.rattachement_le(courant, le)
    if rattachement is None:
        raise TransitionImpossible(f"Le poste {courant.reference} n'est à aucune structure le {le:%d/%m/%Y}.")
    return rattachement


def _exiger_vacant(poste: Poste, le: date) -> None:
    """Personne sur le poste à partir de ce jour."""
    pris = Contrat.objects.retenus().filter(poste=poste, occupation__overlap=DateRange(le, None))
    if contrat := pris.order_by("periode").first():
        raise TransitionImpossible(
            f"Le poste {poste.reference} est occupé {contrat.libelle_periode} (contrat {contrat.reference})."
        )


def retirer_poste(poste: Poste, *, le: date, motif: str, par: Acteur) -> Poste:
    """L'ANCT reprend un poste vacant, avec un motif : vacance trop longue, structure qui ne répond plus.

    Raises:
        TransitionImpossible: le poste est occupé, ou n'est à personne ce jour-là.
    """
    motif = gardes.exiger_texte("motif", motif)
    with transaction.atomic():
        rattachement = _en_cours(poste, le, par=par)
        _exiger_vacant(poste, le)
        structure = rattachement.structure
        _clore(rattachement, le)
        donnees = {"le": le.isoformat(), "structure": structure.pk}
        noter(poste, "retirer_poste", par=par, motif=motif, donnees=donnees)
        noter(structure, "rendre_postes", par=par, motif=motif, donnees={"postes": [poste.numero], **donnees})
        a_prevenir = destinataires.de_la_structure(structure, MES_POSTES)
        a_prevenir += destinataires.de_la_prefecture(structure, FICHE, poste.pk)
        for qui in a_prevenir:
            base = emails.SurPoste.base(poste, structure.nom, f"{le:%d/%m/%Y}", motif, qui.lien)
            mettre_en_file(emails.PosteRetire(**base), a=qui.email, objet=poste)
    return poste


def transferer_poste(
    poste: Poste, *, vers: Structure, le: date, motif: str, par: Acteur, avec_la_personne: bool = False
) -> Rattachement:
    """L'ANCT transfère un poste à une autre structure du même département, le jour `le` (facts-and-asks § 1.6).

    Un rattachement se clôt, l'autre s'ouvre le même jour : l'histoire reste. `avec_la_personne` : le contrat en cours
    suit le poste ; sans cela, un poste occupé ne se transfère pas.

    Raises:
        TransitionImpossible: autre département, structure fusionnée, ou poste occupé.
    """
    motif = gardes.exiger_texte("motif", motif)
    with transaction.atomic():
        rattachement = _en_cours(poste, le, par=par)
        de = rattachement.structure
        cible = Structure.objects.select_related("commune__departement").get(pk=vers.pk)
        _exiger_cible(de, cible)
        if not avec_la_personne and cible.pk != de.fusionnee_dans_id:
            _exiger_vacant(poste, le)
        terme = rattachement.periode.upper
        _clore(rattachement, le)
        nouveau = Rattachement(poste=poste, structure=cible, periode=DateRange(le, terme))
        enregistrer(nouveau)
        donnees = {"de": de.pk, "vers": cible.pk, "le": le.isoformat(), "avec_la_personne": avec_la_personne}
        noter(poste, "transferer_poste", par=par, motif=motif, donnees=donnees)
        for structure in (de, cible):
            noter(structure, "transferer_poste", par=par, motif=motif, donnees={"poste": poste.numero, **donnees})
        _prevenir_du_transfert(poste, de, cible, le, motif)
        return nouveau


def _exiger_cible(de: Structure, cible: Structure) -> None:
    if cible.pk == de.pk:
        raise ValidationError({"vers": "Le poste est déjà dans cette structure."})
    if cible.fusionnee_dans_id:
        raise ValidationError({"vers": f"{cible.nom} a été fusionnée : choisissez la structure qui demeure."})
    # Le poste d'une structure fusionnée rejoint celle qui demeure, où qu'elle soit.
    if de.fusionnee_dans_id == cible.pk:
        return
    if de.commune.departement_id != cible.commune.departement_id:
        raise ValidationError(
            {
                "vers": f"Un poste ne se transfère que dans son département : {de.nom} est dans "
                f"{de.commune.departement}, {cible.nom} dans {cible.commune.departement}."
            }
        )


def _prevenir_du_transfert(poste: Poste, de: Structure, cible: Structure, le: date, motif: str) -> None:
    a_prevenir = destinataires.de_la_structure(de, MES_POSTES) + destinataires.de_la_structure(cible, MES_POSTES)
    a_prevenir += destinataires.de_la_prefecture(cible, FICHE, poste.pk)
    for qui in a_prevenir:
        base = emails.SurPoste.base(poste, de.nom, f"{le:%d/%m/%Y}", motif, qui.lien)
        mettre_en_file(emails.PosteTransfere(**base, vers=cible.nom), a=qui.email, objet=poste)
