"""Une page, un formulaire, un acte ; un bouton, un acte : ce que les pages des organismes et des sessions partagent."""

from conum.journal.pages import page_formulaire
from conum.postes.views.commun import acte_direct

__all__ = ["acte_direct", "page_formulaire"]
