"""From a token to its link."""

from __future__ import annotations

from recovery.links.clicks import hammered
from recovery.links.mint import token_hash
from recovery.models import Link, LinkKind

#: Whoever may say no by a link may also see where they stand.
OPT_OUT = (LinkKind.UNSUBSCRIBE,)
SETTINGS = (LinkKind.PREFERENCES, LinkKind.UNSUBSCRIBE)
#: Whoever was asked may answer: about the cart by any link of its messages, about the order by the question's own.
QUESTIONS = (*SETTINGS, LinkKind.RECOVER, LinkKind.SURVEY)


def survey_link(token: str) -> Link | None:
    """The link of any kind that answers a question, with its store, message, customer and cart."""
    links = Link.objects.filter(token_hash=token_hash(token), kind__in=QUESTIONS)
    return links.select_related("store", "message", "customer", "cart").first()


def recovery_link(token: str) -> Link | None:
    """The recovery link with its store, message and cart; `hammered` says whether its visits are no longer kept."""
    links = Link.objects.filter(token_hash=token_hash(token), kind=LinkKind.RECOVER).annotate(hammered=hammered())
    return links.select_related(
        "store", "message__discount_code", "customer", "cart__store", "cart__merged_into__store"
    ).first()


def opt_out_link(token: str, kinds: tuple[LinkKind, ...]) -> Link | None:
    """The link of one of the kinds, with its store, message and customer. Expired ones too: a no is never too late."""
    links = Link.objects.filter(token_hash=token_hash(token), kind__in=kinds)
    return links.select_related("store", "message", "customer").first()
