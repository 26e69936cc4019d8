"""The numbers of a week by e-mail, to the people of a store who asked for them: the overview's, and how to read them.

The carts of last week are still open, so they are counted and make no rate yet; the rates are those of the four newest
weeks whose carts are settled.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from datetime import timedelta as td
from functools import cache
from typing import Any

from django.conf import settings

from config.lib.logline import handed
from customers.models import Channel, Membership, Store
from recovery.channels import liquid
from recovery.channels.mjml import compile_mjml
from recovery.channels.texts import FOLDER
from recovery.models import Experiment, Notice
from recovery.outbox.notices import Wish, ask
from recovery.reports import definitions, rollup, trial_words
from recovery.reports.asked import Asked
from recovery.reports.figures import Figures, carts_of, figures
from recovery.reports.period import Period
from recovery.reports.rates import Rate
from recovery.reports.reasons import reasons_of
from recovery.reports.trials import findings
from recovery.reports.words import answer_in_words, money

log = logging.getLogger("cartback.digest")

#: On Monday from this hour on, by the store's clock; what was missed then still goes until Wednesday.
_HOUR = 7
_UNTIL = td(days=3)
_SETTLED_WEEKS, _SHOWN_WEEKS = 4, 8
_RATES = ("net_abandonment", "gross_abandonment", "return", "attributed_recovery")
_MOST_REASONS = 5


@dataclass(frozen=True, slots=True)
class Digest:
    """`week`: what the carts of last week did so far. `settled`: the newest four weeks that make rates. `trend`: the
    abandonment of eight settled weeks by their Mondays. `verdicts`: of the experiments that run."""

    store: Store
    week: Figures
    settled: Figures
    trend: list[tuple[date, Rate | None]]
    reasons: list[tuple[str, Rate]]
    response: Rate | None
    verdicts: list[tuple[str, str]]


def digest_of(store: Store, *, now: datetime) -> Digest:
    """Of the last whole week, Monday to Sunday, by the store's clock."""
    monday = _monday(store, now)
    week = Period(monday - td(days=7), monday - td(days=1), store.zone)
    # A cart of a Sunday is settled when the Sunday 14 days later is over.
    end = monday - definitions.HORIZON
    settled = Period(end - td(weeks=_SETTLED_WEEKS), end - td(days=1), store.zone)
    why = reasons_of(Asked(store, week, now))
    return Digest(
        store=store,
        week=figures(store, week, as_of=now),
        settled=figures(store, settled, as_of=now),
        trend=_trend(store, Period(end - td(weeks=_SHOWN_WEEKS), end - td(days=1), store.zone), now),
        reasons=list(why.shares.items())[:_MOST_REASONS],
        response=why.response,
        verdicts=list(_verdicts(store, now)),
    )


def _monday(store: Store, now: datetime) -> date:
    today = now.astimezone(store.zone).date()
    return today - td(days=today.weekday())


def _trend(store: Store, period: Period, now: datetime) -> list[tuple[date, Rate | None]]:
    weeks: dict[date, list[rollup.Cell]] = {period.first + td(weeks=n): [] for n in range(_SHOWN_WEEKS)}
    for cell in rollup.cells_of(Asked(store, period, now), [""], by_day=True):
        weeks[cell["day"] - td(days=cell["day"].weekday())].append(cell)
    counted = {monday: carts_of(cells) for monday, cells in weeks.items()}
    return [(monday, Rate.of(carts.abandoned_net, carts.matured)) for monday, carts in counted.items()]


def _verdicts(store: Store, now: datetime) -> Iterator[tuple[str, str]]:
    for one in Experiment.objects.running().filter(store=store).select_related("store", "flow"):
        margin = store.margin / 100 if store.margin is not None else None
        for comparison in findings(one, as_of=now, margin=margin).comparisons:
            yield f"{trial_words.title(one)}: {trial_words.against(one, comparison)}", str(comparison.verdict)


# -- as a mail


def subject(digest: Digest) -> str:
    return f"{digest.store.name}: the week of {digest.week.period.first:%-d %B %Y}"


def as_text(digest: Digest) -> str:
    """The whole digest for people who read plain mail, and for the command."""
    told = context(digest)
    lines = [subject(digest), told["synthetic"], "", f"Carts started {told['week']}, still open:"]
    lines += [f"  {name:<34}{value:>14}" for name, value in told["counts"]]
    lines += ["", f"Settled carts, started {told['settled']}:"]
    lines += [f"  {row['name']:<34}{row['value']:>8}   {row['note']}" for row in told["rates"]]
    lines += ["", "Cart abandonment by week:"]
    lines += [f"  {row['name']:<12}{row['value']:>8}   {row['note']}" for row in told["trend"]]
    lines += [*_listed("Why they left", told["reasons"], told["response"]), *_listed("Experiments", told["verdicts"])]
    lines += ["", "How to read this:", *(f"  {line}" for line in _READING), "", told["report_url"], "", told["leave"]]
    return "\n".join(line for line in lines if line is not None) + "\n"


def as_html(digest: Digest) -> str:
    """The same as HTML, its bars made of table cells: no picture, no script, nothing from outside."""
    return liquid.render(_layout(), context(digest), html=True)


