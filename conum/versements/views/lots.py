"""Les lots : préparer, relire, approuver à deux, remettre à la banque."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.journal.workflow import TransitionImpossible
from conum.postes.forms.contrats import MotifForm
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.socle.texte import euros
from conum.versements import access
from conum.versements.access import get_lot_ou_404
from conum.versements.actions import exports
from conum.versements.actions import lots as actes
from conum.versements.forms.lots import ApprobationForm
from conum.versements.models import Echeance, LigneLot, Lot
from conum.versements.states import EtatLigne, EtatLot
from conum.versements.views import commun
from conum.versements.views.preparation import etats_libres

ZERO = Decimal(0)
ACTIVES = Q(lignes__actif=True)
_NOM = SansAccent(Coalesce("echeance__convention__structure__denomination", "etat_recapitulatif__organisme__nom"))
_LUES = ("rib", "echeance__convention__structure", "etat_recapitulatif__organisme")


def _colonnes(role: Role) -> list[Colonne]:
    return [
        Colonne("reference", "Lot", lambda x: x.reference, tri="numero", lien=lambda x: commun.lien_lot(role, x.pk)),
        Colonne("etat", "État", lambda x: x.get_etat_display(), tri="etat", niveau=commun.niveau_lot),
        Colonne("nombre", "Virements", lambda x: x.nombre, tri="nombre"),
        Colonne("total", "Total", lambda x: x.total, tri="total"),
        Colonne("execution", "À exécuter le", lambda x: x.execution_le, tri="execution_le"),
        Colonne("prepare", "Préparé par", lambda x: x.prepare_par.get_full_name()),
        Colonne("approuve", "Approuvé par", lambda x: x.approuve_par.get_full_name() if x.approuve_par else ""),
        Colonne("remis", "Remis le", lambda x: x.exporte_le, tri="exporte_le"),
    ]  # fmt: skip


@role_requis(TypeRole.ANCT)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    lots = Lot.objects.select_related("prepare_par", "approuve_par")
    lots = lots.annotate(nombre=Count("lignes", filter=ACTIVES), total=Sum("lignes__montant", filter=ACTIVES))
    page = Liste(request, lots, _colonnes(role), "-reference", "lots")
    if (fichier := page.export()) is not None:
        return fichier
    libres = Echeance.objects.a_mettre_en_lot().aggregate(nombre=Count("pk"), total=Sum("montant"))
    etats = etats_libres()
    contexte = {"liste": page, "nombre": libres["nombre"], "total": libres["total"], "etats": etats}
    return render(request, "versements/lots/liste.html", contexte)


def _colonnes_lignes(role: Role, lot: Lot) -> list[Colonne]:
    preparation, remis = lot.etat == EtatLot.PREPARATION, lot.etat in exports.REMIS

    def etat(x: LigneLot) -> str:
        return "Dans le lot" if x.etat == EtatLigne.EN_ATTENTE and not remis else x.get_etat_display()

    def retirer(x: LigneLot) -> str:
        return "Retirer" if preparation and x.actif else ""

    def lien_retirer(x: LigneLot) -> str:
        return reverse("versements:retirer_ligne", args=[role.pk, lot.pk, x.pk]) if retirer(x) else ""

    return [
        Colonne("reference", "Identifiant", lambda x: x.reference, tri="reference",
                lien=lambda x: commun.lien_objet(role, x)),
        Colonne("structure", "Bénéficiaire", lambda x: x.beneficiaire.nom, tri=_NOM),
        Colonne("convention", "Convention ou état", lambda x: x.piece, tri="echeance__convention__numero"),
        Colonne("titulaire", "Titulaire", lambda x: x.rib.titulaire, tri=SansAccent("rib__titulaire")),
        Colonne("compte", "Compte", lambda x: x.rib.masque),
        Colonne("montant", "Montant", lambda x: x.montant, tri="montant"),
        Colonne("etat", "État", etat, tri="etat",
                niveau=lambda x: commun.NIVEAUX_LIGNE.get(EtatLigne(x.etat), "neutre")),
        Colonne("motif", "Motif", lambda x: x.motif, a_l_ecran=not preparation),
        Colonne("geste", "À faire", retirer, lien=lien_retirer, a_l_ecran=preparation),
    ]  # fmt: skip


def _suite(role: Role, lot: Lot, nombre: int) -> str:
    """Ce qui est attendu, et de qui ; après une panne, c'est ici que l'on sait quoi faire."""
    match lot.etat:
        case EtatLot.PREPARATION if not nombre:
            return "Ce lot n’a plus aucune ligne : abandonnez-le."
        case EtatLot.PREPARATION:
            return f"{lot.prepare_par.get_full_name()} le relit, retire au besoin des lignes, puis le présente."
        case EtatLot.A_APPROUVER if not nombre:
            return "Des avenants ont remplacé toutes ses lignes : renvoyez-le ou abandonnez-le."
        case EtatLot.A_APPROUVER if lot.prepare_par_id == role.utilisateur_id:
            return "Vous l’avez préparé : une autre personne de l’ANCT l’approuve."
        case EtatLot.A_APPROUVER:
            return "Relisez chaque ligne, puis approuvez le lot ou renvoyez-le. Un second facteur vous est demandé."
        case EtatLot.APPROUVE if exports.export_interrompu(lot):
            return (
                "Un export s’est interrompu avant d’être enregistré : son fichier n’a été donné à personne, rien n’est "
                "parti. Produisez-le de nouveau : ce sera le même, au même identifiant."
            )
        case EtatLot.APPROUVE:
            return "Produisez le fichier de virements, puis remettez-le à la banque. Rien n’est encore parti."
        case EtatLot.EXPORTE:
            return (
                "Le fichier est produit. En cas de doute sur sa remise, demandez à la banque si elle a reçu le message "
                f"{lot.reference}. Vous pouvez le télécharger de nouveau : c’est le même, la banque le reconnaît à cet "
                "identifiant. Importez ensuite son retour."
            )
        case _:
            return "Rien : ce lot est clos."


def _gestes(role: Role, lot: Lot, nombre: int) -> list[dict[str, Any]]:
    sien = lot.prepare_par_id == role.utilisateur_id
    gestes: list[dict[str, Any]] = []

    def ajouter(titre: str, nom: str, *, direct: bool = False, cache: bool = False) -> None:
        lien = reverse(f"versements:{nom}", args=[role.pk, lot.pk])
        gestes.append({"titre": titre, "lien": lien, "direct": direct, "lu": cache})

    if lot.etat == EtatLot.PREPARATION and sien and nombre:
        ajouter("Présenter à l’approbation", "soumettre_lot", direct=True)
    if lot.etat == EtatLot.A_APPROUVER:
        if nombre and access.peut_approuver(role, lot):
            ajouter("Approuver ce lot", "approuver_lot", direct=True, cache=True)
        ajouter("Renvoyer", "renvoyer_lot")
    if lot.etat == EtatLot.APPROUVE:
        ajouter("Produire le fichier de virements", "exporter_lot", direct=True)
    if lot.etat in exports.REMIS and lot.fichier:
        ajouter("Télécharger le fichier", "fichier_lot", direct=True)
    if lot.etat == EtatLot.EXPORTE:
        lien = reverse("versements:deposer_retour", args=[role.pk])
        gestes.append({"titre": "Importer le retour de la banque", "lien": lien, "direct": False, "lu": False})
    if lot.etat in (EtatLot.PREPARATION, EtatLot.A_APPROUVER, EtatLot.APPROUVE):
        ajouter("Abandonner ce lot", "abandonner_lot")
    return gestes


@role_requis(TypeRole.ANCT)
@lecture
def lot(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lu = get_lot_ou_404(role, pk)
    lignes = LigneLot.objects.filter(lot=lu).select_related(*_LUES)
    page = Liste(request, lignes, _colonnes_lignes(role, lu), "reference", lu.reference, par_page=50)
    if (fichier := page.export()) is not None:
        return fichier
    sommes = lignes.order_by().aggregate(
        nombre=Count("pk", filter=Q(actif=True)),
        total=Sum("montant", filter=Q(actif=True)),
        payees=Count("pk", filter=Q(etat=EtatLigne.PAYEE)),
        rejetees=Count("pk", filter=Q(etat=EtatLigne.REJETEE)),
    )
    contexte = {
        "lot": lu,
        "niveau": commun.niveau_lot(lu),
        "liste": page,
        "sommes": {**sommes, "total": sommes["total"] or 0},
        "remis": lu.etat in exports.REMIS,
        "suite": _suite(role, lu, sommes["nombre"]),
        "gestes": _gestes(role, lu, sommes["nombre"]),
        "approbation": ApprobationForm(initial={"nombre": sommes["nombre"], "total": sommes["total"] or 0}),
        "journal": commun.journal(lu),
    }
    return render(request, "versements/lots/lot.html", contexte)


def _bouton(
    request: HttpRequest, pk: int, acte: Callable[[Lot, Role], Any], fait: str, *, facteur: bool = False
) -> HttpResponseBase:
    role = role_de(request)
    lu = get_lot_ou_404(role, pk)
    retour = commun.lien_lot(role, pk)
    if facteur and (suite := commun.exiger_facteur(request, retour)) is not None:
        return suite
    return commun.acte_direct(request, lambda: acte(lu, role), fait=fait, retour=retour)


@role_requis(TypeRole.ANCT)
@ecriture
def soumettre(request: HttpRequest, pk: int) -> HttpResponseBase:
    return _bouton(
        request,
        pk,
        lambda lu, role: actes.soumettre_lot(lu, par=role),
        "Le lot est présenté. Les autres agents le savent.",
    )


@role_requis(TypeRole.ANCT)
@ecriture
def approuver(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lu = get_lot_ou_404(role, pk)
    if lu.prepare_par_id == role.utilisateur_id:
        messages.error(request, "Vous avez préparé ce lot : une autre personne l’approuve.")
        return redirect(commun.lien_lot(role, pk))
    form = ApprobationForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Relisez le lot, puis approuvez-le depuis sa page.")
        return redirect(commun.lien_lot(role, pk))
    return _bouton(
        request,
        pk,
        lambda lot_, par: actes.approuver_lot(lot_, par=par, **form.lus()),
        "Le lot est approuvé. Il reste à produire le fichier.",
        facteur=True,
    )


@role_requis(TypeRole.ANCT)
@ecriture
def exporter(request: HttpRequest, pk: int) -> HttpResponseBase:
    return _bouton(
        request,
        pk,
        lambda lu, role: exports.exporter_lot(lu, par=role),
        "Le fichier est produit et gardé. Téléchargez-le pour le remettre à la banque.",
        facteur=True,
    )


@role_requis(TypeRole.ANCT)
@ecriture
def fichier(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Les octets remis à la banque : des IBAN en clair, donc un POST, au journal, derrière un second facteur récent."""
    role = role_de(request)
    lu = get_lot_ou_404(role, pk)
    retour = commun.lien_lot(role, pk)
    if (suite := commun.exiger_facteur(request, retour)) is not None:
        return suite
    try:
        octets = exports.fichier_du_lot(lu, par=role)
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
        return redirect(retour)
    response = HttpResponse(octets, content_type="application/xml")
    response["Content-Disposition"] = f'attachment; filename="{lu.reference}.xml"'
    response["Cache-Control"] = "no-store"
    return response


