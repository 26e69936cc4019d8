"""What each number means, written once: the report, its page and its documentation all say it in these words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta as td

#: How long a cart is watched before it is judged. Long enough that nearly all who come back have come back.
HORIZON = td(days=14)
#: Below this many carts a rate is printed with the word that it says too little.
TOO_FEW = 30


@dataclass(frozen=True, slots=True)
class Definition:
    """One number: its name, what it answers, and how it is computed. `denominator` is "" for a count or a sum."""

    title: str
    formula: str
    numerator: str
    denominator: str = ""
    left_out: str = ""


_LEFT_OUT = (
    "Test carts, carts of staff and of programs, carts that never held an item, carts worth nothing, and carts that "
    "turned out to be part of another. Their numbers stand beside."
)
_ORDER = (
    "An order counts when it is paid, not cancelled, not deleted and no test, and belongs to the cart: by the cart's "
    "own token, else by the same customer and a product in common. A cart's first such order decides."
)

STARTED = Definition(
    "Carts started",
    "carts whose first item was added in the period",
    "Carts started between the two dates, by the store's clock, that held an item.",
    left_out=_LEFT_OUT,
)
MATURED = Definition(
    "Settled",
    "carts started at least 14 days ago",
    "Carts started in the period whose 14 days are over. Only they enter the rates, so a rate never moves because "
    "somebody may still come back.",
    left_out="Carts that are still open: counted beside, with what they brought so far.",
)
GROSS = Definition(
    "Went silent",
    "settled carts that ever went silent before an order ÷ settled carts",
    "Settled carts with no sign of life for the store's timeout before an order, whether or not the shopper came back "
    "later. One that was won back stays in for ever.",
    "All settled carts.",
    _LEFT_OUT,
)
NET = Definition(
    "Cart abandonment",
    "settled carts without an order within 14 days ÷ settled carts",
    "Settled carts without an order in the 14 days after they were started: the published cart abandonment rate. "
    + _ORDER,
    "All settled carts.",
    _LEFT_OUT,
)
RETURN = Definition(
    "Came back and ordered",
    "silent carts with an order within 14 days ÷ silent carts",
    "Of the settled carts that went silent, those that were ordered in the 14 days after they were started: with our "
    "help or without. " + _ORDER,
    "Settled carts that went silent. The ones that came back stay in.",
    _LEFT_OUT,
)
ATTRIBUTED = Definition(
    "Ordered after a click",
    "messaged carts with an order after a human click ÷ messaged carts",
    "Settled carts whose message a person clicked and where an order followed, within the store's window and within "
    "the cart's 14 days. An opened message never counts, nor does a click that looks like a machine's. It does not say "
    "that the message was the cause: some would have come back anyway.",
    "Settled carts for which at least one message was sent (or perhaps sent).",
    _LEFT_OUT,
)
CHECKOUT = Definition(
    "Checkout abandonment",
    "settled carts that reached the checkout and were not ordered within 14 days ÷ settled carts that reached it",
    "Settled carts that got as far as the checkout or further, without an order in their 14 days. " + _ORDER,
    "Settled carts that reached the checkout. How far a cart got is read as it is now.",
    _LEFT_OUT,
)
WORTH = Definition(
    "Abandonment by value",
    "worth of settled carts without an order within 14 days ÷ worth of all settled carts",
    "What the settled carts without an order were worth, as their totals stand now, in one currency. The interval "
    "takes the carts as a sample (delta method).",
    "What all settled carts were worth.",
    _LEFT_OUT,
)
CONVERSION = Definition(
    "Carts ordered",
    "settled carts with an order within 14 days ÷ settled carts",
    "The other side of cart abandonment. Visits without a cart are not known here, so this is not the share of visits. "
    + _ORDER,
    "All settled carts.",
    _LEFT_OUT,
)
CONTACTABLE = Definition(
    "Can be written to",
    "silent carts whose shopper had said yes to a channel ÷ silent carts",
    "Settled carts that went silent and whose shopper had, when the silence was noticed, a consent in force (or a soft "
    "opt-in, where the store allows it) for e-mail, SMS or WhatsApp.",
    "Settled carts that went silent.",
    _LEFT_OUT,
)
ORDER_VALUE = Definition(
    "Average order value",
    "net revenue of the orders ÷ orders",
    "Of each settled cart's first order within 14 days: total less tax, shipping and refunds. The discount is off the "
    "total already, and shown beside. The interval is the mean's (normal).",
    "Those orders, in one currency.",
    "Orders refunded in another currency.",
)
REVENUE = Definition(
    "Revenue",
    "total − tax − shipping − refunds; discounts are off the total already",
    "Of each order its total less tax, shipping and what was refunded until now, never below zero, in the order's own "
    "currency. “Came back” sums the orders of silent carts, “after a click” those that followed a click.",
    left_out="Orders that are unpaid, cancelled, deleted or tests. An order refunded in another currency is shown as "
    "left out. Amounts in different currencies are never added up.",
)
MESSAGES = Definition(
    "Messages",
    "messages about the carts of the period, by how they ended",
    "Sent: taken by the provider, delivered or not. Delivered: the provider said so. Unknown: perhaps sent, never "
    "repeated. Not sent: with the reason, also when the shopper ordered or came back before.",
)

#: By the names that the rates have in the report.
RATES = {
    "gross_abandonment": GROSS,
    "net_abandonment": NET,
    "return": RETURN,
    "attributed_recovery": ATTRIBUTED,
    "checkout_abandonment": CHECKOUT,
    "conversion": CONVERSION,
    "contactable": CONTACTABLE,
}
#: Why carts are left out, in words.
LEFT_OUT = {
    "test": "test carts",
    "staff": "carts of the store's own staff",
    "bot": "carts of programs",
    "zero_value": "carts worth nothing",
    "empty": "carts that never held an item",
    "merged": "carts that were part of another",
}
