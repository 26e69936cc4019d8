"""A message that was sent, and the paths of its links."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from typing import Any
from urllib.parse import urlsplit

from carts.models import Cart
from customers.addresses import address_hash
from customers.models import Customer, Store
from recovery.flows.runner import run_flows
from recovery.intake import take
from recovery.links.mint import mint
from recovery.models import Message, MessageState
from tests.factories import NOW, abandoned_cart, make_flow, make_store

#: Half an hour of silence, then the first message.
SENT = NOW + td(minutes=31)
#: When a person clicks: some time after it was sent.
CLICKED = SENT + td(minutes=20)
PERSON = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile Safari/604.1"


@dataclass(frozen=True, slots=True)
class Written:
    """One message and where its links lead, as paths of this site."""

    store: Store
    cart: Cart
    customer: Customer
    message: Message
    recover: str
    unsubscribe: str
    preferences: str


def written(store: Store | None = None, *, sent_at: datetime = SENT, token: str = "C1", **cart: Any) -> Written:
    """The first message of the standard flow about a cart, sent."""
    store = store or make_store()
    if not store.flows.exists():
        make_flow(store)
    row = abandoned_cart(store, token, **cart)
    take(sent_at)
    run_flows(sent_at)
    message = Message.objects.get(cart=row)
    Message.objects.filter(pk=message.pk).update(state=MessageState.SENT, sent_at=sent_at)
    message.refresh_from_db()
    links = mint([message], [address_hash(message.customer.address(message.channel))], now=sent_at)[0]
    paths = [urlsplit(url).path for url in (links.recover, links.unsubscribe, links.preferences)]
    return Written(store, row, message.customer, message, *paths)
