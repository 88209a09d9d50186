from django.urls import include, path

from conum.socle.views import sante

handler400 = "conum.ui.views.erreur_400"
handler403 = "conum.ui.views.erreur_403"
handler404 = "conum.ui.views.erreur_404"
handler500 = "conum.ui.views.erreur_500"

urlpatterns = [
    path("sante/", sante, name="sante"),
    path("", include("conum.portail.urls")),
    path("", include("conum.ui.urls")),
    path("", include("conum.comptes.urls")),
    path("", include("conum.courriels.urls")),
    path("", include("conum.territoires.urls")),
    path("", include("conum.structures.urls")),
    path("", include("conum.postes.urls")),
    path("", include("conum.demandes.urls")),
    path("", include("conum.formations.urls")),
    path("", include("conum.recrutement.urls")),
    path("", include("conum.conventions.urls")),
    path("", include("conum.versements.urls")),
]
