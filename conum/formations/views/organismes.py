"""Les organismes de formation : ceux du marché, la fiche de chacun, la sienne pour un organisme."""

from collections import defaultdict
from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncMonth
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.actions import CompteRefuse
from conum.comptes.middleware import role_de
from conum.comptes.models import Invitation, Role, TypeRole
from conum.formations.access import get_organisme_ou_404
from conum.formations.actions import organismes as actes
from conum.formations.forms.organismes import ContactsForm, InviterAgentForm, OrganismeForm
from conum.formations.models import Organisme, SessionFormation
from conum.formations.rules import marches
from conum.formations.states import EtatSession
from conum.formations.views.pages import acte_direct, page_formulaire
from conum.formations.views.sessions import lien_session
from conum.journal.models import Entree
from conum.postes.forms.contrats import MotifForm
from conum.socle.donnees_figees import nommer
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.socle.texte import sans_accent
from conum.structures.rules import formater_identifiant
from conum.territoires.models import Region

LIBELLES = {
    "inscrire_organisme": "Organisme inscrit",
    "modifier_organisme": "Fiche modifiée",
    "fermer_organisme": "N’accueille plus",
    "rouvrir_organisme": "Accueille de nouveau",
}
MOIS_MONTRES = 6
SESSIONS_MONTREES = 10


def lien_organisme(role: Role, pk: int) -> str:
    return reverse("formations:organisme", args=[role.pk, pk])


# --- Ce que disent les marchés ---


def noms_des_regions() -> dict[str, str]:
    return dict(Region.objects.order_by("pk").values_list("code", "nom"))


def _dire_lot(lot: marches.Lot, noms: dict[str, str]) -> str:
    if lot.a_distance:
        return "Tout le pays, à distance"
    return ", ".join(sorted((noms.get(code, code) for code in lot.regions), key=sans_accent))


def lots_par_marche(nom: str, noms: dict[str, str]) -> list[dict[str, Any]]:
    """Les lots d'un organisme, marché par marché, le plus récent d'abord, avec leur source."""
    trouves = []
    for marche in reversed(marches.catalogue().marches):
        lots = [
            {"regions": _dire_lot(lot, noms), "source": nommer(lot.sources)}
            for lot in marche.lots
            if lot.organisme == nom
        ]
        if lots:
            trouves.append({"marche": marche, "lots": lots})
    return trouves


def servies(jour: date) -> dict[str, str]:
    """Ce que chaque organisme nommé par le marché du jour sert, en une phrase."""
    noms = noms_des_regions()
    par_nom: dict[str, list[str]] = defaultdict(list)
    for lot in marches.regle_au(jour).lots:
        par_nom[lot.organisme].append(_dire_lot(lot, noms))
    return {nom: " ; ".join(lots) for nom, lots in par_nom.items()}


# --- La liste, pour l'ANCT ---


def _colonnes(role: Role, regions: dict[str, str]) -> list[Colonne]:
    return [
        Colonne("nom", "Organisme", lambda o: o.nom, tri=SansAccent("nom"), lien=lambda o: lien_organisme(role, o.pk)),
        Colonne("regions", "Sert aujourd’hui", lambda o: regions.get(o.nom, "Pas de lot dans le marché du jour")),
        Colonne("siret", "SIRET", lambda o: o.siret or "", a_l_ecran=False),
        Colonne("contact", "Contact", lambda o: o.contact_email, tri="contact_email"),
        Colonne("capacite", "Accueille par mois", lambda o: o.capacite_mensuelle, tri="capacite_mensuelle"),
        Colonne("sessions", "Sessions à venir", lambda o: o.a_venir, tri="a_venir"),
        Colonne("etat", "État", lambda o: "Fermé" if o.ferme_le else "Ouvert", tri="ferme_le",
                niveau=lambda o: "error" if o.ferme_le else "success"),
    ]  # fmt: skip


