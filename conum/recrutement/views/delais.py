"""Les délais : ceux que la plateforme publie par département, et les engagements en retard que suivent les agents."""

from collections.abc import Iterator
from datetime import date, timedelta
from operator import attrgetter
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.recrutement.forms.delais import PERIODE_PAR_DEFAUT, PERIODES, FiltresRetards, PeriodeForm
from conum.recrutement.models import MiseEnRelation, Recrutement, RecrutementQuerySet, service
from conum.recrutement.rules.relation import NIVEAUX_DE_SERVICE
from conum.recrutement.rules.service import PROPOSITIONS_MIN, PriseEnCharge
from conum.socle import exports
from conum.socle.http import lecture, publique, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.structures.models import Structure
from conum.territoires.models import Departement

TROP_PEU = "Trop peu de propositions"
JOURS_PAR_DEFAUT = int(PERIODE_PAR_DEFAUT)
# L'annotation de `avec_retards` où se lit la date dépassée de chaque engagement.
RETARDS = {"choisir": "retard_choix", "signer": "retard_signature", "recruter": "retard_recrutement"}
VERBES = {"choisir": "choisir un candidat", "signer": "signer le contrat", "recruter": "recruter"}


# --- Page publique ------------------------------------------------------------------------------------------------


def national(debut: date) -> dict[str, Any]:
    """Les niveaux de service de tout le pays depuis ce jour : `nombre` et `prises` (à 3 et 5 jours)."""
    return service.prises_en_charge(service.propositions_jugeables(debut=debut), timezone.now())[0]


def _par_departement(debut: date) -> list[dict[str, Any]]:
    lignes = service.prises_en_charge(
        service.propositions_jugeables(debut=debut), timezone.now(), par=["recrutement__departement"]
    )
    noms = dict(Departement.objects.order_by("pk").values_list("pk", "nom"))
    return [ligne | {"code": ligne["recrutement__departement"], "nom": noms[ligne["recrutement__departement"]]}
            for ligne in lignes]  # fmt: skip


def _cellule(prise: PriseEnCharge) -> int | str:
    return TROP_PEU if prise.pourcentage is None else prise.pourcentage


def _lignes(toutes: list[dict[str, Any]]) -> Iterator[list[Any]]:
    for ligne in toutes:
        colonnes: list[Any] = [ligne["code"], ligne["nom"], ligne["nombre"]]
        for prise in ligne["prises"]:
            colonnes += [prise.jugees, _cellule(prise)]
        yield colonnes


def _entetes() -> list[str]:
    titres = ["Code", "Territoire", "Propositions"]
    for jours in NIVEAUX_DE_SERVICE:
        titres += [f"Propositions jugées à {jours} jours", f"Part répondue en {jours} jours (%)"]
    return titres


@publique
@lecture
def delais(request: HttpRequest) -> HttpResponseBase:
    """Part des propositions auxquelles les structures ont répondu en 3 et 5 jours, par département."""
    form = PeriodeForm({"periode": request.GET.get("periode") or PERIODE_PAR_DEFAUT})
    debut = form.debut(timezone.localdate())
    pays = national(debut) | {"code": "", "nom": "France entière"}
    lignes = _par_departement(debut)
    if request.GET.get("format") == "csv":
        return exports.reponse("csv", "delais-de-reponse", _entetes(), _lignes([pays, *lignes]))
    contexte = {
        "form": form,
        "pays": pays,
        "lignes": lignes,
        "debut": debut,
        "minimum": PROPOSITIONS_MIN,
        "delais": NIVEAUX_DE_SERVICE,
        "periode": form.jours(),
        "legende": f"Réponses des structures, {PERIODES[str(form.jours())].lower()}",
    }
    return render(request, "recrutement/delais/publics.html", contexte)


# --- Retards des structures ---------------------------------------------------------------------------------------


def retards_de(recrutement: Recrutement) -> dict[str, date]:
    """Les engagements en retard de ce recrutement (annoté) et leur date limite."""
    limites = {code: getattr(recrutement, champ) for code, champ in RETARDS.items()}
    return {code: limite for code, limite in limites.items() if limite}


