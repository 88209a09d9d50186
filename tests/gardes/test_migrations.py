import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_les_migrations_sont_completes() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
