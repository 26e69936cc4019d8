"""Which language of a template a shopper gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from recovery.models import Message, TemplateText

#: What the Content API calls a template that may be sent outside the 24-hour window.
APPROVED = "approved"


#: Texts as they were last read, by id, with the transaction that wrote them. They are long, and seldom change.
_read: dict[int, tuple[str, TemplateText]] = {}
_MOST = 2_000


def texts_of(template_ids: Iterable[int]) -> dict[int, dict[str, TemplateText]]:
    """For each template, its texts by locale, as they are now. Nobody may change the instances."""
    wanted = set(template_ids)
    if not wanted:
        return {}
    rows = TemplateText.objects.filter(template_id__in=wanted).annotate(written_by=RawSQL("xmin::text", []))
    written = dict(rows.values_list("pk", "written_by"))
    stale = [pk for pk, by in written.items() if pk not in _read or _read[pk][0] != by]
    if stale:
        _read_again(rows.filter(pk__in=stale))
    found: dict[int, dict[str, TemplateText]] = {}
    for pk in written:
        if pk in _read:  # else it was deleted just now
            text = _read[pk][1]
            found.setdefault(text.template_id, {})[text.locale] = text
    return found


def _read_again(rows: QuerySet[Any]) -> None:
    if len(_read) > _MOST:
        _read.clear()
    for text in rows:
        _read[text.pk] = (text.written_by, text)


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
