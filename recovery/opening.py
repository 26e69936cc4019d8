"""Opening a store: the row, its webhook secret and, where wanted, the standard flow, all or nothing."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from customers.models import Platform, Store, StoreSecret
from recovery.flows.standard import install_standard_flow

_PREFIX = "whsec_"
_KEY_BYTES = 32  # Standard Webhooks 1.0.0 asks for 24 to 64


class CannotOpen(ValueError):
    """The store cannot be made. Each problem is a sentence."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def open_store(store: Store, secret: str, *, flow: bool, now: datetime, phone_first: bool = False) -> Store:
    """Save a new store, its secret and, if wanted, the standard flow: all, or nothing and CannotOpen.

    `phone_first`: see install_standard_flow.
    """
    found = _problems(store) + secret_problems(secret, store.platform)
    if found:
        raise CannotOpen(found)
    with transaction.atomic():
        store.save(force_insert=True)
        StoreSecret.rotate(store, secret, now=now)
        if flow:
            install_standard_flow(store, now=now, phone_first=phone_first)
    return store


def new_secret() -> str:
    """A random secret as Standard Webhooks 1.0.0 writes it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def webhook_url(store: Store) -> str:
    """Where the store posts its webhooks."""
    return f"{settings.PUBLIC_URL}/webhooks/{store.slug}/"


def secret_problems(secret: str, platform: str) -> list[str]:
    """Why no webhook could ever be signed with this secret, in sentences; the secret itself is never shown."""
    if not secret:
        return ["The secret is empty."]
    if re.search(r"\s|[\x00-\x1f\x7f]", secret):
        return ["The secret has a space or a line end in it: copy it again."]
    if platform == Platform.GENERIC and secret.startswith(_PREFIX) and not _is_base64(secret.removeprefix(_PREFIX)):
        return ["The secret begins with whsec_, but what follows is not base64: copy it again."]
    return []


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
    except (binascii.Error, ValueError):
        return False


def _problems(store: Store) -> list[str]:
    if Store.objects.filter(slug=store.slug).exists():
        return [f"There is a store called {store.slug} already. Choose another name, or change that one in the admin."]
    try:
        store.full_clean()
    except ValidationError as error:
        return [_sentence(field, text) for field, texts in error.message_dict.items() for text in texts]
    return []


def _sentence(field: str, text: str) -> str:
    return text if field == "__all__" else f"{field}: {text}"
