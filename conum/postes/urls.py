from django.urls import path

from conum.postes.views import actes, alarmes, contrats, mes_postes, postes

app_name = "postes"
_ESPACE = "espace/<int:role_id>/"
_POSTE = f"{_ESPACE}postes/<int:poste_pk>/"
_CONTRAT = f"{_ESPACE}contrats/<int:pk>/"
urlpatterns = [
    path(f"{_ESPACE}mes-postes/", mes_postes.mes_postes, name="mes_postes"),
    path(f"{_ESPACE}postes/", postes.liste, name="liste"),
    path(_POSTE, postes.fiche, name="poste"),
    path(f"{_POSTE}contrat/", mes_postes.saisir, name="saisir"),
    path(f"{_POSTE}transferer/", postes.transferer, name="transferer"),
    path(f"{_POSTE}retirer/", postes.retirer, name="retirer"),
    path(f"{_ESPACE}alarmes/", alarmes.alarmes, name="alarmes"),
    path(f"{_ESPACE}alarmes/<slug:code>/", alarmes.alarme, name="alarme"),
    path(f"{_ESPACE}contrats/", contrats.liste, name="contrats"),
    path(_CONTRAT, contrats.contrat, name="contrat"),
    path(f"{_CONTRAT}corriger/", actes.corriger, name="corriger"),
    path(f"{_CONTRAT}valider/", actes.valider, name="valider"),
    path(f"{_CONTRAT}refuser/", actes.refuser, name="refuser"),
    path(f"{_CONTRAT}annuler/", actes.annuler, name="annuler"),
    path(f"{_CONTRAT}terminer/", actes.terminer, name="terminer"),
    path(f"{_CONTRAT}renouveler/", actes.renouveler, name="renouveler"),
    path(f"{_CONTRAT}prolonger/", actes.prolonger, name="prolonger"),
    path(f"{_CONTRAT}prolongation/valider/", actes.valider_prolongation, name="valider_prolongation"),
    path(f"{_CONTRAT}prolongation/refuser/", actes.refuser_prolongation, name="refuser_prolongation"),
    path(f"{_CONTRAT}rupture/", actes.notifier_rupture, name="notifier_rupture"),
    path(f"{_CONTRAT}rupture/piece/", actes.completer, name="completer"),
    path(f"{_CONTRAT}rupture/pieces/<int:piece_pk>/fichier/", actes.piece, name="piece"),
    path(f"{_CONTRAT}rupture/retirer/", actes.annuler_rupture, name="annuler_rupture"),
    path(f"{_CONTRAT}rupture/valider/", actes.valider_rupture, name="valider_rupture"),
]
