"""What shoppers wrote and what they were answered, each with the conversation around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from config.lib.wake import wake
from customers.admin.base import BY_STORE, Deed, NotDone, Reading, by_choice, linked, local
from customers.models import Customer, Store
from recovery.bot import answering
from recovery.models import Message, MessageState, Notice, Reply
from recovery.reports.entries import shortened
from recovery.reports.stories import intent_in_words, purpose_in_words
from recovery.reports.words import reason_in_words

_MOST = 60
#: Of a conversation, so much before and after the words in question is shown.
_AROUND = td(days=30)
_NOT_SENT = (MessageState.QUEUED, MessageState.SKIPPED, MessageState.CANCELLED)
_MAY_ANSWER = "recovery.change_reply"
_INTENTS = [("stop", "Asked to stop"), ("start", "Asked to start"), ("help", "Asked for help"), ("yes", "Said yes")]


@dataclass(frozen=True, slots=True)
class Line:
    """One bubble. `theirs`: the shopper's own words."""

    at: datetime
    theirs: bool
    channel: str
    text: str
    note: str
    link: Any = ""


def conversation(store: Store, customer: Customer | None, address: str, around: datetime) -> list[Line]:
    """What went to and fro, oldest first: with the person on every channel, or with the bare address."""
    whose = Q(customer=customer) if customer else Q(customer=None) & ~Q(address="") & Q(address=address)
    to_whom = Q(customer=customer) if customer else Q(customer=None) & ~Q(to="") & Q(to=address)
    span = (around - _AROUND, around + _AROUND)
    lines = [
        *_heard(Reply.objects.filter(whose, store=store, at__range=span).order_by("-at")[:_MOST]),
        *_answered(Notice.objects.filter(to_whom, store=store, created_at__range=span).order_by("-pk")[:_MOST]),
    ]
    if customer:
        sent = Message.objects.filter(customer=customer, sent_at__range=span).exclude(state__in=_NOT_SENT)
        lines += _written(sent.select_related("step").defer("body_html").order_by("-sent_at")[:_MOST])
    return sorted(lines, key=lambda line: line.at)


def _heard(rows: Any) -> Iterator[Line]:
    for row in rows:
        yield Line(row.at, True, row.get_channel_display(), row.body, intent_in_words(row), linked(row, "This reply"))


def _answered(rows: Any) -> Iterator[Line]:
    for row in rows:
        note = " · ".join(filter(None, (purpose_in_words(row), row.get_state_display(), _why(row))))
        yield Line(row.sent_at or row.created_at, False, row.get_channel_display(), row.text, note)


def _written(rows: Any) -> Iterator[Line]:
    for row in rows:
        text = row.subject if row.subject else row.body_text
        link = linked(row, f"{row.get_channel_display()} {row.step.position}")
        yield Line(row.sent_at, False, row.get_channel_display(), text, row.get_state_display(), link)


def _why(row: Notice) -> str:
    return reason_in_words(row.reason) if row.reason else ""


class ByIntent(DropdownFilter):
    """What the words were taken for. A plain reply waits for a person."""

    title = "intent"
    parameter_name = "intent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("none", "Waits for an answer"), *_INTENTS]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        asked = self.value()
        if asked == "none":
            return queryset.filter(intent="", answered_at=None)
        return queryset.filter(intent=asked) if asked else queryset


