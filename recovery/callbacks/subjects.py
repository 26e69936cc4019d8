"""Which of our messages an event is about."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from django.db.models import QuerySet

from customers.models import Channel
from recovery.callbacks.standing import Row
from recovery.models import Message, Notice, ProviderEvent
from recovery.outbox.compose import send_id

_R = TypeVar("_R", Message, Notice)
Name = tuple[str, int]  # ("m" for a message or "n" for a notice, its number)

_MESSAGES = Message.objects.select_related("store", "step", "customer").prefetch_related("step__fallbacks")
_NOTICES = Notice.objects.select_related("store")
_SEND_ID = re.compile(r"m(\d{1,18})\.\d{14}")


def names_of(events: Sequence[ProviderEvent]) -> dict[int, Name]:
    """The name of the message that each event is about, by the event's id. Whether it is still there, `lock` says."""
    named = {event.pk: name for event in events if (name := _own_word(event))}
    return named | _by_provider_id([event for event in events if event.pk not in named])


def lock(names: Collection[Name]) -> tuple[dict[Name, Row], set[Name]]:
    """The rows that nobody else is writing to right now, and the names of all that are there at all.

    Nobody is waited for: a sender that settles many messages at once would wait for us in turn.
    """
    messages, messages_there = _locked(_MESSAGES, names, "m")
    notices, notices_there = _locked(_NOTICES, names, "n")
    return {**messages, **notices}, messages_there | notices_there


def _locked(rows: QuerySet[_R], names: Iterable[Name], letter: str) -> tuple[dict[Name, _R], set[Name]]:
    ids = {pk for kind, pk in names if kind == letter}
    if not ids:
        return {}, set()
    some = rows.filter(pk__in=ids).order_by("pk")
    there = {(letter, pk) for pk in some.values_list("pk", flat=True)}
    free = some.select_for_update(skip_locked=True, no_key=True, of=("self",))
    return {(letter, row.pk): row for row in free}, there


def _own_word(event: ProviderEvent) -> Name | None:
    """The name that we gave it, which comes back in the callback's address or in the mail's metadata."""
    if event.kind == "status":
        about = str(event.payload["about"])
        return about[0], int(about[1:])
    match = _SEND_ID.fullmatch(event.payload["event"]["send_id"])
    return ("m", int(match[1])) if match else None


def _by_provider_id(events: Sequence[ProviderEvent]) -> dict[int, Name]:
    """For services that carry no metadata of ours: by the id that they gave."""
    ids = {event.pk: str(event.payload["event"]["message_id"]) for event in events}
    known = Message.objects.filter(channel=Channel.EMAIL, provider_id__in={one for one in ids.values() if one})
    found = dict(known.exclude(provider_id="").values_list("provider_id", "pk"))
    return {event_id: ("m", found[one]) for event_id, one in ids.items() if one in found}


def is_named_rightly(event: ProviderEvent, row: Row) -> bool:
    """The second half of a send id must fit too: numbers alone may come from another installation's mail."""
    given = event.payload["event"]["send_id"] if event.kind == "tracking" else ""
    return not given or not isinstance(row, Message) or given == send_id(row)
