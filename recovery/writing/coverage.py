"""Which languages a store's shoppers read, and in which one a template would reach them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from carts.models import Cart
from customers.models import Store
from recovery.outbox.languages import pick, widening

_NEWEST = 2_000  # carts are looked at: enough for shares, and an index gives them


@dataclass(frozen=True, slots=True)
class Reader:
    """The shoppers of one language: how many of the newest carts are theirs, and which text they get ("": none)."""

    locale: str
    carts: int
    share: float
    gets: str

    @property
    def falls_back(self) -> bool:
        """They get another language than their own."""
        return self.gets not in widening(self.locale)


def readers(store: Store, locales: Collection[str]) -> list[Reader]:
    """The languages of the store's newest carts, the most read first, with what a template in `locales` gives them."""
    newest = Cart.objects.filter(store=store).order_by("-last_activity_at")[:_NEWEST]
    tags = Counter(
        (own or known or store.locale).replace("_", "-")
        for own, known in newest.values_list("locale", "customer__locale")
    )
    tags = tags or Counter([store.locale])
    total = sum(tags.values())
    found = [Reader(tag, count, count / total, pick(locales, tag, store.locale)) for tag, count in tags.items()]
    return sorted(found, key=lambda reader: (-reader.carts, reader.locale))
