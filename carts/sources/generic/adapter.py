"""The generic format as snapshots. What to send is written down in docs/webhooks.md and docs/webhooks.schema.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from carts.snapshots import Snapshot
from carts.sources import event as events
from carts.sources.base import Label, Parcel, RestoreFacts, Shop
from carts.sources.event import Event, Reader
from carts.sources.generic import restore, signature
from carts.sources.generic.carts import cart, cart_deleted, checkout, checkout_deleted
from carts.sources.generic.orders import order, order_cancelled, order_deleted, refund
from carts.sources.generic.people import (
    access,
    consent,
    customer,
    customer_deleted,
    customer_merged,
    erase,
    erase_shop,
    uninstalled,
)
from config.lib.wild import Wild, WildError

EVENTS: Mapping[str, Reader] = {
    "cart.updated": cart,
    "cart.deleted": cart_deleted,
    "checkout.updated": checkout,
    "checkout.deleted": checkout_deleted,
    "order.created": order,
    "order.updated": order,
    "order.cancelled": order_cancelled,
    "order.deleted": order_deleted,
    "refund.created": refund,
    "customer.updated": customer,
    "customer.deleted": customer_deleted,
    "customer.merged": customer_merged,
    "consent.updated": consent,
    "privacy.access": access,
    "privacy.erase": erase,
    "privacy.erase_shop": erase_shop,
    "store.uninstalled": uninstalled,
}


class Generic:
    """The generic source."""

    platform = "generic"
    kept_headers = frozenset({"webhook-id"})

    def label(self, parcel: Parcel) -> Label:
        """By webhook-id, which a retry repeats and which the signature covers."""
        try:
            topic = events.clean_topic(Wild.parse(parcel.body).get("type").text())
        except WildError:
            topic = ""
        return Label(topic, events.named("id", parcel.headers.get("webhook-id", "").strip(), parcel))

    def verify(self, parcel: Parcel, secrets: Sequence[str]) -> None:
        signature.verify(parcel, secrets)

    def read(self, parcel: Parcel, shop: Shop) -> list[Snapshot]:
        with events.readable():
            whole = Wild.parse(parcel.body)
            topic = whole["type"].text(100)
        return events.read(EVENTS, topic, lambda: _open(whole, parcel, shop))

    def restore_address(self, facts: RestoreFacts, shop: Shop) -> str:
        return restore.restore_address(facts, shop)


def _open(whole: Wild, parcel: Parcel, shop: Shop) -> Event:
    """`timestamp` is when it happened; the time of arrival stands in for one that is left out or cannot be read."""
    told_at = whole.get("timestamp").moment_or_none() or parcel.received_at
    return Event(whole["data"], parcel, shop, told_at)
