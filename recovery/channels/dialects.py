"""Templates pasted from Klaviyo or Shopify: each foreign word, and what it is called here.

Both write Liquid or something near it, so that most of a template works as it is; what does not is named one by one,
with the words to put in its place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_QUOTED = re.compile(r"""("[^"]*"|'[^']*')""")
_OWN_NAMES = re.compile(r"\{%-?\s*(?:assign|capture|for)\s+(\w+)")
_ITEM_LOOP = re.compile(r"\{%-?\s*for\s+(\w+)\s+in\s+cart\.items\b")


@dataclass(frozen=True, slots=True)
class Change:
    """One tag that another tool wrote: replace `old` by `new` ("" takes it out). `line` counts from 1."""

    old: str
    new: str
    line: int


def _paths(name: str, *foreign: str) -> dict[str, str]:
    return dict.fromkeys(foreign, name)


# Klaviyo: Template tags and variable syntax; Shopify: Notification variables, Shopify Email.
_NAMES = {
    **_paths("customer.first_name", "person.first_name", "first_name", "contact.first_name"),
    **_paths("customer.last_name", "person.last_name", "last_name", "contact.last_name"),
    **_paths("customer.email", "person.email", "email"),
    **_paths("store.name", "organization.name", "shop.name", "shop_name"),
    **_paths("store.postal_address", "organization.full_address", "organization.address", "shop.address"),
    **_paths("store.postal_address", "shop_address"),
    **_paths("store.url", "organization.url", "organization.homepage", "shop.url", "shop.permanent_domain"),
    **_paths("store.support", "organization.email", "shop.email", "shop.customer_email", "shop.phone"),
    **_paths("cart.total", "event.value", "event.$value", "event.Value", "event.extra.total_price", "event.TotalPrice"),
    **_paths("cart.total", "subtotal_price", "total_price", "checkout.total_price", "cart.total_price"),
    **_paths("cart.total", "abandoned_checkout.total_price", "checkout.subtotal_price"),
    **_paths("cart.count", "item_count", "cart.item_count", "event.item_count", "event.ItemCount"),
    **_paths("cart.items", "event.extra.line_items", "event.extra.Items", "event.Items", "event.items"),
    **_paths("cart.items", "event.line_items", "line_items", "subtotal_line_items", "checkout.line_items"),
    **_paths("cart.items", "cart.line_items", "abandoned_checkout.line_items", "checkout.items"),
    **_paths("recovery_url", "event.extra.checkout_url", "event.extra.responsive_checkout_url", "event.CheckoutURL"),
    **_paths("recovery_url", "event.extra.CheckoutURL", "event.checkout_url", "event.URL", "event.url"),
    **_paths("recovery_url", "event.extra.abandoned_checkout_url", "url", "checkout_url", "abandoned_checkout_url"),
    **_paths("recovery_url", "checkout.url", "abandoned_checkout.url", "checkout.abandoned_checkout_url", "cart_url"),
    **_paths("unsubscribe_url", "unsubscribe_link", "unsubscribe", "customer.unsubscribe_url"),
    **_paths("preferences_url", "manage_preferences_link", "manage_preferences"),
    **_paths("discount.code", "coupon_code", "discount_code", "discount.title"),
}  # fmt: skip
_ITEM_NAMES = {
    **_paths("title", "product.title", "product.name", "ProductName", "product_title", "name", "Name"),
    **_paths("variant", "variant_title", "variant.title", "product.variant.title", "VariantName", "Variant"),
    **_paths("quantity", "Quantity", "qty"),
    **_paths("price", "ItemPrice", "final_price", "original_price", "product.price", "variant.price", "Price"),
    **_paths("line_total", "line_price", "RowTotal", "final_line_price", "original_line_price", "row_total"),
    **_paths("image", "product.images.0.src", "product.images[0].src", "product.image", "ImageURL", "image_url"),
    **_paths("image", "product.variant.images.0.src", "image.src", "featured_image", "product.featured_image"),
    **_paths("url", "ProductURL", "product.url", "product_url", "variant.url"),
}  # fmt: skip

