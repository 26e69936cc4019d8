"""A mail in a frame: no script, no outside address unless somebody asks for the pictures, nothing that leads out."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse

_NOTHING = '<!doctype html><meta charset="utf-8"><body style="font:16px sans-serif;color:#555;padding:2em">{}</body>'


def wants_pictures(request: HttpRequest) -> bool:
    """Pictures are the shop's own and would be fetched from there: only on request."""
    return request.GET.get("pictures") == "1"


def mail_page(html: str, *, pictures: bool, empty: str = "There is no HTML part.") -> HttpResponse:
    """The mail as a page that may only be framed by ourselves, in a sandbox of its own."""
    images = "data: https:" if pictures else "data:"
    response = HttpResponse(html or _NOTHING.format(empty))
    response["Content-Security-Policy"] = (
        f"sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src {settings.PUBLIC_URL} {images}; "
        "frame-ancestors 'self'"
    )
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Cache-Control"] = "private, no-store"
    return response
