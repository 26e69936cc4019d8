"""What every shop's adapter offers. Adapters are pure: bytes and plain facts in, snapshots and addresses out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from carts.snapshots import Line, Snapshot


class BadSignature(Exception):
    """The delivery does not prove that it comes from the store. The text says what is wrong and holds no secret."""


class Unreadable(ValueError):
    """The body cannot be read as its topic. Kept as a dead letter; the text says which field and why."""


@dataclass(frozen=True, slots=True)
class Shop:
    """What an adapter may know of the store it reads for."""

    domain: str  # "shop.example", without scheme
    currency: str  # ISO 4217; for events that leave it out
    timezone: str  # IANA name; for times without an offset


@dataclass(frozen=True, slots=True)
class Parcel:
    """One webhook as it came in. Header names are lower-case."""

    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Label:
    """What the door must know of a parcel before it is opened."""

    topic: str  # as the platform writes it: "checkouts/update"
    dedupe_key: str  # the same for a repeated delivery of the same event, and for nothing else in this store
    is_ping: bool = False  # a platform's set-up call: answered 200, signed or not, and not kept


@dataclass(frozen=True, slots=True)
class RestoreFacts:
    """What is known of a cart when its recovery link is clicked."""

    restore_url: str
    lines: Sequence[Line]
    discount_code: str = ""


class Source(Protocol):
    """One shop platform."""

    platform: str
    #: headers, lower-case, that are kept beside the body: `label` and `read` look at them, or a person who has to ask
    #: the platform what became of a delivery
    kept_headers: frozenset[str]

    def label(self, parcel: Parcel) -> Label:
        """Topic and dedupe key. Never raises: an unknown shape gets the topic "" and a hash of the body as key."""

    def verify(self, parcel: Parcel, secrets: Sequence[str]) -> None:
        """Check the signature over the raw bytes against each valid secret, in constant time.

        Raises BadSignature; whatever else is malformed in a header raises BadSignature too.
        """

    def read(self, parcel: Parcel, shop: Shop) -> list[Snapshot]:
        """The facts in the body. A topic nobody handles gives [Ignored(…)]. Raises Unreadable."""

    def restore_address(self, facts: RestoreFacts, shop: Shop) -> str:
        """Where the shopper stands before their cart again, with the discount applied; "" where the shop has none."""
