"""Asking shoppers a question: after an order, or by text why their cart was left. Only where the store switched it on.

Each question goes once, to who said yes to the channel, in the day, and the gate of notices asks for the consent again
at the door. Who said STOP is asked nothing: the one message that may follow a STOP says that it was heard.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, time
from datetime import timedelta as td

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from carts.models import Cart, CartState, Order
from config.lib.logline import handed
from customers.addresses import address_hash
from customers.consent import Allowed, may_contact
from customers.models import Channel, Customer, Store
from recovery.bot.buttons import content_sid_for
from recovery.bot.letter import survey_letter
from recovery.channels.segments import fold
from recovery.channels.texts import closest_locale
from recovery.links.mint import new_token, token_hash
from recovery.links.words import page_words
from recovery.models import EnrolmentState, Link, LinkKind, Message, Notice, Reply, SurveyAsk, SurveyKind
from recovery.models.messages import PERHAPS_REACHED
from recovery.outbox.notices import Wish, ask
from recovery.policy.hours import NeverOpen, Window, allowed_at
from recovery.surveys import key_of, note_asked

log = logging.getLogger("cartback.survey")

_DAY = Window(time(10), time(18))
#: An order that became due while nothing ran is asked about for so long, then no more.
_LATE = td(days=3)
#: Nobody is asked about two orders within this time.
_REST = td(days=90)
_LINK_DAYS = 60
_BATCH = 200
#: How long after the last message of a flow the shopper is asked by SMS, at the earliest and at the latest.
_AFTER_FLOW = (td(hours=24), td(hours=72))
#: WhatsApp takes free words for 24 hours after the shopper wrote (Twilio docs: error 63016); an hour is left over.
_WINDOW = td(hours=23)


def ask_due(now: datetime) -> int:
    """Ask everybody whose question is due; returns how many were asked."""
    count = 0
    for store in Store.objects.filter(is_active=True, uninstalled_at=None).exclude(
        ask_after_order="", ask_why_by_text=False
    ):
        count += _after_orders(store, now) if store.ask_after_order else 0
        count += _why_by_sms(store, now) + _why_by_whatsapp(store, now) if store.ask_why_by_text else 0
    if count:
        handed(log, "ask", count=count)
    return count


# -- after an order


def _after_orders(store: Store, now: datetime) -> int:
    due = now - td(days=store.ask_after_days)
    asked = SurveyAsk.objects.filter(order=OuterRef("pk"), kind=store.ask_after_order)
    lately = SurveyAsk.objects.filter(
        customer=OuterRef("customer"), order__isnull=False, asked_at__gt=now - _REST, store=store
    )
    rows = Order.objects.filter(
        ~Exists(asked), ~Exists(lately), store=store, placed_at__gt=due - _LATE, placed_at__lte=due, paid=True,
        is_placed=True, is_test=False, cancelled_at=None, deleted_at=None, customer__erased_at=None,
    ).exclude(customer=None)  # fmt: skip
    orders: dict[int, Order] = {}
    for order in rows.select_related("customer", "cart").order_by("placed_at", "pk"):
        orders.setdefault(order.customer_id or 0, order)
    people = [order.customer for order in orders.values() if order.customer]
    count = 0
    for channel in (Channel.EMAIL, Channel.SMS):
        allowed = _allowed(store, people, channel, now)
        for person in allowed[: _BATCH - count]:
            count += _ask_about_order(store, person, orders[person.pk], channel, now)
        people = [person for person in people if person not in allowed]
    return count


@transaction.atomic
def _ask_about_order(store: Store, person: Customer, order: Order, channel: str, now: datetime) -> bool:
    kind, to = store.ask_after_order, person.address(channel)
    locale = closest_locale(person.locale, order.cart.locale if order.cart else "", store.locale)
    words = page_words("survey", locale, store=store.name, channel=kind)
    around = page_words("survey_text", locale, store=store.name)
    link, url = _link(store, person, order.cart, LinkKind.SURVEY, channel, to, now)
    key = key_of(kind, None, order.pk)
    if channel == Channel.EMAIL:
        _, stop_url = _link(store, person, order.cart, LinkKind.UNSUBSCRIBE, channel, to, now)
        letter = survey_letter(store, locale, words["title"], around, url, stop_url)
        wish = Wish(store, person, channel, to, "survey", letter.text, key, subject=around["subject"],
                    html=letter.html, unsubscribe_url=stop_url)  # fmt: skip
    else:
        text = f"{store.name}: {words['title']} {url} {around['stop']}"
        wish = Wish(store, person, channel, to, "survey", _cheap(store, text, locale), key)
    return ask(wish, now=now) and note_asked(
        store.pk, kind, channel, now=now, customer_id=person.pk, order_id=order.pk, link_id=link.pk
    )


def _link(
    store: Store, person: Customer, cart: Cart | None, kind: LinkKind, channel: str, to: str, now: datetime
) -> tuple[Link, str]:
    token, path = new_token(), "survey" if kind == LinkKind.SURVEY else "u"
    days = _LINK_DAYS if kind == LinkKind.SURVEY else 400  # a no has to work for longer, as in links.mint
    row = Link.objects.create(
        token_hash=token_hash(token), kind=kind, store=store, customer=person, cart=cart, channel=channel,
        address_hash=address_hash(to), expires_at=now + td(days=days), created_at=now,
    )  # fmt: skip
    return row, f"{settings.PUBLIC_URL}/{path}/{token}/"


# -- why, by text


def _why_by_sms(store: Store, now: datetime) -> int:
    """Of whose flow ended a day ago with an SMS and without an order. US carriers allow one SMS for a cart."""
    sent = Message.objects.filter(
        ~Exists(SurveyAsk.objects.filter(cart=OuterRef("cart"), kind=SurveyKind.WHY)), store=store,
        channel=Channel.SMS, state__in=PERHAPS_REACHED, sent_at__range=(now - _AFTER_FLOW[1], now - _AFTER_FLOW[0]),
        enrolment__state=EnrolmentState.DONE, cart__state=CartState.ABANDONED, customer__erased_at=None,
    ).exclude(customer__phone__startswith="+1")  # fmt: skip
    carts = {m.customer_id: (m.customer, m.cart) for m in sent.select_related("customer", "cart").order_by("sent_at")}
    return _ask_why(store, list(carts.values())[:_BATCH], Channel.SMS, now)


def _why_by_whatsapp(store: Store, now: datetime) -> int:
    """Of who wrote within the 24 hours and was answered by a person: nobody is asked while they wait for an answer."""
    answered = Notice.objects.filter(customer=OuterRef("customer"), purpose="answer", created_at__gt=OuterRef("at"))
    wrote = Reply.objects.filter(
        Exists(answered), store=store, channel=Channel.WHATSAPP, intent="", at__gt=now - _WINDOW, at__lte=now,
        customer__isnull=False, customer__erased_at=None,
    )  # fmt: skip
    found: dict[int, tuple[Customer, Cart]] = {}
    for reply in wrote.select_related("customer")[:_BATCH]:
        cart = Cart.objects.filter(customer=reply.customer, state=CartState.ABANDONED).order_by("-last_activity_at")
        newest = cart.exclude(survey_asks__kind=SurveyKind.WHY).first()
        if reply.customer and newest:
            found[reply.customer.pk] = (reply.customer, newest)
    return _ask_why(store, list(found.values()), Channel.WHATSAPP, now)


def _ask_why(store: Store, found: Sequence[tuple[Customer, Cart]], channel: Channel, now: datetime) -> int:
    carts = {person.pk: cart for person, cart in found}
    allowed = _allowed(store, [person for person, _ in found], channel, now)
    return sum(_ask_about_cart(store, person, carts[person.pk], channel, now) for person in allowed)


def _ask_about_cart(store: Store, person: Customer, cart: Cart, channel: str, now: datetime) -> bool:
    locale = closest_locale(cart.locale, person.locale, store.locale)
    text = page_words("survey_text", locale, store=store.name)["why"]
    text = _cheap(store, text, locale) if channel == Channel.SMS else text
    tapped = content_sid_for(store, locale, text) if channel == Channel.WHATSAPP else ""
    key = key_of("why", cart.pk, None)
    wish = Wish(store, person, channel, person.address(channel), "survey", text, key, content_sid=tapped)
    with transaction.atomic():
        return ask(wish, now=now) and note_asked(
            store.pk, SurveyKind.WHY, channel, now=now, customer_id=person.pk, cart_id=cart.pk
        )


# -- both


def _allowed(store: Store, people: Iterable[Customer], channel: str, now: datetime) -> list[Customer]:
    """Who may be written to on the channel, at this hour, by the store's clock and the law of their country."""
    reachable = [person for person in people if person.address(channel)]
    verdicts = may_contact(store, reachable, channel)
    return [p for p in reachable if isinstance(verdicts[p.pk], Allowed) and _is_day(store, p, channel, now)]


def _is_day(store: Store, person: Customer, channel: str, now: datetime) -> bool:
    try:
        return allowed_at(now, [store.zone], person.country, "", channel, _DAY) is None
    except NeverOpen:
        return False


def _cheap(store: Store, text: str, locale: str) -> str:
    return fold(text, locale) if store.sms_fold else text
