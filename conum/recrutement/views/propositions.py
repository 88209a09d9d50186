"""Les propositions d'un candidat : connecté dans son espace, ou par le lien personnel d'une seule d'entre elles."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.journal.acteurs import Acteur
from conum.journal.workflow import TransitionImpossible
from conum.recrutement.access import get_lien_ou_404, get_relation_ou_404, lien_valable, titulaire
from conum.recrutement.actions import relations as actes
from conum.recrutement.actions.reserve import place_en_reserve
from conum.recrutement.emails.rendezvous import calendrier_du_candidat
from conum.recrutement.forms.propositions import DeclinForm
from conum.recrutement.models import MiseEnRelation, Partie
from conum.recrutement.states import IDENTITE_OUVERTE, TRANSITIONS, Etat, EtatCandidat
from conum.recrutement.views.resume import avec_structure, ouvertes_de, presenter
from conum.socle.http import ecriture, lecture, lecture_ecriture, publique, role_requis
from conum.socle.listes import Pages
from conum.structures.models import Membre
from conum.ui.forms import reporter

PERIME = 410


@dataclass(frozen=True)
class Acces:
    """D'où la personne lit cette proposition : son espace (`role`), ou son lien personnel (`jeton`)."""

    relation: MiseEnRelation
    par: Acteur
    role: Role | None = None
    jeton: str = ""

    def adresse(self, acte: str = "") -> str:
        """La page (`""`) ou un de ses actes : `contact`, `decliner`, `offre`, `ical`."""
        suite = f"_{acte}" if acte else ""
        if self.role:
            return reverse(f"recrutement:proposition{suite}", args=[self.role.pk, self.relation.pk])
        return reverse(f"recrutement:lien_candidat{suite}", args=[self.jeton])

    def contexte(self) -> dict[str, Any]:
        actes_permis = {nom: self.relation.etat in TRANSITIONS[nom].depuis for nom in ("accepter_contact", "decliner")}
        return {
            "proposition": presenter(self.relation),
            "relation": self.relation,
            "recrutement": self.relation.recrutement,
            "par_lien": self.role is None,
            "gabarit": "ui/espace.html" if self.role else "ui/base.html",
            "page": self.adresse(),
            "peut": actes_permis | {"accepter_offre": _offre_vivante(self.relation)},
        }


def _offre_vivante(relation: MiseEnRelation) -> bool:
    return relation.etat == Etat.OFFRE and (relation.echeance is None or relation.echeance > timezone.now())


# --- Entrer : par l'espace, ou par le lien ------------------------------------------------------------------------

Page = Callable[[HttpRequest, Acces], HttpResponseBase]


def _de_l_espace(methodes: Callable[[Any], Any], page: Page) -> Any:
    @role_requis(TypeRole.CANDIDAT)
    @methodes
    @never_cache
    @wraps(page)
    def vue(request: HttpRequest, pk: int) -> HttpResponseBase:
        role = role_de(request)
        return page(request, Acces(get_relation_ou_404(role, pk), role, role=role))

    return vue


def _du_lien(methodes: Callable[[Any], Any], page: Page) -> Any:
    @publique
    @methodes
    @never_cache
    @wraps(page)
    def vue(request: HttpRequest, jeton: str) -> HttpResponseBase:
        lien = get_lien_ou_404(jeton, Partie.CANDIDAT)
        if lien.mise_en_relation.candidat.etat == EtatCandidat.ANONYMISE:
            raise Http404("Ce lien n’existe pas.")
        if not lien_valable(lien):
            return render(request, "recrutement/propositions/lien_perime.html", {"lien": lien}, status=PERIME)
        return page(request, Acces(lien.mise_en_relation, titulaire(lien), jeton=jeton))

    return vue


# --- La liste -----------------------------------------------------------------------------------------------------


@role_requis(TypeRole.CANDIDAT)
@lecture
def propositions(request: HttpRequest) -> HttpResponseBase:
    """Les ouvertes d'abord, ce qui attend la personne en tête ; les finies dessous, avec leur raison."""
    role = role_de(request)
    siennes = MiseEnRelation.objects.visibles_par(role)
    finies = avec_structure(siennes.exclude(close_le=None)).order_by("-close_le", "-pk")
    pages = Pages(request, finies)
    contexte = {
        "ouvertes": ouvertes_de(siennes),
        "finies": [presenter(relation) for relation in pages.page],
        "liste": pages,
    }
    return render(request, "recrutement/propositions/liste.html", contexte)


# --- La page d'une proposition ------------------------------------------------------------------------------------


def _explication(acces: Acces) -> str:
    """« Pourquoi ce poste ? » : l'espace seulement, la page est celle du rôle."""
    if acces.role is None:
        return ""
    try:
        return reverse("recrutement:explication", args=[acces.role.pk, acces.relation.pk])
    except NoReverseMatch:
        return ""


def _contact(acces: Acces) -> Membre | None:
    """Qui joindre dans la structure, une fois que la personne a accepté le contact ; pas par un lien transférable."""
    relation = acces.relation
    if acces.role is None or relation.etat not in IDENTITE_OUVERTE:
        return None
    membres = Membre.objects.actifs().filter(structure=relation.recrutement.structure_id)
    return membres.select_related("role__utilisateur").order_by("-contact_principal", "pk").first()


