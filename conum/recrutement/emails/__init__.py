"""Courriels du recrutement : chaque module s'importe ici, le registre des messages les connaît tous."""

from conum.recrutement.emails import relation as relation
