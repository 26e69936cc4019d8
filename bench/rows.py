"""Rows that measurements need."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta as td

from bench.parcels import SECRET


def make_store(platform: str, now: datetime, slug: str = "shop") -> int:
    """A store with a secret and the standard flow; returns its id."""
    from django.conf import settings

    from config.lib import sealing
    from customers.models import Store, StoreSecret
    from recovery.flows.standard import install_standard_flow

    store = Store.objects.create(
        slug=slug,
        name="Puro",
        platform=platform,
        domain="puro.myshopify.com",
        abandon_after=td(minutes=30),
        sender_email="hello@puro.example",
        postal_address="Puro Oy, Katu 1, 00100 Helsinki",
    )
    StoreSecret.objects.create(store=store, sealed=sealing.seal(SECRET, settings.SEALING_SECRETS), created_at=now)
    install_standard_flow(store, now=now)
    return store.pk
