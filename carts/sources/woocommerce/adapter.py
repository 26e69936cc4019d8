"""WooCommerce's webhooks as snapshots."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from carts.snapshots import Snapshot
from carts.sources import event as events
from carts.sources.base import Label, Parcel, RestoreFacts, Shop
from carts.sources.event import Event, Reader
from carts.sources.woocommerce import restore, signature
from carts.sources.woocommerce.orders import order, order_deleted
from carts.sources.woocommerce.people import customer, customer_deleted
from carts.sources.woocommerce.tyche import cutoff, recovered
from config.lib.wild import Wild

EVENTS: Mapping[str, Reader] = {
    "order.created": order,
    "order.updated": order,
    "order.restored": order,
    "order.deleted": order_deleted,
    "customer.created": customer,
    "customer.updated": customer,
    "customer.deleted": customer_deleted,
    "wcap_cart.cutoff": cutoff,
    "wcap_cart.recovered": recovered,
}

_TOPIC = "x-wc-webhook-topic"
_DELIVERY = "x-wc-webhook-delivery-id"
_PING = re.compile(rb"webhook_id=\d{1,20}\s*")


class WooCommerce:
    """The WooCommerce source."""

    platform = "woocommerce"
    kept_headers = frozenset({_TOPIC, _DELIVERY, "x-wc-webhook-id", "x-wc-webhook-source"})

    def label(self, parcel: Parcel) -> Label:
        """By topic and body: two deliveries of one webhook within a second share their Delivery-ID.

        A deletion says no more than the id, the second time as the first: only there the Delivery-ID tells them apart.
        A ping has no topic and no signature, and WooCommerce drops the webhook unless it is answered with 200.
        """
        topic = events.clean_topic(parcel.headers.get(_TOPIC, ""))
        if not topic and _PING.fullmatch(parcel.body):
            return Label("", events.hashed("", parcel.body), is_ping=True)
        apart = parcel.headers.get(_DELIVERY, "") if topic.endswith(".deleted") else ""
        return Label(topic, events.hashed(topic, parcel.body, apart.encode(errors="surrogatepass")))

    def verify(self, parcel: Parcel, secrets: Sequence[str]) -> None:
        signature.verify(parcel, secrets)

    def read(self, parcel: Parcel, shop: Shop) -> list[Snapshot]:
        topic = events.clean_topic(parcel.headers.get(_TOPIC, ""))
        return events.read(EVENTS, topic, lambda: Event(Wild.parse(parcel.body), parcel, shop, parcel.received_at))

    def restore_address(self, facts: RestoreFacts, shop: Shop) -> str:
        return restore.restore_address(facts, shop)
