"""What Twilio's answer to a request means, in our terms."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from recovery.providers.base import Ambiguous, Misconfigured, Permanent, SendError, Transient
from recovery.providers.twilio.codes import CODES, Action, Kind

_LONGEST_DETAIL = 300
_LONGEST_WAIT = 86_400.0
# These answers are about the account or the address, whatever the message says.
_ABOUT_SETTINGS = (401, 402, 403, 404, 405, 407)
_DIGITS = re.compile(r"\+?\d{7,}")


def refusal(status: int, body: str, headers: Mapping[str, str], *, reading: bool = False) -> SendError:
    """The error for an answer that is not 2xx. `reading`: nothing was to be changed, so a repeat is harmless.

    A 429 was never processed, says Twilio, so it may always be repeated. A 5xx may have been: POST is not idempotent
    (Twilio docs, error 20500). Unknown codes below 500 are taken as final for this one message.
    """
    code, words = _problem(body)
    name, detail = f"twilio_{code or status}", _shown(words)
    action = CODES.get(code)
    if status == 429 or (status >= 500 and reading):
        return Transient(name, detail, retry_after=_retry_after(headers) or _first_wait(action))
    if status >= 500 or status == 408:
        return Ambiguous(name, detail)
    if action is None:
        wrong_settings = status in _ABOUT_SETTINGS or status < 400
        return Misconfigured(name, detail) if wrong_settings else Permanent(name, detail)
    return _by_kind(action, name, detail)


def _by_kind(action: Action, name: str, detail: str) -> SendError:
    if action.kind is Kind.LATER:
        return Transient(name, detail, retry_after=_first_wait(action))
    if action.kind is Kind.SETTINGS:
        return Misconfigured(name, detail or action.meaning)
    if action.kind is Kind.UNCLEAR:
        return Ambiguous(name, detail)
    return Permanent(name, detail or action.meaning, suppress=action.suppress)


def _problem(body: str) -> tuple[int, str]:
    """Code and words out of either shape that Twilio uses: its own, or RFC 9457. (0, "") where it is neither."""
    try:
        problem: Any = json.loads(body)
        code = int(problem.get("code") or 0)
    except (ValueError, TypeError, AttributeError):
        return 0, ""
    words = problem.get("message") or problem.get("detail") or problem.get("title") or ""
    return code, str(words)


def _shown(words: str) -> str:
    """For a person, on one line, and without the telephone numbers that Twilio likes to repeat."""
    return _DIGITS.sub("…", re.sub(r"\s+", " ", words)).strip()[:_LONGEST_DETAIL]


def _first_wait(action: Action | None) -> float | None:
    return action.waits[0].total_seconds() if action and action.waits else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds. Twilio sends a number where it sends the header at all."""
    text = headers.get("Retry-After", "").strip()
    return min(float(text), _LONGEST_WAIT) if text.isascii() and text.isdigit() else None
