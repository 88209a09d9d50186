from django.apps import AppConfig


class RecrutementConfig(AppConfig):
    name = "conum.recrutement"
    verbose_name = "Recrutement"

    def ready(self) -> None:
        from conum.comptes.actions import SUITES_D_ADRESSE, SUITES_D_ANONYMISATION
        from conum.recrutement.actions.conservation import anonymiser_avec_le_compte
        from conum.recrutement.actions.espace import suivre_l_adresse

        SUITES_D_ADRESSE.append(suivre_l_adresse)
        SUITES_D_ANONYMISATION.append(anonymiser_avec_le_compte)
