/* Compte les caractères sous un champ « data-compteur ». Sans ce fichier, le serveur compte seul. */
(() => {
  "use strict";
  const ATTENTE_MS = 800;

  function installer(champ) {
    const maximum = Number(champ.dataset.compteur);
    const visible = document.createElement("p");
    visible.className = "fr-hint-text fr-mt-1w fr-mb-0";
    visible.setAttribute("aria-hidden", "true");
    // Un lecteur d'écran n'entend le compte qu'à la pause, et seulement près de la limite.
    const entendu = document.createElement("p");
    entendu.className = "fr-sr-only";
    entendu.setAttribute("role", "status");
    champ.after(visible, entendu);
    let minuterie = 0;

    function compter() {
      const reste = maximum - [...champ.value].length;
      const mots = Math.abs(reste).toLocaleString("fr-FR");
      const pluriel = Math.abs(reste) > 1 ? "s" : "";
      visible.textContent =
        reste >= 0 ? `Il reste ${mots} caractère${pluriel}.` : `${mots} caractère${pluriel} en trop.`;
      clearTimeout(minuterie);
      minuterie = setTimeout(() => {
        entendu.textContent = reste < maximum / 10 ? visible.textContent : "";
      }, ATTENTE_MS);
    }

    champ.addEventListener("input", compter);
    compter();
  }

  document.querySelectorAll("[data-compteur]").forEach(installer);
})();
