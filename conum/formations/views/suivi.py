"""Le suivi : qui attend, depuis quand, par département et par niveau ; ce qui demande un geste ; la liste derrière."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role
from conum.formations.access import AGENTS
from conum.formations.actions import suivi as lectures
from conum.formations.forms.suivi import ATTENTE, FiltresSuivi
from conum.formations.models import Inscription
from conum.formations.states import EN_ATTENTE
from conum.formations.views import commun
from conum.formations.views.inscriptions import avec_ses_faits
from conum.socle import exports
from conum.socle.http import lecture, role_requis
from conum.socle.listes import FORMATS, Colonne, Liste, adresse
from conum.socle.sql import SansAccent


def _lien(role: Role, **filtres: str) -> str:
    parametres = urlencode({nom: valeur for nom, valeur in filtres.items() if valeur})
    return f"{reverse('formations:suivi_liste', args=[role.pk])}?{parametres}"


@role_requis(*AGENTS)
@lecture
def suivi(request: HttpRequest) -> HttpResponseBase:
    role, jour = role_de(request), timezone.localdate()
    tableau = lectures.tableau_d_attente(role, jour)
    if (format_ := request.GET.get("format")) in FORMATS:
        return exports.reponse(format_, "attente-formation", _entetes(tableau), _lignes_exportees(tableau))
    contexte = {
        "tableau": tableau,
        "niveaux": list(tableau.niveaux.values()),
        "lignes": [_ligne(role, tableau, ligne) for ligne in tableau.lignes],
        "totaux": [(n, _lien(role, quoi=ATTENTE, niveau=code)) for code, n in tableau.totaux.items()],
        "lien_total": _lien(role, quoi=ATTENTE),
        "points": [(p, nombre, _lien(role, quoi=p.cle)) for p, nombre in lectures.points(role, jour)],
        "lien_csv": adresse(request, format="csv"),
        "lien_xlsx": adresse(request, format="xlsx"),
    }
    return render(request, "formations/suivi/suivi.html", contexte)


def _ligne(role: Role, tableau: lectures.TableauAttente, ligne: lectures.LigneDepartement) -> dict[str, Any]:
    return {
        "departement": f"{ligne.nom} ({ligne.code})",
        "region": ligne.region,
        "cellules": [
            (ligne.par_niveau[code], _lien(role, quoi=ATTENTE, departement=ligne.code, niveau=code))
            for code in tableau.niveaux
        ],
        "attente": ligne.attente,
        "lien": _lien(role, quoi=ATTENTE, departement=ligne.code),
    }


def _entetes(tableau: lectures.TableauAttente) -> list[str]:
    return ["Région", "Département", "Nom", *tableau.niveaux.values(), "Ensemble", "Jours d’attente, médiane",
            "Jours d’attente, maximum"]  # fmt: skip


def _lignes_exportees(tableau: lectures.TableauAttente) -> Iterator[list[Any]]:
    for ligne in tableau.lignes:
        a = ligne.attente
        nombres = (*ligne.par_niveau.values(), a.nombre, a.mediane, a.maximum)
        yield [ligne.region, ligne.code, ligne.nom, *nombres]
    a = tableau.ensemble
    yield ["Total", "", "", *tableau.totaux.values(), a.nombre, a.mediane, a.maximum]


# --- La liste derrière chaque nombre --------------------------------------------------------------------------------


def _personnes(role: Role, valeurs: dict[str, Any]) -> QuerySet[Inscription]:
    point = lectures.POINTS.get(valeurs.get("quoi", ATTENTE))
    personnes = point.personnes(role, timezone.localdate()) if point else lectures.file(role)
    if departement := valeurs.get("departement"):
        personnes = personnes.filter(commune__departement=departement)
    if niveau := valeurs.get("niveau"):
        personnes = lectures.du_niveau(personnes, niveau)
    return personnes


def _attente(inscription: Inscription) -> int | None:
    if inscription.etat not in EN_ATTENTE:
        return None
    return (timezone.localdate() - timezone.localdate(inscription.created_at)).days


def _colonnes(role: Role) -> list[Colonne]:
    return [
        Colonne("reference", "Formation", lambda i: i.reference, tri="pk",
                lien=lambda i: commun.lien_inscription(role, i.pk)),
        Colonne("personne", "Personne", lambda i: i.personne.get_full_name(), tri=SansAccent("personne__nom")),
        Colonne("structure", "Structure", lambda i: i.structure_nom, tri=SansAccent("structure_nom")),
        Colonne("departement", "Département", lambda i: i.commune.departement_id, tri="commune__departement_id"),
        Colonne("etat", "État", lambda i: i.get_etat_display(), tri="etat", niveau=commun.niveau),
        Colonne("parcours", "Niveau", lambda i: commun.nom_du_parcours(i.parcours) or "À positionner", tri="parcours"),
        Colonne("organisme", "Organisme", lambda i: i.organisme.nom if i.organisme else "",
                tri=SansAccent("organisme__nom")),
        Colonne("depuis", "Depuis le", lambda i: timezone.localdate(i.created_at), tri="created_at"),
        Colonne("attente", "Jours d’attente", _attente),
    ]  # fmt: skip


@role_requis(*AGENTS)
@lecture
def liste(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    filtres = FiltresSuivi(request.GET)
    valeurs = filtres.valeurs()
    page = Liste(request, avec_ses_faits(_personnes(role, valeurs)), _colonnes(role), "depuis", "suivi-formations")
    if (fichier := page.export()) is not None:
        return fichier
    point = lectures.POINTS.get(valeurs.get("quoi", ATTENTE))
    titre = point.titre if point else "Personnes sans session"
    return render(request, "formations/suivi/liste.html", {"liste": page, "filtres": filtres, "titre": titre})
