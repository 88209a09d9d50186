from django.apps import AppConfig


class CourrielsConfig(AppConfig):
    name = "conum.courriels"
    verbose_name = "Courriels"
