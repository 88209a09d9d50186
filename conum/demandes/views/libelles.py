"""Les actes du journal en mots de l'usager."""

LIBELLES_ACTIONS = {
    "ouvrir_brouillon": "Demande commencée",
    "enregistrer_etape": "Étape enregistrée",
    "envoyer_lien_reprise": "Lien de reprise envoyé",
    "renvoyer_confirmation": "Courriel de confirmation renvoyé",
    "soumettre": "Demande soumise",
    "confirmer": "Demande confirmée et déposée",
    "demander_avenant": "Avenant demandé",
    "corriger": "Demande corrigée par la structure",
    "donner_avis": "Avis de la préfecture",
    "amender_avis": "Avis modifié",
    "demander_complement": "Complément demandé",
    "completer": "Réponse de la structure",
    "inscrire": "Inscrite à l'ordre du jour du comité",
    "retirer_de_la_session": "Retirée de l'ordre du jour",
    "attribuer": "Postes attribués",
    "refuser": "Demande refusée",
    "abandonner": "Demande retirée par la structure",
    "annuler": "Demande annulée",
    "classer_sans_suite": "Demande classée sans suite",
    "reprendre": "Attribution reprise des données publiées",
}