_FILTERS = {
    "upper": "upcase", "lower": "downcase", "title": "capitalize", "capfirst": "capitalize", "length": "size",
    "truncatechars": "truncate", "truncatewords_html": "truncatewords", "striptags": "strip_html", "add": "plus",
    "urlencode": "url_encode", "linebreaksbr": "newline_to_br", "floatformat": "money",
    "money_with_currency": "money", "money_without_trailing_zeros": "money", "money_without_currency": "money",
}  # fmt: skip
_BARE_FILTERS = frozenset(("money", "upcase", "downcase", "capitalize", "size"))  # their foreign arguments mean nothing
_DROPPED_FILTERS = frozenset(
    ("safe", "missing_product_image", "img_url", "image_url", "product_img_url", "shopify_asset_url")
)

_TAGS: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"unsubscribe(?:_link)?(?:\s+.*)?", re.DOTALL), "{{ unsubscribe_url }}"),
    (re.compile(r"manage_preferences(?:_link)?(?:\s+.*)?", re.DOTALL), "{{ preferences_url }}"),
    (re.compile(r"coupon_code\b.*", re.DOTALL), "{{ discount.code }}"),
    (re.compile(r"current_year"), "{{ 'now' | date: '%Y' }}"),
    (re.compile(r"current_(?:day|month|weekday)|today\b.*"), "{{ 'now' | day }}"),
    (re.compile(r"(?:web_view|web_view_link|load|autoescape|endautoescape|forward_to_friend)\b.*", re.DOTALL), ""),
    (re.compile(r"elif\s+(.+)", re.DOTALL), r"{% elsif \1 %}"),
    (re.compile(r"empty"), "{% else %}"),
    (re.compile(r"currency_format\s+(.+)", re.DOTALL), r"{{ \1 | money }}"),
]
_LINK_TEXT = re.compile(r"(?:unsubscribe|manage_preferences)\s+['\"]([^'\"]*)['\"]\s*")

_LOOKUP = re.compile(r"\|\s*lookup\s*:\s*(['\"])([^'\"]+)\1")
_NOT = re.compile(r"\bnot\s+([\w.]+(?:\[\d+\])*)")
_NUMBER = re.compile(r"\.(\d+)(?![\w])")
_FILTER = re.compile(r"\s*\|\s*(\w+)(?:\s*:\s*((?:\"[^\"]*\"|'[^']*'|[^|\"'}%])*))?")


def translated(source: str, *, html: bool = False) -> tuple[str, list[Change]]:
    """The source in our words, and what was changed, in the order of the source. Line ends stay where they are.

    With `html`, a tag that makes a whole link elsewhere becomes a whole link."""
    own = frozenset(_OWN_NAMES.findall(source))
    outer = _LIQUID.sub(lambda found: _tag(found[0], own, html), source)
    items = frozenset(_ITEM_LOOP.findall(outer)) | {"cart.items[0]", "cart.items.first"}
    changes: list[Change] = []

    def put(found: re.Match[str]) -> str:
        new = _items(_tag(found[0], own, html), items)
        if _same(found[0], new):
            return found[0]
        changes.append(Change(found[0], new, source.count("\n", 0, found.start()) + 1))
        return new

    return _LIQUID.sub(put, source), changes


def _same(old: str, new: str) -> bool:
    return re.sub(r"\s", "", old) == re.sub(r"\s", "", new)


def _tag(tag: str, own: frozenset[str], html: bool) -> str:
    """One tag with its names, filters and tag words in our language."""
    left, right, inner = tag[:2], tag[-2:], tag[2:-2].strip("- \t\r\n")
    if left == "{%":
        link = _LINK_TEXT.fullmatch(inner)
        for pattern, new in _TAGS:
            if match := pattern.fullmatch(inner):
                plain = match.expand(new)
                if html and link and plain:
                    return f'<a href="{plain}">{link[1]}</a>'
                return _tag(plain, own, html) if plain.startswith(("{% elsif", "{{ ")) and plain != tag else plain
    changed = _filters(_names(_looked_up(inner), own))
    if left == "{%" and changed.startswith(("if ", "elsif ", "unless ")):
        changed = _NOT.sub(r"\1 == blank", changed)
    return tag if changed == inner else f"{left} {changed} {right}"


