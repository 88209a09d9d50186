import pytest

# Leurs assertions se lisent comme celles d'un test.
pytest.register_assert_rewrite("tests.parcours.actes_convention", "tests.parcours.actes_versement")
