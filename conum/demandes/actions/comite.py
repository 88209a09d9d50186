"""Comité national de sélection : sessions, ordre du jour, décisions une à une ou en lot, clôture."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from conum.courriels.actions import mettre_en_file
from conum.demandes import rules
from conum.demandes.access import est_anct, peut_decider, peut_tenir_session
from conum.demandes.actions.enveloppes import verrouiller
from conum.demandes.actions.instruction import exiger_texte
from conum.demandes.actions.proces_verbal import etablir
from conum.demandes.emails import destinataires
from conum.demandes.emails.decision import Attribution, DecisionPrefecture, Refus, RenduAccepte
from conum.demandes.models import Avis, Decision, Demande, Nature, SensDecision, SessionComite
from conum.demandes.states import DECIDABLES, DECIDES, TRANSITIONS, TRANSITIONS_SESSION, EtatSession
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.actions import creer_postes, rendre_postes
from conum.postes.models import Poste

_NUMERO = re.compile(r"[0-9]{1,4}[A-Z0-9-]{0,10}")


class DecisionRefusee(TransitionImpossible):
    """La décision voulue enfreint une règle ; `erreurs` la dit champ par champ."""

    def __init__(self, erreurs: Sequence[rules.Erreur]) -> None:
        super().__init__(" ".join(erreur.message for erreur in erreurs))
        self.erreurs = list(erreurs)


# --- Sessions --------------------------------------------------------------------------------------------------------


def creer_session(numero: str, jour: date, *, par: Acteur) -> SessionComite:
    """Ouvre une session en préparation. ValidationError : numéro déjà pris ou mal formé (« 64 », « 62BIS »)."""
    if not est_anct(par):
        raise PermissionDenied
    numero = re.sub(r"\s", "", numero).upper()
    if not _NUMERO.fullmatch(numero):
        raise ValidationError({"numero": "Un numéro de session commence par un chiffre, par exemple 64 ou 62BIS."})
    with transaction.atomic():
        session = SessionComite(numero=numero, date=jour)
        session.full_clean()
        session.save()
        noter(session, "creer_session", par=par, vers=session.etat, donnees={"date": jour.isoformat()})
    return session


def _session_sous_verrou(session: SessionComite, par: Acteur) -> SessionComite:
    courante = SessionComite.objects.select_for_update(of=("self",), no_key=True).get(pk=session.pk)
    if not peut_tenir_session(par, courante):
        raise PermissionDenied
    if courante.etat != EtatSession.PREPARATION:
        raise TransitionImpossible(f"Le {courante} est tenu : son procès-verbal ne change plus.")
    return courante


def _verrouiller(demandes: Iterable[int]) -> dict[int, Demande]:
    """Les demandes, verrouillées dans l'ordre de leur numéro."""
    verrou = Demande.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=list(demandes))
    return {d.pk: d for d in verrou.order_by("pk")}


@dataclass
class Inscription:
    """Ce qu'a donné une inscription : les demandes inscrites, et les autres avec la raison."""

    inscrites: list[Demande] = field(default_factory=list)
    refusees: list[tuple[Demande, str]] = field(default_factory=list)


def _refus_d_inscription(demande: Demande, session: SessionComite) -> str:
    if demande.etat not in DECIDABLES:
        return f"elle est « {demande.get_etat_display()} »"
    if demande.session_id not in (None, session.pk):
        return f"elle est à l'ordre du jour du {demande.session}"
    return ""


def inscrire(session: SessionComite, demandes: Iterable[int], *, par: Acteur) -> Inscription:
    """Met à l'ordre du jour les demandes prêtes ; les autres sont rendues avec la raison. Rejouée, ne change rien."""
    resultat = Inscription()
    with transaction.atomic():
        session = _session_sous_verrou(session, par)
        for demande in _verrouiller(demandes).values():
            if raison := _refus_d_inscription(demande, session):
                resultat.refusees.append((demande, raison))
            elif demande.session_id is None:
                demande.session = session
                demande.save(update_fields=["session", "updated_at"])
                noter(demande, "inscrire", par=par, donnees={"session": session.numero})
                resultat.inscrites.append(demande)
    return resultat


