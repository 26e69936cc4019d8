"""The question why a cart was left, as WhatsApp shows it: its numbers, and below them buttons to tap.

A message with buttons has to be made at Twilio first (Twilio docs: Content API, twilio/quick-reply). It needs no word
of Meta, for it only goes to who wrote within 24 hours; of its buttons a shopper then sees three. So the three stand for
the two reasons that are given most often and for anything else, and whoever means another one types its number.
"""

from __future__ import annotations

import hashlib
import logging

from config.lib.sealing import Unsealable
from customers.models import Channel, Store
from recovery.channels.whatsapp import QuickReply, button_problems
from recovery.links.words import page_words
from recovery.models import SurveyButtons
from recovery.outbox.carriers import carrier_for
from recovery.providers.base import SendError
from recovery.providers.twilio import content
from recovery.providers.twilio.provider import TwilioProvider
from recovery.surveys import BUTTON

log = logging.getLogger("cartback.survey")

_TAPPED = ("extra_costs", "later", "other")


def content_sid_for(store: Store, locale: str, text: str) -> str:
    """Twilio's id of the question with its buttons, made once for the same words and account.

    "" where numbers must do: the store's WhatsApp is not Twilio's, or Twilio would not make it.
    """
    try:
        provider = carrier_for(store, Channel.WHATSAPP).provider
        if not isinstance(provider, TwilioProvider) or "{{" in text:
            return ""
        buttons = _buttons(locale)
        digest = _digest(provider.client.account_sid or "", text, buttons)
        known = SurveyButtons.objects.filter(store=store, locale=locale, digest=digest).first()
        return known.content_sid if known else _made(provider, store, locale, text, buttons, digest)
    except (SendError, Unsealable) as error:
        log.warning("the buttons of the question were not made store=%s: %s", store.pk, error)
        return ""


def _buttons(locale: str) -> list[QuickReply]:
    words = page_words("survey_buttons", locale)
    return [QuickReply(f"{BUTTON}{reason}", words[reason]) for reason in _TAPPED]


def _digest(account: str, text: str, buttons: list[QuickReply]) -> str:
    return hashlib.sha256(repr((account, text, buttons)).encode()).hexdigest()


def _made(
    provider: TwilioProvider, store: Store, locale: str, text: str, buttons: list[QuickReply], digest: str
) -> str:
    assert not button_problems(buttons)
    replies = [content.QuickReply(one.title, one.id) for one in buttons]
    name = f"cartback_survey_{digest[:12]}"
    sid = content.create(provider.client, content.Draft(name, locale.replace("-", "_"), text, {}, replies))
    SurveyButtons.objects.update_or_create(store=store, locale=locale, defaults={"digest": digest, "content_sid": sid})
    return sid
