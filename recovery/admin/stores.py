"""Stores: who they are, how they connect, in whose name they write. Secrets are shown once and never again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.decorators import display

from carts.inbox import doors, refusals
from carts.models import Delivery
from config.lib.durations import in_words
from config.lib.sealing import Unsealable
from customers.access import may
from customers.admin.base import Deed, Page, address, local
from customers.models import Channel, Store, StoreSecret
from recovery import attribution, pauses
from recovery.admin.store_form import TWILIO, SecretForm, StoreForm
from recovery.first_steps import turned_away
from recovery.flows.standard import install_standard_flow
from recovery.models import FirstRun
from recovery.opening import new_secret, webhook_url


@admin.register(Store)
class Stores(Page):
    """The shops whose carts we watch."""

    form = StoreForm
    change_form_outer_before_template = "admin/store_before.html"
    list_display = ("name", "told_platform", "domain", "timeout", "told_state", "told_first")
    search_fields = ("name", "slug", "domain")
    ordering = ("name",)
    actions = ()
    readonly_fields = ("told_mail_server",)
    empty_title = "No store yet"
    empty_hint = "Add the first one: you get the address that its webhooks go to."
    deeds = (
        Deed("end_old_secrets", "End the older secrets now", "key_off",
             "Webhooks that are still signed with an older secret are refused from now on."),
        Deed("standard_flow", "Install the standard flow", "auto_awesome", permission="recovery.add_flow"),
    )  # fmt: skip

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        shop = ["name", "slug", "platform", "domain", "redirect_hosts", ("currency", "locale"), "timezone"]
        mail = ["sender_name", "sender_email", "reply_to", "support_contact", "postal_address", "mail_server"]
        phones = ["twilio_sid", "twilio_token", "twilio_service", ("twilio_from", "twilio_whatsapp"), "sms_per_second"]
        rules = ["abandon_after", "consent_policy", ("quiet_from", "quiet_until"), ("cap_messages", "cap_days")]
        if obj is None:
            return (
                ("The shop", {"fields": [*shop, "secret"]}),
                ("When messages go out", {"fields": [*rules, ("attribution_days", "margin")]}),
                ("In whose name", {"fields": mail}),
            )
        if obj.email_url:
            mail += ["told_mail_server", "forget_mail_server"]
        phones += ["sms_double_opt_in", ("sms_max_segments", "sms_fold")]
        return (
            ("The shop", {"fields": shop}),
            ("When messages go out", {"fields": [*rules, ("attribution_days", "margin")]}),
            ("In whose name", {"fields": mail}),
            ("SMS and WhatsApp", {"fields": phones}),
            ("Discount codes by the shop's API", {"fields": [("api_host", "api_key"), "api_secret", "forget_api"]}),
            ("Surveys", {"fields": ["ask_why", "ask_why_by_text", ("ask_after_order", "ask_after_days")]}),
            ("Switches", {"fields": ["is_active", "is_demo"]}),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Store]:
        rows: QuerySet[Store] = super().get_queryset(request)
        return rows.annotate(heard_of=Exists(Delivery.objects.filter(store=OuterRef("pk"))))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A store with a past is switched off, not deleted."""
        past = obj is not None and (obj.carts.exists() or obj.flows.exists())
        return bool(super().has_delete_permission(request, obj)) and not past

    def get_deeds(self, request: HttpRequest, obj: Any) -> list[Deed]:
        possible = {
            "end_old_secrets": obj.secrets.filter(expires_at__gt=timezone.now()).exists(),
            "standard_flow": not obj.flows.exists(),
        }
        return [deed for deed in super().get_deeds(request, obj) if possible[deed.name]]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.secret_view)
        return [path("<path:object_id>/secret/", view, name="customers_store_secret"), *super().get_urls()]

    def secret_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give the store a new secret. The old one stays valid for two days more."""
        store: Any = self.found(request, object_id)
        if not self.has_change_permission(request, store):
            raise PermissionDenied
        form = SecretForm(request.POST or None, platform=store.platform)
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data["secret"]
            secret = given or new_secret()
            StoreSecret.rotate(store, secret, now=timezone.now())
            doors.forget()
            refusals.clear(store.pk)
            self.log_change(request, store, "New webhook secret")
            if not given:
                return self._show_once(request, store, secret)
            self.message_user(request, "The new secret is in use. The older one stays valid for two days.")
            return redirect(address(store))
        context = self._context(request, store) | {"title": f"New webhook secret for {store}", "form": form}
        context["refused"] = turned_away(store)
        return TemplateResponse(request, "admin/store_secret.html", context)

    def _show_once(self, request: HttpRequest, store: Store, secret: str) -> HttpResponse:
        context = self._context(request, store) | {"title": f"The secret of {store}", "secret": secret}
        if FirstRun.objects.filter(store=store, done_at=None).exists():
            context["store_url"] = reverse("admin_first_run", args=[store.slug])
        response = TemplateResponse(request, "admin/store_secret_shown.html", context)
        response["Cache-Control"] = "private, no-store"
        return response

    def _context(self, request: HttpRequest, store: Store) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "store": store,
            "webhook_url": webhook_url(store),
            "store_url": address(store),
        }

    def save_model(self, request: HttpRequest, obj: Store, form: Any, change: bool) -> None:
        if form.cleaned_data.get("mail_server"):
            obj.set_email_url(form.cleaned_data["mail_server"])
        elif form.cleaned_data.get("forget_mail_server"):
            obj.set_email_url("")
        if "twilio_sid" in form.cleaned_data:
            obj.set_twilio(form.twilio_account())
        if "api_secret" in form.cleaned_data:
            obj.set_api(form.api_access())
        super().save_model(request, obj, form, change)
        self._try_again(obj, form)
        if change and "attribution_days" in form.changed_data:
            attribution.recredit(obj)
        if not change:
            # It is handed on to the page that shows it once; it is not kept in a session or a cookie.
            secret = form.cleaned_data.get("secret", "")
            form.made_secret = "" if secret else new_secret()
            StoreSecret.rotate(obj, secret or form.made_secret, now=timezone.now())
            request.made_secret = form.made_secret  # type: ignore[attr-defined]
        doors.forget()

    def _try_again(self, store: Store, form: Any) -> None:
        """Who mends the settings of a provider should not have to know that it is paused."""
        mail = {"mail_server", "forget_mail_server"}.intersection(form.changed_data)
        phones = {*TWILIO, "twilio_token"}.intersection(form.changed_data)
        channels = [*([Channel.EMAIL] if mail else []), *([Channel.SMS, Channel.WHATSAPP] if phones else [])]
        if channels:
            pauses.lift_of(store, *channels, now=timezone.now())

    def response_add(self, request: HttpRequest, obj: Store, post_url_continue: str | None = None) -> HttpResponse:
        made = getattr(request, "made_secret", "")
        FirstRun.objects.get_or_create(store=obj)
        return self._show_once(request, obj, made) if made else redirect("admin_first_run", obj.slug)

    def end_old_secrets(self, request: HttpRequest, obj: Store) -> None:
        now = timezone.now()
        count = StoreSecret.objects.filter(store=obj, expires_at__gt=now).update(expires_at=now)
        doors.forget()
        self.message_user(request, f"{count} older secrets ended.", messages.SUCCESS)

    def standard_flow(self, request: HttpRequest, obj: Store) -> HttpResponse:
        flow = install_standard_flow(obj, now=timezone.now())
        self.message_user(request, "The standard flow is live: three e-mails, in every language we ship.")
        return redirect(address(flow))

    def facts(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        first = Delivery.objects.filter(store=obj).order_by("id").only("received_at").first()
        secrets = [
            (local(row.created_at, obj), local(row.expires_at, obj) if row.expires_at else "")
            for row in obj.secrets.all()[:10]
        ]
        return {
            "store": obj,
            "first_run_url": reverse("admin_first_run", args=[obj.slug])
            if may(request.user, "customers.change_store", obj)
            else "",
            "webhook_url": webhook_url(obj),
            "first_delivery": local(first.received_at, obj) if first else "",
            "secrets": secrets,
            "secret_url": address(obj, "secret"),
            "refused": turned_away(obj) if refusals.rows([obj.pk]) else "",
        }

    @display(description="Mail server in use")
    def told_mail_server(self, obj: Store) -> str:
        try:
            parts = urlsplit(obj.own_email_url())
        except Unsealable:
            return "It cannot be read any more: the installation's SECRET_KEY has changed. Enter it again."
        return f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"

    @display(description="Platform", ordering="platform")
    def told_platform(self, row: Store) -> str:
        return row.get_platform_display()

    @display(description="Abandoned after", ordering="abandon_after")
    def timeout(self, row: Store) -> str:
        return in_words(row.abandon_after)

    @display(
        description="State", label={"Active": "success", "Off": "danger", "Uninstalled": "danger", "Synthetic": "info"}
    )
    def told_state(self, row: Store) -> str:
        if row.uninstalled_at:
            return "Uninstalled"
        if not row.is_active:
            return "Off"
        return "Synthetic" if row.is_demo else "Active"

    @display(description="Webhooks", label={"Arriving": "success", "None yet": "warning"})
    def told_first(self, row: Any) -> str:
        return "Arriving" if row.heard_of else "None yet"
