from django.apps import AppConfig


class TerritoiresConfig(AppConfig):
    name = "conum.territoires"
    verbose_name = "Territoires"
