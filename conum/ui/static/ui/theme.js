// Applique le thème choisi avant le premier affichage : sans lui, la page clignote du clair au sombre.
// Le module DSFR, chargé après, garde la main ; il range le choix sous la clé « scheme ».
(function () {
  var choix = "system";
  try {
    choix = localStorage.getItem("scheme") || "system";
  } catch (erreur) {
    return; // stockage interdit par le navigateur : le thème du système s'applique
  }
  var sombre = choix === "dark" || (choix === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-fr-scheme", choix);
  document.documentElement.setAttribute("data-fr-theme", sombre ? "dark" : "light");
})();
