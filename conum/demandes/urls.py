from django.urls import path

from conum.demandes.views import formulaire, suivi

app_name = "demandes"
_ESPACE = "espace/<int:role_id>/"
urlpatterns = [
    path("demande/reprendre/<str:jeton>/", formulaire.reprendre, name="reprendre"),
    path("demande/confirmer/<str:jeton>/", formulaire.confirmer, name="confirmer"),
    path(f"{_ESPACE}demandes/<int:pk>/suivi/", suivi.suivre, name="suivre"),
]
