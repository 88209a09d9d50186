"""Le découpage administratif (Code officiel géographique de l'Insee) et ce qui se rattache à une commune."""

from typing import Any, ClassVar, cast

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, Q, TextField

from conum.socle.sql import SansAccent
from conum.territoires.recherche import EXACT, EXACT_ANCIEN, requete_recherche


class CleRecherche(Func):
    """Le nom, réduit comme le fait `rules.cle_recherche`."""

    function = "conum_recherche"
    arity = 1
    output_field = TextField()


class CleDistinctive(Func):
    """Le nom, réduit comme le fait `rules.cle_distinctive`."""

    function = "conum_distinctif"
    arity = 1
    output_field = TextField()


class TexteRecherche(Func):
    """Nom réduit, code et codes postaux, chaque mot précédé d'une espace : on y cherche des débuts de mots."""

    function = "conum_texte_recherche"
    arity = 3
    output_field = TextField()


def _colonnes_recherche() -> tuple[models.GeneratedField, models.GeneratedField, models.GeneratedField]:
    nom = models.GeneratedField(expression=CleRecherche(F("nom")), output_field=TextField(), db_persist=True)
    distinctif = models.GeneratedField(expression=CleDistinctive(F("nom")), output_field=TextField(), db_persist=True)
    texte = models.GeneratedField(
        expression=TexteRecherche(F("nom"), F("code"), F("codes_postaux")), output_field=TextField(), db_persist=True
    )
    return nom, distinctif, texte


class Region(models.Model):
    """Région, ou collectivité d'outre-mer qui en tient lieu (code à trois chiffres)."""

    code = models.CharField("code", max_length=3, primary_key=True)
    nom = models.CharField("nom", max_length=100)

    class Meta:
        verbose_name = "région"
        indexes = (models.Index(SansAccent("nom"), name="region_tri"),)

    def __str__(self) -> str:
        return self.nom


class Departement(models.Model):
    """Département, ou collectivité d'outre-mer qui en tient lieu."""

    code = models.CharField("code", max_length=3, primary_key=True)
    nom = models.CharField("nom", max_length=100)
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="departements", verbose_name="région")

    class Meta:
        verbose_name = "département"
        indexes = (models.Index(SansAccent("nom"), name="departement_tri"),)

    def __str__(self) -> str:
        return f"{self.nom} ({self.code})"


class Epci(models.Model):
    """Établissement public de coopération intercommunale à fiscalité propre."""

    code = models.CharField("SIREN", max_length=9, primary_key=True)
    nom = models.CharField("nom", max_length=200)

    class Meta:
        verbose_name = "EPCI"
        verbose_name_plural = "EPCI"
        indexes = (models.Index(SansAccent("nom"), name="epci_tri"),)

    def __str__(self) -> str:
        return self.nom


class CommuneQuerySet(models.QuerySet["Commune"]):
    def rechercher(self, texte: str, limite: int = 5) -> list["Commune"]:
        """Les `limite` communes d'aujourd'hui que ce texte désigne le mieux, en une requête.

        Le texte est un nom (accents et fautes tolérés), un code Insee, un code postal, ou un nom suivi d'un code.
        Chaque commune porte `rang` (voir recherche.py) et `via`, l'ancien nom qui l'a fait trouver, ou une chaîne vide.
        """
        requete = requete_recherche(texte, limite)
        return list(self.raw(*requete)) if requete else []

    def designees_par(self, texte: str, limite: int = 20) -> list["Commune"]:
        """Les communes dont ce texte est exactement le nom ou le code ; à défaut, celles d'un ancien nom exact."""
        trouvees = self.rechercher(texte, limite)
        for rang in (EXACT, EXACT_ANCIEN):
            if exactes := [c for c in trouvees if cast(Any, c).rang == rang]:
                return exactes
        return []

    def resoudre(self, code: str) -> "Commune | None":
        """La commune d'aujourd'hui pour un code Insee actuel ou ancien, None s'il est inconnu."""
        code = code.strip().upper().zfill(5)
        candidates = self.filter(Q(code=code, ancienne=False) | Q(anciennes__code=code, ancienne=False)).order_by(
            "-population", "code"
        )
        trouvees = list(candidates)
        directe = next((c for c in trouvees if c.code == code), None)
        return directe or (trouvees[0] if trouvees else None)


