"""A mail in a frame: no script, no outside address unless somebody asks for the pictures, nothing that leads out."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.html import escape

_PLAIN = "font:15px/1.5 system-ui,sans-serif;white-space:pre-wrap;overflow-wrap:anywhere;margin:1.5em;color:#222"
_NOTHING = '<!doctype html><meta charset="utf-8"><p style="font:16px sans-serif">There is no HTML part.</p>'

_PHONE = (
    "<style>body{margin:1.5em;font:15px/1.5 system-ui,sans-serif;color:#222;background:#efeae3}"
    "p{width:fit-content;max-width:20em;margin:0 0 6px;padding:10px 14px;border-radius:14px;background:#fff;"
    "white-space:pre-wrap;overflow-wrap:anywhere}.b{color:#0a6b4d;font-weight:600}"
    "small{display:block;margin-top:12px;color:#555}</style>"
)


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


def text_page(text: str) -> HttpResponse:
    """Plain text for the frame."""
    page = f'<!doctype html><meta charset="utf-8"><pre style="{_PLAIN}">{escape(text)}</pre>'
    return mail_page(page, pictures=False)


def phone_page(text: str, buttons: Sequence[str], note: str) -> HttpResponse:
    """A phone's bubble for the frame, with what is below it."""
    below = "".join(f'<p class="b">{escape(title)}</p>' for title in buttons)
    page = f'<!doctype html><meta charset="utf-8">{_PHONE}<p>{escape(text)}</p>{below}<small>{escape(note)}</small>'
    return mail_page(page, pictures=False)
