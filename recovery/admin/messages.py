"""The outbox, the ledger of decisions, and providers that are left alone for a while."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.contrib import admin
from django.contrib import messages as notices
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action, display

from customers.access import may
from customers.admin.base import BY_STORE, Deed, Reading, address, by_choice, linked, local
from customers.admin.finding import number_after, own_stores, people
from recovery import pauses
from recovery.admin import by_hand
from recovery.admin.by_hand import by_whom, tried
from recovery.admin.mailview import mail_page, wants_pictures
from recovery.admin.wording import channel_in_words
from recovery.flows import desk
from recovery.models import Decision, Message, MessageState, ProviderPause
from recovery.outbox.verdicts import Defer
from recovery.reports.timeline import known_verdicts, verdict_in_words
from recovery.reports.words import detail_in_words, known_reasons, machine_in_words, reason_in_words

_STATE_COLORS = {
    MessageState.SENT.label: "success",
    MessageState.DELIVERED.label: "success",
    MessageState.READ.label: "success",
    MessageState.UNKNOWN.label: "warning",
    MessageState.FAILED.label: "danger",
    MessageState.QUEUED.label: "info",
    MessageState.SENDING.label: "info",
}


_VERDICT_COLORS = {
    verdict_in_words(verdict): color
    for verdict, color in (
        ("sent", "success"), ("delivered", "success"), ("read", "success"), ("enrolled", "info"), ("failed", "danger"),
        ("unknown", "warning"),
    )
}  # fmt: skip


class ByReason(DropdownFilter):
    """The reasons that there are words for: asking the table which occur would read all of it."""

    title = "reason"
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return known_reasons()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(reason=self.value()) if self.value() else queryset


class ByVerdict(DropdownFilter):
    """As above: the verdicts that there are words for."""

    title = "decision"
    parameter_name = "verdict"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return known_verdicts()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(verdict=self.value()) if self.value() else queryset


@admin.register(Message)
class Messages(Reading):
    """What was sent, exactly as it was, and what was not, with the reason."""

    change_form_template = "admin/message.html"
    list_display = ("__str__", "told_customer", "store", "told_step", "told_state", "why", "subject", "when")
    list_filter = (by_choice("state"), by_choice("channel"), ByReason, BY_STORE)
    list_select_related = ("store", "customer", "step", "enrolment__flow")
    search_fields = ("pk",)  # see get_search_results
    search_help_text = "A message such as m12, a whole e-mail address or phone number, or a last name."
    sortable_by = ("when",)
    ordering = ("-planned_at",)
    fields = ()
    deeds = (by_hand.SEND_NOW, by_hand.SKIP, by_hand.RESEND)
    lead = "Every message of a flow, exactly as it was sent; and those that were not, with the reason."
    empty_title = "No messages yet"
    empty_hint = "Publish a flow: each cart that goes silent then gets its messages, and every one is shown here."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        rows: QuerySet[Message] = super().get_queryset(request)
        asked = request.resolver_match
        if asked and asked.url_name == "recovery_message_changelist":
            return rows.defer("body_html", "body_text")
        return rows.select_related("store", "customer", "cart", "step", "enrolment__flow", "resend")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        if not search_term.strip():
            return queryset, False
        number = number_after("m", search_term)
        if number is not None:
            return queryset.filter(pk=number), False
        return queryset.filter(customer_id__in=people(own_stores(request.user), search_term)), False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.body_view)
        return [path("<path:object_id>/body/", view, name="recovery_message_body"), *super().get_urls()]

    def get_deeds(self, request: HttpRequest, obj: Any) -> list[Deed]:
        waits = obj.state == MessageState.QUEUED
        sensible = {by_hand.SEND_NOW, by_hand.SKIP} if waits else {by_hand.RESEND}
        if obj.state == MessageState.SENDING or getattr(obj, "resend", None):
            sensible = set()
        return [replace(deed, apart=False) for deed in super().get_deeds(request, obj) if deed in sensible]

    def send_now(self, request: HttpRequest, obj: Message) -> None:
        now, by = timezone.now(), by_whom(request)
        tried(lambda: desk.send_now(obj.enrolment_id, obj.step.position, by=by, now=now), obj.store)
        self.message_user(request, "It goes now, if nothing comes in between.", notices.SUCCESS)

    def skip_step(self, request: HttpRequest, obj: Message) -> None:
        now, by = timezone.now(), by_whom(request)
        tried(lambda: desk.skip_step(obj.enrolment_id, obj.step.position, by=by, now=now), obj.store)
        self.message_user(request, "It will not be sent.", notices.SUCCESS)

    def resend(self, request: HttpRequest, obj: Message) -> HttpResponse:
        """Leads to the new message."""
        now, by = timezone.now(), by_whom(request)
        made, verdict = tried(lambda: desk.resend(obj.pk, by=by, now=now), obj.store)
        said = "A new message is on its way."
        if isinstance(verdict, Defer):
            until = verdict.until.astimezone(obj.store.zone)
            said = f"A new message was made. It waits until {until:%d %b %H:%M}: {reason_in_words(verdict.reason)}."
        self.message_user(request, said, notices.SUCCESS)
        return redirect(self.address(made))

    def body_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The HTML as it was sent, for the frame."""
        message: Any = self.found(request, object_id)
        return mail_page(message.body_html or "", pictures=wants_pictures(request))

    def facts(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        decisions = obj.decisions.all()[:100]
        clicks = obj.clicks.all()[:100]
        return {
            "title": f"{step_name(obj)} to {obj.customer}",
            "message": obj,
            "customer": linked(obj.customer),
            "cart": linked(obj.cart),
            "flow": linked(obj.enrolment.flow),
            "reason": reason_in_words(obj.reason) if obj.reason else "",
            "detail": detail_in_words(obj.detail),
            "local": {name: local(getattr(obj, name), obj.store) for name in _MOMENTS},
            "decisions": [(local(row.at, obj.store), verdict(row)) for row in decisions],
            "clicks": [(local(row.at, obj.store), clicked(row)) for row in clicks],
        }

    @display(description="Customer")
    def told_customer(self, row: Message) -> object:
        return linked(row.customer)

    @display(description="Message", ordering="channel")
    def told_step(self, row: Message) -> str:
        return step_name(row)

    @display(description="State", ordering="state", label=_STATE_COLORS)
    def told_state(self, row: Message) -> str:
        return row.get_state_display()

    @display(description="Reason", ordering="reason")
    def why(self, row: Message) -> str:
        return reason_in_words(row.reason) if row.reason else ""

    @display(description="Sent or due", ordering="planned_at")
    def when(self, row: Message) -> object:
        return local(row.sent_at or row.due_at, row.store)


_MOMENTS = ("planned_at", "due_at", "sent_at", "ended_at")


def step_name(message: Message) -> str:
    """E-mail 2 of Abandoned cart"""
    return f"{message.get_channel_display()} {message.step.position} of {message.enrolment.flow}"


def verdict(row: Decision) -> str:
    """A line of the ledger, in words."""
    words = [
        verdict_in_words(row.verdict),
        reason_in_words(row.reason) if row.reason else "",
        detail_in_words(row.detail),
    ]
    return " · ".join(word for word in words if word)


def clicked(row: Any) -> str:
    """A click, in words."""
    who = f"A machine: {machine_in_words(row.machine_reason)}" if row.machine_reason else "A person"
    return " · ".join(word for word in (who, row.outcome.replace("_", " "), row.user_agent) if word)


@admin.register(Decision)
class Decisions(Reading):
    """Every verdict with its reason, for good."""

    list_display = ("when", "told_cart", "told_message", "store", "told_verdict", "why", "told_detail")
    list_display_links = None
    list_filter = (ByVerdict, ByReason, BY_STORE)
    list_select_related = ("store", "cart", "message")
    sortable_by = ()
    ordering = ("-id",)
    lead = "Why each cart entered a flow or did not, and why each message was sent, put off or not sent, line by line."
    empty_title = "No decisions yet"
    empty_hint = "Each time a cart enters a flow, and each time a message is sent, put off or not sent, a line appears."

    @display(description="When", ordering="at")
    def when(self, row: Decision) -> object:
        return local(row.at, row.store)

    @display(description="Cart")
    def told_cart(self, row: Decision) -> object:
        return linked(row.cart)

    @display(description="Message")
    def told_message(self, row: Decision) -> object:
        return linked(row.message)

    @display(description="Decision", ordering="verdict", label=_VERDICT_COLORS)
    def told_verdict(self, row: Decision) -> str:
        return verdict_in_words(row.verdict)

    @display(description="Reason", ordering="reason")
    def why(self, row: Decision) -> str:
        return reason_in_words(row.reason) if row.reason else ""

    @display(description="Detail")
    def told_detail(self, row: Decision) -> str:
        return detail_in_words(row.detail)


@admin.register(ProviderPause)
class ProviderPauses(Reading):
    """Providers that kept failing. A pause ends by itself, or when somebody lifts it."""

    change_form_template = "admin/pause.html"
    list_display = ("told_channel", "told_store", "told_state", "provider", "code", "detail", "began", "ends")
    list_filter = ("channel", "provider")
    list_select_related = ("store",)
    sortable_by = ("began",)
    ordering = ("-began_at",)
    fields = ()
    actions = ("lift_all",)
    lead = (
        "A mail server or service that keeps failing, or whose settings are wrong, is left alone for a while, and its "
        "messages wait."
    )
    empty_title = "No provider was ever paused"
    empty_hint = "When a mail server or a service keeps failing, it is left alone for a while, and it says so here."
    deeds = (Deed("lift", "Lift the pause", "play_arrow"),)

    def get_deeds(self, request: HttpRequest, obj: Any) -> list[Deed]:
        return super().get_deeds(request, obj) if standing(obj) else []

    def lift(self, request: HttpRequest, obj: ProviderPause) -> None:
        pauses.lift([obj], now=timezone.now())
        self.message_user(request, "Lifted: what waits tries the provider again now.", notices.SUCCESS)

    def facts(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        stands = standing(obj)
        own = obj.store is not None and may(request.user, "customers.change_store", obj.store)
        return {
            "title": f"{channel_in_words(obj.channel)} of {self.told_store(obj)}",
            "pause": obj,
            "stands": stands,
            "state": self.told_state(obj),
            "channel": channel_in_words(obj.channel),
            "whose": self.told_store(obj),
            "waiting": pauses.waiting_for(obj) if stands else 0,
            "settings_url": address(obj.store) if own else "",
            "began": local(obj.began_at, obj.store),
            "ends": local(obj.lifted_at or obj.until, obj.store),
        }

    def has_lift_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.has_perm("recovery.change_providerpause"))

    @action(description="Lift the pause", permissions=["lift"])
    def lift_all(self, request: HttpRequest, rows: QuerySet[ProviderPause]) -> None:
        count = pauses.lift(rows, now=timezone.now())
        said = f"{count} lifted." if count else "None of these is in force."
        self.message_user(request, said, notices.SUCCESS if count else notices.WARNING)

    @display(description="Channel", ordering="channel")
    def told_channel(self, row: ProviderPause) -> str:
        return channel_in_words(row.channel)

    @display(description="Store")
    def told_store(self, row: ProviderPause) -> str:
        return str(row.store) if row.store else "all stores that share a sender"

    @display(description="Since", ordering="began_at")
    def began(self, row: ProviderPause) -> object:
        return local(row.began_at, row.store)

    @display(description="Until")
    def ends(self, row: ProviderPause) -> object:
        return local(row.lifted_at or row.until, row.store)

    @display(description="State", label={"Paused": "danger", "Lifted": "info", "Over": "success"})
    def told_state(self, row: ProviderPause) -> str:
        if standing(row):
            return "Paused"
        return "Lifted" if row.lifted_at else "Over"


def standing(pause: ProviderPause) -> bool:
    return pause.lifted_at is None and (pause.until is None or pause.until > timezone.now())
