from django.apps import AppConfig


class PostesConfig(AppConfig):
    name = "conum.postes"
    verbose_name = "Postes"
