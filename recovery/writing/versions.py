"""Drafts, published versions, and the way back. Messages are made of what is published, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from recovery.channels.email import compile_texts
from recovery.channels.lint import Finding
from recovery.channels.sms import SmsTexts, compile_sms
from recovery.channels.texts import Texts
from recovery.channels.whatsapp import WhatsAppTexts, compile_whatsapp
from recovery.models import MessageTemplate, TemplateText, TemplateVersion
from recovery.outbox.sample import sample
from recovery.writing.fields import FIELDS, AnyTexts, fields_of, texts_of
from recovery.writing.look import look

_KEPT_APPROVALS = 10

Written = dict[str, dict[str, str]]  # {locale: {field: text}}


@dataclass(frozen=True, slots=True)
class Trouble:
    """A finding in one language."""

    locale: str
    finding: Finding

    def __str__(self) -> str:
        return f"{self.locale}: {self.finding}" if self.locale else str(self.finding)


class CannotPublish(ValueError):
    """The draft would not be fit to be sent."""

    def __init__(self, troubles: list[Trouble]) -> None:
        super().__init__(" ".join(map(str, troubles)))
        self.troubles = troubles


class ChangedMeanwhile(Exception):
    """Somebody else has saved or published since the page was opened. Holds their name, which may be ""."""


def current(template: MessageTemplate) -> TemplateVersion:
    """What a marketer goes on with: the draft, else what is published, else an empty draft that is not kept yet."""
    return template.versions.order_by("-number").first() or TemplateVersion(template=template, number=1)


def live(template: MessageTemplate) -> TemplateVersion | None:
    """What is published."""
    return template.versions.exclude(published_at=None).order_by("-number").first()


def mark_of(version: TemplateVersion) -> str:
    """Changes whenever the version does: a page that was opened with another mark is out of date."""
    return f"{version.number}.{version.edited_at:%Y%m%d%H%M%S%f}" if version.pk else "0"


def save_draft(
    template: MessageTemplate, texts: Written, layout: str, *, now: datetime, author: str = "", mark: str = ""
) -> TemplateVersion:
    """Keep what was written as the draft. What is no change to the published version leaves no draft behind.

    `mark` is that of the version which the page was opened with; "" overwrites. Raises ChangedMeanwhile."""
    with transaction.atomic():
        _lock(template)
        before = current(template)
        if mark and mark != mark_of(before):
            raise ChangedMeanwhile(before.author)
        texts = _plain(template.channel, texts)
        published = live(template)
        if published and (published.texts, published.layout) == (texts, layout):
            template.versions.filter(published_at=None).delete()
            return published
        draft = before if before.pk and before.published_at is None else None
        if draft is None:
            number = before.number + 1 if before.pk else 1
            draft = TemplateVersion(template=template, number=number)
        draft.texts, draft.layout, draft.edited_at, draft.author = texts, layout, now, author
        draft.save()
        return draft


def discard_draft(template: MessageTemplate) -> bool:
    """Back to what is published; False where there is nothing to go back to."""
    if live(template) is None:
        return False
    return bool(template.versions.filter(published_at=None).delete()[0])


def restore(version: TemplateVersion, *, now: datetime, author: str = "") -> TemplateVersion:
    """An earlier version as the draft, in place of what the draft was."""
    return save_draft(version.template, version.texts, version.layout, now=now, author=author)


def troubles(version: TemplateVersion) -> list[Trouble]:
    """What is wrong with a version in each of its languages, tried with a made-up cart."""
    store, channel = version.template.store, version.template.channel
    found = []
    for locale, written in sorted(version.texts.items()):
        seen = look(store, texts_of(channel, locale, written), version.layout, sample(store))
        found += [Trouble(locale, finding) for finding in seen.findings]
    return _each_once(found)


def publish(template: MessageTemplate, *, now: datetime, author: str = "") -> TemplateVersion:
    """Make the draft what is sent from now on. Raises CannotPublish, and then nothing has changed."""
    with transaction.atomic():
        _lock(template)
        draft = template.versions.filter(published_at=None).first()
        if draft is None:
            raise CannotPublish([Trouble("", Finding("There is no draft to publish."))])
        if not draft.texts:
            raise CannotPublish([Trouble("", Finding("Write it in one language at least."))])
        errors = [trouble for trouble in troubles(draft) if trouble.finding.fatal]
        if errors:
            raise CannotPublish(errors)
        _put_live(draft, now)
        draft.published_at, draft.author = now, author or draft.author
        draft.save(update_fields=["published_at", "author"])
        return draft


def publish_texts(template: MessageTemplate, texts: Iterable[AnyTexts], *, now: datetime) -> TemplateVersion:
    """Publish texts as they are, besides the languages that are live already. Raises TemplateBroken.

    For texts that come with us; what a marketer writes goes through `save_draft` and `publish`."""
    with transaction.atomic():
        _lock(template)
        before = live(template)
        written = _plain(template.channel, {one.locale: fields_of(one) for one in texts})
        template.versions.filter(published_at=None).delete()
        version = TemplateVersion(
            template=template,
            number=before.number + 1 if before else 1,
            texts={**(before.texts if before else {}), **written},
            layout=before.layout if before else "",
            edited_at=now,
            published_at=now,
        )
        version.save()
        _put_live(version, now)
        return version


def _lock(template: MessageTemplate) -> None:
    MessageTemplate.objects.select_for_update().get(pk=template.pk)


def _plain(channel: str, texts: Mapping[str, Mapping[str, str]]) -> Written:
    """Only the channel's own fields, with one kind of line end."""
    names = FIELDS[channel]
    return {
        locale: {name: str(written.get(name, "")).replace("\r\n", "\n").strip() for name in names}
        for locale, written in texts.items()
    }


