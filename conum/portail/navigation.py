"""Les menus : données, une entrée par page principale. L'ui les demande par le réglage UI_NAVIGATION."""

from collections.abc import Sequence

from django.urls import reverse

from conum.comptes.models import Role, TypeRole
from conum.ui.context_processors import Lien

A, P, R = TypeRole.ANCT, TypeRole.PREFECTURE, TypeRole.REGION
AGENTS = frozenset({A, P, R})
LECTEURS = AGENTS | {TypeRole.RESEAU, TypeRole.HUB}
STRUCTURE = frozenset({TypeRole.STRUCTURE})
CANDIDAT = frozenset({TypeRole.CANDIDAT})

# (titre, nom de l'adresse, types de rôle qui la voient)
MENU: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("Tableau de bord", "portail:espace", frozenset(TypeRole) - CANDIDAT),
    ("Ma candidature", "recrutement:ma_candidature", CANDIDAT),
    ("Mes propositions", "recrutement:propositions", CANDIDAT),
    ("Demandes", "demandes:instruction", LECTEURS),
    ("Mes demandes", "demandes:mes_demandes", STRUCTURE),
    ("Mes postes", "postes:mes_postes", STRUCTURE),
    ("Mes recrutements", "recrutement:recrutements", STRUCTURE),
    ("Ma structure", "structures:ma_structure", STRUCTURE),
    ("Recrutements", "recrutement:recrutements", AGENTS),
    ("Structures", "structures:liste", LECTEURS),
    ("Contrats", "postes:contrats", AGENTS),
    ("Candidats", "recrutement:candidats", frozenset({A})),
    ("Appariement", "recrutement:passes", frozenset({A})),
    ("Comité", "demandes:sessions", frozenset({A})),
    ("Enveloppes", "demandes:enveloppes_courantes", frozenset({A})),
    ("Agents", "comptes:agents", LECTEURS),
    ("Courriels", "courriels:liste", frozenset({A})),
    ("Recherche", "portail:recherche", AGENTS),
)
PUBLIC: tuple[tuple[str, str], ...] = (
    ("Accueil", "portail:accueil"),
    ("Demander un conseiller numérique", "demandes:commencer"),
    ("Simuler l’aide", "conventions:simulateur"),
    ("Devenir conseiller numérique", "recrutement:candidature"),
)
PIED: tuple[tuple[str, str], ...] = (
    ("Plan du site", "portail:plan_du_site"),
    ("Accessibilité : non conforme", "portail:accessibilite"),
    ("Mentions légales", "portail:mentions_legales"),
    ("Données personnelles", "portail:donnees_personnelles"),
    ("Cookies", "portail:cookies"),
    ("Contact", "portail:contact"),
)


def pour(role: Role | None) -> Sequence[Lien]:
    """Le menu du rôle qui agit, ou celui du public."""
    if role is None:
        return [Lien(titre, reverse(nom)) for titre, nom in PUBLIC]
    return [Lien(titre, reverse(nom, args=[role.pk])) for titre, nom, types in MENU if role.type in types]


def pied() -> Sequence[Lien]:
    return [Lien(titre, reverse(nom)) for titre, nom in PIED]
