/* Champ « commune » : liste filtrée à la frappe (motif ARIA 1.2 « combobox »). Sans ce fichier, le champ reste un
   texte que le serveur comprend. */
(() => {
  "use strict";
  if (window.conumCombobox) return;
  window.conumCombobox = true;

  const ATTENTE_MS = 180;
  const LONGUEUR_MINIMALE = 2;

  function phrase(nombre) {
    if (nombre === 0) return "Aucune commune trouvée.";
    const sujet = nombre === 1 ? "1 commune trouvée" : `${nombre} communes trouvées`;
    return `${sujet}. Flèches haut et bas pour parcourir, Entrée pour choisir.`;
  }

  class Combobox {
    constructor(racine) {
      this.adresse = racine.dataset.combobox;
      this.texte = racine.querySelector("input[type=text]");
      this.code = racine.querySelector("input[type=hidden]");
      this.resultats = [];
      this.actif = -1;
      this.minuterie = 0;
      this.requete = null;
      this.construire(racine);
      this.ecouter();
    }

    construire(racine) {
      const id = this.texte.id || this.texte.name;
      this.liste = document.createElement("ul");
      this.liste.className = "conum-combobox__liste";
      this.liste.id = `${id}_liste`;
      this.liste.setAttribute("role", "listbox");
      this.liste.setAttribute("aria-label", "Communes proposées");
      this.liste.hidden = true;
      this.annonce = document.createElement("div");
      this.annonce.className = "fr-sr-only";
      this.annonce.setAttribute("role", "status");
      racine.append(this.liste, this.annonce);
      const attributs = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.liste.id };
      for (const [nom, valeur] of Object.entries(attributs)) this.texte.setAttribute(nom, valeur);
    }

    ecouter() {
      this.texte.addEventListener("input", () => this.saisir());
      this.texte.addEventListener("keydown", (e) => this.touche(e));
      this.texte.addEventListener("blur", () => this.fermer());
      // Sans cela, le champ perdrait le focus, donc sa liste, avant le clic ou le toucher.
      this.liste.addEventListener("pointerdown", (e) => e.preventDefault());
      this.liste.addEventListener("mousedown", (e) => e.preventDefault());
      this.liste.addEventListener("click", (e) => {
        const option = e.target.closest("[role=option]");
        if (option) this.choisir(Number(option.dataset.rang));
      });
    }

    saisir() {
      this.code.value = "";
      clearTimeout(this.minuterie);
      if (this.requete) this.requete.abort();
      if (this.texte.value.trim().length < LONGUEUR_MINIMALE) {
        this.annonce.textContent = "";
        this.fermer();
        return;
      }
      this.minuterie = setTimeout(() => this.chercher(), ATTENTE_MS);
    }

    async chercher() {
      const requete = new AbortController();
      this.requete = requete;
      const question = new URLSearchParams({ q: this.texte.value });
      try {
        const reponse = await fetch(`${this.adresse}?${question}`, { signal: requete.signal });
        if (!reponse.ok) throw new Error(String(reponse.status));
        const { resultats } = await reponse.json();
        if (!requete.signal.aborted) this.montrer(resultats);
      } catch (erreur) {
        if (requete.signal.aborted) return;
        this.fermer();
        this.annonce.textContent = "Les propositions sont indisponibles. Tapez le nom complet de la commune.";
      }
    }

    montrer(resultats) {
      this.resultats = resultats;
      this.activer(-1);
      this.liste.replaceChildren(...resultats.map((resultat, rang) => this.option(resultat, rang)));
      // La personne est peut-être déjà passée au champ suivant.
      const ouvrir = resultats.length > 0 && document.activeElement === this.texte;
      this.liste.hidden = !ouvrir;
      this.texte.setAttribute("aria-expanded", String(ouvrir));
      this.annonce.textContent = phrase(resultats.length);
    }

    option(resultat, rang) {
      const li = document.createElement("li");
      li.id = `${this.liste.id}_${rang}`;
      li.className = "conum-combobox__option";
      li.dataset.rang = String(rang);
      li.setAttribute("role", "option");
      li.setAttribute("aria-selected", "false");
      const detail = document.createElement("span");
      detail.className = "fr-hint-text";
      detail.textContent = resultat.ancien_nom ? `${resultat.ancien_nom} · ${resultat.detail}` : resultat.detail;
      li.append(resultat.libelle, " ", detail);
      return li;
    }

    touche(e) {
      if (e.isComposing || e.altKey || e.ctrlKey || e.metaKey) return;
      const ouverte = !this.liste.hidden;
      const dernier = this.resultats.length - 1;
      const gestes = {
        ArrowDown: () => (ouverte ? this.activer(this.actif >= dernier ? 0 : this.actif + 1) : this.rouvrir(0)),
        ArrowUp: () => (ouverte ? this.activer(this.actif <= 0 ? dernier : this.actif - 1) : this.rouvrir(dernier)),
        Home: () => ouverte && this.actif >= 0 && this.activer(0),
        End: () => ouverte && this.actif >= 0 && this.activer(dernier),
        Enter: () => ouverte && this.actif >= 0 && this.choisir(this.actif),
        Escape: () => ouverte && this.fermer(),
      };
      const geste = gestes[e.key];
      // Un geste sans effet (Entrée liste fermée, Origine dans le texte) garde son sens habituel.
      if (geste && geste() !== false) e.preventDefault();
    }

    rouvrir(rang) {
      if (!this.resultats.length || this.code.value) return false;
      this.liste.hidden = false;
      this.texte.setAttribute("aria-expanded", "true");
      return this.activer(rang);
    }

    activer(rang) {
      this.actif = rang;
      [...this.liste.children].forEach((li, i) => li.setAttribute("aria-selected", String(i === rang)));
      if (rang < 0) {
        this.texte.removeAttribute("aria-activedescendant");
        return true;
      }
      this.texte.setAttribute("aria-activedescendant", this.liste.children[rang].id);
      this.liste.children[rang].scrollIntoView({ block: "nearest" });
      return true;
    }

    choisir(rang) {
      const { code, libelle } = this.resultats[rang];
      this.texte.value = libelle;
      this.code.value = code;
      this.annonce.textContent = `${libelle} choisie.`;
      this.fermer();
      this.texte.dispatchEvent(new Event("change", { bubbles: true }));
      return true;
    }

    fermer() {
      clearTimeout(this.minuterie);
      if (this.requete) this.requete.abort();
      this.liste.hidden = true;
      this.texte.setAttribute("aria-expanded", "false");
      this.activer(-1);
      return true;
    }
  }

  function installer(zone) {
    for (const racine of zone.querySelectorAll("[data-combobox]:not([data-pret])")) {
      racine.dataset.pret = "";
      new Combobox(racine);
    }
  }

  installer(document);
  document.addEventListener("htmx:load", (e) => installer(e.detail.elt.parentNode || document));
})();
