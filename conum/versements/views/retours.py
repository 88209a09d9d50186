"""Le retour de la banque : déposer, relire ligne à ligne, importer, puis traiter ce que la machine ne sait pas."""

from collections import Counter
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.postes.forms.contrats import MotifForm
from conum.socle.http import lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste, Pages
from conum.ui.forms import reporter
from conum.versements.access import get_ligne_retour_ou_404, get_retour_ou_404
from conum.versements.actions import rapprochements
from conum.versements.actions import retours as actes
from conum.versements.forms.retours import DepotRetourForm, RechercheForm
from conum.versements.models import Echeance, LigneLot, LigneRetour, RetourBancaire, SensRetour
from conum.versements.rules.lecture_bancaire import RetourIllisible
from conum.versements.rules.rapprochement import LIBELLES, Verdict
from conum.versements.states import EtatRapprochement
from conum.versements.views import commun

NIVEAUX = {
    Verdict.CONSTATER: "success",
    Verdict.DEJA: "neutre",
    Verdict.A_TRAITER: "warning",
    Verdict.REFUSEE: "error",
    Verdict.IGNOREE: "neutre",
}
NIVEAUX_LIGNE = {
    EtatRapprochement.RAPPROCHEE: "success",
    EtatRapprochement.A_TRAITER: "warning",
    EtatRapprochement.ECARTEE: "neutre",
}
SENS = dict(SensRetour.choices)


def lien_retour(role: Role, pk: int) -> str:
    return reverse("versements:retour", args=[role.pk, pk])


def lien_ligne(role: Role, pk: int) -> str:
    return reverse("versements:ligne_retour", args=[role.pk, pk])


# --- Les fichiers, et les lignes à traiter ---


def _colonnes(role: Role) -> list[Colonne]:
    def etat(r: Any) -> str:
        return "Importé" if r.applique_le else "Déposé, pas encore importé"

    return [
        Colonne("fichier", "Fichier", lambda r: r.nom_fichier, tri="nom_fichier",
                lien=lambda r: lien_retour(role, r.pk)),
        Colonne("format", "Format", lambda r: r.format, tri="format"),
        Colonne("etat", "État", etat, tri="applique_le", niveau=lambda r: "success" if r.applique_le else "new"),
        Colonne("depose", "Déposé le", lambda r: r.created_at, tri="created_at"),
        Colonne("par", "Par", lambda r: r.role.utilisateur.get_full_name()),
        Colonne("rapprochees", "Rapprochées", lambda r: r.rapprochees, tri="rapprochees"),
        Colonne("a_traiter", "À traiter", lambda r: r.a_traiter, tri="a_traiter"),
    ]  # fmt: skip


def _colonnes_lignes(role: Role) -> list[Colonne]:
    return [
        Colonne("reference", "Référence", lambda x: x.reference or "Sans référence", tri="reference",
                lien=lambda x: lien_ligne(role, x.pk)),
        Colonne("sens", "Sens", lambda x: x.get_sens_display(), tri="sens"),
        Colonne("montant", "Montant", lambda x: x.montant, tri="montant"),
        Colonne("date", "Date de valeur", lambda x: x.date, tri="date"),
        Colonne("explication", "Pourquoi elle attend", lambda x: x.explication),
        Colonne("fichier", "Fichier", lambda x: x.retour.nom_fichier, tri="retour",
                lien=lambda x: lien_retour(role, x.retour_id)),
        Colonne("texte", "Libellé de la banque", lambda x: x.texte, a_l_ecran=False),
    ]  # fmt: skip