@admin.register(Reply)
class Replies(Reading):
    """What shoppers wrote to the store, and what came of it."""

    change_form_template = "admin/reply.html"
    deeds = (
        Deed("answer", "Send the answer", permission=_MAY_ANSWER, apart=True),
        Deed("settle", "Nothing to answer", permission=_MAY_ANSWER, apart=True),
    )
    list_display = ("told_words", "told_customer", "store", "told_channel", "told_intent", "when")
    list_filter = (ByIntent, by_choice("channel"), BY_STORE)
    list_select_related = ("store", "customer")
    search_fields = ("=address",)
    search_help_text = "The whole address or number that it came from."
    ordering = ("-at",)
    fields = ()
    lead = "What shoppers wrote to us. Their reminders have stopped, so that nobody but you will answer."
    empty_title = "Nobody has written back yet"
    empty_hint = (
        "What shoppers answer to a message is shown here, and stops their reminders. Connect the incoming webhook of "
        "your SMS or mail service for it."
    )

    def facts(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        talk = conversation(obj.store, obj.customer, obj.address, obj.at)
        return {
            "title": f"{obj.get_channel_display()} from {obj.customer or obj.address or 'somebody'}",
            "reply": obj,
            "customer": linked(obj.customer) if obj.customer else "nobody known",
            "when": local(obj.at, obj.store),
            "intent": intent_in_words(obj),
            "talk": [(local(line.at, obj.store), line) for line in talk],
            **self._to_do(request, obj),
        }

    def _to_do(self, request: HttpRequest, obj: Reply) -> dict[str, Any]:
        """What the page offers to whoever may answer, and what it says where that cannot be done from here."""
        offered = {deed.name: self.deed_address(obj, deed) for deed in self.get_deeds(request, obj)}
        return {
            "waits": not obj.intent and obj.answered_at is None,
            "answered": local(obj.answered_at, obj.store) if obj.answered_at else "",
            "why_not": answering.why_not(obj, timezone.now()),
            "answer_url": offered.get("answer", ""),
            "settle_url": offered.get("settle", ""),
            "longest": answering.LONGEST,
        }

    def get_deeds(self, request: HttpRequest, obj: Any) -> list[Deed]:
        possible = {
            "answer": not answering.why_not(obj, timezone.now()),
            "settle": not obj.intent and obj.answered_at is None,
        }
        return [deed for deed in super().get_deeds(request, obj) if possible[deed.name]]

    def answer(self, request: HttpRequest, obj: Reply) -> None:
        try:
            answering.answer(obj, request.POST.get("words", ""), now=timezone.now())
        except answering.CannotAnswer as why:
            raise NotDone(str(why)) from None
        wake("recovery.tasks.send_notices")
        self.message_user(request, "The answer is on its way. It is shown in the conversation.")

    def settle(self, request: HttpRequest, obj: Reply) -> None:
        answering.settle(obj, now=timezone.now())

    @display(description="Words")
    def told_words(self, row: Reply) -> str:
        return shortened(row.body[:200]) or "(nothing)"

    @display(description="From")
    def told_customer(self, row: Reply) -> object:
        return linked(row.customer) if row.customer else row.address or "–"

    @display(description="Channel", ordering="channel")
    def told_channel(self, row: Reply) -> str:
        return row.get_channel_display()

    @display(
        description="Taken for",
        label={
            "Stop": "danger",
            "Start": "success",
            "Yes": "success",
            "Help": "info",
            "Waits for an answer": "warning",
        },
    )
    def told_intent(self, row: Reply) -> str:
        return row.intent.capitalize() or ("Answered" if row.answered_at else "Waits for an answer")

    @display(description="When", ordering="at")
    def when(self, row: Reply) -> object:
        return local(row.at, row.store)


@admin.register(Notice)
class Notices(Reading):
    """Answers and confirmations: what a person asked for by writing, or by ticking a box."""

    list_display = ("__str__", "told_purpose", "told_customer", "store", "told_channel", "told_state", "why", "when")
    list_filter = (("state", ChoicesDropdownFilter), by_choice("channel"), BY_STORE)
    list_select_related = ("store", "customer")
    search_fields = ("=to",)
    search_help_text = "The whole number that it went to."
    ordering = ("-id",)
    fields = (
        ("store", "channel", "told_purpose"), ("told_customer", "to"), "text", ("told_state", "why", "detail"),
        ("when", "attempts", "provider", "provider_id"), "told_reply",
    )  # fmt: skip
    readonly_fields = ("told_purpose", "told_customer", "told_state", "why", "when", "told_reply")
    lead = "Short messages of no flow: answers to STOP, START and HELP, yours to replies, questions of surveys."
    empty_title = "Nobody was answered yet"
    empty_hint = "Answers to STOP, START and HELP by SMS and WhatsApp are shown here, and questions to confirm a yes."

    @display(description="What")
    def told_purpose(self, row: Notice) -> str:
        return purpose_in_words(row)

    @display(description="To")
    def told_customer(self, row: Notice) -> object:
        return linked(row.customer) if row.customer else row.to or "–"

    @display(description="Channel", ordering="channel")
    def told_channel(self, row: Notice) -> str:
        return row.get_channel_display()

    @display(
        description="State",
        ordering="state",
        label={"Sent": "success", "Delivered": "success", "Read": "success", "Failed": "danger", "Waiting": "info"},
    )
    def told_state(self, row: Notice) -> str:
        return row.get_state_display()

    @display(description="Reason", ordering="reason")
    def why(self, row: Notice) -> str:
        return _why(row)

    @display(description="Sent or due")
    def when(self, row: Notice) -> object:
        return local(row.sent_at or row.due_at, row.store)

    @display(description="Answers")
    def told_reply(self, row: Notice) -> object:
        return linked(row.reply)
