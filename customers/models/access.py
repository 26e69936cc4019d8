from __future__ import annotations

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db import models
from django.utils import timezone

from config.lib.checks import in_choices
from customers.models.stores import Store


class Role(models.TextChoices):
    """What somebody is to one store. What each may do: `customers.access.PERMISSIONS`."""

    OWNER = "owner", "Owner"
    MARKETER = "marketer", "Marketer"
    SUPPORT = "support", "Support"
    ANALYST = "analyst", "Analyst (looks only)"


class Membership(models.Model):
    """Somebody's place in a store. Who has none sees nothing of it; a superuser needs none."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    since = models.DateTimeField(default=timezone.now, editable=False)
    wants_digest = models.BooleanField(
        default=False, help_text="Gets the store's numbers of the week by e-mail, on Monday morning."
    )

    class Meta:
        verbose_name = "member"
        constraints = [
            in_choices("role", Role),
            models.UniqueConstraint(fields=["user", "store"], name="membership_is_one"),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display().lower()}"


class ApiToken(models.Model):
    """A key to read one store's numbers through the API. Only its hash is kept; `hint` is how it ends."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60, help_text="Who uses it, such as “warehouse” or “Anna's notebook”.")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=4, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API token"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} (…{self.hint})"


class LoggedChange(models.Model):
    """Which store a line of Django's log is about: the row itself may be gone when somebody asks."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="logged_changes", db_index=False)
    entry = models.OneToOneField(LogEntry, on_delete=models.CASCADE, related_name="of_store")

    class Meta:
        verbose_name = "change"
        verbose_name_plural = "change log"
        indexes = [models.Index(fields=["store", "-id"], name="change_newest")]

    def __str__(self) -> str:
        return str(self.entry)


class SecondFactor(models.Model):
    """Somebody's second factor at sign-in: time-based codes (RFC 6238), and codes on paper that work once each."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="second_factor")
    sealed = models.TextField()  # the shared key
    confirmed_at = models.DateTimeField(null=True)  # None: begun, and asked of nobody yet
    last_counter = models.BigIntegerField(default=0)  # the newest code that was used: none works twice
    paper_codes = models.JSONField(default=list)  # hashes of those that are left

    def __str__(self) -> str:
        return f"second factor of {self.user}"
