"""Flows: who enters, which messages follow when, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from unfold.decorators import display

from config.lib.durations import in_words
from customers.admin.base import BY_STORE, Deed, Page, address, by_choice, local
from recovery.admin.fields import DurationField
from recovery.admin.steps import steps_form, versions_of
from recovery.flows.publish import CannotPublish, pause, problems, publish, resume, warnings, write_steps
from recovery.models import Click, Credit, Enrolment, Flow, FlowStatus, FlowVersion, Message, MessageState
from recovery.models.messages import PERHAPS_REACHED


class FlowForm(forms.ModelForm):
    """A flow with its steps. The steps are valid with it, or it is not."""

    minimum_gap = DurationField(
        label="Gap between messages", help_text="At least this long between two messages to one person: 6h, 1d."
    )

    class Meta:
        model = Flow
        fields = ("store", "name", "days_between", "minimum_gap")
        labels = {"days_between": "Days before entering again"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        told = "steps-TOTAL_FORMS" in self.data
        self.steps = steps_form(self.instance, self.data if told else None) if self.instance.pk else None

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.steps and self.steps.is_bound and not self.steps.is_valid():
            self.add_error(None, "A step below needs mending.")
        return cleaned


@admin.register(Flow)
class Flows(Page):
    """An edit makes a draft; publishing makes the draft what new shoppers enter by."""

    form = FlowForm
    change_form_outer_before_template = "admin/flow_before.html"
    change_form_after_template = "admin/flow_steps.html"
    list_display = ("name", "store", "told_status", "told_version", "told_steps")
    list_filter = (BY_STORE, by_choice("status"))
    list_select_related = ("store",)
    search_fields = ("name",)
    ordering = ("store__name", "name")
    fields = (("store", "name"), ("days_between", "minimum_gap"))
    actions = ()
    empty_title = "No flows yet"
    empty_hint = "Open a store and install the standard flow, or add a flow of your own."
    deeds = (
        Deed("publish", "Publish the draft", "rocket_launch"),
        Deed("pause", "Pause", "pause", "Messages that are due wait until you resume. Too late ones are skipped then."),
        Deed("resume", "Resume", "play_arrow"),
        Deed("discard", "Discard the draft", "delete_sweep", "The draft's steps are deleted.", danger=True),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Flow]:
        rows: QuerySet[Flow] = super().get_queryset(request)
        asked = request.resolver_match
        listed = asked and asked.url_name == "recovery_flow_changelist"
        return rows.prefetch_related("versions__steps") if listed else rows

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was published is the proof of what was sent: it is paused, not deleted."""
        published = obj is not None and versions_of(obj)[1]
        return bool(super().has_delete_permission(request, obj)) and not published

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("store",) if obj else ()

    def get_deeds(self, request: HttpRequest, obj: Any) -> list[Deed]:
        draft, published = versions_of(obj)
        possible = {
            "publish": bool(draft),
            "pause": obj.status == FlowStatus.LIVE,
            "resume": obj.status == FlowStatus.PAUSED,
            "discard": bool(draft and published),
        }
        return [deed for deed in super().get_deeds(request, obj) if possible[deed.name]]

    def publish(self, request: HttpRequest, obj: Flow) -> None:
        try:
            version = publish(obj, now=timezone.now())
        except CannotPublish as error:
            for problem in error.problems:
                self.message_user(request, problem, messages.ERROR)
            return
        said = f"Version {version.number} is live. Shoppers who are in the flow finish the version they entered by."
        self.message_user(request, said, messages.SUCCESS)

    def pause(self, request: HttpRequest, obj: Flow) -> None:
        pause(obj)
        self.message_user(request, "Paused: nothing of this flow is sent.", messages.SUCCESS)

    def resume(self, request: HttpRequest, obj: Flow) -> None:
        resume(obj, now=timezone.now())
        self.message_user(request, "Live again.", messages.SUCCESS)

    def discard(self, request: HttpRequest, obj: Flow) -> None:
        FlowVersion.objects.filter(flow=obj, published_at=None).delete()
        self.message_user(request, "The draft is gone. What is published goes on.", messages.SUCCESS)

    def save_model(self, request: HttpRequest, obj: Flow, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        steps = form.steps
        if steps and steps.is_bound and steps.has_changed():
            write_steps(obj, steps.plans())
            self.message_user(request, "The steps are saved as a draft. Publish it when it is ready.")

    def response_add(self, request: HttpRequest, obj: Flow, post_url_continue: str | None = None) -> HttpResponse:
        self.message_user(request, "Now add its steps.")
        return redirect(address(obj))

    def response_change(self, request: HttpRequest, obj: Flow) -> HttpResponse:
        """Stay: the next thing to do is to publish."""
        return redirect(address(obj))

    def facts(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        draft, published = versions_of(obj)
        newest = draft or published
        return {
            "flow": obj,
            "draft": draft,
            "published": published,
            "published_at": local(published.published_at, obj.store) if published else "",
            "problems": problems(draft) if draft else [],
            "warnings": warnings(newest) if newest else [],
            "steps_told": told_steps(published) if published else [],
            "running": Enrolment.objects.running().filter(flow=obj).count(),
        }

    @display(
        description="Status",
        ordering="status",
        label={FlowStatus.LIVE.label: "success", FlowStatus.PAUSED.label: "warning", FlowStatus.DRAFT.label: "info"},
    )
    def told_status(self, row: Flow) -> str:
        return row.get_status_display()

    @display(description="Published")
    def told_version(self, row: Flow) -> str:
        versions = list(row.versions.all())
        live = next((f"version {v.number}" for v in versions if v.published_at), "not yet")
        return f"{live}, and a draft" if any(v.published_at is None for v in versions) else live

    @display(description="Steps")
    def told_steps(self, row: Flow) -> str:
        versions = list(row.versions.all())
        steps = list(versions[0].steps.all()) if versions else []
        return " → ".join(f"{in_words(step.delay)} {step.get_channel_display()}" for step in steps) or "none yet"


def told_steps(version: FlowVersion) -> list[dict[str, Any]]:
    """What became of each step of a version: waiting, sent, not sent, clicked by people, ordered after."""
    states = _by_step(Message.objects.filter(step__version=version), {
        "waiting": Count("pk", Q(state__in=[MessageState.QUEUED, MessageState.SENDING])),
        "sent": Count("pk", Q(state__in=PERHAPS_REACHED) & ~Q(state=MessageState.SENDING)),
        "failed": Count("pk", Q(state=MessageState.FAILED)),
        "not_sent": Count("pk", Q(state__in=[MessageState.SKIPPED, MessageState.CANCELLED])),
    })  # fmt: skip
    human = Click.objects.filter(message__step__version=version, machine_reason="")
    clicks = dict(human.order_by().values_list("message__step_id").annotate(Count("message_id", distinct=True)))
    credits = Credit.objects.filter(message__step__version=version, withdrawn_at=None)
    orders = dict(credits.values_list("message__step_id").annotate(Count("pk")))
    return [
        {"step": step, "after": in_words(step.delay), "clicked": clicks.get(step.pk, 0),
         "ordered": orders.get(step.pk, 0), **states.get(step.pk, {})}
        for step in version.steps.all()
    ]  # fmt: skip


def _by_step(rows: QuerySet[Message], counts: dict[str, Count]) -> dict[int, dict[str, int]]:
    found: Any = rows.order_by().values("step_id").annotate(**counts)
    return {row.pop("step_id"): row for row in found}
