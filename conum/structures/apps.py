from django.apps import AppConfig


class StructuresConfig(AppConfig):
    name = "conum.structures"
    verbose_name = "Structures"

    def ready(self) -> None:
        from conum.comptes.actions import GARDES_DE_DEPART
        from conum.structures.actions.membres import refuser_depart_du_dernier_membre

        GARDES_DE_DEPART.append(refuser_depart_du_dernier_membre)
