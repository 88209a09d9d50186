"""Les heures et les demi-journées d'une personne, et ce qu'en montrent les pages d'une inscription et d'une session."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations.access import peut_administrer, peut_attester, peut_gerer_session
from conum.formations.actions.assiduite import assiduite_de, assiduites
from conum.formations.actions.envois_presence import a_tenir
from conum.formations.actions.liens import code_de
from conum.formations.actions.presence import est_fait, fenetre_de
from conum.formations.models import Attestation, Emargement, Inscription, Place, Seance, SessionFormation
from conum.formations.models.session import NatureSeance
from conum.formations.rules import attestation as modeles
from conum.formations.rules.assiduite import Assiduite, en_heures
from conum.formations.states import ASSISES, PLACES_VIVANTES, Etat, EtatPlace, EtatSession

FAITES, A_SIGNER, ABSENCES, A_VENIR = "faites", "a_signer", "absences", "a_venir"
LISTES = {FAITES: "Faites", A_SIGNER: "À signer ou non signées", ABSENCES: "Absences", A_VENIR: "À venir"}


@dataclass(frozen=True)
class Ligne:
    """Une demi-journée d'une personne, telle qu'elle se lit. `signable` : la personne peut la signer maintenant."""

    seance: Seance
    place: Place
    emargement: Emargement | None
    liste: str
    libelle: str
    niveau: str
    signable: bool = False

    @property
    def absent(self) -> bool:
        return self.emargement is not None and self.emargement.absent

    @property
    def retirable(self) -> bool:
        """Une absence annoncée, que le formateur n'a pas constatée."""
        return self.emargement is not None and self.emargement.absent and self.emargement.signe_formateur_le is None

    @property
    def annoncable(self) -> bool:
        return self.place.etat in ASSISES and not self.absent and self.liste in (A_SIGNER, A_VENIR) and not self.signee

    @property
    def signee(self) -> bool:
        return self.emargement is not None and self.emargement.signe_apprenant_le is not None

    @property
    def duree(self) -> str:
        return en_heures(self.seance.minutes)

    @property
    def court(self) -> str:
        """L'état en deux mots, pour une case de la feuille."""
        if self.liste == ABSENCES:
            return "Absence" if self.niveau == "info" else "Absence sans motif"
        return {"Non signée : ne compte pas": "Non signée"}.get(self.libelle, self.libelle)


def ligne_de(seance: Seance, place: Place, emargement: Emargement | None, maintenant: datetime) -> Ligne:
    fenetre = fenetre_de(seance)
    if emargement is not None and emargement.absent:
        motif = emargement.get_absence_motif_display() if emargement.absence_motif else ""
        libelle = f"Absence : {motif[0].lower()}{motif[1:]}" if motif else "Absence sans motif"
        return Ligne(seance, place, emargement, ABSENCES, libelle, "info" if motif else "error")
    if emargement is not None and est_fait(emargement):
        return Ligne(seance, place, emargement, FAITES, "Faite", "success")
    apprenant = emargement is not None and emargement.signe_apprenant_le is not None
    if maintenant < fenetre.ouverture:
        return Ligne(seance, place, emargement, A_VENIR, "À venir", "neutre")
    if not fenetre.ouverte(maintenant):
        return Ligne(seance, place, emargement, A_SIGNER, "Non signée : ne compte pas", "error")
    formateur = emargement is not None and emargement.signe_formateur_le is not None
    manque = "Il manque le formateur" if apprenant else "Il manque l’apprenant" if formateur else "À signer"
    return Ligne(seance, place, emargement, A_SIGNER, manque, "warning", signable=not apprenant)


