"""The `ecom` sessions as a shop would tell of them: generic webhooks, signed, through the real door."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from datetime import timedelta as td
from pathlib import Path
from typing import Any

from django.test import Client
from django.utils import timezone

from carts.inbox import doors
from carts.inbox.process import drain
from customers.models import Store
from tests.carts.sources.signing import generic_headers
from tests.factories import SECRET, make_store

FILE = Path(__file__).parent / "ecom" / "sessions.csv"
#: The data tell neither goods nor prices; every cart holds the same stand-in.
_GOODS = [{"product_id": "stand-in", "title": "Stand-in", "quantity": 1, "price": "50.00"}]
#: How far each event brings a shopper: the cart page stands for the begun checkout.
_STAGES = {"a": "cart", "c": "checkout", "s": "shipping", "p": "payment"}
_RANKS = {letter: rank for rank, letter in enumerate(_STAGES)}


def replay() -> Store:
    """A store that has heard every session, through the inbox and the drain."""
    doors.forget()
    store, client = make_store(slug="ecom", timezone="UTC", abandon_after=td(minutes=60)), Client()
    for number, event in enumerate(webhooks()):
        body = json.dumps(event).encode()
        headers = generic_headers(body, SECRET, webhook_id=f"ecom-{number}", at=timezone.now())
        kind = headers.pop("Content-Type", "application/json")
        answer = client.post(f"/webhooks/{store.slug}/", body, content_type=kind, headers=headers)
        assert answer.status_code == 200
    while drain(timezone.now()):
        pass
    return store


def webhooks() -> Iterator[dict[str, Any]]:
    """Every event of every session, in the order of the file."""
    with FILE.open() as lines:
        for session in csv.DictReader(lines):
            yield from _told(session)


def _told(session: dict[str, str]) -> Iterator[dict[str, Any]]:
    began, furthest = datetime.fromisoformat(session["began"]), "a"
    whole: dict[str, Any] = {
        "id": session["session"], "created_at": session["began"], "device": session["device"], "items": _GOODS,
        "customer": {"id": session["user"]},
        "landing_page": f"https://shop.example/?utm_source={session['channel']}",
    }  # fmt: skip
    for event in session["events"].split():
        letter, at = event[0], (began + td(seconds=int(event[1:]))).isoformat()
        furthest = max(furthest, letter, key=lambda one: _RANKS.get(one, -1))
        if letter == "o":
            data = {"id": f"o{session['session']}", "cart_id": session["session"], "total": "50.00", "items": _GOODS,
                    "customer": whole["customer"]}  # fmt: skip
            yield {"type": "order.created", "timestamp": at, "data": data}
        else:
            data = whole | {"stage": _STAGES[furthest], "payment_failed": letter == "e"}
            yield {"type": "cart.updated", "timestamp": at, "data": data}
