from django.apps import AppConfig


class RecrutementConfig(AppConfig):
    name = "conum.recrutement"
    verbose_name = "Recrutement"