def lignes_de(inscription: Inscription) -> list[Ligne]:
    """Toutes les demi-journées d'une personne, sur toutes ses sessions, dans l'ordre des jours ; trois questions."""
    places = list(
        Place.objects.filter(inscription=inscription)
        .exclude(etat=EtatPlace.EN_ATTENTE)
        .select_related("session__organisme", "session__commune")
    )
    for place in places:
        place.inscription = inscription
    retenues: dict[int, Ligne] = {}
    for ligne in lignes_des_places(places):
        # Deux places dans une session (retirée, puis reprise) : la ligne faite, sinon celle qui est écrite.
        autre = retenues.get(ligne.seance.pk)
        if autre is None or _poids(ligne) > _poids(autre):
            retenues[ligne.seance.pk] = ligne
    return sorted(retenues.values(), key=lambda x: (x.seance.jour, x.seance.debut))


def _poids(ligne: Ligne) -> int:
    return 2 if ligne.liste == FAITES else 1 if ligne.emargement is not None else 0


def lignes_des_places(places: Iterable[Place], seances: Iterable[Seance] | None = None) -> list[Ligne]:
    """Celles de ces places (`session` chargée) ; une place rendue ne garde que ce qui y est écrit."""
    places, maintenant = list(places), timezone.now()
    if seances is None:
        seances = Seance.objects.filter(session__in={p.session_id for p in places})
    par_session: dict[int, list[Seance]] = {}
    for seance in seances:
        par_session.setdefault(seance.session_id, []).append(seance)
    valables = Emargement.objects.valables().filter(place__in=places)
    emargements = {(e.place_id, e.seance_id): e for e in valables}
    sorties = []
    for place in places:
        vivante = place.etat in PLACES_VIVANTES and place.session.etat != EtatSession.ANNULEE
        for seance in par_session.get(place.session_id, []):
            seance.session = place.session
            emargement = emargements.get((place.pk, seance.pk))
            if emargement is not None or vivante:
                sorties.append(ligne_de(seance, place, emargement, maintenant))
    return sorted(sorties, key=lambda x: (x.seance.jour, x.seance.debut, x.place.pk))


def lien_demi_journees(role: Role, pk: int, **parametres: str) -> str:
    suite = "&".join(f"{cle}={valeur}" for cle, valeur in parametres.items())
    return reverse("formations:demi_journees", args=[role.pk, pk]) + (f"?{suite}" if suite else "")


def _heures(minutes: int) -> str:
    return en_heures(minutes) if minutes else "0 h"


def heures_par_nature(suivie: Assiduite, role: Role, pk: int) -> list[dict[str, Any]]:
    """Par nature : dues, faites, manquantes, à venir, chaque nombre avec le lien vers ses demi-journées."""
    sorties = []
    for nature, part in ((NatureSeance.COURS, suivie.cours), (NatureSeance.STAGE, suivie.stage)):
        if not (part.requises or part.faites or part.a_venir):
            continue
        lien = {cle: lien_demi_journees(role, pk, nature=str(nature), liste=cle) for cle in LISTES}
        sorties.append(
            {
                "nom": nature.label,
                "requises": _heures(part.requises),
                "faites": _heures(part.faites),
                "manquantes": _heures(part.manquantes),
                "a_venir": _heures(part.a_venir),
                "lien": lien,
            }
        )
    return sorties


def bloc_heures(request: HttpRequest, inscription: Inscription) -> str:
    """Sur la page d'une inscription : les heures dues, faites, manquantes et à venir, et ce qui attend un geste."""
    role = role_de(request)
    if inscription.etat in (Etat.OUVERTE, Etat.DISPENSEE):
        return ""
    suivie = assiduite_de(inscription)
    lignes = lignes_de(inscription)
    if not lignes and inscription.etat != Etat.ATTESTEE:
        return ""
    contexte = {
        "suivie": suivie,
        "natures": heures_par_nature(suivie, role, inscription.pk),
        "a_reprogrammer": en_heures(suivie.a_reprogrammer) if suivie.a_reprogrammer else "",
        "a_signer": [x for x in lignes if x.signable],
        "absences": len(suivie.absences_sans_motif),
        "a_soi": role.type == TypeRole.CONSEILLER,
        "lien": lien_demi_journees(role, inscription.pk),
        "lien_absences": lien_demi_journees(role, inscription.pk, liste=ABSENCES),
    }
    return render_to_string("formations/presence/bloc_heures.html", contexte, request=request)


