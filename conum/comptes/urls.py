"""Adresses des comptes. Celles d'allauth gardent leur nom, qu'il emploie ; il n'y en a aucune pour un mot de passe."""

from django.urls import URLPattern, URLResolver, include, path

from conum.comptes.views import agents, connexion, invitation, mon_compte, proconnect, second_facteur

_conum = [
    path("connexion/proconnect/", proconnect.depart, name="proconnect"),
    path("connexion/proconnect/retour/", proconnect.retour, name="retour_proconnect"),
    path("deconnexion/retour/", proconnect.retour_deconnexion, name="retour_deconnexion"),
    path("invitation/<str:jeton>/", invitation.invitation, name="invitation"),
    path("espaces/", mon_compte.espaces, name="espaces"),
    path("mon-compte/", mon_compte.mon_compte, name="mon_compte"),
    path("mon-compte/identite/", mon_compte.identite, name="identite"),
    path("mon-compte/adresse/", mon_compte.adresse, name="adresse"),
    path("mon-compte/adresse/annuler/", mon_compte.annuler_adresse, name="annuler_adresse"),
    path("mon-compte/adresse/confirmer/<str:jeton>/", mon_compte.confirmer_adresse, name="confirmer_adresse"),
    path("mon-compte/proconnect/detacher/", mon_compte.detacher_proconnect, name="detacher_proconnect"),
    path("espace/<int:role_id>/agents/", agents.liste, name="agents"),
    path("espace/<int:role_id>/agents/inviter/", agents.inviter, name="inviter"),
    path("espace/<int:role_id>/agents/invitations/", agents.invitations, name="invitations"),
    path("espace/<int:role_id>/agents/invitations/<int:pk>/", agents.invitation_agent, name="invitation_agent"),
    path("espace/<int:role_id>/agents/invitations/<int:pk>/renvoyer/", agents.renvoyer, name="renvoyer_invitation"),
    path("espace/<int:role_id>/agents/invitations/<int:pk>/annuler/", agents.annuler, name="annuler_invitation"),
    path("espace/<int:role_id>/agents/<int:pk>/", agents.agent, name="agent"),
    path("espace/<int:role_id>/agents/<int:pk>/retirer/", agents.retirer, name="retirer_agent"),
    path("espace/<int:role_id>/agents/<int:pk>/desactiver/", agents.desactiver, name="desactiver_agent"),
]
_facteurs = [
    path("", second_facteur.index, name="mfa_index"),
    path("application/", second_facteur.activer_application, name="mfa_activate_totp"),
    path("application/retirer/", second_facteur.retirer_application, name="mfa_deactivate_totp"),
    path("cles/", second_facteur.index, name="mfa_list_webauthn"),
    path("cles/ajouter/", second_facteur.ajouter_cle, name="mfa_add_webauthn"),
    path("cles/<int:pk>/retirer/", second_facteur.retirer_cle, name="mfa_remove_webauthn"),
    path("codes/", second_facteur.codes_de_secours, name="mfa_view_recovery_codes"),
    path("codes/fichier/", second_facteur.telecharger_codes, name="mfa_download_recovery_codes"),
    path("codes/renouveler/", second_facteur.renouveler_codes, name="mfa_generate_recovery_codes"),
    path("verifier/", second_facteur.reverifier_code, name="mfa_reauthenticate"),
    path("verifier/cle/", second_facteur.reverifier_cle, name="mfa_reauthenticate_webauthn"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    # Les deux noms d'allauth mènent à la même page : on ne se connecte que par code.
    path("connexion/", connexion.demander_code, name="account_login"),
    path("connexion/", connexion.demander_code, name="account_request_login_code"),
    path("connexion/code/", connexion.saisir_code, name="account_confirm_login_code"),
    path("connexion/second-facteur/", connexion.presenter_facteur, name="mfa_authenticate"),
    path("connexion/cle/", connexion.entrer_par_cle, name="mfa_login_webauthn"),
    path("connexion/compte-ferme/", connexion.compte_ferme, name="account_inactive"),
    path("deconnexion/", connexion.deconnexion, name="account_logout"),
    path("mon-compte/second-facteur/", include(_facteurs)),
    path("", include((_conum, "comptes"))),
]
