"""The development mailbox as a provider that can be answered: what is typed there comes in as any reply would.

Only where there is a mailbox to look at: config/urls.py has this door in development alone.
"""

from __future__ import annotations

import re
import secrets

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from recovery.callbacks.keeping import Told, keep
from recovery.callbacks.standing import Row
from recovery.models import Message, Notice
from recovery.providers.console.provider import Captured, read_message
from recovery.providers.console.replies import Answer, keep_answer
from recovery.providers.twilio.events import Form

_LONGEST = 1600  # of an SMS, as Twilio takes them
_FILE = re.compile(r"(?:sms|whatsapp)-([mn])(\d{1,18})-(\d{14})\.json")


@require_POST
def mailbox_reply(request: HttpRequest, name: str) -> HttpResponse:
    """Answer the message in that file, by `quick` or `text`, and go back to it. It is heard where every reply is."""
    message = read_message(settings.MAILBOX_DIR, name)
    row = _row_of(name)
    if message is None or row is None:
        raise Http404
    said = request.POST.get("quick") or request.POST.get("text", "")
    text, now = said.strip()[:_LONGEST], timezone.now()
    if text:
        form = _form(message, row, text)
        keep([Told("mailbox", "inbound", form["MessageSid"][0], {"form": form}, row.store_id)], now=now)
        keep_answer(settings.MAILBOX_DIR, message.channel, message.to, Answer(text, now))
    return HttpResponseRedirect("../")


def _row_of(name: str) -> Row | None:
    """What the file was made of; None where that is gone, as after a new start with an old mailbox."""
    found = _FILE.fullmatch(name)
    if not found:
        return None
    letter, number, moment = found.groups()
    known = {"pk": int(number), "provider_id": f"mailbox-{letter}{number}.{moment}"}
    return Message.objects.filter(**known).first() if letter == "m" else Notice.objects.filter(**known).first()


def _form(message: Captured, row: Row, text: str) -> Form:
    """In the words of Twilio, which is what incoming messages are kept in."""
    prefix = "whatsapp:" if message.channel == "whatsapp" else ""
    return {
        "MessageSid": [f"SM{secrets.token_hex(16)}"],
        "From": [f"{prefix}{message.to}"],
        "To": [f"{prefix}{message.sender}"],
        "Body": [text],
        "OriginalRepliedMessageSid": [row.provider_id],
    }
