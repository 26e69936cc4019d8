"""The ledger's reasons and amounts in a marketer's words. A code without words here is shown as it is."""

from __future__ import annotations

from decimal import Decimal

from config.lib.money import rounded

_REASONS = {
    # the gate, in its order
    "store_is_off": "the store is switched off",
    "erased": "the person asked to be forgotten",
    "ordered": "the shopper had ordered",
    "returned": "the shopper was back on the cart",
    "emptied": "the cart was emptied",
    "active": "the shopper was back on the cart",
    "suppressed": "the address is on the stop list",
    "no_consent": "no consent to be written to",
    "no_address": "no address for this channel",
    "condition": "a condition of the step did not hold",
    "broken_conditions": "the step's conditions cannot be read",
    "too_late": "its time had passed",
    "inbox_behind": "waiting until all webhooks are read",
    "flow_paused": "the flow is paused",
    "minimum_gap": "too soon after another message",
    "quiet_hours": "quiet hours",
    "provider_paused": "the provider is paused",
    "held_out": "held out for comparison",
    "variant_delay": "drawn to get it later",
    "replied": "the shopper had replied",
    "frequency_cap": "enough messages for now",
    "discount_budget": "the discount budget is spent",
    # entering and leaving a flow
    "test": "a test cart",
    "entered_recently": "the shopper was in this flow a short while ago",
    "stopped": "left the flow",
    "unsubscribed": "the shopper unsubscribed",
    "unsubscribe": "the shopper unsubscribed",
    "complaint": "reported as spam",
    "bounce": "the mailbox does not exist",
    "stop": "the shopper replied STOP",
    # sending
    "template_broken": "the template could not be rendered",
    "worker_died": "the worker stopped in the middle of sending",
    "provider_broke": "the provider's connection broke",
    "timeout": "the provider did not answer in time",
    "unknown": "no reason was given",
}

_MACHINES = {
    "head": "only asked for the headers",
    "prefetch": "fetched ahead by the mail program",
    "no_user_agent": "did not say what it is",
    "scanner": "a mail gateway's scanner",
    "preview": "a link preview",
    "script": "a script",
    "robot": "a robot",
    "too_soon": "sooner than anybody reads",
    "several_links": "opened every link at once",
}


def reason_in_words(code: str) -> str:
    """The reason as a marketer would say it."""
    return _REASONS.get(code) or code.replace("_", " ")


def known_reasons() -> list[tuple[str, str]]:
    """(code, words) of every reason that has words, in the order of the words."""
    return sorted(_REASONS.items(), key=lambda pair: pair[1])


def machine_in_words(code: str) -> str:
    """Why a click is taken for a machine's."""
    return _MACHINES.get(code) or code.replace("_", " ")


def money(amount: Decimal, currency: str) -> str:
    """1,234.50 EUR, with as many decimals as the currency has."""
    return f"{rounded(amount, currency):,} {currency}"
