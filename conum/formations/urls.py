from django.urls import path

from conum.formations.views import inscription, inscriptions, positionnement, prise_de_poste, resultat, sessions

app_name = "formations"
_FORMATIONS = "espace/<int:role_id>/formations/"
_SESSIONS = f"{_FORMATIONS}sessions/"
_SESSION = f"{_SESSIONS}<int:session_id>/"

_INSCRIPTIONS = f"{_FORMATIONS}inscriptions/"
_INSCRIPTION = f"{_INSCRIPTIONS}<int:pk>/"
_TEST = f"{_INSCRIPTION}positionnement/"

urlpatterns = [
    # Prises de poste
    path(f"{_FORMATIONS}prises-de-poste/", prise_de_poste.liste, name="prises_de_poste"),
    path(
        f"{_FORMATIONS}contrats/<int:contrat_id>/prise-de-poste/", prise_de_poste.prise_de_poste, name="prise_de_poste"
    ),
    path(f"{_FORMATIONS}prises-de-poste/<int:pk>/annuler/", prise_de_poste.annuler, name="annuler_prise_de_poste"),
    # Inscriptions et positionnement
    path(f"{_FORMATIONS}la-mienne/", inscription.ma_formation, name="ma_formation"),
    path(_INSCRIPTIONS, inscriptions.liste, name="inscriptions"),
    path(_INSCRIPTION, inscription.inscription, name="inscription"),
    path(f"{_INSCRIPTION}confier/", inscriptions.confier, name="confier"),
    path(f"{_INSCRIPTION}disponibilite/", inscriptions.disponibilite, name="regler_disponibilite"),
    path(f"{_INSCRIPTION}arreter/", inscriptions.arreter, name="arreter_inscription"),
    path(f"{_INSCRIPTION}rouvrir/", inscriptions.rouvrir, name="rouvrir_inscription"),
    path(_TEST, positionnement.accueil, name="positionnement"),
    path(f"{_TEST}commencer/", positionnement.commencer, name="commencer_positionnement"),
    path(f"{_TEST}etapes/<int:numero>/", positionnement.etape, name="positionnement_etape"),
    path(f"{_TEST}reponse/", positionnement.reponse, name="positionnement_reponse"),
    path(f"{_TEST}terminer/", positionnement.terminer, name="terminer_positionnement"),
    path(f"{_TEST}resultat/", resultat.resultat, name="resultat_positionnement"),
    path(f"{_INSCRIPTION}parcours/", resultat.retenir, name="retenir_parcours"),
    # Sessions
    path(_SESSION, sessions.session, name="session"),
]
