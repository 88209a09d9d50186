"""Passages de l'appariement : un calcul sur tout le pays, écrit d'un coup, jamais deux à la fois.

Lire, calculer, puis écrire en une transaction qui relit sous verrou ce qui a pu changer. Rejoué, un passage ne trouve
plus rien à proposer et n'envoie rien.
"""

import json
import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.recrutement import access
from conum.recrutement.actions import annonces, marche, propositions
from conum.recrutement.actions.criteres import detail
from conum.recrutement.actions.masse import verrouiller
from conum.recrutement.actions.recrutements import ouvrir_recrutements
from conum.recrutement.models import Passe, ReglageAppariement
from conum.recrutement.rules import equite
from conum.recrutement.rules.appariement import Besoins, Candidats, Paire, Resultat, apparier, composantes
from conum.recrutement.rules.cout import MILLIEMES, Ponderation, ponderation_au
from conum.recrutement.states import TRANSITIONS_PASSE, EtatPasse
from conum.socle.mesures import pic_memoire_mo
from conum.socle.travaux import differer
from conum.territoires.models import Departement

logger = logging.getLogger(__name__)
VERSION = "1"
"""De l'algorithme et de ses règles ; elle change avec ce qui peut changer un résultat, la pondération exceptée."""
TRAVAIL = "recrutement.passer"
_VERROU = "recrutement:passe"
_SANS_PRIX: dict[str, Any] = {"unite": "millipoint"}
_PREUVE = ("paires_possibles", "borne_duale", "ecart", "ecart_relatif", "tours", "arcs", "paires_tarifees")


def demander(*, par: Acteur) -> None:
    """Demande un passage au worker. TransitionImpossible : un passage est déjà demandé ou en cours."""
    if not access.est_anct(par):
        raise PermissionDenied
    with transaction.atomic():
        verrouiller("demander-passe")
        if en_attente() or Passe.objects.filter(etat=EtatPasse.EN_COURS).exists():
            raise TransitionImpossible("Un passage est déjà demandé ou en cours : attendez son résultat.")
        differer(TRAVAIL, role=par.role_id)


def en_attente() -> bool:
    """Un passage demandé n'a pas encore été pris par le worker."""
    return ProcrastinateJob.objects.filter(task_name=TRAVAIL, status="todo").exists()


def deja_passe(jour: date) -> bool:
    """Le passage de ce jour, celui que personne ne demande, est terminé."""
    return Passe.objects.filter(jour=jour, declenchee_par=None, etat=EtatPasse.TERMINEE).exists()


@contextmanager
def _un_seul() -> Iterator[None]:
    """Un passage à la fois dans toute la plateforme : le second attend la fin du premier.

    Verrou de session et non de transaction : le passage en cours est validé, donc visible, pendant le calcul. La base
    le lâche si le worker meurt.
    """
    with connection.cursor() as curseur:
        curseur.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [_VERROU])
    try:
        yield
    finally:
        with connection.cursor() as curseur:
            curseur.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [_VERROU])


def lancer(*, par: Acteur = SYSTEME) -> Passe:
    """Un passage sur tout le pays ; rend le passage terminé.

    Raises:
        PermissionDenied: ni l'ANCT, ni le système.
        Exception: le calcul ou l'écriture a échoué ; le passage est interrompu, rien n'est proposé.
    """
    if not (access.est_systeme(par) or access.est_anct(par)):
        raise PermissionDenied
    with _un_seul():
        _interrompre_orphelins()
        ouvrir_recrutements()
        passe = _commencer(par)
        try:
            return _derouler(passe, par)
        except Exception as erreur:
            _interrompre(passe, f"{type(erreur).__name__} : {erreur}")
            raise


def _interrompre_orphelins() -> None:
    """Le verrou est à nous : un passage « en cours » est celui d'un worker mort."""
    for passe in Passe.objects.filter(etat=EtatPasse.EN_COURS):
        _interrompre(passe, "Le worker s'est arrêté pendant le passage.")


def _interrompre(passe: Passe, erreur: str) -> None:
    with transition(
        passe, "interrompre_passe", table=TRANSITIONS_PASSE, par=SYSTEME, peut=access.est_systeme, motif=erreur[:500]
    ) as courante:
        courante.erreur, courante.fin = erreur[:5_000], timezone.now()


