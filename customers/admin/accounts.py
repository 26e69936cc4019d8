"""Who may enter the admin: Django's own users, for superusers only. What they may do there, their memberships say.

Decision: Django's groups and single permissions are not shown, since nothing asks them (`customers.access`).
"""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from customers import two_factor

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class Users(UserAdmin, ModelAdmin):
    for_superusers = True
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    actions = ("end_second_factor",)

    @action(description="Reset two-factor sign-in")
    def end_second_factor(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        """For who lost phone and paper: the password alone signs them in, until they set it up anew."""
        found = [user for user in rows if two_factor.end(user)]
        for user in found:
            self.log_change(request, user, "Two-factor sign-in was reset")
        self.message_user(request, f"Reset for {len(found)} of {len(rows)}.")
