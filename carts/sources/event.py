"""From parcel to snapshots: the one road that every adapter takes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from carts.snapshots import Ignored, Snapshot
from carts.sources.base import Parcel, Shop, Unreadable
from config.lib.wild import Wild, WildError

_TOPIC = re.compile(r"[\w./-]{1,100}", re.ASCII)
_MAX_NAME = 90  # topic, colon and name together stay within 200 characters


@dataclass(frozen=True, slots=True)
class Event:
    """One webhook, opened. `told_at` is when the platform says that it happened, or else when it came in."""

    body: Wild
    parcel: Parcel
    shop: Shop
    told_at: datetime

    def first_moment(self, *boxes: Wild) -> datetime:
        """The first of these times that can be read, else the time of the event: a bad time costs only the field."""
        for box in boxes:
            moment = box.moment_or_none()
            if moment is not None:
                return moment
        return self.told_at

    def moment_if_told(self, box: Wild, otherwise: datetime) -> datetime | None:
        """None when absent. A time that cannot be read still says that it happened: then `otherwise`."""
        if box.is_empty:
            return None
        return box.moment_or_none() or otherwise


Reader = Callable[[Event], Snapshot | list[Snapshot]]


@contextmanager
def readable() -> Iterator[None]:
    """Whatever is wrong with a body within becomes Unreadable, with the path in its text."""
    try:
        yield
    except WildError as error:
        raise Unreadable(str(error)) from error


def read(readers: Mapping[str, Reader], topic: str, open_parcel: Callable[[], Event]) -> list[Snapshot]:
    """Let the reader of the topic read the parcel. Raises Unreadable, and nothing else, for whatever the body holds."""
    reader = readers.get(topic)
    if reader is None:
        return [Ignored(f"{topic or 'an event without a topic'} is not used")]
    with readable():
        event = open_parcel()
        if not event.body.is_object:
            raise WildError(f"{event.body.path or 'the body'} should be an object")
        found = reader(event)
    return found if isinstance(found, list) else [found]


def clean_topic(text: str) -> str:
    """A topic as it may be stored, or "": platforms use letters, digits and `._/-`."""
    plain = text.strip()
    return plain if _TOPIC.fullmatch(plain) else ""


def digest(*parts: bytes) -> str:
    """One short name for these parts together, in their order."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()[:40]


def named(topic: str, name: str, parcel: Parcel) -> str:
    """The dedupe key of an event that the platform gave a name; by its body where the name is none."""
    if not name:
        return hashed(topic, parcel.body)
    usable = len(name) <= _MAX_NAME and name.isascii() and name.isprintable()
    return f"{topic}:{name}" if usable else f"{topic}:{digest(name.encode(errors='surrogatepass'))}"


def hashed(topic: str, *parts: bytes) -> str:
    """The dedupe key of an event without a name: its topic and all that it says."""
    return f"{topic}:{digest(*parts)}"
