"""The API's description (OpenAPI 3.1), and what every answer has to look like (JSON Schema 2020-12)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from customers.models import Channel
from recovery.models import ExperimentKind, MessageState
from recovery.reports.asked import SEGMENTS
from recovery.reports.pages.index import PAGES

Schema = dict[str, Any]


def described() -> Schema:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cartback",
            "version": "1",
            "summary": "A store's recovery numbers and the rows behind them, to read.",
            "description": "Each token belongs to one store and sees nothing else. Amounts are text in their own "
            "currency, times are UTC, rates lie between 0 and 1 with their 95 % interval. Nobody is named.",
        },
        "servers": [{"url": f"{settings.PUBLIC_URL}/api/v1"}],
        "security": [{"token": []}],
        "paths": {path: {"get": _operation(path, *told)} for path, told in _PATHS.items()},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": SCHEMAS,
        },
    }


def _operation(path: str, name: str, summary: str, parameters: list[Schema]) -> Schema:
    refused = {"content": {"application/problem+json": {"schema": _ref("Problem")}}}
    return {
        "operationId": re.sub(r"/\{\w+\}", "_one", path.strip("/")),
        "summary": summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": summary, "content": {"application/json": {"schema": _ref(name)}}},
            "400": {"description": "A parameter cannot be read", **refused},
            "401": {"description": "No token in force was sent", **refused},
            "404": {"description": "There is no such thing in this store", **refused},
            "429": {"description": "Too many requests: see Retry-After", **refused},
        },
    }


# -- the words that schemas are written in


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Mapping[str, Schema], description: str = "") -> Schema:
    """Every property is there, and no other."""
    told = {"type": "object", "properties": dict(properties), "required": list(properties)}
    return told | {"additionalProperties": False} | ({"description": description} if description else {})


def _map(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _each(names: str, schema: Schema) -> dict[str, Schema]:
    return dict.fromkeys(names.split(), schema)


def _query(name: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _page(name: str) -> Schema:
    return _object({"data": {"type": "array", "items": _ref(name)}, "next_cursor": {"type": ["string", "null"]}})


_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "number"}
_FLAG: Schema = {"type": "boolean"}
_SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
_MONEY: Schema = {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}
_MOMENT: Schema = {"type": "string", "format": "date-time", "pattern": "Z$"}
_DAY: Schema = {"type": "string", "format": "date"}
_CURRENCY: Schema = {"type": "string", "pattern": "^[A-Z]{3}$"}
_RATE = _or_null(_ref("Rate"))

#: A number or words; a rate, a share, an amount, a mean or a difference, as an object with its parts.
_CELL: Schema = {"type": ["string", "number", "null", "object"]}

_COUNTS = (
    "started open matured abandoned_gross abandoned_net returned messaged attributed checkouts checkouts_net reachable"
)
_RATES = "gross_abandonment net_abandonment return attributed_recovery checkout_abandonment conversion contactable"
_ESTIMATES = "orders held relative revenue capped stratified margin per_order gained_orders gained_revenue"

_EXPERIMENT: dict[str, Schema] = {
    "id": _COUNT,
    "title": _TEXT,
    "kind": {"enum": ExperimentKind.values},
    "flow": {"type": ["integer", "null"]},
    "started_at": _MOMENT,
    "ended_at": _or_null(_MOMENT),
    "arms": {"type": "array", "items": _object({"name": _TEXT, "weight": _NUMBER})},
    "control": _TEXT,
    "results": {"type": "array", "items": _object({"arm": _TEXT, **_each("assigned settled ordered", _COUNT)})},
}
_VERDICT = _object({"word": _TEXT, "more": {"type": ["integer", "null"]}, "why": _TEXT})
#: The overview may learn further numbers: readers ignore what they do not know.
_OPEN: Schema = {"additionalProperties": True}

SCHEMAS: dict[str, Schema] = {
    "Problem": _object({"type": _TEXT, "title": _TEXT, "status": _COUNT, "detail": _TEXT}, "RFC 9457"),
    "Rate": _object(
        {"value": _SHARE, "low": _SHARE, "high": _SHARE, "n": _COUNT, "hits": _COUNT},
        "hits ÷ n with its 95 % interval (Wilson)",
    )
    | _OPEN,
    "Gap": _object(
        {**_each("value low high", _NUMBER), "n": _COUNT},
        "What the messages add to the share that orders, in parts of one, with its 95 % interval (Newcombe)",
    ),
    "Report": _object(
        {
            "store": _TEXT,
            "synthetic": _FLAG,
            "from": _DAY,
            "to": _DAY,
            "timezone": _TEXT,
            "as_of": _MOMENT,
            "idle_after": _TEXT,
            "horizon": _TEXT,
            "carts": _object({**_each(_COUNTS, _COUNT), "excluded": _map(_COUNT)}) | _OPEN,
            "rates": _map(_RATE),
            "worth_abandonment": _map({"type": ["object", "null"]}),
            "revenue": _map(_object(_each("returned attributed ordered discount", _MONEY)) | _OPEN),
            "order_value": _map({"type": ["object", "null"]}),
            "open_so_far": {"type": "object"},
            "recoveries": _object(
                {
                    **_each("returned attributed natural written_to", _RATE),
                    "incremental": _or_null(_ref("Gap")),
                    "open": _COUNT,
                }
            ),
            "trend": {
                "type": "array",
                "items": _object({**_each("from to", _DAY), "started": _COUNT, "net_abandonment": _RATE}),
            },
            "messages": _map(
                _object({**_each("sent delivered failed unknown waiting", _COUNT), "skipped": _map(_COUNT)})
            ),
        },
        "The overview: what `manage.py report --json` prints",
    )
    | _OPEN,
    "Daily": _object(
        {
            "store": _TEXT,
            "timezone": _TEXT,
            "as_of": _MOMENT,
            "data": {
                "type": "array",
                "items": _object(
                    {"day": _DAY, "carts": _object(_each(_COUNTS, _COUNT)), "rates": _object(_each(_RATES, _RATE))}
                ),
            },
        },
        "The carts that were started on each day, by the store's clock; a day without carts is left out",
    ),
    "ReportPage": _object(
        {
            "store": _TEXT,
            "synthetic": _FLAG,
            **_each("from to", _DAY),
            "as_of": _MOMENT,
            "page": {"enum": list(PAGES)},
            "sections": {
                "type": "array",
                "items": _object(
                    {
                        "title": _TEXT,
                        "numbers": _map(_CELL),
                        "tables": _map({"type": "array", "items": _map(_CELL)}),
                    },
                    "Numbers by their title; tables by their key, a row as its cells by the titles of the columns. "
                    "`before`: the cells of the same row in the period before",
                ),
            },
        },
        "What the page shows, with every table of it",
    ),
    "Cart": _object(
        {
            **_each("id state stage device country", _TEXT),
            **_each("started_at last_activity_at", _MOMENT),
            **_each("abandoned_at ordered_at", _or_null(_MOMENT)),
            "currency": _TEXT,
            "total": _MONEY,
            "quantity": _COUNT,
            "items": {
                "type": "array",
                "items": _object({"product_id": _TEXT, "title": _TEXT, "quantity": _COUNT, "price": _MONEY}),
            },
            "is_test": _FLAG,
        }
    ),
    "Carts": _page("Cart"),
    "Message": _object(
        {
            **_each("id cart variant reason", _TEXT),
            **_each("flow step", _COUNT),
            "channel": {"enum": ["email", "sms", "whatsapp"]},
            "state": {"enum": MessageState.values},
            "planned_at": _MOMENT,
            **_each("sent_at ended_at", _or_null(_MOMENT)),
        }
    ),
    "Messages": _page("Message"),
    "Order": _object(
        {
            **_each("order cart message", _TEXT),
            **_each("credited_at placed_at", _MOMENT),
            "withdrawn_at": _or_null(_MOMENT),
            "currency": _CURRENCY,
            **_each("total tax shipping discount", _MONEY),
            **_each("paid cancelled", _FLAG),
        },
        "An order that was credited to a message, by the last human click before it",
    ),
    "Orders": _page("Order"),
    "Experiment": _object(
        {**_EXPERIMENT, "comparisons": {"type": "array", "items": _object({"arm": _TEXT, "verdict": _VERDICT})}}
    ),
    "Experiments": _page("Experiment"),
    "Estimate": _object(
        _each("value low high se p", {"type": ["number", "null"]}), "An arm minus the control, with its 95 % interval"
    ),
    "Findings": _object(
        {
            **_EXPERIMENT,
            "as_of": _MOMENT,
            "currency": _CURRENCY,
            "planned": {"type": ["integer", "null"]},
            "sample_ratio_p": {"type": ["number", "null"]},
            "reworded": {
                "type": "array",
                "items": _object({"template": _TEXT, "version": _COUNT, "at": _MOMENT}),
                "description": "Words that were published while it ran: before and after cannot be compared",
            },
            "comparisons": {
                "type": "array",
                "items": _object(
                    {
                        "arm": _TEXT,
                        "verdict": _VERDICT,
                        "chance": _or_null(_SHARE),
                        "estimates": _object(_each(_ESTIMATES, _or_null(_ref("Estimate")))),
                    }
                ),
            },
            "curve": _map(
                {
                    "type": "array",
                    "items": _object({"hours": _NUMBER, **_each("share low high", _SHARE), "at_risk": _COUNT}),
                    "description": "The share that had ordered by each hour after the cart went silent, by arm",
                }
            ),
        }
    ),
    "Score": _object({"value": _NUMBER, "n": _COUNT, **_each("se low high", {"type": ["number", "null"]})}),
    "Surveys": _object(
        {
            "store": _TEXT,
            **_each("from to", _DAY),
            "as_of": _MOMENT,
            "why": _object(
                {
                    **_each("asked answered", _COUNT),
                    "response": _RATE,
                    "reasons": _map(_ref("Rate")),
                    **_each("by_stage by_device", _map(_map(_COUNT))),
                }
            ),
            "after_order": _map(
                _object(
                    {
                        **_each("asked answered", _COUNT),
                        **_each("response share", _RATE),
                        "score": _or_null(_ref("Score")),
                    }
                )
            ),
        }
    ),
}

_DAYS = [
    _query("from", "The first day, by the store's clock (default: 30 days until `to`)", _DAY),
    _query("to", "The last day (default: today)", _DAY),
    _query("as_of", "As everything stood at the end of this day, by the store's clock (default: now)", _DAY),
    _query("currency", "Only carts in this currency", _CURRENCY),
    _query("device", "Only carts of this device", {"enum": ["desktop", "mobile", "tablet"]}),
]
_FILTERED = [
    {"name": "name", "in": "path", "required": True, "schema": {"enum": list(PAGES)}},
    *_DAYS,
    _query("segment", "Only carts of these shoppers", {"enum": list(SEGMENTS)}),
    _query("channel", "Only carts that were written to by it", {"enum": Channel.values}),
    _query("flow", "Only carts that entered it; a filter that the page does not heed is refused", _COUNT),
    _query("compare", "With the same of as many days before beside each row", {"enum": ["before"]}),
]
_LISTED = [
    _query("since", "From this moment on", _MOMENT),
    _query("until", "Before this moment", _MOMENT),
    _query("limit", "Rows of a page", {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}),
    _query("cursor", "`next_cursor` of the page before", _TEXT),
]
_ID = [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}]

#: Path → (schema of the answer, summary, parameters).
_PATHS: dict[str, tuple[str, str, list[Schema]]] = {
    "/report": ("Report", "The overview of a period", _DAYS),
    "/daily": ("Daily", "The carts and rates of each day", _DAYS),
    "/surveys": ("Surveys", "Why shoppers left and how content buyers were", _DAYS),
    "/pages/{name}": ("ReportPage", "Every number and table of a page of the report", _FILTERED),
    "/carts": ("Carts", "Carts by when they were started, the newest first", _LISTED),
    "/messages": ("Messages", "Messages by when they were planned, the newest first", _LISTED),
    "/orders": ("Orders", "Credited orders by when they were credited, the newest first", _LISTED),
    "/experiments": ("Experiments", "Experiments by when they began, the newest first", _LISTED),
    "/experiments/{id}": ("Findings", "An experiment with what it has shown so far", _ID),
}
