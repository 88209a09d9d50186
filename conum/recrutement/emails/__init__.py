"""Courriels du recrutement : chaque module s'importe ici, le registre des messages les connaît tous."""
