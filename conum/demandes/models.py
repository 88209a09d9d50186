from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import OuterRef, Q, Sum
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.demandes import rules
from conum.demandes.states import AVANT_DEPOT, CLOS, DECIDES, OUVERTS, Etat, EtatSession
from conum.journal.acteurs import Acteur
from conum.postes.models import TypePoste
from conum.structures.models import Structure
from conum.territoires.models import Commune, Departement
from conum.territoires.rules import cle_recherche


class Nature(models.TextChoices):
    INITIALE = "initiale", "Demande d'accueil"
    AJOUT = "ajout", "Avenant : postes supplémentaires"
    RENDU = "rendu", "Avenant : postes rendus"


class TempsCoordination(models.TextChoices):
    PLEIN = "FT", "Uniquement la coordination"
    PARTIEL = "PT", "Coordination et accompagnement du public"


class SensAvis(models.TextChoices):
    FAVORABLE = "favorable", "Favorable"
    DEFAVORABLE = "defavorable", "Défavorable"


class SensDecision(models.TextChoices):
    ATTRIBUEE = "attribuee", "Attribuée"
    REFUSEE = "refusee", "Refusée"


def _communes_nommees(saisie: str) -> list[str]:
    """Codes des communes dont le nom porte tous ces mots, au plus 200 : au-delà, la recherche ne trie plus rien."""
    mots = cle_recherche(saisie).split()
    if not mots or len("".join(mots)) < 2:
        return []
    communes = Commune.objects.order_by()
    for mot in mots:
        communes = communes.filter(recherche__contains=f" {mot}")
    return list(communes.values_list("pk", flat=True)[:200])


class SessionComite(models.Model):
    """Une réunion du comité national de sélection. Le numéro est un texte : la 62e a eu une suite, « 62BIS »."""

    numero = models.CharField(
        "numéro", max_length=20, unique=True, error_messages={"unique": "Une session porte déjà ce numéro."}
    )
    date = models.DateField("date")
    etat = models.CharField("état", max_length=20, choices=EtatSession.choices, default=EtatSession.PREPARATION)
    # Reprise de données publiées : ses attributions ne consomment aucune enveloppe ouverte ici.
    historique = models.BooleanField("session historique", default=False)
    close_le = models.DateTimeField("close le", null=True, blank=True)
    # Figé à la clôture : une structure renommée plus tard ne change pas un procès-verbal signé.
    proces_verbal = models.JSONField("procès-verbal", null=True, blank=True)
    created_at = models.DateTimeField("créée le", auto_now_add=True)

    class Meta:
        verbose_name = "session du comité"
        verbose_name_plural = "sessions du comité"
        constraints = (
            models.CheckConstraint(
                name="session_close_datee",
                condition=Q(etat=EtatSession.TENUE, close_le__isnull=False)
                | Q(etat=EtatSession.PREPARATION, close_le=None),
                violation_error_message="Une session tenue porte sa date de clôture.",
            ),
            models.CheckConstraint(
                name="session_tenue_a_son_proces_verbal",
                condition=Q(etat=EtatSession.PREPARATION) | Q(historique=True) | Q(proces_verbal__isnull=False),
                violation_error_message="Une session tenue a son procès-verbal.",
            ),
        )

    def __str__(self) -> str:
        return f"Comité n° {self.numero}"


