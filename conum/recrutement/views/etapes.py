"""Les étapes du formulaire de candidature : leur ordre, ce qui y a été tapé, le récapitulatif."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.formats import date_format

from conum.journal.acteurs import Acteur
from conum.recrutement.access import porteur
from conum.recrutement.actions import candidature as actes
from conum.recrutement.actions.profil import Profil
from conum.recrutement.forms import candidature as forms
from conum.recrutement.models import Candidat
from conum.recrutement.rules import candidature as regles
from conum.ui.forms import DsfrForm


@dataclass(frozen=True)
class Etape:
    cle: str
    titre: str
    form: type[DsfrForm] | None = None


SITUATION = Etape("situation", "Votre situation", forms.SituationForm)
LIEU = Etape("lieu", "Où, et jusqu’où", forms.LieuForm)
QUAND = Etape("quand", "Quand", forms.DateForm)
VOUS = Etape("vous", "Vous", forms.IdentiteForm)
MOTIVATION = Etape("motivation", "Votre motivation", forms.MotivationForm)
RECAPITULATIF = Etape("recapitulatif", "Relire et envoyer")
ETAPES = (SITUATION, LIEU, QUAND, VOUS, MOTIVATION, RECAPITULATIF)
PAR_CLE = {e.cle: e for e in ETAPES}
_ECARTES = frozenset({"csrfmiddlewaretoken", "action", "site_web"})


def _donnees(gardees: dict[str, Any]) -> QueryDict:
    """Ce qui a été gardé d'un envoi, sous la forme qu'un formulaire attend."""
    donnees = QueryDict(mutable=True)
    for nom, valeur in gardees.items():
        donnees.setlist(nom, valeur if isinstance(valeur, list) else [str(valeur)])
    return donnees


def a_garder(envoi: QueryDict) -> dict[str, Any]:
    """Ce qu'on garde d'un envoi : les champs, ni le jeton CSRF ni les boutons."""
    # Un nom inventé (caractère nul, roman) ne doit pas empêcher de garder le reste.
    noms = [nom for nom in envoi if nom not in _ECARTES and nom.isprintable() and len(nom) <= 100][:50]
    return {nom: envoi.getlist(nom) for nom in noms}


class Parcours:
    """Une candidature en cours de saisie."""

    def __init__(self, candidat: Candidat) -> None:
        self.candidat = candidat
        self._valides: dict[str, Any] = {}

    @property
    def par(self) -> Acteur:
        return porteur(self.candidat)

    @staticmethod
    def url(etape: Etape) -> str:
        return reverse("recrutement:candidature_etape", args=[etape.cle])

    @staticmethod
    def repere(etape: Etape) -> dict[str, Any]:
        """« Étape 2 sur 6 » et l'étape suivante, pour le gabarit."""
        rang = ETAPES.index(etape)
        return {
            "numero": rang + 1,
            "total": len(ETAPES),
            "titre_etape": etape.titre,
            "suivante": ETAPES[rang + 1].titre if rang + 1 < len(ETAPES) else "",
            "precedente": Parcours.url(ETAPES[rang - 1]) if rang else "",
        }

    def form(self, etape: Etape, envoi: QueryDict | None = None) -> DsfrForm:
        """Le formulaire d'une étape : rempli de l'envoi, sinon de ce qui a été gardé, sinon vide."""
        assert etape.form is not None
        gardees = self.candidat.saisie.get(etape.cle)
        donnees = envoi if envoi is not None else _donnees(gardees) if gardees else None
        if etape is VOUS:
            return forms.IdentiteForm(donnees, departement=self._departement())
        return etape.form(donnees)

    def _departement(self) -> str:
        """Celui de la commune donnée, pour lire un numéro de téléphone d'outre-mer."""
        lieu = self.valide(LIEU)
        return str(lieu.cleaned_data["commune"].departement_id) if lieu else ""

    def valide(self, etape: Etape) -> Any:
        """Le formulaire de l'étape s'il est juste, None sinon. Relu une fois."""
        if etape.cle not in self._valides:
            form = self.form(etape) if etape.cle in self.candidat.saisie else None
            self._valides[etape.cle] = form if form is not None and form.is_valid() else None
        return self._valides[etape.cle]

    def prochaine(self) -> str:
        """L'adresse de la première étape à remplir ou à revoir, sinon le récapitulatif."""
        for etape in ETAPES[:-1]:
            if self.valide(etape) is None:
                return self.url(etape)
        return self.url(RECAPITULATIF)

    @property
    def est_complet(self) -> bool:
        return all(self.valide(etape) is not None for etape in ETAPES[:-1])

    def enregistrer(self, etape: Etape, donnees: dict[str, Any]) -> None:
        self.candidat = actes.enregistrer_etape(self.candidat, etape.cle, donnees, par=self.par)
        self._valides.clear()

    # --- À n'appeler que si `est_complet` ---

    def profil(self) -> Profil:
        return forms.profil_des_formulaires(*(self.valide(etape) for etape in ETAPES[:-1]))

    @property
    def email(self) -> str:
        return str(self.valide(VOUS).cleaned_data["email"])

    def resume(self) -> list[dict[str, Any]]:
        """Le récapitulatif : pour chaque étape, ses réponses et le lien pour la modifier."""
        lignes = lignes_du_profil(self.profil())
        lignes[VOUS.cle].insert(1, ("Adresse électronique", self.email))
        return [{"titre": e.titre, "lignes": lignes[e.cle], "lien": self.url(e)} for e in ETAPES[:-1]]


def lignes_du_profil(profil: Profil) -> dict[str, list[tuple[str, str]]]:
    """Les réponses en mots, par étape."""
    situations = [forms.typographie(regles.SITUATIONS[code]) for code in profil.situations]
    diplome = [("Diplôme", profil.nom_diplome)] if "diplome" in profil.situations else []
    return {
        SITUATION.cle: [
            ("Situation", _liste(situations)),
            *diplome,
            ("Expérience de l’aide au numérique", "Oui" if profil.experience else "Non"),
        ],
        LIEU.cle: [
            ("Commune", str(profil.commune)),
            ("Jusqu’où", regles.MOBILITES[profil.mobilite_km]),
            ("Autres territoires", _liste([regles.TERRITOIRES[t] for t in profil.territoires]) or "Aucun"),
        ],
        QUAND.cle: [("Disponible le", date_format(profil.disponible_le, "j F Y"))],
        VOUS.cle: [
            ("Nom", f"{profil.prenom} {profil.nom}"),
            ("Téléphone", profil.telephone or "Non indiqué"),
        ],
        MOTIVATION.cle: [
            ("Votre motivation", profil.motivation),
            ("Langues", _liste([regles.LANGUES[code] for code in profil.langues]) or "Français"),
        ],
    }


def _liste(mots: Sequence[str]) -> str:
    return " ; ".join(mots)
