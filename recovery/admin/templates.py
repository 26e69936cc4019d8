"""Templates: the words in every language, checked when they are saved, and how they look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.admin import StackedInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from customers.admin.base import BY_STORE, Deed, Page, address, by_choice
from customers.models import Channel
from recovery import approvals
from recovery.admin.mailview import mail_page, phone_page, text_page, wants_pictures
from recovery.admin.wording import FIELDS, problems_of, shown, standing, texts_of
from recovery.channels.liquid import TemplateBroken
from recovery.flows.standard import AnyTexts, save_text
from recovery.models import MessageTemplate, TemplateText

_HINTS = {
    "locale": "A language code such as en, fi or pt-BR. A shopper gets their own language, else the store's.",
    "subject": "May name {{ customer.first_name }}, {{ store.name }} and what is in the cart.",
    "preheader": "Shown behind the subject in the inbox.",
    "body": "Blank lines make paragraphs. {{ greeting }} greets by name, {{ recovery_url }} leads back to the cart.",
    "button": "On the button that leads back to the cart.",
    "offer": "Above the discount code, and only where there is one.",
}


class TextForm(forms.ModelForm):
    """One language. What could not be sent is refused here, with the words of what to mend."""

    question = forms.CharField(
        required=False,
        max_length=20,
        label="Button: a question",
        widget=UnfoldAdminTextInputWidget,
        help_text="Lets the shopper write to you. Left empty: no such button.",
    )
    help = forms.CharField(
        required=False,
        max_length=20,
        label="Button: help",
        widget=UnfoldAdminTextInputWidget,
        help_text="Who taps it is told how to reach you.",
    )
    stop = forms.CharField(
        required=False,
        max_length=20,
        label="Button: stop",
        widget=UnfoldAdminTextInputWidget,
        help_text="Who taps it gets no more messages.",
    )

    class Meta:
        model = TemplateText
        fields = ("locale", *FIELDS["email"])
        help_texts = _HINTS
        widgets = {
            "body": UnfoldAdminTextareaWidget(attrs={"rows": 9}),
            "closing": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for button in self.instance.buttons or []:
            self.initial.setdefault(button.get("id"), button.get("title", ""))
        self.advice: list[str] = []

    def texts(self) -> AnyTexts:
        """What was written, as the channel takes it."""
        return texts_of(self.instance.template.channel, self.cleaned_data)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors or not self.has_changed():
            return cleaned
        for problem in problems_of(self.instance.template, self.texts()):
            if problem.fatal:
                self.add_error(problem.field if problem.field in self.fields else None, problem.what)
            else:
                self.advice.append(f"{self.cleaned_data['locale']}: {problem.what}")
        return cleaned


class TextsInline(StackedInline):
    model = TemplateText
    form = TextForm
    extra = 0
    verbose_name = "language"
    verbose_name_plural = "languages"
    collapsible = True

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("locale", *FIELDS[obj.channel if obj else "email"])

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
    deeds = (
        Deed("submit", "Submit for approval", "verified"),
        Deed("refresh", "Refresh status", "sync"),
    )
    empty_title = "No templates yet"
    empty_hint = "Install the standard flow on a store's page: it brings three templates in six languages."

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessageTemplate]:
        rows: QuerySet[MessageTemplate] = super().get_queryset(request)
        languages = TemplateText.objects.only("locale", "template_id").order_by("locale")
        return rows.select_related("store").prefetch_related(Prefetch("texts", languages, to_attr="spoken"))

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
            seen = shown(text, template, made_up=request.GET.get("cart") == "sample")
        except TemplateBroken as error:
            return text_page(f"It cannot be shown: {error.reason}")
        if template.channel != Channel.EMAIL:
            return phone_page(seen.text, seen.buttons, seen.note)
        if request.GET.get("part") == "text":
            return text_page(seen.text)
        return mail_page(seen.html, pictures=wants_pictures(request))

    def get_deeds(self, request: HttpRequest, obj: Any) -> list[Deed]:
        """What WhatsApp asks for: a text goes to Meta once it is written, and is asked about once it went."""
        if obj.channel != Channel.WHATSAPP:
            return []
        texts = list(obj.texts.all())
        possible = {
            "submit": any(text.approval in approvals.OPEN for text in texts),
            "refresh": any(text.content_sid for text in texts),
        }
        return [deed for deed in super().get_deeds(request, obj) if possible[deed.name]]

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
                for advice in one.advice:
                    self.message_user(request, f"Saved, but mind: {advice}.", messages.WARNING)

    def response_add(self, request: HttpRequest, obj: MessageTemplate, post_url_continue: str | None = None) -> Any:
        self.message_user(request, "Now write it: one language at a time.")
        return redirect(address(obj))

    def facts(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        rows = obj.texts.defer("compiled_html", "compiled_text")
        texts = sorted(rows, key=lambda text: (text.locale != obj.store.locale, text.locale))
        return {"template": obj, "previews": [_preview(obj, text) for text in texts]}

    @display(description="Languages")
    def languages(self, row: Any) -> str:
        return ", ".join(text.locale for text in row.spoken) or "none yet"


def _preview(template: MessageTemplate, text: TemplateText) -> dict[str, Any]:
    return {
        "locale": text.locale,
        "begins": text.subject or " ".join(text.body.split())[:80],
        "url": reverse("admin:recovery_messagetemplate_preview", args=[template.pk, text.pk]),
        "approval": text.approval or "unsubmitted",
        "standing": standing(text),
    }
