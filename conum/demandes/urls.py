from django.urls import path

from conum.demandes.views import avenants, comite, enveloppes, formulaire, instruction, listes, suivi

app_name = "demandes"
_ESPACE = "espace/<int:role_id>/"
_MIENNES = f"{_ESPACE}demandes/"
_MIENNE = f"{_MIENNES}<int:pk>/"
urlpatterns = [
    # Le formulaire public, sans compte.
    path("demande/", formulaire.commencer, name="commencer"),
    path("demande/recommencer/", formulaire.recommencer, name="recommencer"),
    path("demande/structure/", formulaire.structure, name="structure"),
    path("demande/structure/identite/", formulaire.identite, name="identite"),
    path("demande/structure/deja-inscrite/", formulaire.deja_inscrite, name="deja_inscrite"),
    path("demande/etape/<slug:etape>/", formulaire.etape, name="etape"),
    path("demande/plus-tard/", formulaire.plus_tard, name="plus_tard"),
    path("demande/reprendre/<str:jeton>/", formulaire.reprendre, name="reprendre"),
    path("demande/envoyee/", formulaire.envoyee, name="envoyee"),
    path("demande/renvoyer/", formulaire.renvoyer, name="renvoyer"),
    path("demande/confirmer/<str:jeton>/", formulaire.confirmer, name="confirmer"),
    path("demande/deposee/", formulaire.deposee, name="deposee"),
    # La structure connectée.
    path(_MIENNES, suivi.mes_demandes, name="mes_demandes"),
    path(f"{_MIENNES}nouvelle/", suivi.nouvelle, name="nouvelle"),
    path(f"{_MIENNES}postes-en-plus/", avenants.demander_des_postes, name="demander_des_postes"),
    path(f"{_MIENNES}rendre-des-postes/", avenants.rendre_des_postes, name="rendre_des_postes"),
    path(f"{_MIENNE}suivi/", suivi.suivre, name="suivre"),
    path(f"{_MIENNE}preparer/<slug:etape>/", suivi.preparer, name="preparer"),
    path(f"{_MIENNE}jeter/", suivi.jeter, name="jeter"),
    path(f"{_MIENNE}corriger/", suivi.corriger, name="corriger"),
    path(f"{_MIENNE}retirer/", suivi.abandonner, name="abandonner"),
    path(f"{_MIENNE}repondre/", suivi.repondre, name="repondre"),
    # Les agents de l'État.
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
