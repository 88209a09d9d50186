"""Le passage d'affectation sur une base jetable : lu, calculé, écrit, relu ; puis confirmé pour un échantillon.

Le marché d'essai est celui du calcul seul : mêmes communes, mêmes niveaux, mêmes dates. Ce qui est vérifié l'est sur
les lignes écrites, pas sur le résultat du calcul.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from datetime import time as heure

from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone
from stdnum import luhn

from conum.comptes.models import Role, TypeRole
from conum.formations.actions import affectation, confirmations
from conum.formations.management.mesures_calcul import (
    CONSEILLERS_PAR_SESSION,
    JOUR,
    PLACES,
    SECONDES_ADMISES,
    Tirage,
    tirer,
)
from conum.formations.models import Inscription, Organisme, Place, PropositionSession, Seance, SessionFormation
from conum.formations.rules import marches
from conum.formations.states import Etat, EtatSession
from conum.postes.models import Contrat, Poste, Rattachement
from conum.postes.states import Etat as EtatContrat
from conum.socle.mesures import Mesure, Verdict, pic_memoire_mo
from conum.socle.texte import normaliser
from conum.structures.models import Structure
from conum.utilisateurs.models import Utilisateur

LOT = 2_000
ECHANTILLON = 100
SEANCES = 10
MARCHE = "2024"
PARCOURS = ("2024-70", "2024-175", "2024-315")
HORAIRES = ((heure(9), heure(12, 30)), (heure(13, 30), heure(17)))
PORTEE_MAX = 2_000


def mesurer(nombre: int, *, dire: Callable[[str], None]) -> tuple[list[Mesure], list[Verdict]]:
    sessions = max(1, round(nombre / CONSEILLERS_PAR_SESSION))
    dire("Communes, personnes et sessions…")
    call_command("charger_communes", verbosity=0)
    peupler(tirer(nombre, sessions))
    anct = _anct()
    jour = timezone.localdate()
    dire("Passage d’affectation…")
    secondes: dict[str, float] = {}
    debut = time.perf_counter()
    lu = affectation.lire(jour, anct)
    secondes["lire"] = time.perf_counter() - debut
    debut = time.perf_counter()
    affectation.calculer(lu, jour)
    secondes["calculer"] = time.perf_counter() - debut
    debut = time.perf_counter()
    passage = affectation.lancer_passage(par=anct)
    secondes["en tout"] = time.perf_counter() - debut
    ms = {nom: round(s * 1000, 1) for nom, s in secondes.items()}
    plus = {"sessions": passage.sessions, "proposes": passage.placees, "etapes_ms": ms}
    entier = Mesure("passage en base", nombre, ms["en tout"], ms["en tout"], 0, pic_memoire_mo(), plus)
    ecrits = _verdicts_ecrits(nombre, passage.placees)
    dire("Confirmation d’un échantillon…")
    a_confirmer = list(confirmations.a_confirmer(passage)[:ECHANTILLON])
    debut = time.perf_counter()
    rapport = confirmations.confirmer_plusieurs(a_confirmer, par=anct)
    duree = time.perf_counter() - debut
    faites = sum(ligne.fait for ligne in rapport)
    une = round(duree * 1000 / max(len(rapport), 1), 1)
    confirmer = Mesure("confirmer une proposition", len(rapport), une, une, 0, pic_memoire_mo(), {"faites": faites})
    verdicts = [
        Verdict(
            secondes["calculer"] < SECONDES_ADMISES,
            f"base : {nombre} personnes, {passage.sessions} sessions : lues en {secondes['lire']:.1f} s, calculées et "
            f"expliquées en {secondes['calculer']:.1f} s (moins de {SECONDES_ADMISES} s), tout écrit en "
            f"{secondes['en tout']:.1f} s",
        ),
        *ecrits,
        Verdict(faites == len(rapport) > 0, f"{faites} confirmées sur {len(rapport)}, en {duree:.1f} s"),
        *_verdicts_places(),
    ]
    return [entier, confirmer], verdicts


# --- Peupler -------------------------------------------------------------------------------------------------------


def peupler(tire: Tirage) -> None:
    """Des personnes en poste, une inscription positionnée chacune, et des sessions ouvertes."""
    chez = Organisme.objects.create(code="la-fabrik", nom="La Fabrik", contact_email="contact@exemple.fr")
    contrats = _contrats(len(tire.ici), tire.ici)
    decalage = timezone.localdate() - JOUR
    _inscriptions(tire, contrats, chez, decalage)
    _sessions(tire, chez, decalage)
    with connection.cursor() as curseur:
        curseur.execute("ANALYZE")


def _siret(numero: int) -> str:
    siren = f"8{numero:07}"
    siren += luhn.calc_check_digit(siren)
    return f"{siren}0001{luhn.calc_check_digit(siren + '0001')}"


def _contrats(nombre: int, communes: Sequence[str]) -> list[Contrat]:
    """Une structure, un poste, une personne et un contrat validé pour chacun."""
    structures = Structure.objects.bulk_create(
        [
            Structure(
                siret=_siret(i), denomination=f"Structure d'essai {i}", statut="prive", categorie="association",
                commune_id=commune, nom_recherche=normaliser(f"Structure d'essai {i}"),
                nom_cle=normaliser(f"Structure d'essai {i}"),
            )
            for i, commune in enumerate(communes)
        ],
        batch_size=LOT,
    )  # fmt: skip
    postes = Poste.objects.bulk_create([Poste() for _ in range(nombre)], batch_size=LOT)
    debut = timezone.localdate() - timedelta(days=10)
    Rattachement.objects.bulk_create(
        [
            Rattachement(poste=p, structure=s, periode=DateRange(debut, None))
            for p, s in zip(postes, structures, strict=True)
        ],
        batch_size=LOT,
    )
    inutilisable = make_password(None)
    personnes = Utilisateur.objects.bulk_create(
        [
            Utilisateur(email=f"essai{i}@example.com", prenom="Essai", nom=f"Personne {i}", password=inutilisable)
            for i in range(nombre)
        ],
        batch_size=LOT,
    )
    Role.objects.bulk_create(
        [Role(utilisateur=p, type=TypeRole.CONSEILLER, libelle="Conseiller numérique") for p in personnes],
        batch_size=LOT,
    )
    maintenant = timezone.now()
    return Contrat.objects.bulk_create(
        [
            Contrat(
                poste=poste, personne=personne, periode=DateRange(debut, None), type="cdi", salaire=2_000,
                etat=EtatContrat.VALIDE, valide_le=maintenant,
            )
            for poste, personne in zip(postes, personnes, strict=True)
        ],
        batch_size=LOT,
    )  # fmt: skip


def _inscriptions(tire: Tirage, contrats: Sequence[Contrat], chez: Organisme, decalage: timedelta) -> None:
    marche = marches.marche(MARCHE)
    p = tire.personnes
    ecrites = Inscription.objects.bulk_create(
        [
            Inscription(
                contrat=contrat, personne=contrat.personne, commune_id=tire.ici[i], organisme=chez,
                etat=Etat.POSITIONNEE, marche_code=marche.code, marche_empreinte=marche.empreinte,
                contrat_signe_le=timezone.localdate(), parcours=_parcours(tire, i),
                parcours_motif=tire.derogations[i].motif if i in tire.derogations else "",
                portee_km=int(min(p.portee_km[i], PORTEE_MAX)),
                disponible_le=date.fromordinal(int(p.disponible[i])) + decalage,
            )
            for i, contrat in enumerate(contrats)
        ],
        batch_size=LOT,
    )  # fmt: skip
    for i, inscription in enumerate(ecrites):
        jours = JOUR.toordinal() - int(p.attend_depuis[i])
        inscription.created_at = timezone.now() - timedelta(days=jours)
    Inscription.objects.bulk_update(ecrites, ["created_at"], batch_size=LOT)


def _parcours(tire: Tirage, rang: int) -> str:
    """Le parcours retenu : celui du test, ou l'autre, avec son motif."""
    autre = tire.derogations.get(rang)
    return PARCOURS[autre.parcours if autre else int(tire.personnes.parcours[rang])]


