"""Addresses that shoppers are sent to, put together out of properly encoded parts."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, unquote_plus, urlsplit, urlunsplit

from carts.snapshots import Line

_MAX_LINES = 100
_KEPT = "%/:@!$&'()*+,;=?~-._"  # what may stand unchanged in a path or query; "%" because it is encoded already


def with_parameter(url: str, name: str, value: str) -> str:
    """The address with `name` set to `value` in its query, replacing an older one; "" when it is no http(s) address.

    The rest of the query is kept to the letter: stores put signed keys there. Without a value nothing is added.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return ""
    query = _set(parts.query, name, value) if value else parts.query
    encoded = [quote(part, _KEPT) for part in (parts.path, query, parts.fragment)]
    return urlunsplit((parts.scheme, parts.netloc, *encoded))


def _set(query: str, name: str, value: str) -> str:
    others = [pair for pair in query.split("&") if pair and unquote_plus(pair.partition("=")[0]) != name]
    return "&".join([*others, f"{name}={quote(value, safe='')}"])


def products(lines: Iterable[Line], *, or_product: bool) -> str:
    """ "id:quantity,id:quantity" as Shopify and WooCommerce take it; "" when no line has a numeric id.

    The variant's id, or the product's where the shop allows that. Lines of the same id are counted together.
    """
    counts: dict[str, int] = {}
    for line in lines:
        key = line.variant_id or (line.product_id if or_product else "")
        if key.isascii() and key.isdecimal() and line.quantity > 0:
            counts[key] = counts.get(key, 0) + line.quantity
    return ",".join(f"{key}:{count}" for key, count in list(counts.items())[:_MAX_LINES])


def on_store(domain: str, path: str) -> str:
    """An address on the store's own domain."""
    return f"https://{domain}/{path}"
