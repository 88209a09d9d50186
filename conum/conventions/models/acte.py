from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import models
from django.db.models import CheckConstraint, Exists, F, OuterRef, Q

from conum.comptes.models import Role
from conum.conventions import rules
from conum.conventions.models.convention import Convention, PosteConventionne
from conum.socle.codes import LONGUEUR_CODE, lisible, nouveau_code


class Etape(models.TextChoices):
    """Où en est un acte : déduit de ses dates, jamais stocké."""

    BROUILLON = "brouillon", "En préparation"
    A_SIGNER_STRUCTURE = "a_signer_structure", "À signer par la structure"
    A_SIGNER_ETAT = "a_signer_etat", "À signer par l'État"
    SIGNE = "signe", "Signé"
    RETIRE = "retire", "Retiré"


class ObjetAvenant(models.TextChoices):
    """Ce que change un avenant ; vide pour la convention initiale."""

    RUPTURE = "rupture", "Départ d'un conseiller, remplacé ou non"
    CONTRATS = "contrats", "Contrats réels différents des contrats prévus"
    AJOUT = "ajout", "Poste ajouté"
    RETRAIT = "retrait", "Poste rendu, retiré ou transféré"
    DATES = "dates", "Dates de la convention"


class Partie(models.TextChoices):
    STRUCTURE = "structure", "La structure"
    ETAT = "etat", "L'État"


class Voie(models.TextChoices):
    ELECTRONIQUE = "electronique", "Dans l'outil, avec un second facteur"
    PAPIER = "papier", "Sur papier, exemplaire vérifié par un agent"


class ActeQuerySet(models.QuerySet["Acte"]):
    def signes(self) -> ActeQuerySet:
        return self.filter(signe_etat_le__isnull=False)

    def en_vigueur(self) -> ActeQuerySet:
        """Le dernier acte signé de chaque convention : ce que l'État engage."""
        suivant = Acte.objects.filter(
            convention=OuterRef("convention"), signe_etat_le__isnull=False, numero__gt=OuterRef("numero")
        )
        return self.signes().filter(~Exists(suivant))

    def courants(self) -> ActeQuerySet:
        """Le dernier acte non retiré de chaque convention, signé ou non : ce que l'État accorde."""
        suivant = Acte.objects.filter(
            convention=OuterRef("convention"), retire_le__isnull=True, numero__gt=OuterRef("numero")
        )
        return self.filter(~Exists(suivant), retire_le__isnull=True)

    def ouverts(self) -> ActeQuerySet:
        """Ni signés des deux parties, ni retirés : un au plus par convention."""
        return self.filter(signe_etat_le__isnull=True, retire_le__isnull=True)