def _sessions(tire: Tirage, chez: Organisme, decalage: timedelta) -> None:
    s = tire.offertes
    a_ecrire = []
    for k, commune in enumerate(tire.la):
        debut, a_distance = date.fromordinal(int(s.debut[k])) + decalage, bool(s.a_distance[k])
        a_ecrire.append(
            SessionFormation(
                organisme=chez,
                intitule=f"Session {k + 1}",
                marche_code=MARCHE,
                parcours=PARCOURS[int(s.parcours[k])],
                etat=EtatSession.OUVERTE,
                capacite=PLACES,
                a_distance=a_distance,
                debut=debut,
                fin=debut + timedelta(days=SEANCES // 2 - 1),
                lien="https://visio.example/salle" if a_distance else "",
                commune_id=None if a_distance else commune,
            )
        )
    ecrites = SessionFormation.objects.bulk_create(a_ecrire, batch_size=LOT)
    Seance.objects.bulk_create(
        [
            Seance(
                session=session, jour=session.debut + timedelta(days=n // 2), debut=HORAIRES[n % 2][0],
                fin=HORAIRES[n % 2][1],
            )
            for session in ecrites
            if session.debut
            for n in range(SEANCES)
        ],
        batch_size=LOT,
    )  # fmt: skip


def _anct() -> Role:
    compte = Utilisateur.objects.create_user("mesure@example.com", prenom="Mesure", nom="ANCT")
    return Role.objects.create(utilisateur=compte, type=TypeRole.ANCT, libelle="ANCT mesurée")


# --- Vérifier ce qui est écrit -------------------------------------------------------------------------------------


def _verdicts_ecrits(nombre: int, placees: int) -> list[Verdict]:
    """Une ligne par personne ; ni trop de propositions pour une session, ni un autre niveau sans motif."""
    lignes = list(
        PropositionSession.objects.filter(etat="proposee").values_list(
            "session", "session__capacite", "session__parcours", "inscription__parcours", "explication__phrase"
        )
    )
    proposees = [ligne for ligne in lignes if ligne[0] is not None]
    par_session = Counter(ligne[0] for ligne in proposees)
    capacites = {ligne[0]: ligne[1] for ligne in proposees}
    depassees = sum(par_session[pk] > capacites[pk] for pk in par_session)
    hors_niveau = sum(session != retenu for _, _, session, retenu, _ in proposees)
    muettes = sum(not phrase for *_, phrase in lignes)
    return [
        Verdict(len(lignes) == nombre, f"{len(lignes)} lignes écrites, une par personne"),
        Verdict(len(proposees) == placees > 0, f"{len(proposees)} sessions proposées"),
        Verdict(depassees == 0, f"{depassees} session à qui plus de personnes sont proposées que de places"),
        Verdict(hors_niveau == 0, f"{hors_niveau} personne hors du parcours retenu (un autre que le test a son motif)"),
        Verdict(muettes == 0, f"{muettes} proposition sans explication"),
    ]


def _verdicts_places() -> list[Verdict]:
    assises = list(
        Place.objects.assises().values_list(
            "session", "session__capacite", "session__parcours", "inscription__parcours", "motif_niveau"
        )
    )
    par_session = Counter(ligne[0] for ligne in assises)
    depassees = sum(par_session[pk] > capacite for pk, capacite, *_ in assises)
    sans_motif = sum(session != retenu and not motif for _, _, session, retenu, motif in assises)
    return [
        Verdict(depassees == 0, f"{depassees} place au-delà de celles d’une session, sur {len(assises)} écrites"),
        Verdict(sans_motif == 0, f"{sans_motif} place hors du parcours retenu, sans motif"),
    ]
