from django.apps import AppConfig


class StructuresConfig(AppConfig):
    name = "conum.structures"
    verbose_name = "Structures"
