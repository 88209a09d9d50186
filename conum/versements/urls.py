from django.urls import path

from conum.versements.views import budget

app_name = "versements"
_ESPACE = "espace/<int:role_id>/"
_BUDGET = f"{_ESPACE}budget/"
urlpatterns = [
    # Les agents de l'État : l'argent vu d'en haut.
    path(_BUDGET, budget.budget, name="budget"),
    path(f"{_BUDGET}conventions/", budget.detail, name="budget_detail"),
    path(f"{_BUDGET}conventions/<int:pk>/", budget.convention, name="budget_convention"),
]
