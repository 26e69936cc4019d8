"""A mail in a frame: no script, no outside address unless somebody asks for the pictures, nothing that leads out."""

from __future__ import annotations

import re

from django.conf import settings
from django.http import HttpRequest, HttpResponse

_NOTHING = '<!doctype html><meta charset="utf-8"><p style="font:16px sans-serif">There is no HTML part.</p>'
_DOCTYPE = re.compile(r"\s*(<!doctype[^>]*>)?", re.IGNORECASE)


def wants_pictures(request: HttpRequest) -> bool:
    """Pictures are the shop's own and would be fetched from there: only on request."""
    return request.GET.get("pictures") == "1"


def mail_page(html: str, *, pictures: bool) -> HttpResponse:
    """The mail as a page that may only be framed by ourselves, in a sandbox of its own."""
    images = "data: https:" if pictures else "data:"
    response = HttpResponse(html or _NOTHING)
    response["Content-Security-Policy"] = (
        f"sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src {settings.PUBLIC_URL} {images}; "
        "frame-ancestors 'self'"
    )
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Cache-Control"] = "private, no-store"
    return response


def framed(html: str, *, pictures: bool) -> str:
    """The mail for a frame's `srcdoc`, with a policy of its own at its head: nothing outside but `pictures`."""
    images = "data: https:" if pictures else "data:"
    policy = f"default-src 'none'; style-src 'unsafe-inline'; img-src {settings.PUBLIC_URL} {images}"
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return _DOCTYPE.sub(lambda found: found[0] + meta, html, count=1)
