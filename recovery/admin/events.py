"""What providers told, as it came in. What could not be read waits here for a person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import action, display

from config.lib.wake import wake
from customers.admin.base import BY_STORE, Deed, Reading, by_choice, linked, local
from recovery.models import EventState, ProviderEvent

_KINDS = {"status": "Delivery status", "inbound": "Incoming message", "tracking": "E-mail event"}
#: Of a raw event no more than this is shown.
_SHOWN = 32_000


@admin.register(ProviderEvent)
class ProviderEvents(Reading):
    """Callbacks of Twilio and of the mail service. Each is kept, applied once, and says what became of it."""

    change_form_template = "admin/provider_event.html"
    list_display = ("told_kind", "provider", "store", "told_message", "told_state", "why", "received")
    list_filter = (by_choice("state"), "kind", BY_STORE)
    list_select_related = ("store", "message__store")
    search_fields = ("reason", "dedupe_key")
    search_help_text = "Words of the reason, or the provider's id."
    ordering = ("-id",)
    fields = ()
    actions = ("put_back",)
    lead = (
        "What Twilio and the mail service told us of our messages: delivered, bounced, answered. What shops post is "
        "under Webhooks."
    )
    empty_title = "No provider has told us anything yet"
    empty_hint = "Delivery statuses, bounces and replies appear here once the provider's callbacks are set up."
    deeds = (
        Deed("replay", "Apply again", "replay"),
        Deed(
            "replay_alike",
            "Apply all of this reason again",
            "playlist_add_check",
            "Every dead letter of this store, provider and kind with the same reason is applied again.",
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderEvent]:
        rows: QuerySet[ProviderEvent] = super().get_queryset(request)
        asked = request.resolver_match
        return rows.defer("payload") if asked and asked.url_name == "recovery_providerevent_changelist" else rows

    def get_deeds(self, request: HttpRequest, obj: Any) -> list[Deed]:
        return super().get_deeds(request, obj) if obj.state == EventState.DEAD else []

    def replay(self, request: HttpRequest, obj: ProviderEvent) -> None:
        ProviderEvent.objects.filter(pk=obj.pk).replay()
        wake("recovery.tasks.take_events")
        self.message_user(request, "It waits again and will be applied in a moment.", messages.SUCCESS)

    def replay_alike(self, request: HttpRequest, obj: ProviderEvent) -> None:
        alike = ProviderEvent.objects.filter(
            store=obj.store_id, provider=obj.provider, kind=obj.kind, reason=obj.reason
        )
        count = alike.replay()
        wake("recovery.tasks.take_events")
        self.message_user(request, f"{count} wait to be applied again.", messages.SUCCESS)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.has_perm("recovery.change_providerevent"))

    @action(description="Apply again", permissions=["replay"])
    def put_back(self, request: HttpRequest, rows: QuerySet[ProviderEvent]) -> None:
        count = ProviderEvent.objects.filter(pk__in=list(rows.values_list("pk", flat=True))).replay()
        wake("recovery.tasks.take_events")
        said = f"{count} wait to be applied again." if count else "None of these is a dead letter."
        self.message_user(request, said, messages.SUCCESS if count else messages.WARNING)

    def facts(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        raw = json.dumps(obj.payload, indent=2, ensure_ascii=False)
        return {
            "title": f"{_KINDS.get(obj.kind, obj.kind)} of {obj.provider}",
            "event": obj,
            "kind": _KINDS.get(obj.kind, obj.kind),
            "message": linked(obj.message),
            "received": local(obj.received_at, obj.store),
            "processed": local(obj.processed_at, obj.store),
            "raw": raw[:_SHOWN],
            "cut": len(raw) > _SHOWN,
        }

    @display(description="What", ordering="kind")
    def told_kind(self, row: ProviderEvent) -> str:
        return _KINDS.get(row.kind, row.kind)

    @display(description="Message")
    def told_message(self, row: ProviderEvent) -> object:
        return linked(row.message)

    @display(
        description="State",
        ordering="state",
        label={
            EventState.DONE.label: "success",
            EventState.DEAD.label: "danger",
            EventState.PENDING.label: "info",
        },
    )
    def told_state(self, row: ProviderEvent) -> str:
        return row.get_state_display()

    @display(description="Reason")
    def why(self, row: ProviderEvent) -> str:
        return row.reason[:120] + ("…" if len(row.reason) > 120 else "")

    @display(description="Received", ordering="received_at")
    def received(self, row: ProviderEvent) -> object:
        return local(row.received_at, row.store)
