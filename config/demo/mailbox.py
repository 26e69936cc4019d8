"""The development mailbox: what Cartback would have sent, to look at. Every store's messages are here."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from config.demo.backstage import backstage
from config.demo.letters import arrived
from config.demo.memory import cart_of, shopper_of
from config.demo.talk import conversation, entries, entry_of
from recovery.providers.console.provider import Captured, read_message

_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
#: The page may frame our own documents; all else as everywhere.
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

#: What can be answered with one tap.
QUICK = ("I have a question", "HELP", "STOP", "START")


@never_cache
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """The list, with the newest message opened beside it where there is room."""
    messages = arrived(timezone.now())
    newest = read_message(settings.MAILBOX_DIR, messages[0].name) if messages else None
    return _page(request, messages, newest, chosen=False)


@never_cache
@require_GET
def message(request: HttpRequest, name: str) -> HttpResponse:
    return _page(request, arrived(timezone.now()), _found(name), chosen=True)


@never_cache
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """The list alone: for the script that keeps it up to date."""
    listed = entries(arrived(timezone.now()))
    shown = read_message(settings.MAILBOX_DIR, request.GET.get("open", ""))
    context = {"messages": listed, "entry": entry_of(shown, listed), **_waiting(request)}
    return render(request, "demo/letters.html", context)


@never_cache
@require_GET
def talk(request: HttpRequest, name: str) -> HttpResponse:
    """The bubbles alone: for the script that keeps them up to date."""
    return render(request, "demo/talk.html", {"bubbles": conversation(_found(name), timezone.now())})


@never_cache
@xframe_options_sameorigin
@require_GET
def document(request: HttpRequest, name: str) -> HttpResponse:
    """A mail's HTML as its recipient gets it: no script runs, no form posts, and links open beside the mailbox."""
    html = _HEAD.sub(lambda head: head[0] + '<base target="_blank">', _found(name).html, count=1)
    response = HttpResponse(html)
    response["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src {settings.PUBLIC_URL} data: https:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox "
        "allow-top-navigation-by-user-activation"
    )
    return response


def _waiting(request: HttpRequest) -> dict[str, Any]:
    """Since when this browser's cart waits for its reminder, if it does, and what keeps a phone message back."""
    shopper = shopper_of(request)
    told = backstage(shopper, cart_of(shopper))
    silent = None if told.refused or told.mail_is_real else told.silent_since
    return {"silent_since": silent, "detour": told.detour}


def _found(name: str) -> Captured:
    found = read_message(settings.MAILBOX_DIR, name)
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, messages: list[Captured], shown: Captured | None, *, chosen: bool) -> HttpResponse:
    listed, by_phone = entries(messages), shown is not None and shown.channel != "email"
    context: dict[str, Any] = {
        "messages": listed,
        "entry": entry_of(shown, listed),
        "bubbles": conversation(shown, timezone.now()) if shown and by_phone else [],
        "quick": QUICK,
        "shown": shown,
        "open": shown.name if shown else "",
        "chosen": chosen,
        **_waiting(request),
        "one_click": bool(shown and "List-Unsubscribe-Post" in shown.headers),
        "mail_is_real": bool(settings.EMAIL_URL or settings.ANYMAIL_ESP),
    }
    response = render(request, "demo/mailbox.html", context)
    response["Content-Security-Policy"] = _PAGE_POLICY
    return response