@role_requis(TypeRole.ANCT)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    jour = timezone.localdate()
    regions = servies(jour)
    a_venir = Q(sessions__etat=EtatSession.OUVERTE, sessions__debut__gte=jour)
    organismes = Organisme.objects.visibles_par(role).annotate(a_venir=Count("sessions", filter=a_venir))
    page = Liste(request, organismes, _colonnes(role, regions), "nom", "organismes")
    if (fichier := page.export()) is not None:
        return fichier
    inscrits = set(Organisme.objects.order_by("pk").values_list("nom", flat=True))
    marche = marches.regle_au(jour)
    contexte = {
        "liste": page,
        "marche": marche,
        "a_inscrire": [{"nom": nom, "regions": lots} for nom, lots in sorted(regions.items()) if nom not in inscrits],
    }
    return render(request, "formations/organismes/liste.html", contexte)


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def inscrire(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    return page_formulaire(
        request,
        OrganismeForm(request.POST or None),
        lambda lues: actes.inscrire_organisme(par=role, **lues),
        textes={
            "titre": "Inscrire un organisme",
            "bouton": "Inscrire l’organisme",
            "fait": "L’organisme est inscrit. Invitez ses agents pour qu’il tienne ses sessions.",
        },
        retour=reverse("formations:organismes", args=[role.pk]),
        nom_retour="Organismes de formation",
        suite=lambda organisme: lien_organisme(role, organisme.pk),
    )


@role_requis(TypeRole.ANCT)
@ecriture
def inscrire_du_marche(request: HttpRequest) -> HttpResponseBase:
    """Un organisme que le marché du jour nomme et qui n'est pas encore inscrit, en un bouton."""
    role = role_de(request)
    nom = request.POST.get("nom", "")
    if nom not in servies(timezone.localdate()):
        raise Http404("Le marché du jour ne nomme pas cet organisme.")
    return acte_direct(
        request,
        lambda: actes.inscrire_organisme(par=role, nom=nom),
        fait=f"{nom} est inscrit. Complétez sa fiche et invitez ses agents.",
        retour=reverse("formations:organismes", args=[role.pk]),
    )


# --- La fiche ---


def _mois(premier: date, rang: int) -> date:
    annees, mois = divmod(premier.month - 1 + rang, 12)
    return date(premier.year + annees, mois + 1, 1)


def _places_par_mois(organisme: Organisme, jour: date) -> list[dict[str, Any]]:
    """Ce qu'il annonce, et les places de ses sessions ouvertes, par mois de début."""
    debut = jour.replace(day=1)
    sessions = SessionFormation.objects.filter(
        organisme=organisme, etat=EtatSession.OUVERTE, debut__gte=debut, debut__lt=_mois(debut, MOIS_MONTRES)
    )
    par_mois = sessions.annotate(mois=TruncMonth("debut")).order_by("mois").values("mois")
    places = dict(par_mois.annotate(n=Sum("capacite")).values_list("mois", "n"))
    annoncees = organisme.capacite_mensuelle
    return [
        {"mois": mois, "annoncees": annoncees, "places": places.get(mois, 0),
         "manque": max((annoncees or 0) - places.get(mois, 0), 0)}
        for mois in (_mois(debut, rang) for rang in range(MOIS_MONTRES))
    ]  # fmt: skip


def _fiche(role: Role, organisme: Organisme) -> dict[str, Any]:
    jour = timezone.localdate()
    agents = Role.objects.actifs().filter(type=TypeRole.ORGANISME, code=organisme.code)
    invitations = Invitation.objects.en_attente().filter(type=TypeRole.ORGANISME, code=organisme.code)
    sessions = (
        SessionFormation.objects.filter(organisme=organisme, etat=EtatSession.OUVERTE, fin__gte=jour)
        .avec_places()
        .select_related("commune")
        .order_by("debut", "pk")
    )
    return {
        "organisme": organisme,
        "siret": formater_identifiant(organisme.siret) if organisme.siret else "",
        "lots": lots_par_marche(organisme.nom, noms_des_regions()),
        "agents": agents.select_related("utilisateur").order_by("utilisateur__nom", "pk"),
        "invitations": invitations.order_by("email"),
        "sessions": [
            {"session": s, "lien": lien_session(role, s.pk), "restantes": max(s.capacite - s.assis, 0)}  # type: ignore[attr-defined]
            for s in sessions[:SESSIONS_MONTREES]
        ],
        "mois": _places_par_mois(organisme, jour),
        "journal": [
            {"titre": LIBELLES.get(e.action, e.action), "date": e.created_at, "auteur": e.acteur, "texte": e.motif,
             "etat": "fait"}
            for e in Entree.objects.de_l_objet(organisme)
        ],
    }  # fmt: skip


@role_requis(TypeRole.ANCT)
@lecture
def organisme(request: HttpRequest, organisme_id: int) -> HttpResponseBase:
    role = role_de(request)
    return render(request, "formations/organismes/fiche.html", _fiche(role, get_organisme_ou_404(role, organisme_id)))


def le_sien(role: Role) -> Organisme:
    """L'organisme de ce rôle ; 404 s'il n'est pas, ou plus, inscrit."""
    return get_object_or_404(Organisme.objects.visibles_par(role))


@role_requis(TypeRole.ORGANISME)
@lecture
def mon_organisme(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    return render(request, "formations/organismes/fiche.html", _fiche(role, le_sien(role)))


# --- Les actes ---


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def modifier(request: HttpRequest, organisme_id: int) -> HttpResponseBase:
    role = role_de(request)
    lu = get_organisme_ou_404(role, organisme_id)
    return page_formulaire(
        request,
        OrganismeForm(request.POST or None, initial=OrganismeForm.de(lu)),
        lambda lues: actes.modifier_organisme(lu, par=role, **lues),
        textes={"titre": f"Modifier la fiche : {lu.nom}", "bouton": "Enregistrer", "fait": "La fiche est modifiée."},
        retour=lien_organisme(role, lu.pk),
        nom_retour=lu.nom,
    )


@role_requis(TypeRole.ORGANISME)
@lecture_ecriture
def modifier_le_mien(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    lu = le_sien(role)
    return page_formulaire(
        request,
        ContactsForm(request.POST or None, initial=ContactsForm.de(lu)),
        lambda lues: actes.modifier_organisme(lu, par=role, **lues),
        textes={
            "titre": "Modifier nos contacts et notre capacité",
            "intro": "Le nom et le SIRET se changent auprès de l’ANCT : le marché désigne l’organisme par eux.",
            "bouton": "Enregistrer",
            "fait": "La fiche est modifiée.",
        },
        retour=reverse("formations:mon_organisme", args=[role.pk]),
        nom_retour="Mon organisme",
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def fermer(request: HttpRequest, organisme_id: int) -> HttpResponseBase:
    role = role_de(request)
    lu = get_organisme_ou_404(role, organisme_id)
    return page_formulaire(
        request,
        MotifForm(request.POST or None),
        lambda lues: actes.fermer_organisme(lu, par=role, **lues),
        textes={
            "titre": f"{lu.nom} n’accueille plus",
            "intro": "Il ne prépare et n’ouvre plus de session. Celles qui ont commencé se finissent.",
            "bouton": "Fermer l’organisme",
            "fait": "L’organisme n’accueille plus.",
        },
        retour=lien_organisme(role, lu.pk),
        nom_retour=lu.nom,
    )


@role_requis(TypeRole.ANCT)
@ecriture
def rouvrir(request: HttpRequest, organisme_id: int) -> HttpResponseBase:
    role = role_de(request)
    lu = get_organisme_ou_404(role, organisme_id)
    return acte_direct(
        request,
        lambda: actes.rouvrir_organisme(lu, par=role),
        fait="L’organisme accueille de nouveau.",
        retour=lien_organisme(role, lu.pk),
    )


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def inviter(request: HttpRequest, organisme_id: int) -> HttpResponseBase:
    role = role_de(request)
    lu = get_organisme_ou_404(role, organisme_id)
    form = InviterAgentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        try:
            actes.inviter_agent(lu, email, par=role)
        except CompteRefuse as refus:
            form.add_error("email", str(refus))
        else:
            messages.success(request, f"L’invitation est envoyée à {email}. Elle sert 28 jours.")
            return redirect(lien_organisme(role, lu.pk))
    contexte = {"form": form, "organisme": lu, "retour": lien_organisme(role, lu.pk)}
    return render(request, "formations/organismes/inviter.html", contexte)
