"""All settings, read from the environment. `.env.example` documents every name; a bad value stops the start."""

import os
import sys
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from fbadmin import environment as env
from fbadmin import keys, logs
from fbadmin.embedded import broker, postgres

BASE_DIR = Path(__file__).resolve().parent.parent

env_file = os.environ.get("FBADMIN_ENV_FILE", str(BASE_DIR / ".env"))
if env_file:
    env.load_file(Path(env_file))

# --- this installation ---------------------------------------------------------------------------

DEBUG = env.boolean("DEBUG")
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var"))).absolute()
SITE_URL = env.address("SITE_URL", "http://localhost:8000")
ORGANISATION = env.text("ORGANISATION")

SECRET_KEY = keys.secret_key(env.text("SECRET_KEY"), debug=DEBUG, var_dir=VAR_DIR)
# Where the keys that seal tokens come from, newest first: the first seals, all open.
TOKEN_KEYS_FROM = keys.sources(env.items("TOKEN_KEYS_FROM"))
TOKEN_KEYS = keys.token_keys(
    env.text("TOKEN_KEYS"), wanted="env" in TOKEN_KEYS_FROM, debug=DEBUG, var_dir=VAR_DIR
)
AWS_REGION = env.text("AWS_REGION")
VAULT_ADDR = env.address("VAULT_ADDR")
VAULT_TOKEN = env.text("VAULT_TOKEN")
VAULT_NAMESPACE = env.text("VAULT_NAMESPACE")

ALLOWED_HOSTS = env.items("ALLOWED_HOSTS") or (["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS")
for origin in CSRF_TRUSTED_ORIGINS:
    if not origin.startswith(("http://", "https://")):
        raise ImproperlyConfigured(
            f"CSRF_TRUSTED_ORIGINS has {origin!r} without a scheme. Write https://{origin}."
        )

# --- Meta ----------------------------------------------------------------------------------------

# The defaults are the sandbox's, which knows no other app.
META_APP_ID = env.pattern("META_APP_ID", "123456789012345", r"\d{5,20}", "123456789012345")
META_APP_SECRET = env.text("META_APP_SECRET", "0123456789abcdef0123456789abcdef")
META_APP_SECRET_PREVIOUS = env.text("META_APP_SECRET_PREVIOUS")
META_GRAPH_URL = env.address("META_GRAPH_URL", "https://graph.facebook.com")
META_DIALOG_URL = env.address("META_DIALOG_URL", "https://www.facebook.com")
META_API_VERSION = env.pattern("META_API_VERSION", "v26.0", r"v\d{1,3}\.\d{1,2}", "v26.0")
META_CLOCK_SPEED = env.number("META_CLOCK_SPEED", default=1, least=1)
META_WEBHOOK_VERIFY_TOKEN = env.text("META_WEBHOOK_VERIFY_TOKEN")
META_LOGIN_CONFIG_ID = env.text("META_LOGIN_CONFIG_ID")

# Dotted path of the function that is told of every attempt at Meta; empty: nobody listens.
GRAPH_RECORDER = "apps.health.recorder.hear"
# Seconds after which what it heard is written; 0: only when asked to.
RECORDER_SECONDS = 0.5

# How full an allowance may get, in percent: from SLOW on background work spreads out, at STOP it is put off.
META_PACE_TELL = env.number("META_PACE_TELL", default=70, least=1)
META_PACE_SLOW = env.number("META_PACE_SLOW", default=80, least=1)
META_PACE_STOP = env.number("META_PACE_STOP", default=90, least=1)
if not META_PACE_TELL <= META_PACE_SLOW <= META_PACE_STOP <= 97:
    raise ImproperlyConfigured(
        "META_PACE_TELL, META_PACE_SLOW and META_PACE_STOP must grow in this order and end at 97 at most. "
        "The usual values are 70, 80 and 90."
    )

# What every Graph client is made with besides. Tests put their own clock and sleep here.
GRAPH_CLIENT_OPTIONS: dict[str, object] = {}

# --- alerts and metrics --------------------------------------------------------------------------

ALERT_URLS = env.items("ALERT_URLS")
# Hours after which people are told again of what nobody has acknowledged.
ALERT_REMIND_HOURS = env.number("ALERT_REMIND_HOURS", default=24, least=1)
# What is looked at, causes before what they cause: a later rule leaves out what an earlier one explains.
HEALTH_RULES = [
    "apps.health.rules.background.STOPPED",
    "apps.health.rules.tokens.DEAD",
    "apps.health.rules.tokens.SCOPES",
    "apps.health.rules.tokens.DYING",
    "apps.health.rules.accounts.OFF",
    "apps.health.rules.accounts.UNREAD",
    "apps.health.rules.allowances.CLOSED",
    "apps.health.rules.allowances.HIGH",
    "apps.health.rules.answers.BROKEN",
    "apps.health.rules.answers.SLOW",
    "apps.health.rules.accounts.STALE",
    "apps.health.rules.errors.BURST",
    "apps.health.rules.errors.UNKNOWN",
    "apps.health.rules.version.ENDING",
    "apps.health.rules.channels.FAILING",
]
METRICS_TOKEN = env.text("METRICS_TOKEN")

# --- Django --------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "fbadmin",
    "apps.vault",
    "apps.ui",
    "apps.team",
    "apps.connections",
    "apps.reporting",
    "apps.health",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.facebook",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "apps.ui.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.team.middleware.LastSeenMiddleware",
    "apps.team.middleware.SecondFactorMiddleware",
]

ROOT_URLCONF = "fbadmin.urls"
WSGI_APPLICATION = "fbadmin.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.ui.context.shell",
                "apps.team.context.admins",
            ],
            "builtins": ["apps.ui.templatetags.formats"],
        },
    },
]

