// Chaque réponse part dès qu'elle est choisie (htmx). Ici : dire quand elle n'a pas pu partir.
// Rien n'est perdu : le bouton « Enregistrer et continuer » renvoie toutes les réponses de la page.
(() => {
  const etat = document.getElementById("enregistrement");
  if (!etat) return;
  const echec = () => {
    etat.textContent = "Réponse pas encore enregistrée : pas de connexion ? Elle partira avec « Enregistrer et continuer ».";
  };
  document.body.addEventListener("htmx:sendError", echec);
  document.body.addEventListener("htmx:timeout", echec);
  document.body.addEventListener("htmx:responseError", echec);
  // Session finie : la réponse est la page de connexion, suivie par le navigateur. On ne la colle pas ici.
  document.body.addEventListener("htmx:beforeSwap", (evenement) => {
    const { xhr, requestConfig } = evenement.detail;
    if (xhr.responseURL && new URL(xhr.responseURL).pathname !== new URL(requestConfig.path, location.href).pathname) {
      evenement.detail.shouldSwap = false;
      echec();
    }
  });
})();
