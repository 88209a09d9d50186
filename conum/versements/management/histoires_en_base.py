"""Des histoires tirées au sort, écrites en base : structures, postes, rattachements, personnes et contrats validés."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import count, pairwise

from django.contrib.auth.hashers import make_password
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone
from stdnum import luhn

from conum.conventions.actions.preparation import Preparation
from conum.conventions.management.histoires import Histoire
from conum.conventions.rules import Contrat as ContratDeRegle
from conum.conventions.rules.prevision import Hypothese, Suite
from conum.postes.models import Contrat, Poste, Rattachement
from conum.postes.models.poste import UN_JOUR
from conum.postes.states import Etat as EtatContrat
from conum.socle.texte import normaliser
from conum.structures.models import Structure
from conum.territoires.models import Commune
from conum.utilisateurs.models import Utilisateur

SALAIRE = Decimal("2200.00")
LOT = 2_000


@dataclass(frozen=True)
class Ecrite:
    """Une histoire et ses lignes ; `contrats` : ceux de la base, sans chevauchement."""

    histoire: Histoire
    structure: Structure
    poste: Poste
    contrats: tuple[ContratDeRegle, ...]

    @property
    def preparation(self) -> Preparation:
        """La convention de l'histoire ; après ses contrats, le poste n'est pas supposé pourvu."""
        convention = self.histoire.convention
        return Preparation(
            self.structure,
            [self.poste],
            convention.debut,
            convention.fin - UN_JOUR,
            phase=self.histoire.regle.phase.value,
            hypotheses={self.poste.pk: Hypothese(Suite.NON_POURVU)},
            zones=[self.poste.pk] if self.histoire.poste.zone_prioritaire else [],
        )


def _sans_chevauchement(contrats: Sequence[ContratDeRegle]) -> tuple[ContratDeRegle, ...]:
    """La base refuse deux contrats le même jour sur un poste : chacun s'arrête au début du suivant."""
    arretes = [
        ContratDeRegle(a.debut, min(a.fin or b.debut, b.debut), a.type)
        for a, b in pairwise(contrats)
        if a.debut < b.debut
    ]
    return (*arretes, *contrats[-1:])


def _siret(numero: int) -> str:
    siren = f"8{numero:07}"
    siren += luhn.calc_check_digit(siren)
    return f"{siren}0001{luhn.calc_check_digit(siren + '0001')}"


def _structure(numero: int, histoire: Histoire, commune: Commune) -> Structure:
    statut = histoire.poste.statut.value
    nom = f"Structure d'essai {numero}"
    return Structure(
        siret=_siret(numero),
        denomination=nom,
        statut=statut,
        categorie="association" if statut == "prive" else "collectivite",
        commune=commune,
        nom_recherche=normaliser(nom),
        nom_cle=normaliser(nom),
    )


def ecrire(histoires: Iterable[Histoire], commune_de: Callable[[Histoire], Commune]) -> list[Ecrite]:
    """Écrit tout en une requête par table ; deux histoires d'une même structure gardent la même."""
    histoires, numeros = list(histoires), count()
    par_cle: dict[tuple[int, str, str], Structure] = {}
    for h in histoires:
        commune = commune_de(h)
        cle = (h.structure, h.poste.statut.value, commune.departement_id)
        if cle not in par_cle:
            par_cle[cle] = _structure(next(numeros), h, commune)
    Structure.objects.bulk_create(par_cle.values(), batch_size=LOT)
    postes = Poste.objects.bulk_create([Poste() for _ in histoires], batch_size=LOT)
    ecrites = [
        Ecrite(
            h,
            par_cle[(h.structure, h.poste.statut.value, commune_de(h).departement_id)],
            poste,
            _sans_chevauchement(h.contrats),
        )
        for h, poste in zip(histoires, postes, strict=True)
    ]
    Rattachement.objects.bulk_create(
        [
            Rattachement(poste=e.poste, structure=e.structure, periode=DateRange(e.histoire.convention.debut, None))
            for e in ecrites
        ],
        batch_size=LOT,
    )
    _contrats(ecrites)
    return ecrites


def _contrats(ecrites: Sequence[Ecrite]) -> None:
    """Une personne par contrat, toutes différentes."""
    a_ecrire = [(e.poste, c) for e in ecrites for c in e.contrats]
    inutilisable = make_password(None)
    personnes = Utilisateur.objects.bulk_create(
        [
            Utilisateur(email=f"essai{i}@example.com", prenom="Essai", nom=f"Personne {i}", password=inutilisable)
            for i, _ in enumerate(a_ecrire)
        ],
        batch_size=LOT,
    )
    maintenant = timezone.now()
    Contrat.objects.bulk_create(
        [
            Contrat(
                poste=poste,
                personne=personne,
                periode=DateRange(c.debut, c.fin),
                type="cdd" if c.fin else "cdi",
                salaire=SALAIRE,
                etat=EtatContrat.VALIDE,
                valide_le=maintenant,
            )
            for (poste, c), personne in zip(a_ecrire, personnes, strict=True)
        ],
        batch_size=LOT,
    )