def _put_live(version: TemplateVersion, now: datetime) -> None:
    template = version.template
    before = {text.locale: text for text in template.texts.all()}
    for locale, written in version.texts.items():
        texts = texts_of(template.channel, locale, written)
        columns = _columns(texts, version.layout, before.get(locale))
        TemplateText.objects.update_or_create(template=template, locale=locale, defaults={**columns, "updated_at": now})
    template.texts.exclude(locale__in=version.texts).delete()


def _columns(texts: AnyTexts, layout: str, before: TemplateText | None) -> dict[str, Any]:
    """What sending needs of the text. Raises TemplateBroken."""
    if isinstance(texts, Texts):
        compiled = compile_texts(texts, layout)
        return {**fields_of(texts), "compiled_html": compiled.html, "compiled_text": compiled.text}
    if isinstance(texts, SmsTexts):
        return {"body": texts.body, "compiled_text": compile_sms(texts).body}
    return _whatsapp_columns(texts, before)


def _whatsapp_columns(texts: WhatsAppTexts, before: TemplateText | None) -> dict[str, Any]:
    """Words that changed have to be approved anew, for Meta approved others; words that come back need not."""
    buttons = [{"id": button.id, "title": button.title} for button in texts.buttons]
    written = {"body": texts.body, "buttons": buttons, "compiled_text": compile_whatsapp(texts).body}
    if before and (before.body, before.buttons) == (texts.body, buttons):
        return written
    known = list(before.earlier) if before else []
    if before and before.content_sid:
        names = ("body", "buttons", "content_sid", "approval", "rejection_reason")
        known.insert(0, {name: getattr(before, name) for name in names})
    again: dict[str, Any] = next((one for one in known if (one["body"], one["buttons"]) == (texts.body, buttons)), {})
    standing: dict[str, Any] = {name: again.get(name, "") for name in ("content_sid", "approval", "rejection_reason")}
    standing |= {"approval_since": None, "ask_again_at": None}  # Meta may have changed its mind meanwhile: ask at once
    return {**written, **standing, "earlier": [one for one in known if one is not again][:_KEPT_APPROVALS]}


def _each_once(found: list[Trouble]) -> list[Trouble]:
    """What is wrong with the layout is wrong in every language, and is said once."""
    said: dict[tuple[str, Finding], Trouble] = {}
    for trouble in found:
        shared = trouble.finding.field in ("layout", "")
        said.setdefault(("" if shared else trouble.locale, trouble.finding), trouble)
    return [Trouble(locale, trouble.finding) for (locale, _), trouble in said.items()]
