"""What law and carriers ask besides the hour: whose consent is enough, how many messages, and which flows can never
send. Sentences are for the person who saves a flow. No legal advice: see quiet_hours.toml."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td

from recovery.policy.hours import Window, ever_open
from recovery.policy.zones import phone_country

GRANTED, SOFT = "granted", "soft"

_EEA = """AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK""".split()
#: Where an unfinished checkout is not enough for e-mail. EEA: Directive 2002/58/EC art. 13(2) knows the soft opt-in
#: only "in the context of the sale" (in Germany UWG s. 7(3); the Hesse authority's report for 2024 calls cart mails
#: without consent unlawful). Switzerland: UCA art. 3(1)(o), likewise. Canada: CASL, where an inquiry may do, or not.
CONSENT_ONLY = frozenset((*_EEA, "CH", "CA", "GF", "GP", "MQ", "RE", "YT", "AX"))
#: Numbers that carriers of the United States serve.
US_CARRIERS = frozenset(("US", "PR", "VI", "GU", "MP", "AS"))

#: US carriers let a shop remind once of each abandoned cart, within this time (T-Mobile Code of Conduct; toll-free
#: verification). Practice of carriers, not a statute: they filter what does not keep to it.
US_SMS_WITHIN = td(hours=48)


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many messages in any stretch of time so long."""

    most: int
    within: td


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a flow. `delay` counts from abandonment; `countries` () means all."""

    number: int
    channel: str
    delay: td
    late_after: td
    countries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What a store brings along. Where it ships to is nowhere written down: perhaps everywhere."""

    channels: frozenset[str]  # those with a sender set up
    minimum_gap: td = td(0)
    window: Window | None = None
    double_opt_in: bool = False  # whether a yes to SMS counts only once it was confirmed by SMS


@dataclass(frozen=True, slots=True)
class Problem:
    """An error when nobody could ever lawfully get the step, else a warning that some never will."""

    step: int
    error: bool
    text: str

    def __str__(self) -> str:
        return self.text


def needs(channel: str, country: str = "") -> str:
    """What the person must have said: "granted", or "soft" where having begun a checkout under a notice may do.

    Only ever e-mail is soft. The United States regulate by opting out (CAN-SPAM), and the UK's soft opt-in covers
    "negotiations for the sale" (PECR reg. 22); of other countries, and an unknown one, nothing stricter is known here,
    and the store's own policy, which asks for a yes unless it was changed, decides.
    """
    return GRANTED if channel != "email" or country.upper() in CONSENT_ONLY else SOFT


def of_us_carriers(country: str, phone: str) -> bool:
    """Whether carriers of the United States may be asked to bring an SMS: to a number of theirs, wherever its owner
    lives, and to an address of theirs, for some +1 numbers do not tell their country."""
    return not US_CARRIERS.isdisjoint((country, phone_country(phone)))


def us_sms_allows(earlier_sms_for_cart: Sequence[datetime], abandoned_at: datetime, at: datetime) -> str:
    """Why US carriers would mind this SMS: "" (they do not) | us_second_sms | us_too_late."""
    if earlier_sms_for_cart:
        return "us_second_sms"
    return "us_too_late" if at - abandoned_at > US_SMS_WITHIN else ""


#: Fla. Stat. 501.616(6)(b), Okla. Stat. tit. 15 s. 775C, Maryland SB 90: no more on one subject in 24 hours.
_STATE_CAP = Cap(3, td(hours=24))


def law_caps(channel: str, country: str, region: str) -> tuple[Cap, ...]:
    """Caps that a law sets. With the state unknown, the strictest."""
    capped = channel == "sms" and country.upper() == "US" and region.upper() in ("", "FL", "OK", "MD")
    return (_STATE_CAP,) if capped else ()


def next_free(sent: Iterable[datetime], now: datetime, *caps: Cap) -> datetime | None:
    """None when one more message keeps to every cap now, else the first moment when it will. A cap of 0 is none."""
    times = sorted(sent)
    free = [_free(times, now, cap) for cap in caps if cap.most > 0]
    return max([moment for moment in free if moment], default=None)


def _free(times: Sequence[datetime], now: datetime, cap: Cap) -> datetime | None:
    """A message leaves the stretch exactly `within` after it was sent."""
    counted = [time for time in times if time > now - cap.within]
    return counted[-cap.most] + cap.within if len(counted) >= cap.most else None


