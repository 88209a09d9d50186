"""Tout ce que la plateforme garde sur un candidat : lire, télécharger, effacer (RGPD, articles 15, 17 et 20)."""

import json
import re
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.courriels.models import Courriel
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.recrutement.actions import conservation as actes
from conum.recrutement.actions.espace import recrutement_en_cours
from conum.recrutement.forms.candidature import typographie
from conum.recrutement.forms.espace import EffacementForm
from conum.recrutement.models import Candidat, ConsultationVivier, MiseEnRelation
from conum.recrutement.rules import candidature as regles
from conum.recrutement.rules import profil as regles_profil
from conum.recrutement.views.espace import resume_du_profil, role_et_candidat
from conum.recrutement.views.libelles import libelle_action
from conum.socle.http import lecture, lecture_ecriture, role_requis
from conum.ui.templatetags.ui import jour
from conum.utilisateurs.models import Utilisateur

_QUALITE = re.compile(r"\(([^()]*)\)\s*$")
_CHAMPS_RELATION = (
    "distance_km", "rang", "cout", "detail", "created_at", "reponse_structure_le", "reponse_candidat_le",
    "contact_accepte_le", "entretien_le", "entretien_lieu", "entretien_message", "offre_le", "offre_salaire",
    "offre_debut", "offre_fin", "offre_message", "acceptee_le", "contrat_signe_le", "motif_preselection",
    "precision_fin", "close_le",
)  # fmt: skip


def donnees_de(candidat: Candidat) -> dict[str, Any]:
    """Ce qui est gardé, rubrique par rubrique, en valeurs que JSON sait écrire. Le nombre de requêtes est fixe."""
    assert candidat.role is not None
    personne = candidat.role.utilisateur
    relations = list(
        MiseEnRelation.objects.filter(candidat=candidat)
        .select_related("recrutement__structure", "recrutement__commune")
        .order_by("pk")
    )
    return {
        "exporte_le": timezone.now(),
        "candidature": _candidature(candidat),
        "compte": _compte(personne),
        "mises_en_relation": [_relation(relation) for relation in relations],
        "consultations_du_vivier": _consultations(candidat),
        "historique": _historique(candidat, relations, personne),
        "courriels": _courriels(candidat),
    }


def _candidature(candidat: Candidat) -> dict[str, Any]:
    return {
        "reference": candidat.reference,
        "etat": candidat.get_etat_display(),  # type: ignore[attr-defined]
        "prenom": candidat.prenom,
        "nom": candidat.nom,
        "email": candidat.email,
        "telephone": candidat.telephone,
        "commune": str(candidat.commune),
        "code_commune": candidat.commune_id,
        "departement": candidat.departement_id,
        "latitude": candidat.latitude,
        "longitude": candidat.longitude,
        "situations": candidat.situations,
        "diplome": candidat.nom_diplome,
        "experience": candidat.experience,
        "mobilite": candidat.get_mobilite_km_display(),  # type: ignore[attr-defined]
        "territoires_choisis": [regles.TERRITOIRES.get(t, t) for t in candidat.territoires_choisis],
        "disponible_le": candidat.disponible_le,
        "motivation": candidat.motivation,
        "langues": [regles.LANGUES.get(code, code) for code in candidat.langues],
        "cv": {"nom": candidat.cv_nom, "depose_le": candidat.cv_depose_le, "utilise_le": candidat.cv_utilise_le},
        "pix": {
            "palier": candidat.pix_palier,
            "competences": [regles.COMPETENCES_PIX.get(n, n) for n in candidat.pix_competences],
            "date": candidat.pix_le,
            "origine": candidat.get_pix_origine_display(),  # type: ignore[attr-defined]
            "montre_aux_structures": candidat.pix_partage,
        },
        "inscription": {
            "commencee_le": candidat.created_at,
            "envoyee_le": candidat.soumis_le,
            "confirmee_le": candidat.confirme_le,
            "modifiee_le": candidat.updated_at,
            "derniere_activite": candidat.actif_le,
        },
        "disponibilite": {
            "confirmee_le": candidat.disponibilite_confirmee_le,
            "demandee_le": candidat.disponibilite_demandee_le,
            "en_pause_depuis": candidat.en_pause_depuis,
            "motif_de_la_pause": regles_profil.TOUS_MOTIFS_PAUSE.get(candidat.motif_pause, candidat.motif_pause),
        },
        "retrait": {
            "motif": regles.MOTIFS_RETRAIT.get(candidat.motif_retrait, candidat.motif_retrait),
            "precision": candidat.precision_retrait,
        },
        "blocage": candidat.motif_blocage,
    }


