"""A person of the store answers what a shopper wrote, by the number it came from. Nothing else ever does.

Mail is answered where it lies, in the store's own inbox: the thread and the attachments are there.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from datetime import timedelta as td

from customers.addresses import address_hashes
from customers.models import Channel, Suppression
from recovery.channels.segments import fold
from recovery.models import Reply
from recovery.outbox.notices import Wish, ask

#: Characters of an answer; of an SMS that is seven segments.
LONGEST = 1_000
_WINDOW = td(hours=24)  # WhatsApp's, from the shopper's last message (Twilio docs: error 63016)


class CannotAnswer(ValueError):
    """Why not, in a sentence for the person who wants to."""


def why_not(reply: Reply, now: datetime) -> str:
    """Why the shopper cannot be answered from here; "" where they can."""
    if not reply.address or (reply.customer and reply.customer.erased_at):
        return "Their words and address were erased."
    if reply.channel == Channel.EMAIL:
        return "Answer this mail from your own inbox, where its thread is."
    stopped = Suppression.objects.filter(
        store=reply.store, channel=reply.channel, address_hash__in=address_hashes(reply.address)
    )
    if stopped.exists():
        return f"{reply.get_channel_display()} to this number is on the stop list."
    if reply.channel == Channel.WHATSAPP and _last_heard(reply) <= now - _WINDOW:
        return "WhatsApp takes free words for 24 hours after the shopper last wrote, and these are over."
    return ""


def answer(reply: Reply, words: str, *, now: datetime) -> None:
    """Send the words to whoever wrote; what they wrote until now counts as answered. Raises CannotAnswer."""
    text = words.replace("\r\n", "\n").strip()
    if not text:
        raise CannotAnswer("Write the answer first.")
    if len(text) > LONGEST:
        raise CannotAnswer(f"The answer has {len(text)} characters: at most {LONGEST}.")
    if reason := why_not(reply, now):
        raise CannotAnswer(reason)
    if reply.channel == Channel.SMS and reply.store.sms_fold:
        text = fold(text, reply.customer.locale if reply.customer else reply.store.locale)
    # Pressed twice it goes once; the same words to what they write later go again.
    key = f"answer:{reply.pk}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"
    ask(Wish(reply.store, reply.customer, reply.channel, reply.address, "answer", text, key, reply), now=now)
    settle(reply, now=now)


def settle(reply: Reply, *, now: datetime) -> int:
    """This reply, and what the same address wrote on the channel before it, wait for nobody any more; how many did."""
    theirs = Reply.objects.filter(store=reply.store, channel=reply.channel, address=reply.address, at__lte=reply.at)
    return theirs.filter(answered_at=None, intent="").update(answered_at=now)


def _last_heard(reply: Reply) -> datetime:
    theirs = Reply.objects.filter(store=reply.store, channel=reply.channel, address=reply.address)
    return theirs.order_by("-at").values_list("at", flat=True).first() or reply.at
