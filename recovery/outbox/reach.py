"""By which channel a shopper can be reached at this moment: consent, law, hours, limits and providers."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta as td
from functools import lru_cache

from customers.consent import Refused
from customers.models import Channel, Store
from recovery.channels.whatsapp import offered
from recovery.models import Message
from recovery.outbox.answers import Answers
from recovery.outbox.carriers import owns_provider, twilio_account
from recovery.outbox.languages import APPROVED, choose
from recovery.outbox.routes import Route, open_routes
from recovery.outbox.verdicts import Defer, Send, Skip, Verdict
from recovery.policy import rules
from recovery.policy.hours import NeverOpen, Window, allowed_at
from recovery.policy.zones import Place, place_of


def choose_way(message: Message, answers: Answers, now: datetime) -> Verdict:
    """The first of the step's channels on which the shopper can be reached at this moment.

    Where every channel that is open to them has to wait, the one that waits least is waited for; where none is open,
    the first that has an address says why.
    """
    barred: list[tuple[str, Skip]] = []
    waiting: list[Defer] = []
    place = place_of_shopper(message)
    for route in open_routes(message):
        bar = _barred(message, route, place, answers, now)
        hold = None if bar else _held(message, route, place, answers, now)
        if isinstance(bar or hold, Skip):
            barred.append((route.channel, bar or hold))  # type: ignore[arg-type]
        elif hold:
            waiting.append(hold)  # type: ignore[arg-type]
        else:
            return Send(route, "; ".join(f"{channel}: {why.reason}" for channel, why in barred))
    if waiting:
        return min(waiting, key=lambda defer: defer.until)
    return _nowhere(barred)


def _nowhere(barred: list[tuple[str, Skip]]) -> Skip:
    """No channel is open. A channel for which there is no address says less than one that was refused."""
    told = next(((channel, why) for channel, why in barred if why.reason != "no_address"), barred[0])
    others = "; ".join(f"{channel}: {why.reason}" for channel, why in barred if channel != told[0])
    return Skip(told[1].reason, "; ".join(part for part in (told[1].detail, others) if part))


def place_of_shopper(message: Message) -> Place:
    """Where the shopper may be: by the shipping address, else by the phone, else where the store is."""
    cart, customer = message.cart, message.customer
    return place_of(
        country=cart.country or customer.country,
        region=cart.region,
        postal_code=cart.postal_code,
        phone=customer.phone,
        store_zone=message.store.zone,
    )


def store_window(store: Store) -> Window | None:
    """When the store itself wants to write: the day without its quiet hours."""
    if store.quiet_from is None or store.quiet_until is None:
        return None
    return Window(store.quiet_until, store.quiet_from)


def _barred(message: Message, route: Route, place: Place, answers: Answers, now: datetime) -> Skip | None:
    """Why the shopper cannot be reached by this route at all."""
    contact = answers.contact[route.channel, message.customer_id]
    if isinstance(contact, Refused):
        return Skip(contact.reason, contact.detail)
    if contact.soft and rules.needs(route.channel, place.country) == rules.GRANTED:
        return Skip("no_consent", f"a soft opt-in is not enough in {place.country}")
    if route.channel == Channel.WHATSAPP:
        return _no_whatsapp(message, route, place, answers)
    if route.channel == Channel.SMS and rules.of_us_carriers(place.country, message.customer.phone):
        return _no_us_sms(message, answers, now)
    return None


def _no_whatsapp(message: Message, route: Route, place: Place, answers: Answers) -> Skip | None:
    """Outside the 24 hours after the shopper's last word only an approved template is carried."""
    if not offered(message.customer.phone, place.country):
        return Skip("whatsapp_not_offered", "Meta delivers no marketing to numbers of the United States")
    free = message.customer_id in answers.in_session or not twilio_account(message.store)
    for template in route.templates:  # of variants each: what stops one arm must stop all, or they cannot be compared
        text = choose(answers.whatsapp_texts.get(template, {}), message)
        if text is None or not (text.approval == APPROVED or free):
            status = (text and text.approval) or "not submitted"
            return Skip("template_not_approved", f"the WhatsApp template is {status}")
    return None


def _no_us_sms(message: Message, answers: Answers, now: datetime) -> Skip | None:
    """US carriers allow one SMS for an abandoned cart, within 48 hours."""
    earlier = [
        row.at
        for row in answers.sent.get(message.customer_id, [])
        if row.channel == Channel.SMS and row.cart_id == message.cart_id
    ]
    why = rules.us_sms_allows(earlier, message.enrolment.anchor_at, now)
    return Skip(why, "US carriers allow one SMS per cart, within 48 h") if why else None


def _held(message: Message, route: Route, place: Place, answers: Answers, now: datetime) -> Defer | Skip | None:
    """Why this route has to wait; a Skip when it would wait for ever."""
    return (
        _quiet(message, route, place, now)
        or _capped(message, route, place, answers, now)
        or _provider_paused(message, route, answers)
    )


def _quiet(message: Message, route: Route, place: Place, now: datetime) -> Defer | Skip | None:
    window = store_window(message.store)
    try:
        until = _open_at(now, place.zones, place.country, place.region, route.channel, window)
    except NeverOpen:
        return Skip("never_open", "the store's hours leave no time that the law allows there")
    return Defer(until, "quiet_hours", f"by {place.known_by}: {', '.join(map(str, place.zones))}") if until else None


#: A batch is asked about at one moment, and many of its shoppers are in one place.
_open_at = lru_cache(maxsize=256)(allowed_at)


def _capped(message: Message, route: Route, place: Place, answers: Answers, now: datetime) -> Defer | None:
    """Not more than the store's cap over all channels, nor more than a law's on this one."""
    earlier, store = answers.sent.get(message.customer_id, []), message.store
    own = rules.next_free((row.at for row in earlier), now, rules.Cap(store.cap_messages, td(days=store.cap_days)))
    legal = rules.next_free(
        (row.at for row in earlier if row.channel == route.channel),
        now,
        *rules.law_caps(route.channel, place.country, place.region),
    )
    until = max((moment for moment in (own, legal) if moment), default=None)
    return Defer(until, "frequency_cap") if until else None


def _provider_paused(message: Message, route: Route, answers: Answers) -> Defer | None:
    own = owns_provider(message.store, route.channel)
    until = answers.pauses.get((route.channel, message.store_id if own else None))
    return Defer(until, "provider_paused") if until else None
