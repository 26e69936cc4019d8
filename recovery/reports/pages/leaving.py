"""Where shoppers leave: by stage, hour, device, source, page and failed payment, and how soon they come back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from recovery.reports import definitions, rollup
from recovery.reports.asked import DEVICES, Asked
from recovery.reports.cells import DELAYS
from recovery.reports.drawing import WEEKDAYS, heat
from recovery.reports.rates import Rate
from recovery.reports.rollup import Cell as Sum
from recovery.reports.sheet import Bar, Card, Cell, Section, Table

STAGES = {
    "cart": "Cart filled",
    "checkout": "Checkout begun",
    "contact": "Contact given",
    "shipping": "Shipping given",
    "payment": "Payment tried",
}
_FACETS = ("stage", "device", "failed", "hour", "source", "page", "delay")
_MOST_ROWS = 15


def leaving(asked: Asked) -> list[Section]:
    """Of the settled carts of the period: what those have in common that were not ordered."""
    cells = rollup.cells_of(asked, _FACETS, numbers=("settled", "unordered", "returned"))
    by = {name: [cell for cell in cells if cell["facet"] == name] for name in _FACETS}
    if not any(cell["settled"] for cell in by["stage"]):
        return [Section("Where they leave", empty="No cart of these days is settled yet: that takes 14 days.")]
    return [
        _funnel(by["stage"]),
        _devices(by["device"]),
        _hours(by["hour"]),
        _failed(by["failed"]),
        _named("Source", "source", by["source"], definitions.SOURCE),
        _named("Page they came to", "page", by["page"], definitions.LANDING),
        _delays(by["delay"]),
    ]


def _counts(cells: Iterable[Sum]) -> dict[str, tuple[int, int]]:
    """Value → (not ordered, settled), over currencies: these are counts of carts."""
    found: dict[str, tuple[int, int]] = {}
    for cell in cells:
        lost, settled = found.get(cell["value"], (0, 0))
        found[cell["value"]] = (lost + cell["unordered"], settled + cell["settled"])
    return found


def _funnel(cells: list[Sum]) -> Section:
    counts = _counts(cells)
    total = sum(settled for _, settled in counts.values())
    lost = sum(unordered for unordered, _ in counts.values())
    rows: list[Sequence[Cell]] = []
    reached = total
    for stage, title in STAGES.items():
        unordered = counts.get(stage, (0, 0))[0]
        rows.append((title, Bar(reached, total), unordered, Rate.of(unordered, reached)))
        reached -= unordered
    rows.append(("Ordered", Bar(total - lost, total), 0, None))
    head = ("Stage", "Carts that reached it", "Left here", "Left, of those who reached it")
    return Section("How far they got", definitions.FUNNEL, tables=[Table("stages", head, rows)])


def _devices(cells: list[Sum]) -> Section:
    counts = _counts(cells)
    mobile = counts.get("mobile", (0, 0))
    named = [(name, *counts[name]) for name in (*DEVICES, *sorted(counts.keys() - DEVICES.keys())) if name in counts]
    rows = [(DEVICES.get(name, name) or "Not told", n, Rate.of(lost, n)) for name, lost, n in named]
    return Section(
        "Device",
        cards=[Card(definitions.MOBILE, Rate.of(*mobile))],
        tables=[Table("devices", ("Device", "Settled carts", "Cart abandonment"), rows)],
    )


def _hours(cells: list[Sum]) -> Section:
    counts: dict[tuple[int, int], int] = {}
    for value, (lost, _) in _counts(cells).items():
        day, hour = value.split("-")
        counts[int(day) - 1, int(hour)] = lost
    title = "When carts were left for good"
    rows: list[Sequence[Cell]] = [
        (f"{hour}:00", *(counts.get((day, hour), 0) for day in range(7))) for hour in range(24)
    ]
    chart = heat("hours", title, counts)
    table = Table("hours", ("Hour", *WEEKDAYS), rows, folded=bool(chart), alone=True)
    return Section(title, definitions.HOURS, chart=chart, tables=[table])


def _failed(cells: list[Sum]) -> Section:
    counts = _counts(cells)
    rows = [
        (title, counts.get(value, (0, 0))[1], Rate.of(*counts.get(value, (0, 0))))
        for value, title in (("yes", "A payment failed"), ("no", "No payment failed"))
    ]
    table = Table("payments", ("", "Settled carts", "Cart abandonment"), rows)
    return Section("Failed payments", definitions.FAILED, tables=[table])


def _named(title: str, key: str, cells: list[Sum], definition: definitions.Definition) -> Section:
    counts = _counts(cells)
    unknown = counts.pop("", (0, 0))[1]
    ranked = sorted(counts.items(), key=lambda pair: -pair[1][1])
    rows = [(name, n, Rate.of(lost, n)) for name, (lost, n) in ranked[:_MOST_ROWS]]
    note = f"{unknown} settled carts came without it." if unknown else ""
    note += f" {len(ranked) - _MOST_ROWS} more are in no row." if len(ranked) > _MOST_ROWS else ""
    return Section(
        title,
        definition,
        tables=[Table(key, (title, "Settled carts", "Cart abandonment"), rows)],
        note=note if rows else "",
        empty="" if rows else f"The store's webhooks did not tell it for any of the {unknown} settled carts.",
    )


def _delays(cells: list[Sum]) -> Section:
    counts = {value: sum(cell["returned"] for cell in cells if cell["value"] == value) for value in map(str, range(9))}
    ends = [_hours_in_words(hours) for hours in DELAYS]
    names = ["up to 1 h", *(f"{a} to {b}" for a, b in pairwise(ends)), f"more than {ends[-1]}"]
    total, most = sum(counts.values()), max(counts.values())
    rows, sofar = [], 0
    for name, count in zip(names, counts.values(), strict=True):
        sofar += count
        rows.append((name, Bar(count, most), Rate.of(sofar, total)))
    return Section(
        "How soon they came back and ordered",
        definitions.DELAY,
        tables=[Table("return-time", ("After they went silent", "Carts", "By then, of all who came back"), rows)],
        empty="" if total else "No settled cart of these days came back.",
    )


def _hours_in_words(hours: int) -> str:
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"
