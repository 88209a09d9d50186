"""Ce que partagent le formulaire public et celui d'une structure connectée : les étapes, leur lecture, leur ordre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.formats import date_format

from conum.comptes.models import Role
from conum.demandes import rules
from conum.demandes.access import porteur
from conum.demandes.actions import depot
from conum.demandes.forms import formulaire as forms
from conum.demandes.models import Demande
from conum.journal.acteurs import Acteur
from conum.structures.actions import DonneesStructure, Identification
from conum.structures.models import Membre, Structure
from conum.ui.forms import DsfrForm


@dataclass(frozen=True)
class Etape:
    cle: str
    titre: str


STRUCTURE = Etape("structure", "Votre structure")
RECAPITULATIF = Etape("recapitulatif", "Relire et envoyer")
COMMUNES = (
    Etape("contact", "Votre contact"),
    Etape("besoin", "Le besoin"),
    Etape("motivation", "Votre motivation"),
    Etape("engagements", "Vos engagements"),
)
CLES = tuple(e.cle for e in COMMUNES)


def _donnees(gardees: dict[str, Any]) -> QueryDict:
    """Ce qui a été gardé d'un envoi, sous la forme qu'un formulaire attend."""
    donnees = QueryDict(mutable=True)
    for nom, valeur in gardees.items():
        donnees.setlist(nom, valeur if isinstance(valeur, list) else [str(valeur)])
    return donnees


def a_garder(envoi: QueryDict) -> dict[str, Any]:
    """Ce qu'on garde d'un envoi : les champs, ni le jeton CSRF ni les boutons."""
    ecartes = {"csrfmiddlewaretoken", "action", "site_web"}
    # Un nom inventé (caractère nul, roman) ne doit pas empêcher de garder le reste.
    noms = [nom for nom in envoi if nom not in ecartes and nom.isprintable() and len(nom) <= 100][:50]
    return {nom: envoi[nom] for nom in noms}


class Parcours:
    """Une demande en cours de saisie ; `role` None : la personne du formulaire public."""

    def __init__(self, demande: Demande, role: Role | None = None) -> None:
        self.demande = demande
        self.role = role
        self._identification: Identification | None = None
        self._valides: dict[str, DsfrForm | None] = {}

    @property
    def par(self) -> Acteur:
        return self.role or porteur(self.demande)

    @property
    def etapes(self) -> tuple[Etape, ...]:
        debut = () if self.demande.structure_id else (STRUCTURE,)
        return (*debut, *COMMUNES, RECAPITULATIF)

    def url(self, cle: str) -> str:
        if self.role:
            return reverse("demandes:preparer", args=[self.role.pk, self.demande.pk, cle])
        return reverse("demandes:structure") if cle == STRUCTURE.cle else reverse("demandes:etape", args=[cle])

    def repere(self, cle: str) -> dict[str, Any]:
        """« Étape 2 sur 6 » et l'étape suivante, pour le gabarit."""
        rang = next(i for i, e in enumerate(self.etapes) if e.cle == cle)
        suivante = self.etapes[rang + 1].titre if rang + 1 < len(self.etapes) else ""
        return {
            "numero": rang + 1,
            "total": len(self.etapes),
            "titre_etape": self.etapes[rang].titre,
            "suivante": suivante,
            "precedente": self.url(self.etapes[rang - 1].cle) if rang else "",
        }

    # --- Lire ce qui a été tapé ---

    @property
    def identification(self) -> Identification | None:
        if self._identification is None:
            self._identification = forms.relire_identification(self.demande.saisie.get("structure", {}))
        return self._identification

    def form(self, cle: str, envoi: QueryDict | None = None) -> DsfrForm:
        """Le formulaire d'une étape : rempli de l'envoi, sinon de ce qui a été gardé, sinon vide."""
        gardees = self._gardees(cle)
        donnees = envoi if envoi is not None else _donnees(gardees) if gardees else None
        match cle:
            case "identite":
                assert self.identification is not None
                classe = forms.IdentiteLibreForm if self.identification.saisie_libre else forms.IdentiteRegistreForm
                return classe(donnees, identification=self.identification)
            case "contact":
                return forms.ContactForm(
                    donnees,
                    initial=self._contact_connu(),
                    departement=self._departement(),
                    adresse_prouvee=self.role is not None,
                )
            case "besoin":
                return forms.BesoinForm(donnees, initial={"poste": "conseiller"})
            case "motivation":
                return forms.MotivationForm(donnees)
            case "engagements":
                return forms.EngagementsForm(donnees, type_poste=self._type_poste())
        raise KeyError(cle)

    def _gardees(self, cle: str) -> dict[str, Any]:
        gardees = self.demande.saisie.get(cle, {})
        if cle == "engagements":
            return {nom: valeur for nom, valeur in gardees.items() if nom.startswith(f"{self._type_poste()}-")}
        return gardees

    def _contact_connu(self) -> dict[str, str]:
        if self.role is None:
            return {}
        personne = self.role.utilisateur
        membre = Membre.objects.filter(role=self.role).first()
        return {
            "prenom": personne.prenom,
            "nom": personne.nom,
            "fonction": membre.fonction if membre else "",
            "email": personne.email,
            "telephone": (membre.telephone if membre else "") or personne.telephone,
        }

    def _departement(self) -> str:
        """Celui de la structure, pour lire un numéro de téléphone d'outre-mer."""
        if self.demande.structure is not None:
            return self.demande.structure.commune.departement_id
        commune = self.identification.commune if self.identification else None
        return commune.departement_id if commune else ""

    def _type_poste(self) -> str:
        poste = str(self.demande.saisie.get("besoin", {}).get("poste", "conseiller"))
        return poste.partition("-")[0]

    def valide(self, cle: str) -> DsfrForm | None:
        """Le formulaire de l'étape s'il est juste, None sinon. Relu une fois."""
        if cle not in self._valides:
            self._valides[cle] = self._lire(cle)
        return self._valides[cle]

    def _lire(self, cle: str) -> DsfrForm | None:
        if cle == STRUCTURE.cle:
            lue = self.identification
            if lue is None or not lue.peut_continuer:
                return None
            cle = "identite"
        form = self.form(cle) if cle in self.demande.saisie else None
        return form if form is not None and form.is_valid() else None

    def prochaine(self) -> str:
        """L'adresse de la première étape à remplir ou à revoir, sinon le récapitulatif."""
        for etape in self.etapes:
            if etape is not RECAPITULATIF and self.valide(etape.cle) is None:
                return self.url(etape.cle)
        return self.url(RECAPITULATIF.cle)

    @property
    def est_complet(self) -> bool:
        return all(self.valide(e.cle) is not None for e in self.etapes if e is not RECAPITULATIF)

    def structure_prise(self) -> Structure | None:
        """La structure qui porte ce numéro, si elle a été inscrite depuis la première étape."""
        lue = self.identification
        if self.demande.structure_id or lue is None or lue.identifiant is None:
            return None
        return Structure.objects.par_identifiant(lue.identifiant)

    # --- Écrire ---

    def enregistrer(self, cle: str, donnees: dict[str, Any]) -> None:
        self.demande = depot.enregistrer_etape(self.demande, cle, donnees, par=self.par)
        self._valides.clear()
        self._identification = None

    def depot(self) -> depot.Depot:
        """La demande entière ; à n'appeler que si `est_complet`."""
        contact, besoin = self.valide("contact"), self.valide("besoin")
        motivation, engagements = self.valide("motivation"), self.valide("engagements")
        assert isinstance(contact, forms.ContactForm)
        assert isinstance(besoin, forms.BesoinForm)
        assert isinstance(engagements, forms.EngagementsForm)
        assert motivation is not None
        texte = motivation.cleaned_data["motivation"]
        return depot.Depot(
            contact=contact.personne(),
            besoin=besoin.besoin(type_poste=besoin.type_poste, temps=besoin.temps, motivation=texte),
            engagements=engagements.codes,
            structure=self.donnees_structure(),
        )

    def donnees_structure(self) -> DonneesStructure | None:
        if self.demande.structure_id:
            return None
        identite = self.valide(STRUCTURE.cle)
        assert isinstance(identite, forms.IdentiteRegistreForm | forms.IdentiteLibreForm)
        return identite.donnees()

    def resume(self) -> list[dict[str, Any]]:
        """Le récapitulatif : pour chaque étape, ses réponses et le lien pour la modifier."""
        donnees = self.depot()
        blocs = []
        if donnees.structure is not None:
            blocs.append(self._bloc(STRUCTURE, _lignes_structure(donnees.structure)))
        contact, besoin, motivation, engagements = COMMUNES
        blocs.append(self._bloc(contact, lignes_contact(donnees.contact)))
        blocs.append(self._bloc(besoin, lignes_besoin(donnees.besoin)))
        blocs.append(self._bloc(motivation, [("Votre motivation", donnees.besoin.motivation)]))
        phrases = rules.engagements(donnees.besoin.type_poste)
        blocs.append(self._bloc(engagements, [], [phrases[code] for code in donnees.engagements]))
        return blocs

    def _bloc(self, etape: Etape, lignes: Sequence[tuple[str, str]], points: Sequence[str] = ()) -> dict[str, Any]:
        return {"titre": etape.titre, "lignes": lignes, "points": points, "lien": self.url(etape.cle)}


