"""Every setting, in one file. What comes from the environment is read through `config.env` and checked there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.urls import reverse_lazy

from config import env
from config.secrets import secret_keys
from config.version import version

BASE_DIR = env.ROOT
DATA_DIR = env.data_dir()
VERSION = version()

# -- where we are

PUBLIC_URL = env.public_url()
_PUBLIC = urlsplit(PUBLIC_URL)
#: Development is when nobody outside can be meant: PUBLIC_URL is unset or names this machine.
DEVELOPMENT = _PUBLIC.hostname in ("127.0.0.1", "localhost", "::1")
DEBUG = False
ALLOWED_HOSTS = [_PUBLIC.hostname or "", "127.0.0.1", "localhost", "[::1]"]

#: The first signs and seals, all of them verify and open.
SECRET_KEY, *SECRET_KEY_FALLBACKS = secret_keys(DATA_DIR, development=DEVELOPMENT)
SEALING_SECRETS = [SECRET_KEY, *SECRET_KEY_FALLBACKS]

# -- the house

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "customers",
    "carts",
    "recovery",
]
MIDDLEWARE = [
    "config.headers.SecurityHeaders",
    "config.shortcut.WebhooksFirst",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "customers.admin.second_step.SecondStep",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
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
            ]
        },
    }
]

# -- the servers

DATABASES = {"default": env.database() | {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.redis_url()

CELERY_BROKER_URL = env.broker_url()
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "inbox"
CELERY_TASK_ACKS_LATE = False  # a lost bell is rung again by beat; one that is rung twice finds nothing to do
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# -- language, time, files

LANGUAGE_CODE = "en"
LANGUAGES = [(code, code) for code in ("en", "fi", "nb", "sv", "de", "fr")]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"]
WHITENOISE_USE_FINDERS = True

# -- the door

OUTGOING_LOOPBACK = False  # whether config/lib/http may call this machine: only where a test puts a stand-in there
WEBHOOK_BODY_LIMIT = 2 * 1024 * 1024  # bytes; the largest saved checkouts of any platform are far below
DATA_UPLOAD_MAX_MEMORY_SIZE = WEBHOOK_BODY_LIMIT
STORE_CACHE_SECONDS = 5  # for so long a changed or revoked webhook secret may still be seen as it was
DELIVERY_RETENTION_DAYS = env.number("DELIVERY_RETENTION_DAYS", 30, 1, 3650)
LINK_DAYS = env.number("LINK_DAYS", 30, 1, 365)
METRICS_TOKEN = env.text("METRICS_TOKEN")

# -- the messages

EMAIL_URL = env.url("EMAIL_URL", ("smtp", "smtps", "smtp+tls"), "smtp://user:password@host:587")
ANYMAIL_ESP = env.text("ANYMAIL_ESP")
#: The service's own settings by anymail's names, from the variables that begin with its name: POSTMARK_SERVER_TOKEN.
ANYMAIL = env.prefixed(f"{ANYMAIL_ESP.upper()}_") if ANYMAIL_ESP else {}
ANYMAIL_WEBHOOK_SECRET = env.names("ANYMAIL_WEBHOOK_SECRET")  # "user:password", several while one is changed
TWILIO_ACCOUNT_SID = env.text("TWILIO_ACCOUNT_SID")
TWILIO_AUTH_TOKEN = env.text("TWILIO_AUTH_TOKEN")
TWILIO_AUTH_TOKEN_OLD = env.text("TWILIO_AUTH_TOKEN_OLD")  # still valid for callbacks while the token is rotated
TWILIO_MESSAGING_SERVICE_SID = env.text("TWILIO_MESSAGING_SERVICE_SID")
TWILIO_FROM = env.text("TWILIO_FROM")
TWILIO_WHATSAPP_FROM = env.text("TWILIO_WHATSAPP_FROM")
TWILIO_API_URL = env.origin("TWILIO_API_URL", "https://api.twilio.com") if env.text("TWILIO_API_URL") else ""
TWILIO_SMS_PER_SECOND = env.number("TWILIO_SMS_PER_SECOND", 1, 1, 10_000)  # segments; what your sender may send
DEFAULT_SENDER = env.text("DEFAULT_SENDER", f"reminders@{_PUBLIC.hostname}")
MAILBOX_DIR = DATA_DIR / "mailbox"
#: Asked in place of the machine's own about a sender's domain: "127.0.0.1:5353". For tests.
DNS_SERVERS: list[str] = []
SENDING_THREADS = env.number("SENDING_THREADS", 32, 1, 256)
SENDING_LEASE_SECONDS = env.number("SENDING_LEASE_SECONDS", 300, 5, 86400)

# -- people

SESSION_COOKIE_AGE = 12 * 60 * 60  # a day's work; a changed password ends every other session at once
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _PUBLIC.scheme == "https"
BEHIND_PROXY = env.flag("BEHIND_PROXY")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"  # with no-referrer, browsers post forms as from nowhere, and CSRF refuses them
SECURE_HSTS_SECONDS = 31_536_000 if _PUBLIC.scheme == "https" else 0
AUTHENTICATION_BACKENDS = ["customers.access.Memberships"]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": f"django.contrib.auth.password_validation.{name}Validator"}
    for name in ("UserAttributeSimilarity", "CommonPassword", "NumericPassword")
] + [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}}]
UNFOLD = {
    "SITE_TITLE": "Cartback",
    "SITE_HEADER": "Cartback",
    "SITE_SYMBOL": "shopping_cart_checkout",
    "SITE_URL": "/admin/",
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "recovery.admin.front_page.front_page",
    "STYLES": ["recovery.admin.menu.stylesheet"],
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "recovery.admin.menu.icon"}],
    "LOGIN": {"form": "customers.login_form.LoginForm"},
    "ACCOUNT": {"navigation": [{"title": "Two-factor sign-in", "link": reverse_lazy("admin_two_factor")}]},
    "SIDEBAR": {"navigation": "recovery.admin.menu.navigation"},
}

# -- the log

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # A bell rings every second: its coming and going is no news.
        **dict.fromkeys(
            [f"celery.{name}" for name in ("app.trace", "worker.strategy", "worker.request", "beat")],
            {"level": "WARNING"},
        ),
        "django.request": {"level": "ERROR"},
    },
}
