"""WhatsApp templates on their way through Meta's review: submitted, asked about, and what came of it.

Calls go out between two statements, never inside a transaction. A text that was changed meanwhile keeps nothing of an
answer that was about its old words.
"""

from __future__ import annotations

import logging
import re
from datetime import datetime
from datetime import timedelta as td
from typing import TYPE_CHECKING

from django.db.models import F, Q

from config.lib.sealing import Unsealable
from customers.models import Channel, Store
from recovery.channels.liquid import TemplateBroken
from recovery.channels.whatsapp import QuickReply, WhatsAppTexts, compile_whatsapp, lint_whatsapp, samples_for
from recovery.models import TemplateText
from recovery.outbox.carriers import carrier_for, twilio_account
from recovery.outbox.sample import sample
from recovery.providers.base import SendError
from recovery.providers.twilio import content
from recovery.providers.twilio.content import Approval
from recovery.providers.twilio.provider import TwilioProvider

if TYPE_CHECKING:
    from twilio.rest import Client

log = logging.getLogger("cartback.approvals")

#: Not with Meta, or done for: it may be submitted. What Meta has rejected or disabled is made anew.
OPEN = ("", "unsubmitted", "rejected", "disabled")
#: There may be news: what Meta paused it takes up again by itself, a submission whose answer was lost may have arrived,
#: and what is approved may be paused or disabled when too many shoppers block it.
ASKED_ABOUT = ("received", "pending", "paused", "unsubmitted", "approved")
#: How often to ask: reviews take minutes, sometimes a day, so the longer one lasts the seldomer.
_SOONEST, _SELDOMEST = td(minutes=4), td(hours=6)
_EVERY = {"approved": td(days=1), "paused": td(hours=1)}
_SILENT = td(minutes=15)  # an account that cannot be asked
_MADE_ANEW = ("rejected", "disabled")
_MOST = 100  # asked about in one round


class NotPossible(Exception):
    """It could not be submitted or asked about. The text is a sentence for the person who wanted it."""


def submit(text: TemplateText, now: datetime) -> Approval:
    """Make the template at Twilio and ask Meta to approve it. Raises NotPossible."""
    if text.approval not in OPEN:
        raise NotPossible("It is with Meta already.")
    client = _client(text.template.store)
    name = _name(text, now)
    try:
        if not text.content_sid or text.approval in _MADE_ANEW:
            _made(client, text, name)
        return _kept(text, content.submit(client, text.content_sid, name), now)
    except SendError as error:
        raise _refused(error) from error


def refresh(text: TemplateText, now: datetime) -> Approval:
    """Ask how the template stands at `now`. Raises NotPossible."""
    if not text.content_sid:
        raise NotPossible("It was not submitted yet.")
    client = _client(text.template.store)
    try:
        found = _kept(text, content.approval(client, text.content_sid), now)
    except SendError as error:
        raise _refused(error) from error
    log.info("asked text=%s at=%s approval=%s", text.pk, now.isoformat(timespec="seconds"), found.status)
    return found


def refresh_waiting(now: datetime) -> int:
    """Ask about the templates whose time to be asked about has come; returns how many have news.

    An account that cannot be asked is told of once, and its templates wait for a quarter of an hour.
    """
    due = TemplateText.objects.filter(approval__in=ASKED_ABOUT).exclude(content_sid="")
    due = due.filter(Q(ask_again_at=None) | Q(ask_again_at__lte=now)).order_by(F("ask_again_at").asc(nulls_first=True))
    news, silent = 0, set[int]()
    for text in due.select_related("template__store")[:_MOST]:
        store_id, before = text.template.store_id, text.approval
        if store_id in silent:
            continue
        try:
            news += refresh(text, now).status != before
        except NotPossible as error:
            silent.add(store_id)
            log.warning("cannot ask store=%s text=%s: %s", store_id, text.pk, error)
    if silent:
        due.filter(template__store_id__in=silent).order_by().update(ask_again_at=now + _SILENT)
    return news


