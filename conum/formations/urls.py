from django.urls import path

from conum.formations.views import inscription, prise_de_poste, sessions

app_name = "formations"
_FORMATIONS = "espace/<int:role_id>/formations/"
_SESSIONS = f"{_FORMATIONS}sessions/"
_SESSION = f"{_SESSIONS}<int:session_id>/"

_INSCRIPTIONS = f"{_FORMATIONS}inscriptions/"
_INSCRIPTION = f"{_INSCRIPTIONS}<int:pk>/"

urlpatterns = [
    # Prises de poste
    path(f"{_FORMATIONS}prises-de-poste/", prise_de_poste.liste, name="prises_de_poste"),
    path(
        f"{_FORMATIONS}contrats/<int:contrat_id>/prise-de-poste/", prise_de_poste.prise_de_poste, name="prise_de_poste"
    ),
    path(f"{_FORMATIONS}prises-de-poste/<int:pk>/annuler/", prise_de_poste.annuler, name="annuler_prise_de_poste"),
    # Inscriptions et positionnement
    path(f"{_FORMATIONS}la-mienne/", inscription.ma_formation, name="ma_formation"),
    path(_INSCRIPTION, inscription.inscription, name="inscription"),
    # Sessions
    path(_SESSION, sessions.session, name="session"),
]
