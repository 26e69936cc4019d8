"""Addresses of pages that others point at."""

from __future__ import annotations

from django.urls import reverse


def message_address(pk: int | None) -> str:
    """A message's page; "" for none."""
    return reverse("admin:recovery_message_change", args=[pk]) if pk else ""
