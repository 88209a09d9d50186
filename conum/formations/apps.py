from django.apps import AppConfig


class FormationsConfig(AppConfig):
    name = "conum.formations"
    verbose_name = "Formations"