def retirer_de_la_session(session: SessionComite, demande: Demande, *, par: Acteur) -> None:
    """Retire de l'ordre du jour une demande pas encore décidée ; sans effet si elle n'y est plus."""
    with transaction.atomic():
        session = _session_sous_verrou(session, par)
        courante = _verrouiller([demande.pk])[demande.pk]
        if courante.session_id != session.pk:
            return
        if courante.etat in DECIDES:
            raise TransitionImpossible("Cette demande est décidée : elle reste au procès-verbal.")
        courante.session = None
        courante.save(update_fields=["session", "updated_at"])
        noter(courante, "retirer_de_la_session", par=par, donnees={"session": session.numero})


def clore_session(session: SessionComite, *, par: Acteur) -> SessionComite:
    """Fige le procès-verbal. Chaque demande inscrite est décidée ou retirée."""
    with transaction.atomic():
        courante = _session_sous_verrou(session, par)
        restantes = Demande.objects.ouvertes().filter(session=courante).count()
        if restantes:
            raise TransitionImpossible(
                f"{restantes} demande{'s' * (restantes > 1)} de l'ordre du jour attend{'ent' * (restantes > 1)} une "
                "décision : décidez ou retirez chacune avant de clore."
            )
        if not courante.decisions.exists():
            raise TransitionImpossible("Aucune décision n'est prise : il n'y a pas de procès-verbal à figer.")
        with transition(
            courante, "clore_session", table=TRANSITIONS_SESSION, par=par, peut=peut_tenir_session
        ) as courante:
            courante.close_le = timezone.now()
            courante.proces_verbal = etablir(courante)
    return courante


# --- Décisions -------------------------------------------------------------------------------------------------------


def _verifier_cadre(demande: Demande, session: SessionComite | None, par: Acteur) -> SessionComite | None:
    """La session relue sous verrou ; refuse une décision hors de l'ordre du jour ou avant le jour de la session."""
    if session is None:
        return None
    courante = _session_sous_verrou(session, par)
    if courante.date > timezone.localdate():
        raise TransitionImpossible(
            f"Le {courante} se réunit le {courante.date:%d/%m/%Y} : ses décisions se saisissent à partir de ce jour."
        )
    return courante


def _verifier_inscription(demande: Demande, session: SessionComite | None) -> None:
    if session is None and demande.session is not None:
        raise TransitionImpossible(
            f"Cette demande est à l'ordre du jour du {demande.session} : décidez-la là, ou retirez-la d'abord."
        )
    if session is not None and demande.session_id != session.pk:
        raise TransitionImpossible(f"{demande.reference} n'est pas à l'ordre du jour du {session}.")
    if demande.nature != Nature.RENDU and not Avis.objects.filter(demande=demande, remplace_le=None).exists():
        raise TransitionImpossible("La préfecture n'a pas rendu d'avis sur cette demande.")


def _decider(demande: Demande, decision: Decision) -> None:
    decision.full_clean()
    decision.save()
    demande.close_le = timezone.now()


def _donnees(decision: Decision, numeros: Sequence[str] = ()) -> dict[str, object]:
    return {
        "decision": decision.pk,
        "session": decision.session.numero if decision.session else None,
        "postes": decision.postes_accordes,
        "motifs": decision.motifs,
        "numeros": list(numeros),
    }


def _mouvement(demande: Demande, decision: Decision, jour: date, par: Acteur) -> list[Poste]:
    """Crée les postes accordés, ou rend ceux que la structure propose de rendre."""
    assert demande.structure is not None
    cadre = str(decision.session or "Décision individuelle")
    nombre, type_poste = decision.postes_accordes, demande.type_poste
    motif = f"{demande.reference}, {cadre}"
    if demande.nature == Nature.RENDU:
        return rendre_postes(demande.structure, nombre=nombre, type_poste=type_poste, le=jour, par=par, motif=motif)
    return creer_postes(demande.structure, nombre=nombre, type_poste=type_poste, debut=jour, par=par, motif=motif)


