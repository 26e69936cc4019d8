"""Discount codes by Shopify's Admin GraphQL API (scope write_discounts).

One discount in the shop holds all codes of the same terms that end on the same day: `usageLimit` counts for each code,
while the end belongs to the discount. Codes are added in bulk, which Shopify does in its own time
(Shopify docs: discountRedeemCodeBulkAdd).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from carts.sources.codes import Access, CodeBatch, CodeTerms, Made, ShopError, shop_error
from carts.sources.shopify import queries
from config.lib import http

VERSION = "2026-07"
#: Seconds to sleep before each look at a bulk creation; after that the caller comes again later.
_LOOKS = (0.3, 0.7, 1.0, 2.0, 3.0)
_tokens: dict[tuple[str, str, str], tuple[str, float]] = {}
_lock = threading.Lock()


class ShopifyCodes:
    """`Access.key` is the app's client id and `secret` its secret; without a key, `secret` is an access token."""

    most = 200

    def make(self, access: Access, batch: CodeBatch) -> Made:
        made = Made(discount_id=batch.discount_id)
        if not made.discount_id:
            made.discount_id, first_id = _discount(access, batch)
            made.ids[batch.first_code] = first_id
        wanted = [wish.code for wish in batch.wishes if wish.code != batch.first_code]
        if batch.first_code in {wish.code for wish in batch.wishes}:
            made.ids.setdefault(batch.first_code, "")
        if wanted:
            job = batch.job or _add(access, made.discount_id, wanted)
            _look(access, job, wanted, made)
        return made

    def end(self, access: Access, discount_id: str, codes: Mapping[str, str], *, last: bool, at: datetime) -> None:
        if last:
            _mutate(access, "discountCodeDeactivate", queries.DEACTIVATE, {"id": discount_id}, gone_is_fine=True)
            return
        known = [code_id for code_id in codes.values() if code_id]
        searches = [{"search": f"code:{code}"} for code, code_id in codes.items() if not code_id]
        for which in ([{"ids": known}] if known else []) + searches:
            variables = {"discountId": discount_id, **which}
            _mutate(access, "discountCodeRedeemCodeBulkDelete", queries.REMOVE, variables, gone_is_fine=True)

    def forget(self, access: Access, ids: Sequence[str]) -> None:
        for discount_id in ids:
            _mutate(access, "discountCodeDelete", queries.DELETE, {"id": discount_id}, gone_is_fine=True)


# -- the discount


def _discount(access: Access, batch: CodeBatch) -> tuple[str, str]:
    """The ids of the discount and of its first code: made, or found where an earlier try got that far."""
    free = batch.terms.kind == "free_shipping"
    name = "discountCodeFreeShippingCreate" if free else "discountCodeBasicCreate"
    query = queries.CREATE_FREE_SHIPPING if free else queries.CREATE_BASIC
    try:
        answer = _mutate(access, name, query, {"discount": _input(batch.terms, batch.first_code)})
    except ShopError as error:
        if error.code != "code_taken":
            raise
        found, title = _owner(access, batch.first_code)
        if not found or title != batch.terms.title:
            raise
        return found, ""
    node = answer["codeDiscountNode"]
    codes = node["codeDiscount"]["codes"]["nodes"]
    return str(node["id"]), str(codes[0]["id"]) if codes else ""


def _input(terms: CodeTerms, code: str) -> dict[str, Any]:
    """DiscountCodeBasicInput or DiscountCodeFreeShippingInput: single use, for whoever holds the code, no stacking."""
    common: dict[str, Any] = {
        "title": terms.title,
        "code": code,
        "startsAt": terms.starts_at.isoformat(),
        "endsAt": terms.ends_at.isoformat(),
        "usageLimit": 1,
        "appliesOncePerCustomer": True,
        "context": {"all": "ALL"},
    }
    if terms.minimum:
        common["minimumRequirement"] = {"subtotal": {"greaterThanOrEqualToSubtotal": str(terms.minimum)}}
    if terms.kind == "free_shipping":
        return common | {"destination": {"all": True}}
    return common | {"customerGets": {"value": _value(terms), "items": _items(terms)}}


def _value(terms: CodeTerms) -> dict[str, Any]:
    """A percentage is a share between 0 and 1."""
    if terms.kind == "percent":
        return {"percentage": float(terms.value / 100)}
    return {"discountAmount": {"amount": str(terms.value), "appliesOnEachItem": False}}


def _items(terms: CodeTerms) -> dict[str, Any]:
    if not terms.products:
        return {"all": True}
    return {"products": {"productsToAdd": [f"gid://shopify/Product/{product}" for product in terms.products]}}


# -- its codes


def _add(access: Access, discount_id: str, codes: Sequence[str]) -> str:
    """Ask for the codes; returns what to look at until they are there."""
    variables = {"discountId": discount_id, "codes": [{"code": code} for code in codes]}
    return str(_mutate(access, "discountRedeemCodeBulkAdd", queries.ADD, variables)["bulkCreation"]["id"])


