"""Who changed what, store by store. Nobody writes here, and nobody takes anything away."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import ADDITION, DELETION
from django.db.models import Model
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from unfold.decorators import display

from customers.admin.base import BY_STORE, Reading, local
from customers.changes import values_of
from customers.models import LoggedChange

_KINDS = {ADDITION: "Added", DELETION: "Deleted"}


@admin.register(LoggedChange)
class ChangeLog(Reading):
    """One line a change, the newest first."""

    list_display = ("when", "who", "store", "kind", "row", "what")
    list_display_links = None
    list_filter = (BY_STORE, "entry__action_flag")
    list_select_related = ("store", "entry__user", "entry__content_type")
    search_fields = ("=entry__user__username", "entry__object_repr")
    search_help_text = "A whole user name, or what was changed."
    ordering = ("-id",)
    fields = ("when", "who", "store", "kind", "row", "what")
    readonly_fields = ("when", "who", "kind", "row", "what")
    empty_title = "Nothing was changed yet"
    empty_hint = "Every change in the admin leaves a line here: who, when, and what it was before."

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        user: Any = request.user
        return bool(user.has_perm("customers.view_loggedchange", obj))

    @display(description="When")
    def when(self, line: LoggedChange) -> object:
        return local(line.entry.action_time, line.store)

    @display(description="Who")
    def who(self, line: LoggedChange) -> str:
        return line.entry.user.get_full_name() or line.entry.user.get_username()

    @display(description="Kind", label={"Added": "success", "Deleted": "danger", "Changed": "info"})
    def kind(self, line: LoggedChange) -> str:
        return _KINDS.get(line.entry.action_flag, "Changed")

    @display(description="Row")
    def row(self, line: LoggedChange) -> object:
        kind = str(line.entry.content_type.name if line.entry.content_type else "").capitalize()
        url = None if line.entry.action_flag == DELETION else line.entry.get_admin_url()
        named = format_html("{}: {}", kind, line.entry.object_repr)
        return format_html('<a class="cb-link" href="{}">{}</a>', url, named) if url else named

    @display(description="What")
    def what(self, line: LoggedChange) -> object:
        found = values_of(line.entry)
        if not found:
            return line.entry.get_change_message()
        return format_html_join("", "<div><b>{}</b>: {} → {}</div>", found)
