from django import forms

from conum.courriels.states import Etat
from conum.ui.forms import FiltresForm


class FiltresCourriels(FiltresForm):
    recherche = forms.CharField(label="Adresse ou objet", max_length=200)
    etat = forms.ChoiceField(label="État", choices=[("", "Tous"), *Etat.choices])
