"""Keys for the read-only API: each opens one store, is shown once, and can be revoked at once."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import display

from customers import tokens
from customers.admin.base import BY_STORE, Deed, Page, address, local
from customers.models import ApiToken


@admin.register(ApiToken)
class Tokens(Page):
    """Who reads a store's numbers from elsewhere."""

    list_display = ("name", "store", "ending", "state", "used", "made")
    list_filter = (BY_STORE,)
    list_select_related = ("store", "made_by")
    actions = ()
    empty_title = "No token yet"
    empty_hint = "A token lets another program read this store's numbers, and nothing else. See docs/api.md."
    deeds = (
        Deed("revoke", "Revoke this token", "key_off", "Whoever uses it is turned away from now on.", danger=True),
    )

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("name", "store", "ending", "state", "used", "made", "made_by") if obj else ("store", "name")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return self.get_fields(request, obj) if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing of it changes but by revoking."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """It stays, to tell who had one."""
        return False

    def get_deeds(self, request: HttpRequest, obj: Any) -> list[Deed]:
        return [] if obj.revoked_at else super().get_deeds(request, obj)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        row, text = tokens.make_token(obj.store, obj.name, user=request.user, now=timezone.now())
        obj.pk = row.pk
        request.made_token = text  # type: ignore[attr-defined]  # for the page that shows it once; kept nowhere

    def response_add(self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Token for {obj.store}",
            "token": getattr(request, "made_token", ""),
            "example": request.build_absolute_uri(reverse("api_report")),
            "back": address(obj),
        }
        response = TemplateResponse(request, "admin/token_shown.html", context)
        response["Cache-Control"] = "private, no-store"
        return response

    def revoke(self, request: HttpRequest, obj: ApiToken) -> None:
        tokens.revoke(obj, now=timezone.now())
        self.message_user(request, "The token is revoked.", messages.SUCCESS)

    @display(description="Ends in")
    def ending(self, row: ApiToken) -> str:
        return f"…{row.hint}"

    @display(description="State", label={"In force": "success", "Revoked": "danger"})
    def state(self, row: ApiToken) -> str:
        return "Revoked" if row.revoked_at else "In force"

    @display(description="Last used", ordering="last_used_at")
    def used(self, row: ApiToken) -> object:
        return local(row.last_used_at, row.store) if row.last_used_at else "Never"

    @display(description="Made", ordering="created_at")
    def made(self, row: ApiToken) -> object:
        return local(row.created_at, row.store)
