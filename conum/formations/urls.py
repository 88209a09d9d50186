from django.urls import path

from conum.formations.views import sessions

app_name = "formations"
_FORMATIONS = "espace/<int:role_id>/formations/"
_SESSIONS = f"{_FORMATIONS}sessions/"
_SESSION = f"{_SESSIONS}<int:session_id>/"

urlpatterns = [
    # Sessions
    path(_SESSION, sessions.session, name="session"),
]
