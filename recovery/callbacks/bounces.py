"""Whether a bounce is for good. anymail has one word for both, so each service's own words are looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: For each service: where in its event it says so, and what it says when the mailbox may be there tomorrow.
_SOFT: dict[str, tuple[tuple[str, ...], frozenset[Any]]] = {
    "amazon_ses": (("bounce", "bounceType"), frozenset({"Transient", "Undetermined"})),
    "brevo": (("event",), frozenset({"soft_bounce", "softBounce"})),
    "mailersend": (("data", "type"), frozenset({"soft_bounced"})),
    "mailjet": (("hard_bounce",), frozenset({False, "false", "0"})),
    "mandrill": (("event",), frozenset({"soft_bounce"})),
    "postmark": (("Type",), frozenset({"SoftBounce", "VirusNotification", "Unknown"})),
    "resend": (("data", "bounce", "type"), frozenset({"Transient", "Undetermined"})),
    "sendgrid": (("type",), frozenset({"blocked"})),
}
# SparkPost, "Bounce classification codes": 10 invalid recipient, 30 generic without further word, 90 unsubscribed.
_SPARKPOST_HARD = frozenset({"10", "30", "90"})


def is_hard(esp: str, event: Any) -> bool:
    """For an event that anymail calls bounced: will the address never take mail? Unknown words count as hard, since
    services report what they go on trying as deferred."""
    if esp == "sparkpost":
        return _sparkpost_class(event) in _SPARKPOST_HARD
    path, soft = _SOFT.get(esp, ((), frozenset()))
    word = _at(event, path)
    return not (isinstance(word, str | int) and word in soft)


def _sparkpost_class(event: Any) -> str:
    boxes = _at(event, ("msys",))
    inner: Any = next(iter(boxes.values()), {}) if isinstance(boxes, Mapping) else {}
    return str(_at(inner, ("bounce_class",)))


def _at(event: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        event = event.get(name) if isinstance(event, Mapping) else None
    return event