def _verifier_nombre(demande: Demande, postes: int, annee: int) -> None:
    """Sous verrou de la demande, puis des enveloppes sauf pour un rendu, qui n'en consomme pas."""
    assert demande.departement is not None
    national = departement = None
    if demande.nature != Nature.RENDU:
        soldes = verrouiller(annee, demande.departement)
        national = (f"nationale {annee}", soldes[0])
        departement = (f"du département {demande.departement} pour {annee}", soldes[1])
    erreurs = rules.verifier_attribution(
        postes=postes, demandes=demande.postes_demandes or 0, national=national, departement=departement
    )
    if erreurs:
        raise DecisionRefusee(erreurs)


def _justification(session: SessionComite | None, texte: str) -> str:
    """Hors session, la décision dit pourquoi elle n'attend pas le comité."""
    return str(session) if session else exiger_texte("justification", texte)


def attribuer(
    demande: Demande,
    *,
    postes: int,
    par: Acteur,
    session: SessionComite | None = None,
    justification: str = "",
    observations: str = "",
    prioritaire: bool = False,
) -> Decision:
    """Accorde des postes (ou accepte un rendu), dans une session ou, justifiée, hors session.

    Les postes commencent le jour de la session, aujourd'hui hors session.

    Raises:
        DecisionRefusee: plus que demandé, ou plus que ce qui reste dans une enveloppe.
        TransitionImpossible: pas d'avis, déjà décidée, pas à l'ordre du jour.
    """
    with transaction.atomic():
        session = _verifier_cadre(demande, session, par)
        motif = _justification(session, justification)
        jour = session.date if session else timezone.localdate()
        donnees: dict[str, object] = {}
        with transition(
            demande, "attribuer", table=TRANSITIONS, par=par, peut=peut_decider, motif=motif, donnees=donnees
        ) as courante:
            _verifier_inscription(courante, session)
            _verifier_nombre(courante, postes, jour.year)
            decision = Decision(
                demande=courante, sens=SensDecision.ATTRIBUEE, postes_accordes=postes, session=session,
                observations=observations.strip(), prioritaire=prioritaire, annee=jour.year,
                departement=courante.departement, role_id=par.role_id,
            )  # fmt: skip
            _decider(courante, decision)
            numeros = tuple(p.reference for p in _mouvement(courante, decision, jour, par))
            donnees.update(_donnees(decision, numeros))
            _prevenir_attribution(courante, decision, numeros)
    return decision


def refuser(
    demande: Demande,
    *,
    motifs: Sequence[str],
    par: Acteur,
    motif_libre: str = "",
    session: SessionComite | None = None,
    justification: str = "",
    observations: str = "",
    prioritaire: bool = False,
) -> Decision:
    """Refuse, pour un motif publié au moins. Refuser un rendu laisse ses postes à la structure."""
    with transaction.atomic():
        session = _verifier_cadre(demande, session, par)
        motif = _justification(session, justification)
        annee = (session.date if session else timezone.localdate()).year
        donnees: dict[str, object] = {}
        with transition(
            demande, "refuser", table=TRANSITIONS, par=par, peut=peut_decider, motif=motif, donnees=donnees
        ) as courante:
            _verifier_inscription(courante, session)
            if erreurs := rules.verifier_refus(motifs, courante.type_poste):
                raise DecisionRefusee(erreurs)
            decision = Decision(
                demande=courante, sens=SensDecision.REFUSEE, motifs=list(motifs), motif_libre=motif_libre.strip(),
                observations=observations.strip(), prioritaire=prioritaire, session=session, annee=annee,
                departement=courante.departement, role_id=par.role_id,
            )  # fmt: skip
            _decider(courante, decision)
            donnees.update(_donnees(decision))
            for qui in destinataires.de_la_structure(courante):
                mettre_en_file(Refus.de(courante, decision, qui.lien), a=qui.email, objet=courante)
            _prevenir_prefecture(courante, decision)
    return decision