@role_requis(TypeRole.ANCT)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    """Ce qui attend une personne d'abord ; les fichiers ensuite."""
    role = role_de(request)
    attendent = LigneRetour.objects.filter(etat=EtatRapprochement.A_TRAITER).select_related("retour")
    comptes = {"a_traiter": attendent.count(), "fichiers": RetourBancaire.objects.count()}
    onglet = request.GET.get("onglet", "")
    if onglet not in comptes:
        onglet = "a_traiter" if comptes["a_traiter"] else "fichiers"
    if onglet == "a_traiter":
        page = Liste(request, attendent, _colonnes_lignes(role), "date", "retours-a-traiter")
    else:
        fichiers = RetourBancaire.objects.defer("operations").select_related("role__utilisateur").annotate(
            rapprochees=Count("lignes", filter=Q(lignes__etat=EtatRapprochement.RAPPROCHEE)),
            a_traiter=Count("lignes", filter=Q(lignes__etat=EtatRapprochement.A_TRAITER)),
        )  # fmt: skip
        page = Liste(request, fichiers, _colonnes(role), "-depose", "retours")
    if (export := page.export()) is not None:
        return export
    titres = {"a_traiter": "Lignes à traiter", "fichiers": "Fichiers"}
    contexte = {
        "liste": page,
        "titre_liste": titres[onglet],
        "onglets": [
            {"titre": titres[cle], "nombre": nombre, "actif": cle == onglet,
             "lien": page.adresse(onglet=cle, page="", tri="")}
            for cle, nombre in comptes.items()
        ],
    }  # fmt: skip
    return render(request, "versements/retours/liste.html", contexte)


