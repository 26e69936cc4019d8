"""Where the links of a message lead. A GET never decides anything: link scanners open everything."""

from __future__ import annotations

import logging
from datetime import datetime

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from carts.models import Cart, CartState
from carts.storefront import kept_cart, restore_address
from config.lib.logline import handed
from customers.models import Channel
from recovery.links import clicks, optout, pages, survey
from recovery.links.lookup import OPT_OUT, SETTINGS, opt_out_link, recovery_link
from recovery.links.machines import visitor
from recovery.links.pages import page, sealed, words_for
from recovery.models import CodeState, Link

log = logging.getLogger("cartback.links")


# -- back to the cart


@require_safe
def recover(request: HttpRequest, token: str) -> HttpResponse:
    """302 to the store's own address of the cart, or a page that says why not. Logs nobody in and shows no cart."""
    link = recovery_link(token)
    if link is None:
        return pages.unknown(request)
    now = timezone.now()
    outcome, address = _outcome(link, now)
    if not link.hammered:  # type: ignore[attr-defined]
        _record(request, link, outcome, now)
    return _answer(link, token, outcome, address)


def _outcome(link: Link, now: datetime) -> tuple[str, str]:
    """What becomes of the visit, and where it leads. The cart's address is asked for now, not at minting."""
    cart: Cart | None = kept_cart(link.cart) if link.cart else None
    if now >= link.expires_at:
        return "expired", ""
    if cart and cart.state == CartState.ORDERED:
        return "ordered", ""
    address = restore_address(cart, _code(link, now)) if cart else ""
    return ("restored", address) if address else ("no_address", "")


def _code(link: Link, now: datetime) -> str:
    """The code that the message carried, while it is alive: the shop applies it by itself."""
    code = link.message.discount_code if link.message else None
    alive = code and code.state == CodeState.LIVE and (code.ends_at is None or now < code.ends_at)
    return code.code if code and alive else ""


def _record(request: HttpRequest, link: Link, outcome: str, now: datetime) -> None:
    reason = visitor(request, link.message.sent_at if link.message else None, now, in_demo=link.store.is_demo)
    if outcome != "restored" and not reason:
        survey.shown(link, now=now)  # first, so that what is flagged below takes it along
    user_agent = request.headers.get("User-Agent", "")
    clicks.record(link, machine_reason=reason, user_agent=user_agent, outcome=outcome, now=now)
    handed(log, "click", link=link.pk, outcome=outcome, machine=reason or "no")


def _answer(link: Link, token: str, outcome: str, address: str) -> HttpResponse:
    if outcome == "restored":
        return sealed(HttpResponseRedirect(address))
    why = survey.why(link, token, ordered=outcome == "ordered")
    if outcome == "expired":
        return pages.notice(link, "expired", "clock", 410, why=why)
    return pages.notice(link, outcome, "done" if outcome == "ordered" else "bag", why=why)


# -- no, and yes again


@csrf_exempt  # the token is the secret, and mailbox providers post without a cookie (RFC 8058)
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, POST stops at once: a person's press of the button, or a mailbox provider's one-click."""
    link = opt_out_link(token, OPT_OUT)
    if link is None:
        return pages.unknown(request)
    now = timezone.now()
    if request.method != "POST":
        clicks.saw(link, now=now)
        return _stopped(link, token, now) if optout.is_stopped(link) else _ask(link)
    return _posted(request, link, token, now)


def _posted(request: HttpRequest, link: Link, token: str, now: datetime) -> HttpResponse:
    """Whatever is posted means no, but for the one button that takes it back."""
    form = _form(request)
    if form.get("List-Unsubscribe", "").lower() == "one-click":
        optout.stop(link, [link.channel], source=optout.ONE_CLICK, words="List-Unsubscribe=One-Click", now=now)
        handed(log, "opt_out", link=link.pk, channel=link.channel, by="one-click")
        return sealed(HttpResponse("Unsubscribed.\n", content_type="text/plain; charset=utf-8"))
    if form.get("action") == "undo":
        return _undo(link, token, now)
    words = words_for(link, "unsubscribe")
    shown = " ".join(words[name] for name in ("title", "text", "note", "button"))
    optout.stop(link, [link.channel], source=optout.LINK, words=shown, now=now)
    survey.shown(link, now=now)
    handed(log, "opt_out", link=link.pk, channel=link.channel, by="button")
    return _stopped(link, token, now)


def _undo(link: Link, token: str, now: datetime) -> HttpResponse:
    words = words_for(link, "stopped")
    shown = f"{words['undo']} {words['button']}"
    if not optout.resume(link, link.channel, source=optout.LINK, words=shown, now=now):
        return _stopped(link, token, now)
    handed(log, "opt_in", link=link.pk, channel=link.channel)
    return page("resumed", words_for(link, "resumed"), link.store, icon="done", token=token)


def _ask(link: Link) -> HttpResponse:
    return page("unsubscribe", words_for(link, "unsubscribe"), link.store, icon="message")


def _stopped(link: Link, token: str, now: datetime) -> HttpResponse:
    rows = [row for row in optout.standings(link, now=now) if row.channel == link.channel]
    may_undo = bool(rows) and rows[0].may_turn_on
    words, why = words_for(link, "stopped"), survey.why(link, token)
    return page("stopped", words, link.store, icon="done", token=token, may_undo=may_undo, why=why)


def _form(request: HttpRequest) -> QueryDict:
    """What was posted, in either encoding; empty when it cannot be read: a no must not fail over its form."""
    try:
        return request.POST
    except (MultiPartParserError, SuspiciousOperation, UnreadablePostError):
        return QueryDict()


# -- each channel


@csrf_exempt  # the token is the secret, and no page of ours sets a cookie
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """Where the person stands on each channel that reaches them, to change or to stop altogether."""
    link = opt_out_link(token, SETTINGS)
    if link is None:
        return pages.unknown(request)
    now = timezone.now()
    if request.method != "POST":
        clicks.saw(link, now=now)
        return _settings(link, token, now)
    words = words_for(link, "settings")
    form = _form(request)
    if form.get("action") == "stop":
        optout.stop(link, Channel.values, source=optout.PAGE, words=f"{words['title']} {words['stop']}", now=now)
        return _settings(link, token, now, told=words["stopped"])
    optout.choose(link, form.getlist("channel"), words=_said(words), now=now)
    return _settings(link, token, now, told=words["saved"])


def _said(words: dict[str, str]) -> dict[tuple[str, bool], str]:
    """The words that each choice agrees to."""
    return {
        (channel, ticked): f"{words['text']} {words[channel]}: {words['on' if ticked else 'off']}. {words['button']}"
        for channel in Channel.values
        for ticked in (True, False)
    }


def _settings(link: Link, token: str, now: datetime, told: str = "") -> HttpResponse:
    words = words_for(link, "settings")
    rows = [
        {"channel": row.channel, "name": words[row.channel], "on": row.on, "locked": not row.on and not row.may_turn_on}
        for row in optout.standings(link, now=now)
    ]
    why = survey.why(link, token)
    return page("settings", words, link.store, icon="message", rows=rows, told=told, why=why)
