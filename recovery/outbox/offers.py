"""Offers at the door: a message whose step carries one gets its code, waits for it, or goes as the marketer chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from config.lib import batch
from config.lib.wake import wake
from recovery import ledger
from recovery.discounts.decide import Asked, Carry, Decided, Wait, Without, decide
from recovery.experiments.door import variant_of
from recovery.ledger import entry_of
from recovery.models import DiscountCode, Message, Offer, WithoutOffer
from recovery.outbox.reach import place_of_shopper
from recovery.outbox.verdicts import Defer, Skip, Verdict


def offer_id(message: Message) -> int | None:
    """The offer of the message's step, or of the variant that was drawn."""
    variant = variant_of(message)
    return variant.offer_of(message.step) if variant else message.step.offer_id


@dataclass(frozen=True, slots=True)
class Settled:
    """What was decided: who does not go now, and who goes without their offer."""

    refused: dict[int, Verdict] = field(default_factory=dict)
    without: dict[int, Without] = field(default_factory=dict)

    def depart(self, messages: Sequence[Message], now: datetime) -> None:
        """These messages are on their way: from now on their codes' time runs."""
        told = [(message, message.discount_code) for message in messages if message.discount_code]
        batch.update(DiscountCode, [_given(code, now) for _, code in told])
        lines = [entry_of(m, "offered", "again" if code.given_at else "", str(code)) for m, code in told]
        left = [(m, self.without[m.pk]) for m in messages if m.pk in self.without]
        ledger.note(lines + [entry_of(m, "no_offer", why.reason, why.detail) for m, why in left], now=now)


def settle(messages: Sequence[Message], now: datetime) -> Settled:
    """Decide on the offers of messages that may go. Those that go carry their code in `discount_code`, or none."""
    if not messages:
        return Settled()
    wanted = [(message, pk) for message in messages if (pk := offer_id(message))]
    offers = Offer.objects.select_related("store").in_bulk({pk for _, pk in wanted})
    asked = [Asked(message, offers[pk], place_of_shopper(message).zones[0]) for message, pk in wanted]
    decided = decide(asked, now=now)
    if any(isinstance(one, Wait) for one in decided.values()):
        wake("recovery.tasks.make_codes")
    verdicts = {message.pk: _verdict(message, decided[message.pk]) for message in messages}
    return Settled(
        {pk: verdict for pk, verdict in verdicts.items() if verdict},
        {pk: one for pk, one in decided.items() if isinstance(one, Without)},
    )


def _verdict(message: Message, decided: Decided) -> Verdict | None:
    """None: it goes, with what it carries now."""
    message.discount_code = None
    if isinstance(decided, Wait):
        return Defer(decided.until, "waiting_for_code", decided.detail)
    if isinstance(decided, Carry):
        message.discount_code = decided.code
        decided.code.expires_at = decided.expires_at
        return None
    needs_it = message.step.without_offer == WithoutOffer.SKIP
    return Skip(decided.reason, decided.detail) if needs_it else None


def _given(code: DiscountCode, now: datetime) -> dict[str, object]:
    return {"id": code.pk, "given_at": code.given_at or now, "expires_at": code.expires_at}
