from django.apps import AppConfig


class ConventionsConfig(AppConfig):
    name = "conum.conventions"
    verbose_name = "Conventions"
