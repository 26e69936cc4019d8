"""Which language of a template a shopper gets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from recovery.models import Message, TemplateText

#: What the Content API calls a template that may be sent outside the 24-hour window.
APPROVED = "approved"
#: Made at Twilio and not refused by Meta: within the window it needs no approval, and only a template has buttons.
FIT_FOR_SESSIONS = (APPROVED, "unsubmitted", "received", "pending")


def texts_of(template_ids: Iterable[int]) -> dict[int, dict[str, TemplateText]]:
    """For each template, its texts by locale."""
    found: dict[int, dict[str, TemplateText]] = {}
    for text in TemplateText.objects.filter(template_id__in=set(template_ids)):
        found.setdefault(text.template_id, {})[text.locale] = text
    return found


def choose(texts: Mapping[str, TemplateText], message: Message) -> TemplateText | None:
    """The text in the shopper's language: the cart's, the customer's, the store's, English, else the first there is."""
    locale = pick(texts.keys(), message.cart.locale, message.customer.locale, message.store.locale)
    return texts[locale] if locale else None


def pick(locales: Collection[str], *wanted: str) -> str:
    """The first of the wanted languages that is there, by region and then by language, then English, else the first
    there is; "" where there is none."""
    for tag in (*wanted, "en"):
        for locale in widening(tag):
            if locale in locales:
                return locale
    return min(locales, default="")


def widening(tag: str) -> list[str]:
    """A language tag and its plainer forms: "nn-NO" is nn-NO, nn, and nb, which its readers read."""
    tag = tag.replace("_", "-")
    language = tag.split("-")[0].lower()
    return [tag, language, *({"no": ["nb"], "nn": ["nb"]}.get(language, []))]
