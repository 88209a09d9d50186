from django.urls import path

from conum.portail.views import espaces, publiques

app_name = "portail"
urlpatterns = [
    path("", publiques.accueil, name="accueil"),
    path("espace/", espaces.tableau_de_bord, name="tableau_de_bord"),
    path("espace/<int:role_id>/", espaces.espace, name="espace"),
]
