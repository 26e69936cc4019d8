"""Charts as SVG, drawn here: no script, they print, and a screen reader is told what they show.

Colours come from the page's stylesheet by class, so that they follow its dark mode. Words that must be read stand
beside the drawing in the page, where they keep their size on a phone.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from recovery.reports.rates import Rate, Share

Point = tuple[float, float, float] | None


def interval(rate: Rate | Share, *, most: float = 1.0) -> SafeString:
    """A bar from nought to the rate, with its interval as a line. Decoration: the numbers stand beside it."""
    scale = 100 / most
    ends = [min(100.0, max(0.0, share * scale)) for share in (rate.value, rate.low, rate.high)]
    return format_html(
        '<svg class="cb-bar" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<rect class="cb-track" width="100" height="8" y="2"></rect><rect class="cb-fill" width="{}" height="8" y="2">'
        '</rect><rect class="cb-whisker" x="{}" width="{}" height="2" y="5"></rect></svg>',
        *(f"{end:.2f}" for end in (ends[0], ends[1], max(ends[2] - ends[1], 0.5))),
    )


def bar(share: float) -> SafeString:
    """A plain bar, for a count beside it. `share` is 0 to 1."""
    return format_html(
        '<svg class="cb-bar" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<rect class="cb-fill" width="{}" height="8" y="2"></rect></svg>',
        f"{100 * share:.2f}",
    )


def trend(key: str, title: str, points: Sequence[tuple[str, Point]]) -> SafeString:
    """Rates over time, each (value, low, high) or None, as a line in the band of its intervals, from nought up."""
    known = [point for _, point in points if point]
    if len(known) < 2:
        return SafeString("")
    top = min(1.0, max(high for _, _, high in known) * 1.05)
    runs = _runs([point for _, point in points], top)
    drawn = format_html_join("", '<path class="{}" d="{}"></path>', ((kind, path) for kind, path in runs))
    first, last = points[0][0], points[-1][0]
    low, high = min(point[0] for point in known), max(point[0] for point in known)
    words = (
        f"From {first} to {last}: between {low:.1%} and {high:.1%}, with 95 % intervals. The table has every number."
    )
    return format_html(
        '<div class="cb-trend"><span class="cb-axis">{}</span>'
        '<svg viewBox="0 0 1000 240" preserveAspectRatio="none" role="img" aria-labelledby="{}-title {}-words">'
        '<title id="{}-title">{}</title><desc id="{}-words">{}</desc><path class="cb-grid" d="M0 0H1000M0 120H1000M0 '
        '240H1000"></path>{}</svg><span class="cb-axis cb-axis-x"><span>{}</span><span>{}</span></span></div>',
        f"{100 * top:.0f} %", key, key, key, title, key, words, drawn, first, last,
    )  # fmt: skip


def _runs(points: Sequence[Point], top: float) -> list[tuple[str, str]]:
    """Bands first, then lines, so that no band covers a line; a gap where a day has no rate."""
    step = 1000 / max(1, len(points) - 1)
    bands, lines, run = [], [], list[tuple[float, tuple[float, float, float]]]()
    for number, point in enumerate([*points, None]):
        if point:
            run.append((number * step, point))
        elif run:
            if len(run) == 1:
                run.append((run[0][0] + step / 3, run[0][1]))
            upper = [_at(x, high, top) for x, (_, _, high) in run]
            lower = [_at(x, low, top) for x, (_, low, _) in reversed(run)]
            bands.append(("cb-band-area", "M" + "L".join(upper + lower) + "Z"))
            lines.append(("cb-line-path", "M" + "L".join(_at(x, value, top) for x, (value, _, _) in run)))
            run = []
    return [*bands, *lines]


def _at(x: float, share: float, top: float) -> str:
    return f"{x:.1f} {240 - 240 * min(share, top) / top:.1f}"


WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def heat(key: str, title: str, counts: dict[tuple[int, int], int]) -> SafeString:
    """Counts by weekday (0 is Monday) and hour, the darker the more."""
    most = max(counts.values(), default=0)
    if not most:
        return SafeString("")
    busiest = max(counts, key=lambda when: counts[when])
    words = f"Most: {WEEKDAYS[busiest[0]]} at {busiest[1]}:00, {most}. The table has every number."
    fields = format_html_join(
        "",
        '<rect class="cb-heat" x="{}" y="{}" width=".94" height=".94" style="fill-opacity:{}"></rect>',
        ((2 + hour, day, f"{0.06 + 0.94 * counts.get((day, hour), 0) / most:.2f}")
         for day in range(7) for hour in range(24)),
    )  # fmt: skip
    days = format_html_join(
        "", '<text x="0" y="{}">{}</text>', ((day + 0.7, name) for day, name in enumerate(WEEKDAYS))
    )
    hours = format_html_join("", '<text x="{}" y="7.8">{}</text>', ((2 + hour, hour) for hour in (0, 6, 12, 18)))
    return format_html(
        '<svg class="cb-heatmap" viewBox="0 0 26 8" role="img" aria-labelledby="{}-title {}-words">'
        '<title id="{}-title">{}</title><desc id="{}-words">{}</desc>{}{}{}</svg>',
        key, key, key, title, key, words, fields, days, hours,
    )  # fmt: skip
