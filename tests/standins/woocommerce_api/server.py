"""Coupons over HTTP: Basic authentication, the batch endpoint with an error for each item, and the checks of v3."""

from __future__ import annotations

import base64
import re
from collections import deque
from datetime import datetime
from decimal import Decimal, InvalidOperation
from itertools import count
from typing import Any

from tests.standins.wire import Answer, HttpStandin, Request

KEY, SECRET = "ck_" + "a1" * 20, "cs_" + "b2" * 20
_PATH = re.compile(r"/wp-json/wc/v3/coupons(?P<batch>/batch)?")
_MOST = 100
_TYPES: dict[str, type | tuple[type, ...]] = {
    "code": str, "description": str, "discount_type": str, "amount": str, "free_shipping": bool, "individual_use": bool,
    "usage_limit": int, "usage_limit_per_user": int, "date_expires_gmt": str, "email_restrictions": list,
    "minimum_amount": str, "product_ids": list, "meta_data": list, "id": int,
}  # fmt: skip


class Refused(Exception):
    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.told = {"code": code, "message": message, "data": {"status": status}}


class WooCommerceStandin(HttpStandin):
    """Faults, each used once by the next request: a status ("500", "429", "401"), "drop_before" (not done),
    "drop_after" (done, no answer), "html" (an answer nobody can read), "half" (the second item fails once)."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.coupons: dict[int, dict[str, Any]] = {}
        self.faults: deque[str] = deque()
        self.requests: list[Request] = []
        self._numbers = count(501)
        self._half = False

    @property
    def by_code(self) -> dict[str, dict[str, Any]]:
        return {coupon["code"]: coupon for coupon in self.coupons.values()}

    async def answer(self, request: Request) -> Answer | None:
        fault = self.faults.popleft() if self.faults else ""
        if fault == "drop_before":
            return None
        if fault.isdigit():
            return Answer(
                int(fault), {"code": "error", "message": "…"}, {"Retry-After": "7"} if fault == "429" else None
            )
        self._half = fault == "half"
        answer = self._routed(request)
        if fault == "drop_after":
            return None
        return (
            Answer(200, b"<html>Briefly unavailable for scheduled maintenance.</html>") if fault == "html" else answer
        )

    def _routed(self, request: Request) -> Answer:
        self.requests.append(request)
        wanted = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {wanted}":
            message = "Sorry, you cannot list resources."
            return Answer(401, {"code": "woocommerce_rest_cannot_view", "message": message, "data": {"status": 401}})
        match = _PATH.fullmatch(request.path)
        if match is None:
            return Answer(404, {"code": "rest_no_route", "message": "No route was found", "data": {"status": 404}})
        if match["batch"]:
            return self._batch(request.json())
        code = request.query.get("code", [""])[0]
        return Answer(200, [coupon for coupon in self.coupons.values() if coupon["code"] == code.lower()])

    def _batch(self, body: dict[str, list[Any]]) -> Answer:
        if sum(len(items) for items in body.values()) > _MOST:
            told = {"code": "woocommerce_rest_request_entity_too_large", "message": f"at most {_MOST}", "data": {}}
            return Answer(413, told)
        deeds = {"create": self._create, "update": self._update, "delete": self._delete}
        answers = {
            name: [self._each(deeds[name], item, n) for n, item in enumerate(items)] for name, items in body.items()
        }
        return Answer(200, answers)

    def _each(self, deed: Any, item: Any, n: int) -> dict[str, Any]:
        try:
            if self._half and n == 1:
                raise Refused("internal_server_error", "database error", 500)
            return dict(deed(item))
        except Refused as refused:
            return {"id": item.get("id", 0) if isinstance(item, dict) else item, "error": refused.told}

    def _create(self, item: dict[str, Any]) -> dict[str, Any]:
        _check(item)
        code = str(item.get("code", "")).lower()
        if not code:
            raise Refused("woocommerce_rest_empty_coupon_code", "The coupon code cannot be empty.")
        if code in self.by_code:
            raise Refused("woocommerce_rest_coupon_code_already_exists", "The coupon code already exists")
        coupon = {"id": next(self._numbers), **item, "code": code}
        self.coupons[coupon["id"]] = coupon
        return coupon

    def _update(self, item: dict[str, Any]) -> dict[str, Any]:
        _check(item)
        if item.get("id") not in self.coupons:
            raise Refused("woocommerce_rest_shop_coupon_invalid_id", "Invalid ID.")
        self.coupons[item["id"]] |= item
        return self.coupons[item["id"]]

    def _delete(self, coupon_id: int) -> dict[str, Any]:
        if coupon_id not in self.coupons:
            raise Refused("woocommerce_rest_shop_coupon_invalid_id", "Invalid ID.", 404)
        return self.coupons.pop(coupon_id)


def _check(item: dict[str, Any]) -> None:
    for name, value in item.items():
        if name not in _TYPES or not isinstance(value, _TYPES[name]):
            raise Refused("rest_invalid_param", f"Invalid parameter(s): {name}")
    try:
        Decimal(item.get("amount", "0")), datetime.fromisoformat(item.get("date_expires_gmt", "2026-01-01T00:00:00"))
    except (InvalidOperation, ValueError) as error:
        raise Refused("rest_invalid_param", f"Invalid parameter(s): {error}") from error
    if item.get("discount_type", "percent") not in ("percent", "fixed_cart", "fixed_product"):
        raise Refused("rest_invalid_param", "Invalid parameter(s): discount_type")
    if item.get("discount_type") == "percent" and Decimal(item.get("amount", "0")) > 100:
        raise Refused("coupon_invalid_amount", "Invalid discount amount")
