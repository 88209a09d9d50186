"""Ce que les conventions et les postes se contredisent : une requête par sorte, ajoutée à la page des alarmes."""

from datetime import date, timedelta

from django.db.models import Exists, F, OuterRef, QuerySet

from conum.conventions.models.convention import Convention, PosteConventionne
from conum.conventions.states import EN_VIGUEUR, Etat
from conum.journal.acteurs import Acteur
from conum.postes.models import Contrat, Poste, Rattachement
from conum.postes.models.alarmes import POSTES, Alarme
from conum.postes.rules.delais import plus_mois

CONVENTIONS = "conventions"
JOURS_SANS_CONVENTION = timedelta(days=30)
MOIS_AVANT_LE_TERME = 3
"""Un contrat peut courir au-delà de la convention (texte du programme) : on ne s'en alarme que près du terme."""


def _visibles(acteur: Acteur) -> QuerySet[Convention]:
    return Convention.objects.visibles_par(acteur).select_related("structure")


def _occupe(jour: date) -> Exists:
    """Le poste conventionné a un contrat en cours ce jour-là."""
    return Exists(Contrat.objects.en_cours(jour).filter(poste=OuterRef("poste")))


def _porte_ailleurs(jour: date) -> Exists:
    """Le poste est porté ce jour-là, ou plus tard, par une convention retenue."""
    return Exists(
        PosteConventionne.objects.filter(poste=OuterRef("poste"), retenu=True, periode__endswith__gt=jour).exclude(
            convention=OuterRef("convention")
        )
    )


def finies_et_occupees(acteur: Acteur, jour: date) -> QuerySet[Convention]:
    """La convention est terminée ou résiliée, une personne y est encore, et rien ne la suit."""
    restes = PosteConventionne.objects.filter(
        _occupe(jour), ~_porte_ailleurs(jour), convention=OuterRef("pk"), retenu=True, periode__endswith__lte=jour
    )
    return _visibles(acteur).filter(Exists(restes), etat__in=[Etat.TERMINEE, Etat.RESILIEE])


def vides(acteur: Acteur, jour: date) -> QuerySet[Convention]:
    """Active, commencée, et la structure n'a plus aucun de ses postes."""
    garde = Rattachement.objects.filter(
        poste=OuterRef("poste"), structure=OuterRef("convention__structure"), periode__contains=jour
    )
    gardes = PosteConventionne.objects.filter(Exists(garde), convention=OuterRef("pk"), retenu=True)
    return _visibles(acteur).filter(~Exists(gardes), etat__in=sorted(EN_VIGUEUR), periode__contains=jour)


def contrats_au_dela(acteur: Acteur, jour: date) -> QuerySet[Convention]:
    """Le terme est dans les trois mois, un contrat court au-delà, rien ne suit et la structure n'a rien répondu."""
    limite = plus_mois(jour, MOIS_AVANT_LE_TERME)
    # « not_gt » : n'a aucun jour au-delà de la période du poste.
    au_dela = (
        Contrat.objects.en_cours(jour).filter(poste=OuterRef("poste")).exclude(occupation__not_gt=OuterRef("periode"))
    )
    postes = PosteConventionne.objects.filter(
        Exists(au_dela),
        ~_porte_ailleurs(jour),
        convention=OuterRef("pk"),
        retenu=True,
        periode__endswith=F("convention__periode__endswith"),
    )
    return _visibles(acteur).filter(
        Exists(postes),
        etat__in=sorted(EN_VIGUEUR),
        periode__endswith__gt=jour,
        periode__endswith__lte=limite,
        non_renouvellement_le=None,
    )


def avenants_apres_le_terme(acteur: Acteur, jour: date) -> QuerySet[Convention]:
    return _visibles(acteur).filter(etat=Etat.AVENANT_EN_COURS, periode__endswith__lte=jour)


def sans_convention(acteur: Acteur, jour: date) -> QuerySet[Poste]:
    """Occupé depuis plus de trente jours, jamais entré dans une convention (une convention finie a son alarme)."""
    occupes = Contrat.objects.en_cours(jour).filter(
        poste=OuterRef("pk"), periode__startswith__lt=jour - JOURS_SANS_CONVENTION
    )
    portes = PosteConventionne.objects.filter(poste=OuterRef("pk"), retenu=True)
    postes = Poste.objects.visibles_par(acteur).a_la_date(jour).avec_vacance(jour)
    return postes.filter(Exists(occupes), ~Exists(portes), structure_id_du_jour__isnull=False)  # type: ignore[misc]


ALARMES: dict[str, Alarme] = {
    alarme.code: alarme
    for alarme in (
        Alarme(
            "sans-convention",
            "Poste occupé sans convention depuis plus de trente jours",
            "Une personne est en poste et rien n'engage l'État : aucune aide ne peut être versée.",
            "Préparer une convention, ou ajouter le poste par un avenant",
            sans_convention,
            sur=POSTES,
        ),
        Alarme(
            "conventions-finies",
            "Convention finie, poste encore occupé",
            "La convention est terminée ou résiliée ; une personne occupe encore un de ses postes.",
            "Renouveler la convention, ou retirer le poste",
            finies_et_occupees,
            sur=CONVENTIONS,
        ),
        Alarme(
            "conventions-vides",
            "Convention active, tous ses postes partis",
            "La structure n'a plus aucun des postes de cette convention : ils sont rendus ou transférés.",
            "Résilier la convention",
            vides,
            sur=CONVENTIONS,
        ),
        Alarme(
            "contrats-au-dela",
            "Contrat qui dépasse une convention bientôt finie",
            "La convention finit dans les trois mois, un contrat continue, et la structure n'a pas répondu.",
            "Renouveler la convention, ou demander à la structure sa réponse",
            contrats_au_dela,
            sur=CONVENTIONS,
        ),
        Alarme(
            "avenants-apres-le-terme",
            "Avenant encore ouvert après le terme",
            "La convention ne se termine pas tant que son avenant n'est ni signé ni abandonné.",
            "Signer ou abandonner l'avenant",
            avenants_apres_le_terme,
            sur=CONVENTIONS,
        ),
    )
}
