"""La prise de poste : permise ou non et pourquoi, enregistrée ; la liste de ceux qui ne l’ont pas encore prise."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import CharField, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Concat
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations import access
from conum.formations.actions import prise_de_poste as actes
from conum.formations.forms.prise_de_poste import FiltresPrises, PriseDePosteForm
from conum.formations.models import Inscription, PriseDePoste
from conum.formations.rules.prise_de_poste import Verdict
from conum.formations.views import commun, pages
from conum.journal.workflow import TransitionImpossible
from conum.postes.access import AGENTS, LECTEURS, get_contrat_ou_404
from conum.postes.forms.contrats import MotifForm
from conum.postes.models import Contrat
from conum.postes.models.contrat import ContratQuerySet
from conum.socle.http import lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.socle.texte import sans_accent
from conum.ui.forms import reporter

ONGLETS = {"attendues": "Pas encore pris", "prises": "Poste pris"}


def lien(role: Role, contrat_pk: int) -> str:
    return reverse("formations:prise_de_poste", args=[role.pk, contrat_pk])


def contexte_verdict(contrat: Contrat) -> dict[str, Any]:
    """Ce que lit `formations/prise_de_poste/verdict.html`."""
    prises = actes.prises_de([contrat]).get(contrat.pk, [])
    return {
        "contrat": contrat,
        "verdict": actes.verdict(contrat),
        "prise": next((p for p in prises if p.annulee_le is None), None),
        "annulees": [p for p in prises if p.annulee_le],
        "aujourdhui": timezone.localdate(),
    }


@role_requis(*LECTEURS)
@lecture_ecriture
def prise_de_poste(request: HttpRequest, contrat_id: int) -> HttpResponseBase:
    """Permise ou non, et pourquoi ; l'employeur ou l'ANCT l'enregistre."""
    role = role_de(request)
    contrat = get_contrat_ou_404(role, contrat_id)
    peut = access.peut_prendre_acte_du_contrat(role, contrat)
    form = PriseDePosteForm(request.POST if request.method == "POST" else None, initial={"le": timezone.localdate()})
    if request.method == "POST":
        if not peut:
            raise Http404("Contrat inconnu.")
        if form.is_valid() and (fait := _enregistrer(request, role, contrat, form)):
            return fait
    contexte = contexte_verdict(contrat)
    # Refusée aujourd'hui, une date passée l'est aussi, sauf si le contrat a pris fin depuis.
    fini = contrat.dernier_jour is not None and contrat.dernier_jour < contexte["aujourdhui"]
    montrer = contexte["verdict"].autorise or fini or form.is_bound
    inscription = _inscription_de(role, contrat)
    contexte |= {
        "form": form if peut and montrer and contexte["prise"] is None else None,
        "structure": contrat.structure,
        "lien_annuler": reverse("formations:annuler_prise_de_poste", args=[role.pk, contexte["prise"].pk])
        if contexte["prise"] and access.peut_administrer(role)
        else "",
        "lien_inscription": commun.lien_inscription(role, inscription.pk) if inscription else "",
        "inscription": inscription,
        "lien_contrat": reverse("postes:contrat", args=[role.pk, contrat.pk]),
        "retour": reverse("formations:prises_de_poste", args=[role.pk]),
    }
    return render(request, "formations/prise_de_poste/page.html", contexte)


def _enregistrer(request: HttpRequest, role: Role, contrat: Contrat, form: PriseDePosteForm) -> HttpResponseBase | None:
    try:
        prise = actes.enregistrer_prise_de_poste(contrat, le=form.cleaned_data["le"], par=role)
    except ValidationError as erreur:
        reporter(form, erreur, repli="le")
        return None
    except TransitionImpossible as erreur:
        # Un autre onglet vient de l'enregistrer : il n'y a plus rien à saisir.
        messages.error(request, str(erreur))
        return redirect(lien(role, contrat.pk))
    messages.success(request, f"La prise de poste du {prise.le:%d/%m/%Y} est enregistrée. La personne est prévenue.")
    return redirect(lien(role, contrat.pk))


