"""Courriels du recrutement : chaque module s'importe ici, le registre des messages les connaît tous."""

from conum.recrutement.emails import candidature as candidature
from conum.recrutement.emails import proposition as proposition
from conum.recrutement.emails import rappel as rappel
from conum.recrutement.emails import relation as relation