class DemandeQuerySet(models.QuerySet["Demande"]):
    def visibles_par(self, acteur: Acteur) -> DemandeQuerySet:
        """Les demandes déposées que ce rôle peut lire ; un périmètre vide ne voit rien.

        Une demande jamais confirmée n'appartient qu'à la personne qui l'écrit : aucun rôle ne la lit.
        """
        if not isinstance(acteur, Role):
            return self.none()
        deposees = self.exclude(etat__in=AVANT_DEPOT).filter(structure__isnull=False)
        match acteur.type:
            case TypeRole.ANCT:
                return deposees
            case TypeRole.PREFECTURE if acteur.departement_id:
                return deposees.filter(departement=acteur.departement_id)
            case TypeRole.REGION if acteur.region_id:
                return deposees.filter(departement__region=acteur.region_id)
            case TypeRole.STRUCTURE | TypeRole.RESEAU | TypeRole.HUB:
                # La sous-requête garde un seul endroit où se décide ce qu'un rôle voit d'une structure.
                return deposees.filter(structure__in=Structure.objects.visibles_par(acteur).order_by().values("pk"))
            case _:
                return self.none()

    def rechercher(self, saisie: str) -> DemandeQuerySet:
        """Par référence (« D-00042 », « 42 »), par structure (nom, SIRET) ou par commune, accents ou non.

        Chaque critère est une sous-requête servie par son index : un OU de jointures lirait toute la table.
        """
        par_structure = Structure.objects.rechercher(saisie).order_by().values("pk")
        trouvees = Demande.objects.filter(structure__in=par_structure).order_by().values("pk")
        autres = []
        if communes := _communes_nommees(saisie):
            autres.append(Demande.objects.filter(commune__in=communes).order_by().values("pk"))
        if (numero := rules.numero_de_reference(saisie)) is not None:
            autres.append(Demande.objects.filter(pk=numero).order_by().values("pk"))
        return self.filter(pk__in=trouvees.union(*autres) if autres else trouvees)

    def ouvertes(self) -> DemandeQuerySet:
        return self.filter(etat__in=OUVERTS)

    def sans_avis(self) -> DemandeQuerySet:
        return self.filter(etat=Etat.DEPOSEE)

    def pretes_pour_le_comite(self) -> DemandeQuerySet:
        """Avis rendu, pas encore décidée."""
        return self.filter(etat__in=(Etat.EN_INSTRUCTION, Etat.EXAMEN_COMPLEMENTAIRE))

    def en_retard(self, aujourdhui: date) -> DemandeQuerySet:
        """Déposées depuis plus de 14 jours et toujours sans avis."""
        limite = timezone.make_aware(datetime.combine(aujourdhui - rules.DELAI_AVIS, time()))
        return self.sans_avis().filter(deposee_le__lt=limite)

    def inscriptibles(self) -> DemandeQuerySet:
        """Prêtes pour le comité et à l'ordre du jour d'aucune session."""
        return self.pretes_pour_le_comite().filter(session=None)

    def avec_avis(self) -> DemandeQuerySet:
        """Annote `sens_avis` et `motif_avis` (avis en vigueur)."""
        avis = Avis.objects.filter(demande=OuterRef("pk"), remplace_le=None)
        return self.annotate(
            sens_avis=models.Subquery(avis.values("sens")[:1]), motif_avis=models.Subquery(avis.values("motif")[:1])
        )


