from django.apps import AppConfig


class PortailConfig(AppConfig):
    name = "conum.portail"
    verbose_name = "Portail"
