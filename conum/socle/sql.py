"""Expressions SQL communes à toutes les apps."""

from django.db.models import Func, TextField


class SansAccent(Func):
    """Forme de tri et de comparaison d'un texte français : minuscules sans accent, sans collation.

    `queryset.order_by(SansAccent("nom"))`. La fonction, immuable donc indexable, vient de territoires.0001_initial :
    `unaccent` passe avant `lower`, qui dans une base sans locale française ne connaît pas « É ».
    """

    function = "conum_sans_accent"
    arity = 1
    output_field = TextField()