class Demande(models.Model):
    """Une structure demande des postes (initiale, ajout) ou en rend. Un seul chemin : avis, comité, décision.

    Avant le dépôt, seule `saisie` est remplie : ce que la personne a tapé, tel quel. Les colonnes sont remplies au
    moment de soumettre, la structure au moment de confirmer : une adresse jamais prouvée ne réserve aucun SIRET.
    """

    etat = models.CharField("état", max_length=30, choices=Etat.choices, default=Etat.BROUILLON)
    nature = models.CharField("nature", max_length=20, choices=Nature.choices, default=Nature.INITIALE)
    type_poste = models.CharField(
        "type de poste", max_length=20, choices=TypePoste.choices, default=TypePoste.CONSEILLER
    )
    temps_coordination = models.CharField(
        "temps de coordination", max_length=2, choices=TempsCoordination.choices, blank=True
    )
    structure = models.ForeignKey(
        Structure, on_delete=models.PROTECT, null=True, blank=True, related_name="demandes", verbose_name="structure"
    )
    commune = models.ForeignKey(
        Commune, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="commune d'exercice"
    )
    # Recopié de la commune : la liste de travail d'une préfecture se lit dans un seul index.
    departement = models.ForeignKey(
        Departement, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="département"
    )
    postes_demandes = models.PositiveSmallIntegerField("postes demandés", null=True, blank=True)
    debut_souhaite = models.DateField("début souhaité", null=True, blank=True)
    candidat_identifie = models.BooleanField("candidat déjà identifié", default=False)
    motivation = models.TextField("motivation", blank=True)
    motif_avenant = models.CharField("motif de l'avenant", max_length=30, blank=True)
    engagements = ArrayField(models.CharField(max_length=30), verbose_name="engagements", default=list, blank=True)

    contact_prenom = models.CharField("prénom du contact", max_length=100, blank=True)
    contact_nom = models.CharField("nom du contact", max_length=100, blank=True)
    contact_fonction = models.CharField("fonction du contact", max_length=100, blank=True)
    contact_email = models.EmailField("adresse électronique du contact", blank=True)
    contact_telephone = models.CharField("téléphone du contact", max_length=20, blank=True)

    saisie = models.JSONField("saisie en cours", default=dict, blank=True)
    jeton_reprise = models.CharField("empreinte du lien de reprise", max_length=64, blank=True)
    jeton_confirmation = models.CharField("empreinte du lien de confirmation", max_length=64, blank=True)

    soumise_le = models.DateTimeField("soumise le", null=True, blank=True)
    confirmable_jusqu_au = models.DateTimeField("confirmable jusqu'au", null=True, blank=True)
    deposee_le = models.DateTimeField("déposée le", null=True, blank=True)
    close_le = models.DateTimeField("close le", null=True, blank=True)
    motif_cloture = models.TextField("motif de clôture", blank=True)
    question = models.TextField("complément demandé", blank=True)
    reponse = models.TextField("réponse au complément", blank=True)
    session = models.ForeignKey(
        SessionComite,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="demandes",
        verbose_name="session du comité",
    )
    created_at = models.DateTimeField("créée le", auto_now_add=True)
    updated_at = models.DateTimeField("modifiée le", auto_now=True)

    objects = DemandeQuerySet.as_manager()

    class Meta:
        verbose_name = "demande"
        constraints = (
            models.CheckConstraint(
                name="demande_deposee_complete",
                condition=Q(etat__in=AVANT_DEPOT | {Etat.SANS_SUITE})
                | Q(
                    structure__isnull=False,
                    commune__isnull=False,
                    departement__isnull=False,
                    postes_demandes__isnull=False,
                    deposee_le__isnull=False,
                ),
                violation_error_message="Une demande déposée a structure, commune, postes et date de dépôt.",
            ),
            models.CheckConstraint(
                name="demande_postes_bornes",
                condition=Q(postes_demandes=None)
                | Q(postes_demandes__gte=rules.POSTES_MIN, postes_demandes__lte=rules.POSTES_MAX)
                | Q(etat=Etat.ATTRIBUEE),
                violation_error_message="Demandez de 1 à 30 postes.",
            ),
            models.CheckConstraint(
                name="demande_close_datee",
                condition=Q(etat__in=CLOS, close_le__isnull=False) | (~Q(etat__in=CLOS) & Q(close_le=None)),
                violation_error_message="Une demande close porte sa date de clôture.",
            ),
            models.CheckConstraint(
                name="demande_a_confirmer_echeance",
                condition=~Q(etat=Etat.A_CONFIRMER) | Q(confirmable_jusqu_au__isnull=False, soumise_le__isnull=False),
                violation_error_message="Une demande à confirmer porte son échéance.",
            ),
            models.UniqueConstraint(
                fields=("structure", "type_poste"),
                condition=Q(etat__in=OUVERTS, nature=Nature.INITIALE),
                name="demande_initiale_ouverte_unique",
                violation_error_message="Cette structure a déjà une demande en cours pour ce type de poste.",
            ),
            models.UniqueConstraint(
                fields=("structure",),
                condition=Q(etat__in=OUVERTS, nature__in=[Nature.AJOUT, Nature.RENDU]),
                name="demande_avenant_ouvert_unique",
                violation_error_message="Un avenant est déjà en cours d'instruction pour cette structure.",
            ),
        )
        indexes = (
            models.Index(fields=("departement", "etat", "deposee_le"), name="demande_liste_de_travail"),
            models.Index(fields=("etat", "deposee_le"), name="demande_etat_depot"),
            models.Index(fields=("jeton_reprise",), name="demande_reprise", condition=~Q(jeton_reprise="")),
            models.Index(
                fields=("jeton_confirmation",), name="demande_confirmation", condition=~Q(jeton_confirmation="")
            ),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """« D-00042 », ce que les deux parties citent au téléphone."""
        return f"D-{self.pk:05d}" if self.pk else "D-nouvelle"

    @property
    def est_ouverte(self) -> bool:
        return self.etat in OUVERTS

    @property
    def est_decidee(self) -> bool:
        return self.etat in DECIDES

    @property
    def avis_en_vigueur(self) -> Avis | None:
        return next((a for a in self.avis.all() if a.remplace_le is None), None)

    @property
    def jours_depuis_depot(self) -> int | None:
        if self.deposee_le is None:
            return None
        return rules.jours_depuis(timezone.localdate(self.deposee_le), timezone.localdate())

    @property
    def est_en_retard(self) -> bool:
        if self.deposee_le is None or self.etat != Etat.DEPOSEE:
            return False
        return rules.est_en_retard(timezone.localdate(self.deposee_le), timezone.localdate())


class Avis(models.Model):
    """Avis du préfet. Le modifier en ajoute un : l'ancien reste, daté de son remplacement."""

    demande = models.ForeignKey(Demande, on_delete=models.PROTECT, related_name="avis", verbose_name="demande")
    sens = models.CharField("sens", max_length=20, choices=SensAvis.choices)
    motif = models.TextField("motif")
    transfert_de = models.ForeignKey(
        Structure,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="poste transféré depuis",
    )
    role = models.ForeignKey(Role, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="rendu par")
    created_at = models.DateTimeField("rendu le", auto_now_add=True)
    remplace_le = models.DateTimeField("remplacé le", null=True, blank=True)

    class Meta:
        verbose_name = "avis"
        verbose_name_plural = "avis"
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("demande",),
                condition=Q(remplace_le=None),
                name="avis_en_vigueur_unique",
                violation_error_message="Un avis vient d'être rendu sur cette demande : relisez-la.",
            ),
        )

    def __str__(self) -> str:
        return f"Avis {self.get_sens_display().lower()} sur {self.demande_id}"


