from django.urls import URLPattern, path

from conum.recrutement.views import (
    anct,
    appariement,
    candidature,
    delais,
    donnees,
    espace,
    explication,
    liens,
    liens_candidat,
    propositions,
    rappels,
    relations,
    structure,
    vivier,
)

app_name = "recrutement"
_ESPACE = "espace/<int:role_id>/"
_RECRUTEMENT = f"{_ESPACE}recrutements/<int:pk>/"
_RELATION = f"{_ESPACE}mises-en-relation/<int:pk>/"
_RECHERCHE = f"{_RECRUTEMENT}recherches/<int:consultation_pk>/"
# Une liste par côté, chacune tenue avec ses vues.
CANDIDATURE: list[URLPattern] = [
    path("candidature/", candidature.commencer, name="candidature"),
    path("candidature/recommencer/", candidature.recommencer, name="candidature_recommencer"),
    path("candidature/etape/<slug:etape>/", candidature.etape, name="candidature_etape"),
    path("candidature/plus-tard/", candidature.plus_tard, name="candidature_plus_tard"),
    path("candidature/reprendre/<str:jeton>/", candidature.reprendre, name="candidature_reprendre"),
    path("candidature/envoyee/", candidature.envoyee, name="candidature_envoyee"),
    path("candidature/renvoyer/", candidature.renvoyer, name="candidature_renvoyer"),
    path("candidature/confirmer/<str:jeton>/", candidature.confirmer, name="candidature_confirmer"),
    path("candidature/enregistree/", candidature.enregistree, name="candidature_enregistree"),
    path("candidature/disponibilite/<str:jeton>/", liens_candidat.disponibilite, name="disponibilite_par_lien"),
    path("candidature/desinscription/<str:signature>/", liens_candidat.desinscription, name="desinscription"),
]
_CANDIDATURE = f"{_ESPACE}candidature/"
CANDIDAT: list[URLPattern] = [
    path(_CANDIDATURE, espace.ma_candidature, name="ma_candidature"),
    path(f"{_CANDIDATURE}profil/", espace.profil, name="profil"),
    path(f"{_CANDIDATURE}cv/", espace.cv, name="cv"),
    path(f"{_CANDIDATURE}cv/fichier/", espace.cv_fichier, name="cv_fichier"),
    path(f"{_CANDIDATURE}cv/effacer/", espace.supprimer_cv, name="supprimer_cv"),
    path(f"{_CANDIDATURE}pix/", espace.pix, name="pix"),
    path(f"{_CANDIDATURE}pix/partage/", espace.partager_pix, name="partager_pix"),
    path(f"{_CANDIDATURE}disponibilite/", espace.disponibilite, name="disponibilite"),
    path(f"{_CANDIDATURE}pause/", espace.pause, name="pause"),
    path(f"{_CANDIDATURE}retirer/", espace.retirer, name="retirer"),
    path(f"{_CANDIDATURE}revenir/", espace.revenir, name="revenir"),
    path(f"{_CANDIDATURE}mes-donnees/", donnees.mes_donnees, name="mes_donnees"),
    path(f"{_CANDIDATURE}mes-donnees/fichier/", donnees.mes_donnees_json, name="mes_donnees_json"),
    path(f"{_CANDIDATURE}mes-donnees/effacer/", donnees.supprimer_mes_donnees, name="supprimer_mes_donnees"),
    # Les propositions : dans l'espace, ou par le lien personnel d'une seule.
    path(f"{_ESPACE}propositions/", propositions.propositions, name="propositions"),
    path(f"{_ESPACE}propositions/<int:pk>/", propositions.proposition, name="proposition"),
    path(f"{_ESPACE}propositions/<int:pk>/contact/", propositions.proposition_contact, name="proposition_contact"),
    path(f"{_ESPACE}propositions/<int:pk>/offre/", propositions.proposition_offre, name="proposition_offre"),
    path(f"{_ESPACE}propositions/<int:pk>/decliner/", propositions.proposition_decliner, name="proposition_decliner"),
    path(f"{_ESPACE}propositions/<int:pk>/entretien.ics", propositions.proposition_ical, name="proposition_ical"),
    path("proposition/candidat/<str:jeton>/", propositions.lien_candidat, name="lien_candidat"),
    path("proposition/candidat/<str:jeton>/contact/", propositions.lien_candidat_contact, name="lien_candidat_contact"),
    path("proposition/candidat/<str:jeton>/offre/", propositions.lien_candidat_offre, name="lien_candidat_offre"),
    path(
        "proposition/candidat/<str:jeton>/decliner/", propositions.lien_candidat_decliner, name="lien_candidat_decliner"
    ),
    path("proposition/candidat/<str:jeton>/entretien.ics", propositions.lien_candidat_ical, name="lien_candidat_ical"),
]
STRUCTURE: list[URLPattern] = [
    path("proposition/structure/<str:jeton>/", liens.lien_structure, name="lien_structure"),
    path(f"{_ESPACE}recrutements/", structure.recrutements, name="recrutements"),
    path(_RECRUTEMENT, structure.recrutement, name="recrutement"),
    path(f"{_RECRUTEMENT}comparer/", structure.comparer, name="comparer"),
    path(f"{_RECRUTEMENT}fiche/", structure.fiche, name="fiche"),
    path(f"{_RECRUTEMENT}separer/", structure.separer, name="separer"),
    path(f"{_RECRUTEMENT}suspendre/", structure.suspendre, name="suspendre"),
    path(f"{_RECRUTEMENT}reprendre/", structure.reprendre, name="reprendre"),
    path(f"{_RECRUTEMENT}chercher/", vivier.chercher, name="chercher"),
    path(_RECHERCHE, vivier.resultats, name="resultats"),
    path(f"{_RECHERCHE}candidats/<int:candidat_pk>/", vivier.preselectionner, name="preselectionner"),
    path(_RELATION, relations.relation, name="relation"),
    path(f"{_RELATION}retenir/", relations.retenir, name="retenir"),
    path(f"{_RELATION}sans-suite/", relations.ecarter, name="ecarter"),
    path(f"{_RELATION}entretien/", relations.inviter, name="inviter"),
    path(f"{_RELATION}offre/", relations.offrir, name="offrir"),
    path(f"{_RELATION}offre/retirer/", relations.retirer_offre, name="retirer_offre"),
    path(f"{_RELATION}reserve/", relations.mettre_en_reserve, name="mettre_en_reserve"),
    path(f"{_RELATION}reserve/sortir/", relations.rappeler, name="rappeler"),
    path(f"{_RELATION}contrat/", relations.recruter, name="recruter"),
    path(f"{_RELATION}cv/", relations.relation_cv, name="relation_cv"),
    # Les rappels d'un membre, et les engagements en retard que suivent les agents.
    path("rappels/membre/<str:jeton>/", rappels.sans_rappels, name="sans_rappels"),
    path(f"{_ESPACE}rappels/", rappels.rappels, name="rappels"),
    path(f"{_ESPACE}rappels/arreter/", rappels.arreter_rappels, name="arreter_rappels"),
    path(f"{_ESPACE}rappels/reprendre/", rappels.reprendre_rappels, name="reprendre_rappels"),
    path(f"{_ESPACE}recrutements-en-retard/", delais.retards, name="retards"),
]
APPARIEMENT: list[URLPattern] = [
    path("recrutement/delais/", delais.delais, name="delais"),
    path("appariement/", appariement.algorithme, name="algorithme"),
    path(f"{_RELATION}explication/", explication.explication, name="explication"),
    path(f"{_ESPACE}autres-postes/", explication.autres_postes, name="autres_postes"),
    path(f"{_ESPACE}appariement/", appariement.liste_passes, name="passes"),
    path(f"{_ESPACE}appariement/lancer/", appariement.lancer, name="lancer_passe"),
    path(f"{_ESPACE}appariement/etat/", appariement.etat_passe, name="etat_passe"),
    path(f"{_ESPACE}appariement/reglages/", appariement.regler, name="reglages"),
    path(f"{_ESPACE}appariement/pourquoi/", explication.pourquoi, name="pourquoi"),
    path(f"{_ESPACE}appariement/<int:pk>/", appariement.passe, name="passe"),
]
# L'ANCT : les candidats, un par un.
_CANDIDATS = f"{_ESPACE}candidats/"
ANCT: list[URLPattern] = [
    path(_CANDIDATS, anct.candidats, name="candidats"),
    path(f"{_CANDIDATS}pix/", anct.importer_pix, name="importer_pix"),
    path(f"{_CANDIDATS}pix/<str:depot>/", anct.examiner_pix, name="examiner_pix"),
    path(f"{_CANDIDATS}<int:pk>/", anct.candidat, name="candidat"),
    path(f"{_CANDIDATS}<int:pk>/bloquer/", anct.bloquer, name="bloquer"),
    path(f"{_CANDIDATS}<int:pk>/debloquer/", anct.debloquer, name="debloquer"),
]
urlpatterns = [*CANDIDATURE, *ANCT, *CANDIDAT, *STRUCTURE, *APPARIEMENT]
