from django.urls import path

from conum.demandes.views import comite, enveloppes, formulaire, instruction, listes, suivi

app_name = "demandes"
_ESPACE = "espace/<int:role_id>/"
urlpatterns = [
    path("demande/reprendre/<str:jeton>/", formulaire.reprendre, name="reprendre"),
    path("demande/confirmer/<str:jeton>/", formulaire.confirmer, name="confirmer"),
    path(f"{_ESPACE}demandes/<int:pk>/suivi/", suivi.suivre, name="suivre"),
    path(f"{_ESPACE}instruction/", listes.liste, name="instruction"),
    path(f"{_ESPACE}instruction/<int:pk>/", instruction.page, name="instruire"),
    path(f"{_ESPACE}instruction/<int:pk>/avis/", instruction.avis, name="avis"),
    path(f"{_ESPACE}instruction/<int:pk>/complement/", instruction.complement, name="demander_complement"),
    path(f"{_ESPACE}instruction/<int:pk>/annuler/", instruction.annuler, name="annuler"),
    path(f"{_ESPACE}instruction/<int:pk>/sans-suite/", instruction.classer, name="classer_sans_suite"),
    path(f"{_ESPACE}instruction/<int:pk>/decision/", instruction.decider, name="decider"),
    path(f"{_ESPACE}comite/", comite.sessions, name="sessions"),
    path(f"{_ESPACE}comite/<int:pk>/", comite.session, name="session"),
    path(f"{_ESPACE}comite/<int:pk>/decisions/", comite.lot, name="decider_en_lot"),
    path(f"{_ESPACE}comite/<int:pk>/inscrire/", comite.inscrire, name="inscrire"),
    path(f"{_ESPACE}comite/<int:pk>/retirer/<int:demande_pk>/", comite.retirer, name="retirer"),
    path(f"{_ESPACE}comite/<int:pk>/clore/", comite.clore, name="clore_session"),
    path(f"{_ESPACE}comite/<int:pk>/proces-verbal.pdf", comite.pv_pdf, name="proces_verbal_pdf"),
    path(f"{_ESPACE}comite/<int:pk>/proces-verbal.xlsx", comite.pv_xlsx, name="proces_verbal_xlsx"),
    path(f"{_ESPACE}comite/<int:pk>/modele.xlsx", comite.modele, name="modele_decisions"),
    path(f"{_ESPACE}comite/<int:pk>/import/", comite.importer, name="importer_decisions"),
    path(f"{_ESPACE}comite/<int:pk>/import/<int:import_pk>/", comite.examiner_import, name="import"),
    path(f"{_ESPACE}enveloppes/", enveloppes.courante, name="enveloppes_courantes"),
    path(f"{_ESPACE}enveloppes/<int:annee>/", enveloppes.annee, name="enveloppes"),
    path(f"{_ESPACE}enveloppes/<int:annee>/import/", enveloppes.importer, name="importer_enveloppes"),
    path(f"{_ESPACE}enveloppes/<int:annee>/<str:code>/", enveloppes.fixer, name="fixer_enveloppe"),
]
