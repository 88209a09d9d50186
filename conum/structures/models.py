from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import TrigramSimilarity
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Left, NullIf
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.socle.sql import SansAccent
from conum.socle.texte import normaliser
from conum.structures import rules
from conum.structures.states import EtatChangement, EtatRattachement
from conum.territoires.models import Commune

_PUBLIQUES = [c.code for c in rules.PUBLIQUES]
_PRIVEES = [c.code for c in rules.PRIVEES]


NOM_TRI = SansAccent(Coalesce(NullIf(F("nom_usage"), Value("")), F("denomination")))
"""Le nom montré (`Structure.nom`), sous sa forme de tri ; indexé."""


class StatutJuridique(models.TextChoices):
    PUBLIC = rules.Statut.PUBLIC.value, "Publique"
    PRIVE = rules.Statut.PRIVE.value, "Privée"


class StructureQuerySet(models.QuerySet["Structure"]):
    def actives(self) -> StructureQuerySet:
        """Sans celles qui ont été fusionnées dans une autre."""
        return self.filter(fusionnee_dans=None)

    def visibles_par(self, role: Role) -> StructureQuerySet:
        """Ce que ce rôle a le droit de voir ; un périmètre vide ne voit rien."""
        match role.type:
            case TypeRole.ANCT:
                return self.all()
            case TypeRole.PREFECTURE if role.departement_id:
                return self.filter(commune__departement_id=role.departement_id)
            case TypeRole.REGION if role.region_id:
                return self.filter(commune__departement__region_id=role.region_id)
            case TypeRole.STRUCTURE if role.pk:
                return self.filter(pk__in=Membre.objects.filter(role_id=role.pk).values("structure_id"))
            case TypeRole.RESEAU if role.code:
                return self.filter(reseau=role.code)
            case TypeRole.HUB if role.code:
                return self.filter(hub=role.code)
        return self.none()

    def rechercher(self, saisie: str) -> StructureQuerySet:
        """Tous les mots du nom (sans accent), ou un SIRET, un SIREN, un RIDET, même incomplets."""
        chiffres = rules.compacter(saisie)
        if chiffres.isascii() and chiffres.isdigit() and len(chiffres) >= 5:
            numero = Q(siret__startswith=chiffres) | Q(ridet__startswith=chiffres)
            anciens = AncienIdentifiant.objects.filter(valeur=chiffres).values("structure")
            return self.filter(numero | Q(pk__in=anciens))
        requete = self
        for mot in normaliser(saisie).split():
            requete = requete.filter(nom_recherche__contains=mot)
        return requete

    def par_identifiant(self, identifiant: rules.Identifiant) -> Structure | None:
        """La structure qui répond aujourd'hui à ce SIRET ou RIDET, y compris après une fusion ou un changement."""
        # Une seule question, légère : le plus souvent, personne n'a ce numéro. Un numéro désigne une structure au plus.
        anciens = AncienIdentifiant.objects.filter(valeur=identifiant.valeur).values_list("structure_id")
        actuelles = self.filter(**{identifiant.type.value: identifiant.valeur}).order_by().values_list("pk")
        cles = list(anciens.union(actuelles, all=True))
        trouvee = self.model.objects.get(pk=cles[0][0]) if cles else None
        while trouvee is not None and trouvee.fusionnee_dans is not None:
            trouvee = trouvee.fusionnee_dans
        return trouvee

    def ressemblant_a(
        self, *, denomination: str, commune: Commune, siren: str = "", adresse: str = "", sauf: int | None = None
    ) -> StructureQuerySet:
        """Quasi-doublons : même SIREN, nom proche dans la commune ou le département, même adresse dans la commune."""
        nom, voie = rules.cle_de_nom(denomination), rules.cle_d_adresse(adresse)
        meme_lieu = Q(commune=commune)
        meme_departement = Q(commune__departement_id=commune.departement_id)
        # L'opérateur % (seuil 0,3) passe par l'index trigramme ; les seuils fins s'appliquent au peu qui reste.
        proche = Q(nom_cle__trigram_similar=nom)
        raisons = proche & meme_lieu & Q(ressemblance__gte=rules.SEUIL_NOM_COMMUNE)
        raisons |= proche & meme_departement & Q(ressemblance__gte=rules.SEUIL_NOM_DEPARTEMENT)
        if siren:
            raisons |= Q(siren=siren)
        if voie:
            raisons |= meme_lieu & Q(adresse_cle=voie)
        candidates = self.actives().annotate(ressemblance=TrigramSimilarity("nom_cle", nom)).filter(raisons)
        if sauf is not None:
            candidates = candidates.exclude(pk=sauf)
        return candidates.order_by("-ressemblance", "pk")


