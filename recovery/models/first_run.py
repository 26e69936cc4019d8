from __future__ import annotations

from django.db import models

from customers.models import Store


class FirstRun(models.Model):
    """How far a new store has been led through its first steps. What can be seen elsewhere is not kept here."""

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="first_run")
    selector = models.CharField(max_length=63, blank=True)  # the DKIM selector that was typed in
    domain = models.JSONField(default=list)  # what the DNS said of the sender's domain: sending_domain.Finding
    domain_asked_at = models.DateTimeField(null=True)
    rules_at = models.DateTimeField(null=True)  # when consent and hours were looked at and kept
    tested_at = models.DateTimeField(null=True)  # when the provider took a test message
    tested_to = models.CharField(max_length=254, blank=True)
    done_at = models.DateTimeField(null=True)  # when it was switched on

    def __str__(self) -> str:
        return f"first steps of {self.store}"
