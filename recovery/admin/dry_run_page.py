"""A dry run as a page: who would have got what of a flow, when, by which channel and at what cost, and the carts behind
each number. Nothing is sent and nothing is written but the result itself, which is kept for a while."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from carts.models import Cart
from config.lib.money import minor_units
from config.lib.names import by_number
from customers.admin.base import address, linked, local
from customers.models import Channel, Store
from recovery.admin.dry_run_kept import keep, kept
from recovery.dryrun import DryRun, NothingToRun, Row, StepSum, dry_run
from recovery.models import Flow
from recovery.reports.words import money, reason_in_words

#: So many carts are walked through while somebody waits; of more a sample is taken.
_MOST_CARTS = 1_000
_PER_PAGE = 50
_OUTCOMES = {
    "entered": "enters the flow",
    "refused": "does not enter",
    "sent": "sent",
    "skipped": "not sent",
    "held_out": "held out",
    "put_off": "put off",
}
#: By what the rows are chosen: the parts of the address.
_ASKED = ("step", "outcome", "reason", "channel", "variant", "shift")


def run(flow: Flow, *, now: datetime) -> DryRun:
    """Run it and keep the result. Raises recovery.dryrun.NothingToRun."""
    result = dry_run(flow, now=now, most=_MOST_CARTS)
    keep(flow, result)
    return result


def _again(flow: Flow) -> DryRun | None:
    """A link to a result that is gone: it was kept for an hour, or the flow was changed since."""
    try:
        return run(flow, now=timezone.now())
    except NothingToRun:
        return None


def response(request: HttpRequest, flow: Flow, context: dict[str, Any]) -> HttpResponse:
    """The page; the rows as CSV where the address asks for it."""
    user: Any = request.user
    context |= {"title": "Dry run", "original": flow, "flow": flow, "flow_url": address(flow)}
    result = kept(flow) or (_again(flow) if request.GET else None)
    if result is None:
        return TemplateResponse(request, "admin/flow_dry_run.html", context)
    if request.GET.get("format") == "csv":
        return as_csv(result, request, flow)
    see_people = user.has_perm("customers.view_customer", flow.store)
    context |= told(result, flow.store) | rows_page(result, request, flow.store, see_people)
    context |= {"since": local(result.since, flow.store), "until": local(result.until, flow.store)}
    return TemplateResponse(request, "admin/flow_dry_run.html", context)


@dataclass(frozen=True, slots=True)
class Count:
    """One number, and the rows behind it."""

    label: str
    count: int
    query: str


@dataclass(frozen=True, slots=True)
class StepTold:
    """What would have become of one step."""

    position: int
    sent: Count
    channels: list[Count]
    variants: list[Count]
    held_out: Count
    skipped: list[Count]
    shifted: list[Count]
    cost: str


def told(result: DryRun, store: Store) -> dict[str, Any]:
    """The totals and the steps. `strange`: some cost is in another currency than the store's."""
    return {
        "result": result,
        "entered": _counted("Entered", result.entered, step=0, outcome="entered"),
        "refused": [
            _counted(reason_in_words(code), count, step=0, outcome="refused", reason=code)
            for code, count in result.refused.most_common()
        ],
        "told_steps": [_step(step) for step in result.steps],
        "cost": _cost(result.cost),
        "strange": any(currency != store.currency for currency in result.cost),
    }


def _step(step: StepSum) -> StepTold:
    def of(outcome: str, label: str, count: int, **more: str) -> Count:
        return _counted(label, count, step=step.position, outcome=outcome, **more)

    return StepTold(
        step.position,
        of("sent", "Sent", step.sent),
        [of("sent", str(Channel(code).label), count, channel=code) for code, count in step.by_channel.most_common()],
        [
            of("sent", f"Variant {name}", count, variant=name)
            for name, count in sorted(step.by_variant.items(), key=lambda one: by_number(one[0]))
        ],
        of("held_out", "Held out", step.held_out),
        [of("skipped", reason_in_words(code), count, reason=code) for code, count in step.skipped.most_common()],
        [of("put_off", reason_in_words(code), count, shift=code) for code, count in step.shifted.most_common()],
        _cost(step.cost),
    )


def _counted(label: str, count: int, **asked: Any) -> Count:
    return Count(label, count, "?" + urlencode(asked) + "#rows")


