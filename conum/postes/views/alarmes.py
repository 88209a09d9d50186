"""Les incohérences à réparer : une sorte, une requête, une liste et le lien qui répare."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.postes.access import AGENTS
from conum.postes.models.alarmes import ALARMES, Alarme
from conum.postes.views import commun, postes
from conum.socle.http import lecture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent

# L'acte qui répare, ouvert à l'ANCT : (libellé, adresse). Sans entrée, la page du contrat porte les actes.
GESTES = {
    "sans-rattachement": ("Notifier la rupture", "postes:notifier_rupture"),
    "au-dela": ("Rectifier le contrat", "postes:corriger"),
    "echus": ("Renouveler ou terminer", "postes:contrat"),
    "ruptures": ("Voir la rupture", "postes:contrat"),
    "sans-compte": ("Notifier la rupture", "postes:notifier_rupture"),
    "vacants": ("Retirer le poste", "postes:retirer"),
    "fusionnees": ("Transférer le poste", "postes:transferer"),
}


@role_requis(*AGENTS)
@lecture
def alarmes(request: HttpRequest) -> HttpResponseBase:
    role = commun.role_de(request)
    jour = timezone.localdate()
    lignes = [
        {
            "alarme": alarme,
            "nombre": alarme.requete(role, jour).count(),
            "lien": reverse("postes:alarme", args=[role.pk, code]),
        }
        for code, alarme in ALARMES.items()
    ]
    return render(request, "postes/alarmes.html", {"lignes": lignes, "total": sum(ligne["nombre"] for ligne in lignes)})


def _geste(role: Role, alarme: Alarme) -> Colonne:
    titre, nom = GESTES[alarme.code]
    if role.type != TypeRole.ANCT:
        # La préfecture constate ; l'ANCT répare.
        titre, nom = "Voir", "postes:contrat" if alarme.sur_contrats else "postes:poste"
    return Colonne("geste", "À faire", lambda _: titre, lien=lambda objet: reverse(nom, args=[role.pk, objet.pk]))


def _colonnes_contrats(role: Role) -> list[Colonne]:
    return [
        Colonne(
            "reference", "Contrat", lambda c: c.reference, tri="pk", lien=lambda c: commun.lien_contrat(role, c.pk)
        ),
        Colonne("structure", "Structure", lambda c: c.structure_nom, tri=SansAccent("structure_nom")),
        Colonne("departement", "Département", lambda c: c.departement_code, tri="departement_code"),
        Colonne("poste", "Poste", lambda c: c.poste.reference, tri="poste__numero"),
        Colonne("personne", "Personne", lambda c: c.personne.get_full_name(), tri=SansAccent("personne__nom")),
        Colonne("debut", "Début", lambda c: c.debut, tri="periode__startswith"),
        Colonne("fin", "Dernier jour", lambda c: c.dernier_jour, tri="occupation__endswith"),
        Colonne("etat", "État", lambda c: c.get_etat_display(), tri="etat", niveau=commun.niveau_contrat),
    ]


@role_requis(*AGENTS)
@lecture
def alarme(request: HttpRequest, code: str) -> HttpResponseBase:
    role = commun.role_de(request)
    lue = ALARMES.get(code)
    if lue is None:
        raise Http404("Alarme inconnue.")
    requete: Any = lue.requete(role, timezone.localdate())
    if lue.sur_contrats:
        colonnes, tri = _colonnes_contrats(role), "fin"
    else:
        requete, colonnes, tri = postes.avec_relations(requete), postes.colonnes(role), "vacant"
    page = Liste(request, requete, [*colonnes, _geste(role, lue)], tri, f"alarme-{code}")
    if (fichier := page.export()) is not None:
        return fichier
    return render(request, "postes/alarme.html", {"liste": page, "alarme": lue})
