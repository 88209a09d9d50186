from django.urls import path

from conum.versements.views import (
    budget,
    echeances,
    gestes,
    justificatifs,
    lots,
    paiements,
    preparation,
    retours,
    reversements,
    ribs,
)

app_name = "versements"
_ESPACE = "espace/<int:role_id>/"
_BUDGET = f"{_ESPACE}budget/"
_ECHEANCES = f"{_ESPACE}echeances/"
_ECHEANCE = f"{_ECHEANCES}<int:pk>/"
_LOTS = f"{_ESPACE}lots/"
_LOT = f"{_LOTS}<int:pk>/"
_RETOURS = f"{_ESPACE}retours-bancaires/"
_JUSTIFICATIFS = f"{_ESPACE}justificatifs/"
_JUSTIFICATIF = f"{_JUSTIFICATIFS}<int:pk>/"
_RIBS = f"{_ESPACE}coordonnees-bancaires/"
_RIB = f"{_RIBS}<int:pk>/"
_STRUCTURE = f"{_ESPACE}structures/<int:structure_pk>/coordonnees-bancaires/"
_ORGANISME = f"{_ESPACE}organismes/<int:organisme_pk>/coordonnees-bancaires/"
_CONVENTION = f"{_ESPACE}conventions/<int:convention_pk>/versements/"
urlpatterns = [
    # Les agents de l'État : l'argent vu d'en haut.
    path(_BUDGET, budget.budget, name="budget"),
    path(f"{_BUDGET}conventions/", budget.detail, name="budget_detail"),
    path(f"{_BUDGET}conventions/<int:pk>/", budget.convention, name="budget_convention"),
    # L'échéancier : une structure, une convention, une échéance, la file de l'État.
    path(f"{_ESPACE}mes-versements/", echeances.mes_versements, name="mes_versements"),
    path(_CONVENTION, echeances.convention, name="convention"),
    path(f"{_CONVENTION}etablir/", echeances.etablir, name="etablir"),
    path(_ECHEANCES, echeances.liste, name="echeances"),
    path(_ECHEANCE, echeances.echeance, name="echeance"),
    path(f"{_ECHEANCE}date/", gestes.fixer_date, name="fixer_date"),
    path(f"{_ECHEANCE}decouper/", gestes.decouper, name="decouper"),
    path(f"{_ECHEANCE}suspendre/", gestes.suspendre, name="suspendre"),
    path(f"{_ECHEANCE}reprendre/", gestes.reprendre, name="reprendre"),
    path(f"{_ECHEANCE}reversement/", gestes.constater_reversement, name="constater_reversement"),
    path(f"{_ECHEANCE}renoncer/", gestes.annuler_reversement, name="annuler_reversement"),
    # Les lots de virements, à deux personnes.
    path(_LOTS, lots.liste, name="lots"),
    path(f"{_LOTS}preparer/", preparation.preparer, name="preparer_lot"),
    path(_LOT, lots.lot, name="lot"),
    path(f"{_LOT}presenter/", lots.soumettre, name="soumettre_lot"),
    path(f"{_LOT}approuver/", lots.approuver, name="approuver_lot"),
    path(f"{_LOT}renvoyer/", lots.renvoyer, name="renvoyer_lot"),
    path(f"{_LOT}exporter/", lots.exporter, name="exporter_lot"),
    path(f"{_LOT}fichier/", lots.fichier, name="fichier_lot"),
    path(f"{_LOT}abandonner/", lots.abandonner, name="abandonner_lot"),
    path(f"{_LOT}lignes/<int:ligne_pk>/retirer/", lots.retirer_ligne, name="retirer_ligne"),
    # Ce que rend la banque.
    path(_RETOURS, retours.liste, name="retours"),
    path(f"{_RETOURS}deposer/", retours.deposer, name="deposer_retour"),
    path(f"{_RETOURS}<int:pk>/", retours.retour, name="retour"),
    path(f"{_RETOURS}lignes/<int:pk>/", retours.ligne, name="ligne_retour"),
    path(f"{_RETOURS}lignes/<int:pk>/ecarter/", retours.ecarter, name="ecarter_ligne_retour"),
    # La preuve de l'emploi, ce qui se rend, le solde.
    path(f"{_ESPACE}mes-justificatifs/", justificatifs.mes_justificatifs, name="justificatifs"),
    path(_JUSTIFICATIFS, justificatifs.a_examiner, name="justificatifs_a_examiner"),
    path(_JUSTIFICATIF, justificatifs.justificatif, name="justificatif"),
    path(f"{_JUSTIFICATIF}fichier/", justificatifs.fichier, name="fichier_justificatif"),
    path(f"{_JUSTIFICATIF}accepter/", justificatifs.accepter, name="accepter_justificatif"),
    path(f"{_JUSTIFICATIF}refuser/", justificatifs.refuser, name="refuser_justificatif"),
    path(f"{_JUSTIFICATIF}absence/", justificatifs.constater_absence, name="constater_absence"),
    path(f"{_ESPACE}reversements/", reversements.liste, name="reversements"),
    path(f"{_ESPACE}reversements/<int:pk>/lettre/", reversements.lettre, name="lettre_reversement"),
    path(f"{_ESPACE}conventions/<int:convention_pk>/solde/", reversements.solde, name="solde"),
    path(f"{_ESPACE}conventions/<int:convention_pk>/solder/", reversements.solder, name="solder"),
    # Les comptes des structures, à deux personnes.
    path(_RIBS, ribs.liste, name="ribs"),
    path(f"{_RIB}confirmer/", ribs.confirmer, name="confirmer_rib"),
    path(f"{_RIB}refuser/", ribs.refuser, name="refuser_rib"),
    path(f"{_RIB}retirer/", ribs.retirer, name="retirer_rib"),
    path(_STRUCTURE, ribs.rib, name="rib"),
    path(f"{_STRUCTURE}saisir/", ribs.saisir, name="saisir_rib"),
    # Les organismes de formation : leur compte, le paiement de leurs états.
    path(f"{_ESPACE}mon-compte-bancaire/", ribs.mon_compte, name="mon_compte"),
    path(_ORGANISME, ribs.rib_organisme, name="rib_organisme"),
    path(f"{_ORGANISME}saisir/", ribs.saisir_organisme, name="saisir_rib_organisme"),
    path(f"{_ESPACE}paiements-des-etats/", paiements.liste, name="paiements_etats"),
]
