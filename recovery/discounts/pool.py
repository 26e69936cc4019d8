"""Codes that the shop made by itself and a person brought here: pasted, or a file of one column or many."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from config.lib import batch
from recovery.discounts.terms import Terms
from recovery.models import CodeState, DiscountCode, Offer

_CODE = re.compile(r"[^\s,;\"']{3,60}")
_BATCH = 1_000
#: More in one go is a mistake.
MOST = 50_000


@dataclass(frozen=True, slots=True)
class Imported:
    """How many codes are new, how many were known already, and the first lines that hold none."""

    new: int
    known: int
    unread: tuple[str, ...] = ()


def import_codes(offer: Offer, text: str, *, now: datetime) -> Imported:
    """Put the codes into the offer's pool: the first column of each line. A heading called “code” is passed over.

    Raises ValueError with a sentence where there are too many.
    """
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines()]
    firsts = [re.split(r"[,;\t]", line)[0].strip().strip("\"'") for line in lines if line]
    firsts = firsts[1:] if firsts and firsts[0].lower() in ("code", "codes", "discount code") else firsts
    codes = {first.upper(): first for first in firsts if _CODE.fullmatch(first)}
    if len(codes) > MOST:
        raise ValueError(f"These are {len(codes)} codes. Import at most {MOST} at a time.")
    new = sum(_insert(offer, list(codes.values())[at : at + _BATCH], now) for at in range(0, len(codes), _BATCH))
    return Imported(new, len(codes) - new, tuple(first for first in firsts if not _CODE.fullmatch(first))[:5])


def _insert(offer: Offer, codes: list[str], now: datetime) -> int:
    rows = [
        {
            "store_id": offer.store_id,
            "offer_id": offer.pk,
            "code": code,
            "state": str(CodeState.SPARE),
            "is_shared": False,
            "terms": Terms.of(offer).kept(),
            "attempts": 0,
            "created_at": now,
            "possible_cost": 0,
            "currency": offer.currency,
            **dict.fromkeys(("job", "reason", "detail", "external_id"), ""),
        }
        for code in codes
    ]
    return batch.insert(DiscountCode, rows, conflict="DO NOTHING")