def _en_mots(recrutement: Recrutement, jour: date) -> str:
    """« Choisir un candidat (12 jours), recruter (1 jour) »."""
    morceaux = []
    for code, limite in retards_de(recrutement).items():
        jours = (jour - limite).days
        morceaux.append(f"{VERBES[code]} ({jours} jour{'s' * (jours > 1)})")
    texte = ", ".join(morceaux)
    return texte[:1].upper() + texte[1:]


def _colonnes(role: Role, jour: date) -> list[Colonne]:
    plusieurs = role.type != TypeRole.PREFECTURE
    return [
        Colonne(
            "reference", "Recrutement", lambda r: r.reference, tri="pk",
            lien=lambda r: reverse("recrutement:recrutement", args=[role.pk, r.pk]),
        ),
        Colonne("structure", "Structure", lambda r: r.structure.nom, tri=SansAccent("structure__denomination")),
        Colonne("engagements", "En retard pour", lambda r: _en_mots(r, jour)),
        # La plus ancienne date d'abord : le plus long retard en tête.
        Colonne("retard", "Jours de retard", lambda r: (jour - r.retard_depuis).days, tri="retard_depuis"),
        Colonne("siret", "SIRET ou RIDET", lambda r: r.structure.numero, a_l_ecran=False),
        Colonne("commune", "Commune", lambda r: r.commune.nom, tri=SansAccent("commune__nom")),
        Colonne("departement", "Département", lambda r: r.departement_id, tri="departement", a_l_ecran=plusieurs),
        Colonne("type", "Type de poste", lambda r: r.get_type_poste_display(), tri="type_poste"),
        Colonne("vacants", "Postes vacants", lambda r: r.nb_vacants, tri="nb_vacants"),
        Colonne("attribution", "Attribué le", lambda r: r.attribue_le, tri="attribue_le"),
        Colonne("etat", "État", lambda r: r.get_etat_display(), tri="etat", a_l_ecran=False),
        *[
            Colonne(code, f"Date limite pour {VERBES[code]}", attrgetter(champ), a_l_ecran=False)
            for code, champ in RETARDS.items()
        ],
    ]  # fmt: skip


def _filtrer(recrutements: RecrutementQuerySet, valeurs: dict[str, Any]) -> RecrutementQuerySet:
    if saisie := valeurs.get("recherche"):
        trouvees = Structure.objects.rechercher(saisie).order_by().values("pk")
        recrutements = recrutements.filter(structure__in=trouvees)
    for champ in ("type_poste", "departement"):
        if champ in valeurs:
            recrutements = recrutements.filter(**{champ: valeurs[champ]})
    if "region" in valeurs:
        recrutements = recrutements.filter(departement__region=valeurs["region"])
    if code := valeurs.get("engagement"):
        recrutements = recrutements.filter(**{f"{RETARDS[code]}__isnull": False})
    return recrutements


@role_requis(TypeRole.ANCT, TypeRole.PREFECTURE, TypeRole.REGION)
@lecture
def retards(request: HttpRequest) -> HttpResponseBase:
    """Les engagements en retard des structures que cet agent suit ; aucun candidat n'y est nommé."""
    role = role_de(request)
    jour = timezone.localdate()
    filtres = FiltresRetards(request.GET, role=role)
    visibles = Recrutement.objects.visibles_par(role)
    en_retard = _filtrer(service.en_retard(visibles, jour), filtres.valeurs())
    en_retard = en_retard.select_related("structure", "commune", "departement")
    liste = Liste(request, en_retard, _colonnes(role, jour), "retard", "recrutements-en-retard")
    if (fichier := liste.export()) is not None:
        return fichier
    debut = jour - timedelta(days=JOURS_PAR_DEFAUT)
    leurs = MiseEnRelation.objects.filter(recrutement__in=visibles.order_by().values("pk"))
    propositions = service.propositions_jugeables(debut=debut, relations=leurs)
    contexte = {
        "liste": liste,
        "filtres": filtres,
        "prise": service.prises_en_charge(propositions, timezone.now())[0],
        "minimum": PROPOSITIONS_MIN,
        "periode": PERIODES[PERIODE_PAR_DEFAUT].lower(),
    }
    return render(request, "recrutement/delais/retards.html", contexte)
