"""What e-mail services post to us, through anymail's own webhook views: theirs are the checks and the vocabulary.

Decision: the views are asked to check and to read, but not to answer. Theirs send a signal for each event and drop the
rest of the batch when one fails; here every event is kept by itself, also the one that cannot be read.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from anymail.exceptions import AnymailConfigurationError, AnymailImproperlyInstalled
from anymail.signals import AnymailInboundEvent, AnymailTrackingEvent
from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

from recovery.callbacks.bounces import is_hard
from recovery.callbacks.incoming_mail import facts_of_mail
from recovery.callbacks.keeping import Told, fingerprint, plain

log = logging.getLogger("cartback.callbacks")

_LONGEST_RAW = 4_000

# Names that are not the service's own with a capital letter.
_VIEWS = {
    "amazon_ses": "AmazonSESTrackingWebhookView",
    "mailersend": "MailerSendTrackingWebhookView",
    "mandrill": "MandrillCombinedWebhookView",
    "resend": "SignedResendView",
    "sendgrid": "SendGridTrackingWebhookView",
    "sparkpost": "SparkPostTrackingWebhookView",
    "unisender_go": "UnisenderGoTrackingWebhookView",
}
_OURS = {"resend": "recovery.callbacks.svix"}


class Refused(Exception):
    """The request proves nothing. `may_sign_in`: it named nobody, and Amazon's SNS names itself only when asked to."""

    def __init__(self, why: str, *, may_sign_in: bool = False) -> None:
        super().__init__(why)
        self.may_sign_in = may_sign_in


class _Shut:
    """Mixed into anymail's views, which let everybody in, with a warning, where neither a secret nor a signing key is
    set. Ours are shut then, so there is nothing to warn of: what would be warned of is kept as `needs_secret`."""

    needs_secret = True

    @property
    def warn_if_no_basic_auth(self) -> bool:
        return False

    @warn_if_no_basic_auth.setter
    def warn_if_no_basic_auth(self, needs: bool) -> None:
        self.needs_secret = needs


def told_by(esp: str, request: HttpRequest, kind: str = "tracking") -> list[Told]:
    """The events of one request, each ready to be kept. `kind`: tracking, or inbound for mail that shoppers wrote.

    Raises Refused where its secret or signature does not fit.
    """
    view = _view(esp, request, kind)
    _check(view, request)
    return [_told(esp, kind, payload) for payload in _payloads(esp, view, request)]


def _view(esp: str, request: HttpRequest, kind: str) -> Any:
    module = _OURS.get(esp, f"anymail.webhooks.{esp}")
    name = _VIEWS.get(esp, f"{esp.capitalize()}TrackingWebhookView").replace("Tracking", kind.capitalize())
    own = {**_secrets(), **settings.ANYMAIL}
    if esp == "mandrill":
        own = {"webhook_url": settings.PUBLIC_URL + request.get_full_path(), **own}
    try:
        theirs = import_string(f"{module}.{name}")
        return type(name, (_Shut, theirs), {"needs_secret": theirs.warn_if_no_basic_auth})(**own)
    except (ImportError, AnymailConfigurationError, AnymailImproperlyInstalled, ValueError) as error:
        log.error("esp=%s cannot be listened to: %s", esp, error)
        raise Refused("The secret that should sign this is not set.") from error


def _secrets() -> dict[str, Any]:
    given = settings.ANYMAIL.get("webhook_secret", "")
    return {"webhook_secret": given.split(",") if given else settings.ANYMAIL_WEBHOOK_SECRET}


def _check(view: Any, request: HttpRequest) -> None:
    if view.needs_secret and not view.basic_auth:
        raise Refused("No secret is set for these callbacks: set ANYMAIL_WEBHOOK_SECRET.")
    if view.basic_auth and not request.headers.get("Authorization"):
        raise Refused("Sign in with the webhook secret.", may_sign_in=True)
    try:
        view.run_validators(request)
    except Exception as error:  # whatever another's check stumbles over, the request has proved nothing
        raise Refused(f"The secret or the signature does not fit ({type(error).__name__}).") from error


def _payloads(esp: str, view: Any, request: HttpRequest) -> list[dict[str, Any]]:
    """Each event as facts or, where it cannot be read, as it came with the reason."""
    for name, tolerant in (("unwrap_event", _unwrapped), ("esp_to_anymail_event", _read)):
        if hasattr(view, name):
            setattr(view, name, tolerant(esp, getattr(view, name)))
    try:
        found = view.parse_events(request)
        return [event if isinstance(event, dict) else _facts(esp, event) for event in found]
    except Exception as error:  # another's reader over another's data: it is kept, with what was wrong
        return [_unreadable(request.body.decode(errors="replace"), error)]


def _read(esp: str, read: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    def tolerant(event: Any, *more: Any) -> dict[str, Any]:
        try:
            return _facts(esp, read(event, *more))
        except Exception as error:  # as above, for one of many
            return _unreadable(_as_text(more[-1] if esp == "sparkpost" else event), error)

    return tolerant


def _unwrapped(esp: str, unwrap: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """SparkPost's events come in a box; one that has none is passed on, to fail by itself."""

    def tolerant(raw: Any) -> Any:
        try:
            return unwrap(raw)
        except (KeyError, TypeError, AttributeError):
            return "", {}, raw

    return tolerant


def _unreadable(raw: str, error: Exception) -> dict[str, Any]:
    return {"raw": raw[:_LONGEST_RAW], "unreadable": f"{type(error).__name__}: {error}"[:500]}


def _facts(esp: str, event: Any) -> dict[str, Any]:
    return facts_of_mail(event) if isinstance(event, AnymailInboundEvent) else facts_of(esp, event)


def facts_of(esp: str, event: AnymailTrackingEvent) -> dict[str, Any]:
    """The event in anymail's vocabulary. `hard`: a bounce for good; `raw`: the service's own words, for a person."""
    metadata = event.metadata if isinstance(event.metadata, Mapping) else {}
    return {
        "event": {
            "type": str(event.event_type),
            "id": event.event_id or "",
            "at": event.timestamp.isoformat() if event.timestamp else "",
            "message_id": event.message_id or "",
            "send_id": str(metadata.get("send_id") or ""),
            "recipient": event.recipient or "",
            "reject_reason": event.reject_reason or "",
            "hard": is_hard(esp, event.esp_event),
            "words": " ".join(str(event.mta_response or event.description or "").split())[:300],
            "url": str(event.click_url or "")[:500],
        },
        "raw": _as_text(event.esp_event),
    }


def _as_text(event: Any) -> str:
    return json.dumps(plain(event), ensure_ascii=False)[:_LONGEST_RAW]


def _told(esp: str, kind: str, payload: dict[str, Any]) -> Told:
    event, mail = payload.get("event"), payload.get("mail")
    if mail:
        key = fingerprint("mail", mail["id"])
    elif not event:
        key = fingerprint(payload["raw"])
    elif event["id"]:
        key = fingerprint(*(event[name] for name in ("id", "type", "recipient")))
    else:
        key = fingerprint(*(event[name] for name in ("message_id", "type", "recipient", "at", "url")))
    return Told(esp, kind if mail or not event else "tracking", key, payload)
