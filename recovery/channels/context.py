"""What a template may see, made safe: plain values only, no foreign text in a name, no odd scheme in a link."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
# Anyone can type a name into a checkout with someone else's address, and have us mail it in the shop's name.
# So a name that could carry an advertisement or a link is no name.
_NO_NAME = re.compile(r"[/:@<>{}\[\]$€£%!?\d]|www\.|\.\w{2,}\b", re.IGNORECASE)
_LONGEST_NAME = 40
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


def cleaned(context: Mapping[str, Any]) -> dict[str, Any]:
    """A copy fit for a template. Says beside the cart whether any item has a picture, and which text the store's
    colour bears. What is empty becomes None: in Liquid, unlike in Python, an empty text is true."""
    cart = dict(context.get("cart") or {})
    cart["items"] = [_item(item) for item in cart.get("items") or []]
    cart["pictures"] = any(item["image"] for item in cart["items"])
    customer = dict(context.get("customer") or {})
    for part in ("first_name", "last_name"):
        customer[part] = plausible_name(str(customer.get(part) or ""))
    links = {name: web_address(context.get(name)) for name in ("recovery_url", "unsubscribe_url", "preferences_url")}
    store = _store(context.get("store") or {})
    discount = _filled(context.get("discount") or {}) or None
    return {**context, **links, "cart": cart, "customer": _filled(customer), "store": store, "discount": discount}


def one_line(text: str) -> str:
    """Control characters and line ends become one space: nothing can start a second header."""
    return re.sub(r" {2,}", " ", _CONTROL.sub(" ", text)).strip()


def plausible_name(text: str) -> str:
    """The name as one may greet with it, or "" when it does not look like one."""
    name = one_line(text)
    return "" if len(name) > _LONGEST_NAME or _NO_NAME.search(name) else name


def web_address(value: Any) -> str:
    """The address when it is http(s) with a host, else ""."""
    return _web_address(str(value or "").strip())


@lru_cache(maxsize=4096)
def _web_address(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.netloc and not _CONTROL.search(text) else ""


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    addresses = {name: web_address(item.get(name)) for name in ("image", "url")}
    return _filled({**item, **addresses, "title": one_line(str(item.get("title") or ""))})


def _store(store: Mapping[str, Any]) -> dict[str, Any]:
    color = str(store.get("color") or "")
    color = color if _COLOR.fullmatch(color) else ""
    addresses = {name: web_address(store.get(name)) for name in ("url", "logo")}
    return _filled({**store, **addresses, "color": color, "on_color": _ink_on(color) if color else ""})


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: None if value == "" else value for name, value in values.items()}


def _ink_on(color: str) -> str:
    """Black or white, whichever is easier to read there (WCAG 2.2 relative luminance; they tie at 0.179)."""
    red, green, blue = (_linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return "#18181b" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else "#ffffff"


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
