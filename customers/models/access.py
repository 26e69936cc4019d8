from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from config.lib.checks import in_choices
from customers.models.stores import Store


class Role(models.TextChoices):
    """What somebody is to one store. What each may do stands in `customers.access.PERMISSIONS`."""

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

    class Meta:
        verbose_name = "member"
        constraints = [
            in_choices("role", Role),
            models.UniqueConstraint(fields=["user", "store"], name="membership_is_one"),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display().lower()}"
