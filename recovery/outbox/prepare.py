"""Out of the queue and up to the mark: claim, judge, compose, and commit `sending` just before the call.

One transaction: if we die before its commit, the rows are queued as they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from functools import cache

from django.db import transaction

from carts.models import Cart, CartState
from config.lib import batch
from config.lib.sealing import Unsealable
from customers.addresses import address_hashes
from customers.models import Customer, Suppression
from recovery import ledger
from recovery.experiments import assign
from recovery.ledger import entry_of
from recovery.links.mint import masked
from recovery.models import Message, MessageState
from recovery.outbox import offers
from recovery.outbox.breaker import pause_channel
from recovery.outbox.carriers import Carrier, carrier_for, owns_provider
from recovery.outbox.compose import Broken, Composed, Departure, compose
from recovery.outbox.gate import judge, whole
from recovery.outbox.offers import Settled, offer_id
from recovery.outbox.throttle import hold_back
from recovery.outbox.verdicts import Defer, Send, Skip, Verdict
from recovery.providers.base import Misconfigured
from recovery.purchases import bought_since


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that is marked `sending`, with all that a thread needs to hand it over."""

    departure: Departure
    composed: Composed

    @property
    def message(self) -> Message:
        return self.departure.message

    @property
    def carrier(self) -> Carrier:
        return self.departure.carrier


@transaction.atomic
def prepare(now: datetime, limit: int, *, leaving: set[int] | None = None) -> tuple[list[Ready], int, set[int]]:
    """Claim, judge, compose and mark up to `limit` due messages.

    Returns what may be handed over once this is committed, how many rows were dealt with, and the ids of those left
    alone because another sender is just writing to the same person.
    """
    messages = _claim(now, limit, leaving or set())
    free = _lock_customers(messages)
    ours = [message for message in messages if message.customer_id in free]
    verdicts = judge(ours, now=now)
    _write_draws(ours, verdicts, now)
    _write_refusals(ours, verdicts, now)
    going = [(message, verdict) for message in ours if isinstance(verdict := verdicts[message.pk], Send)]
    going, settled = _with_offers(going, now)
    _note_detours(going, now)
    ready = _mark(_composed(_departures(going, now), now), now)
    settled.depart([one.message for one in ready], now)
    return ready, len(ours), {message.pk for message in messages} - {message.pk for message in ours}


def _claim(now: datetime, limit: int, leaving: set[int]) -> list[Message]:
    """Locked, with all that is asked about them."""
    rows = Message.objects.due(now).exclude(pk__in=leaving)
    return whole(rows.select_for_update(skip_locked=True, no_key=True, of=("self",))[:limit])


def _lock_customers(messages: Sequence[Message]) -> set[int]:
    """One sender at a time for a person, so that two messages of theirs cannot both find the gap kept."""
    ids = {message.customer_id for message in messages}
    rows = Customer.objects.filter(pk__in=batch.ids(ids)).order_by("pk")
    return set(rows.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))


def _write_draws(messages: Sequence[Message], verdicts: dict[int, Verdict], now: datetime) -> None:
    """Who was drawn, into which arm, for good; and the times of a message move to those of its variant."""
    drawn = [(m, exposure) for m in messages for exposure in verdicts[m.pk].exposures]
    assign.record([exposure for _, exposure in drawn], now=now)
    ledger.note(
        (entry_of(m, "drawn", exposure.arm, f"experiment {exposure.experiment_id}") for m, exposure in drawn), now=now
    )
    for message in messages:
        take_variant(message, verdicts[message.pk])


def take_variant(message: Message, verdict: Verdict) -> None:
    """The message becomes that of the variant that was drawn, in memory; its times move to the variant's own."""
    variant = verdict.variant
    if variant and not message.variant_id:
        message.variant = variant
        message.planned_at = message.enrolment.anchor_at + variant.delay_of(message.step)
        message.expires_at = message.planned_at + message.step.late_after


def _write_refusals(messages: Sequence[Message], verdicts: dict[int, Verdict], now: datetime) -> None:
    refused = [(m, v) for m in messages if isinstance(v := verdicts[m.pk], (Skip, Defer))]
    batch.update(Message, [_refusal(message, verdict, now) for message, verdict in refused])
    # A message that waits for the same reason as before needs no further line in the ledger.
    news = [(m, v) for m, v in refused if not (isinstance(v, Defer) and m.reason == v.reason)]
    ledger.note(
        (entry_of(m, "skipped" if isinstance(v, Skip) else "deferred", v.reason, v.detail) for m, v in news), now=now
    )


def _refusal(message: Message, verdict: Skip | Defer, now: datetime) -> dict[str, object]:
    skipped = isinstance(verdict, Skip)
    return {
        "id": message.pk,
        **_as_drawn(message),
        "state": str(MessageState.SKIPPED if skipped else MessageState.QUEUED),
        "due_at": message.due_at if isinstance(verdict, Skip) else max(verdict.until, now + td(seconds=1)),
        "reason": verdict.reason,
        "detail": verdict.detail[:300],
        "ended_at": now if skipped else None,
    }


def _as_drawn(message: Message) -> dict[str, object]:
    return {
        "variant_id": message.variant_id,
        "planned_at": message.planned_at,
        "expires_at": message.expires_at,
    }


