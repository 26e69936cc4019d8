from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.lib.checks import in_choices
from customers.models import Channel, Store


class MessageTemplate(models.Model):
    """A message that a marketer wrote, in as many languages as they like."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="templates")
    name = models.CharField(max_length=100)
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.EMAIL)

    class Meta:
        verbose_name = "template"
        ordering = ["name"]
        constraints = [
            in_choices("channel", Channel),
            models.UniqueConstraint(fields=["store", "name"], name="template_name_is_one"),
        ]

    def __str__(self) -> str:
        return self.name


class TemplateVersion(models.Model):
    """A template as it was written at one time, in every language. A published one never changes (a trigger keeps it);
    the one that is not published is the draft, and no message is ever made of it."""

    template = models.ForeignKey(MessageTemplate, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    texts = models.JSONField(default=dict)  # {locale: {field: text}}, see recovery.writing.fields
    layout = models.TextField(blank=True)  # MJML or HTML of their own; "": the layout that comes with us
    edited_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True, blank=True)
    # A name and no foreign key: a published version outlives the account of who published it.
    author = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="template_version_is_one"),
            models.UniqueConstraint(fields=["template"], condition=Q(published_at=None), name="template_has_one_draft"),
        ]

    def __str__(self) -> str:
        return f"{self.template} v{self.number}"


class TemplateText(models.Model):
    """One language of a template as it is live: what the newest published version says, and what it was compiled to.

    Sending reads these rows and nothing else, so that a draft cannot leak and a version costs a send nothing.
    """

    template = models.ForeignKey(MessageTemplate, on_delete=models.CASCADE, related_name="texts")
    locale = models.CharField(max_length=16)
    subject = models.CharField(max_length=300)
    preheader = models.CharField(max_length=300, blank=True)
    headline = models.CharField(max_length=300, blank=True)
    body = models.TextField(max_length=10_000)
    button = models.CharField(max_length=100, blank=True)
    offer = models.CharField(max_length=300, blank=True)
    closing = models.TextField(max_length=2_000, blank=True)
    # WhatsApp only: the template as the Content API knows it, and what Meta said of it.
    buttons = models.JSONField(default=list, blank=True)  # up to three quick replies
    content_sid = models.CharField(max_length=40, blank=True, editable=False)
    approval = models.CharField(max_length=20, blank=True, editable=False)
    rejection_reason = models.CharField(max_length=300, blank=True, editable=False)
    approval_since = models.DateTimeField(null=True, editable=False)
    ask_again_at = models.DateTimeField(null=True, editable=False)  # how it stands; empty: as soon as may be
    # Earlier words that were submitted, newest first, so that who restores them need not ask Meta again.
    earlier: models.JSONField[Any, Any] = models.JSONField(default=list, editable=False)
    compiled_html = models.TextField(editable=False)
    compiled_text = models.TextField(editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "language"
        constraints = [models.UniqueConstraint(fields=["template", "locale"], name="template_text_is_one_per_locale")]

    def __str__(self) -> str:
        return f"{self.template} ({self.locale})"
