"""What may be read. Nobody is named: carts and messages go by their numbers, without addresses, names or words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from carts.models import Cart
from config.lib.money import rounded
from customers.models import Channel, Store
from recovery.api.door import Refused, answers, problem
from recovery.api.openapi import described
from recovery.api.paging import listed, page_of
from recovery.models import Credit, Experiment, Message
from recovery.reports import face, reasons, rollup
from recovery.reports.asked import DEVICES, SEGMENTS, Asked
from recovery.reports.face import moment
from recovery.reports.figures import carts_of, rates_of
from recovery.reports.pages.index import FILTERS, PAGES, Page, page_json, sections_of
from recovery.reports.period import BadPeriod, end_of, period
from recovery.reports.standing import standings
from recovery.reports.trial_json import findings_json, standing_json
from recovery.reports.trials import findings

#: Days that one answer may be about.
_MOST_DAYS = 400
_VALUES = {"segment": list(SEGMENTS), "channel": Channel.values}


@answers
def report(request: HttpRequest, store: Store) -> dict[str, Any]:
    """The overview: the same numbers as `manage.py report --json`."""
    return face.as_json(face.Overview.of(_asked(request, store)))


@answers
def daily(request: HttpRequest, store: Store) -> dict[str, Any]:
    """The carts of each day, by the store's clock."""
    asked = _asked(request, store)
    by_day: dict[date, list[rollup.Cell]] = {}
    for cell in rollup.cells_of(asked, [""], by_day=True):
        by_day.setdefault(cell["day"], []).append(cell)
    days = [{"day": day.isoformat(), **_counted(cells)} for day, cells in sorted(by_day.items())]
    return {"store": store.slug, "timezone": store.timezone, "as_of": moment(asked.as_of), "data": days}


@answers
def surveys(request: HttpRequest, store: Store) -> dict[str, Any]:
    """Shares of the answers, with the response rate."""
    asked = _asked(request, store)
    head = {"store": store.slug, "from": asked.period.first.isoformat(), "to": asked.period.last.isoformat()}
    return head | {"as_of": moment(asked.as_of)} | reasons.as_json(asked)


@answers
def page(request: HttpRequest, store: Store, name: str) -> dict[str, Any]:
    """One page of the report: every number and table of it."""
    found = PAGES.get(name)
    if found is None:
        raise Refused(404, "Not found", f"The pages of the report are {', '.join(PAGES)}.")
    compare = request.GET.get("compare", "")
    if compare not in ("", "before"):
        raise Refused(400, "Bad compare", "compare is before, or left out.")
    asked = _filtered(request, _asked(request, store), found)
    return page_json(name, asked, sections_of(found, asked, compared=bool(compare)))


@answers
def carts(request: HttpRequest, store: Store) -> dict[str, Any]:
    return listed(request, Cart.objects.filter(store=store), "started_at", _cart)


@answers
def messages(request: HttpRequest, store: Store) -> dict[str, Any]:
    rows = Message.objects.filter(store=store).select_related("step__version", "variant")
    return listed(request, rows.defer("body_html", "body_text"), "planned_at", _message)


@answers
def orders(request: HttpRequest, store: Store) -> dict[str, Any]:
    """Orders that were credited to a message."""
    return listed(request, Credit.objects.filter(store=store).select_related("order"), "at", _credit)


@answers
def experiments(request: HttpRequest, store: Store) -> dict[str, Any]:
    """Each with its verdicts as of now."""
    page, more = page_of(request, Experiment.objects.filter(store=store).select_related("flow"), "started_at")
    found = standings(store, page, as_of=timezone.now())
    return {"data": [standing_json(one) for one in found], "next_cursor": more}


@answers
def experiment(request: HttpRequest, store: Store, pk: int) -> dict[str, Any]:
    """One experiment with its findings as of now."""
    found = Experiment.objects.filter(store=store, pk=pk).select_related("store", "flow").first()
    if found is None:
        raise Refused(404, "Not found", "This store has no such experiment.")
    margin = store.margin / 100 if store.margin is not None else None
    return findings_json(findings(found, as_of=timezone.now(), margin=margin))


def openapi(request: HttpRequest) -> HttpResponse:
    """The description of this API. Open to all: it tells of no store."""
    return JsonResponse(described(), json_dumps_params={"ensure_ascii": False})


def unknown(request: HttpRequest, rest: str = "") -> HttpResponse:
    return problem(Refused(404, "Not found", "There is nothing at this address: see /api/v1/openapi.json."))


