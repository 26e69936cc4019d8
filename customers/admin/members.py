"""Who works in a store, and as what. Owners see to it themselves, each for their own stores."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import display
from unfold.widgets import UnfoldAdminEmailInputWidget

from customers import invitations
from customers.admin.base import BY_STORE, Deed, Page, by_choice, local
from customers.models import Membership, Role

_ROLE_HELP = (
    "Owners do everything, also settings and members. Marketers write templates, flows and offers. Support sees to "
    "shoppers and their carts. Analysts look only."
)


class InviteForm(forms.ModelForm):
    """Somebody new in a store, by their e-mail address."""

    email = forms.EmailField(
        label="E-mail",
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "off"}),
        help_text="They sign in by it. Who has an account already keeps their password.",
    )

    class Meta:
        model = Membership
        fields = ("store", "role")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stores = list(self.fields["store"].queryset[:2]) if "store" in self.fields else []  # type: ignore[attr-defined]
        self.initial.setdefault("role", Role.MARKETER)
        if len(stores) == 1:
            self.initial.setdefault("store", stores[0].pk)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        user = invitations.known(cleaned.get("email", ""))
        if user and Membership.objects.filter(user=user, store=cleaned.get("store")).exists():
            self.add_error(
                "email", "They are a member of this store already: open them in the list to change the role."
            )
        return cleaned


class RoleForm(forms.ModelForm):
    """Another role."""

    class Meta:
        model = Membership
        fields = ("role", "wants_digest")
        labels = {"wants_digest": "Weekly numbers by e-mail"}

    def clean_role(self) -> str:
        role: str = self.cleaned_data["role"]
        if role != Role.OWNER and invitations.is_last_owner(Membership.objects.get(pk=self.instance.pk)):
            raise forms.ValidationError("A store keeps an owner: make somebody else one first.")
        return role


@admin.register(Membership)
class Members(Page):
    """People and their roles."""

    list_display = ("told_user", "store", "told_role", "told_state", "told_since")
    list_filter = (BY_STORE, by_choice("role"))
    list_select_related = ("store", "user")
    search_fields = ("user__username", "user__email", "user__first_name", "user__last_name")
    search_help_text = "A name or an e-mail address."
    ordering = ("store__name", "user__username")
    actions = ()
    empty_title = "Nobody but the installation's own administrators"
    empty_hint = "Invite the people who work in a store: each sees that store only, and does what their role allows."
    deeds = (
        Deed("link_again", "Show a new sign-in link", "key",
             "Whoever has the link becomes this person. Older links end when one of them is used."),
    )  # fmt: skip

    def get_form(self, request: HttpRequest, obj: Model | None = None, **kwargs: Any) -> Any:
        return super().get_form(request, obj, **(kwargs | {"form": RoleForm if obj else InviteForm}))

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("told_user", "store", "role", "wants_digest", "told_since") if obj else ("store", "email", "role")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("told_user", "store", "told_since") if obj else ()

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_choice_field(db_field, request, **(kwargs | {"help_text": _ROLE_HELP}))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        user: Any = request.user
        return allowed and (obj is None or user.is_superuser or not invitations.is_last_owner(obj))

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        if change:
            Membership.objects.filter(pk=obj.pk).update(role=obj.role, wants_digest=obj.wants_digest)
            return
        made = invitations.invite(form.cleaned_data["email"], obj.store, obj.role)
        obj.pk, obj.user = made.pk, made.user

    def get_deeds(self, request: HttpRequest, obj: Any) -> list[Deed]:
        return super().get_deeds(request, obj) if invitations.may_link(request.user, obj.user) else []

    def link_again(self, request: HttpRequest, obj: Membership) -> HttpResponse:
        return self._show_link(request, obj)

    def response_add(self, request: HttpRequest, obj: Membership, post_url_continue: str | None = None) -> HttpResponse:
        if invitations.may_link(request.user, obj.user):
            return self._show_link(request, obj)
        waits = "" if obj.user.has_usable_password() else " Their first sign-in link, from another store, still holds."
        self.message_user(request, f"{obj.user} signs in as before and now sees {obj.store} too.{waits}")
        return redirect(reverse("admin:customers_membership_changelist"))

    def _show_link(self, request: HttpRequest, obj: Membership) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"{obj.user} in {obj.store}",
            "member": obj,
            "link": invitations.welcome_link(obj.user),
            "back": reverse("admin:customers_membership_changelist"),
        }
        response = TemplateResponse(request, "admin/member_link.html", context)
        response["Cache-Control"] = "private, no-store"
        return response

    @display(description="Who", ordering="user__username")
    def told_user(self, row: Membership) -> str:
        name = row.user.get_full_name()
        return f"{name} ({row.user.get_username()})" if name else row.user.get_username()

    @display(description="Role", ordering="role", label={Role.OWNER.label: "success"})
    def told_role(self, row: Membership) -> str:
        return row.get_role_display()

    @display(description="State", label={"Invited": "warning", "Closed": "danger"})
    def told_state(self, row: Membership) -> str:
        if not row.user.is_active:
            return "Closed"
        return "" if row.user.has_usable_password() else "Invited"

    @display(description="Since", ordering="since")
    def told_since(self, row: Membership) -> object:
        return local(row.since, row.store)
