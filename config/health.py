"""Placeholder until the health room is built."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse


def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"ok": True})


def metrics(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")
