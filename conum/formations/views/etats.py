"""Les états récapitulatifs : la liste, un état, une de ses lignes jusqu'aux demi-journées signées."""

from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations import access
from conum.formations.actions import etats as actes
from conum.formations.forms.etats import FiltresEtats, TotalLuForm, nom_du_mois
from conum.formations.models import EtatRecapitulatif, LigneEmargement, LigneEtat
from conum.formations.models.etat import NatureCout
from conum.formations.rules import marches
from conum.formations.rules.assiduite import en_heures
from conum.formations.states import EtatRecap
from conum.formations.views.commun import lien_inscription
from conum.journal.models import Entree
from conum.socle.http import lecture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent

LECTEURS = (TypeRole.ANCT, TypeRole.ORGANISME)
NIVEAUX = {
    EtatRecap.BROUILLON: "new",
    EtatRecap.TRANSMIS: "warning",
    EtatRecap.VALIDE: "success",
    EtatRecap.ABANDONNE: "neutre",
}
LIBELLES = {
    "preparer_etat": "Préparé",
    "recalculer_etat": "Recalculé",
    "transmettre_etat": "Transmis à l’ANCT",
    "contester_etat": "Contesté",
    "valider_etat": "Validé",
    "abandonner_etat": "Abandonné",
    "constater_paiement": "Payé par la banque",
    "constater_rejet_paiement": "Virement rejeté par la banque",
}
PERDUES_MONTREES = 10


def lien_etat(role: Role, pk: int) -> str:
    return reverse("formations:etat", args=[role.pk, pk])


def niveau(etat: EtatRecapitulatif) -> str:
    return NIVEAUX[EtatRecap(etat.etat)]


def titre_du_marche(code: str) -> str:
    try:
        return marches.marche(code).titre
    except marches.MarcheInconnu:
        return code


# --- La liste ---


def _colonnes(role: Role) -> list[Colonne]:
    return [
        Colonne("reference", "État récapitulatif", lambda e: e.reference, tri="numero",
                lien=lambda e: lien_etat(role, e.pk)),
        Colonne("organisme", "Organisme", lambda e: e.organisme.nom, tri=SansAccent("organisme__nom"),
                a_l_ecran=role.type == TypeRole.ANCT),
        Colonne("mois", "Mois", lambda e: nom_du_mois(e.mois), tri="mois"),
        Colonne("marche", "Marché", lambda e: titre_du_marche(e.marche_code), tri="marche_code"),
        Colonne("etat", "État", lambda e: e.get_etat_display(), tri="etat", niveau=niveau),
        Colonne("personnes", "Personnes", lambda e: e.personnes, tri="personnes"),
        Colonne("total", "Total", lambda e: e.total, tri="total"),
        Colonne("transmis", "Transmis le", lambda e: e.transmis_le and timezone.localdate(e.transmis_le),
                tri="transmis_le"),
    ]  # fmt: skip


def _filtrer(etats: QuerySet[EtatRecapitulatif], valeurs: dict[str, Any]) -> QuerySet[EtatRecapitulatif]:
    return etats.filter(**{cle: valeurs[cle] for cle in ("etat", "organisme") if cle in valeurs})


@role_requis(*LECTEURS)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    filtres = FiltresEtats(request.GET)
    if role.type != TypeRole.ANCT:
        del filtres.fields["organisme"]
    lus = _filtrer(EtatRecapitulatif.objects.visibles_par(role), filtres.valeurs())
    annotes = lus.select_related("organisme").annotate(personnes=Count("lignes__inscription", distinct=True))
    page = Liste(request, annotes, _colonnes(role), "-reference", "etats-recapitulatifs")
    if (export := page.export()) is not None:
        return export
    totaux = lus.aggregate(
        a_valider=Sum("total", filter=Q(etat=EtatRecap.TRANSMIS)), valide=Sum("total", filter=Q(etat=EtatRecap.VALIDE))
    )
    contexte = {
        "liste": page,
        "filtres": filtres,
        "a_valider": totaux["a_valider"] or Decimal(0),
        "valide": totaux["valide"] or Decimal(0),
        "anct": role.type == TypeRole.ANCT,
    }
    return render(request, "formations/etats/liste.html", contexte)


# --- Un état ---


def _colonnes_lignes(role: Role) -> list[Colonne]:
    return [
        Colonne("personne", "Personne", lambda x: x.inscription.personne.get_full_name(),
                tri=SansAccent("inscription__personne__nom"),
                lien=lambda x: reverse("formations:ligne_etat", args=[role.pk, x.etat_id, x.pk])),
        Colonne("inscription", "Inscription", lambda x: x.inscription.reference, tri="inscription"),
        Colonne("nature", "Quoi", lambda x: x.get_nature_display(), tri="nature"),
        Colonne("heures", "Heures signées", lambda x: en_heures(x.minutes) if x.minutes else "", tri="minutes"),
        Colonne("prix", "Prix par conseiller", lambda x: x.prix, tri="prix"),
        Colonne("montant", "Montant", lambda x: "Prix inconnu" if x.montant is None else x.montant, tri="montant"),
        Colonne("calcul", "Calcul", lambda x: " ".join(x.trace), a_l_ecran=False),
    ]  # fmt: skip


