from datetime import date

from django.db import transaction

from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.postes.models import Poste, Rattachement
from conum.structures.models import Structure


def creer_postes(
    structure: Structure, *, nombre: int, type_poste: str, debut: date, par: Acteur, motif: str = ""
) -> list[Poste]:
    """Crée `nombre` postes numérotés, rattachés à la structure à partir de `debut`.

    Le droit est prouvé par l'appelant : attribuer une demande (demandes.actions) est la seule façon d'arriver ici.
    """
    with transaction.atomic(savepoint=False):
        postes = Poste.objects.bulk_create([Poste(type=type_poste) for _ in range(nombre)])
        Rattachement.objects.bulk_create(
            [Rattachement(poste=p, structure=structure, periode=(debut, None)) for p in postes]
        )
        numeros = [p.numero for p in postes]
        noter(structure, "creer_postes", par=par, motif=motif, donnees={"postes": numeros, "debut": debut.isoformat()})
        return postes


def rendre_postes(
    structure: Structure, *, nombre: int, type_poste: str, le: date, par: Acteur, motif: str = ""
) -> list[Poste]:
    """Met fin, le jour `le`, au rattachement de `nombre` postes libres, les derniers attribués d'abord.

    Raises:
        TransitionImpossible: la structure a moins de postes libres que demandé.
    """
    with transaction.atomic():
        Structure.objects.select_for_update(no_key=True).get(pk=structure.pk)
        libres = list(Poste.objects.libres_de(structure, le).filter(type=type_poste).order_by("-numero")[:nombre])
        if len(libres) < nombre:
            raise TransitionImpossible(
                f"La structure n'a que {len(libres)} poste(s) libre(s) : elle ne peut pas en rendre {nombre}."
            )
        for rattachement in Rattachement.objects.filter(
            poste__in=libres, structure=structure, periode__contains=le
        ).order_by("pk"):
            if rattachement.periode.lower >= le:
                # Attribué et rendu le même jour : la période serait vide, la base la refuse.
                raise TransitionImpossible("Un poste ne se rend qu'à partir du lendemain de son attribution.")
            rattachement.periode = (rattachement.periode.lower, le)
            rattachement.save(update_fields=["periode"])
        noter(
            structure,
            "rendre_postes",
            par=par,
            motif=motif,
            donnees={"postes": [p.numero for p in libres], "le": le.isoformat()},
        )
        return libres
