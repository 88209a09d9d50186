from django.apps import AppConfig


class SocleConfig(AppConfig):
    name = "conum.socle"
    verbose_name = "Socle"
