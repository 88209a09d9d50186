from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "conum.journal"
    verbose_name = "Journal"
