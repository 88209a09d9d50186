"""Les menus : données, une entrée par page principale. L'ui les demande par le réglage UI_NAVIGATION."""

from collections.abc import Sequence
from typing import NamedTuple

from django.urls import reverse

from conum.comptes.models import Role, TypeRole
from conum.ui.context_processors import Groupe, Lien

ANCT = frozenset({TypeRole.ANCT})
AGENTS = frozenset({TypeRole.ANCT, TypeRole.PREFECTURE, TypeRole.REGION})
LECTEURS = AGENTS | {TypeRole.RESEAU, TypeRole.HUB}
STRUCTURE = frozenset({TypeRole.STRUCTURE})
CANDIDAT = frozenset({TypeRole.CANDIDAT})
CONSEILLER = frozenset({TypeRole.CONSEILLER})
ORGANISME = frozenset({TypeRole.ORGANISME})


class Page(NamedTuple):
    """Une entrée du menu : son titre, le nom de son adresse, les types de rôle qui la voient."""

    titre: str
    nom: str
    types: frozenset[str]


class Metier(NamedTuple):
    titre: str
    pages: tuple[Page, ...]


# Les pages de tous les jours sont au menu ; les autres, réunies par métier sous un bouton. Un groupe dont un rôle ne
# voit qu'une page devient cette page.
MENU: tuple[Page | Metier, ...] = (
    Page("Tableau de bord", "portail:espace", frozenset(TypeRole) - CANDIDAT - CONSEILLER),
    Page("Ma formation", "formations:ma_formation", CONSEILLER),
    Page("Mes modules", "formations:mes_modules", CONSEILLER),
    Page("Ma candidature", "recrutement:ma_candidature", CANDIDAT),
    Page("Mes propositions", "recrutement:propositions", CANDIDAT),
    Page("Mes demandes", "demandes:mes_demandes", STRUCTURE),
    Page("Mes postes", "postes:mes_postes", STRUCTURE),
    Page("Mes recrutements", "recrutement:recrutements", STRUCTURE),
    Metier(
        "Ma subvention",
        (
            Page("Mes conventions", "conventions:mes_conventions", STRUCTURE),
            Page("Mes versements", "versements:mes_versements", STRUCTURE),
            Page("Mes justificatifs", "versements:justificatifs", STRUCTURE),
        ),
    ),
    Page("Ma structure", "structures:ma_structure", STRUCTURE),
    Metier(
        "Demandes",
        (
            Page("Demandes", "demandes:instruction", LECTEURS),
            Page("Comité", "demandes:sessions", ANCT),
            Page("Enveloppes de postes", "demandes:enveloppes_courantes", ANCT),
        ),
    ),
    Page("Structures", "structures:liste", LECTEURS),
    Metier(
        "Recrutement",
        (
            Page("Recrutements", "recrutement:recrutements", AGENTS),
            Page("Candidats", "recrutement:candidats", ANCT),
            Page("Appariement", "recrutement:passes", ANCT),
            Page("Contrats", "postes:contrats", AGENTS),
        ),
    ),
    Page("Personnes en formation", "formations:inscriptions", ORGANISME),
    Metier(
        "Sessions",
        (
            Page("Mes sessions", "formations:sessions", ORGANISME),
            Page("Carte des sessions", "formations:carte", ORGANISME),
            Page("Affectation", "formations:affectation", ORGANISME),
        ),
    ),
    Metier(
        "Suivi",
        (
            Page("Absences sans motif", "formations:absences_sans_motif", ORGANISME),
            Page("Attestations", "formations:attestations", ORGANISME),
            Page("Certifications", "formations:certifications", ORGANISME),
            Page("Modules demandés", "formations:modules", ORGANISME),
        ),
    ),
    Metier(
        "Facturation",
        (
            Page("États récapitulatifs", "formations:etats", ORGANISME),
            Page("Prise en charge", "formations:prise_en_charge", ORGANISME),
            Page("Paiements", "versements:paiements_etats", ORGANISME),
            Page("Compte bancaire", "versements:mon_compte", ORGANISME),
        ),
    ),
    Metier(
        "Mon organisme",
        (
            Page("Fiche et contacts", "formations:mon_organisme", ORGANISME),
            Page("Agents", "comptes:agents", ORGANISME),
            Page("Avis des personnes formées", "formations:satisfaction", ORGANISME),
        ),
    ),
    Metier(
        "Formations",
        (
            Page("Suivi", "formations:suivi", AGENTS),
            Page("Prévision des places", "formations:prevision", AGENTS),
            Page("Personnes en formation", "formations:inscriptions", AGENTS | STRUCTURE),
            Page("Affectation", "formations:affectation", ANCT),
            Page("Sessions", "formations:sessions", ANCT),
            Page("Sessions ouvertes", "formations:sessions_ouvertes", AGENTS - ANCT | STRUCTURE),
            Page("Carte des sessions", "formations:carte", AGENTS | STRUCTURE),
            Page("Absences sans motif", "formations:absences_sans_motif", AGENTS | STRUCTURE),
            Page("Prises de poste", "formations:prises_de_poste", AGENTS | STRUCTURE),
            Page("Dispenses", "formations:dispenses", ANCT),
            Page("Attestations", "formations:attestations", ANCT),
            Page("Certifications", "formations:certifications", AGENTS | STRUCTURE),
            Page("Formation continue", "formations:modules", AGENTS | STRUCTURE),
            Page("États récapitulatifs", "formations:etats", ANCT),
            Page("Prise en charge", "formations:prise_en_charge", ANCT),
            Page("Organismes de formation", "formations:organismes", ANCT),
            Page("Avis des personnes formées", "formations:satisfaction", ANCT),
        ),
    ),
    Metier(
        "Conventions",
        (
            Page("Conventions", "conventions:liste", AGENTS),
            Page("Structures à conventionner", "conventions:a_preparer", ANCT),
            Page("Pièces à examiner", "conventions:pieces", ANCT),
            Page("Avenants à ouvrir", "conventions:avenants_a_ouvrir", ANCT),
            Page("Conventions à renouveler", "conventions:a_renouveler", AGENTS),
        ),
    ),
    Metier(
        "Versements",
        (
            Page("Budget", "versements:budget", AGENTS),
            Page("Échéances", "versements:echeances", AGENTS),
            Page("Lots de virements", "versements:lots", ANCT),
            Page("Comptes bancaires", "versements:ribs", ANCT),
            Page("Retours de la banque", "versements:retours", ANCT),
            Page("Justificatifs d’emploi", "versements:justificatifs_a_examiner", ANCT),
            Page("Paiement des formations", "versements:paiements_etats", ANCT),
            Page("Reversements", "versements:reversements", AGENTS),
        ),
    ),
    Metier(
        "Administration",
        (
            Page("Agents", "comptes:agents", LECTEURS),
            Page("Courriels", "courriels:liste", ANCT),
        ),
    ),
    Page("Recherche", "portail:recherche", AGENTS),
)
PUBLIC: tuple[tuple[str, str], ...] = (
    ("Accueil", "portail:accueil"),
    ("Demander un conseiller numérique", "demandes:commencer"),
    ("Simuler l’aide", "conventions:simulateur"),
    ("Devenir conseiller numérique", "recrutement:candidature"),
)
PIED: tuple[tuple[str, str], ...] = (
    ("Plan du site", "portail:plan_du_site"),
    ("Vérifier un document", "conventions:verifier"),
    ("Accessibilité : non conforme", "portail:accessibilite"),
    ("Mentions légales", "portail:mentions_legales"),
    ("Données personnelles", "portail:donnees_personnelles"),
    ("Cookies", "portail:cookies"),
    ("Contact", "portail:contact"),
)


def pour(role: Role | None) -> Sequence[Lien | Groupe]:
    """Le menu du rôle qui agit, ou celui du public."""
    if role is None:
        return [Lien(titre, reverse(nom)) for titre, nom in PUBLIC]

    def liens(*pages: Page) -> list[Lien]:
        return [Lien(p.titre, reverse(p.nom, args=[role.pk])) for p in pages if role.type in p.types]

    menu: list[Lien | Groupe] = []
    for entree in MENU:
        if isinstance(entree, Page):
            menu += liens(entree)
        else:
            trouves = liens(*entree.pages)
            menu += trouves if len(trouves) < 2 else [Groupe(entree.titre, tuple(trouves))]
    return menu


def pied() -> Sequence[Lien]:
    return [Lien(titre, reverse(nom)) for titre, nom in PIED]