def can_ever_send(steps: Sequence[Step], store: StoreFacts) -> list[Problem]:
    """What is wrong with a flow before anybody is in it, in sentences, in the order of its steps."""
    problems: list[Problem] = []
    for step in steps:
        earlier = [other for other in steps if other.number < step.number]
        problems += _no_sender(step, store)
        problems += _us_sms(step, earlier)
        problems += _unconfirmed(step, earlier, store)
        problems += _us_whatsapp(step)
        problems += _no_hours(step, store)
        problems += _no_gap(step, earlier, store)
    return problems


def _no_sender(step: Step, store: StoreFacts) -> list[Problem]:
    if step.channel in store.channels:
        return []
    return [Problem(step.number, True, f"Step {step.number} goes by {_NAMES[step.channel]}, which is not set up.")]


def _us_sms(step: Step, earlier: Sequence[Step]) -> list[Problem]:
    reached, only = _reaches(step, US_CARRIERS)
    if step.channel != "sms" or not reached:
        return []
    before = next((other for other in earlier if other.channel == "sms" and _meets(step, other)), None)
    if step.delay > US_SMS_WITHIN:
        why = f"goes by SMS {_hours(step.delay)} after abandonment"
    elif before:
        why = f"is a second SMS, after step {before.number}"
    else:
        return []
    consequence = "nobody would ever get it" if only else "US shoppers would never get it"
    text = f"Step {step.number} {why}: US carriers allow one SMS per cart, within 48 h, so {consequence}."
    return [Problem(step.number, only, text)]


def _unconfirmed(step: Step, earlier: Sequence[Step], store: StoreFacts) -> list[Problem]:
    """Said of the first SMS of a flow only."""
    reached, _ = _reaches(step, US_CARRIERS)
    if step.channel != "sms" or not reached or store.double_opt_in or any(other.channel == "sms" for other in earlier):
        return []
    text = (
        f"Step {step.number} goes by SMS: US carriers want the yes to cart reminders confirmed by SMS (double opt-in)."
    )
    return [Problem(step.number, False, text)]


def _us_whatsapp(step: Step) -> list[Problem]:
    reached, only = _reaches(step, US_CARRIERS)
    if step.channel != "whatsapp" or not reached:
        return []
    who = "nobody would ever get it" if only else "US shoppers would never get it"
    why = "WhatsApp delivers no marketing to US numbers"
    return [Problem(step.number, only, f"Step {step.number} goes by WhatsApp: {why}, so {who}.")]


def _no_hours(step: Step, store: StoreFacts) -> list[Problem]:
    """Hours are tried with one country each, and with the house rule for all the others."""
    tried = step.countries or ("", "US", "FR")
    closed = [country for country in tried if not ever_open(country, "", step.channel, store.window)]
    if not closed:
        return []
    only = len(closed) == len(tried)
    where = "" if only else f" in {', '.join(country or 'most countries' for country in closed)}"
    text = (
        f"Step {step.number}: the store's hours lie outside those that are allowed for {_NAMES[step.channel]}{where}."
    )
    return [Problem(step.number, only, text)]


def _no_gap(step: Step, earlier: Sequence[Step], store: StoreFacts) -> list[Problem]:
    """Sent only when the step before it was not: by the end of the gap it would be too late for this one."""
    if not earlier:
        return []
    before = max(earlier, key=lambda other: other.delay)
    if before.delay + store.minimum_gap <= step.delay + step.late_after:
        return []
    why = f"step {before.number} and the gap of {_hours(store.minimum_gap)} between messages leave no time for it"
    return [Problem(step.number, False, f"Step {step.number}: {why}; who gets that one never gets this one.")]


def _reaches(step: Step, countries: frozenset[str]) -> tuple[bool, bool]:
    """Whether the step goes to any of the countries, and whether it goes nowhere else."""
    goes_to = frozenset(step.countries)
    return (not goes_to or bool(goes_to & countries), bool(goes_to) and goes_to <= countries)


def _meets(step: Step, other: Step) -> bool:
    """Whether one US shopper may get both."""
    both = [frozenset(each.countries) or US_CARRIERS for each in (step, other)]
    return bool(both[0] & both[1] & US_CARRIERS)


def _hours(length: td) -> str:
    return f"{length / td(hours=1):g} h"


_NAMES = {"email": "e-mail", "sms": "SMS", "whatsapp": "WhatsApp"}
