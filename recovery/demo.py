"""The demo store: a shop of synthetic data on this machine, so that the whole loop can be seen before a real shop is.

The storefront at /demo/ knows it as any shop knows its own Cartback: by an address and a secret, kept in a file.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from datetime import timedelta as td
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from config.lib.sealing import Unsealable
from customers.models import Platform, Store, StoreSecret
from recovery.models import Flow
from recovery.opening import new_secret, open_store, webhook_url

SLUG = "demo"
TIMEOUT = td(minutes=1)
_SENDER = "hello@puro.example"


class NotOurs(Exception):
    """A real store goes by the demo store's name."""


def open_demo(data_dir: Path, *, now: datetime) -> tuple[Store, bool]:
    """The demo store, ready to be played with, and whether it was made just now. Safe to repeat. Raises NotOurs.

    What depends on this run's address is brought up to date; what a person changed in the admin stays.
    """
    path = data_dir / "demo-store.json"
    secret = _kept_secret(path) or new_secret()
    with transaction.atomic():
        store = Store.objects.select_for_update().filter(slug=SLUG).first()
        made = store is None
        store = _renewed(store, secret, now) if store else _opened(secret, now)
    write_private(path, json.dumps({"webhook_url": webhook_url(store), "secret": secret}) + "\n")
    return store, made


def write_private(path: Path, text: str) -> None:
    """Replace a file at once, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    os.replace(fresh, path)


def _kept_secret(path: Path) -> str:
    try:
        kept = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return ""
    return str(kept.get("secret", "")) if isinstance(kept, dict) else ""


def _opened(secret: str, now: datetime) -> Store:
    """No gaps between messages or enrolments, because people try it twice; every channel, to see them all."""
    store = Store(
        slug=SLUG,
        name="Puro",
        platform=Platform.GENERIC,
        domain=_domain(),
        currency="EUR",
        timezone="Europe/Helsinki",
        sender_name="Puro",
        sender_email="" if _mail_is_real() else _SENDER,
        support_contact=_SENDER,
        postal_address="Puro (demo shop), Esimerkkikatu 1, 00100 Helsinki, Finland",
        abandon_after=TIMEOUT,
        is_demo=True,
    )
    open_store(store, secret, flow=True, now=now, phone_first=True)
    Flow.objects.filter(store=store).update(days_between=0, minimum_gap=td(0))
    return store


def _renewed(store: Store, secret: str, now: datetime) -> Store:
    if not store.is_demo:
        raise NotOurs(f"A store of yours is called {SLUG}, so there is no demo store.")
    Store.objects.filter(pk=store.pk).update(domain=_domain())
    if _mail_is_real():
        Store.objects.filter(pk=store.pk, sender_email=_SENDER).update(sender_email="")
    if secret not in _valid_secrets(store, now):
        StoreSecret.rotate(store, secret, now=now)
    return store


def _valid_secrets(store: Store, now: datetime) -> list[str]:
    """Those without an end; one sealed under a lost key is of no use to anybody, and goes."""
    found = []
    for row in store.secrets.filter(expires_at=None):
        try:
            found.append(row.text)
        except Unsealable:
            row.delete()
    return found


def _domain() -> str:
    return urlsplit(settings.PUBLIC_URL).netloc


def _mail_is_real() -> bool:
    """Then the shop must write from an address of this installation."""
    return bool(settings.EMAIL_URL or settings.ANYMAIL_ESP)
