"""La formation continue : le catalogue et son quota pour le conseiller, la demande, la réponse, les listes."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import CharField
from django.db.models.functions import Concat
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations import access
from conum.formations.access import FORMATEURS, LECTEURS
from conum.formations.actions import modules as actes
from conum.formations.forms.modules import FiltresModules, ModuleForm
from conum.formations.models import InscriptionModule
from conum.formations.rules.droits import Decompte, Module, offre_au
from conum.formations.states import MODULES_COMPTES, EtatModule
from conum.formations.views import pages
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes.forms.contrats import MotifForm
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.socle.texte import sans_accent
from conum.ui.forms import reporter

NIVEAUX = {
    EtatModule.DEMANDE: "new",
    EtatModule.ACCEPTE: "info",
    EtatModule.SUIVI: "success",
    EtatModule.REFUSE: "error",
    EtatModule.ANNULE: "neutre",
}
LIBELLES = {
    "demander_module": "Module demandé",
    "accepter_module": "Module accepté",
    "refuser_module": "Module refusé",
    "constater_module": "Module suivi",
    "annuler_module": "Module annulé",
}


def niveau(module: InscriptionModule) -> str:
    return NIVEAUX[EtatModule(module.etat)]


def lien(role: Role, pk: int) -> str:
    return reverse("formations:module", args=[role.pk, pk])


def lien_des_modules(role: Role) -> str:
    """Le catalogue pour un conseiller, la liste pour les autres."""
    return reverse("formations:mes_modules" if role.type == TypeRole.CONSEILLER else "formations:modules",
                   args=[role.pk])  # fmt: skip


def lignes(role: Role, modules: list[InscriptionModule]) -> list[dict[str, Any]]:
    """Ce que lit `formations/modules/lignes.html`."""
    comptes = actes.decomptes(modules)
    return [
        {"module": m, "libelle": actes.libelle(m.code, m.jour), "niveau": niveau(m), "lien": lien(role, m.pk),
         "prise_en_charge": actes.dire_prise_en_charge(comptes.get(m.pk))}
        for m in modules
    ]  # fmt: skip


# --- Le conseiller ---


@role_requis(TypeRole.CONSEILLER)
@lecture
def mes_modules(request: HttpRequest) -> HttpResponseBase:
    """Le catalogue en vigueur, le quota et ce qui l'explique, ses modules."""
    role = role_de(request)
    jour = timezone.localdate()
    offre = offre_au(jour)
    situation = actes.situation_de(role.utilisateur_id, jour)
    siens = InscriptionModule.objects.filter(personne=role.utilisateur_id).select_related("organisme")
    contexte = {
        "offre": offre,
        "nommes": len(offre.modules),
        "tus": offre.annonces - len(offre.modules),
        "sources": sorted({*offre.sources, *(s for m in offre.modules for s in m.sources)}, key=lambda s: s.cle),
        "modules": [
            {"module": m, "lien": reverse("formations:demander_module", args=[role.pk, m.code])}
            for m in offre.modules
        ],
        "refus": actes.refus_d_entree(situation, jour),
        "droits": situation.droits,
        "entree": situation.entree,
        "lignes": lignes(role, list(siens.order_by("-jour", "-pk"))),
    }  # fmt: skip
    return render(request, "formations/modules/catalogue.html", contexte)


def _module_ou_404(code: str) -> Module:
    trouve = actes.module_de(code, timezone.localdate())
    if trouve is None:
        raise Http404("Module inconnu.")
    return trouve


@role_requis(TypeRole.CONSEILLER)
@lecture_ecriture
def demander(request: HttpRequest, code: str) -> HttpResponseBase:
    """Demander un module : ce qui n'est pas pris en charge se lit avant d'envoyer."""
    role = role_de(request)
    module = _module_ou_404(code)
    situation = actes.situation_de(role.utilisateur_id)
    refus = actes.refus_d_entree(situation)
    epuise = not module.hors_quota and situation.droits.restants <= 0
    form = ModuleForm(request.POST if request.method == "POST" else None, averti=epuise)
    if request.method == "POST" and form.is_valid():
        try:
            demande = actes.demander_module(code=code, par=role, **form.cleaned_data)
        except (TransitionImpossible, ValidationError) as erreur:
            reporter(form, erreur)
        else:
            decompte = actes.decomptes([demande])[demande.pk]
            fait = f"Le module est demandé. {actes.dire_prise_en_charge(decompte)}"
            (messages.success if decompte.pris_en_charge else messages.warning)(request, fait)
            return redirect(lien(role, demande.pk))
    if form.sans_case:
        del form.fields["sans_prise_en_charge"]
    contexte = {
        "module": module,
        "form": form,
        "refus": refus,
        "epuise": epuise,
        "phrases": situation.droits.phrases,
        "retour": reverse("formations:mes_modules", args=[role.pk]),
    }
    return render(request, "formations/modules/demander.html", contexte)


# --- Un module ---