def _lignes_structure(donnees: DonneesStructure) -> list[tuple[str, str]]:
    ville = f"{donnees.code_postal} {donnees.commune.nom}".strip()
    return [
        ("Nom", donnees.nom_usage or donnees.denomination),
        ("SIRET ou RIDET", str(donnees.identifiant or "")),
        ("Adresse", ", ".join(partie for partie in (donnees.adresse, ville) if partie)),
        ("Catégorie", forms.structures.PAR_CODE[donnees.categorie].libelle),
    ]


def lignes_contact(contact: Any) -> list[tuple[str, str]]:
    return [
        ("Nom", f"{contact.prenom} {contact.nom}"),
        ("Fonction", contact.fonction),
        ("Adresse électronique", contact.email),
        ("Téléphone", contact.telephone or "Non indiqué"),
    ]


def lignes_besoin(besoin: depot.Besoin) -> list[tuple[str, str]]:
    code = f"{besoin.type_poste}-{besoin.temps_coordination}".rstrip("-")
    return [
        ("Type de poste", dict(forms.POSTES)[code]),
        ("Nombre de postes", str(besoin.postes)),
        ("Commune d’exercice", str(besoin.commune)),
        ("Début souhaité", date_format(besoin.debut, "j F Y")),
        ("Quelqu’un en vue", "Oui" if besoin.candidat_identifie else "Non"),
    ]
