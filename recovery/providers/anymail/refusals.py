"""What an SMTP reply means for us. Sources: RFC 5321 §4.2 (codes), RFC 3463 and RFC 7505 (enhanced codes)."""

from __future__ import annotations

import re

from recovery.providers.base import Misconfigured, Permanent, SendError, Transient

# Only these say that the address itself is dead. 5.7.x (policy, spam), 5.2.2 (full) and a bare 550 do not.
_DEAD = {
    "5.1.1": "bounce",  # no such mailbox
    "5.1.2": "invalid",  # no such domain
    "5.1.3": "invalid",  # not an address
    "5.1.6": "bounce",  # moved away
    "5.1.10": "bounce",  # the domain takes no mail (null MX)
}
_ENHANCED = re.compile(r"^\s*([245]\.\d{1,3}\.\d{1,3})\b")
_AUTHENTICATION = (530, 534, 535, 538)
_MESSAGE_ITSELF = (552, 555)  # too big; parameters not recognised
_LONGEST_DETAIL = 300


def refusal(phase: str, code: int, reply: bytes | str) -> SendError:
    """The error for a reply at a phase (greeting, ehlo, auth, sender, recipient, data, body).

    A reply, even 421 after the body, means that the mail was not accepted: nothing here is ambiguous.
    """
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    enhanced = _ENHANCED.match(text)
    name = enhanced[1] if enhanced else str(code)
    detail = f"{phase}: {code} {_flat(text)}"
    if code in _AUTHENTICATION:
        return Misconfigured(f"smtp_{code}", detail)
    if 400 <= code < 500:
        return Transient(f"smtp_{code}", detail)
    if phase in ("greeting", "ehlo", "auth") or (phase == "sender" and code not in _MESSAGE_ITSELF):
        return Misconfigured(f"smtp_{code}", detail)
    if 500 <= code < 600:
        return Permanent(f"smtp_{name}", detail, suppress=_DEAD.get(name, ""))
    return Transient(f"smtp_{code}", detail)  # out of turn or garbled: the next connection may make sense again


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()[:_LONGEST_DETAIL]