def _chronologie(relation: MiseEnRelation) -> list[dict[str, Any]]:
    """Ce qui s'est passé, du plus ancien au plus récent."""
    moments = (
        ("Le poste vous est proposé", relation.created_at),
        ("Vous acceptez d’être contacté", relation.contact_accepte_le),
        ("La structure vous fait une offre", relation.offre_le),
        ("Vous acceptez l’offre", relation.acceptee_le),
        (presenter(relation).libelle, relation.close_le),
    )
    faits = sorted(((titre, date) for titre, date in moments if date), key=lambda moment: moment[1])
    return [{"titre": titre, "date": date, "texte": "", "auteur": "", "etat": "fait"} for titre, date in faits]


def _page(request: HttpRequest, acces: Acces) -> HttpResponseBase:
    relation = acces.relation
    contexte = acces.contexte() | {
        "explication": _explication(acces),
        "contact": _contact(acces),
        "etapes": _chronologie(relation),
        "place": place_en_reserve(relation) if relation.etat == Etat.RESERVE else 0,
        "ical": acces.adresse("ical") if _a_un_rendez_vous(relation) else "",
        "accepter_contact": acces.adresse("contact"),
        "lire_offre": acces.adresse("offre"),
        "decliner": acces.adresse("decliner"),
        "a_un_cv": bool(relation.candidat.cv),
    }
    return render(request, "recrutement/propositions/page.html", contexte)


def _a_un_rendez_vous(relation: MiseEnRelation) -> bool:
    return relation.est_ouverte and relation.entretien_le is not None and relation.entretien_le > timezone.now()


def _ical(_request: HttpRequest, acces: Acces) -> HttpResponseBase:
    if not _a_un_rendez_vous(acces.relation):
        raise Http404("Aucun entretien à venir.")
    texte = calendrier_du_candidat(acces.relation)
    response = HttpResponse(texte, content_type="text/calendar; charset=utf-8; method=REQUEST")
    response["Content-Disposition"] = 'attachment; filename="entretien.ics"'
    return response


# --- Répondre -----------------------------------------------------------------------------------------------------


def _faire(request: HttpRequest, acces: Acces, acte: Callable[[], Any], *, atteint: Etat, dit: str) -> HttpResponseBase:
    """Fait l'acte et revient à la page ; un double clic, l'acte déjà fait, dit la même chose que le premier."""
    try:
        acte()
        messages.success(request, dit)
    except TransitionImpossible as erreur:
        if MiseEnRelation.objects.get(pk=acces.relation.pk).etat == atteint:
            messages.success(request, dit)
        else:
            messages.error(request, str(erreur))
    return redirect(acces.adresse())


def _accepter_contact(request: HttpRequest, acces: Acces) -> HttpResponseBase:
    return _faire(
        request,
        acces,
        lambda: actes.accepter_contact(acces.relation, par=acces.par),
        atteint=Etat.CONTACT_ACCEPTE,
        dit="C’est noté : la structure peut maintenant vous contacter. Elle est prévenue.",
    )


def _trop_tard(request: HttpRequest, acces: Acces) -> HttpResponseBase:
    etat = acces.relation.get_etat_display()
    messages.error(request, f"Cette action n’est plus possible : l’état est maintenant « {etat} ».")
    return redirect(acces.adresse())


def _offre(request: HttpRequest, acces: Acces) -> HttpResponseBase:
    """GET : ce que l'on accepte et ce que cela entraîne. POST : c'est accepté."""
    if request.method == "POST":
        return _faire(
            request,
            acces,
            lambda: actes.accepter_offre(acces.relation, par=acces.par),
            atteint=Etat.ACCEPTEE,
            dit="Vous avez accepté l’offre. La structure est prévenue : elle a 15 jours pour signer avec vous.",
        )
    if not _offre_vivante(acces.relation):
        return _trop_tard(request, acces)
    siennes = MiseEnRelation.objects.filter(candidat=acces.relation.candidat_id)
    autres = avec_structure(siennes.ouvertes().exclude(pk=acces.relation.pk)).order_by("pk")
    contexte = acces.contexte() | {"autres": list(autres)}
    return render(request, "recrutement/propositions/offre.html", contexte)


def _decliner(request: HttpRequest, acces: Acces) -> HttpResponseBase:
    form = DeclinForm(request.POST or None)
    if request.method == "GET" and acces.relation.etat not in TRANSITIONS["decliner"].depuis:
        return _trop_tard(request, acces)
    if request.method == "POST" and form.is_valid():
        motif, precision = form.cleaned_data["motif"], form.cleaned_data["precision"]
        try:
            return _faire(
                request,
                acces,
                lambda: actes.decliner(acces.relation, motif=motif, precision=precision, par=acces.par),
                atteint=Etat.DECLINEE,
                dit="C’est noté. La structure est prévenue, et ce poste ne vous sera plus proposé.",
            )
        except ValidationError as erreur:
            reporter(form, erreur)
    return render(request, "recrutement/propositions/decliner.html", acces.contexte() | {"form": form})


proposition = _de_l_espace(lecture, _page)
proposition_ical = _de_l_espace(lecture, _ical)
proposition_contact = _de_l_espace(ecriture, _accepter_contact)
proposition_offre = _de_l_espace(lecture_ecriture, _offre)
proposition_decliner = _de_l_espace(lecture_ecriture, _decliner)
lien_candidat = _du_lien(lecture, _page)
lien_candidat_ical = _du_lien(lecture, _ical)
lien_candidat_contact = _du_lien(ecriture, _accepter_contact)
lien_candidat_offre = _du_lien(lecture_ecriture, _offre)
lien_candidat_decliner = _du_lien(lecture_ecriture, _decliner)