def _prevenir_attribution(demande: Demande, decision: Decision, numeros: tuple[str, ...]) -> None:
    message = RenduAccepte if demande.nature == Nature.RENDU else Attribution
    for qui in destinataires.de_la_structure(demande):
        mettre_en_file(message.de(demande, decision, numeros, qui.lien), a=qui.email, objet=demande)
    _prevenir_prefecture(demande, decision)


def _prevenir_prefecture(demande: Demande, decision: Decision) -> None:
    for qui in destinataires.de_la_prefecture(demande):
        mettre_en_file(DecisionPrefecture.de(demande, decision, qui.lien), a=qui.email, objet=demande)


# --- En lot ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class DecisionVoulue:
    """Une ligne à décider ; `sens` : SensDecision."""

    demande: int
    sens: str
    postes: int = 0
    motifs: tuple[str, ...] = ()
    motif_libre: str = ""
    observations: str = ""
    prioritaire: bool = False


@dataclass
class Lot:
    """Résultat d'un lot, par identifiant de demande. `annule` : une erreur a tout arrêté, rien n'est écrit."""

    decidees: list[int] = field(default_factory=list)
    deja_faites: list[int] = field(default_factory=list)
    erreurs: dict[int, list[rules.Erreur]] = field(default_factory=dict)
    annule: bool = False


class _ToutAnnuler(Exception):
    pass


def decider_en_lot(
    session: SessionComite, decisions: Sequence[DecisionVoulue], *, par: Acteur, tout_ou_rien: bool
) -> Lot:
    """Décide plusieurs demandes d'une session, dans l'ordre donné : la dernière servie trouve l'enveloppe entamée.

    Une ligne refusée n'écrit rien. Une demande déjà décidée de la même façon dans la session n'est pas une erreur :
    un double envoi du formulaire ne change rien.
    """
    lot = Lot()
    try:
        with transaction.atomic():
            session = _session_sous_verrou(session, par)
            demandes = _verrouiller(d.demande for d in decisions)
            for voulue in decisions:
                _decider_ligne(session, demandes.get(voulue.demande), voulue, lot, par)
            if tout_ou_rien and lot.erreurs:
                raise _ToutAnnuler
    except _ToutAnnuler:
        lot.annule, lot.decidees, lot.deja_faites = True, [], []
    return lot


def _decider_ligne(
    session: SessionComite, demande: Demande | None, voulue: DecisionVoulue, lot: Lot, par: Acteur
) -> None:
    if demande is None:
        lot.erreurs[voulue.demande] = [rules.Erreur("", "Demande inconnue.")]
        return
    if _est_deja_faite(session, demande, voulue):
        lot.deja_faites.append(demande.pk)
        return
    communs = {"par": par, "session": session, "observations": voulue.observations, "prioritaire": voulue.prioritaire}
    try:
        with transaction.atomic():
            if voulue.sens == SensDecision.ATTRIBUEE:
                attribuer(demande, postes=voulue.postes, **communs)  # type: ignore[arg-type]
            else:
                refuser(demande, motifs=voulue.motifs, motif_libre=voulue.motif_libre, **communs)  # type: ignore[arg-type]
    except DecisionRefusee as erreur:
        lot.erreurs[demande.pk] = erreur.erreurs
    except TransitionImpossible as erreur:
        lot.erreurs[demande.pk] = [rules.Erreur("", str(erreur))]
    except ValidationError as erreur:
        lot.erreurs[demande.pk] = [rules.Erreur("", message) for message in erreur.messages]
    else:
        lot.decidees.append(demande.pk)


def _est_deja_faite(session: SessionComite, demande: Demande, voulue: DecisionVoulue) -> bool:
    if demande.etat not in DECIDES or demande.session_id != session.pk:
        return False
    decision = Decision.objects.filter(demande=demande, session=session).first()
    if decision is None or decision.sens != voulue.sens:
        return False
    if voulue.sens == SensDecision.ATTRIBUEE:
        return decision.postes_accordes == voulue.postes
    return set(decision.motifs) == set(voulue.motifs)