def _with_offers(going: list[tuple[Message, Send]], now: datetime) -> tuple[list[tuple[Message, Send]], Settled]:
    """Whoever waits for a code, or does not go without one, stays behind. Messages without an offer cost nothing."""
    settled = offers.settle([message for message, _ in going if offer_id(message)], now)
    _write_refusals([message for message, _ in going if message.pk in settled.refused], settled.refused, now)
    return [pair for pair in going if pair[0].pk not in settled.refused], settled


def _note_detours(going: Sequence[tuple[Message, Send]], now: datetime) -> None:
    """Where the first choice was passed over, the ledger says why."""
    detours = [(m, v) for m, v in going if v.because and v.route.channel != m.channel]
    ledger.note((entry_of(m, "rerouted", f"to {v.route.channel}", v.because) for m, v in detours), now=now)


def _departures(going: Sequence[tuple[Message, Send]], now: datetime) -> list[Departure]:
    """Each message with its carrier. A carrier whose settings are wrong is paused, and its messages wait for it."""
    departures: list[Departure] = []
    carriers = cache(carrier_for)  # a store is one instance for the whole batch
    for message, verdict in going:
        try:
            carrier = carriers(message.store, verdict.route.channel)
        except (Misconfigured, Unsealable) as error:
            until = _pause_unusable(message, verdict.route.channel, error, now)
            _write_refusals([message], {message.pk: Defer(until, "provider_paused", str(error))}, now)
        else:
            message.channel = verdict.route.channel
            departures.append(Departure(message, verdict.route, carrier))
    return departures


def _pause_unusable(message: Message, channel: str, error: Exception, now: datetime) -> datetime:
    code = error.code if isinstance(error, Misconfigured) else "unsealable"
    until = now + td(minutes=15)
    own = message.store_id if owns_provider(message.store, channel) else None
    pause_channel(own, channel, "settings", code, str(error), now=now, until=until)
    return until


def _composed(departures: Sequence[Departure], now: datetime) -> list[Ready]:
    composed = compose(departures, now=now) if departures else {}
    broken = [(d.message, e) for d in departures if isinstance(e := composed[d.message.pk], Broken)]
    _write_refusals([m for m, _ in broken], {m.pk: Skip("template_broken", e.detail) for m, e in broken}, now)
    pairs = [(d, e) for d in departures if isinstance(e := composed[d.message.pk], Composed)]
    waits = hold_back(pairs, now=now)
    slow = [d.message for d, _ in pairs if d.message.pk in waits]
    _write_refusals(slow, {m.pk: Defer(waits[m.pk], "rate_limit") for m in slow}, now)
    return [Ready(d, e) for d, e in pairs if d.message.pk not in waits]


def _mark(ready: Sequence[Ready], now: datetime) -> list[Ready]:
    """Ask for the order and for a no a last time, and mark the rest `sending` with exactly what will be sent."""
    messages = [one.message for one in ready]
    late, said_no = _ordered_meanwhile(messages), _said_no_meanwhile(messages)
    last: dict[int, Verdict] = {
        **{pk: Defer(now, "suppressed") for pk in said_no},
        **dict.fromkeys(late, Skip("ordered")),
    }
    _write_refusals([m for m in messages if m.pk in last], last, now)
    staying = [one for one in ready if one.message.pk not in last]
    for one in staying:
        one.message.attempts += 1
    batch.update(Message, [_marked(one, now) for one in staying])
    return staying


def _ordered_meanwhile(messages: Sequence[Message]) -> set[int]:
    """Composing takes a while; an order that came in meanwhile is seen here."""
    ordered = Cart.objects.filter(pk__in=batch.ids(m.cart_id for m in messages), state=CartState.ORDERED)
    carts = set(ordered.values_list("pk", flat=True))
    bought = bought_since({m.pk: (m.customer, m.cart.started_at) for m in messages})
    return bought | {m.pk for m in messages if m.cart_id in carts}


def _said_no_meanwhile(messages: Sequence[Message]) -> set[int]:
    """So does a STOP. The gate is asked again then: another channel may be open."""
    places = {
        (m.store_id, m.channel, hashed): m.pk
        for m in messages
        for hashed in address_hashes(m.customer.address(m.channel))
    }
    stores, channels = {place[0] for place in places}, {place[1] for place in places}
    hashes = batch.texts(place[2] for place in places)
    found = Suppression.objects.filter(store_id__in=stores, channel__in=channels, address_hash__in=hashes)
    return {places[place] for place in found.values_list("store_id", "channel", "address_hash") if place in places}


def _marked(one: Ready, now: datetime) -> dict[str, object]:
    envelope = one.composed.envelope
    return {
        "id": one.message.pk,
        **_as_drawn(one.message),
        "state": str(MessageState.SENDING),
        "channel": one.message.channel,
        "sent_at": now,
        "attempts": one.message.attempts,
        "reason": "",
        "detail": "",
        "provider": one.carrier.name,
        "to": envelope.to,
        "locale": one.composed.locale,
        "subject": envelope.subject,
        "body_html": masked(envelope.html),
        "body_text": masked(envelope.text),
        "segments": one.composed.segments,
        "discount_code_id": one.message.discount_code_id,
    }
