"""The questions that a store asks: what they may be answered with, and the rows that keep who was asked.

A question is put to a person: what a machine opens is no question, so that answered ÷ asked is a rate of people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td

from django.db.models import QuerySet

from config.lib import batch
from recovery.models import Link, SurveyAsk, SurveyKind

#: Why a cart was left, in the order in which the page offers them: the reasons that shoppers give most often in public
#: checkout studies (Baymard Institute), then comparing, then anything else.
REASONS = (
    "extra_costs", "account", "slow_delivery", "trust", "complicated", "total_unclear", "returns", "errors",
    "payment_methods", "card_declined", "later", "other",
)  # fmt: skip
#: What a number stands for in an answer by SMS or WhatsApp: fewer, so that the question fits.
TEXTED = ("extra_costs", "slow_delivery", "account", "complicated", "trust", "payment_methods", "later", "other")
#: The payload of a WhatsApp button that stands for a reason: why_later.
BUTTON = "why_"
#: The scores of each question after an order.
SCORES: Mapping[str, range] = {
    SurveyKind.CSAT: range(1, 6),
    SurveyKind.CES: range(1, 8),
    SurveyKind.NPS: range(11),
}
LONGEST_COMMENT = 500
#: An answer by text after this long may be about anything.
_OPEN_FOR = td(days=7)


@dataclass(frozen=True, slots=True)
class Answer:
    """A reason or a score, and words of their own."""

    code: str = ""
    score: int | None = None
    comment: str = ""


def read_answer(kind: str, code: str, comment: str) -> Answer | None:
    """What was posted, checked; None where it answers nothing. `code` is a reason, or a score in digits."""
    words = " ".join(comment.replace("\0", "").split())[:LONGEST_COMMENT]
    if kind == SurveyKind.WHY:
        if code in REASONS:
            return Answer(code=code, comment=words)
        return Answer(code="other", comment=words) if words and not code else None
    scores = {str(score): score for score in SCORES[kind]}
    return Answer(score=scores[code], comment=words) if code in scores else None


# -- asking


def may_ask_why(link: Link) -> bool:
    """Does the store want to know, and is there a person and a cart to ask about?"""
    erased = link.customer is not None and link.customer.erased_at is not None
    return link.store.ask_why and link.cart_id is not None and not erased


def asked_why(link: Link, *, now: datetime) -> None:
    """The question about the link's cart was shown to a person. The first time stands."""
    note_asked(link.store_id, SurveyKind.WHY, "page", now=now, customer_id=link.customer_id, cart_id=link.cart_id,
               link_id=link.pk)  # fmt: skip


def note_asked(
    store_id: int,
    kind: str,
    via: str,
    *,
    now: datetime,
    customer_id: int | None,
    cart_id: int | None = None,
    order_id: int | None = None,
    link_id: int | None = None,
) -> bool:
    """Keep that it was asked; False when it had been asked before."""
    row = {
        "store_id": store_id, "kind": str(kind), "via": via, "asked_at": now, "customer_id": customer_id,
        "cart_id": cart_id, "order_id": order_id, "link_id": link_id, "code": "", "comment": "",
    }  # fmt: skip
    return batch.insert(SurveyAsk, [row], conflict="DO NOTHING") > 0


def key_of(kind: str, cart_id: int | None, order_id: int | None) -> str:
    """By which key the notice that asks is known."""
    return f"survey:{kind}:{cart_id or ''}:{order_id or ''}"


def never_asked(key: str) -> None:
    """The notice with this key was not sent after all."""
    _, kind, cart, order = key.split(":")
    whose = {"order_id": int(order)} if order else {"cart_id": int(cart), "order": None}
    SurveyAsk.objects.filter(kind=kind, answered_at=None, **whose).delete()


def forget_asked(message_id: int, since: datetime) -> None:
    """What was shown since then turned out to be shown to a machine. An answer shows that it was not."""
    SurveyAsk.objects.filter(link__message_id=message_id, asked_at__gte=since, answered_at=None).delete()


# -- answering


def answer_why(link: Link, given: Answer, *, now: datetime) -> None:
    """Keep the answer about the link's cart; a later one takes the place of an earlier."""
    asked_why(link, now=now)
    _write(SurveyAsk.objects.filter(kind=SurveyKind.WHY, cart=link.cart, order=None), given, "page", now)


def answer_after_order(link: Link, given: Answer, *, now: datetime) -> None:
    """As `answer_why`, by the link of a question after an order."""
    _write(SurveyAsk.objects.filter(link=link), given, "page", now)


def answer_by_text(
    customer_ids: list[int], channel: str, text: str, button: str, *, since: datetime, now: datetime
) -> bool:
    """Take "3" for an answer where one of them was asked on this channel of late; False where it is none."""
    code = _texted(text, button)
    if not code:
        return False
    asked = SurveyAsk.objects.filter(
        customer_id__in=customer_ids, kind=SurveyKind.WHY, asked_at__range=(now - _OPEN_FOR, since)
    )
    if not button:  # a tapped button says what it answers, a number only says it where it was asked for
        asked = asked.filter(via=channel)
    found = asked.order_by("-asked_at").values_list("pk", flat=True).first()
    if found is not None:
        _write(SurveyAsk.objects.filter(pk=found), Answer(code=code), channel, now)
    return found is not None


def _texted(text: str, button: str) -> str:
    if button.startswith(BUTTON) and button.removeprefix(BUTTON) in REASONS:
        return button.removeprefix(BUTTON)
    said = text.strip().rstrip(".)")
    numbers = {str(number): code for number, code in enumerate(TEXTED, 1)}
    return numbers.get(said, "")


def _write(rows: QuerySet[SurveyAsk], given: Answer, via: str, now: datetime) -> None:
    rows.update(code=given.code, score=given.score, comment=given.comment, via=via, answered_at=now)


def open_question(link: Link) -> SurveyAsk | None:
    """What the link of a question after an order asks."""
    return SurveyAsk.objects.filter(link=link).select_related("order").first()