class Enveloppe(models.Model):
    """Nombre de postes que le comité peut attribuer une année : une ligne nationale, une par département."""

    annee = models.PositiveSmallIntegerField("année")
    departement = models.ForeignKey(
        Departement, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="département"
    )
    postes = models.PositiveIntegerField("postes")

    class Meta:
        verbose_name = "enveloppe"
        constraints = (
            models.UniqueConstraint(
                fields=("annee", "departement"),
                nulls_distinct=False,
                name="enveloppe_unique",
                violation_error_message="Cette enveloppe existe déjà pour cette année.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.departement or 'National'} {self.annee}"


@dataclass(frozen=True)
class Soldes:
    """Enveloppes d'une année et ce qui en est attribué : le seul calcul, pour les écrans, les fichiers et la garde."""

    annee: int
    national: rules.Solde
    departements: dict[str, rules.Solde]

    def du_departement(self, code: str) -> rules.Solde:
        return self.departements.get(code, rules.Solde(None, 0))

    @classmethod
    def de(cls, annee: int) -> Soldes:
        """Trois chiffres par territoire, en deux requêtes. Sous verrou des enveloppes, ils ne bougent plus."""
        lues = Enveloppe.objects.filter(annee=annee).order_by().values_list("departement", "postes")
        enveloppes: dict[str | None, int] = dict(lues)
        attribues = Decision.objects.consommantes(annee).postes_par_departement()
        national = rules.Solde(enveloppes.pop(None, None), sum(attribues.values()))
        codes = {c for c in enveloppes if c} | attribues.keys()
        return cls(annee, national, {c: rules.Solde(enveloppes.get(c), attribues.get(c, 0)) for c in codes})


class DecisionQuerySet(models.QuerySet["Decision"]):
    def consommantes(self, annee: int) -> DecisionQuerySet:
        """Les attributions qui entament les enveloppes de l'année : ni les postes rendus, ni les reprises."""
        return (
            self.filter(annee=annee, sens=SensDecision.ATTRIBUEE)
            .filter(Q(session=None) | Q(session__historique=False))
            .exclude(demande__nature=Nature.RENDU)
        )

    def postes(self) -> int:
        return int(self.aggregate(total=Sum("postes_accordes"))["total"] or 0)

    def postes_par_departement(self) -> dict[str, int]:
        lignes = self.order_by().values("departement_id").annotate(total=Sum("postes_accordes"))
        return {ligne["departement_id"]: ligne["total"] for ligne in lignes}


class Decision(models.Model):
    """Décision du comité (ou individuelle, hors session) sur une demande."""

    demande = models.OneToOneField(Demande, on_delete=models.PROTECT, related_name="decision", verbose_name="demande")
    sens = models.CharField("sens", max_length=20, choices=SensDecision.choices)
    postes_accordes = models.PositiveSmallIntegerField("postes accordés", default=0)
    motifs = ArrayField(models.CharField(max_length=30), verbose_name="motifs de refus", default=list, blank=True)
    motif_libre = models.TextField("précision du motif", blank=True)
    observations = models.TextField("observations", blank=True)
    prioritaire = models.BooleanField("prioritaire", default=False)
    session = models.ForeignKey(
        SessionComite, on_delete=models.PROTECT, null=True, blank=True, related_name="decisions", verbose_name="session"
    )
    annee = models.PositiveSmallIntegerField("année d'enveloppe")
    departement = models.ForeignKey(
        Departement, on_delete=models.PROTECT, related_name="+", verbose_name="département d'enveloppe"
    )
    role = models.ForeignKey(Role, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="décidée par")
    created_at = models.DateTimeField("décidée le", auto_now_add=True)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        verbose_name = "décision"
        constraints = (
            models.CheckConstraint(
                name="decision_postes_selon_sens",
                condition=Q(sens=SensDecision.ATTRIBUEE, postes_accordes__gte=1)
                | Q(sens=SensDecision.REFUSEE, postes_accordes=0),
                violation_error_message="Une attribution porte sur un poste au moins ; un refus n'en donne aucun.",
            ),
            models.CheckConstraint(
                name="decision_refus_motive",
                condition=~Q(sens=SensDecision.REFUSEE) | ~Q(motifs=[]),
                violation_error_message="Un refus porte au moins un motif publié.",
            ),
        )
        indexes = (models.Index(fields=("annee", "departement"), name="decision_enveloppe"),)

    def __str__(self) -> str:
        return f"{self.get_sens_display()} : {self.demande_id}"

    @property
    def libelles_motifs(self) -> list[str]:
        publies: dict[str, Any] = rules.motifs_refus(self.demande.type_poste)
        return [publies.get(code, code) for code in self.motifs]


class ImportDecisions(models.Model):
    """Un tableau de décisions lu mais pas encore appliqué : ce que la personne a vu ligne à ligne, gardé tel quel.

    `lignes` : [{ligne, reference, siret, structure, demande, decision, postes, motifs, motif_libre, observations,
    erreur}]. Effacé après 30 jours (jobs.py) : le journal garde les décisions.
    """

    session = models.ForeignKey(SessionComite, on_delete=models.CASCADE, related_name="imports", verbose_name="session")
    fichier = models.CharField("fichier", max_length=200)
    lignes = models.JSONField("lignes", default=list)
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="+", verbose_name="déposé par")
    created_at = models.DateTimeField("déposé le", auto_now_add=True)
    applique_le = models.DateTimeField("appliqué le", null=True, blank=True)

    class Meta:
        verbose_name = "import de décisions"
        verbose_name_plural = "imports de décisions"

    def __str__(self) -> str:
        return f"{self.fichier} ({self.session})"
