from django.urls import path

from conum.structures.views import antennes, fusion, membres, publiques, structures

app_name = "structures"
_ESPACE = "espace/<int:role_id>/"
_FICHE = f"{_ESPACE}structures/<int:pk>/"
_DEMANDE = f"{_ESPACE}rattachements/<int:pk>/"
urlpatterns = [
    path(f"{_ESPACE}structures/", structures.liste, name="liste"),
    path(f"{_ESPACE}structures/nouvelle/", structures.creer, name="creer"),
    path(f"{_ESPACE}ma-structure/", structures.ma_structure, name="ma_structure"),
    path(_FICHE, structures.fiche, name="fiche"),
    path(f"{_FICHE}corriger/", structures.corriger, name="corriger"),
    path(f"{_FICHE}verifier/", structures.verifier, name="verifier"),
    path(f"{_FICHE}antennes/ajouter/", antennes.ajouter, name="antenne_ajouter"),
    path(f"{_FICHE}antennes/<int:antenne_pk>/", antennes.modifier, name="antenne_modifier"),
    path(f"{_FICHE}antennes/<int:antenne_pk>/fermer/", antennes.fermer, name="antenne_fermer"),
    path(f"{_FICHE}membres/inviter/", membres.inviter, name="inviter"),
    path(f"{_FICHE}membres/<int:membre_pk>/", membres.modifier, name="membre_modifier"),
    path(f"{_FICHE}membres/<int:membre_pk>/retirer/", membres.retirer, name="membre_retirer"),
    path(f"{_FICHE}invitations/<int:invitation_pk>/renvoyer/", membres.renvoyer_invitation, name="invitation_renvoyer"),
    path(f"{_FICHE}invitations/<int:invitation_pk>/annuler/", membres.annuler_invitation, name="invitation_annuler"),
    path(f"{_FICHE}contact/", membres.contact, name="contact"),
    path(f"{_FICHE}contact/annuler/", membres.annuler_contact, name="contact_annuler"),
    path(f"{_FICHE}fusionner/", fusion.choisir, name="fusion_choisir"),
    path(f"{_FICHE}fusionner/<int:cible_pk>/", fusion.fusionner, name="fusionner"),
    path(_DEMANDE, membres.rattachement, name="rattachement"),
    path(f"{_DEMANDE}accepter/", membres.accepter, name="rattachement_accepter"),
    path(f"{_DEMANDE}refuser/", membres.refuser, name="rattachement_refuser"),
    path("structures/rejoindre/<str:numero>/", publiques.rejoindre, name="rejoindre"),
    path("structures/invitation/<str:jeton>/", publiques.invitation, name="invitation"),
    path("structures/contact/<str:jeton>/", publiques.contact_confirmer, name="contact_confirmer"),
]
