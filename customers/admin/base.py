"""What every admin page of ours shares: rows of one's own stores, lists that never count, deeds that are POSTs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Field, ForeignKey, ManyToManyField, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.paginator import InfinitePaginator

from customers import access, changes
from customers.models import Store


class OwnRowsFilter(RelatedDropdownFilter):
    """Offers what belongs to one's own stores."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        rows = access.own(request.user, field.remote_field.model._default_manager.all())
        ordering = self.field_admin_ordering(field, request, model_admin)
        found: list[tuple[Any, str]] = field.get_choices(
            include_blank=False, ordering=ordering, limit_choices_to={"pk__in": rows}
        )
        return found


def by_related(field: str) -> tuple[str, type[OwnRowsFilter]]:
    """A filter over a foreign key."""
    return (field, OwnRowsFilter)


#: For `list_filter`: as dropdowns in the side sheet.
BY_STORE = by_related("store")


def by_choice(field: str) -> tuple[str, type[ChoicesDropdownFilter]]:
    """A filter over a field's choices."""
    return (field, ChoicesDropdownFilter)


@dataclass(frozen=True, slots=True)
class Deed:
    """A button on a row's page. `name` is the method that does it: `(request, obj) -> HttpResponse | None`.

    Asks `confirm` first where it is not empty. `permission` is "app.codename"; empty: to change the model. `apart`: its
    button is not among those at the top of the page; the page's own template has it, with what it acts on.
    """

    name: str
    label: str
    icon: str = ""
    confirm: str = ""
    danger: bool = False
    permission: str = ""
    apart: bool = False


class NotDone(Exception):
    """Raised by a deed that changed nothing: why, for the person who pressed the button."""


class OwnChoices:
    """For pages and inlines: a foreign key offers rows of the stores in which one may write. For inlines, name it
    first: `class Lines(OwnChoices, StackedInline)`."""

    opts: Any

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = self._choices(db_field, request, kwargs)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = self._choices(db_field, request, kwargs)
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]

    def _choices(self, db_field: Any, request: HttpRequest, kwargs: dict[str, Any]) -> QuerySet[Any]:
        asked = kwargs.get("queryset")
        if asked is None:
            asked = self.get_field_queryset(kwargs.get("using"), db_field, request)  # type: ignore[attr-defined]
        rows = db_field.remote_field.model._default_manager.all() if asked is None else asked
        names = (f"{self.opts.app_label}.{action}_{self.opts.model_name}" for action in ("add", "change"))
        return access.own(request.user, rows, *names)


class Page(OwnChoices, ModelAdmin):
    """A model's pages, showing rows of one's own stores only. A row of another store is a 404, as one that is not.

    What changes something outside the form is a `Deed`, and a deed is a POST.

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
    #: Above the list: what it holds, in a sentence or two.
    lead = ""
    list_before_template = "admin/lead.html"

    def told_lead(self, request: HttpRequest) -> str:
        """As the list is filtered just now."""
        return self.lead

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {**(extra_context or {}), "lead": self.told_lead(request)})

    def get_deeds(self, request: HttpRequest, obj: Model) -> list[Deed]:
        """The deeds that make sense for this row and that the user may do."""
        return [deed for deed in self.deeds if self.may(request, deed, obj)]

    def may(self, request: HttpRequest, deed: Deed, obj: Model) -> bool:
        user: Any = request.user
        return bool(user.has_perm(deed.permission or self.permission("change"), obj))

    def permission(self, action: str) -> str:
        """carts.change_cart"""
        return f"{self.opts.app_label}.{action}_{self.opts.model_name}"

    # -- whose rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return access.own(request.user, super().get_queryset(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.has_perm(self.permission("add")))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        user: Any = request.user
        return any(user.has_perm(self.permission(action), obj) for action in ("view", "change"))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        user: Any = request.user
        return bool(user.has_perm(self.permission("change"), obj))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        user: Any = request.user
        return bool(user.has_perm(self.permission("delete"), obj))

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """Whatever the form let through: what is saved lies in a store in which one may do so."""
        row = super().save_form(request, form, change)
        user: Any = request.user
        if not (user.is_superuser or user.has_perm(self.permission("change" if change else "add"), row)):
            raise PermissionDenied
        return row

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """An action changes rows, unless it says that it only reads: it gets those of the stores where one may."""
        action = self.get_actions(request).get(request.POST.get("action", ""))
        reads = action is not None and "view" in getattr(action[0], "allowed_permissions", ())
        own = access.own(request.user, queryset, self.permission("view" if reads else "change"))
        chosen = [] if reads or action is None else list(own.filter(pk__in=request.POST.getlist(ACTION_CHECKBOX_NAME)))
        response: HttpResponse | None = super().response_action(request, own)
        if action is not None and action[1] != "delete_selected":  # that one logs by itself
            for row in chosen:
                self.log_change(request, row, str(action[2]))
        return response

    # -- who changed what

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        return changes.with_values(super().construct_change_message(request, form, formsets, add), form)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        return self._logged(super().log_addition(request, obj, message), obj)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        return self._logged(super().log_change(request, obj, message), obj)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """One line at a time: each has a store."""
        user: Any = request.user
        for row in queryset:
            entry = LogEntry.objects.log_actions(user.pk, [row], DELETION, single_object=True)
            self._logged(entry, row)

    def _logged(self, entry: Any, row: Model) -> Any:
        changes.of_store(entry, access.store_id_of(row))
        return entry

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        raise Http404

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
        if not self.may(request, wanted, obj):
            raise PermissionDenied
        if wanted.name not in {one.name for one in self.get_deeds(request, obj)}:
            self.message_user(request, "That is not possible any more: somebody was quicker.", messages.WARNING)
            return redirect(self.address(obj))
        try:
            response: HttpResponse | None = getattr(self, wanted.name)(request, obj)
        except NotDone as why:
            self.message_user(request, str(why), messages.WARNING)
            return redirect(self.address(obj))
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
            {"deed": deed, "url": self.deed_address(obj, deed)}
            for deed in self.get_deeds(request, obj)
            if not deed.apart
        ]

    def deed_address(self, obj: Model, deed: Deed) -> str:
        """Where the deed's button posts to."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_deed", args=[obj.pk, deed.name])

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


def local(at: datetime | None, store: Store | None) -> SafeString | str:
    """A moment as the store's clock shows it (UTC where there is no store), with the zone in the tooltip."""
    if at is None:
        return "–"
    there = at.astimezone(store.zone if store else UTC)
    return format_html(
        '<time class="cb-time" datetime="{}" title="{}">{}</time>',
        at.isoformat(), f"{there:%Y-%m-%d %H:%M:%S} {store.timezone if store else 'UTC'}", f"{there:%d %b %H:%M}",
    )  # fmt: skip
