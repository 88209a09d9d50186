from django.apps import AppConfig


class PostesConfig(AppConfig):
    name = "conum.postes"
    verbose_name = "Postes"

    def ready(self) -> None:
        from conum.comptes.actions import GARDES_DE_DEPART
        from conum.postes.actions.gardes import refuser_depart_en_contrat

        GARDES_DE_DEPART.append(refuser_depart_en_contrat)