def _cost(amounts: dict[str, Any]) -> str:
    """Less than the smallest coin is not nothing."""
    return ", ".join(_amount(sum_, currency) for currency, sum_ in sorted(amounts.items()) if sum_) or "–"


def _amount(amount: Decimal, currency: str) -> str:
    least = Decimal(1).scaleb(-minor_units(currency))
    return money(amount, currency) if amount >= least else f"below {money(least, currency)}"


def chosen(result: DryRun, request: HttpRequest) -> tuple[list[Row], dict[str, str]]:
    """The rows that the address asks for, and what it asks."""
    asked = {name: request.GET[name] for name in _ASKED if request.GET.get(name)}
    if not (asked.get("step", "").isdecimal() and asked.get("outcome") in _OUTCOMES):
        return result.rows, {}
    how = {name: value for name, value in asked.items() if name not in ("step", "outcome")}
    outcome = "" if asked["outcome"] == "put_off" else asked["outcome"]  # whatever became of it
    return result.behind(int(asked["step"]), outcome, **how), asked


def rows_page(result: DryRun, request: HttpRequest, store: Store, see_people: bool) -> dict[str, Any]:
    """One page of the rows behind a number."""
    rows, asked = chosen(result, request)
    page = Paginator(rows, _PER_PAGE).get_page(request.GET.get("page"))
    query = urlencode(asked)
    return {
        "page": page,
        "asked": _asked_in_words(asked),
        "query": query,
        "rows": _rows(list(page), store, see_people),
        "csv_url": "?" + urlencode({**asked, "format": "csv"}),
    }


def _asked_in_words(asked: dict[str, str]) -> str:
    if not asked:
        return "Everything that would have happened"
    where = f"Step {asked['step']}" if asked["step"] != "0" else "At the entrance"
    more = [reason_in_words(asked[name]) for name in ("reason", "channel", "variant", "shift") if name in asked]
    return ": ".join([f"{where}, {_OUTCOMES[asked['outcome']]}", *more])


def _rows(rows: Sequence[Row], store: Store, see_people: bool) -> list[dict[str, Any]]:
    carts = Cart.objects.filter(pk__in={row.line.cart_id for row in rows}, store=store).select_related("customer")
    known = {cart.pk: cart for cart in carts}
    return [_row(row, known.get(row.line.cart_id), store, see_people) for row in rows]


def _row(row: Row, cart: Cart | None, store: Store, see_people: bool) -> dict[str, Any]:
    line = row.line
    person = cart.customer if cart else None
    put_off = ", ".join(reason_in_words(code) for code in dict.fromkeys(line.shifts))
    return {
        "cart": linked(cart, f"Cart {line.cart_id}") if cart else f"Cart {line.cart_id}",
        "who": person.email or person.phone or str(person) if person and see_people else f"shopper {line.customer_id}",
        "step": line.step or "",
        "what": _OUTCOMES.get(line.outcome, line.outcome),
        "why": line.detail or (reason_in_words(line.reason) if line.reason else ""),
        "channel": str(Channel(line.channel).label) if line.channel and line.outcome == "sent" else "",
        "variant": line.variant,
        "at": local(line.at, store),
        "put_off": f"from {line.planned_at.astimezone(store.zone):%d %b %H:%M}: {put_off}" if put_off else "",
        "cost": f"{row.cost:f} {row.currency}" if row.cost else "",
    }


def as_csv(result: DryRun, request: HttpRequest, flow: Flow) -> HttpResponse:
    """Exactly the rows behind a number: ids, codes and times, and nothing that a shopper typed."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="dry-run-{flow.pk}.csv"'
    out = csv.writer(response)
    out.writerow(
        ["cart", "customer", "step", "outcome", "reason", "channel", "variant", "planned_at", "at", "put_off_for",
         "segments", "cost", "currency"]
    )  # fmt: skip
    for row in chosen(result, request)[0]:
        line = row.line
        out.writerow(
            [line.cart_id, line.customer_id, line.step, line.outcome, line.reason, line.channel, line.variant,
             line.planned_at.isoformat(), line.at.isoformat(), " ".join(line.shifts), line.segments,
             "" if row.cost is None else row.cost, row.currency]
        )  # fmt: skip
    return response
