from django.apps import AppConfig


class DemandesConfig(AppConfig):
    name = "conum.demandes"
    verbose_name = "Demandes"