# --- Un fichier ---


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def deposer(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    form = DepotRetourForm(request.POST, request.FILES) if request.method == "POST" else DepotRetourForm()
    if form.is_bound and form.is_valid():
        fichier = form.cleaned_data["fichier"]
        try:
            retour = actes.deposer_retour(fichier.read(), nom=fichier.name or "", par=role)
        except RetourIllisible as erreur:
            form.add_error("fichier", str(erreur))
        except ValidationError as erreur:
            reporter(form, erreur)
        else:
            return redirect(lien_retour(role, retour.pk))
    return render(request, "versements/retours/deposer.html", {"form": form})


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def retour(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Le compte rendu du fichier, avant puis après l'import ; un POST l'importe."""
    role = role_de(request)
    lu = get_retour_ou_404(role, pk)
    if request.method == "POST":
        return _importer(request, role, lu)
    lignes = actes.compte_rendu(lu)
    comptes = Counter(e.verdict for e in lignes)
    voulu = request.GET.get("verdict", "")
    montrees = [e for e in lignes if not voulu or e.verdict == voulu]
    pages = Pages(request, montrees)
    gardees = comptes[Verdict.CONSTATER] + comptes[Verdict.A_TRAITER] + comptes[Verdict.DEJA]
    contexte = {
        "retour": lu,
        "comptes": [
            {"titre": LIBELLES[v], "nombre": comptes[v], "niveau": NIVEAUX[v], "actif": v == voulu,
             "lien": pages.adresse(verdict="" if v == voulu else v.value, page="")}
            for v in Verdict if comptes[v]
        ],
        "pages": pages,
        "lignes": [_ligne(e) for e in pages.page],
        "refusees": comptes[Verdict.REFUSEE],
        "rapprochees": comptes[Verdict.CONSTATER],
        "importables": gardees if lu.applique_le is None else 0,
        "a_traiter": lu.lignes.filter(etat=EtatRapprochement.A_TRAITER).count(),
    }  # fmt: skip
    return render(request, "versements/retours/retour.html", contexte)


def _ligne(e: actes.Examinee) -> dict[str, Any]:
    o = e.operation
    return {
        "numero": o.numero,
        "reference": o.reference or o.lot,
        "sens": SENS.get(o.sens, ""),
        "montant": o.montant,
        "date": o.date,
        "verdict": LIBELLES[e.verdict],
        "niveau": NIVEAUX[e.verdict],
        "phrase": " ".join(p for p in (e.explication, f"{o.motif}." if o.motif else "") if p),
    }


def _importer(request: HttpRequest, role: Role, lu: RetourBancaire) -> HttpResponseBase:
    tout = request.POST.get("mode") != "valables"
    return commun.acte_direct(
        request,
        lambda: actes.appliquer_retour(lu, par=role, tout_ou_rien=tout),
        fait="Le fichier est importé. Les structures sont prévenues.",
        retour=lien_retour(role, lu.pk),
    )


# --- Une ligne ---


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def ligne(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Une ligne que la machine n'a pas rapprochée : ce qui pourrait lui correspondre, à choisir."""
    role = role_de(request)
    lue = get_ligne_retour_ou_404(role, pk)
    if request.method == "POST":
        return _rapprocher(request, role, lue)
    filtres = RechercheForm(request.GET)
    recherche = filtres.valeurs().get("recherche", "")
    recu = lue.sens == SensRetour.RECU
    trouves: list[Any] = []
    nombre = 0
    if lue.est_a_traiter:
        chercher: Any = rapprochements.sommes_possibles if recu else rapprochements.virements_possibles
        possibles = chercher(lue, recherche)
        nombre = possibles.count()
        trouves = [_possible(role, x) for x in possibles[: rapprochements.TROUVES_MAX]]
    contexte = {
        "ligne": lue,
        "niveau": NIVEAUX_LIGNE[EtatRapprochement(lue.etat)],
        "filtres": filtres,
        "recu": recu,
        "possibles": trouves,
        "reste": nombre - len(trouves),
        "journal": commun.journal(lue),
        "lien_echeance": _lien_de(role, lue),
    }
    return render(request, "versements/retours/ligne.html", contexte)


def _possible(role: Role, x: Any) -> dict[str, Any]:
    convention = None if isinstance(x, LigneLot) else x.convention
    return {
        "cle": x.pk,
        "reference": x.reference,
        "lot": x.lot.reference if isinstance(x, LigneLot) else "",
        "compte": x.rib.masque if isinstance(x, LigneLot) else "",
        "paye": isinstance(x, LigneLot) and x.etat == "payee",
        "montant": x.montant,
        "structure": x.beneficiaire.nom if convention is None else convention.structure.nom,
        "convention": x.piece if convention is None else convention.reference,
        "lien": commun.lien_objet(role, x) if convention is None else commun.lien_echeance(role, x.pk),
    }


def _lien_de(role: Role, lue: LigneRetour) -> str:
    if lue.ligne_lot is not None:
        return commun.lien_objet(role, lue.ligne_lot)
    return commun.lien_echeance(role, lue.reversement_id) if lue.reversement_id else ""


def _rapprocher(request: HttpRequest, role: Role, lue: LigneRetour) -> HttpResponseBase:
    cle = request.POST.get("cle", "")
    if not (cle.isascii() and cle.isdigit() and len(cle) < 18):
        messages.error(request, "Choisissez un virement de la liste.")
        return redirect(lien_ligne(role, lue.pk))

    def acte() -> LigneRetour:
        if lue.sens == SensRetour.RECU:
            return rapprochements.rapprocher_reversement(lue, get_object_or_404(Echeance, pk=cle), par=role)
        return rapprochements.rapprocher_virement(lue, get_object_or_404(LigneLot, pk=cle), par=role)

    return commun.acte_direct(
        request, acte, fait="La ligne est rapprochée. Le bénéficiaire est prévenu.", retour=lien_ligne(role, lue.pk)
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def ecarter(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lue = get_ligne_retour_ou_404(role, pk)
    return commun.page_formulaire(
        request,
        MotifForm(request.POST or None),
        lambda lues: rapprochements.ecarter_ligne(lue, motif=lues["motif"], par=role),
        textes={
            "titre": f"Écarter la ligne {lue.numero}",
            "intro": "Elle ne regarde aucun virement de conum : rien n’est constaté, votre motif reste au journal.",
            "bouton": "Écarter cette ligne",
            "fait": "La ligne est écartée.",
        },
        retour=lien_ligne(role, pk),
        nom_retour=f"Ligne {lue.numero}",
    )