def _compte(personne: Utilisateur) -> dict[str, Any]:
    return {
        "email": personne.email,
        "prenom": personne.prenom,
        "nom": personne.nom,
        "telephone": personne.telephone,
        "cree_le": personne.created_at,
        "derniere_connexion": personne.last_login,
        "roles": list(Role.objects.filter(utilisateur=personne).order_by("pk").values_list("libelle", flat=True)),
    }


def _relation(relation: MiseEnRelation) -> dict[str, Any]:
    return {
        "reference": relation.reference,
        "structure": relation.recrutement.structure.nom,
        "commune": str(relation.recrutement.commune),
        "etat": relation.get_etat_display(),  # type: ignore[attr-defined]
        "origine": relation.get_origine_display(),  # type: ignore[attr-defined]
        "motif_de_fin": relation.get_motif_fin_display(),  # type: ignore[attr-defined]
        "mode_de_l_entretien": relation.get_entretien_mode_display(),  # type: ignore[attr-defined]
        "contrat": relation.get_offre_type_contrat_display(),  # type: ignore[attr-defined]
    } | {champ: getattr(relation, champ) for champ in _CHAMPS_RELATION}


def _consultations(candidat: Candidat) -> list[dict[str, Any]]:
    """Les recherches de structures où cette fiche, sans nom, a été montrée : quand, à qui, sur quels critères."""
    recherches = ConsultationVivier.objects.filter(candidats__contains=[candidat.pk]).select_related(
        "recrutement__structure"
    )
    return [
        {
            "date": recherche.created_at,
            "structure": recherche.recrutement.structure.nom,
            "rayon_km": recherche.rayon_km,
            "criteres": recherche.criteres,
        }
        for recherche in recherches.order_by("pk")
    ]


def _historique(candidat: Candidat, relations: list[MiseEnRelation], personne: Utilisateur) -> list[dict[str, Any]]:
    """Le journal de la candidature et de ses mises en relation. D'une autre personne, la qualité, pas le nom."""
    entrees = list(Entree.objects.de_l_objet(candidat))
    references = {str(r.pk): r.reference for r in relations}
    entrees += Entree.objects.filter(objet_type=MiseEnRelation._meta.label, objet_id__in=list(references)).order_by(
        "pk"
    )
    return [
        {
            "date": e.created_at,
            "objet": references.get(e.objet_id, "") if e.objet_type != candidat._meta.label else candidat.reference,
            "action": libelle_action(e.action),
            "de": e.de,
            "vers": e.vers,
            "par": "Vous" if e.auteur_id == personne.pk else _qualite(e.acteur),
            "motif": e.motif,
        }
        for e in sorted(entrees, key=lambda e: e.pk)
    ]


def _qualite(acteur: str) -> str:
    """« Camille Martin (Préfecture — Marne) » devient « Préfecture — Marne »."""
    trouvee = _QUALITE.search(acteur)
    return trouvee[1] if trouvee else acteur


def _courriels(candidat: Candidat) -> list[dict[str, Any]]:
    recus = Courriel.objects.filter(destinataire=candidat.email).order_by("pk")
    return [
        {"date": c.created_at, "objet": c.sujet, "etat": c.get_etat_display(), "envoye_le": c.envoye_le}  # type: ignore[attr-defined]
        for c in recus.only("created_at", "sujet", "etat", "envoye_le")
    ]


