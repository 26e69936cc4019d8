"""What the demo shop sells. Prices are in euros and include the value-added tax."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CURRENCY = "EUR"
SHIPPING = Decimal("6.90")
FREE_SHIPPING_FROM = Decimal("100.00")
_TAX_RATE = Decimal("0.255")
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Product:
    """One thing for sale. Its picture is static/demo/<slug>.svg."""

    slug: str
    title: str
    kind: str
    price: Decimal
    category: str
    words: str


PRODUCTS = [
    Product("aamu", "Aamu mug", "Stoneware, 3 dl", Decimal("24.00"), "Table",
            "Thrown by hand and glazed halfway, so that your fingers find the raw clay. For slow mornings."),
    Product("kaamos", "Kaamos lamp", "Table lamp, dimmable", Decimal("129.00"), "Light",
            "A warm dome for the months without sun. Powder-coated steel, oak foot, three steps of dimming."),
    Product("huopa", "Huopa throw", "Lambswool, 130 × 180 cm", Decimal("89.00"), "Textile",
            "Woven from undyed wool with a felted edge. Light on the knees, warm to the bone."),
    Product("lahde", "Lähde carafe", "Mouth-blown glass, 1 l", Decimal("46.00"), "Table",
            "Keeps water cool and catches the window light. The stopper doubles as a tasting glass."),
    Product("honka", "Honka stool", "Solid pine, 45 cm", Decimal("149.00"), "Furniture",
            "Three legs never wobble. Turned from slow-grown pine and oiled, not lacquered."),
    Product("liekki", "Liekki candle", "Brass holder, beeswax", Decimal("32.00"), "Light",
            "A weighty little holder and six hours of quiet flame. Refills fit any standard candle."),
    Product("suvi", "Suvi vase", "Ceramic, 24 cm", Decimal("58.00"), "Decoration",
            "A narrow neck that makes one branch look like a decision. Matt outside, glazed within."),
    Product("kivi", "Kivi bowls", "Set of three", Decimal("64.00"), "Table",
            "Porridge, soup, salad. They nest like river stones and go from the oven to the table."),
    Product("hetki", "Hetki clock", "Wall clock, 30 cm", Decimal("75.00"), "Decoration",
            "Two hands, twelve marks, no tick. The minute hand moves so softly that you forget to look."),
]  # fmt: skip
BY_SLUG = {product.slug: product for product in PRODUCTS}


@dataclass(frozen=True, slots=True)
class Sums:
    """What a cart costs. `tax` is contained in the total."""

    goods: Decimal
    discount: Decimal
    shipping: Decimal
    tax: Decimal
    total: Decimal


def sums(quantities: dict[str, int], off: Decimal = Decimal(0), *, free_shipping: bool = False) -> Sums:
    """Add up slugs and quantities, with what a discount code takes off the goods or the delivery."""
    goods = sum((BY_SLUG[slug].price * count for slug, count in quantities.items()), Decimal(0))
    discount = _cents(min(off, goods))
    free = free_shipping or goods - discount >= FREE_SHIPPING_FROM or not goods
    shipping = Decimal("0.00") if free else SHIPPING
    total = goods - discount + shipping
    return Sums(goods, discount, shipping, _cents(total * _TAX_RATE / (1 + _TAX_RATE)), total)


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)
