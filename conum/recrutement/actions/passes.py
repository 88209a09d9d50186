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
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.recrutement import access
from conum.recrutement.actions import marche, propositions
from conum.recrutement.actions.masse import verrouiller
from conum.recrutement.actions.recrutements import ouvrir_recrutements
from conum.recrutement.models import Passe, ReglageAppariement
from conum.recrutement.rules import equite
from conum.recrutement.rules.appariement import VERSION, Resultat, apparier
from conum.recrutement.rules.appariement.paires import Marche
from conum.recrutement.rules.cout import MILLIEMES, Ponderation, ponderation_au
from conum.recrutement.states import TRANSITIONS_PASSE, EtatPasse
from conum.socle.mesures import pic_memoire_mo
from conum.socle.travaux import differer
from conum.territoires.models import Departement

logger = logging.getLogger(__name__)
TRAVAIL = "recrutement.passer"
_VERROU = "recrutement:passe"
_SANS_PRIX = {"unite": "millipoint"}


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
    paires = _paires(lecture, resultat, passe, Marche(besoins, candidats, ponderation, besoins.debut[:0]))
    with transaction.atomic():
        propositions.verrouiller_parties(paires)
        gardees = propositions.encore_valables(paires, lecture, passe.jour, reglage)
        relations = propositions.ecrire(gardees, passe, par=par)
        courriels = propositions.prevenir(relations, passe)
        with transition(
            passe, "terminer_passe", table=TRANSITIONS_PASSE, par=SYSTEME, peut=access.est_systeme
        ) as courante:
            courante.bilan = _bilan(lecture, gardees, resultat) | {
                "abandonnees": len(paires) - len(gardees),
                "courriels": courriels,
                "secondes_lecture": round(lu - depart, 2),
                "secondes_calcul": round(calcule - lu, 2),
                "secondes": round(time.perf_counter() - depart, 2),
                "pic_mo": pic_memoire_mo(),
            }
            courante.equite = _equite(lecture, gardees)
            courante.prix_recrutements = _prix("r", [r.pk for r in lecture.recrutements], resultat.prix_besoin)
            courante.prix_candidats = _prix("c", [c.pk for c in lecture.candidats], resultat.prix_candidat)
            courante.fin = timezone.now()
        # Les prix ne servent qu'à expliquer le dernier passage : une ligne par candidat du pays n'a pas à s'entasser.
        anciens = Passe.objects.exclude(pk=passe.pk).exclude(prix_candidats=_SANS_PRIX, prix_recrutements=_SANS_PRIX)
        anciens.update(prix_candidats=_SANS_PRIX, prix_recrutements=_SANS_PRIX)
    logger.info("Passage %s : %s propositions, %s courriels", passe.pk, len(relations), courriels)
    return courante


def _prix(prefixe: str, cles: list[int], prix: Any) -> dict[str, int | str]:
    """Millipoints, par « r12 » ou « c34 » : une clé toute en chiffres se lirait comme un rang de tableau."""
    return _SANS_PRIX | {f"{prefixe}{pk}": int(valeur) for pk, valeur in zip(cles, prix, strict=True)}


def _paires(lecture: marche.Lecture, resultat: Resultat, passe: Passe, calcul: Marche) -> list[propositions.Paire]:
    """Les paires du calcul, avec de quoi les expliquer plus tard : ce qui était vrai au moment du passage."""
    i, j = resultat.besoin, resultat.candidat
    couts = calcul.composantes(i, j)
    colonnes = {nom: valeurs.tolist() for nom, valeurs in couts._asdict().items()}
    communs = {
        "ponderation": passe.ponderation,
        "version": passe.version,
        "max_par_poste": passe.parametres["max_par_poste"],
        "max_par_candidat": passe.parametres["max_par_candidat"],
    }
    paires = []
    besoin_ailleurs = (calcul.besoins.territoire[i] != calcul.candidats.territoire[j]).tolist()
    distances, rangs = resultat.distance_km.tolist(), resultat.rang.tolist()
    for k, (ri, cj) in enumerate(zip(i.tolist(), j.tolist(), strict=True)):
        recrutement, candidat = lecture.recrutements[ri], lecture.candidats[cj]
        points = {nom: valeurs[k] / MILLIEMES for nom, valeurs in colonnes.items()}
        detail = {
            **points,
            **communs,
            "debut": recrutement.debut.isoformat(),
            "niveau": recrutement.niveau,
            "mobilite_km": candidat.mobilite_km,
            "disponible_le": candidat.disponible_le.isoformat(),
            "experience": candidat.experience,
            "diplome": candidat.diplome,
            "palier": candidat.palier,
            "territoire_choisi": besoin_ailleurs[k],
        }
        paires.append(
            propositions.Paire(
                recrutement.pk, candidat.pk, round(distances[k], 3), round(sum(points.values()), 3), rangs[k], detail
            )
        )
    return sorted(paires, key=lambda p: (p.recrutement, p.rang, p.candidat))


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
        **resultat.bilan,
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
