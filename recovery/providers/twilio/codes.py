"""What Twilio's error codes mean for us, and what a status callback leads to. Data and pure functions.

Source: Twilio docs, "Error and Warning Dictionary" (www.twilio.com/docs/api/errors/<code>). The same code may come with
the answer to a request or, later, with a status callback. Twilio advises against deciding on the words of an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta as td
from enum import StrEnum


class Kind(StrEnum):
    """What to do about it."""

    LATER = "later"  # nothing wrong with the message: again, after `waits`
    NUMBER = "number"  # the number cannot be reached on this channel, ever
    STOPPED = "stopped"  # the person said stop, or must not be written to on this channel
    ELSEWHERE = "elsewhere"  # this message does not get through on this channel; another channel may carry it
    MESSAGE = "message"  # our text, template or request is wrong: the same again would fail the same
    SETTINGS = "settings"  # account, sender or registration: everything would fail until a person mends it
    UNCLEAR = "unclear"  # perhaps it arrived: never again
    TOO_LATE = "too_late"  # it waited too long at Twilio


@dataclass(frozen=True, slots=True)
class Action:
    """One code. `waits` are the pauses before the second, third … try; when they are spent, it has failed."""

    code: int
    kind: Kind
    meaning: str
    waits: tuple[td, ...] = ()

    @property
    def suppress(self) -> str:
        """Why the address is never to be written to again on this channel: "" | invalid | stop."""
        return {Kind.NUMBER: "invalid", Kind.STOPPED: "stop"}.get(self.kind, "")

    @property
    def falls_back(self) -> bool:
        """Nothing arrived, for a reason that another channel does not share."""
        return self.kind in (Kind.LATER, Kind.NUMBER, Kind.ELSEWHERE, Kind.MESSAGE, Kind.SETTINGS)

    @property
    def alarms(self) -> bool:
        """A person has to look."""
        return self.kind in (Kind.MESSAGE, Kind.SETTINGS)


_MINUTES = (td(minutes=5), td(minutes=30))
_BACK_OFF = (td(seconds=4), td(seconds=16), td(seconds=64), td(seconds=256))  # Meta's 4^n s for one pair
_HALF_HOURS = (td(minutes=30), td(hours=1))
# Daily caps end at midnight, Pacific time: four tries, one of which falls within six hours after it.
_QUARTER_DAYS = (td(hours=6),) * 4
_HANDSET = (td(minutes=45), td(hours=2))  # switched off or out of reach; a third time in a row it is given up

_ACTIONS = (
    # -- the account and the request
    Action(20003, Kind.SETTINGS, "Twilio does not accept the account SID and token"),
    Action(20005, Kind.SETTINGS, "the account is not active"),
    Action(20404, Kind.SETTINGS, "there is no such account"),
    Action(20429, Kind.LATER, "too many requests at once", _BACK_OFF),
    Action(21212, Kind.SETTINGS, "the sender is no valid number"),
    Action(21603, Kind.SETTINGS, "no sender was named"),
    Action(21606, Kind.SETTINGS, "the sender is not ours or cannot send this"),
    Action(21611, Kind.LATER, "the sender's queue is full", _HALF_HOURS),
    Action(21659, Kind.SETTINGS, "the sender is no Twilio number"),
    Action(21660, Kind.SETTINGS, "the sender belongs to another account"),
    Action(21701, Kind.SETTINGS, "there is no such messaging service"),
    Action(21702, Kind.SETTINGS, "the messaging service cannot be used"),
    Action(21703, Kind.SETTINGS, "the messaging service has no sender"),
    Action(21704, Kind.SETTINGS, "the messaging service has no sender that fits"),
    Action(21705, Kind.SETTINGS, "the messaging service SID is malformed"),
    Action(21602, Kind.MESSAGE, "the text is missing"),
    Action(21604, Kind.MESSAGE, "the recipient is missing"),
    Action(21605, Kind.MESSAGE, "the text is too long"),
    Action(21609, Kind.MESSAGE, "the callback address is not valid: is PUBLIC_URL right?"),
    Action(21617, Kind.MESSAGE, "the text is longer than 1600 characters"),
    Action(21654, Kind.MESSAGE, "variables without a template"),
    Action(21655, Kind.MESSAGE, "there is no such template"),
    Action(21656, Kind.MESSAGE, "the template's variables are not valid"),
    Action(21910, Kind.MESSAGE, "sender and recipient are on different channels"),
    Action(35111, Kind.MESSAGE, "the time to send at is missing"),
    Action(35114, Kind.MESSAGE, "the time to send at is out of range"),
    Action(35115, Kind.MESSAGE, "the time to send at is out of range"),
    Action(35116, Kind.MESSAGE, "too many messages are scheduled"),
    Action(35117, Kind.MESSAGE, "this cannot be scheduled"),
    Action(35118, Kind.MESSAGE, "scheduling needs a messaging service"),
    # -- the number
    Action(21211, Kind.NUMBER, "no valid number"),
    Action(21217, Kind.NUMBER, "no valid number"),
    Action(21614, Kind.NUMBER, "no mobile number"),
    # Both depend on the sender and the country as much as on the number, so the number is not written off.
    Action(21408, Kind.MESSAGE, "the account may not send to this country"),
    Action(21612, Kind.MESSAGE, "no way from this sender to this number"),
    Action(21610, Kind.STOPPED, "the recipient opted out"),
    # -- SMS, told afterwards
    Action(30001, Kind.LATER, "the sender's queue overflowed", _HALF_HOURS),
    Action(30002, Kind.SETTINGS, "the account is suspended"),
    Action(30003, Kind.LATER, "the handset cannot be reached", _HANDSET),
    Action(30004, Kind.STOPPED, "the recipient blocks messages"),
    Action(30005, Kind.NUMBER, "unknown number"),
    Action(30006, Kind.NUMBER, "a landline, or a carrier that cannot be reached"),
    Action(30007, Kind.MESSAGE, "filtered by the carrier"),
    Action(30008, Kind.LATER, "unknown error", (td(minutes=15),)),
    Action(30017, Kind.LATER, "the carrier is congested", _MINUTES),
    Action(30022, Kind.LATER, "over the campaign's rate", _MINUTES),
    Action(30023, Kind.LATER, "over the campaign's daily cap", _QUARTER_DAYS),
    Action(30027, Kind.LATER, "over the campaign's daily cap", _QUARTER_DAYS),
    Action(30032, Kind.SETTINGS, "the toll-free number is not verified"),
    Action(30033, Kind.SETTINGS, "the campaign is suspended"),
    Action(30034, Kind.SETTINGS, "the sender is not registered"),
    Action(30035, Kind.SETTINGS, "the sender is still being set up"),
    Action(30036, Kind.TOO_LATE, "it waited longer than its validity"),
    Action(30410, Kind.UNCLEAR, "the carrier did not answer in time"),
    Action(30450, Kind.LATER, "held back as suspected SMS pumping", _HALF_HOURS),
    Action(30610, Kind.LATER, "quiet hours of the Compliance Toolkit", (td(hours=4),) * 3),
    Action(30640, Kind.STOPPED, "a known litigator"),
    # -- WhatsApp
    Action(63002, Kind.SETTINGS, "the sender is not known to WhatsApp"),
    Action(63003, Kind.NUMBER, "not a WhatsApp number"),
    Action(63005, Kind.MESSAGE, "WhatsApp did not accept the content"),
    Action(63007, Kind.SETTINGS, "the sender is no WhatsApp sender of this account"),
    Action(63008, Kind.SETTINGS, "the WhatsApp sender is set up wrongly"),
    Action(63013, Kind.MESSAGE, "against WhatsApp's policy"),
    Action(63016, Kind.MESSAGE, "free text outside the 24 hours after the person last wrote: this needs a template"),
    Action(63018, Kind.LATER, "over WhatsApp's rate", _BACK_OFF),
    Action(63021, Kind.MESSAGE, "WhatsApp did not accept the content"),
    Action(63024, Kind.NUMBER, "not a WhatsApp number"),
    Action(63028, Kind.MESSAGE, "the variables do not fit the template"),
    Action(63032, Kind.ELSEWHERE, "held back by a WhatsApp experiment"),
    Action(63033, Kind.STOPPED, "the recipient blocks this sender"),
    Action(63038, Kind.LATER, "over the account's daily limit", _QUARTER_DAYS),
    Action(63040, Kind.MESSAGE, "the template was rejected"),
    Action(63041, Kind.MESSAGE, "the template is paused"),
    Action(63042, Kind.MESSAGE, "the template is disabled"),
    # Never delivered to +1 since April 2025, and elsewhere over the person's limit of marketing: not a matter of hours.
    Action(63049, Kind.ELSEWHERE, "Meta chose not to deliver this marketing message"),
    Action(63051, Kind.SETTINGS, "the WhatsApp account is locked"),
)

#: Every code that is known, by number.
CODES = {action.code: action for action in _ACTIONS}

#: Statuses in their order. Callbacks are repeated, shuffled and late: a status only ever moves up (`moves_on`).
_RANKS = {
    "scheduled": 0,
    "accepted": 1,
    "queued": 2,
    "sending": 3,
    "sent": 4,
    "partially_delivered": 5,
    "delivered": 5,
    "undelivered": 5,
    "failed": 5,
    "canceled": 5,
    "read": 6,
}
_FAILED = ("failed", "undelivered", "canceled")
_ARRIVED = ("delivered", "read", "partially_delivered")


def rank(status: str) -> int:
    """How far along a status is; -1 for one that is unknown or belongs to incoming messages."""
    return _RANKS.get(status, -1)


def moves_on(old: str, new: str) -> bool:
    """Whether `new` is news after `old` ("" for none yet). Of two ends (delivered, failed) the first one stands."""
    return rank(new) > rank(old)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a status callback leads to. It is about one message, one address and one channel."""

    state: str  # sent | delivered | failed | unknown, in the outbox's words; "" where nothing is to be changed
    code: str = ""  # short and stable: twilio_30005
    detail: str = ""  # for a person
    suppress: str = ""  # "" | invalid | stop: never again to this address on this channel
    retry_in: td | None = None  # nothing arrived, and it is worth another try then
    falls_back: bool = False  # nothing arrived, and no try is left: the next channel may take over
    alarms: bool = False  # a person has to look
    pauses: bool = False  # nothing goes out over this sender until the settings are mended


def after_callback(status: str, code: int | None = None, *, tries: int = 1) -> Outcome:
    """What to do about a status. `tries` is how often this message has been handed over, the reported time included."""
    if status == "canceled":
        return Outcome("failed", "twilio_canceled", "cancelled at Twilio")
    if status in _FAILED:
        return _failure(CODES.get(code) if code else None, code, tries)
    if status in _ARRIVED:
        return Outcome("delivered")
    return Outcome("sent" if rank(status) >= 0 else "")


def _failure(action: Action | None, code: int | None, tries: int) -> Outcome:
    if action is None:  # new codes appear: this send has failed, and a person hears of it
        return Outcome(
            "failed", _name(code), "not delivered, for a reason we do not know", falls_back=True, alarms=True
        )
    wait = action.waits[tries - 1] if 0 < tries <= len(action.waits) else None
    return Outcome(
        "unknown" if action.kind is Kind.UNCLEAR else "failed",
        _name(code),
        action.meaning,
        suppress=action.suppress,
        retry_in=wait,
        falls_back=action.falls_back and wait is None,
        alarms=action.alarms,
        pauses=action.kind is Kind.SETTINGS,
    )


def _name(code: int | None) -> str:
    return f"twilio_{code}" if code else "twilio_failed"
