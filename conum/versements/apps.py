from django.apps import AppConfig


class VersementsConfig(AppConfig):
    name = "conum.versements"
    verbose_name = "Versements"
