from django.apps import AppConfig


class UtilisateursConfig(AppConfig):
    name = "conum.utilisateurs"
    verbose_name = "Utilisateurs"
