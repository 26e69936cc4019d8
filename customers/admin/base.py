"""What every admin page of ours shares: lists that never count, deeds that are POSTs, pages that only read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Field, Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.paginator import InfinitePaginator

from customers.models import Store

#: For `list_filter`: both as dropdowns in the side sheet.
BY_STORE = ("store", RelatedDropdownFilter)


def by_choice(field: str) -> tuple[str, type[ChoicesDropdownFilter]]:
    """A filter over a field's choices."""
    return (field, ChoicesDropdownFilter)


@dataclass(frozen=True, slots=True)
class Deed:
    """A button on a row's page. `name` is the method that does it: `(request, obj) -> HttpResponse | None`.

    Asks `confirm` first where it is not empty. `permission` is "app.codename"; empty: to change the model.
    """

    name: str
    label: str
    icon: str = ""
    confirm: str = ""
    danger: bool = False
    permission: str = ""


class Page(ModelAdmin):
    """A model's pages. What changes something outside the form is a `Deed`, and a deed is a POST.

    Decision: Unfold's own detail actions are links, so a prefetching browser could do them; deeds replace them.
    """

    show_full_result_count = False
    list_per_page = 50
    list_disable_select_all = True
    list_filter_submit = True
    compressed_fields = True
    warn_unsaved_form = True
    change_form_outer_before_template = "admin/deeds.html"
    #: What to say where there is nothing yet, and what to do next.
    empty_title = ""
    empty_hint = ""
    deeds: tuple[Deed, ...] = ()

    def get_deeds(self, request: HttpRequest, obj: Model) -> list[Deed]:
        """The deeds that make sense for this row and that the user may do."""
        return [deed for deed in self.deeds if self.may(request, deed)]

    def may(self, request: HttpRequest, deed: Deed) -> bool:
        user: Any = request.user
        return bool(user.has_perm(deed.permission or self.permission("change")))

    def permission(self, action: str) -> str:
        """carts.change_cart"""
        return f"{self.opts.app_label}.{action}_{self.opts.model_name}"

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_deed"
        deed = path("<path:object_id>/do/<slug:deed>/", self.admin_site.admin_view(self.deed_view), name=name)
        return [deed, *super().get_urls()]

    def deed_view(self, request: HttpRequest, object_id: str, deed: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        obj = self.found(request, object_id)
        wanted = next((one for one in self.deeds if one.name == deed), None)
        if wanted is None:
            raise Http404
        if not self.may(request, wanted):
            raise PermissionDenied
        if wanted not in self.get_deeds(request, obj):
            self.message_user(request, "That is not possible any more: somebody was quicker.", messages.WARNING)
            return redirect(self.address(obj))
        response: HttpResponse | None = getattr(self, wanted.name)(request, obj)
        self.log_change(request, obj, wanted.label)
        return response or redirect(self.address(obj))

    def found(self, request: HttpRequest, object_id: str) -> Model:
        """The row that the user may see. Raises Http404, PermissionDenied."""
        obj: Model | None = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        return obj

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Read once a request: the page, its deeds and its facts all ask."""
        known: dict[Any, Any] = request.__dict__.setdefault("cartback_rows", {})
        key = (self.opts.label, object_id, from_field)
        if key not in known:
            known[key] = super().get_object(request, object_id, from_field)
        return known[key]

    def address(self, obj: Model, view: str = "change") -> str:
        return address(obj, view)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        extra = dict(extra_context or {})
        if object_id and request.method in ("GET", "HEAD"):
            obj = self.get_object(request, unquote(object_id))
            if obj is not None and self.has_view_or_change_permission(request, obj):
                extra |= {"deeds": self._buttons(request, obj), **self.facts(request, obj)}
        response: HttpResponse = super().changeform_view(request, object_id, form_url, extra)
        return response

    def _buttons(self, request: HttpRequest, obj: Model) -> list[dict[str, Any]]:
        return [
            {"deed": deed, "url": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_deed",
                                          args=[obj.pk, deed.name])}
            for deed in self.get_deeds(request, obj)
        ]  # fmt: skip

    def facts(self, request: HttpRequest, obj: Model) -> Mapping[str, Any]:
        """What the row's template needs besides the form."""
        return {}

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """No pencil, plus and cross beside every foreign key: they lead away from what one is doing."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        for name in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
            if field and hasattr(field.widget, name):
                setattr(field.widget, name, False)
        return field


class Reading(Page):
    """Rows that are facts: they can be looked at, filtered and found, and nobody edits them here."""

    paginator = InfinitePaginator
    actions: Any = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def address(obj: Model, view: str = "change") -> str:
    """Where a row's page is in the admin."""
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_{view}", args=[obj.pk])


def linked(obj: Model | None, text: object = "") -> SafeString | str:
    """The row's name, leading to its page; a dash where there is none."""
    return format_html('<a class="cb-link" href="{}">{}</a>', address(obj), text or obj) if obj else "–"


def local(at: datetime | None, store: Store) -> SafeString | str:
    """A moment as the store's clock shows it, with the zone in the tooltip."""
    if at is None:
        return "–"
    there = at.astimezone(store.zone)
    return format_html(
        '<time class="cb-time" datetime="{}" title="{}">{}</time>',
        at.isoformat(), f"{there:%Y-%m-%d %H:%M:%S} {store.timezone}", f"{there:%d %b %H:%M}",
    )  # fmt: skip