# --- database, cache, broker ---------------------------------------------------------------------

database_url = env.text("DATABASE_URL")
database: dict[str, Any]
if database_url:
    try:
        database = dict(dj_database_url.parse(database_url, conn_max_age=600, conn_health_checks=True))
    except (ValueError, KeyError) as error:
        raise ImproperlyConfigured(
            "DATABASE_URL can not be read. Write it like postgres://user:password@host:5432/name."
        ) from error
    if database["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured(
            "DATABASE_URL must name a PostgreSQL database: postgres://user:password@host:5432/name."
        )
else:
    database = postgres.database_config(VAR_DIR) | {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
DATABASES = {"default": database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL")
if REDIS_URL and not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    raise ImproperlyConfigured("REDIS_URL is no Redis address. Write it like redis://localhost:6379/0.")

if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "fbadmin",
        }
    }
    CELERY_BROKER_URL = REDIS_URL
    # A worker that dies gives its messages back after this many seconds.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 900, "global_keyprefix": "fbadmin:"}
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": str(VAR_DIR / "cache"),
        }
    }
    embedded_broker = broker.celery_config(VAR_DIR)
    CELERY_BROKER_URL = embedded_broker["broker_url"]
    CELERY_BROKER_TRANSPORT_OPTIONS = embedded_broker["broker_transport_options"]

CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "fbadmin"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- people --------------------------------------------------------------------------------------

AUTH_USER_MODEL = "team.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "apps.team.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
# Our own lock-out counts failed tries, in rows and with the time it reopens: apps/team/lockout.py.
ACCOUNT_RATE_LIMITS = {"login_failed": ""}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
SESSION_COOKIE_AGE = 14 * 24 * 3600

# Admins and support sign in with a second factor. Without it a stolen password is enough.
REQUIRE_TWO_FACTOR = env.boolean("REQUIRE_TWO_FACTOR", default=not DEBUG)
MFA_ADAPTER = "apps.team.second_factor.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "apps.team.second_factor.CodeForm",
    "reauthenticate": "apps.team.second_factor.ConfirmForm",
    "activate_totp": "apps.team.second_factor.PairForm",
}
MFA_TOTP_ISSUER = ORGANISATION or "fbadmin"
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TRUST_ENABLED = True
# The login at Meta connects ad accounts and signs nobody in here. We seal what comes of it; allauth keeps nothing.
SOCIALACCOUNT_ADAPTER = "apps.connections.meta_login.SocialAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
# Knows what hangs on a person above `team`, which may not look up: apps/team/belongings.py.
BELONGINGS = "apps.connections.belongings"
# How many proxies of ours add to X-Forwarded-For. None: the header is not believed.
ALLAUTH_TRUSTED_PROXY_COUNT = int(env.number("TRUSTED_PROXIES", default=0, least=0))

# --- mail ----------------------------------------------------------------------------------------

EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = int(env.number("EMAIL_PORT", default=25, least=1))
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.boolean("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("EMAIL_FROM", "fbadmin@localhost")
MAIL_CONFIGURED = bool(env.text("EMAIL_HOST"))
printed = DEBUG and not MAIL_CONFIGURED
EMAIL_BACKEND = f"django.core.mail.backends.{'console' if printed else 'smtp'}.EmailBackend"

# --- language, time, files -----------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Files are served from where they stand, with no step that collects them.
WHITENOISE_USE_FINDERS = True
# These carry their version in their name.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/(vendor/|icons-)"

# --- what the browser may do ---------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
CSRF_FAILURE_VIEW = "apps.ui.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SECURE_COOKIES = SITE_URL.startswith("https://")
SESSION_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_SECURE = SECURE_COOKIES
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_COOKIES else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE_COOKIES else None

# --- the lines at the foot of the sidebar --------------------------------------------------------

SETUP_STEPS = ["apps.reporting.setup.first_sync"]
NAVIGATION_BADGES = {
    "connections:setup": "apps.connections.setup_views.badge",
    "health:errors": "apps.health.error_views.badge",
    "health:alerts": "apps.health.alert_pulse.badge",
}
PULSE = [
    "apps.health.alert_pulse.background",
    "apps.health.pulse.rate_limits",
    "apps.connections.pulse.tokens",
    "apps.reporting.pulse.synced",
]

# What stops when a connection ends: functions `(ad accounts) -> Loss` of the parts that work through one.
STAKES = ["apps.reporting.stakes.of"]

# --- logs ----------------------------------------------------------------------------------------

LOG_LEVEL = env.pattern("LOG_LEVEL", "INFO", "DEBUG|INFO|WARNING|ERROR", "INFO")

# One JSON object a line for machines, or lines for people.
LOG_FORMAT = env.pattern("LOG_FORMAT", "text" if DEBUG else "json", "json|text", "json")
LOGGING = logs.settings(level=LOG_LEVEL, as_json=LOG_FORMAT == "json", stream=sys.stderr)

# Faults go to Sentry as well, without secrets or personal data (docs/operations.md). Needs the extra `sentry`.
SENTRY_DSN = env.text("SENTRY_DSN")
if SENTRY_DSN:
    try:
        logs.tell_sentry(SENTRY_DSN, server=SITE_URL)
    except ImportError as error:
        raise ImproperlyConfigured(
            "SENTRY_DSN is set, but sentry-sdk is not installed. Install the extra: pip install 'fbadmin[sentry]'."
        ) from error
    except ValueError as error:
        raise ImproperlyConfigured(
            "SENTRY_DSN is no DSN of a Sentry project. Copy it from the project's settings: "
            "https://key@sentry.example.com/1."
        ) from error
