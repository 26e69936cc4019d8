"""Flows: who enters, which messages follow when, and what became of them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.decorators import display

from config.lib.durations import in_words
from customers.admin.base import BY_STORE, Deed, Page, address, by_choice
from recovery.admin import dry_run_page
from recovery.admin.fields import DurationField
from recovery.admin.flow_page import chosen, page, versions_of
from recovery.admin.gallery import StartForm, shelf, start, stores_to_add
from recovery.admin.publishing import review
from recovery.admin.steps import Editor
from recovery.dryrun import NothingToRun
from recovery.flows.drafting import ChangedMeanwhile, hold_out, put_step, remove_step
from recovery.flows.publish import CannotPublish, pause, publish, resume
from recovery.models import Flow, FlowStatus, FlowStep, FlowVersion

_CANNOT_EDIT = "That step is not here to be edited: the flow was changed or published since. This is how it stands now."
_QUICKER = "Somebody changed this flow meanwhile. Look at it as it is now, and make your change again."


class FlowForm(forms.ModelForm):
    """What holds for the whole flow, at once: it is no part of a draft."""

    minimum_gap = DurationField(
        label="Gap between messages", help_text="At least this long between two messages to one person: 6h, 1d."
    )

    class Meta:
        model = Flow
        fields = ("store", "name", "days_between", "minimum_gap")
        labels = {"days_between": "Days before entering again"}


class HoldoutForm(forms.Form):
    """How many of a hundred shoppers get nothing, for comparison."""

    percent = forms.IntegerField(min_value=0, max_value=50)


@admin.register(Flow)
class Flows(Page):
    """An edit makes a draft; publishing makes the draft what new shoppers enter by."""

    form = FlowForm
    change_form_outer_before_template = ""
    list_display = ("name", "store", "told_status", "told_version", "told_steps")
    list_filter = (BY_STORE, by_choice("status"))
    list_select_related = ("store",)
    search_fields = ("name",)
    ordering = ("store__name", "name")
    fields = (("store", "name"), ("days_between", "minimum_gap"))
    actions = ()
    empty_title = "No flows yet"
    empty_hint = "Start from a ready-made flow, or from an empty one."
    deeds = (
        Deed("publish", "Publish the draft", "rocket_launch"),
        Deed("pause", "Pause", "pause", "Messages that are due wait until you resume. Too late ones are skipped then."),
        Deed("resume", "Resume", "play_arrow"),
        Deed("discard", "Discard the draft", "delete_sweep", "The draft's steps are deleted.", danger=True),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Flow]:
        rows: QuerySet[Flow] = super().get_queryset(request).select_related("store")
        asked = request.resolver_match
        listed = asked and asked.url_name == "recovery_flow_changelist"
        return rows.prefetch_related("versions__steps") if listed else rows

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was published is the proof of what was sent: it is paused, not deleted."""
        published = obj is not None and obj.versions.filter(published_at__isnull=False).exists()
        return bool(super().has_delete_permission(request, obj)) and not published

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("store",) if obj else ()

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        return [
            path("<slug:object_id>/settings/", site(self.settings_view), name="recovery_flow_settings"),
            path("<slug:object_id>/dry-run/", site(self.dry_run_view), name="recovery_flow_dry_run"),
            path("<slug:object_id>/review/", site(self.publish_view), name="recovery_flow_publish"),
            path("<slug:object_id>/holdout/", site(self.holdout_view), name="recovery_flow_holdout"),
            path("<slug:object_id>/step/<slug:step>/", site(self.step_view), name="recovery_flow_step"),
            *super().get_urls(),
        ]

    # -- the page

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if object_id is None:
            return self._gallery(request)
        if request.method == "POST":
            return super().changeform_view(request, object_id, form_url, extra_context)
        return self._shown(request, object_id)

    def _gallery(self, request: HttpRequest) -> HttpResponse:
        """A new flow starts from a ready-made one."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        stores = stores_to_add(request)
        form = StartForm(request.POST if request.method == "POST" else None, stores=stores)
        if form.is_valid():
            flow = start(form, now=timezone.now())
            self.log_addition(request, flow, "Started")
            self.message_user(request, f"“{flow}” is a draft. Nobody gets it until you publish it.", messages.SUCCESS)
            return redirect(address(flow))
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": "New flow", "form": form}
        return TemplateResponse(request, "admin/flow_gallery.html", context | {"shelf": shelf(stores.first())})

    def settings_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The form of what holds for the whole flow."""
        return super().changeform_view(request, object_id, extra_context={"title": "Settings"})

    def _shown(self, request: HttpRequest, object_id: str, editor: Editor | None = None) -> HttpResponse:
        flow: Any = self.found(request, object_id)
        may_change = self.has_change_permission(request, flow)
        found = page(request, flow, timezone.now())
        editable = may_change and found["shown"] == found["newest"]
        asked = self._asked(request, flow, found) if editable else None
        if editable and "edit" in request.GET and not (editor or asked):
            self.message_user(request, _CANNOT_EDIT, messages.WARNING)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(flow),
            "original": flow,
            "deeds": [button for button in self._buttons(request, flow) if button["deed"].name != "publish"],
            "publish_url": address(flow, "publish"),
            "dry_run_url": address(flow, "dry_run"),
            "may_change": may_change,
            "may_experiment": request.user.has_perm("recovery.view_experiment", flow),
            "editable": editable,
            "editor": editor or asked,
            "history_url": address(flow, "history"),
            "settings_url": address(flow, "settings"),
            **found,
        }
        return TemplateResponse(request, "admin/flow.html", context)

    def _asked(self, request: HttpRequest, flow: Flow, found: dict[str, Any]) -> Editor | None:
        """The editor that the address opens: ?edit=<step> or ?edit=new."""
        asked = request.GET.get("edit", "")
        steps = {str(told.step.pk): told.step for told in found["steps"]}
        return Editor(flow, steps.get(asked)) if asked == "new" or asked in steps else None

    def publish_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What publishing changes and what stands in its way; the button there is the deed."""
        flow: Any = self.found(request, object_id)
        found = review(flow, now=timezone.now())
        if not found:
            self.message_user(request, "There is no draft: what you see is published.")
            return redirect(address(flow))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": flow,
            "title": f"Publish {flow}",
            "may_change": self.has_change_permission(request, flow),
            "flow_url": address(flow),
            "publish_url": reverse("admin:recovery_flow_deed", args=[flow.pk, "publish"]),
        }
        return TemplateResponse(request, "admin/flow_publish.html", context | found)

    def dry_run_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET shows the newest dry run and the carts behind each number (&format=csv); POST runs it."""
        flow: Any = self.found(request, object_id)
        if request.method == "POST":
            try:
                dry_run_page.run(flow, now=timezone.now())
            except NothingToRun as error:
                self.message_user(request, str(error), messages.WARNING)
            return redirect(f"{address(flow, 'dry_run')}?ran=now")
        return dry_run_page.response(request, flow, {**self.admin_site.each_context(request), "opts": self.opts})

    def holdout_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """POST of how many of a hundred shoppers the draft holds out."""
        flow = self._to_change(request, object_id)
        form = HoldoutForm(request.POST)
        if form.is_valid():
            hold_out(flow, form.cleaned_data["percent"])
            self.log_change(request, flow, "Holdout")
            self.message_user(request, "The holdout is in the draft. Publish it when it is ready.")
        else:
            self.message_user(request, f"Held out: {form.errors['percent'][0]}", messages.ERROR)
        return redirect(address(flow))

    def _to_change(self, request: HttpRequest, object_id: str) -> Flow:
        """The flow of a POST that changes it. Raises Http404, PermissionDenied."""
        flow = self.found(request, object_id)
        assert isinstance(flow, Flow)
        if request.method != "POST" or not self.has_change_permission(request, flow):
            raise PermissionDenied
        return flow

    def step_view(self, request: HttpRequest, object_id: str, step: str) -> HttpResponse:
        """POST of a step's editor: its `do` says what. Everything goes into the draft."""
        flow = self._to_change(request, object_id)
        if step != "new" and not step.isdecimal():
            raise Http404
        pk = None if step == "new" else int(step)
        try:
            return self._done(request, flow, pk)
        except ChangedMeanwhile:
            self.message_user(request, _QUICKER, messages.WARNING)
            return redirect(address(flow))

    def _done(self, request: HttpRequest, flow: Flow, pk: int | None) -> HttpResponse:
        do = request.POST.get("do", "save")
        if do == "remove" and pk:
            remove_step(flow, pk)
            self.message_user(request, "The step is out of the draft. Publish it when it is ready.")
            return redirect(address(flow))
        editor = Editor(flow, _step_of(flow, pk), request.POST)
        if editor.rearrange(do, request.POST) or not editor.is_valid():
            return self._shown(request, str(flow.pk), editor)
        kept = put_step(flow, editor.plan(), pk)
        self.log_change(request, flow, f"Step {kept.position}")
        self.message_user(request, f"Step {kept.position} is in the draft. Publish it when it is ready.")
        return redirect(f"{address(flow)}#step-{kept.pk}")

    # -- deeds

    def get_deeds(self, request: HttpRequest, obj: Any) -> list[Deed]:
        versions = versions_of(obj)
        draft = any(version.published_at is None for version in versions)
        possible = {
            "publish": draft,
            "pause": obj.status == FlowStatus.LIVE,
            "resume": obj.status == FlowStatus.PAUSED,
            "discard": draft and len(versions) > 1,
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

    def response_change(self, request: HttpRequest, obj: Flow) -> HttpResponse:
        return redirect(address(obj))

    # -- the list

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


def _step_of(flow: Flow, pk: int | None) -> FlowStep | None:
    """The step of the newest version. Raises ChangedMeanwhile."""
    if pk is None:
        return None
    newest = chosen(versions_of(flow), "")
    rows = newest.steps.prefetch_related("fallbacks", "variants") if newest else FlowStep.objects.none()
    step = rows.filter(pk=pk).first()
    if step is None:
        raise ChangedMeanwhile
    return step