def _commencer(par: Acteur) -> Passe:
    jour = timezone.localdate()
    reglage, ponderation = ReglageAppariement.au(jour), ponderation_au(jour)
    with transaction.atomic():
        passe = Passe.objects.create(
            jour=jour,
            declenchee_par_id=par.role_id,
            version=VERSION,
            ponderation=ponderation.version,
            parametres=_parametres(reglage, ponderation),
            bilan={"propositions": 0},
            equite={"donnees": equite.donnees_lues()},
            prix_recrutements=_SANS_PRIX,
            prix_candidats=_SANS_PRIX,
            debut=timezone.now(),
        )
        noter(passe, "commencer_passe", par=par, vers=passe.etat)
    return passe


def _parametres(reglage: ReglageAppariement, ponderation: Ponderation) -> dict[str, Any]:
    poids = {k: v for k, v in asdict(ponderation).items() if k not in {"version", "a_partir_du"}}
    return {"max_par_poste": reglage.max_par_poste, "max_par_candidat": reglage.max_par_candidat, "poids": poids}


def _derouler(passe: Passe, par: Acteur) -> Passe:
    depart = time.perf_counter()
    reglage, ponderation = ReglageAppariement.au(passe.jour), ponderation_au(passe.jour)
    lecture = marche.lire(passe.jour)
    besoins, candidats = marche.besoins(lecture, reglage), marche.candidats(lecture, reglage)
    lu = time.perf_counter()
    resultat = apparier(besoins, candidats, ponderation=ponderation, exclues=marche.exclues(lecture))
    calcule = time.perf_counter()
    paires = _paires(lecture, besoins, candidats, resultat, passe)
    a_annoncer = annonces.preparer(paires, passe)
    rendu = time.perf_counter()
    # Aucun autre passage ne peut finir entre-temps : le verrou est à nous.
    avant = Passe.objects.filter(etat=EtatPasse.TERMINEE).order_by("-debut", "-pk").first() or passe
    with transaction.atomic():
        propositions.verrouiller_parties(paires)
        gardees = propositions.encore_valables(paires, lecture, passe.jour, reglage)
        relations = propositions.ecrire(gardees, passe, par=par)
        courriels = annonces.prevenir(relations, a_annoncer)
        with transition(
            passe, "terminer_passe", table=TRANSITIONS_PASSE, par=SYSTEME, peut=access.est_systeme
        ) as courante:
            courante.bilan = _bilan(lecture, gardees, resultat) | {
                "abandonnees": len(paires) - len(gardees),
                "courriels": courriels,
                "secondes_lecture": round(lu - depart, 2),
                "secondes_calcul": round(calcule - lu, 2),
                "secondes_courriels": round(rendu - calcule, 2),
                "secondes": round(time.perf_counter() - depart, 2),
                "pic_mo": pic_memoire_mo(),
            }
            courante.equite = _equite(lecture, gardees)
            courante.prix_recrutements = _prix(
                "r", lecture.recrutements, resultat.prix_besoin, {p.recrutement for p in gardees}, passe,
                avant.prix_recrutements,
            )  # fmt: skip
            courante.prix_candidats = _prix(
                "c", lecture.candidats, resultat.prix_candidat, {p.candidat for p in gardees}, passe,
                avant.prix_candidats,
            )  # fmt: skip
            courante.fin = timezone.now()
        # Les prix ne servent qu'à expliquer le dernier passage : une ligne par candidat du pays n'a pas à s'entasser.
        anciens = Passe.objects.exclude(pk=passe.pk).exclude(prix_candidats=_SANS_PRIX, prix_recrutements=_SANS_PRIX)
        anciens.update(prix_candidats=_SANS_PRIX, prix_recrutements=_SANS_PRIX)
    logger.info("Passage %s : %s propositions, %s courriels", passe.pk, len(relations), courriels)
    return courante


def _prix(
    prefixe: str, lignes: Sequence[Any], prix: Any, servis: set[int], passe: Passe, avant: dict[str, Any]
) -> dict[str, Any]:
    """[millipoints, passage] par « r12 » ou « c34 » : une clé toute en chiffres se lirait comme un rang de tableau.

    Une partie garde le prix du passage qui l'a servie, ou vue la première fois : c'est là qu'on a choisi pour elle.
    """
    resultat: dict[str, Any] = dict(_SANS_PRIX)
    for ligne, valeur in zip(lignes, prix.tolist(), strict=True):
        cle = f"{prefixe}{ligne.pk}"
        if ligne.pk in servis or (cle not in avant and not ligne.ouvertes):
            resultat[cle] = [round(valeur * MILLIEMES), passe.pk]
        elif cle in avant:
            resultat[cle] = avant[cle]
    return resultat


