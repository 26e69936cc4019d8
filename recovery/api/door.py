"""Who may ask, how often, and how a refusal looks (RFC 9457, problem details)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from math import ceil
from typing import Any

import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from config.lib.throttle import take
from customers.models import Store
from customers.tokens import token_of

#: Requests a second that a token may make for long, and at once.
RATE, BURST = 5.0, 60.0
#: Of one address, so that nobody tries tokens for long.
_WRONG_RATE, _WRONG_BURST = 0.2, 20.0

Answer = Callable[..., dict[str, Any]]


class Refused(Exception):
    """The request cannot be answered; the text says why, for who wrote it."""

    def __init__(self, status: int, title: str, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def answers(view: Answer) -> Callable[..., HttpResponse]:
    """A view of `(request, store, …) -> dict`, for GET with a token in the Authorization header."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            found = view(request, _store(request), *args, **kwargs)
        except Refused as refused:
            return problem(refused)
        return _sealed(JsonResponse(found, json_dumps_params={"ensure_ascii": False}))

    wrapped.csrf_exempt = True  # type: ignore[attr-defined]  # it reads only, and by a header that no form can send
    return wrapped


def problem(refused: Refused) -> HttpResponse:
    """application/problem+json"""
    body = {"type": "about:blank", "title": refused.title, "status": refused.status, "detail": refused.detail}
    response = JsonResponse(body, status=refused.status, content_type="application/problem+json")
    for name, value in refused.headers.items():
        response.headers[name] = value
    return _sealed(response)


def _store(request: HttpRequest) -> Store:
    """The store of the token. Raises Refused."""
    if request.method not in ("GET", "HEAD"):
        raise Refused(405, "Method not allowed", "This API only reads: use GET.", Allow="GET, HEAD")
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    token = token_of(text.strip(), now=timezone.now()) if kind.lower() == "bearer" else None
    if token is None:
        _throttle(f"api:wrong:{request.META.get('REMOTE_ADDR', '')}", _WRONG_RATE, _WRONG_BURST)
        why = "Send a token of the store, as in “Authorization: Bearer cartback_…”. Owners make one in the admin."
        raise Refused(401, "Not authorised", why, WWW_Authenticate="Bearer")
    _throttle(f"api:{token.pk}", RATE, BURST)
    return token.store


def _throttle(key: str, rate: float, burst: float) -> None:
    wait = take(_redis(settings.REDIS_URL), key, 1, rate, burst)
    if wait:
        seconds = ceil(wait)
        raise Refused(429, "Too many requests", f"Ask again in {seconds} s.", Retry_After=str(seconds))


@lru_cache(maxsize=2)
def _redis(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)


def _sealed(response: HttpResponse) -> HttpResponse:
    response.headers["Cache-Control"] = "private, no-store"
    return response
