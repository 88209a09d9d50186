"""Les postes d'une structure, tels qu'ils se déduisent aujourd'hui, et le contrat à saisir sur un poste libre."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.postes.access import EMPLOYEURS, get_poste_ou_404, peut_employer
from conum.postes.actions import saisir_contrat_par_adresse
from conum.postes.actions.gardes import rattachement_le
from conum.postes.forms.contrats import SaisieForm
from conum.postes.models import Contrat, EtatPoste, Poste
from conum.postes.rules.delais import limite_de_remplacement
from conum.postes.states import Etat
from conum.postes.views import commun
from conum.socle.http import lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.structures.access import structure_du_role


def _colonnes(role: Role) -> list[Colonne]:
    jour = timezone.localdate()

    def geste(poste: Any) -> str:
        return "Saisir un contrat" if poste.etat_du_jour == EtatPoste.VACANT and not poste.contrat_attendu else ""

    def lien_geste(poste: Any) -> str:
        return reverse("postes:saisir", args=[role.pk, poste.pk]) if geste(poste) else ""

    def personne(poste: Any) -> str:
        contrat = commun.contrat_du_jour(poste)
        return contrat.personne.get_full_name() if contrat else ""

    def lien_personne(poste: Any) -> str:
        return commun.lien_contrat(role, poste.contrat_id_du_jour) if poste.contrat_id_du_jour else ""

    def jusque(poste: Any) -> Any:
        contrat = commun.contrat_du_jour(poste)
        return contrat.dernier_jour if contrat else None

    def limite(poste: Any) -> Any:
        attend = poste.vacant_depuis and not poste.contrat_attendu
        return limite_de_remplacement(poste.vacant_depuis, jour) if attend else None

    return [
        Colonne("numero", "Poste", lambda p: p.reference, tri="numero", lien=lambda p: commun.lien_poste(role, p.pk)),
        Colonne("type", "Type", lambda p: p.get_type_display(), tri="type"),
        Colonne("etat", "État aujourd'hui", commun.libelle_poste, tri="etat_du_jour", niveau=commun.niveau_poste),
        Colonne("personne", "Personne", personne, lien=lien_personne),
        Colonne("jusque", "Contrat jusqu'au", jusque),
        Colonne("vacant", "Vacant depuis le", lambda p: p.vacant_depuis, tri="vacant_depuis"),
        Colonne("limite", "À pourvoir d'ici le", limite),
        Colonne("geste", "À faire", geste, lien=lien_geste),
    ]


@role_requis(TypeRole.STRUCTURE)
@lecture
def mes_postes(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    structure = structure_du_role(role)
    if structure is None:
        raise Http404("Ce rôle n’a pas de structure.")
    jour = timezone.localdate()
    postes = Poste.objects.rattaches_a(structure, jour).a_la_date(jour).avec_vacance(jour)
    suivis = postes.select_related("contrat_du_jour__personne")  # type: ignore[misc]
    liste = Liste(request, suivis, _colonnes(role), "numero", "mes-postes")
    if (fichier := liste.export()) is not None:
        return fichier
    en_attente = Contrat.objects.visibles_par(role).filter(etat__in=[Etat.A_VALIDER, Etat.RUPTURE_NOTIFIEE])
    contexte = {
        "structure": structure,
        "liste": liste,
        "compteurs": Poste.objects.rattaches_a(structure, jour).compteurs(jour).get(structure.pk),
        "en_attente": [
            {"contrat": c, "lien": commun.lien_contrat(role, c.pk), "niveau": commun.niveau_contrat(c)}
            for c in en_attente.select_related("poste", "personne").order_by("created_at", "pk")
        ],
    }
    return render(request, "postes/mes_postes.html", contexte)


@role_requis(*EMPLOYEURS)
@lecture_ecriture
def saisir(request: HttpRequest, poste_pk: int) -> HttpResponseBase:
    """Saisir un contrat sur un poste que la structure a aujourd'hui."""
    role = role_de(request)
    poste = get_poste_ou_404(role, poste_pk)
    rattachement = rattachement_le(poste, timezone.localdate())
    if rattachement is None or not peut_employer(role, rattachement.structure):
        raise Http404("Ce poste n'est pas à votre structure.")
    form = SaisieForm(request.POST or None, pour_anct=role.type == TypeRole.ANCT)
    return commun.page_formulaire(
        request,
        form,
        lambda lues: saisir_contrat_par_adresse(poste, par=role, **lues),
        textes={
            "titre": f"Saisir un contrat sur le poste {poste.reference}",
            "intro": f"{rattachement.structure.nom}. L'ANCT valide ensuite le contrat.",
            "bouton": "Envoyer le contrat à l'ANCT",
            "fait": "Le contrat est transmis à l'ANCT pour validation.",
        },
        retour=commun.lien_poste(role, poste.pk),
        objet=poste,
        suite=lambda contrat: commun.lien_contrat(role, contrat.pk),
    )
