"""Templates: the list, and what WhatsApp asks for besides."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.decorators import display

from customers.admin.base import BY_STORE, Deed, address, by_choice
from customers.models import Channel
from recovery import approvals
from recovery.admin.template_views import Workshop
from recovery.admin.wording import standing
from recovery.models import MessageTemplate, TemplateText, TemplateVersion
from recovery.writing import versions
from recovery.writing.fields import fields_of
from recovery.writing.starting import ready_made

_DRAFT, _BOTH, _LIVE, _NONE = "Draft, never published", "Live, with a draft", "Live", "Empty"


@admin.register(MessageTemplate)
class Templates(Workshop):
    """Messages that marketers write, in as many languages as they like."""

    list_display = ("name", "store", "channel", "languages", "state")
    list_filter = (BY_STORE, by_choice("channel"))
    list_select_related = ("store",)
    search_fields = ("name",)
    ordering = ("store__name", "name")
    fields = ("name", ("store", "channel"))
    actions = ()
    deeds = (
        Deed("submit", "Submit for approval", "verified"),
        Deed("refresh", "Refresh status", "sync"),
        Deed(
            "discard",
            "Discard the draft",
            "undo",
            "What you wrote since the last publishing is thrown away. What is live stays as it is.",
            danger=True,
        ),
    )
    empty_title = "No templates yet"
    empty_hint = "Install the standard flow on a store's page: it brings three templates in six languages."

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessageTemplate]:
        rows: QuerySet[MessageTemplate] = super().get_queryset(request)
        languages = TemplateText.objects.only("locale", "template_id").order_by("locale")
        numbers = TemplateVersion.objects.only("template_id", "number", "published_at")
        return rows.select_related("store").prefetch_related(
            Prefetch("texts", languages, to_attr="spoken"), Prefetch("versions", numbers, to_attr="numbered")
        )

    def get_urls(self) -> list[URLPattern]:
        pages = [
            ("<path:object_id>/look/", self.look_view, "look"),
            ("<path:object_id>/carts/", self.carts_view, "carts"),
            ("<path:object_id>/test/", self.test_view, "test"),
            ("<path:object_id>/versions/<int:number>/", self.history_view, "version"),
            ("<path:object_id>/versions/<int:number>/restore/", self.restore_view, "restore"),
        ]
        own = [
            path(where, self.admin_site.admin_view(view), name=f"recovery_messagetemplate_{name}")
            for where, view, name in pages
        ]
        return [*own, *super().get_urls()]

    def response_add(self, request: HttpRequest, obj: MessageTemplate, post_url_continue: str | None = None) -> Any:
        """A new template begins with words that could be sent, not with an empty page."""
        start = ready_made(obj.channel, "reminder", obj.store.locale)
        versions.save_draft(obj, {start.locale: fields_of(start)}, "", now=timezone.now())
        self.message_user(request, "Here is a text to start from: make it yours, then publish it.")
        return redirect(address(obj))

    def get_deeds(self, request: HttpRequest, obj: Any) -> list[Deed]:
        """What WhatsApp asks for: a text goes to Meta once it is published, and is asked about once it went."""
        newest = versions.current(obj)
        possible = {"discard": bool(newest.pk and not newest.published_at and versions.live(obj))}
        if obj.channel == Channel.WHATSAPP:
            texts = list(obj.texts.only("approval", "content_sid"))
            possible["submit"] = any(text.approval in approvals.OPEN for text in texts)
            possible["refresh"] = any(text.content_sid for text in texts)
        return [deed for deed in super().get_deeds(request, obj) if possible.get(deed.name)]

    def discard(self, request: HttpRequest, obj: MessageTemplate) -> None:
        if versions.discard_draft(obj):
            self.message_user(request, "The draft is gone. What is live stays as it is.")

    def submit(self, request: HttpRequest, obj: MessageTemplate) -> None:
        self._ask(request, obj.texts.filter(approval__in=approvals.OPEN), approvals.submit)

    def refresh(self, request: HttpRequest, obj: MessageTemplate) -> None:
        self._ask(request, obj.texts.exclude(content_sid=""), approvals.refresh)

    def _ask(self, request: HttpRequest, texts: QuerySet[TemplateText], question: Any) -> None:
        """Of each language; what is the same for several is said once."""
        said: dict[tuple[str, int], list[str]] = {}
        for text in texts.select_related("template__store").order_by("locale"):
            try:
                question(text, timezone.now())
                answer = f"{standing(text)}.", messages.SUCCESS
            except approvals.NotPossible as error:
                answer = str(error), messages.ERROR
            said.setdefault(answer, []).append(text.locale)
        for (words, level), locales in said.items():
            self.message_user(request, f"{', '.join(locales)}: {words}", level)

    @display(description="Languages")
    def languages(self, row: Any) -> str:
        return ", ".join(text.locale for text in row.spoken) or "none yet"

    @display(description="State", label={_LIVE: "success", _BOTH: "warning", _DRAFT: "info", _NONE: "info"})
    def state(self, row: Any) -> str:
        published = any(version.published_at for version in row.numbered)
        if any(version.published_at is None for version in row.numbered):
            return _BOTH if published else _DRAFT
        return _LIVE if published else _NONE
