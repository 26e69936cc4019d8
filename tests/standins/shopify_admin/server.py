"""Its HTTP side: the token, the cost of every request, faults; queries are checked against the documented schema."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graphql import GraphQLError, build_schema, graphql_sync, parse, validate

from tests.standins.shopify_admin.discounts import Discount, Shop, UserError
from tests.standins.wire import Answer, HttpStandin, Request

TOKEN = "shpat_0123456789abcdef0123456789abcdef"
_VERSION = "/admin/api/2026-07/graphql.json"
_SCHEMA = build_schema((Path(__file__).parent / "schema.graphql").read_text("utf-8"))
_COST = 10  # of any mutation, as Shopify counts it


class ShopifyStandin(HttpStandin):
    """Faults, each used once by the next request: a status ("500", "429"), "throttled", "denied", "drop_before" (not
    done), "drop_after" (done, no answer), "html" (done, an answer nobody can read)."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.shop = Shop()
        self.faults: deque[str] = deque()
        self.asked: list[str] = []  # the names of the fields that were asked for, in order
        self.points = 2000.0
        self.client = ("client-id", "client-secret")

    @property
    def codes(self) -> dict[str, Discount]:
        """Every code that stands in the shop, with its discount."""
        return {code: discount for discount in self.shop.discounts.values() for code in discount.codes}

    async def answer(self, request: Request) -> Answer | None:
        if request.path == "/admin/oauth/access_token":
            return self._token(request)
        if request.method != "POST" or request.path != _VERSION:
            return Answer(404, {"errors": "Not Found"})
        if request.headers.get("x-shopify-access-token") != TOKEN:
            return Answer(
                401, {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}
            )
        fault = self.faults.popleft() if self.faults else ""
        if fault == "drop_before":
            return None
        if fault.isdigit():
            return Answer(int(fault), {"errors": "…"}, {"Retry-After": "2"} if fault == "429" else None)
        if fault in ("throttled", "denied"):
            return Answer(200, _THROTTLED if fault == "throttled" else _DENIED)
        content = self._asked(request.json())
        if fault == "drop_after":
            return None
        return Answer(200, b"<html>a proxy was here</html>" if fault else content)

    def _token(self, request: Request) -> Answer:
        form = {name: values[0] for name, values in request.form().items()}
        if (form.get("client_id"), form.get("client_secret")) != self.client:
            return Answer(400, {"error": "invalid_client"})
        if form.get("grant_type") != "client_credentials":
            return Answer(400, {"error": "unsupported_grant_type"})
        return Answer(200, {"access_token": TOKEN, "scope": "write_discounts", "expires_in": 86399})

    def _asked(self, body: Any) -> dict[str, Any]:
        try:
            wrong = validate(_SCHEMA, parse(body["query"]))
        except GraphQLError as error:
            wrong = [error]
        if wrong:
            return {"errors": [{"message": error.message} for error in wrong]}
        result = graphql_sync(_SCHEMA, body["query"], _Root(self), variable_values=body.get("variables"),
                              type_resolver=lambda value, *_: value["__typename"])  # fmt: skip
        if result.errors:
            return {"errors": [{"message": error.message} for error in result.errors]}
        status = {"maximumAvailable": 2000.0, "currentlyAvailable": self.points, "restoreRate": 100.0}
        return {"data": result.data, "extensions": {"cost": {"requestedQueryCost": _COST, "throttleStatus": status}}}


_THROTTLED = {
    "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
    "extensions": {
        "cost": {
            "requestedQueryCost": 310,
            "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 10.0, "restoreRate": 100.0},
        }
    },
}
_DENIED = {
    "errors": [
        {
            "message": "Access denied for discountCodeBasicCreate field. Required access: `write_discounts`",
            "extensions": {"code": "ACCESS_DENIED"},
        }
    ]
}


class _Root:
    """The resolvers, by the names of the fields."""

    def __init__(self, standin: ShopifyStandin) -> None:
        self._shop, self._asked = standin.shop, standin.asked

    def _told(self, name: str, deed: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        self._asked.append(name)
        try:
            return deed() | {"userErrors": []}
        except UserError as error:
            return {"userErrors": [error.told]}

    def discountCodeBasicCreate(self, info: Any, basicCodeDiscount: Any) -> Any:
        return self._created("DiscountCodeBasic", basicCodeDiscount)

    def discountCodeFreeShippingCreate(self, info: Any, freeShippingCodeDiscount: Any) -> Any:
        return self._created("DiscountCodeFreeShipping", freeShippingCodeDiscount)

    def _created(self, kind: str, given: Any) -> Any:
        deed = lambda: {"codeDiscountNode": _node(self._shop.create(kind, given))}  # noqa: E731
        return self._told("create", deed)

    def discountRedeemCodeBulkAdd(self, info: Any, discountId: str, codes: Any) -> Any:
        texts = [code["code"] for code in codes]
        return self._told("add", lambda: {"bulkCreation": {"id": self._shop.add(discountId, texts).id}})

    def discountRedeemCodeBulkCreation(self, info: Any, id: str) -> Any:
        self._asked.append("look")
        bulk = self._shop.look(id)
        if bulk is None:
            return None
        done = not bulk.looks
        return {"id": bulk.id, "done": done, "codes": lambda *_, **__: {"nodes": bulk.results if done else []}}

    def codeDiscountNodeByCode(self, info: Any, code: str) -> Any:
        self._asked.append("owner")
        found = self._shop.owner(code)
        return _node(found) if found else None

    def discountCodeRedeemCodeBulkDelete(self, info: Any, discountId: str, ids: Any = None, search: Any = None) -> Any:
        def deed() -> dict[str, Any]:
            self._shop.remove(discountId, ids, search)
            return {"job": {"id": "gid://shopify/Job/1"}}

        return self._told("remove", deed)

    def discountCodeDeactivate(self, info: Any, id: str) -> Any:
        def deed() -> dict[str, Any]:
            discount = self._shop.find(id)
            discount.active = False
            return {"codeDiscountNode": _node(discount)}

        return self._told("deactivate", deed)

    def discountCodeDelete(self, info: Any, id: str) -> Any:
        def deed() -> dict[str, Any]:
            return {"deletedCodeDiscountId": self._shop.discounts.pop(self._shop.find(id).id).id}

        return self._told("delete", deed)


def _node(discount: Discount) -> dict[str, Any]:
    nodes = [{"id": code_id, "code": code} for code, code_id in discount.codes.items()]
    told = {"__typename": discount.kind, "title": discount.input["title"], "endsAt": discount.input.get("endsAt")}
    return {"id": discount.id, "codeDiscount": told | {"codes": lambda *_, first=None: {"nodes": nodes[:first]}}}
