"""Which language of a template a shopper gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from recovery.models import Message, TemplateText

#: What the Content API calls a template that may be sent outside the 24-hour window.
APPROVED = "approved"


def texts_of(template_ids: Iterable[int]) -> dict[int, dict[str, TemplateText]]:
    """For each template, its texts by locale."""
    found: dict[int, dict[str, TemplateText]] = {}
    for text in TemplateText.objects.filter(template_id__in=set(template_ids)):
        found.setdefault(text.template_id, {})[text.locale] = text
    return found


def choose(texts: Mapping[str, TemplateText], message: Message) -> TemplateText | None:
    """The text in the shopper's language: the cart's, the customer's, the store's, English, else the first there is."""
    for tag in (message.cart.locale, message.customer.locale, message.store.locale, "en"):
        for locale in _widening(tag):
            if locale in texts:
                return texts[locale]
    return texts[min(texts)] if texts else None


def _widening(tag: str) -> list[str]:
    """A language tag and its plainer forms: "nn-NO" is nn-NO, nn, and nb, which its readers read."""
    tag = tag.replace("_", "-")
    language = tag.split("-")[0].lower()
    return [tag, language, *({"no": ["nb"], "nn": ["nb"]}.get(language, []))]
