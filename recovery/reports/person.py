"""Everything that is held of one person, for a request for access (GDPR article 15)."""

from __future__ import annotations

from typing import Any

from customers.models import Customer
from recovery.models import Click, ProviderEvent


def everything_of(customer: Customer) -> dict[str, Any]:
    """Plain values, ready for JSON. Times carry their zone; message bodies are as they were sent."""
    return {
        "store": customer.store.slug,
        "person": _row(customer, "email phone first_name last_name locale country created_at erased_at"),
        "identities": [_row(row, "kind value") for row in customer.identities.order_by("kind", "value")],
        "consent": [_row(row, "channel state at source words address") for row in customer.consent_events.all()],
        "carts": [_row(row, _CART) for row in customer.carts.order_by("started_at")],
        "orders": [_row(row, _ORDER) for row in customer.orders.order_by("placed_at")],
        "messages": [_row(row, _MESSAGE) for row in customer.messages.order_by("planned_at")],
        "replies": [_row(row, "at channel address body intent") for row in customer.replies.order_by("at")],
        "answers": [_row(row, _ANSWER) for row in customer.notices.order_by("created_at")],
        "surveys": [_row(row, _SURVEY) for row in customer.survey_asks.order_by("asked_at")],
        "told_by_providers": [
            _row(row, "received_at provider kind payload")
            for row in ProviderEvent.objects.filter(message__customer=customer).order_by("received_at")
        ],
        "clicks": [
            _row(row, "at user_agent machine_reason outcome")
            for row in Click.objects.filter(link__customer=customer).order_by("at")
        ],
    }


_CART = (
    "state stage started_at last_activity_at abandoned_at ordered_at currency total lines discount_codes locale "
    "country device user_agent referrer landing_page"
)
_ORDER = (
    "external_id number placed_at cancelled_at email phone currency total tax shipping discount discount_codes lines "
    "channel"
)
_MESSAGE = "channel state reason planned_at sent_at to locale subject body_text body_html"

_ANSWER = "created_at sent_at channel to purpose text state reason"

_SURVEY = "kind via asked_at answered_at code score comment"


def _row(row: Any, names: str) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in names.split()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, bool, list, dict)):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