@role_requis(*LECTEURS, TypeRole.CONSEILLER)
@lecture
def module(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lu = access.get_module_ou_404(role, pk)
    traite = access.peut_traiter_module(role, lu)
    connu = actes.module_de(lu.code, lu.jour)
    contexte = {
        "module": lu,
        "libelle": actes.libelle(lu.code, lu.jour),
        "condition": connu.condition if connu else "",
        "niveau": niveau(lu),
        "prise_en_charge": actes.dire_prise_en_charge(actes.decomptes([lu]).get(lu.pk)),
        "a_soi": role.type == TypeRole.CONSEILLER,
        "a_repondre": traite and lu.etat == EtatModule.DEMANDE,
        "a_constater": traite and lu.etat == EtatModule.ACCEPTE and lu.jour <= timezone.localdate(),
        "annulable": access.peut_annuler_module(role, lu) and lu.etat in (EtatModule.DEMANDE, EtatModule.ACCEPTE),
        "journal": [
            {"titre": LIBELLES.get(e.action, e.action), "date": e.created_at, "auteur": e.acteur, "texte": e.motif,
             "etat": "fait"}
            for e in Entree.objects.de_l_objet(lu)
        ],
        "retour": lien_des_modules(role),
    }  # fmt: skip
    return render(request, "formations/modules/module.html", contexte)


@role_requis(*FORMATEURS)
@ecriture
def accepter(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lu = access.get_module_ou_404(role, pk)
    return pages.acte_direct(
        request,
        lambda: actes.accepter_module(lu, par=role),
        fait="Le module est accepté. La personne est prévenue.",
        retour=lien(role, lu.pk),
    )


@role_requis(*FORMATEURS)
@lecture_ecriture
def refuser(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lu = access.get_module_ou_404(role, pk)
    textes = {
        "titre": f"Refuser le module de {lu.personne.get_full_name()}",
        "intro": f"{actes.libelle(lu.code, lu.jour)}, le {lu.jour:%d/%m/%Y}. La personne reçoit le motif par courriel.",
        "bouton": "Refuser le module",
        "fait": "Le module est refusé. La personne est prévenue.",
    }
    return pages.page_formulaire(
        request,
        MotifForm(request.POST if request.method == "POST" else None),
        lambda saisi: actes.refuser_module(lu, motif=saisi["motif"], par=role),
        textes=textes,
        retour=lien(role, lu.pk),
        nom_retour=actes.libelle(lu.code, lu.jour),
    )


@role_requis(*FORMATEURS)
@ecriture
def constater(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lu = access.get_module_ou_404(role, pk)
    return pages.acte_direct(
        request,
        lambda: actes.constater_module(lu, par=role),
        fait="Le module est dit suivi.",
        retour=lien(role, lu.pk),
    )


@role_requis(*FORMATEURS, TypeRole.CONSEILLER)
@ecriture
def annuler(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lu = access.get_module_ou_404(role, pk)
    return pages.acte_direct(
        request,
        lambda: actes.annuler_module(lu, par=role),
        fait="La demande est annulée. Le quota est rendu.",
        retour=lien(role, lu.pk),
    )


# --- La liste ---


def _colonnes(role: Role, comptes: dict[int, Decompte]) -> list[Colonne]:
    def prise(m: InscriptionModule) -> str:
        if m.etat not in MODULES_COMPTES:
            return ""
        decompte = comptes.get(m.pk) or actes.decomptes([m]).get(m.pk)
        return actes.dire_prise_en_charge(decompte)

    return [
        Colonne("personne", "Personne", lambda m: m.personne.get_full_name(), tri=SansAccent("personne__nom"),
                lien=lambda m: lien(role, m.pk)),
        Colonne("module", "Module", lambda m: actes.libelle(m.code, m.jour), tri="code"),
        Colonne("jour", "Commence le", lambda m: m.jour, tri="jour"),
        Colonne("organisme", "Organisme", lambda m: m.organisme.nom if m.organisme else "", tri="organisme__nom",
                a_l_ecran=role.type != TypeRole.ORGANISME),
        Colonne("etat", "État", lambda m: m.get_etat_display(), tri="etat", niveau=niveau),
        Colonne("prise", "Prise en charge", prise),
        Colonne("demande", "Demandé le", lambda m: m.created_at, tri="created_at", a_l_ecran=False),
    ]  # fmt: skip


def _filtrer(modules: Any, valeurs: dict[str, Any]) -> Any:
    if texte := valeurs.get("recherche"):
        compact = sans_accent(texte).lower().replace(" ", "")
        nom = SansAccent(Concat("personne__prenom", "personne__nom", output_field=CharField()))
        modules = modules.annotate(nom_cherche=nom).filter(nom_cherche__contains=compact)
    return modules.filter(**{champ: valeurs[champ] for champ in ("etat", "code") if champ in valeurs})


@role_requis(*LECTEURS)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    """Les modules que ce rôle voit, les plus proches d'abord ; pris en charge ou non, et pourquoi."""
    role = role_de(request)
    filtres = FiltresModules(request.GET)
    modules = _filtrer(InscriptionModule.objects.visibles_par(role), filtres.valeurs())
    modules = modules.select_related("personne", "organisme")
    comptes: dict[int, Decompte] = {}
    page = Liste(request, modules, _colonnes(role, comptes), "-jour", "modules")
    comptes |= actes.decomptes(modules if request.GET.get("format") else page.page)
    if (export := page.export()) is not None:
        return export
    contexte = {"liste": page, "filtres": filtres, "forme": role.type in FORMATEURS}
    return render(request, "formations/modules/liste.html", contexte)
