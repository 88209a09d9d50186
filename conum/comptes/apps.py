from django.apps import AppConfig


class ComptesConfig(AppConfig):
    name = "conum.comptes"
    verbose_name = "Comptes"
