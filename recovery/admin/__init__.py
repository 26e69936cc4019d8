"""The marketer's desk: stores, carts with their story, flows, templates, messages, the front page and the report."""

from recovery.admin import (
    carts,
    customers,
    events,
    flows,
    messages,
    offers,
    prices,
    stores,
    talk,
    templates,
    tokens,
)

__all__ = [
    "carts", "customers", "events", "flows", "messages", "offers", "prices", "stores", "talk", "templates", "tokens",
]  # fmt: skip
