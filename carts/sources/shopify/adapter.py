"""Shopify's webhooks as snapshots. Written against API versions 2023-10 to 2026-04; the shapes are the same for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from carts.snapshots import Snapshot
from carts.sources import event as events
from carts.sources.base import Label, Parcel, RestoreFacts, Shop
from carts.sources.event import Event, Reader
from carts.sources.shopify import restore, signature
from carts.sources.shopify.carts import cart, checkout, checkout_deleted
from carts.sources.shopify.orders import order, order_deleted, order_edited, refund
from carts.sources.shopify.people import (
    customer,
    customer_deleted,
    customer_merged,
    data_request,
    email_consent,
    redact,
    shop_redact,
    sms_consent,
    uninstalled,
)
from config.lib.wild import Wild

EVENTS: Mapping[str, Reader] = {
    "carts/create": cart,
    "carts/update": cart,
    "checkouts/create": checkout,
    "checkouts/update": checkout,
    "checkouts/delete": checkout_deleted,
    "orders/create": order,
    "orders/updated": order,
    "orders/paid": order,
    "orders/cancelled": order,
    "orders/fulfilled": order,
    "orders/edited": order_edited,
    "orders/delete": order_deleted,
    "refunds/create": refund,
    "customers/create": customer,
    "customers/update": customer,
    "customers/delete": customer_deleted,
    "customers/merge": customer_merged,
    "customers_email_marketing_consent/update": email_consent,
    "customers_marketing_consent/update": sms_consent,
    "app/uninstalled": uninstalled,
    "customers/data_request": data_request,
    "customers/redact": redact,
    "shop/redact": shop_redact,
}


class Shopify:
    """The Shopify source."""

    platform = "shopify"
    kept_headers = frozenset(
        {
            "x-shopify-topic",
            "x-shopify-webhook-id",
            "x-shopify-event-id",
            "x-shopify-triggered-at",
            "x-shopify-api-version",
            "x-shopify-test",
        }
    )

    def label(self, parcel: Parcel) -> Label:
        """By topic and webhook id, which a retry repeats. The event id is shared by several topics of one event."""
        topic = events.clean_topic(parcel.headers.get("x-shopify-topic", ""))
        return Label(topic, events.named(topic, parcel.headers.get("x-shopify-webhook-id", "").strip(), parcel))

    def verify(self, parcel: Parcel, secrets: Sequence[str]) -> None:
        signature.verify(parcel, secrets)

    def read(self, parcel: Parcel, shop: Shop) -> list[Snapshot]:
        topic = events.clean_topic(parcel.headers.get("x-shopify-topic", ""))
        return events.read(EVENTS, topic, lambda: _open(parcel, shop))

    def restore_address(self, facts: RestoreFacts, shop: Shop) -> str:
        return restore.restore_address(facts, shop)


def _open(parcel: Parcel, shop: Shop) -> Event:
    """A retry carries the old body and the old X-Shopify-Triggered-At, so that never makes an old state look new."""
    triggered_at = Wild(parcel.headers.get("x-shopify-triggered-at"), "X-Shopify-Triggered-At").moment_or_none()
    return Event(Wild.parse(parcel.body), parcel, shop, triggered_at or parcel.received_at)
