from __future__ import annotations

from django.db import models
from django.db.models import Q

from carts.models import Cart, Order
from config.lib.checks import in_choices
from customers.models import Customer, Store
from recovery.models.links import Link


class SurveyKind(models.TextChoices):
    WHY = "why", "Why they left"
    CSAT = "csat", "Satisfaction"
    CES = "ces", "Effort"
    NPS = "nps", "Recommendation"


class SurveyVia(models.TextChoices):
    PAGE = "page", "Our page"
    EMAIL = "email", "E-mail"
    SMS = "sms", "SMS"
    WHATSAPP = "whatsapp", "WhatsApp"


class SurveyAsk(models.Model):
    """One question put to one person about one cart or one order, and their answer: the newest where they answered
    again. What a machine opened is no question that was put. `comment` is theirs, and erased with them."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="survey_asks", db_index=False)
    kind = models.CharField(max_length=4, choices=SurveyKind)
    customer = models.ForeignKey(Customer, on_delete=models.SET_NULL, null=True, blank=True, related_name="survey_asks")
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, null=True, blank=True, related_name="survey_asks")
    order = models.ForeignKey(Order, on_delete=models.CASCADE, null=True, blank=True, related_name="survey_asks")
    link = models.ForeignKey(Link, on_delete=models.SET_NULL, null=True, related_name="survey_asks")
    via = models.CharField(max_length=10, choices=SurveyVia)  # where it was asked, or answered since
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    code = models.CharField(max_length=20, blank=True)  # one of recovery.surveys.REASONS
    score = models.PositiveSmallIntegerField(null=True, blank=True)
    comment = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            in_choices("kind", SurveyKind),
            in_choices("via", SurveyVia),
            models.UniqueConstraint(fields=["cart", "kind"], name="survey_once_a_cart", condition=Q(order=None)),
            models.UniqueConstraint(
                fields=["order", "kind"], name="survey_once_an_order", condition=Q(order__isnull=False)
            ),
        ]
        indexes = [models.Index(fields=["store", "kind", "asked_at"], name="survey_asked")]

    def __str__(self) -> str:
        return f"{self.kind} {self.asked_at:%Y-%m-%d}"


class SurveyButtons(models.Model):
    """The question by WhatsApp with its buttons, as it was made at Twilio: see recovery.bot.buttons."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    locale = models.CharField(max_length=16)
    digest = models.CharField(max_length=64)  # of the account, the text and the buttons: other words are made anew
    content_sid = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "locale"], name="survey_buttons_are_one_per_locale")]

    def __str__(self) -> str:
        return f"{self.content_sid} ({self.locale})"
