"""The short way for webhooks and callbacks: no session, no language, no user, no CSRF cookie, straight to the view."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

_PREFIXES = ("/webhooks/", "/callbacks/")


class WebhooksFirst:
    """Answers webhooks and callbacks by itself and passes everything else on.

    What a store or a provider posts proves itself by its signature, and the middlewares cost more than checking and
    keeping it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(_PREFIXES):
            return self.get_response(request)
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return self.get_response(request)
        request.resolver_match = match
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        response.headers.setdefault("Content-Length", str(len(response.content)))
        return response
