"""Messages that are on their way, and the posts that providers make about them."""

from __future__ import annotations

import base64
import hmac
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.test import Client

from carts.abandonment import sweep
from customers.models import Store
from recovery import intake
from recovery.flows.runner import run_flows
from recovery.models import Message, Notice
from recovery.outbox.callback_urls import status_token
from tests.factories import after, checkout, make_flow, make_store, person, put

TOKEN = "a-token-of-the-installation"
DUE = after(minutes=31)
FORM = "application/x-www-form-urlencoded"


def sid(n: int) -> str:
    return f"SM{n:032x}"


def phone(n: int) -> str:
    return f"+3584512{n:05d}"


def on_their_way(count: int, channel: str = "sms", store: Store | None = None, **fields: Any) -> list[Message]:
    """Messages of as many people, handed over on the first try; nobody has answered yet."""
    store = store or make_store()
    make_flow(store)
    put(store, *[checkout(f"C{n}", person=person(n, phone=phone(n))) for n in range(1, count + 1)])
    while sweep(DUE) or intake.take(DUE) or run_flows(DUE):
        pass
    messages = list(Message.objects.filter(store=store, step__position=1).order_by("pk"))
    for n, message in enumerate(messages, 1):
        to = phone(n) if channel != "email" else message.customer.email
        state = {"channel": channel, "state": "sending", "attempts": 1, "to": to, "sent_at": DUE, "provider": "twilio"}
        Message.objects.filter(pk=message.pk).update(**state | fields)
    return list(Message.objects.filter(pk__in=[m.pk for m in messages]).order_by("pk"))


def token_of(row: Message | Notice) -> str:
    """As it was made before the try that is under way."""
    row.attempts -= 1
    token = status_token(row)
    row.attempts += 1
    return token


def status_form(number: int, status: str, code: int | None = None, **more: str) -> dict[str, str]:
    form = {"MessageSid": sid(number), "MessageStatus": status, "From": "+15005550006", "To": phone(1), **more}
    return form | ({"ErrorCode": str(code)} if code else {})


def inbound_form(number: int, text: str, who: str = phone(1), **more: str) -> dict[str, str]:
    return {"MessageSid": sid(number), "From": who, "To": "+15005550006", "Body": text, "NumMedia": "0", **more}


def post(path: str, form: dict[str, str], token: str = TOKEN, **more: Any) -> int:
    """A form that is signed as Twilio signs; returns the answer's status."""
    headers = {"X-Twilio-Signature": signature_of(path, form, token)} | more.pop("headers", {})
    return Client().post(path, urlencode(form), content_type=FORM, headers=headers, **more).status_code


def signature_of(path: str, form: dict[str, str], token: str = TOKEN) -> str:
    signed = settings.PUBLIC_URL + path + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()


def tell(row: Message | Notice, number: int, status: str, code: int | None = None) -> int:
    return post(f"/callbacks/twilio/status/{token_of(row)}/", status_form(number, status, code))


def write(store: Store, number: int, text: str, who: str = phone(1), **more: str) -> int:
    return post(f"/callbacks/twilio/inbound/{store.slug}/", inbound_form(number, text, who, **more))