class Structure(models.Model):
    """Structure d'accueil : un SIRET (ou RIDET), une structure. Fusionnée, elle reste et renvoie à l'autre."""

    siret = models.CharField(
        "SIRET", max_length=14, null=True, blank=True, unique=True,
        error_messages={"unique": "Une structure est déjà inscrite avec ce SIRET."},
    )  # fmt: skip
    ridet = models.CharField(
        "RIDET", max_length=7, null=True, blank=True, unique=True,
        error_messages={"unique": "Une structure est déjà inscrite avec ce RIDET."},
    )  # fmt: skip
    siren = models.GeneratedField(
        expression=Left("siret", 9),
        output_field=models.CharField("SIREN", max_length=9, null=True),
        db_persist=True,
    )
    denomination = models.CharField("dénomination", max_length=300)
    nom_usage = models.CharField("nom d'usage", max_length=300, blank=True)
    statut = models.CharField("statut", max_length=10, choices=StatutJuridique.choices)
    categorie = models.CharField("catégorie", max_length=30, choices=[(c.code, c.libelle) for c in rules.CATEGORIES])
    categorie_juridique = models.CharField("catégorie juridique INSEE", max_length=4, blank=True)
    adresse = models.CharField("adresse", max_length=250, blank=True)
    code_postal = models.CharField("code postal", max_length=5, blank=True)
    commune = models.ForeignKey(Commune, on_delete=models.PROTECT, related_name="+", verbose_name="commune")
    # Faux tant que personne n'a rapproché nom et adresse du registre : saisie libre, import.
    identite_verifiee = models.BooleanField("identité vérifiée", default=False)
    reseau = models.CharField("grand réseau", max_length=50, blank=True)
    hub = models.CharField("hub", max_length=50, blank=True)
    fusionnee_dans = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="fusionnees",
        verbose_name="fusionnée dans",
    )
    created_at = models.DateTimeField("créée le", auto_now_add=True)
    # Formes de comparaison, tenues par save().
    nom_recherche = models.CharField(max_length=600, editable=False)
    nom_cle = models.CharField(max_length=300, editable=False)
    adresse_cle = models.CharField(max_length=250, editable=False, blank=True)

    objects = StructureQuerySet.as_manager()

    class Meta:
        verbose_name = "structure"
        constraints = (
            models.CheckConstraint(
                name="structure_siret_ou_ridet",
                condition=Q(siret=None) | Q(ridet=None),
                violation_error_message="Une structure a un SIRET ou un RIDET, pas les deux.",
            ),
            models.CheckConstraint(
                name="structure_siret_14_chiffres",
                condition=Q(siret=None) | Q(siret__regex=r"^[0-9]{14}$"),
                violation_error_message="Un SIRET compte 14 chiffres.",
            ),
            models.CheckConstraint(
                name="structure_ridet_6_ou_7",
                condition=Q(ridet=None) | Q(ridet__regex=r"^[0-9]{6,7}$"),
                violation_error_message="Un RIDET compte 6 ou 7 chiffres.",
            ),
            models.CheckConstraint(
                name="structure_sans_identifiant_a_verifier",
                condition=Q(siret__isnull=False) | Q(ridet__isnull=False) | Q(identite_verifiee=False),
                violation_error_message="Sans SIRET ni RIDET, l'identité ne peut pas être vérifiée.",
            ),
            models.CheckConstraint(
                name="structure_statut_de_sa_categorie",
                condition=Q(statut="public", categorie__in=_PUBLIQUES) | Q(statut="prive", categorie__in=_PRIVEES),
                violation_error_message="Le statut public ou privé ne correspond pas à la catégorie.",
            ),
            models.CheckConstraint(
                name="structure_categorie_juridique",
                condition=Q(categorie_juridique__regex=r"^([0-9]{4})?$"),
                violation_error_message="Une catégorie juridique compte quatre chiffres.",
            ),
            models.CheckConstraint(
                name="structure_code_postal",
                condition=Q(code_postal__regex=r"^([0-9]{5})?$"),
                violation_error_message="Un code postal compte cinq chiffres.",
            ),
            models.CheckConstraint(
                name="structure_pas_fusionnee_en_elle_meme",
                condition=Q(fusionnee_dans=None) | ~Q(fusionnee_dans=F("id")),
                violation_error_message="Une structure ne se fusionne pas dans elle-même.",
            ),
        )
        indexes = (
            GinIndex(OpClass("nom_recherche", name="gin_trgm_ops"), name="structure_nom_recherche"),
            GinIndex(OpClass("nom_cle", name="gin_trgm_ops"), name="structure_nom_cle"),
            models.Index(fields=("commune", "adresse_cle"), name="structure_adresse"),
            models.Index(NOM_TRI, "id", name="structure_tri"),
            models.Index(fields=("siren",), name="structure_siren"),
            models.Index(fields=("reseau",), name="structure_reseau", condition=~Q(reseau="")),
            models.Index(fields=("hub",), name="structure_hub", condition=~Q(hub="")),
        )

    def __str__(self) -> str:
        return self.nom

    @property
    def nom(self) -> str:
        """Le nom à montrer : celui d'usage, sinon la dénomination du registre."""
        return self.nom_usage or self.denomination

    @property
    def numero(self) -> str:
        """SIRET ou RIDET, vide s'il n'y en a pas."""
        return self.siret or self.ridet or ""

    @property
    def identifiant(self) -> str:
        """SIRET ou RIDET mis en forme, vide s'il n'y en a pas."""
        return rules.formater_identifiant(self.numero)

    @property
    def est_publique(self) -> bool:
        return self.statut == StatutJuridique.PUBLIC

    @property
    def adresse_complete(self) -> str:
        ville = f"{self.code_postal} {self.commune.nom}".strip()
        return ", ".join(morceau for morceau in (self.adresse, ville) if morceau)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.nom_recherche = normaliser(f"{self.denomination} {self.nom_usage}")[:600]
        self.nom_cle = rules.cle_de_nom(self.denomination)[:300]
        self.adresse_cle = rules.cle_d_adresse(self.adresse)[:250]
        super().save(*args, **kwargs)


