"""The report in the admin: one filter row, a tab for each page, every number with its n and its meaning."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta as td
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from config.lib.durations import in_words
from customers.access import may
from recovery.admin.report_form import ReportForm, form_for
from recovery.reports.asked import Asked
from recovery.reports.definitions import HORIZON
from recovery.reports.face import Overview, as_json
from recovery.reports.pages.index import PAGES, Page, head_json, page_json, sections_of
from recovery.reports.period import BadPeriod
from recovery.reports.rows import rows_behind
from recovery.reports.sheet import Section, as_lines


def report_page(request: HttpRequest, name: str = "overview") -> HttpResponseBase:
    """GET ?store=shop&first=2026-01-01&last=2026-01-31 and the other filters.

    &format=json gives the page's numbers, &table=key one table as CSV, &rows=1 the rows behind the page as CSV,
    &rows=name further ones.
    """
    user: Any = request.user
    if not user.has_perm("customers.view_store"):
        raise PermissionDenied
    page = PAGES.get(name)
    if page is None:
        raise Http404
    context = {**admin.site.each_context(request), "title": "Recovery report", "name": name, "page": page}
    form = form_for(request)
    asked = _asked(form)
    if form is None or asked is None:
        return TemplateResponse(request, "reports/report.html", context | {"form": form, "shown": []})
    if "rows" in request.GET and page.rows:
        return _rows(request, asked, page)
    sections = sections_of(page, asked, compared=bool(form.cleaned_data["compare"]))
    if request.GET.get("format") == "json":
        named = as_json(Overview.of(asked)) if name == "overview" else {}
        return JsonResponse(named | page_json(name, asked, sections))
    if "table" in request.GET:
        return _table(asked, sections, request.GET["table"])
    return TemplateResponse(request, "reports/report.html", context | _told(request, form, asked, page, sections))


def _asked(form: ReportForm | None) -> Asked | None:
    """None where the form has no answer; its errors say why."""
    if form is None or not form.is_valid():
        return None
    try:
        return form.asked(timezone.now())
    except BadPeriod as error:
        form.add_error("first", str(error))
        return None


def _told(request: HttpRequest, form: ReportForm, asked: Asked, page: Page, sections: list[Section]) -> dict[str, Any]:
    dates = {"first": asked.period.first.isoformat(), "last": asked.period.last.isoformat()}
    query = _query(request, dates | {"store": asked.store.slug})
    form.data = {**form.data, **dates}  # as they were filled in
    user: Any = request.user
    return {
        "form": form,
        "shown": [form[each] for each in ("store", "first", "last", "compare", *page.filters, "as_of")],
        "store": asked.store,
        "asked": asked,
        "as_of": f"{asked.as_of.astimezone(asked.store.zone):%d %b %Y %H:%M} ({asked.store.timezone})",
        "timeout": in_words(asked.store.abandon_after),
        "sections": sections,
        "before": asked.before() if request.GET.get("compare") else None,
        "presets": _presets(request, asked),
        "tabs": [_Tab(one.title, f"{_address(each)}?{query}", one is page) for each, one in PAGES.items()],
        "query": query,
        "may_have_rows": bool(page.rows) and may(user, "carts.view_cart", asked.store),
    }


@dataclass(frozen=True, slots=True)
class _Tab:
    title: str
    url: str
    here: bool


def _address(name: str) -> str:
    return reverse("admin_report") if name == "overview" else reverse("admin_report_page", args=[name])


def _query(request: HttpRequest, changed: dict[str, str]) -> str:
    kept = {key: value for key, value in request.GET.items() if value and key not in ("format", "table", "rows")}
    return urlencode(kept | changed)


def _presets(request: HttpRequest, asked: Asked) -> list[tuple[str, str]]:
    today = asked.as_of.astimezone(asked.period.zone).date()
    settled = today - HORIZON
    spans = [(f"{days} days", today - td(days=days - 1), today) for days in (7, 30, 90, 365)]
    spans.append(("30 settled days", settled - td(days=30), settled - td(days=1)))
    return [
        (title, "?" + _query(request, {"store": asked.store.slug, "first": f"{first}", "last": f"{last}"}))
        for title, first, last in spans
    ]


# -- what is downloaded


class _Echo:
    """A file whose lines are taken as they are written."""

    def write(self, line: str) -> str:
        return line


def _csv(lines: Iterable[list[Any]], name: str) -> StreamingHttpResponse:
    writer = csv.writer(_Echo())
    written: Iterator[str] = (writer.writerow(line) for line in lines)
    response = StreamingHttpResponse(written, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _rows(request: HttpRequest, asked: Asked, page: Page) -> HttpResponseBase:
    if not may(request.user, "carts.view_cart", asked.store):
        raise PermissionDenied
    name = request.GET["rows"] if request.GET["rows"] in page.more_rows else page.rows
    lines = rows_behind(asked, name)
    if request.GET.get("format") == "json":
        head, *rows = lines
        return JsonResponse(head_json(asked) | {"rows": [dict(zip(head, row, strict=True)) for row in rows]})
    return _csv(lines, _file(asked, name))


def _table(asked: Asked, sections: list[Section], key: str) -> HttpResponseBase:
    table = next((table for section in sections for table in section.tables if table.key == key), None)
    if table is None:
        raise Http404
    return _csv(as_lines(table), _file(asked, key))


def _file(asked: Asked, what: str) -> str:
    return f"{asked.store.slug}-{what}-{asked.period.first}-{asked.period.last}"