_READING = (
    "A cart is settled 14 days after it was started. Only settled carts make rates, so a rate never moves later.",
    "The two numbers after a rate are its 95 % interval. Where two of them overlap widely, nothing is known to differ.",
    "Ordered after a click is not what the messages brought: some would have come anyway. Experiments tell the rest.",
)


def context(digest: Digest) -> dict[str, Any]:
    """Every number and word of the mail, as text."""
    store, trend = digest.store, [(monday, rate) for monday, rate in digest.trend if rate]
    slug = f"?store={store.slug}"
    return {
        "store": {"name": store.name},
        "locale": "en",
        "title": subject(digest),
        "synthetic": "Synthetic data." if store.is_demo else "",
        "week": _days(digest.week.period),
        "settled": _days(digest.settled.period),
        "counts": _counts(digest.week),
        "rates": [_bar(definitions.RATES[name].title, digest.settled.rates[name]) for name in _RATES],
        "trend": [_bar(f"{monday:%-d %b}", rate) for monday, rate in trend],
        "reasons": [_bar(answer_in_words(code), rate) for code, rate in digest.reasons],
        "response": f"{digest.response.hits} of {digest.response.n} answered" if digest.response else "",
        "verdicts": [{"name": name, "value": words, "note": ""} for name, words in digest.verdicts],
        "reading": list(_READING),
        "report_url": f"{settings.PUBLIC_URL}/admin/report/{slug}",
        "leave": "You asked for this mail. An owner of the store turns it off under Members.",
    }


def _counts(week: Figures) -> list[tuple[str, str]]:
    sent = sum(one.sent for one in week.messages.values())
    delivered = sum(one.delivered for one in week.messages.values())
    rows = [
        ("Carts started", f"{week.carts.started:,}"),
        ("Went silent", f"{week.so_far.silent + week.carts.abandoned_gross:,}"),
        ("Came back and ordered", f"{week.so_far.returned + week.carts.returned:,}"),
        ("Ordered after a click", f"{week.so_far.attributed + week.carts.attributed:,}"),
        ("Messages sent", f"{sent:,}"),
        ("… known to be delivered", f"{delivered:,}"),
    ]
    for currency, revenue in week.so_far.revenue.items():
        rows.append((f"Revenue that came back, {currency}", money(revenue.returned, currency)))
        rows.append((f"… after a click, {currency}", money(revenue.attributed, currency)))
    return rows


def _bar(name: str, rate: Rate | None) -> dict[str, str]:
    """A line with a bar: its width in whole per cent, at least one where there is anything."""
    if rate is None:
        return {"name": name, "value": "–", "note": "nothing to divide by yet", "width": "0", "rest": "100"}
    width = max(1, round(100 * rate.value)) if rate.hits else 0
    few = ", too few to say" if rate.too_few else ""
    note = f"{rate.low:.1%} to {rate.high:.1%}, {rate.hits:,} of {rate.n:,}{few}"
    return {"name": name, "value": f"{rate.value:.1%}", "note": note, "width": f"{width}", "rest": f"{100 - width}"}


def _listed(title: str, rows: list[dict[str, str]], note: str = "") -> list[str]:
    if not rows:
        return []
    head = ["", f"{title}{f' ({note})' if note else ''}:"]
    return head + [f"  {row['name']}: {row['value']}   {row['note']}".rstrip() for row in rows]


def _days(period: Period) -> str:
    return f"{period.first:%-d %b} to {period.last:%-d %b %Y}"


@cache
def _layout() -> str:
    return compile_mjml((FOLDER / "digest.mjml").read_text("utf-8"))


# -- sending


def send_digests(now: datetime) -> int:
    """Queue the mails whose Monday has come; returns how many. One a store, week and person, whoever calls how often:
    the row's key says so."""
    count = sum(queue(store, now=now) for store in _due(now))
    if count:
        handed(log, "digest", count=count)
    return count


def queue(store: Store, *, now: datetime) -> int:
    """Queue last week's digest for everybody who asked and has not got it; returns for how many."""
    monday = _monday(store, now)
    keys = {f"digest:{monday}:{member.user_id}": member.user.email for member in _members(store)}
    known = set(Notice.objects.filter(store=store, dedupe_key__in=keys).values_list("dedupe_key", flat=True))
    waiting = {key: to for key, to in keys.items() if key not in known}
    if not waiting:
        return 0
    digest = digest_of(store, now=now)
    text, html = as_text(digest), as_html(digest)
    return sum(
        ask(Wish(store, None, Channel.EMAIL, to, "digest", text, key, subject=subject(digest), html=html), now=now)
        for key, to in waiting.items()
    )


def _due(now: datetime) -> Iterator[Store]:
    wanted = Membership.objects.filter(wants_digest=True).values("store")
    for store in Store.objects.filter(pk__in=wanted, is_active=True, uninstalled_at=None):
        local = now.astimezone(store.zone)
        since = td(days=local.weekday(), hours=local.hour)
        if td(hours=_HOUR) <= since < _UNTIL:
            yield store


def _members(store: Store) -> list[Membership]:
    rows = Membership.objects.filter(store=store, wants_digest=True, user__is_active=True).exclude(user__email="")
    return list(rows.select_related("user"))