def _paires(
    lecture: marche.Lecture, besoins: Besoins, candidats: Candidats, resultat: Resultat, passe: Passe
) -> list[propositions.Paire]:
    """Les paires du calcul, avec de quoi les expliquer plus tard : ce qui était vrai au moment du passage."""
    ponderation = ponderation_au(passe.jour)
    colonnes = (resultat.besoin, resultat.candidat, resultat.distance_km, resultat.rang)
    paires = []
    for i, j, distance, rang in zip(*(colonne.tolist() for colonne in colonnes), strict=True):
        paire = _paire(besoins, candidats, i, j, round(distance, 3))
        points = {part.nom: part.points for part in composantes(paire, ponderation)}
        paires.append(
            propositions.Paire(
                recrutement=lecture.recrutements[i].pk,
                candidat=lecture.candidats[j].pk,
                distance_km=paire.distance_km,
                cout=round(sum(points.values()), 3),
                rang=rang,
                detail=points | detail(paire, passe),
            )
        )
    return sorted(paires, key=lambda p: (p.recrutement, p.rang, p.candidat))


def _paire(b: Besoins, c: Candidats, i: int, j: int, distance: float) -> Paire:
    """Les valeurs mêmes que le calcul a lues."""
    return Paire(
        distance_km=distance,
        mobilite_km=float(c.mobilite_km[j]),
        debut=date.fromordinal(int(b.debut[i])),
        disponible=date.fromordinal(int(c.disponible[j])),
        territoire_besoin=int(b.territoire[i]),
        territoire_candidat=int(c.territoire[j]),
        territoires_choisis=int(c.territoires_choisis[j]),
        experience=bool(c.experience[j]),
        diplome=bool(c.diplome[j]),
        niveau=int(b.niveau[i]),
        palier=int(c.palier[j]),
    )


def _bilan(lecture: marche.Lecture, gardees: Sequence[propositions.Paire], resultat: Resultat) -> dict[str, Any]:
    par_recrutement = Counter(p.recrutement for p in gardees)
    servis = {p.candidat for p in gardees}
    distances = sorted(p.distance_km for p in gardees)
    return {
        "recrutements": len(lecture.recrutements),
        "postes": sum(max(0, r.libres) for r in lecture.recrutements),
        "candidats": len(lecture.candidats),
        "postes_servis_avant": sum(min(max(0, r.libres), r.ouvertes) for r in lecture.recrutements),
        "postes_servis": sum(min(max(0, r.libres), r.ouvertes + par_recrutement[r.pk]) for r in lecture.recrutements),
        "candidats_servis_avant": sum(c.ouvertes > 0 for c in lecture.candidats),
        "candidats_servis": sum(c.ouvertes > 0 or c.pk in servis for c in lecture.candidats),
        "propositions": len(gardees),
        "distance_totale_km": round(sum(distances), 1),
        "distance_moyenne_km": round(sum(distances) / len(distances), 1) if distances else 0,
        "distance_p90_km": distances[int(0.9 * (len(distances) - 1))] if distances else 0,
        "cout_total": round(sum(p.cout for p in gardees), 1),
        # La preuve porte sur le calcul entier, paires abandonnées comprises.
        **{cle: getattr(resultat.bilan, cle) for cle in _PREUVE},
    }


def _equite(lecture: marche.Lecture, gardees: Sequence[propositions.Paire]) -> dict[str, Any]:
    par_recrutement = Counter(p.recrutement for p in gardees)
    servis = {p.candidat for p in gardees}
    postes = [
        equite.PosteLibre(
            r.departement, r.attribue_le, r.statut, max(0, r.libres),
            min(max(0, r.libres), r.ouvertes + par_recrutement[r.pk]),
        )
        for r in lecture.recrutements
    ]  # fmt: skip
    chercheurs = [
        equite.Chercheur(c.departement, c.mobilite_km, c.situations, c.ouvertes > 0 or c.pk in servis)
        for c in lecture.candidats
    ]
    departements = dict(Departement.objects.order_by("pk").values_list("pk", "nom"))
    return {"donnees": equite.donnees_lues(), **equite.rapport(postes, chercheurs, lecture.jour, departements)}


def bilan_json(passe: Passe) -> str:
    """Le bilan sur une ligne, pour une commande ou une mesure."""
    return json.dumps({"passe": passe.pk, **passe.bilan}, ensure_ascii=False)
