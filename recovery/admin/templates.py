"""Templates: the words in every language, checked when they are saved, and how they look."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.admin import StackedInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from carts.models import Cart
from customers.admin.base import BY_STORE, Page, address, by_choice
from customers.models import Channel, Store
from recovery.admin.mailview import mail_page, wants_pictures
from recovery.channels import email
from recovery.channels.liquid import TemplateBroken
from recovery.channels.texts import Texts
from recovery.flows.standard import save_text
from recovery.models import MessageTemplate, TemplateText
from recovery.outbox.carriers import sender_of
from recovery.outbox.context import cart_context, store_context

_WRITTEN = ("subject", "preheader", "headline", "body", "button", "offer", "closing")
_HINTS = {
    "locale": "A language code such as en, fi or pt-BR. A shopper gets their own language, else the store's.",
    "subject": "May name {{ customer.first_name }}, {{ store.name }} and what is in the cart.",
    "preheader": "Shown behind the subject in the inbox.",
    "body": "Blank lines make paragraphs. {{ greeting }} greets by name where there is one.",
    "button": "On the button that leads back to the cart.",
    "offer": "Above the discount code, and only where there is one.",
}


class TextForm(forms.ModelForm):
    """One language. What could not be sent is refused here, with the words of what to mend."""

    class Meta:
        model = TemplateText
        fields = ("locale", *_WRITTEN)
        help_texts = _HINTS
        widgets = {
            "body": UnfoldAdminTextareaWidget(attrs={"rows": 9}),
            "closing": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        }

    def texts(self) -> Texts:
        """What was written, as the channels take it."""
        return Texts(**{name: self.cleaned_data.get(name, "") for name in ("locale", *_WRITTEN)})

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and self.instance.template.channel == Channel.EMAIL:
            for problem in email.lint(self.texts()):
                field, _, what = problem.partition(": ")
                self.add_error(field if field in _WRITTEN and what else None, what or problem)
        return cleaned


class TextsInline(StackedInline):
    model = TemplateText
    form = TextForm
    fields = ("locale", *_WRITTEN)
    extra = 0
    min_num = 0
    verbose_name = "language"
    verbose_name_plural = "languages"
    collapsible = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[TemplateText]:
        rows: QuerySet[TemplateText] = super().get_queryset(request)
        return rows.defer("compiled_html", "compiled_text").order_by("locale")

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 0 if obj and obj.texts.exists() else 1


@admin.register(MessageTemplate)
class Templates(Page):
    """Messages that marketers write, in as many languages as they like."""

    list_display = ("name", "store", "channel", "languages")
    list_filter = (BY_STORE, by_choice("channel"))
    list_select_related = ("store",)
    search_fields = ("name",)
    ordering = ("store__name", "name")
    fields = ("name", ("store", "channel"))
    inlines = (TextsInline,)
    actions = ()
    change_form_outer_after_template = "admin/template_preview.html"
    empty_title = "No templates yet"
    empty_hint = "Install the standard flow on a store's page: it brings three templates in six languages."

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessageTemplate]:
        rows: QuerySet[MessageTemplate] = super().get_queryset(request)
        return rows.prefetch_related(
            Prefetch("texts", TemplateText.objects.only("locale", "template_id").order_by("locale"))
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("store", "channel") if obj else ()

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview_view)
        name = "recovery_messagetemplate_preview"
        return [path("<path:object_id>/preview/<int:text_id>/", view, name=name), *super().get_urls()]

    def preview_view(self, request: HttpRequest, object_id: str, text_id: int) -> HttpResponse:
        """One language as a shopper would see it, with the newest real cart of the store or with a made-up one."""
        template: Any = self.found(request, object_id)
        text = get_object_or_404(TemplateText, pk=text_id, template=template)
        try:
            shown = preview(text, template.store, sample=request.GET.get("cart") == "sample")
        except TemplateBroken as error:
            return mail_page("", pictures=False, empty=f"It cannot be shown: {error}")
        if request.GET.get("part") == "text" or not shown.html:
            response = HttpResponse(shown.text, content_type="text/plain; charset=utf-8")
            response["X-Frame-Options"] = "SAMEORIGIN"
            response["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'self'"
            return response
        return mail_page(shown.html, pictures=wants_pictures(request))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Each language is compiled as it is saved; a changed language code moves the row."""
        formset.save(commit=False)
        for row in formset.deleted_objects:
            row.delete()
        for one in formset.forms:
            if one.has_changed() and one not in formset.deleted_forms:
                texts = one.texts()
                if one.instance.pk:
                    TemplateText.objects.filter(pk=one.instance.pk).exclude(locale=texts.locale).delete()
                save_text(form.instance, texts, now=timezone.now())

    def response_add(self, request: HttpRequest, obj: MessageTemplate, post_url_continue: str | None = None) -> Any:
        self.message_user(request, "Now write it: one language at a time.")
        return redirect(address(obj))

    def facts(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        texts = sorted(
            obj.texts.values_list("pk", "locale", "subject"), key=lambda row: (row[1] != obj.store.locale, row[1])
        )
        return {
            "template": obj,
            "previews": [
                {
                    "locale": locale,
                    "subject": subject,
                    "url": reverse("admin:recovery_messagetemplate_preview", args=[obj.pk, pk]),
                }
                for pk, locale, subject in texts
            ],
        }

    @display(description="Languages")
    def languages(self, row: MessageTemplate) -> str:
        return ", ".join(text.locale for text in row.texts.all()) or "none yet"


def preview(text: TemplateText, store: Store, *, sample: bool) -> Any:
    """The envelope of a mail to nobody. Raises TemplateBroken."""
    compiled = email.Compiled(text.subject, text.compiled_html, text.compiled_text, text.locale)
    cart = None if sample else _newest(store)
    example = "https://example.invalid/preview"
    context = {
        "store": store_context(store),
        "customer": {"first_name": "Anna", "last_name": "Virtanen"},
        "cart": cart_context(cart.lines, cart.total, cart.quantity, cart.currency) if cart else _made_up(store),
        **dict.fromkeys(("recovery_url", "unsubscribe_url", "preferences_url"), example),
        "discount": None,
    }
    return email.shape(compiled, context, sender_of(store), send_id="preview", to="anna@example.invalid")


def _newest(store: Store) -> Cart | None:
    rows = Cart.objects.filter(store=store, quantity__gt=0, is_test=False)
    return rows.order_by("-last_activity_at").first()


def _made_up(store: Store) -> dict[str, Any]:
    lines = [
        {"title": "Linen shirt", "variant_title": "M, sand", "quantity": 1, "price": "79.00"},
        {"title": "Stoneware mug", "quantity": 2, "price": "18.50"},
    ]
    return cart_context(lines, Decimal("116.00"), 3, store.currency)
