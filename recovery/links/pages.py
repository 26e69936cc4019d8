"""The pages that shoppers see: in their language, without a cookie, a script or a word about who they are."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from carts.storefront import front_page
from customers.models import Store
from recovery.links.words import page_words
from recovery.models import Link

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
#: "E-Mail" and "e-post" are not to be broken after the E: they get a hyphen that holds.
_E_MAIL = re.compile(r"\b([Ee])-(?=[MmPp])")


def sealed(response: HttpResponse) -> HttpResponse:
    """The answer, so that neither caches nor search engines keep it and nobody learns the token from a referrer."""
    for name, value in _HEADERS.items():
        response.headers[name] = value
    return response


def words_for(link: Link, section: str, variety: str = "") -> dict[str, str]:
    """A page's words in the language of the message, else the person's, else the store's. `variety`: which of the
    section's varieties; left empty, the link's channel."""
    locales = [link.message.locale if link.message else "", link.customer.locale if link.customer else ""]
    return page_words(section, *locales, link.store.locale, store=link.store.name, channel=variety or link.channel)


def page(
    template: str, words: dict[str, str], store: Store | None = None, status: int = 200, **more: Any
) -> HttpResponse:
    """A page out of templates/web."""
    shown = {name: _E_MAIL.sub("\\1\u2011", text) for name, text in words.items()}
    context = {"words": shown, "store": store, "front_page": front_page(store) if store else "", **more}
    html = render_to_string(f"web/{template}.html", context)  # without the request: nothing can touch the session
    response = HttpResponse(html, status=status)
    response.headers["Content-Language"] = words["lang"]
    return sealed(response)


def notice(link: Link, section: str, icon: str, status: int = 200, **more: Any) -> HttpResponse:
    """A page that says one thing and points to the store."""
    return page("notice", words_for(link, section), link.store, status, icon=icon, **more)


def lost(request: HttpRequest, section: str, status: int) -> HttpResponse:
    """A page for somebody of whom nothing is known but the language of their browser."""
    words = page_words(section, getattr(request, "LANGUAGE_CODE", ""))
    return page("notice", words, status=status, icon="lost")


def unknown(request: HttpRequest) -> HttpResponse:
    """No link goes by this token. Says no more than that to whoever tries tokens."""
    return lost(request, "unknown", 404)


# -- what Django shows where no view answers


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return lost(request, "not_found", 404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return lost(request, "refused", 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return lost(request, "refused", 403)


def server_error(request: HttpRequest) -> HttpResponse:
    return lost(request, "broken", 500)
