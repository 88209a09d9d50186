from django.urls import path

from conum.conventions.views import simulateur

app_name = "conventions"
urlpatterns = [
    path("simulateur/", simulateur.simulateur, name="simulateur"),
    path("simulateur/pdf/", simulateur.simulateur_pdf, name="simulateur_pdf"),
]