# -- what was asked


def _asked(request: HttpRequest, store: Store) -> Asked:
    first, last, as_of = (_day(request, name) for name in ("from", "to", "as_of"))
    now = timezone.now()
    try:
        now = end_of(as_of, store.zone, now) if as_of else now
        asked = period(first, last, as_of=now, zone=store.zone)
    except BadPeriod as error:
        raise Refused(400, "Bad period", str(error)) from error
    if (asked.last - asked.first).days >= _MOST_DAYS:
        raise Refused(400, "Bad period", f"Ask for at most {_MOST_DAYS} days at once.")
    device, currency = request.GET.get("device", ""), request.GET.get("currency", "")
    if device and device not in DEVICES:
        raise Refused(400, "Bad device", f"device is one of {', '.join(DEVICES)}.")
    return Asked(store, asked, now, currency=currency[:3], device=device)


def _filtered(request: HttpRequest, asked: Asked, page: Page) -> Asked:
    """By the filters that the page heeds; of another it is said that it does not."""
    given = {name: request.GET[name] for name in FILTERS if request.GET.get(name)}
    for name, value in given.items():
        if name not in page.filters:
            known = f"it takes {', '.join(page.filters)}" if page.filters else "it takes none"
            raise Refused(400, f"Bad {name}", f"The page {page.title} heeds no such filter: {known}.")
        if name in _VALUES and value not in _VALUES[name]:
            raise Refused(400, f"Bad {name}", f"{name} is one of {', '.join(_VALUES[name])}.")
    flow = given.get("flow", "0")
    if not (flow.isascii() and flow.isdigit() and len(flow) < 19):
        raise Refused(400, "Bad flow", "flow is the number of a flow, as experiments and messages name it.")
    return replace(asked, segment=given.get("segment", ""), channel=given.get("channel", ""), flow=int(flow))


def _day(request: HttpRequest, name: str) -> date | None:
    text = request.GET.get(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(400, f"Bad {name}", f"{name} is a date such as 2026-01-31.") from error


# -- what is told


def _counted(cells: list[rollup.Cell]) -> dict[str, Any]:
    counted = carts_of(cells)
    rates = {name: reasons.rate_json(rate) for name, rate in rates_of(counted).items()}
    return {"carts": {name: getattr(counted, name) for name in counted.__slots__}, "rates": rates}


def _cart(row: Cart) -> dict[str, Any]:
    times = ("started_at", "last_activity_at", "abandoned_at", "ordered_at")
    return {
        "id": f"c{row.pk}",
        "state": row.state,
        "stage": row.stage,
        **{name: moment(at) if (at := getattr(row, name)) else None for name in times},
        "currency": row.currency,
        "total": _amount(row.total, row.currency),
        "quantity": row.quantity,
        "items": [
            {"product_id": str(line.get("product_id", "")), "title": str(line.get("title", "")),
             "quantity": int(line.get("quantity", 0)), "price": str(line.get("price", "0"))}
            for line in row.lines
        ],
        "device": row.device,
        "country": row.country,
        "is_test": row.is_test,
    }  # fmt: skip


def _message(row: Message) -> dict[str, Any]:
    return {
        "id": f"m{row.pk}",
        "cart": f"c{row.cart_id}",
        "flow": row.step.version.flow_id,
        "step": row.step.position,
        "variant": row.variant.name if row.variant else "",
        "channel": row.channel,
        "state": row.state,
        "reason": row.reason,
        "planned_at": moment(row.planned_at),
        "sent_at": moment(row.sent_at) if row.sent_at else None,
        "ended_at": moment(row.ended_at) if row.ended_at else None,
    }


def _credit(row: Credit) -> dict[str, Any]:
    order = row.order
    return {
        "order": order.external_id,
        "cart": f"c{row.cart_id}",
        "message": f"m{row.message_id}",
        "credited_at": moment(row.at),
        "withdrawn_at": moment(row.withdrawn_at) if row.withdrawn_at else None,
        "placed_at": moment(order.placed_at),
        "currency": order.currency,
        **{name: _amount(getattr(order, name), order.currency) for name in ("total", "tax", "shipping", "discount")},
        "paid": order.paid,
        "cancelled": order.cancelled_at is not None,
    }


def _amount(amount: Decimal, currency: str) -> str:
    return str(rounded(amount, currency))
