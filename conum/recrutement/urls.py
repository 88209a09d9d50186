from django.urls import URLPattern, path

from conum.recrutement.views import delais, rappels

app_name = "recrutement"
_ESPACE = "espace/<int:role_id>/"
# Une liste par côté, chacune tenue avec ses vues.
CANDIDATURE: list[URLPattern] = []
CANDIDAT: list[URLPattern] = []
STRUCTURE: list[URLPattern] = [
    # Les rappels d'un membre, et les engagements en retard que suivent les agents.
    path("rappels/membre/<str:jeton>/", rappels.sans_rappels, name="sans_rappels"),
    path(f"{_ESPACE}rappels/", rappels.rappels, name="rappels"),
    path(f"{_ESPACE}rappels/arreter/", rappels.arreter_rappels, name="arreter_rappels"),
    path(f"{_ESPACE}rappels/reprendre/", rappels.reprendre_rappels, name="reprendre_rappels"),
    path(f"{_ESPACE}recrutements-en-retard/", delais.retards, name="retards"),
]
APPARIEMENT: list[URLPattern] = [
    path("recrutement/delais/", delais.delais, name="delais"),
]
urlpatterns = [*CANDIDATURE, *CANDIDAT, *STRUCTURE, *APPARIEMENT]