class AncienIdentifiant(models.Model):
    """SIRET ou RIDET qui a désigné la structure : après une fusion ou un changement, il mène encore à elle."""

    structure = models.ForeignKey(Structure, on_delete=models.CASCADE, related_name="anciens_identifiants")
    valeur = models.CharField("SIRET ou RIDET", max_length=14, unique=True)
    created_at = models.DateTimeField("depuis le", auto_now_add=True)

    class Meta:
        verbose_name = "ancien identifiant"
        verbose_name_plural = "anciens identifiants"

    def __str__(self) -> str:
        return rules.formater_identifiant(self.valeur)


class AntenneQuerySet(models.QuerySet["Antenne"]):
    def ouvertes(self) -> AntenneQuerySet:
        return self.filter(fermee_le=None)


class Antenne(models.Model):
    """Lieu ou service d'une structure qui en a plusieurs sous un même SIRET."""

    structure = models.ForeignKey(Structure, on_delete=models.PROTECT, related_name="antennes")
    nom = models.CharField("nom", max_length=200)
    adresse = models.CharField("adresse", max_length=250, blank=True)
    code_postal = models.CharField("code postal", max_length=5, blank=True)
    commune = models.ForeignKey(Commune, on_delete=models.PROTECT, related_name="+", verbose_name="commune")
    fermee_le = models.DateField("fermée le", null=True, blank=True)
    created_at = models.DateTimeField("créée le", auto_now_add=True)

    objects = AntenneQuerySet.as_manager()

    class Meta:
        verbose_name = "antenne"
        constraints = (
            models.UniqueConstraint(
                fields=("structure", "nom"),
                condition=Q(fermee_le=None),
                name="antenne_nom_unique",
                violation_error_message="Une antenne ouverte porte déjà ce nom.",
            ),
            models.CheckConstraint(
                name="antenne_code_postal",
                condition=Q(code_postal__regex=r"^([0-9]{5})?$"),
                violation_error_message="Un code postal compte cinq chiffres.",
            ),
        )

    def __str__(self) -> str:
        return self.nom

    @property
    def adresse_complete(self) -> str:
        ville = f"{self.code_postal} {self.commune.nom}".strip()
        return ", ".join(morceau for morceau in (self.adresse, ville) if morceau)


class MembreQuerySet(models.QuerySet["Membre"]):
    def actifs(self) -> MembreQuerySet:
        """Ceux qui peuvent encore se connecter : un compte fermé ou effacé ne répond plus."""
        return self.filter(role__actif=True, role__utilisateur__is_active=True)


class Membre(models.Model):
    """Rattache un rôle de type structure à sa structure. Chacun la gère ; un seul est contact principal."""

    structure = models.ForeignKey(Structure, on_delete=models.PROTECT, related_name="membres")
    role = models.OneToOneField(Role, on_delete=models.PROTECT, related_name="membre")
    contact_principal = models.BooleanField("contact principal", default=False)
    fonction = models.CharField("fonction", max_length=100, blank=True)
    telephone = models.CharField("téléphone", max_length=20, blank=True)
    created_at = models.DateTimeField("membre depuis le", auto_now_add=True)

    objects = MembreQuerySet.as_manager()

    class Meta:
        verbose_name = "membre"
        constraints = (
            models.UniqueConstraint(
                fields=("structure",),
                condition=Q(contact_principal=True),
                name="membre_un_contact_principal",
                violation_error_message="Une structure a un seul contact principal.",
            ),
        )

    def __str__(self) -> str:
        return self.role.utilisateur.get_full_name()


