"""Données d'essai des règles de formation : un dossier à abîmer, des réponses, des demi-journées."""

from datetime import date, time, timedelta

from conum.formations.rules.assiduite import DemiJournee, Emargement, Nature, compter
from conum.socle.donnees_figees import EMPREINTES, SOURCES, empreinte_de


def reinscrire(dossier):
    """Comme si l'on publiait le dossier tel qu'il est."""
    fichiers = sorted(f for f in dossier.glob("**/*.toml") if f.name != SOURCES)
    lignes = [f"{empreinte_de(f.read_bytes())}  {f.relative_to(dossier).as_posix()}\n" for f in fichiers]
    (dossier / EMPREINTES).write_text("".join(lignes))


def remplacer(fichier, avant, apres):
    texte = fichier.read_text()
    assert avant in texte
    fichier.write_text(texte.replace(avant, apres, 1))


def repondre(questionnaire, choix):
    """Une réponse à chaque question : `choix` la tire de l'item."""
    return {i.code: choix(i).code for i in questionnaire.items}


def meilleure(item):
    return max(item.reponses, key=lambda r: r.points)


def pire(item):
    return min(item.reponses, key=lambda r: r.points)


def demi_journees(nombre, *, debut=date(2026, 11, 2), nature=Nature.COURS, session="S1"):
    """`nombre` demi-journées de 3 h 30, deux par jour."""
    heures = ((time(9), time(12, 30)), (time(13, 30), time(17)))
    return [
        DemiJournee(debut + timedelta(days=k // 2), *heures[k % 2], session=session, nature=nature)
        for k in range(nombre)
    ]


def signees(demies):
    return [Emargement(d, signe_apprenant=True, signe_formateur=True) for d in demies]


def suivie(parcours, jour=date(2030, 1, 1), *, sauf=0):
    """L'assiduité d'une personne qui a tout suivi, à `sauf` demi-journées de cours près."""
    cours = demi_journees(parcours.heures_cours * 2 // 7)
    stage = demi_journees(parcours.heures_stage * 2 // 7, debut=date(2028, 1, 3), nature=Nature.STAGE)
    return compter(parcours, signees(cours[: len(cours) - sauf] + stage), jour)
