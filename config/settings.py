"""Réglages de conum. Sans aucune variable d'environnement, on obtient un poste de développement qui marche.

Chaque variable est lue par config/env.py et décrite dans docs/guides/exploiter.md (un test le vérifie).
"""

import os
import secrets
from datetime import timedelta

from csp.constants import NONE, SELF

from config import depot, env
from conum.versements.rules.coffre import est_une_cle, nouvelle_cle
from conum.versements.rules.iban import CompteInvalide, lire_bic, lire_iban

RACINE, VAR = env.RACINE, env.VAR
ENVIRONNEMENT = env.choix("CONUM_ENV", ("dev", "prod"), "dev")
EN_PRODUCTION = ENVIRONNEMENT == "prod"


def _cle_secrete() -> str:
    """En production, fournie ; en développement, tirée au sort une fois et gardée sous var/."""
    cle = env.texte("SECRET_KEY")
    if cle:
        return cle
    if EN_PRODUCTION:
        raise env.ReglageInvalide("SECRET_KEY est obligatoire en production.")
    fichier = VAR / "cle-secrete"
    if not fichier.exists():
        VAR.mkdir(parents=True, exist_ok=True)
        fichier.write_text(secrets.token_urlsafe(50))
        fichier.chmod(0o600)
    return fichier.read_text()


def _cles_bancaires() -> list[str]:
    """Ce qui chiffre les IBAN. La première chiffre, toutes déchiffrent ; en développement, gardée sous var/."""
    cles = env.liste("CONUM_CLES_BANCAIRES")
    if not cles:
        if EN_PRODUCTION:
            raise env.ReglageInvalide("CONUM_CLES_BANCAIRES est obligatoire en production.")
        fichier = VAR / "cle-bancaire"
        if not fichier.exists():
            VAR.mkdir(parents=True, exist_ok=True)
            fichier.touch(0o600)
            fichier.write_text(nouvelle_cle())
        cles = [fichier.read_text()]
    if not all(est_une_cle(cle) for cle in cles):
        raise env.ReglageInvalide("CONUM_CLES_BANCAIRES : chaque clé se tire par « bin/manage nouvelle_cle_bancaire ».")
    return cles


def _payeur() -> dict[str, str]:
    """Le compte d'où partent les virements ; hors production, un compte d'exemple tient lieu de réglage."""
    exemple = ("", "", "") if EN_PRODUCTION else ("FR7630001007941234567890185", "BDFEFRPPCCT", "Payeur d'essai")
    iban, bic = env.texte("CONUM_PAYEUR_IBAN", exemple[0]), env.texte("CONUM_PAYEUR_BIC", exemple[1])
    nom = env.texte("CONUM_PAYEUR_NOM", exemple[2]).strip()
    try:
        return {"iban": lire_iban(iban) if iban else "", "bic": lire_bic(bic), "nom": nom}
    except CompteInvalide as erreur:
        raise env.ReglageInvalide(f"CONUM_PAYEUR_IBAN ou CONUM_PAYEUR_BIC : {erreur}") from None


SECRET_KEY = _cle_secrete()
CLES_BANCAIRES = _cles_bancaires()
PAYEUR = _payeur()
DEBUG = env.booleen("CONUM_DEBUG")
ALLOWED_HOSTS = env.liste("CONUM_HOTES", "" if EN_PRODUCTION else "localhost,127.0.0.1,[::1],testserver")
# Adresse publique : sert aux liens des courriels, jamais déduite d'un en-tête de la requête.
SITE_URL = env.texte("CONUM_SITE_URL", "http://localhost:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "dsfr",
    "widget_tweaks",
    "django_htmx",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "procrastinate.contrib.django",
    "conum.socle",
    "conum.ui",
    "conum.utilisateurs",
    "conum.territoires",
    "conum.journal",
    "conum.courriels",
    "conum.comptes",
    "conum.structures",
    "conum.postes",
    "conum.demandes",
    "conum.formations",
    "conum.recrutement",
    "conum.conventions",
    "conum.versements",
    "conum.portail",
]