@role_requis(TypeRole.CANDIDAT)
@lecture
def mes_donnees(request: HttpRequest) -> HttpResponseBase:
    _, candidat = role_et_candidat(request)
    contexte = {
        "candidat": candidat,
        "donnees": donnees_de(candidat),
        "blocs": resume_du_profil(candidat),
        "suivi": _suivi(candidat),
    }
    return render(request, "recrutement/espace/mes_donnees.html", contexte)


def _suivi(candidat: Candidat) -> list[tuple[str, str]]:
    """Ce que la fiche ne montre pas ailleurs ; une rubrique vide n'apparaît pas."""
    pause = regles_profil.TOUS_MOTIFS_PAUSE.get(candidat.motif_pause, "")
    retrait = regles.MOTIFS_RETRAIT.get(candidat.motif_retrait, "")
    lignes = [
        ("Adresse électronique", candidat.email),
        ("Position", f"{candidat.latitude}, {candidat.longitude} (centre de la commune)"),
        ("CV", f"{candidat.cv_nom}, déposé le {jour(candidat.cv_depose_le)}" if candidat.cv_depose_le else ""),
        ("Dernière lecture du CV", jour(candidat.cv_utilise_le) if candidat.cv_utilise_le else ""),
        ("Résultat Pix", _pix(candidat)),
        ("Inscription confirmée", jour(candidat.confirme_le)),
        ("Disponibilité confirmée", jour(candidat.disponibilite_confirmee_le)),
        ("Dernière activité", jour(candidat.actif_le)),
        ("Motif de la pause", typographie(pause)),
        ("Raison du retrait", typographie(". ".join(filter(None, (retrait, candidat.precision_retrait))))),
        ("Motif du blocage", candidat.motif_blocage),
    ]
    return [(titre, valeur) for titre, valeur in lignes if valeur]


def _pix(candidat: Candidat) -> str:
    if candidat.pix_palier is None:
        return ""
    partage = "montré aux structures" if candidat.pix_partage else "non montré"
    return f"Palier {candidat.pix_palier}, du {jour(candidat.pix_le)}, {partage}"


@role_requis(TypeRole.CANDIDAT)
@lecture
def mes_donnees_json(request: HttpRequest) -> HttpResponseBase:
    _, candidat = role_et_candidat(request)
    texte = json.dumps(donnees_de(candidat), cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
    reponse = HttpResponse(texte, content_type="application/json; charset=utf-8")
    reponse["Content-Disposition"] = f'attachment; filename="mes-donnees-{candidat.reference}.json"'
    reponse["Cache-Control"] = "private, no-store"
    return reponse


@role_requis(TypeRole.CANDIDAT)
@lecture_ecriture
def supprimer_mes_donnees(request: HttpRequest) -> HttpResponseBase:
    role, candidat = role_et_candidat(request)
    engagement = recrutement_en_cours(candidat)
    form = EffacementForm(request.POST or None, candidat=candidat)
    if request.method == "POST" and form.is_valid():
        try:
            actes.supprimer_mes_donnees(candidat, par=role)
        except TransitionImpossible as erreur:
            form.add_error(None, typographie(str(erreur)))
        else:
            return _apres_l_effacement(request, role)
    autres = Role.objects.filter(utilisateur=role.utilisateur_id, actif=True).exclude(pk=role.pk).exists()
    contexte = {"form": form, "candidat": candidat, "engagement": engagement, "autres_roles": autres}
    status = 409 if request.method == "POST" and form.non_field_errors() else 200
    return render(request, "recrutement/espace/supprimer.html", contexte, status=status)


def _apres_l_effacement(request: HttpRequest, role: Role) -> HttpResponseBase:
    """Le compte effacé, la session ne vaut plus rien : on la ferme, et on le dit sur la page publique."""
    if not Utilisateur.objects.filter(pk=role.utilisateur_id, is_active=True).exists():
        logout(request)
        messages.success(request, "Vos données sont effacées. Un dernier courriel vous le confirme.")
        return redirect("recrutement:candidature")
    messages.success(request, "Votre candidature est effacée. Vos autres accès ne changent pas.")
    return redirect("comptes:espaces")
