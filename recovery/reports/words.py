"""The ledger's reasons and amounts in a marketer's words. A code without words here is shown as it is."""

from __future__ import annotations

import re
from decimal import Decimal

from config.lib.money import rounded
from customers.models.suppression import SuppressionReason
from recovery.providers.twilio.codes import CODES

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
    "waiting_for_code": "waiting for the shop to make its code",
    "offer_off": "the offer is switched off",
    "audience": "the offer is for other shoppers",
    "had_a_code": "the shopper had a code a short while ago",
    "has_a_code": "the shopper has another code",
    "fishing": "the shopper leaves carts to be given codes",
    "other_currency": "the offer is in another currency",
    "cart_too_small": "the cart is worth too little for the offer",
    "no_item": "nothing in the cart takes part in the offer",
    "margin": "too little would be left after the discount",
    "pool_empty": "no code was left in the pool",
    "no_store_api": "the shop's API cannot be asked for codes",
    "shop_too_slow": "the shop did not make the code in time",
    "shop_failed": "the shop failed to make the code",
    "shop_refused": "the shop refused to make the code",
    "shop_denied": "the shop denied access to its API",
    "shop_busy": "the shop is busy",
    "shop_unreachable": "the shop cannot be reached",
    "code_taken": "the shop has another code of this name",
    "bought_without": "the shopper bought without it",
    "never_sent": "no message took it along",
    "again": "told before, and still valid",
    "discount_budget": "the discount budget is spent",
    "not_confirmed": "asked to confirm the yes to messages, and has not yet",
    "rate_limit": "the sender may not be any faster",
    "never_open": "no hour of the day is allowed there",
    "whatsapp_not_offered": "WhatsApp carries no marketing to this number",
    "template_not_approved": "Meta has not approved the WhatsApp text",
    "us_second_sms": "US carriers allow one SMS for a cart",
    "us_too_late": "US carriers allow an SMS within 48 hours of leaving the cart only",
    "to email": "by e-mail instead",
    "to sms": "by SMS instead",
    "to whatsapp": "by WhatsApp instead",
    # entering and leaving a flow
    "test": "a test cart",
    "entered_recently": "the shopper was in this flow a short while ago",
    "stopped": "left the flow",
    "unsubscribed": "the shopper unsubscribed",
    "unsubscribe": "the shopper unsubscribed",
    "complaint": "reported as spam",
    "bounce": "the mailbox does not exist",
    "stop": "the shopper replied STOP",
    "by_hand": "somebody of the store did it",
    # sending
    "template_broken": "the template could not be rendered",
    "worker_died": "the worker stopped in the middle of sending",
    "provider_broke": "the provider's connection broke",
    "timeout": "the provider did not answer in time",
    "no_reply": "the provider did not answer",
    "no_connection": "the provider could not be reached",
    "connection_lost": "the connection to the provider was lost",
    "garbled_reply": "the provider's answer could not be read",
    "told_later": "its answer was lost, and it told us later",
    "refused": "the provider does not write to this address",
    "invalid_address": "not an address that mail can be sent to",
    "invalid_message": "the message holds something that cannot be sent",
    "unsupported": "the mail service cannot send this",
    "cancelled": "cancelled before it was sent",
    "no_sender": "no sender is set up for this channel",
    "unknown_host": "not an address of the provider",
    "twilio_settings": "Twilio's settings are not complete",
    "twilio_api_url": "TWILIO_API_URL is no address",
    "esp_settings": "the mail service's settings are wrong",
    "smtp_settings": "the mail server's settings are wrong",
    "mail_settings": "the mail settings are wrong",
    "certificate": "the mail server's certificate does not fit",
    "not_supported": "the mail server cannot do what is asked",
    "unsealable": "the store's secrets cannot be opened: was SECRET_KEY changed?",
    "no_longer_asked": "nobody waits for it any more",
    # told by callbacks
    "bounced": "the mailbox does not exist",
    "bounced_invalid": "the mailbox does not exist",
    "bounced_blocked": "the mail server turned it away",
    "bounced_spam": "the mail server took it for spam",
    "bounced_timed_out": "the mail server could not be reached",
    "bounced_other": "the mail came back",
    "rejected": "the mail service did not send it",
    "rejected_invalid": "the mail service does not write to this address",
    "rejected_bounced": "the address bounced before",
    "rejected_spam": "the address reported spam before",
    "rejected_unsubscribed": "the address unsubscribed at the mail service",
    "rejected_blocked": "the mail service blocks this address",
    "rejected_timed_out": "the mail service could not deliver it in time",
    "rejected_other": "the mail service did not send it",
    "failed": "the mail service failed to send it",
    "twilio_canceled": "cancelled at Twilio",
    "twilio_failed": "Twilio could not deliver it",
    "unknown": "no reason was given",
}