def _motive(
    request: HttpRequest, pk: int, acte: Callable[[Lot, str, Role], Any], textes: dict[str, str]
) -> HttpResponseBase:
    role = role_de(request)
    lu = get_lot_ou_404(role, pk)
    return commun.page_formulaire(
        request,
        MotifForm(request.POST or None),
        lambda lues: acte(lu, lues["motif"], role),
        textes=textes,
        retour=commun.lien_lot(role, pk),
        nom_retour=lu.reference,
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def renvoyer(request: HttpRequest, pk: int) -> HttpResponseBase:
    return _motive(
        request,
        pk,
        lambda lu, motif, role: actes.renvoyer_lot(lu, motif=motif, par=role),
        {
            "titre": "Renvoyer le lot",
            "intro": "Il redevient modifiable ; qui l’a préparé reçoit ce motif.",
            "bouton": "Renvoyer le lot",
            "fait": "Le lot est renvoyé à qui l’a préparé.",
        },
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def abandonner(request: HttpRequest, pk: int) -> HttpResponseBase:
    return _motive(
        request,
        pk,
        lambda lu, motif, role: actes.abandonner_lot(lu, motif=motif, par=role),
        {
            "titre": "Abandonner le lot",
            "intro": "Rien n’a été remis à la banque. Ses échéances sont de nouveau à verser.",
            "bouton": "Abandonner le lot",
            "fait": "Le lot est abandonné : ses échéances sont de nouveau à verser.",
        },
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def retirer_ligne(request: HttpRequest, pk: int, ligne_pk: int) -> HttpResponseBase:
    role = role_de(request)
    lu = get_lot_ou_404(role, pk)
    ligne = get_object_or_404(LigneLot.objects.select_related(*_LUES), lot=lu, pk=ligne_pk)
    quoi = f"{ligne.reference}, {euros(ligne.montant)}, {ligne.beneficiaire.nom}."
    return _motive(
        request,
        pk,
        lambda _, motif, par: actes.retirer_ligne(ligne, motif=motif, par=par),
        {
            "titre": f"Retirer une ligne de {lu.reference}",
            "intro": f"{quoi} Elle sera de nouveau à verser, dans un autre lot.",
            "bouton": "Retirer la ligne",
            "fait": "La ligne est retirée du lot.",
        },
    )
