from django.urls import path

from conum.formations.views import (
    affectation,
    attestations,
    calendrier,
    calendrier_import,
    carte,
    certifications,
    convocations,
    dispenses,
    etats,
    etats_actes,
    feuille,
    imports,
    inscription,
    inscriptions,
    modules,
    organismes,
    places,
    positionnement,
    presence,
    prevision,
    prise_de_poste,
    resultat,
    satisfaction,
    sessions,
    sessions_actes,
    sessions_listes,
    suivi,
    tablette,
    tarifs,
)

app_name = "formations"
_FORMATIONS = "espace/<int:role_id>/formations/"
_SESSIONS = f"{_FORMATIONS}sessions/"
_SESSION = f"{_SESSIONS}<int:session_id>/"
_ORGANISMES = f"{_FORMATIONS}organismes/"
_ORGANISME = f"{_ORGANISMES}<int:organisme_id>/"

_INSCRIPTIONS = f"{_FORMATIONS}inscriptions/"
_INSCRIPTION = f"{_INSCRIPTIONS}<int:pk>/"
_ETATS = f"{_FORMATIONS}etats/"
_ETAT = f"{_ETATS}<int:pk>/"
_TEST = f"{_INSCRIPTION}positionnement/"

urlpatterns = [
    # Prises de poste
    path(f"{_FORMATIONS}prises-de-poste/", prise_de_poste.liste, name="prises_de_poste"),
    path(
        f"{_FORMATIONS}contrats/<int:contrat_id>/prise-de-poste/", prise_de_poste.prise_de_poste, name="prise_de_poste"
    ),
    path(f"{_FORMATIONS}prises-de-poste/<int:pk>/annuler/", prise_de_poste.annuler, name="annuler_prise_de_poste"),
    # Formation continue
    path(f"{_FORMATIONS}mes-modules/", modules.mes_modules, name="mes_modules"),
    path(f"{_FORMATIONS}mes-modules/demander/<slug:code>/", modules.demander, name="demander_module"),
    path(f"{_FORMATIONS}modules/", modules.liste, name="modules"),
    path(f"{_FORMATIONS}modules/<int:pk>/", modules.module, name="module"),
    path(f"{_FORMATIONS}modules/<int:pk>/accepter/", modules.accepter, name="accepter_module"),
    path(f"{_FORMATIONS}modules/<int:pk>/refuser/", modules.refuser, name="refuser_module"),
    path(f"{_FORMATIONS}modules/<int:pk>/suivi/", modules.constater, name="constater_module"),
    path(f"{_FORMATIONS}modules/<int:pk>/annuler/", modules.annuler, name="annuler_module"),
    # Certifications
    path(f"{_FORMATIONS}certifications/", certifications.liste, name="certifications"),
    path(f"{_INSCRIPTIONS}<int:inscription_id>/resultat/", certifications.enregistrer, name="enregistrer_resultat"),
    path(f"{_FORMATIONS}resultats/<int:pk>/justifier/", certifications.justifier, name="justifier_absence"),
    path(f"{_FORMATIONS}resultats/<int:pk>/retirer/", certifications.retirer, name="retirer_resultat"),
    path(f"{_FORMATIONS}resultats/imports/", imports.liste, name="imports_resultats"),
    path(f"{_FORMATIONS}resultats/imports/deposer/", imports.deposer, name="importer_resultats"),
    path(f"{_FORMATIONS}resultats/imports/modele/", imports.modele, name="modele_resultats"),
    path(f"{_FORMATIONS}resultats/imports/<int:pk>/", imports.depot, name="import_resultats"),
    path(f"{_FORMATIONS}resultats/imports/<int:pk>/rapport/", imports.rapport, name="rapport_import_resultats"),
    # Dispenses
    path(f"{_FORMATIONS}dispenses/", dispenses.liste, name="dispenses"),
    path(f"{_INSCRIPTIONS}<int:inscription_id>/dispense/", dispenses.demander, name="demander_dispense"),
    path(f"{_FORMATIONS}dispenses/<int:pk>/", dispenses.dispense, name="dispense"),
    path(f"{_FORMATIONS}dispenses/<int:pk>/certificat/", dispenses.fichier, name="dispense_fichier"),
    path(f"{_FORMATIONS}dispenses/<int:pk>/accepter/", dispenses.accepter, name="accepter_dispense"),
    path(f"{_FORMATIONS}dispenses/<int:pk>/refuser/", dispenses.refuser, name="refuser_dispense"),
    # Inscriptions et positionnement
    path(f"{_FORMATIONS}la-mienne/", inscription.ma_formation, name="ma_formation"),
    path(_INSCRIPTIONS, inscriptions.liste, name="inscriptions"),
    path(_INSCRIPTION, inscription.inscription, name="inscription"),
    path(f"{_INSCRIPTION}confier/", inscriptions.confier, name="confier"),
    path(f"{_INSCRIPTION}disponibilite/", inscriptions.disponibilite, name="regler_disponibilite"),
    path(f"{_INSCRIPTION}arreter/", inscriptions.arreter, name="arreter_inscription"),
    path(f"{_INSCRIPTION}rouvrir/", inscriptions.rouvrir, name="rouvrir_inscription"),
    path(_TEST, positionnement.accueil, name="positionnement"),
    path(f"{_TEST}commencer/", positionnement.commencer, name="commencer_positionnement"),
    path(f"{_TEST}etapes/<int:numero>/", positionnement.etape, name="positionnement_etape"),
    path(f"{_TEST}reponse/", positionnement.reponse, name="positionnement_reponse"),
    path(f"{_TEST}terminer/", positionnement.terminer, name="terminer_positionnement"),
    path(f"{_TEST}resultat/", resultat.resultat, name="resultat_positionnement"),
    path(f"{_INSCRIPTION}parcours/", resultat.retenir, name="retenir_parcours"),
    # Organismes
    path(_ORGANISMES, organismes.liste, name="organismes"),
    path(f"{_ORGANISMES}inscrire/", organismes.inscrire, name="organisme_inscrire"),
    path(f"{_ORGANISMES}inscrire-du-marche/", organismes.inscrire_du_marche, name="organisme_du_marche"),
    path(_ORGANISME, organismes.organisme, name="organisme"),
    path(f"{_ORGANISME}modifier/", organismes.modifier, name="organisme_modifier"),
    path(f"{_ORGANISME}fermer/", organismes.fermer, name="organisme_fermer"),
    path(f"{_ORGANISME}rouvrir/", organismes.rouvrir, name="organisme_rouvrir"),
    path(f"{_ORGANISME}inviter/", organismes.inviter, name="organisme_inviter"),
    path(f"{_FORMATIONS}mon-organisme/", organismes.mon_organisme, name="mon_organisme"),
    path(f"{_FORMATIONS}mon-organisme/modifier/", organismes.modifier_le_mien, name="mon_organisme_modifier"),
    # Places, convocations, affectation
    path(f"{_INSCRIPTION}sessions/", places.choisir, name="choisir_session"),
    path(f"{_INSCRIPTION}sessions/<int:session_id>/", places.inscrire, name="inscrire_place"),
    path(f"{_SESSION}personnes/", places.attendent, name="session_attendent"),
    path(f"{_SESSION}convoquer/", convocations.convoquer_session, name="convoquer_session"),
    path(f"{_FORMATIONS}places/<int:place_id>/retirer/", places.retirer, name="retirer_place"),
    path(f"{_FORMATIONS}places/<int:place_id>/deplacer/", places.deplacer, name="deplacer_place"),
    path(f"{_FORMATIONS}places/<int:place_id>/convoquer/", convocations.convoquer, name="convoquer_place"),
    path(f"{_FORMATIONS}places/<int:place_id>/calendrier.ics", convocations.calendrier, name="calendrier"),
    path(f"{_FORMATIONS}affectation/", affectation.passages, name="affectation"),
    path(f"{_FORMATIONS}affectation/lancer/", affectation.lancer, name="lancer_affectation"),
    path(f"{_FORMATIONS}affectation/<int:pk>/", affectation.passage, name="passage"),
    path(f"{_FORMATIONS}affectation/<int:pk>/confirmer/", affectation.confirmer, name="confirmer_propositions"),
    path(f"{_FORMATIONS}affectation/<int:pk>/confirmer-tout/", affectation.confirmer_tout, name="confirmer_passage"),
    path(f"{_FORMATIONS}propositions/<int:pk>/ecarter/", affectation.ecarter, name="ecarter_proposition"),
    # Sessions
    path(_SESSIONS, sessions_listes.tenues, name="sessions"),
    path(f"{_SESSIONS}ouvertes/", sessions_listes.ouvertes, name="sessions_ouvertes"),
    path(f"{_SESSIONS}preparer/", sessions_actes.creer, name="session_creer"),
    path(_SESSION, sessions.session, name="session"),
    path(f"{_SESSION}modifier/", sessions_actes.modifier, name="session_modifier"),
    path(f"{_SESSION}ouvrir/", sessions_actes.ouvrir, name="session_ouvrir"),
    path(f"{_SESSION}annuler/", sessions_actes.annuler, name="session_annuler"),
    path(f"{_SESSION}copier/", sessions_actes.dupliquer, name="session_dupliquer"),
    # Calendrier d'une session
    path(f"{_SESSION}calendrier/", calendrier.imprimer, name="calendrier_imprimer"),
    path(f"{_SESSION}calendrier/remplir/", calendrier.remplir, name="calendrier_remplir"),
    path(f"{_SESSION}calendrier/ajouter/", calendrier.ajouter, name="seance_ajouter"),
    path(f"{_SESSION}calendrier/retirer/", calendrier.retirer_plusieurs, name="calendrier_retirer"),
    path(f"{_SESSION}calendrier/formateur/", calendrier.formateur, name="calendrier_formateur"),
    path(f"{_SESSION}calendrier/importer/", calendrier_import.deposer, name="calendrier_importer"),
    path(f"{_SESSION}calendrier/modele/", calendrier_import.modele, name="calendrier_modele"),
    path(f"{_SESSION}calendrier/importer/<str:depot>/", calendrier_import.compte_rendu, name="calendrier_compte_rendu"),
    path(f"{_FORMATIONS}seances/<int:seance_id>/modifier/", calendrier.modifier, name="seance_modifier"),
    path(f"{_FORMATIONS}seances/<int:seance_id>/retirer/", calendrier.retirer, name="seance_retirer"),
    # Présence et attestations
    path(f"{_INSCRIPTION}demi-journees/", presence.demi_journees, name="demi_journees"),
    path(f"{_INSCRIPTION}attestation/", attestations.delivrer, name="delivrer_attestation"),
    path(
        f"{_FORMATIONS}places/<int:place_id>/seances/<int:seance_id>/signer/",
        presence.signer,
        name="signer_demi_journee",
    ),
    path(
        f"{_FORMATIONS}places/<int:place_id>/seances/<int:seance_id>/absence/",
        presence.dire_absence,
        name="dire_absence",
    ),
    path(f"{_FORMATIONS}absences/", presence.absences_sans_motif, name="absences_sans_motif"),
    path(f"{_FORMATIONS}absences/<int:emargement_id>/motif/", presence.motiver_absence, name="motiver_absence"),
    path(f"{_FORMATIONS}absences/<int:emargement_id>/retirer/", presence.retirer_absence, name="retirer_absence"),
    path(
        f"{_FORMATIONS}emargements/<int:emargement_id>/annuler/", presence.annuler_emargement, name="annuler_emargement"
    ),
    path(f"{_SESSION}emargement/", feuille.feuille, name="feuille"),
    path(f"{_FORMATIONS}seances/<int:seance_id>/", feuille.tenir_seance, name="tenir_seance"),
    path(f"{_FORMATIONS}seances/<int:seance_id>/liens/", feuille.envoyer_liens, name="envoyer_liens"),
    path(f"{_FORMATIONS}attestations/", attestations.attestations, name="attestations"),
    path(f"{_FORMATIONS}attestations/<int:attestation_id>/", attestations.document, name="attestation_document"),
    path(f"{_FORMATIONS}attestations/<int:attestation_id>/annuler/", attestations.annuler, name="annuler_attestation"),
    path("formations/presence/<str:jeton>/", tablette.presence_apprenant, name="presence_apprenant"),
    path("formations/seances/<str:jeton>/", tablette.presence_formateur, name="presence_formateur"),
    path("formations/seances/<str:jeton>/<int:seance_id>/", tablette.tenir_par_lien, name="tenir_par_lien"),
    path("formations/seances/<str:jeton>/<int:seance_id>/tablette/", tablette.tablette, name="tablette"),
    # Satisfaction
    path("formations/avis/<str:jeton>/", satisfaction.avis, name="avis"),
    path(f"{_FORMATIONS}avis/<int:pk>/", satisfaction.mon_avis, name="mon_avis"),
    path(f"{_FORMATIONS}satisfaction/", satisfaction.resultats, name="satisfaction"),
    path(
        f"{_FORMATIONS}satisfaction/<int:organisme_id>/",
        satisfaction.resultats_organisme,
        name="satisfaction_organisme",
    ),
    # Suivi et prévision
    path(f"{_FORMATIONS}suivi/", suivi.suivi, name="suivi"),
    path(f"{_FORMATIONS}suivi/liste/", suivi.liste, name="suivi_liste"),
    path(f"{_FORMATIONS}prevision/", prevision.prevision, name="prevision"),
    # Prise en charge et états récapitulatifs
    path(f"{_FORMATIONS}prise-en-charge/", tarifs.prise_en_charge, name="prise_en_charge"),
    path(f"{_FORMATIONS}prise-en-charge/<int:organisme_id>/<slug:marche>/saisir/", tarifs.saisir, name="saisir_tarif"),
    path(_ETATS, etats.liste, name="etats"),
    path(f"{_ETATS}preparer/", etats_actes.preparer, name="etat_preparer"),
    path(_ETAT, etats.etat, name="etat"),
    path(f"{_ETAT}lignes/<int:ligne_id>/", etats.ligne, name="ligne_etat"),
    path(f"{_ETAT}recalculer/", etats_actes.recalculer, name="etat_recalculer"),
    path(f"{_ETAT}transmettre/", etats_actes.transmettre, name="etat_transmettre"),
    path(f"{_ETAT}contester/", etats_actes.contester, name="etat_contester"),
    path(f"{_ETAT}valider/", etats_actes.valider, name="etat_valider"),
    path(f"{_ETAT}abandonner/", etats_actes.abandonner, name="etat_abandonner"),
    path(f"{_ETAT}pdf/", etats_actes.document, name="etat_pdf"),
    # Carte des places
    path(f"{_FORMATIONS}carte/", carte.carte, name="carte"),
]
