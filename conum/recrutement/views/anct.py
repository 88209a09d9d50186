"""Les candidats vus par l'ANCT : chercher, lire un parcours, bloquer avec un motif, importer les résultats Pix."""

import secrets
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db.models import Q, Value
from django.db.models.functions import Concat
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.recrutement.access import get_candidat_ou_404
from conum.recrutement.actions import anct as actes
from conum.recrutement.actions import pix as actes_pix
from conum.recrutement.forms.anct import FichierPixForm, FiltresCandidats, MotifForm
from conum.recrutement.forms.candidature import typographie
from conum.recrutement.models import Candidat, CandidatQuerySet
from conum.recrutement.rules import candidature as regles
from conum.recrutement.rules import profil as regles_profil
from conum.recrutement.states import TRANSITIONS_CANDIDAT
from conum.recrutement.views.espace import niveau_etat, resume_du_profil
from conum.recrutement.views.libelles import libelle_action
from conum.socle.http import lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.socle.tableaux import TableauIllisible
from conum.ui.forms import reporter

DUREE_FICHIER = timedelta(hours=1)
"""Un fichier de Pix attend sa confirmation une heure, dans le cache ; ensuite il se dépose de nouveau."""


def _role(request: HttpRequest) -> Role:
    role = role_de(request)
    return role


# --- La liste -----------------------------------------------------------------------------------------------------


def _jour(instant: Any) -> Any:
    return timezone.localdate(instant) if instant else None


def _colonnes(role: Role) -> list[Colonne]:
    return [
        Colonne(
            "reference", "Candidat", lambda c: c.reference, tri="pk",
            lien=lambda c: reverse("recrutement:candidat", args=[role.pk, c.pk]),
        ),
        Colonne("nom", "Nom", lambda c: f"{c.nom} {c.prenom}", tri=SansAccent("nom")),
        Colonne("email", "Adresse électronique", lambda c: c.email, tri="email"),
        Colonne("telephone", "Téléphone", lambda c: c.telephone, a_l_ecran=False),
        Colonne("commune", "Commune", lambda c: str(c.commune), tri=SansAccent("commune__nom")),
        Colonne("departement", "Département", lambda c: c.departement_id, tri="departement", a_l_ecran=False),
        Colonne("mobilite", "Mobilité", lambda c: c.get_mobilite_km_display(), tri="mobilite_km"),
        Colonne("etat", "État", lambda c: c.get_etat_display(), tri="etat", niveau=niveau_etat),
        Colonne("disponible", "Disponible le", lambda c: c.disponible_le, tri="disponible_le"),
        Colonne("inscription", "Inscrit le", lambda c: _jour(c.confirme_le), tri="confirme_le"),
        Colonne("activite", "Dernière activité", lambda c: _jour(c.actif_le), tri="actif_le", a_l_ecran=False),
        Colonne("cv", "CV", lambda c: bool(c.cv_depose_le), a_l_ecran=False),
        Colonne("pix", "Palier Pix", lambda c: c.pix_palier, tri="pix_palier", a_l_ecran=False),
        Colonne("experience", "Expérience", lambda c: c.experience, a_l_ecran=False),
        Colonne("diplome", "Diplômé", lambda c: c.diplome, a_l_ecran=False),
    ]  # fmt: skip


def _filtrer(candidats: CandidatQuerySet, valeurs: dict[str, Any]) -> CandidatQuerySet:
    if saisie := valeurs.get("recherche"):
        candidats = candidats.filter(_recherche(saisie))
    for champ in ("etat", "departement"):
        if champ in valeurs:
            candidats = candidats.filter(**{champ: valeurs[champ]})
    if "cv" in valeurs:
        candidats = candidats.filter(cv_depose_le__isnull=valeurs["cv"] == "non")
    return candidats


def _recherche(saisie: str) -> Q:
    """Chaque mot se trouve dans le prénom, le nom ou l'adresse ; une référence trouve sa candidature."""
    numero = saisie.strip().upper().removeprefix("C-")
    if numero.isascii() and numero.isdigit() and len(numero) <= 12:
        return Q(pk=int(numero))
    trouve = Q()
    for mot in saisie.split():
        trouve &= Q(nom_cherche__contains=SansAccent(Value(mot))) | Q(email__contains=mot.lower())
    return trouve


@role_requis(TypeRole.ANCT)
@lecture
def candidats(request: HttpRequest) -> HttpResponseBase:
    role = _role(request)
    filtres = FiltresCandidats(request.GET)
    visibles = Candidat.objects.visibles_par(role).alias(nom_cherche=SansAccent(Concat("prenom", Value(" "), "nom")))
    trouves = _filtrer(visibles, filtres.valeurs()).select_related("commune", "departement")
    liste = Liste(request, trouves, _colonnes(role), "-inscription", "candidats")
    if (fichier := liste.export()) is not None:
        return fichier
    return render(request, "recrutement/anct/candidats.html", {"liste": liste, "filtres": filtres})


