from __future__ import annotations

import json
from datetime import datetime
from datetime import timedelta as td
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from config.lib import sealing
from config.lib.checks import in_choices

HOST = RegexValidator(
    r"^(?=.{1,253}$)(([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])"
    r"(:\d{1,5})?$",
    "Enter a host name such as shop.example, in lower case, without https:// and without a path.",
)
CURRENCY = RegexValidator(r"^[A-Z]{3}$", "Enter a three-letter ISO 4217 code such as EUR.")


class Platform(models.TextChoices):
    SHOPIFY = "shopify", "Shopify"
    WOOCOMMERCE = "woocommerce", "WooCommerce"
    GENERIC = "generic", "Any other shop (Standard Webhooks)"


class ConsentPolicy(models.TextChoices):
    EXPLICIT = "explicit", "Only who said yes"
    SOFT_OPT_IN = "soft_opt_in", "E-mail also to who began a checkout and was shown the notice (soft opt-in)"


class AfterOrder(models.TextChoices):
    """The one question that a store may ask those who ordered."""

    NOTHING = "", "Nothing"
    CSAT = "csat", "How satisfied they are (CSAT, 1 to 5)"
    CES = "ces", "How easy it was (CES, 1 to 7)"
    NPS = "nps", "Whether they would recommend the store (NPS, 0 to 10)"


def valid_timezone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(f"“{name}” is no IANA time zone. Enter one such as Europe/Helsinki.")


def valid_timeout(value: td) -> None:
    if not td(seconds=10) <= value <= td(days=30):
        raise ValidationError("Choose a time between 10 seconds and 30 days.")