MIDDLEWARE = [
    "conum.socle.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "conum.ui.middleware.MaintenanceMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "conum.socle.middleware.LimiteCorpsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "conum.comptes.middleware.RoleMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "conum.ui.context_processors.ui",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"


def _base() -> dict[str, object]:
    url = env.texte("DATABASE_URL")
    if not url:
        from config import base_embarquee  # une base fournie se passe du paquet embarqué

        url = base_embarquee.PRINCIPALE.url(env.texte("CONUM_BASE", "conum"))
    reglage = env.base_de_donnees(url)
    options = {**reglage["OPTIONS"], "pool": {"min_size": 1, "max_size": 10, "timeout": 10}}  # type: ignore[dict-item]
    # Le pool vérifie chaque connexion avant de la prêter : une base redémarrée n'est vue de personne.
    return {**reglage, "OPTIONS": options, "CONN_HEALTH_CHECKS": True}


DATABASES = {"default": _base()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "socle_cache"},
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True

LANGUAGE_CODE = "fr"
TIME_ZONE = "Europe/Paris"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STORAGES = {
    "default": depot.stockage(),
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if EN_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not EN_PRODUCTION
MEDIA_ROOT = env.texte("CONUM_DEPOT", str(VAR / "depot"))

# --- Comptes -------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "utilisateurs.Utilisateur"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "portail:tableau_de_bord"
LOGOUT_REDIRECT_URL = "portail:accueil"
# On se connecte par un code envoyé à son adresse, par une clé d'accès ou par ProConnect : aucun mot de passe.
ACCOUNT_ADAPTER = "conum.comptes.adaptateurs.AdaptateurCompte"
ACCOUNT_FORMS = {
    "request_login_code": "conum.comptes.forms.DemandeCodeForm",
    "confirm_login_code": "conum.comptes.forms.SaisieCodeForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
# Le courriel à une adresse inconnue est de conum (views/connexion.py) : celui d'allauth propose de s'inscrire.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = 2
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = int(timedelta(minutes=15).total_seconds())
ACCOUNT_LOGIN_BY_CODE_FORMAT = {"numeric": True, "length": 8, "dashed": True}
ACCOUNT_LOGIN_TIMEOUT = int(timedelta(minutes=30).total_seconds())
# Une préfecture entière peut sortir par une seule adresse IP : la limite par IP est large, celle par adresse stricte.
ACCOUNT_RATE_LIMITS = {
    "login": "60/10m/ip",
    "request_login_code": "60/10m/ip,5/15m/key",
    "login_failed": "60/10m/ip,10/15m/key",
    "reauthenticate": "20/10m/user",
}
ACCOUNT_EMAIL_NOTIFICATIONS = True
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if env.booleen("CONUM_DERRIERE_MANDATAIRE") else 0
MFA_ADAPTER = "conum.comptes.adaptateurs.AdaptateurSecondFacteur"
MFA_FORMS = {
    "authenticate": "conum.comptes.forms.VerifierCodeForm",
    "reauthenticate": "conum.comptes.forms.ReverifierCodeForm",
    "activate_totp": "conum.comptes.forms.ActiverApplicationForm",
    "add_webauthn": "conum.comptes.forms.AjouterCleForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Conseiller numérique"
MFA_TOTP_TOLERANCE = 1
# Un poste de développement ou d'essai est servi sans TLS, sur localhost.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not EN_PRODUCTION
# ProConnect : actif dès que l'émetteur est donné.
PROCONNECT_URL = env.texte("CONUM_PROCONNECT_URL").rstrip("/")
PROCONNECT_CLIENT_ID = env.texte("CONUM_PROCONNECT_CLIENT_ID")
PROCONNECT_CLIENT_SECRET = env.texte("CONUM_PROCONNECT_CLIENT_SECRET")

# --- Courriels : le worker envoie ; sans serveur configuré, la ligne se lit à /courriels ---------------------------
EMAIL_HOST = env.texte("CONUM_SMTP_HOTE")
EMAIL_PORT = env.entier("CONUM_SMTP_PORT", 25)
EMAIL_HOST_USER = env.texte("CONUM_SMTP_UTILISATEUR")
EMAIL_HOST_PASSWORD = env.texte("CONUM_SMTP_MOT_DE_PASSE")
EMAIL_USE_TLS = env.booleen("CONUM_SMTP_TLS", EN_PRODUCTION)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.texte("CONUM_EXPEDITEUR", "Conseiller numérique <ne-pas-repondre@conum.example>")
COURRIELS_REPONDRE_A = env.texte("CONUM_REPONDRE_A")
COURRIELS_LISIBLES = not EN_PRODUCTION
# Adresses ou domaines (« @exemple.fr ») à qui l'on a le droit d'écrire ; vide : tout le monde.
COURRIELS_AUTORISES = env.liste("CONUM_COURRIELS_AUTORISES")

# --- Sécurité ------------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_SSL_REDIRECT = EN_PRODUCTION
# Le répartiteur de charge interroge chaque serveur sans TLS.
SECURE_REDIRECT_EXEMPT = [r"^sante/$"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = EN_PRODUCTION
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if EN_PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = EN_PRODUCTION
if env.booleen("CONUM_DERRIERE_MANDATAIRE"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Un formulaire pèse quelques kilo-octets, un fichier importé quelques méga-octets.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
DATA_UPLOAD_MAX_NUMBER_FILES = 5
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
CORPS_MAXIMAL = 10_000_000

# --- Systèmes extérieurs : « faux » hors ligne, « reel » sur le réseau ---------------------------------------------
PASSERELLES = {
    nom: env.choix(f"CONUM_PASSERELLE_{nom.upper()}", ("faux", "reel"), "reel" if EN_PRODUCTION else "faux")
    for nom in ("entreprises", "geo_api")
}

# --- Travaux -------------------------------------------------------------------------------------------------------
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
# Un travail quotidien manqué pendant un arrêt part au redémarrage, au lieu d'attendre le lendemain.
PROCRASTINATE_PERIODIC_DEFAULTS = {"max_delay": timedelta(days=7).total_seconds()}
PROCRASTINATE_WORKER_DEFAULTS = {
    "concurrency": env.entier("CONUM_WORKER_SIMULTANES", 4),
    "delete_jobs": "successful",
    "shutdown_graceful_timeout": 30,
}

NOM_DU_SERVICE = "Conseiller numérique"
UI_NAVIGATION = "conum.portail.navigation.pour"
UI_PIED = "conum.portail.navigation.pied"
CSRF_FAILURE_VIEW = "conum.ui.views.erreur_csrf"
# « oui » : tout le site répond par une page d'explication, sauf /sante/ et les fichiers statiques.
MAINTENANCE = env.booleen("CONUM_MAINTENANCE")
# Nom et adresse de l'hébergeur, écrits dans les mentions légales.
HEBERGEUR = env.texte("CONUM_HEBERGEUR")
SILENCED_SYSTEM_CHECKS: list[str] = []

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "conum.socle.contexte.FiltreRequestId"}},
    "formatters": {"ligne": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "ligne", "filters": ["request_id"]}},
    "root": {"handlers": ["console"], "level": "INFO" if not os.environ.get("PYTEST_VERSION") else "ERROR"},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "psycopg.pool": {"level": "ERROR"},
        "procrastinate": {"level": "WARNING"},
    },
}
