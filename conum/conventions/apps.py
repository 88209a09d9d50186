from django.apps import AppConfig


class ConventionsConfig(AppConfig):
    name = "conum.conventions"
    verbose_name = "Conventions"

    def ready(self) -> None:
        from conum.conventions.views.alarmes import inscrire

        inscrire()
