"""Chaque adresse est fermée ou sur la liste publique ; chaque adresse d'un espace dit à quels rôles elle s'ouvre."""

from collections import Counter

from conum.comptes.models import TypeRole
from tests.gardes.adresses import toutes

# La liste complète de ce que l'on ouvre sans se connecter. Y ajouter une ligne se décide, se relit et se justifie.
PUBLIQUES = {
    # Pages d'information
    "portail:accueil",
    "portail:mentions_legales",
    "portail:donnees_personnelles",
    "portail:cookies",
    "portail:plan_du_site",
    "portail:accessibilite",
    "portail:contact",
    # Machines : superviseur, robots, navigateurs
    "sante",
    "ui:robots",
    "ui:favicon",
    # Se connecter, se déconnecter
    "account_login",
    "account_request_login_code",
    "account_confirm_login_code",
    "account_inactive",
    "account_logout",
    "mfa_authenticate",
    "mfa_login_webauthn",
    "comptes:proconnect",
    "comptes:retour_proconnect",
    "comptes:retour_deconnexion",
    # Liens personnels reçus par courriel : le jeton fait foi, un bouton confirme
    "comptes:invitation",
    "comptes:confirmer_adresse",
    "structures:invitation",
    "structures:contact_confirmer",
    # Rejoindre une structure déjà inscrite
    "structures:rejoindre",
    # Demander un conseiller numérique, sans compte ; le lien personnel fait foi
    "demandes:commencer",
    "demandes:recommencer",
    "demandes:structure",
    "demandes:identite",
    "demandes:deja_inscrite",
    "demandes:etape",
    "demandes:plus_tard",
    "demandes:envoyee",
    "demandes:renvoyer",
    "demandes:deposee",
    "demandes:reprendre",
    "demandes:confirmer",
    # Candidater sans compte ; la session ou le lien personnel fait foi
    "recrutement:candidature",
    "recrutement:candidature_recommencer",
    "recrutement:candidature_etape",
    "recrutement:candidature_plus_tard",
    "recrutement:candidature_reprendre",
    "recrutement:candidature_envoyee",
    "recrutement:candidature_renvoyer",
    "recrutement:candidature_confirmer",
    "recrutement:candidature_enregistree",
    # Dire qu'on est toujours disponible, ou ne plus rien recevoir : le lien du courriel fait foi, un bouton agit
    "recrutement:disponibilite_par_lien",
    "recrutement:desinscription",
    # Répondre à une proposition par son lien personnel : le jeton fait foi, un bouton confirme
    "recrutement:lien_structure",
    # Chercher une commune, pour le champ du formulaire public
    "territoires:communes",
    # Simuler l'aide de l'État, sans compte : rien n'est enregistré
    "conventions:simulateur",
    "conventions:simulateur_pdf",
    # Vérifier un document signé : un code de 60 bits imprimé dessus, aucune donnée personnelle
    "conventions:verifier",
    "conventions:verifier_acte",
    # Répondre à une proposition par son lien personnel, sans compte : le jeton fait foi, un bouton agit
    "recrutement:lien_candidat",
    "recrutement:lien_candidat_contact",
    "recrutement:lien_candidat_offre",
    "recrutement:lien_candidat_decliner",
    "recrutement:lien_candidat_ical",
    # Se désabonner en un geste depuis un courriel (RFC 8058) : la signature du lien fait foi
    "recrutement:sans_rappels",
    # Émarger sans compte : le lien signé d'un jour fait foi, un bouton agit ; la tablette demande en plus un code
    "formations:presence_apprenant",
    "formations:presence_formateur",
    "formations:tenir_par_lien",
    "formations:tablette",
    # Niveaux de service publiés par département
    "recrutement:delais",
    # Ce que fait l'algorithme d'appariement, publié (CRPA, art. L. 311-3-1 et L. 312-1-3)
    "recrutement:algorithme",
    # Donner son avis sur sa formation : le lien reçu fait foi, un bouton envoie ; la réponse ne porte pas de nom
    "formations:avis",
    # Boîte de lecture des courriels : 404 hors développement (test_courriels_lisibles)
    "courriels:boite",
    "courriels:boite_courriel",
    "courriels:boite_html",
}


def test_toute_adresse_est_nommee_et_unique() -> None:
    noms = Counter(a.nom for a in toutes())
    assert not [nom for nom, nombre in noms.items() if nombre > 1 or nom.endswith("None")]


def test_la_liste_publique_est_exacte() -> None:
    ouvertes = {a.nom for a in toutes() if a.publique}
    assert ouvertes - PUBLIQUES == set(), "ouvertes sans être sur la liste"
    assert PUBLIQUES - ouvertes == set(), "sur la liste mais fermées ou disparues"


def test_une_adresse_d_espace_dit_ses_roles() -> None:
    muettes = [a.nom for a in toutes() if a.dans_un_espace and not getattr(a.vue, "types_de_role", None)]
    assert not muettes, "il manque @role_requis"


def test_les_roles_declares_existent() -> None:
    inconnus = {t for a in toutes() for t in getattr(a.vue, "types_de_role", ())} - set(TypeRole.values)
    assert not inconnus


def test_une_adresse_porte_le_role_si_et_seulement_si_elle_est_dans_un_espace() -> None:
    hors = [a.nom for a in toutes() if a.chemin.startswith("espace/<") != a.dans_un_espace]
    assert not hors


def test_une_adresse_ouverte_ne_porte_jamais_de_role() -> None:
    assert not [a.nom for a in toutes() if a.publique and a.dans_un_espace]


def test_aucune_adresse_de_mot_de_passe_ni_d_inscription() -> None:
    assert not [a.nom for a in toutes() if "password" in a.nom or "signup" in a.nom]
