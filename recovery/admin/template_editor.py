"""The page on which a template is written: its fields in every language, how it looks meanwhile, its versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone

from customers.admin.base import Page, address
from recovery.admin.template_form import BadForm, checked_locale, fields, language_name, written_in
from recovery.admin.wording import standing, tone
from recovery.channels.email import standard_layout
from recovery.channels.mjml import TAGS
from recovery.experiments.wording import running_with
from recovery.models import FlowStep, MessageTemplate, Offer, TemplateVersion
from recovery.outbox.carriers import sender_of
from recovery.outbox.sample import sample
from recovery.reports import trial_words
from recovery.writing import versions
from recovery.writing.coverage import readers
from recovery.writing.difference import difference
from recovery.writing.fields import BUTTONS, fields_of
from recovery.writing.palette import completions, palette
from recovery.writing.starting import ready_made
from recovery.writing.versions import CannotPublish, ChangedMeanwhile, Written

_NEWEST = 12  # versions that the page itself lists


class Editor(Page):
    """A template's own page. It reads and writes versions; what is sent are the texts that were published."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if object_id is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        template: Any = self.found(request, object_id)
        if request.method == "POST":
            if not self.has_change_permission(request, template):
                raise PermissionDenied
            return self._post(request, template)
        version = versions.current(template)
        return self._page(request, template, version, version.texts, version.layout)

    # -- what a person does

    def _post(self, request: HttpRequest, template: MessageTemplate) -> HttpResponse:
        try:
            texts, layout = written_in(request.POST, template.channel)
            _rename(template, request.POST.get("name", ""))
            active = self._languages(request, template, texts)
        except BadForm as error:
            self.message_user(request, str(error), messages.ERROR)
            return self._again(request, template)
        try:
            mark = request.POST.get("mark", "")
            author = request.user.get_username()
            draft = versions.save_draft(template, texts, layout, now=timezone.now(), author=author, mark=mark)
        except ChangedMeanwhile as error:
            who = str(error) or "somebody else"
            told = f"Meanwhile {who} saved this template. Nothing of yours is lost: save again to put it over theirs."
            self.message_user(request, told, messages.WARNING)
            return self._again(request, template)
        if "_publish" in request.POST:
            self._publish(request, template)
        else:
            self._tell_saved(request, draft)
        return redirect(f"{address(template)}?lang={active}" if active else address(template))

    def _languages(self, request: HttpRequest, template: MessageTemplate, texts: Written) -> str:
        """Adds or removes a language where that was asked for; returns the one to go on with. Raises BadForm."""
        if gone := request.POST.get("_remove"):
            texts.pop(gone, None)
            return next(iter(texts), "")
        if "_add" not in request.POST:
            return request.POST.get("active", "")
        locale = checked_locale(request.POST.get("new_locale", ""))
        if locale in texts:
            raise BadForm(f"{language_name(locale)} is there already.")
        start = request.POST.get("start_from", "")
        texts[locale] = (
            dict(texts[start]) if start in texts else fields_of(ready_made(template.channel, "reminder", locale))
        )
        return locale

    def _publish(self, request: HttpRequest, template: MessageTemplate) -> None:
        try:
            version = versions.publish(template, now=timezone.now(), author=request.user.get_username())
        except CannotPublish as error:
            for trouble in error.troubles[:5]:
                self.message_user(request, f"Not published. {trouble}", messages.ERROR)
            return
        self.log_change(request, template, f"Published version {version.number}")
        self.message_user(request, f"Version {version.number} is live: what is sent from now on reads like this.")
        for one in running_with(template) if version.number > 1 else []:
            told = f"{trial_words.title(one)} is running with these words: figures before and after are not comparable."
            self.message_user(request, told, messages.WARNING)

    def _tell_saved(self, request: HttpRequest, draft: TemplateVersion) -> None:
        if draft.published_at:
            self.message_user(request, "Saved. It is the same as what is live, so there is no draft.")
            return
        self.log_change(request, draft.template, f"Saved a draft of version {draft.number}")
        self.message_user(request, "The draft is saved. Shoppers get it when you publish.")

    def _again(self, request: HttpRequest, template: MessageTemplate) -> HttpResponse:
        """The page once more, with what was posted."""
        template.refresh_from_db()
        names = [field.name for field in fields(template.channel)]
        texts = {
            locale: {name: request.POST.get(f"{locale}.{name}", "") for name in names}
            for locale in request.POST.getlist("locale")
        }
        return self._page(
            request, template, versions.current(template), texts, request.POST.get("layout", ""), unsaved=True
        )

    # -- the page

    def _page(
        self,
        request: HttpRequest,
        template: MessageTemplate,
        version: TemplateVersion,
        texts: Written,
        layout: str,
        *,
        unsaved: bool = False,
    ) -> HttpResponse:
        store = template.store
        locales = sorted(texts, key=lambda locale: (locale != store.locale, locale))
        asked = request.POST.get("active") or request.GET.get("lang", "")
        active = asked if asked in texts else next(iter(locales), "")
        may_change = self.has_change_permission(request, template)
        context = {
            **self.admin_site.each_context(request),
            "title": template.name,
            "opts": self.opts,
            "template": template,
            "store": store,
            "deeds": self._buttons(request, template),
            "may_change": may_change,
            "may_delete": self.has_delete_permission(request, template),
            "mark": versions.mark_of(version),
            "state": _state(template, version),
            "unsaved": unsaved,
            "tested": _tested(template) if may_change else [],
            "active": active,
            "languages": [_language(template, locale, texts[locale]) for locale in locales],
            "layout": layout,
            "groups": _grouped(template, active or store.locale),
            "offers": _offers(template),
            "readers": readers(store, sorted(texts))[:8],
            "common": [(tag, language_name(tag)) for tag in _COMMON if tag not in texts],
            "approvals": _approvals(template),
            **_troubles(version),
            "history": list(template.versions.defer("texts", "layout").exclude(published_at=None)[:_NEWEST]),
            "sender": sender_of(store),
            "data": _data(template, may_change),
        }
        return TemplateResponse(request, "admin/template_editor.html", context)

    def history_view(self, request: HttpRequest, object_id: str, number: int) -> HttpResponse:
        """One version beside what is live now, or beside the one before it."""
        template: Any = self.found(request, object_id)
        version = self._version(template, number)
        newest = versions.current(template)
        against = newest if newest.number != version.number else _before(version)
        old, new = sorted([version, against], key=lambda one: one.number) if against else (version, version)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{template.name}, version {number}",
            "opts": self.opts,
            "template": template,
            "version": version,
            "old": old,
            "new": new,
            "changes": difference(old, new),
            "labels": {field.name: field.label for field in fields(template.channel)} | {"layout": "Layout"},
            "versions": list(template.versions.defer("texts", "layout")),
            "may_change": self.has_change_permission(request, template),
        }
        return TemplateResponse(request, "admin/template_history.html", context)

    def restore_view(self, request: HttpRequest, object_id: str, number: int) -> HttpResponse:
        """An earlier version becomes the draft; nothing is sent of it before it is published."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        template: Any = self.found(request, object_id)
        if not self.has_change_permission(request, template):
            raise PermissionDenied
        version = self._version(template, number)
        versions.restore(version, now=timezone.now(), author=request.user.get_username())
        self.log_change(request, template, f"Restored version {number} as the draft")
        self.message_user(request, f"Version {number} is the draft now. Shoppers get it when you publish.")
        return redirect(address(template))

    def _version(self, template: MessageTemplate, number: int) -> TemplateVersion:
        return get_object_or_404(TemplateVersion.objects.select_related("template"), template=template, number=number)


def _tested(template: MessageTemplate) -> list[tuple[str, str]]:
    """The running experiments that other words would spoil: title and address."""
    return [(trial_words.title(one), reverse("admin_experiment", args=[one.pk])) for one in running_with(template)]


_COMMON = ("en", "de", "fr", "es", "it", "nl", "pt-BR", "pt", "sv", "nb", "da", "fi", "pl", "cs", "et", "ja")


def _before(version: TemplateVersion) -> TemplateVersion | None:
    return version.template.versions.filter(number__lt=version.number).order_by("-number").first()


def _rename(template: MessageTemplate, name: str) -> None:
    name = name.strip()
    if not name or name == template.name:
        return
    if len(name) > 100:
        raise BadForm("A template's name has at most 100 characters.")
    if MessageTemplate.objects.filter(store=template.store_id, name=name).exists():
        raise BadForm(f"The store has a template called “{name}” already.")
    MessageTemplate.objects.filter(pk=template.pk).update(name=name)


def _state(template: MessageTemplate, version: TemplateVersion) -> dict[str, Any]:
    """Where the template stands, for the line below its name."""
    live = version if version.published_at else versions.live(template)
    return {"live": live, "draft": version if version.pk and not version.published_at else None}


def _language(template: MessageTemplate, locale: str, written: Mapping[str, str]) -> dict[str, Any]:
    rows = [{"field": field, "value": written.get(field.name, "")} for field in fields(template.channel)]
    return {"locale": locale, "name": language_name(locale), "fields": rows}


def _offers(template: MessageTemplate) -> list[Offer]:
    """What a step may carry, to be seen in the preview; chosen already where a step sends this template with it."""
    here = FlowStep.objects.filter(template=template, offer=OuterRef("pk"))
    return list(Offer.objects.filter(store=template.store, is_active=True).annotate(used_here=Exists(here)))


def _grouped(template: MessageTemplate, locale: str) -> list[tuple[str, list[Any]]]:
    groups: dict[str, list[Any]] = {}
    for word in palette(template.channel, sample(template.store), locale):
        groups.setdefault(word.group, []).append(word)
    return list(groups.items())


def _troubles(version: TemplateVersion) -> dict[str, Any]:
    """What stands against publishing the draft as it was saved, in all of its languages."""
    found = versions.troubles(version) if version.pk and not version.published_at else []
    errors = sum(trouble.finding.fatal for trouble in found)
    return {"troubles": found, "errors": errors, "warnings": len(found) - errors}


def _approvals(template: MessageTemplate) -> list[dict[str, str]]:
    if template.channel != "whatsapp":
        return []
    rows = template.texts.only("locale", "approval", "rejection_reason").order_by("locale")
    return [{"locale": text.locale, "standing": standing(text), "tone": tone(text)} for text in rows]


def _data(template: MessageTemplate, may_change: bool) -> dict[str, Any]:
    """What the page's script needs."""
    names = {"look": "look", "carts": "carts", "test": "test"}
    urls = {key: reverse(f"admin:recovery_messagetemplate_{name}", args=[template.pk]) for key, name in names.items()}
    return {
        "urls": urls,
        "channel": template.channel,
        "may_change": may_change,
        "buttons": list(BUTTONS),
        "editor": static("vendor/codemirror/codemirror.js"),
        "standard_layout": standard_layout() if template.channel == "email" else "",
        "words": {**completions(), "slots": [field.name for field in fields("email")], "elements": sorted(TAGS)},
    }
