"""What may be asked of a shop that makes discount codes. Pure, as the sources are: plain facts in, plain facts out.

Every request may be repeated: a code that is there already, and is ours, counts as made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from config.lib import http


class ShopError(Exception):
    """The shop did not do it. `permanent`: asking again for the same is of no use. The text holds no secret."""

    def __init__(self, code: str, detail: str = "", *, wait: float | None = None, permanent: bool = False) -> None:
        super().__init__(detail or code)
        self.code = code
        self.detail = detail
        self.wait = wait  # seconds, where the shop said how long
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a shop's API: its origin without a slash at the end, and what it knows us by."""

    url: str
    key: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CodeTerms:
    """What the codes give. `kind`: percent | amount | free_shipping; money in `currency`, major units."""

    title: str
    kind: str
    value: Decimal
    currency: str
    minimum: Decimal
    products: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Wish:
    """One code, for one shopper."""

    code: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class CodeBatch:
    """Codes of the same terms. The shop's own discount is found again by `first_code` while `discount_id` is ""."""

    terms: CodeTerms
    wishes: Sequence[Wish]
    first_code: str
    discount_id: str = ""
    job: str = ""  # what the shop was still working on when it was asked last


@dataclass(slots=True)
class Made:
    """What came of a batch. Codes that stand nowhere here are still being worked on, as `job`."""

    discount_id: str = ""
    ids: dict[str, str] = field(default_factory=dict)  # code -> the shop's id of it
    failed: dict[str, ShopError] = field(default_factory=dict)
    job: str = ""


class CodeMaker(Protocol):
    """A shop's API for codes. Everything raises ShopError."""

    most: int  # codes in one batch

    def make(self, access: Access, batch: CodeBatch) -> Made:
        """Make the codes."""

    def end(self, access: Access, discount_id: str, codes: Mapping[str, str], *, last: bool, at: datetime) -> None:
        """Let the codes (code -> id, "" for unknown) count no longer. `last`: no code of the discount lives."""

    def forget(self, access: Access, ids: Sequence[str]) -> None:
        """Delete what is dead: coupons, or discounts, whichever the shop piles up."""


def shop_error(error: http.HttpError) -> ShopError:
    """What a failed request means here. Since every request may be repeated, an unknown end is just a failure."""
    if isinstance(error, http.Forbidden):
        return ShopError("shop_unreachable", str(error), permanent=True)
    if not isinstance(error, (http.Refused, http.Ambiguous)):
        return ShopError("shop_unreachable", str(error))
    status = error.status
    if status in (401, 402, 403, 423):
        return ShopError("shop_denied", f"{error}: check the API access of the store", wait=error.retry_after)
    if status == 429:
        return ShopError("shop_busy", str(error), wait=error.retry_after or 2.0)
    permanent = status is not None and 400 <= status < 500 and status not in (404, 408)
    return ShopError(
        "shop_refused" if permanent else "shop_failed", str(error), wait=error.retry_after, permanent=permanent
    )
