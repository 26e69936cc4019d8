from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q

from customers.models import Channel, Store


class ProviderPauseQuerySet(models.QuerySet["ProviderPause"]):
    def standing(self, now: datetime) -> ProviderPauseQuerySet:
        """Pauses in force: until a moment that is still ahead, or until a person lifts them (`until` None)."""
        return self.filter(lifted_at=None).filter(Q(until=None) | Q(until__gt=now))


class ProviderPause(models.Model):
    """A provider that keeps failing is left alone for a while. `store` None: the installation's own provider."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, null=True, blank=True, related_name="provider_pauses")
    channel = models.CharField(max_length=10)
    provider = models.CharField(max_length=40)
    code = models.CharField(max_length=30)
    detail = models.CharField(max_length=300)
    began_at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects = ProviderPauseQuerySet.as_manager()

    class Meta:
        ordering = ["-began_at"]
        indexes = [models.Index(fields=["channel", "provider"], name="pause_standing", condition=Q(lifted_at=None))]

    def __str__(self) -> str:
        return f"{dict(Channel.choices).get(self.channel, self.channel)} paused: {self.code}"