class Commune(models.Model):
    """Commune du Code officiel géographique. Disparue, elle reste, marquée `ancienne` : on peut y être rattaché."""

    class Precision(models.TextChoices):
        """D'où viennent les coordonnées, du plus sûr au plus vague."""

        CENTRE = "centre", "centre officiel"
        LIEU = "lieu", "lieu du même nom"
        CODE_POSTAL = "code_postal", "milieu des communes du même code postal"
        EPCI = "epci", "milieu des communes du même EPCI"
        DEPARTEMENT = "departement", "milieu des communes du département"

    code = models.CharField("code INSEE", max_length=5, primary_key=True)
    nom = models.CharField("nom", max_length=100)
    departement = models.ForeignKey(
        Departement, on_delete=models.PROTECT, related_name="communes", verbose_name="département"
    )
    epci = models.ForeignKey(
        Epci, on_delete=models.PROTECT, null=True, blank=True, related_name="communes", verbose_name="EPCI"
    )
    codes_postaux = ArrayField(models.CharField(max_length=5), verbose_name="codes postaux", default=list, blank=True)
    population = models.PositiveIntegerField("population", default=0)
    latitude = models.FloatField("latitude", null=True, blank=True)
    longitude = models.FloatField("longitude", null=True, blank=True)
    precision = models.CharField("précision", max_length=20, choices=Precision, blank=True)
    ancienne = models.BooleanField("ancienne", default=False)
    nom_recherche, nom_distinctif, recherche = _colonnes_recherche()

    objects: ClassVar[CommuneQuerySet] = CommuneQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "commune"
        # Sans file d'attente (`fastupdate`) : après un chargement en masse, l'index sert aussitôt.
        indexes = (
            models.Index(SansAccent("nom"), name="commune_tri"),
            GinIndex(OpClass("nom_distinctif", "gin_trgm_ops"), name="commune_nom_trgm", fastupdate=False),
            GinIndex(OpClass("recherche", "gin_trgm_ops"), name="commune_recherche_trgm", fastupdate=False),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(latitude=None, longitude=None) | Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="commune_coordonnees_valides",
                violation_error_message="Les coordonnées vont par deux, en degrés.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.nom} ({self.departement_id})"

    @property
    def region(self) -> Region:
        return self.departement.region


def resoudre_commune(code: str) -> Commune | None:
    """La commune d'aujourd'hui pour un code Insee actuel ou ancien, None s'il est inconnu."""
    return Commune.objects.resoudre(code)


class AncienneCommune(models.Model):
    """Code qui a désigné une commune, ou en désigne une partie, et mène à la commune d'aujourd'hui."""

    class Nature(models.TextChoices):
        FUSIONNEE = "fusionnee", "commune fusionnée"
        DELEGUEE = "deleguee", "commune déléguée"
        ASSOCIEE = "associee", "commune associée"
        ARRONDISSEMENT = "arrondissement", "arrondissement municipal"

    code = models.CharField("code INSEE", max_length=5)
    nom = models.CharField("nom", max_length=100, blank=True)
    nature = models.CharField("nature", max_length=20, choices=Nature)
    commune = models.ForeignKey(Commune, on_delete=models.CASCADE, related_name="anciennes", verbose_name="commune")
    codes_postaux = ArrayField(models.CharField(max_length=5), verbose_name="codes postaux", default=list, blank=True)
    nom_recherche, nom_distinctif, recherche = _colonnes_recherche()

    class Meta:
        verbose_name = "ancienne commune"
        verbose_name_plural = "anciennes communes"
        indexes = (
            GinIndex(OpClass("nom_distinctif", "gin_trgm_ops"), name="ancienne_nom_trgm", fastupdate=False),
            GinIndex(OpClass("recherche", "gin_trgm_ops"), name="ancienne_recherche_trgm", fastupdate=False),
        )
        # Une commune déléguée garde parfois le code de sa commune nouvelle : le nom distingue les deux.
        constraints = (
            models.UniqueConstraint(
                fields=("code", "nom"),
                name="ancienne_commune_unique",
                violation_error_message="Cette ancienne commune est déjà connue.",
            ),
        )

    def __str__(self) -> str:
        return self.nom or self.code


class Zonage(models.Model):
    """Classement d'une commune dans un zonage, une année donnée."""

    class Type(models.TextChoices):
        ZRR = "ZRR", "zone de revitalisation rurale"
        FRR = "FRR", "France ruralités revitalisation"
        FRR_PLUS = "FRR+", "France ruralités revitalisation plus"
        QPV = "QPV", "quartier prioritaire de la politique de la ville"

    commune = models.ForeignKey(Commune, on_delete=models.CASCADE, related_name="zonages", verbose_name="commune")
    type = models.CharField("type", max_length=4, choices=Type)
    millesime = models.PositiveSmallIntegerField("millésime")

    class Meta:
        verbose_name = "zonage"
        constraints = (
            models.UniqueConstraint(
                fields=("commune", "type", "millesime"),
                name="zonage_unique",
                violation_error_message="Cette commune est déjà dans ce zonage pour ce millésime.",
            ),
        )
        indexes = (models.Index(fields=("type", "millesime"), name="zonage_type_millesime"),)

    def __str__(self) -> str:
        return f"{self.type} {self.millesime} : {self.commune_id}"


class IndiceFragilite(models.Model):
    """Indice de fragilité numérique d'une commune (Mednum), base 100 = moyenne nationale, plus haut = plus fragile."""

    commune = models.ForeignKey(Commune, on_delete=models.CASCADE, related_name="fragilites", verbose_name="commune")
    millesime = models.PositiveSmallIntegerField("millésime")
    score_global = models.DecimalField("score global", max_digits=5, decimal_places=1)
    acces_information = models.DecimalField("accès à l’information", max_digits=5, decimal_places=1)
    acces_interfaces = models.DecimalField("accès aux interfaces numériques", max_digits=5, decimal_places=1)
    competences_administratives = models.DecimalField("compétences administratives", max_digits=5, decimal_places=1)
    competences_numeriques = models.DecimalField("compétences numériques", max_digits=5, decimal_places=1)

    class Meta:
        verbose_name = "indice de fragilité numérique"
        verbose_name_plural = "indices de fragilité numérique"
        constraints = (
            models.UniqueConstraint(
                fields=("commune", "millesime"),
                name="indice_fragilite_unique",
                violation_error_message="Cette commune a déjà un indice pour ce millésime.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.commune_id} {self.millesime} : {self.score_global}"


class ChargementCommunes(models.Model):
    """Fichier de communes déjà chargé : un redémarrage ne défait pas un rafraîchissement plus récent."""

    empreinte = models.CharField("empreinte SHA-256", max_length=64, unique=True)
    charge_le = models.DateTimeField("chargé le", auto_now=True)

    class Meta:
        verbose_name = "chargement des communes"
        verbose_name_plural = "chargements des communes"

    def __str__(self) -> str:
        return f"{self.empreinte[:8]} ({self.charge_le:%d/%m/%Y})"