def _inscription_de(role: Role, contrat: Contrat) -> Inscription | None:
    """L'inscription de ce contrat, ou la dernière de la personne que ce rôle voit."""
    siennes = Inscription.objects.visibles_par(role).filter(personne=contrat.personne_id)
    return siennes.filter(contrat=contrat).first() or siennes.order_by("-pk").first()


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def annuler(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    prise = get_object_or_404(PriseDePoste.objects.select_related("contrat__personne"), pk=pk)
    form = MotifForm(request.POST if request.method == "POST" else None)
    textes = {
        "titre": f"Annuler la prise de poste de {prise.contrat.personne.get_full_name()}",
        "intro": f"Enregistrée au {prise.le:%d/%m/%Y}. La personne reçoit le motif par courriel.",
        "bouton": "Annuler la prise de poste",
        "fait": "La prise de poste est annulée. La personne est prévenue.",
    }
    return pages.page_formulaire(
        request,
        form,
        lambda saisi: actes.annuler_prise_de_poste(prise, motif=saisi["motif"], par=role),
        textes=textes,
        retour=lien(role, prise.contrat_id),
        nom_retour=prise.contrat.reference,
    )


# --- La liste ---


def _filtrer(contrats: ContratQuerySet, valeurs: dict[str, Any]) -> ContratQuerySet:
    if saisie := valeurs.get("recherche"):
        compact = sans_accent(saisie).lower().replace(" ", "")
        nom = SansAccent(Concat("personne__prenom", "personne__nom", output_field=CharField()))
        critere = Q(nom_cherche__contains=compact)
        chiffres = compact.removeprefix("ct-")
        if chiffres.isascii() and chiffres.isdigit() and len(chiffres) < 10:
            critere |= Q(pk=int(chiffres))
        contrats = contrats.annotate(nom_cherche=nom).filter(critere)
    if "departement" in valeurs:
        contrats = contrats.filter(Q(departement_code=valeurs["departement"].pk))
    return contrats


class _Verdicts:
    """Les verdicts d'une page, ou de tout l'export, demandés en une fois à la première ligne."""

    def __init__(self) -> None:
        self.source: Any = ()
        self._lus: dict[int, Verdict] | None = None

    def de(self, contrat: Contrat) -> Verdict:
        if self._lus is None:
            self._lus = actes.verdicts(self.source)
        return self._lus.get(contrat.pk) or actes.verdict(contrat)


def _colonnes(role: Role, onglet: str, verdicts: _Verdicts) -> list[Colonne]:
    def permise(c: Contrat) -> str:
        return "Permise" if verdicts.de(c).autorise else "Empêchée"

    colonnes = [
        Colonne("personne", "Personne", lambda c: c.personne.get_full_name(), tri=SansAccent("personne__nom"),
                lien=lambda c: lien(role, c.pk)),
        Colonne("structure", "Structure", lambda c: c.structure_nom, tri=SansAccent("structure_nom"),
                a_l_ecran=role.type != TypeRole.STRUCTURE),
        Colonne("departement", "Département", lambda c: c.departement_code, tri="departement_code",
                a_l_ecran=role.type in (TypeRole.ANCT, TypeRole.REGION)),
        Colonne("contrat", "Contrat", lambda c: c.reference, tri="pk"),
        Colonne("debut", "Début du contrat", lambda c: c.debut, tri="periode__startswith"),
    ]  # fmt: skip
    if onglet == "prises":
        return [*colonnes, Colonne("le", "Poste pris le", lambda c: c.prise_le, tri="prise_le")]
    return [
        *colonnes,
        Colonne("verdict", "Prise de poste", permise,
                niveau=lambda c: "success" if verdicts.de(c).autorise else "warning"),
        Colonne("raisons", "Ce qui l’empêche", lambda c: " ".join(verdicts.de(c).raisons)),
    ]  # fmt: skip


@role_requis(*LECTEURS)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    """Qui est en contrat et n'a pas pris son poste, et pourquoi ; qui l'a pris, et quand."""
    role = role_de(request)
    jour = timezone.localdate()
    valables = PriseDePoste.objects.valables().filter(contrat=OuterRef("pk"))
    visibles = Contrat.objects.visibles_par(role)
    files = {
        "attendues": actes.sans_prise_de_poste(visibles, jour),
        "prises": visibles.filter(Exists(valables)).annotate(prise_le=Subquery(valables.values("le")[:1])),
    }
    onglet = request.GET.get("onglet", "")
    onglet = onglet if onglet in ONGLETS else "attendues"
    filtres = FiltresPrises(request.GET, national=role.type in (TypeRole.ANCT, TypeRole.REGION))
    contrats = _filtrer(files[onglet].avec_structure(), filtres.valeurs()).select_related("personne", "poste")
    verdicts = _Verdicts()
    page = Liste(
        request, contrats, _colonnes(role, onglet, verdicts), "-le" if onglet == "prises" else "debut",
        "prises-de-poste",
    )  # fmt: skip
    verdicts.source = contrats if request.GET.get("format") else page.page
    if (export := page.export()) is not None:
        return export
    contexte = {
        "liste": page,
        "filtres": filtres,
        "titre_liste": ONGLETS[onglet],
        "des_agents": role.type in AGENTS,
        "onglets": [
            {"titre": titre, "nombre": files[cle].count(), "actif": cle == onglet,
             "lien": page.adresse(onglet=cle, page="", tri="")}
            for cle, titre in ONGLETS.items()
        ],
    }  # fmt: skip
    return render(request, "formations/prise_de_poste/liste.html", contexte)