_NUMBERED = {
    "twilio": "Twilio said {}",
    "smtp": "the mail server said {}",
    "http": "the mail service said {}",
    "postmark": "Postmark said {}",
}

_CHANNELS = {"email": "e-mail", "sms": "SMS", "whatsapp": "WhatsApp"}
_DETOUR = re.compile(r"(email|sms|whatsapp)( failed)?: (\w+)")

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
    return _REASONS.get(code) or _by_number(code) or code.replace("_", " ")


def detail_in_words(detail: str) -> str:
    """The ledger's detail: where it names channels with their reasons ("whatsapp: no_consent; sms: no_address") or
    the reason of a stop, in words; anything else as it is."""
    return "; ".join(_part_in_words(part) for part in detail.split("; ")) if detail else ""


def _part_in_words(part: str) -> str:
    found = _DETOUR.fullmatch(part)
    if found:
        channel, failed, code = found.groups()
        how = f"{_CHANNELS[channel]} failed" if failed else f"not by {_CHANNELS[channel]}"
        return f"{how}: {reason_in_words(code)}"
    if part in SuppressionReason.values:
        label = str(SuppressionReason(part).label)
        return f"{label[0].lower()}{label[1:]}"
    return part


def _by_number(code: str) -> str:
    """twilio_30005, smtp_451 and http_503: the number stays, for whoever looks it up."""
    who, _, number = code.partition("_")
    if not (number.isascii() and number.isdigit() and len(number) < 6):
        return ""
    known = CODES.get(int(number)) if who == "twilio" else None
    return f"{known.meaning} (Twilio {number})" if known else _NUMBERED.get(who, "").format(number)


def known_reasons() -> list[tuple[str, str]]:
    """(code, words) of every reason that has words, in the order of the words."""
    return sorted(_REASONS.items(), key=lambda pair: pair[1])


def machine_in_words(code: str) -> str:
    """Why a click is taken for a machine's."""
    return _MACHINES.get(code) or code.replace("_", " ")


#: The reasons of recovery.surveys.REASONS.
_ANSWERS = {
    "extra_costs": "Extra costs too high (shipping, tax, fees)",
    "account": "Had to create an account",
    "slow_delivery": "Delivery too slow",
    "trust": "Did not trust the site with card details",
    "complicated": "Checkout too long or complicated",
    "total_unclear": "Could not see the total beforehand",
    "returns": "Returns policy",
    "errors": "Errors or crashes",
    "payment_methods": "Payment method missing",
    "card_declined": "Card declined",
    "later": "Just comparing, or saving for later",
    "other": "Something else",
}


def answer_in_words(code: str) -> str:
    """A survey's reason, short."""
    return _ANSWERS.get(code, code)


def money(amount: Decimal, currency: str) -> str:
    """1,234.50 EUR, with as many decimals as the currency has."""
    return f"{rounded(amount, currency):,} {currency}"


def in_months(months: int) -> str:
    """18 months; beyond ten years nobody counts them."""
    return "over 10 years" if months > 120 else f"{months} month{'' if months == 1 else 's'}"
