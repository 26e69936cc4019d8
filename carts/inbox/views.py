"""The door: verify, keep, answer. Nothing else happens in the request."""

from __future__ import annotations

import json
import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from carts.inbox import refusals
from carts.inbox.doors import Door, door_of
from carts.inbox.keeping import Keeper, Row
from carts.sources.base import BadSignature, Label, Parcel, Source
from carts.sources.registry import source_for

log = logging.getLogger("cartback.inbox")

_keeper = Keeper()


@csrf_exempt
def receive(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep one webhook. 200 also for a duplicate; 401, 404, 405 or 413 with a sentence, and nothing of it is kept."""
    if request.method != "POST":
        return _refuse(405, "Webhooks are POST requests.", Allow="POST")
    door = door_of(slug)
    if door is None:
        return _refuse(404, "No store goes by this address.")
    body = _bounded_body(request)
    if body is None:
        return _refuse(413, f"The body is larger than {settings.WEBHOOK_BODY_LIMIT} bytes.")
    source = source_for(door.platform)
    parcel = Parcel(_headers(request), body, timezone.now())
    label = source.label(parcel)
    if label.is_ping:
        return HttpResponse()
    try:
        source.verify(parcel, door.secrets_at(parcel.received_at))
    except BadSignature as error:
        log.warning("refused store=%s why=%s", slug, error)
        refusals.note(door.store_id, str(error), parcel.received_at)
        return _refuse(401, f"The signature does not fit: {error}")
    _keep(door, source, label, parcel)
    return HttpResponse()


def _bounded_body(request: HttpRequest) -> bytes | None:
    """The raw bytes, or None when there are more than we take. Never reads past the limit, whatever the header says."""
    limit: int = settings.WEBHOOK_BODY_LIMIT
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
            return None
    except ValueError:
        return b""
    body = request.read(limit + 1)
    return None if len(body) > limit else body


def _headers(request: HttpRequest) -> dict[str, str]:
    """By lower-case name. Read directly: building `request.headers` takes a quarter of the whole view's time."""
    return {
        name[5:].replace("_", "-").lower(): value for name, value in request.META.items() if name.startswith("HTTP_")
    }


def _keep(door: Door, source: Source, label: Label, parcel: Parcel) -> None:
    kept = {name: parcel.headers[name][:1000] for name in source.kept_headers if name in parcel.headers}
    _keeper.keep(
        Row(
            store_id=door.store_id,
            topic=label.topic[:100],
            dedupe_key=label.dedupe_key[:200],
            headers=json.dumps(kept),
            body=parcel.body,
            received_at=parcel.received_at,
        )
    )


def _refuse(status: int, why: str, **headers: str) -> HttpResponse:
    return HttpResponse(f"{why}\n", status=status, content_type="text/plain; charset=utf-8", headers=headers)