class Store(models.Model):
    """One shop. Every other row belongs to one, and no query crosses from one to another."""

    slug = models.SlugField(
        unique=True, max_length=50, help_text="Stands in the webhook address. Do not change it later."
    )
    name = models.CharField(max_length=100)
    platform = models.CharField(max_length=20, choices=Platform)
    domain = models.CharField(max_length=260, validators=[HOST], help_text="The shop's own host, such as shop.example.")
    redirect_hosts = ArrayField(
        models.CharField(max_length=260, validators=[HOST]),
        default=list,
        blank=True,
        help_text="Further hosts that recovery links may lead to, separated by commas. The domain is always allowed.",
    )
    currency = models.CharField(max_length=3, validators=[CURRENCY], default="EUR")
    timezone = models.CharField(max_length=64, validators=[valid_timezone], default="UTC")
    locale = models.CharField(max_length=16, default="en", help_text="For shoppers whose language is not known.")

    sender_name = models.CharField(
        max_length=100, blank=True, help_text="Shown as the sender. Left empty: the store's name."
    )
    sender_email = models.EmailField(blank=True, help_text="An address of a domain that you may send from.")
    reply_to = models.EmailField(blank=True)
    support_contact = models.CharField(
        max_length=200, blank=True, help_text="Where shoppers get help: an address or a page."
    )
    postal_address = models.TextField(max_length=500, blank=True, help_text="Stands in every e-mail, as the law asks.")

    abandon_after = models.DurationField(
        default=td(minutes=30),
        validators=[valid_timeout],
        help_text="A cart counts as abandoned when it was silent for this long (HH:MM:SS).",
    )
    consent_policy = models.CharField(max_length=20, choices=ConsentPolicy, default=ConsentPolicy.EXPLICIT)
    quiet_from = models.TimeField(null=True, blank=True, help_text="No message is sent from this time of day …")
    quiet_until = models.TimeField(
        null=True,
        blank=True,
        help_text="… until this one, by the shopper's clock where it is known, else the store's.",
    )
    attribution_days = models.PositiveSmallIntegerField(
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(60)],
        help_text="An order is credited to the last human click at most this many days before it.",
    )

    margin = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="Percent of the net price that is left once the goods are paid. Empty: no profit is told.",
    )

    email_url = models.TextField(
        blank=True,
        editable=False,
        help_text="Sealed. This store's own mail server, smtp://user:pass@host:port, instead of the installation's.",
    )
    twilio = models.TextField(blank=True, editable=False)  # sealed JSON: this store's own Twilio account
    # Of its own sender; None: as the installation's setting has it.
    sms_per_second = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    api = models.TextField(blank=True, editable=False)  # sealed JSON: access to the shop's own API
    sms_max_segments = models.PositiveSmallIntegerField(
        default=2,
        validators=[MinValueValidator(1), MaxValueValidator(10)],
        help_text="An SMS is kept to this many segments by shortening product titles.",
    )
    sms_fold = models.BooleanField(
        default=True, help_text="Swap look-alike characters for those that make an SMS cheaper (curly quotes, dashes)."
    )
    sms_double_opt_in = models.BooleanField(
        default=False, help_text="A yes to SMS counts only once the shopper has confirmed it by SMS."
    )
    cap_messages = models.PositiveSmallIntegerField(
        default=5, help_text="At most so many messages to one person, over all channels … (0: no limit)"
    )
    cap_days = models.PositiveSmallIntegerField(
        default=7, validators=[MinValueValidator(1), MaxValueValidator(90)], help_text="… in this many days."
    )
    staff_addresses = models.TextField(
        max_length=2_000,
        blank=True,
        help_text="Carts of these people are left out of the reports: one address or host a line, as @shop.example.",
    )
    ask_why = models.BooleanField(
        default=True,
        help_text="One question on the pages behind our links: what kept them from ordering. Nobody has to answer.",
    )
    ask_why_by_text = models.BooleanField(
        default=False,
        help_text="Asks it by SMS or WhatsApp too, once a flow has ended without an order; answered with a number.",
    )
    ask_after_order = models.CharField(
        max_length=4, choices=AfterOrder, default=AfterOrder.NOTHING, blank=True, help_text="Of who ordered …"
    )
    ask_after_days = models.PositiveSmallIntegerField(
        default=14,
        validators=[MinValueValidator(1), MaxValueValidator(90)],
        help_text="… so many days after the order, where they said yes to messages.",
    )
    is_demo = models.BooleanField(default=False, help_text="Its numbers are synthetic and say so.")
    is_active = models.BooleanField(default=True, help_text="Off: webhooks are refused and nothing is sent.")
    uninstalled_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            in_choices("platform", Platform),
            in_choices("consent_policy", ConsentPolicy),
            in_choices("ask_after_order", AfterOrder),
            models.CheckConstraint(
                name="store_quiet_hours_are_a_pair",
                condition=Q(quiet_from=None, quiet_until=None) | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                violation_error_message="Give both ends of the quiet hours, or neither.",
            ),
            models.CheckConstraint(name="store_abandon_after_is_positive", condition=Q(abandon_after__gt=td(0))),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def sends(self) -> bool:
        return self.is_active and self.uninstalled_at is None

    @property
    def staff(self) -> list[str]:
        """The staff's addresses and hosts, in lower case: anna@shop.example, @shop.example."""
        return self.staff_addresses.lower().split()

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """Hosts that a recovery link may lead to."""
        return frozenset([self.domain, *self.redirect_hosts])

    def own_email_url(self) -> str:
        """The store's own mail server, or "". Raises Unsealable."""
        return sealing.unseal(self.email_url, settings.SEALING_SECRETS) if self.email_url else ""

    def own_twilio(self) -> dict[str, str]:
        """The store's own Twilio account, or {}: account_sid, auth_token, old_auth_token, messaging_service_sid,
        from_number, whatsapp_from. Raises Unsealable."""
        return dict(json.loads(sealing.unseal(self.twilio, settings.SEALING_SECRETS))) if self.twilio else {}

    def set_twilio(self, account: dict[str, str]) -> None:
        """Seal the store's own Twilio account; the caller saves."""
        self.twilio = sealing.seal(json.dumps(account), settings.SEALING_SECRETS) if account else ""

    def own_api(self) -> dict[str, str]:
        """Access to the shop's API, or {}: host, key, secret. Raises Unsealable."""
        return dict(json.loads(sealing.unseal(self.api, settings.SEALING_SECRETS))) if self.api else {}

    def set_api(self, access: dict[str, str]) -> None:
        """Seal the access to the shop's API; the caller saves."""
        self.api = sealing.seal(json.dumps(access), settings.SEALING_SECRETS) if access else ""

    def set_email_url(self, url: str) -> None:
        """Seal the address of the store's own mail server; the caller saves."""
        self.email_url = sealing.seal(url, settings.SEALING_SECRETS) if url else ""


class StoreSecret(models.Model):
    """A webhook secret, sealed. Old and new are valid together until the old one's time is up."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="secrets")
    sealed = models.TextField(editable=False)
    created_at = models.DateTimeField(default=now, editable=False)
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="Left empty: valid until a newer one replaces it."
    )

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "webhook secret"

    def __str__(self) -> str:
        return f"secret of {self.created_at:%Y-%m-%d}"

    @classmethod
    def rotate(cls, store: Store, secret: str, *, now: datetime, overlap: td = td(hours=48)) -> StoreSecret:
        """Add a secret; those in use stay valid for `overlap` more (Shopify may sign with the old one for an hour)."""
        cls.objects.filter(store=store, expires_at=None).update(expires_at=now + overlap)
        return cls.objects.create(store=store, sealed=sealing.seal(secret, settings.SEALING_SECRETS), created_at=now)

    @property
    def text(self) -> str:
        """The secret itself. Raises Unsealable."""
        return sealing.unseal(self.sealed, settings.SEALING_SECRETS)
