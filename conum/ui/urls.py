from django.urls import path
from django.views.generic import RedirectView

from conum.socle.http import publique
from conum.ui import views

app_name = "ui"
urlpatterns = [
    path("robots.txt", views.robots, name="robots"),
    # Les navigateurs demandent cette adresse sans lire la page.
    path(
        "favicon.ico",
        publique(RedirectView.as_view(url="/static/dsfr/dist/favicon/favicon.ico", permanent=False)),
        name="favicon",
    ),
]
