"""The page of a question. A GET shows it, a POST with the link's token answers it, as often as they like."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from carts.models import CartState
from config.lib.logline import handed
from recovery import surveys
from recovery.links import pages
from recovery.links.lookup import survey_link
from recovery.links.machines import visitor
from recovery.links.pages import page, words_for
from recovery.models import Link, LinkKind, SurveyAsk, SurveyKind

log = logging.getLogger("cartback.survey")


@csrf_exempt  # the token is the secret, and no page of ours sets a cookie
@require_http_methods(["GET", "HEAD", "POST"])
def survey(request: HttpRequest, token: str) -> HttpResponse:
    """Why the cart was left, by any link of its messages; or the question after an order, by its own link."""
    link = survey_link(token)
    if link is None:
        return pages.unknown(request)
    now = timezone.now()
    if link.kind == LinkKind.SURVEY:
        return _after_order(request, link, token, now)
    question = why(link, token)
    if question is None:
        return _gone(link)
    if request.method == "POST":
        return _answered(request, link, SurveyKind.WHY, question, now)
    if not visitor(request, link.message.sent_at if link.message else None, now, in_demo=link.store.is_demo):
        shown(link, now=now)
    return _shown_page(link, SurveyKind.WHY, question)


def _shown_page(link: Link, kind: str, question: dict[str, Any]) -> HttpResponse:
    words = words_for(link, "survey", kind) | {"title": question["title"]}
    return page("survey", words, link.store, icon="message", why=question)


def why(link: Link, token: str, *, ordered: bool | None = None) -> dict[str, Any] | None:
    """What a page needs to put the question about the link's cart; None where it is not to be put."""
    if not surveys.may_ask_why(link):
        return None
    if ordered is None:
        ordered = link.cart is not None and link.cart.state == CartState.ORDERED
    words, labels = words_for(link, "survey", SurveyKind.WHY), words_for(link, "reasons")
    choices = [(code, labels[code]) for code in surveys.REASONS]
    return {"words": words, "title": words["after" if ordered else "title"], "choices": choices, "token": token}


def shown(link: Link, *, now: datetime) -> None:
    """The question about the link's cart was put to a person, as far as we can tell."""
    if surveys.may_ask_why(link):
        surveys.asked_why(link, now=now)


def _after_order(request: HttpRequest, link: Link, token: str, now: datetime) -> HttpResponse:
    """The scores of CSAT, CES or NPS, with the words of their ends."""
    ask: SurveyAsk | None = surveys.open_question(link)
    if ask is None or now >= link.expires_at or (link.customer and link.customer.erased_at):
        return _gone(link)
    words = words_for(link, "survey", ask.kind)
    scores = [(str(score), str(score)) for score in surveys.SCORES[ask.kind]]
    question = {"words": words, "title": words["title"], "choices": scores, "scale": True, "token": token}
    if request.method == "POST":
        return _answered(request, link, ask.kind, question, now)
    return _shown_page(link, ask.kind, question)


def _answered(request: HttpRequest, link: Link, kind: str, question: dict[str, Any], now: datetime) -> HttpResponse:
    form, words = _form(request), words_for(link, "survey", kind)
    given = surveys.read_answer(kind, form.get("answer", ""), form.get("comment", ""))
    if given is None:  # sent without a choice: asked again
        return _shown_page(link, kind, question)
    save = surveys.answer_why if kind == SurveyKind.WHY else surveys.answer_after_order
    save(link, given, now=now)
    handed(log, "survey", link=link.pk, kind=kind, answer=given.code or given.score)
    thanks = words | {"title": words["thanks"], "text": words["again"]}
    return page("notice", thanks, link.store, icon="done")


def _gone(link: Link) -> HttpResponse:
    words = words_for(link, "survey", SurveyKind.WHY)
    text = words_for(link, "unknown")["title"]
    return page("notice", words | {"title": words["gone"], "text": text}, link.store, 410, icon="clock")


def _form(request: HttpRequest) -> QueryDict:
    """What was posted; empty when it cannot be read, which answers nothing."""
    try:
        return request.POST
    except (MultiPartParserError, SuspiciousOperation, UnreadablePostError):
        return QueryDict()
