from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "conum.ui"
    verbose_name = "Ui"
