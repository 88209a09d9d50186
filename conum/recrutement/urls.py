from django.urls import URLPattern, path  # noqa: F401

app_name = "recrutement"
_ESPACE = "espace/<int:role_id>/"
# Une liste par côté, chacune tenue avec ses vues.
CANDIDATURE: list[URLPattern] = []
CANDIDAT: list[URLPattern] = []
STRUCTURE: list[URLPattern] = []
APPARIEMENT: list[URLPattern] = []
urlpatterns = [*CANDIDATURE, *CANDIDAT, *STRUCTURE, *APPARIEMENT]
