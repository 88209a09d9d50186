from django.urls import path

from conum.portail.views import espaces, publiques

app_name = "portail"
urlpatterns = [
    path("", publiques.accueil, name="accueil"),
    path("mentions-legales/", publiques.mentions_legales, name="mentions_legales"),
    path("donnees-personnelles/", publiques.donnees_personnelles, name="donnees_personnelles"),
    path("cookies/", publiques.cookies, name="cookies"),
    path("plan-du-site/", publiques.plan_du_site, name="plan_du_site"),
    path("accessibilite/", publiques.accessibilite, name="accessibilite"),
    path("contact/", publiques.contact, name="contact"),
    path("espace/", espaces.tableau_de_bord, name="tableau_de_bord"),
    path("espace/<int:role_id>/", espaces.espace, name="espace"),
    path("espace/<int:role_id>/recherche/", espaces.recherche, name="recherche"),
]
