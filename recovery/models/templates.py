from __future__ import annotations

from django.db import models
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


class TemplateText(models.Model):
    """One language of a template: what the marketer wrote in Liquid, and what it compiled to when saved."""

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
    compiled_html = models.TextField(editable=False)
    compiled_text = models.TextField(editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "language"
        constraints = [models.UniqueConstraint(fields=["template", "locale"], name="template_text_is_one_per_locale")]

    def __str__(self) -> str:
        return f"{self.template} ({self.locale})"
