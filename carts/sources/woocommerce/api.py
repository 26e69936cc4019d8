"""Discount codes as WooCommerce coupons, by its REST API v3 (keys with write permission).

Decision: a coupon is ended by its date and deleted weeks later. Deleting one that lies in an open cart has broken
checkouts (woocommerce#34459).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from carts.sources.codes import Access, CodeBatch, CodeTerms, Made, ShopError, Wish, shop_error
from config.lib import http

#: By this a coupon is known as ours.
_MARK = "_cartback"
_TAKEN = "woocommerce_rest_coupon_code_already_exists"


class WooCommerceCodes:
    """`Access.key` is the consumer key, `secret` the consumer secret."""

    most = 50

    def make(self, access: Access, batch: CodeBatch) -> Made:
        made = Made()
        coupons = [_coupon(wish, batch.terms) for wish in batch.wishes]
        answers = _batch(access, "create", coupons)
        if len(answers) != len(coupons):
            raise ShopError("shop_failed", "the shop answered for other coupons than it was asked for")
        for wish, answer in zip(batch.wishes, answers, strict=True):
            self._note(access, wish, answer, made)
        return made

    def _note(self, access: Access, wish: Wish, answer: Mapping[str, Any], made: Made) -> None:
        error = answer.get("error")
        if not error:
            made.ids[wish.code] = str(answer["id"])
            return
        ours = _ours(access, wish.code) if error.get("code") == _TAKEN else ""
        if ours:
            made.ids[wish.code] = ours
        else:
            made.failed[wish.code] = _problem(error)

    def end(self, access: Access, discount_id: str, codes: Mapping[str, str], *, last: bool, at: datetime) -> None:
        ids = [code_id or _ours(access, code) for code, code_id in codes.items()]
        ended = [{"id": int(code_id), "date_expires_gmt": _gmt(at)} for code_id in ids if code_id]
        if ended:
            _batch(access, "update", ended)

    def forget(self, access: Access, ids: Sequence[str]) -> None:
        _batch(access, "delete", [int(code_id) for code_id in ids])


def _coupon(wish: Wish, terms: CodeTerms) -> dict[str, Any]:
    free = terms.kind == "free_shipping"
    coupon: dict[str, Any] = {
        "code": wish.code,
        "description": terms.title,
        "discount_type": "percent" if terms.kind == "percent" else "fixed_cart",
        "amount": "0" if free else str(terms.value),
        "free_shipping": free,
        "individual_use": True,
        "usage_limit": 1,
        "usage_limit_per_user": 1,
        "date_expires_gmt": _gmt(terms.ends_at),
        "meta_data": [{"key": _MARK, "value": wish.code}],
    }
    if wish.email:
        coupon["email_restrictions"] = [wish.email]
    if terms.minimum:
        coupon["minimum_amount"] = str(terms.minimum)
    if terms.products:
        coupon["product_ids"] = [int(product) for product in terms.products]
    return coupon


def _ours(access: Access, code: str) -> str:
    """The id of the coupon with this code, if it bears our mark; else ""."""
    found = _ask(access, "GET", "coupons", params={"code": code.lower()})
    for coupon in found if isinstance(found, list) else []:
        marks = {str(meta.get("key")): str(meta.get("value")) for meta in coupon.get("meta_data", [])}
        if str(coupon.get("code", "")).lower() == code.lower() and marks.get(_MARK, "").lower() == code.lower():
            return str(coupon["id"])
    return ""


def _problem(error: Mapping[str, Any]) -> ShopError:
    status = int((error.get("data") or {}).get("status") or 400)
    taken = error.get("code") == _TAKEN
    return ShopError(
        "code_taken" if taken else "shop_refused" if status < 500 else "shop_failed",
        str(error.get("message", ""))[:250],
        permanent=status < 500,
    )


def _batch(access: Access, what: str, items: Sequence[Any]) -> list[dict[str, Any]]:
    answer = _ask(access, "POST", "coupons/batch", json={what: list(items)})
    found = answer.get(what) if isinstance(answer, dict) else None
    if not isinstance(found, list):
        raise ShopError("shop_failed", "the shop's answer cannot be read")
    return found


def _ask(access: Access, method: str, path: str, **options: Any) -> Any:
    url = f"{access.url}/wp-json/wc/v3/{path}"
    try:
        return http.request(method, url, auth=(access.key, access.secret), **options).json()
    except http.HttpError as error:
        raise shop_error(error) from error
    except ValueError as error:  # a page of HTML: a security plugin, or a shop that is being updated
        raise ShopError("shop_failed", "the shop's answer is no JSON") from error


def _gmt(at: datetime) -> str:
    """As WordPress writes moments: in UTC, without an offset."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
