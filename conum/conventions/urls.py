from django.urls import path

from conum.conventions.views import simulateur, verification

app_name = "conventions"
urlpatterns = [
    path("simulateur/", simulateur.simulateur, name="simulateur"),
    path("simulateur/pdf/", simulateur.simulateur_pdf, name="simulateur_pdf"),
    path("verifier/", verification.verifier, name="verifier"),
    path("verifier/<str:code>/", verification.verifier_acte, name="verifier_acte"),
]