def make_for_sessions(now: datetime) -> int:
    """Make the texts with buttons that nobody has submitted; returns how many.

    Within 24 hours of the shopper's last message a template needs no approval, and only a template carries buttons.
    """
    bare = TemplateText.objects.filter(template__channel=Channel.WHATSAPP, approval="", content_sid="")
    bare = bare.exclude(buttons=[]).filter(Q(ask_again_at=None) | Q(ask_again_at__lte=now))
    made, silent = 0, set[int]()
    for text in bare.select_related("template__store").order_by("pk")[:_MOST]:
        store = text.template.store
        if store.pk in silent or not _has_whatsapp(store):
            continue
        try:
            _made(_client(store), text, _name(text, now))
            made += 1
        except (NotPossible, SendError) as error:
            silent |= {store.pk} if isinstance(error, SendError) else set()
            TemplateText.objects.filter(pk=text.pk).update(ask_again_at=now + _SILENT)
            log.warning("cannot make store=%s text=%s: %s", store.pk, text.pk, error)
    return made


def _has_whatsapp(store: Store) -> bool:
    try:
        return bool(twilio_account(store).get("whatsapp_from"))
    except Unsealable:
        return False  # said elsewhere


def next_question(approval: str, since: datetime, now: datetime) -> datetime | None:
    """When to ask again about a template that has stood like this since then; None where nothing will change."""
    if approval not in ASKED_ABOUT:
        return None
    return now + (_EVERY.get(approval) or min(max((now - since) / 2, _SOONEST), _SELDOMEST))


def _client(store: Store) -> Client:
    try:
        provider = carrier_for(store, Channel.WHATSAPP).provider
    except (SendError, Unsealable) as error:
        raise NotPossible(f"The store's Twilio account cannot be used: {error}") from error
    if not isinstance(provider, TwilioProvider):
        raise NotPossible("No Twilio account is set up for this store, and only Twilio can ask Meta.")
    return provider.client


def _made(client: Client, text: TemplateText, name: str) -> None:
    """Make the template; what is rejected lives on there under its old number."""
    before = text.content_sid
    sid = content.create(client, _draft(text, name))
    unchanged = TemplateText.objects.filter(pk=text.pk, body=text.body, buttons=text.buttons, content_sid=before)
    if not unchanged.update(content_sid=sid, approval="unsubmitted", rejection_reason=""):
        raise NotPossible("It was changed or submitted by somebody else just now: look at it again.")
    text.content_sid, text.approval, text.rejection_reason = sid, "unsubmitted", ""


def _draft(text: TemplateText, name: str) -> content.Draft:
    store = text.template.store
    replies = tuple(QuickReply(button["id"], button["title"]) for button in text.buttons)
    texts, made_up = WhatsAppTexts(text.locale, text.body, replies), sample(store)
    if problems := lint_whatsapp(texts, made_up):
        raise NotPossible(f"Mend the text first: {'; '.join(problems)}.")
    try:
        compiled = compile_whatsapp(texts)
        samples = samples_for(compiled, made_up)
    except TemplateBroken as broken:
        raise NotPossible(f"Mend the text first: {broken.reason}.") from broken
    buttons = [content.QuickReply(reply.title, reply.id) for reply in replies]
    return content.Draft(name, text.locale.replace("-", "_"), compiled.body, samples, buttons)


def _name(text: TemplateText, now: datetime) -> str:
    """Meta takes small letters, digits and _; the name of a rejected template is spent, so each has its own."""
    words = f"{text.template.store.slug}_{text.template.name}_{text.locale}".lower()
    return f"{re.sub(r'[^a-z0-9]+', '_', words).strip('_')[:80]}_{now:%y%m%d%H%M%S}"


def _kept(text: TemplateText, found: Approval, now: datetime) -> Approval:
    if found.status[:20] != text.approval or text.approval_since is None:
        text.approval_since = now
    text.approval, text.rejection_reason = found.status[:20], found.reason[:300]
    same = TemplateText.objects.filter(pk=text.pk, content_sid=text.content_sid)
    same.update(
        approval=text.approval,
        rejection_reason=text.rejection_reason,
        approval_since=text.approval_since,
        ask_again_at=next_question(text.approval, text.approval_since, now),
    )
    return found


def _refused(error: SendError) -> NotPossible:
    detail = f": {error.detail}" if error.detail else ""
    return NotPossible(f"Twilio did not do it ({error.code}){detail}")
