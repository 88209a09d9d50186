from django.urls import path

from conum.formations.views import inscription, sessions

app_name = "formations"
_FORMATIONS = "espace/<int:role_id>/formations/"
_SESSIONS = f"{_FORMATIONS}sessions/"
_SESSION = f"{_SESSIONS}<int:session_id>/"

_INSCRIPTIONS = f"{_FORMATIONS}inscriptions/"
_INSCRIPTION = f"{_INSCRIPTIONS}<int:pk>/"

urlpatterns = [
    # Inscriptions et positionnement
    path(f"{_FORMATIONS}la-mienne/", inscription.ma_formation, name="ma_formation"),
    path(_INSCRIPTION, inscription.inscription, name="inscription"),
    # Sessions
    path(_SESSION, sessions.session, name="session"),
]
