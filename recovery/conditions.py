"""What a step may ask of a cart and its shopper before it is sent: typed, checked when the flow is saved, asked again
at the door. A further condition is a field of `Conditions` and a row of `KINDS`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from carts.models import Cart
from customers.models import Channel, Customer

#: From so many orders on a shopper is loyal; the same as for offers.
LOYAL = 3
_MOST_COUNT = 1_000_000


class BadConditions(ValueError):
    """The conditions cannot be understood. The text says which one and why."""


@dataclass(frozen=True, slots=True)
class History:
    """What the shopper bought before."""

    orders: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CartFacts:
    """What conditions look at. Language is a BCP 47 tag; countries ISO 3166-1 alpha-2; "" is unknown."""

    total: Decimal
    country: str
    items: frozenset[str]
    earlier_orders: int
    quantity: int = 0
    categories: frozenset[str] = frozenset()  # in lower case
    language: str = ""
    device: str = ""
    days_since_order: float | None = None
    has_discount: bool = False
    opted_in: frozenset[str] = frozenset()


def facts_of(cart: Cart, customer: Customer, history: History, opted_in: frozenset[str], at: datetime) -> CartFacts:
    """The facts at that moment. `opted_in` are the channels that the shopper said yes to."""
    return CartFacts(
        total=cart.total,
        country=cart.country or customer.country,
        items=item_keys(cart.lines),
        earlier_orders=history.orders,
        quantity=cart.quantity,
        categories=frozenset(line["category"].casefold() for line in cart.lines if line.get("category")),
        language=cart.locale or customer.locale,
        device=cart.device,
        days_since_order=(at - history.last_at).total_seconds() / 86400 if history.last_at else None,
        has_discount=bool(cart.discount_codes),
        opted_in=opted_in,
    )


def item_keys(lines: list[dict[str, Any]]) -> frozenset[str]:
    """Every name by which a condition may call what is in the cart."""
    return frozenset(line[key] for line in lines for key in ("product_id", "variant_id", "sku") if line.get(key))


@dataclass(frozen=True, slots=True)
class Conditions:
    """All of them must hold; one left out asks nothing.

    Amounts are in the cart's currency, major units. Items are product ids, variant ids or SKUs; of items, categories,
    countries, languages, devices and channels one is enough. Who never ordered has no days since the last order, and
    meets no condition on them.
    """

    min_total: Decimal | None = None
    max_total: Decimal | None = None
    shopper: str = ""  # "" | new | returning | loyal
    countries: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    min_items: int | None = None
    max_items: int | None = None
    categories: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    min_orders: int | None = None
    max_orders: int | None = None
    min_days_since_order: int | None = None
    max_days_since_order: int | None = None
    discount: str = ""  # "" | with | without
    channels: tuple[str, ...] = ()

    @classmethod
    def parse(cls, raw: Any) -> Conditions:
        """Read the stored JSON. Raises BadConditions."""
        if not isinstance(raw, dict):
            raise BadConditions('Conditions are a JSON object such as {"min_total": "50"}.')
        if not raw:
            return cls()  # most steps ask nothing, and the gate reads them for every message
        unknown = set(raw) - {field.name for field in fields(cls)}
        if unknown:
            raise BadConditions(f"There is no condition called {', '.join(sorted(unknown))}.")
        found = cls(**{kind.name: kind.read(raw) for kind in KINDS})
        for least, most in _PAIRS:
            low, high = getattr(found, least), getattr(found, most)
            if low is not None and high is not None and low > high:
                raise BadConditions(f"{least} of {low} is more than {most} of {high}: nobody would meet both.")
        return found

    def asked(self) -> Iterable[tuple[Kind, Any]]:
        """Each condition that asks something, with its value."""
        for kind in KINDS:
            value = getattr(self, kind.name)
            if value not in (None, "", ()):
                yield kind, value

    def sentences(self) -> list[str]:
        """To whom the step goes, in short phrases; [] when to everybody."""
        return [kind.told(value) for kind, value in self.asked()]

    def unmet(self, facts: CartFacts) -> str:
        """The first condition that does not hold, in words; "" when all do."""
        return next((why for kind, value in self.asked() if (why := kind.against(value, facts))), "")


@dataclass(frozen=True, slots=True)
class Kind:
    """One condition: its name in the JSON, what a form calls it, and how it is read, told and asked."""

    name: str
    label: str
    form: str  # amount | count | texts | choice | choices
    told: Callable[[Any], str]
    against: Callable[[Any, CartFacts], str]  # why it does not hold; "" when it does
    choices: Mapping[str, str] = field(default_factory=dict)
    code: Callable[[str], str] = str.strip  # how a text is written: country codes are upper case

    def read(self, raw: Mapping[str, Any]) -> Any:
        """The typed value. Raises BadConditions."""
        if self.form == "amount":
            return _amount(raw, self.name)
        if self.form == "count":
            return _count(raw, self.name)
        if self.form == "choice":
            return self._choice(raw)
        found = tuple(self.code(text) for text in _texts(raw, self.name))
        strange = [text for text in found if self.choices and text not in self.choices]
        if strange:
            raise BadConditions(f"{self.name} may be {_either(self.choices)}, not {', '.join(strange)}.")
        return found

    def _choice(self, raw: Mapping[str, Any]) -> str:
        chosen = raw.get(self.name) or ""
        if chosen and chosen not in self.choices:
            raise BadConditions(f"{self.name} is {_either(self.choices)}.")
        return str(chosen)


def _either(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def _among(values: Sequence[str], choices: Mapping[str, str] | None = None) -> str:
    return _either([(choices or {}).get(value, value) for value in values])


_SHOPPERS = {
    "new": "new customers",
    "returning": "returning customers",
    "loyal": f"customers of {LOYAL} orders or more",
}
_DEVICES = {"desktop": "a computer", "mobile": "a phone", "tablet": "a tablet"}
_DISCOUNTS = {"with": "carts that have a discount already", "without": "carts without a discount"}
_CHANNELS = {str(channel.value): str(channel.label) for channel in Channel}


def _not_shopper(wanted: str, facts: CartFacts) -> str:
    n = facts.earlier_orders
    holds = {"new": n == 0, "returning": n > 0, "loyal": n >= LOYAL}[wanted]
    return "" if holds else f"not a {wanted} customer"


def _not_since(days: int, facts: CartFacts, *, least: bool) -> str:
    since = facts.days_since_order
    if since is None:
        return "never ordered"
    if least:
        return f"the last order was {since:.0f} days ago, less than {days}" if since < days else ""
    return f"the last order was {since:.0f} days ago, more than {days}" if since > days else ""


def _not_language(wanted: Sequence[str], facts: CartFacts) -> str:
    tag = facts.language.replace("_", "-").casefold()
    known = {tag, tag.split("-")[0]}
    return "" if known & set(wanted) else f"language {facts.language or 'unknown'} is not {_either(wanted)}"


def _not_country(wanted: Sequence[str], facts: CartFacts) -> str:
    return "" if facts.country in wanted else f"country {facts.country or 'unknown'} is not among {', '.join(wanted)}"


def _not_device(wanted: Sequence[str], facts: CartFacts) -> str:
    return "" if facts.device in wanted else f"device {facts.device or 'unknown'} is not {_either(wanted)}"


def _not_category(wanted: Sequence[str], facts: CartFacts) -> str:
    return "" if facts.categories & {name.casefold() for name in wanted} else "nothing of the categories is in the cart"


def _not_discount(wanted: str, facts: CartFacts) -> str:
    if facts.has_discount == (wanted == "with"):
        return ""
    return "the cart has a discount already" if facts.has_discount else "the cart has no discount"


def _below(value: Any, least: Any, what: str) -> str:
    return f"{what} of {value} is below {least}" if value < least else ""


def _above(value: Any, most: Any, what: str) -> str:
    return f"{what} of {value} is above {most}" if value > most else ""


#: Every condition, in the order in which they are asked and told.
KINDS: tuple[Kind, ...] = (
    Kind("min_total", "Cart worth at least", "amount", lambda v: f"carts worth at least {v}",
         lambda v, f: _below(f.total, v, "cart")),
    Kind("max_total", "Cart worth at most", "amount", lambda v: f"carts worth at most {v}",
         lambda v, f: _above(f.total, v, "cart")),
    Kind("min_items", "At least so many pieces", "count", lambda v: f"carts of at least {v} pieces",
         lambda v, f: _below(f.quantity, v, "number of pieces")),
    Kind("max_items", "At most so many pieces", "count", lambda v: f"carts of at most {v} pieces",
         lambda v, f: _above(f.quantity, v, "number of pieces")),
    Kind("items", "One of these products is in it", "texts", lambda v: f"carts with {_either(v)} in them",
         lambda v, f: "" if f.items & set(v) else "none of the items is in the cart"),
    Kind("categories", "Something of these categories is in it", "texts",
         lambda v: f"carts with something of {_either(v)}", _not_category),
    Kind("countries", "Countries", "texts", lambda v: f"shoppers in {_either(v)}", _not_country,
         code=lambda text: text.strip().upper()),
    Kind("languages", "Languages", "texts", lambda v: f"shoppers who read {_either(v)}", _not_language,
         code=lambda text: text.strip().replace("_", "-").casefold()),
    Kind("devices", "Device", "choices", lambda v: f"carts filled on {_among(v, _DEVICES)}", _not_device, _DEVICES),
    Kind("shopper", "To whom", "choice", lambda v: _SHOPPERS[v], _not_shopper, _SHOPPERS),
    Kind("min_orders", "At least so many earlier orders", "count", lambda v: f"shoppers with {v} orders or more",
         lambda v, f: _below(f.earlier_orders, v, "number of earlier orders")),
    Kind("max_orders", "At most so many earlier orders", "count", lambda v: f"shoppers with {v} orders or fewer",
         lambda v, f: _above(f.earlier_orders, v, "number of earlier orders")),
    Kind("min_days_since_order", "Days since the last order, at least", "count",
         lambda v: f"shoppers whose last order is at least {v} days old", lambda v, f: _not_since(v, f, least=True)),
    Kind("max_days_since_order", "Days since the last order, at most", "count",
         lambda v: f"shoppers whose last order is at most {v} days old", lambda v, f: _not_since(v, f, least=False)),
    Kind("discount", "Discount in the cart", "choice", lambda v: _DISCOUNTS[v], _not_discount, _DISCOUNTS),
    Kind("channels", "Said yes to", "choices", lambda v: f"shoppers who said yes to {_among(v, _CHANNELS)}",
         lambda v, f: "" if f.opted_in & set(v) else f"said yes to none of {', '.join(v)}", _CHANNELS),
)  # fmt: skip

_PAIRS = [
    ("min_total", "max_total"),
    ("min_items", "max_items"),
    ("min_orders", "max_orders"),
    ("min_days_since_order", "max_days_since_order"),
]


def _amount(raw: Mapping[str, Any], name: str) -> Decimal | None:
    if raw.get(name) in (None, ""):
        return None
    try:
        amount = Decimal(str(raw[name]))
    except InvalidOperation as error:
        raise BadConditions(f"{name} is no amount.") from error
    if not amount.is_finite() or amount < 0:
        raise BadConditions(f"{name} is no possible amount.")
    return amount


def _count(raw: Mapping[str, Any], name: str) -> int | None:
    value = raw.get(name)
    if value in (None, ""):
        return None
    try:
        count = int(str(value))
    except ValueError as error:
        raise BadConditions(f"{name} is no whole number.") from error
    if not 0 <= count <= _MOST_COUNT:
        raise BadConditions(f"{name} is no possible number.")
    return count


def _texts(raw: Mapping[str, Any], name: str) -> list[str]:
    values = raw.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise BadConditions(f"{name} is a list of texts.")
    return values