class DemandeRattachement(models.Model):
    """Demande à rejoindre une structure déjà inscrite : le second demandeur n'en crée pas un doublon."""

    structure = models.ForeignKey(Structure, on_delete=models.PROTECT, related_name="demandes_rattachement")
    email = models.EmailField("adresse électronique")
    prenom = models.CharField("prénom", max_length=100)
    nom = models.CharField("nom", max_length=100)
    fonction = models.CharField("fonction", max_length=100)
    telephone = models.CharField("téléphone", max_length=20, blank=True)
    message = models.TextField("message", max_length=1000, blank=True)
    etat = models.CharField("état", max_length=20, choices=EtatRattachement.choices, default=EtatRattachement.DEPOSEE)
    motif_refus = models.TextField("motif du refus", max_length=1000, blank=True)
    traitee_le = models.DateTimeField("traitée le", null=True, blank=True)
    created_at = models.DateTimeField("déposée le", auto_now_add=True)

    class Meta:
        verbose_name = "demande de rattachement"
        verbose_name_plural = "demandes de rattachement"
        constraints = (
            models.UniqueConstraint(
                fields=("structure", "email"),
                condition=Q(etat=EtatRattachement.DEPOSEE),
                name="rattachement_une_demande_ouverte",
                violation_error_message="Une demande est déjà en attente pour cette adresse.",
            ),
            models.CheckConstraint(
                name="rattachement_traite_est_date",
                condition=Q(etat=EtatRattachement.DEPOSEE, traitee_le=None)
                | (~Q(etat=EtatRattachement.DEPOSEE) & Q(traitee_le__isnull=False)),
                violation_error_message="Une demande traitée porte sa date, une demande ouverte n'en a pas.",
            ),
            models.CheckConstraint(
                name="rattachement_refus_motive",
                condition=~Q(etat=EtatRattachement.REFUSEE) | ~Q(motif_refus=""),
                violation_error_message="Un refus porte un motif.",
            ),
        )
        indexes = (
            models.Index(
                fields=("created_at",), condition=Q(etat=EtatRattachement.DEPOSEE), name="rattachement_ouvert"
            ),
        )

    def __str__(self) -> str:
        return f"{self.prenom} {self.nom} ({self.structure})"


class ChangementContact(models.Model):
    """Changement de contact principal, confirmé par courriel des deux côtés (sauf sortant déclaré injoignable)."""

    structure = models.ForeignKey(Structure, on_delete=models.PROTECT, related_name="changements_contact")
    # SET_NULL : retirer un membre efface son rattachement, pas l'histoire du changement.
    sortant = models.ForeignKey(Membre, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    entrant = models.ForeignKey(Membre, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    propose_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    etat = models.CharField("état", max_length=20, choices=EtatChangement.choices, default=EtatChangement.PROPOSE)
    # Seules les empreintes des liens sont gardées ; vide : ce côté n'a rien à confirmer.
    jeton_sortant = models.CharField(max_length=64, blank=True)
    jeton_entrant = models.CharField(max_length=64, unique=True)
    sortant_confirme_le = models.DateTimeField("confirmé par le sortant le", null=True, blank=True)
    entrant_confirme_le = models.DateTimeField("confirmé par l'entrant le", null=True, blank=True)
    sortant_dispense = models.CharField("pourquoi le sortant n'a pas à confirmer", max_length=500, blank=True)
    expire_le = models.DateTimeField("expire le")
    created_at = models.DateTimeField("proposé le", auto_now_add=True)

    class Meta:
        verbose_name = "changement de contact principal"
        verbose_name_plural = "changements de contact principal"
        constraints = (
            models.UniqueConstraint(
                fields=("structure",),
                condition=Q(etat=EtatChangement.PROPOSE),
                name="changement_contact_un_seul_ouvert",
                violation_error_message="Un changement de contact principal est déjà en attente.",
            ),
            models.UniqueConstraint(
                fields=("jeton_sortant",), condition=~Q(jeton_sortant=""), name="changement_contact_jeton_sortant"
            ),
            models.CheckConstraint(
                name="changement_contact_applique_confirme",
                condition=~Q(etat=EtatChangement.APPLIQUE)
                | (
                    Q(entrant_confirme_le__isnull=False)
                    & (Q(sortant_confirme_le__isnull=False) | ~Q(sortant_dispense=""))
                ),
                violation_error_message="Le changement n'est pas confirmé des deux côtés.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.structure} : {self.get_etat_display()}"

    @property
    def est_ouvert(self) -> bool:
        return self.etat == EtatChangement.PROPOSE and self.expire_le > timezone.now()