@role_requis(*LECTEURS)
@lecture
def etat(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lu = access.get_etat_ou_404(role, pk)
    lignes = LigneEtat.objects.filter(etat=lu).select_related("inscription__personne")
    page = Liste(request, lignes, _colonnes_lignes(role), "personne", lu.reference, par_page=50)
    if (export := page.export()) is not None:
        return export
    tient = access.peut_tenir_etat(role, lu)
    contexte = {
        "etat": lu,
        "titre": f"{lu.reference}, {nom_du_mois(lu.mois)}",
        "marche": titre_du_marche(lu.marche_code),
        "niveau": niveau(lu),
        "liste": page,
        "sommes": sommes_de(lu),
        "manques": actes.prix_manquants(lu) if lu.etat == EtatRecap.BROUILLON else (),
        "perdues": actes.demi_journees_perdues(lu).count(),
        "empeche": actes.ce_qui_empeche(lu) if tient and lu.etat == EtatRecap.BROUILLON else (),
        "suite": _suite(role, lu),
        "tient": tient,
        "anct": access.peut_administrer(role),
        "total_lu": TotalLuForm(initial={"total": lu.total}),
        "journal": [
            {"titre": LIBELLES.get(e.action, e.action), "date": e.created_at, "auteur": e.acteur, "texte": e.motif,
             "etat": "fait"}
            for e in Entree.objects.de_l_objet(lu)
        ],
    }  # fmt: skip
    return render(request, "formations/etats/etat.html", contexte)


def sommes_de(etat: EtatRecapitulatif) -> dict[str, Any]:
    """Une requête : personnes, heures, et ce que font la formation et les certifications."""
    formation, certification = Q(nature=NatureCout.FORMATION), Q(nature=NatureCout.CERTIFICATION)
    lues = etat.lignes.aggregate(
        personnes=Count("inscription", distinct=True),
        minutes=Sum("minutes"),
        formation=Sum("montant", filter=formation),
        presentees=Count("pk", filter=certification),
        certification=Sum("montant", filter=certification),
    )
    return {
        **lues,
        "heures": en_heures(lues["minutes"] or 0),
        "formation": lues["formation"] or Decimal(0),
        "certification": lues["certification"] or Decimal(0),
    }


def _suite(role: Role, etat: EtatRecapitulatif) -> str:
    """Ce qui est attendu, et de qui."""
    anct = role.type == TypeRole.ANCT
    match etat.etat:
        case EtatRecap.BROUILLON if anct:
            return f"{etat.organisme.nom} le relit, puis vous le transmet."
        case EtatRecap.BROUILLON:
            return "Relisez chaque ligne, puis transmettez l’état à l’ANCT. Ses montants ne changeront plus."
        case EtatRecap.TRANSMIS if anct:
            return "Relisez les lignes, puis validez l’état ou contestez-le. Un second facteur vous est demandé."
        case EtatRecap.TRANSMIS:
            return "L’ANCT le relit. Vous n’avez rien à faire : sa réponse arrive par courriel."
        case EtatRecap.VALIDE:
            return "L’état est validé : il est payé par virement, sur le compte confirmé de l’organisme."
        case _:
            return "Rien : cet état est abandonné, ses heures entrent dans un autre."


# --- Une ligne ---


@role_requis(*LECTEURS)
@lecture
def ligne(request: HttpRequest, pk: int, ligne_id: int) -> HttpResponseBase:
    """Comment le montant se calcule, et les demi-journées qui le font."""
    role = role_de(request)
    lu = access.get_etat_ou_404(role, pk)
    lue = get_object_or_404(LigneEtat.objects.select_related("inscription__personne"), etat=lu, pk=ligne_id)
    comptees = LigneEmargement.objects.filter(ligne=lue).select_related("seance__session", "emargement")
    colonnes = [
        Colonne("jour", "Jour", lambda d: d.seance.jour, tri="seance__jour"),
        Colonne("horaire", "Horaire", lambda d: f"{d.seance.debut:%H:%M} à {d.seance.fin:%H:%M}", tri="seance__debut"),
        Colonne("session", "Session", lambda d: d.seance.session.reference, tri="seance__session",
                lien=lambda d: reverse("formations:session", args=[role.pk, d.seance.session_id])),
        Colonne("duree", "Durée", lambda d: en_heures(d.minutes), tri="minutes"),
        Colonne("signee", "Signée par la personne le", lambda d: d.emargement and d.emargement.signe_apprenant_le),
        Colonne("formateur", "Signée par", lambda d: d.emargement.formateur_nom if d.emargement else ""),
        Colonne("vaut", "Vaut", _vaut, niveau=lambda d: "success" if _vaut(d) == "Oui" else "warning"),
    ]  # fmt: skip
    page = Liste(request, comptees, colonnes, "jour", f"{lu.reference}-{lue.inscription.reference}", par_page=50)
    if (export := page.export()) is not None:
        return export
    contexte = {
        "etat": lu,
        "ligne": lue,
        "personne": lue.inscription.personne.get_full_name(),
        "inscription": lue.inscription,
        "lien_inscription": lien_inscription(role, lue.inscription_id),
        "heures": en_heures(lue.minutes),
        "formation": lue.nature == NatureCout.FORMATION,
        "liste": page,
        "retour": lien_etat(role, lu.pk),
    }
    return render(request, "formations/etats/ligne.html", contexte)


def _vaut(demi_journee: LigneEmargement) -> str:
    emargement = demi_journee.emargement
    if emargement is None:
        return "Effacée, fin de conservation"
    return "Oui" if emargement.annule_le is None else "Annulée depuis"