def bloc_attestation(request: HttpRequest, inscription: Inscription) -> str:
    """Sur la page d'une inscription : l'attestation et sa vérification, ou ce qui empêche de la délivrer."""
    role = role_de(request)
    attestations = list(Attestation.objects.filter(inscription=inscription).order_by("-pk"))
    en_cours = inscription.etat in (Etat.INSCRITE, Etat.EN_FORMATION)
    if not attestations and not en_cours:
        return ""
    delivre = en_cours and peut_attester(role, inscription)
    contexte = {
        "attestations": [
            {
                "objet": a,
                "heures": en_heures(a.minutes),
                "lien": reverse("formations:attestation_document", args=[role.pk, a.pk]),
                "verifier": reverse("conventions:verifier_acte", args=[a.code]),
                "annuler": reverse("formations:annuler_attestation", args=[role.pk, a.pk])
                if a.annulee_le is None and peut_administrer(role)
                else "",
            }
            for a in attestations
        ],
        "delivre": delivre,
        "empechements": modeles.empechements(assiduite_de(inscription)) if en_cours else (),
        "en_cours": en_cours,
        "lien_delivrer": reverse("formations:delivrer_attestation", args=[role.pk, inscription.pk]) if delivre else "",
    }
    return render_to_string("formations/attestations/bloc.html", contexte, request=request)


def bloc_presence(request: HttpRequest, session: SessionFormation) -> str:
    """Sur la page d'une session : les demi-journées du jour à tenir, la feuille d'émargement, les heures de chacun."""
    role = role_de(request)
    if role.type == TypeRole.CONSEILLER:
        return _bloc_de_la_personne(request, role, session)
    if not peut_gerer_session(role, session) or session.etat != EtatSession.OUVERTE:
        return ""
    places = list(
        Place.objects.assises()
        .filter(session=session)
        .select_related("inscription__personne", "session__commune")
        .order_by("inscription__personne__nom", "inscription__personne__prenom", "pk")
    )
    suivies = assiduites([p.inscription for p in places])
    maintenant = timezone.now()
    seances = list(Seance.objects.filter(session=session).order_by("jour", "debut"))
    for seance in seances:
        seance.session = session
    contexte = {
        "session": session,
        "a_tenir": [
            {"seance": s, "lien": reverse("formations:tenir_seance", args=[role.pk, s.pk])}
            for s in a_tenir(x for x in seances if fenetre_de(x).ouverte(maintenant))
        ],
        "lien_feuille": reverse("formations:feuille", args=[role.pk, session.pk]),
        "personnes": [
            {
                "nom": p.inscription.personne.get_full_name(),
                "lien": lien_demi_journees(role, p.inscription_id),
                "faites": _heures(suivies[p.inscription_id].faites),
                "manquantes": _heures(suivies[p.inscription_id].manquantes),
                "a_signer": len(suivies[p.inscription_id].a_signer),
                "absences": len(suivies[p.inscription_id].absences_sans_motif),
            }
            for p in places
        ],
    }
    return render_to_string("formations/presence/bloc_session.html", contexte, request=request)


def _bloc_de_la_personne(request: HttpRequest, role: Role, session: SessionFormation) -> str:
    place = Place.objects.assises().filter(session=session, inscription__personne=role.utilisateur_id).first()
    if place is None:
        return ""
    contexte = {"lien": lien_demi_journees(role, place.inscription_id), "code": code_de(place)}
    return render_to_string("formations/presence/bloc_personne.html", contexte, request=request)


BLOCS = (bloc_heures, bloc_attestation)
"""Sur la page d'une inscription, dans cet ordre."""