def _look(access: Access, job: str, codes: Sequence[str], made: Made) -> None:
    """Wait a little for the bulk creation; what it is not done with stays its job."""
    for seconds in _LOOKS:
        time.sleep(seconds)
        try:
            bulk = _ask(access, queries.LOOK, {"id": job})["discountRedeemCodeBulkCreation"]
        except ShopError as error:
            if error.permanent:
                raise
            break
        if bulk is None:  # forgotten by the shop: the codes are asked for again
            return
        if bulk["done"]:
            _read(access, bulk["codes"]["nodes"], made)
            missing = set(codes) - made.ids.keys() - made.failed.keys()
            made.failed |= {code: ShopError("shop_failed", "the shop lost it") for code in missing}
            return
    made.job = job


def _read(access: Access, nodes: Sequence[Mapping[str, Any]], made: Made) -> None:
    """Each code's own end. One that is taken is ours if it is taken by this very discount."""
    for node in nodes:
        code, there = node["code"], node["discountRedeemCode"]
        if there:
            made.ids[code] = str(there["id"])
            continue
        error = _user_error(node["errors"])
        if error.code == "code_taken" and _owner(access, code)[0] == made.discount_id:
            made.ids[code] = ""
        else:
            made.failed[code] = error


def _owner(access: Access, code: str) -> tuple[str, str]:
    """The id and title of the discount that the code belongs to; ("", "") for none."""
    node = _ask(access, queries.OWNER, {"code": code})["codeDiscountNodeByCode"]
    return (str(node["id"]), str(node["codeDiscount"].get("title", ""))) if node else ("", "")


# -- the door


def _mutate(
    access: Access, name: str, query: str, variables: Mapping[str, Any], *, gone_is_fine: bool = False
) -> dict[str, Any]:
    payload: dict[str, Any] = _ask(access, query, variables)[name]
    errors = payload["userErrors"]
    if errors and not (gone_is_fine and _is_gone(errors)):
        raise _user_error(errors)
    return payload


def _is_gone(errors: Sequence[Mapping[str, Any]]) -> bool:
    return all("does not exist" in str(error.get("message", "")).lower() for error in errors)


def _user_error(errors: Sequence[Mapping[str, Any]]) -> ShopError:
    """What is wrong with what we asked for: asking again does not help."""
    text = "; ".join(str(error.get("message", "")) for error in errors)[:250]
    taken = any(error.get("code") == "TAKEN" or "must be unique" in str(error.get("message", "")) for error in errors)
    if any(error.get("code") == "INTERNAL_ERROR" for error in errors):
        return ShopError("shop_failed", text)
    return ShopError("code_taken" if taken else "shop_refused", text, permanent=True)


def _ask(access: Access, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """One GraphQL request; its `data`."""
    url = f"{access.url}/admin/api/{VERSION}/graphql.json"
    headers = {"X-Shopify-Access-Token": _token(access)}
    try:
        answer: Any = http.post(url, headers=headers, json={"query": query, "variables": dict(variables)}).json()
    except http.HttpError as error:
        if isinstance(error, http.Refused) and error.status == 401:
            _forget_token(access)
        raise shop_error(error) from error
    except ValueError as error:
        raise ShopError("shop_failed", "the shop's answer cannot be read") from error
    if not isinstance(answer, dict):
        raise ShopError("shop_failed", "the shop's answer cannot be read")
    if answer.get("errors"):
        raise _top_error(answer)
    data: dict[str, Any] = answer["data"]
    return data


def _top_error(answer: Mapping[str, Any]) -> ShopError:
    """Errors of the request itself. Throttled requests cost nothing and may come again when enough points are back."""
    told: Any = answer["errors"]
    errors: list[dict[str, Any]] = told if isinstance(told, list) else [{"message": str(told)}]
    codes = {str(error.get("extensions", {}).get("code", "")) for error in errors}
    text = "; ".join(str(error.get("message", "")) for error in errors)[:250]
    if "THROTTLED" in codes:
        return ShopError("shop_busy", text, wait=_until_restored(answer.get("extensions", {}).get("cost", {})))
    if "ACCESS_DENIED" in codes:
        return ShopError("shop_denied", text)
    if "INTERNAL_SERVER_ERROR" in codes:
        return ShopError("shop_failed", text)
    return ShopError("shop_refused", text, permanent=True)


def _until_restored(cost: Mapping[str, Any]) -> float:
    """Seconds until the bucket holds what the request costs (Shopify docs: rate limits, throttleStatus)."""
    status = cost.get("throttleStatus") or {}
    lacking = float(cost.get("requestedQueryCost") or 0) - float(status.get("currentlyAvailable") or 0)
    return max(1.0, lacking / float(status.get("restoreRate") or 50))


# -- the token


def _token(access: Access) -> str:
    """The access token; by the client credentials grant where the store gave a client id (valid for a day)."""
    if not access.key:
        return access.secret
    known = (access.url, access.key, access.secret)
    with _lock:
        token, until = _tokens.get(known, ("", 0.0))
    if time.monotonic() < until:
        return token
    form = {"grant_type": "client_credentials", "client_id": access.key, "client_secret": access.secret}
    try:
        answer: Any = http.post(f"{access.url}/admin/oauth/access_token", form=form).json()
    except http.HttpError as error:
        raise shop_error(error) from error
    with _lock:
        _tokens[known] = (str(answer["access_token"]), time.monotonic() + float(answer.get("expires_in", 3600)) - 300)
    return str(answer["access_token"])


def _forget_token(access: Access) -> None:
    with _lock:
        _tokens.pop((access.url, access.key, access.secret), None)
