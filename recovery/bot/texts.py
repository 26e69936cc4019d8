"""The bot's few fixed sentences, one file for each language in templates/bot/texts."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from customers.models import Channel, Customer, Store
from recovery.channels import liquid
from recovery.channels.context import one_line
from recovery.channels.segments import fold
from recovery.channels.texts import closest_locale

FOLDER = Path(__file__).resolve().parents[2] / "templates" / "bot" / "texts"

PURPOSES = ("confirm", "confirmed", "stopped", "started", "help")


def sentence(purpose: str, store: Store, customer: Customer | None, channel: str) -> str:
    """What to say for one of PURPOSES, in the person's language, else the store's. An SMS is kept cheap."""
    locale = closest_locale(customer.locale if customer else "", store.locale)
    facts = {"name": one_line(store.name), "support": one_line(store.support_contact) or None}
    text = liquid.render(_words(locale)[purpose], {"store": facts, "locale": locale}, html=False)
    return fold(text, locale) if channel == Channel.SMS and store.sms_fold else text


@cache
def _words(locale: str) -> Mapping[str, str]:
    return MappingProxyType(tomllib.loads((FOLDER / f"{locale}.toml").read_text("utf-8")))
