"""The door for providers: verify, keep, answer. Nothing else happens in the request."""

from __future__ import annotations

import logging

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from recovery.callbacks.anymail import Refused, told_by
from recovery.callbacks.doors import Door, door_of
from recovery.callbacks.incoming_mail import READABLE
from recovery.callbacks.keeping import Told, fingerprint, keep
from recovery.outbox.callback_urls import read_token
from recovery.providers.twilio.events import Form, Unreadable, form_of, inbound_event, status_event
from recovery.providers.twilio.signature import is_genuine

log = logging.getLogger("cartback.callbacks")

_EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


@csrf_exempt
def twilio_status(request: HttpRequest, token: str) -> HttpResponse:
    """How far a message of ours has come. 204, also for a repeat; 403, 405 or 413, and then nothing is kept."""
    body = _body(request)
    if isinstance(body, HttpResponse):
        return body
    subject = read_token(token)
    form = _signed_form(request, body, door_of(subject.store_id) if subject else None)
    if form is None or subject is None:
        return _refuse(403, "The signature does not fit.")
    payload = {"about": f"{subject.kind}{subject.pk}", "attempt": subject.attempt, "form": form}
    key = f"{subject.store_id}:{_status_key(form)}"
    keep([Told("twilio", "status", key, payload, subject.store_id)], now=timezone.now())
    return HttpResponse(status=204)


@csrf_exempt
def twilio_inbound(request: HttpRequest, slug: str) -> HttpResponse:
    """What a shopper wrote. An empty TwiML answer: whatever is to be said goes through the outbox."""
    body = _body(request)
    if isinstance(body, HttpResponse):
        return body
    door = door_of(slug)
    if door is None:
        return _refuse(404, "No store goes by this address.")
    form = _signed_form(request, body, door)
    if form is None:
        return _refuse(403, "The signature does not fit.")
    key = f"{door.store_id}:{_inbound_key(form)}"
    keep([Told("twilio", "inbound", key, {"form": form}, door.store_id)], now=timezone.now())
    return HttpResponse(_EMPTY_TWIML, content_type="text/xml; charset=utf-8")


@csrf_exempt
def anymail_tracking(request: HttpRequest, esp: str) -> HttpResponse:
    """What became of e-mail. 200, also where an event cannot be read: then that one is kept as a dead letter."""
    return _from_mail_service(request, esp, "tracking")


@csrf_exempt
def anymail_inbound(request: HttpRequest, esp: str) -> HttpResponse:
    """Mail that shoppers wrote to a store. 200, as for tracking; 404 for a service whose webhook brings no mail."""
    if esp not in READABLE:
        return _refuse(404, f"Replies are read from {', '.join(sorted(READABLE))}.")
    return _from_mail_service(request, esp, "inbound")


def _from_mail_service(request: HttpRequest, esp: str, kind: str) -> HttpResponse:
    if esp != settings.ANYMAIL_ESP:
        return _refuse(404, "This e-mail service is not in use here.")
    if request.method == "HEAD" or (request.method == "GET" and esp == "unisender_go"):
        return HttpResponse()  # some services ask first whether the address is there
    body = _body(request)
    if isinstance(body, HttpResponse):
        return body
    try:
        events = told_by(esp, request, kind)
    except Refused as error:
        log.warning("refused esp=%s why=%s", esp, error)
        if error.may_sign_in:
            return _refuse(401, str(error), **{"WWW-Authenticate": 'Basic realm="Cartback callbacks"'})
        return _refuse(403, str(error))
    keep(events, now=timezone.now())
    return HttpResponse()


def _body(request: HttpRequest) -> bytes | HttpResponse:
    """The raw bytes of a POST, or why there are none."""
    if request.method != "POST":
        return _refuse(405, "Callbacks are POST requests.", Allow="POST")
    too_large = _refuse(413, f"The body is larger than {settings.WEBHOOK_BODY_LIMIT} bytes.")
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.WEBHOOK_BODY_LIMIT:
            return too_large
        return request.body  # WSGI reads no further than the length that was told
    except RequestDataTooBig:
        return too_large
    except (ValueError, UnreadablePostError):
        return _refuse(400, "The body cannot be read.")


def _signed_form(request: HttpRequest, body: bytes, door: Door | None) -> Form | None:
    """The form, if one of the store's tokens signed it; the address is the one that we gave, whatever Host says."""
    if door is None:
        return None
    is_form = request.content_type == "application/x-www-form-urlencoded"
    try:
        form = form_of(body) if is_form else {}
    except Unreadable:
        return None
    genuine = is_genuine(
        settings.PUBLIC_URL + request.get_full_path(),
        form if is_form else body,
        request.headers.get("X-Twilio-Signature", ""),
        door.tokens(),
        settings=request.headers.get("X-Twilio-Webhooks-Signature-Settings", ""),
    )
    return form if genuine else None


def _status_key(form: Form) -> str:
    try:
        event = status_event(form)
    except Unreadable:
        return fingerprint(sorted(form.items()))
    return f"{event.sid}:{event.status}"


def _inbound_key(form: Form) -> str:
    try:
        return inbound_event(form).sid
    except Unreadable:
        return fingerprint(sorted(form.items()))


def _refuse(status: int, why: str, **headers: str) -> HttpResponse:
    return HttpResponse(f"{why}\n", status=status, content_type="text/plain; charset=utf-8", headers=headers)