# --- Une candidature ----------------------------------------------------------------------------------------------


@role_requis(TypeRole.ANCT)
@lecture
def candidat(request: HttpRequest, pk: int) -> HttpResponseBase:
    lu = get_candidat_ou_404(_role(request), pk)
    contexte = {
        "candidat": lu,
        "niveau": niveau_etat(lu),
        "blocs": resume_du_profil(lu),
        "etapes": _chronologie(lu),
        "motif_retrait": regles.MOTIFS_RETRAIT.get(lu.motif_retrait, ""),
        "motif_pause": regles_profil.TOUS_MOTIFS_PAUSE.get(lu.motif_pause, ""),
        "peut_bloquer": lu.etat in TRANSITIONS_CANDIDAT["bloquer_candidat"].depuis,
        "peut_debloquer": lu.etat in TRANSITIONS_CANDIDAT["debloquer_candidat"].depuis,
        "relations": list(
            lu.mises_en_relation.select_related("recrutement__structure", "recrutement__commune").order_by("-pk")[:50]
        ),
    }
    return render(request, "recrutement/anct/candidat.html", contexte)


def _chronologie(lu: Candidat) -> list[dict[str, Any]]:
    return [
        {
            "titre": libelle_action(e.action),
            "date": e.created_at,
            "texte": "",
            "auteur": e.acteur,
            "etat": "fait",
        }
        for e in Entree.objects.de_l_objet(lu)
    ]


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def bloquer(request: HttpRequest, pk: int) -> HttpResponseBase:
    return _decider(request, pk, bloquer=True)


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def debloquer(request: HttpRequest, pk: int) -> HttpResponseBase:
    return _decider(request, pk, bloquer=False)


def _decider(request: HttpRequest, pk: int, *, bloquer: bool) -> HttpResponseBase:
    role = _role(request)
    lu = get_candidat_ou_404(role, pk)
    depuis = TRANSITIONS_CANDIDAT["bloquer_candidat" if bloquer else "debloquer_candidat"].depuis
    if lu.etat not in depuis:
        messages.error(request, f"Cette candidature est maintenant « {lu.get_etat_display()} ».")  # type: ignore[attr-defined]
        return redirect("recrutement:candidat", role.pk, pk)
    form = MotifForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        acte = actes.bloquer if bloquer else actes.debloquer
        try:
            acte(lu, motif=form.cleaned_data["motif"], par=role)
        except (TransitionImpossible, ValidationError) as erreur:
            reporter(form, erreur, dire=typographie)
        else:
            fait = "bloquée" if bloquer else "débloquée"
            messages.success(request, f"La candidature {lu.reference} est {fait}. La personne est prévenue.")
            return redirect("recrutement:candidat", role.pk, pk)
    contexte = {"form": form, "candidat": lu, "bloquer": bloquer}
    return render(request, "recrutement/anct/decider.html", contexte)


# --- Import des résultats Pix -------------------------------------------------------------------------------------


def _cle(role: Role, depot: str) -> str:
    return f"recrutement:pix:{role.pk}:{depot}"


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def importer_pix(request: HttpRequest) -> HttpResponseBase:
    role = _role(request)
    form = FichierPixForm(request.POST, request.FILES) if request.method == "POST" else FichierPixForm()
    if request.method == "POST" and form.is_valid():
        contenu = form.cleaned_data["fichier"].read()
        try:
            actes_pix.examiner_pix(contenu)
        except TableauIllisible as erreur:
            form.add_error("fichier", str(erreur))
        else:
            depot = secrets.token_urlsafe(16)
            cache.set(_cle(role, depot), contenu, int(DUREE_FICHIER.total_seconds()))
            return redirect("recrutement:examiner_pix", role.pk, depot)
    return render(request, "recrutement/anct/importer_pix.html", {"form": form})


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def examiner_pix(request: HttpRequest, depot: str) -> HttpResponseBase:
    """Le compte rendu, relu du fichier gardé : chaque refus avec son numéro de ligne, puis importer ou renoncer."""
    role = _role(request)
    contenu = cache.get(_cle(role, depot))
    if contenu is None:
        messages.error(request, "Ce fichier n’est plus là : il attend une heure. Déposez-le de nouveau.")
        return redirect("recrutement:importer_pix", role.pk)
    rapport = actes_pix.examiner_pix(contenu)
    if request.method == "POST":
        if request.POST.get("action") == "importer":
            nombre = actes_pix.importer_pix(rapport.a_importer, par=role)
            messages.success(request, f"Résultats importés : {nombre}. Lignes refusées : {len(rapport.refusees)}.")
        else:
            messages.info(request, "Rien n’a été importé.")
        cache.touch(_cle(role, depot), 0)
        return redirect("recrutement:importer_pix", role.pk)
    return render(request, "recrutement/anct/examiner_pix.html", {"rapport": rapport})
