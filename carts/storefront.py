"""What an upper floor may ask of a shop: where a cart is found again, and where the shop's front door is."""

from __future__ import annotations

import re
from dataclasses import replace

from django.conf import settings

from carts.folding import line_of
from carts.models import Cart
from carts.sources.base import RestoreFacts, Shop
from carts.sources.codes import Access, CodeMaker
from carts.sources.registry import CODE_MAKERS, source_for
from customers.models import Store

#: Narrower than what browsers take: no user name, no backslash, no blank, no control character, nothing but ASCII.
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?)(?:[/?#][\x21-\x5b\x5d-\x7e]*)?",
    re.IGNORECASE,
)
_LOOPBACK = re.compile(r"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?")
_LONGEST = 8_000
#: Carts that were joined point at each other in a row; nobody joins more than a few.
_MOST_JOINS = 10


def restore_address(cart: Cart, code: str = "") -> str:
    """Where the shopper stands before the cart again, with the discount `code` applied; "" where there is none.

    What leads off the store's own hosts is not believed, whoever wrote it. Where the same goods have an address without
    the one that the shop sent (a Shopify permalink), that is tried next.
    """
    store = cart.store
    source = source_for(store.platform)
    shop = Shop(store.domain, store.currency, store.timezone)
    facts = RestoreFacts(cart.restore_url, [line_of(line) for line in cart.lines], code)
    for known in (facts, replace(facts, restore_url="")):
        address = source.restore_address(known, shop)
        if is_of_store(address, store):
            return address
    return ""


def is_of_store(address: str, store: Store) -> bool:
    """Does it lead to one of the store's own hosts, to the letter, over https? (On this machine, http will do.)"""
    found = _ADDRESS.fullmatch(address) if len(address) <= _LONGEST else None
    if found is None:
        return False
    host = found["host"].lower()
    return host in store.allowed_hosts and (found["scheme"].lower() == "https" or _may_be_plain(host))


def code_maker(store: Store) -> CodeMaker | None:
    """What makes discount codes in the shop; None where its platform has no API for that, or nobody gave us access."""
    return CODE_MAKERS.get(store.platform) if store.api else None


def makes_codes(store: Store) -> bool:
    """Can the shop be asked for discount codes?"""
    return code_maker(store) is not None


def access_of(store: Store) -> Access:
    """How to reach the shop's API. Raises Unsealable."""
    own = store.own_api()
    host = own.get("host") or store.domain
    scheme = "http" if _LOOPBACK.fullmatch(host) else "https"
    return Access(f"{scheme}://{host}", own.get("key", ""), own.get("secret", ""))


def front_page(store: Store) -> str:
    """The shop's front door."""
    scheme = "http" if _LOOPBACK.fullmatch(store.domain) else "https"
    return f"{scheme}://{store.domain}/"


def kept_cart(cart: Cart) -> Cart:
    """The cart that this one was joined into, or itself."""
    for _ in range(_MOST_JOINS):
        if cart.merged_into is None:
            break
        cart = cart.merged_into
    return cart


def _may_be_plain(host: str) -> bool:
    return settings.DEVELOPMENT or bool(_LOOPBACK.fullmatch(host))
