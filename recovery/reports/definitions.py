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
    "Carts started in the period whose 14 days are over, told at the next quarter of an hour. Only they enter the "
    "rates, so a rate never moves because somebody may still come back.",
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

OPEN = Definition(
    "Still open",
    "carts started − settled carts",
    "Carts of the period whose 14 days are not over. What they did so far stands beside and may change.",
)
EXCLUDED = Definition(
    "Left out",
    "carts of the period that say nothing about shoppers",
    "Of several reasons the first counts: part of another cart, a test, staff (as the store's page names them), a "
    "program by its own name, never held an item, worth nothing.",
)
RECOVERIES = Definition(
    "Four ways to count a recovery",
    "ordered ÷ carts, and ordered ÷ shoppers with and without messages",
    "“Came back” and “after a click” are counted by cart. The two others count shoppers who were drawn for a holdout "
    "when their first message would have gone out: all their paid orders in the 14 days after, whatever became of the "
    "message (intention to treat). Only the difference of those two says what the messages add; its interval is "
    "Newcombe's (1998, method 10). Where the store holds out over all flows, those draws are taken; else those of the "
    "flows, each compared within itself and weighted by its shoppers, a shopper by their first draw.",
    "Settled silent carts; settled carts written to; settled shoppers of each arm.",
)
FUNNEL = Definition(
    "How far they got",
    "settled carts not ordered whose furthest stage this is ÷ settled carts that reached it",
    "Each settled cart is left at the furthest stage that the store told of, or ordered. An ordered cart has reached "
    "every stage, whether the store told of it or not.",
    "Settled carts that reached the stage.",
    _LEFT_OUT,
)
MOBILE = Definition(
    "Mobile cart abandonment",
    "settled carts on a phone without an order within 14 days ÷ settled carts on a phone",
    "The device is that of the newest event which told one.",
    "Settled carts whose device is mobile.",
    _LEFT_OUT,
)
HOURS = Definition(
    "When carts were left",
    "settled carts not ordered, by the weekday and hour of their last activity",
    "By the store's clock. A count, not a rate: busy hours have more of everything.",
)
FAILED = Definition(
    "Failed payments",
    "settled carts without an order ÷ settled carts, with and without a failed payment",
    "A payment that the store said was tried and refused, whether or not a later one went through.",
    "Settled carts with, and without, a failed payment.",
    _LEFT_OUT,
)
SOURCE = Definition(
    "Source",
    "settled carts without an order ÷ settled carts, by where the visit came from",
    "The utm_source of the page they came to, else the host of the page they came from; “direct” where they came from "
    "none, or from the shop itself.",
    "Settled carts of that source.",
    _LEFT_OUT,
)
LANDING = Definition(
    "Page",
    "settled carts without an order ÷ settled carts, by the page that the visit began on",
    "The path of the landing page, without what follows the question mark. The page on which a shopper left is not "
    "told by any shop's webhooks; the stage above is the nearest to it.",
    "Settled carts of that page.",
    _LEFT_OUT,
)
DELAY = Definition(
    "How soon they came back",
    "settled carts that went silent and were ordered, by the time from the first silence to the order",
    "The silence begins with the last sign of life before the store's timeout ran out.",
    "All settled carts that went silent and were ordered within their 14 days.",
    _LEFT_OUT,
)
STEPS = Definition(
    "Steps of the flow",
    "messages about the carts started in the period, by step, variant and channel",
    "Sent: taken by a provider, or perhaps taken. Clicked by people: at least one click that looks like no machine's. "
    "Ordered: credited to this message by the last human click within the store's window. Held out: the shopper was "
    "drawn for the arm without messages. An order after a click may have come anyway: what messages add is the lift.",
    "Sent messages, for the rates.",
)
LIFT = Definition(
    "Lift",
    "share of the shoppers drawn to get it who ordered − share of those drawn to get nothing (or the other variant)",
    "Shoppers are drawn when their first message would go out, and count where they were drawn whatever became of the "
    "message, with all their paid orders in the window. The interval holds however often one looks (see the "
    "experiment's page, which has the rows too). A step is not drawn by itself: who gets nothing misses all steps, and "
    "who reaches a later step did not buy after an earlier one, so only its variants can be compared.",
    "Everybody who was drawn since the experiment began and whose window is over, whatever the days and filters above.",
)
PRODUCTS = Definition(
    "Most often left behind",
    "settled carts with it that were not ordered ÷ settled carts with it",
    "A cart counts once, however many lines of the product it holds. Ranked by the lower end of the interval, so that "
    "a few unlucky carts do not come first. What a cart holds is read as it is now.",
    "Settled carts that hold it; at least 30 of them.",
    _LEFT_OUT,
)
CODES = Definition(
    "Discount codes",
    "codes redeemed ÷ codes given whose time is over",
    "Given: sent in a message for the first time in the period. Redeemed: seen on an order. Taken off orders: what the "
    "codes reduced orders by, in the code's currency; paid: the totals of those orders. Some of them would have come "
    "anyway.",
    "Codes that are used or have expired. Those still valid may yet be used.",
    "Of the money: orders that are unpaid, cancelled, deleted or tests.",
)
OFFER_MARGIN = Definition(
    "Net margin",
    "1,000 × (margin of a shopper with the offer − margin of a shopper who got the same without it)",
    "Of each shopper: net revenue − (1 − the store's margin) × (net revenue + discount), of all their paid orders in "
    "the window from the draw; those who bought nothing count with 0. The interval holds however often one looks. To "
    "break even: by how much orders have to rise if every buyer uses the discount, m ÷ (m − d) − 1. Given to who would "
    "have ordered anyway: shoppers with the offer × share that ordered without it × discount an order (how many of "
    "the orders used it × the mean discount).",
    "Everybody who was drawn since the test began and whose window is over, whatever the days and filters above.",
    "Costs of messages, payment fees and returned goods that are not refunded; orders in another currency.",
)
GUARDRAILS = Definition(
    "What an offer teaches",
    "share of the shoppers with the offer − share of those who got the same without it, over 90 days from the draw",
    "Left another cart: a cart begun after the draw that went silent within the 90 days. Later orders: from the end of "
    "the test's window to the 90th day, so that what the code itself was for is not in it; with a code: any of the "
    "shop's. At full price: at least one later order without code and discount. The differences are for one look: "
    "Newcombe's interval (1998, method 10) of shoppers, and the delta method's of orders, since one shopper's orders "
    "hang together.",
    "Everybody who was drawn since the test began and whose 90 days are over, whatever became of the message. For the "
    "share with a code: their later orders.",
    "Shoppers whose 90 days are not over; orders that are unpaid, cancelled, deleted or tests. Who orders later at all "
    "is not drawn by lot, so the share with a code describes, and the two other lines compare.",
)
RETENTION = Definition(
    "Retention",
    "(E − N) ÷ S, and beside it |S ∩ E| ÷ S",
    "S: shoppers with an order in the 365 days before the period; E: in the 365 days before its end; N: those whose "
    "first order ever is in the period. The classic formula also counts shoppers who came back after a longer pause "
    "(R); the share really kept does not. E = kept + N + R.",
    "S, the shoppers who were active when the period began.",
    "Orders without a known shopper.",
)
CHURN = Definition(
    "Churn", "1 − share really kept", "Shoppers active at the beginning who no longer are at the end.", "S."
)
KEPT = Definition(
    "Really kept",
    "|S ∩ E| ÷ S",
    "Shoppers active at the beginning of the period who are still active at its end.",
    "Shoppers with an order in the 365 days before the period.",
)
REPEAT = Definition(
    "Bought again",
    "shoppers with two orders or more ÷ shoppers with an order",
    "Over everything known until the period's end. Shoppers of last week had little time to buy again: the cohorts "
    "below set the time at risk equal.",
    "Shoppers with at least one counting order by the period's end.",
)
GAP = Definition(
    "Time between purchases",
    "days from one order to the shopper's next; mean and median",
    "Of the orders in the period that were not the shopper's first. The gap that is not over yet is in no number, so "
    "the true time is longer.",
)
RETURNED_UNITS = Definition(
    "Money given back",
    "refunds ÷ order totals, of the same orders",
    "The product return rate, by value: of the orders placed in the period what was refunded until now, by currency. "
    "Not by units: WooCommerce's webhooks tell of a refund its amount alone, and Shopify's units may never "
    "have left the shop. One measure serves every shop.",
    "The totals of those orders.",
    "Goods that came back without any money, such as an exchange.",
)
COHORTS = Definition(
    "Cohorts",
    "shoppers of a month of first order who ordered again within 30, 90 and 180 days ÷ all of that month",
    "A share is shown only for months whose whole time is over for every shopper.",
    "Shoppers whose first order is in that month.",
)
REASONS = Definition(
    "Reasons",
    "answers with this reason ÷ answers",
    "What shoppers answered on the page behind the recovery link, after unsubscribing, or by a quick reply; the newest "
    "answer where somebody changed theirs. Who answers chooses to: the shares are those of people who like to answer.",
    "Answers to questions put in the period. Who did not answer is in no reason: the response rate tells how many.",
)
RESPONSE = Definition(
    "Response rate",
    "people who answered ÷ people who were asked",
    "Answers to the question, however late.",
    "People to whom the question was put in the period: on our pages, by e-mail, SMS or WhatsApp. Machines that open "
    "links were never asked.",
)
CSAT = Definition(
    "Satisfied (CSAT)",
    "answers of 4 or 5 ÷ answers",
    "Answers of 4 or 5 on a scale of 1 to 5 (Wilson's interval).",
    "All answers.",
)
CES = Definition(
    "Ease (CES)",
    "mean of the answers, 1 to 7",
    "How far people agree that ordering was easy. The interval is Student's t.",
)
NPS = Definition(
    "Net promoter score",
    "% of 9 and 10 − % of 0 to 6",
    "From −100 to 100. Its standard error is √((p₊ + p₋ − (p₊ − p₋)²) ÷ n).",
)
CONVERSATIONS = Definition(
    "Conversations abandoned",
    "questions without an answer within 24 hours ÷ questions",
    "A conversation is everything that one address wrote on one channel with no pause over 24 hours. Abandoned: "
    "nothing was answered within 24 hours of its first message.",
    "Conversations begun in the period whose 24 hours are over. STOP, START and YES are orders, not questions.",
)
DELIVERY = Definition(
    "Deliverability",
    "messages that the provider said arrived ÷ messages sent",
    "By channel, of the messages about carts started in the period. Failed ones bounced or were refused, with "
    "the reason. Providers that tell nothing leave a message at “sent”.",
    "Messages sent, or perhaps sent.",
)
COMPLAINTS = Definition(
    "Opt-outs and complaints",
    "in the period, for each 1,000 messages sent",
    "New entries of the stop list by their reason, in the days of the period. Messages: those about carts of then.",
)
CONSENT = Definition(
    "Consent",
    "what people said in the period, by channel",
    "Every statement counts, also a second one of the same person. The proof of each is on the shopper's page.",
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