def _looked_up(inner: str) -> str:
    """Klaviyo's `event|lookup:'$value'` is `event.$value`, and `items|length` is `items.size`."""
    if "lookup" in inner:
        inner = re.sub(r"\s*\.(?=[\w$])", ".", _LOOKUP.sub(lambda found: f".{found[2]}", inner))
    return re.sub(r"(?<=[\w\]])\s*\|\s*length\b", ".size", inner)


def _names(inner: str, own: frozenset[str]) -> str:
    """Every path outside of quotes that we know by another name. Names that the template made itself stay."""
    parts = _QUOTED.split(inner)
    for at in range(0, len(parts), 2):
        parts[at] = _PATH.sub(lambda found: _named(found[0], own), parts[at])
    return "".join(parts)


_PATH = re.compile(r"(?<![\w.|$])(?<!\|\s)[a-zA-Z_][\w$]*(?:\.[\w$]+|\[\d+\])*")


def _named(path: str, own: frozenset[str]) -> str:
    """The longest beginning of the path that has a name of ours."""
    if path.split(".")[0] in own:
        return path
    pieces = path.split(".")
    for length in range(len(pieces), 0, -1):
        found = _NAMES.get(".".join(pieces[:length]))
        if found:
            return _NUMBER.sub(r"[\1]", ".".join([found, *pieces[length:]]))
    return path


def _items(tag: str, loops: frozenset[str]) -> str:
    """`item.product.title` is `item.title`, for the items of a cart; Shopify's `line | img_url: '…'` is its picture."""
    picture, word = _item_patterns(loops)
    parts = _QUOTED.split(picture.sub(r"\1.image ", tag))
    parts[::2] = [word.sub(lambda found: f"{found[1]}.{_ITEM_NAMES[found[2]]}", part) for part in parts[::2]]
    return "".join(parts)


@lru_cache(maxsize=64)
def _item_patterns(loops: frozenset[str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    names = "|".join(map(re.escape, sorted(loops, key=len, reverse=True)))
    foreign = "|".join(map(re.escape, _LONGEST_FIRST))
    picture = rf"(?<![\w.])({names})\s*\|\s*img_url\b[^|}}%]*"
    return re.compile(picture), re.compile(rf"(?<![\w.])({names})\.({foreign})(?![\w.\[])")


_LONGEST_FIRST = sorted(_ITEM_NAMES, key=len, reverse=True)


def _filters(inner: str) -> str:
    """Django's and Shopify's filters that Liquid calls otherwise or does not need."""
    bar = _first_bar(inner)
    if bar < 0:
        return inner
    head = inner[:bar]

    def put(found: re.Match[str]) -> str:
        name, argument = found[1], (found[2] or "").strip()
        if name in _DROPPED_FILTERS or (name, argument) == ("floatformat", "0"):
            return "" if "." in head or name not in _OF_PICTURES else found[0]
        new = _FILTERS.get(name)
        if new is None:
            return found[0]
        return f" | {new}" if new in _BARE_FILTERS or not argument else f" | {new}: {argument}"

    return head.rstrip() + _FILTER.sub(put, inner[bar:]) if _FOREIGN.search(inner[bar:]) else inner


_OF_PICTURES = _DROPPED_FILTERS - {"safe"}
_FOREIGN = re.compile(rf"\|\s*(?:{'|'.join([*_FILTERS, *_DROPPED_FILTERS])})\b")


def _first_bar(inner: str) -> int:
    """Where the first | outside of quotes stands; -1: nowhere."""
    at = 0
    for part in _QUOTED.split(inner):
        if part[:1] not in ("'", '"') and "|" in part:
            return at + part.index("|")
        at += len(part)
    return -1
