"""What the stand-in keeps: discounts with their codes, and bulk creations that take their time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

_GID = "gid://shopify/{}/{}"


@dataclass(slots=True)
class Discount:
    id: str
    kind: str  # DiscountCodeBasic | DiscountCodeFreeShipping
    input: dict[str, Any]
    codes: dict[str, str] = field(default_factory=dict)  # upper-case code -> id
    active: bool = True


@dataclass(slots=True)
class Bulk:
    id: str
    discount: Discount
    codes: list[str]
    looks: int  # how often it is looked at before it is done
    results: list[dict[str, Any]] = field(default_factory=list)


class UserError(Exception):
    """What comes back as `userErrors`."""

    def __init__(self, code: str, message: str, *path: str) -> None:
        super().__init__(message)
        self.told = {"field": list(path), "code": code, "message": message}


class Shop:
    """The state, and the rules of each mutation. `slow` is how many looks a bulk creation takes."""

    def __init__(self) -> None:
        self.discounts: dict[str, Discount] = {}
        self.bulks: dict[str, Bulk] = {}
        self.slow = 1
        self.unlucky: set[str] = set()  # codes that fail once in a bulk creation
        self._numbers = count(1001)

    def _new_id(self, kind: str) -> str:
        return _GID.format(kind, next(self._numbers))

    def owner(self, code: str) -> Discount | None:
        return next((one for one in self.discounts.values() if code.upper() in one.codes), None)

    def create(self, kind: str, given: dict[str, Any]) -> Discount:
        _check(kind, given)
        if self.owner(given["code"]):
            raise UserError("TAKEN", "Code must be unique. Please try a different code.", "basicCodeDiscount", "code")
        made = Discount(self._new_id("DiscountCodeNode"), kind, given)
        made.codes[given["code"].upper()] = self._new_id("DiscountRedeemCode")
        self.discounts[made.id] = made
        return made

    def find(self, discount_id: str) -> Discount:
        if discount_id not in self.discounts:
            raise UserError("INVALID", "Discount does not exist", "id")
        return self.discounts[discount_id]

    def add(self, discount_id: str, codes: list[str]) -> Bulk:
        discount = self.find(discount_id)
        if not 1 <= len(codes) <= 250:
            raise UserError("TOO_MANY_ARGUMENTS", "Maximum of 250 codes can be added at a time.", "codes")
        bulk = Bulk(self._new_id("DiscountRedeemCodeBulkCreation"), discount, codes, self.slow)
        self.bulks[bulk.id] = bulk
        return bulk

    def look(self, bulk_id: str) -> Bulk | None:
        bulk = self.bulks.get(bulk_id)
        if bulk and bulk.looks > 0:
            bulk.looks -= 1
        if bulk and not bulk.looks and not bulk.results:
            bulk.results = [self._add_one(bulk.discount, code) for code in bulk.codes]
        return bulk

    def _add_one(self, discount: Discount, code: str) -> dict[str, Any]:
        problem: dict[str, Any] | None = None
        if code in self.unlucky:
            self.unlucky.discard(code)
            problem = {"field": None, "code": "INTERNAL_ERROR", "message": "Something went wrong"}
        elif self.owner(code):
            problem = {
                "field": ["code"],
                "code": "TAKEN",
                "message": "Code must be unique. Please try a different code.",
            }
        if problem:
            return {"code": code, "discountRedeemCode": None, "errors": [problem]}
        discount.codes[code.upper()] = self._new_id("DiscountRedeemCode")
        return {"code": code, "discountRedeemCode": {"id": discount.codes[code.upper()], "code": code}, "errors": []}

    def remove(self, discount_id: str, ids: list[str] | None, search: str | None) -> None:
        discount = self.find(discount_id)
        if bool(ids) == bool(search):
            raise UserError("TOO_MANY_ARGUMENTS", "Only one of ids, search or savedSearchId is allowed.")
        wanted = search.removeprefix("code:").upper() if search else ""
        gone = [code for code, code_id in discount.codes.items() if code == wanted or code_id in (ids or [])]
        for code in gone:
            del discount.codes[code]


def _check(kind: str, given: dict[str, Any]) -> None:
    """The reference names these as required when creating."""
    needed = ["title", "code", "startsAt", "context"]
    needed += ["customerGets"] if kind == "DiscountCodeBasic" else ["destination"]
    for name in needed:
        if not given.get(name):
            raise UserError("BLANK", f"{name} can't be blank", name)
    if len(given["code"]) > 255:
        raise UserError("TOO_LONG", "Code is too long", "code")
    if given.get("endsAt") and datetime.fromisoformat(given["endsAt"]) <= datetime.fromisoformat(given["startsAt"]):
        raise UserError("END_DATE_BEFORE_START_DATE", "Ends at needs to be after starts_at", "endsAt")
    value = (given.get("customerGets") or {}).get("value") or {}
    if "percentage" in value and not 0 < value["percentage"] <= 1:
        raise UserError("VALUE_OUTSIDE_RANGE", "Value must be between 0.0 and 1.0", "customerGets", "value")