class Acte(models.Model):
    """Ce qui se signe : la convention initiale (numéro 0) ou un avenant (1, 2…), son document et son montant.

    Proposé à la signature, il ne change plus : `donnees` est ce qui est imprimé, `sha256` l'empreinte du PDF. Un
    document retiré laisse sa ligne, pour que sa page de vérification dise qu'il ne vaut plus rien.
    """

    convention = models.ForeignKey(
        Convention, on_delete=models.PROTECT, related_name="actes", verbose_name="convention"
    )
    numero = models.PositiveSmallIntegerField("numéro", default=0)
    objet = models.CharField("objet de l'avenant", max_length=20, blank=True, choices=ObjetAvenant.choices)
    expose = models.TextField("exposé des motifs", blank=True)
    effet_le = models.DateField("prend effet le")
    regle_code = models.CharField("version de la règle", max_length=30)
    regle_empreinte = models.CharField("empreinte de la règle", max_length=64)
    modele_code = models.CharField("version du modèle de document", max_length=30, blank=True)
    modele_empreinte = models.CharField("empreinte du modèle", max_length=64, blank=True)
    donnees = models.JSONField("données figées", default=dict)
    total = models.DecimalField("montant de l'aide", max_digits=12, decimal_places=2, default=Decimal(0))
    plafond = models.DecimalField(
        "montant si tous les jours sont occupés", max_digits=12, decimal_places=2, default=Decimal(0)
    )
    document = models.FileField("document", upload_to="conventions/actes/", blank=True, max_length=200)
    sha256 = models.CharField("empreinte SHA-256 du document", max_length=64, blank=True)
    code = models.CharField(
        "code de vérification", max_length=LONGUEUR_CODE, unique=True, default=nouveau_code, editable=False
    )
    propose_le = models.DateTimeField("proposé à la signature le", null=True, blank=True)
    signe_structure_le = models.DateTimeField("signé par la structure le", null=True, blank=True)
    signe_etat_le = models.DateTimeField("signé par l'État le", null=True, blank=True)
    # Repris des données d'avant conum : le document signé est ailleurs, conum n'en garde ni fichier ni signature.
    hors_outil = models.BooleanField("signé hors de l'outil", default=False)
    retire_le = models.DateTimeField("retiré le", null=True, blank=True)
    retire_motif = models.TextField("motif du retrait", blank=True)
    created_at = models.DateTimeField("créé le", auto_now_add=True)

    objects = ActeQuerySet.as_manager()

    class Meta:
        verbose_name = "acte"
        constraints = (
            models.UniqueConstraint(
                fields=("convention", "numero"),
                condition=Q(retire_le=None),
                name="acte_numero_unique",
                violation_error_message="Cet acte existe déjà.",
            ),
            models.UniqueConstraint(
                fields=("convention",),
                condition=Q(retire_le=None, signe_etat_le=None),
                name="acte_un_seul_ouvert",
                violation_error_message="Un acte est déjà en cours pour cette convention.",
            ),
            CheckConstraint(
                name="acte_objet_d_avenant",
                condition=Q(numero=0, objet="") | (Q(numero__gt=0) & ~Q(objet="")),
                violation_error_message="Un avenant a un objet, la convention initiale n'en a pas.",
            ),
            CheckConstraint(
                name="acte_propose_avec_document",
                condition=Q(propose_le=None, document="", sha256="")
                | (Q(propose_le__isnull=False) & ~Q(document="") & Q(sha256__regex=r"^[0-9a-f]{64}$")),
                violation_error_message="Un acte proposé à la signature a un document et son empreinte.",
            ),
            CheckConstraint(
                name="acte_signatures_dans_l_ordre",
                condition=(Q(signe_structure_le=None) | Q(propose_le__isnull=False) | Q(hors_outil=True))
                & (Q(signe_etat_le=None) | Q(signe_structure_le__isnull=False)),
                violation_error_message="L'État signe après la structure, et chacune un document proposé.",
            ),
            CheckConstraint(
                name="acte_hors_outil",
                condition=Q(hors_outil=False) | Q(hors_outil=True, propose_le=None, signe_etat_le__isnull=False),
                violation_error_message="Un acte signé hors de l'outil est signé des deux parties, sans document ici.",
            ),
            CheckConstraint(
                name="acte_retrait_motive",
                condition=Q(retire_le=None, retire_motif="")
                | (Q(retire_le__isnull=False, signe_etat_le=None) & ~Q(retire_motif="")),
                violation_error_message="Un acte retiré porte un motif, et un acte signé ne se retire pas.",
            ),
            CheckConstraint(
                name="acte_montants_positifs",
                condition=Q(total__gte=0, plafond__gte=F("total")),
                violation_error_message="Le montant de l'aide est positif et ne dépasse pas celui de la règle.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.titre} de {self.convention}"

    @property
    def titre(self) -> str:
        return f"Avenant n° {self.numero}" if self.numero else "Convention initiale"

    @property
    def libelle_etape(self) -> str:
        """L'étape, accordée : une convention est signée, un avenant est signé."""
        accord = "e" if not self.numero and self.etape in (Etape.SIGNE, Etape.RETIRE) else ""
        return f"{self.etape.label}{accord}"

    @property
    def reference(self) -> str:
        """« CV-00042 » ou « CV-00042-A1 »."""
        return f"{self.convention.reference}-A{self.numero}" if self.numero else self.convention.reference

    @property
    def etape(self) -> Etape:
        if self.retire_le:
            return Etape.RETIRE
        if self.signe_etat_le:
            return Etape.SIGNE
        if self.signe_structure_le:
            return Etape.A_SIGNER_ETAT
        return Etape.A_SIGNER_STRUCTURE if self.propose_le else Etape.BROUILLON

    @property
    def est_signe(self) -> bool:
        return self.etape == Etape.SIGNE

    @property
    def code_lisible(self) -> str:
        """« ABCD-EFGH-JKLM »."""
        return lisible(self.code)

    @property
    def date_du_dernier_fait(self) -> datetime:
        return self.retire_le or self.signe_etat_le or self.signe_structure_le or self.propose_le or self.created_at


class LigneActe(models.Model):
    """Ce qu'un acte accorde pour un poste, une année civile et une tranche de la règle : l'atome de tous les totaux.

    Structure, département, financeur et année se lisent d'ici, par les liens : une seule somme, rangée autrement.
    """

    acte = models.ForeignKey(Acte, on_delete=models.CASCADE, related_name="lignes", verbose_name="acte")
    poste = models.ForeignKey(
        PosteConventionne, on_delete=models.PROTECT, related_name="lignes", verbose_name="poste conventionné"
    )
    annee = models.PositiveSmallIntegerField("année civile")
    nature = models.CharField("nature", max_length=15, choices=[(n.value, n.value.capitalize()) for n in rules.Nature])
    tranche = models.PositiveSmallIntegerField("tranche de la règle")
    jours = models.PositiveSmallIntegerField("jours financés")
    jours_vacants = models.PositiveSmallIntegerField("jours vacants")
    montant = models.DecimalField("montant", max_digits=12, decimal_places=2)
    plafond = models.DecimalField("montant si tous les jours sont occupés", max_digits=12, decimal_places=2)

    class Meta:
        verbose_name = "ligne d'acte"
        verbose_name_plural = "lignes d'acte"
        constraints = (
            models.UniqueConstraint(
                fields=("acte", "poste", "annee", "nature", "tranche"),
                name="ligne_acte_unique",
                violation_error_message="Cette ligne existe déjà.",
            ),
            CheckConstraint(
                name="ligne_acte_montant",
                condition=Q(montant__gte=0),
                violation_error_message="Le montant d'une ligne est positif.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.poste_id} {self.annee} {self.nature} {self.tranche} : {self.montant}"


class Signature(models.Model):
    """Qui a signé quoi : la personne, sa qualité, la date, la voie, et l'empreinte du document qu'elle a lu."""

    acte = models.ForeignKey(Acte, on_delete=models.PROTECT, related_name="signatures", verbose_name="acte")
    partie = models.CharField("partie", max_length=10, choices=Partie.choices)
    voie = models.CharField("voie", max_length=15, choices=Voie.choices)
    # Sur papier, l'agent qui a vérifié l'exemplaire.
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="+", verbose_name="rôle")
    nom = models.CharField("nom du signataire", max_length=200)
    qualite = models.CharField("qualité", max_length=200)
    sha256 = models.CharField("empreinte du document signé", max_length=64)
    second_facteur = models.CharField("second facteur présenté", max_length=20, blank=True)
    exemplaire = models.ForeignKey(
        "conventions.Piece",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="exemplaire papier",
    )
    signee_le = models.DateTimeField("signée le")

    class Meta:
        verbose_name = "signature"
        constraints = (
            models.UniqueConstraint(
                fields=("acte", "partie"),
                name="signature_une_par_partie",
                violation_error_message="Cette partie a déjà signé.",
            ),
            CheckConstraint(
                name="signature_voie",
                condition=(Q(voie=Voie.ELECTRONIQUE, exemplaire=None) & ~Q(second_facteur=""))
                | Q(voie=Voie.PAPIER, exemplaire__isnull=False, second_facteur=""),
                violation_error_message="Signée dans l'outil, un second facteur ; sur papier, son exemplaire.",
            ),
            CheckConstraint(
                name="signature_empreinte",
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"),
                violation_error_message="Une signature porte l'empreinte du document signé.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.nom} pour {self.get_partie_display()}, {self.acte}"
